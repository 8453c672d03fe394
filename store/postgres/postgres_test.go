package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/jackc/pgx/v5"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/postgres"
	"ennakko/store/storetest"
	"ennakko/store/tables"
	"ennakko/store/vault"
	"ennakko/testcity/pg"
)

// server is one for all tests of the package.
var server *pg.Server

func TestMain(m *testing.M) {
	if address := os.Getenv(notingIn); address != "" {
		noteForEver(address)
	}
	os.Exit(func() int {
		var err error
		if server, err = pg.Start(context.Background(), "fsync = off"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

var bases atomic.Int64

// sqlAs opens a database as a user.
func sqlAs(t *testing.T, user, base string) *sql.DB {
	t.Helper()
	c, err := pgx.ParseConfig(server.URL(user, base))
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDB(*c)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func do(t *testing.T, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

// base makes an empty database with the program's users.
func base(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("city%d", bases.Add(1))
	do(t, sqlAs(t, "owner", "postgres"), "CREATE DATABASE "+name)
	if _, err := postgres.Migrate(t.Context(), server.URL("owner", name)); err != nil {
		t.Fatal(err)
	}
	owner := sqlAs(t, "owner", name)
	for user, role := range map[string]string{"w": postgres.WriterRole, "r": postgres.ReaderRole, "a": postgres.AuditorRole} {
		do(t, owner, "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '"+user+"') THEN CREATE ROLE "+user+" LOGIN; END IF; END $$", "GRANT "+role+" TO "+user)
	}
	return name
}

func open(t *testing.T, name string) *tables.DB { return openAs(t, name, "w", "r") }

func openAs(t *testing.T, name, writer, reader string) *tables.DB {
	t.Helper()
	v, err := vault.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := postgres.Open(t.Context(), v, postgres.Options{Writer: server.URL(writer, name), Reader: server.URL(reader, name)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestPostgreSQLKeepsTheContract(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) storetest.Store { return open(t, base(t)) })
	storetest.ExerciseOwner(t, func(t *testing.T) storetest.Store { return openAs(t, base(t), "owner", "owner") })
}

func TestTheKeyOfPostgreSQLIsChanged(t *testing.T) {
	storetest.ExerciseKeys(t, func(t *testing.T) func(*vault.Vault) storetest.KeyStore {
		name := base(t)
		return func(v *vault.Vault) storetest.KeyStore {
			d, err := postgres.Open(t.Context(), v, postgres.Options{Writer: server.URL("w", name), Reader: server.URL("r", name)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return d
		}
	})
}

func TestEveryColumnOfBytesIsListedAsSealedOrNot(t *testing.T) {
	rows, err := sqlAs(t, "owner", base(t)).QueryContext(t.Context(), //nolint:rowserrcheck // EveryColumnOfBytes does
		"SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'")
	if err != nil {
		t.Fatal(err)
	}
	storetest.EveryColumnOfBytes(t, rows, tables.SealedColumns())
}

func TestEveryTableIsMovedAndBroughtBack(t *testing.T) {
	rows, err := sqlAs(t, "owner", base(t)).QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'") //nolint:rowserrcheck // EveryTable does
	if err != nil {
		t.Fatal(err)
	}
	storetest.EveryTable(t, rows, tables.Names())
}

func write(t *testing.T, d *tables.DB) {
	t.Helper()
	a, err := audit.Begin("officer:a", "test", "p", "law", storetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), a, func(tx store.Tx) error { tx.About("x", 1, 2, 3); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestNoUserOfTheProgramChangesTheRecord(t *testing.T) {
	name := base(t)
	write(t, open(t, name))
	for _, user := range []string{"w", "r", "a", "owner"} {
		db := sqlAs(t, user, name)
		for _, q := range []string{"UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry", "TRUNCATE audit_entry", "DELETE FROM audit_person", "UPDATE audit_person SET person = 9"} {
			if _, err := db.ExecContext(t.Context(), q); err == nil {
				t.Errorf("%s: %s went through", user, q)
			}
		}
	}
}

func TestEachUserMayDoItsOwnAndNoMore(t *testing.T) {
	name := base(t)
	write(t, open(t, name))
	for _, x := range []struct {
		user, query string
		may         bool
	}{
		{"r", "SELECT * FROM kase", true}, {"r", "INSERT INTO audit_mass VALUES (9)", false}, {"r", "UPDATE round SET state = 'running'", false},
		{"a", "SELECT count(*) FROM audit_entry", true}, {"a", "SELECT count(*) FROM log_checkpoint", true}, {"a", "SELECT * FROM kase", false}, {"a", "SELECT * FROM identity", false},
		{"a", "INSERT INTO audit_mass VALUES (9)", false}, {"w", "UPDATE round SET state = 'running'", true}, {"w", "DROP TABLE kase", false}, {"w", "DELETE FROM schema_step", false},
		{"w", "ALTER TABLE audit_entry DISABLE TRIGGER ALL", false},
		{"w", "INSERT INTO river_job (kind, max_attempts, args) VALUES ('tidy', 1, '{}')", true}, {"w", "DELETE FROM river_migration", false}, {"r", "SELECT * FROM river_job", true},
		{"r", "DELETE FROM river_job", false}, {"a", "SELECT * FROM river_job", false}, {"a", "SELECT * FROM preparation_part", false},
	} {
		_, err := sqlAs(t, x.user, name).ExecContext(t.Context(), x.query)
		if (err == nil) != x.may {
			t.Errorf("%s: %s: %v", x.user, x.query, err)
		}
	}
}

func TestTablesAreMadeOnceAndOldOnesAreToldToBeBroughtUp(t *testing.T) {
	name := fmt.Sprintf("city%d", bases.Add(1))
	do(t, sqlAs(t, "owner", "postgres"), "CREATE DATABASE "+name)
	v, err := vault.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	opt := postgres.Options{Writer: server.URL("owner", name)}
	if _, err := postgres.Open(t.Context(), v, opt); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "ennakko migrate") {
		t.Errorf("an empty database: %v", err)
	}
	results := make(chan error)
	for range 3 {
		go func() {
			_, err := postgres.Migrate(context.WithoutCancel(t.Context()), opt.Writer)
			results <- err
		}()
	}
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if steps, err := postgres.Migrate(t.Context(), opt.Writer); err != nil || len(steps) != 0 {
		t.Errorf("steps taken again: %v, %v", steps, err)
	}
	d, err := postgres.Open(t.Context(), v, opt)
	if err != nil {
		t.Fatal(err)
	}
	write(t, d)
	do(t, sqlAs(t, "owner", name), "INSERT INTO schema_step (version_id, is_applied) VALUES (99, true)")
	again, err := postgres.Open(t.Context(), v, opt)
	if err != nil {
		t.Fatalf("tables of newer code: %v", err)
	}
	write(t, again)
	if n, err := d.Last(t.Context()); err != nil || n != 2 {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestAnAddressNeverRepeatsItsPassword(t *testing.T) {
	v, err := vault.Open(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"postgres://w:hunter2@127.0.0.1:1/x", "postgres://w:hunter2@127.0.0.1:notaport/x", "host=127.0.0.1 port=x password=hunter2"} {
		_, err := postgres.Open(t.Context(), v, postgres.Options{Writer: address})
		if err == nil || strings.Contains(fmt.Sprintf("%+v", err), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}

func TestBlanksAreWrittenAsTheServerReadsThem(t *testing.T) {
	for in, want := range map[string]string{
		"SELECT ?":                              "SELECT $1",
		"a = ? AND b = ? OR c LIKE '?%'":        "a = $1 AND b = $2 OR c LIKE '?%'",
		"?1 = 0 OR x < ?1 LIMIT ?2":             "$1 = 0 OR x < $1 LIMIT $2",
		"INSERT INTO x VALUES (?,?,?,'it''s?')": "INSERT INTO x VALUES ($1,$2,$3,'it''s?')",
	} {
		if got := postgres.Rebind(in); got != want {
			t.Errorf("%s became %s", in, got)
		}
	}
}
