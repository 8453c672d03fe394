package tables

import (
	"context"
	"encoding/json"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) Reassign(id store.RoundID, change store.Capacity, a store.Assignment) error {
	const op = "store.Reassign"
	state, err := t.RoundState(id)
	if err != nil {
		return err
	}
	if state != store.Prepared {
		return fault.New(fault.Conflict, op, "round %d is %s: its places cannot be assigned again", id, state)
	}
	if _, err := t.exec(`INSERT INTO round_capacity (round, unit, language, places, officer, at) VALUES (?,?,?,?,?,?)
		ON CONFLICT (round, unit, language) DO UPDATE SET places = excluded.places, officer = excluded.officer, at = excluded.at`,
		int64(id), change.Unit, change.Language, change.Places, change.Officer, micro(change.At)); err != nil {
		return err
	}
	for _, table := range []string{"draft", "waiting", "place"} {
		// A place that a case holds cannot go: then the round is on its way.
		if _, err := t.exec("DELETE FROM "+table+" WHERE round = ?", int64(id)); err != nil {
			return err
		}
	}
	summary, err := json.Marshal(a.Summary)
	if err != nil {
		return fault.Wrap(err, op, "the summary cannot be written")
	}
	if _, err := t.exec("UPDATE round SET summary = ? WHERE id = ?", string(summary), int64(id)); err != nil {
		return err
	}
	for _, do := range []func() error{
		func() error { return t.AddPlaces(id, a.Places) }, func() error { return t.AddDrafts(id, a.Drafts) }, func() error { return t.AddWaiting(id, a.Waiting) },
		func() error { return t.addHand(id) }} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// Capacities are the changes of capacity of a round.
func (d *DB) Capacities(ctx context.Context, id store.RoundID) ([]store.Capacity, error) {
	var out []store.Capacity
	err := d.rows(ctx, "SELECT unit, language, places, officer, at FROM round_capacity WHERE round = ? ORDER BY unit, language", []any{int64(id)}, func(scan func(...any) error) error {
		var c store.Capacity
		var at int64
		err := scan(&c.Unit, &c.Language, &c.Places, &c.Officer, &at)
		c.At = fromMicro(at)
		out = append(out, c)
		return err
	})
	return out, err
}

// UnitFill is how full the units of a round are. Until offers are approved the
// places held are those of the drafts.
func (d *DB) UnitFill(ctx context.Context, id store.RoundID, asOf time.Time) ([]store.UnitFill, error) {
	var out []store.UnitFill
	err := d.rows(ctx, `SELECT u.unit, u.language, u.name_fi, u.name_sv, u.name_en, u.district, u.places, coalesce(p.n, 0),
			CASE WHEN coalesce(p.held, 0) > 0 OR (SELECT state FROM round WHERE id = ?3) <> 'prepared' THEN coalesce(p.held, 0) ELSE coalesce(d.n, 0) END,
			coalesce(d.mean, 0), coalesce(d.most, 0)
		FROM unit u LEFT JOIN (SELECT unit, language, count(*) n, count(case_id) held FROM place WHERE round = ?3 GROUP BY 1, 2) p ON p.unit = u.unit AND p.language = u.language
		LEFT JOIN (SELECT unit, language, count(*) n, avg(distance_m) mean, max(distance_m) most FROM draft WHERE round = ?3 GROUP BY 1, 2) d ON d.unit = u.unit AND d.language = u.language
		WHERE u.provider = 'municipal' AND u.snapshot = (SELECT max(id) FROM snapshot WHERE register = ?1 AND day <= ?2) ORDER BY u.district, u.name_fi, u.language`,
		[]any{"units", asOf.Format(time.DateOnly), int64(id)}, func(scan func(...any) error) error {
			var u store.UnitFill
			var fi, sv, en string
			err := scan(&u.Unit, &u.Language, &fi, &sv, &en, &u.District, &u.Registered, &u.Places, &u.Held, &u.MeanM, &u.MostM)
			u.Name = map[person.Language]string{person.Finnish: fi, person.Swedish: sv, person.English: en}
			out = append(out, u)
			return err
		})
	return out, err
}

// FunnelBy counts how far the children of each district and language have come.
// The units are as they were known on the day of the round.
func (d *DB) FunnelBy(ctx context.Context, id store.RoundID, asOf time.Time) ([]store.FunnelCell, error) {
	var out []store.FunnelCell
	err := d.rows(ctx, `SELECT coalesce(u.district, ''), k.language, count(*), sum(coalesce(o.sent, 0)), sum(coalesce(o.delivered, 0)), sum(k.answered),
			count(CASE k.stage WHEN 'accepted' THEN 1 END), count(CASE k.stage WHEN 'declined' THEN 1 END),
			count(CASE k.stage WHEN 'conflict' THEN 1 END), count(CASE WHEN k.reached = 0 AND coalesce(o.delivered, 0) = 0 THEN 1 END)
		FROM kase k LEFT JOIN unit u ON u.unit = k.unit AND u.language = k.language AND u.snapshot = (SELECT max(id) FROM snapshot WHERE register = ?1 AND day <= ?2)
		LEFT JOIN (SELECT case_id, max(CASE WHEN handed IS NOT NULL THEN 1 ELSE 0 END) AS sent, max(CASE state WHEN 'delivered' THEN 1 ELSE 0 END) AS delivered FROM outbox WHERE round = ?3 AND kind = 'inquiry' GROUP BY case_id) o
			ON o.case_id = k.id
		WHERE k.round = ?3 GROUP BY 1, 2 ORDER BY 1, 2`, []any{"units", asOf.Format(time.DateOnly), int64(id)}, func(scan func(...any) error) error {
		var c store.FunnelCell
		err := scan(&c.District, &c.Language, &c.Offered, &c.Sent, &c.Delivered, &c.Answered, &c.Accepted, &c.Declined, &c.Conflict, &c.Unreached)
		out = append(out, c)
		return err
	})
	return out, err
}
