package testcity

import (
	"math"
	"math/rand/v2"
)

// How many rows, in a city of the pilot's size, are of people who are not
// residents any more.
const (
	goneFamilies = 30  // moved out with a child turning six
	goneAdults   = 900 // moved out
	deadAdults   = 600
	deadKids     = 3 // who would turn six
)

// elsewhere are municipalities to which people move; 200 is abroad.
var elsewhere = [...]uint16{49, 92, 49, 92, 235, 245, 257, 186, 753, 837, 853, 200}

func (c *city) scaled(n float64) int { return max(1, int(math.Round(n*c.scale))) }

// others adds people whom the register still names although they died or
// moved out of the city.
func (c *city) others() error {
	r := c.rng(9)
	six := c.sixFamilies(r)
	for k := range min(c.scaled(deadKids), len(six)) {
		i := six[k]
		f := &c.kin[i]
		parent := c.all[f.lives[0]]
		kid := human{age: sixAge, group: c.all[f.kids[0]].group, male: r.IntN(2) == 0, home: none, area: parent.area, municipality: helsinki,
			born: c.birthday(r, sixAge), hidden: parent.hidden}
		kid.died = kid.born + r.Int32N(c.day-kid.born)
		c.name(r, &kid)
		c.inherit(&kid, &c.all[f.kids[0]])
		c.inherit(&kid, &c.all[f.lives[0]])
		f.kids = append(f.kids, c.add(kid))
		c.ofKid[len(c.all)-1] = i
	}
	for range c.scaled(goneFamilies) {
		c.goneFamily(r)
	}
	for range c.scaled(goneAdults) {
		c.addAdult(r, uint8(adultAge+r.IntN(45)), func(h *human) {
			c.leave(h, elsewhere[r.IntN(len(elsewhere))], c.day-1-r.Int32N(300))
			h.movedIn = max(h.born, h.movedOut-200-r.Int32N(3000))
		})
	}
	for range c.scaled(deadAdults) {
		c.addAdult(r, uint8(min(ages-1, 60+r.IntN(40))), func(h *human) { h.died = c.day - 1 - r.Int32N(60) })
	}
	return nil
}

// leave moves somebody out of the city.
func (c *city) leave(h *human, to uint16, day int32) {
	h.municipality, h.movedOut, h.home = to, max(h.born+1, day), none
}

func (c *city) addAdult(r *rand.Rand, age uint8, change func(*human)) int32 {
	h := human{age: age, group: fiGroup, male: r.IntN(2) == 0, home: none, municipality: helsinki, born: c.birthday(r, age)}
	if r.IntN(6) == 0 {
		h.group = otherGroup
	}
	change(&h)
	c.name(r, &h)
	return c.add(h)
}

// goneFamily adds a couple with one or two children who moved out within the
// last half year.
func (c *city) goneFamily(r *rand.Rand) {
	to, ago := elsewhere[r.IntN(len(elsewhere))], 3+r.Int32N(180)
	mother := uint8(26 + r.IntN(16))
	leave := func(h *human) {
		c.leave(h, to, c.day-ago)
		h.movedIn = max(h.born, h.movedOut-900)
	}
	f := family{lives: [2]int32{none, none}, away: [2]int32{none, none}, gone: true, six: true}
	for s, age := range [2]uint8{mother, mother + uint8(r.IntN(5))} {
		f.lives[s] = c.addAdult(r, age, func(h *human) {
			h.male, h.group = s == 1, fiGroup
			leave(h)
		})
	}
	for _, age := range []uint8{sixAge, uint8(2 + r.IntN(2))}[:1+r.IntN(2)] {
		kid := c.addAdult(r, age, func(h *human) {
			h.group = fiGroup
			leave(h)
		})
		f.kids = append(f.kids, kid)
		c.ofKid[kid] = int32(len(c.kin))
	}
	c.nameFamily(r, &f)
	c.kin = append(c.kin, f)
}
