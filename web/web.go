// Package web is the three doors of the city's program: the resident's at /,
// the desk at /desk and the open one at /open, each in its own file with its
// own templates; beside them stands the demo's handset. Pages are written on
// the server and work without JavaScript; with it, numbers that move are sent
// as they change.
//
// Every page says which action of package access it needs, and whoever asks for
// it is checked before the page's own code runs. No address names a person.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"ennakko/access"
	"ennakko/app"
	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/channel/phone"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/store/tables"
	"ennakko/work"
)

// Config is what the pages need.
type Config struct {
	Live     *app.Live
	More     []*app.Live     // other services that are served beside it
	Context  context.Context // ends when the server stops; jobs live as long
	Door     *signin.Client  // where people log in
	Policies *access.Policies
	OmaData  *omadata.Service // permissions and fees; nil: the city has none
	Pace     Pace             // made-up people and time: the tour, the handset and the clock are shown; nil: real ones
	Host     string           // the name by which browsers ask for the pages; "": this machine's own
	Log      *slog.Logger     // what is refused and what fails, without names; nil: nothing is told
}

// rounds is what the desk does. app.Live is one.
type rounds interface {
	Round(ctx context.Context) (store.Round, bool, error)
	Rounds(ctx context.Context) ([]store.Round, error)
	Prepare(ctx context.Context, asOf time.Time, officer string) error
	Approve(ctx context.Context, id store.RoundID, officer string) error
	Job() app.Job
	Watch() (changed <-chan struct{}, stop func())
}

// figures are counts of a round. tables.DB has them.
type figures interface {
	Funnel(ctx context.Context, id store.RoundID) (store.Funnel, error)
	ConfirmTimes(ctx context.Context, id store.RoundID) (handed, onPhone []float64, err error)
	Cohort(ctx context.Context, id store.RoundID, asOf time.Time) (tables.Cohort, error)
	FunnelBy(ctx context.Context, id store.RoundID, asOf time.Time) ([]store.FunnelCell, error)
	UnitFill(ctx context.Context, id store.RoundID, asOf time.Time) ([]store.UnitFill, error)
	LetterList(ctx context.Context, id store.RoundID) ([]store.Listed, error)
}

// record is the audit record. tables.DB holds it.
type record interface {
	Entries(ctx context.Context, before uint64, readings bool, limit int) ([]audit.Entry, error)
	Last(ctx context.Context) (uint64, error)
	Note(ctx context.Context, e audit.Entry) error
}

// proof says how much of the record is proved. audit/log.Log does.
type proof interface {
	Size(ctx context.Context) (uint64, error)
	Prove(ctx context.Context, seq uint64) (log.Proof, error)
	Checkpoint(ctx context.Context) (string, error)
	Verifier() string
}

// matters are what officers and experts do. app.Live does it.
type matters interface {
	queues
	cases
	holds
	plans
}

// queues are matters of families that wait for a person.
type queues interface {
	Items(ctx context.Context, id store.RoundID, kind string, after store.ItemID, limit int) ([]store.OpenItem, error)
	Settle(ctx context.Context, id store.RoundID, item store.ItemID, officer, words string) error
	Decide(ctx context.Context, id store.RoundID, c conversation.CaseID, want conversation.Choice, way work.Way, officer string) error
}

// cases are families one by one; each look is on the record.
type cases interface {
	History(ctx context.Context, c conversation.CaseID, officer string) (store.History, error)
	RoundOf(ctx context.Context, c conversation.CaseID) (store.RoundID, error)
	Search(ctx context.Context, q app.Query, officer string) ([]conversation.CaseID, error)
}

// holds are what is done to a whole round.
type holds interface {
	Hold(ctx context.Context, id store.RoundID, step, officer, words string) error
	Steps(ctx context.Context, id store.RoundID) ([]store.RoundStep, error)
}

// plans are what is tried out before a round is approved.
type plans interface {
	Reassign(ctx context.Context, id store.RoundID, change store.PlaceCount, officer string) error
	Try(ctx context.Context, asOf time.Time, t service.Trial, officer string) (round.Tried, error)
	TestSend(ctx context.Context, officer, to, text string) (channel.State, error)
}

// residents are what residents see and do. app.Live knows them.
type residents interface {
	offers
	rights
}

// offers are the cases in which a resident decides.
type offers interface {
	Own(ctx context.Context, who person.ID) ([]app.Own, error)
	OwnCase(ctx context.Context, who person.ID, id conversation.CaseID) (app.Own, error)
	AnswerOnline(ctx context.Context, c conversation.CaseID, who person.ID, want conversation.Choice) error
}

// rights are a resident's rights over data about them.
type rights interface {
	Object(ctx context.Context, who, about person.ID, on bool) error
	ObjectToNaming(ctx context.Context, who person.ID, on bool) error
	Objections(ctx context.Context, who person.ID) (map[string]time.Time, error)
	Wards(ctx context.Context, who person.ID) (map[person.ID]conversation.CaseID, error)
	UsesOf(ctx context.Context, who person.ID, before uint64, limit int) ([]audit.Entry, error)
	ProofFile(ctx context.Context, about person.ID, actor string, seq, since uint64) (log.File, error)
}

// families are the demo's made-up families. app.Live knows them.
type families interface {
	Handsets(ctx context.Context, id store.RoundID) ([]store.Handset, error)
	Family(ctx context.Context, id store.RoundID, from conversation.CaseID) ([]store.Handset, error)
	Answer(ctx context.Context, h store.Handset, text string) error
}

// screens are the made-up phones. phone.Network has them.
type screens interface {
	Screen(ctx context.Context, number string) ([]phone.Line, error)
	TakeOver(ctx context.Context, number string) error
	Twice(ctx context.Context) (int, error)
}

// Pace is how fast a demonstration's time runs. app.PacedClock has one.
type Pace interface {
	Speed() float64
	SetSpeed(float64)
}

// parts are the things behind the pages.
type parts struct {
	ctx       context.Context
	pack      *service.Pack
	rounds    rounds
	figures   figures
	record    record
	proof     proof
	matters   matters
	care      care
	effects   effects
	highNeed  highNeed
	residents residents
	omaData   omaData // nil: no permissions and no fees
	privacy   privacy
	families  families
	screens   screens
	clock     app.Clock
	pace      Pace             // nil: time is real, and so are people
	host      string           // "": this machine's own
	real      func() time.Time // the machine's clock
	door      door
	sessions  *signin.Sessions
	policies  *access.Policies
	log       *slog.Logger
}

// site is the handler of all pages.
type site struct {
	parts
	texts   catalogue
	pages   map[string]page
	limits  *limits
	uploads chan struct{} // one for each form with files that is being read
	beside  []*site       // all services of the city, the first one first; empty: this is the only one

	mu       sync.Mutex
	cohorts  map[string]tables.Cohort          // by the round as it was assigned
	shots    map[string]snapshot               // breakdowns, by round and day
	public   map[string]counted                // counts for everybody, by round and day
	handsets map[store.RoundID][]store.Handset // picked once, so that addresses stay
	visited  map[string]store.Handset          // other families that were looked at, by address

	counting sync.Mutex
	counted  counted // the newest count of a round
}

// New makes the handler of all pages.
func New(c Config) (http.Handler, error) {
	if c.Live == nil || c.Context == nil || c.Door == nil || c.Policies == nil {
		return nil, fault.New(fault.Invalid, "web.New", "the pages need a live service, a context, a log-in and policies")
	}
	if c.Live.App.Log == nil {
		return nil, fault.New(fault.Conflict, "web.New", "the pages show what is proved of the record, and its log is on another machine").Do("serve the pages there")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := c.parts(c.Live)
	desk, err := c.Live.NewPrivacy(c.OmaData != nil, c.More...)
	if err != nil {
		return nil, err
	}
	desk.Examples = c.Pace != nil
	p.privacy = desk
	if c.OmaData != nil {
		texts, err := readTexts()
		if err != nil {
			return nil, err
		}
		p.omaData = liveOma{c.OmaData, texts}
	}
	list := []parts{p}
	for _, l := range c.More {
		x := c.parts(l)
		x.privacy, x.omaData = desk, p.omaData
		list = append(list, x)
	}
	return newSites(list)
}

// parts are the things behind the pages of one service.
func (c Config) parts(live *app.Live) parts {
	a := c.Live.App
	return parts{ctx: c.Context, pack: live.Pack, rounds: live, figures: a.DB, record: a.DB, proof: a.Log,
		matters: live, care: c.Live, highNeed: c.Live, effects: live.On(c.Live), residents: live, families: live, screens: a.Network, clock: live.Clock, pace: c.Pace, host: c.Host, real: time.Now, door: c.Door, sessions: signin.NewSessions(a.DB, time.Now),
		policies: c.Policies, log: c.Log}
}

func newSite(p parts) (http.Handler, error) {
	s, err := openSite(p)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

// handler serves the pages of one service.
func (s *site) handler() http.Handler {
	m := http.NewServeMux()
	m.Handle("GET /assets/", assetServer())
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	for _, r := range s.routes() {
		if (!r.demo || s.demo()) && (!r.omaData || s.hasOmaData()) {
			m.Handle(r.pattern, s.page(r))
		}
	}
	return s.guard(m)
}

func openSite(p parts) (*site, error) {
	s := &site{parts: p, limits: newLimits(p.real), uploads: make(chan struct{}, uploadsAtOnce), cohorts: map[string]tables.Cohort{}, shots: map[string]snapshot{}, public: map[string]counted{}, handsets: map[store.RoundID][]store.Handset{}, visited: map[string]store.Handset{}}
	var err error
	if s.texts, err = readTexts(); err != nil {
		return nil, err
	}
	s.pages, err = readPages()
	return s, err
}

// demo reports whether people and time are made up.
func (p parts) demo() bool { return p.pace != nil }

// anyone says that a page is for everybody.
const anyone access.Action = ""

// route is a page with who may come to it: none can be served without saying.
type route struct {
	pattern string
	action  access.Action
	do      handler
	demo    bool // only in a demonstration, whose people are made up
	omaData bool // only where there are permissions and fees
}

// demoRoutes are the pages of a demonstration.
func (s *site) demoRoutes() []route {
	return []route{
		{pattern: "POST /demo/clock", action: access.SeeDesk, do: s.setClock, demo: true},
		{pattern: "GET /demo", action: anyone, do: s.tour, demo: true},
		{pattern: "GET /demo/handset", action: anyone, do: s.listHandsets, demo: true},
		{pattern: "GET /demo/handset/any", action: anyone, do: s.anyHandset, demo: true},
		{pattern: "GET /demo/handset/{case}/{party}", action: anyone, do: s.handset, demo: true},
		{pattern: "GET /demo/handset/{case}/{party}/events", action: anyone, do: s.handsetEvents, demo: true},
		{pattern: "POST /demo/handset/{case}/{party}", action: anyone, do: s.answer, demo: true},
		{pattern: "POST /demo/handset/{case}/{party}/take", action: anyone, do: s.take, demo: true},
	}
}

// careRoutes are the pages of the care library.
func (s *site) careRoutes() []route {
	return []route{
		{pattern: "GET /desk/care", action: access.SeeCare, do: s.showCare},
		{pattern: "GET /desk/care/events", action: access.SeeCare, do: s.careEvents},
		{pattern: "POST /desk/care/run", action: access.RunCare, do: s.runCare},
		{pattern: "GET /desk/care/{criterion}/worklist", action: access.SeeFinding, do: s.careRun(s.worklist)},
		{pattern: "GET /desk/care/{criterion}/worklist/{place}", action: access.SeeFinding, do: s.careRun(s.finding)},
		{pattern: "POST /desk/care/{criterion}/worklist/{place}/visit", action: access.NoteVisit, do: s.careRun(s.noteVisit)},
		{pattern: "GET /desk/care/{criterion}/what-if", action: access.TryCare, do: s.careRun(s.whatIfForm)},
		{pattern: "POST /desk/care/{criterion}/what-if", action: access.TryCare, do: s.careRun(s.whatIf)},
	}
}

// routes are all pages.
func (s *site) routes() []route {
	return slices.Concat(s.careRoutes(), s.needRoutes(), s.residentRoutes(), s.omaRoutes(), s.privacyRoutes(), s.demoRoutes(), []route{
		{pattern: "/", action: anyone, do: func(http.ResponseWriter, *http.Request) error { return missing("web") }},
		{pattern: "GET /{$}", action: anyone, do: s.start},
		{pattern: "GET /login", action: anyone, do: s.login},
		{pattern: "GET /login/done", action: anyone, do: s.loginDone},
		{pattern: "POST /logout", action: anyone, do: s.logout},
		{pattern: "GET /logged-out", action: anyone, do: s.loggedOut},
		{pattern: "GET /open", action: anyone, do: s.open},
		{pattern: "GET /open/checkpoint", action: anyone, do: s.checkpoint},
		{pattern: "GET /open/proof", action: anyone, do: s.proofForm},
		{pattern: "POST /open/proof", action: anyone, do: s.checkProof},

		{pattern: "GET /desk", action: access.SeeDesk, do: s.desk},
		{pattern: "GET /desk/messages", action: access.PreviewMessages, do: s.messages},
		{pattern: "GET /desk/services/{service}", action: access.SeeDesk, do: s.service},
		{pattern: "GET /desk/services/{service}/events", action: access.SeeDesk, do: s.serviceEvents},
		{pattern: "POST /desk/services/{service}/find", action: access.Prepare, do: s.find},
		{pattern: "GET /desk/rounds/{round}", action: access.SeeDesk, do: s.round},
		{pattern: "GET /desk/rounds/{round}/events", action: access.SeeDesk, do: s.roundEvents},
		{pattern: "GET /desk/rounds/{round}/found", action: access.SeeDesk, do: s.found},
		{pattern: "GET /desk/rounds/{round}/districts", action: access.SeeDesk, do: s.districts},
		{pattern: "GET /desk/rounds/{round}/places", action: access.SeePlaces, do: s.places},
		{pattern: "POST /desk/rounds/{round}/places", action: access.ChangeCapacity, do: s.changePlaces},
		{pattern: "GET /desk/rounds/{round}/effect", action: access.SeeCare, do: s.effect},
		{pattern: "GET /desk/services/{service}/try", action: access.TryCriteria, do: s.tryForm},
		{pattern: "POST /desk/services/{service}/try", action: access.TryCriteria, do: s.try},
		{pattern: "POST /desk/messages", action: access.TestSend, do: s.testSend},
		{pattern: "POST /desk/rounds/{round}/approve", action: access.Approve, do: s.approve},
		{pattern: "POST /desk/rounds/{round}/pause", action: access.Pause, do: s.hold("pause")},
		{pattern: "POST /desk/rounds/{round}/resume", action: access.Resume, do: s.hold("resume")},
		{pattern: "POST /desk/rounds/{round}/stop", action: access.Stop, do: s.hold("stop")},
		{pattern: "GET /desk/rounds/{round}/queue", action: access.SeeQueue, do: s.queue},
		{pattern: "GET /desk/cases/{case}", action: access.SeeCase, do: s.showCase},
		{pattern: "POST /desk/cases/{case}/settle", action: access.Settle, do: s.settle},
		{pattern: "POST /desk/cases/{case}/answer", action: access.Settle, do: s.noteAnswer},
		{pattern: "GET /desk/search", action: access.Search, do: s.searchForm},
		{pattern: "POST /desk/search", action: access.Search, do: s.search},

		{pattern: "GET /desk/record", action: access.SeeRecord, do: s.showRecord},
	})
}

func missing(op string) error { return fault.New(fault.Missing, op, "there is no such page") }
