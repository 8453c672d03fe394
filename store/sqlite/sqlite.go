// Package sqlite opens the city's own records in one SQLite file, with no server
// to install.
package sqlite

import (
	"context"
	"database/sql"
	_ "embed" // the schema
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"modernc.org/sqlite"

	"ennakko/fault"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

//go:embed 1_tables.sql
var first string

//go:embed 2_gateways.sql
var gateways string

//go:embed 3_doubts.sql
var doubts string

//go:embed 4_post.sql
var post string

//go:embed 5_erase.sql
var erase string

//go:embed 6_jobs.sql
var jobs string

//go:embed 7_units.sql
var units string

//go:embed 8_permissions.sql
var permissions string

//go:embed 10_care.sql
var care string

//go:embed 11_delta.sql
var delta string

//go:embed 12_oversight.sql
var oversightTables string

//go:embed 13_links.sql
var links string

//go:embed 14_receipts.sql
var receipts string

//go:embed 15_documents.sql
var documents string

//go:embed 16_webhooks.sql
var webhooks string

//go:embed 17_need_notes.sql
var needNotes string

//go:embed 18_families.sql
var families string

// steps make the tables of a new file, and bring those of an older one up to
// date. A step only adds. The file's user_version counts those that were taken.
var steps = []string{first, gateways, doubts, post, erase, jobs, units, permissions, care, delta, oversightTables, links, receipts, documents, webhooks, needNotes, families}

// queueStep is the step with which the tables of the queue come, too.
const queueStep = 6

// Options are what a store may be given beside its path.
type Options struct {
	Rand io.Reader // salts and references; nil: the system's randomness
}

// Open opens or makes the file at path.
func Open(ctx context.Context, path string, v *vault.Vault, opt Options) (*tables.DB, error) {
	const op = "sqlite.Open"
	pragmas := []string{"busy_timeout(60000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-65536)", "secure_delete(1)"}
	// What undoes a statement is kept in memory. Neither that nor when the journal is
	// settled touches when an entry is durable.
	write, err := sql.Open("sqlite", address(path, "immediate", append([]string{fmt.Sprintf("wal_autocheckpoint(%d)", journalLimit), "temp_store(2)"}, pragmas...)...))
	if err != nil {
		return nil, fault.Wrap(err, op, "the store does not open")
	}
	write.SetMaxOpenConns(1)
	if err := makeTables(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read, err := sql.Open("sqlite", address(path, "deferred", append(pragmas, "query_only(1)")...))
	if err != nil {
		return nil, errors.Join(fault.Wrap(err, op, "the store does not open for reading"), write.Close())
	}
	read.SetMaxOpenConns(4)
	read.SetMaxIdleConns(4)
	settle, err := sql.Open("sqlite", address(path, "deferred", append(pragmas, "wal_autocheckpoint(0)", fmt.Sprintf("busy_timeout(%d)", journalWait))...))
	if err != nil {
		return nil, errors.Join(fault.Wrap(err, op, "the store does not open"), write.Close(), read.Close())
	}
	settle.SetMaxOpenConns(1)
	return tables.New(tables.Engine{Name: "sqlite", Write: write, Read: read, Journal: &journal{db: settle}, Rebind: func(q string) string { return q }, Duplicate: duplicate, Away: away,
		Scrub: func(ctx context.Context, db *sql.DB) error {
			_, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
			return err
		},
		RowKinds: kindsOf, KindsAs: kindsAs, Queue: riversqlite.New(write), QueueLast: "json_extract(attempted_by, '$[#-1]')",
		Time: "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"}, v, opt.Rand), nil
}

// address names a file to the driver, with how it is opened.
func address(path, lock string, pragmas ...string) string {
	q := url.Values{"_txlock": {lock}, "_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// makeTables takes the steps that are still to be taken, in one transaction.
// Tables of newer code have more, and serve this one too; a file that was made
// before steps were counted is refused rather than half read.
func makeTables(ctx context.Context, db *sql.DB) error {
	const op = "sqlite.Open"
	broken := func(err error) error {
		return fault.New(fault.Internal, op, "the store's tables cannot be made").Because(err).Do("is the file a store of this program, and is the disk writable?")
	}
	tx, err := db.BeginTx(ctx, nil) // immediate: one process at a time
	if err != nil {
		return broken(err)
	}
	defer func() { _ = tx.Rollback() }()
	var version, there int
	if err := tx.QueryRowContext(ctx, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").Scan(&version, &there); err != nil {
		return broken(err)
	}
	if version >= len(steps) {
		return nil
	}
	if there > 0 && version == 0 {
		return fault.New(fault.Conflict, op, "the folder was made by an early version of the program, whose tables cannot be brought up to date").
			Do("use that version, or begin with a new folder; of a demonstration, remove the folder")
	}
	for i, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return broken(err)
		}
		if version+i+1 == queueStep {
			if err := tables.MakeQueue(ctx, riversqlite.New(db), tx); err != nil {
				return broken(err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(steps))); err != nil {
		return broken(err)
	}
	if err := tx.Commit(); err != nil {
		return broken(err)
	}
	return nil
}

// duplicate tells a row that is there already from other trouble.
func duplicate(err error) bool {
	return strings.Contains(err.Error(), "UNIQUE") || strings.Contains(err.Error(), "PRIMARY KEY")
}

// SQLite's primary result codes for a file that is not as it was written.
// Source: https://sqlite.org/rescode.html
const (
	corrupt      = 11
	notADatabase = 26
)

func away(err error) bool {
	e, ours := errors.AsType[*sqlite.Error](err)
	return ours && e.Code()&0xff != corrupt && e.Code()&0xff != notADatabase
}

// kinds are how SQLite keeps the columns of a row of the record: the same bytes
// under another kind are another row.
const (
	kindsOf = "typeof(at) || typeof(actor) || typeof(verb) || typeof(purpose) || typeof(basis) || typeof(object) || typeof(fields) || typeof(people) || typeof(detail) || typeof(salt) || typeof(leaf)"
	kindsAs = "integer" + "text" + "text" + "text" + "text" + "text" + "text" + "blob" + "text" + "blob" + "blob"
)
