package population

import (
	"math/bits"
	"slices"
	"strings"

	"ennakko/coding"
	"ennakko/criteria"
)

// known is the facts of a column as of the day: what begins later is not seen.
func known(w *worker, s *step, out *vector) {
	out.clear()
	out.own = flags{}
	read := w.facts.read(s.column, w.block)
	p, b := w.facts.column(s.column, w.block)
	out.part = p
	if p != nil && !out.need.none() {
		w.see(p, b, &read, out)
	}
	for i := range out.blank {
		out.blank[i] = ^read[i]
		if s.word == 0 { // that there are none is not known
			out.blank[i] |= ^out.own[i]
		}
	}
	if bad := w.facts.bad(s.column, w.block); p != nil && !bad.none() {
		w.unusable(p, b, &read, &bad, out)
	}
}

// see finds the facts of those who are asked for.
func (w *worker) see(p *part, b int, read *flags, out *vector) {
	asOf := w.plan.asOf
	var ask flags
	for i := range ask {
		ask[i] = out.need[i] & read[i]
	}
	from, until := p.blocks[b], p.blocks[b+1]
	at := p.at[from : until+1]
	if p.latest[b] <= asOf {
		for k, i := range p.who[from:until] {
			if ask.has(int(i)) {
				out.lo[i], out.hi[i] = at[k], at[k+1]
				out.own.set(int(i))
			}
		}
		return
	}
	for k, i := range p.who[from:until] {
		if lo, hi := at[k], p.before(at[k], at[k+1], asOf); lo < hi && ask.has(int(i)) {
			out.lo[i], out.hi[i] = lo, hi
			out.own.set(int(i))
		}
	}
}

// before is the end of the facts, of those from lo to hi, that have begun on a day.
func (p *part) before(lo, hi uint32, day int32) uint32 {
	for hi > lo && p.from[hi-1] > day {
		hi--
	}
	return hi
}

// unusable marks who has a fact, seen as of the day, that cannot be used. It
// looks at everyone: such a fact fails the whole condition, whatever the rest of
// it says.
func (w *worker) unusable(p *part, b int, read, bad *flags, out *vector) {
	for k := p.blocks[b]; k < p.blocks[b+1]; k++ {
		i := int(p.who[k])
		if !bad.has(i) || !read.has(i) {
			continue
		}
		for j := p.at[k]; j < p.before(p.at[k], p.at[k+1], w.plan.asOf); j++ {
			if x := p.num[j]; x != x {
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
	for k, word := range in.own {
		own := uint64(0)
		for word &= out.need[k]; word != 0; word &= word - 1 {
			i := k<<6 | bits.TrailingZeros64(word)
			lo, hi := cut(i, in.lo[i], in.hi[i])
			out.lo[i], out.hi[i] = lo, hi
			own |= bit(lo < hi) << (i & 63)
		}
		out.own[k] = own
	}
}

// keep makes out the facts of in that fit.
func (w *worker) keep(in, out *vector, fits func(i int, row uint32) bool) {
	w.sift(in, out, func(i int, rows []uint32) (n int) {
		for _, r := range rows {
			if fits(i, r) {
				rows[n] = r
				n++
			}
		}
		return n
	})
}

// sift makes out the facts of in that stay: stay moves them to the front of a
// person's rows, and says how many they are.
func (w *worker) sift(in, out *vector, stay func(i int, rows []uint32) int) {
	out.part, out.listed, out.blank = in.part, true, in.blank
	idx, n := *out.room, 0 // never the idx of another series, which narrow shares
	for k, word := range &in.own {
		own := uint64(0)
		for word &= out.need[k]; word != 0; word &= word - 1 {
			i := k<<6 | bits.TrailingZeros64(word)
			lo, hi := in.lo[i], in.hi[i]
			for len(idx) < n+int(hi-lo) {
				idx = append(idx, make([]uint32, blockPeople)...)
			}
			rows := idx[n : n+int(hi-lo)]
			if in.listed {
				copy(rows, in.idx[lo:hi])
			} else {
				for j := range rows {
					rows[j] = lo + uint32(j) //nolint:gosec // facts of a block
				}
			}
			more := stay(i, rows)
			out.lo[i], out.hi[i] = uint32(n), uint32(n+more) //nolint:gosec // facts of a block
			own |= bit(more > 0) << (i & 63)
			n += more
		}
		out.own[k] = own
	}
	out.idx, *out.room = idx, idx
}

// byDay filters by first days: startsIn, before, after.
func byDay(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	a.fill()
	first, last := a.day, a.day
	if s.op == "startsIn" {
		last = a.last
	}
	var from []int32
	if in.part != nil {
		from = in.part.from
	}
	w.narrow(in, out, func(i int, lo, hi uint32) (uint32, uint32) {
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

// byEnd filters by last days: endsIn.
func byEnd(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	a.fill()
	w.keep(in, out, func(i int, r uint32) bool {
		last := in.part.untilOf(r)
		return last >= a.day[i] && last <= a.last[i]
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
	a.fill()
	num := in.part.numbers()
	switch s.op {
	case "atLeast":
		w.sift(in, out, func(i int, rows []uint32) (n int) {
			for _, r := range rows {
				rows[n] = r
				n += int(bit(num[r] >= a.num[i])) //nolint:gosec // 0 or 1
			}
			return n
		})
	case "atMost":
		w.sift(in, out, func(i int, rows []uint32) (n int) {
			for _, r := range rows {
				rows[n] = r
				n += int(bit(num[r] <= a.num[i])) //nolint:gosec // 0 or 1
			}
			return n
		})
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
		names[i].fill()
		last[i] = names[i].text[0]
		numbers[i] = w.plan.classes.number(w.plan.texts.text(last[i]))
	}
	if mask, ok := w.classMask(s, numbers); ok && in.part != nil && in.part.class != nil {
		class := in.part.class
		not := bit(!want)
		w.sift(in, out, func(_ int, rows []uint32) (n int) {
			for _, r := range rows {
				rows[n] = r
				n += int((mask>>class[r] ^ not) & 1) //nolint:gosec // 0 or 1
			}
			return n
		})
		errorsFirst(out, append([]*vector{in}, names...)...)
		return
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

// classMask is classes as bits, where they are the same for everyone and few.
func (w *worker) classMask(s *step, numbers []uint32) (mask uint64, ok bool) {
	for k, n := range numbers {
		if w.plan.steps[s.args[k+1]].fixed == nil || n > 63 {
			return 0, false
		}
		mask |= 1 << n
	}
	return mask, true
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
	a.fill()
	texts := w.plan.texts.all()
	memory := w.tests(s)
	w.keep(in, out, func(i int, r uint32) bool {
		name, word := a.text[i], in.part.text[r]
		return memory.fits(name, word, func() bool { return w.plan.codeTest(texts[name])(coding.Parse(texts[word])) })
	})
	errorsFirst(out, in, a)
}

// byMark keeps the facts that carry a mark.
func byMark(w *worker, s *step, out *vector) {
	in, a := w.arg(s, 0), w.arg(s, 1)
	a.fill()
	texts := w.plan.texts.all()
	memory := w.tests(s)
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
	a.fill()
	if in.part != nil && in.part.until == nil {
		withinDays(w, in, a, out)
	} else {
		w.keep(in, out, func(i int, r uint32) bool {
			return in.part.from[r] <= a.last[i] && in.part.untilOf(r) >= a.day[i]
		})
	}
	errorsFirst(out, in, a)
}

// withinDays is overlapping for facts of one day each, which stand in order. It
// goes from the latest fact back: most periods end today, and most facts are
// older.
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
	for k, word := range in.own {
		own := uint64(0)
		for word &= out.need[k]; word != 0; word &= word - 1 {
			i := k<<6 | bits.TrailingZeros64(word)
			lo, hi, first, last := in.lo[i], in.hi[i], a.day[i], a.last[i]
			for hi > lo && from[hi-1] > last {
				hi--
			}
			at := hi
			for at > lo && from[at-1] >= first {
				at--
			}
			out.lo[i], out.hi[i] = at, hi
			own |= bit(at < hi) << (i & 63)
		}
		out.own[k] = own
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
			if !other.own.has(i) {
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
			if !other.own.has(i) {
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
	for i, blank := range other.blank {
		v.blank[i] |= blank
		v.own[i] &^= blank
	}
}

// meets is whether a fact shares a day or its encounter with one of another
// series.
func meets(in, other *vector, i int, r uint32) bool {
	if !other.own.has(i) {
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
	by.fill()
	errorsFirst(out, in, other, by)
	texts := w.plan.texts.all()
	var last uint32
	known, length := false, int64(-1)
	days := func(i int) int64 {
		if x := by.text[i]; !known || x != last {
			last, known, length = x, true, -1
			if span, err := criteria.ParseSpan(texts[x]); err == nil {
				length = span.Days()
			}
		}
		return length
	}
	for i := range w.n {
		if !out.unknown.has(i) && !out.failed.has(i) && days(i) < 0 {
			out.failed.set(i)
		}
	}
	w.keep(in, out, func(i int, r uint32) bool {
		n, from, until := days(i), int64(in.part.from[r]), int64(in.part.untilOf(r))
		if !other.own.has(i) {
			return false
		}
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
