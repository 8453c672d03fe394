package tables

import (
	"context"
	"sync"
	"sync/atomic"
)

// Journal is where an engine of one file keeps what is written until it goes to
// its place. It is settled beside the writes: the writer of an entry does not
// wait for it.
type Journal interface {
	// Settle puts what has gathered in its place, if it is much, while others write.
	// What they wrote meanwhile it puts there in a turn of its own.
	Settle(ctx context.Context, turn func(do func() error) error) error
	Close() error
}

// settleAfter is after how many writes the journal is looked at.
const settleAfter = 4

// settling is the settling of the journal, one at a time.
type settling struct {
	writes atomic.Uint64
	on     atomic.Bool
	ends   sync.WaitGroup
	ctx    context.Context // ends when the store closes
	stop   context.CancelFunc
}

func (s *settling) begin() { s.ctx, s.stop = context.WithCancel(context.Background()) }

// settle has the journal looked at, after some writes, and does not wait. If it
// cannot be settled nothing is lost: it grows, is tried again after later writes,
// and at its limit the writer settles it and tells of the fault.
func (d *DB) settle() {
	s := &d.settling
	if d.engine.Journal == nil || s.writes.Add(1)%settleAfter != 0 || !s.on.CompareAndSwap(false, true) {
		return
	}
	s.ends.Go(func() {
		defer s.on.Store(false)
		_ = d.engine.Journal.Settle(s.ctx, func(do func() error) error {
			if err := d.turns.enter(s.ctx); err != nil {
				return err
			}
			defer d.turns.leave()
			return do()
		})
	})
}

// closeJournal lets the settling end. Nobody may write any more.
func (d *DB) closeJournal() error {
	if d.engine.Journal == nil {
		return nil
	}
	d.settling.stop()
	d.settling.ends.Wait()
	return d.engine.Journal.Close()
}
