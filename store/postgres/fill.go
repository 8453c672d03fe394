package postgres

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"ennakko/fault"
	"ennakko/store/tables"
)

// Fill copies all rows of another store, as they are at one moment, into the
// empty tables of a database, in one transaction. Before is true when they are there already, by a move that
// was cut off after it: then nothing is done.
func Fill(ctx context.Context, writer string, from *tables.Snapshot, progress func(table string, done, total int)) (rows map[string]int, before bool, err error) {
	const op = "postgres.Fill"
	db, err := pool(writer, false)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = db.Close() }()
	if err := current(ctx, db); err != nil {
		return nil, false, err
	}
	c, err := db.Conn(ctx)
	if err != nil {
		return nil, false, fault.New(fault.Later, op, "the database cannot be reached").Because(err)
	}
	defer func() { _ = c.Close() }()
	err = c.Raw(func(driver any) (err error) {
		rows, before, err = fill(ctx, driver.(*stdlib.Conn).Conn(), from, progress)
		return err
	})
	return rows, before, err
}

func fill(ctx context.Context, c *pgx.Conn, from *tables.Snapshot, progress func(string, int, int)) (map[string]int, bool, error) {
	const op = "postgres.Fill"
	tx, err := c.Begin(ctx)
	if err != nil {
		return nil, false, fault.Wrap(err, op, "no transaction can be begun")
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock("+strconv.Itoa(turn)+")"); err != nil {
		return nil, false, fault.Wrap(err, op, "the database is not to be had")
	}
	rows := map[string]int{}
	if done, err := filled(ctx, tx, from); done || err != nil {
		return rows, done, err
	}
	for _, name := range tables.Names() {
		s, err := from.Table(ctx, name)
		if err != nil {
			return nil, false, err
		}
		n, err := tx.CopyFrom(ctx, pgx.Identifier{name}, s.Columns, s.Told(name, progress))
		if err = errors.Join(err, s.Close()); err == nil && int(n) != s.Rows {
			err = fault.New(fault.Conflict, op, "%d rows of %d came over", n, s.Rows).Do("stop everything that runs on the folder of data, and give the command again")
		}
		if err != nil {
			return nil, false, fault.Wrap(err, op, "the table %s cannot be copied", name)
		}
		rows[name] = int(n)
	}
	return rows, false, fault.Wrap(tx.Commit(ctx), op, "the rows cannot be kept")
}

// filled reports whether the rows are there already; other rows are a fault.
func filled(ctx context.Context, tx pgx.Tx, from *tables.Snapshot) (bool, error) {
	const op = "postgres.Fill"
	var there, people int
	if err := tx.QueryRow(ctx, "SELECT (SELECT count(*) FROM audit_entry), (SELECT count(*) FROM person)").Scan(&there, &people); err != nil {
		return false, fault.Wrap(err, op, "the tables cannot be read")
	}
	if there+people == 0 {
		return false, nil
	}
	last, salt, err := from.Last(ctx)
	if err != nil {
		return false, err
	}
	var same int
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM audit_entry WHERE seq = $1 AND salt = $2", int64(last), salt).Scan(&same); err != nil {
		return false, fault.Wrap(err, op, "the tables cannot be read")
	}
	if same == 0 || there != int(last) {
		return false, fault.New(fault.Conflict, op, "the database has other records already").Do("name an empty one")
	}
	return true, nil
}
