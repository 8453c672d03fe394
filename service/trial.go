package service

import (
	"maps"
	"slices"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

// Trial is a service with other values of its parameters, or without some of
// its criteria: to see what would change. Nothing that it finds can become an
// offer.
type Trial struct {
	pack    *Pack
	params  criteria.Params
	without []string
}

// Try makes a trial. Values are given by the name of the parameter; without are
// names of criteria that are left out.
func (p *Pack) Try(values map[string]float64, without []string) (Trial, error) {
	const op = "service.Try"
	t := Trial{pack: p, without: slices.Clone(without)}
	values = maps.Clone(values)
	list := p.params.All()
	for i, x := range list {
		if v, ok := values[x.Name]; ok {
			list[i].Values = []criteria.Dated{{From: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), Value: v, Source: "a trial"}}
			delete(values, x.Name)
		}
	}
	for name := range values {
		return t, fault.New(fault.Invalid, op, "there is no parameter %q", strictyaml.Cut(name, 40))
	}
	for _, name := range without {
		if _, ok := p.criterion(name); !ok {
			return t, fault.New(fault.Invalid, op, "there is no criterion %q", strictyaml.Cut(name, 40))
		}
	}
	var err error
	t.params, err = criteria.NewParams(list...)
	return t, err
}

// Cohort is the group of people who are looked at in the trial.
func (t Trial) Cohort() Cohort {
	c := t.pack.cohort
	c.params = t.params
	return c
}

// Find says what the criteria make of one person, and whether those that are
// left in are all met.
func (t Trial) Find(id person.ID, facts criteria.Facts, asOf time.Time) (met bool, reasons []criteria.Reason, err error) {
	f, err := t.pack.set.Find(id, facts, t.params, asOf)
	if err != nil {
		return false, nil, err
	}
	met = true
	for _, r := range f.Reasons() {
		if r.Verdict != criteria.Met && !slices.Contains(t.without, r.Criterion) {
			met, reasons = false, append(reasons, r)
		}
	}
	return met, reasons, nil
}
