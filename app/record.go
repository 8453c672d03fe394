package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/round"
)

// Catalog is the catalogue of register fields as criteria see it.
func Catalog() criteria.Catalog { return round.Catalog() }

// Lock makes sure that only one process on this machine sends messages from
// the folder of data. The system gives the lock back when the process ends,
// however it ends.
func (a *App) Lock() (unlock func(), err error) {
	return a.lock("sending.lock", "another process is sending messages from this folder of data")
}

func (a *App) lock(name, taken string) (unlock func(), err error) {
	const op = "app.Lock"
	f, err := os.OpenFile(a.path(name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.Wrap(err, op, "the lock file cannot be made")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.New(fault.Conflict, op, "%s", taken).Do("let it finish, or stop it")
		}
		return nil, fault.Wrap(err, op, "the lock cannot be taken")
	}
	return func() { _ = f.Close() }, nil
}

// keeping is how long a machine may be silent that puts the log forward.
const keeping = 10 * time.Second

// keeps reports whether this folder of data is the one whose log is put forward.
// On one PostgreSQL that is one folder, even when another has a copy.
func (a *App) keeps(ctx context.Context) (bool, error) {
	if a.Log == nil || a.Database.Writer == "" {
		return a.Log != nil, nil
	}
	folder, err := filepath.Abs(a.Data)
	if err != nil {
		return false, fault.Wrap(err, "app.Sequence", "the folder of data cannot be named")
	}
	host, err := os.Hostname()
	if err != nil {
		return false, fault.Wrap(err, "app.Sequence", "the machine has no name")
	}
	return a.DB.Hold(ctx, "log of the record", host+":"+folder, keeping)
}

// Sequence puts all entries into the log that are not in it yet, and keeps the
// log's checkpoint beside the rows. Where the log is another machine's it does
// nothing.
func (a *App) Sequence(ctx context.Context) error {
	if mine, err := a.keeps(ctx); err != nil || !mine {
		return err
	}
	done, err := a.Log.Sequence(ctx, a.DB)
	if err != nil {
		return err
	}
	return a.keepCheckpoint(ctx, done.Size)
}

func (a *App) keepCheckpoint(ctx context.Context, size uint64) error {
	text, err := a.Log.Checkpoint(ctx)
	if err != nil || size == 0 {
		return err
	}
	return a.DB.KeepCheckpoint(ctx, size, text)
}

// keptEvery is after how many entries a checkpoint is kept beside the rows.
const keptEvery = 512

// Sequencing puts entries into the log as they are written, until stop is
// called. It never holds work up: what it could not do, the next call does.
// Failed is told what went wrong; it may be nil.
func (a *App) Sequencing(ctx context.Context, failed func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	kept := uint64(0)
	tell := func(s log.Sequenced, err error) {
		if err == nil && s.Size >= kept+keptEvery {
			kept, err = s.Size, a.keepCheckpoint(ctx, s.Size)
		}
		if err != nil && failed != nil && ctx.Err() == nil {
			failed(err)
		}
	}
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			mine, err := a.keeps(ctx)
			if err != nil && failed != nil && ctx.Err() == nil {
				failed(err)
			}
			if mine {
				a.forward(ctx, tell)
			}
			sleep(ctx, nil, time.Second)
		}
	}()
	return func() { cancel(); <-done }
}

// forward puts entries into the log until ctx ends or another machine has it.
func (a *App) forward(ctx context.Context, tell func(log.Sequenced, error)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel() // a record that does not match its proof
		_ = a.Log.Run(ctx, a.DB, a.DB.Wake(), time.Second, tell)
	}()
	for held := time.Now(); sleep(ctx, nil, keeping/4); {
		if mine, err := a.keeps(ctx); mine {
			held = time.Now()
		} else if err == nil || time.Since(held) > keeping/2 {
			break
		}
	}
	cancel()
	<-done
}

// mostUses is how many entries are told of one person, the newest first.
const mostUses = 1000

// Uses answers a person's question who used their data and why: the entries of
// the record that cover the person, newest first. The answer is an entry, too.
// Source: GDPR article 15(1), right of access.
func (a *App) Uses(ctx context.Context, c person.Code, officer string) ([]audit.Entry, error) {
	id, err := a.DB.PersonByCode(ctx, c)
	if err != nil {
		return nil, err
	}
	act, err := audit.Begin(officer, "answer who used data", "right of access", "GDPR 15(1)", a.Now())
	if err != nil {
		return nil, err
	}
	e := act.Entry()
	e.Fields, e.People = []string{string(register.Code)}, roaring.BitmapOf(uint32(id))
	if err := a.DB.Note(ctx, e); err != nil {
		return nil, err
	}
	return a.DB.Uses(ctx, id, mostUses)
}

// Verification says what was proved.
type Verification struct {
	log.Report
	FactFiles int `json:"fact_files"`
}

// Verify holds rows, log and files of facts against each other. It changes
// nothing.
func (a *App) Verify(ctx context.Context, opt log.VerifyOptions) (Verification, error) {
	if opt.Verifier == "" && opt.Keys == "" {
		opt.Keys = a.path("keys")
	}
	var err error
	if opt.Kept, err = a.DB.KeptCheckpoint(ctx); err != nil {
		return Verification{}, err
	}
	if a.Log == nil {
		return Verification{}, fault.New(fault.Conflict, "app.Verify", "the log of the record is on another machine").Do("prove the record there")
	}
	rep, err := log.Verify(ctx, a.path("record"), a.DB, opt)
	if err != nil {
		return Verification{}, err
	}
	if err := a.DB.Explained(ctx); err != nil {
		return Verification{}, err
	}
	if err := a.DB.Covered(ctx); err != nil {
		return Verification{}, err
	}
	files, err := a.DB.AllFiles(ctx)
	if err != nil {
		return Verification{}, err
	}
	for _, f := range files {
		if err := a.shelf().Bring(ctx, []parquet.File{f}); err != nil {
			return Verification{}, err
		}
		if err := parquet.Check(a.path("facts"), f); err != nil {
			return Verification{}, err
		}
	}
	return Verification{rep, len(files)}, nil
}
