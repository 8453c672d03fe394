package testcity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/planar"

	"ennakko/fault"
	"ennakko/place"
)

// kind says what a unit gives.
type kind uint8

const (
	prePrimary kind = iota // municipal, pre-primary and early education
	earlyOnly              // municipal, early education only
	private
	kinds
)

// instruction is a language of instruction.
type instruction uint8

const (
	inFinnish instruction = iota
	inSwedish
	instructions
)

var instructionCodes = [instructions]string{"fi", "sv"}

type unit struct {
	kind        kind
	area        int16
	site        place.Grid
	north, east float64 // GK25
	name        string  // without "Päiväkoti"
	gives       [instructions]bool
	places      [instructions]int
}

// Units in a city of the pilot's size.
var unitsAtPilot = [kinds]float64{prePrimary: 250, earlyOnly: 90, private: 40}

const (
	swedishUnits   = 0.085 // share of units
	bilingualUnits = 0.03
)

// openUnits places the units where the children are.
func (c *city) openUnits() error {
	r := c.rng(10)
	byArea := make([][]int32, len(c.fig.areas))
	weights := [instructions][]float64{make([]float64, len(c.fig.areas)), make([]float64, len(c.fig.areas))}
	for i := range c.all {
		h := &c.all[i]
		if h.age < 1 || h.age > sixAge || h.home == none {
			continue
		}
		byArea[h.area] = append(byArea[h.area], int32(i))
		l := inFinnish
		if h.group == svGroup {
			l = inSwedish
		}
		weights[l][h.area]++
	}
	for k := range kinds {
		n := max(int(math.Round(unitsAtPilot[k]*c.scale)), int(kinds-k))
		sv := int(math.Round(swedishUnits * float64(n)))
		if k == prePrimary {
			sv = max(sv, 1)
		}
		for l, n := range [instructions]int{n - sv, sv} {
			for a, count := range apportion(weights[l], n) {
				for range count {
					if err := c.open(r, k, instruction(l), int16(a), byArea[a]); err != nil {
						return err
					}
				}
			}
		}
	}
	if len(c.units) == 0 {
		return fault.New(fault.Internal, "testcity.openUnits", "the city has no small children").Do("make a larger city")
	}
	for i := range c.units {
		u := &c.units[i]
		u.gives[inSwedish] = u.gives[inSwedish] || u.kind == prePrimary && r.Float64() < bilingualUnits
	}
	slices.SortStableFunc(c.units, func(a, b unit) int { return int(a.area) - int(b.area) })
	c.nameUnits(r)
	return nil
}

// open puts a unit within a few hundred metres of a child's home.
func (c *city) open(r *rand.Rand, k kind, l instruction, area int16, kids []int32) error {
	const steps, spread = 20, 150.0
	home := c.houses[c.flats[c.all[kids[r.IntN(len(kids))]].home].house].site
	g, err := home.To(place.GK25)
	if err != nil {
		return fault.Wrap(err, "testcity.open", "a home's coordinates cannot be converted")
	}
	site := orb.Point{g.East(), g.North()}
	for range steps {
		p := orb.Point{site[0] + r.NormFloat64()*spread, site[1] + r.NormFloat64()*spread}
		if planar.MultiPolygonContains(c.land[area].land, p) {
			site = p
			break
		}
	}
	u := unit{kind: k, area: area, north: site[1], east: site[0]}
	u.gives[l] = true
	u.site, err = gridAt(site, r.Float64() < inTM35)
	c.units = append(c.units, u)
	return err
}

// nameUnits gives each unit a name that no other has.
func (c *city) nameUnits(r *rand.Rand) {
	shuffled := func(s []string) []string {
		s = slices.Clone(s)
		r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
		return s
	}
	var made []string
	for _, front := range c.words["unit-front"] {
		for _, end := range c.words["unit-end"] {
			if n := front + end; !slices.Contains(c.words["unit-fi"], n) {
				made = append(made, n)
			}
		}
	}
	lists := [instructions][]string{append(shuffled(c.words["unit-fi"]), shuffled(made)...), shuffled(c.words["unit-sv"])}
	var used [instructions]int
	for i := range c.units {
		l := inFinnish
		if !c.units[i].gives[inFinnish] {
			l = inSwedish
		}
		k := used[l]
		used[l]++
		c.units[i].name = lists[l][k%len(lists[l])]
		if round := k / len(lists[l]); round > 0 {
			c.units[i].name += fmt.Sprintf(" %d", round+1)
		}
	}
}

func unitID(i int32) string { return fmt.Sprintf("u%04d", i+1) }

// roomier is how many more places there are than children of the cohort, by
// language.
const roomier = 1.09

// places shares the pre-primary places out. Units differ, so that some are
// asked for by more children than they hold.
func (c *city) places() error {
	const spread, second = 0.35, 0.4
	r := c.rng(12)
	var demand [instructions]int
	for _, row := range c.care {
		if c.inCohort(row) {
			demand[row.language]++
		}
	}
	for l := range instructions {
		weights := make([]float64, len(c.units))
		for i := range c.units {
			u := &c.units[i]
			if u.kind != prePrimary || !u.gives[l] {
				continue
			}
			weights[i] = math.Exp(r.NormFloat64() * spread)
			if l == inSwedish && u.gives[inFinnish] {
				weights[i] *= second
			}
		}
		for i, n := range apportion(weights, int(math.Ceil(roomier*float64(demand[l])))) {
			c.units[i].places[l] = n
		}
	}
	return nil
}
