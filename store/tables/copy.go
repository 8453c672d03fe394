package tables

import (
	"context"
	"database/sql"

	"ennakko/fault"
)

// Names lists all tables, each after those that it refers to.
func Names() []string {
	return []string{"audit_entry", "audit_person", "audit_mass", "log_checkpoint", "snapshot", "snapshot_file", "set_aside", "person", "identity", "contact", "unit",
		"objection", "round", "round_hand", "round_capacity", "breakdown", "finding", "kase", "place", "draft", "waiting", "party", "timer", "outbox", "incoming",
		"report", "gateway_part", "early_report", "worker", "allowance", "item", "round_step", "letter", "session", "post", "mark",
		"agreement", "matter", "matter_person", "permission", "permission_event", "receipt_owed", "handover", "source_mark", "proposal", "proposal_ground", "request", "precedent",
		"lot", "drawn", "later", "new_record", "profile", "individual", "staff", "famous", "looked", "webhook", "webhook_delivery",
		"document", "document_piece", "care_hours", "need_note"}
}

// Source reads one table row by row, as it is kept: sealed values stay sealed.
type Source struct {
	Columns []string
	Rows    int // how many there are
	rows    interface {
		Next() bool
		Scan(...any) error
		Err() error
		Close() error
	}
	values []any
	err    error

	table    string
	read     int
	progress func(table string, done, total int)
}

// Told lets progress know how far the reading has come.
func (s *Source) Told(table string, progress func(table string, done, total int)) *Source {
	s.table, s.progress = table, progress
	return s
}

// Snapshot is all tables as they were at one moment, while writers go on.
type Snapshot struct {
	db *DB
	tx *sql.Tx
}

// Snapshot takes hold of one moment. Close lets it go.
func (d *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	const op = "store.Snapshot"
	tx, err := d.read.BeginTx(ctx, &sql.TxOptions{Isolation: d.engine.OneMoment, ReadOnly: true})
	if err != nil {
		return nil, fault.New(fault.Later, op, "the store is not to be had").Because(err)
	}
	var n int // the moment is that of the first reading
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM log_checkpoint").Scan(&n); err != nil {
		_ = tx.Rollback()
		return nil, fault.Wrap(err, op, "the store cannot be read")
	}
	return &Snapshot{d, tx}, nil
}

// Close lets the moment go.
func (s *Snapshot) Close() error { return s.tx.Rollback() }

// Last is the number of the newest audit entry and its salt, which no other
// entry has. 0: there is none.
func (s *Snapshot) Last(ctx context.Context) (seq uint64, salt []byte, err error) {
	err = s.tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM audit_entry").Scan(&seq)
	if err == nil && seq > 0 {
		err = s.tx.QueryRowContext(ctx, s.db.engine.Rebind("SELECT salt FROM audit_entry WHERE seq = ?"), int64(seq)).Scan(&salt)
	}
	return seq, salt, fault.Wrap(err, "store.Snapshot", "the store cannot be read")
}

// Table opens one table. It must be one of Names, and the one before it closed.
func (s *Snapshot) Table(ctx context.Context, name string) (*Source, error) {
	t := &Source{}
	if err := s.tx.QueryRowContext(ctx, "SELECT count(*) FROM "+name).Scan(&t.Rows); err != nil {
		return nil, fault.Wrap(err, "store.Table", "the table %s cannot be read", name)
	}
	rows, err := s.tx.QueryContext(ctx, "SELECT * FROM "+name) //nolint:rowserrcheck // Err asks
	if err != nil {
		return nil, fault.Wrap(err, "store.Table", "the table %s cannot be read", name)
	}
	if t.Columns, err = rows.Columns(); err != nil {
		_ = rows.Close()
		return nil, fault.Wrap(err, "store.Table", "the table %s cannot be read", name)
	}
	t.rows = rows
	return t, nil
}

// Next goes to the next row.
func (s *Source) Next() bool {
	if s.read%10_000 == 0 && s.progress != nil {
		s.progress(s.table, s.read, s.Rows)
	}
	s.read++
	if s.err != nil || !s.rows.Next() {
		return false
	}
	s.values = make([]any, len(s.Columns))
	to := make([]any, len(s.Columns))
	for i := range to {
		to[i] = &s.values[i]
	}
	s.err = s.rows.Scan(to...)
	for i, v := range s.values {
		if b, ok := v.([]byte); ok && b == nil { // no bytes, which is not the same as no value
			s.values[i] = []byte{}
		}
	}
	return s.err == nil
}

// Values are the row.
func (s *Source) Values() ([]any, error) { return s.values, s.err }

// Err is what went wrong.
func (s *Source) Err() error {
	if s.err != nil {
		return s.err
	}
	return s.rows.Err()
}

// Close ends the reading.
func (s *Source) Close() error { return s.rows.Close() }
