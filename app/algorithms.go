package app

import (
	"maps"
	"slices"
	"time"

	"ennakko/fee"
	"ennakko/library"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/service"
)

// The kinds of algorithm.
const (
	FindsPeople = "service" // criteria of a service find people
	FindsCare   = "care"    // criteria of care find what is missing
	WorksOutFee = "fee"     // a fee is worked out
	TellsNeed   = "needs"   // signs tell ahead who will have a high need
)

// Algorithm is one algorithm in use, as the register of algorithms tells of it.
//
// Source: GDPR articles 13(2)(f) and 22; Act on Information Management in Public
// Administration 906/2019, sections 28 a to 28 g (automated decisions); the form follows
// the public registers of algorithms of cities.
type Algorithm struct {
	ID      string
	Kind    string
	Title   permission.Texts
	What    permission.Texts
	Data    []string // fields of registers, or kinds of income
	Basis   string   // in law
	Owner   string   // who answers for it
	Since   time.Time
	Version string
	Hash    string // SHA-256 of all its files, hex
	Rules   int    // criteria or periods
	Ready   int    // of the rules, those that somebody approved
	Tried   int    // made-up people or families on whom it was tried; 0: as many as its pack has, each as it expects
	Seen    int    // of care: per cent of the sub-conditions that they tried out, in every way
	Fits    bool   // all came out as they must
	Judged  int    // of TellsNeed: the year by which it was judged on the city's own data
	Right   int    // and per cent of those whom it named who came to have the need
	Reached int    // and per cent of those with the need whom it named
}

// Algorithms are those in use here: made from what is loaded, not written by hand.
func (p *Privacy) Algorithms() ([]Algorithm, error) {
	var out []Algorithm
	for _, l := range append([]*Live{p.live}, p.more...) {
		out = append(out, ofService(l.Pack))
	}
	if p.usesCare() {
		c, err := p.live.Care()
		if err != nil {
			return nil, err
		}
		out = append(out, p.ofCare(c.Library))
	}
	if n, ok := p.live.Needs(); ok {
		out = append(out, ofNeeds(n))
	}
	if p.fees != nil {
		out = append(out, ofFee(p.fees))
	}
	return out, nil
}

// usesCare reports whether the service goes by what the care library finds.
func (p *Privacy) usesCare() bool {
	return slices.ContainsFunc(append([]*Live{p.live}, p.more...), func(l *Live) bool { return slices.Contains(l.Pack.Purpose().Fields(), register.CareGap) })
}

func ofService(s *service.Pack) Algorithm {
	x := s.Purpose()
	a := Algorithm{ID: s.Name(), Kind: FindsPeople, Title: permission.Texts{}, What: permission.Texts{}, Data: s.Fields(), Basis: x.Basis() + "; " + x.Law(), Owner: s.Owner(),
		Version: s.Version(), Hash: s.Hash(), Fits: true}
	for _, l := range person.Languages() {
		a.Title[l], a.What[l] = s.Title(l), x.Why(l)
	}
	for _, c := range s.Criteria() {
		a.Rules++
		if c.Approval.By != "" {
			a.Ready++
			if c.Approval.On.After(a.Since) {
				a.Since = c.Approval.On
			}
		}
	}
	return a
}

// ofCare tries the library on its made-up people once for each program that runs.
func (p *Privacy) ofCare(l *library.Library) Algorithm {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.care != nil && p.care.Hash == l.Hash() {
		return *p.care
	}
	a := ofLibrary(l, FindsCare)
	r, err := l.Check()
	a.Tried, a.Seen, a.Fits = r.People, int(100*r.Share()), err == nil
	p.care = &a
	return a
}

// ofNeeds is the library of signs of a high need, as it was judged last.
func ofNeeds(n Needs) Algorithm {
	a := ofLibrary(n.Library, TellsNeed)
	a.Judged = n.Year
	for _, w := range n.Ways {
		if w.Name == BySigns {
			a.Right, a.Reached = int(100*w.Predictive+0.5), int(100*w.Sensitivity+0.5)
		}
	}
	return a
}

func ofLibrary(l *library.Library, kind string) Algorithm {
	purpose, err := carePurpose()
	if kind == TellsNeed {
		purpose, err = needPurpose()
	}
	a := Algorithm{ID: l.Name(), Kind: kind, Title: permission.Texts(maps.Clone(l.Title())), What: permission.Texts{}, Owner: l.Owner(), Version: l.Version(), Hash: l.Hash(), Fits: true}
	if err == nil {
		a.Basis = purpose.LegalBasis()
		for _, lang := range person.Languages() {
			a.What[lang] = purpose.Why(lang)
		}
	}
	fields := map[string]bool{}
	for _, c := range l.Criteria() {
		a.Rules++
		if c.Runs() {
			a.Ready++
			if c.Approval.On.After(a.Since) {
				a.Since = c.Approval.On
			}
		}
		for _, f := range c.Care.Fields() {
			fields[f] = true
		}
	}
	a.Data = slices.Sorted(maps.Keys(fields))
	return a
}

func ofFee(f *fee.Pack) Algorithm {
	agreement := f.Agreement()
	x := agreement.Spec()
	a := Algorithm{ID: f.Name(), Kind: WorksOutFee, Title: permission.Texts{}, What: x.Why, Basis: x.Basis + "; " + x.Law, Owner: f.Owner(), Version: f.Version(), Hash: f.Hash(), Tried: f.Cases(), Fits: f.Test() == nil}
	for _, l := range person.Languages() {
		a.Title[l] = f.Title(l)
	}
	for _, s := range x.Sources {
		for _, d := range s.Fields {
			a.Data = append(a.Data, string(d.Field))
		}
	}
	for _, p := range f.Periods() {
		a.Rules++
		a.Ready++
		a.Since = p.From
	}
	return a
}
