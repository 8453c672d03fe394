package web

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/service"
)

// residentRoutes are the pages of a resident.
func (s *site) residentRoutes() []route {
	return []route{
		{pattern: "GET /my/offers/{case}", action: access.SeeOwn, do: s.ownCase},
		{pattern: "POST /my/offers/{case}", action: access.Answer, do: s.answerOwn},
		{pattern: "GET /my/uses", action: access.SeeOwn, do: s.uses},
		{pattern: "GET /my/uses/{entry}", action: access.SeeOwn, do: s.prove},
		{pattern: "GET /my/uses/{entry}/file", action: access.SeeOwn, do: s.proofFile},
		{pattern: "GET /my/requests", action: access.SeeOwn, do: s.asks},
		{pattern: "POST /my/requests", action: access.AskCity, do: s.fileAsk},
		{pattern: "POST /my/objections", action: access.Object, do: s.object},
	}
}

// ownView is a resident's first page.
type ownView struct {
	Known  bool // the registers know the person
	Offers []ownOffer
	Object []objectionGroup
	Naming *objectionView // to being named as one who may need much; nil: nobody is named here
	Mine   *myData        // permissions and fees; nil: the city has none
}

// ownOffer is one of a resident's offers, with the words of its own service.
type ownOffer struct {
	app.Own
	Words words
}

// objectionGroup is the people about whom an objection to one service's use of data can
// be made.
type objectionGroup struct {
	Service, Purpose string
	People           []objectionView
}

// packWords are what a page says of a service.
type packWords struct{ Title, Phone, Purpose, Why string }

// objectionView is one person about whom an objection can be made.
type objectionView struct {
	Name  string // the child's; "" for the reader
	About string // the case, or "me"
	On    bool
	Since time.Time
}

// own shows a resident's offers.
func (s *site) own(w http.ResponseWriter, r *http.Request) error {
	if err := s.may(r, access.SeeOwn, access.On{}); err != nil {
		return err
	}
	t, who := s.words(r), whoOf(r)
	v := ownView{Known: who.Person != 0}
	if v.Known {
		offers, err := s.residents.Own(r.Context(), who.Person)
		if err != nil {
			return err
		}
		for _, o := range offers {
			v.Offers = append(v.Offers, ownOffer{o, s.ofRound(r.Context(), o.Round).words(r)})
		}
		if v.Object, err = s.objections(r, offers); err != nil {
			return err
		}
		if v.Naming, err = s.namingView(r); err != nil {
			return err
		}
		if s.pack.UnitKind() == service.NoUnit {
			v.Offers = nil // it was told of what stands below
		}
		if v.Mine, err = s.myData(r); err != nil {
			return err
		}
	}
	return s.render(w, r, http.StatusOK, "own.html", view{words: t, Title: t.T("own.title"), Path: "/", Data: v})
}

func (s *site) packWords(t words) packWords {
	p := s.pack.Purpose()
	return packWords{s.pack.Title(t.Lang), s.pack.Phone(), p.Name(t.Lang), p.Why(t.Lang)}
}

// objections are those that can be made to the use of data by each service.
func (s *site) objections(r *http.Request, offers []app.Own) (out []objectionGroup, err error) {
	for _, other := range s.services() {
		people, err := other.objectionViews(r, offers)
		if err != nil {
			return nil, err
		}
		if len(people) > 0 {
			out = append(out, objectionGroup{other.pack.Name(), other.pack.Purpose().Name(s.words(r).Lang), people})
		}
	}
	return out, nil
}

// objectionViews are the reader and the children for whom the reader decides,
// if the law gives a right to object.
func (s *site) objectionViews(r *http.Request, offers []app.Own) ([]objectionView, error) {
	if !s.pack.Purpose().Objection() {
		return nil, nil
	}
	add := func(out []objectionView, name, about string, id person.ID) ([]objectionView, error) {
		on, err := s.residents.Objections(r.Context(), id)
		since, there := on[s.pack.Purpose().ID()]
		return append(out, objectionView{name, about, there, since}), err
	}
	out, err := add(nil, "", "me", whoOf(r).Person)
	seen := map[person.ID]bool{whoOf(r).Person: true}
	for _, o := range offers {
		if err != nil || seen[o.Case.Child] {
			continue
		}
		seen[o.Case.Child] = true
		out, err = add(out, o.Case.Names().Child, strconv.FormatInt(int64(o.Case.ID), 10), o.Case.Child)
	}
	return out, err
}

// namingView is what the reader said of being named as one who may need much, where the
// city names people so.
func (s *site) namingView(r *http.Request) (*objectionView, error) {
	if !s.first().hasCare() {
		return nil, nil
	}
	on, err := s.residents.Objections(r.Context(), whoOf(r).Person)
	since, there := on[app.NeedPurpose]
	return &objectionView{About: "naming", On: there, Since: since}, err
}

// ownCaseView is one offer of a resident.
type ownCaseView struct {
	app.Own
	Path  string
	Me    conversation.Party
	Unit  string
	When  string // of the appointment; "": there is none
	Pack  packWords
	Fault string
	Said  bool // an answer was just taken
}

// ownCase shows one offer. To others than its guardians it is not there.
func (s *site) ownCase(w http.ResponseWriter, r *http.Request) error {
	v, err := s.ownCaseView(r)
	if err != nil {
		return err
	}
	return s.renderOwnCase(w, r, http.StatusOK, v)
}

func (s *site) renderOwnCase(w http.ResponseWriter, r *http.Request, status int, v ownCaseView) error {
	t := s.words(r)
	return s.render(w, r, status, "offer.html", view{words: t, Title: t.T("offer.title", v.Case.Names().Child), Path: v.Path, Data: v})
}

func (s *site) ownCaseView(r *http.Request) (ownCaseView, error) {
	id, err := caseOf(r)
	if err != nil {
		return ownCaseView{}, err
	}
	t, who := s.words(r), whoOf(r)
	v := ownCaseView{Path: "/my/offers/" + strconv.FormatInt(int64(id), 10), Pack: s.packWords(t), Said: r.URL.Query().Has("said")}
	if v.Own, err = s.residents.OwnCase(r.Context(), who.Person, id); err != nil {
		return v, err
	}
	if err := s.may(r, access.SeeOwn, access.On{People: v.Case.People()}); err != nil {
		return v, err
	}
	for _, p := range v.Case.Parties {
		if p.Person == who.Person {
			v.Me = p
		}
	}
	v.Unit, v.When = v.Case.Names().Unit[t.Lang], t.Appointment(v.Own.When)
	return v, nil
}

// answerOwn takes a resident's answer.
func (s *site) answerOwn(w http.ResponseWriter, r *http.Request) error {
	v, err := s.ownCaseView(r)
	if err != nil {
		return err
	}
	want := conversation.Choice(r.PostFormValue("choice"))
	if want != conversation.Yes && want != conversation.No {
		v.Fault = "offer.fault"
		return s.renderOwnCase(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.residents.AnswerOnline(r.Context(), v.Case.ID, whoOf(r).Person, want); err != nil {
		return err
	}
	http.Redirect(w, r, v.Path+"?said", http.StatusSeeOther)
	return nil
}

// object notes an objection or takes it back.
func (s *site) object(w http.ResponseWriter, r *http.Request) error {
	who := whoOf(r)
	if r.PostFormValue("about") == "naming" {
		if !s.first().hasCare() {
			return missing("web.object")
		}
		if err := s.residents.ObjectToNaming(r.Context(), who.Person, r.PostFormValue("on") == "yes"); err != nil {
			return err
		}
		http.Redirect(w, r, "/#naming", http.StatusSeeOther)
		return nil
	}
	about, err := s.aboutWhom(r, r.PostFormValue("about"))
	if err != nil {
		return err
	}
	to := s
	if name := r.PostFormValue("service"); name != "" {
		all := s.services()
		i := slices.IndexFunc(all, func(x *site) bool { return x.pack.Name() == name })
		if i < 0 {
			return missing("web.object")
		}
		to = all[i]
	}
	if err := to.residents.Object(r.Context(), who.Person, about, r.PostFormValue("on") == "yes"); err != nil {
		return err
	}
	http.Redirect(w, r, "/#objections", http.StatusSeeOther)
	return nil
}

// aboutWhom is the reader, or the child of a case in which the reader decides.
func (s *site) aboutWhom(r *http.Request, about string) (person.ID, error) {
	who := whoOf(r)
	if about == "me" || about == "" {
		if who.Person == 0 {
			return 0, missing("web.aboutWhom")
		}
		return who.Person, nil
	}
	wards, err := s.residents.Wards(r.Context(), who.Person)
	if err != nil {
		return 0, err
	}
	for child, c := range wards {
		if strconv.FormatInt(int64(c), 10) == about {
			return child, nil
		}
	}
	return 0, missing("web.aboutWhom")
}

const usesOnPage = 20

// usesView is who used the data of the reader or of a child.
type usesView struct {
	About  string // the case of the child, or ""
	Wards  []link
	Uses   []entryView
	Older  uint64
	Newest bool
	Looks  bool // the reader's own looks are shown, too
}

// Query ends the address of a page of uses, from the entry before a number; 0 is
// the newest. Looks says whether own looks are on it.
func (v usesView) Query(before uint64, looks bool) string {
	q := url.Values{}
	if v.About != "" {
		q.Set("child", v.About)
	}
	if looks {
		q.Set("looks", "yes")
	}
	if before > 0 {
		q.Set("before", strconv.FormatUint(before, 10))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// usesLooked is how many entries are looked through for one page of uses.
const usesLooked = 500

// usesOf are the entries of one page of uses, newest first, and from where the next
// page goes on; 0: there is none. Unless looks are wanted, the reader's own are left
// out: they would bury what others did.
func (s *site) usesOf(r *http.Request, id person.ID, before uint64, looks bool) (out []audit.Entry, older uint64, err error) {
	me := whoOf(r).Actor()
	all, err := s.residents.UsesOf(r.Context(), id, before, usesLooked)
	if err != nil {
		return nil, 0, err
	}
	for i, e := range all {
		if looks || e.Actor != me || !strings.HasPrefix(e.Verb, "look ") {
			if len(out) == usesOnPage {
				return out, out[usesOnPage-1].Seq, nil
			}
			out = append(out, e)
		}
		if i == usesLooked-1 {
			older = e.Seq
		}
	}
	return out, older, nil
}

// uses shows who used the reader's data, or a child's, newest first.
// Source: GDPR article 15(1).
func (s *site) uses(w http.ResponseWriter, r *http.Request) error {
	t, who := s.words(r), whoOf(r)
	q := r.URL.Query()
	v := usesView{About: q.Get("child")}
	id, err := s.aboutWhom(r, v.About)
	if err != nil {
		return err
	}
	before, err := strconv.ParseUint(q.Get("before"), 10, 63)
	if err != nil {
		before = 0
	}
	v.Newest = before == 0
	if err := s.noteLook(r, who, id); err != nil {
		return err
	}
	v.Looks = q.Get("looks") == "yes"
	entries, older, err := s.usesOf(r, id, before, v.Looks)
	if err != nil {
		return err
	}
	v.Older = older
	proved, err := s.proof.Size(r.Context())
	if err != nil {
		return err
	}
	for _, e := range entries {
		v.Uses = append(v.Uses, s.useView(t, e, proved, who))
	}
	wards, err := s.residents.Own(r.Context(), who.Person)
	if err != nil {
		return err
	}
	v.Wards = append(v.Wards, link{"/my/uses", t.T("uses.me"), v.About == ""})
	for _, o := range wards {
		if o.Case.Child == who.Person {
			continue // the reader's own case
		}
		c := strconv.FormatInt(int64(o.Case.ID), 10)
		v.Wards = append(v.Wards, link{"/my/uses?child=" + c, o.Case.Names().Child, v.About == c})
	}
	return s.render(w, r, http.StatusOK, "uses.html", view{words: t, Title: t.T("uses.title"), Path: "/my/uses", Data: v})
}

// useView is an entry as the person whom it covers sees it: officers by their
// office, other residents not told apart.
func (s *site) useView(t words, e audit.Entry, proved uint64, who access.Who) entryView {
	x := s.entryView(t, e, proved)
	switch {
	case e.Actor == who.Actor():
		x.Actor = t.T("actor.you")
	case strings.HasPrefix(e.Actor, "officer:"):
		x.Actor = t.T("actor.staff")
	}
	return x
}

// proofView is the proof that one entry stands in the record.
type proofView struct {
	Entry      entryView
	Hashes     []string
	Checkpoint string
	Ready      bool // the log covers the entry
	Seq        uint64
	Back       string
}

// prove shows the proof of an entry that covers the reader, or a child for whom
// the reader decides. Others are told that there is none.
func (s *site) prove(w http.ResponseWriter, r *http.Request) error {
	t, who := s.words(r), whoOf(r)
	seq, err := strconv.ParseUint(r.PathValue("entry"), 10, 63)
	if err != nil || seq == 0 {
		return missing("web.prove")
	}
	e, _, err := s.coveringEntry(r, who, seq)
	if err != nil {
		return err
	}
	if err := s.noteLook(r, who, who.Person); err != nil {
		return err
	}
	v := proofView{Entry: s.useView(t, e, seq, who), Seq: seq, Back: "/my/uses"}
	p, err := s.proof.Prove(r.Context(), seq)
	switch {
	case err == nil:
		v.Ready, v.Checkpoint = true, p.Checkpoint
		for _, h := range p.Hashes {
			v.Hashes = append(v.Hashes, base64.StdEncoding.EncodeToString(h))
		}
	case fault.KindOf(err) != fault.Later:
		return err
	}
	return s.render(w, r, http.StatusOK, "proof.html", view{words: t, Title: t.T("proof.title", seq), Path: fmt.Sprintf("/my/uses/%d", seq), Data: v})
}

// coveringEntry is an entry that covers the reader or one of the reader's
// children, and which of them.
func (s *site) coveringEntry(r *http.Request, who access.Who, seq uint64) (audit.Entry, person.ID, error) {
	entries, err := s.record.Entries(r.Context(), seq+1, false, 1)
	if err != nil {
		return audit.Entry{}, 0, err
	}
	if len(entries) != 1 || entries[0].Seq != seq || entries[0].People == nil || who.Person == 0 {
		return audit.Entry{}, 0, missing("web.prove")
	}
	wards, err := s.residents.Wards(r.Context(), who.Person)
	if err != nil {
		return audit.Entry{}, 0, err
	}
	for _, id := range append([]person.ID{who.Person}, slices.Sorted(maps.Keys(wards))...) {
		if entries[0].People.Contains(uint32(id)) {
			return entries[0], id, nil
		}
	}
	return audit.Entry{}, 0, missing("web.prove")
}
