package tables

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

// mostCovered is the greatest set of people that is kept person by person.
const mostCovered = 64

// cover keeps whom entries cover.
func (t *tx) cover(entries []*entryRow) error {
	var few, mass [][]any
	for _, r := range entries {
		seq := int64(r.entry.Seq) //nolint:gosec // numbers are counted from 1
		switch n := setSize(r.entry); {
		case n == 0:
		case n > mostCovered:
			mass = append(mass, []any{seq})
		default:
			for it := r.entry.People.Iterator(); it.HasNext(); {
				few = append(few, []any{int64(it.Next()), seq})
			}
		}
	}
	slices.SortFunc(few, func(a, b []any) int { return cmp.Compare(a[0].(int64), b[0].(int64)) }) // as they are kept
	if err := t.insertInSteps("audit_person", "person, seq", few); err != nil {
		return err
	}
	return t.insertInSteps("audit_mass", "seq", mass)
}

func setSize(e audit.Entry) uint64 {
	if e.People == nil {
		return 0
	}
	return e.People.GetCardinality()
}

// Uses lists the entries that cover a person, newest first: who read or
// changed what is known of them, and why.
func (d *DB) Uses(ctx context.Context, id person.ID, limit int) ([]audit.Entry, error) {
	return d.UsesBefore(ctx, id, 0, limit)
}

// UsesBefore lists the entries that cover a person, newest first, from the one
// before a number; 0 begins with the newest.
func (d *DB) UsesBefore(ctx context.Context, id person.ID, before uint64, limit int) ([]audit.Entry, error) {
	var out []audit.Entry
	err := d.rows(ctx, "SELECT "+entryColumns+` FROM audit_entry WHERE seq IN (SELECT seq FROM audit_person WHERE person = ?1 UNION ALL SELECT seq FROM audit_mass)
		AND (CAST(?2 AS BIGINT) = 0 OR seq < ?2) ORDER BY seq DESC`, []any{int64(id), int64(before)}, func(scan func(...any) error) error {
		if len(out) == limit {
			return errEnough
		}
		e, err := scanEntry(scan)
		if err == nil && e.People.Contains(uint32(id)) {
			out = append(out, e)
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// mix gives a pair of numbers a place in a sum that pairs share with nobody.
func mix(a, b uint64) uint64 {
	x := a*0x9e3779b97f4a7c15 ^ b*0xc2b2ae3d27d4eb4f
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return x ^ x>>32
}

// Covered holds the lists of who is covered by which entry against the entries
// themselves: a row that was taken out would hide a use from the person. The
// fault is Tampered and names the first entry that does not match.
func (d *DB) Covered(ctx context.Context) error {
	const op = "store.Covered"
	var want, got uint64
	err := d.rows(ctx, "SELECT "+entryColumns+" FROM audit_entry ORDER BY seq", nil, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err == nil {
			want += sumOf(e)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, query := range []string{"SELECT person, seq FROM audit_person", "SELECT -1, seq FROM audit_mass"} {
		if err := d.rows(ctx, query, nil, func(scan func(...any) error) error {
			var who, seq int64
			err := scan(&who, &seq)
			got += mix(uint64(who), uint64(seq))
			return err
		}); err != nil {
			return err
		}
	}
	if want == got {
		return nil
	}
	where, err := d.firstUncovered(ctx)
	if err != nil {
		return err
	}
	return fault.New(fault.Tampered, op, "the list of who is covered by an entry is not that of the entry").Where("entry %d", where).Do("bring the store back from the backup")
}

// sumOf is what the rows of an entry add to the sum.
func sumOf(e audit.Entry) (sum uint64) {
	if n := setSize(e); n == 0 {
		return 0
	} else if n > mostCovered {
		return mix(^uint64(0), e.Seq)
	}
	for it := e.People.Iterator(); it.HasNext(); {
		sum += mix(uint64(it.Next()), e.Seq)
	}
	return sum
}

// firstUncovered finds the first entry whose rows are not its own; rows of no
// entry at all are named last.
func (d *DB) firstUncovered(ctx context.Context) (uint64, error) {
	rows := map[uint64]uint64{}
	for _, query := range []string{"SELECT person, seq FROM audit_person", "SELECT -1, seq FROM audit_mass"} {
		if err := d.rows(ctx, query, nil, func(scan func(...any) error) error {
			var who, seq int64
			err := scan(&who, &seq)
			rows[uint64(seq)] += mix(uint64(who), uint64(seq))
			return err
		}); err != nil {
			return 0, err
		}
	}
	first := uint64(0)
	err := d.rows(ctx, "SELECT "+entryColumns+" FROM audit_entry ORDER BY seq", nil, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err == nil && first == 0 && sumOf(e) != rows[e.Seq] {
			first = e.Seq
		}
		delete(rows, e.Seq)
		return err
	})
	for seq := range rows {
		if first == 0 || seq < first {
			first = seq
		}
	}
	return first, err
}
