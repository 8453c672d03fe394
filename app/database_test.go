package app_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/store"
	"ennakko/store/postgres"
	"ennakko/testcity/pg"
)

// database starts a PostgreSQL server with the program's users and tables, and
// gives the addresses of the writer and the reader.
func database(t *testing.T) (app.Database, *sql.DB) {
	t.Helper()
	s, err := pg.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := postgres.Migrate(t.Context(), s.URL("owner", "postgres")); err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ParseConfig(s.URL("owner", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	owner := stdlib.OpenDB(*c)
	t.Cleanup(func() { _ = owner.Close() })
	for user, role := range map[string]string{"w": postgres.WriterRole, "r": postgres.ReaderRole} {
		if _, err := owner.ExecContext(t.Context(), "CREATE ROLE "+user+" LOGIN; GRANT "+role+" TO "+user); err != nil {
			t.Fatal(err)
		}
	}
	return app.Database{Writer: s.URL("w", "postgres"), Reader: s.URL("r", "postgres")}, owner
}

// TestARoundGoesOnInPostgreSQL moves the records in the middle of a round, kills
// the process that goes on with it, and lets it come to its end.
func TestARoundGoesOnInPostgreSQL(t *testing.T) {
	if testing.Short() {
		t.Skip("a server is started, and processes are killed; -short is make check's race run, make test runs this")
	}
	data := city(t)
	halfway(t, data)
	db, owner := database(t)
	c := app.Config{Data: data, Database: db}
	moved, err := app.Move(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"audit_entry", "person", "identity", "kase", "place", "outbox", "incoming", "breakdown"} {
		if moved.Rows[table] == 0 {
			t.Errorf("no row of %s was moved", table)
		}
	}
	if _, err := open(t.Context(), data, app.NewSteppedClock(begin)); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "ENNAKKO_DATABASE") {
		t.Errorf("the folder without its database: %v", err)
	}
	again(t, c)
	killed(t, data, db.Writer, 6)

	clock := app.NewSteppedClock(begin)
	a, err := openOn(t.Context(), data, clock, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	r, err := toEnd(t.Context(), a, clock)
	if err != nil {
		t.Fatal(err)
	}
	whole(t, a, r)
	everyQuery(t, a, r)
	comesBack(t, a)
	if _, err := owner.ExecContext(t.Context(), "ALTER TABLE audit_entry DISABLE TRIGGER ALL; UPDATE audit_entry SET detail = detail || ' ' WHERE seq = 40"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), "entry 40") {
		t.Errorf("an entry that the owner of the tables changed: %v", err)
	}
}

// started opens the city of a test and begins a round.
func started(t *testing.T, data string) (*app.App, *app.SteppedClock, store.Round, *app.Driver) {
	t.Helper()
	clock := app.NewSteppedClock(begin)
	a, err := open(t.Context(), data, clock)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Start(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: clock.Now()}, "officer:other", silent)
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.NewDriver(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	return a, clock, r, d
}

// halfway runs a round until its third day and stops.
func halfway(t *testing.T, data string) {
	t.Helper()
	a, clock, r, d := started(t, data)
	if err := d.RunUntil(t.Context(), r, clock, asOf.AddDate(0, 0, 2), func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// again takes the move up where a crash may have cut it off: after the rows were
// kept, before the file was put away.
func again(t *testing.T, c app.Config) {
	t.Helper()
	file := filepath.Join(c.Data, "ennakko.db")
	if err := os.Rename(file+".moved", file); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Open(t.Context(), c); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a folder with records and a database: %v", err)
	}
	if moved, err := app.Move(t.Context(), c, nil); err != nil || !moved.Before {
		t.Errorf("the move again: %+v, %v", moved, err)
	}
	// Another city's records are refused.
	other := app.Config{Data: city(t), Database: c.Database}
	if _, err := app.Move(t.Context(), other, nil); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a database that has other records: %v", err)
	}
	if _, err := os.Stat(filepath.Join(other.Data, "ennakko.db")); err != nil {
		t.Errorf("the file of a move that was refused: %v", err)
	}
}

// comesBack backs records in PostgreSQL up, and brings them back into a file.
func comesBack(t *testing.T, a *app.App) {
	t.Helper()
	to, data := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "elsewhere")
	made, err := a.Backup(t.Context(), to, silent)
	if err != nil {
		t.Fatal(err)
	}
	got, err := app.Restore(t.Context(), configOf(data, a.Clock), to, filepath.Join(a.Data, "keys"), made.At, silent)
	if err != nil || got.Entries != made.Entries+1 { // and that they were brought back
		t.Errorf("%d entries of %d came back, %v", got.Entries, made.Entries, err)
	}
	if err := verified(t, data); err != nil {
		t.Error(err)
	}
}

// everyQuery asks what the desk asks, so that each statement is one that the
// engine knows.
func everyQuery(t *testing.T, a *app.App, r store.Round) {
	t.Helper()
	ctx, d := t.Context(), a.DB
	c, err := d.Cohort(ctx, r.ID, r.AsOf)
	if err != nil || len(c.ByDistrict) == 0 || len(c.LeftOut) == 0 || len(c.People) == 0 {
		t.Errorf("the cohort: %+v, %v", c, err)
	}
	cells, err := d.FunnelBy(ctx, r.ID, r.AsOf)
	if err != nil || len(cells) == 0 {
		t.Errorf("%d cells, %v", len(cells), err)
	}
	fill, err := d.UnitFill(ctx, r.ID, r.AsOf)
	if err != nil || len(fill) == 0 {
		t.Errorf("%d units, %v", len(fill), err)
	}
	if handed, _, err := d.ConfirmTimes(ctx, r.ID); err != nil || len(handed) == 0 {
		t.Errorf("%d times, %v", len(handed), err)
	}
	if _, err := d.Unreached(ctx, r.ID); err != nil {
		t.Error(err)
	}
	left, err := d.LeftOut(ctx, r.ID)
	if err != nil || len(left) == 0 {
		t.Errorf("%d left out, %v", len(left), err)
	}
	if _, err := d.LetterList(ctx, r.ID); err != nil {
		t.Error(err)
	}
	if entries, err := d.Entries(ctx, 1<<40, true, 5); err != nil || len(entries) != 5 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if uses, err := d.UsesBefore(ctx, left[0].Person, 1<<40, 5); err != nil || len(uses) == 0 {
		t.Errorf("%d uses, %v", len(uses), err)
	}
	if found, err := d.CasesNamed(ctx, r.ID, "a", 3); err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if err := d.Covered(ctx); err != nil {
		t.Error(err)
	}
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	live, err := a.NewLive(ctx, pack, app.NewPacedClock(begin, 1, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	if hs, err := live.Handsets(ctx, r.ID); err != nil || len(hs) == 0 {
		t.Errorf("%d phones, %v", len(hs), err)
	}
}
