package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/storetest"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

func open(t *testing.T) (*tables.DB, string) {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ennakko.db")
	d, err := sqlite.Open(context.Background(), path, v, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d, path
}

func TestSQLiteKeepsTheContract(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T) storetest.Store { d, _ := open(t); return d })
	storetest.ExerciseOwner(t, func(t *testing.T) storetest.Store { d, _ := open(t); return d })
}

func TestTheKeyOfSQLiteIsChanged(t *testing.T) {
	storetest.ExerciseKeys(t, func(t *testing.T) func(*vault.Vault) storetest.KeyStore {
		path := filepath.Join(t.TempDir(), "ennakko.db")
		return func(v *vault.Vault) storetest.KeyStore {
			d, err := sqlite.Open(t.Context(), path, v, sqlite.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return d
		}
	})
}

func TestEveryColumnOfBytesIsListedAsSealedOrNot(t *testing.T) {
	_, path := open(t)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	rows, err := raw.QueryContext(t.Context(), //nolint:rowserrcheck // EveryColumnOfBytes does
		"SELECT s.name || '.' || c.name FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' AND c.type = 'BLOB'")
	if err != nil {
		t.Fatal(err)
	}
	storetest.EveryColumnOfBytes(t, rows, tables.SealedColumns())
}

func TestEveryTableIsMovedAndBroughtBack(t *testing.T) {
	_, path := open(t)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	rows, err := raw.QueryContext(t.Context(), "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") //nolint:rowserrcheck // EveryTable does
	if err != nil {
		t.Fatal(err)
	}
	storetest.EveryTable(t, rows, tables.Names())
}

// Whoever is erased stands in no column of any table any more, of those that are there
// now and of those that come.
func TestWhoIsErasedStandsNowhere(t *testing.T) {
	d, path := open(t)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	storetest.ErasedEverywhere(t, d, raw, "SELECT s.name, c.name, c.type FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' AND s.name NOT LIKE 'river%' AND s.name NOT LIKE 'sqlite%'")
}

func write(t *testing.T, d *tables.DB) {
	t.Helper()
	a, err := audit.Begin("officer:a", "test", "p", "law", storetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(context.Background(), a, func(tx store.Tx) error { tx.About("x", 1, 2, 3); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestAuditRowsCannotBeChangedOrDeletedInSQL(t *testing.T) {
	d, path := open(t)
	write(t, d)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	for _, q := range []string{"UPDATE audit_entry SET actor = 'nobody'", "DELETE FROM audit_entry"} {
		if _, err := raw.Exec(q); err == nil {
			t.Errorf("%s went through", q)
		}
	}
}

// The leaf covers the entry; the store makes it cover the row's bytes too.
func TestARowThatIsNotAsTheStoreWritesItIsRefused(t *testing.T) {
	for _, q := range []string{
		`UPDATE audit_entry SET fields = '[ ]'`,
		`UPDATE audit_entry SET fields = 'x'`,
		`UPDATE audit_entry SET people = x'00'`,
		`UPDATE audit_entry SET people = CAST(people || x'00' AS BLOB)`,
	} {
		t.Run(q, func(t *testing.T) {
			d, path := open(t)
			write(t, d)
			write(t, d)
			raw, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = raw.Close() }()
			if _, err := raw.Exec("DROP TRIGGER audit_entry_stays"); err != nil {
				t.Fatal(err)
			}
			if _, err := raw.Exec(q + " WHERE seq = 2"); err != nil {
				t.Fatal(err)
			}
			_, err = d.Range(context.Background(), 1, 10)
			if fault.KindOf(err) != fault.Tampered || err.Error()[:7] != "entry 2" {
				t.Errorf("error %v, want one that names entry 2", err)
			}
		})
	}
}

func TestAFileOfAnotherVersionIsRefusedAndStays(t *testing.T) {
	d, path := open(t)
	write(t, d)
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	if _, err := raw.Exec("PRAGMA user_version = 0; CREATE TABLE other (x TEXT)"); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(filepath.Join(filepath.Dir(path), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(context.Background(), path, v, sqlite.Options{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a file of another version opens: %v", err)
	}
	var version int
	if err := raw.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version != 0 {
		t.Errorf("the file was changed: version %d, %v", version, err)
	}
}
