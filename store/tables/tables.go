// Package tables keeps the city's own records in the tables of an SQL database:
// the same statements for every engine. Packages store/sqlite and
// store/postgres open one.
//
// There is one writer at a time, over all processes: a write waits for its turn
// before it reads, so what it has read stays true until it is kept. Readers
// never wait for a writer.
package tables

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/riverqueue/river/riverdriver"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
	"ennakko/store/vault"
	"ennakko/trace"
)

// Engine is an open database with what differs between engines.
type Engine struct {
	Name  string
	Write *sql.DB // one connection at most
	Read  *sql.DB // may not write

	Rebind    func(query string) string            // from ? and ?1 to the engine's own blanks
	Turn      func(context.Context, *sql.Tx) error // waits for the one writer's turn; nil: the transaction has it
	Duplicate func(error) bool                     // a row was there already
	Away      func(error) bool                     // the engine cannot answer now, as opposed to: what is kept is not as it was written
	RowKinds  string                               // an expression for how the columns of an audit entry are kept
	Time      string                               // an expression for the database's clock, in microseconds
	KindsAs   string                               // what it must say
	Scrub     func(context.Context, *sql.DB) error // takes what was erased out of the storage, too
	OneMoment sql.IsolationLevel                   // of a transaction whose readings all see one moment

	Journal   Journal                     // what is settled beside the writes; nil: the engine does so itself
	Pipe      Pipe                        // sends many statements in one go; nil: they do not travel
	Beside    *sql.DB                     // further writing connections, for what takes no turn; nil: there are none
	Queue     riverdriver.Driver[*sql.Tx] // of background jobs
	QueueLast string                      // an expression for who began a job last
}

// DB is the open store. It is safe for concurrent use, also by several
// processes on the same tables.
type DB struct {
	engine   Engine
	write    *sql.DB
	read     *sql.DB
	vault    *vault.Vault
	rand     io.Reader
	kept     sync.Map // prepared statements of the writing connection, by query
	reads    sync.Map // prepared statements of the reading connections, by query
	wake     chan struct{}
	notes    notes // that wait to be kept
	settling settling
	turns    turnstile // of this process's writes
}

// New makes a store over an open database. Random gives salts and references;
// nil is the system's randomness.
func New(e Engine, v *vault.Vault, random io.Reader) *DB {
	if random == nil {
		random = rand.Reader
	}
	d := &DB{engine: e, write: e.Write, read: e.Read, vault: v, rand: &shared{from: random}, wake: make(chan struct{}, 1)}
	d.settling.begin()
	return d
}

// Engine says which engine keeps the tables.
func (d *DB) Engine() string { return d.engine.Name }

// Close closes the connections.
func (d *DB) Close() error {
	d.closeNotes()
	err := errors.Join(d.closeJournal(), d.read.Close(), d.write.Close())
	if d.engine.Beside != nil {
		err = errors.Join(err, d.engine.Beside.Close())
	}
	return err
}

// Wake says, at most once for many, that entries were written by this process.
func (d *DB) Wake() <-chan struct{} { return d.wake }

// Write runs do in one transaction and keeps its rows together with the entry
// of the act, or keeps neither.
func (d *DB) Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
	const op = "store.Write"
	if act.IsZero() {
		return fault.New(fault.Refused, op, "no act was begun")
	}
	ctx, span := trace.Start(ctx, "write")
	if span != nil {
		span.Say("act", trace.Name(act.Entry().Verb)) // the program's own words, never a value
	}
	kept, err := d.writeIn(ctx, span, act, do)
	span.EndIf(kept, err)
	return err
}

// begin opens a transaction whose turn it is.
func (d *DB) begin(ctx context.Context) (*tx, error) {
	if err := d.turns.enter(ctx); err != nil {
		return nil, fault.Wrap(err, "store.Write", "the store is not to be had")
	}
	t, err := d.beginNow(ctx)
	if err != nil {
		d.turns.leave()
		return nil, fault.Wrap(err, "store.Write", "the store is not to be had")
	}
	return t, nil
}

// beginNow is begin for the write that has this process's turn.
func (d *DB) beginNow(ctx context.Context) (*tx, error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if d.engine.Turn != nil {
		if err := d.engine.Turn(ctx, sqlTx); err != nil {
			_ = sqlTx.Rollback()
			_ = conn.Close()
			return nil, err
		}
	}
	return &tx{ctx: ctx, db: d, conn: conn, tx: sqlTx, last: map[string]int64{}, people: roaring.New(), stmts: map[string]*sql.Stmt{}}, nil
}

// commit keeps what was written and wakes who waits for entries.
func (t *tx) commit() error {
	if err := t.tx.Commit(); err != nil {
		return fault.Wrap(err, "store.Write", "the store could not keep the change")
	}
	select {
	case t.db.wake <- struct{}{}:
	default:
	}
	t.db.settle()
	return nil
}

// end gives the turn back; what was not committed is not kept.
func (t *tx) end() {
	_ = t.tx.Rollback()
	_ = t.conn.Close() // it goes back
	t.db.keep(t.ctx, t.fresh)
	t.db.turns.leave()
}

// writeIn reports whether anything was kept.
func (d *DB) writeIn(ctx context.Context, span *trace.Span, act audit.Act, do func(store.Tx) error) (kept bool, err error) {
	t, err := d.begin(ctx)
	if err != nil {
		return false, err
	}
	defer t.end()
	span.Event("turn") // the one writer's turn came
	t.at, t.entry = act.At(), act.Entry()
	if err := do(t); errors.Is(err, store.ErrNothing) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	t.entry.People = t.people
	if err := t.Note(t.entry); err != nil {
		return false, err
	}
	if _, _, err := t.send(nil); err != nil {
		return false, err
	}
	err = t.commit()
	return err == nil, err
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
	seals  bool     // the key that this process seals with is in use

	conn   *sql.Conn        // that of tx
	wait   []waiting        // statements that go with the next one
	values int              // of them
	last   map[string]int64 // the last number that was given in a table, if one was
}

// keep prepares statements once for all later writes. Inside a write that
// cannot be done: the one connection is taken. A statement that cannot be kept
// is prepared again by the next write.
func (d *DB) keep(ctx context.Context, queries []string) {
	for _, q := range queries {
		if s, err := d.write.PrepareContext(ctx, d.engine.Rebind(q)); err == nil {
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
	s, err := t.tx.PrepareContext(t.ctx, t.db.engine.Rebind(query))
	if err != nil {
		return nil, fault.Wrap(err, "store", "a statement cannot be prepared")
	}
	t.fresh = append(t.fresh, query)
	t.stmts[query] = s
	return s, nil
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	if t.db.engine.Pipe != nil {
		n, _, err := t.send(&Statement{query, args})
		return n, err
	}
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(t.ctx, args...)
	if err != nil {
		return 0, t.db.rowFault(err)
	}
	return res.RowsAffected()
}

// rowFault tells a broken constraint from other trouble and never repeats
// values.
func (d *DB) rowFault(err error) error {
	if d.engine.Duplicate(err) {
		return fault.New(fault.Conflict, "store", "the row is there already")
	}
	return fault.Wrap(err, "store", "the store refused a row")
}

func (t *tx) query(query string, args []any, each func(scan func(...any) error) error) error {
	if t.db.engine.Pipe != nil {
		_, rows, err := t.send(&Statement{query, args})
		for _, r := range rows {
			if err == nil {
				err = each(scanner(r))
			}
		}
		return err
	}
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(t.ctx, args...)
	if err != nil {
		return fault.Wrap(err, "store", "the store cannot be read")
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return fault.Wrap(rows.Err(), "store", "the store cannot be read")
}

// one scans the first row; found is false when there is none.
func (t *tx) one(query string, args []any, dest ...any) (found bool, err error) {
	if t.db.engine.Pipe != nil {
		_, rows, err := t.send(&Statement{query, args})
		if err != nil || len(rows) == 0 {
			return false, err
		}
		err = scanner(rows[0])(dest...)
		return err == nil, fault.Wrap(err, "store", "the store cannot be read")
	}
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(t.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, fault.Wrap(err, "store", "the store cannot be read")
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

// Fields says which fields were read or written.
func (t *tx) Fields(fields []permission.Field) {
	for _, f := range fields {
		if !slices.Contains(t.entry.Fields, string(f)) {
			t.entry.Fields = append(t.entry.Fields, string(f))
		}
	}
}

// Detail sets the entry's detail.
func (t *tx) Detail(format string, args ...any) { t.entry.Detail = fmt.Sprintf(format, args...) }

// Note adds an entry in this transaction.
func (t *tx) Note(e audit.Entry) error {
	r, err := t.db.entryRow(e)
	if err != nil {
		return err
	}
	return t.noteAll([]*entryRow{&r})
}

func micro(t time.Time) int64 { return t.UnixMicro() }

func fromMicro(n int64) time.Time { return time.UnixMicro(n).UTC() }

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
