package work

import (
	"context"
	"fmt"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// Lost goes through a time of which the records are lost: they were brought back
// from a backup that was taken at since, and until was when the last message can
// have gone out. What would have been sent in that time may have been sent, so
// it is uncertain and put before a person, and never sent again. Deadlines of
// that time have not passed: an answer may be lost, too.
//
// Next tells when a timer is due next. Given again after a crash, Lost goes
// on.
func (w *Worker) Lost(ctx context.Context, since, until, now time.Time, next func(context.Context) (time.Time, bool, error)) error {
	v := *w
	v.lost = until
	act, err := v.act(systemActor, "bring records back", now)
	if err != nil {
		return err
	}
	err = v.store.Write(ctx, act, func(tx store.Tx) error {
		n, err := tx.Lost(until, now)
		tx.Detail("from a backup of %s; what was sent or answered until %s is not known; %d sends are uncertain", since.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), n)
		return err
	})
	if err != nil {
		return err
	}
	for {
		n, err := v.Answers(ctx, since)
		if err != nil {
			return err
		}
		at, ok, err := next(ctx)
		if err != nil || !ok || at.After(until) {
			return err
		}
		m, err := v.lostTimers(ctx, at)
		if err != nil {
			return err
		}
		if n+m == 0 {
			return fault.New(fault.Conflict, "work.Lost", "something is due that cannot be done").Do("does another process work on the records?")
		}
	}
}

// doubtOf is when a message for a moment of the lost time is put before a person;
// zero: nothing is lost of that moment.
func (w *Worker) doubtOf(at time.Time) time.Time {
	if at.After(w.lost) {
		return time.Time{}
	}
	return w.lost.Add(time.Second)
}

// lostTimers steps cases as they were stepped in the lost time. A deadline is
// put after it.
func (w *Worker) lostTimers(ctx context.Context, at time.Time) (n int, err error) {
	act, err := w.act(systemActor, "keep to the schedule", at)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		due, err := tx.TakeTimers(at, w.set.Batch)
		if err != nil {
			return err
		}
		if n = len(due); n == 0 {
			return store.ErrNothing
		}
		for _, d := range due {
			if d.Timer == conversation.DeadlineDue {
				err = tx.SetTimer(d.Case, d.Timer, w.lost.Add(time.Second))
			} else {
				err = (&stepper{w: w, tx: tx, now: at}).step(d.Case, conversation.Due{Timer: d.Timer})
			}
			if err != nil {
				return err
			}
		}
		tx.Detail("%d moments in the time that is lost", n)
		return nil
	})
	return n, err
}

// HoldLost pauses a running round from the moment of the backup on, so that an
// officer looks at it before it goes on; what is still to come is then put off
// by the time that is lost, deadlines included.
func (w *Worker) HoldLost(ctx context.Context, id store.RoundID, officer, words string, since, now time.Time) error {
	act, err := w.act(officer, "pause round", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		is, err := tx.RoundState(id)
		if err != nil {
			return err
		}
		if is != store.Running {
			return store.ErrNothing
		}
		tx.About(fmt.Sprintf("round %d", id))
		tx.Detail("the records were brought back from a backup")
		if err := tx.AddStep(store.RoundStep{Round: id, At: since, Officer: officer, Step: "pause", Words: words}); err != nil {
			return err
		}
		return tx.SetRound(id, store.Paused, "")
	})
}
