package store

import (
	"time"

	"ennakko/person"
)

// Individual is a person as one calling system knows them: under a number that no
// other system has for them.
type Individual struct {
	ID       string
	Caller   string
	Person   person.ID
	Provider string // the log-in service that the caller names; "": none
	Since    time.Time
}

// Links is what is written of how other systems know people.
type Links interface {
	// LinkProfile keeps that a person logged in under an id of the log-in service. Who
	// logged in last with an id is whose it is. Fresh is false when that was known.
	LinkProfile(subject string, who person.ID, now time.Time) (fresh bool, err error)
	// SaveIndividual keeps an individual, or what changed of the one that is there. An
	// id that is another person's, or another caller's, is a conflict.
	SaveIndividual(i Individual) error
}
