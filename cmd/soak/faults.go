package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"ennakko/testcity/smsc"
)

// breakage is one thing that is broken at a moment.
type breakage struct {
	at   time.Time
	what func(context.Context, *breaking) error
}

// breaking is a run in which things are broken.
type breaking struct {
	*city
	rng     *rand.Rand
	centre  *smsc.SMSC
	workers []*worker
	result  *result
	say     func(string, ...any)
}

// How long what is broken stays so. A cut is longer than any patience, so that
// connections die of it.
const (
	cutFor  = 20 * time.Second
	fullFor = 5 * time.Second
)

// run lets the processes work, breaks things, and returns when the first day is
// over and nothing more is under way.
func (c *city) run(ctx context.Context, centre *smsc.SMSC, say func(string, ...any)) (r result, err error) {
	b := &breaking{city: c, rng: rand.New(rand.NewPCG(c.seed, 1)), centre: centre, workers: make([]*worker, c.workers), result: &r, say: say} //nolint:gosec // no secret
	path, err := c.settings(0)
	if err != nil {
		return r, err
	}
	for i := range b.workers {
		if b.workers[i], err = c.startWorker(path); err != nil {
			return r, err
		}
	}
	defer func() {
		for _, w := range b.workers {
			if w != nil {
				w.end(false)
			}
		}
	}()
	for _, f := range b.schedule() {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(time.Until(f.at)):
		}
		if err := f.what(ctx, b); err != nil {
			return r, err
		}
	}
	say("%d kills, %d hang-ups, %d restarts, %d cuts, %d full disks, %d wrong clocks; waiting for the end of the day", r.Kills, r.Hangups, r.Restarts, r.Cuts, r.Fulls, r.Jumps)
	return r, c.quietly(ctx, &r, say)
}

// schedule spreads what is broken from the notice on until the evening, when all
// is quiet.
func (b *breaking) schedule() []breakage {
	from, to := b.realAt(4*time.Hour), b.realAt(12*time.Hour)
	var out []breakage
	for _, k := range []struct {
		n    int
		what func(context.Context, *breaking) error
	}{{b.kills, kill}, {b.hangups, hangup}, {b.restarts, restart}, {b.cuts, cut}, {b.fulls, full}, {b.jumps, jump}} {
		for range k.n {
			out = append(out, breakage{from.Add(time.Duration(b.rng.Int64N(int64(to.Sub(from))))), k.what})
		}
	}
	slices.SortFunc(out, func(x, y breakage) int { return x.at.Compare(y.at) })
	return out
}

// kill ends a process with SIGKILL and starts another.
func kill(_ context.Context, b *breaking) error {
	b.result.Kills++
	return b.again(0)
}

// jump lets a process come back with a wrong clock.
func jump(_ context.Context, b *breaking) error {
	b.result.Jumps++
	wrong := time.Duration(b.rng.Int64N(int64(20*time.Minute))) - 10*time.Minute
	b.say("a process came back with a clock that is wrong by %v", wrong.Round(time.Second))
	return b.again(wrong)
}

func (b *breaking) again(wrong time.Duration) error {
	path, err := b.settings(wrong)
	if err != nil {
		return err
	}
	i := b.rng.IntN(len(b.workers))
	b.workers[i].end(true)
	b.workers[i], err = b.startWorker(path)
	return err
}

// hangup lets the operator drop all connections.
func hangup(_ context.Context, b *breaking) error {
	b.result.Hangups++
	b.centre.Hangup()
	b.say("the operator dropped all connections")
	return nil
}

// restart kills the database and starts it again.
func restart(ctx context.Context, b *breaking) error {
	b.result.Restarts++
	b.say("the database was killed and started again")
	return errors.Join(b.server.Kill(), b.server.Up(ctx))
}

// cut pulls the cable between the workers and the database.
func cut(ctx context.Context, b *breaking) error {
	b.result.Cuts++
	b.say("the network between the workers and the database is cut")
	if err := b.cable.Pull(ctx); err != nil {
		return err
	}
	err := wait(ctx, cutFor)
	return errors.Join(err, b.cable.Plug(context.WithoutCancel(ctx)))
}

// full fills the disk of the database and of the workers.
func full(ctx context.Context, b *breaking) error {
	b.result.Fulls++
	ballast := filepath.Join(b.dir, "ballast")
	f, err := os.Create(filepath.Clean(ballast))
	if err != nil {
		return err
	}
	chunk := make([]byte, 1<<20)
	for err == nil {
		_, err = f.Write(chunk)
	}
	if cerr := f.Close(); !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(err, cerr)
	}
	b.say("the disk is full")
	err = errors.Join(wait(ctx, fullFor), os.Remove(ballast))
	if err == nil && !b.server.Alive() {
		b.say("the database had ended; it is started again")
		err = b.server.Up(ctx)
	}
	return err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
