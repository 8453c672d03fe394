package testcity

import (
	"math/rand/v2"
	"slices"
)

// people makes every resident with area, age, sex and group of mother tongue.
// Single years of age within a group follow the 2010 table exactly over the
// whole city; which area gets which is chance.
func (c *city) people() error {
	r := c.rng(1)
	cells := c.fig.cells(c.opt.Residents)
	var decks [ageBands][groups][]uint8
	for b := range ageBands {
		for g := range groups {
			n := 0
			for a := range cells {
				n += cells[a][b][g]
			}
			decks[b][g] = c.fig.ageDeck(b, g, n, r)
		}
	}
	c.all = make([]human, 0, c.opt.Residents+c.opt.Residents/100)
	for a := range cells {
		from := len(c.all)
		for b := range ageBands {
			for g := range groups {
				deck := &decks[b][g]
				for _, age := range (*deck)[:cells[a][b][g]] {
					s := 0
					if g == svGroup {
						s = swedishSpeaking
					}
					male := r.Float64() < c.fig.men[s][age]/c.fig.people[s][age]
					c.all = append(c.all, human{area: int16(a), age: age, group: g, male: male, home: none, municipality: helsinki})
				}
				*deck = (*deck)[cells[a][b][g]:]
			}
		}
		mine := c.all[from:]
		r.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
	}
	for i := range c.all {
		c.all[i].born = c.birthday(r, c.all[i].age)
	}
	c.ofKid = make([]int32, len(c.all))
	for i := range c.ofKid {
		c.ofKid[i] = none
	}
	return nil
}

func (f *figures) ageDeck(band int, g group, n int, r *rand.Rand) []uint8 {
	s := 0
	if g == svGroup {
		s = swedishSpeaking
	}
	weights := make([]float64, ages)
	for age := range weights {
		if bandOf(uint8(age)) == band {
			weights[age] = f.people[s][age]
		}
	}
	deck := make([]uint8, 0, n)
	for age, k := range apportion(weights, n) {
		deck = append(deck, slices.Repeat([]uint8{uint8(age)}, k)...)
	}
	r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

func (c *city) birthday(r *rand.Rand, age uint8) int32 {
	first := firstOf(c.bornIn(age))
	return first + r.Int32N(firstOf(c.bornIn(age)+1)-first)
}

// pool holds people who are not yet in a household, by group of mother
// tongue, sex and age.
type pool [groups][2][ages][]int32

func sexOf(male bool) int {
	if male {
		return 1
	}
	return 0
}

func (p *pool) put(i int32, h *human) {
	list := &p[h.group][sexOf(h.male)][h.age]
	*list = append(*list, i)
}

// take removes the person whose age is nearest to want within low to high.
func (p *pool) take(g group, male bool, low, high, want int) int32 {
	low, high = max(low, adultAge), min(high, ages-1)
	want = min(max(want, low), high)
	for d := range high - low + 1 {
		for _, age := range [2]int{want - d, want + d} {
			if age < low || age > high {
				continue
			}
			list := &p[g][sexOf(male)][age]
			if n := len(*list); n > 0 {
				i := (*list)[n-1]
				*list = (*list)[:n-1]
				return i
			}
		}
	}
	return none
}

// takeAny tries the groups in the order given.
func (p *pool) takeAny(order [groups]group, male bool, low, high, want int) int32 {
	for _, g := range order {
		if i := p.take(g, male, low, high, want); i != none {
			return i
		}
	}
	return none
}

// nearIn removes, of a few candidates of fitting age in the whole city, the
// one whose area is nearest to the given one.
func (p *pool) nearIn(all []human, r *rand.Rand, g group, male bool, low, high int, area int16) int32 {
	const tries = 6
	low, high = max(low, adultAge), min(high, ages-1)
	if high < low {
		return none
	}
	best, at, bestAge := int32(none), 0, 0
	for range tries {
		age := low + r.IntN(high-low+1)
		list := p[g][sexOf(male)][age]
		if len(list) == 0 {
			continue
		}
		k := r.IntN(len(list))
		if best == none || apartBy(all[list[k]].area, area) < apartBy(all[best].area, area) {
			best, at, bestAge = list[k], k, age
		}
	}
	if best == none {
		return p.take(g, male, low, high, (low+high)/2)
	}
	list := &p[g][sexOf(male)][bestAge]
	(*list)[at] = (*list)[len(*list)-1]
	*list = (*list)[:len(*list)-1]
	return best
}

// apartBy counts areas between two in the order of their codes, which go
// through the city neighbour by neighbour.
func apartBy(a, b int16) int16 {
	if a > b {
		return a - b
	}
	return b - a
}
