package population

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Most criteria are about few people, and only of those it matters what else
// they say. The steps of a run over everyone are therefore taken in three turns:
// first the conditions of a population that registers of one fact a person answer
// (age, sex), then the rest of the populations for those whom the first leaves,
// then exclusions and what counts as done for those who are in a population. A step
// that several criteria share is asked of the people of all of them.
//
// A fact that cannot be used fails the whole condition whoever is asked for, so
// the facts that cannot be used are looked for among everyone (known, guard).
const (
	turnCheap = iota
	turnPopulation
	turnRest
	nTurns
)

// turns is the order of the steps in a run over everyone.
type turns struct {
	order [nTurns][]int
	asked []int   // of each step, which group asks for it
	group [][]int // criteria that ask for the same steps
	cheap [][]int // of each criterion, steps of its population that decide before the rest
	whole []bool  // steps that are asked of everyone: populations
	place places
}

// inTurn finds out which criteria ask for which steps, and when.
func (p *Plan) inTurn() *turns {
	t := &turns{asked: make([]int, len(p.steps)), cheap: make([][]int, len(p.parts)), whole: make([]bool, len(p.steps))}
	by := make([][]int, len(p.steps)) // criteria by step
	turn := make([]int, len(p.steps))
	for i := range turn {
		turn[i] = turnRest
	}
	simple := p.simple()
	var ask func(step, criterion, when int)
	seen := make([]int, len(p.steps)) // 1 + the criterion that has asked last
	ask = func(step, criterion, when int) {
		if seen[step] == criterion+1 && turn[step] <= when {
			return
		}
		if seen[step] != criterion+1 {
			by[step] = append(by[step], criterion)
		}
		seen[step], turn[step] = criterion+1, min(turn[step], when)
		for _, a := range p.steps[step].args {
			ask(a, criterion, when)
		}
	}
	for c := range p.parts {
		s := &p.parts[c]
		for _, a := range p.conjuncts(s.population) {
			if simple[a] && p.steps[a].fixed == nil {
				t.cheap[c] = append(t.cheap[c], a)
				ask(a, c, turnCheap)
			}
		}
		ask(s.population, c, turnPopulation)
		t.whole[s.population] = true
		if guard := &p.steps[s.population]; guard.op == "guard" {
			t.whole[guard.args[0]] = true
		}
		for _, x := range append(slices.Clone(s.exclusions), s.done) {
			ask(x, c, turnRest)
		}
	}
	groups := map[string]int{}
	for i := range p.steps {
		if p.steps[i].fixed != nil || len(by[i]) == 0 {
			continue
		}
		t.order[turn[i]] = append(t.order[turn[i]], i)
		var key []byte
		for _, c := range by[i] {
			key = binary.AppendUvarint(key, uint64(c)) //nolint:gosec // criteria are few
		}
		n, ok := groups[string(key)]
		if !ok {
			n = len(t.group)
			groups[string(key)], t.group = n, append(t.group, by[i])
		}
		t.asked[i] = n
	}
	t.place = p.places(slices.Concat(t.order[:]...))
	return t
}

// conjuncts are the parts of the condition of a population that must all hold.
func (p *Plan) conjuncts(population int) []int {
	s := &p.steps[population]
	if s.op == "guard" {
		s = &p.steps[s.args[0]]
	}
	if s.op != "&&" {
		return nil
	}
	return s.args
}

// simple tells of each step whether it reads no concept and no household: then
// it stands on one fact or two of each person.
func (p *Plan) simple() []bool {
	columns := p.columns.all()
	out := make([]bool, len(p.steps))
	for i := range p.steps {
		s := &p.steps[i]
		_, shared := cutHousehold(columns[s.column].name)
		out[i] = s.op != "facts" || strings.Contains(columns[s.column].name, ".") && !shared
		for _, a := range s.args {
			out[i] = out[i] && out[a]
		}
	}
	return out
}

// run computes all steps of the plan for the people of a block.
func (w *worker) run(block int, who *flags) {
	w.block = block
	p, t := w.plan, w.plan.turns
	for i := range w.ask {
		w.ask[i] = *who
	}
	for turn, order := range t.order {
		for g := range w.groups {
			w.groups[g].known = false
		}
		for _, i := range order {
			s, v := &p.steps[i], &w.out[i]
			if v.need = *w.asked(t.asked[i]); turn == turnCheap || t.whole[i] {
				v.need = *who
			}
			if s.op == "facts" || !v.need.none() {
				s.do(w, s, v)
			}
		}
		w.left(turn)
	}
}

// asks is who a group of criteria asks for.
type asks struct {
	known bool
	who   flags
}

// asked is who the criteria of a group ask for in the turn that is going on.
func (w *worker) asked(group int) *flags {
	a := &w.groups[group]
	if a.known {
		return &a.who
	}
	a.known, a.who = true, flags{}
	for _, c := range w.plan.turns.group[group] {
		ask := &w.ask[c]
		for i := range ask {
			a.who[i] |= ask[i]
		}
	}
	return &a.who
}

// left takes away of whom each criterion has no more to ask after a turn.
func (w *worker) left(turn int) {
	t := w.plan.turns
	for c := range w.ask {
		ask := &w.ask[c]
		switch turn {
		case turnCheap:
			for _, a := range t.cheap[c] {
				v := &w.out[a]
				for i := range ask {
					ask[i] &= v.yes[i] | v.unknown[i] | v.failed[i]
				}
			}
		case turnPopulation:
			v := &w.out[w.plan.parts[c].population]
			for i := range ask {
				ask[i] &= v.yes[i]
			}
		}
	}
}
