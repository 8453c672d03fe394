package population

import "math"

// ask answers a question to which an empty series has an answer: what the facts
// are not known of is unknown.
func (v *vector) ask(in *vector) {
	for i := range v.unknown {
		v.failed[i] = in.failed[i]
		v.unknown[i] = (in.unknown[i] | in.blank[i]) &^ in.failed[i]
	}
}

// need answers a question that needs a fact.
func (v *vector) need(in *vector) {
	v.ask(in)
	some := in.some()
	for i := range v.unknown {
		v.unknown[i] |= ^(some[i] | v.failed[i])
	}
}

// some is who has a fact in the series.
func (v *vector) some() (f flags) {
	for i := range f {
		if i*64 >= len(v.lo) {
			break
		}
		lo := v.lo[i*64 : min(i*64+64, len(v.lo))]
		hi := v.hi[i*64 : i*64+len(lo)]
		var word uint64
		for k, x := range lo {
			word |= bit(x != hi[k]) << k
		}
		f[i] = word
	}
	return f
}

func exists(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	if out.yes = in.some(); s.op == "none" {
		for i := range out.yes {
			out.yes[i] = ^out.yes[i]
		}
	}
	out.ask(in)
	out.settle()
}

func count(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	for i, lo := range in.lo {
		out.num[i] = float64(in.hi[i] - lo)
	}
	out.ask(in)
}

// countDays counts the different first days.
func countDays(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	for i, lo := range in.lo {
		n := 0
		for j := lo; j < in.hi[i]; j++ {
			if j == lo || in.part.from[in.row(j)] != in.part.from[in.row(j-1)] {
				n++
			}
		}
		out.num[i] = float64(n)
	}
	out.ask(in)
}

// active is whether a fact covers the day.
func active(w *worker, s *step, out *vector) {
	in, asOf := w.arg(s, 0), w.plan.asOf
	out.yes = flags{}
	for i, lo := range in.lo {
		for j := lo; j < in.hi[i]; j++ {
			if in.part.untilOf(in.row(j)) >= asOf {
				out.yes.set(i)
				break
			}
		}
	}
	out.ask(in)
	out.settle()
}

// value is the value of one fact of each person: the latest, the earliest, or
// the latest that covers the day.
func value(w *worker, s *step, out *vector) {
	in, asOf := w.arg(s, 0), w.plan.asOf
	out.clear()
	for i, lo := range in.lo {
		hi := in.hi[i]
		if lo == hi {
			out.unknown.set(i)
			continue
		}
		j := hi - 1
		switch s.op {
		case "earliest":
			j = lo
		case "current":
			for j > lo && in.part.untilOf(in.row(j)) < asOf {
				j--
			}
			if in.part.untilOf(in.row(j)) < asOf {
				out.unknown.set(i)
				continue
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
	}
	for i := range out.unknown {
		out.failed[i] = in.failed[i]
		out.unknown[i] = (out.unknown[i] | in.unknown[i] | in.blank[i]) &^ in.failed[i]
	}
	out.settle()
}

// fold joins the numbers of each person from the oldest on.
func fold(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	if s.op == "sum" {
		out.ask(in)
	} else {
		out.need(in)
	}
	for i, lo := range in.lo {
		hi := in.hi[i]
		out.num[i] = 0
		if lo == hi {
			continue
		}
		num := in.part.num
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
	}
}

// dayOfFact is the first day of the latest or the earliest fact.
func dayOfFact(w *worker, s *step, out *vector) {
	in := w.arg(s, 0)
	out.need(in)
	for i, lo := range in.lo {
		hi := in.hi[i]
		if lo == hi {
			continue
		}
		j := hi - 1
		if s.op == "earliestDay" {
			j = lo
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
	}
}
