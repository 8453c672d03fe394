package tables

import (
	"context"

	"ennakko/fault"
)

// Names lists all tables, each after those that it refers to.
func Names() []string {
	return []string{"audit_entry", "audit_person", "audit_mass", "log_checkpoint", "snapshot", "snapshot_file", "set_aside", "person", "identity", "contact", "unit",
		"objection", "round", "round_hand", "round_capacity", "breakdown", "finding", "kase", "place", "draft", "waiting", "party", "timer", "outbox", "incoming",
		"report", "gateway_part", "early_report", "worker", "allowance", "item", "round_step", "letter", "session"}
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
}

// Table opens one table. It must be one of Names.
func (d *DB) Table(ctx context.Context, name string) (*Source, error) {
	s := &Source{}
	if _, err := d.row(ctx, "SELECT count(*) FROM "+name, nil, &s.Rows); err != nil {
		return nil, err
	}
	rows, err := d.read.QueryContext(ctx, "SELECT * FROM "+name) //nolint:rowserrcheck // Err asks
	if err != nil {
		return nil, fault.Wrap(err, "store.Table", "the table %s cannot be read", name)
	}
	if s.Columns, err = rows.Columns(); err != nil {
		_ = rows.Close()
		return nil, fault.Wrap(err, "store.Table", "the table %s cannot be read", name)
	}
	s.rows = rows
	return s, nil
}

// Next goes to the next row.
func (s *Source) Next() bool {
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
