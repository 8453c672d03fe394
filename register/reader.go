package register

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Range is a condition on a date field, pushed down to the source: From <=
// value < To.
type Range struct {
	Field    permission.Field
	From, To time.Time
}

// Source holds facts. It is given the fields and the people and cannot be
// asked for more.
type Source interface {
	// Has lists the fields that the source holds.
	Has() []permission.Field
	// Find returns the people with a fact in the range. Only numbers leave it.
	Find(ctx context.Context, r Range) (*roaring.Bitmap, error)
	// Select hands over the facts of the fields of the people, in any order.
	Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap,
		each func(person.ID, permission.Field, Fact) error) error
}

// Journal keeps entries durably.
type Journal interface {
	Note(ctx context.Context, e audit.Entry) error
}

// Reader is the only way to the registers.
type Reader struct {
	sources []Source
	journal Journal
}

// NewReader makes a reader over sources; of two that hold the same field the
// first is asked.
func NewReader(j Journal, sources ...Source) *Reader { return &Reader{sources, j} }

// Row is one person with the granted facts, sealed.
type Row struct {
	ID    person.ID
	facts map[permission.Field][]Sealed[Fact]
	read  map[permission.Field]bool // shared by the rows of one reading
}

// Read reports whether a source held the field: without facts the person has
// none. Otherwise nothing is known.
func (r Row) Read(f permission.Field) bool { return r.read[f] }

// Facts are the person's facts of one field, oldest first.
func (r Row) Facts(f permission.Field) []Sealed[Fact] { return r.facts[f] }

// Open returns the values of one field under the grant.
func (r Row) Open(g permission.Grant, f permission.Field) ([]Fact, error) {
	if !g.Allows(f, r.ID) {
		return nil, fault.New(fault.Refused, "register.Open", "the grant does not open %q of this person", f)
	}
	out := make([]Fact, 0, len(r.facts[f]))
	for _, s := range r.facts[f] {
		v, err := s.Open(g)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Text returns the latest value of a text or hidden field, "" if there is
// none or it may not be opened.
func (r Row) Text(g permission.Grant, f permission.Field) string {
	facts, err := r.Open(g, f)
	if err != nil || len(facts) == 0 {
		return ""
	}
	s, _ := facts[len(facts)-1].Value.(string)
	return s
}

// YesNo returns the latest value of a yes-or-no field.
func (r Row) YesNo(g permission.Grant, f permission.Field) bool {
	facts, err := r.Open(g, f)
	if err != nil || len(facts) == 0 {
		return false
	}
	b, _ := facts[len(facts)-1].Value.(bool)
	return b
}

// Read finds the people (all whom the grant names or, with where, those in
// the range whom the grant covers), puts the reading on the record as one
// entry with the people it covers, and only then hands over their rows, in
// order of number. If the entry cannot be kept, nothing is read. A source that
// returns more than was asked is cut back.
//
// Where the grant hangs on people's own permission it is looked at again before
// each block of people is read, and once more before the rows are handed over.
// Whose permission fell away since the entry is left out, and that is on the
// record.
func (r *Reader) Read(ctx context.Context, g permission.Grant, where *Range, object string) ([]Row, error) {
	const op = "register.Read"
	if g.IsZero() {
		return nil, fault.New(fault.Refused, op, "there is no grant")
	}
	people, err := r.who(ctx, g, where)
	if err != nil {
		return nil, err
	}
	if people, err = g.Still(ctx, people); err != nil {
		return nil, err
	}
	if err := r.journal.Note(ctx, entry(g, object, people)); err != nil {
		return nil, fault.Wrap(err, op, "the reading could not be put on the record, so nothing was read")
	}
	read := map[permission.Field]bool{}
	rows := make(map[person.ID]*Row, people.GetCardinality())
	for it := people.Iterator(); it.HasNext(); {
		id := person.ID(it.Next())
		rows[id] = &Row{ID: id, facts: map[permission.Field][]Sealed[Fact]{}, read: read}
	}
	last := people
	if g.Standing() {
		last = roaring.New()
	}
	for _, block := range blocks(g, people) {
		if g.Standing() {
			if block, err = g.Still(ctx, block); err != nil {
				return nil, err
			}
			last.Or(block)
		}
		if err := r.selectBlock(ctx, g, block, rows, read); err != nil {
			return nil, err
		}
	}
	if g.Standing() {
		if last, err = g.Still(ctx, last); err != nil {
			return nil, err
		}
		if err := noteLeft(ctx, r.journal, g, object, roaring.AndNot(people, last)); err != nil {
			return nil, err
		}
	}
	out := make([]Row, 0, last.GetCardinality())
	for it := last.Iterator(); it.HasNext(); {
		row := rows[person.ID(it.Next())]
		sortFacts(row)
		out = append(out, *row)
	}
	return out, nil
}

// selectBlock reads the granted fields of a block of people into their rows.
func (r *Reader) selectBlock(ctx context.Context, g permission.Grant, block *roaring.Bitmap, rows map[person.ID]*Row, read map[permission.Field]bool) error {
	rest := g.Fields()
	for _, s := range r.sources {
		var ask []permission.Field
		for _, f := range s.Has() {
			if i := slices.Index(rest, f); i >= 0 {
				ask, rest = append(ask, f), slices.Delete(rest, i, i+1)
				read[f] = true
			}
		}
		if len(ask) == 0 {
			continue
		}
		err := s.Select(ctx, ask, block, func(id person.ID, f permission.Field, v Fact) error {
			if row, ok := rows[id]; ok && slices.Contains(ask, f) && (!g.Standing() || block.Contains(uint32(id))) {
				row.facts[f] = append(row.facts[f], Seal(f, id, v))
			}
			return nil
		})
		if err != nil {
			return fault.Wrap(err, "register.Read", "a register could not be read")
		}
	}
	return nil
}

func sortFacts(r *Row) {
	for _, facts := range r.facts {
		slices.SortStableFunc(facts, func(a, b Sealed[Fact]) int { return a.v.v.From.Compare(b.v.v.From) })
	}
}

func (r *Reader) who(ctx context.Context, g permission.Grant, where *Range) (*roaring.Bitmap, error) {
	if where == nil {
		set, ok := g.Named()
		if !ok {
			return nil, fault.New(fault.Refused, "register.Read", "a reading of everyone needs a condition").Do("push a date range down, or name the people")
		}
		return set, nil
	}
	if !slices.Contains(g.Fields(), where.Field) {
		return nil, fault.New(fault.Refused, "register.Read", "the grant does not cover %q, on which the condition stands", where.Field)
	}
	for _, s := range r.sources {
		if slices.Contains(s.Has(), where.Field) {
			found, err := s.Find(ctx, *where)
			if err != nil {
				return nil, fault.Wrap(err, "register.Read", "the people could not be found")
			}
			return g.Cut(found), nil
		}
	}
	return nil, fault.New(fault.Missing, "register.Read", "no register holds the field %q", where.Field).Do("import the register first")
}
