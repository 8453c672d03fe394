// Package work drives conversations: it takes what is due (timers, answers,
// reports, messages to be sent), lets the pure engine decide, and keeps the
// result in one transaction. Everything it does can be cut off at any moment
// and begun again.
//
// A message is marked as submitting before it is handed over. After a crash it
// is uncertain until its report, the gateway or a person settles it: it is
// never silently sent twice and never silently lost.
package work

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/store"
)

// Store is what the work writes to.
type Store interface {
	Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	// Beat notes that a process is there and reports whether another one that was
	// handing something over is silent.
	Beat(ctx context.Context, worker string, lease time.Duration) (silent bool, err error)
	// Due tells what is due, without waiting for the writers' turn.
	Due(ctx context.Context, now time.Time) (store.Due, error)
}

// Values are what a message may name.
type Values struct {
	Guardian, Child, Unit string
	Deadline              time.Time
	When                  time.Time     // of the appointment; zero: there is none
	Round                 store.RoundID // 0: the message belongs to no case
	Answer                string        // the letter of the answer that was noted, "" if none was
}

// Service is what the work needs to know of a service and its round.
type Service interface {
	// Text renders a message.
	Text(k conversation.Kind, l person.Language, v Values) (string, error)
	// Segments is the number of SMS parts of a text.
	Segments(text string) int
	// Allowed is the first moment from t on at which an unasked message may go out.
	Allowed(t time.Time) time.Time
	// Rules are the engine's settings for a round.
	Rules(id store.RoundID) (conversation.Rules, error)
	// Purpose is the id and the legal basis under which the work on a round is done;
	// 0: that on all that it serves.
	Purpose(id store.RoundID) (purpose, basis string)
	// Names are the services that it serves.
	Names() []string
}

// Settings of the work.
type Settings struct {
	From  string        // the number that messages come from and answers go to
	Rate  int           // messages handed over in one second, at most
	Batch int           // answers in one transaction, at most
	Timed int           // timers in one transaction, at most, so that no answer waits long for it; 0: as many as Batch
	Hand  int           // messages handed over at once, at most; 0: as many as Batch
	Valid time.Duration // the network gives a message up after this
	// Doubt is how long a send may stay uncertain before it goes to a person.
	Doubt time.Duration
	// Name tells this process from others that work on the same store; Lease is
	// how long it may be silent before they take over what it was handing over.
	// Zero: there is no other.
	Name  string
	Lease time.Duration
}

// Worker drives the conversations of one service over one channel. Any number of
// them may work on one store: each piece of work is taken by one.
type Worker struct {
	store   Store
	service Service
	channel channel.Channel
	set     Settings
	lost    time.Time // what is queued for a time up to this may have been sent already
}

// New makes a worker.
func New(s Store, sv Service, ch channel.Channel, set Settings) *Worker {
	return &Worker{store: s, service: sv, channel: ch, set: set}
}

// systemActor is who acts when the clock does.
const systemActor = "system:work"

func (w *Worker) act(actor, verb string, now time.Time) (audit.Act, error) {
	return w.actIn(0, actor, verb, now)
}

func (w *Worker) actIn(round store.RoundID, actor, verb string, now time.Time) (audit.Act, error) {
	id, basis := w.service.Purpose(round)
	return audit.Begin(actor, verb, id, basis, now)
}

// Tick does all that is due now and reports whether it did anything. Call it
// again until it did nothing, then wait for the next moment.
func (w *Worker) Tick(ctx context.Context, now time.Time) (busy bool, err error) {
	return w.due(ctx, now, w.steps())
}

// Read is the part of Tick for which a person waits: it reads what people answered.
func (w *Worker) Read(ctx context.Context, now time.Time) (busy bool, err error) {
	return w.due(ctx, now, w.steps()[:1])
}

// Keep is what Tick does beside reading answers and handing messages over.
func (w *Worker) Keep(ctx context.Context, now time.Time) (busy bool, err error) {
	all := w.steps()
	return w.due(store.With(ctx, store.Behind), now, append(all[1:3:3], all[4]))
}

// step is one kind of work, and whether there is any.
type step struct {
	is func(store.Due) bool
	do func(context.Context, time.Time) (int, error)
}

func (w *Worker) steps() []step {
	return []step{{func(d store.Due) bool { return d.Answers }, w.Answers}, {func(d store.Due) bool { return d.Timers }, w.Timers}, {func(d store.Due) bool { return d.Halves }, w.Halves},
		{func(d store.Due) bool { return d.Clear }, w.Clear}, {func(d store.Due) bool { return d.Doubts }, w.Doubts}, {func(d store.Due) bool { return d.Sends }, w.Send}}
}

// due looks what is due before it takes the writers' turn for it: most of the
// time there is nothing. What one step brings about the next ones see.
func (w *Worker) due(ctx context.Context, now time.Time, steps []step) (busy bool, err error) {
	due, err := w.store.Due(ctx, now)
	if err != nil {
		return false, err
	}
	for _, step := range steps {
		if !step.is(due) {
			continue
		}
		n, err := step.do(ctx, now)
		if err != nil {
			return busy, err
		}
		if n == 0 {
			continue
		}
		busy = true
		if due, err = w.store.Due(ctx, now); err != nil {
			return busy, err
		}
	}
	return busy, nil
}

// Recover is called once before the first Tick: what a process of this name was
// handing over when it ended is uncertain now, and so is what others were who
// are silent; the gateway is asked.
func (w *Worker) Recover(ctx context.Context, now time.Time) (uncertain int, err error) {
	uncertain, err = w.relieve(ctx, now, func(tx store.Tx) error { return tx.Leave(w.set.Name) })
	if err != nil {
		return uncertain, err
	}
	if _, err := w.store.Beat(ctx, w.set.Name, w.set.Lease); err != nil {
		return uncertain, err
	}
	return uncertain, w.Clarify(ctx, now)
}

// Beat tells the others that this process is there, and takes over from those
// who are silent. Call it several times within each lease.
func (w *Worker) Beat(ctx context.Context, now time.Time) (uncertain int, err error) {
	silent, err := w.store.Beat(ctx, w.set.Name, w.set.Lease)
	if err != nil || !silent {
		return 0, err
	}
	uncertain, err = w.relieve(ctx, now, func(store.Tx) error { return nil })
	if err != nil || uncertain == 0 {
		return uncertain, err
	}
	return uncertain, w.Clarify(ctx, now)
}

func (w *Worker) relieve(ctx context.Context, now time.Time, first func(store.Tx) error) (uncertain int, err error) {
	act, err := w.act(systemActor, "recover sends", now)
	if err != nil {
		return 0, err
	}
	err = w.store.Write(ctx, act, func(tx store.Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		uncertain, err = tx.Relieve(w.set.Name, w.set.Lease, now.Add(w.set.Doubt))
		if err == nil && uncertain == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d sends were cut off and are uncertain", uncertain)
		return err
	})
	return uncertain, err
}

// Open opens a case under a running transaction: it holds the place and sets
// the timers, or, with a reason in hand, puts the family before an officer.
func (w *Worker) Open(tx store.Tx, id store.RoundID, n store.NewCase, hand string, now time.Time) error {
	c, err := tx.OpenCase(id, n)
	if err != nil {
		return err
	}
	s := &stepper{w: w, tx: tx, now: now}
	return s.step(c.ID, conversation.Opened{Hand: hand})
}
