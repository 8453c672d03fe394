package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"ennakko/store/postgres"
	"ennakko/store/storetest"
	"ennakko/store/vault"
	"ennakko/testcity/pg"
)

// notingIn names the database in which the child of the kill test notes, and
// notingKeys the folder of its keys.
const (
	notingIn   = "ENNAKKO_NOTING_IN"
	notingKeys = "ENNAKKO_NOTING_KEYS"
)

func noteForEver(address string) {
	v, err := vault.Open(os.Getenv(notingKeys))
	if err != nil {
		panic(err)
	}
	d, err := postgres.Open(context.Background(), v, postgres.Options{Writer: address})
	if err != nil {
		panic(err)
	}
	storetest.NoteForEver(d, os.Stdout)
}

func TestWhatAWriterWasToldIsKeptSurvivesAKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name, keys := base(t), t.TempDir()
	storetest.ExerciseKill(t, func() *exec.Cmd {
		c := exec.CommandContext(t.Context(), self)
		c.Env, c.Stderr = append(os.Environ(), notingIn+"="+server.URL("w", name), notingKeys+"="+keys), os.Stderr
		return c
	}, func(t *testing.T) storetest.Store { return open(t, name) })
}

func TestAnEntryThatTheDatabaseRefusesFailsAlone(t *testing.T) {
	name := base(t)
	do(t, sqlAs(t, "owner", name), "ALTER TABLE audit_entry ADD CONSTRAINT good CHECK (object <> 'bad')")
	storetest.RefusedAlone(t, open(t, name))
}

// BenchmarkNotesOfManyWriters runs on a server that waits for the disk at each
// commit, unlike that of the tests.
func BenchmarkNotesOfManyWriters(b *testing.B) {
	s, err := pg.Start(b.Context(), "fsync = on", "synchronous_commit = on")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := postgres.Migrate(b.Context(), s.URL("owner", "postgres")); err != nil {
		b.Fatal(err)
	}
	v, err := vault.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	d, err := postgres.Open(b.Context(), v, postgres.Options{Writer: s.URL("owner", "postgres")})
	if err != nil {
		b.Fatal(err)
	}
	storetest.BenchNotes(b, d)
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
