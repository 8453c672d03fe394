package population

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/criteria"
	"ennakko/person"
)

var (
	pairsFlag = flag.Int("pairs", 200_000, "how many pairs of a random criterion and a random person to compare")
	seedFlag  = flag.Uint64("seed", 1, "another seed is other pairs")
)

// trial is random criteria and random people, on one day.
type trial struct {
	language *criteria.Language
	run      criteria.Run
	cares    []*criteria.Care
	pieces   [][]piece // of each criterion: population, exclusions, done
	people   []*history
}

const (
	trialCriteria = 40
	trialPeople   = 100
)

func newTrial(l *criteria.Language, seed, n uint64) *trial {
	rng := rand.New(rand.NewPCG(seed, n))
	t := &trial{language: l, run: criteria.Run{AsOf: day(pick(rng, "2020-06-01", "2021-01-07", "2020-02-29", "2020-12-31"))}}
	if rng.IntN(2) == 0 {
		t.run.Period = criteria.Period{First: day("2019-07-01"), Last: day("2020-12-31")}
	}
	g := newGrammar(rng)
	for i := range trialCriteria {
		var parts []piece
		for range 2 + pick(rng, 0, 0, 1, 2) {
			parts = append(parts, g.condition(l))
		}
		t.pieces = append(t.pieces, parts)
		t.cares = append(t.cares, careOf(l, fmt.Sprint("c", i), parts))
	}
	c := &chance{rng, l, t.run.AsOf}
	for i := range trialPeople {
		id := person.ID(i + 1)
		if i%3 == 0 {
			id += 1 << partBits // people of two parts
		}
		t.people = append(t.people, c.history(id))
	}
	return t
}

// condition is a random condition that the language takes.
func (g *grammar) condition(l *criteria.Language) piece {
	for {
		p := g.make(kBool, 1+g.rng.IntN(5))
		if _, err := l.Compile(p.String()); err == nil {
			return p
		}
	}
}

// careOf makes a criterion; nil if the language does not take a part of it.
func careOf(l *criteria.Language, name string, parts []piece) *criteria.Care {
	c := &criteria.Care{Name: name}
	for i, p := range parts {
		prog, err := l.Compile(p.String())
		switch {
		case err != nil:
			return nil
		case i == 0:
			c.Population = prog
		case i == len(parts)-1:
			c.Done = prog
		default:
			c.Exclusions = append(c.Exclusions, criteria.Named{Name: fmt.Sprint("x", i), Program: prog})
		}
	}
	return c
}

func names(l *criteria.Language) []string {
	out := []string{"household.score", "household.smoking"}
	for _, f := range vocabulary().Fields {
		out = append(out, f.Name)
	}
	for _, c := range l.Concepts() {
		out = append(out, c.Name)
	}
	return out
}

// columnsOf are the columns of made-up people.
func columnsOf(l *criteria.Language, people []*history) *Columns {
	byID := map[person.ID]*history{}
	var ids []person.ID
	for _, h := range people {
		byID[h.id], ids = h, append(ids, h.id)
	}
	return Gather(ids, names(l), func(id person.ID) criteria.Facts { return byID[id] })
}

// disagree finds a criterion and a person of whom the two evaluators say
// different things, and reports how many pairs agreed before.
func (t *trial) disagree(hook func(*step)) (c, p, pairs int, said string, err error) {
	plan, err := newPlan(columnsOf(t.language, t.people), t.language, t.cares, params(), t.run, hook)
	if err != nil {
		return 0, 0, 0, "", err
	}
	found, err := plan.Run(testContext())
	if err != nil {
		return 0, 0, 0, "", err
	}
	for i, care := range t.cares {
		for j, h := range t.people {
			want, _ := care.Verdict(h, params(), t.run)
			if got := found.Verdict(care.Name, h.id); got != want.Verdict {
				return i, j, pairs, fmt.Sprintf("one by one %q, all together %q", want.Verdict, got), nil
			}
			pairs++
		}
	}
	return -1, -1, pairs, "", nil
}

// shrunk says in the smallest way found how the evaluators differ.
func (t *trial) shrunk(hook func(*step), c, p int, said string) string {
	best := &trial{t.language, t.run, []*criteria.Care{t.cares[c]}, [][]piece{t.pieces[c]}, []*history{t.people[p]}}
	for progress := true; progress; {
		progress = false
		for _, try := range best.smaller() {
			if _, _, _, s, err := try.disagree(hook); err == nil && s != "" {
				best, said, progress = try, s, true
				break
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nas of %s, period %v\n", said, best.run.AsOf.Format(time.DateOnly), best.run.Period)
	for _, p := range best.pieces[0] {
		fmt.Fprintf(&b, "  %s\n", p)
	}
	h := best.people[0]
	fmt.Fprintf(&b, "read: %v\n", h.read)
	for _, r := range h.records {
		fmt.Fprintf(&b, "  %+v\n", r)
	}
	for name, facts := range h.fields {
		fmt.Fprintf(&b, "  %s: %+v\n", name, facts)
	}
	return b.String()
}

func (t *trial) smaller() []*trial {
	var out []*trial
	add := func(parts []piece) {
		if care := careOf(t.language, "c", parts); care != nil {
			out = append(out, &trial{t.language, t.run, []*criteria.Care{care}, [][]piece{parts}, t.people})
		}
	}
	parts := t.pieces[0]
	for i := 1; i < len(parts)-1; i++ {
		add(append(append([]piece{}, parts[:i]...), parts[i+1:]...))
	}
	for i, p := range parts {
		for _, s := range simpler(p) {
			c := append([]piece{}, parts...)
			c[i] = s
			add(c)
		}
	}
	for _, h := range t.people[0].without() {
		out = append(out, &trial{t.language, t.run, t.cares, t.pieces, []*history{h}})
	}
	return out
}

func healthLanguage(t testing.TB) *criteria.Language {
	t.Helper()
	l, err := criteria.NewHealthLanguage(vocabulary())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The measure of the engine: whatever the criterion and whatever the history,
// it says what cel-go says of each person alone.
func TestAllTogetherAndOneByOneSayTheSame(t *testing.T) {
	l := healthLanguage(t)
	var done, next atomic.Int64
	var g errgroup.Group
	start := time.Now()
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			for done.Load() < int64(*pairsFlag) {
				n := uint64(next.Add(1))
				try := newTrial(l, *seedFlag, n)
				c, p, pairs, said, err := try.disagree(nil)
				if err != nil {
					return err
				}
				if said != "" {
					return fmt.Errorf("trial %d: %s", n, try.shrunk(nil, c, p, said))
				}
				if all := done.Add(int64(pairs)); testing.Verbose() && n%50 == 0 {
					t.Logf("%d pairs, %s", all, time.Since(start).Round(time.Second))
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d pairs agree, %s", done.Load(), time.Since(start).Round(time.Second))
}
