package population

import (
	"cmp"
	"strings"
)

// ordered compares with < <= > >= those who are in who; nil: everyone.
func ordered[T cmp.Ordered](op string, a, b []T, yes, who *flags) {
	*yes = flags{}
	b = b[:len(a)]
	if who != nil {
		who.each(func(i int) { yes.put(i, bit(holds(op, a[i], b[i]))) })
		return
	}
	switch op {
	case "<":
		for i, x := range a {
			yes.put(i, bit(x < b[i]))
		}
	case "<=":
		for i, x := range a {
			yes.put(i, bit(x <= b[i]))
		}
	case ">":
		for i, x := range a {
			yes.put(i, bit(x > b[i]))
		}
	case ">=":
		for i, x := range a {
			yes.put(i, bit(x >= b[i]))
		}
	}
}

func holds[T cmp.Ordered](op string, x, y T) bool {
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

func alike[T comparable](a, b []T, yes, who *flags) {
	*yes = flags{}
	b = b[:len(a)]
	if who != nil {
		who.each(func(i int) { yes.put(i, bit(a[i] == b[i])) })
		return
	}
	for i, x := range a {
		yes.put(i, bit(x == b[i]))
	}
}

// dense is how many people of a block make it quicker to go through all.
const dense = blockPeople / 4

// few is who of a block has a value at the person's place; nil: so many that it
// is quicker to take everyone, whose value then stands there.
func (w *worker) few(a, b, out *vector) *flags {
	if pair(a, b, out); out.own.count() <= dense {
		return &out.own
	}
	a.fill()
	b.fill()
	return nil
}

// elsewhere answers for everyone who has no place.
func (v *vector) elsewhere(yes bool, who *flags) {
	if who == nil || !yes {
		return
	}
	for i, w := range who {
		v.yes[i] |= ^w
	}
}

func comparison(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	who := w.few(a, b, out)
	if a.num != nil {
		ordered(s.op, a.num, b.num, &out.yes, who)
		out.elsewhere(holds(s.op, a.rest.num, b.rest.num), who)
	} else {
		ordered(s.op, a.day, b.day, &out.yes, who)
		out.elsewhere(holds(s.op, a.rest.day, b.rest.day), who)
	}
	strict(a, b, out)
	out.settle()
}

// same is whether two values of one shape are equal.
func (w *worker) same(a, b, out *vector) {
	if a.num == nil && a.text == nil && a.day == nil {
		for i := range out.yes {
			out.yes[i] = ^(a.yes[i] ^ b.yes[i])
		}
		return
	}
	who := w.few(a, b, out)
	switch {
	case a.num != nil:
		alike(a.num, b.num, &out.yes, who)
		out.elsewhere(a.rest.num == b.rest.num, who)
	case a.text != nil:
		alike(a.text, b.text, &out.yes, who)
		out.elsewhere(a.rest.text == b.rest.text, who)
	default:
		alike(a.day, b.day, &out.yes, who)
		out.elsewhere(a.rest.day == b.rest.day, who)
	}
}

func equals(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	w.same(a, b, out)
	errorsFirst(out, a, b)
	out.settle()
}

func differs(w *worker, s *step, out *vector) {
	equals(w, s, out)
	for i := range out.yes {
		out.yes[i] = ^(out.yes[i] | out.unknown[i] | out.failed[i])
	}
}

// among is "a in [b, c, ...]": the list fails or is unknown as a whole.
func among(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	var list vector
	elements := make([]*vector, len(s.args)-1)
	var yes flags
	for i := range elements {
		elements[i] = w.arg(s, i+1)
		w.same(a, elements[i], out)
		for j := range yes {
			yes[j] |= out.yes[j]
		}
	}
	errorsFirst(&list, elements...)
	out.yes = yes
	strict(a, &list, out)
	out.settle()
}

func startsWith(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	a.fill()
	b.fill()
	texts := w.plan.texts.all()
	out.yes = flags{}
	for i, x := range a.text {
		out.yes.put(i, bit(strings.HasPrefix(texts[x], texts[b.text[i]])))
	}
	strict(a, b, out)
	out.settle()
}
