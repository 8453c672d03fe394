package population

import (
	"cmp"
	"math"
	"slices"
	"sync"
)

// partBits says how many people share a part of a column: the same as share a
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
	parts []*part
	bad   people // people with a fact that cannot be used: a unit that cannot be converted
}

// at is the part of a block and the block's place in it; nil: no facts.
func (c *column) at(block int) (*part, int) {
	i := block / partBlocks
	if c == nil || i >= len(c.parts) {
		return nil, 0
	}
	return c.parts[i], block % partBlocks
}

// part is the facts of the people of one part, in the order of person, first
// day, minute and place in the source. A slice that would hold nothing is nil.
type part struct {
	blocks []uint32 // where each block begins; one more than there are blocks
	who    []uint16 // the person's place in the block
	from   []int32
	until  []int32   // nil: each fact is of one day
	num    []float64 // numbers
	day    []int32   // days
	text   []uint32  // texts, coded values and answers, as numbers of the dictionary
	class  []uint16  // class of the encounter, as a number of classes
	code   []uint32  // the code that made it a fact
	visit  []uint32  // number of the encounter, 0: none
	marks  []uint32  // qualifier
}

// untilOf is the last day of a fact.
func (p *part) untilOf(row uint32) int32 {
	if p.until == nil {
		return p.from[row]
	}
	return p.until[row]
}

// rows is how many facts the part has.
func (p *part) rows() int {
	if p == nil {
		return 0
	}
	return len(p.who)
}

// bytes is the memory that the part takes.
func (p *part) bytes() int {
	if p == nil {
		return 0
	}
	return 4*cap(p.blocks) + 2*cap(p.who) + 4*cap(p.from) + 4*cap(p.until) + 8*cap(p.num) + 4*cap(p.day) + 4*cap(p.text) + 2*cap(p.class) + 4*cap(p.code) + 4*cap(p.visit) + 4*cap(p.marks)
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
	minute      int32
	num         float64
	day         int32
	text        uint32
	class       uint16
	code        uint32
	visit       uint32
	marks       uint32
	group       uint32
}

// holds says which slices a column needs.
type holds struct{ num, day, text, class, code, visit, marks bool }

// builder gathers the facts of one part. They should come in order; what does
// not is sorted at the end.
type builder struct {
	rows   []row
	sorted bool
}

func (b *builder) add(r row) {
	if n := len(b.rows); n == 0 {
		b.sorted = true
	} else if b.sorted {
		b.sorted = order(b.rows[n-1], r) <= 0
	}
	b.rows = append(b.rows, r)
}

// order is that of a series: by person, first day and minute; facts of the same
// minute by value and the rest, so that one history has one order.
func order(a, b row) int {
	return cmp.Or(cmp.Compare(a.person, b.person), cmp.Compare(a.from, b.from), cmp.Compare(a.minute, b.minute),
		cmp.Compare(a.num, b.num), cmp.Compare(a.day, b.day), cmp.Compare(a.text, b.text), cmp.Compare(a.until, b.until),
		cmp.Compare(a.group, b.group), cmp.Compare(a.code, b.code))
}

// part makes the part of people from the number base on.
func (b *builder) part(base uint32, blocks int, h holds) *part {
	if len(b.rows) == 0 {
		return nil
	}
	if !b.sorted {
		slices.SortStableFunc(b.rows, order)
	}
	n := len(b.rows)
	p := &part{blocks: make([]uint32, blocks+1), who: make([]uint16, n), from: make([]int32, n)}
	if slices.ContainsFunc(b.rows, func(r row) bool { return r.until != r.from }) {
		p.until = make([]int32, n)
	}
	h.allocate(p, n)
	block := 0
	for i := range b.rows {
		r := &b.rows[i]
		for at := int(r.person-base) >> blockBits; block < at; {
			block++
			p.blocks[block] = uint32(i) //nolint:gosec // a part has fewer than 2^32 facts
		}
		p.who[i], p.from[i] = uint16(r.person&(blockPeople-1)), r.from
		if p.until != nil {
			p.until[i] = r.until
		}
		h.fill(p, i, r)
	}
	for block < blocks {
		block++
		p.blocks[block] = uint32(n) //nolint:gosec // a part has fewer than 2^32 facts
	}
	return p
}

func (h holds) allocate(p *part, n int) {
	if h.num {
		p.num = make([]float64, n)
	}
	if h.day {
		p.day = make([]int32, n)
	}
	if h.text {
		p.text = make([]uint32, n)
	}
	if h.class {
		p.class = make([]uint16, n)
	}
	if h.code {
		p.code = make([]uint32, n)
	}
	if h.visit {
		p.visit = make([]uint32, n)
	}
	if h.marks {
		p.marks = make([]uint32, n)
	}
}

func (h holds) fill(p *part, i int, r *row) {
	if h.num {
		p.num[i] = r.num
	}
	if h.day {
		p.day[i] = r.day
	}
	if h.text {
		p.text[i] = r.text
	}
	if h.class {
		p.class[i] = r.class
	}
	if h.code {
		p.code[i] = r.code
	}
	if h.visit {
		p.visit[i] = r.visit
	}
	if h.marks {
		p.marks[i] = r.marks
	}
}
