package permission_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/permission"
	"ennakko/person"
)

var (
	steps = flag.Int("steps", 250_000, "steps of the random lives")
	seed  = flag.Uint64("seed", 1, "seed of the random lives")
)

// signersOf is who has a say: for Self the person alone, while they have to do
// with the matter.
func (w town) signersOf(mode permission.Signers, subject person.ID) []person.ID {
	if mode != permission.Self {
		return w.signers
	}
	if slices.Contains(w.signers, subject) {
		return []person.ID{subject}
	}
	return nil
}

// seen is the town as one agreement looks at it.
type seen struct {
	town
	mode permission.Signers
}

func (s seen) Signers(subject, _ person.ID) []person.ID { return s.signersOf(s.mode, subject) }

// world is a few people, their permissions and what the registers say, with the
// oracle beside.
type world struct {
	r          *rand.Rand
	now        time.Time
	town       town
	mode       permission.Signers
	agreements []permission.Agreement
	lives      []permission.Permission
	oracles    []*oracle
	grant      permission.Grant
	except     *roaring.Bitmap
	need       []permission.Field
	down       bool // the ledger
	trace      []string
	read, kept int                    // people read, and people not read, of those asked for
	why        map[permission.Why]int // the answers of Stands
	reminded   int                    // how often somebody was asked anew
	did        map[permission.EventKind]int
}

func (w *world) find(version int) (permission.Agreement, error) {
	if version < 1 || version > len(w.agreements) {
		return permission.Agreement{}, errors.New("no such version")
	}
	return w.agreements[version-1], nil
}

// Standing asks each life anew, and hands over more people than it was asked for.
func (w *world) Standing(_ context.Context, _ string, fields []permission.Field, _ *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
	if w.down {
		return nil, errors.New("down")
	}
	out := roaring.New()
	for _, p := range w.lives {
		a, err := w.find(p.Version())
		if ok, _ := p.Stands(at, a, seen{w.town, w.mode}); err == nil && ok && a.Covers(fields) {
			out.Add(uint32(p.Subject()))
		}
	}
	return out, nil
}

func (w *world) pick(ids ...person.ID) person.ID { return ids[w.r.IntN(len(ids))] }

func newWorld(t *testing.T, r *rand.Rand, texts map[permission.Signers][]permission.Agreement, purpose permission.Purpose) *world {
	t.Helper()
	w := &world{r: r, now: now, town: town{dead: map[person.ID]bool{}, gone: map[person.ID]bool{}, signers: []person.ID{mother, father}}, why: map[permission.Why]int{}, did: map[permission.EventKind]int{}}
	w.mode = []permission.Signers{permission.Self, permission.OneGuardian, permission.AllGuardians}[r.IntN(3)]
	w.agreements = texts[w.mode]
	subjects := []person.ID{mother, father, aunt}
	if w.mode != permission.Self {
		subjects = []person.ID{child, 10, 11}
	}
	all := roaring.New()
	for _, s := range subjects {
		p, err := permission.New(int64(s), s, child, "fee")
		if err != nil {
			t.Fatal(err)
		}
		w.lives, w.oracles = append(w.lives, p), append(w.oracles, &oracle{subject: s, about: child})
		all.Add(uint32(s))
	}
	w.except = roaring.New()
	if r.IntN(3) == 0 {
		w.except.Add(uint32(subjects[2]))
	}
	w.need = [][]permission.Field{{"income.wages"}, {"income.wages", "income.pension"}}[r.IntN(2)]
	a, err := audit.Begin("system:test", "fetch", "fee", "law", now)
	if err != nil {
		t.Fatal(err)
	}
	w.grant, err = permission.CheckStanding(context.Background(), a, purpose, w.need, permission.Everyone(), w.except, w, func() time.Time { return w.now })
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// event makes one up, often wrong.
func (w *world) event(i int) (permission.Event, permission.Agreement) {
	v := 1 + w.r.IntN(len(w.agreements))
	if last := w.oracles[i].last(); last > 0 && w.r.IntN(4) > 0 {
		v = last
	}
	a := w.agreements[v-1]
	e := permission.Event{Kind: permission.EventKind(1 + w.r.IntN(9)), At: w.now, Version: v, Hash: a.Hash()}
	switch w.r.IntN(6) { // these come more often than the rest
	case 0, 1:
		e.Kind = permission.Give
	case 2:
		e.Kind = permission.Ask
	}
	switch e.Kind {
	case permission.Expire, permission.End, permission.Remind:
		e.By = w.pick(0, 0, 0, 0, mother)
	case permission.Ask:
		e.By = w.pick(0, 0, mother, aunt)
	default:
		e.By = w.pick(mother, mother, father, father, aunt, child, w.oracles[i].subject, w.oracles[i].subject, 0)
	}
	if e.Kind == permission.End {
		e.Cause = []permission.Cause{permission.CauseMoved, permission.CauseGuardianship, permission.CauseAgreement}[w.r.IntN(3)]
		if w.r.IntN(40) == 0 {
			e.Cause = []permission.Cause{permission.CausePurpose, permission.CauseDeath}[w.r.IntN(2)]
		}
	}
	if e.Kind == permission.Refuse {
		e.Way = []string{"", "documents", "highest-fee"}[w.r.IntN(3)]
	}
	if say := w.town.signersOf(w.mode, w.oracles[i].subject); len(say) > 0 && w.r.IntN(3) == 0 { // what mostly happens in a city
		e = permission.Step(permission.Ask, a, 0, w.now)
		if state := w.lives[i].Of(v); state == permission.Asked || state == permission.Partly || state == permission.Expired {
			e = permission.Step(permission.Give, a, w.pick(say...), w.now)
		} else if state == permission.Standing {
			e = permission.Step([]permission.EventKind{permission.Renew, permission.Renew, permission.Decline}[w.r.IntN(3)], a, w.pick(say...), w.now)
		}
	}
	switch w.r.IntN(12) {
	case 0: // a clock that is off
		e.At = e.At.Add(time.Duration(w.r.Int64N(int64(6*permission.Skew))) - 3*permission.Skew).Truncate(time.Second)
	case 1:
		e.Hash = "another text"
	}
	return e, a
}

// step does one random thing and says where package and oracle differ.
func (w *world) step() error {
	i := w.r.IntN(len(w.lives))
	p, o := w.lives[i], w.oracles[i]
	switch n := w.r.IntN(24); {
	case n < 9:
		e, a := w.event(i)
		say := w.town.signersOf(w.mode, o.subject)
		next, err := p.Apply(e, a, say)
		want := o.takes(e, a, say)
		w.trace = append(w.trace, fmt.Sprintf("%s life %d %v by %d version %d %s%s of %v: %v", e.At.Format(time.DateTime), i, e.Kind, e.By, e.Version, e.Way, e.Cause, say, err))
		if (err == nil) != want {
			return fmt.Errorf("%v by %d in state %v: %w, the oracle says %v", e.Kind, e.By, p.State(), err, want)
		}
		if err == nil {
			if len(next.Events()) > len(p.Events()) {
				w.did[e.Kind]++
			}
			if len(next.Events()) != o.events {
				return fmt.Errorf("%v by %d in state %v: %d events, the oracle says %d", e.Kind, e.By, p.State(), len(next.Events()), o.events)
			}
			w.lives[i] = next
		}
	case n < 13:
		w.now = w.now.Add([]time.Duration{time.Second, time.Minute, 5 * time.Minute, 24 * time.Hour, 60 * 24 * time.Hour}[w.r.IntN(5)])
	case n == 13:
		w.town.signers = [][]person.ID{{mother}, {father}, {mother, father}, {mother, father}, {mother, father}, {mother, father}, {mother, father, aunt}, nil}[w.r.IntN(8)]
	case n == 14:
		id := w.pick(child, child, child, o.subject)
		w.town.gone[id] = w.r.IntN(4) == 0
	case n == 15:
		id := w.pick(child, o.subject)
		w.town.dead[id] = w.r.IntN(20) == 0 // a register may be mended, too
	case n == 16:
		if err := w.remind(i); err != nil {
			return err
		}
		return w.due(i)
	case n == 17:
		w.down = w.r.IntN(8) == 0
	case n == 18:
		return w.retell(i)
	case n < 21:
		at := w.now.Add(time.Duration(w.r.IntN(7)-3) * permission.Skew / 2)
		a, _ := w.find(p.Version())
		ok, why := p.Stands(at, a, seen{w.town, w.mode})
		w.why[why]++
		if b := w.agreements[w.r.IntN(len(w.agreements))]; b.Version() != a.Version() {
			if ok, _ := p.Stands(at, b, seen{w.town, w.mode}); ok {
				return fmt.Errorf("life %d stands under version %d, and was given under %d", i, b.Version(), a.Version())
			}
		}
		if want := o.reads(at, w.agreements, w.town, nil); ok != want || ok != (why == "") {
			return fmt.Errorf("life %d in state %v stands: %v %q, the oracle says %v", i, p.State(), ok, why, want)
		}
	default:
		return w.readSome()
	}
	return nil
}

// due lets the program do what it owes; it must never end what stands.
func (w *world) due(i int) error {
	p, o := w.lives[i], w.oracles[i]
	a, _ := w.find(p.Version()) // none: nothing is due
	e, ok := p.Due(w.now, a, seen{w.town, w.mode})
	if !ok {
		return nil
	}
	if o.reads(w.now, w.agreements, w.town, nil) {
		return fmt.Errorf("life %d stands, and %v %s is due", i, e.Kind, e.Cause)
	}
	next, err := p.Apply(e, a, nil)
	if want := o.takes(e, a, nil); (err == nil) != want {
		return fmt.Errorf("%v is due in state %v: %w, the oracle says %v", e.Kind, p.State(), err, want)
	}
	if err == nil {
		w.lives[i] = next
	}
	return nil
}

// remind lets the program ask anew; it must do so for nothing but what stands, and
// once.
func (w *world) remind(i int) error {
	p, o := w.lives[i], w.oracles[i]
	a, _ := w.find(p.Version())
	now := seen{w.town, w.mode}
	e, ok := p.Reminding(w.now, a, now)
	say := w.town.signersOf(w.mode, o.subject)
	if !ok {
		return nil
	}
	if !o.reads(w.now, w.agreements, w.town, nil) {
		return fmt.Errorf("life %d does not stand, and is asked anew", i)
	}
	next, err := p.Apply(e, a, say)
	if want := o.takes(e, a, say); (err == nil) != want || err == nil && len(next.Events()) == len(p.Events()) {
		return fmt.Errorf("asking life %d anew changes nothing, or cannot be: %w, the oracle says %v", i, err, want)
	}
	if err != nil { // a clock was ahead
		return nil //nolint:nilerr // and the oracle says so
	}
	if _, twice := next.Reminding(w.now, a, now); twice {
		return fmt.Errorf("life %d is asked anew twice", i)
	}
	w.lives[i], w.reminded = next, w.reminded+1
	return nil
}

// retell tells the life again from its events, through JSON.
func (w *world) retell(i int) error {
	p := w.lives[i]
	b, err := json.Marshal(p.Events())
	if err != nil {
		return err
	}
	var events []permission.Event
	if err := json.Unmarshal(b, &events); err != nil {
		return err
	}
	back, err := permission.Restore(p.ID(), p.Subject(), p.About(), p.Purpose(), events, w.find)
	if err != nil || fmt.Sprint(back.Answers()) != fmt.Sprint(p.Answers()) {
		return fmt.Errorf("life %d does not read back: %w", i, err)
	}
	w.lives[i] = back
	return nil
}

// readSome looks at the grant again for some people, as a reader does before each
// block, and holds what may be read against the oracle.
func (w *world) readSome() error {
	who := roaring.New()
	for _, o := range w.oracles {
		if w.r.IntN(3) > 0 {
			who.Add(uint32(o.subject))
		}
	}
	still, err := w.grant.Still(context.Background(), who)
	over := !w.now.Before(w.grant.Purpose().Until())
	if (w.down && !who.IsEmpty() && roaring.AndNot(who, w.except).GetCardinality() > 0 || over) != (err != nil) {
		return fmt.Errorf("the ledger is down: %v, the purpose over: %v, and Still says %w", w.down, over, err)
	}
	for _, o := range w.oracles {
		if !who.Contains(uint32(o.subject)) {
			continue
		}
		w.kept++
		may := err == nil && !w.except.Contains(uint32(o.subject)) && o.reads(w.now, w.agreements, w.town, w.need)
		if got := still != nil && still.Contains(uint32(o.subject)); got != may || w.grant.Allows("income.wages", o.subject) != may {
			return fmt.Errorf("person %d is read: %v, opened: %v, the oracle says %v", o.subject, got, w.grant.Allows("income.wages", o.subject), may)
		}
	}
	if still != nil {
		w.read += int(still.GetCardinality())
		w.kept -= int(still.GetCardinality())
	}
	if still != nil && !roaring.AndNot(still, who).IsEmpty() {
		return fmt.Errorf("people were handed over whom nobody asked for")
	}
	return nil
}

// texts makes four versions of the agreement for each kind of signers; the
// last is in force later, and the second leaves one field out.
func texts(t *testing.T) map[permission.Signers][]permission.Agreement {
	t.Helper()
	out := map[permission.Signers][]permission.Agreement{}
	for _, mode := range []permission.Signers{permission.Self, permission.OneGuardian, permission.AllGuardians} {
		for v := 1; v <= 4; v++ {
			s := agreementSpec(v, mode)
			switch v {
			case 2:
				s.Sources[0].Fields = s.Sources[0].Fields[:1]
			case 4:
				s.From = now.AddDate(0, 6, 0)
			}
			a, err := permission.NewAgreement(s)
			if err != nil {
				t.Fatal(err)
			}
			out[mode] = append(out[mode], a)
		}
	}
	return out
}

func feePurpose(t *testing.T) permission.Purpose {
	t.Helper()
	s := spec()
	s.ID, s.Fields, s.Until = "fee", []permission.Field{"income.wages", "income.pension"}, now.AddDate(1, 6, 0)
	s.Conditions = []permission.Condition{{Kind: permission.OwnPermission, Source: "s"}}
	p, err := permission.NewPurpose(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Random people give, refuse, withdraw, lose custody, move and die; clocks are
// off, agreements change, the ledger fails. At no moment may anything be read
// that the oracle does not allow, nor refused that it does. -steps 1000000
// makes it long.
func TestRandomLivesAgainstTheOracle(t *testing.T) {
	all, purpose := texts(t), feePurpose(t)
	const oneLife = 250
	read, kept, why, reminded, did := 0, 0, map[permission.Why]int{}, 0, map[permission.EventKind]int{}
	for s := range uint64(*steps / oneLife) {
		r := rand.New(rand.NewPCG(*seed, s))
		w := newWorld(t, r, all, purpose)
		for n := range oneLife {
			if err := w.step(); err != nil {
				t.Fatalf("seed %d, world %d, step %d, signers %v, now %s, agreements for %s: %v\nlast steps:\n%s", *seed, s, n, w.town.signers, w.now.Format(time.DateTime), w.mode, err, lines(w.trace))
			}
		}
		read, kept, reminded = read+w.read, kept+w.kept, reminded+w.reminded
		for k, n := range w.did {
			did[k] += n
		}
		for k, n := range w.why {
			why[k] += n
		}
	}
	t.Logf("%d people were read, %d were not; answers of Stands: %v; asked anew %d times; what happened: %v", read, kept, why, reminded, did)
	for _, k := range []permission.EventKind{permission.Remind, permission.Renew, permission.Decline} {
		if did[k] < *steps/10_000 || reminded < *steps/10_000 {
			t.Errorf("%v hardly ever happened: %d times, %d times by the program's own look", k, did[k], reminded)
		}
	}
	if read < kept/20 {
		t.Errorf("only %d people were read and %d were not: the test looks at too little", read, kept)
	}
	for _, w := range permission.Whys() {
		if why[w] < *steps/100_000 && w != permission.WhyField && w != permission.WhyGap && w != permission.WhyOtherText && w != permission.WhyAgreement {
			t.Errorf("%q was hardly ever the answer", w)
		}
	}
}

func lines(all []string) string {
	out := ""
	for _, l := range all[max(0, len(all)-25):] {
		out += l + "\n"
	}
	return out
}
