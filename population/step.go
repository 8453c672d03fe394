package population

import "math/bits"

// shape is what a step gives for a person.
type shape uint8

const (
	truth   shape = iota // yes or no
	number               // a number
	date                 // a day
	text                 // a text or a code, as a number of the dictionary
	span                 // two days: a period
	answers              // the facts of a series
)

// vector is what a step gave for the people of a block. A person is in at most
// one of yes, unknown and failed; numbers, days and texts mean something only
// for who is in neither unknown nor failed, and is asked for. Most values and
// series are of few people: those who are in own. The value of everyone else is
// rest, and their series is empty.
type vector struct {
	yes     flags
	unknown flags
	failed  flags
	need    flags // of whom the step is asked; of others it says anything
	own     flags // whose value, or series, stands at the person's place
	rest    single
	full    bool // the value of everyone stands at the person's place
	num     []float64
	day     []int32
	last    []int32 // of periods, the last day; day is the first
	text    []uint32
	series
}

// single is one value.
type single struct {
	num       float64
	day, last int32
	text      uint32
}

// fill puts the value of everyone at the person's place.
func (v *vector) fill() {
	if v.full {
		return
	}
	v.full = true
	others := v.own
	for i, w := range others {
		others[i] = ^w
	}
	spread(v.num, v.rest.num, &others)
	spread(v.day, v.rest.day, &others)
	spread(v.last, v.rest.last, &others)
	spread(v.text, v.rest.text, &others)
}

func spread[T any](to []T, x T, who *flags) {
	if to == nil {
		return
	}
	for k, word := range who {
		if word == ^uint64(0) && k<<6+64 <= len(to) {
			for i := range to[k<<6 : k<<6+64] {
				to[k<<6+i] = x
			}
			continue
		}
		for ; word != 0; word &= word - 1 {
			if i := k<<6 | bits.TrailingZeros64(word); i < len(to) {
				to[i] = x
			}
		}
	}
}

// pair begins a value that is made of two: out stands at the place of whoever
// has a place in one of them, and there both may be read.
func pair(a, b, out *vector) {
	if !b.own.none() {
		a.fill()
	}
	if !a.own.none() {
		b.fill()
	}
	for i := range out.own {
		out.own[i] = a.own[i] | b.own[i]
	}
	out.full = false
}

// others is who is asked for, has a value, and not at the person's place.
func (v *vector) others() (f flags) {
	for i := range f {
		f[i] = v.need[i] &^ (v.own[i] | v.unknown[i] | v.failed[i])
	}
	return f
}

// series is the facts of a block's people that a step has left: rows lo..hi of
// a part, or those of idx, for whoever has any; other places mean nothing.
type series struct {
	part   *part
	lo, hi []uint32
	idx    []uint32
	room   *[]uint32 // for an idx of the step's own
	listed bool      // rows are idx[lo:hi], not lo:hi
	blank  flags     // that there are none is not known
}

// row is the place in the part of the j-th row.
func (s *series) row(j uint32) uint32 {
	if s.listed {
		return s.idx[j]
	}
	return j
}

// kernel computes a step for a block.
type kernel func(w *worker, s *step, out *vector)

// step is one distinct part of the criteria.
type step struct {
	key    string
	op     string
	shape  shape
	do     kernel
	args   []int
	fixed  *vector // the same for everyone: a vector of one person
	column int
	word   uint32  // of facts: 1 if it is known that there are none
	limits *limits // of comparisons of a moved day with a fixed one
}

// worker computes steps for one block at a time. Many workers may share a plan.
type worker struct {
	plan  *Plan
	facts facts
	n     int // people in the block
	block int
	out   []vector

	ask    []flags // of each criterion, of whom it still matters what it says
	groups []asks

	remembered map[string]*tests
}

// memory is what a worker remembers for a step from block to block.
func (w *worker) tests(s *step) *tests {
	m, ok := w.remembered[s.key]
	if !ok {
		m = &tests{}
		w.remembered[s.key] = m
	}
	return m
}

// facts is where a worker finds the columns: the whole city, or one person.
type facts interface {
	// column is the facts of a column in a block.
	column(col, block int) (*part, int)
	// read tells of whom the column's register was read.
	read(col, block int) flags
	// bad tells who has a fact in the column that cannot be used.
	bad(col, block int) flags
}

// newWorker makes a worker that may be asked for any step at any time: each has
// its own places for values.
func newWorker(p *Plan, f facts, n int) *worker {
	w := &worker{plan: p, facts: f, n: n, out: make([]vector, len(p.steps)), remembered: map[string]*tests{}}
	for i := range p.steps {
		w.prepare(i)
	}
	w.ask, w.groups = make([]flags, len(p.parts)), make([]asks, len(p.turns.group))
	return w
}

// newSharing makes a worker that can only run the whole plan: steps share places.
func newSharing(p *Plan, f facts) *worker {
	w := &worker{plan: p, facts: f, n: blockPeople, out: make([]vector, len(p.steps)), remembered: map[string]*tests{}}
	shared := p.turns.place.memory()
	for i := range p.steps {
		if s := &p.steps[i]; s.fixed != nil {
			w.prepare(i)
		} else {
			shared.give(s.shape, p.turns.place.of[i], &w.out[i])
			w.out[i].need.first(w.n)
		}
	}
	w.ask, w.groups = make([]flags, len(p.parts)), make([]asks, len(p.turns.group))
	return w
}

// prepare makes room for a step's vector and fills in what is fixed.
func (w *worker) prepare(i int) {
	s, v := &w.plan.steps[i], &w.out[i]
	switch s.shape {
	case number:
		v.num = make([]float64, w.n)
	case date:
		v.day = make([]int32, w.n)
	case span:
		v.day, v.last = make([]int32, w.n), make([]int32, w.n)
	case text:
		v.text = make([]uint32, w.n)
	case answers:
		v.lo, v.hi, v.room = make([]uint32, w.n), make([]uint32, w.n), new([]uint32)
	case truth:
	}
	if v.need.first(w.n); s.fixed != nil {
		w.repeat(s.fixed, v)
	}
}

// value is the value of one person.
func (v *vector) value(i int) (x single) {
	if v.num != nil {
		x.num = v.num[i]
	}
	if v.day != nil {
		x.day = v.day[i]
	}
	if v.last != nil {
		x.last = v.last[i]
	}
	if v.text != nil {
		x.text = v.text[i]
	}
	return x
}

func (w *worker) repeat(fixed, v *vector) {
	all := func(to *flags, from flags) {
		if from.has(0) {
			to.first(w.n)
		}
	}
	all(&v.yes, fixed.yes)
	all(&v.unknown, fixed.unknown)
	all(&v.failed, fixed.failed)
	v.own, v.full, v.rest = flags{}, true, fixed.value(0)
	for i := range w.n {
		if v.num != nil {
			v.num[i] = fixed.num[0]
		}
		if v.day != nil {
			v.day[i] = fixed.day[0]
		}
		if v.last != nil {
			v.last[i] = fixed.last[0]
		}
		if v.text != nil {
			v.text[i] = fixed.text[0]
		}
	}
}

// arg is the vector of a step's argument.
func (w *worker) arg(s *step, i int) *vector { return &w.out[s.args[i]] }

// clear takes the marks of the last block away.
func (v *vector) clear() { v.yes, v.unknown, v.failed = flags{}, flags{}, flags{} }
