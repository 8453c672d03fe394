package tables

import (
	"context"
	"testing"
)

// heldJournal is a journal whose settling lasts until it is let go.
type heldJournal struct {
	begun  chan struct{}
	goOn   chan struct{}
	closed bool
}

func (j *heldJournal) Settle(ctx context.Context, turn func(do func() error) error) error {
	j.begun <- struct{}{}
	select {
	case <-j.goOn:
		return turn(func() error { return nil })
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *heldJournal) Close() error { j.closed = true; return nil }

// The journal is looked at after some writes, beside them and once at a time, and
// the store waits for that when it closes.
func TestTheJournalIsSettledAfterSomeWritesAndOnceAtATime(t *testing.T) {
	j := &heldJournal{begun: make(chan struct{}, 10), goOn: make(chan struct{})}
	d := New(Engine{Journal: j}, nil, nil)
	for range settleAfter - 1 {
		d.settle()
	}
	if d.settling.on.Load() {
		t.Fatal("it was looked at too early")
	}
	for range 3 * settleAfter {
		d.settle()
	}
	<-j.begun
	close(j.goOn)
	d.settling.ends.Wait()
	if n := len(j.begun); n != 0 {
		t.Errorf("%d more were begun while one was under way", n)
	}
	if d.turns.busy {
		t.Error("the turn was not given back")
	}
	for range settleAfter {
		d.settle()
	}
	if err := d.closeJournal(); err != nil || !j.closed || len(j.begun) != 1 {
		t.Errorf("closed %v, begun %d, %v", j.closed, len(j.begun), err)
	}
}
