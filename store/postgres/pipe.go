package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"ennakko/store/tables"
)

// pipe sends statements in one go, on a connection that may be in a transaction.
func pipe(ctx context.Context, c *sql.Conn, all []tables.Statement) (changed []int64, rows [][]any, err error) {
	err = c.Raw(func(driver any) error {
		b := &pgx.Batch{}
		for _, s := range all {
			b.Queue(s.Query, s.Args...)
		}
		r := driver.(*stdlib.Conn).Conn().SendBatch(ctx, b)
		changed = make([]int64, len(all))
		for i := range all[:len(all)-1] {
			tag, err := r.Exec()
			if err != nil {
				return errors.Join(err, r.Close())
			}
			changed[i] = tag.RowsAffected()
		}
		last, err := r.Query()
		if err != nil {
			return errors.Join(err, r.Close())
		}
		for last.Next() {
			v, err := last.Values()
			if err != nil {
				last.Close()
				return errors.Join(err, r.Close())
			}
			rows = append(rows, v)
		}
		last.Close()
		changed[len(all)-1] = last.CommandTag().RowsAffected()
		return errors.Join(last.Err(), r.Close())
	})
	return changed, rows, err
}
