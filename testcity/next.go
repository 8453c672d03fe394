package testcity

// What happens in a week in a city of the pilot's size.
const (
	weekBirths    = 127
	weekDeaths    = 100
	weekParents   = 3 // guardians among the dead
	weekSwaps     = 350
	weekLeaving   = 60 // households that move out of the city
	weekNumbers   = 1500
	weekDecisions = 20
	week          = 7
)

// aWeekLater turns the city into the same city a week later.
func (c *city) aWeekLater() error {
	r := c.rng(15)
	c.opt.Day = c.opt.Day.AddDate(0, 0, week)
	c.day += week
	c.tel.day = c.day
	recent := func() int32 { return c.day - r.Int32N(week) }
	six := c.sixFamilies(r)

	for k, n := 0, c.scaled(weekDecisions); k < len(c.care) && n > 0; k++ {
		if row := &c.care[k]; c.inCohort(*row) && r.IntN(5) == 0 {
			row.decided = max(row.since, recent())
			n--
		}
	}
	for k := range min(c.scaled(weekParents), len(six)) {
		c.all[c.kin[six[k]].lives[0]].died = recent()
	}
	for n := c.scaled(weekDeaths); n > 0; {
		if h := &c.all[r.IntN(len(c.all))]; h.age >= 65 && h.died == 0 && h.movedOut == 0 {
			h.died = recent()
			n--
		}
	}
	members := c.members()
	for k := range c.scaled(weekSwaps) {
		a, b := r.IntN(len(members)), r.IntN(len(members))
		if k == 0 { // a child of the cohort is among those who move
			a = c.homeOf(six[len(six)-1:], a)
		}
		c.swap(members, a, b, recent())
	}
	for k := range c.scaled(weekLeaving) {
		a := r.IntN(len(members))
		if k == 0 {
			a = c.homeOf(six[len(six)/2:], a)
		}
		to := elsewhere[r.IntN(len(elsewhere))]
		for _, p := range members[a] {
			if c.all[p].died == 0 {
				c.leave(&c.all[p], to, recent())
			}
		}
		members[a] = nil
	}
	c.endCare()
	for n := c.scaled(weekNumbers); n > 0; {
		i := r.IntN(len(c.all))
		if h := &c.all[i]; h.phone.kind != noPhone && c.resident(int32(i)) {
			h.phone = c.tel.next()
			h.phone.since = recent()
			n--
		}
	}
	return c.births(recent)
}

// members lists who lives in each dwelling.
func (c *city) members() [][]int32 {
	out := make([][]int32, len(c.flats))
	for i := range c.all {
		if h := &c.all[i]; h.home != none {
			out[h.home] = append(out[h.home], int32(i))
		}
	}
	return out
}

// homeOf is the dwelling of the first family that has one.
func (c *city) homeOf(families []int32, otherwise int) int {
	for _, i := range families {
		if h := c.all[c.kin[i].kids[0]].home; h != none {
			return int(h)
		}
	}
	return otherwise
}

// swap lets two households move into each other's dwellings.
func (c *city) swap(members [][]int32, a, b int, day int32) {
	if a == b {
		return
	}
	members[a], members[b] = members[b], members[a]
	for _, home := range [2]int{a, b} {
		for _, p := range members[home] {
			h := &c.all[p]
			h.home, h.area = int32(home), c.flats[home].area
			if h.died == 0 {
				h.movedIn = max(day, h.born)
			}
		}
	}
}

// endCare ends the places of those who died or left.
func (c *city) endCare() {
	for k := range c.care {
		row := &c.care[k]
		h := &c.all[row.kid]
		if gone := max(h.died, h.movedOut); gone != 0 && row.covers(gone) {
			row.until = max(row.since, gone)
		}
	}
}

// births gives couples and families another child.
func (c *city) births(recent func() int32) error {
	const oldest = 43
	r := c.rng(16)
	for n, k := c.scaled(weekBirths), 0; n > 0 && k < len(c.bonds); k++ {
		b := c.bonds[k]
		mother := c.all[b.first]
		if mother.male {
			mother = c.all[b.second]
		}
		if b.child || mother.age > oldest || mother.age < fewestYears || !c.resident(b.first) || !c.resident(b.second) || r.IntN(3) != 0 {
			continue
		}
		f := family{lives: [2]int32{b.first, b.second}, away: [2]int32{none, none}, form: together}
		kid := human{group: mother.group, male: r.IntN(2) == 0, home: mother.home, area: mother.area, municipality: helsinki,
			born: recent(), hidden: mother.hidden}
		if kid.home != none {
			kid.movedIn = kid.born
		}
		c.name(r, &kid)
		c.inherit(&kid, &mother)
		if err := c.issue(r, &kid); err != nil {
			return err
		}
		i := c.add(kid)
		c.ofKid[i] = int32(len(c.kin))
		f.kids = []int32{i}
		c.kin = append(c.kin, f)
		n--
	}
	return nil
}
