package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// planned is how long a connection keeps its plans of queries. PostgreSQL plans a
// prepared statement once and keeps the plan until somebody counts the tables
// anew, which may be minutes. A plan made while the tables were empty compares
// each row with each: in a round of 5,591 families it took 2 s in place of 0.3 ms,
// and held up everything behind it (decision 019). A plan made anew sees how large
// the tables have become, and costs less than a millisecond.
const planned = 5 * time.Second

// plans makes connections plan anew.
type plans struct {
	now func() time.Time
}

// since is where a connection notes when it planned.
const since = "ennakko.planned"

// fresh is called when a connection is taken from those that are open, before it
// is used again.
func (p plans) fresh(ctx context.Context, c *pgx.Conn) error {
	notes, now := c.PgConn().CustomData(), p.now()
	if at, ok := notes[since].(time.Time); ok && now.Sub(at) < planned {
		return nil
	}
	notes[since] = now
	_, err := c.Exec(ctx, "DISCARD PLANS")
	return err
}
