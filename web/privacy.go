package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

// privacy is what the data-protection officer sees and does, and what of it everybody
// may see. app.Privacy does it.
type privacy interface {
	privacyUse
	privacyAsked
	asking
	privacyWatch
	privacyRules
}

// privacyUse is the use of data over time, in counts.
type privacyUse interface {
	Uses(ctx context.Context) ([]oversight.Use, error)
	Permits(ctx context.Context) ([]store.PermitCount, []store.WithdrawalCount, error)
	Agreed(ctx context.Context) ([]permission.Agreement, error)
}

// privacyAsked is what people ask of the city.
type privacyAsked interface {
	Requests(ctx context.Context, officer string) ([]store.Request, error)
	Asker(ctx context.Context, id int64, officer string) (asker, about string, err error)
	NoteRequest(ctx context.Context, a app.Asked, officer string) error
	Settle(ctx context.Context, id int64, officer, words string) error
}

// privacyWatch is the watch over readings.
type privacyWatch interface {
	Unusual(ctx context.Context, officer string) (app.Unusual, error)
	LookInto(ctx context.Context, key, officer, words string) error
	AskRelatives(ctx context.Context, officer string) error
	SetFamous(ctx context.Context, code person.Code, on bool, officer string) error
}

// privacyRules is what is open to everybody.
type privacyRules interface {
	Algorithms() ([]app.Algorithm, error)
	Checkpoints() ([]app.Published, error)
	Precedents(ctx context.Context) (precedent.Book, error)
	Decide(ctx context.Context, p precedent.Proposal, r precedent.Ruling, officer string) (string, error)
}

// privacyRoutes are the pages of the data-protection officer's desk, and what of it is
// open to everybody.
func (s *site) privacyRoutes() []route {
	return []route{
		{pattern: "GET /desk/privacy", action: access.SeePrivacy, do: s.showPrivacy},
		{pattern: "GET /desk/privacy/requests", action: access.SeePrivacy, do: s.showRequests},
		{pattern: "POST /desk/privacy/requests", action: access.SettleRequest, do: s.noteRequest},
		{pattern: "POST /desk/privacy/requests/{request}/who", action: access.SettleRequest, do: s.whoAsks},
		{pattern: "POST /desk/privacy/requests/{request}/settle", action: access.SettleRequest, do: s.settleRequest},
		{pattern: "GET /desk/privacy/unusual", action: access.SeePrivacy, do: s.showUnusual},
		{pattern: "POST /desk/privacy/unusual", action: access.LookInto, do: s.lookInto},
		{pattern: "POST /desk/privacy/unusual/relatives", action: access.LookInto, do: s.askRelatives},
		{pattern: "POST /desk/privacy/unusual/famous", action: access.LookInto, do: s.setFamous},
		{pattern: "GET /desk/privacy/decide", action: access.DecideUse, do: s.decideForm},
		{pattern: "POST /desk/privacy/decide", action: access.DecideUse, do: s.propose},
		{pattern: "POST /desk/privacy/decide/decision", action: access.DecideUse, do: s.decide},
		{pattern: "GET /open/algorithms", action: anyone, do: s.showAlgorithms},
		{pattern: "GET /open/checkpoints", action: anyone, do: s.showCheckpoints},
		{pattern: "GET /open/checkpoints/{day}", action: anyone, do: s.publishedCheckpoint},
		{pattern: "GET /open/precedents", action: anyone, do: s.showPrecedents},
	}
}

const privacyPath = "/desk/privacy"

// privacyTabs lead through the desk of the data-protection officer.
func privacyTabs(t words, path string) []link {
	var out []link
	for _, x := range []struct{ key, href string }{{"uses", privacyPath}, {"requests", privacyPath + "/requests"}, {"unusual", privacyPath + "/unusual"}, {"decide", privacyPath + "/decide"},
		{"algorithms", algorithmsPath}, {"checkpoints", checkpointsPath}} {
		out = append(out, link{x.href, t.T("privacy.tab." + x.key), x.href == path})
	}
	return out
}

// privacyView is the use of data over time, and what became of permissions.
type privacyView struct {
	Tabs     []link
	Purposes []purposeRow
	Chosen   string // the purpose that is drawn; "": all
	Steps    []link // by day or by week
	Chart    chart
	Times    []timeRow
	Permits  []permitRow
	Drawn    chart // what became of permissions
	Ends     []endRow
	Agreed   []agreedRow
}

// purposeRow is a purpose with its use.
type purposeRow struct {
	Name, Href string
	Foreign    bool
	Here       bool
	oversight.Day
}

// timeRow is one day or week.
type timeRow struct {
	Label string
	oversight.Day
}

// permitRow is what became of permissions in one week.
type permitRow struct {
	Label                         string
	Given, Refused, Taken, Lapsed int
}

// endRow is what the ends of permissions did, for one purpose.
type endRow struct {
	Name string
	store.WithdrawalCount
	Law string // by which decisions are kept
}

// agreedRow is an agreement in use.
type agreedRow struct {
	Title, User, Basis string
	Version            int
	From               time.Time
	Keep, Law          string
}

// weeksShown and daysShown are how much is drawn.
const (
	weeksShown = 12
	daysShown  = 14
)

// showPrivacy is the first page of the data-protection officer's desk.
func (s *site) showPrivacy(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	v := privacyView{Tabs: privacyTabs(t, privacyPath), Chosen: r.URL.Query().Get("purpose")}
	uses, err := s.privacy.Uses(r.Context())
	if err != nil {
		return err
	}
	agreed, err := s.privacy.Agreed(r.Context())
	if err != nil {
		return err
	}
	s.drawUses(r, t, &v, uses, agreed)
	events, ends, err := s.privacy.Permits(r.Context())
	if err != nil {
		return err
	}
	s.drawPermits(t, &v, events, ends, agreed)
	return s.render(w, r, http.StatusOK, "privacy.html", view{words: t, Title: t.T("privacy.title"), Path: privacyPath, Data: v})
}

// purposeName says a purpose in words; foreign when it has none.
func (s *site) purposeName(t words, id string, agreed []permission.Agreement) (name string, foreign bool) {
	if t.Has("purpose." + id) {
		return t.T("purpose." + id), false
	}
	for _, a := range agreed {
		if a.Purpose() == id {
			return a.Spec().Title[t.Lang], false
		}
	}
	for _, x := range append([]*site{s}, s.beside...) {
		if p := x.pack.Purpose(); p.ID() == id {
			return p.Name(t.Lang), false
		}
	}
	return id, true
}

func (s *site) drawUses(r *http.Request, t words, v *privacyView, uses []oversight.Use, agreed []permission.Agreement) {
	byDay := r.URL.Query().Get("by") == "day"
	now := s.clock.Now().In(t.zone)
	sum := make([]oversight.Day, map[bool]int{true: daysShown, false: weeksShown}[byDay])
	known := slices.ContainsFunc(uses, func(u oversight.Use) bool { return u.Purpose == v.Chosen })
	if !known {
		v.Chosen = ""
	}
	by := "week"
	if byDay {
		by = "day"
	}
	at := func(purpose, by string) string {
		return privacyPath + "?" + query("purpose", purpose, "by", by) + "#use"
	}
	v.Steps = []link{{at(v.Chosen, "week"), t.T("privacy.weeks"), !byDay}, {at(v.Chosen, "day"), t.T("privacy.days"), byDay}}
	for _, u := range uses {
		row := purposeRow{Href: at(u.Purpose, by), Here: u.Purpose == v.Chosen, Day: u.Total}
		row.Name, row.Foreign = s.purposeName(t, u.Purpose, agreed)
		v.Purposes = append(v.Purposes, row)
		if known && u.Purpose != v.Chosen {
			continue
		}
		steps := u.Weeks(weeksShown, now)
		if byDay {
			steps = u.Last(daysShown, now)
		}
		for i, d := range steps {
			sum[i].Day = d.Day
			sum[i].Readings += d.Readings
			sum[i].People += d.People
			sum[i].Entries += d.Entries
		}
	}
	if len(uses) == 0 {
		return
	}
	var rows []row
	for _, d := range sum {
		label := t.Day(d.Day)
		if !byDay {
			label = t.T("privacy.week", label)
		}
		v.Times = append(v.Times, timeRow{label, d})
		rows = append(rows, row{Label: label, N: d.Readings})
	}
	v.Chart = newChart(t, "use-chart", "privacy.use.chart", t.T("privacy.use.desc"), rows)
}

func (s *site) drawPermits(t words, v *privacyView, events []store.PermitCount, ends []store.WithdrawalCount, agreed []permission.Agreement) {
	now := s.clock.Now().In(t.zone)
	weeks := oversight.Use{}.Weeks(weeksShown, now)
	var all permitRow
	for _, w := range weeks {
		p := permitRow{Label: t.T("privacy.week", t.Day(w.Day))}
		for _, e := range events {
			if e.Week.Format(time.DateOnly) != w.Day.Format(time.DateOnly) {
				continue
			}
			switch e.Kind {
			case permission.Give.String(), permission.Renew.String():
				p.Given += e.N
			case permission.Refuse.String(), permission.Decline.String():
				p.Refused += e.N
			case permission.Withdraw.String():
				p.Taken += e.N
			case permission.Expire.String(), permission.End.String():
				p.Lapsed += e.N
			}
		}
		all.Given, all.Refused, all.Taken, all.Lapsed = all.Given+p.Given, all.Refused+p.Refused, all.Taken+p.Taken, all.Lapsed+p.Lapsed
		if p.Given+p.Refused+p.Taken+p.Lapsed > 0 {
			v.Permits = append(v.Permits, p)
		}
	}
	v.Drawn = newChart(t, "permit-chart", "privacy.permits.chart", t.T("privacy.permits.desc"), []row{{Label: t.T("privacy.given"), N: all.Given}, {Label: t.T("privacy.refused"), N: all.Refused},
		{Label: t.T("privacy.taken"), N: all.Taken, Strong: true}, {Label: t.T("privacy.lapsed"), N: all.Lapsed}})
	for _, e := range ends {
		row := endRow{WithdrawalCount: e}
		row.Name, _ = s.purposeName(t, e.Purpose, agreed)
		for _, a := range agreed {
			if a.Purpose() == e.Purpose {
				row.Law = a.Spec().KeepLaw
			}
		}
		v.Ends = append(v.Ends, row)
	}
	for _, a := range agreed {
		x := a.Spec()
		v.Agreed = append(v.Agreed, agreedRow{x.Title[t.Lang], x.User.Name[t.Lang], x.Basis + "; " + x.Law, x.Version, x.From, x.Keep.Words(t.Lang), x.KeepLaw})
	}
}

// askedOf is a request of a person as the desk shows it.
type askedOf struct {
	store.Request
	Label   string
	Left    int // days
	Overdue bool
	Soon    bool
	By      string
	Foreign bool // the words are the program's own
	Asker   string
	Child   string // about whom it is, beside the asker
	Objects string // the purpose that is objected to, in words
	Back    bool   // it was taken back
}

// requestsView is what people ask of the city.
type requestsView struct {
	Tabs    []link
	Open    []askedOf
	Settled []askedOf
	Late    int
	Kinds   []string // that can be noted
	Fault   string   // key
	At      string   // the id of the field that is wrong
	Typed   map[string]string
	Done    bool
}

// soon is how many days before its day a request stands out.
const soon = 7

func (s *site) requestsView(r *http.Request, named int64, name, child string) (requestsView, error) {
	t := s.words(r)
	v := requestsView{Tabs: privacyTabs(t, privacyPath+"/requests"), Kinds: []string{app.AskAccess, app.AskRectify, app.AskErase, app.AskRestrict, app.AskObjection}, Typed: map[string]string{}}
	all, err := s.privacy.Requests(r.Context(), whoOf(r).Actor())
	if err != nil {
		return v, err
	}
	now := s.clock.Now().In(t.zone)
	for _, x := range all {
		a := askedOf{Request: x, Label: x.Kind, Left: oversight.DaysLeft(now, x.Due), By: actor(t, x.SettledBy)}
		if t.Has("request." + x.Kind) {
			a.Label = t.T("request." + x.Kind)
		}
		if x.ID == named {
			a.Asker, a.Child = name, child
		}
		if purpose, ok := strings.CutPrefix(x.Words, work.Objects); ok && x.Kind == app.AskObjection {
			a.Objects, _ = s.purposeName(t, purpose, nil)
			a.Words = ""
		}
		a.Back = strings.HasPrefix(x.SettledBy, "resident:")
		a.Foreign = x.Kind == omadata.RequestReason || x.Kind == omadata.RequestSource || x.Kind == omadata.RequestMark
		a.Overdue, a.Soon = a.Left < 0, a.Left >= 0 && a.Left <= soon
		if !x.Settled.IsZero() {
			v.Settled = append(v.Settled, a)
			continue
		}
		if a.Overdue {
			v.Late++
			a.Left = -a.Left
		}
		v.Open = append(v.Open, a)
	}
	return v, nil
}

func (s *site) renderRequests(w http.ResponseWriter, r *http.Request, status int, v requestsView) error {
	t := s.words(r)
	return s.render(w, r, status, "requests.html", view{words: t, Title: t.T("privacy.tab.requests"), Path: privacyPath + "/requests", Data: v})
}

// showRequests shows what people ask of the city.
func (s *site) showRequests(w http.ResponseWriter, r *http.Request) error {
	v, err := s.requestsView(r, 0, "", "")
	if err != nil {
		return err
	}
	v.Done = r.URL.Query().Has("done")
	return s.renderRequests(w, r, http.StatusOK, v)
}

// whoAsks shows the name of a person who made a request: a reading.
func (s *site) whoAsks(w http.ResponseWriter, r *http.Request) error {
	id, err := numberIn(r, "request")
	if err != nil {
		return err
	}
	name, child, err := s.privacy.Asker(r.Context(), id, whoOf(r).Actor())
	if err != nil {
		return err
	}
	v, err := s.requestsView(r, id, name, child)
	if err != nil {
		return err
	}
	return s.renderRequests(w, r, http.StatusOK, v)
}

// settleRequest settles a request with words.
func (s *site) settleRequest(w http.ResponseWriter, r *http.Request) error {
	id, err := numberIn(r, "request")
	if err != nil {
		return err
	}
	words := r.PostFormValue("words")
	if strings.TrimSpace(words) == "" {
		v, err := s.requestsView(r, 0, "", "")
		if err != nil {
			return err
		}
		v.Fault, v.At = "privacy.words.fault", "words-"+r.PathValue("request")
		return s.renderRequests(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := s.privacy.Settle(r.Context(), id, whoOf(r).Actor(), words); err != nil {
		return err
	}
	http.Redirect(w, r, privacyPath+"/requests?done", http.StatusSeeOther)
	return nil
}

// noteRequest notes a request that came on paper, by phone or at a desk.
func (s *site) noteRequest(w http.ResponseWriter, r *http.Request) error {
	a := app.Asked{Kind: r.PostFormValue("kind"), Words: strings.TrimSpace(r.PostFormValue("said"))}
	code, codeErr := person.ParseCode(strings.TrimSpace(r.PostFormValue("code")))
	came, dayErr := time.ParseInLocation(time.DateOnly, r.PostFormValue("came"), s.words(r).zone)
	a.Code, a.Came = code, came
	key, at := "", ""
	switch {
	case app.RequestBasis(a.Kind) == "":
		key, at = "privacy.note.kind.fault", "kind-access"
	case codeErr != nil:
		key, at = "privacy.note.code.fault", "code"
	case dayErr != nil || came.After(s.clock.Now()):
		key, at = "privacy.note.day.fault", "came"
	case a.Words == "":
		key, at = "privacy.words.fault", "said"
	}
	if key == "" {
		err := s.privacy.NoteRequest(r.Context(), a, whoOf(r).Actor())
		if err == nil {
			http.Redirect(w, r, privacyPath+"/requests?done", http.StatusSeeOther)
			return nil
		}
		if fault.KindOf(err) != fault.Missing {
			return err
		}
		key, at = "privacy.note.nobody", "code"
	}
	v, err := s.requestsView(r, 0, "", "")
	if err != nil {
		return err
	}
	v.Fault, v.At = key, at
	v.Typed = map[string]string{"kind": a.Kind, "came": r.PostFormValue("came"), "said": a.Words}
	return s.renderRequests(w, r, http.StatusUnprocessableEntity, v)
}

// waitsForDPO is what waits for the data-protection officer.
func (s *site) waitsForDPO(r *http.Request, t words) []waiting {
	if !s.can(r, access.SeePrivacy, access.On{}) {
		return nil
	}
	return []waiting{{t.T("privacy.waits"), privacyPath, t.T("nav.privacy")}}
}
