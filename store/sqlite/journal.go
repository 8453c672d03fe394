package sqlite

import (
	"context"
	"database/sql"

	"ennakko/fault"
)

// The journal (SQLite's write-ahead log) is settled when 64 MB have gathered: a
// page of an index is written to its place once then, not once for each entry.
// SQLite would do that at the end of the commit that fills the journal, whose
// writer then waits for some tenths of a second, and everyone behind it. So it is
// done on a connection of its own while others write. Only what they wrote in the
// meantime is settled in a turn of its own, with which the journal begins anew.
//
// Source: SQLite, "Write-Ahead Logging", 3.2 "Application-Initiated Checkpoints".
const (
	journalPages = 16384
	// journalLimit is where the writer settles it after all: a reader who reads for
	// long, or a disk that is too slow, kept it from beginning anew.
	journalLimit = 65536
	// journalAgain is how much must be written before a journal that could not begin
	// anew is tried again.
	journalAgain = 4096
	// journalWait is for how long, in milliseconds, a turn waits for readers.
	journalWait = 50
)

// journal implements tables.Journal.
type journal struct {
	db    *sql.DB
	tried int // how much was in it when it was tried last
}

// do looks at the journal, or settles it, and says how many pages are in it.
func (j *journal) do(ctx context.Context, how string) (pages int, err error) {
	var busy, settled int
	err = j.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+how+")").Scan(&busy, &pages, &settled)
	return pages, err
}

// Settle implements tables.Journal. One may be under way at a time.
func (j *journal) Settle(ctx context.Context, turn func(do func() error) error) error {
	pages, err := j.do(ctx, "NOOP")
	if err == nil && (pages < journalPages || pages >= j.tried && pages < j.tried+journalAgain) {
		return nil
	}
	for range 2 { // the second time takes what was written during the first: it is little
		if err == nil {
			pages, err = j.do(ctx, "PASSIVE")
		}
	}
	if err == nil {
		err = turn(func() error { pages, err = j.do(ctx, "RESTART"); return err })
	}
	j.tried = pages
	return fault.Wrap(err, "sqlite.Settle", "the journal could not be settled")
}

func (j *journal) Close() error { return j.db.Close() }
