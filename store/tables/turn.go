package tables

import (
	"context"
	"slices"
	"sync"

	"ennakko/store"
)

// mostAhead is how many writes that people wait for may go, one after the other,
// ahead of one that nobody waits for. With more, reports are kept late, and an
// operator that lets only so many be open at once brings answers late, too.
const mostAhead = 1

// turnstile lets the writes of this process in one at a time: those that people
// wait for first (see store.Behind), and of equals the one that came first.
type turnstile struct {
	mu     sync.Mutex
	busy   bool
	people []chan struct{} // closed when their turn has come
	behind []chan struct{}
	ahead  int // how many of people went while one of behind waited
}

// enter waits for the turn. Who has it must leave.
func (q *turnstile) enter(ctx context.Context) error {
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return nil
	}
	row := &q.people
	if store.IsBehind(ctx) {
		row = &q.behind
	}
	come := make(chan struct{})
	*row = append(*row, come)
	q.mu.Unlock()
	select {
	case <-come:
		return nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(*row, come)
	if i >= 0 {
		*row = slices.Delete(*row, i, i+1)
	}
	q.mu.Unlock()
	if i < 0 {
		q.leave() // the turn came in the same moment
	}
	return ctx.Err()
}

// leave gives the turn to the next one.
func (q *turnstile) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	row := &q.people
	switch {
	case len(q.people)+len(q.behind) == 0:
		q.busy = false
		return
	case len(q.people) == 0 || len(q.behind) > 0 && q.ahead >= mostAhead:
		row, q.ahead = &q.behind, 0
	case len(q.behind) > 0:
		q.ahead++
	}
	close((*row)[0])
	*row = slices.Delete(*row, 0, 1)
}
