// Package service holds what the city offers, as data: a pack is a folder of
// five files that says for whom a service is, by which law, with which
// criteria, when it is offered and in which words. Load checks all of it at
// once; a pack that loads is whole and does not change.
//
// The five conditions under which a proactive, personal service is justified
// are a gate here: a pack that lacks one does not load, and a person who fails
// a criterion gets no offer.
package service

import (
	"errors"
	"maps"
	"slices"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Pack is one service. Only Load makes one.
type Pack struct {
	name, version, hash, owner, phone string

	title      map[person.Language]string
	law        []Provision
	conditions []Condition
	keep       Keep
	purpose    permission.Purpose
	cohort     Cohort
	criteria   []Criterion
	params     criteria.Params
	titles     map[string]map[person.Language]string // of the parameters
	set        *criteria.Set
	schedule   Schedule
	guardians  Guardians
	unitKind   string
	address    string // "": the messages name none
	order      Order
	calendar   *Calendar   // nil: places have no time
	comparison *Comparison // nil: nobody is invited later
	outcomes   []Outcome
	measures   []Measure
	messages   map[Kind]map[person.Language]template
	people     []made
}

// Provision is one place in the law on which the service stands.
type Provision struct {
	Act     string                     // "Basic Education Act 628/1998"
	Section string                     // "section 26 a"
	Says    map[person.Language]string // what it says, in plain words
}

// Condition is one of the five conditions of the gate.
type Condition struct {
	Name      string // Statutory, Entitled, Recognised, Permitted or Beneficial
	Text      map[person.Language]string
	Evidence  string   // what shows that it holds
	CheckedBy []string // criteria that check it for each person; empty: it holds of the service
}

// The five conditions, in their order.
const (
	Statutory  = "statutory"  // the service is laid down in law
	Entitled   = "entitled"   // the resident has a right to it
	Recognised = "recognised" // the need is seen from data, and the city can deliver
	Permitted  = "permitted"  // the city may use the data so
	Beneficial = "beneficial" // it is good for the resident and for the city
)

// ConditionNames lists the five conditions in their order.
func ConditionNames() []string {
	return []string{Statutory, Entitled, Recognised, Permitted, Beneficial}
}

// Criterion is one named condition on a person.
type Criterion struct {
	Name     string
	CEL      string
	Fields   []string                   // what it reads
	Met      map[person.Language]string // what it says of somebody who meets it
	NotMet   map[person.Language]string // the reason when it is not met
	Unknown  map[person.Language]string // the reason when a fact is missing
	Source   string
	Approval Approval // zero: a draft
	Failsafe bool     // whom it alone leaves out stands on the failsafe list
}

// Approval says who approved a criterion, when and on what evidence.
type Approval struct {
	By       string
	On       time.Time
	Evidence string
}

// Guardians says who must answer: which of a child's guardians, or the person.
type Guardians string

// The policies.
const (
	AnyGuardian Guardians = "any"      // one answer is enough
	AllMust     Guardians = "all"      // every guardian who was asked must accept
	OneTold     Guardians = "one-told" // one is asked, the others are told
	Self        Guardians = "self"     // nobody's: the person is grown up and answers alone
)

// Order says who comes first where places are fewer than people: those with the
// greatest sum of a number over some of its marks. The zero Order leaves it to
// the way to the unit.
type Order struct {
	Field permission.Field
	With  []string // the facts' qualifiers that count
}

// Measure is something by which the service is judged afterwards.
type Measure struct {
	Name  string
	Title map[person.Language]string
}

// Cohort is the group of people who are looked at: a range of days of one
// field, which the registers can find without showing anyone's facts.
type Cohort struct {
	field    string
	from, to *criteria.Day
	params   criteria.Params
}

// Range gives the field and the days of a round: from <= value < to.
func (c Cohort) Range(asOf time.Time) (field string, from, to time.Time, err error) {
	const op = "service.Range"
	if c.from == nil {
		return "", from, to, fault.New(fault.Invalid, op, "there is no cohort")
	}
	if from, err = c.from.Eval(c.params, asOf); err != nil {
		return "", from, to, fault.Wrap(err, op, "the first day of the cohort cannot be computed")
	}
	if to, err = c.to.Eval(c.params, asOf); err != nil {
		return "", from, to, fault.Wrap(err, op, "the end of the cohort cannot be computed")
	}
	if !from.Before(to) {
		return "", from, to, fault.New(fault.Invalid, op, "the cohort as of %s has no day in it", asOf.Format(time.DateOnly)).Do("from must be before to")
	}
	return c.field, from, to, nil
}

// Name is the pack's name, which is its folder's too.
func (p *Pack) Name() string { return p.name }

// Version is the pack's version.
func (p *Pack) Version() string { return p.version }

// Hash is the SHA-256 of the pack's files in hexadecimal digits: for each of
// Files in that order the name, a line feed, the length in digits, a line feed
// and the bytes. It stands in each finding and offer.
func (p *Pack) Hash() string { return p.hash }

// Owner is who answers for the service.
func (p *Pack) Owner() string { return p.owner }

// Phone is the telephone number at which a person answers residents.
func (p *Pack) Phone() string { return p.phone }

// Address is where people log in, as they write it: without "https://". "": the
// service's messages name none.
func (p *Pack) Address() string { return p.address }

// Title is the service's name for a resident.
func (p *Pack) Title(l person.Language) string { return p.title[l] }

// Law lists the provisions on which the service stands.
func (p *Pack) Law() []Provision {
	c := slices.Clone(p.law)
	for i := range c {
		c[i].Says = maps.Clone(c[i].Says)
	}
	return c
}

// Conditions are the five conditions in their order.
func (p *Pack) Conditions() []Condition {
	c := slices.Clone(p.conditions)
	for i := range c {
		c[i].Text, c[i].CheckedBy = maps.Clone(c[i].Text), slices.Clone(c[i].CheckedBy)
	}
	return c
}

// Purpose is what the service uses data for.
func (p *Pack) Purpose() permission.Purpose { return p.purpose }

// Cohort is the group of people who are looked at.
func (p *Pack) Cohort() Cohort { return p.cohort }

// Criteria are the criteria in their order.
func (p *Pack) Criteria() []Criterion {
	c := slices.Clone(p.criteria)
	for i := range c {
		c[i].Fields, c[i].Met, c[i].NotMet, c[i].Unknown = slices.Clone(c[i].Fields), maps.Clone(c[i].Met), maps.Clone(c[i].NotMet), maps.Clone(c[i].Unknown)
	}
	return c
}

// Fields lists the fields that the criteria read, in order of the alphabet.
func (p *Pack) Fields() []string { return p.set.Fields() }

// Params are the dated parameters.
func (p *Pack) Params() criteria.Params { return p.params }

// ParamTitle says in plain words what a parameter is.
func (p *Pack) ParamTitle(name string) map[person.Language]string { return maps.Clone(p.titles[name]) }

// Schedule is when things happen in a round.
func (p *Pack) Schedule() Schedule { return p.schedule }

// Guardians says which guardians must answer.
func (p *Pack) Guardians() Guardians { return p.guardians }

// ForSelf reports whether the service is for grown-ups who answer for themselves.
func (p *Pack) ForSelf() bool { return p.guardians == Self }

// NoUnit is the kind of unit of a service that offers no place in any: it tells
// people of something that they can ask for.
const NoUnit = "none"

// UnitKind is the kind of unit in which places are held: "early_education", another
// of the unit register, or NoUnit.
func (p *Pack) UnitKind() string { return p.unitKind }

// Order says who comes first where places are fewer than people.
func (p *Pack) Order() Order { return Order{p.order.Field, slices.Clone(p.order.With)} }

// Measures are what the service is judged by.
func (p *Pack) Measures() []Measure {
	c := slices.Clone(p.measures)
	for i := range c {
		c[i].Title = maps.Clone(c[i].Title)
	}
	return c
}

// Find says what the criteria make of one person as of a day.
func (p *Pack) Find(id person.ID, facts criteria.Facts, asOf time.Time) (criteria.Finding, error) {
	return p.set.Find(id, facts, p.params, asOf)
}

// Failsafe reports whether the finding belongs on the failsafe list: all that
// leaves the person out is criteria that the pack marks so.
func (p *Pack) Failsafe(f criteria.Finding) bool {
	if f.PackHash() != p.hash || f.Verdict() != criteria.NotMet || len(f.Because(criteria.Unknown)) > 0 {
		return false
	}
	return !slices.ContainsFunc(f.Because(criteria.NotMet), func(name string) bool {
		c, ok := p.criterion(name)
		return !ok || !c.Failsafe
	})
}

func (p *Pack) criterion(name string) (Criterion, bool) {
	i := slices.IndexFunc(p.criteria, func(c Criterion) bool { return c.Name == name })
	if i < 0 {
		return Criterion{}, false
	}
	return p.criteria[i], true
}

// Reason is a reason in a resident's words; "" for a criterion that is met.
func (p *Pack) Reason(r criteria.Reason, l person.Language) string {
	c, _ := p.criterion(r.Criterion)
	switch r.Verdict {
	case criteria.NotMet:
		return c.NotMet[l]
	case criteria.Unknown:
		return c.Unknown[l]
	}
	return ""
}

// Approved refuses a pack with a criterion that nobody approved: it may not
// run against real people.
func (p *Pack) Approved() error {
	var l fault.List
	for _, c := range p.criteria {
		if c.Approval.By == "" {
			l.Add(fault.New(fault.Refused, "service.Approved", "the criterion %s is a draft: nobody approved it", c.Name).
				Where("%s/%s", p.name, criteriaFile).Do("add approved: with by, on and evidence"))
		}
	}
	return l.Err()
}

// faultsOf takes an error apart into faults.
func faultsOf(err error) []*fault.Error {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*fault.Error
		for _, e := range many.Unwrap() {
			out = append(out, faultsOf(e)...)
		}
		return out
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return []*fault.Error{f}
	}
	return []*fault.Error{fault.New(fault.KindOf(err), loadOp, "%s", err)}
}
