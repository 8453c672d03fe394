package parquet

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register"
)

// isRecords reports whether a field holds records with codes.
func isRecords(f permission.Field) bool {
	spec, ok := register.Spec(f)
	return ok && spec.Kind == register.Record
}

// Everyone lists the people of whom any of the fields says anything. Of health
// records those count that were read, so nobody counts by records alone.
func (s *Source) Everyone(ctx context.Context, fields []permission.Field) (*roaring.Bitmap, error) {
	out := roaring.New()
	e, err := newEngine()
	if err != nil {
		return nil, err
	}
	defer e.close()
	for _, f := range fields {
		if len(s.files[f]) == 0 || isRecords(f) {
			continue
		}
		err := e.each(ctx, "SELECT person FROM "+s.scan(f), func(c *batch) error {
			out.AddMany(numbers[uint32](c, 0))
			return nil
		})
		if err != nil {
			return nil, fault.Wrap(err, "parquet.Everyone", "the field %s cannot be read", f)
		}
	}
	return out, nil
}

// Scan hands over all facts of a field in chunks, several parts at the same
// time. Of a field of records only the codes that are wanted come. It reads
// DuckDB's own vectors: row by row through database/sql takes eleven times as
// long (decision 026).
func (s *Source) Scan(ctx context.Context, f permission.Field, want func(code string) bool, each func(part int, c *register.Chunk) error) error {
	const op = "parquet.Scan"
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for part, path := range s.files[f] {
		g.Go(func() error {
			e, err := newEngine()
			if err != nil {
				return err
			}
			defer e.close()
			from := "read_parquet(" + quote(path) + ")"
			q := question{field: f, from: from}
			if isRecords(f) {
				some, err := q.records(ctx, e, want)
				if err != nil || !some {
					return fault.Wrap(err, op, "the field %s cannot be read", f)
				}
			}
			w := newWords()
			err = e.each(ctx, q.text(), func(b *batch) error { return each(part, q.chunk(b, w)) })
			return fault.Wrap(err, op, "the field %s cannot be read", f)
		})
	}
	return g.Wait()
}

// question is what is asked of one file.
type question struct {
	field   permission.Field
	from    string
	coded   bool
	where   string
	textual bool // the value is a text
}

// records makes it a question for records with wanted codes; false: there are
// none in the file.
func (q *question) records(ctx context.Context, e *engine, want func(string) bool) (bool, error) {
	q.coded = true
	if want == nil {
		return true, nil
	}
	var wanted []string
	all := true
	w := newWords()
	err := e.each(ctx, "SELECT DISTINCT code FROM "+q.from, func(b *batch) error {
		w.batch()
		for i := range b.size {
			if code := w.list[w.at(b, 0, i)]; want(code) {
				wanted = append(wanted, quote(code))
			} else {
				all = false
			}
		}
		return nil
	})
	if err != nil || len(wanted) == 0 {
		return false, err
	}
	if !all {
		slices.Sort(wanted)
		q.where = " WHERE code IN (" + strings.Join(wanted, ", ") + ")"
	}
	return true, nil
}

func (q *question) text() string {
	days := fmt.Sprintf("person, coalesce(day, %d)::INTEGER, coalesce(until, %d)::INTEGER", math.MinInt32, math.MaxInt32)
	switch {
	case q.coded:
		return "SELECT " + days + ", value, coalesce(minute, -1)::INTEGER, coalesce(encounter, 0)::UINTEGER, coalesce(grp, 0)::UINTEGER, code, unit, value_code, class, status FROM " + q.from + q.where
	case q.field == register.HealthRead:
		return "SELECT person, day::INTEGER FROM " + q.from
	}
	spec, _ := register.Spec(q.field)
	q.textual = spec.Kind == register.Text
	if q.textual {
		return "SELECT " + days + ", value, qualifier FROM " + q.from
	}
	return "SELECT " + days + ", value::DOUBLE, qualifier FROM " + q.from
}

func (q *question) chunk(b *batch, w *words) *register.Chunk {
	w.batch()
	c := &register.Chunk{Person: numbers[uint32](b, 0), Day: numbers[int32](b, 1)}
	switch {
	case q.coded:
		c.Until, c.Value = numbers[int32](b, 2), b.doubles(3)
		c.Minute, c.Encounter, c.Group = numbers[int32](b, 4), numbers[uint32](b, 5), numbers[uint32](b, 6)
		c.Code, c.Unit, c.ValueCode, c.Class, c.Status = w.column(b, 7), w.column(b, 8), w.column(b, 9), w.column(b, 10), w.column(b, 11)
	case q.field == register.HealthRead:
	case q.textual:
		c.Until, c.Text, c.Qualifier = numbers[int32](b, 2), w.column(b, 3), w.column(b, 4)
	default:
		c.Until, c.Value, c.Qualifier = numbers[int32](b, 2), b.doubles(3), w.column(b, 4)
	}
	c.Words = w.list
	return c
}
