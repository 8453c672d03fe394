package store

import "context"

// Urgency says who waits for a write. Of the writes that wait for their turn in a
// process the more urgent are let in first; the others never wait for ever (see
// store/tables).
type Urgency int

// The urgencies.
const (
	Person Urgency = iota // a person waits, and more than one write comes before the answer
	Usual
	Behind // nobody waits: reports, timers
	Urgencies
)

// urgency is the key of an Urgency in a context.
type urgency struct{}

// With says how urgent the writes of a context are.
func With(ctx context.Context, u Urgency) context.Context {
	return context.WithValue(ctx, urgency{}, u)
}

// UrgencyOf is how urgent the writes of a context are: Usual, if nobody said.
func UrgencyOf(ctx context.Context) Urgency {
	if u, ok := ctx.Value(urgency{}).(Urgency); ok {
		return u
	}
	return Usual
}
