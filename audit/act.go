// Package audit says who did what, to whose data, for which purpose. An Act is
// what somebody is about to do and the only key that opens the store for
// writing; an Entry is the act as it stands on the record, with the people it
// covered. An entry's leaf in the public-style log is a keyed hash of it, so
// the log proves the record and discloses nothing.
//
// Source: GDPR articles 5(2), 15 and 30 (Regulation (EU) 2016/679); the log's
// form is that of Certificate Transparency (RFC 6962).
package audit

import (
	"time"

	"ennakko/fault"
)

// Act is something that an actor is about to do. Only Begin makes one; the
// zero Act opens nothing.
type Act struct {
	_       [0]func() // neither comparable nor a map key
	actor   string
	verb    string
	purpose string
	basis   string
	at      time.Time
}

// Begin names an act before it is done. Actor is "officer:<id>",
// "resident:<number>" or "system:<part>"; verb is what is done, such as
// "import register"; purpose is the purpose's id and basis its provision in
// law. All four are needed.
func Begin(actor, verb, purpose, basis string, at time.Time) (Act, error) {
	if actor == "" || verb == "" || purpose == "" || basis == "" || at.IsZero() {
		return Act{}, fault.New(fault.Refused, "audit.Begin", "an act needs an actor, a verb, a purpose, a legal basis and a time")
	}
	return Act{actor: actor, verb: verb, purpose: purpose, basis: basis, at: at.UTC()}, nil
}

// IsZero reports whether the act did not come from Begin.
func (a Act) IsZero() bool { return a.actor == "" }

// Actor is who does it.
func (a Act) Actor() string { return a.actor }

// Verb is what is done.
func (a Act) Verb() string { return a.verb }

// Purpose is the id of the purpose.
func (a Act) Purpose() string { return a.purpose }

// Basis is the provision in law that the act stands on.
func (a Act) Basis() string { return a.basis }

// At is when, in UTC.
func (a Act) At() time.Time { return a.at }

// Entry returns the act as an entry for the record.
func (a Act) Entry() Entry {
	return Entry{At: a.at, Actor: a.actor, Verb: a.verb, Purpose: a.purpose, Basis: a.basis}
}
