// Package conversation is the talk with a family about one offer, as a pure
// engine: a case, an event and the time give the next case and what is to be
// done. It does no input or output; the clock is an argument.
//
// The case is the child, not the telephone: twins are two cases on one phone,
// guardians who live apart are two parties of one case.
package conversation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
)

// CaseID numbers a case in the city's own records.
type CaseID int64

// Phone is a keyed hash of a telephone number. Empty: there is none.
type Phone string

// Stage is how far a case has come.
type Stage string

// The stages.
const (
	Held     Stage = "held"     // a place is held; nothing has been sent
	Noticed  Stage = "noticed"  // the advance notice is on its way
	Asked    Stage = "asked"    // the inquiry is on its way; no answer yet
	Accepted Stage = "accepted" // the guardians said yes
	Declined Stage = "declined" // the guardians said no; the place is free again
	Conflict Stage = "conflict" // the guardians disagree; an officer decides
	Letter   Stage = "letter"   // no text message can reach anyone: a letter
	ByHand   Stage = "by hand"  // an officer serves the family in person
	Silent   Stage = "silent"   // the deadline passed without an answer
)

// Choice is what a guardian answered.
type Choice string

// The choices.
const (
	NoChoice Choice = ""
	Yes      Choice = "accept"
	No       Choice = "decline"
)

// Reach says whether messages get through to a party.
type Reach string

// The kinds of reach.
const (
	ReachUnknown Reach = ""
	Reached      Reach = "reached"
	Unreachable  Reach = "unreachable"
)

// Party is one guardian in a case.
type Party struct {
	Person    person.ID       `json:"person"`
	Name      string          `json:"name"`
	Phone     Phone           `json:"phone"`
	Language  person.Language `json:"language"`
	Reach     Reach           `json:"reach,omitempty"`
	Answer    Choice          `json:"answer,omitempty"`
	AnswerAt  time.Time       `json:"answer_at,omitzero"`
	AskedAt   time.Time       `json:"asked_at,omitzero"`
	Inquiries int             `json:"inquiries,omitempty"` // inquiries sent, counting changes of language
	Unclear   int             `json:"unclear,omitempty"`   // answers not understood since the last that was
	Told      int             `json:"told,omitempty"`      // other messages sent
	Stopped   bool            `json:"stopped,omitempty"`   // does not want text messages
	Waiting   bool            `json:"waiting,omitempty"`   // the phone is busy with another child's question
}

// asked reports whether a question is or was put to the party.
func (p Party) asked() bool { return !p.AskedAt.IsZero() }

// Case is the talk about one child's place. Its text form is masked.
type Case struct {
	ID       CaseID
	Child    person.ID
	Place    offer.Place
	Stage    Stage
	Deadline time.Time
	Parties  []Party
	Reminded bool
	Released bool // the place was given back
	Version  int  // grows by one with each step

	childName string
	unitNames map[person.Language]string
}

// Names is what a message may say of a case.
type Names struct {
	Child string                     // the given name in use
	Unit  map[person.Language]string // the unit's name
}

// Open starts a case for an approved offer. Parties are the guardians who
// decide about the child.
func Open(id CaseID, a offer.Approved, n Names, parties []Party, deadline time.Time) (Case, error) {
	const op = "conversation.Open"
	switch {
	case a.IsZero():
		return Case{}, fault.New(fault.Refused, op, "the offer was not approved")
	case n.Child == "" || n.Unit[person.Finnish] == "":
		return Case{}, fault.New(fault.Invalid, op, "the case has no names to write about")
	case deadline.IsZero():
		return Case{}, fault.New(fault.Invalid, op, "the case has no deadline")
	}
	return Case{ID: id, Child: a.Child(), Place: a.Place(), Stage: Held, Deadline: deadline, Parties: parties,
		childName: n.Child, unitNames: n.Unit}, nil
}

// Names returns what a message may say of the case.
func (c Case) Names() Names { return Names{c.childName, c.unitNames} }

// People are the child and its guardians.
func (c Case) People() []person.ID {
	ids := []person.ID{c.Child}
	for _, p := range c.Parties {
		ids = append(ids, p.Person)
	}
	return ids
}

// Without is the case with nobody in it, for the counts: names, phones and
// numbers are gone, what was answered and when is not.
func (c Case) Without(nobody person.ID) Case {
	c.Child, c.childName = nobody, ""
	c.Parties = slices.Clone(c.Parties)
	for i := range c.Parties {
		c.Parties[i].Person, c.Parties[i].Name, c.Parties[i].Phone = 0, "", ""
	}
	return c
}

// WithoutParty is the case without one guardian's name and phone.
func (c Case) WithoutParty(who person.ID) Case {
	c.Parties = slices.Clone(c.Parties)
	for i, p := range c.Parties {
		if p.Person == who {
			c.Parties[i].Person, c.Parties[i].Name, c.Parties[i].Phone = 0, "", ""
		}
	}
	return c
}

// Format hides the case from every verb of fmt: it holds names.
func (c Case) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "case %d (%s)", c.ID, c.Stage) }

type stored struct {
	ID        CaseID                     `json:"id"`
	Child     person.ID                  `json:"child"`
	Place     offer.Place                `json:"place"`
	Stage     Stage                      `json:"stage"`
	Deadline  time.Time                  `json:"deadline"`
	Parties   []Party                    `json:"parties"`
	Reminded  bool                       `json:"reminded,omitempty"`
	Released  bool                       `json:"released,omitempty"`
	Version   int                        `json:"version"`
	ChildName string                     `json:"child_name"`
	UnitNames map[person.Language]string `json:"unit_names"`
}

// Encode gives the whole case, names included, for a store that seals it.
func Encode(c Case) ([]byte, error) {
	return json.Marshal(stored{c.ID, c.Child, c.Place, c.Stage, c.Deadline, c.Parties, c.Reminded, c.Released, c.Version, c.childName, c.unitNames})
}

// Decode is the store's only door to a case that was opened before.
func Decode(b []byte) (Case, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil || s.ID == 0 || s.Stage == "" {
		return Case{}, fault.New(fault.Internal, "conversation.Decode", "the stored case is not readable")
	}
	return Case{s.ID, s.Child, s.Place, s.Stage, s.Deadline, s.Parties, s.Reminded, s.Released, s.Version, s.ChildName, s.UnitNames}, nil
}
