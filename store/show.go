package store

import (
	"ennakko/conversation"
	"ennakko/person"
)

// Handset is a phone of a made-up family in the demo.
type Handset struct {
	Case     conversation.CaseID
	Party    int
	Person   person.ID // the guardian
	Guardian string
	Children []string // all children whom this phone is asked about
	Number   string   // E.164; "" when the family has none
	Language person.Language
	Stage    conversation.Stage
	Why      string // what is special: twins, two phones, Swedish, English, no number, served in person
}

// Show is what the demo shows of its made-up families.
type Show interface {
	// Handsets picks the phones of up to each families of every kind.
	Handsets(id RoundID, each int) ([]Handset, error)
	// Family is the phones of the case with that number, or of the next one;
	// beyond the last it is a fault of kind Missing.
	Family(id RoundID, from conversation.CaseID) ([]Handset, error)
}
