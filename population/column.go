package population

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"ennakko/criteria"
)

// partBits says how many people share a part of a column: as many as share a
// file of facts.
const (
	partBits   = 17
	partBlocks = 1 << (partBits - blockBits)
)

// always and open bound the days of facts, as in package clinical.
const (
	always int32 = math.MinInt32
	open   int32 = math.MaxInt32
)

// column is the facts of one concept or one field of everyone, in parts.
type column struct {
	name  string
	kind  criteria.Kind // of its values
	parts []*part
	bad   people // who has a fact that cannot be used; nil: nobody
	read  people // of whom the register was read; nil: nobody
}

// part is the facts of the people of one part in the order of a series: by
// person, first day, minute, number of the resource and code. A slice that would
// hold nothing is nil.
type part struct {
	blocks []uint32 // where the people of each block begin in who; one more than there are blocks
	latest []int32  // of each block, the latest first day
	who    []uint16 // the people with facts, each once: the place in the block
	at     []uint32 // where the facts of each of them begin; one more than there are people
	from   []int32
	until  []int32   // nil: each fact is of one day
	minute []int16   // nil: none is known
	num    []float64 // numbers; NaN: it cannot be used
	text   []uint32  // texts, coded values, answers and days
	class  []uint16  // class of the encounter, as a number of classes
	visit  []uint32  // number of the encounter, 0: none
	marks  []uint32  // qualifier
	group  []uint32  // number of the resource, while the column is made
	code   uint32    // the code that made all of it facts, while the column is made
}

// untilOf is the last day of a fact.
func (p *part) untilOf(row uint32) int32 {
	if p.until == nil {
		return p.from[row]
	}
	return p.until[row]
}

// lasts is the last days of all facts.
func (p *part) lasts() []int32 {
	if p == nil || p.until == nil {
		return p.firsts()
	}
	return p.until
}

// firsts is the first days of all facts.
func (p *part) firsts() []int32 {
	if p == nil {
		return nil
	}
	return p.from
}

// numbers is the values of all facts that are numbers.
func (p *part) numbers() []float64 {
	if p == nil {
		return nil
	}
	return p.num
}

// rows is how many facts the part has.
func (p *part) rows() int {
	if p == nil {
		return 0
	}
	return len(p.from)
}

// bytes is the memory that the part takes.
func (p *part) bytes() int {
	if p == nil {
		return 0
	}
	return 4*cap(p.blocks) + 4*cap(p.latest) + 2*cap(p.who) + 4*cap(p.at) + 4*cap(p.from) + 4*cap(p.until) + 2*cap(p.minute) + 8*cap(p.num) + 4*cap(p.text) +
		2*cap(p.class) + 4*cap(p.visit) + 4*cap(p.marks) + 4*cap(p.group)
}

// dictionary gives texts numbers. Number 0 is "". It may be used by many at
// once.
type dictionary struct {
	mu    sync.RWMutex
	texts []string
	by    map[string]uint32
}

func newDictionary() *dictionary {
	return &dictionary{texts: []string{""}, by: map[string]uint32{"": 0}}
}

func (d *dictionary) number(s string) uint32 {
	d.mu.RLock()
	n, ok := d.by[s]
	d.mu.RUnlock()
	if ok {
		return n
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, ok := d.by[s]; ok {
		return n
	}
	n = uint32(len(d.texts)) //nolint:gosec // fewer texts than facts
	d.texts = append(d.texts, s)
	d.by[s] = n
	return n
}

// all is the texts by their numbers, as far as there are any now.
func (d *dictionary) all() []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.texts
}

func (d *dictionary) text(n uint32) string { return d.all()[n] }

// row is one fact on its way into a column.
type row struct {
	person      uint32
	from, until int32
	minute      int16
	class       uint16
	kind        uint8 // of the value
	num         float64
	text        uint32
	visit       uint32
	marks       uint32
	group       uint32
	code        uint32
}

// The kinds of value of a row. The zero kind is none.
const (
	ofNumber uint8 = iota + 1 // num
	ofText                    // text
)

// builder gathers facts of one part. They should come in order; what does not is
// sorted at the end.
type builder struct {
	texts *dictionary
	rows  []row
	loose bool // not in order
	twice bool // a resource stands twice
}

func (b *builder) add(r row) {
	if n := len(b.rows); n > 0 {
		last := &b.rows[n-1]
		b.loose = b.loose || b.order(*last, r) > 0
		b.twice = b.twice || last.person == r.person && last.group == r.group && r.group != 0
	}
	b.rows = append(b.rows, r)
}

// order is that of a series.
func (b *builder) order(x, y row) int {
	c := cmp.Or(cmp.Compare(x.person, y.person), cmp.Compare(x.from, y.from), cmp.Compare(x.minute, y.minute), cmp.Compare(x.group, y.group))
	if c != 0 || x.code == y.code {
		return c
	}
	xs, xc, _ := strings.Cut(b.texts.text(x.code), "|")
	ys, yc, _ := strings.Cut(b.texts.text(y.code), "|")
	return cmp.Or(strings.Compare(xs, ys), strings.Compare(xc, yc))
}

// once leaves of each resource the fact whose code comes first.
func (b *builder) once() {
	slices.SortStableFunc(b.rows, func(x, y row) int {
		return cmp.Or(cmp.Compare(x.person, y.person), cmp.Compare(x.group, y.group), strings.Compare(b.texts.text(x.code), b.texts.text(y.code)))
	})
	b.rows = slices.CompactFunc(b.rows, func(x, y row) bool { return x.group != 0 && x.person == y.person && x.group == y.group })
	b.loose = true
}

// part makes the part of what was gathered and begins anew. Records of one code
// keep their numbers and the code in it, in case another part is put to it.
func (b *builder) part(records bool) *part {
	if len(b.rows) == 0 {
		return nil
	}
	if b.twice {
		b.once()
	}
	if b.loose {
		slices.SortStableFunc(b.rows, b.order)
	}
	p := pack(b.rows)
	if records {
		p.group, p.code = make([]uint32, len(b.rows)), b.rows[0].code
		for i := range b.rows {
			p.group[i] = b.rows[i].group
		}
	}
	b.rows, b.loose, b.twice = b.rows[:0], false, false
	return p
}

// pack makes a part of rows in order.
func pack(rows []row) *part { return packed(rows, partBlocks) }

// packed is pack for people of so many blocks.
func packed(rows []row, blocks int) *part {
	n := len(rows)
	p := &part{blocks: make([]uint32, blocks+1), latest: make([]int32, blocks), from: make([]int32, n)}
	if slices.ContainsFunc(rows, func(r row) bool { return r.until != r.from }) {
		p.until = make([]int32, n)
	}
	if slices.ContainsFunc(rows, func(r row) bool { return r.minute > 0 || r.minute == 0 && r.group != 0 }) {
		p.minute = make([]int16, n)
	}
	has := func(k uint8) bool { return slices.ContainsFunc(rows, func(r row) bool { return r.kind == k }) }
	if has(ofNumber) {
		p.num = make([]float64, n)
	}
	numbers := func(of func(*row) uint32) []uint32 {
		if !slices.ContainsFunc(rows, func(r row) bool { return of(&r) != 0 }) {
			return nil
		}
		out := make([]uint32, n)
		for i := range rows {
			out[i] = of(&rows[i])
		}
		return out
	}
	if p.text = numbers(func(r *row) uint32 { return r.text }); p.text == nil && has(ofText) {
		p.text = make([]uint32, n)
	}
	p.visit = numbers(func(r *row) uint32 { return r.visit })
	p.marks = numbers(func(r *row) uint32 { return r.marks })
	if slices.ContainsFunc(rows, func(r row) bool { return r.class != 0 }) {
		p.class = make([]uint16, n)
	}
	p.index(rows)
	p.fill(rows)
	return p
}

// index notes where the facts of each person begin.
func (p *part) index(rows []row) {
	people := 0
	for i := range rows {
		if i == 0 || rows[i].person != rows[i-1].person {
			people++
		}
	}
	p.who, p.at = make([]uint16, 0, people), make([]uint32, 0, people+1)
	block := 0
	for i := range p.latest {
		p.latest[i] = always
	}
	for i := range rows {
		r := &rows[i]
		for at := int(r.person>>blockBits) % partBlocks; block < at; {
			block++
			p.blocks[block] = uint32(len(p.who)) //nolint:gosec // a part has fewer than 2^32 facts
		}
		if i == 0 || r.person != rows[i-1].person {
			p.who, p.at = append(p.who, uint16(r.person&(blockPeople-1))), append(p.at, uint32(i)) //nolint:gosec // ten bits; fewer than 2^32 facts
		}
		p.latest[block] = max(p.latest[block], r.from)
	}
	for block < len(p.blocks)-1 {
		block++
		p.blocks[block] = uint32(len(p.who)) //nolint:gosec // a part has fewer than 2^32 facts
	}
	p.at = append(p.at, uint32(len(rows))) //nolint:gosec // a part has fewer than 2^32 facts
}

func (p *part) fill(rows []row) {
	for i := range rows {
		r := &rows[i]
		p.from[i] = r.from
		if p.until != nil {
			p.until[i] = r.until
		}
		if p.minute != nil {
			p.minute[i] = r.minute
		}
		if p.num != nil {
			p.num[i] = r.num
		}
		if p.class != nil {
			p.class[i] = r.class
		}
	}
}

// each hands over the people with facts, in order, and where their facts stand;
// base is the number of the part's first person.
func (p *part) each(base uint32, do func(id, lo, hi uint32)) {
	for b := range uint32(partBlocks) {
		for k := p.blocks[b]; k < p.blocks[b+1]; k++ {
			do(base+b<<blockBits+uint32(p.who[k]), p.at[k], p.at[k+1])
		}
	}
}

// unpack makes rows of a part again, for people from the number base on.
func (p *part) unpack(base uint32, rows []row) []row {
	p.each(base, func(id, lo, hi uint32) {
		for i := lo; i < hi; i++ {
			rows = append(rows, p.row(i, id))
		}
	})
	return rows
}

// first is the place of the part's first person in it.
func (p *part) first() int {
	for b := range partBlocks {
		if p.blocks[b] < p.blocks[b+1] {
			return b<<blockBits + int(p.who[p.blocks[b]])
		}
	}
	return 0
}

// row is one fact of the part, which is of person id.
func (p *part) row(i, id uint32) row {
	r := row{person: id, from: p.from[i], until: p.untilOf(i), minute: -1, code: p.code}
	if p.minute != nil {
		r.minute = p.minute[i]
	}
	if p.num != nil {
		r.num, r.kind = p.num[i], ofNumber
	}
	if p.text != nil {
		r.kind = ofText
	}
	if p.class != nil {
		r.class = p.class[i]
	}
	for _, col := range []struct {
		from []uint32
		to   *uint32
	}{{p.text, &r.text}, {p.visit, &r.visit}, {p.marks, &r.marks}, {p.group, &r.group}} {
		if col.from != nil {
			*col.to = col.from[i]
		}
	}
	return r
}
