package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
)

// Live is a service in a server: it finds and approves on an officer's word, in
// the background. The round runs either here, by a paced clock (NewLive and Run),
// or in worker processes, and is looked at from here (NewDesk and Follow).
type Live struct {
	App   *App
	Pack  *service.Pack
	Clock Clock

	mu       sync.Mutex
	job      Job
	watchers map[chan struct{}]bool
	wake     chan struct{}
	paced    *PacedClock // nil: worker processes let the round run
	driver   *Driver     // nil: the same
	beside   []*Live     // other services that this one lets run
	library  *library.Library
	care     *CareBook // the newest run in this process; nil: there was none
	needs    *Needs    // the same
	named    *NeedBook // the same: who may need much
}

// Job is long work under way, or how the last one ended.
type Job struct {
	Busy        bool
	What        string // what is being done
	Done, Total int
	Err         error // how the last job ended
}

// NewLive makes a live service. Run must be called for anything to happen.
func (a *App) NewLive(ctx context.Context, p *service.Pack, clock *PacedClock) (*Live, error) {
	all, err := a.NewLives(ctx, clock, p)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// NewLives makes several live services that run side by side. Run of the first must
// be called for anything to happen; it lets all of them run.
func (a *App) NewLives(ctx context.Context, clock *PacedClock, p *service.Pack, more ...*service.Pack) ([]*Live, error) {
	d, err := a.NewDriver(ctx, p, more...)
	if err != nil {
		return nil, err
	}
	first := a.NewDesk(p, clock)
	first.paced, first.driver = clock, d
	out := []*Live{first}
	for _, other := range more {
		l := a.NewDesk(other, clock)
		l.paced, l.driver, l.wake = clock, d, first.wake
		first.beside, out = append(first.beside, l), append(out, l)
	}
	return out, nil
}

// NewDesk makes a service whose rounds run in worker processes. Follow must be
// called for pages to see what those do.
func (a *App) NewDesk(p *service.Pack, clock Clock) *Live {
	return &Live{App: a, Pack: p, Clock: clock, watchers: map[chan struct{}]bool{}, wake: make(chan struct{}, 1)}
}

// followEvery is how often those who watch are told to look again, in real time:
// worker processes do not say when they did something.
const followEvery = time.Second

// Follow tells those who watch, until ctx ends, that something may have changed.
func (l *Live) Follow(ctx context.Context) error {
	t := time.NewTicker(followEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-t.C:
		}
		_, _ = l.followRecords(ctx) // the store may be away for a moment: the next look has them
		l.tell()
	}
}

// Watch returns a channel that says that something changed, at most once for
// many changes, until stop is called.
func (l *Live) Watch() (changed <-chan struct{}, stop func()) {
	ch := make(chan struct{}, 1)
	l.mu.Lock()
	l.watchers[ch] = true
	l.mu.Unlock()
	return ch, func() {
		l.mu.Lock()
		delete(l.watchers, ch)
		l.mu.Unlock()
	}
}

func (l *Live) tell() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ch := range l.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Wake makes Run look at once, after something was done from outside.
func (l *Live) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Job is the work under way.
func (l *Live) Job() Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.job
}

func (l *Live) progress(what string, done, total int) {
	l.mu.Lock()
	l.job.What, l.job.Done, l.job.Total = what, done, total
	l.mu.Unlock()
	l.tell()
}

// start runs a job in the background; only one at a time.
func (l *Live) start(ctx context.Context, do func(ctx context.Context) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.job.Busy {
		return fault.New(fault.Conflict, "app.Live", "another job is under way").Do("wait until it is done")
	}
	l.job = Job{Busy: true}
	go func() {
		err := do(ctx)
		l.mu.Lock()
		l.job.Busy, l.job.Err = false, err
		l.mu.Unlock()
		l.tell()
		l.Wake()
	}()
	return nil
}

// Round is the service's newest round.
func (l *Live) Round(ctx context.Context) (store.Round, bool, error) {
	return l.App.Newest(ctx, l.Pack.Name())
}

// NewestRunning is the newest round that was approved, of this service and those
// beside it.
func (l *Live) NewestRunning(ctx context.Context) (store.Round, bool, error) {
	all, err := l.App.DB.Rounds(ctx)
	served := []string{l.Pack.Name()}
	for _, other := range l.beside {
		served = append(served, other.Pack.Name())
	}
	for _, r := range all {
		if r.State != store.Prepared && slices.Contains(served, r.Service) {
			return r, true, err
		}
	}
	return store.Round{}, false, err
}

// Rounds are the service's rounds, the newest first.
func (l *Live) Rounds(ctx context.Context) ([]store.Round, error) {
	all, err := l.App.DB.Rounds(ctx)
	return slices.DeleteFunc(all, func(r store.Round) bool { return r.Service != l.Pack.Name() }), err
}

// Prepare begins to find people and to hold places, as of a day. Ctx must
// outlive the request that asked for it.
func (l *Live) Prepare(ctx context.Context, asOf time.Time, officer string) error {
	return l.start(ctx, func(ctx context.Context) error {
		_, err := l.App.Prepare(ctx, l.Pack, round.Order{AsOf: asOf, Officer: officer, Now: l.Clock.Now()}, l.progress)
		return err
	})
}

// Approve begins to open the cases of the prepared round.
func (l *Live) Approve(ctx context.Context, id store.RoundID, officer string) error {
	r, err := l.App.DB.Round(ctx, id)
	if err != nil {
		return err
	}
	return l.start(ctx, func(ctx context.Context) error { return l.App.Approve(ctx, l.Pack, r, officer, l.progress) })
}

// restMost is the longest that Run waits without looking, in real time.
const restMost = 250 * time.Millisecond

// Run moves the round until ctx ends, from moment to moment and never past the
// clock's target. Between two moments it sleeps, or is woken.
func (l *Live) Run(ctx context.Context) error {
	for {
		busy, err := l.driver.Step(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		events, err := l.followRecords(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		if busy || events {
			l.tellAll()
		}
		last, err := l.closing(ctx)
		for _, other := range l.beside {
			at, oerr := other.closing(ctx)
			last, err = minTime(last, at), errors.Join(err, oerr)
		}
		if err != nil {
			return ended(ctx, err)
		}
		at, err := l.driver.moment(ctx, l.Clock.Now(), busy, last)
		if err != nil {
			return ended(ctx, err)
		}
		if l.sleep(ctx, at); ctx.Err() != nil {
			return ended(ctx, nil)
		}
		l.paced.To(minTime(at, l.paced.Target()))
	}
}

// tellAll tells those who watch any of the services.
func (l *Live) tellAll() {
	l.tell()
	for _, other := range l.beside {
		other.tell()
	}
}

// ended hides the errors that come from being stopped.
func ended(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// sleep waits until the clock's target reaches a moment, at most for restMost,
// or until it is woken or ctx ends.
func (l *Live) sleep(ctx context.Context, at time.Time) {
	wait, ever := l.paced.Until(at)
	if !ever || wait > restMost {
		wait = restMost
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}

// closing ends the round if its last moment has come, and tells how far the
// clock may go before it looks again.
func (l *Live) closing(ctx context.Context) (time.Time, error) {
	now := l.Clock.Now()
	r, found, err := l.Round(ctx)
	switch {
	case err != nil || !found || r.State != store.Running:
		return now.AddDate(1, 0, 0), err
	case now.Before(r.Schedule.CloseAt):
		return r.Schedule.CloseAt, l.driver.Freed(ctx, r)
	}
	err = l.driver.Close(ctx, r)
	l.tell()
	return now.AddDate(1, 0, 0), err
}

// Handsets are phones of the demo's families, with why each is worth a look.
// Only a made-up city may be looked at so; it is on the record all the same.
func (l *Live) Handsets(ctx context.Context, id store.RoundID) (out []store.Handset, err error) {
	err = l.show(ctx, id, func(tx store.Tx) error { out, err = tx.Handsets(id, 3); return err })
	return out, err
}

// Family is the phones of one family of the demo: that of the case with the
// number, or of the next one.
func (l *Live) Family(ctx context.Context, id store.RoundID, from conversation.CaseID) (out []store.Handset, err error) {
	err = l.show(ctx, id, func(tx store.Tx) error { out, err = tx.Family(id, from); return err })
	return out, err
}

func (l *Live) show(ctx context.Context, id store.RoundID, look func(store.Tx) error) error {
	act, err := audit.Begin("system:demo", "show made-up families", "demonstration", "made-up people: no personal data", l.Clock.Now())
	if err != nil {
		return err
	}
	return l.App.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.About(fmt.Sprintf("round %d", id))
		return look(tx)
	})
}

// Answer sends a text from a made-up phone and wakes the work.
func (l *Live) Answer(ctx context.Context, h store.Handset, text string) error {
	if err := l.App.Network.TakeOver(ctx, h.Number); err != nil {
		return err
	}
	if err := l.App.Network.Write(ctx, h.Number, text); err != nil {
		return err
	}
	l.Wake()
	return nil
}
