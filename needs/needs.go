// Package needs looks at how costs lie among people, and at how well those who will
// have most of them can be told a year ahead. It knows people only as numbers in
// order; it reads and keeps nothing.
package needs

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/integrate"

	"ennakko/fault"
)

// Point is a place on the concentration curve: the share of people with the least
// cost, and the share of all costs that they have.
type Point struct {
	People float64 `json:"people"`
	Cost   float64 `json:"cost"`
}

// Curve is how costs lie among people.
type Curve struct {
	People int     `json:"people"`
	Total  float64 `json:"total"` // in the unit of the costs
	Points []Point `json:"points"`
	Gini   float64 `json:"gini"`  // 0: everybody has the same; 1: one has all
	Tenth  float64 `json:"tenth"` // share of the costs that the tenth of people with most have
	For80  float64 `json:"for80"` // share of people, those with most first, who have 80 % of the costs
	Free   float64 `json:"free"`  // share of people without any cost
}

// steps is how many steps the points of a curve take.
const steps = 100

// Concentration is the concentration curve (Lorenz curve) of costs, with the Gini
// coefficient by the trapezoid rule over everyone. Negative costs, and no costs at
// all, are a fault of kind Invalid.
func Concentration(costs []float64) (Curve, error) {
	const op = "needs.Concentration"
	sorted := slices.Clone(costs)
	slices.Sort(sorted)
	c := Curve{People: len(sorted)}
	for _, x := range sorted {
		c.Total += x
	}
	if len(sorted) == 0 || sorted[0] < 0 || c.Total <= 0 {
		return c, fault.New(fault.Invalid, op, "there are no costs, or negative ones").Do("look at the facts of service use of that year")
	}
	n := float64(len(sorted))
	x, y := make([]float64, len(sorted)+1), make([]float64, len(sorted)+1)
	sum, free := 0.0, 0
	for i, v := range sorted {
		sum += v
		x[i+1], y[i+1] = float64(i+1)/n, sum/c.Total
		if v == 0 {
			free++
		}
	}
	at := func(share float64) float64 { return y[int(share*n+0.5)] }
	for i := range steps + 1 {
		share := float64(i) / steps
		c.Points = append(c.Points, Point{share, at(share)})
	}
	c.Gini, c.Tenth, c.Free = 1-2*integrate.Trapezoidal(x, y), 1-at(0.9), float64(free)/n
	most := len(sorted)
	for most > 0 && 1-y[most] < 0.8 {
		most--
	}
	c.For80 = 1 - x[most]
	return c, nil
}

// Top marks the share of people with the greatest numbers; of two with the same
// number the one who comes first, so the order of people must say nothing of them.
func Top(numbers []float64, share float64) []bool {
	order := make([]int, len(numbers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(numbers[b], numbers[a]) })
	out := make([]bool, len(numbers))
	for _, i := range order[:int(share*float64(len(numbers))+0.5)] {
		out[i] = true
	}
	return out
}

// Found is how well a way of finding people ahead did, held against what came.
type Found struct {
	Named       int     `json:"named"`       // people whom it named
	High        int     `json:"high"`        // people who came to have a high need
	Both        int     `json:"both"`        // named, and came to have one
	Sensitivity float64 `json:"sensitivity"` // of those with a high need, the share who were named
	Predictive  float64 `json:"predictive"`  // of those named, the share who came to have a high need
	Cost        float64 `json:"cost"`        // share of the year's costs that those named came to have
}

// Judge holds those whom a way named against those who came to have a high need and
// what they came to cost. The lists are of the same people in the same order.
func Judge(named, high []bool, costs []float64) (Found, error) {
	var f Found
	if len(named) != len(high) || len(named) != len(costs) {
		return f, fault.New(fault.Internal, "needs.Judge", "the lists are not of the same people")
	}
	total, theirs := 0.0, 0.0
	for i := range named {
		total += costs[i]
		if named[i] {
			f.Named++
			theirs += costs[i]
		}
		if high[i] {
			f.High++
			if named[i] {
				f.Both++
			}
		}
	}
	f.Sensitivity, f.Predictive, f.Cost = part(float64(f.Both), float64(f.High)), part(float64(f.Both), float64(f.Named)), part(theirs, total)
	return f, nil
}

func part(a, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return a / whole
}

// Group is how a way did among the people of one group.
type Group struct {
	Name string `json:"name"`
	// People of the group.
	People int `json:"people"`
	Found
}

// ByGroup judges a way group by group, in order of the groups' names.
func ByGroup(named, high []bool, costs []float64, group []string) ([]Group, error) {
	of := map[string][]int{}
	for i, g := range group {
		of[g] = append(of[g], i)
	}
	var out []Group
	for name, people := range of {
		var n, h []bool
		var c []float64
		for _, i := range people {
			n, h, c = append(n, named[i]), append(h, high[i]), append(c, costs[i])
		}
		f, err := Judge(n, h, c)
		if err != nil {
			return nil, err
		}
		out = append(out, Group{name, len(people), f})
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Step is people for whom a way gave numbers in the same range: how many of them it
// expected to have a high need, and how many had one.
type Step struct {
	People   int     `json:"people"`
	Expected float64 `json:"expected"` // share, the mean of what was given
	Seen     float64 `json:"seen"`     // share
}

// Calibration puts people in order of the chance that a way gave them, cuts them into
// parts of the same size and holds what was expected against what came.
func Calibration(chance []float64, high []bool, parts int) []Step {
	order := make([]int, len(chance))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(chance[a], chance[b]) })
	var out []Step
	for k := range parts {
		some := order[len(order)*k/parts : len(order)*(k+1)/parts]
		s := Step{People: len(some)}
		for _, i := range some {
			s.Expected += chance[i]
			if high[i] {
				s.Seen++
			}
		}
		s.Expected, s.Seen = part(s.Expected, float64(s.People)), part(s.Seen, float64(s.People))
		out = append(out, s)
	}
	return out
}
