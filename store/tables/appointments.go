package tables

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) SetMoments(id store.RoundID, p offer.Place, moments []store.Moment) error {
	const op = "store.SetMoments"
	for i, m := range moments {
		var taken int
		if _, err := t.one("SELECT count(*) FROM place WHERE unit = ? AND at = ? AND seat = ?", []any{p.Unit, micro(m.At), m.Seat}, &taken); err != nil {
			return err
		}
		if taken > 0 {
			return fault.New(fault.Conflict, op, "a time of the unit %s is given already", p.Unit).Do("prepare the round again")
		}
		n, err := t.exec("UPDATE place SET at = ?, seat = ? WHERE round = ? AND unit = ? AND language = ? AND no = ?", micro(m.At), m.Seat, int64(id), p.Unit, p.Language, i+1)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Missing, op, "the unit %s has no place %d", p.Unit, i+1)
		}
	}
	return nil
}

func (t *tx) AppointmentOf(id conversation.CaseID) (time.Time, error) {
	var at int64
	found, err := t.one("SELECT coalesce(at, 0) FROM place WHERE case_id = ?", []any{int64(id)}, &at)
	if err != nil || !found || at == 0 {
		return time.Time{}, err
	}
	return fromMicro(at), nil
}

func (d *DB) appointmentOf(ctx context.Context, id conversation.CaseID) (time.Time, error) {
	var at int64
	found, err := d.row(ctx, "SELECT coalesce(at, 0) FROM place WHERE case_id = ?", []any{int64(id)}, &at)
	if err != nil || !found || at == 0 {
		return time.Time{}, err
	}
	return fromMicro(at), nil
}

// Moments are the moments of units that are given out, by unit, from a moment on,
// without those of one round.
func (d *DB) Moments(ctx context.Context, from time.Time, except store.RoundID) (map[string][]store.Moment, error) {
	out := map[string][]store.Moment{}
	err := d.rows(ctx, "SELECT unit, at, seat FROM place WHERE at >= ? AND round <> ? ORDER BY unit, at, seat", []any{micro(from), int64(except)}, func(scan func(...any) error) error {
		var unit string
		var at int64
		var m store.Moment
		err := scan(&unit, &at, &m.Seat)
		m.At = fromMicro(at)
		out[unit] = append(out[unit], m)
		return err
	})
	return out, err
}

// Accepted are the cases of a service's rounds that said yes, in order of case.
func (d *DB) Accepted(ctx context.Context, service string) ([]store.Attended, error) {
	var out []store.Attended
	err := d.rows(ctx, `SELECT k.id, k.child, k.round, k.unit, coalesce(p.at, 0) FROM kase k JOIN round r ON r.id = k.round LEFT JOIN place p ON p.case_id = k.id
		WHERE r.service = ? AND k.stage = ? AND k.child > 0 AND k.child < ? ORDER BY k.id`, []any{service, string(conversation.Accepted), int64(person.Nobody)}, func(scan func(...any) error) error {
		var x store.Attended
		var id, round, at int64
		var who uint32
		err := scan(&id, &who, &round, &x.Unit, &at)
		x.Case, x.Person, x.Round = conversation.CaseID(id), person.ID(who), store.RoundID(round)
		if at != 0 {
			x.At = fromMicro(at)
		}
		out = append(out, x)
		return err
	})
	return out, err
}

// Invited are the people of a round's offers.
func (d *DB) Invited(ctx context.Context, id store.RoundID) (*roaring.Bitmap, error) {
	return d.set(ctx, "SELECT child FROM kase WHERE round = ? AND child > 0 AND child < ?", int64(id), int64(person.Nobody))
}

func (d *DB) set(ctx context.Context, query string, args ...any) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := d.rows(ctx, query, args, func(scan func(...any) error) error {
		var who uint32
		err := scan(&who)
		out.Add(who)
		return err
	})
	return out, err
}

func (t *tx) AddLot(id store.RoundID, l store.Lot) error {
	if err := t.put("INSERT INTO lot (round, seed, share, weeks, harmed, eligible, later) VALUES (?,?,?,?,?,?,?)", int64(id), l.Seed, l.Share, l.Weeks, l.Harmed, len(l.Eligible), len(l.Later)); err != nil {
		return err
	}
	rows := make([][]any, len(l.Eligible))
	for i, who := range l.Eligible {
		rows[i] = []any{int64(id), int64(who)}
	}
	if err := t.insert("drawn", "round, person", rows); err != nil {
		return err
	}
	rows = make([][]any, len(l.Later))
	for i, who := range l.Later {
		rows[i] = []any{int64(id), int64(who), l.Until.Format(time.DateOnly)}
	}
	return t.insert("later", "round, person, until", rows)
}

// Lot is the lot of a round, its people in order of number; found is false when it
// had none. Who was erased is not among them; the counts of the lot stay.
func (d *DB) Lot(ctx context.Context, id store.RoundID) (l store.Lot, found bool, err error) {
	if found, err = d.row(ctx, "SELECT seed, share, weeks, harmed FROM lot WHERE round = ?", []any{int64(id)}, &l.Seed, &l.Share, &l.Weeks, &l.Harmed); err != nil || !found {
		return l, found, err
	}
	for _, q := range []struct {
		to   *[]person.ID
		from string
	}{{&l.Eligible, "drawn"}, {&l.Later, "later"}} {
		set, err := d.set(ctx, fmt.Sprintf("SELECT person FROM %s WHERE round = ? AND person > 0 AND person < ?", q.from), int64(id), int64(person.Nobody))
		if err != nil {
			return l, found, err
		}
		for it := set.Iterator(); it.HasNext(); {
			*q.to = append(*q.to, person.ID(it.Next()))
		}
	}
	var until string
	if ok, err := d.row(ctx, "SELECT until FROM later WHERE round = ? ORDER BY person LIMIT 1", []any{int64(id)}, &until); err != nil || !ok {
		return l, found, err
	}
	if l.Until, err = time.Parse(time.DateOnly, until); err != nil {
		err = fault.New(fault.Tampered, "store.Lot", "the lot of round %d is not readable", id)
	}
	return l, found, err
}

// Later are the people whom a lot of the service's rounds let wait: waits still as of
// a day, and due, whose wait has ended and who were not invited since.
func (d *DB) Later(ctx context.Context, service string, asOf time.Time) (waits, due *roaring.Bitmap, err error) {
	day := asOf.Format(time.DateOnly)
	if waits, err = d.set(ctx, "SELECT l.person FROM later l JOIN round r ON r.id = l.round WHERE r.service = ? AND l.until > ? AND l.person > 0", service, day); err != nil {
		return nil, nil, err
	}
	due, err = d.set(ctx, `SELECT l.person FROM later l JOIN round r ON r.id = l.round WHERE r.service = ?1 AND l.until <= ?2 AND l.person > 0
		AND NOT EXISTS (SELECT 1 FROM kase k JOIN round s ON s.id = k.round WHERE k.child = l.person AND s.service = ?1 AND s.id > l.round)`, service, day)
	return waits, due, err
}
