package tables

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// ranges writes a set of numbers as "3, 5-9".
func ranges(set *roaring.Bitmap) string {
	var parts []string
	for it := set.Iterator(); it.HasNext(); {
		from := it.Next()
		to := from
		for it.HasNext() && it.PeekNext() == to+1 {
			to = it.Next()
		}
		if from == to {
			parts = append(parts, strconv.FormatUint(uint64(from), 10))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", from, to))
		}
	}
	return strings.Join(parts, ", ")
}

// parseRanges reads what ranges wrote.
func parseRanges(s string) (*roaring.Bitmap, error) {
	out := roaring.New()
	for _, part := range strings.Split(s, ", ") {
		a, b, many := strings.Cut(part, "-")
		from, err := strconv.ParseUint(a, 10, 32)
		if err != nil {
			return out, err
		}
		to := from
		if many {
			if to, err = strconv.ParseUint(b, 10, 32); err != nil {
				return out, err
			}
		}
		out.AddRange(from, to+1)
	}
	return out, nil
}

// Explained holds the entries of which only the leaf is left against those that
// say which were erased: nothing leaves the record unsaid. The fault is Tampered
// and names the first entry that nobody said was erased.
func (d *DB) Explained(ctx context.Context) error {
	const op = "store.Explained"
	gone, said := roaring.New(), roaring.New()
	if err := d.rows(ctx, "SELECT seq FROM audit_entry WHERE verb = '' ORDER BY seq", nil, func(scan func(...any) error) error {
		var seq int64
		err := scan(&seq)
		gone.Add(uint32(seq))
		return err
	}); err != nil || gone.IsEmpty() {
		return err
	}
	if err := d.rows(ctx, "SELECT seq, detail FROM audit_entry WHERE verb = ?", []any{store.EraseVerb}, func(scan func(...any) error) error {
		var seq int64
		var detail string
		if err := scan(&seq, &detail); err != nil {
			return err
		}
		set, err := parseRanges(strings.TrimPrefix(detail, "entries "))
		if err != nil {
			return fault.New(fault.Tampered, op, "what was erased is not readable").Where("entry %d", seq)
		}
		said.Or(set)
		return nil
	}); err != nil {
		return err
	}
	gone.AndNot(said)
	if gone.IsEmpty() {
		return nil
	}
	return fault.New(fault.Tampered, op, "its content is gone, and no entry says that it was erased").Where("entry %d", gone.Minimum()).Do("bring the store back from the backup")
}

// Scrub makes sure that the storage no longer holds what was erased.
func (d *DB) Scrub(ctx context.Context) error {
	if d.engine.Scrub == nil {
		return nil
	}
	return fault.Wrap(d.engine.Scrub(ctx, d.write), "store.Scrub", "the storage still holds what was erased")
}

// HasPeople reports whether people are still in a round.
func (d *DB) HasPeople(ctx context.Context, id store.RoundID) (bool, error) {
	var n int
	_, err := d.row(ctx, "SELECT count(*) FROM finding WHERE round = ? AND person < ?", []any{int64(id), int64(person.Nobody)}, &n)
	return n > 0, err
}
