package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// journalFile is a database whose writer leaves the journal alone.
func journalFile(t *testing.T) (write *sql.DB, j *journal) {
	path := filepath.Join(t.TempDir(), "x.db")
	dbs := make([]*sql.DB, 2)
	for i := range dbs {
		db, err := sql.Open("sqlite", address(path, "immediate", "journal_mode(WAL)", "wal_autocheckpoint(0)", fmt.Sprintf("busy_timeout(%d)", journalWait)))
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		dbs[i] = db
	}
	if _, err := dbs[0].Exec("CREATE TABLE filled (x BLOB)"); err != nil {
		t.Fatal(err)
	}
	return dbs[0], &journal{db: dbs[1]}
}

// fillPages writes about so many pages.
func fillPages(t *testing.T, db *sql.DB, pages int) {
	t.Helper()
	if _, err := db.Exec("INSERT INTO filled VALUES (zeroblob(?))", pages*4096); err != nil {
		t.Fatal(err)
	}
}

// state is how many pages a journal holds, and how many of them are in their places.
func state(t *testing.T, j *journal) (held, settled int) {
	t.Helper()
	var busy int
	if err := j.db.QueryRow("PRAGMA wal_checkpoint(NOOP)").Scan(&busy, &held, &settled); err != nil {
		t.Fatal(err)
	}
	return held, settled
}

func TestAFullJournalIsSettledBesideTheWritesAndBeginsAnew(t *testing.T) {
	write, j := journalFile(t)
	turns := 0
	turn := func(do func() error) error {
		turns++
		if held, settled := state(t, j); settled < journalPages || held < settled {
			t.Errorf("when its turn came %d of %d pages were settled", settled, held)
		}
		return do()
	}
	fillPages(t, write, journalPages/2)
	if err := j.Settle(t.Context(), turn); err != nil || turns != 0 {
		t.Fatalf("half a journal took %d turns, %v", turns, err)
	}
	fillPages(t, write, journalPages)
	if err := j.Settle(t.Context(), turn); err != nil || turns != 1 {
		t.Fatalf("a full journal took %d turns, %v", turns, err)
	}
	fillPages(t, write, 10)
	if held, _ := state(t, j); held > 100 {
		t.Errorf("the journal did not begin anew: it holds %d pages", held)
	}
	var rows int
	if err := write.QueryRow("SELECT count(*) FROM filled").Scan(&rows); err != nil || rows != 3 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestAJournalThatIsReadIsTriedAgainAfterMoreWrites(t *testing.T) {
	write, j := journalFile(t)
	turns := 0
	turn := func(do func() error) error { turns++; return do() }
	fillPages(t, write, 10)
	reader, err := sql.Open("sqlite", "file:"+pathOf(t, write))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	old, err := reader.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var rows int
	if err := old.QueryRow("SELECT count(*) FROM filled").Scan(&rows); err != nil || rows != 1 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	fillPages(t, write, journalPages+10)
	for time := range 2 { // the reader sees what it began with; the second time there is nothing more to do
		if err := j.Settle(t.Context(), turn); err != nil || turns != 1 {
			t.Fatalf("time %d: %d turns, %v", time, turns, err)
		}
	}
	if err := old.Rollback(); err != nil {
		t.Fatal(err)
	}
	fillPages(t, write, journalAgain)
	if err := j.Settle(t.Context(), turn); err != nil || turns != 2 {
		t.Fatalf("after more was written: %d turns, %v", turns, err)
	}
	fillPages(t, write, 10)
	if held, _ := state(t, j); held > 100 {
		t.Errorf("the journal did not begin anew: it holds %d pages", held)
	}
}

// pathOf is the file of a database.
func pathOf(t *testing.T, db *sql.DB) (path string) {
	t.Helper()
	var seq int
	var name string
	if err := db.QueryRow("PRAGMA database_list").Scan(&seq, &name, &path); err != nil {
		t.Fatal(err)
	}
	return path
}
