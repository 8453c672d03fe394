package tables

import (
	"context"
	"slices"
	"sync"

	"ennakko/store"
)

// ahead is how many writes of an urgency may go, one after the other, ahead of a
// less urgent one that waits. With more, reports are kept late, and an operator
// that lets only so many be open at once brings answers late, too.
var ahead = [store.Urgencies]int{store.Person: 4, store.Usual: 1}

// turnstile lets the writes of this process in one at a time: the more urgent
// first (see store.Urgency), and of equals the one that came first.
type turnstile struct {
	mu   sync.Mutex
	busy bool
	rows [store.Urgencies][]chan struct{} // those who wait; closed when their turn has come
	ran  [store.Urgencies]int             // how many went ahead of a less urgent one since one of these went
}

// enter waits for the turn. Who has it must leave.
func (q *turnstile) enter(ctx context.Context) error {
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return nil
	}
	row := &q.rows[store.UrgencyOf(ctx)]
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
	u := q.next()
	if q.busy = u < store.Urgencies; !q.busy {
		return
	}
	close(q.rows[u][0])
	q.rows[u] = slices.Delete(q.rows[u], 0, 1)
}

// next is the urgency whose turn it is: store.Urgencies, if nobody waits.
func (q *turnstile) next() store.Urgency {
	for u := range store.Urgencies {
		if len(q.rows[u]) == 0 {
			continue
		}
		less := q.less(u)
		if less && q.ran[u] >= ahead[u] {
			continue
		}
		for more := range u {
			q.ran[more] = 0
		}
		if less {
			q.ran[u]++
		}
		return u
	}
	return store.Urgencies
}

// less reports whether a less urgent one waits.
func (q *turnstile) less(than store.Urgency) bool {
	return slices.ContainsFunc(q.rows[than+1:], func(row []chan struct{}) bool { return len(row) > 0 })
}
