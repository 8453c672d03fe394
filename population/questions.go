package population

import (
	"math"
	"math/bits"
)

// ask answers a question to which an empty series has an answer: what the facts
// are not known of is unknown.
func (v *vector) ask(in *vector) {
	for i := range v.unknown {
		v.failed[i] = in.failed[i]
		v.unknown[i] = (in.unknown[i] | in.blank[i]) &^ in.failed[i]
	}
}

// needs answers a question that needs a fact.
func (v *vector) needs(in *vector) {
	v.ask(in)
	for i := range v.unknown {
		v.unknown[i] |= ^(in.own[i] | v.failed[i])
	}
}

// answer begins values that stand at the places of those who have facts; of all
// others the value is the zero value, if they have one.
func (v *vector) answer(in *vector) {
	v.own, v.rest, v.full = in.own, single{}, false
	for i := range v.own {
		v.own[i] &= v.need[i]
	}
}

func exists(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	if out.yes = in.own; s.op == "none" {
		for i := range out.yes {
			out.yes[i] = ^out.yes[i]
		}
	}
	out.ask(in)
	out.settle()
}

func count(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	out.answer(in)
	out.own.each(func(i int) { out.num[i] = float64(in.hi[i] - in.lo[i]) })
	out.ask(in)
}

// countDays counts the different first days.
func countDays(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	out.answer(in)
	out.own.each(func(i int) {
		lo, n := in.lo[i], 0
		for j := lo; j < in.hi[i]; j++ {
			if j == lo || in.part.from[in.row(j)] != in.part.from[in.row(j-1)] {
				n++
			}
		}
		out.num[i] = float64(n)
	})
	out.ask(in)
}

// active is whether a fact covers the day. Those that do are mostly the latest.
func active(w *worker, s *step, out *vector) {
	in, asOf := w.arg(s, 0), w.plan.asOf
	until := in.part.lasts()
	for k, word := range &in.own {
		yes := uint64(0)
		for word &= out.need[k]; word != 0; word &= word - 1 {
			i := k<<6 | bits.TrailingZeros64(word)
			for j, lo := in.hi[i], in.lo[i]; j > lo; j-- {
				if until[in.row(j-1)] >= asOf {
					yes |= 1 << (i & 63)
					break
				}
			}
		}
		out.yes[k] = yes
	}
	out.ask(in)
	out.settle()
}

// value is the value of one fact of each person: the latest, the earliest, or
// the latest that covers the day.
func value(w *worker, s *step, out *vector) {
	in, asOf := w.arg(s, 0), w.plan.asOf
	out.answer(in)
	out.yes = flags{}
	asked := out.own
	asked.each(func(i int) {
		lo, j := in.lo[i], in.hi[i]-1
		switch s.op {
		case "earliest":
			j = lo
		case "current":
			for j > lo && in.part.untilOf(in.row(j)) < asOf {
				j--
			}
			if in.part.untilOf(in.row(j)) < asOf {
				out.own.take(i)
				return
			}
		}
		r := in.row(j)
		switch s.shape {
		case number:
			out.num[i] = in.part.num[r]
		case date:
			out.day[i] = int32(in.part.text[r]) //nolint:gosec // a day is kept bit by bit
		case text:
			out.text[i] = in.part.text[r]
		case truth:
			out.yes.put(i, uint64(in.part.text[r]))
		case span, answers:
		}
	})
	for i := range out.unknown {
		out.failed[i] = in.failed[i]
		out.unknown[i] = (^out.own[i] | in.unknown[i] | in.blank[i]) &^ in.failed[i]
	}
	out.settle()
}

// fold joins the numbers of each person from the oldest on.
func fold(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	if out.answer(in); s.op == "sum" {
		out.ask(in)
	} else {
		out.needs(in)
	}
	out.own.each(func(i int) {
		lo, hi, num := in.lo[i], in.hi[i], in.part.num
		x := num[in.row(lo)]
		switch s.op {
		case "min":
			for j := lo + 1; j < hi; j++ {
				x = min(x, num[in.row(j)])
			}
		case "max":
			for j := lo + 1; j < hi; j++ {
				x = max(x, num[in.row(j)])
			}
		default:
			for j := lo + 1; j < hi; j++ {
				x += num[in.row(j)]
			}
			if s.op == "mean" {
				x /= float64(hi - lo)
			}
		}
		out.num[i] = x
		if (math.IsInf(x, 0) || math.IsNaN(x)) && !out.unknown.has(i) {
			out.failed.set(i)
		}
	})
}

// dayOfFact is the first day of the latest or the earliest fact.
func dayOfFact(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	out.answer(in)
	out.needs(in)
	out.own.each(func(i int) {
		j := in.hi[i] - 1
		if s.op == "earliestDay" {
			j = in.lo[i]
		}
		d := in.part.from[in.row(j)]
		switch {
		case out.unknown.has(i) || out.failed.has(i):
		case d == always:
			out.unknown.set(i)
		case s.op == "daysSince":
			out.num[i] = float64(w.plan.asOf - d)
		case d < firstDay || d > lastDay:
			out.failed.set(i)
		default:
			out.day[i] = d
		}
	})
}
