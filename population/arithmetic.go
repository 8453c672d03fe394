package population

import "math"

// arithmetic is that of finite numbers: what is too large or divided by nothing
// is an error.
func arithmetic(w *worker, s *step, out *vector) {
	a, b := w.arg(s, 0), w.arg(s, 1)
	x, y, z := a.num, b.num[:len(a.num)], out.num[:len(a.num)]
	switch s.op {
	case "+":
		for i := range x {
			z[i] = x[i] + y[i]
		}
	case "-":
		for i := range x {
			z[i] = x[i] - y[i]
		}
	case "*":
		for i := range x {
			z[i] = x[i] * y[i]
		}
	case "/":
		for i := range x {
			z[i] = x[i] / y[i]
		}
	}
	strict(a, b, out)
	for i, v := range z {
		if (math.IsNaN(v) || math.IsInf(v, 0)) && !out.unknown.has(i) {
			out.failed.set(i)
		}
	}
}

func negate(w *worker, s *step, out *vector) {
	a := w.arg(s, 0)
	for i, x := range a.num {
		out.num[i] = -x
	}
	out.unknown, out.failed = a.unknown, a.failed
}
