package register

import (
	"cmp"
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/permission"
)

// Chunk is some thousand facts of one field, one slice for a column, all of the
// same length or nil where the field has no such column. It is valid only while
// the function that it was handed to runs.
type Chunk struct {
	Words  []string // texts by number; number 0 is "no text"
	Person []uint32
	Day    []int32   // the first day since 1970-01-01; math.MinInt32: not known
	Until  []int32   // the last day; math.MaxInt32: open
	Value  []float64 // a number, a day, a person's number, or 1 for yes and 0 for no; NaN: none
	Text   []uint32  // the value of a text field, as a number into Words

	// Of records of the register of health only.
	Minute                               []int32  // of the day Day; -1: not known
	Code, Unit, ValueCode, Class, Status []uint32 // numbers into Words
	Encounter, Group                     []uint32

	Qualifier []uint32 // numbers into Words
}

// Bulk is a source that can hand over whole columns.
type Bulk interface {
	Has() []permission.Field
	// Everyone lists the people of whom the fields say anything.
	Everyone(ctx context.Context, fields []permission.Field) (*roaring.Bitmap, error)
	// Scan hands over the facts of one field, part by part: within a part in the
	// order of code, person, day and minute, several parts at the same time. Of
	// records only those come whose code is wanted (nil: all).
	Scan(ctx context.Context, f permission.Field, want func(code string) bool, each func(part int, c *Chunk) error) error
}

// Reading is the right to read the fields of a grant for all of its people,
// after it was put on the record as one entry. The zero Reading reads nothing.
type Reading struct {
	people *roaring.Bitmap
	dense  []uint64 // people as bits
	fields map[permission.Field]Bulk
	again  *again // nil: the grant hangs on nobody's own permission
}

// Bulk puts the reading of all fields of the grant, of everyone whom the
// sources know and the grant covers, on the record as one entry with the people
// it covers. If the entry cannot be kept, nothing is read. Sources that cannot
// hand over columns are not asked.
//
// Where the grant hangs on people's own permission, each chunk that Scan hands
// over is looked at again. Whose permission fell away is left out from then on,
// in every later part of the reading, and that is on the record.
func (r *Reader) Bulk(ctx context.Context, g permission.Grant, object string) (*Reading, error) {
	const op = "register.Bulk"
	if g.IsZero() {
		return nil, fault.New(fault.Refused, op, "there is no grant")
	}
	out := &Reading{people: roaring.New(), fields: map[permission.Field]Bulk{}}
	rest := g.Fields()
	for _, s := range r.sources {
		b, ok := s.(Bulk)
		if !ok {
			continue
		}
		var mine []permission.Field
		for _, f := range b.Has() {
			if i := slices.Index(rest, f); i >= 0 {
				mine, rest = append(mine, f), slices.Delete(rest, i, i+1)
				out.fields[f] = b
			}
		}
		if len(mine) == 0 {
			continue
		}
		people, err := b.Everyone(ctx, mine)
		if err != nil {
			return nil, fault.Wrap(err, op, "the people could not be found")
		}
		out.people.Or(people)
	}
	people, err := g.Still(ctx, out.people)
	if err != nil {
		return nil, err
	}
	out.people = people
	if err := r.journal.Note(ctx, entry(g, object, people)); err != nil {
		return nil, fault.Wrap(err, op, "the reading could not be put on the record, so nothing was read")
	}
	if g.Standing() {
		out.again = &again{grant: g, journal: r.journal, object: object, left: roaring.New(), noted: roaring.New()}
	}
	out.dense = make([]uint64, 0)
	if !out.people.IsEmpty() {
		out.dense = make([]uint64, out.people.Maximum()/64+1)
	}
	for it := out.people.Iterator(); it.HasNext(); {
		id := it.Next()
		out.dense[id/64] |= 1 << (id % 64)
	}
	return out, nil
}

// People is a copy of whom the reading covers, less those who fell away since.
func (r *Reading) People() *roaring.Bitmap {
	if r.people == nil {
		return roaring.New()
	}
	if r.again != nil {
		return roaring.AndNot(r.people, r.again.gone())
	}
	return r.people.Clone()
}

// Read reports whether a source holds the field: then a person without facts
// has none. Otherwise nothing is known.
func (r *Reading) Read(f permission.Field) bool { return r.fields[f] != nil }

// Scan hands over the facts of a field that the reading covers, as Bulk.Scan
// does; what a source returns of others is cut away.
func (r *Reading) Scan(ctx context.Context, f permission.Field, want func(code string) bool, each func(part int, c *Chunk) error) error {
	const op = "register.Scan"
	s, ok := r.fields[f]
	if !ok {
		return fault.New(fault.Refused, op, "the reading does not cover the field %q", f)
	}
	if r.again == nil {
		return fault.Wrap(s.Scan(ctx, f, want, func(part int, c *Chunk) error {
			r.cut(c)
			return each(part, c)
		}), op, "a register could not be read")
	}
	err := fault.Wrap(s.Scan(ctx, f, want, func(part int, c *Chunk) error {
		still, err := r.again.look(ctx, c, r.people)
		if err != nil {
			return err
		}
		if c.keep(still); len(c.Person) == 0 {
			return nil
		}
		return each(part, c)
	}), op, "a register could not be read")
	return cmp.Or(err, r.again.note(ctx))
}

// cut takes the rows of people away whom the reading does not cover.
func (r *Reading) cut(c *Chunk) {
	n := 0
	for i, id := range c.Person {
		if int(id/64) >= len(r.dense) || r.dense[id/64]>>(id%64)&1 == 0 {
			continue
		}
		if n != i {
			c.move(n, i)
		}
		n++
	}
	if n < len(c.Person) {
		c.shorten(n)
	}
}

// texts are the columns of numbers without a sign.
func (c *Chunk) texts() [10]*[]uint32 {
	return [...]*[]uint32{&c.Person, &c.Text, &c.Code, &c.Unit, &c.ValueCode, &c.Class, &c.Status, &c.Encounter, &c.Group, &c.Qualifier}
}

func (c *Chunk) move(to, from int) {
	for _, col := range c.texts() {
		if *col != nil {
			(*col)[to] = (*col)[from]
		}
	}
	for _, col := range []*[]int32{&c.Day, &c.Until, &c.Minute} {
		if *col != nil {
			(*col)[to] = (*col)[from]
		}
	}
	if c.Value != nil {
		c.Value[to] = c.Value[from]
	}
}

func (c *Chunk) shorten(n int) {
	for _, col := range c.texts() {
		if *col != nil {
			*col = (*col)[:n]
		}
	}
	for _, col := range []*[]int32{&c.Day, &c.Until, &c.Minute} {
		if *col != nil {
			*col = (*col)[:n]
		}
	}
	if c.Value != nil {
		c.Value = c.Value[:n]
	}
}
