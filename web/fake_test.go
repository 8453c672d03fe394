package web

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/access"
	"ennakko/app"
	"ennakko/audit"
	"ennakko/channel/phone"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/service"
	"ennakko/signin"
	"ennakko/store"
	"ennakko/store/tables"
)

// What must never stand on the desk's, the open and the record's pages.
const (
	aNumber   = "+358457000017"
	aGuardian = "Aino Virtanen"
	aChild    = "Onni"
)

// begin is the morning on which the demo begins: 08.00 in Helsinki.
var begin = time.Date(2021, 1, 7, 6, 0, 0, 0, time.UTC)

// city is a made-up city behind the pages, without a register or a store. Its
// round goes on only when a test says so.
type city struct {
	real       bool          // a city of real people, without tour, handset and clock
	pack       string        // "": pre-primary
	careRun    bool          // the care library was run
	careBefore bool          // an earlier run as of the same day is kept
	offered    store.RoundID // the round of the case; 0: 3
	mu         sync.Mutex
	round      store.Round
	found      bool
	job        app.Job
	funnel     store.Funnel
	cohort     tables.Cohort
	speed      float64
	screen     []phone.Line
	taken      bool
	asked      []string // what the desk was asked to do
	noted      []string // entries: actor, verb, detail
	sessions   map[string]store.Session
	stage      conversation.Stage // of the one case
	steps      []store.RoundStep
	watchers   map[chan struct{}]bool
	fail       error
	oma        *oma          // nil: no permissions and no fees
	later      time.Duration // by how much the machine's clock was set on
	book       *book         // a record with its log; nil: proofs are made up
}

func newCity() *city {
	return &city{speed: 60, sessions: map[string]store.Session{}, watchers: map[chan struct{}]bool{}, cohort: tables.Cohort{
		ByDistrict: map[string]int{"0911101010": 700, "0912301030": 812, "0913102010": 600, "0914101010": 345, "0915101010": 1003, "0916102010": 488, "0917102010": 1207, "0918101010": 3},
		People:     foundPeople(),
		ByLanguage: map[string]int{"fi": 4712, "sv": 446}, ByReason: map[string]int{"stays": 4120, "nearest": 788, "sibling": 250},
		Waiting: map[string]int{"no place in the language": 12}, Failsafe: 530,
		LeftOut: []tables.LeftOut{{Criterion: "in_municipal_early_education", Verdict: criteria.NotMet, Children: 528, Failsafe: 528},
			{Criterion: "no_decision", Verdict: criteria.NotMet, Children: 101}, {Criterion: "has_deciding_guardian", Verdict: criteria.Unknown, Children: 2, Failsafe: 2}}}}
}

// foundPeople are the counts of those who were found; in Östersundom there are few.
func foundPeople() (out []store.Breakdown) {
	for _, x := range []struct {
		by, key          string
		found, justified int
	}{{store.ByDistrict, "0911101010", 790, 702}, {store.ByDistrict, "0912301030", 905, 814}, {store.ByDistrict, "0913102010", 680, 604}, {store.ByDistrict, "0914101010", 391, 347},
		{store.ByDistrict, "0915101010", 1122, 1005}, {store.ByDistrict, "0916102010", 548, 489}, {store.ByDistrict, "0917102010", 1360, 1206}, {store.ByDistrict, "0918101010", 5, 3},
		{store.ByAge, "5", 5701, 5081}, {store.ByAge, "6", 100, 89}, {store.ByLanguage, "fi", 4901, 4370}, {store.ByLanguage, "sv", 400, 371}, {store.ByLanguage, "en", 450, 395}, {store.ByLanguage, "", 50, 34}} {
		out = append(out, store.Breakdown{Stage: store.Found, By: x.by, Key: x.key, N: x.found}, store.Breakdown{Stage: store.Justified, By: x.by, Key: x.key, N: x.justified})
	}
	return out
}

func (c *city) prepared() *city {
	c.found = true
	c.round = store.Round{ID: 3, Service: "pre-primary", AsOf: begin.Truncate(24 * time.Hour), State: store.Prepared,
		Schedule: store.Schedule{NoticeAt: begin.Add(2 * time.Hour), InquiryAt: begin.Add(6 * time.Hour), ReminderAt: begin.AddDate(0, 0, 5),
			Deadline: begin.AddDate(0, 0, 8), CloseAt: begin.AddDate(0, 0, 22)},
		Prepared: []string{"officer:liisa"}, Summary: map[string]int{"found": 5801, "justified": 5170, "placed": 5158, "waiting": 12, "assignment_distance_m": 4_231_000, "assignment_bound_m": 4_202_000}}
	return c
}

func (c *city) running() *city {
	c.prepared().round.State = store.Running
	c.round.Officer = "officer:matti"
	c.funnel = store.Funnel{Offered: 5158, Sent: 4981, Delivered: 4902, Answered: 3610, Letters: 131, ByHand: 23, Unreached: 210, Places: 6011, PlacesHeld: 4920,
		Failsafe: 530, Incoming: 3900, Stages: map[string]int{"accepted": 3344, "declined": 238, "conflict": 28, "asked": 1300},
		Messages: map[string]int{"queued": 55, "delivered": 13002, "failed": 81, "uncertain": 2}, Items: map[string]int{"conflict": 28, "declined": 238, "unclear": 17}}
	return c
}

func (c *city) Round(context.Context) (store.Round, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.round, c.found, c.fail
}

func (c *city) Rounds(ctx context.Context) ([]store.Round, error) {
	r, found, err := c.Round(ctx)
	if !found {
		return nil, err
	}
	return []store.Round{r}, err
}

func (c *city) Prepare(_ context.Context, asOf time.Time, who string) error {
	c.mu.Lock()
	c.asked = append(c.asked, "prepare "+asOf.Format(time.DateOnly)+" "+who)
	c.prepared()
	c.mu.Unlock()
	c.tell()
	return nil
}

func (c *city) Approve(_ context.Context, id store.RoundID, who string) error {
	c.mu.Lock()
	c.asked = append(c.asked, fmt.Sprintf("approve %d %s", id, who))
	c.running()
	c.mu.Unlock()
	c.tell()
	return nil
}

func (c *city) Job() app.Job {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.job
}

func (c *city) Watch() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	c.watchers[ch] = true
	c.mu.Unlock()
	return ch, func() { c.mu.Lock(); delete(c.watchers, ch); c.mu.Unlock() }
}

func (c *city) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

func (c *city) Funnel(context.Context, store.RoundID) (store.Funnel, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.funnel, nil
}

func (c *city) ConfirmTimes(context.Context, store.RoundID) (a, b []float64, err error) {
	return []float64{41, 44, 47, 52, 118}, nil, nil
}

func (c *city) Cohort(context.Context, store.RoundID, time.Time) (tables.Cohort, error) {
	return c.cohort, nil
}

const lastEntry = 45

func (c *city) Last(context.Context) (uint64, error) { return lastEntry, nil }
func (c *city) Size(context.Context) (uint64, error) { return lastEntry - 2, nil }

func (c *city) Entries(_ context.Context, before uint64, readings bool, limit int) (out []audit.Entry, _ error) {
	kinds := []audit.Entry{
		{Actor: "officer:demo", Verb: "find people and hold places", Purpose: "pre-primary", Object: "round 3", Fields: []string{"population.birth_date"}, People: roaring.BitmapOf(1, 2, 3, 4, 5, 6)},
		{Actor: "resident:17", Verb: "answer", Purpose: "pre-primary", Object: "case 12", People: roaring.BitmapOf(17, 18)},
		{Actor: "system:work", Verb: "a verb of tomorrow", Purpose: "keeping the registers"},
	}
	for seq := uint64(lastEntry); seq >= 1 && len(out) < limit; seq-- {
		if before == 0 || seq < before {
			e := kinds[seq%3]
			if readings && e.Fields == nil {
				continue
			}
			e.Seq, e.At, e.Basis = seq, begin.Add(time.Duration(seq)*time.Minute), "Basic Education Act 628/1998, section 26 a"
			out = append(out, e)
		}
	}
	return out, nil
}

func (c *city) Handsets(context.Context, store.RoundID) ([]store.Handset, error) {
	return []store.Handset{
		{Case: 12, Guardian: aGuardian, Children: []string{aChild, "Helmi"}, Number: aNumber, Language: person.Finnish, Stage: conversation.Asked, Why: "several children on one phone"},
		{Case: 15, Party: 1, Guardian: "Erik Lindqvist", Children: []string{"Saga"}, Language: person.Swedish, Stage: conversation.Letter, Why: "no text message reaches the family"},
		{Case: 16, Guardian: "Olga Petrova", Children: []string{"Mila"}, Number: "+358457000019", Language: person.English, Stage: conversation.ByHand, Why: "served in person"},
	}, nil
}

func (c *city) Family(_ context.Context, _ store.RoundID, from conversation.CaseID) ([]store.Handset, error) {
	if from > 40 {
		return nil, fault.New(fault.Missing, "test", "no such case")
	}
	return []store.Handset{{Case: 40, Guardian: "Pirkko Lahti", Children: []string{"Ville"}, Number: "+358457000040", Language: person.Finnish, Stage: conversation.Asked, Why: "one guardian"}}, nil
}

func (c *city) Answer(_ context.Context, h store.Handset, text string) error {
	c.mu.Lock()
	c.asked = append(c.asked, "answer "+h.Number+" "+text)
	c.screen = append(c.screen, phone.Line{At: begin.Add(7 * time.Hour), Outgoing: true, Text: text})
	c.mu.Unlock()
	c.tell()
	return nil
}

func (c *city) Twice(context.Context) (int, error) { return 0, nil }

func (c *city) Screen(_ context.Context, number string) ([]phone.Line, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number != aNumber {
		return nil, nil
	}
	return append([]phone.Line{{At: begin.Add(6 * time.Hour), Text: "Hei Aino Virtanen! Lapsellenne Onni on varattu esiopetuspaikka.\nA = otan vastaan <b>\nB = en ota"}}, c.screen...), nil
}

func (c *city) TakeOver(_ context.Context, number string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = number == aNumber
	return nil
}

func (c *city) Now() time.Time { return begin.Add(6 * time.Hour) }
func (c *city) Speed() float64 { c.mu.Lock(); defer c.mu.Unlock(); return c.speed }
func (c *city) SetSpeed(s float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.speed = s
}

// until waits until the city was asked something, or for patience.
func (c *city) until(ctx context.Context, want string) {
	changed, stop := c.Watch()
	defer stop()
	late, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for !slices.Contains(c.requests(), want) {
		select {
		case <-late.Done():
			return
		case <-changed:
		}
	}
}

func (c *city) requests() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.asked...)
}

// handlerOf makes the pages over a made-up city.
func handlerOf(t *testing.T, c *city) http.Handler {
	t.Helper()
	return loggingHandlerOf(t, c, slog.New(slog.DiscardHandler))
}

func loggingHandlerOf(t *testing.T, c *city, log *slog.Logger) http.Handler {
	t.Helper()
	h, err := newSite(partsOf(t, c, log))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func loggingSite(t *testing.T, c *city, log *slog.Logger) *site {
	t.Helper()
	s, err := openSite(partsOf(t, c, log))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func partsOf(t *testing.T, c *city, log *slog.Logger) parts {
	t.Helper()
	pack, err := service.Load(packs.FS, cmp.Or(c.pack, "pre-primary"), app.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	policies, err := access.Load(access.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var pace Pace = c
	if c.real {
		pace = nil
	}
	var permissions omaData
	if c.oma != nil {
		permissions = c.oma
	}
	return parts{ctx: t.Context(), omaData: permissions, privacy: &desk{c: c}, pack: pack, rounds: c, figures: c, record: c, proof: c, matters: c, care: c, effects: c, highNeed: c, residents: c, families: c, screens: c, clock: c, real: time.Now,
		door: fakeDoor{}, sessions: signin.NewSessions(c, c.machine), policies: policies, pace: pace, log: log}
}

// get asks for a page as nobody.
func get(t *testing.T, h http.Handler, address string) *httptest.ResponseRecorder {
	t.Helper()
	return getAs(t, h, "", address)
}

// getAs asks for a page as somebody whom the fake door knows.
func getAs(t *testing.T, h http.Handler, who, address string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080"+address, nil)
	carry(t, h, r, who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var errBroken = fault.New(fault.Internal, "test", "the disk is on fire")
