// Package app puts the parts together: one Config, one folder of data, one
// open program.
package app

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
	_ "time/tzdata" // Europe/Helsinki is known on machines without a time zone database

	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/channel/phone"
	"ennakko/fault"
	"ennakko/intake"
	"ennakko/oversight"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/store/tables"
	"ennakko/store/vault"
	"ennakko/work"
)

// Config is all that the program needs to be told.
type Config struct {
	Data      string // the folder of everything that is kept
	Packs     fs.FS  // the services
	Seed      uint64 // of the made-up network and families
	Clock     Clock
	Families  bool // made-up families answer
	New       bool // a folder that has no records yet may be made one that has
	Database  Database
	Elsewhere bool           // the log of the record is on another machine; PostgreSQL only
	PartBits  uint           // people of one part of a preparation, as a power of two; 0: those of one file of facts
	Address   string         // of the city's pages, as people write it in a browser: "palvelu.city.example"; "": as the packs say
	Facts     parquet.Remote // a storage of facts that machines share; nil: the folder is all there is

	// Oversight is what is unusual in the readings of staff, in the city's time zone; nil:
	// oversight.Usual.
	Oversight *oversight.Rules
}

// App is the open program.
type App struct {
	Config
	DB      *tables.DB
	Network *phone.Network
	Log     *log.Log // nil: it is on another machine
	vault   *vault.Vault
	zone    *time.Location
}

// oversight are the rules by which readings of staff are unusual.
func (a *App) oversight() oversight.Rules {
	r := oversight.Usual(a.zone)
	if a.Oversight != nil {
		r = *a.Oversight
		r.Zone = a.zone
	}
	return r
}

// Zone is the city's time zone.
const Zone = "Europe/Helsinki"

// The things in the folder of data.
func (c Config) path(parts ...string) string {
	return filepath.Join(append([]string{c.Data}, parts...)...)
}

// shelf is where the files of facts stand.
func (c Config) shelf() parquet.Shelf { return parquet.Shelf{Root: c.path("facts"), Remote: c.Facts} }

// Open opens the folder of data. A folder without records is a fault of kind
// Missing unless c.New says that they may be begun; with records but without
// their keys it always is.
func Open(ctx context.Context, c Config) (*App, error) {
	const op = "app.Open"
	if c.Data == "" {
		return nil, fault.New(fault.Invalid, op, "no folder of data is named").Do("name one with --data")
	}
	there, err := c.records(ctx)
	if err != nil {
		return nil, err
	}
	keys := vault.Reopen
	if !there {
		if !c.New {
			return nil, fault.New(fault.Missing, op, "there are no records in the folder of data").Do("import registers into it first: ennakko register import")
		}
		keys = vault.Open
	}
	if err := os.MkdirAll(c.path("facts"), 0o700); err != nil {
		return nil, fault.Wrap(err, op, "the folder of data cannot be made")
	}
	a := &App{Config: c}
	if err := a.open(ctx, keys); err != nil {
		_ = a.Close(ctx)
		return nil, err
	}
	return a, nil
}

func (a *App) open(ctx context.Context, keys func(string) (*vault.Vault, error)) (err error) {
	c, op := a.Config, "app.Open"
	if a.zone, err = time.LoadLocation(Zone); err != nil {
		return fault.Wrap(err, op, "the time zone is not known")
	}
	if a.vault, err = keys(c.path("keys")); err != nil {
		return err
	}
	if a.DB, err = c.openStore(ctx, a.vault); err != nil {
		return err
	}
	if err := a.openLog(ctx); err != nil {
		return err
	}
	family := phone.Behaviour{}
	if c.Families {
		family = phone.Pilot(a.zone)
	}
	a.Network, err = phone.Open(ctx, c.path("network.db"), phone.Options{Seed: c.Seed, Now: c.Clock.Now, Family: family})
	return err
}

// openLog opens the log of the record, if it is on this machine.
func (a *App) openLog(ctx context.Context) (err error) {
	if a.Elsewhere {
		if a.Database.Writer == "" {
			return fault.New(fault.Invalid, "app.Open", "the log of the record is where the records are").Do("only with PostgreSQL it may be on another machine")
		}
		return nil
	}
	if err := a.logIsThere(ctx); err != nil {
		return err
	}
	a.Log, err = log.Open(a.path("record"), log.Options{Keys: a.path("keys"), Origin: "ennakko/record"})
	return err
}

// logIsThere refuses records whose log is gone: a new one would cover whatever
// the rows say now.
func (a *App) logIsThere(ctx context.Context) error {
	if _, err := os.Stat(a.path("record", "checkpoint")); !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "app.Open", "the log of the record cannot be read")
	}
	last, err := a.DB.Last(ctx)
	if err == nil && last > 0 {
		err = fault.New(fault.Tampered, "app.Open", "the record has %d entries, but its log is not there", last).Where("entry 1").Do("bring the folder record back from the backup")
	}
	return err
}

// Close closes everything.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	if a.Network != nil {
		errs = append(errs, a.Network.Close())
	}
	if a.Log != nil {
		errs = append(errs, a.Log.Close(ctx))
	}
	if a.DB != nil {
		errs = append(errs, a.DB.Close())
	}
	return errors.Join(errs...)
}

// Now is the time by the program's clock.
func (a *App) Now() time.Time { return a.Clock.Now() }

// Import takes a folder of register files in. Health records that do not say of
// which day they are are of today.
func (a *App) Import(ctx context.Context, folder, actor string, progress intake.Progress) (intake.Result, error) {
	return a.ImportOf(ctx, folder, actor, time.Time{}, progress)
}

// ImportOf is Import with the day of health records that do not say it.
func (a *App) ImportOf(ctx context.Context, folder, actor string, day time.Time, progress intake.Progress) (intake.Result, error) {
	unlock, err := a.lock("importing.lock", "another process is importing registers")
	if err != nil {
		return intake.Result{}, err
	}
	defer unlock()
	seed := uint64(time.Now().UnixNano())
	return intake.Run(ctx, a.DB, intake.Options{Facts: a.shelf(), Folder: folder, Actor: actor, Now: a.Now(), Day: day,
		Rand: rand.New(rand.NewPCG(seed, seed>>1)), Progress: progress})
}

// Pack loads one service, whole and checked.
func (a *App) Pack(name string) (*service.Pack, error) {
	return service.Load(a.Packs, name, round.Catalog())
}

// Rooms are what a round works with; the registers are as they were known on
// the day. Close gives their memory back.
func (a *App) Rooms(ctx context.Context, p *service.Pack, known time.Time, progress func(string, int, int)) (round.Rooms, func(), error) {
	files, err := a.DB.Files(ctx, known)
	if err != nil {
		return round.Rooms{}, nil, err
	}
	return a.rooms(ctx, p, known, files, progress)
}

// rooms are Rooms over some of the files of facts.
func (a *App) rooms(ctx context.Context, p *service.Pack, known time.Time, files []parquet.File, progress func(string, int, int)) (round.Rooms, func(), error) {
	if err := a.shelf().Bring(ctx, files); err != nil {
		return round.Rooms{}, nil, err
	}
	own, err := a.ownSources(p, known)
	if err != nil {
		return round.Rooms{}, nil, err
	}
	facts := parquet.NewSource(a.path("facts"), files)
	sources := append([]register.Source{facts, a.DB.Identities(known)}, own...)
	return round.Rooms{Store: a.DB, Registers: register.NewReader(a.DB, sources...), Pack: p, Worker: a.Worker(p), Progress: progress, Address: a.Address}, func() { _ = facts.Close() }, nil
}

// Worker makes the worker of a service's conversations over the embedded
// network.
func (a *App) Worker(p *service.Pack) *work.Worker { return a.workerOf(p, a.talk(p)) }

func (a *App) workerOf(p *service.Pack, t *round.Talk) *work.Worker {
	s := p.Schedule()
	return work.New(a.DB, t, a.Network, work.Settings{From: s.Sender(), Rate: s.Rate(), Batch: 500, Valid: s.Validity(), Doubt: 2 * time.Hour})
}

// Inbox takes what the network brings, at the time of the program's clock.
type Inbox struct {
	Worker *work.Worker
	Clock  Clock
}

// Receive keeps messages from phones.
func (i Inbox) Receive(ctx context.Context, in []channel.Incoming) error {
	return i.Worker.Receive(ctx, in, i.Clock.Now())
}

// Report keeps outcomes of messages.
func (i Inbox) Report(ctx context.Context, r []channel.Report) error {
	return i.Worker.Report(ctx, r, i.Clock.Now())
}

// Newest finds the newest round of a service.
func (a *App) Newest(ctx context.Context, service string) (store.Round, bool, error) {
	rounds, err := a.DB.Rounds(ctx)
	for _, r := range rounds {
		if r.Service == service {
			return r, true, err
		}
	}
	return store.Round{}, false, err
}
