// Package web is the three doors of the city's program: the resident's at /,
// the desk at /desk and the open one at /open, each in its own file with its
// own templates; beside them stands the demo's handset. Pages are written on
// the server and work without JavaScript; with it, numbers that move are sent
// as they change.
//
// No page and no address names a person, except the demo's handset, whose
// families are made up.
package web

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/channel/phone"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
	"ennakko/store/sqlite"
)

// Config is what the pages need.
type Config struct {
	Live    *app.Live
	Context context.Context // ends when the server stops; jobs live as long
}

// rounds is what the desk does. app.Live is one.
type rounds interface {
	Round(ctx context.Context) (store.Round, bool, error)
	Prepare(ctx context.Context, asOf time.Time, officer string) error
	Approve(ctx context.Context, id store.RoundID, officer string) error
	Job() app.Job
	Watch() (changed <-chan struct{}, stop func())
}

// figures are counts of a round. sqlite.DB has them.
type figures interface {
	Funnel(ctx context.Context, id store.RoundID) (store.Funnel, error)
	ConfirmTimes(ctx context.Context, id store.RoundID) (handed, onPhone []float64, err error)
	Cohort(ctx context.Context, id store.RoundID, asOf time.Time) (sqlite.Cohort, error)
}

// record is the audit record. sqlite.DB holds it.
type record interface {
	Entries(ctx context.Context, before uint64, readings bool, limit int) ([]audit.Entry, error)
	Last(ctx context.Context) (uint64, error)
}

// proof says how much of the record is proved. audit/log.Log does.
type proof interface {
	Size(ctx context.Context) (uint64, error)
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

// clock is the time, which the demo may let run faster.
type clock interface {
	Now() time.Time
	Speed() float64
	SetSpeed(float64)
}

// parts are the things behind the pages.
type parts struct {
	ctx      context.Context
	pack     *service.Pack
	rounds   rounds
	figures  figures
	record   record
	proof    proof
	families families
	screens  screens
	clock    clock
	real     func() time.Time // the machine's clock
}

// site is the handler of all pages.
type site struct {
	parts
	texts catalogue
	pages map[string]page

	mu       sync.Mutex
	cohorts  map[store.RoundID]sqlite.Cohort   // fixed once a round is prepared
	handsets map[store.RoundID][]store.Handset // picked once, so that addresses stay
	visited  map[string]store.Handset          // other families that were looked at, by address

	counting sync.Mutex
	counted  counted // the newest count of a round
}

// New makes the handler of all pages.
func New(c Config) (http.Handler, error) {
	if c.Live == nil || c.Context == nil {
		return nil, fault.New(fault.Invalid, "web.New", "the pages need a live service and a context")
	}
	a := c.Live.App
	return newSite(parts{ctx: c.Context, pack: c.Live.Pack, rounds: c.Live, figures: a.DB, record: a.DB, proof: a.Log,
		families: c.Live, screens: a.Network, clock: c.Live.Clock, real: time.Now})
}

func newSite(p parts) (http.Handler, error) {
	s := &site{parts: p, cohorts: map[store.RoundID]sqlite.Cohort{}, handsets: map[store.RoundID][]store.Handset{}, visited: map[string]store.Handset{}}
	var err error
	if s.texts, err = readTexts(); err != nil {
		return nil, err
	}
	if s.pages, err = readPages(); err != nil {
		return nil, err
	}
	m := http.NewServeMux()
	m.Handle("GET /assets/", assetServer())
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	for pattern, do := range map[string]handler{
		"GET /{$}":                                s.start,
		"GET /open":                               s.open,
		"GET /record":                             s.showRecord,
		"GET /desk":                               s.desk,
		"GET /desk/messages":                      s.messages,
		"POST /desk/find":                         s.find,
		"POST /desk/approve":                      s.approve,
		"POST /desk/clock":                        s.setClock,
		"GET /demo/handset":                       s.listHandsets,
		"GET /demo/handset/any":                   s.anyHandset,
		"GET /demo/handset/{case}/{party}":        s.handset,
		"POST /demo/handset/{case}/{party}":       s.answer,
		"POST /demo/handset/{case}/{party}/take":  s.take,
		"GET /desk/events":                        s.deskEvents,
		"GET /demo/handset/{case}/{party}/events": s.handsetEvents,
		"/": func(http.ResponseWriter, *http.Request) error { return missing("web") },
	} {
		m.Handle(pattern, s.page(do))
	}
	return s.guard(m), nil
}

func missing(op string) error { return fault.New(fault.Missing, op, "there is no such page") }
