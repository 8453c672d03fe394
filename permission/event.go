package permission

import (
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// Skew is how far the clocks of two machines may stand apart.
const Skew = 2 * time.Minute

// State is where a permission is in its life.
type State uint8

// The states. The zero State is that of a permission that nobody was asked for.
const (
	Unasked   State = iota
	Asked           // the person was shown the agreement and has not answered
	Partly          // given by some of those who must sign
	Standing        // given
	Refused         // the person said no; remembered, so that nobody asks twice
	Withdrawn       // taken back
	Expired         // as long ago as the agreement says
	Ended           // by its cause
)

var stateNames = [...]string{"unasked", "asked", "partly", "standing", "refused", "withdrawn", "expired", "ended"}

func (s State) String() string {
	if int(s) >= len(stateNames) {
		return "unknown"
	}
	return stateNames[s]
}

// ParseState reads what String wrote.
func ParseState(s string) (State, error) {
	if i := slices.Index(stateNames[:], s); i >= 0 {
		return State(i), nil
	}
	return 0, fault.New(fault.Invalid, "permission.ParseState", "there is no such state of a permission")
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(b []byte) (err error) {
	*s, err = ParseState(string(b))
	return err
}

// EventKind says what happened to a permission.
type EventKind uint8

// The kinds of event.
const (
	Ask      EventKind = iota + 1 // the agreement was shown
	Give                          // one signer says yes
	Refuse                        // one signer says no, or takes another way
	Withdraw                      // one signer takes it back
	Expire                        // the program: its time is over
	End                           // the program: its cause is gone
	Remind                        // the program: its time is nearly over, who gave it is asked anew
	Renew                         // one signer gives it anew, before its time is over
	Decline                       // one signer will not give it anew: it stands until its time is over
)

var eventNames = [...]string{"", "ask", "give", "refuse", "withdraw", "expire", "end", "remind", "renew", "decline"}

func (k EventKind) String() string {
	if k == 0 || int(k) >= len(eventNames) {
		return "unknown"
	}
	return eventNames[k]
}

// ParseEventKind reads what String wrote.
func ParseEventKind(s string) (EventKind, error) {
	if i := slices.Index(eventNames[:], s); i > 0 {
		return EventKind(i), nil
	}
	return 0, fault.New(fault.Invalid, "permission.ParseEventKind", "there is no such event of a permission")
}

// MarshalText writes the kind's name.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *EventKind) UnmarshalText(b []byte) (err error) {
	*k, err = ParseEventKind(string(b))
	return err
}

// Cause says why a permission ended.
type Cause string

// The causes of an end. After a death and after the end of the purpose the
// same agreement is never asked about again.
const (
	CauseGuardianship Cause = "guardianship" // none of those who gave it has a say any more
	CauseMoved        Cause = "moved"        // they no longer live in the city
	CauseDeath        Cause = "death"
	CausePurpose      Cause = "purpose"   // the purpose is over, or the matter is
	CauseAgreement    Cause = "agreement" // another version took its place
)

func (c Cause) known() bool {
	return c == CauseGuardianship || c == CauseMoved || c == CauseDeath || c == CausePurpose || c == CauseAgreement
}

func (c Cause) final() bool { return c == CauseDeath || c == CausePurpose }

// Event is one step in the life of a permission.
type Event struct {
	Kind    EventKind   `json:"kind"`
	At      time.Time   `json:"at"`
	By      person.ID   `json:"by"`      // 0: the program
	Version int         `json:"version"` // of the agreement
	Hash    string      `json:"hash"`    // of the agreement, as it was shown
	Way     string      `json:"way,omitempty"`
	Cause   Cause       `json:"cause,omitempty"` // of an End
	Signers []person.ID `json:"signers,omitempty"`
	// Signers is who had a say at that moment; Apply fills it in, so that the
	// events alone tell the whole life again.
}

// Step makes an event under an agreement.
func Step(k EventKind, a Agreement, by person.ID, at time.Time) Event {
	return Event{Kind: k, At: at, By: by, Version: a.Version(), Hash: a.Hash()}
}

// With returns the event with the way that the person took.
func (e Event) With(way string) Event { e.Way = way; return e }

// For returns the event with the cause of an end.
func (e Event) For(c Cause) Event { e.Cause = c; return e }

// Signature is one signer's yes.
type Signature struct {
	By person.ID
	At time.Time
}

// Answer is what became of one version of the agreement.
type Answer struct {
	Version int
	Hash    string
	State   State
	At      time.Time   // of the newest change
	Until   time.Time   // of what was given: the end of its time
	Way     string      // that was taken
	Cause   Cause       // of an end
	Gave    []Signature // who said yes, in the order of time

	Reminded time.Time   // when it was asked for anew; zero: not since it was given
	Declined time.Time   // when somebody said that they will not give it anew; zero: not
	Again    []Signature // who has given it anew already, where others must, too
}

func (w Answer) gave(who person.ID) bool { return signed(w.Gave, who) }

func signed(all []Signature, who person.ID) bool {
	return slices.ContainsFunc(all, func(s Signature) bool { return s.By == who })
}
