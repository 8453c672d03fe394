package testcity

import (
	"math"
	"math/rand/v2"
)

// quota is a planned number of n at a rate: at least one, however small the
// city.
func quota(rate float64, n int) int { return max(1, int(math.Round(rate*float64(n)))) }

// sixFamilies lists the families with a child turning six, in an order by
// chance.
func (c *city) sixFamilies(r *rand.Rand) []int32 {
	var out []int32
	for i := range c.kin {
		if c.kin[i].six && !c.kin[i].gone {
			out = append(out, int32(i))
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

const (
	hiddenRate  = 0.003 // families under non-disclosure
	hiddenAlone = 0.001 // other households
	widowRate   = 0.03  // of the families with one guardian
	openRate    = 0.3   // of those, whose register entry is not closed yet
)

// rareFacts lays the rare facts of families: exact numbers among families with
// a child turning six, chance among the others.
func (c *city) rareFacts() error {
	r := c.rng(8)
	six := c.sixFamilies(r)
	hide := map[int32]bool{}
	recent := map[int32]int32{}
	for k, i := range six {
		if k < quota(hiddenRate, len(six)) {
			c.hide(&c.kin[i], hide)
		}
	}
	moved := quota(movedLastWeek, len(six))
	for k := len(six) - 1; k >= 0 && moved > 0; k-- {
		if home := c.all[c.kin[six[k]].kids[0]].home; home != none {
			recent[home] = c.day - 1 - r.Int32N(7)
			moved--
		}
	}
	for i := range c.kin {
		if !c.kin[i].six && r.Float64() < hiddenRate {
			c.hide(&c.kin[i], hide)
		}
	}
	for i := range c.flats {
		if r.Float64() < hiddenAlone {
			hide[int32(i)] = true
		}
	}
	for i := range c.all {
		h := &c.all[i]
		if hide[h.home] && (h.home != none) {
			h.hidden = true
		}
		if day, ok := recent[h.home]; ok {
			h.movedIn = max(day, h.born)
		}
	}
	c.widow(r, six)
	return nil
}

func (c *city) hide(f *family, homes map[int32]bool) {
	for _, p := range append(f.lives[:], f.kids...) {
		if p != none {
			c.all[p].hidden = true
			homes[c.all[p].home] = true
		}
	}
}

// widow lets the other parent of some families with one guardian have died.
// Where open, the register has not closed the guardianship yet.
func (c *city) widow(r *rand.Rand, six []int32) {
	var alone []int32
	for _, i := range six {
		if f := &c.kin[i]; f.form == sole && f.away[0] == none {
			alone = append(alone, i)
		}
	}
	for k, i := range alone {
		if k >= quota(widowRate, len(alone)) {
			break
		}
		f := &c.kin[i]
		left := c.all[f.lives[0]]
		young, _ := c.span(f.kids)
		ago := int32(10 + r.IntN(300*max(1, young)))
		if f.open = r.Float64() < openRate; f.open {
			ago = 2 + r.Int32N(9)
		}
		dead := human{age: left.age, group: left.group, male: !left.male, home: none, area: left.area, municipality: helsinki,
			born: c.birthday(r, left.age), died: c.day - ago, hidden: left.hidden}
		c.name(r, &dead)
		f.away[0], f.widowed = c.add(dead), true
	}
}

// add appends somebody who is not a resident.
func (c *city) add(h human) int32 {
	c.all = append(c.all, h)
	c.ofKid = append(c.ofKid, none)
	return int32(len(c.all) - 1)
}
