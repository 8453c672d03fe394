package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ennakko/omadata"
	"ennakko/person"
	"ennakko/store"
)

// matterView is a matter as one grown-up sees it; its names are a contract.
type matterView struct {
	Matter     store.MatterID `json:"matter"`
	Child      string         `json:"child"`
	Stage      string         `json:"stage"`
	Chosen     string         `json:"chosen,omitempty"`
	Permission int64          `json:"permission,omitempty"`
	Agreement  agreementView  `json:"agreement"`
	Partners   []partnerView  `json:"partners"`
	Income     []incomeView   `json:"income"`
	Fee        *feeView       `json:"fee,omitempty"`
	Was        *feeView       `json:"was,omitempty"`
	Place      string         `json:"place,omitempty"`
}

type agreementView struct {
	Purpose string      `json:"purpose"`
	Version int         `json:"version"`
	Hash    string      `json:"hash"`
	Title   string      `json:"title"`
	Why     string      `json:"why"`
	Without string      `json:"without"`
	Law     string      `json:"law"`
	From    []string    `json:"sources"`
	Fetched []fieldView `json:"fields"`
	Lasts   string      `json:"lasts"`
	Keep    string      `json:"keep"`
	Ways    []wayView   `json:"ways"`
}

type fieldView struct {
	Field string `json:"field"`
	What  string `json:"what"`
}

type wayView struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Then  string `json:"then"`
}

type partnerView struct {
	Name   string `json:"name"`
	Chosen bool   `json:"chosen"`
}

type incomeView struct {
	Month string `json:"month"`
	Kind  string `json:"kind"`
	Cents int64  `json:"cents"`
}

type feeView struct {
	Proposal int64     `json:"proposal"`
	State    string    `json:"state"`
	Euros    int       `json:"euros"`
	Lines    []feeLine `json:"lines"`
	Person   []string  `json:"person"` // why a person must look
}

func agreementOf(m omadata.Matter, l person.Language) agreementView {
	x := m.Agreement.Spec()
	out := agreementView{Purpose: x.Purpose, Version: x.Version, Hash: m.Agreement.Hash(), Title: x.Title[l], Why: x.Why[l], Without: x.Without[l], Law: x.Basis + "; " + x.Law, Lasts: x.Lasts.Words(l), Keep: x.Keep.Words(l)}
	for _, s := range x.Sources {
		out.From = append(out.From, s.Name[l])
		for _, f := range s.Fields {
			out.Fetched = append(out.Fetched, fieldView{string(f.Field), f.What[l]})
		}
	}
	for _, w := range x.Ways {
		out.Ways = append(out.Ways, wayView{w.ID, w.Title[l], w.Then[l]})
	}
	return out
}

func feeOfProposal(p *omadata.FeeProposal, l person.Language) *feeView {
	if p == nil {
		return nil
	}
	f := ofFee(0, p.Working.Fee, l)
	out := &feeView{Proposal: p.ID, State: p.State, Euros: f.Fee, Lines: f.Lines, Person: []string{}}
	for _, w := range f.Person {
		out.Person = append(out.Person, w.Text)
	}
	return out
}

func matterLine(m omadata.Matter, l person.Language) matterView {
	out := matterView{Matter: m.N, Child: m.Child, Stage: string(m.Stage), Chosen: m.Chosen, Permission: m.Permit, Agreement: agreementOf(m, l), Partners: []partnerView{}, Income: []incomeView{},
		Fee: feeOfProposal(m.Fee, l), Was: feeOfProposal(m.Was, l)}
	for _, p := range m.Partners {
		out.Partners = append(out.Partners, partnerView{Name: p.Name, Chosen: p.Chosen})
	}
	for _, i := range m.Income {
		out.Income = append(out.Income, incomeView{string(i.Month), string(i.Kind), i.Cents})
	}
	if m.Place != nil {
		out.Place = m.Place.Name[l]
	}
	return out
}

func (v matterView) print(w io.Writer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	say("Matter %d: %s, %s", v.Matter, v.Child, v.Stage)
	if v.Place != "" {
		say("Care place: %s", v.Place)
	}
	for _, p := range v.Partners {
		say("%s has chosen: %t", p.Name, p.Chosen)
	}
	if v.Chosen == "" {
		v.Agreement.print(say)
	} else {
		say("Chosen: %s (permission %d)", v.Chosen, v.Permission)
	}
	if len(v.Income) > 0 {
		say("Fetched:")
	}
	for _, i := range v.Income {
		say("  %s  %-18s %8d.%02d", i.Month, i.Kind, i.Cents/100, i.Cents%100)
	}
	for _, f := range []*feeView{v.Fee, v.Was} {
		if f == nil {
			continue
		}
		say("Fee, %s (proposal %d):", f.State, f.Proposal)
		for _, l := range f.Lines {
			say("  %s\n      %s", l.Text, l.Law)
		}
		for _, why := range f.Person {
			say("  ! %s", why)
		}
	}
}

func (a agreementView) print(say func(string, ...any)) {
	say("%s\n%s\nFrom: %s. %s. Kept: %s; the permission lasts %s.", a.Title, a.Why, strings.Join(a.From, ", "), a.Law, a.Keep, a.Lasts)
	for _, f := range a.Fetched {
		say("  - %s", f.What)
	}
	say("%s", a.Without)
	for _, w := range a.Ways {
		say("  --way %-12s %s. %s", w.ID, w.Title, w.Then)
	}
}

// effectView is what taking a permission back did; its names are a contract.
type effectView struct {
	Permission int64      `json:"permission"`
	At         time.Time  `json:"at"`
	Again      bool       `json:"again"`
	Deleted    int        `json:"deleted"`
	Stopped    int        `json:"stopped"`
	Proposals  int        `json:"proposals"`
	Kept       []keptView `json:"kept"`
}

type keptView struct {
	What  string `json:"what"`
	N     int    `json:"n"`
	Law   string `json:"law"`
	Why   string `json:"why"`
	Years string `json:"keep"`
}

func effectLine(e omadata.Effect, l person.Language) effectView {
	out := effectView{e.Permission, e.At, e.Again, e.Deleted, e.Stopped, e.Proposals, []keptView{}}
	for _, k := range e.Kept {
		out.Kept = append(out.Kept, keptView{k.What[l], k.N, k.Law, k.Why[l], k.AtLeast.Words(l)})
	}
	return out
}

func (v effectView) print(w io.Writer) {
	if v.Again {
		_, _ = fmt.Fprintf(w, "Permission %d was taken back before, on %s\n", v.Permission, v.At.Format(time.RFC3339))
		return
	}
	_, _ = fmt.Fprintf(w, "Permission %d is taken back. Deleted: %d answers of sources, %d proposals. Stopped: %d\n", v.Permission, v.Deleted, v.Proposals, v.Stopped)
	for _, k := range v.Kept {
		_, _ = fmt.Fprintf(w, "Kept: %s (%d), %s. %s\n  %s\n", k.What, k.N, k.Years, k.Law, k.Why)
	}
}

// permissionView is one permission; its names are a contract.
type permissionView struct {
	Permission int64               `json:"permission"` // 0: it can be given
	Matter     store.MatterID      `json:"matter"`
	Child      string              `json:"child"`
	State      string              `json:"state"`
	Stands     bool                `json:"stands"`
	Why        string              `json:"why,omitempty"`
	Purpose    string              `json:"purpose"`
	Version    int                 `json:"version"`
	Until      *time.Time          `json:"until,omitempty"`
	Events     []permissionEvent   `json:"events"`
	Handovers  []permissionFetched `json:"handovers"`
	Marks      []permissionMark    `json:"marks"`
	IfTaken    effectView          `json:"if_taken_back"`
	Renewal    *renewalView        `json:"renewal,omitempty"` // while it stands
}

type permissionEvent struct {
	N       int       `json:"n"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Version int       `json:"version"`
	Way     string    `json:"way,omitempty"`
	Cause   string    `json:"cause,omitempty"`
	Receipt bool      `json:"receipt"`
	Later   bool      `json:"receipt_later,omitempty"` // it could not be made when this happened
}

type permissionFetched struct {
	Source  string    `json:"source"`
	Request string    `json:"request"`
	Asked   time.Time `json:"asked"`
	State   string    `json:"state"`
	Why     string    `json:"why,omitempty"`
}

type permissionMark struct {
	Source  string    `json:"source"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
}

func viewLine(v omadata.View, l person.Language) permissionView {
	out := permissionView{Permission: v.ID, Matter: v.Matter, Child: v.Child, State: v.State.String(), Stands: v.Stands, Why: v.Why.Words(l), Purpose: v.Agreement.Purpose(), Version: v.Agreement.Version(),
		Events: []permissionEvent{}, Handovers: []permissionFetched{}, Marks: []permissionMark{}, IfTaken: effectLine(v.IfTaken, l)}
	if !v.Until.IsZero() {
		out.Until = &v.Until
	}
	out.Renewal = renewalLine(v, l)
	for _, e := range v.Events {
		out.Events = append(out.Events, permissionEvent{e.N, e.Kind.String(), e.At, e.Version, e.Way, string(e.Cause), e.Receipt, e.Later})
	}
	for _, h := range v.Handovers {
		out.Handovers = append(out.Handovers, permissionFetched{h.Source, h.Request, h.Asked, h.State, h.Why})
	}
	for _, m := range v.Marks {
		out.Marks = append(out.Marks, permissionMark{m.Source, m.At, m.Outcome})
	}
	return out
}

func (v permissionView) print(w io.Writer) {
	if v.Permission == 0 {
		_, _ = fmt.Fprintf(w, "Possible in matter %d (%s): %s\n", v.Matter, v.Child, v.Purpose)
		return
	}
	_, _ = fmt.Fprintf(w, "Permission %d in matter %d (%s): %s version %d, %s. %s\n", v.Permission, v.Matter, v.Child, v.Purpose, v.Version, v.State, v.Why)
	if v.Renewal != nil {
		_, _ = fmt.Fprintf(w, "  %s\n", v.Renewal.Words)
	}
	for _, e := range v.Events {
		_, _ = fmt.Fprintf(w, "  event %d: %s on %s %s%s\n", e.N, e.Kind, e.At.Format(time.RFC3339), e.Way, e.Cause)
	}
	for _, h := range v.Handovers {
		_, _ = fmt.Fprintf(w, "  asked %s on %s: %s %s\n", h.Source, h.Asked.Format(time.RFC3339), h.State, h.Why)
	}
	for _, m := range v.Marks {
		_, _ = fmt.Fprintf(w, "  %s says that it handed over on %s\n", m.Source, m.At.Format(time.RFC3339))
	}
}
