package testcity

import (
	"math/rand/v2"

	"ennakko/fault"
	"ennakko/person"
)

const (
	firstNumber = 900 // individual numbers from here are not given to real people
	perSign     = 50  // of each sex under one century sign
	signCount   = 6   // per century
	newSigns    = 0.03
)

// codes gives everyone an identity code. Most have the century's oldest sign;
// some a newer one, and all those for whom no number of the oldest is left.
func (c *city) codes() error {
	r := c.rng(13)
	for i := range c.all {
		if err := c.issue(r, &c.all[i]); err != nil {
			return err
		}
	}
	return nil
}

// issued counts the codes given out for one day of birth, by sex and sign.
type issued [2][signCount]uint8

// sign chooses the century sign; none is left when it returns signCount.
func (n *issued) sign(r *rand.Rand, sex int) int {
	if r.Float64() < newSigns {
		if s := 1 + r.IntN(signCount-1); n[sex][s] < perSign {
			return s
		}
	}
	for s, given := range n[sex] {
		if given < perSign {
			return s
		}
	}
	return signCount
}

// issue gives the next free code of the day of birth. When the day has none
// left, the person is born on another day of the same year.
func (c *city) issue(r *rand.Rand, h *human) error {
	const days = 366
	sex := sexOf(h.male)
	for range days {
		n := c.issued[h.born]
		if n == nil {
			n = new(issued)
			c.issued[h.born] = n
		}
		if sign := n.sign(r, sex); sign < signCount {
			// 21 has no factor in common with 50: the numbers of a day come mixed.
			k := int(n[sex][sign])*21 + int(h.born)%perSign + perSign
			n[sex][sign]++
			code, err := person.MakeCode(dateOf(h.born), sign, firstNumber+2*(k%perSign)+sex)
			if err != nil {
				return fault.Wrap(err, "testcity.codes", "an identity code could not be made")
			}
			copy(h.code[:], code.Reveal())
			return nil
		}
		year := dateOf(h.born).Year()
		first := firstOf(year)
		h.born = first + (h.born-first+1)%(firstOf(year+1)-first)
		h.movedIn = max(h.movedIn, h.born)
	}
	return fault.New(fault.Internal, "testcity.codes", "a year has more births than identity codes for made-up people").Do("make a smaller city")
}
