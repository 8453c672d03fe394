package testcity

import (
	"math/rand/v2"

	"ennakko/fault"
)

func tooFewAdults() error {
	return fault.New(fault.Internal, "testcity.Write", "the city has too few adults for its children").Do("make a larger city")
}

// absent is a parent who lives elsewhere and is still to be found.
type absent struct {
	family int32
	slot   int
}

// absentParents finds the parents who do not live with their children: the
// other parent of those apart, of some with one guardian, and both parents of
// children in foster care. They come from those who have no household yet.
func (c *city) absentParents() error {
	r := c.rng(3)
	for i := range c.kin {
		fam := &c.kin[i]
		switch {
		case fam.form == apart, fam.custody:
			c.absent = append(c.absent, absent{int32(i), 0})
		case fam.form == foster:
			c.absent = append(c.absent, absent{int32(i), 0}, absent{int32(i), 1})
		}
	}
	for _, a := range c.absent {
		c.findAbsent(a, r)
	}
	for i := range c.kin {
		fam := &c.kin[i]
		switch {
		case fam.form == apart && fam.away[0] == none:
			fam.form = sole
		case fam.form == foster && fam.away[0] == none && fam.away[1] == none:
			fam.form = together
		}
		fam.custody = fam.custody && fam.away[0] != none
	}
	return nil
}

func (c *city) findAbsent(a absent, r *rand.Rand) {
	fam := &c.kin[a.family]
	young, old := c.span(fam.kids)
	kid := c.all[fam.kids[0]]
	low, high := old+fewestYears, min(young+mostYears, ages-1)
	male := a.slot == 1 // of two parents elsewhere the mother stands first
	if fam.form != foster {
		male = !c.all[fam.lives[0]].male
		low, high = max(low, int(c.all[fam.lives[0]].age)-8), min(high, int(c.all[fam.lives[0]].age)+12)
	}
	g := kid.group
	if x := r.Float64(); g != fiGroup && x < 0.35 {
		g = fiGroup
	}
	for _, g := range orderOf(g) {
		if fam.away[a.slot] == none {
			fam.away[a.slot] = c.free.nearIn(c.all, r, g, male, low, high, kid.area)
		}
	}
}
