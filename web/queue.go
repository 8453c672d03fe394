package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/channel/sms"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

// itemsOnPage is how many matters stand on one page of the queue.
const itemsOnPage = 50

// queueView is the officers' queue of a round. It names nobody.
type queueView struct {
	Round   store.Round
	Path    string
	Tabs    []link
	Kinds   []kindCount
	Kind    string
	Items   []store.OpenItem
	Letters bool         // the list is the letter list: it is settled by answers
	More    store.ItemID // the next page begins after it; 0: there is none
}

// letterKind is the letter list among the kinds of matter.
const letterKind = "letter list"

// kindCount is a kind of matter and how many are open.
type kindCount struct {
	Kind, Label string
	N           int
	On          bool
}

// queue shows what waits for an expert.
func (s *site) queue(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	rd, err := s.roundOf(r)
	if err != nil {
		return err
	}
	v := queueView{Round: rd, Path: roundPath(rd.ID) + "/queue", Kind: r.URL.Query().Get("kind")}
	v.Tabs = s.tabs(r, t, rd, v.Path)
	n, err := s.count(r.Context(), rd.ID)
	if err != nil {
		return err
	}
	if v.Letters = v.Kind == letterKind; n.funnel.Items[v.Kind] == 0 {
		v.Kind = ""
	}
	letters, err := s.figures.LetterList(r.Context(), rd.ID)
	if err != nil {
		return err
	}
	if len(letters) > 0 {
		v.Kinds = append(v.Kinds, kindCount{letterKind, t.T("queue.letters"), len(letters), r.URL.Query().Get("kind") == letterKind})
	}
	for k, c := range n.funnel.Items {
		v.Kinds = append(v.Kinds, kindCount{k, s.itemWord(t, k), c, k == v.Kind})
	}
	if v.Letters {
		for _, l := range letters {
			v.Items = append(v.Items, store.OpenItem{Case: l.Case, Kind: letterKind, Reason: l.Reason})
		}
	}
	slices.SortFunc(v.Kinds, func(a, b kindCount) int { return strings.Compare(a.Label, b.Label) })
	if v.Letters {
		return s.render(w, r, http.StatusOK, "queue.html", view{words: t, Title: t.T("queue.title"), Path: v.Path, Data: v})
	}
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || after < 0 {
		after = 0
	}
	if v.Items, err = s.matters.Items(r.Context(), rd.ID, v.Kind, store.ItemID(after), itemsOnPage+1); err != nil {
		return err
	}
	if len(v.Items) > itemsOnPage {
		v.Items = v.Items[:itemsOnPage]
		v.More = v.Items[itemsOnPage-1].ID
	}
	return s.render(w, r, http.StatusOK, "queue.html", view{words: t, Title: t.T("queue.title"), Path: v.Path, Data: v})
}

func (s *site) itemWord(t words, kind string) string {
	if t.Has("item." + kind) {
		return t.T("item." + kind)
	}
	return kind
}

// caseView is one case with all that is known of it.
type caseView struct {
	store.History
	Path    string
	Parties []partyView
	Talk    []talkView
	Fault   string // text key of what is wrong with the form
	Words   string // what was written in it
	Item    store.ItemID
	Unit    string
	When    string // of the appointment; "": there is none
	Entries []entryView
	CanNote bool
}

// partyView is one guardian of a case.
type partyView struct {
	conversation.Party
	Number string
}

// talkView is one message of the talk, in or out.
type talkView struct {
	Sent *store.Sent
	Came *store.Came
	Who  string
}

func casePath(id conversation.CaseID) string {
	return "/desk/cases/" + strconv.FormatInt(int64(id), 10)
}

// caseOf is the number of the case that the address names.
func caseOf(r *http.Request) (conversation.CaseID, error) {
	n, err := strconv.ParseInt(r.PathValue("case"), 10, 64)
	if err != nil || n < 1 {
		return 0, missing("web.case")
	}
	return conversation.CaseID(n), nil
}

// showCase shows one case with its whole history. The look is on the record.
func (s *site) showCase(w http.ResponseWriter, r *http.Request) error {
	v, err := s.caseView(r)
	if err != nil {
		return err
	}
	return s.renderCase(w, r, http.StatusOK, v)
}

func (s *site) renderCase(w http.ResponseWriter, r *http.Request, status int, v caseView) error {
	t := s.words(r)
	return s.render(w, r, status, "case.html", view{words: t, Title: t.T("case.title", v.Case.ID), Path: v.Path, Data: v})
}

func (s *site) caseView(r *http.Request) (caseView, error) {
	id, err := caseOf(r)
	if err != nil {
		return caseView{}, err
	}
	t := s.words(r)
	v := caseView{Path: casePath(id)}
	if v.History, err = s.matters.History(r.Context(), id, whoOf(r).Actor()); err != nil {
		return v, err
	}
	for i, p := range v.Case.Parties {
		x := partyView{Party: p}
		if i < len(v.Numbers) {
			x.Number = v.Numbers[i]
		}
		v.Parties = append(v.Parties, x)
	}
	v.Unit, v.When, v.Talk = v.Case.Names().Unit[t.Lang], t.Appointment(v.History.When), talk(v.History)
	for i, x := range v.Items {
		v.Items[i].By = actor(t, x.By)
	}
	for _, e := range v.History.Entries {
		v.Entries = append(v.Entries, s.entryView(t, e, e.Seq))
	}
	v.CanNote = true
	return v, nil
}

// talk puts messages in and out in the order in which they were written.
func talk(h store.History) []talkView {
	var out []talkView
	for i := range h.Sent {
		x := talkView{Sent: &h.Sent[i]}
		if p := h.Sent[i].Party; p < len(h.Case.Parties) {
			x.Who = h.Case.Parties[p].Name
		}
		out = append(out, x)
	}
	for i := range h.Came {
		out = append(out, talkView{Came: &h.Came[i]})
	}
	slices.SortStableFunc(out, func(a, b talkView) int { return a.at().Compare(b.at()) })
	return out
}

// settle settles one matter of a case with a reason.
func (s *site) settle(w http.ResponseWriter, r *http.Request) error {
	id, err := caseOf(r)
	if err != nil {
		return err
	}
	item, err := strconv.ParseInt(r.PostFormValue("item"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, "web.settle", "the form names no matter")
	}
	if _, err := work.Words(r.PostFormValue("words")); err != nil {
		v, verr := s.caseView(r)
		if verr != nil {
			return verr
		}
		v.Fault, v.Words, v.Item = "case.words.fault", r.PostFormValue("words"), store.ItemID(item)
		return s.renderCase(w, r, http.StatusUnprocessableEntity, v)
	}
	round, err := s.roundOfCase(r, id)
	if err != nil {
		return err
	}
	if err := s.matters.Settle(r.Context(), round, store.ItemID(item), whoOf(r).Actor(), r.PostFormValue("words")); err != nil {
		return err
	}
	http.Redirect(w, r, casePath(id)+"#items", http.StatusSeeOther)
	return nil
}

// roundOfCase is the round of a case: a form may not name another one.
func (s *site) roundOfCase(r *http.Request, id conversation.CaseID) (store.RoundID, error) {
	return s.matters.RoundOf(r.Context(), id)
}

// noteAnswer notes what the guardians told an expert.
func (s *site) noteAnswer(w http.ResponseWriter, r *http.Request) error {
	id, err := caseOf(r)
	if err != nil {
		return err
	}
	want, way := conversation.Choice(r.PostFormValue("choice")), work.Way(r.PostFormValue("way"))
	if want == "" || way == "" {
		v, err := s.caseView(r)
		if err != nil {
			return err
		}
		v.Fault = "case.answer.fault"
		return s.renderCase(w, r, http.StatusUnprocessableEntity, v)
	}
	round, err := s.roundOfCase(r, id)
	if err != nil {
		return err
	}
	if err := s.matters.Decide(r.Context(), round, id, want, way, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, casePath(id), http.StatusSeeOther)
	return nil
}

// searchView is the search form and what it found.
type searchView struct {
	Query string
	Fault string // text key
	Done  bool
	Found []conversation.CaseID
}

func (s *site) searchForm(w http.ResponseWriter, r *http.Request) error {
	return s.showSearch(w, r, http.StatusOK, searchView{})
}

func (s *site) showSearch(w http.ResponseWriter, r *http.Request, status int, v searchView) error {
	t := s.words(r)
	return s.render(w, r, status, "search.html", view{words: t, Title: t.T("search.title"), Path: "/desk/search", Data: v})
}

// search finds a family. The form is posted: what is searched by stands in no
// address.
func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	v := searchView{Query: strings.TrimSpace(r.PostFormValue("q"))}
	q, ok := queryOf(v.Query)
	if !ok {
		v.Fault = "search.fault"
		return s.showSearch(w, r, http.StatusUnprocessableEntity, v)
	}
	var err error
	if v.Found, err = s.matters.Search(r.Context(), q, whoOf(r).Actor()); err != nil {
		return err
	}
	if len(v.Found) == 1 && s.can(r, access.SeeCase, access.On{}) {
		http.Redirect(w, r, casePath(v.Found[0]), http.StatusSeeOther)
		return nil
	}
	v.Done = true
	return s.showSearch(w, r, http.StatusOK, v)
}

// queryOf reads what an officer searches by.
func queryOf(text string) (app.Query, bool) {
	if code, err := person.ParseCode(text); err == nil {
		return app.Query{Code: code}, true
	}
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 && len(text) < 8 {
		return app.Query{Case: conversation.CaseID(n)}, true
	}
	if n, err := sms.ParseNumber(text, "FI"); err == nil {
		return app.Query{Phone: n.Reveal()}, true
	}
	if len([]rune(text)) < 2 || len([]rune(text)) > 80 || strings.ContainsAny(text, "0123456789") {
		return app.Query{}, false
	}
	return app.Query{Name: text}, true
}

// hold pauses, resumes or stops a round, with a reason.
func (s *site) hold(step string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		rd, err := s.roundOf(r)
		if err != nil {
			return err
		}
		if _, err := work.Words(r.PostFormValue("words")); err != nil {
			v, verr := s.roundView(r)
			if verr != nil {
				return verr
			}
			v.HoldFault, v.HoldStep = "hold.fault", step
			return s.renderRound(w, r, http.StatusUnprocessableEntity, v)
		}
		if err := s.matters.Hold(r.Context(), rd.ID, step, whoOf(r).Actor(), r.PostFormValue("words")); err != nil {
			return err
		}
		http.Redirect(w, r, roundPath(rd.ID)+"#now", http.StatusSeeOther)
		return nil
	}
}

// at is when a message was written.
func (t talkView) at() (at time.Time) {
	if t.Sent != nil {
		return t.Sent.Queued
	}
	return t.Came.At
}
