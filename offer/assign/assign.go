// Package assign holds a place in a unit for each child: who stays, who joins a
// sister or brother, who goes where. It is pure and gives the same answer
// whatever the order of its input.
//
// The objective, in this order; what stands higher is never given up for what
// stands lower:
//
//  1. as many children as possible have a place in their language of instruction;
//  2. a child stays in its present unit, when that has places in the language
//     and room. When more wish to stay than fit, children of one home who fit
//     together come first (the larger home first), then the nearest home, then
//     the lower number;
//  3. as many children as possible go where a sister or brother is. Whoever is
//     one to a child is one to all children of its home, and so is a child of
//     the home who stays;
//  4. children of one home share a unit;
//  5. the least total distance, in a straight line.
//
// Rules 2 and 3 never cost a place (rule 1): whoever stays or joins takes one
// place and is one child fewer, and any child may go to any unit of its
// language. So min(children, places) have a place in the end, whatever was
// settled first: min(n-k, places-k) + k = min(n, places) for k settled.
//
// What rules 2 and 3 leave open is a transportation problem. It is solved
// exactly by successive shortest paths over the units (Ahuja, Magnanti and
// Orlin, Network Flows, 1993, section 9.7) in whole millimetres, so there is no
// rounding to argue about. That optimum, each child alone, is BoundM; then
// homes are brought together one at a time, each with the least extra distance.
package assign

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"ennakko/fault"
	"ennakko/person"
)

// Child is a child who needs a place.
type Child struct {
	ID       person.ID
	Language string    // of instruction; "" when not known
	Present  string    // the unit where the child is now, or ""
	Siblings []string  // the units of sisters and brothers outside the cohort
	Together person.ID // the same for children of one home; 0: alone
	X, Y     float64   // home, metres in the units' grid; NaN when not known
}

// Unit is a unit with places.
type Unit struct {
	ID     string
	X, Y   float64        // metres
	Places map[string]int // places to give, by language of instruction
}

// Options are a city's choices.
type Options struct {
	// GroupDetourM is by how many metres all ways together may grow for the
	// sake of bringing one home into one unit (rule 4); 0 is no limit.
	GroupDetourM float64
}

// Reason says why a child was given its unit.
type Reason string

// The reasons of a placement.
const (
	Stays    Reason = "stays"    // the present unit
	Sibling  Reason = "sibling"  // where a sister or brother is
	Together Reason = "together" // with a child of the same home
	Nearest  Reason = "nearest"  // the least total distance
	Room     Reason = "room"     // the home is not known: where there was room
)

// Placement is a place held for a child.
type Placement struct {
	Child     person.ID
	Unit      string
	Language  string
	DistanceM float64 // metres; 0 when the home is not known
	Reason    Reason
}

// Wait says why a child has no place.
type Wait string

// The reasons to wait.
const (
	NoPlace    Wait = "no place in the language"
	NoLanguage Wait = "language of instruction not known"
	NoHome     Wait = "home not known, and no place left"
)

// Unplaced is a child without a place.
type Unplaced struct {
	Child  person.ID
	Reason Wait
}

// Result is a whole assignment. Both lists stand in the order of the children's
// numbers, and each child is in just one of them.
type Result struct {
	Placements []Placement
	Waiting    []Unplaced
	DistanceM  float64 // metres over all placements whose home is known
	BoundM     float64 // the least possible, were rule 4 left out
	Stays      int
	Siblings   int
	Split      int // homes whose children of one language did not get one unit
}

// farthest is the longest distance taken as true, in metres. A longer one
// means that homes and units are not in the same grid.
const farthest = 1_000_000

// Solve assigns the children to the units. Errors are Invalid: a child or unit
// without a number or twice, a negative number of places, a unit without a
// location, or homes and units in different grids.
func Solve(children []Child, units []Unit, opt Options) (Result, error) {
	var r Result
	children, units = slices.Clone(children), slices.Clone(units)
	slices.SortFunc(children, func(a, b Child) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(units, func(a, b Unit) int { return cmp.Compare(a.ID, b.ID) })
	if err := check(children, units, opt); err != nil {
		return r, err
	}
	byLanguage := map[string][]Child{}
	for _, c := range children {
		if c.Language == "" {
			r.Waiting = append(r.Waiting, Unplaced{c.ID, NoLanguage})
			continue
		}
		byLanguage[c.Language] = append(byLanguage[c.Language], c)
	}
	var distance, bound int64
	for _, language := range slices.Sorted(maps.Keys(byLanguage)) {
		p, err := newProblem(language, byLanguage[language], units)
		if err != nil {
			return Result{}, err
		}
		p.stays()
		p.siblings()
		bound += p.nearest(opt)
		p.homeless()
		distance += p.tell(&r)
	}
	r.DistanceM, r.BoundM = float64(distance)/1000, float64(bound)/1000
	slices.SortFunc(r.Placements, func(a, b Placement) int { return cmp.Compare(a.Child, b.Child) })
	slices.SortFunc(r.Waiting, func(a, b Unplaced) int { return cmp.Compare(a.Child, b.Child) })
	return r, nil
}

// check wants both lists sorted. No error names a child.
func check(children []Child, units []Unit, opt Options) error {
	const op = "assign.Solve"
	for i, c := range children {
		if c.ID == 0 || i > 0 && children[i-1].ID == c.ID {
			return fault.New(fault.Invalid, op, "a child has no number, or stands in the list twice")
		}
		if math.IsInf(c.X, 0) || math.IsInf(c.Y, 0) {
			return fault.New(fault.Invalid, op, "a home lies infinitely far away").Do("give NaN for a home that is not known")
		}
	}
	for i, u := range units {
		if u.ID == "" || i > 0 && units[i-1].ID == u.ID {
			return fault.New(fault.Invalid, op, "a unit has no id, or stands in the list twice").Where("unit %q", u.ID)
		}
		if math.IsNaN(u.X+u.Y) || math.IsInf(u.X+u.Y, 0) {
			return fault.New(fault.Invalid, op, "the unit has no location").Where("unit %q", u.ID).Do("give its coordinates in the unit register")
		}
		for l, n := range u.Places {
			if n < 0 {
				return fault.New(fault.Invalid, op, "the unit has fewer than no places in %q", l).Where("unit %q", u.ID)
			}
		}
	}
	if opt.GroupDetourM < 0 || math.IsNaN(opt.GroupDetourM) || math.IsInf(opt.GroupDetourM, 0) {
		return fault.New(fault.Invalid, op, "the detour for a home is not a number of metres from 0 up")
	}
	return nil
}
