package omadata_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/store"
)

var (
	randomSteps = flag.Int("omadata.steps", 2000, "how many random steps the property test takes")
	randomSeed  = flag.Uint64("omadata.seed", 1, "the first city of the property test: a million steps in parts on several cores")
)

// life is one random life of a small city, with a judge beside it.
//
// The judge knows only what people did and what happened to them, in its own words:
// who said yes and until when, who lives with whom, who has moved or died. It is
// asked at every moment at which data is asked for, kept or read.
type life struct {
	*city
	r        *rand.Rand
	families []*home
	yes      map[pair]time.Time // until when
	first    map[pair]time.Time // until when, if the first yes of several counts
	wrong    []string
	did      map[string]int
	deep     int  // random steps in the middle of others
	hasty    bool // much time passes in the middle of others
}

type pair struct{ adult, child person.ID }

// home is what really is so of one family.
type home struct {
	child  person.ID
	adults []person.ID
	matter store.MatterID
	lives  map[person.ID]bool // with the child
	moved  bool
	dead   map[person.ID]bool
}

const stands = 30 * 24 * time.Hour // as the test's agreement has it

func newLife(t testing.TB, seed uint64, plant func(*omadata.Service)) *life {
	t.Helper()
	pack, err := feePack()
	if err != nil {
		t.Fatal(err)
	}
	spec := pack.Agreement().Spec()
	spec.Lasts = permission.Period{Days: 30}
	a, err := permission.NewAgreement(spec)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{r: rand.New(rand.NewPCG(seed, 7)), yes: map[pair]time.Time{}, first: map[pair]time.Time{}, did: map[string]int{}}
	l.city = emptyCity(t, func(o *omadata.Config) {
		o.Agreements, o.Fresh, o.Block = []permission.Agreement{a}, 5*24*time.Hour, 1
	})
	for i := range 3 {
		base := person.ID(100 * (i + 1))
		h := &home{child: base + 1, adults: []person.ID{base + 2, base + 3}[:1+i%2], lives: map[person.ID]bool{}, dead: map[person.ID]bool{}}
		l.world.born(t, h.child, "Lapsi", start.AddDate(-3, 0, -i), fmt.Sprintf("d%d", i))
		l.world.inCare(h.child)
		for j, id := range h.adults {
			l.world.born(t, id, "Aikuinen", start.AddDate(-30, -j, -i), fmt.Sprintf("d%d", i))
			l.pay(id, int64(2000_00+100_00*i))
			h.lives[id] = true
		}
		l.families = append(l.families, h)
		l.tell(h)
	}
	l.registersCame()
	if _, err := l.Offer(l.ctx, "system:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	for _, h := range l.families {
		if h.matter, err = l.db.MatterOf(l.ctx, omadata.Purpose, h.child); err != nil {
			t.Fatal(err)
		}
	}
	l.source.do = l.whileAsked
	l.world.while = func() {
		if l.r.IntN(4) == 0 {
			l.between()
		}
	}
	omadata.BeforeBlock(l.Service, func(int) { l.between() })
	omadata.Writing(l.Service, l.watched)
	plant(l.Service)
	return l
}

// tell writes what is so of a family into the registers.
func (l *life) tell(h *home) {
	var facts []register.Fact
	for _, id := range h.adults {
		facts = append(facts, guardian(id, h.lives[id]))
	}
	l.world.set(h.child, register.GuardianOf, facts...)
	past := register.Fact{Value: start.AddDate(0, 0, -1).Truncate(24 * time.Hour)}
	l.world.set(h.child, register.MovedOut)
	if h.moved {
		l.world.set(h.child, register.MovedOut, past)
	}
	for _, id := range append([]person.ID{h.child}, h.adults...) {
		l.world.set(id, register.DeathDate)
		if h.dead[id] {
			l.world.set(id, register.DeathDate, past)
		}
	}
}

// basis is the judge's word: may the adult's data be used in the child's matter now?
func (l *life) basis(p pair) bool {
	until, said := l.yes[p]
	i := slices.IndexFunc(l.families, func(h *home) bool { return h.child == p.child })
	h := l.families[i]
	return said && l.clock.Now().Before(until) && l.holds(h, p.adult)
}

func (l *life) holds(h *home, adult person.ID) bool {
	return h.lives[adult] && !h.moved && !h.dead[adult] && !h.dead[h.child]
}

func (l *life) blame(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// watchedTx tells the judge of every use of data at the moment of it.
type watchedTx struct {
	store.Tx
	l    *life
	used []person.ID
}

func (t *watchedTx) judge(what string, permit int64) {
	row, err := t.PermitOf(permit)
	if err != nil {
		t.l.blame("%s: %v", what, err)
		return
	}
	t.l.did[what]++
	t.used = append(t.used, row.Subject)
	if !t.l.basis(pair{row.Subject, row.About}) {
		t.l.blame("%s without a basis: permission %d", what, permit)
	}
}

func (t *watchedTx) BeginHandover(g permission.Grant, h store.Handover) (int64, error) {
	id, err := t.Tx.BeginHandover(g, h)
	if err == nil {
		t.judge("ask", h.Permission)
	}
	return id, err
}

func (t *watchedTx) KeepHandover(g permission.Grant, id int64, content []byte, fresh, now time.Time) error {
	err := t.Tx.KeepHandover(g, id, content, fresh, now)
	if err == nil {
		permit, ok := t.of(id)
		if !ok {
			t.l.blame("nobody knows whose hand-over %d is", id)
			return err
		}
		t.judge("keep", permit)
	}
	return err
}

func (t *watchedTx) OpenHandover(g permission.Grant, id int64) (store.Payload, error) {
	p, err := t.Tx.OpenHandover(g, id)
	if err == nil {
		t.judge("read", p.Handover.Permission)
	}
	return p, err
}

// of finds whose hand-over it is.
func (t *watchedTx) of(id int64) (int64, bool) {
	for permit := int64(1); permit < 100; permit++ {
		all, err := t.HandoversOf(permit)
		if err != nil {
			return 0, false
		}
		if slices.ContainsFunc(all, func(h store.Handover) bool { return h.ID == id }) {
			return permit, true
		}
	}
	return 0, false
}

// watched is a write under the eyes of the judge: what it used must stand in its
// entry.
func (l *life) watched(write omadata.Write) omadata.Write {
	return func(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
		var w *watchedTx
		var ended error
		err := write(ctx, act, func(tx store.Tx) error {
			w = &watchedTx{Tx: tx, l: l}
			ended = do(w)
			return ended
		})
		if w == nil || len(w.used) == 0 {
			return err
		}
		last, lerr := l.db.Last(ctx)
		if lerr != nil {
			l.blame("the record: %v", lerr)
			return err
		}
		e, _, eerr := l.db.Entry(ctx, last)
		for _, id := range w.used {
			if err != nil || ended != nil || eerr != nil || e.Verb != act.Verb() || e.Purpose != act.Purpose() || !e.At.Equal(act.At().Truncate(time.Microsecond)) || !e.People.Contains(uint32(id)) || len(e.Fields) == 0 {
				l.blame("%q used data of %d and left no entry (%v, %v)", act.Verb(), id, err, ended)
			}
		}
		return err
	}
}

// whileAsked is what happens while a source is asked: the answer comes too late for
// some.
func (l *life) whileAsked(context.Context, incomes.Request) error {
	l.between()
	switch l.r.IntN(12) {
	case 0:
		return fault.New(fault.Later, "test", "down")
	case 1:
		return fault.New(fault.Refused, "test", "no")
	}
	return nil
}

// between takes random steps in the middle of another.
func (l *life) between() {
	if l.deep > 0 {
		return
	}
	l.deep++
	if l.hasty && l.r.IntN(3) == 0 {
		l.clock.add(time.Duration(l.r.IntN(40*24)) * time.Hour)
	}
	for range l.r.IntN(3) {
		l.small()
	}
	l.deep--
}

// step is one random step.
func (l *life) step() {
	switch x := l.r.IntN(20); {
	case x < 11:
		l.small()
	case x < 16:
		l.expect("step", second(l.Step(l.ctx)))
	case x < 18:
		h, who := l.some()
		_, err := l.Matter(l.ctx, who, h.matter)
		l.expect("look", err)
	case x < 19:
		_, err := l.Review(l.ctx)
		l.expect("batch", err)
	default:
		l.question()
	}
}

func second(_ bool, err error) error { return err }

// expect takes note of an outcome; what may be refused may be refused.
func (l *life) expect(what string, err error) {
	l.did[what]++
	switch fault.KindOf(err) {
	case fault.Missing, fault.Conflict, fault.Later, fault.Refused:
		return
	case fault.Internal, fault.Invalid, fault.Tampered:
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		l.blame("%s: %v", what, err)
	}
}

func (l *life) some() (*home, person.ID) {
	h := l.families[l.r.IntN(len(l.families))]
	return h, h.adults[l.r.IntN(len(h.adults))]
}

// small is a step of people or of the world, which may also come in the middle of
// another.
func (l *life) small() {
	switch l.r.IntN(12) {
	case 0, 1, 2:
		l.give()
	case 9, 10:
		l.anew()
	case 3:
		l.withdraw()
	case 4:
		h, who := l.some()
		way := []string{omadata.Documents, omadata.Highest, omadata.NotNow}[l.r.IntN(3)]
		err := l.Choose(l.ctx, who, h.matter, way)
		if err == nil {
			delete(l.yes, pair{who, h.child})
		}
		l.expect("another way", err)
	case 5:
		l.happens()
	case 6, 7, 8:
		l.clock.add(time.Duration(l.r.IntN(40)) * time.Minute)
		l.did["minutes"]++
	default:
		l.clock.add(time.Duration(l.r.IntN(9*24)) * time.Hour)
		l.did["days"]++
	}
}

func (l *life) give() {
	h, who := l.some()
	p := pair{who, h.child}
	err := l.Choose(l.ctx, who, h.matter, permission.WayPermit)
	l.expect("give", err)
	if err != nil {
		return
	}
	// Time may have passed until it was kept. A second yes is no new one, unless the
	// first was ended by its cause in between, which the judge cannot know: so much it
	// lets pass; TestGivingTwiceIsOneGiving does not.
	now := l.clock.Now()
	if until, said := l.yes[p]; !said || !now.Before(until) {
		l.first[p] = now.Add(stands)
	}
	l.yes[p] = now.Add(stands)
}

// anew is what somebody says before their permission ends: that it goes on, or that
// it does not. Whichever it is, what stands meanwhile is what they said at first.
func (l *life) anew() {
	h, who := l.some()
	row, ok, err := l.permitOf(who, h.child)
	if err != nil || !ok {
		return
	}
	if left := row.Until.Sub(l.clock.Now()); left > stands/2 && l.r.IntN(3) == 0 { // so late in its time that they may
		l.clock.add(left - stands/2 + time.Duration(l.r.Int64N(int64(stands/2))))
	}
	if l.r.IntN(3) == 0 {
		err := l.Decline(l.ctx, who, row.ID, omadata.Seen{})
		if err == nil {
			l.did["decline"]++
		}
		l.expect("say no before the end", err)
		return
	}
	err = l.Renew(l.ctx, who, row.ID, omadata.Seen{})
	l.expect("say yes before the end", err)
	p, now := pair{who, h.child}, l.clock.Now()
	until, said := l.yes[p]
	if err == nil && said && now.Before(until) && !now.Before(l.first[p].Add(-stands/2)) {
		if l.first[p].Equal(until) {
			l.first[p] = now.Add(stands)
		}
		l.yes[p] = now.Add(stands)
		l.did["renew"]++
	}
}

// askedOnce looks at what the city asked by itself before permissions ended: once for
// each time that they were given, not after a no, and only while they stood.
func (l *life) askedOnce() {
	for _, h := range l.families {
		all, err := l.db.PermitsAbout(l.ctx, h.child)
		l.must(err)
		for _, row := range all {
			events, err := l.db.PermitEvents(l.ctx, row.ID)
			l.must(err)
			var given time.Time
			asked, stood, no := 0, false, false
			for _, e := range events {
				switch e.Kind {
				case "give", "renew":
					if e.Kind == "renew" && (!stood || !e.At.Before(given.Add(stands))) {
						l.blame("permission %d was given anew when it did not stand", row.ID)
					}
					given, asked, stood, no = e.At, 0, true, false
				case "remind":
					asked++
					l.did["ask anew"]++
					if asked > 1 || !stood || no || e.At.Before(given.Add(stands/2)) || !e.At.Before(given.Add(stands)) {
						l.blame("permission %d was asked for anew %d times, standing %v, after a no %v, given on %s, on %s", row.ID, asked, stood, no, given, e.At)
					}
				case "decline":
					no = true
				case "ask":
					if no {
						l.blame("permission %d was asked for again after a no", row.ID)
					}
				default:
					stood, no = false, no && e.Kind == "expire"
				}
			}
		}
	}
}

func (l *life) withdraw() {
	h, who := l.some()
	row, ok, err := l.permitOf(who, h.child)
	if err == nil && ok {
		_, err = l.Withdraw(l.ctx, who, row.ID)
		if err == nil {
			delete(l.yes, pair{who, h.child})
		}
	}
	l.expect("withdraw", err)
}

func (l *life) permitOf(who, child person.ID) (store.Permit, bool, error) {
	all, err := l.db.PermitsAbout(l.ctx, child)
	i := slices.IndexFunc(all, func(p store.Permit) bool { return p.Subject == who })
	if i < 0 {
		return store.Permit{}, false, err
	}
	return all[i], true, err
}

// happens changes what is so of a family, and a register comes in that says so.
// Deaths are corrected again in this city: else it would soon be empty.
func (l *life) happens() {
	h, who := l.some()
	switch l.r.IntN(8) {
	case 0, 1, 2:
		h.lives[who] = !h.lives[who]
	case 3, 4:
		h.moved = !h.moved
	case 5:
		h.dead[who] = l.r.IntN(4) == 0
	case 6:
		h.dead[h.child] = l.r.IntN(6) == 0
	default: // it is well again
		h.moved, h.dead = false, map[person.ID]bool{}
		for _, id := range h.adults {
			h.lives[id] = true
		}
	}
	l.tell(h)
	l.registersCame()
	l.did["happens"]++
}

// question is what a source asks before it hands over.
func (l *life) question() {
	h, who := l.some()
	row, ok, err := l.permitOf(who, h.child)
	if err != nil || !ok {
		return
	}
	v, err := l.Standing(l.ctx, standing.Question{Source: "incomes-register", Permission: row.ID, Purpose: row.Purpose, Fields: []permission.Field{incomes.FieldMonth}, Person: peopleKey(l).Person(l.world.code(l, who))})
	l.expect("question", err)
	if v.Stands {
		l.did["a source's yes"]++
		if !l.basis(pair{who, h.child}) || v.Until.Sub(l.clock.Now()) > time.Second {
			l.blame("a source was told yes without a basis: permission %d", row.ID)
		}
	}
}

// run takes steps, and stops at the first wrong.
func (l *life) run(steps int) (taken int) {
	for taken < steps && len(l.wrong) == 0 {
		l.step()
		taken++
	}
	return taken
}

// fresh is after how many steps a new city begins: death ends permissions for good,
// and the record grows.
const freshAfter = 1000

// TestNothingIsReadWithoutABasisAndAnEntry lets a small city live at random: people
// permit, take back, take other ways; guardianships end, children move, people die;
// sources are asked, fees worked out, batches run, all in the middle of each other.
// A million steps: go test ./omadata -run NothingIsRead -omadata.steps 1000000
func TestNothingIsReadWithoutABasisAndAnEntry(t *testing.T) {
	all := map[string]int{}
	for taken, seed := 0, *randomSeed; taken < *randomSteps; seed++ {
		t.Run(fmt.Sprintf("city %d", seed), func(t *testing.T) {
			l := newLife(t, seed, func(*omadata.Service) {})
			n := l.run(min(freshAfter, *randomSteps-taken))
			taken += n
			l.askedOnce()
			for _, w := range l.wrong {
				t.Errorf("seed %d, step %d: %s", seed, n, w)
			}
			for k, v := range l.did {
				all[k] += v
			}
			l.must(l.db.Covered(l.ctx))
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%v", all)
	for _, what := range []string{"give", "withdraw", "happens", "ask", "keep", "read", "batch", "look", "a source's yes", "ask anew", "renew", "decline"} {
		if all[what] == 0 {
			t.Errorf("%s never happened: nothing was tried", what)
		}
	}
}

// Each check is needed: without it the judge finds a wrong.
func TestAHoleInEachCheckIsFound(t *testing.T) {
	for name, plant := range map[string]func(*omadata.Service){
		"nobody looks before a source is asked":      func(s *omadata.Service) { omadata.NoCheckAt(s, omadata.AtBegin) },
		"nobody looks before an answer is kept":      func(s *omadata.Service) { omadata.NoCheckAt(s, omadata.AtKeep) },
		"nobody looks before what is kept is read":   func(s *omadata.Service) { omadata.NoCheckAt(s, omadata.AtRead) },
		"nobody looks before a block of a batch":     func(s *omadata.Service) { omadata.NoCheckAt(s, omadata.AtBatch) },
		"what was said once counts for good":         omadata.Remembers,
		"it is looked whether it stood two days ago": func(s *omadata.Service) { omadata.LooksLate(s, 48*time.Hour) },
		"nobody looks at guardianship":               func(s *omadata.Service) { omadata.Ignores(s, omadata.Guardianship) },
		"nobody looks at residence":                  func(s *omadata.Service) { omadata.Ignores(s, omadata.Residence) },
		"nobody looks at life":                       func(s *omadata.Service) { omadata.Ignores(s, omadata.Life) },
		"a source is asked and no entry is left":     func(s *omadata.Service) { omadata.KeepsNoEntry(s, "ask incomes-register") },
		"an answer is kept and no entry is left":     func(s *omadata.Service) { omadata.KeepsNoEntry(s, "take in what incomes-register sent") },
		"a fee is worked out and no entry is left":   func(s *omadata.Service) { omadata.KeepsNoEntry(s, "propose a fee") },
		"a batch reads and no entry is left":         func(s *omadata.Service) { omadata.KeepsNoEntry(s, "work fees out anew") },
		"one's own look leaves no entry":             func(s *omadata.Service) { omadata.KeepsNoEntry(s, "look at own income") },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed < 60; seed++ {
				l := newLife(t, seed, plant)
				l.hasty = seed%2 == 0
				n := l.run(1000)
				if len(l.wrong) > 0 {
					if !strings.Contains(l.wrong[0], "without a basis") && !strings.Contains(l.wrong[0], "left no entry") {
						t.Fatalf("something else is wrong: %s", l.wrong[0])
					}
					t.Logf("found with seed %d at step %d: %s", seed, n, l.wrong[0])
					return
				}
			}
			t.Error("nobody found it")
		})
	}
}
