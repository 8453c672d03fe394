package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/oversight"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

// asking is what a resident asks of the city about data, on their own pages. Each look
// and each request is on the record.
type asking interface {
	// Ask files a request, about a child for whom they decide or about themself (0).
	Ask(ctx context.Context, who, about person.ID, kind, words string) error
	AskedBy(ctx context.Context, who person.ID) ([]store.Request, error)
}

const asksPath = "/my/requests"

// askedView is a request as who made it sees it.
type askedView struct {
	N        int64
	Label    string
	Child    bool // it is about a child
	At, Due  time.Time
	Basis    string
	Words    string // the resident's own
	Settled  time.Time
	Answer   string // of the city; "": none, or it was taken back
	Back     bool   // the resident took it back
	Late     bool
	ForCares bool // a caseworker answers it
}

// asksView is the page of a resident's requests.
type asksView struct {
	Asked   []askedView
	Kinds   []string
	Abouts  []choice // whom a request can be about, the reader first
	Kind    string
	Words   string
	Fault   string // key
	At      string // the id of the field that is wrong
	Done    bool
	Oma     bool // the reader can copy and erase their data themself
	Waiting int
}

func (s *site) asksView(r *http.Request, about string) (asksView, error) {
	t, who := s.words(r), whoOf(r)
	v := asksView{Kinds: []string{app.AskAccess, app.AskRectify, app.AskObjection, app.AskRestrict, app.AskErase}, Oma: s.hasOmaData()}
	if !who.Person.Known() {
		return v, missing("web.asks")
	}
	all, err := s.privacy.AskedBy(r.Context(), who.Person)
	if err != nil {
		return v, err
	}
	for _, x := range all {
		a := askedOwn(t, x, s.clock.Now())
		if a.Settled.IsZero() {
			v.Waiting++
		}
		v.Asked = append(v.Asked, a)
	}
	v.Abouts = append(v.Abouts, choice{Value: "me", Label: t.T("object.me"), On: about == "" || about == "me"})
	offers, err := s.residents.Own(r.Context(), who.Person)
	if err != nil {
		return v, err
	}
	for _, o := range offers {
		if o.Case.Child != who.Person {
			n := strconv.FormatInt(int64(o.Case.ID), 10)
			v.Abouts = append(v.Abouts, choice{Value: n, Label: o.Case.Names().Child, On: about == n})
		}
	}
	if !s.hasOmaData() {
		return v, nil
	}
	fees, err := s.omaData.FeeMatters(r.Context(), who.Person)
	for _, m := range fees {
		n := feeAbout + strconv.FormatInt(m.N, 10)
		if !slices.ContainsFunc(v.Abouts, func(c choice) bool { return c.Label == m.Child }) {
			v.Abouts = append(v.Abouts, choice{Value: n, Label: m.Child, On: about == n})
		}
	}
	return v, err
}

// askedOwn is a request in the words of who made it. What the program wrote is left
// out: the label says it.
func askedOwn(t words, r store.Request, now time.Time) askedView {
	v := askedView{N: r.ID, Label: r.Kind, Child: r.About.Known(), At: r.At, Due: r.Due, Basis: r.Basis, Words: r.Words, Settled: r.Settled, Answer: r.Answer}
	if t.Has("request." + r.Kind) {
		v.Label = t.T("request." + r.Kind)
	}
	if t.Has("asked." + r.Kind) {
		v.Label = t.T("asked." + r.Kind)
	}
	if r.Kind == omadata.RequestReason || r.Kind == omadata.RequestSource || strings.HasPrefix(r.Words, work.Objects) {
		v.Words = ""
	}
	v.ForCares = app.RequestBasis(r.Kind) == ""
	if v.Back = strings.HasPrefix(r.SettledBy, "resident:"); v.Back {
		v.Answer = ""
	}
	v.Late = r.Settled.IsZero() && oversight.DaysLeft(now.In(t.zone), r.Due) < 0
	return v
}

// feeAbout begins the name of a child that is known by the matter of its fee.
const feeAbout = "fee-"

// asks shows a resident's requests, and the form for a new one.
func (s *site) asks(w http.ResponseWriter, r *http.Request) error {
	v, err := s.asksView(r, "")
	if err != nil {
		return err
	}
	v.Done = doneOf(r, "asked") != ""
	if k := r.URL.Query().Get("kind"); slices.Contains(v.Kinds, k) {
		v.Kind = k
	}
	return s.showAsks(w, r, http.StatusOK, v)
}

func (s *site) showAsks(w http.ResponseWriter, r *http.Request, status int, v asksView) error {
	t := s.words(r)
	return s.render(w, r, status, "asks.html", view{words: t, Title: t.T("asks.title"), Path: asksPath, Data: v})
}

// fileAsk files a request of a resident.
func (s *site) fileAsk(w http.ResponseWriter, r *http.Request) error {
	who := whoOf(r).Person
	kind, about := r.PostFormValue("kind"), r.PostFormValue("about")
	said := strings.TrimSpace(strings.ToValidUTF8(r.PostFormValue("words"), ""))
	child, err := s.askedAbout(r, about)
	if err != nil {
		return err
	}
	key, at := "", ""
	switch n := utf8.RuneCountInString(said); {
	case app.RequestBasis(kind) == "":
		key, at = "privacy.note.kind.fault", "kind-access"
	case n < leastAsk || n > mostAsk:
		key, at = "asks.words.fault", "words"
	}
	if key == "" {
		err := s.privacy.Ask(r.Context(), who, child, kind, said)
		if err == nil {
			http.Redirect(w, r, asksPath+"?done=asked", http.StatusSeeOther)
			return nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return err
		}
		key, at = "asks.many.fault", "asked"
	}
	v, err := s.asksView(r, about)
	if err != nil {
		return err
	}
	v.Fault, v.At, v.Kind, v.Words = key, at, kind, said
	return s.showAsks(w, r, http.StatusUnprocessableEntity, v)
}

// askedAbout is whom a request is about: a child by its case or its fee, or 0, the
// reader.
func (s *site) askedAbout(r *http.Request, about string) (person.ID, error) {
	who := whoOf(r).Person
	if !who.Known() {
		return 0, missing("web.askedAbout")
	}
	if n, ok := strings.CutPrefix(about, feeAbout); ok && s.hasOmaData() {
		matter, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return 0, missing("web.askedAbout")
		}
		return s.omaData.ChildOf(r.Context(), who, matter)
	}
	id, err := s.aboutWhom(r, about)
	if id == who {
		id = 0
	}
	return id, err
}
