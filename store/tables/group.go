package tables

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/trace"
)

// Entries that stand alone, such as those of readings, are kept in groups: all
// that wait when the writer's turn comes go into one transaction, and each caller
// hears when its own entry is durable. While one group is being kept the next one
// gathers, so a group is as large as the traffic is.

// mostGrouped bounds a group: so many entries, or so many bytes of sets of people.
const (
	mostGrouped      = 1024
	mostGroupedBytes = 8 << 20
)

// note is an entry that waits to be kept.
type note struct {
	row  entryRow
	span *trace.Span
	done chan error // takes one outcome
}

// notes are those that wait. Who finds nobody at work starts the work, which ends
// when nothing waits.
type notes struct {
	mu     sync.Mutex
	wait   []*note       // in the order in which they came
	idle   chan struct{} // closed when the work has ended; nil: nobody is at work
	stop   context.CancelFunc
	closed bool
}

// entryRow is an entry with all of its row that can be worked out before it has a
// number.
type entryRow struct {
	entry  audit.Entry
	worked audit.Worked
	salt   []byte
	fields string
	people []byte
}

// entryRow works an entry out. A word that a database cannot keep as it is makes
// it faulty.
func (d *DB) entryRow(e audit.Entry) (entryRow, error) {
	const op = "store.Note"
	e.At = e.At.UTC().Truncate(time.Microsecond)
	r := entryRow{entry: e}
	for _, text := range append([]string{e.Actor, e.Verb, e.Purpose, e.Basis, e.Object, e.Detail}, e.Fields...) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return r, fault.New(fault.Invalid, op, "a word of the entry is no text that can be kept")
		}
	}
	var err error
	if r.people, err = audit.PeopleBytes(e.People); err != nil {
		return r, err
	}
	if r.people == nil {
		r.people = []byte{}
	}
	fields, err := json.Marshal(append([]string{}, e.Fields...))
	if err != nil {
		return r, fault.Wrap(err, op, "the fields cannot be written")
	}
	r.fields = string(fields)
	if r.salt, err = audit.NewSalt(d.rand); err != nil {
		return r, err
	}
	r.worked, err = e.Work(r.salt)
	return r, err
}

// shared is a source of randomness for many callers.
type shared struct {
	mu   sync.Mutex
	from io.Reader
}

func (s *shared) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Read(p)
}

// columns of a row of the record, in the order of entryRow.values.
const rowColumns = "seq, at, actor, verb, purpose, basis, object, fields, people, detail, salt, leaf"

func (r *entryRow) values(seq uint64) []any {
	r.entry.Seq = seq
	e := &r.entry
	return []any{int64(seq), micro(e.At), e.Actor, e.Verb, e.Purpose, e.Basis, e.Object, r.fields, r.people, e.Detail, r.salt, r.worked.Leaf(seq)}
}

// Note keeps one entry durably, on its own: it is the journal of readings. Many
// callers at once share transactions, and each returns only when its own entry is
// kept for good. A faulty entry fails alone.
//
// When ctx ends while the entry still waits for its turn, the entry is not kept
// and the fault is Later. Once its transaction is under way, which takes as long
// as one commit, the caller learns what became of it whatever ctx says.
func (d *DB) Note(ctx context.Context, e audit.Entry) error {
	const op = "store.Note"
	if _, err := audit.Begin(e.Actor, e.Verb, e.Purpose, e.Basis, e.At); err != nil {
		return err
	}
	_, span := trace.Start(ctx, "write")
	if span != nil {
		span.Say("act", trace.Name(e.Verb)) // the program's own words, never a value
	}
	row, err := d.entryRow(e)
	if err == nil {
		err = d.keepNote(ctx, &note{row: row, span: span, done: make(chan error, 1)})
	}
	span.EndIf(err == nil, err)
	return fault.Wrap(err, op, "the entry was not kept")
}

// keepNote waits until the note is kept or failed.
func (d *DB) keepNote(ctx context.Context, n *note) error {
	const op = "store.Note"
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Later, op, "the caller has left").Because(err)
	}
	q := &d.notes
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return fault.New(fault.Refused, op, "the store is closed")
	}
	q.wait = append(q.wait, n)
	if q.idle == nil {
		q.idle = make(chan struct{})
		var work context.Context
		work, q.stop = context.WithCancel(context.WithoutCancel(ctx))
		go d.keepNotes(work, q.idle)
	}
	q.mu.Unlock()
	select {
	case err := <-n.done:
		return err
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(q.wait, n)
	if i >= 0 {
		q.wait = slices.Delete(q.wait, i, i+1)
	}
	q.mu.Unlock()
	if i >= 0 {
		return fault.New(fault.Later, op, "the caller has left before the writer's turn came").Because(ctx.Err())
	}
	return <-n.done
}

// keepNotes keeps groups until nothing waits.
func (d *DB) keepNotes(ctx context.Context, idle chan struct{}) {
	q := &d.notes
	for {
		d.keepGroup(ctx)
		q.mu.Lock()
		if len(q.wait) == 0 {
			q.stop()
			q.idle = nil
			q.mu.Unlock()
			close(idle)
			return
		}
		q.mu.Unlock()
	}
}

// closeNotes lets what is under way end and refuses what comes later.
func (d *DB) closeNotes() {
	q := &d.notes
	q.mu.Lock()
	q.closed = true
	idle := q.idle
	if idle != nil {
		q.stop()
	}
	q.mu.Unlock()
	if idle != nil {
		<-idle
	}
}

// take takes the next group off those that wait.
func (q *notes) take() []*note {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, size := 0, 0
	for n < len(q.wait) && n < mostGrouped && (n == 0 || size+len(q.wait[n].row.people) <= mostGroupedBytes) {
		size += len(q.wait[n].row.people)
		n++
	}
	group := slices.Clone(q.wait[:n])
	q.wait = slices.Delete(q.wait, 0, n)
	return group
}

// keepGroup waits for the writer's turn, and keeps those that wait then. If a
// statement fails, each is tried by itself.
func (d *DB) keepGroup(ctx context.Context) {
	group, undone, err := d.tryGroup(ctx, d.notes.take)
	if group == nil && err != nil { // the turn did not come
		group = d.notes.take()
	}
	if !undone || len(group) == 1 {
		for _, n := range group {
			n.done <- err
		}
		return
	}
	for i, n := range group {
		had, _, err := d.tryGroup(ctx, func() []*note { return group[i : i+1] })
		n.done <- err
		if had == nil && err != nil { // nor will it for the others
			for _, n := range group[i+1:] {
				n.done <- err
			}
			return
		}
	}
}

// tryGroup keeps a group in one transaction, or nothing of it. The group is nil
// when the writer's turn did not come. Undone says that certainly nothing was
// kept; when the commit fails nobody knows, and nothing may be tried twice.
func (d *DB) tryGroup(ctx context.Context, take func() []*note) (group []*note, undone bool, err error) {
	t, err := d.begin(ctx)
	if err != nil {
		return nil, true, err
	}
	defer t.end()
	if group = take(); len(group) == 0 {
		return nil, true, nil
	}
	rows := make([]*entryRow, len(group))
	for i, n := range group {
		n.span.Event("turn") // the one writer's turn came
		rows[i] = &n.row
	}
	if err := t.noteAll(rows); err != nil {
		return group, true, err
	}
	if _, _, err := t.send(nil); err != nil {
		return group, true, err
	}
	return group, false, t.commit()
}

// noteAll gives entries their numbers, in order, and adds their rows.
func (t *tx) noteAll(entries []*entryRow) error {
	rows := make([][]any, len(entries))
	for i, r := range entries {
		seq, err := t.nextOf("audit_entry", "seq")
		if err != nil {
			return err
		}
		rows[i] = r.values(uint64(seq)) //nolint:gosec // numbers are counted from 1
	}
	if err := t.insertInSteps("audit_entry", rowColumns, rows); err != nil {
		return err
	}
	return t.cover(entries)
}
