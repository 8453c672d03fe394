package population

import (
	"cmp"
	"strings"
)

// ordered compares with < <= > >=.
func ordered[T cmp.Ordered](op string, a, b []T, yes *flags) {
	*yes = flags{}
	b = b[:len(a)]
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

func alike[T comparable](a, b []T, yes *flags) {
	*yes = flags{}
	b = b[:len(a)]
	for i, x := range a {
		yes.put(i, bit(x == b[i]))
	}
}

func comparison(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	if a.num != nil {
		ordered(s.op, a.num, b.num, &out.yes)
	} else {
		ordered(s.op, a.day, b.day, &out.yes)
	}
	strict(a, b, out)
	out.settle()
}

// same is whether two values of one shape are equal.
func (w *worker) same(a, b *vector, yes *flags) {
	switch {
	case a.num != nil:
		alike(a.num, b.num, yes)
	case a.text != nil:
		alike(a.text, b.text, yes)
	case a.day != nil:
		alike(a.day, b.day, yes)
	default:
		for i := range yes {
			yes[i] = ^(a.yes[i] ^ b.yes[i])
		}
	}
}

func equals(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	w.same(a, b, &out.yes)
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
	var yes, one flags
	for i := range elements {
		elements[i] = w.arg(s, i+1)
		w.same(a, elements[i], &one)
		for j := range yes {
			yes[j] |= one[j]
		}
	}
	errorsFirst(&list, elements...)
	out.yes = yes
	strict(a, &list, out)
	out.settle()
}

func startsWith(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	texts := w.plan.texts.all()
	out.yes = flags{}
	for i, x := range a.text {
		out.yes.put(i, bit(strings.HasPrefix(texts[x], texts[b.text[i]])))
	}
	strict(a, b, out)
	out.settle()
}
