package store

import (
	"time"

	"ennakko/person"
)

// NeedState is how far a matter of somebody who was named as one who may need much is.
type NeedState string

// The states. Nobody's matter without a note is open.
const (
	NeedOpen   NeedState = "open"
	NeedInHand NeedState = "in hand"
	NeedDone   NeedState = "done"
	NeedNotNow NeedState = "not now"
)

// NeedStates are all of them, in the order in which a matter goes.
func NeedStates() []NeedState { return []NeedState{NeedOpen, NeedInHand, NeedDone, NeedNotNow} }

// NeedNote is what an expert noted of somebody who was named as one who may need much.
type NeedNote struct {
	ID     int64
	Person person.ID
	At     time.Time // when it was written
	By     string    // the actor
	Day    time.Time // of the call or the visit, at midnight
	State  NeedState // how far the matter is by it
	Words  string    // sealed in the store
}

// NeedNotes is what is written of people who were named.
type NeedNotes interface {
	// AddNeedNote keeps a note. A state that is none is Invalid.
	AddNeedNote(n NeedNote) (int64, error)
}
