// Package channel carries messages to people and brings their answers. A
// channel is handed messages in batches, says of each what it knows, and
// brings outcomes and answers to an Inbox, which acknowledges only what it has
// committed.
package channel

import (
	"context"
	"fmt"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/offer"
)

// Ref is our own name for one attempt to send one message. A gateway gives it
// back in its reports, so an outcome finds its message even after a crash.
type Ref string

// Message is one message to one phone. It does not print, log or marshal. What
// is in it stands behind two pointers, because fmt cannot call Format on a field
// that is unexported, and follows one pointer for a verb that does not fit it.
type Message struct{ in **inside }

type inside struct {
	Envelope
	text string
}

// Envelope is how a message travels.
type Envelope struct {
	Ref        Ref
	To         string    // E.164
	From       string    // the number that can be answered
	ValidUntil time.Time // the network gives up after this
	Joint      byte      // numbers the messages to one phone: the parts of two on their way at once must not be mixed (3GPP TS 23.040, 9.2.3.24.1)
}

// About makes a message about an approved offer.
func About(a offer.Approved, e Envelope, text string) (Message, error) {
	if a.IsZero() {
		return Message{}, fault.New(fault.Refused, "channel.About", "the offer was not approved")
	}
	return newMessage(e, text)
}

// AnswerTo makes a message to a number that wrote to us without an offer.
func AnswerTo(in Incoming, e Envelope, text string) (Message, error) {
	if in.ID == "" || e.To != in.From {
		return Message{}, fault.New(fault.Refused, "channel.AnswerTo", "nobody wrote from this number")
	}
	return newMessage(e, text)
}

// Test makes a message with which an officer tries a text out on their own
// telephone. It is about nobody: the act says whose trial it is.
func Test(act audit.Act, e Envelope, text string) (Message, error) {
	if act.IsZero() {
		return Message{}, fault.New(fault.Refused, "channel.Test", "no act was begun")
	}
	return newMessage(e, text)
}

func newMessage(e Envelope, text string) (Message, error) {
	if e.Ref == "" || e.To == "" || e.From == "" || text == "" || e.ValidUntil.IsZero() {
		return Message{}, fault.New(fault.Invalid, "channel.Message", "the message has no reference, number, sender, text or end")
	}
	in := &inside{e, text}
	return Message{&in}, nil
}

// IsZero reports whether the message did not come from About or AnswerTo.
func (m Message) IsZero() bool { return m.in == nil }

// Envelope says how the message travels.
func (m Message) Envelope() Envelope {
	if m.in == nil {
		return Envelope{}
	}
	return (*m.in).Envelope
}

// Text is the message's text. Only a channel's hand-over calls it.
func (m Message) Text() string {
	if m.in == nil {
		return ""
	}
	return (*m.in).text
}

// Format hides the message from every verb of fmt.
func (m Message) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[message]") }

// State is what is known of a message.
type State string

// The states. A message is Submitting before it is handed over; after a crash
// it is Uncertain until a report, the gateway or a person settles it.
const (
	Queued     State = "queued"
	Submitting State = "submitting"
	Handed     State = "handed over"
	Delivered  State = "delivered"
	Failed     State = "failed"
	Expired    State = "expired"
	Uncertain  State = "uncertain"
	Dropped    State = "dropped" // taken back before it was handed over
)

// Receipt is a gateway's answer to one message.
type Receipt struct {
	Ref   Ref
	State State  // Handed, Failed, Queued (try again later) or Uncertain
	Code  string // the gateway's own word, without personal data
	// Parts are what the gateway called the parts that it took, when its reports
	// name those and not our reference. Gateway is who it was.
	Gateway string
	Parts   []string
}

// Known is a gateway's answer to the question what became of a message.
type Known uint8

// The answers. NeverSeen is given only by a gateway that can be sure.
const (
	CannotTell Known = iota
	Seen
	NeverSeen
)

// Channel hands messages over to a network.
type Channel interface {
	// Submit hands messages over and says what is known of each. After an
	// error every message without a receipt is uncertain.
	Submit(ctx context.Context, batch []Message) ([]Receipt, error)
	// Query asks about a message whose hand-over was cut short.
	Query(ctx context.Context, ref Ref) (Known, error)
}

// Report is the outcome of a message.
type Report struct {
	ID    string // the gateway's own id of the report, or one made of ref and state
	Ref   Ref    // "": Gateway and Part name the message
	State State  // Delivered, Failed or Expired
	At    time.Time

	Gateway, Part string // what the gateway called the part that it reports on
	To            string // whose phone, E.164; "" if the gateway does not say
}

// Format hides the number from the verbs of fmt that print a value.
func (r Report) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[report %s: %s]", r.ID, r.State)
}

// Incoming is a message from a phone. ID is the gateway's; the same id twice
// is the same message. Do not keep one in an unexported field: fmt cannot call
// Format there and would print it.
type Incoming struct {
	ID   string
	From string
	Text string
	At   time.Time
}

// Format hides the message from the verbs of fmt that print a value.
func (in Incoming) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[incoming message]") }

// MarshalJSON hides the message from JSON, so also from a log in JSON.
func (in Incoming) MarshalJSON() ([]byte, error) { return []byte(`"[incoming message]"`), nil }

// Inbox takes what a network brings. It returns only when everything is
// durable; after an error the network brings it again. Both may come twice
// and in any order.
type Inbox interface {
	Receive(ctx context.Context, in []Incoming) error
	Report(ctx context.Context, reports []Report) error
}
