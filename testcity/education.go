package testcity

import (
	"math/rand/v2"
	"slices"
)

// careRow is one row of the early-education register.
type careRow struct {
	kid, unit int32
	language  instruction
	since     int32
	until     int32 // 0: open
	decided   int32 // 0: no decision
}

// The planned shares of the children turning six. The rest, 92.9 %, are the
// cohort: 5,591 of about 6,000 in the pilot.
const (
	privateRate = 0.040
	homeRate    = 0.0235
	decidedRate = 0.007
)

// status is where a family's children are.
type status uint8

const (
	municipal status = iota
	inPrivate
	atHome
)

// attends is the share of children in early education by age on the last day
// of the year before.
var attends = [sixAge + 1]float64{0, 0.45, 0.78, 0.87, 0.90, 1}

// education gives each child its place. A family's children mostly go to one
// unit, near home.
func (c *city) education() error {
	r := c.rng(11)
	s := newSites(c)
	n := 0
	for i := range c.all {
		if c.all[i].age == sixAge && c.resident(int32(i)) {
			n++
		}
	}
	left := [...]int{inPrivate: quota(privateRate, n), atHome: quota(homeRate, n)}
	decided := quota(decidedRate, n)
	for _, i := range c.sixFamilies(r) {
		f := &c.kin[i]
		kids := 0
		for _, k := range f.kids {
			if c.all[k].age == sixAge && c.resident(k) {
				kids++
			}
		}
		st := municipal
		switch {
		case kids == 0:
		case left[inPrivate] >= kids:
			st = inPrivate
			left[inPrivate] -= kids
		case left[atHome] >= kids:
			st = atHome
			left[atHome] -= kids
		}
		decide := st == municipal && kids > 0 && decided >= kids
		if decide {
			decided -= kids
		}
		c.familyCare(r, s, f, st, decide)
	}
	for i := range c.kin {
		if f := &c.kin[i]; !f.six && !f.gone {
			st := municipal
			if r.Float64() < 0.07 {
				st = inPrivate
			}
			c.familyCare(r, s, f, st, false)
		}
	}
	return nil
}

func (c *city) familyCare(r *rand.Rand, s *sites, f *family, st status, decide bool) {
	const split, preShare, ended = 0.03, 0.72, 0.2
	k := earlyOnly
	if st == inPrivate {
		k = private
	} else if r.Float64() < preShare {
		k = prePrimary
	}
	l := c.instructionOf(r, f)
	if k == private && len(s.lists[private][l]) == 0 {
		l = inFinnish
	}
	u := int32(none)
	for _, kid := range f.kids {
		h := &c.all[kid]
		if h.age > sixAge || h.died != 0 {
			continue
		}
		stays := r.Float64() >= attends[h.age] || st == atHome && (h.age == sixAge || r.Float64() < 0.85)
		if u == none || r.Float64() < split {
			u = s.near(r, c, k, l, h)
		}
		switch {
		case u == none:
		case !stays:
			c.enrol(r, s, careRow{kid: kid, unit: u, language: l}, decide && h.age == sixAge)
		case h.age == sixAge && r.Float64() < ended:
			since := h.born + 400 + r.Int32N(500)
			c.care = append(c.care, careRow{kid: kid, unit: u, language: l, since: since, until: since + 200 + r.Int32N(500)})
		}
	}
}

// instructionOf draws the language of instruction of a family's children.
func (c *city) instructionOf(r *rand.Rand, f *family) instruction {
	rate := 0.012
	switch g := c.all[f.kids[0]].group; {
	case g == svGroup:
		rate = 0.94
	case g == otherGroup:
		rate = 0.035
	case slices.ContainsFunc(append(f.lives[:], f.away[:]...), func(p int32) bool { return p != none && c.all[p].group == svGroup }):
		rate = 0.40
	}
	if r.Float64() < rate {
		return inSwedish
	}
	return inFinnish
}

// enrol writes the child's row, and for some an older one in another unit.
func (c *city) enrol(r *rand.Rand, s *sites, row careRow, decide bool) {
	const youngest, changed, dated = 290, 0.05, 0.08
	born := c.all[row.kid].born
	row.since = min(born+youngest+r.Int32N(700), c.day-5-r.Int32N(60))
	if stay := c.day - row.since; stay > 400 && r.Float64() < changed {
		other := s.near(r, c, c.units[row.unit].kind, row.language, &c.all[row.kid])
		change := row.since + 100 + r.Int32N(stay-200)
		if other != none && other != row.unit {
			c.care = append(c.care, careRow{kid: row.kid, unit: other, language: row.language, since: row.since, until: change - 1})
			row.since = change
		}
	}
	if end := firstOf(c.opt.Day.Year()) + 211; end > c.day+30 && r.Float64() < dated { // the end of July
		row.until = end
	}
	if decide {
		row.decided = max(row.since, c.day-3-r.Int32N(60))
	}
	c.care = append(c.care, row)
}

// sites finds units near a home.
type sites struct{ lists [kinds][instructions][]int32 }

func newSites(c *city) *sites {
	s := &sites{}
	for i := range c.units {
		u := &c.units[i]
		for l := range instructions {
			if u.gives[l] {
				s.lists[u.kind][l] = append(s.lists[u.kind][l], int32(i))
			}
		}
	}
	return s
}

// near gives the nearest unit mostly, else the second or third; any for those
// without a home. Where no unit without pre-primary gives the language, one
// with pre-primary is taken.
func (s *sites) near(r *rand.Rand, c *city, k kind, l instruction, h *human) int32 {
	list := s.lists[k][l]
	if len(list) == 0 && k == earlyOnly {
		list = s.lists[prePrimary][l]
	}
	if len(list) == 0 {
		return none
	}
	if h.home == none {
		return list[r.IntN(len(list))]
	}
	site := &c.houses[c.flats[h.home].house]
	best := [3]int32{none, none, none}
	var far [3]float64
	for _, i := range list {
		dn, de := c.units[i].north-site.north, c.units[i].east-site.east
		d := dn*dn + de*de
		for b := range best {
			if best[b] == none || d < far[b] {
				copy(best[b+1:], best[b:])
				copy(far[b+1:], far[b:])
				best[b], far[b] = i, d
				break
			}
		}
	}
	pick := 0
	switch x := r.Float64(); {
	case x > 0.85:
		pick = 2
	case x > 0.60:
		pick = 1
	}
	for best[pick] == none {
		pick--
	}
	return best[pick]
}

// inCohort reports whether the row makes its child one of those to whom a
// place is offered.
func (c *city) inCohort(row careRow) bool {
	return c.resident(row.kid) && dateOf(c.all[row.kid].born).Year() == c.opt.Day.Year()-sixYears && row.covers(c.day) &&
		c.units[row.unit].kind != private && row.decided == 0 && c.hasDecider(row.kid)
}

const sixYears = 6

func (r careRow) covers(day int32) bool { return r.since <= day && (r.until == 0 || r.until >= day) }

// resident reports whether somebody lives and lives in the city.
func (c *city) resident(i int32) bool { return c.all[i].died == 0 && c.all[i].movedOut == 0 }
