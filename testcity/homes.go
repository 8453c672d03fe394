package testcity

import (
	"math"
	"math/rand/v2"
	"slices"
)

// bond is two grown-ups of one household who may share a family name: a
// couple, or a parent and a grown-up child.
type bond struct {
	first, second int32
	child         bool
}

// mover puts the people of one area into dwellings.
type mover struct {
	*city
	r        *rand.Rand
	area     int16
	homeless bool // the area of unknown place
	placed   []bool
	families []int32
	rest     []int32 // grown-ups who have no household yet
}

// homes makes households: families first, parents who live apart, then
// couples, young adults with their parents, people sharing a flat and people
// alone, so that the mean size of each area's households is the figures'.
func (c *city) homes() error {
	r := c.rng(4)
	placed := make([]bool, len(c.all))
	byArea := make([][]int32, len(c.fig.areas))
	alone := make([][]int32, len(c.fig.areas))
	for i := range c.kin {
		fam := &c.kin[i]
		a := c.all[fam.lives[0]].area
		byArea[a] = append(byArea[a], int32(i))
		for _, p := range fam.lives {
			if p != none {
				c.all[p].area, placed[p] = a, true
			}
		}
		for _, p := range fam.away {
			if p != none {
				placed[p] = true
				alone[c.all[p].area] = append(alone[c.all[p].area], p)
			}
		}
	}
	adults := make([][]int32, len(c.fig.areas))
	total := make([]int, len(c.fig.areas))
	for i := range c.all {
		a := c.all[i].area
		total[a]++
		if !placed[i] && c.adult(int32(i)) {
			adults[a] = append(adults[a], int32(i))
		}
	}
	for a := range c.fig.areas {
		m := &mover{c, r, int16(a), c.fig.areas[a].unknown, placed, byArea[a], adults[a]}
		m.fill(alone[a], total[a])
	}
	return nil
}

func (m *mover) fill(alone []int32, total int) {
	from := len(m.flats)
	for _, i := range m.families {
		fam := &m.kin[i]
		m.house(append(slices.Clone(fam.kids), fam.lives[:]...))
	}
	for _, p := range alone {
		m.house([]int32{p})
	}
	used := len(m.flats) - from
	if m.homeless {
		used = len(m.families) + len(alone)
	}
	need := int(math.Round(float64(total)/m.fig.areas[m.area].household)) - used
	m.stayWithParents(need)
	m.share(need)
}

// house gives people a dwelling. In the area of unknown place they have none.
func (m *mover) house(people []int32) {
	home := int32(none)
	if !m.homeless {
		home = int32(len(m.flats))
		m.flats = append(m.flats, dwelling{house: none, area: m.area})
	}
	for _, p := range people {
		if p != none {
			m.all[p].home = home
		}
	}
}

// stayWithParents lets young adults live in a family while there are more
// grown-ups than need/1.6 households would hold.
func (m *mover) stayWithParents(need int) {
	const oldest, roomy = 24, 1.6
	if len(m.families) == 0 {
		return
	}
	kept := m.rest[:0]
	left := len(m.rest)
	for _, p := range m.rest {
		if float64(left) > roomy*float64(need) && m.all[p].age <= oldest && m.joins(p) {
			left--
			continue
		}
		kept = append(kept, p)
	}
	m.rest = kept
}

func (m *mover) joins(p int32) bool {
	const tries = 6
	for range tries {
		fam := &m.kin[m.families[m.r.IntN(len(m.families))]]
		parent := fam.lives[0]
		gap := int(m.all[parent].age) - int(m.all[p].age)
		if fam.form == foster || fam.form == appointed || m.all[parent].group != m.all[p].group || gap < fewestYears || gap > mostYears {
			continue
		}
		m.all[p].home = m.all[parent].home
		m.bonds = append(m.bonds, bond{parent, p, true})
		return true
	}
	return false
}

// share makes about need households of those who are left, as equal in size as
// can be: people alone and couples where there is room for that.
func (m *mover) share(need int) {
	if len(m.rest) == 0 {
		return
	}
	if need < 1 {
		need = (len(m.rest) + 3) / 4
	}
	need = min(need, len(m.rest))
	size, larger := len(m.rest)/need, len(m.rest)%need
	m.rest = m.pairUp(size*need + larger - need)
	for i := range need {
		n := size
		if i < larger {
			n++
		}
		group := m.rest[:n]
		m.rest = m.rest[n:]
		m.house(group)
		if n == 2 && m.all[group[0]].male != m.all[group[1]].male {
			m.bonds = append(m.bonds, bond{group[0], group[1], false})
		}
	}
}

// pairUp orders people so that neighbours at the front are couples of like
// age: as many as there are to be households of two.
func (m *mover) pairUp(couples int) []int32 {
	const jitter = 3.0
	var by [2][]int32
	for _, p := range m.rest {
		s := sexOf(m.all[p].male)
		by[s] = append(by[s], p)
	}
	// Equal numbers of women and men, drawn from all ages, stand as couples.
	n := min(len(by[0]), len(by[1]), couples)
	out := make([]int32, 0, len(m.rest))
	for s := range by {
		m.r.Shuffle(len(by[s]), func(i, j int) { by[s][i], by[s][j] = by[s][j], by[s][i] })
		key := make(map[int32]float64, n)
		for _, p := range by[s][:n] {
			key[p] = float64(m.all[p].age) + m.r.NormFloat64()*jitter
		}
		slices.SortStableFunc(by[s][:n], func(a, b int32) int {
			switch {
			case key[a] < key[b]:
				return -1
			case key[a] > key[b]:
				return 1
			}
			return 0
		})
	}
	for i := range n {
		out = append(out, by[0][i], by[1][i])
	}
	single := append(slices.Clone(by[0][n:]), by[1][n:]...)
	m.r.Shuffle(len(single), func(i, j int) { single[i], single[j] = single[j], single[i] })
	return append(out, single...)
}

// moves says since when each household lives where it does.
func (c *city) moves() error {
	const meanYears = 7.0
	r := c.rng(5)
	since := make([]int32, len(c.flats))
	for i := range since {
		days := 8 + int32(r.ExpFloat64()*meanYears*365)
		if r.Float64() < movedLastWeek {
			days = 1 + r.Int32N(7)
		}
		since[i] = c.day - days
	}
	for i := range c.all {
		if h := &c.all[i]; h.home != none {
			h.movedIn = max(since[h.home], h.born)
		}
	}
	return nil
}

// movedLastWeek is the share of households who moved within the last seven
// days: about one in eight moves in a year.
const movedLastWeek = 0.0025
