package testcity

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The rates of the forms of families, by family.
var formRates = [forms]float64{apart: 0.20, sole: 0.10, foster: 0.010, appointed: 0.0015}

const (
	twinRate     = 0.014 // of births
	drawnFirst   = 0.62  // of children are drawn before their brothers and sisters
	noCustody    = 0.20  // of families with one guardian: the other parent stands in the register without custody
	fewestYears  = 20    // between a parent and a child
	mostYears    = 45
	mothersAge   = 31.0 // at birth
	mothersAgeSD = 5.0
	shortestGap  = 300 // days between births of siblings who are no twins
)

// former makes the families of one area.
type former struct {
	*city
	r      *rand.Rand
	area   int16
	kids   [groups][adultAge][]int32
	adults pool
	left   int
}

// decks keep the planned rates exact among families with a child turning six,
// however small the city is.
type decks struct {
	forms []form
	twins float64 // births of twins owed
	mixed float64 // Swedish-speaking families with a Finnish-speaking parent owed
}

// families gathers the children of each area into families and finds the
// grown-ups who live with them.
func (c *city) families() error {
	r := c.rng(2)
	d := c.newDecks(r)
	for from := 0; from < len(c.all); {
		f := &former{city: c, r: r, area: c.all[from].area}
		to := from
		for ; to < len(c.all) && c.all[to].area == f.area; to++ {
			h := &c.all[to]
			if h.age < adultAge {
				f.kids[h.group][h.age] = append(f.kids[h.group][h.age], int32(to))
				f.left++
			} else {
				f.adults.put(int32(to), h)
			}
		}
		for _, i := range r.Perm(to - from) {
			kid := int32(from + i)
			if c.all[kid].age < adultAge && c.ofKid[kid] == none {
				f.family(kid, d)
			}
		}
		c.keepFree(&f.adults)
		from = to
	}
	return c.adopt(r)
}

func (c *city) newDecks(r *rand.Rand) *decks {
	const perFamily = 0.9 // families per child turning six, with room to spare
	n := 0
	for i := range c.all {
		if c.all[i].age == sixAge {
			n++
		}
	}
	n = int(float64(n) * perFamily)
	d := &decks{forms: make([]form, n), twins: 1, mixed: 1}
	at := 0
	for _, k := range []form{appointed, foster, sole, apart} {
		for range max(1, int(math.Round(formRates[k]*float64(n)))) {
			if at < n {
				d.forms[at] = k
				at++
			}
		}
	}
	r.Shuffle(n, func(i, j int) { d.forms[i], d.forms[j] = d.forms[j], d.forms[i] })
	return d
}

func (d *decks) form(r *rand.Rand, six bool) form {
	if six && len(d.forms) > 0 {
		k := d.forms[0]
		d.forms = d.forms[1:]
		return k
	}
	x := r.Float64()
	for k := apart; k < forms; k++ {
		if x -= formRates[k]; x < 0 {
			return k
		}
	}
	return together
}

// family makes the family of one child: brothers and sisters, then the
// grown-ups at home.
func (f *former) family(first int32, d *decks) {
	h := f.all[first]
	fam := family{lives: [2]int32{none, none}, away: [2]int32{none, none}}
	f.remove(first)
	fam.kids = append(fam.kids, first)
	f.twin(&fam, h, d)
	for len(fam.kids) < f.size() {
		kid := f.sibling(&fam, h.group)
		if kid == none {
			break
		}
		f.remove(kid)
		fam.kids = append(fam.kids, kid)
	}
	f.spread(fam.kids, fam.twins)
	fam.six = slices.ContainsFunc(fam.kids, func(k int32) bool { return f.all[k].age == sixAge })
	fam.form = d.form(f.r, fam.six)
	fam.since = f.day - 100 - f.r.Int32N(1500)
	fam.custody = fam.form == sole && f.r.Float64() < noCustody
	for _, k := range fam.kids {
		f.ofKid[k] = int32(len(f.kin))
	}
	f.grownUps(&fam, h.group, d)
	if fam.lives[0] == none {
		f.orphans = append(f.orphans, int32(len(f.kin)))
	}
	f.kin = append(f.kin, fam)
}

func (f *former) remove(kid int32) {
	h := f.all[kid]
	list := &f.kids[h.group][h.age]
	if i := slices.Index(*list, kid); i >= 0 {
		(*list)[i] = (*list)[len(*list)-1]
		*list = (*list)[:len(*list)-1]
	}
}

// twin adds a twin to some first children.
func (f *former) twin(fam *family, h human, d *decks) {
	due := f.r.Float64() < twinRate/drawnFirst
	if h.age == sixAge {
		d.twins += twinRate / drawnFirst
		due = d.twins >= 1
	}
	list := f.kids[h.group][h.age]
	if !due || len(list) == 0 {
		return
	}
	if h.age == sixAge {
		d.twins--
	}
	twin := list[len(list)-1]
	f.all[twin].born = h.born
	f.remove(twin)
	fam.kids = append(fam.kids, twin)
	fam.twins = true
}

// size draws the number of children: 44 % have one, 39 % two, 13 % three, 4 %
// four.
func (f *former) size() int {
	x := f.r.Float64()
	switch {
	case x < 0.44:
		return 1
	case x < 0.83:
		return 2
	case x < 0.96:
		return 3
	}
	return 4
}

// sibling finds a child of another age, mostly two to four years apart.
func (f *former) sibling(fam *family, g group) int32 {
	const widest = 14
	young, old := f.span(fam.kids)
	first := int(f.all[fam.kids[0]].age)
	want := first + (2+f.r.IntN(3))*(1-2*f.r.IntN(2))
	for d := range widest {
		for _, age := range [2]int{want - d, want + d} {
			if age < max(0, old-widest) || age > min(adultAge-1, young+widest) || len(f.kids[g][age]) == 0 {
				continue
			}
			same := slices.ContainsFunc(fam.kids, func(k int32) bool { return int(f.all[k].age) == age })
			if !same {
				list := f.kids[g][age]
				return list[len(list)-1]
			}
		}
	}
	return none
}

func (c *city) span(kids []int32) (young, old int) {
	young, old = ages, 0
	for _, k := range kids {
		young, old = min(young, int(c.all[k].age)), max(old, int(c.all[k].age))
	}
	return young, old
}

// spread moves birthdays so that two births lie at least shortestGap apart.
func (f *former) spread(kids []int32, twins bool) {
	order := slices.Clone(kids)
	slices.SortFunc(order, func(a, b int32) int { return int(f.all[b].age) - int(f.all[a].age) })
	for i := 1; i < len(order); i++ {
		older, h := f.all[order[i-1]], &f.all[order[i]]
		if h.age == older.age && twins {
			h.born = older.born
			continue
		}
		last := firstOf(f.bornIn(h.age)+1) - 1
		if low := older.born + shortestGap; h.born < low {
			h.born = min(low+f.r.Int32N(max(1, last-low)), last)
		}
	}
}

// grownUps finds who lives with the children.
func (f *former) grownUps(fam *family, g group, d *decks) {
	young, old := f.span(fam.kids)
	low, high := old+fewestYears, min(young+mostYears, ages-1)
	want := (young+old)/2 + int(math.Round(mothersAge+f.r.NormFloat64()*mothersAgeSD))
	switch fam.form {
	case appointed:
		fam.lives[0] = f.adults.takeAny(orderOf(g), f.r.IntN(3) == 0, old+fewestYears, 75, old+40)
		return
	case sole, apart:
		fam.lives[0] = f.parent(g, f.r.Float64() < 0.15, low, high, want)
		return
	}
	fam.lives[0] = f.parent(g, false, low, high, want)
	if fam.lives[0] == none {
		return
	}
	second := f.other(g, d, fam.six)
	his := int(f.all[fam.lives[0]].age) + int(math.Round(2+f.r.NormFloat64()*4))
	male := f.r.Float64() >= 0.01
	fam.lives[1] = f.adults.takeAny(orderOf(second), male, low, high, his)
	if fam.lives[1] == none && fam.form == together {
		fam.form = apart
	}
}

func orderOf(g group) [groups]group {
	switch g {
	case svGroup:
		return [groups]group{svGroup, fiGroup, otherGroup}
	case otherGroup:
		return [groups]group{otherGroup, fiGroup, svGroup}
	}
	return [groups]group{fiGroup, otherGroup, svGroup}
}

func (f *former) parent(g group, male bool, low, high, want int) int32 {
	for _, m := range [2]bool{male, !male} {
		if i := f.adults.takeAny(orderOf(g), m, low, high, want); i != none {
			return i
		}
	}
	return none
}

// other draws the group of the second parent. Many children with a
// Finnish-speaking parent are registered as Swedish-speaking.
func (f *former) other(g group, d *decks, six bool) group {
	const swedishMixed = 0.45
	x := f.r.Float64()
	switch {
	case g == svGroup && six:
		if d.mixed += swedishMixed; d.mixed >= 1 {
			d.mixed--
			return fiGroup
		}
	case g == svGroup && x < swedishMixed, g == otherGroup && x < 0.22:
		return fiGroup
	case g == fiGroup && x < 0.04:
		return svGroup
	case g == fiGroup && x < 0.11:
		return otherGroup
	}
	return g
}

func (c *city) keepFree(p *pool) {
	for g := range p {
		for s := range p[g] {
			for age := range p[g][s] {
				c.free[g][s][age] = append(c.free[g][s][age], p[g][s][age]...)
			}
		}
	}
}

// adopt finds a grown-up for children in whose area nobody fits: somebody of
// fitting age moves in from elsewhere. It happens in small cities only.
func (c *city) adopt(r *rand.Rand) error {
	for _, i := range c.orphans {
		fam := &c.kin[i]
		young, old := c.span(fam.kids)
		kid := c.all[fam.kids[0]]
		low, high := old+fewestYears, min(young+mostYears, ages-1)
		for _, width := range []int{0, 4, ages} {
			for _, g := range orderOf(kid.group) {
				for _, male := range []bool{false, true} {
					if fam.lives[0] == none {
						fam.lives[0] = c.free.nearIn(c.all, r, g, male, low-width, high+width, kid.area)
					}
				}
			}
		}
		if fam.lives[0] == none {
			return tooFewAdults()
		}
		c.exchange(fam.lives[0], kid.area)
		if fam.form == together || fam.form == foster {
			fam.form = apart
		}
	}
	c.orphans = nil
	return nil
}

// exchange moves somebody to an area, and in turn somebody from there who is
// as alike as can be, so that both areas keep their figures.
func (c *city) exchange(p int32, area int16) {
	mover := &c.all[p]
	best, likeness := int32(none), 0
	for g := range c.free {
		for s := range c.free[g] {
			for age := range c.free[g][s] {
				for _, i := range c.free[g][s][age] {
					alike := 1
					if bandOf(uint8(age)) == bandOf(mover.age) {
						alike += 2
					}
					if group(g) == mover.group {
						alike++
					}
					if c.all[i].area == area && alike > likeness {
						best, likeness = i, alike
					}
				}
			}
		}
	}
	if best != none {
		c.all[best].area = mover.area
	}
	mover.area = area
}
