package tables

import (
	"context"
	"math"
	"time"

	"ennakko/channel"
	"ennakko/fault"
)

func (t *tx) Relieve(worker string, lease time.Duration, doubt time.Time) (int, error) {
	clock := t.db.engine.Time
	if _, err := t.exec("DELETE FROM worker WHERE seen < "+clock+" - ? AND id <> ?", lease.Microseconds(), worker); err != nil {
		return 0, err
	}
	n, err := t.exec("UPDATE outbox SET state = ?, doubt = ? WHERE state = ? AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = outbox.worker)",
		string(channel.Uncertain), micro(doubt), string(channel.Submitting))
	if err != nil {
		return 0, err
	}
	_, err = t.exec("INSERT INTO worker (id, seen) VALUES (?, "+clock+") ON CONFLICT (id) DO UPDATE SET seen = excluded.seen", worker)
	return int(n), err
}

// Beat notes that a worker is there, and reports whether another one that was
// handing something over is not there any more. It is no entry in the record.
func (d *DB) Beat(ctx context.Context, worker string, lease time.Duration) (silent bool, err error) {
	clock := d.engine.Time
	_, err = d.beside().ExecContext(ctx, d.engine.Rebind("INSERT INTO worker (id, seen) VALUES (?, "+clock+") ON CONFLICT (id) DO UPDATE SET seen = excluded.seen"), worker)
	if err != nil {
		return false, fault.New(fault.Later, "store.Beat", "the store is not to be had").Because(err)
	}
	var n int
	_, err = d.row(ctx, "SELECT count(*) FROM outbox o LEFT JOIN worker w ON w.id = o.worker WHERE o.state = 'submitting' AND coalesce(w.seen, 0) < "+clock+" - ?",
		[]any{lease.Microseconds()}, &n)
	return n > 0, err
}

func (t *tx) Lost(until, now time.Time) (int, error) {
	n, err := t.exec("UPDATE outbox SET state = ?, doubt = ?, submitting = coalesce(submitting, not_before) WHERE state = ? OR state = ? AND not_before <= ?", string(channel.Uncertain), micro(now), string(channel.Submitting), string(channel.Queued), micro(until))
	if err != nil {
		return 0, err
	}
	for _, table := range []string{"worker", "allowance", "session"} {
		if _, err := t.exec("DELETE FROM " + table); err != nil {
			return 0, err
		}
	}
	return int(n), nil
}

func (t *tx) Leave(worker string) error {
	_, err := t.exec("DELETE FROM worker WHERE id = ?", worker)
	return err
}

// handing names the one allowance that there is.
const handing = "hand over"

func (t *tx) Allowed(now time.Time, rate int) (int, error) {
	tokens, err := t.tokens(now, rate)
	return int(tokens), err
}

// tokens grow by rate a second, up to rate. A clock that was set back gives none.
func (t *tx) tokens(now time.Time, rate int) (float64, error) {
	tokens, at := float64(rate), micro(now)
	_, err := t.one("SELECT tokens, at FROM allowance WHERE name = ?", []any{handing}, &tokens, &at)
	if since := now.Sub(fromMicro(at)); since > 0 {
		tokens = math.Min(tokens+since.Seconds()*float64(rate), float64(rate))
	}
	return tokens, err
}

func (t *tx) Spend(now time.Time, rate, n int) error {
	tokens, err := t.tokens(now, rate)
	if err != nil || n == 0 {
		return err
	}
	_, err = t.exec("INSERT INTO allowance (name, tokens, at) VALUES (?,?,?) ON CONFLICT (name) DO UPDATE SET tokens = excluded.tokens, at = excluded.at", handing, tokens-float64(n), micro(now))
	return err
}

// Hold takes or keeps what one holder alone may do, by the database's clock: it
// is free when its holder has not said for the lease that it is there.
func (d *DB) Hold(ctx context.Context, name, holder string, lease time.Duration) (held bool, err error) {
	const op = "store.Hold"
	clock := d.engine.Time
	res, err := d.beside().ExecContext(ctx, d.engine.Rebind("INSERT INTO keeper (name, holder, seen) VALUES (?, ?, "+clock+") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, seen = excluded.seen WHERE keeper.holder = excluded.holder OR keeper.seen < "+clock+" - ?"),
		name, holder, lease.Microseconds())
	if err != nil {
		return false, fault.New(fault.Later, op, "the store is not to be had").Because(err)
	}
	n, err := res.RowsAffected()
	return n == 1, fault.Wrap(err, op, "the store is not to be had")
}
