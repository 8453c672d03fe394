package tables

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

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
// before a number; 0 begins with the newest. It finds the small sets by the person,
// and looks into the large ones until it has enough: how long that takes grows
// with how many large sets there are to look into, not with the record.
func (d *DB) UsesBefore(ctx context.Context, id person.ID, before uint64, limit int) ([]audit.Entry, error) {
	end := int64(math.MaxInt64)
	if before > 0 && before < math.MaxInt64 {
		end = int64(before)
	}
	var own []int64
	err := d.rows(ctx, "SELECT seq FROM audit_person WHERE person = ? AND seq < ? ORDER BY seq DESC LIMIT ?", []any{int64(id), end, limit}, func(scan func(...any) error) error {
		var seq int64
		err := scan(&seq)
		own = append(own, seq)
		return err
	})
	if err != nil || limit <= 0 {
		return nil, err
	}
	oldest := int64(0) // what is older than that has no place on the list
	if len(own) == limit {
		oldest = own[limit-1]
	}
	mass, err := d.massOf(ctx, id, oldest, end, limit)
	if err != nil {
		return nil, err
	}
	all := append(own, mass...)
	slices.SortFunc(all, func(a, b int64) int { return cmp.Compare(b, a) })
	return d.usesOf(ctx, id, all[:min(len(all), limit)])
}

// someMass is how many large sets are fetched at once, and someEntries how many
// entries.
const (
	someMass    = 64
	someEntries = 32
)

// massOf finds the newest entries with large sets that cover a person, after one
// number and before another.
func (d *DB) massOf(ctx context.Context, id person.ID, after, before int64, limit int) (found []int64, err error) {
	for n := someMass; n == someMass && len(found) < limit; {
		n = 0
		err := d.rows(ctx, `SELECT m.seq, e.people FROM (SELECT seq FROM audit_mass WHERE seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?) m
			CROSS JOIN audit_entry e WHERE e.seq = m.seq ORDER BY m.seq DESC`, []any{after, before, someMass}, func(scan func(...any) error) error {
			var seq int64
			var set []byte
			if err := scan(&seq, &set); err != nil {
				return err
			}
			n, before = n+1, seq
			people, err := audit.PeopleOf(set)
			if err != nil {
				return fault.New(fault.Tampered, "store.Uses", "its set of people is not readable").Where("entry %d", seq)
			}
			if people.Contains(uint32(id)) {
				found = append(found, seq)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// usesOf reads entries by their numbers, newest first, if they still cover the
// person.
func (d *DB) usesOf(ctx context.Context, id person.ID, seqs []int64) (out []audit.Entry, err error) {
	query := "SELECT " + entryColumns + " FROM audit_entry WHERE seq IN (?" + strings.Repeat(",?", someEntries-1) + ") ORDER BY seq DESC"
	for some := range slices.Chunk(seqs, someEntries) {
		args := make([]any, someEntries)
		for i := range args {
			args[i] = some[min(i, len(some)-1)] // the last one fills up
		}
		if err := d.rows(ctx, query, args, func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			if err == nil && e.People.Contains(uint32(id)) {
				out = append(out, e)
			}
			return err
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
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
