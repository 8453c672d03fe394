package app

import (
	"context"
	"sync"

	"ennakko/fault"
)

// mostGathered is how many things are kept in one write, at most.
const mostGathered = 50

// gather keeps together what comes one by one and at once, as from a gateway that
// brings each report in a request of its own: while one write is under way the
// next one gathers. Each caller hears when its own is kept.
type gather[T any] struct {
	keep func(context.Context, []T) error

	mu   sync.Mutex
	wait []brought[T]
	busy bool
}

// brought is what one caller brings, and where it hears what became of it.
type brought[T any] struct {
	things []T
	done   chan error // takes one outcome
}

// take keeps things. When ctx ends the caller hears so, and the things may be kept
// all the same: who brought them brings them again, and a second time does no harm.
func (g *gather[T]) take(ctx context.Context, things []T) error {
	b := brought[T]{things, make(chan error, 1)}
	g.mu.Lock()
	g.wait = append(g.wait, b)
	if !g.busy {
		g.busy = true
		go g.work(context.WithoutCancel(ctx))
	}
	g.mu.Unlock()
	select {
	case err := <-b.done:
		return err
	case <-ctx.Done():
		return fault.New(fault.Later, "app.Door", "who brought it has left").Because(ctx.Err())
	}
}

// work keeps what waits until nothing does.
func (g *gather[T]) work(ctx context.Context) {
	for {
		group := g.next()
		if len(group) == 0 {
			return
		}
		var all []T
		for _, b := range group {
			all = append(all, b.things...)
		}
		err := g.keep(ctx, all)
		for _, b := range group {
			one := err
			if err != nil && len(group) > 1 && fault.KindOf(err) != fault.Later { // one that is at fault fails alone
				one = g.keep(ctx, b.things)
			}
			b.done <- one
		}
	}
}

// next is what is kept next; when nothing waits the work is over.
func (g *gather[T]) next() []brought[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, things := 0, 0
	for n < len(g.wait) && (n == 0 || things+len(g.wait[n].things) <= mostGathered) {
		things += len(g.wait[n].things)
		n++
	}
	group := g.wait[:n:n]
	g.wait = g.wait[n:]
	g.busy = n > 0
	return group
}
