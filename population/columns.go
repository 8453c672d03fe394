package population

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/person"
)

// Columns is what the registers say of many people: for each concept and field
// the facts of all of them. It may be used by many at once.
type Columns struct {
	texts   *dictionary
	classes *dictionary
	ids     *roaring.Bitmap
	people  people
	days    *calendar
	homes   *homes // nil: nothing of households is held

	mu      sync.RWMutex
	columns []*column
	byName  map[string]int
}

func newColumns(ids *roaring.Bitmap) *Columns {
	c := &Columns{texts: newDictionary(), classes: newDictionary(), ids: ids, days: newCalendar(), byName: map[string]int{}}
	c.people = bitsOf(ids)
	return c
}

// bitsOf is a set of people as bits.
func bitsOf(ids *roaring.Bitmap) people {
	if ids.IsEmpty() {
		return newPeople(0)
	}
	p := newPeople(ids.Maximum())
	for it := ids.Iterator(); it.HasNext(); {
		p.set(it.Next())
	}
	return p
}

// People is a copy of the set of people that the columns are about.
func (c *Columns) People() *roaring.Bitmap { return c.ids.Clone() }

// Facts is how many facts the columns hold.
func (c *Columns) Facts() (n int) {
	for _, col := range c.all() {
		for _, p := range col.parts {
			n += p.rows()
		}
	}
	return n
}

// Bytes is the memory that the columns take.
func (c *Columns) Bytes() (n int) {
	for _, col := range c.all() {
		n += 8 * (len(col.bad) + len(col.read))
		for _, p := range col.parts {
			n += p.bytes()
		}
	}
	return n
}

func (c *Columns) all() []*column {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.columns
}

// number is the place of the column of that name. One of which nothing is held
// is made, and was not read.
func (c *Columns) number(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, ok := c.byName[name]; ok {
		return i
	}
	c.columns = append(slices.Clip(c.columns), &column{name: name})
	c.byName[name] = len(c.columns) - 1
	return len(c.columns) - 1
}

func (c *Columns) put(col *column) {
	i := c.number(col.name)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.columns = slices.Clone(c.columns)
	c.columns[i] = col
}

// city gives a worker the columns of everyone.
type city struct {
	columns []*column
	people  people
}

func (c *Columns) city() city { return city{c.all(), c.people} }

func (c city) column(col, block int) (*part, int) {
	parts := c.columns[col].parts
	if i := block / partBlocks; i < len(parts) && parts[i] != nil {
		return parts[i], block % partBlocks
	}
	return nil, 0
}

func (c city) read(col, block int) flags { return c.columns[col].read.block(block) }
func (c city) bad(col, block int) flags  { return c.columns[col].bad.block(block) }

// rowOf is a fact of criteria on its way into a column.
func (c *Columns) rowOf(id person.ID, f criteria.Fact) row {
	r := row{person: uint32(id), from: always, until: open, minute: int16(f.Minute), visit: f.Encounter, group: f.Group} //nolint:gosec // a day has 1,440 minutes
	if !f.From.IsZero() {
		r.from = criteria.DayNumber(f.From)
	}
	if !f.Until.IsZero() {
		r.until = criteria.DayNumber(f.Until)
	}
	r.class = uint16(c.classes.number(f.Class)) //nolint:gosec // classes are few
	r.code, r.marks = c.texts.number(f.Code.String()), c.texts.number(f.Qualifier)
	switch v := f.Value.(type) {
	case float64:
		r.num, r.kind = v, ofNumber
	case criteria.Bad:
		r.num, r.kind = math.NaN(), ofNumber
	case string:
		r.text = c.texts.number(v)
	case coding.Code:
		r.text = c.texts.number(v.String())
	case time.Time:
		r.text = uint32(criteria.DayNumber(v)) //nolint:gosec // a day is kept bit by bit
	case bool:
		r.text = uint32(bit(v)) //nolint:gosec // 0 or 1
	case person.ID:
		r.text = uint32(v)
	}
	if f.Value != nil && r.kind == 0 {
		r.kind = ofText
	}
	return r
}

// markBad notes who has a number that cannot be used.
func (col *column) markBad(most uint32) {
	col.bad = nil
	for i, p := range col.parts {
		if p == nil || p.num == nil {
			continue
		}
		p.each(uint32(i)<<partBits, func(id, lo, hi uint32) { //nolint:gosec // fewer parts than people
			for _, x := range p.num[lo:hi] {
				if x != x {
					if col.bad == nil {
						col.bad = newPeople(most)
					}
					col.bad.set(id)
				}
			}
		})
	}
}

// Gather makes columns of what is known of each of the people, as package
// criteria sees it: for tests, and for few people. A field or concept that was
// not read of a person is unknown.
func Gather(ids []person.ID, names []string, of func(person.ID) criteria.Facts) *Columns {
	set := roaring.New()
	for _, id := range ids {
		set.Add(uint32(id))
	}
	c := newColumns(set)
	for _, name := range names {
		col := &column{name: name, read: slices.Clone(c.people)}
		clear(col.read)
		builders := map[int]*builder{}
		for it := set.Iterator(); it.HasNext(); {
			id := it.Next()
			facts, read := of(person.ID(id)).Facts(name)
			if !read {
				continue
			}
			col.read.set(id)
			at := int(id >> partBits)
			if builders[at] == nil {
				builders[at] = &builder{texts: c.texts}
			}
			for _, f := range facts {
				if _, shared := cutHousehold(name); shared {
					f.Group, f.Encounter = 0, 0 // they number what is of one person
				}
				col.kind = kindOf(f.Value)
				builders[at].add(c.rowOf(person.ID(id), f))
			}
		}
		for at, b := range builders {
			col.setPart(at, b.part(false))
		}
		if !set.IsEmpty() {
			col.markBad(set.Maximum())
		}
		c.put(col)
	}
	return c
}

// kindOf is the kind of a value.
func kindOf(v any) criteria.Kind {
	switch v.(type) {
	case string:
		return criteria.Text
	case time.Time:
		return criteria.Date
	case float64, criteria.Bad:
		return criteria.Number
	case bool:
		return criteria.YesNo
	case person.ID:
		return criteria.Person
	case coding.Code:
		return criteria.Coded
	}
	return criteria.Event
}

func (col *column) setPart(at int, p *part) {
	for len(col.parts) <= at {
		col.parts = append(col.parts, nil)
	}
	col.parts[at] = p
}
