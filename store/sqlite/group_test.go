package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ennakko/fault"
	"ennakko/store/sqlite"
	"ennakko/store/storetest"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

// notingIn names the folder in which the child of the kill test notes.
const notingIn = "ENNAKKO_NOTING_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(notingIn); dir != "" {
		d, err := openIn(dir)
		if err != nil {
			panic(err)
		}
		storetest.NoteForEver(d, os.Stdout)
	}
	os.Exit(m.Run())
}

func openIn(dir string) (*tables.DB, error) {
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	return sqlite.Open(context.Background(), filepath.Join(dir, "ennakko.db"), v, sqlite.Options{})
}

func TestWhatAWriterWasToldIsKeptSurvivesAKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	storetest.ExerciseKill(t, func() *exec.Cmd {
		c := exec.CommandContext(t.Context(), self)
		c.Env, c.Stderr = append(os.Environ(), notingIn+"="+dir), os.Stderr
		return c
	}, func(t *testing.T) storetest.Store {
		d, err := openIn(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	})
}

func TestAnEntryThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	d, path := open(t)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = raw.ExecContext(t.Context(), "CREATE TRIGGER bad BEFORE INSERT ON audit_entry WHEN NEW.object = 'bad' BEGIN SELECT RAISE(ABORT, 'bad'); END")
	if cerr := raw.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	storetest.RefusedAlone(t, d)
}

func TestAClosedStoreKeepsNothingMore(t *testing.T) {
	d, err := openIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	e := storetest.Reading("late", 7)
	if err := d.Note(t.Context(), e); fault.KindOf(err) != fault.Refused {
		t.Errorf("a closed store answers %v", err)
	}
}

func BenchmarkNotesOfManyWriters(b *testing.B) {
	d, err := openIn(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	storetest.BenchNotes(b, d)
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
}
