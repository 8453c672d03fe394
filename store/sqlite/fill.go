package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"ennakko/fault"
	"ennakko/store/tables"
)

// Fill makes a new file at path and copies all rows of another store, as they
// are at one moment, into it. Nothing may stand at path.
func Fill(ctx context.Context, path string, from *tables.Snapshot, progress func(table string, done, total int)) (rows map[string]int, err error) {
	const op = "sqlite.Fill"
	db, err := sql.Open("sqlite", address(path, "immediate", "journal_mode(DELETE)", "synchronous(FULL)", "cache_size(-65536)"))
	if err != nil {
		return nil, fault.Wrap(err, op, "the file cannot be made")
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := makeTables(ctx, db); err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fault.Wrap(err, op, "the file cannot be written")
	}
	defer func() { _ = tx.Rollback() }()
	rows = map[string]int{}
	for _, name := range tables.Names() {
		s, err := from.Table(ctx, name)
		if err != nil {
			return nil, err
		}
		err = fillTable(ctx, tx, name, s.Told(name, progress))
		if err = errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
		rows[name] = s.Rows
	}
	return rows, fault.Wrap(tx.Commit(), op, "the rows cannot be kept")
}

// fillTable copies one table, and wants every row of it.
func fillTable(ctx context.Context, tx *sql.Tx, name string, s *tables.Source) error {
	const op = "sqlite.Fill"
	blanks := strings.TrimSuffix(strings.Repeat("?,", len(s.Columns)), ",")
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO "+name+" ("+strings.Join(s.Columns, ",")+") VALUES ("+blanks+")")
	if err != nil {
		return fault.Wrap(err, op, "the table %s is another one", name)
	}
	defer func() { _ = stmt.Close() }()
	n := 0
	for ; s.Next(); n++ {
		values, err := s.Values()
		if err != nil {
			return fault.Wrap(err, op, "the table %s cannot be read", name)
		}
		if _, err := stmt.ExecContext(ctx, values...); err != nil {
			return fault.Wrap(err, op, "a row of %s cannot be written", name)
		}
	}
	if err := s.Err(); err != nil {
		return fault.Wrap(err, op, "the table %s cannot be read", name)
	}
	if n != s.Rows {
		return fault.New(fault.Internal, op, "%d rows of the %d of %s came over", n, s.Rows, name)
	}
	return nil
}
