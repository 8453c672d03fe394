package store

import (
	"time"

	"ennakko/person"
)

// Session is somebody who is logged in.
type Session struct {
	Hash    []byte    // of the token that only the browser holds
	Content []byte    // who it is; sealed in the store
	Person  person.ID // whose it is; 0: the registers do not know them. Not read back
	Begun   time.Time
	Seen    time.Time
}

// Sessions is what logging in and out writes.
type Sessions interface {
	// AddSession keeps a session and forgets those not seen since a moment.
	AddSession(s Session, forget time.Time) error
	// EndSession forgets a session. ErasePerson forgets all of the person.
	EndSession(hash []byte) error
}
