package app

import (
	"context"
	"fmt"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// Driver lets rounds run: it moves the network and the worker.
type Driver struct {
	app    *App
	packs  []*service.Pack
	worker *work.Worker
	talk   *round.Talk
	freed  map[store.RoundID]time.Time // when freed places are offered next
}

// NewDriver makes the driver of a service, or of several that run side by side and
// send from one number, and settles what a crash left behind. Only one driver may
// run on a folder of data: see Lock.
func (a *App) NewDriver(ctx context.Context, p *service.Pack, more ...*service.Pack) (*Driver, error) {
	for _, other := range more {
		if other.Schedule().Sender() != p.Schedule().Sender() {
			return nil, fault.New(fault.Invalid, "app.NewDriver", "the services %s and %s send from different numbers", p.Name(), other.Name()).Do("run each on its own")
		}
	}
	talk := a.talk(p, more...)
	d := &Driver{app: a, packs: append([]*service.Pack{p}, more...), talk: talk, worker: a.workerOf(p, talk), freed: map[store.RoundID]time.Time{}}
	_, err := d.worker.Recover(ctx, a.Now())
	return d, err
}

// Step does everything that is due now, and reports whether there was
// anything.
func (d *Driver) Step(ctx context.Context) (busy bool, err error) {
	inbox := Inbox{d.worker, d.app.Clock}
	came, err := d.app.Network.Advance(ctx, d.app.Now(), inbox)
	if err != nil {
		return false, err
	}
	did, err := d.worker.Tick(ctx, d.app.Now())
	return came || did, err
}

// freedAt is the time of day at which freed places are offered.
const freedAt = 10 * time.Hour

// packOf is the service of a round.
func (d *Driver) packOf(r store.Round) *service.Pack {
	for _, p := range d.packs {
		if p.Name() == r.Service {
			return p
		}
	}
	return d.packs[0]
}

// Freed offers, once a day, places that were given back to children who wait.
func (d *Driver) Freed(ctx context.Context, r store.Round) error {
	now := d.app.Now()
	if r.State != store.Running || now.Before(d.freed[r.ID]) {
		return nil
	}
	local := now.In(d.app.zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), int(freedAt/time.Hour), 0, 0, 0, d.app.zone)
	if d.freed[r.ID] = today; now.Before(today) {
		return nil
	}
	d.freed[r.ID] = today.AddDate(0, 0, 1)
	if waiting, err := d.app.DB.WaitingList(ctx, r.ID); err != nil || len(waiting) == 0 {
		return err
	}
	rooms, done, err := d.app.Rooms(ctx, d.packOf(r), r.AsOf, nil)
	if err != nil {
		return err
	}
	defer done()
	_, err = round.Promote(ctx, rooms, r.ID, now)
	return err
}

// tick is how long the driver waits when more is due than the rate allows.
const tick = time.Second

// Next is the next moment at which something can happen; ok is false when
// nothing is waiting.
func (d *Driver) Next(ctx context.Context) (time.Time, bool, error) {
	at, ok, err := d.app.DB.Next(ctx)
	if err != nil {
		return at, false, err
	}
	net, netOK, err := d.app.Network.Next(ctx)
	if netOK && (!ok || net.Before(at)) {
		at, ok = net, true
	}
	return at, ok, err
}

// Close ends a round whose last day has passed.
func (d *Driver) Close(ctx context.Context, r store.Round) error {
	p := d.packOf(r).Purpose()
	act, err := audit.Begin("system:work", "close round", p.ID(), p.LegalBasis(), d.app.Now())
	if err != nil {
		return err
	}
	return d.app.DB.Write(ctx, act, func(tx store.Tx) error {
		state, err := tx.RoundState(r.ID)
		if err != nil {
			return err
		}
		delete(d.freed, r.ID)
		if state == store.Closed {
			return store.ErrNothing // another process was first
		}
		tx.About(fmt.Sprintf("round %d", r.ID))
		return tx.SetRound(r.ID, store.Closed, "")
	})
}

// RunToEnd runs a round on a stepped clock until it is closed. Progress is told
// the round's own time.
func (d *Driver) RunToEnd(ctx context.Context, r store.Round, clock *SteppedClock, progress func(now time.Time)) error {
	if err := d.RunUntil(ctx, r, clock, r.Schedule.CloseAt, progress); err != nil {
		return err
	}
	return d.Close(ctx, r)
}

// RunUntil lets everything of a round happen up to a moment, that moment
// included. It jumps from one at which something is due to the next.
func (d *Driver) RunUntil(ctx context.Context, r store.Round, clock *SteppedClock, until time.Time, progress func(now time.Time)) error {
	for {
		if err := d.Freed(ctx, r); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Later, "app.RunUntil", "the round was stopped").Do("run the same command again: it goes on where it was")
		}
		busy, err := d.Step(ctx)
		if err != nil {
			return err
		}
		now := clock.Now()
		progress(now)
		if !now.Before(until) {
			return nil
		}
		at, err := d.moment(ctx, now, busy, until)
		if err != nil {
			return err
		}
		clock.To(at)
	}
}

// moment is the next moment at which to look after a step at now: the next at
// which something is due, and the last one at the latest.
func (d *Driver) moment(ctx context.Context, now time.Time, busy bool, last time.Time) (time.Time, error) {
	at, ok, err := d.Next(ctx)
	for _, freed := range d.freed {
		if freed.After(now) {
			last = minTime(last, freed)
		}
	}
	if !ok || at.After(last) {
		at = last
	}
	if busy || !at.After(now) {
		at = minTime(maxTime(at, now.Add(tick)), last)
	}
	return at, err
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Start finds the service's open round or prepares one, and lets another officer
// approve it.
func (a *App) Start(ctx context.Context, p *service.Pack, o round.Order, approver string, progress func(string, int, int)) (store.Round, error) {
	if o.Officer == approver {
		return store.Round{}, fault.New(fault.Refused, "app.Start", "the one who prepares a round cannot approve it").Do("name two officers")
	}
	r, found, err := a.Newest(ctx, p.Name())
	if err != nil {
		return r, err
	}
	if !found || r.State == store.Closed && !r.AsOf.Equal(o.AsOf) {
		if r, err = a.Prepare(ctx, p, o, progress); err != nil {
			return r, err
		}
	}
	if r.State == store.Prepared {
		if err := a.Approve(ctx, p, r, approver, progress); err != nil {
			return r, err
		}
	}
	return a.DB.Round(ctx, r.ID)
}

// Prepare finds the people and holds the places of a new round.
func (a *App) Prepare(ctx context.Context, p *service.Pack, o round.Order, progress func(string, int, int)) (store.Round, error) {
	rooms, done, err := a.Rooms(ctx, p, o.AsOf, progress)
	if err != nil {
		return store.Round{}, err
	}
	defer done()
	id, err := round.Prepare(ctx, rooms, o)
	if err != nil {
		return store.Round{}, err
	}
	return a.DB.Round(ctx, id)
}

// Approve opens the cases of a prepared round and lets it run.
func (a *App) Approve(ctx context.Context, p *service.Pack, r store.Round, officer string, progress func(string, int, int)) error {
	rooms, done, err := a.Rooms(ctx, p, r.AsOf, progress)
	if err != nil {
		return err
	}
	defer done()
	return round.Approve(ctx, rooms, r.ID, officer, a.Now())
}
