package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
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
}

// cityContacts is how to reach who uses the data: an example.
func cityContacts() map[string]receipt.Contact {
	return map[string]receipt.Contact{"0201256-6": {Address: "PL 1, 00099 Helsingin kaupunki (an example)", URL: "https://www.hel.fi"}}
}

// openIncome starts it. The key of people is new each time: both ends are ours.
func openIncome(ctx context.Context, ap *app.App, clock app.Clock, address string, set omadata.Settings) (*income, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(rand.Reader, secret); err != nil {
		return nil, fault.Wrap(err, "cmd.income", "there is no randomness")
	}
	key, err := standing.NewKey(secret)
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
		Log: slog.New(slog.DiscardHandler), Now: clock.Now, Register: standin.Options{Seed: ap.Seed}})
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
