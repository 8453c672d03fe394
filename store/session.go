package store

import "time"

// Session is somebody who is logged in.
type Session struct {
	Hash    []byte // of the token that only the browser holds
	Content []byte // who it is; sealed in the store
	Begun   time.Time
	Seen    time.Time
}

// Sessions is what logging in and out writes.
type Sessions interface {
	// AddSession keeps a session and forgets those not seen since a moment.
	AddSession(s Session, forget time.Time) error
	// EndSession forgets a session.
	EndSession(hash []byte) error
}
