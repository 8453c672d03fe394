package population

import "math"

// arithmetic is that of finite numbers: what is too large or divided by nothing
// is an error.
func arithmetic(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	pair(a, b, out)
	strict(a, b, out)
	x, y, z := a.num, b.num, out.num
	out.own.each(func(i int) {
		z[i] = reckon(s.op, x[i], y[i])
		if !finite(z[i]) && !out.unknown.has(i) {
			out.failed.set(i)
		}
	})
	out.rest.num = reckon(s.op, a.rest.num, b.rest.num)
	if !finite(out.rest.num) {
		out.fail(out.others())
	}
}

// fail makes it an error of people.
func (v *vector) fail(who flags) {
	for i, w := range who {
		v.failed[i] |= w
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func reckon(op string, x, y float64) float64 {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	}
	return x / y
}

func negate(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	for i, x := range a.num {
		out.num[i] = -x
	}
	out.own, out.rest.num, out.full = a.own, -a.rest.num, a.full
	out.unknown, out.failed = a.unknown, a.failed
}
