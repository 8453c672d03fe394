// Package offer holds an offer and its steps. Each step is a type of its own:
// only a finding that was met can become a draft, only a draft with a place
// can be approved, and only an approved offer can be talked about with a
// family.
package offer

import (
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
)

// Place is what is offered: a pre-primary place in a unit, in a language of
// instruction.
type Place struct {
	Unit     string
	Language string
}

type terms struct {
	child    person.ID
	place    Place
	packHash string
}

// Drafted is an offer that nobody has approved yet.
type Drafted struct{ t *terms }

// Approved is an offer that an officer stands behind.
type Approved struct {
	t  *terms
	by string
}

// Draft makes an offer of a finding that was met and of the place held for
// the child.
func Draft(f criteria.Finding, p Place) (Drafted, error) {
	const op = "offer.Draft"
	switch {
	case f.Person() == 0 || !f.Met():
		return Drafted{}, fault.New(fault.Refused, op, "the criteria were not met")
	case p.Unit == "" || p.Language == "":
		return Drafted{}, fault.New(fault.Refused, op, "no place is held")
	}
	return Drafted{&terms{f.Person(), p, f.PackHash()}}, nil
}

// Approve is done by an officer.
func (d Drafted) Approve(officer string) (Approved, error) {
	if d.t == nil || officer == "" {
		return Approved{}, fault.New(fault.Refused, "offer.Approve", "there is nothing to approve, or nobody who approves")
	}
	return Approved{d.t, officer}, nil
}

// IsZero reports whether the offer was never approved.
func (a Approved) IsZero() bool { return a.t == nil }

// Child is whom the offer is for; 0 when the offer was never approved.
func (a Approved) Child() person.ID {
	if a.t == nil {
		return 0
	}
	return a.t.child
}

// Place is what is offered.
func (a Approved) Place() Place {
	if a.t == nil {
		return Place{}
	}
	return a.t.place
}

// PackHash is the hash of the pack whose criteria found the child.
func (a Approved) PackHash() string {
	if a.t == nil {
		return ""
	}
	return a.t.packHash
}

// Officer is who approved.
func (a Approved) Officer() string { return a.by }

// Restore is the store's only door to an offer that was approved before.
func Restore(child person.ID, p Place, packHash, officer string) (Approved, error) {
	if child == 0 || p.Unit == "" || p.Language == "" || officer == "" {
		return Approved{}, fault.New(fault.Internal, "offer.Restore", "the stored offer is not whole")
	}
	return Approved{&terms{child, p, packHash}, officer}, nil
}
