package criteria

import (
	"math"
	"slices"
	"time"

	"ennakko/fault"
)

// Dated is the value of a parameter from a day on.
type Dated struct {
	From   time.Time
	Value  float64
	Source string // the law or decision that set it
}

// Param is a number that law or the city changes from time to time.
type Param struct {
	Name   string
	Values []Dated // oldest first
}

// At returns the value in force on a day, or a fault if there was none yet.
func (p Param) At(day time.Time) (float64, error) {
	day = dayOf(day)
	for _, v := range slices.Backward(p.Values) {
		if !dayOf(v.From).After(day) {
			return v.Value, nil
		}
	}
	return 0, fault.New(fault.Missing, "criteria.At", "the parameter %s has no value in force on %s", p.Name, day.Format(time.DateOnly)).
		Do("add the value of that day, with its source")
}

// Params are the dated parameters of a set of criteria. Only NewParams makes
// one; the zero Params has none.
type Params struct{ list []Param }

// NewParams checks that each parameter has a name of its own and values that
// are finite, sourced and in order of day.
func NewParams(list ...Param) (Params, error) {
	const op = "criteria.NewParams"
	var p Params
	for _, x := range list {
		if !shortName.MatchString(x.Name) {
			return Params{}, fault.New(fault.Invalid, op, "%q is not a name of a parameter", x.Name).Do("use small letters, digits and _")
		}
		if slices.Contains(p.Names(), x.Name) {
			return Params{}, fault.New(fault.Invalid, op, "the parameter %s stands twice", x.Name)
		}
		if len(x.Values) == 0 {
			return Params{}, fault.New(fault.Invalid, op, "the parameter %s has no value", x.Name)
		}
		for i, v := range x.Values {
			switch {
			case v.From.IsZero() || v.Source == "":
				return Params{}, fault.New(fault.Invalid, op, "a value of the parameter %s has no day or no source", x.Name)
			case math.IsNaN(v.Value) || math.IsInf(v.Value, 0):
				return Params{}, fault.New(fault.Invalid, op, "a value of the parameter %s is not a number", x.Name)
			case i > 0 && !dayOf(v.From).After(dayOf(x.Values[i-1].From)):
				return Params{}, fault.New(fault.Invalid, op, "the values of the parameter %s are not in order of day", x.Name).Do("put the oldest first")
			}
		}
		p.list = append(p.list, Param{x.Name, slices.Clone(x.Values)})
	}
	return p, nil
}

// Names lists the parameters in their order.
func (p Params) Names() []string {
	names := make([]string, len(p.list))
	for i, x := range p.list {
		names[i] = x.Name
	}
	return names
}

// All is a copy of the parameters.
func (p Params) All() []Param {
	all := make([]Param, len(p.list))
	for i, x := range p.list {
		all[i] = Param{x.Name, slices.Clone(x.Values)}
	}
	return all
}

// At returns the value of a parameter that is in force on a day.
func (p Params) At(name string, day time.Time) (float64, error) {
	for _, x := range p.list {
		if x.Name == name {
			return x.At(day)
		}
	}
	return 0, fault.New(fault.Missing, "criteria.At", "there is no parameter %s", name)
}
