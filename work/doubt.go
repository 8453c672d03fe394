package work

import (
	"context"
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/store"
)

// Clarify asks the gateway about uncertain sends. One that the gateway has
// seen is handed over; one that it is sure never to have seen is queued again;
// the rest stays uncertain.
func (w *Worker) Clarify(ctx context.Context, now time.Time) error {
	act, err := w.act(systemActor, "clarify sends", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		refs, err := tx.Uncertain(10000)
		if err != nil {
			return err
		}
		known, err := w.ask(ctx, refs)
		if err != nil {
			return err
		}
		if len(known) == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d of %d uncertain sends are clear now", len(known), len(refs))
		return tx.Settle(now, known)
	})
}

// ask asks the gateway what it knows. What it cannot tell is left out.
func (w *Worker) ask(ctx context.Context, refs []channel.Ref) ([]store.Settlement, error) {
	var known []store.Settlement
	for _, ref := range refs {
		k, err := w.channel.Query(ctx, ref)
		switch {
		case err != nil:
			return nil, err
		case k == channel.Seen:
			known = append(known, store.Settlement{Ref: ref, State: channel.Handed, Code: "the gateway has it"})
		case k == channel.NeverSeen:
			known = append(known, store.Settlement{Ref: ref, State: channel.Queued, Code: "never reached the gateway"})
		}
	}
	return known, nil
}

// Doubts takes sends that have been uncertain for too long: the gateway is
// asked once more, and what it cannot tell is put before a person.
func (w *Worker) Doubts(ctx context.Context, now time.Time) (n int, err error) {
	act, err := w.act(systemActor, "put uncertain sends before a person", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		doubtful, err := tx.TakeDoubtful(now, w.set.Batch)
		if err != nil {
			return err
		}
		if n = len(doubtful); n == 0 {
			return store.ErrNothing
		}
		var refs []channel.Ref
		for _, d := range doubtful {
			if !d.Lost {
				refs = append(refs, d.Ref)
			}
		}
		known, err := w.ask(ctx, refs)
		if err != nil {
			return err
		}
		clear := map[channel.Ref]bool{}
		for _, k := range known {
			clear[k.Ref] = true
		}
		for _, d := range doubtful {
			if clear[d.Ref] || d.Case == 0 {
				continue
			}
			item := store.Item{Case: d.Case, Kind: conversation.ItemUncertain, Reason: "nobody knows whether a message was sent: ask the family, or look into the gateway"}
			if err := tx.OpenItem(item, now); err != nil {
				return err
			}
		}
		tx.Detail("%d uncertain sends, %d of them clear now", n, len(known))
		return tx.Settle(now, known)
	})
	return n, err
}

// Clear takes reports that tell of sends in doubt.
func (w *Worker) Clear(ctx context.Context, now time.Time) (n int, err error) {
	act, err := w.act(systemActor, "clarify sends", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		reports, err := tx.OfDoubt(now, w.set.Batch)
		if err != nil {
			return err
		}
		if n = len(reports); n == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d reports tell of sends in doubt", n)
		return w.outcomes(tx, reports, now)
	})
	return n, err
}

// Halves takes messages of which a part was delivered long ago and nothing was
// heard of the others: the phone was there, so the message counts as delivered.
func (w *Worker) Halves(ctx context.Context, now time.Time) (n int, err error) {
	act, err := w.act(systemActor, "settle messages in parts", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		refs, err := tx.TakeHalf(now, w.set.Batch)
		if err != nil {
			return err
		}
		if n = len(refs); n == 0 {
			return store.ErrNothing
		}
		reports := make([]channel.Report, n)
		for i, ref := range refs {
			reports[i] = channel.Report{ID: "parts/" + string(ref), Ref: ref, State: channel.Delivered, At: now}
		}
		tx.Detail("%d messages of which a part was delivered", n)
		return w.outcomes(tx, reports, now)
	})
	return n, err
}
