package library

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"ennakko/criteria"
	"ennakko/fault"
)

const checkOp = "library.Check"

// maxNodes is the most parts that all conditions of a criterion may have, with
// their definitions in their place. It is the limit of cost.
const maxNodes = 6000

// Report is what Check measured.
type Report struct {
	Criteria   int
	People     int
	Pairs      int // a criterion tried on a person
	Clauses    int // sub-conditions, each of which must be seen true, false and unknown
	Seen       int // of 3 * Clauses
	Exclusions int
	Guarded    int // exclusions without which the verdict of some person changes
}

// Share is how much of the clauses was seen, 0 to 1.
func (r Report) Share() float64 {
	if r.Clauses == 0 {
		return 0
	}
	return float64(r.Seen) / float64(3*r.Clauses)
}

// Check tries every criterion on the made-up people and looks through its
// conditions. The error is a list of all that is wrong: verdicts that are not
// as expected, what nobody tries out, exclusions that nobody would miss, and
// conditions that can never, or must always, hold. Drafts are told of only if
// a verdict is wrong or a condition cannot be as it should.
func (l *Library) Check() (Report, error) {
	c := &checking{lib: l, tried: map[string]*trial{}}
	for _, x := range l.criteria {
		c.tried[x.Name] = &trial{criterion: x, clauses: map[string]*clause{}, verdicts: map[criteria.CareVerdict]bool{}, guarded: map[string]bool{}}
	}
	for _, m := range l.people {
		c.person(m)
	}
	for _, x := range l.criteria {
		c.judge(c.tried[x.Name])
		c.logic(x)
	}
	c.report.Criteria, c.report.People = len(l.criteria), len(l.people)
	return c.report, c.faults.Err()
}

// checking is a library that is being checked.
type checking struct {
	lib    *Library
	tried  map[string]*trial
	faults fault.List
	report Report
}

// trial is what the made-up people showed of one criterion.
type trial struct {
	criterion *Criterion
	order     []string // of clauses, as first seen
	clauses   map[string]*clause
	verdicts  map[criteria.CareVerdict]bool
	guarded   map[string]bool // by name of the exclusion
}

// clause is one sub-condition with the truths that it was seen with.
type clause struct {
	part, text string
	seen       map[criteria.Truth]bool
}

func (c *checking) bad(file string, line int, hint, format string, args ...any) {
	c.faults.Add(fault.New(fault.Invalid, checkOp, format, args...).Where("%s:%d", path.Join(c.lib.dir, file), line).Do("%s", hint))
}

// person tries the criteria of which something is expected.
func (c *checking) person(m *made) {
	facts := c.lib.facts(m)
	for _, x := range c.lib.criteria {
		want, ok := m.expect[x.Name]
		if !ok && m.others != nil && x.Family == m.family {
			want, ok = *m.others, true
		}
		if !ok {
			continue
		}
		c.report.Pairs++
		t := c.tried[x.Name]
		trace, err := x.Care.Trace(facts, c.lib.params, m.run)
		got := expected{trace.Finding.Verdict, trace.Finding.Exclusion}
		switch {
		case err != nil && want.verdict != criteria.Failed:
			for _, f := range fault.All(err, loadOp) {
				c.bad(m.file, m.line, f.Hint, "%q has no verdict: %s: %s", m.who, f.At, f.Show)
			}
		case got != want:
			c.bad(m.file, m.line, "mend the criterion, or what is expected of it", "the verdict of %s for %q is %s and should be %s%s", x.Name, m.who, got, want, c.why(trace))
		}
		t.verdicts[got.verdict] = true
		t.see(trace)
		c.mutate(t, trace.Finding, facts, m)
	}
}

// why says in short what made a verdict.
func (c *checking) why(t criteria.CareTrace) string {
	var parts []string
	for _, p := range t.Parts {
		parts = append(parts, p.Name+" "+string(p.Step.Truth))
	}
	out := "; " + strings.Join(parts, ", ")
	if len(t.Finding.Missing) > 0 {
		out += "; missing: " + strings.Join(t.Finding.Missing, ", ")
	}
	return out
}

// see notes the truth of every clause.
func (t *trial) see(trace criteria.CareTrace) {
	for _, p := range trace.Parts {
		p.Step.Atoms(func(place string, atom criteria.Step) {
			key := p.Name + " " + place + " " + atom.Text
			cl, ok := t.clauses[key]
			if !ok {
				cl = &clause{p.Name, cmp.Or(atom.Said, atom.Text), map[criteria.Truth]bool{}}
				t.clauses[key], t.order = cl, append(t.order, key)
			}
			cl.seen[atom.Truth] = true
		})
	}
}

// mutate takes each exclusion away and looks whether the verdict changes.
func (c *checking) mutate(t *trial, was criteria.CareFinding, facts criteria.Facts, m *made) {
	if was.Verdict != criteria.Excluded && was.Verdict != criteria.CareUnknown {
		return // an exclusion that is false changes nothing by its absence
	}
	for i, x := range t.criterion.Care.Exclusions {
		if t.guarded[x.Name] {
			continue
		}
		without := *t.criterion.Care
		without.Exclusions = slices.Delete(slices.Clone(without.Exclusions), i, i+1)
		now, err := without.Verdict(facts, c.lib.params, m.run)
		t.guarded[x.Name] = err == nil && now.Verdict != was.Verdict
	}
}

// judge tells what nobody tries out.
func (c *checking) judge(t *trial) {
	x := t.criterion
	strict := x.Approval.State != Draft && x.Approval.State != Retired
	const mend = "make somebody up in the folder people who shows it"
	for _, key := range t.order {
		cl := t.clauses[key]
		c.report.Clauses++
		for _, truth := range []criteria.Truth{criteria.True, criteria.False, criteria.Undecided} {
			if cl.seen[truth] {
				c.report.Seen++
			} else if strict {
				c.bad(x.file, x.line, mend, "of %s, %s: nobody has %s %s", x.Name, cl.part, strictText(cl.text), truth)
			}
		}
	}
	for _, e := range x.Exclusions {
		c.report.Exclusions++
		if t.guarded[e.Name] {
			c.report.Guarded++
		} else if strict {
			c.bad(x.file, x.line, "make somebody up who is left out by it alone", "of %s: nobody's verdict would change without the exclusion %s", x.Name, e.Name)
		}
	}
	for _, v := range criteria.CareVerdicts() {
		if strict && v != criteria.Failed && !t.verdicts[v] && (v != criteria.Excluded || len(x.Exclusions) > 0) {
			c.bad(x.file, x.line, mend, "of %s: nobody's verdict is %s", x.Name, v)
		}
	}
}

func strictText(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// logic looks for conditions that can never, or must always, hold.
func (c *checking) logic(x *Criterion) {
	is := func(p *criteria.Program, yes bool) criteria.Claim { return criteria.Claim{Program: p, True: yes} }
	never := func(claims ...criteria.Claim) bool {
		possible, sure := criteria.Possible(claims...)
		return sure && !possible
	}
	care := x.Care
	population := is(care.Population, true)
	bad := func(hint, format string, args ...any) {
		c.bad(x.file, x.line, hint, "of "+x.Name+": "+format, args...)
	}
	if n := nodes(care); n > maxNodes {
		bad("make it shorter, or divide it", "its conditions have %d parts; the limit is %d", n, maxNodes)
	}
	if never(population) {
		bad("look for comparisons that shut each other out", "the population can hold of nobody")
		return
	}
	if never(is(care.Population, false)) {
		bad("say whom it is about", "the population holds of everybody")
	}
	earlier := []criteria.Claim{population}
	for _, e := range care.Exclusions {
		if never(append(slices.Clone(earlier), is(e.Program, true))...) {
			bad("take it away, or mend it", "the exclusion %s can never be what excludes: the population or an exclusion before it shuts it out", e.Name)
		}
		if never(population, is(e.Program, false)) {
			bad("mend it", "the exclusion %s excludes everybody", e.Name)
		}
		earlier = append(earlier, is(e.Program, false))
	}
	switch {
	case never(append(slices.Clone(earlier), is(care.Done, true))...):
		bad("mend done", "nobody of the population can ever have it done")
	case never(append(slices.Clone(earlier), is(care.Done, false))...):
		bad("mend done", "nobody of the population can ever have a gap")
	}
}

// States counts the criteria by their state.
func (l *Library) States() map[State]int {
	out := map[State]int{}
	for _, c := range l.criteria {
		out[c.Approval.State]++
	}
	return out
}
