package service

import (
	"slices"
	"time"

	"ennakko/criteria"
	"ennakko/person"
	"ennakko/strictyaml"
)

// Comparison says that a fair lot lets a share of those who compete for places be
// invited later, so that what the service brings about can be seen beside them. The
// gate names those whom waiting could harm: they are never in the lot.
type Comparison struct {
	Share int // of a hundred
	Weeks int // that those who are drawn wait
	Text  map[person.Language]string
	Harms []Harm

	set    *criteria.Set
	params criteria.Params
}

// Harm is a condition on a person whom waiting could harm.
type Harm struct {
	Name string
	CEL  string
	Text map[person.Language]string
}

// Outcome is something that the service is to bring about, as the care library says
// whether it has: see library.Outcome.
type Outcome struct {
	Name string // of the library's outcome
	// With are the marks of the cohort's facts among which it is counted: only those
	// for whom it was undone. Empty: all.
	With []string
}

// Comparison is the lot of the service's rounds; ok is false when there is none.
func (p *Pack) Comparison() (c Comparison, ok bool) {
	if p.comparison == nil {
		return Comparison{}, false
	}
	return *p.comparison, true
}

// Outcomes are what the service is to bring about, in the order in which people come
// to them.
func (p *Pack) Outcomes() []Outcome { return slices.Clone(p.outcomes) }

// Fields lists what the conditions of harm read.
func (c Comparison) Fields() []string { return c.set.Fields() }

// MayWait reports whether waiting cannot harm a person: every condition of harm is
// known not to hold. What is not known counts as harm.
func (c Comparison) MayWait(id person.ID, facts criteria.Facts, asOf time.Time) (bool, error) {
	f, err := c.set.Find(id, facts, c.params, asOf)
	if err != nil {
		return false, err
	}
	for _, r := range f.Reasons() {
		if r.Verdict != criteria.NotMet {
			return false, nil
		}
	}
	return true, nil
}

// mostShare is the greatest share, of a hundred, that may be invited later.
const mostShare = 50

// readComparison reads the lot, once conditions can be compiled.
func (r *reading) readComparison(x strictyaml.Node) {
	if !x.There() {
		return
	}
	if !r.pack.ForSelf() {
		x.Bad("leave it out", "a lot is only for services whose people answer for themselves")
	}
	k := x.Keys("share", "weeks", "text", "harms")
	c := &Comparison{Share: k["share"].Whole(1, mostShare), Weeks: k["weeks"].Whole(1, 52), Text: k["text"].Texts(), params: r.pack.params}
	var named []criteria.Named
	for _, e := range k["harms"].List() {
		f := e.Keys("name", "cel", "text")
		h := Harm{f["name"].Name(), f["cel"].TextUpTo(criteria.MaxText), f["text"].Texts()}
		if h.CEL == "" {
			continue
		}
		p, err := r.language.Compile(h.CEL)
		r.compileFaults(f["cel"], err)
		if err == nil {
			r.covered(f["cel"], p.Fields()...)
			c.Harms, named = append(c.Harms, h), append(named, criteria.Named{Name: h.Name, Program: p})
		}
	}
	if len(named) == 0 {
		k["harms"].Bad("name a condition under which nobody may wait", "a lot needs to know whom waiting could harm")
		return
	}
	set, err := criteria.NewSet(r.pack.hash, named...)
	if err != nil {
		k["harms"].Bad("give each a name of its own", "two conditions of harm have one name")
		return
	}
	c.set, r.pack.comparison = set, c
}

// outcomes reads what the service is to bring about.
func (r *reading) outcomes(x strictyaml.Node) {
	if !x.There() {
		return
	}
	for _, e := range x.List() {
		f := e.Keys("name", "?", "among")
		o := Outcome{Name: f["name"].Name()}
		if f["among"].There() {
			for _, w := range f["among"].List() {
				o.With = append(o.With, w.Text())
			}
		}
		r.pack.outcomes = append(r.pack.outcomes, o)
	}
}
