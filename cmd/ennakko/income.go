package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/register/adapter"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	standin "ennakko/testcity/incomes"
)

// income is the use of income over a made-up register of incomes: the register, the
// adapter in front of it and what it asks of the city run beside, on the loopback.
type income struct {
	*omadata.Service
	source  *standin.Source
	closing func() error

	families []person.ID // made-up grown-ups who log in to the demonstration
}

// cityContacts is how to reach who uses the data: an example.
func cityContacts() map[string]receipt.Contact {
	return map[string]receipt.Contact{"0201256-6": {Address: "PL 1, 00099 Helsingin kaupunki (an example)", URL: "https://www.hel.fi"}}
}

// peopleKey is the key of the marks of people between the made-up register and the
// city: both ends are ours. It is kept beside the register, for a mark that waits is sent
// by the next process, too.
func peopleKey(folder string) (standing.Key, error) {
	const op = "cmd.income"
	path := filepath.Join(folder, "people.key")
	secret := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, secret); err != nil {
		return standing.Key{}, fault.Wrap(err, op, "there is no randomness")
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return standing.Key{}, fault.Wrap(err, op, "the folder of the made-up register cannot be made")
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.WriteString(hex.EncodeToString(secret))
		err = errors.Join(err, f.Close())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return standing.Key{}, fault.Wrap(err, op, "the key of the made-up register cannot be written")
	}
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return standing.Key{}, fault.Wrap(err, op, "the key of the made-up register cannot be read")
	}
	return standing.ParseKey(string(b))
}

// openIncome starts it.
func openIncome(ctx context.Context, ap *app.App, clock app.Clock, seed uint64, address string, set omadata.Settings) (*income, error) {
	key, err := peopleKey(filepath.Join(ap.Data, "made-up-incomes"))
	if err != nil {
		return nil, err
	}
	sources := map[string]incomes.Incomes{}
	out := &income{}
	if out.Service, out.closing, err = ap.NewOmaData(clock, app.OmaData{Sources: sources, People: map[string]standing.Key{standin.SourceID: key}, Contacts: cityContacts(), Address: address, Settings: set}); err != nil {
		return nil, err
	}
	a, err := out.Agreement()
	if err != nil {
		return nil, errors.Join(err, out.closing())
	}
	out.source, err = standin.Open(ctx, standin.SourceOptions{Dir: filepath.Join(ap.Data, "made-up-incomes"), Office: out.Service, Key: key, Purposes: map[string][]permission.Field{a.Purpose(): a.Fields()},
		Log: slog.New(slog.DiscardHandler), Now: clock.Now, Register: standin.Options{Seed: ap.Seed + seed}, Guard: func(c adapter.Config) adapter.Config {
			c.Within = max(c.Within, 2*set.Verdict) // made-up time may run faster
			return c
		}})
	if err != nil {
		return nil, errors.Join(err, out.closing())
	}
	sources[standin.SourceID] = out.source.Incomes // before anything is asked
	return out, nil
}

func (i *income) close() error { return errors.Join(i.source.Close(), i.closing()) }

// work does all that waits.
func (i *income) work(ctx context.Context) error {
	for {
		did, err := i.Step(ctx)
		if err != nil || !did {
			return err
		}
	}
}

// stepEvery is how often it is looked, in real time, whether something waits.
const stepEvery = 300 * time.Millisecond

// run works until ctx ends. What fails is told and tried again.
func (i *income) run(ctx context.Context, tell func(error)) error {
	t := time.NewTicker(stepEvery)
	defer t.Stop()
	for {
		if err := i.work(ctx); err != nil && ctx.Err() == nil {
			tell(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// movedClock runs as the machine's clock does, from another moment on.
type movedClock struct{ from, since time.Time }

// Now implements app.Clock.
func (c movedClock) Now() time.Time { return c.from.Add(time.Since(c.since)).UTC() }

// serveFee serves the pages of the early-education fee with all that they need.
func (p *program) serveFee(ctx context.Context, ap *app.App, clock *app.PacedClock, f serveFlags) error {
	_, last, err := ap.DB.LastEntry(ctx)
	if err != nil {
		return err
	}
	clock.To(last)
	in, err := openIncome(ctx, ap, clock, 0, "http://"+f.addr, omadata.Settings{Verdict: time.Duration(max(f.speed, 1) * float64(time.Second) / 2)})
	if err != nil {
		return err
	}
	b := newBars(p.err)
	_, err = in.Offer(ctx, "officer:demo", func(done, total int) { b.show("opening matters", done, total) })
	b.done()
	if err == nil {
		in.families, err = someFamilies(ctx, ap)
	}
	if err == nil {
		err = p.serveService(ctx, ap, clock, f, in)
	}
	return errors.Join(err, in.close())
}

// demoFamilies is how many families of the demonstration log in.
const demoFamilies = 6

// someFamilies are grown-ups of the first matters: of each family both, so that one
// can permit and the other wait.
func someFamilies(ctx context.Context, ap *app.App) (out []person.ID, err error) {
	some, err := someMatters(ctx, ap, demoFamilies)
	for _, m := range some {
		out = append(out, m.Adults...)
	}
	return out, err
}

// besides runs the pages' own work and that of the use of income until ctx ends.
func (i *income) besides(live *app.Live, tell func(error)) func(context.Context) error {
	return func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return live.Run(ctx) })
		g.Go(func() error { return i.run(ctx, tell) })
		return g.Wait()
	}
}
