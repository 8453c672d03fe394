package work

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/reply"
	"ennakko/store"
	"ennakko/trace"
)

// Timers steps the cases whose moments have come.
func (w *Worker) Timers(ctx context.Context, now time.Time) (n int, err error) {
	ctx, span := trace.Start(ctx, "timers")
	defer func() { span.Count("timers", n); span.EndIf(n > 0, err) }()
	act, err := w.act(systemActor, "keep to the schedule", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		due, err := tx.TakeTimers(now, or(w.set.Timed, w.set.Batch))
		if err != nil {
			return err
		}
		if n = len(due); n == 0 {
			return store.ErrNothing
		}
		kinds := map[conversation.Timer]int{}
		for _, d := range due {
			kinds[d.Timer]++
			s := &stepper{w: w, tx: tx, now: now}
			if err := s.step(d.Case, conversation.Due{Timer: d.Timer}); err != nil {
				return err
			}
		}
		tx.Detail("notice %d, inquiry %d, reminder %d, deadline %d", kinds[conversation.NoticeDue], kinds[conversation.InquiryDue],
			kinds[conversation.ReminderDue], kinds[conversation.DeadlineDue])
		return nil
	})
	return n, err
}

// Answers handles the messages that people sent. Each is an entry of its own
// in the record, with the person as the actor.
func (w *Worker) Answers(ctx context.Context, now time.Time) (n int, err error) {
	ctx, span := trace.Start(ctx, "answers")
	var each []*trace.Span // from when it came until its confirmation is queued
	defer func() {
		for _, s := range each {
			s.End(err)
		}
		span.Count("answers", n)
		span.EndIf(n > 0, err)
	}()
	act, err := w.act(systemActor, "read answers", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(store.With(ctx, store.Person), act, func(tx store.Tx) error {
		received, err := tx.TakeReceived(w.set.Batch)
		if err != nil {
			return err
		}
		if n = len(received); n == 0 {
			return store.ErrNothing
		}
		for _, r := range received {
			_, s := trace.StartAgo(ctx, "answer", now.Sub(r.In.At))
			each = append(each, s)
			if err := w.answer(tx, r, now); err != nil {
				return err
			}
		}
		tx.Detail("%d messages", n)
		return nil
	})
	return n, err
}

// repeats is the time within which one phone is not asked twice which child is
// meant: a letter sent twice needs one reply.
const repeats = 10 * time.Minute

func (w *Worker) answer(tx store.Tx, r store.Received, now time.Time) error {
	on, err := tx.OnPhone(r.Phone)
	if err != nil {
		return err
	}
	if len(on) == 0 {
		return w.stranger(tx, r, now)
	}
	a := reply.Read(r.In.Text, conversation.Menu(on), conversation.ChildNames(on))
	i, ok := conversation.Route(on, a, r.In.At)
	c := on[i].Case
	held, err := tx.Case(c.ID)
	if err != nil {
		return err
	}
	if err := w.noteAnswer(tx, held, c.Parties[on[i].Party].Person, a, now); err != nil {
		return err
	}
	if err := tx.Handled(r.ID, c.ID, a.Meaning.String(), now); err != nil {
		return err
	}
	s := &stepper{w: w, tx: tx, now: now, answerTo: r.ID, round: held.Round}
	if !ok {
		asked, err := tx.Wrote(r.Phone, conversation.WhichChild, now.Add(-repeats))
		if err != nil || asked > 0 {
			return err
		}
		p := c.Parties[on[i].Party]
		key := fmt.Sprintf("%d/%d/%s/%d", c.ID, p.Person, conversation.WhichChild, r.ID)
		return s.enqueue(c, conversation.Send{Party: on[i].Party, Kind: conversation.WhichChild, Language: p.Language, Key: key, Reply: true})
	}
	return s.step(c.ID, conversation.Answered{Party: on[i].Party, Answer: a})
}

func (w *Worker) noteAnswer(tx store.Tx, held store.Held, who person.ID, a reply.Answer, now time.Time) error {
	c := held.Case
	act, err := w.actIn(held.Round, fmt.Sprintf("resident:%d", who), "answer", now)
	if err != nil {
		return err
	}
	e := act.Entry()
	e.Object, e.Detail = fmt.Sprintf("case %d", c.ID), a.Meaning.String()
	e.People = peopleOf(c)
	return tx.Note(e)
}

// stranger answers a number that was asked nothing, once.
func (w *Worker) stranger(tx store.Tx, r store.Received, now time.Time) error {
	wrote, err := tx.Wrote(r.Phone, conversation.WrongNumber, time.Time{})
	if err != nil {
		return err
	}
	if wrote == 0 {
		text, err := w.service.Text(conversation.WrongNumber, person.Finnish, Values{})
		if err != nil {
			return err
		}
		if _, err := tx.Enqueue(store.Outgoing{Kind: conversation.WrongNumber, Language: person.Finnish, Key: fmt.Sprintf("incoming %d/%s", r.ID, conversation.WrongNumber),
			Text: text, Segments: w.service.Segments(text), NotBefore: now, Valid: w.set.Valid, Reply: true, AnswerTo: r.ID, Doubt: w.doubtOf(now)}); err != nil {
			return err
		}
	}
	return tx.Handled(r.ID, 0, "unknown number", now)
}

// Receive keeps what a network brings; it is the Inbox of the channels.
func (w *Worker) Receive(ctx context.Context, in []channel.Incoming, now time.Time) (err error) {
	ctx, span := trace.Start(ctx, "receive messages")
	defer func() { span.Count("messages", len(in)); span.End(err) }()
	act, err := w.act("system:channel", "receive messages", now)
	if err != nil {
		return err
	}
	return w.store.Write(store.With(ctx, store.Person), act, func(tx store.Tx) error {
		fresh, err := tx.Receive(in)
		if err == nil && fresh == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d messages", fresh)
		return err
	})
}

// Report keeps the outcomes of messages and lets the engine know.
func (w *Worker) Report(ctx context.Context, reports []channel.Report, now time.Time) (err error) {
	ctx, span := trace.Start(ctx, "receive reports")
	defer func() { span.Count("reports", len(reports)); span.End(err) }()
	act, err := w.act("system:channel", "receive reports", now)
	if err != nil {
		return err
	}
	return w.store.Write(store.With(ctx, store.Behind), act, func(tx store.Tx) error {
		tx.Detail("%d reports", len(reports))
		return w.outcomes(tx, reports, now)
	})
}

// outcomes lets the engine know what became of messages.
func (w *Worker) outcomes(tx store.Tx, reports []channel.Report, now time.Time) error {
	out, err := tx.Report(reports)
	if err != nil {
		return err
	}
	for _, o := range out {
		if o.Case == 0 {
			continue
		}
		if o.Doubted {
			if err := tx.SettleItems(o.Case, conversation.ItemUncertain, systemActor, "a report came", now); err != nil {
				return err
			}
		}
		s := &stepper{w: w, tx: tx, now: now}
		if err := s.step(o.Case, conversation.Reported{Party: o.Party, Kind: o.Kind, Delivered: o.Delivered}); err != nil {
			return err
		}
	}
	return nil
}

// Send hands over what is due, within the rate.
func (w *Worker) Send(ctx context.Context, now time.Time) (n int, err error) {
	ctx, span := trace.Start(ctx, "batch")
	defer func() { span.Count("messages", n); span.EndIf(n > 0, err) }()
	attempts, err := w.claim(ctx, now)
	if err != nil || len(attempts) == 0 {
		return 0, err
	}
	batch := make([]channel.Message, len(attempts))
	for i, a := range attempts {
		batch[i] = a.Message
	}
	handing, hand := trace.Start(ctx, "hand over")
	receipts, sendErr := w.channel.Submit(handing, batch)
	hand.Count("receipts", len(receipts))
	hand.End(sendErr)
	return len(attempts), w.settle(ctx, batch, receipts, sendErr, now)
}

func (w *Worker) claim(ctx context.Context, now time.Time) (attempts []store.Attempt, err error) {
	ctx, span := trace.Start(ctx, "claim")
	defer func() { span.EndIf(len(attempts) > 0, err) }()
	act, err := w.act(systemActor, "hand messages over", now)
	if err != nil {
		return nil, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		later := 0
		if until := w.service.Allowed(now); until.After(now) {
			if later, err = tx.Postpone(now, until); err != nil {
				return err
			}
		}
		limit, err := tx.Allowed(now, w.set.Rate)
		if err != nil {
			return err
		}
		if attempts, err = tx.Claim(now, w.set.From, w.set.Name, min(limit, or(w.set.Hand, w.set.Batch))); err != nil {
			return err
		}
		if err := tx.Spend(now, w.set.Rate, len(attempts)); err != nil {
			return err
		}
		if len(attempts)+later == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d messages, %d put off to the end of the quiet hours", len(attempts), later)
		return nil
	})
	return attempts, err
}

// or is n, or what to take when n is not set.
func or(n, unset int) int {
	if n > 0 {
		return n
	}
	return unset
}

// busyGateway is how long a message waits that the gateway could not take now.
const busyGateway = 30 * time.Second

// settle keeps what the gateway said. A message without a receipt is
// uncertain.
func (w *Worker) settle(ctx context.Context, batch []channel.Message, receipts []channel.Receipt, sendErr error, now time.Time) (err error) {
	ctx, span := trace.Start(ctx, "settle")
	defer func() { span.End(err) }()
	said := make(map[channel.Ref]channel.Receipt, len(receipts))
	for _, r := range receipts {
		said[r.Ref] = r
	}
	var settled []store.Settlement
	var refused []channel.Report
	for _, m := range batch {
		ref := m.Envelope().Ref
		r, ok := said[ref]
		switch {
		case !ok:
			settled = append(settled, store.Settlement{Ref: ref, State: channel.Uncertain, Code: "no answer from the gateway", Due: now.Add(w.set.Doubt)})
		case r.State == channel.Failed:
			refused = append(refused, channel.Report{ID: "refused/" + string(ref), Ref: ref, State: channel.Failed, At: now})
		case r.State == channel.Queued:
			settled = append(settled, store.Settlement{Ref: ref, State: channel.Queued, Code: r.Code, Due: now.Add(busyGateway)})
		default:
			settled = append(settled, store.Settlement{Ref: ref, State: r.State, Code: r.Code, Due: now.Add(w.set.Doubt), Gateway: r.Gateway, Parts: r.Parts})
		}
	}
	act, err := w.act(systemActor, "note what the gateway said", now)
	if err != nil {
		return err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		tx.Detail("%d taken or in doubt, %d refused", len(settled), len(refused))
		if err := w.outcomes(tx, refused, now); err != nil {
			return err
		}
		if err := tx.Settle(now, settled); err != nil {
			return err
		}
		early, err := tx.Early(settled)
		if err != nil {
			return err
		}
		return w.outcomes(tx, early, now)
	})
	return errors.Join(err, sendErr)
}

func peopleOf(c conversation.Case) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range c.People() {
		set.Add(uint32(id))
	}
	return set
}
