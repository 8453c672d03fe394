// Package sqlite keeps the city's own records in one SQLite file, with no
// server to install. There is one writer at a time; readers never wait for it.
package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed" // the schema
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	_ "modernc.org/sqlite" // the driver

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/store/vault"
)

//go:embed schema.sql
var schema string

// DB is the open store. It is safe for concurrent use, also by several
// processes on the same file.
type DB struct {
	write *sql.DB
	read  *sql.DB
	vault *vault.Vault
	rand  io.Reader
	kept  sync.Map // prepared statements of the writing connection, by query
	reads sync.Map // prepared statements of the reading connections, by query
	wake  chan struct{}
}

// Options are what a store may be given beside its path.
type Options struct {
	Rand io.Reader // salts and references; nil: the system's randomness
}

// Open opens or makes the file at path.
func Open(ctx context.Context, path string, v *vault.Vault, opt Options) (*DB, error) {
	const op = "sqlite.Open"
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(60000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-65536)"}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	write, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fault.Wrap(err, op, "the store does not open")
	}
	write.SetMaxOpenConns(1)
	if err := tables(ctx, write); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	q.Set("_txlock", "deferred")
	q["_pragma"] = append(q["_pragma"], "query_only(1)")
	read, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		_ = write.Close()
		return nil, fault.Wrap(err, op, "the store does not open for reading")
	}
	read.SetMaxOpenConns(4)
	return &DB{write: write, read: read, vault: v, rand: opt.Rand, wake: make(chan struct{}, 1)}, nil
}

// schemaVersion is the number of the tables' shape. It grows with each change
// after which an older file does not fit.
const schemaVersion = 1

// tables makes the tables of a new file. One that was made with other tables is
// refused rather than half read.
func tables(ctx context.Context, db *sql.DB) error {
	const op = "sqlite.Open"
	const broken = "is the file a store of this program, and is the disk writable?"
	var version, there int
	if err := db.QueryRowContext(ctx, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)").Scan(&version, &there); err != nil {
		return fault.New(fault.Internal, op, "the store does not open").Because(err).Do(broken)
	}
	if there > 0 && version != schemaVersion {
		return fault.New(fault.Conflict, op, "the folder was made by another version of the program (its tables have number %d, this version's %d)", version, schemaVersion).
			Do("use that version, or begin with a new folder; of a demonstration, remove the folder")
	}
	if _, err := db.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA user_version = %d;", schemaVersion)); err != nil {
		return fault.New(fault.Internal, op, "the store's tables cannot be made").Because(err).Do(broken)
	}
	return nil
}

// Close closes the file.
func (d *DB) Close() error { return errors.Join(d.read.Close(), d.write.Close()) }

// Wake says, at most once for many, that entries were written by this process.
func (d *DB) Wake() <-chan struct{} { return d.wake }

// Write runs do in one transaction and keeps its rows together with the entry
// of the act, or keeps neither.
func (d *DB) Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
	const op = "store.Write"
	if act.IsZero() {
		return fault.New(fault.Refused, op, "no act was begun")
	}
	sqlTx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fault.Wrap(err, op, "the store is not to be had")
	}
	t := &tx{ctx: ctx, db: d, tx: sqlTx, at: act.At(), entry: act.Entry(), people: roaring.New(), stmts: map[string]*sql.Stmt{}}
	defer func() {
		_ = sqlTx.Rollback()
		d.keep(ctx, t.fresh)
	}()
	if err := do(t); errors.Is(err, store.ErrNothing) {
		return nil
	} else if err != nil {
		return err
	}
	t.entry.People = t.people
	if err := t.Note(t.entry); err != nil {
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fault.Wrap(err, op, "the store could not keep the change")
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// Note keeps one entry durably, on its own. It is the journal of readings.
func (d *DB) Note(ctx context.Context, e audit.Entry) error {
	act, err := audit.Begin(e.Actor, e.Verb, e.Purpose, e.Basis, e.At)
	if err != nil {
		return err
	}
	return d.Write(ctx, act, func(s store.Tx) error {
		t := s.(*tx)
		t.entry, t.people = e, roaring.New()
		if e.People != nil {
			t.people = e.People
		}
		return nil
	})
}

// tx is one write.
type tx struct {
	ctx    context.Context
	db     *DB
	tx     *sql.Tx
	at     time.Time
	entry  audit.Entry
	people *roaring.Bitmap
	stmts  map[string]*sql.Stmt
	fresh  []string // statements that the store does not keep yet
}

// keep prepares statements once for all later writes. Inside a write that
// cannot be done: the one connection is taken. A statement that cannot be kept
// is prepared again by the next write.
func (d *DB) keep(ctx context.Context, queries []string) {
	for _, q := range queries {
		if s, err := d.write.PrepareContext(ctx, q); err == nil {
			if old, twice := d.kept.LoadOrStore(q, s); twice && old != s {
				_ = s.Close()
			}
		}
	}
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	if kept, ok := t.db.kept.Load(query); ok {
		t.stmts[query] = t.tx.StmtContext(t.ctx, kept.(*sql.Stmt))
		return t.stmts[query], nil
	}
	s, err := t.tx.PrepareContext(t.ctx, query)
	if err != nil {
		return nil, fault.Wrap(err, "store.sqlite", "a statement cannot be prepared")
	}
	t.fresh = append(t.fresh, query)
	t.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, rowFault(err)
	}
	return res.RowsAffected()
}

// rowFault tells a broken constraint from other trouble and never repeats
// values.
func rowFault(err error) error {
	if s := err.Error(); strings.Contains(s, "UNIQUE") || strings.Contains(s, "PRIMARY KEY") {
		return fault.New(fault.Conflict, "store.sqlite", "the row is there already")
	}
	return fault.Wrap(err, "store.sqlite", "the store refused a row")
}

func (t *tx) query(query string, args []any, each func(scan func(...any) error) error) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return fault.Wrap(err, "store.sqlite", "the store cannot be read")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return fault.Wrap(rows.Err(), "store.sqlite", "the store cannot be read")
}

// one scans the first row; found is false when there is none.
func (t *tx) one(query string, args []any, dest ...any) (found bool, err error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "store.sqlite", "the store cannot be read")
}

// About adds people and an object to the entry.
func (t *tx) About(object string, people ...person.ID) {
	if object != "" {
		t.entry.Object = object
	}
	for _, p := range people {
		t.people.Add(uint32(p))
	}
}

// Detail sets the entry's detail.
func (t *tx) Detail(format string, args ...any) { t.entry.Detail = fmt.Sprintf(format, args...) }

// Note adds an entry in this transaction.
func (t *tx) Note(e audit.Entry) error {
	const op = "store.Note"
	var last sql.NullInt64
	if _, err := t.one("SELECT max(seq) FROM audit_entry", nil, &last); err != nil {
		return err
	}
	e.Seq, e.At = uint64(last.Int64)+1, e.At.UTC().Truncate(time.Microsecond)
	salt := make([]byte, audit.SaltSize)
	if _, err := io.ReadFull(t.db.rand, salt); err != nil {
		return fault.Wrap(err, op, "there is no randomness for a salt")
	}
	leaf, err := e.Leaf(salt)
	if err != nil {
		return err
	}
	people, err := audit.PeopleBytes(e.People)
	if err != nil {
		return err
	}
	if people == nil {
		people = []byte{}
	}
	if e.Fields == nil {
		e.Fields = []string{}
	}
	fields, err := json.Marshal(e.Fields)
	if err != nil {
		return fault.Wrap(err, op, "the fields cannot be written")
	}
	_, err = t.exec(`INSERT INTO audit_entry (seq, at, actor, verb, purpose, basis, object, fields, people, detail, salt, leaf)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, int64(e.Seq), micro(e.At), e.Actor, e.Verb, e.Purpose, e.Basis, e.Object, string(fields), people, e.Detail, salt, leaf)
	if err != nil {
		return err
	}
	return t.cover(e)
}

func micro(t time.Time) int64 { return t.UnixMicro() }

func fromMicro(n int64) time.Time { return time.UnixMicro(n).UTC() }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
