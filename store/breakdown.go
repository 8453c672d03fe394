package store

import (
	"time"

	"ennakko/offer"
	"ennakko/person"
)

// FunnelCell counts the children of one district and one language of
// instruction.
type FunnelCell struct {
	District string // of the unit
	Language string // of instruction
	FunnelCounts
}

// FunnelCounts are how far children have come.
type FunnelCounts struct {
	Offered, Sent, Delivered, Answered, Accepted, Declined, Conflict, Unreached int
}

// Add adds the counts of another cell.
func (f *FunnelCounts) Add(o FunnelCounts) {
	f.Offered += o.Offered
	f.Sent += o.Sent
	f.Delivered += o.Delivered
	f.Answered += o.Answered
	f.Accepted += o.Accepted
	f.Declined += o.Declined
	f.Conflict += o.Conflict
	f.Unreached += o.Unreached
}

// UnitFill is one unit's places in one language of instruction in a round.
type UnitFill struct {
	offer.Place
	Name       map[person.Language]string
	District   string
	Registered int     // places by the register
	Places     int     // places in the round
	Held       int     // by offers, or by children who are to be offered one
	MeanM      float64 // mean way from home, metres
	MostM      float64 // the longest
}

// Capacity is an officer's change of a unit's places in a prepared round.
type Capacity struct {
	offer.Place
	Places  int
	Officer string
	At      time.Time
}

// Assignment is the outcome of assigning places.
type Assignment struct {
	Places  []PlaceCount
	Drafts  []Draft
	Waiting []Waiting
	Summary map[string]int
}
