package tables

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/store"
)

// Cohort is a prepared round in counts of children. It is fixed when the round
// is prepared.
type Cohort struct {
	ByDistrict map[string]int // places held, by the district of the unit
	ByLanguage map[string]int // places held, by language of instruction
	ByReason   map[string]int // why this unit: stays, sibling, together, nearest, room
	Waiting    map[string]int // children without a place, by reason
	LeftOut    []LeftOut      // in order of count
	Failsafe   int            // of those left out
	People     []store.Breakdown
}

// LeftOut counts the children whom a criterion leaves out. A child can be left
// out by more than one.
type LeftOut struct {
	Criterion string
	Verdict   criteria.Verdict
	Children  int
	Failsafe  int // of them on the failsafe list
}

// Cohort counts a prepared round. The units are as they were known on the day
// of the round.
func (d *DB) Cohort(ctx context.Context, id store.RoundID, asOf time.Time) (Cohort, error) {
	c := Cohort{ByDistrict: map[string]int{}, ByLanguage: map[string]int{}, ByReason: map[string]int{}, Waiting: map[string]int{}}
	r := int64(id)
	for _, q := range []struct {
		to    map[string]int
		query string
		args  []any
	}{
		{c.ByDistrict, "SELECT coalesce(u.district, ''), count(*) FROM draft d LEFT JOIN unit u ON u.unit = d.unit AND u.language = d.language AND u.snapshot = " +
			latest + " WHERE d.round = ? GROUP BY 1", []any{"units", asOf.Format(time.DateOnly), r}},
		{c.ByLanguage, "SELECT language, count(*) FROM draft WHERE round = ? GROUP BY 1", []any{r}},
		{c.ByReason, "SELECT reason, count(*) FROM draft WHERE round = ? GROUP BY 1", []any{r}},
		{c.Waiting, "SELECT reason, count(*) FROM waiting WHERE round = ? GROUP BY 1", []any{r}},
	} {
		if err := d.rows(ctx, q.query, q.args, countInto(q.to)); err != nil {
			return c, err
		}
	}
	var err error
	if c.LeftOut, err = d.leftOutBy(ctx, r); err != nil {
		return c, err
	}
	if _, err = d.row(ctx, "SELECT count(*) FROM finding WHERE round = ? AND failsafe = 1", []any{r}, &c.Failsafe); err != nil {
		return c, err
	}
	err = d.rows(ctx, "SELECT stage, by, key, n FROM breakdown WHERE round = ? ORDER BY stage, by, key", []any{r}, func(scan func(...any) error) error {
		var b store.Breakdown
		err := scan(&b.Stage, &b.By, &b.Key, &b.N)
		c.People = append(c.People, b)
		return err
	})
	return c, err
}

// leftOutBy counts those who were left out by criterion and verdict, the most
// first.
func (d *DB) leftOutBy(ctx context.Context, round int64) ([]LeftOut, error) {
	type key struct{ criterion, verdict string }
	by := map[key]*LeftOut{}
	err := d.rows(ctx, "SELECT reasons, failsafe FROM finding WHERE round = ? AND verdict <> 'met'", []any{round}, func(scan func(...any) error) error {
		var text string
		var failsafe int
		if err := scan(&text, &failsafe); err != nil {
			return err
		}
		var reasons []criteria.Reason
		if err := json.Unmarshal([]byte(text), &reasons); err != nil {
			return fault.New(fault.Tampered, "store.Cohort", "a finding of round %d is not readable", round)
		}
		for _, x := range reasons {
			if x.Verdict == criteria.Met {
				continue
			}
			k := key{x.Criterion, string(x.Verdict)}
			if by[k] == nil {
				by[k] = &LeftOut{Criterion: x.Criterion, Verdict: x.Verdict}
			}
			by[k].Children++
			by[k].Failsafe += failsafe
		}
		return nil
	})
	out := make([]LeftOut, 0, len(by))
	for _, l := range by {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b LeftOut) int {
		return cmp.Or(b.Children-a.Children, cmp.Compare(a.Criterion, b.Criterion), cmp.Compare(a.Verdict, b.Verdict))
	})
	return out, err
}

// Entries lists entries of the record, newest first, from the one before the
// number given; 0 begins with the newest. With readings only those are listed
// in which fields of people were read.
func (d *DB) Entries(ctx context.Context, before uint64, readings bool, limit int) ([]audit.Entry, error) {
	var out []audit.Entry
	err := d.rows(ctx, "SELECT "+entryColumns+" FROM audit_entry WHERE verb <> '' AND (CAST(?1 AS BIGINT) = 0 OR seq < ?1) AND (CAST(?2 AS BIGINT) = 0 OR length(people) > 0 AND fields NOT IN ('null', '[]')) ORDER BY seq DESC LIMIT ?3",
		[]any{int64(before), flag(readings), limit},
		func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			out = append(out, e)
			return err
		})
	return out, err
}
