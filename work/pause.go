package work

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// Officers' own words: at least a word, at most a page.
const (
	leastWords = 3
	mostWords  = 500
)

// Words checks an officer's own words: 3 to 500 characters. The fault does not
// repeat them.
func Words(s string) (string, error) {
	s = strings.TrimSpace(s)
	if n := utf8.RuneCountInString(s); n < leastWords || n > mostWords || !utf8.ValidString(s) {
		return "", fault.New(fault.Invalid, "work.Words", "the reason has %d characters", n).Do("write %d to %d characters", leastWords, mostWords)
	}
	return s, nil
}

// Pause holds a running round up: nothing new goes out, while answers are still
// read and confirmed.
func (w *Worker) Pause(ctx context.Context, rd store.Round, officer, words string, now time.Time) error {
	return w.hold(ctx, rd, officer, words, now, "pause", store.Running, store.Paused, nil)
}

// day is the unit in which what is still to come is put off: so the hours of
// the day stay.
const day = 24 * time.Hour

// Resume lets a paused round go on. All that was still to come when it was
// paused comes later by the pause, rounded up to whole days, so that no family has
// less time than it was promised.
func (w *Worker) Resume(ctx context.Context, rd store.Round, pausedAt time.Time, officer, words string, now time.Time) error {
	by := (now.Sub(pausedAt) + day - 1).Truncate(day)
	return w.hold(ctx, rd, officer, words, now, "resume", store.Paused, store.Running, func(tx store.Tx) error {
		if err := tx.MoveRound(rd.ID, by); err != nil {
			return err
		}
		return w.all(tx, rd.ID, conversation.Moved{By: by}, now)
	})
}

// Stop ends a round for good: nothing more goes out but answers to answers, and
// families that have not answered are put before an officer.
func (w *Worker) Stop(ctx context.Context, rd store.Round, officer, words string, now time.Time) error {
	from := rd.State
	if from != store.Paused {
		from = store.Running
	}
	return w.hold(ctx, rd, officer, words, now, "stop", from, store.Closed, func(tx store.Tx) error {
		return w.all(tx, rd.ID, conversation.Stopped{}, now)
	})
}

// all steps every case of a round that has no final answer.
func (w *Worker) all(tx store.Tx, id store.RoundID, ev conversation.Event, now time.Time) error {
	open, err := tx.OpenCases(id)
	for _, c := range open {
		s := &stepper{w: w, tx: tx, now: now}
		if err := s.step(c, ev); err != nil {
			return err
		}
	}
	return err
}

// hold changes the state of a round in one transaction with all that it
// changes in its cases.
func (w *Worker) hold(ctx context.Context, rd store.Round, officer, words string, now time.Time, step string, from, to store.RoundState, more func(store.Tx) error) error {
	words, err := Words(words)
	if err != nil {
		return err
	}
	act, err := w.act(officer, step+" round", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		is, err := tx.RoundState(rd.ID)
		if err != nil {
			return err
		}
		if is != from {
			return fault.New(fault.Conflict, "work."+step, "the round is %s now", is).Do("look at the round again")
		}
		tx.About(fmt.Sprintf("round %d", rd.ID))
		tx.Detail("the officer's reason is kept with the round")
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		if err := tx.AddStep(store.RoundStep{Round: rd.ID, At: now, Officer: officer, Step: step, Words: words}); err != nil {
			return err
		}
		return tx.SetRound(rd.ID, to, "")
	})
}
