package app_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/conversation"
	"ennakko/omadata"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
)

// offering is a city whose families are told of the lower fee.
type offering struct {
	*testing.T
	app    *app.App
	clock  *app.SteppedClock
	oma    *omadata.Service
	pack   *service.Pack
	driver *app.Driver
	round  store.Round
}

func newOffering(t *testing.T) *offering {
	t.Helper()
	o := &offering{T: t, clock: app.NewSteppedClock(feeBegin.Add(-3 * time.Hour))}
	var err error
	if o.app, err = app.Open(t.Context(), app.Config{Data: city(t), Packs: packs.FS, Seed: 7, Clock: o.clock, New: true, Address: "127.0.0.1:8082"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.app.Close(context.Background()) })
	o.oma = useIncome(t, o.app, o.clock)
	if _, err := o.oma.Offer(t.Context(), "officer:test", silent3); err != nil {
		t.Fatal(err)
	}
	if o.pack, err = o.app.Pack(app.FeeOffer); err != nil {
		t.Fatal(err)
	}
	return o
}

func silent3(int, int) {}

// begin prepares the round and lets another officer approve it.
func (o *offering) begin() {
	o.Helper()
	var err error
	o.round, err = o.app.Start(o.Context(), o.pack, round.Order{AsOf: o.clock.Now().Truncate(24 * time.Hour), Officer: "officer:a", Now: o.clock.Now()}, "officer:b", func(string, int, int) {})
	if err != nil {
		o.Fatal(err)
	}
	if o.driver, err = o.app.NewDriver(o.Context(), o.pack); err != nil {
		o.Fatal(err)
	}
}

func (o *offering) until(at time.Time) {
	o.Helper()
	if err := o.driver.RunUntil(o.Context(), o.round, o.clock, at, func(time.Time) {}); err != nil {
		o.Fatal(err)
	}
}

func (o *offering) work() {
	o.Helper()
	for did := true; did; {
		var err error
		if did, err = o.oma.Step(o.Context()); err != nil {
			o.Fatal(err)
		}
	}
}

func (o *offering) choose(who person.ID, n store.MatterID, way string) {
	o.Helper()
	if err := o.oma.Choose(o.Context(), who, n, way); err != nil {
		o.Fatal(err)
	}
}

// asked are grown-ups who have one matter and fit, and their matters.
func (o *offering) asked(n int, fits func(person.ID) bool) (who []person.ID, matters []store.MatterID) {
	o.Helper()
	ids, err := o.app.DB.MattersAfter(o.Context(), omadata.Purpose, 0, 400)
	if err != nil {
		o.Fatal(err)
	}
	for _, id := range ids {
		m, err := o.app.DB.Matter(o.Context(), id)
		if err != nil {
			o.Fatal(err)
		}
		for _, a := range adults(m) {
			of, err := o.app.DB.MattersOf(o.Context(), omadata.Purpose, a)
			if err != nil {
				o.Fatal(err)
			}
			if len(of) == 1 && len(who) < n && !slices.Contains(who, a) && fits(a) {
				who, matters = append(who, a), append(matters, id)
			}
		}
	}
	if len(who) < n {
		o.Fatalf("%d grown-ups", len(who))
	}
	return who, matters
}

// anyone fits.
func anyone(person.ID) bool { return true }

// reached are those to whom a text message will go, on a phone of their own.
func (o *offering) reached() func(person.ID) bool {
	numbers := map[string]bool{}
	return func(who person.ID) bool {
		h, there := o.caseOf(who)
		if !there || h.Number == "" || h.Stage != conversation.Held || numbers[h.Number] {
			return false
		}
		numbers[h.Number] = true
		return true
	}
}

// caseOf is the case of somebody in the round, and their phone; false: there is none.
func (o *offering) caseOf(who person.ID) (store.Handset, bool) {
	o.Helper()
	ids, err := o.app.DB.CasesOf(o.Context(), who)
	if err != nil {
		o.Fatal(err)
	}
	for _, id := range ids {
		all, err := o.app.NewDesk(o.pack, o.clock).Family(o.Context(), o.round.ID, id)
		if err == nil && len(all) > 0 && all[0].Case == id {
			return all[0], true
		}
	}
	return store.Handset{}, false
}

func (o *offering) screen(h store.Handset) (out []string) {
	o.Helper()
	lines, err := o.app.Network.Screen(o.Context(), h.Number)
	if err != nil {
		o.Fatal(err)
	}
	for _, l := range lines {
		if !l.Outgoing {
			out = append(out, l.Text)
		}
	}
	return out
}

func (o *offering) writes(h store.Handset, text string) {
	o.Helper()
	if err := o.app.Network.Write(o.Context(), h.Number, text); err != nil {
		o.Fatal(err)
	}
	o.until(o.clock.Now().Add(2 * time.Minute))
}

func (o *offering) stage(who person.ID, n store.MatterID) omadata.Stage {
	o.Helper()
	m, err := o.oma.Matter(o.Context(), who, n)
	if err != nil {
		o.Fatal(err)
	}
	return m.Stage
}

func TestFamiliesAreToldOfALowerFeeByTextMessageAndANoByLetterIsRemembered(t *testing.T) {
	o := newOffering(t)
	before, at := o.asked(1, anyone)
	o.choose(before[0], at[0], omadata.Documents) // before anybody is asked
	o.begin()
	who, matters := o.asked(4, o.reached())
	soon, no, yes, silent := who[0], who[1], who[2], who[3]
	if _, there := o.caseOf(before[0]); there {
		t.Error("who has chosen is asked")
	}
	if got := o.round.Summary["placed"]; got == 0 || got != o.round.Summary["justified"] {
		t.Errorf("%d of %d are offered it", got, o.round.Summary["justified"])
	}
	o.until(o.round.Schedule.NoticeAt.Add(time.Hour))
	o.choose(soon, matters[0], omadata.Highest) // between the notice and the question
	o.until(o.round.Schedule.InquiryAt.Add(20 * time.Minute))

	early, _ := o.caseOf(soon)
	if texts := o.screen(early); len(texts) != 1 || early.Stage != conversation.Accepted {
		t.Errorf("who chose before the question got %d messages and is %s", len(texts), early.Stage)
	}
	h, there := o.caseOf(no)
	if !there {
		t.Fatal("nobody was asked")
	}
	texts := o.screen(h)
	if len(texts) != 2 || !strings.Contains(texts[1], "127.0.0.1:8082") || !strings.Contains(texts[1], "\nB = ") {
		t.Fatalf("the phone shows %q", texts)
	}
	name := h.Guardian[:strings.Index(h.Guardian+" ", " ")]
	if strings.Contains(texts[0]+texts[1], name) {
		t.Error("the message names whom it went to")
	}
	o.writes(h, "B")
	other, _ := o.caseOf(yes)
	o.writes(other, "A")
	if waiting, err := o.app.DB.Refusals(t.Context(), app.FeeOffer, 9); err != nil || len(waiting) != 1 || waiting[0].Person != no {
		t.Fatalf("%+v, %v", waiting, err)
	}
	o.work()
	if s := o.stage(no, matters[1]); s != omadata.PutOff {
		t.Errorf("after a no by letter the matter is %s", s)
	}
	if s := o.stage(yes, matters[2]); s != omadata.Offered {
		t.Errorf("after a yes by letter the matter is %s: a permission is given on the pages alone", s)
	}
	if waiting, err := o.app.DB.Refusals(t.Context(), app.FeeOffer, 9); err != nil || len(waiting) != 0 {
		t.Errorf("the no waits for an officer although it is noted: %+v, %v", waiting, err)
	}
	o.choose(no, matters[1], permission.WayPermit) // of their own will, on the pages
	if again, _ := o.caseOf(no); again.Stage != conversation.Accepted {
		t.Errorf("who permits after all is %s", again.Stage)
	}
	was := len(o.screen(other))
	o.until(o.round.Schedule.ReminderAt.Add(time.Hour))
	if len(o.screen(other)) != was {
		t.Error("who said yes is reminded")
	}
	if h, _ := o.caseOf(silent); len(o.screen(h)) != 3 {
		t.Errorf("who is silent got %d messages: a notice, a question and one reminder were due", len(o.screen(h)))
	}
}

func TestNobodyIsAskedTwiceUnderTheSameAgreement(t *testing.T) {
	o := newOffering(t)
	o.begin()
	who, matters := o.asked(2, o.reached())
	first := o.round
	o.until(o.round.Schedule.InquiryAt.Add(time.Hour))
	h, _ := o.caseOf(who[0])
	o.writes(h, "B")
	o.work()
	o.until(first.Schedule.CloseAt)
	if err := o.driver.Close(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	o.clock.To(o.clock.Now().AddDate(2, 0, 0)) // long after: who was silent may be asked
	if _, err := o.oma.Offer(t.Context(), "officer:test", silent3); err != nil {
		t.Fatal(err)
	}
	for i, want := range []bool{false, true} {
		found := o.undecided(who[i])
		if found != want {
			t.Errorf("%d of matter %d: undecided %t", i, matters[i], found)
		}
	}
}

// undecided reports whether the next round would look at somebody.
func (o *offering) undecided(who person.ID) bool {
	o.Helper()
	source := o.app.DB.Undecided(omadata.Purpose, "early-education-fee-income", 1, o.clock.Now())
	set, err := source.Find(o.Context(), undecidedEver())
	if err != nil {
		o.Fatal(err)
	}
	return set.Contains(uint32(who))
}

func undecidedEver() register.Range {
	return register.Range{Field: register.FeeUndecided, From: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func TestWhoHasTwoChildrenIsListedOnceAtTheLogIn(t *testing.T) {
	o := newOffering(t)
	who, _ := o.asked(3, anyone)
	o.begin()
	live, err := o.app.NewLive(t.Context(), o.pack, app.NewPacedClock(o.clock.Now(), 1, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	h, err := live.Handsets(t.Context(), o.round.ID)
	if err != nil || len(h) == 0 {
		t.Fatal(err)
	}
	all, err := app.NewMadeUp(live, who[0], who[1], who[0], h[0].Person).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, p := range all {
		if p.Code == "" {
			continue // an officer
		}
		if other, twice := seen[p.Code+p.Level]; twice {
			t.Errorf("%s and %s are one", other, p.ID)
		}
		seen[p.Code+p.Level] = p.ID
	}
	if len(seen) < 4 {
		t.Errorf("%d people log in", len(seen))
	}
}
