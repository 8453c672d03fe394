package tables

import (
	"context"
	"database/sql"
	"fmt"

	"ennakko/fault"
)

// Statement is one statement with its values, in the engine's own blanks.
type Statement struct {
	Query string
	Args  []any
}

// Pipe sends statements to the database in one go, and gives how many rows each
// changed and what rows the last one gave.
type Pipe func(ctx context.Context, c *sql.Conn, all []Statement) (changed []int64, rows [][]any, err error)

// waiting is a statement whose outcome nobody waits for.
type waiting struct {
	Statement
	check func(changed int64) error // nil: any outcome is right
}

// mostWaiting is how many values wait at most.
const mostWaiting = 4 * mostValues

// put executes a statement whose outcome nobody asks for. Over a network each
// statement is a way there and back: it waits, goes with the next one that is
// asked about, in order, and its fault comes then, or at the end of the write.
func (t *tx) put(query string, args ...any) error { return t.putChecked(nil, query, args...) }

// putChecked is put for a statement that must have changed what it should.
func (t *tx) putChecked(check func(changed int64) error, query string, args ...any) error {
	if t.db.engine.Pipe == nil {
		n, err := t.exec(query, args...)
		if err == nil && check != nil {
			err = check(n)
		}
		return err
	}
	t.wait = append(t.wait, waiting{Statement{t.db.engine.Rebind(query), args}, check})
	if t.values += len(args); t.values < mostWaiting {
		return nil
	}
	_, _, err := t.send(nil)
	return err
}

// send sends what waits and, if there is one, a statement that is asked about.
func (t *tx) send(ask *Statement) (changed int64, rows [][]any, err error) {
	all := make([]Statement, 0, len(t.wait)+1)
	for _, w := range t.wait {
		all = append(all, w.Statement)
	}
	if ask != nil {
		ask.Query = t.db.engine.Rebind(ask.Query)
		all = append(all, *ask)
	}
	sent := t.wait
	t.wait, t.values = nil, 0
	if len(all) == 0 {
		return 0, nil, nil
	}
	n, rows, err := t.db.engine.Pipe(t.ctx, t.conn, all)
	if err != nil {
		return 0, nil, t.db.rowFault(err)
	}
	for i, w := range sent {
		if w.check != nil {
			if err := w.check(n[i]); err != nil {
				return 0, nil, err
			}
		}
	}
	return n[len(n)-1], rows, nil
}

// scanner reads a row that a pipe gave, as database/sql would.
func scanner(row []any) func(...any) error {
	return func(dest ...any) error {
		if len(dest) != len(row) {
			return fault.New(fault.Internal, "store", "a row has %d columns, not %d", len(row), len(dest))
		}
		for i, v := range row {
			if err := assign(dest[i], v); err != nil {
				return err
			}
		}
		return nil
	}
}

func assign(dest, v any) error {
	switch d := dest.(type) {
	case sql.Scanner:
		return d.Scan(v)
	case *string:
		return value(d, v)
	case *int:
		return value(d, v)
	case *int64:
		return value(d, v)
	case *uint32:
		return value(d, v)
	case *uint64:
		return value(d, v)
	case *float64:
		return value(d, v)
	case *bool:
		return value(d, v)
	case **int64:
		return maybe(d, v)
	case **string:
		return maybe(d, v)
	case *any:
		*d = v
		return nil
	case *[]byte:
		if v == nil {
			*d = nil
			return nil
		}
		return value(d, v)
	}
	return fault.New(fault.Internal, "store", "a column cannot be read into %T", dest)
}

// value converts as database/sql does; no value is a fault.
func value[T any](d *T, v any) error {
	var n sql.Null[T]
	if err := n.Scan(v); err != nil || !n.Valid {
		return fmt.Errorf("a column is not of the kind that it should be: %w", err)
	}
	*d = n.V
	return nil
}

// maybe is value where there may be none.
func maybe[T any](d **T, v any) error {
	*d = nil
	if v == nil {
		return nil
	}
	*d = new(T)
	return value(*d, v)
}
