package store

import "context"

// behind is the key of Behind in a context.
type behind struct{}

// Behind marks work that nobody waits for: of the writes that wait for their turn
// in this process, those of people (an answer that came, a click on a page) are let
// in before it. It never waits for ever: see store/tables.
func Behind(ctx context.Context) context.Context { return context.WithValue(ctx, behind{}, true) }

// IsBehind reports whether nobody waits for the work.
func IsBehind(ctx context.Context) bool {
	is, _ := ctx.Value(behind{}).(bool)
	return is
}
