package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/store"
)

// needed are those who may need much, one by one. app.Live tells of them.
type needed interface {
	NeedList(ctx context.Context, state store.NeedState, officer string, from, most int) (app.NeedPage, error)
	ExplainNeed(ctx context.Context, place int, officer string) (app.NeedFinding, error)
	NoteNeed(ctx context.Context, place int, who string, v app.NeedVisit, officer string) error
}

const needListPath = needsPath + "/worklist"

// needRoutes are the pages of who needs most.
func (s *site) needRoutes() []route {
	return []route{
		{pattern: "GET " + needsPath, action: access.SeeCare, do: s.showNeeds},
		{pattern: "GET " + needsPath + "/events", action: access.SeeCare, do: s.needsEvents},
		{pattern: "POST " + needsPath + "/run", action: access.RunCare, do: s.runNeeds},
		{pattern: "GET " + needListPath, action: access.SeeFinding, do: s.needsRun(s.needList)},
		{pattern: "GET " + needListPath + "/{place}", action: access.SeeFinding, do: s.needsRun(s.need)},
		{pattern: "POST " + needListPath + "/{place}/note", action: access.NoteVisit, do: s.needsRun(s.noteNeed)},
	}
}

// needListView is one page of the list of those who may need much.
type needListView struct {
	Path, Mark string
	AsOf       time.Time
	Tabs       []needTab
	Lines      []needLine
	Planned    int
	More       string // the address of the next page
	NotFor     []string
}

// needTab is a state of the list with how many people are in it.
type needTab struct {
	Href, Text string
	N          int
	Here       bool
}

type needLine struct {
	app.NeedLine
	Chance string
	Why    string
	Rest   int // signs that are not named in Why
	Status string
}

// signsTold is how many signs a line of the list names.
const signsTold = 3

// stateKey is the text key of a state of a matter.
func stateKey(x store.NeedState) string {
	return "need.state." + strings.ReplaceAll(string(x), " ", "")
}

// needsRun lets a page of the list be shown where people were named; else, as while a
// judgement is made, it leads to the page that says so.
func (s *site) needsRun(to handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !s.hasCare() {
			return missing("web.needs")
		}
		if _, run := s.highNeed.Needs(); !run {
			http.Redirect(w, r, needsPath+"#now", http.StatusSeeOther)
			return nil
		}
		return to(w, r)
	}
}

// needList shows who may need much, those first of whom it is most likely.
func (s *site) needList(w http.ResponseWriter, r *http.Request) error {
	t, q := s.words(r), r.URL.Query()
	state := store.NeedState(q.Get("state"))
	if !slices.Contains(store.NeedStates(), state) {
		state = ""
	}
	from, err := strconv.Atoi(q.Get("from"))
	if err != nil || from < 1 {
		from = 1
	}
	n, err := s.highNeed.NeedList(r.Context(), state, whoOf(r).Actor(), from, linesOnPage)
	if err != nil {
		return err
	}
	v := needListView{Path: needListPath, Mark: n.Library.Mark().In(t.Lang), AsOf: n.AsOf, Planned: n.Planned, NotFor: notFor(t, n.Library)}
	whole := 0
	for _, x := range store.NeedStates() {
		whole += n.States[x]
		v.Tabs = append(v.Tabs, needTab{needListPath + "?" + query("state", string(x)), t.T(stateKey(x)), n.States[x], x == state})
	}
	v.Tabs = append([]needTab{{needListPath, t.T("need.state.all"), whole, state == ""}}, v.Tabs...)
	for _, x := range n.Lines {
		v.Lines = append(v.Lines, needLineOf(t, x))
	}
	if n.More > 0 {
		v.More = needListPath + "?" + query("state", string(state), "from", strconv.Itoa(n.More))
	}
	return s.render(w, r, http.StatusOK, "needlist.html", view{words: t, Title: t.T("need.list"), Path: needListPath, Data: v})
}

func needLineOf(t words, x app.NeedLine) needLine {
	out := needLine{NeedLine: x, Chance: percent(t, x.Chance), Rest: max(0, len(x.Signs)-signsTold), Status: t.T(stateKey(x.State))}
	var why []string
	for _, c := range x.Signs[:min(signsTold, len(x.Signs))] {
		why = append(why, c.Title.In(t.Lang))
	}
	out.Why = strings.Join(why, "; ")
	return out
}

func notFor(t words, l *library.Library) (out []string) {
	for _, x := range l.NotFor() {
		out = append(out, x.In(t.Lang))
	}
	return out
}

// needView is somebody who may need much, with why.
type needView struct {
	app.NeedFinding
	Path, Mark string
	Chance     string
	Gap        string // what is to be done
	Status     string
	Signs      []needSignView
	Notes      []needNoteView
	NotFor     []string
	CanNote    bool
	States     []choice
	Day, Words string // as they were typed
	At, Fault  string // the field that is wrong, and the text key of why
}

// needSignView is a sign with its steps.
type needSignView struct {
	Title  string
	Points int
	Facts  []string
}

type needNoteView struct {
	store.NeedNote
	Status, Writer string
}

// need shows why somebody is named, and what was noted.
func (s *site) need(w http.ResponseWriter, r *http.Request) error {
	v, err := s.needView(r)
	if err != nil {
		return err
	}
	return s.renderNeed(w, r, http.StatusOK, v)
}

func (s *site) renderNeed(w http.ResponseWriter, r *http.Request, status int, v needView) error {
	t := s.words(r)
	return s.render(w, r, status, "need.html", view{words: t, Title: t.T("need.title", v.Place), Path: v.Path, Data: v})
}

func (s *site) needView(r *http.Request) (needView, error) {
	at, err := placeOf(r)
	if err != nil {
		return needView{}, err
	}
	t := s.words(r)
	x, err := s.highNeed.ExplainNeed(r.Context(), at, whoOf(r).Actor())
	if err != nil {
		return needView{}, err
	}
	v := needView{NeedFinding: x, Path: needListPath + "/" + strconv.Itoa(at), Mark: x.Library.Mark().In(t.Lang), Chance: percent(t, x.Chance), Status: t.T(stateKey(x.State)),
		NotFor: notFor(t, x.Library), CanNote: s.can(r, access.NoteVisit, access.On{}), Day: s.today(r).Format(time.DateOnly)}
	for _, sign := range x.Signs {
		v.Gap = sign.Criterion.Gap.In(t.Lang)
		v.Signs = append(v.Signs, needSignOf(t, x.Library, sign))
	}
	withoutShared(v.Signs)
	for _, n := range x.Notes {
		v.Notes = append(v.Notes, needNoteView{n, t.T(stateKey(n.State)), actor(t, n.By)})
	}
	v.choose(t, x.State)
	return v, nil
}

// choose offers the states of a matter, with one of them chosen.
func (v *needView) choose(t words, now store.NeedState) {
	v.States = nil
	for _, x := range store.NeedStates() {
		v.States = append(v.States, choice{Value: string(x), Label: t.T(stateKey(x)), On: x == now})
	}
}

// needSignOf is a sign with the facts by which it holds.
func needSignOf(t words, l *library.Library, x app.NeedSign) needSignView {
	out := needSignView{Title: x.Criterion.Title.In(t.Lang), Points: x.Criterion.Points}
	trace := x.Trace
	trace.Parts = slices.DeleteFunc(slices.Clone(trace.Parts), func(p criteria.PartTrace) bool { return p.Name != "population" })
	for _, line := range traceLines(t, l, trace, x.Criterion) {
		if line.Code != "" { // what has none only joins others
			out.Facts = append(out.Facts, line.Text)
		}
	}
	return out
}

// withoutShared leaves out what stands under every sign, as that the person is alive.
func withoutShared(signs []needSignView) {
	if len(signs) < 2 {
		return
	}
	shared := slices.DeleteFunc(slices.Clone(signs[0].Facts), func(f string) bool {
		return slices.ContainsFunc(signs, func(x needSignView) bool { return !slices.Contains(x.Facts, f) })
	})
	for i := range signs {
		signs[i].Facts = slices.DeleteFunc(signs[i].Facts, func(f string) bool { return slices.Contains(shared, f) })
	}
}

// noteNeed keeps a note of a call or a visit.
func (s *site) noteNeed(w http.ResponseWriter, r *http.Request) error {
	at, err := placeOf(r)
	if err != nil {
		return err
	}
	day, words := r.PostFormValue("day"), r.PostFormValue("words")
	n := app.NeedVisit{State: store.NeedState(r.PostFormValue("state")), Words: words}
	var field string
	var bad error
	if n.Day, bad = time.Parse(time.DateOnly, day); bad != nil {
		field = "day"
	} else {
		field, bad = n.Check(s.today(r))
	}
	if bad != nil {
		v, err := s.needView(r)
		if err != nil {
			return err
		}
		v.Day, v.Words, v.At, v.Fault = day, words, field, "need.note.bad"+field
		v.choose(s.words(r), n.State)
		return s.renderNeed(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.highNeed.NoteNeed(r.Context(), at, r.PostFormValue("who"), n, whoOf(r).Actor()); err != nil {
		return err
	}
	http.Redirect(w, r, needListPath+"/"+strconv.Itoa(at)+"?noted#notes", http.StatusSeeOther)
	return nil
}
