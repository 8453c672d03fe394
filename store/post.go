package store

import (
	"time"

	"ennakko/conversation"
	"ennakko/person"
)

// Post is a letter to one person that goes by the national service of letters.
type Post struct {
	ID      string // its name there, by which it is taken once
	Case    conversation.CaseID
	Person  person.ID
	State   PostState
	Message string // what the service calls it; "" before it was taken
	At      time.Time
}

// PostState is how far a letter has come.
type PostState string

// States of a letter. What the service tells later has the words of
// channel/suomifi's fates.
const (
	PostHanding PostState = "handing" // perhaps handed over: it is handed over again
	PostTaken   PostState = "taken"
	PostRefused PostState = "refused" // it will not be taken
)

// Posts is what sending letters writes.
type Posts interface {
	// AddPost names a letter by what makes it one, keyed, so that the same letter has
	// the same name for ever, and keeps it unless it is kept already. It gives what
	// is kept.
	AddPost(id conversation.CaseID, who person.ID, what string, now time.Time) (Post, error)
	// SetPost keeps what the service said of a letter.
	SetPost(id string, state PostState, message string, now time.Time) error
	// PostFate keeps what became of a letter that was taken, and says which one it
	// was. Another city's, or one that is kept already, is not found.
	PostFate(message string, state PostState, at time.Time) (Post, bool, error)
	// SetMark keeps how far something was read.
	SetMark(name, value string) error
}
