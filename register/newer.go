package register

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/permission"
	"ennakko/person"
)

// Base is a source of snapshots that can be read person by person and as whole
// columns.
type Base interface {
	Source
	Bulk
}

// Newer tells of single records that came in since the snapshots of a source;
// people are those of whom it is asked, nil everyone.
type Newer func(ctx context.Context, people *roaring.Bitmap) ([]clinical.Record, error)

// With lays the records that came in since over a source: a field of records has
// those of both. It is asked for them at each reading, and only for fields that
// the source holds: that one thing came in does not make a record one that was
// read.
func With(base Base, newer Newer) Base { return &over{base, newer} }

type over struct {
	base  Base
	newer Newer
}

func (o *over) Has() []permission.Field { return o.base.Has() }

func (o *over) Find(ctx context.Context, r Range) (*roaring.Bitmap, error) {
	return o.base.Find(ctx, r)
}

func (o *over) Everyone(ctx context.Context, fields []permission.Field) (*roaring.Bitmap, error) {
	return o.base.Everyone(ctx, fields)
}

func isRecords(f permission.Field) bool {
	spec, ok := Spec(f)
	return ok && spec.Kind == Record
}

func (o *over) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap,
	each func(person.ID, permission.Field, Fact) error) error {
	if err := o.base.Select(ctx, fields, people, each); err != nil || !slices.ContainsFunc(fields, isRecords) {
		return err
	}
	list, err := o.newer(ctx, people)
	if err != nil {
		return err
	}
	for _, r := range list {
		f := permission.Field(r.Kind.Field())
		if !slices.Contains(fields, f) || !people.Contains(uint32(r.Person)) {
			continue
		}
		if err := each(r.Person, f, RecordFact(r)); err != nil {
			return err
		}
	}
	return nil
}

// RecordFact is a record as the fact of its field.
func RecordFact(r clinical.Record) Fact {
	f := Fact{Value: r}
	if r.From != clinical.Always {
		f.From = DayTime(r.From)
	}
	if r.Until != clinical.Open {
		f.Until = DayTime(r.Until)
	}
	return f
}

// newerPart is the part of a scan that has what came in since; files of snapshots
// are numbered from 0.
const newerPart = math.MaxInt32

func (o *over) Scan(ctx context.Context, f permission.Field, want func(code string) bool, each func(part int, c *Chunk) error) error {
	if err := o.base.Scan(ctx, f, want, each); err != nil || !isRecords(f) {
		return err
	}
	list, err := o.newer(ctx, nil)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r clinical.Record) bool { return r.Kind.Field() != string(f) })
	if c := chunkOf(list, want); len(c.Person) > 0 {
		return each(newerPart, c)
	}
	return nil
}

// chunkOf is records as columns: one row for each code, in the order of code,
// person, day and minute.
func chunkOf(list []clinical.Record, want func(code string) bool) *Chunk {
	type row struct {
		code string
		r    *clinical.Record
	}
	var rows []row
	for i := range list {
		for _, code := range list[i].Codes {
			if s := code.String(); want == nil || want(s) {
				rows = append(rows, row{s, &list[i]})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.r.Person, b.r.Person), cmp.Compare(a.r.From, b.r.From), cmp.Compare(a.r.Minute, b.r.Minute), cmp.Compare(a.r.Group, b.r.Group))
	})
	c := &Chunk{Words: []string{""}}
	numbers := map[string]uint32{"": 0}
	word := func(s string) uint32 {
		n, ok := numbers[s]
		if !ok {
			n = uint32(len(c.Words)) //nolint:gosec // new records are few
			numbers[s], c.Words = n, append(c.Words, s)
		}
		return n
	}
	for _, x := range rows {
		c.Person, c.Day, c.Until, c.Minute = append(c.Person, uint32(x.r.Person)), append(c.Day, x.r.From), append(c.Until, x.r.Until), append(c.Minute, x.r.Minute)
		c.Value, c.Encounter, c.Group = append(c.Value, x.r.Value), append(c.Encounter, x.r.Encounter), append(c.Group, x.r.Group)
		c.Code, c.Unit, c.ValueCode = append(c.Code, word(x.code)), append(c.Unit, word(x.r.Unit)), append(c.ValueCode, word(x.r.ValueCode.String()))
		c.Class, c.Status = append(c.Class, word(x.r.Class)), append(c.Status, word(x.r.Status))
	}
	return c
}
