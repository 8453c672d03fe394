package conversation

import (
	"time"

	"ennakko/person"
	"ennakko/reply"
)

// Kind is a kind of message, as a pack names it.
type Kind string

// The kinds of message.
const (
	Notice         Kind = "notice"
	Inquiry        Kind = "inquiry"
	ConfirmAccept  Kind = "confirm_accept"
	ConfirmDecline Kind = "confirm_decline"
	ConfirmChanged Kind = "confirm_changed"
	Help           Kind = "help"
	WhichChild     Kind = "which_child"
	Reminder       Kind = "reminder"
	TooLate        Kind = "too_late"
	PlaceGone      Kind = "place_gone"
	ConflictNote   Kind = "conflict"
	ToldOther      Kind = "told_other"
	WrongNumber    Kind = "wrong_number"
	Already        Kind = "already"
	LetterText     Kind = "letter"
	StopNote       Kind = "stop"
)

// Timer is a moment that a case waits for.
type Timer string

// The timers.
const (
	NoticeDue   Timer = "notice"
	InquiryDue  Timer = "inquiry"
	ReminderDue Timer = "reminder"
	DeadlineDue Timer = "deadline"
)

// Policy says which guardians must answer.
type Policy string

// The policies.
const (
	AnyGuardian Policy = "any"      // one answer is enough; a different one is a conflict
	AllMust     Policy = "all"      // every guardian who was asked must accept
	OneAsked    Policy = "one-told" // one is asked, the others are told
	OwnAnswer   Policy = "self"     // the one party is the person the offer is for
)

// Rules are the settings of a round that the engine needs.
type Rules struct {
	Policy     Policy
	NoticeAt   time.Time
	InquiryAt  time.Time
	ReminderAt time.Time
}

// An Event is something that happened to a case.
type Event interface{ event() }

type (
	// Opened is the first event of a case.
	Opened struct{ Hand string } // Hand: why an officer serves the family in person; empty: by message
	// Due says that a timer's moment has come.
	Due struct{ Timer Timer }
	// Answered is a reply of one party.
	Answered struct {
		Party  int
		Answer reply.Answer
		Online bool // on the city's own pages, not by text message
	}
	// Reported is the outcome of a message to one party.
	Reported struct {
		Party     int
		Kind      Kind
		Delivered bool
	}
	// Decided is what the guardians told an officer: by telephone, by letter or
	// in person.
	Decided struct{ Choice Choice }
	// Elsewhere says that the person whom the offer is for did by another way what was
	// asked, and was told so there: no message tells of it.
	Elsewhere struct{ Choice Choice }
	// Objected says that the family objects to this use of data: nothing more is
	// sent, and an officer serves it.
	Objected struct{}
	// Stopped says that an officer stopped the round.
	Stopped struct{}
	// Moved says that all that is still to come was put off.
	Moved struct{ By time.Duration }
	// PhoneFree says that the phone of a waiting party has no open question now.
	PhoneFree struct {
		Party int
		Reply bool // the person just wrote from this phone
	}
)

func (Opened) event()    {}
func (Due) event()       {}
func (Answered) event()  {}
func (Reported) event()  {}
func (PhoneFree) event() {}
func (Decided) event()   {}
func (Elsewhere) event() {}
func (Objected) event()  {}
func (Stopped) event()   {}
func (Moved) event()     {}

// View is what the engine is told of the world beside the case.
type View struct {
	// Busy reports whether a question about another child is open on the phone.
	Busy func(Phone) bool
	// PlaceFree reports whether the case's place is still held, or could be held again.
	PlaceFree bool
}

// An Effect is something to be done in the same transaction as the new case.
type Effect interface{ effect() }

type (
	// Send puts a message into the outbox. Key makes it the only one of its
	// kind: the same key is never queued twice.
	Send struct {
		Party    int
		Kind     Kind
		Language person.Language
		Key      string
		Reply    bool   // answers something the person just sent: quiet hours do not hold it back
		Noted    Choice // the answer that the message is about, if it is about one
	}
	// Set sets a timer.
	Set struct {
		Timer Timer
		At    time.Time
	}
	// Clear takes all timers of the case away.
	Clear struct{}
	// Drop takes messages back that have not gone out, answers excepted.
	Drop struct{}
	// Write puts the case on the letter list.
	Write struct{ Reason string }
	// Queue puts an item before an officer.
	Queue struct{ Item, Reason string }
	// Settle takes the open items of a kind off the officers' queue.
	Settle struct{ Item, Reason string }
	// Release gives the place back.
	Release struct{}
	// Hold takes a place that was given back.
	Hold struct{}
	// FreePhone says that no question of this case is open on the phone any more.
	FreePhone struct{ Phone Phone }
)

func (Send) effect()      {}
func (Set) effect()       {}
func (Clear) effect()     {}
func (Drop) effect()      {}
func (Write) effect()     {}
func (Queue) effect()     {}
func (Settle) effect()    {}
func (Release) effect()   {}
func (Hold) effect()      {}
func (FreePhone) effect() {}

// Items on the officers' queue.
const (
	ItemConflict  = "conflict"
	ItemDeclined  = "declined"
	ItemUnclear   = "unclear"
	ItemLate      = "late answer"
	ItemGone      = "place gone"
	ItemByHand    = "by hand"
	ItemStop      = "no messages wanted"
	ItemUncertain = "uncertain send"
	ItemSilent    = "no answer"
	ItemText      = "answer with a text"
	ItemObjection = "objection"
	ItemStopped   = "round stopped"
)

// Limits that stop two machines from talking to each other for ever.
const (
	maxInquiries = 6 // inquiries to one party, changes of language included
	maxTold      = 20
)

// Step takes a case one step on. It never changes c, and the same case, event,
// view and time always give the same result.
func Step(c Case, ev Event, v View, now time.Time, r Rules) (Case, []Effect) {
	s := &step{c: c, v: v, now: now, r: r}
	s.c.Parties = append([]Party(nil), c.Parties...)
	s.c.Version++
	switch e := ev.(type) {
	case Opened:
		s.opened(e)
	case Due:
		s.due(e.Timer)
	case PhoneFree:
		if s.c.Parties[e.Party].Waiting && s.open() {
			s.ask(e.Party, e.Reply)
		}
	case Reported:
		s.reported(e)
	case Answered:
		s.answered(e)
	case Decided:
		s.decided(e.Choice)
	case Elsewhere:
		s.elsewhere(e.Choice)
	case Objected:
		s.objected()
	case Stopped:
		s.roundStopped()
	case Moved:
		s.c.Deadline = s.c.Deadline.Add(e.By)
	}
	return s.c, s.out
}
