package store

import (
	"time"

	"ennakko/conversation"
	"ennakko/offer"
	"ennakko/person"
)

// Moment is one time at a unit that can be given to one person: its seat tells it
// from others at the same time.
type Moment struct {
	At   time.Time
	Seat int // from 1
}

// Lot is the fair lot of a round: who of those who may wait is invited later, so
// that what the round brings about can be seen beside them.
type Lot struct {
	Seed     string      // of the lot: who draws again with it draws the same
	Share    int         // of a hundred who are drawn
	Weeks    int         // that those who are drawn wait
	Harmed   int         // who competed for a place and whom waiting could harm: they were not in the lot
	Eligible []person.ID // who were in the lot, those who were drawn included
	Later    []person.ID // who were drawn
	Until    time.Time   // the day on which their wait ends, midnight UTC
}

// Appointments is what gives places their moments, and people their turn.
type Appointments interface {
	// SetMoments gives the places of a unit in a round their moments, the first place
	// the first. A moment that another place of the unit has is a conflict.
	SetMoments(id RoundID, p offer.Place, m []Moment) error
	// AppointmentOf is the moment of the place that a case holds; zero: there is none.
	AppointmentOf(id conversation.CaseID) (time.Time, error)
	// AddLot keeps the lot of a round.
	AddLot(id RoundID, l Lot) error
}

// Attended is a case that said yes, with its appointment.
type Attended struct {
	Case   conversation.CaseID
	Person person.ID
	Round  RoundID
	Unit   string
	At     time.Time // zero: the place has no moment
}
