package store

import (
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/person"
)

// OpenItem is an item of the officers' queue as it is shown.
type OpenItem struct {
	ID       ItemID
	Round    RoundID
	Case     conversation.CaseID
	Kind     string
	Reason   string // the engine's, in the record's language
	Opened   time.Time
	Stage    conversation.Stage
	Settled  time.Time // zero: open
	By       string    // who settled it
	Why      string    // the engine's reason for settling it
	Words    string    // the officer's own; "" on lists
	Language person.Language
}

// Sent is a message of a case that went out or waits to.
type Sent struct {
	Party                 int
	Kind                  conversation.Kind
	Language              person.Language
	State                 channel.State
	Text                  string
	Segments              int
	Queued, Handed, Ended time.Time
}

// Came is a message that came in from a phone of a case.
type Came struct {
	Text    string
	At      time.Time
	Meaning string // what it was taken for; "" while nobody read it
}

// History is all that is known of a case.
type History struct {
	Round    RoundID
	Case     conversation.Case
	Numbers  []string  // of the parties, E.164; "" for none
	Reason   string    // why this unit
	Distance float64   // metres from home
	When     time.Time // of the appointment that is held; zero: there is none
	Sent     []Sent
	Came     []Came
	Items    []OpenItem
	Letter   string    // why it is on the letter list; "" if it is not
	LetterAt time.Time //
	Entries  []audit.Entry
}

// Km is the distance from home in kilometres.
func (h History) Km() float64 { return h.Distance / 1000 }
