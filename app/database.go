package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ennakko/fault"
	"ennakko/store/postgres"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

// Database says where the city's own records are, when they are in PostgreSQL:
// addresses as postgres://user@host:5432/database. The zero value is the
// embedded SQLite file in the folder of data.
type Database struct {
	Writer string // of the user who writes
	Reader string // of the user who reads; "": the writer
}

// embedded is the file of the records, and movedFile what it is called when they
// have been moved to PostgreSQL.
const (
	embedded  = "ennakko.db"
	movedFile = "ennakko.db.moved"
)

// records reports whether there are records already.
func (c Config) records(ctx context.Context) (bool, error) {
	const op = "app.Open"
	if c.Database.Writer == "" {
		there, err := isFile(c.path(embedded))
		if err != nil || there {
			return there, err
		}
		moved, err := isFile(c.path(movedFile))
		if moved {
			err = fault.New(fault.Conflict, op, "the records of this folder were moved to PostgreSQL").Do("say where it is: ENNAKKO_DATABASE=postgres://user@host:5432/database")
		}
		return false, err
	}
	if there, err := isFile(c.path(embedded)); err != nil || there {
		return false, errors.Join(err, fault.New(fault.Conflict, op, "the folder of data has records of its own, and a database is named").Do("move them first: ennakko move; or name another folder"))
	}
	d, err := c.openStore(ctx, nil)
	if err != nil {
		return false, err
	}
	last, err := d.Last(ctx)
	return last > 0, errors.Join(err, d.Close())
}

func isFile(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "app.Open", "the folder of data cannot be read")
}

func (c Config) openStore(ctx context.Context, v *vault.Vault) (*tables.DB, error) {
	if c.Database.Writer == "" {
		return sqlite.Open(ctx, c.path(embedded), v, sqlite.Options{})
	}
	return postgres.Open(ctx, v, postgres.Options{Writer: c.Database.Writer, Reader: c.Database.Reader})
}

// Moved tells what a move carried over.
type Moved struct {
	Rows   map[string]int `json:"rows"` // by table
	Before bool           `json:"before"`
}

// Move carries the records of a folder of data over to PostgreSQL, whole or not
// at all, and leaves the file where it was under another name. Nothing may run
// on the folder meanwhile. Keys, facts and the log of the record stay in the
// folder. Given again after a crash it goes on.
func Move(ctx context.Context, c Config, progress func(table string, done, total int)) (Moved, error) {
	const op = "app.Move"
	to := c.Database
	c.Database = Database{}
	if to.Writer == "" {
		return Moved{}, fault.New(fault.Invalid, op, "no database is named").Do("name it: ENNAKKO_DATABASE=postgres://user@host:5432/database")
	}
	if there, err := isFile(c.path(embedded)); err != nil || !there {
		return Moved{}, errors.Join(err, fault.New(fault.Missing, op, "there are no records in the folder of data to move"))
	}
	unlock, err := (&App{Config: c}).Lock()
	if err != nil {
		return Moved{}, err
	}
	defer unlock()
	from, err := c.openStore(ctx, nil)
	if err != nil {
		return Moved{}, err
	}
	rows, before, err := fill(ctx, from, func(s *tables.Snapshot) (map[string]int, bool, error) {
		return postgres.Fill(ctx, to.Writer, s, progress)
	})
	if err = errors.Join(err, from.Close()); err != nil {
		return Moved{}, err
	}
	// Closing the last connection has put all of the file's log into it.
	for _, name := range []string{embedded + "-wal", embedded + "-shm"} {
		if err := os.Remove(c.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Moved{}, fault.Wrap(err, op, "the old file cannot be put away")
		}
	}
	if err := os.Rename(c.path(embedded), c.path(movedFile)); err != nil {
		return Moved{}, fault.Wrap(err, op, "the old file cannot be put away")
	}
	return Moved{rows, before}, syncFolder(c.path())
}

// fill gives one moment of a store to what copies it.
func fill(ctx context.Context, from *tables.DB, do func(*tables.Snapshot) (map[string]int, bool, error)) (map[string]int, bool, error) {
	s, err := from.Snapshot(ctx)
	if err != nil {
		return nil, false, err
	}
	rows, before, err := do(s)
	return rows, before, errors.Join(err, s.Close())
}

func syncFolder(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return fault.Wrap(err, "app.Move", "the folder of data cannot be read")
	}
	return fault.Wrap(errors.Join(f.Sync(), f.Close()), "app.Move", "the folder of data cannot be kept")
}
