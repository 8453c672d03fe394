package population

import (
	"math/bits"

	"cel.dev/cel-go/common/operators"

	"ennakko/criteria"
)

// "as_of >= birthday.plus('65y')" asks of everyone for a day that is moved, and
// then compared with one that is the same for all. The later a day is, the later
// it is when it is moved; so one day is looked for when the plan is made, and each
// person's day is compared with that.

// limits are the days for which a comparison holds, and those that can be moved.
type limits struct {
	from, to    int32 // it holds for these, both included; none if from is above to
	first, last int32 // another day cannot be moved that far: an error
}

// The days that are looked through: all of the language's, and those that a span
// moves into them.
const (
	searchFirst = 2 * firstDay
	searchLast  = 2 * lastDay
)

// limit makes one step of a comparison of a moved day with a fixed one; false: it
// is no such comparison.
func (p *planner) limit(op string, args []int) (int, bool) {
	op, ok := map[string]string{operators.Less: "<", operators.LessEquals: "<=", operators.Greater: ">", operators.GreaterEquals: ">="}[op]
	if !ok {
		return 0, false
	}
	moved, with := args[0], args[1]
	if p.steps[moved].fixed != nil {
		moved, with = with, moved
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	m, f := &p.steps[moved], p.steps[with].fixed
	if m.op != "plus" && m.op != "minus" || m.shape != date || f == nil || f.unknown.has(0) || f.failed.has(0) {
		return 0, false
	}
	span := p.steps[m.args[1]].fixed
	if span == nil || span.unknown.has(0) || span.failed.has(0) {
		return 0, false
	}
	by, err := criteria.ParseSpan(p.texts.text(span.text[0]))
	if err != nil {
		return 0, false
	}
	sign := map[string]int{"plus": 1, "minus": -1}[m.op]
	return p.step(step{op: "limit", shape: truth, do: withinLimits, args: []int{m.args[0], m.args[1], with}, limits: limitsOf(op, by, sign, f.day[0])}), true
}

// limitsOf finds the days that, moved by a span, compare so with a day.
func limitsOf(op string, by criteria.Span, sign int, with int32) *limits {
	// The first day for which something is so that, once so, stays so.
	search := func(from, to int32, so func(day int32) bool) int32 {
		for from < to {
			if mid := from + (to-from)/2; so(mid) {
				to = mid
			} else {
				from = mid + 1
			}
		}
		return from
	}
	moved := func(day int32) (int32, int) { // and whether that is before (-1), in (0) or after the language's days
		to, ok := shift(day, by, sign)
		switch {
		case ok:
			return to, 0
		case int64(day)+int64(sign)*by.Days() < 0:
			return 0, -1
		}
		return 0, 1
	}
	l := &limits{}
	l.first = search(searchFirst, searchLast, func(d int32) bool { _, where := moved(d); return where >= 0 })
	l.last = search(searchFirst, searchLast, func(d int32) bool { _, where := moved(d); return where > 0 }) - 1
	reach := search(l.first, l.last+1, func(d int32) bool { to, _ := moved(d); return to >= with })
	above := search(l.first, l.last+1, func(d int32) bool { to, _ := moved(d); return to > with })
	switch op {
	case "<":
		l.from, l.to = l.first, reach-1
	case "<=":
		l.from, l.to = l.first, above-1
	case ">":
		l.from, l.to = above, l.last
	default:
		l.from, l.to = reach, l.last
	}
	return l
}

// withinLimits compares the days of everyone with limits.
func withinLimits(w *worker, s *step, out *vector) {
	a, l := w.arg(s, 0), s.limits
	out.yes, out.unknown, out.failed = flags{}, a.unknown, a.failed
	rest, restFails := l.compare(a.rest.day)
	for k, own := range &a.own {
		yes, fails := -rest&^own, -restFails&^own
		for word := own & out.need[k]; word != 0; word &= word - 1 {
			i := bits.TrailingZeros64(word)
			y, f := l.compare(a.day[k<<6|i])
			yes |= y << i
			fails |= f << i
		}
		gone := a.unknown[k] | a.failed[k]
		out.yes[k] = yes &^ gone
		out.failed[k] |= fails & out.need[k] &^ gone
	}
}

// compare is 1 for a day for which the comparison holds, and 1 for one that
// cannot be moved so far.
func (l *limits) compare(day int32) (yes, fails uint64) {
	return within(day, l.from, l.to), 1 &^ within(day, l.first, l.last)
}

// within is 1 for a day from one to another, both included, and does not branch.
func within(day, from, to int32) uint64 {
	since, left := int64(day)-int64(from), int64(to)-int64(day)
	return 1 &^ (uint64(since|left) >> 63) //nolint:gosec // the sign is looked at
}
