package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/fault"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// WorkOptions are what a process that works needs.
type WorkOptions struct {
	Pack    *service.Pack
	Channel channel.Channel
	Run     []func(context.Context) error // what keeps the channel going; it ends after the work
	Door    *Door
	Name    string        // tells this process from others
	Lease   time.Duration // how long it may be silent
	Doubt   time.Duration // how long a send may stay uncertain
	Window  int           // messages that the channel has under way at once
	Log     *slog.Logger

	Tell      func(ctx context.Context, waiting map[string]int, at time.Time) error // tells officers what waits, by kind; nil: nobody is told
	TellEvery time.Duration                                                         // no more often than this
}

// senders is how many batches are under way at once: while one waits for the
// gateway the next is claimed.
const senders = 2

// poll is how often a process looks for what others have written.
const poll = 200 * time.Millisecond

// Work lets the rounds of a service run over a real channel until ctx ends,
// beside any number of processes that do the same on the same database. What
// goes wrong is told and tried again. When ctx ends, what is under way is handed
// over first.
func (a *App) Work(ctx context.Context, o WorkOptions) error {
	s := o.Pack.Schedule()
	talk := a.talk(o.Pack)
	w := work.New(a.DB, talk, o.Channel, work.Settings{From: s.Sender(), Rate: s.Rate(), Batch: 50, Timed: 10, Hand: max(10, o.Window), Valid: s.Validity(), Doubt: o.Doubt, Name: o.Name, Lease: o.Lease})
	gates, endGates := context.WithCancel(context.WithoutCancel(ctx))
	defer endGates()
	ctx, end := context.WithCancel(ctx)
	defer end()
	var keeping errgroup.Group
	for _, run := range o.Run {
		keeping.Go(func() error {
			defer end() // without its gateway the work ends, too
			return run(gates)
		})
	}
	l := &labour{app: a, WorkOptions: o, worker: w, driver: &Driver{app: a, packs: []*service.Pack{o.Pack}, freed: map[store.RoundID]time.Time{}, worker: w, talk: talk}}
	if !l.until(ctx, "recover", func() error { _, err := w.Recover(ctx, a.Now()); return err }) {
		endGates()
		return keeping.Wait()
	}
	o.Door.worker.Store(w)
	stop := a.Sequencing(ctx, func(err error) { l.told("put entries into the log", err) })
	defer stop()
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { l.every(gctx, o.Lease/3, "say that it is there", l.beat); return nil })
	g.Go(func() error { l.every(gctx, time.Second, "keep to the day", l.duties); return nil })
	g.Go(func() error { l.every(gctx, time.Second, "clarify sends", l.clear); return nil })
	if o.Tell != nil {
		g.Go(func() error { l.every(gctx, min(o.TellEvery, time.Minute), "tell officers", l.tell); return nil })
	}
	l.queued = make(chan struct{}, senders)
	g.Go(func() error { l.loop(gctx, "read answers", o.Door.poke, l.read); return nil })
	g.Go(func() error { l.loop(gctx, "keep to the schedule", nil, l.keep); return nil })
	for range senders {
		g.Go(func() error { l.loop(gctx, "hand messages over", l.queued, l.send); return nil })
	}
	err := g.Wait()
	endGates()
	return errors.Join(err, keeping.Wait())
}

// labour is the work of one process.
type labour struct {
	WorkOptions
	app    *App
	worker *work.Worker
	driver *Driver
	queued chan struct{} // wakes who hands messages over
}

func (l *labour) told(what string, err error) {
	l.Log.Warn("could not "+what+" now", "error", err)
}

// until tries something again and again until it is done; false: ctx has ended.
func (l *labour) until(ctx context.Context, what string, do func() error) bool {
	for wait := poll; ; wait = min(2*wait, 5*time.Second) {
		err := do()
		if err == nil || ctx.Err() != nil {
			return ctx.Err() == nil
		}
		l.told(what, err)
		if !sleep(ctx, nil, wait) {
			return false
		}
	}
}

// sleep waits, or less when woken; false: ctx has ended.
func sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-t.C:
	}
	return true
}

func (l *labour) every(ctx context.Context, d time.Duration, what string, do func(context.Context) error) {
	for l.until(ctx, what, func() error { return do(ctx) }) && sleep(ctx, nil, d) {
	}
}

// loop does something as long as there is anything to do, and looks again when
// woken or after a moment.
func (l *labour) loop(ctx context.Context, what string, wake <-chan struct{}, do func(context.Context) (bool, error)) {
	for {
		busy := false
		ok := l.until(ctx, what, func() (err error) { busy, err = do(ctx); return err })
		if !ok || !busy && !sleep(ctx, wake, poll) {
			return
		}
	}
}

func (l *labour) beat(ctx context.Context) error {
	n, err := l.worker.Beat(ctx, l.app.Now())
	if n > 0 {
		l.Log.Warn("took over from a process that is silent", "uncertain", n)
	}
	return err
}

// read reads answers, and wakes who hands the confirmations over.
func (l *labour) read(ctx context.Context) (busy bool, err error) {
	busy, err = l.worker.Read(ctx, l.app.Now())
	if busy {
		select {
		case l.queued <- struct{}{}:
		default:
		}
	}
	return busy, err
}

func (l *labour) keep(ctx context.Context) (busy bool, err error) {
	return l.worker.Keep(ctx, l.app.Now())
}

// tell lets officers know what waits for them; of several processes one does.
func (l *labour) tell(ctx context.Context) error {
	now := l.app.Now()
	p := l.Pack.Purpose()
	act, err := audit.Begin("system:work", "tell officers what waits", p.ID(), p.LegalBasis(), now)
	if err != nil {
		return err
	}
	var waiting map[string]int
	err = l.app.DB.Write(ctx, act, func(tx store.Tx) error {
		waiting, err = tx.TakeNotice(now, l.TellEvery)
		if err == nil && len(waiting) == 0 {
			return store.ErrNothing
		}
		tx.Detail("matters of %d kinds", len(waiting))
		return err
	})
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := l.Tell(ctx, waiting, now); err != nil {
		return errors.Join(err, l.app.DB.Write(ctx, act, func(tx store.Tx) error {
			tx.Detail("the notice was not taken")
			return tx.NoticeFailed()
		}))
	}
	return nil
}

// clear looks whether reports tell of sends in doubt.
func (l *labour) clear(ctx context.Context) error {
	now := l.app.Now()
	due, err := l.app.DB.Due(ctx, now)
	if err != nil || !due.Clear {
		return err
	}
	_, err = l.worker.Clear(ctx, now)
	return err
}

// parting is how long what is under way has to be handed over when the process
// is to end.
const parting = 10 * time.Second

func (l *labour) send(ctx context.Context) (bool, error) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(parting, cancel) })
	defer stop()
	now := l.app.Now()
	due, err := l.app.DB.Due(longer, now)
	if err != nil || !due.Sends {
		return false, err
	}
	if due.Urgent { // a person waits for what is sent now
		longer = store.With(longer, store.Person)
	}
	n, err := l.worker.Send(longer, now)
	return n > 0, err
}

// duties are done once a day or at a round's end; of several processes that try,
// one does them.
func (l *labour) duties(ctx context.Context) error {
	rounds, err := l.app.DB.Rounds(ctx)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		if r.Service != l.Pack.Name() || r.State != store.Running {
			continue
		}
		if err := l.driver.Freed(ctx, r); err != nil && fault.KindOf(err) != fault.Conflict {
			return err
		}
		if !l.app.Now().Before(r.Schedule.CloseAt) {
			if err := l.driver.Close(ctx, r); err != nil && !errors.Is(err, store.ErrNothing) {
				return fmt.Errorf("round %d: %w", r.ID, err)
			}
		}
	}
	return nil
}

// TrialClock runs faster than the machine's, and alike in all processes that
// have the same beginning.
type TrialClock struct {
	From, At time.Time // At the real moment At it is From
	Speed    float64
}

// Now is the made-up time.
func (c TrialClock) Now() time.Time {
	return c.From.Add(time.Duration(float64(time.Since(c.At)) * c.Speed)).UTC()
}
