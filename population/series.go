package population

import (
	"slices"
	"strings"

	"ennakko/coding"
	"ennakko/criteria"
)

// known is the facts of a column as of the day: what begins later is not seen.
func known(w *worker, s *step, out *vector) {
	clear(out.lo)
	clear(out.hi)
	out.clear()
	read := w.facts.read(s.column, w.block)
	p, b := w.facts.column(s.column, w.block)
	out.part = p
	if p != nil {
		asOf := w.plan.asOf
		for j, end := p.blocks[b], p.blocks[b+1]; j < end; {
			i := p.who[j]
			k := j + 1
			for k < end && p.who[k] == i {
				k++
			}
			last := k
			for last > j && p.from[last-1] > asOf {
				last--
			}
			if read.has(int(i)) {
				out.lo[i], out.hi[i] = j, last
			}
			j = k
		}
	}
	for i := range out.blank {
		out.blank[i] = ^read[i]
	}
	if s.word == 0 { // that there are none is not known
		for i, hi := range out.hi {
			out.blank.put(i, bit(hi == out.lo[i])&^(out.blank[i>>6]>>(i&63)&1))
		}
	}
	if bad := w.facts.bad(s.column, w.block); !bad.none() {
		unusable(out, &bad)
	}
}

// unusable marks who has a fact, seen as of the day, that cannot be used.
func unusable(out *vector, bad *flags) {
	for i := range out.lo {
		if !bad.has(i) {
			continue
		}
		for j := out.lo[i]; j < out.hi[i]; j++ {
			if x := out.part.num[j]; x != x {
				out.failed.set(i)
				break
			}
		}
	}
}

// narrow makes out the facts of in between two places of each person; a filter
// by first days never leaves the order.
func (w *worker) narrow(in, out *vector, cut func(i int, lo, hi uint32) (uint32, uint32)) {
	out.part, out.idx, out.listed, out.blank = in.part, in.idx, in.listed, in.blank
	for i, lo := range in.lo {
		hi := in.hi[i]
		if lo < hi {
			lo, hi = cut(i, lo, hi)
		}
		out.lo[i], out.hi[i] = lo, hi
	}
}

// keep makes out the facts of in that fit.
func (w *worker) keep(in, out *vector, fits func(i int, row uint32) bool) {
	out.part, out.listed, out.blank = in.part, true, in.blank
	out.idx = out.idx[:0]
	for i, lo := range in.lo {
		out.lo[i] = uint32(len(out.idx)) //nolint:gosec // facts of a block
		for j := lo; j < in.hi[i]; j++ {
			if r := in.row(j); fits(i, r) {
				out.idx = append(out.idx, r)
			}
		}
		out.hi[i] = uint32(len(out.idx)) //nolint:gosec // facts of a block
	}
}

// by filters by first days: startsIn, before, after.
func byDay(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	first, last := a.day, a.day
	if s.op == "startsIn" {
		last = a.last
	}
	w.narrow(in, out, func(i int, lo, hi uint32) (uint32, uint32) {
		from := in.part.from
		if s.op != "before" {
			least := first[i]
			for lo < hi && (from[in.row(lo)] < least || s.op == "after" && from[in.row(lo)] == least) {
				lo++
			}
		}
		if s.op != "after" {
			most := last[i]
			for lo < hi && (from[in.row(hi-1)] > most || s.op == "before" && from[in.row(hi-1)] == most) {
				hi--
			}
		}
		return lo, hi
	})
	errorsFirst(out, in, a)
}

// oneDay keeps the facts of the first or the last day.
func oneDay(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	w.narrow(in, out, func(_ int, lo, hi uint32) (uint32, uint32) {
		from := in.part.from
		if s.op == "firstDay" {
			day, j := from[in.row(lo)], lo+1
			for j < hi && from[in.row(j)] == day {
				j++
			}
			return lo, j
		}
		day, j := from[in.row(hi-1)], hi-1
		for j > lo && from[in.row(j-1)] == day {
			j--
		}
		return j, hi
	})
	out.unknown, out.failed = in.unknown, in.failed
}

// byNumber filters by value: atLeast, atMost, above, below.
func byNumber(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	var num []float64
	if in.part != nil {
		num = in.part.num
	}
	switch s.op {
	case "atLeast":
		w.keep(in, out, func(i int, r uint32) bool { return num[r] >= a.num[i] })
	case "atMost":
		w.keep(in, out, func(i int, r uint32) bool { return num[r] <= a.num[i] })
	case "above":
		w.keep(in, out, func(i int, r uint32) bool { return num[r] > a.num[i] })
	case "below":
		w.keep(in, out, func(i int, r uint32) bool { return num[r] < a.num[i] })
	}
	errorsFirst(out, in, a)
}

// byClass filters by the class of the encounter: inClass and notInClass. A fact
// of no known class is in none.
func byClass(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	want := s.op == "inClass"
	names := make([]*vector, len(s.args)-1)
	numbers := make([]uint32, len(names)) // of the classes of those names
	last := make([]uint32, len(names))
	for i := range names {
		names[i] = w.arg(s, i+1)
		last[i] = names[i].text[0]
		numbers[i] = w.plan.classes.number(w.plan.texts.text(last[i]))
	}
	w.keep(in, out, func(i int, r uint32) bool {
		class := uint32(0)
		if in.part.class != nil {
			class = uint32(in.part.class[r])
		}
		for k, n := range names {
			if n.text[i] != last[k] {
				last[k] = n.text[i]
				numbers[k] = w.plan.classes.number(w.plan.texts.text(last[k]))
			}
			if numbers[k] == class {
				return want
			}
		}
		return !want
	})
	errorsFirst(out, append([]*vector{in}, names...)...)
}

// tests remembers which texts fit a name: a value set, a code or a mark.
type tests struct {
	name uint32
	of   map[uint32]bool
}

func (t *tests) fits(name, word uint32, fits func() bool) bool {
	if t.of == nil || t.name != name {
		t.name, t.of = name, map[uint32]bool{}
	}
	yes, ok := t.of[word]
	if !ok {
		yes = fits()
		t.of[word] = yes
	}
	return yes
}

// byCode keeps the facts whose coded value is in a value set.
func byCode(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	texts := w.plan.texts.all()
	memory := w.memory(s)
	w.keep(in, out, func(i int, r uint32) bool {
		name, word := a.text[i], in.part.text[r]
		return memory.fits(name, word, func() bool { return w.plan.codeTest(texts[name])(coding.Parse(texts[word])) })
	})
	errorsFirst(out, in, a)
}

// byMark keeps the facts that carry a mark.
func byMark(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	texts := w.plan.texts.all()
	memory := w.memory(s)
	w.keep(in, out, func(i int, r uint32) bool {
		mark, marks := a.text[i], uint32(0)
		if in.part.marks != nil {
			marks = in.part.marks[r]
		}
		return memory.fits(mark, marks, func() bool { return slices.Contains(strings.Split(texts[marks], ","), texts[mark]) })
	})
	strict(in, a, out)
}

// overlapping keeps the facts that share a day with a period.
func overlapping(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	if in.part != nil && in.part.until == nil {
		withinDays(w, in, a, out)
	} else {
		w.keep(in, out, func(i int, r uint32) bool {
			return in.part.from[r] <= a.last[i] && in.part.untilOf(r) >= a.day[i]
		})
	}
	errorsFirst(out, in, a)
}

// withinDays is overlapping for facts of one day each, which stand in order.
func withinDays(w *worker, in, a, out *vector) {
	from := in.part.from
	if in.listed {
		w.narrow(in, out, func(i int, lo, hi uint32) (uint32, uint32) {
			first, last := a.day[i], a.last[i]
			for lo < hi && from[in.idx[hi-1]] > last {
				hi--
			}
			at := hi
			for at > lo && from[in.idx[at-1]] >= first {
				at--
			}
			return at, hi
		})
		return
	}
	out.part, out.idx, out.listed, out.blank = in.part, in.idx, false, in.blank
	// From the latest fact back: most periods end today, and most facts are older.
	for i, lo := range in.lo {
		hi, first, last := in.hi[i], a.day[i], a.last[i]
		for hi > lo && from[hi-1] > last {
			hi--
		}
		at := hi
		for at > lo && from[at-1] >= first {
			at--
		}
		out.lo[i], out.hi[i] = at, hi
	}
}

// related filters by another series: if nobody knows the other, nobody knows
// the rest.
func related(w *worker, s *step, out *vector) {
	in, other := w.arg(s, 0), w.arg(s, 1)
	want := s.op != "notDuring"
	switch s.op {
	case "during", "notDuring":
		w.keep(in, out, func(i int, r uint32) bool { return want == meets(in, other, i, r) })
	case "beforeFirst":
		w.narrow(in, out, func(i int, lo, hi uint32) (uint32, uint32) {
			if other.lo[i] == other.hi[i] {
				return lo, lo
			}
			day := other.part.from[other.row(other.lo[i])]
			for lo < hi && in.part.from[in.row(hi-1)] >= day {
				hi--
			}
			return lo, hi
		})
	case "afterLast":
		w.narrow(in, out, func(i int, lo, hi uint32) (uint32, uint32) {
			if other.lo[i] == other.hi[i] {
				return lo, lo
			}
			day := other.part.from[other.row(other.hi[i]-1)]
			for lo < hi && in.part.from[in.row(lo)] <= day {
				lo++
			}
			return lo, hi
		})
	}
	errorsFirst(out, in, other)
	out.depend(other)
}

// depend makes a series one of which nobody knows anything where nobody knows
// the other.
func (v *vector) depend(other *vector) {
	if other.blank.none() {
		return
	}
	for i := range v.blank {
		v.blank[i] |= other.blank[i]
	}
	for i := range v.lo {
		if other.blank.has(i) {
			v.hi[i] = v.lo[i]
		}
	}
}

// meets is whether a fact shares a day or its encounter with one of another
// series.
func meets(in, other *vector, i int, r uint32) bool {
	if other.part == nil {
		return false
	}
	from, until, visit := in.part.from[r], in.part.untilOf(r), uint32(0)
	if in.part.visit != nil {
		visit = in.part.visit[r]
	}
	for j := other.lo[i]; j < other.hi[i]; j++ {
		o := other.row(j)
		if from <= other.part.untilOf(o) && until >= other.part.from[o] ||
			visit != 0 && other.part.visit != nil && other.part.visit[o] == visit {
			return true
		}
	}
	return false
}

// near keeps the facts that lie at most so many days from one of another series.
func near(w *worker, s *step, out *vector) {
	in, other, by := w.arg(s, 0), w.arg(s, 1), w.arg(s, 2)
	errorsFirst(out, in, other, by)
	texts := w.plan.texts.all()
	spans := map[uint32]int64{}
	days := func(i int) int64 {
		n, ok := spans[by.text[i]]
		if !ok {
			n = -1
			if length, err := criteria.ParseSpan(texts[by.text[i]]); err == nil {
				n = length.Days()
			}
			spans[by.text[i]] = n
		}
		return n
	}
	for i := range w.n {
		if !out.unknown.has(i) && !out.failed.has(i) && days(i) < 0 {
			out.failed.set(i)
		}
	}
	w.keep(in, out, func(i int, r uint32) bool {
		n, from, until := days(i), int64(in.part.from[r]), int64(in.part.untilOf(r))
		for j := other.lo[i]; j < other.hi[i]; j++ {
			o := other.row(j)
			if int64(other.part.from[o])-until <= n && from-int64(other.part.untilOf(o)) <= n {
				return true
			}
		}
		return false
	})
	out.depend(other)
}
