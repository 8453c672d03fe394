package population

// and: one no is no, whatever else; then one unknown is unknown; then one error
// is an error. So CEL's && does it, in any order.
func and(w *worker, s *step, out *vector) {
	for i := range out.yes {
		yes, unknown, failed := ^uint64(0), uint64(0), uint64(0)
		no := uint64(0)
		for _, a := range s.args {
			v := &w.out[a]
			no |= ^(v.yes[i] | v.unknown[i] | v.failed[i])
			yes &= v.yes[i]
			unknown |= v.unknown[i]
			failed |= v.failed[i]
		}
		out.unknown[i] = unknown &^ no
		out.failed[i] = failed &^ (no | unknown)
		out.yes[i] = yes
	}
}

// or: one yes is yes, whatever else; then one unknown is unknown; then one error
// is an error.
func or(w *worker, s *step, out *vector) {
	for i := range out.yes {
		yes, unknown, failed := uint64(0), uint64(0), uint64(0)
		for _, a := range s.args {
			v := &w.out[a]
			yes |= v.yes[i]
			unknown |= v.unknown[i]
			failed |= v.failed[i]
		}
		out.yes[i] = yes
		out.unknown[i] = unknown &^ yes
		out.failed[i] = failed &^ (yes | unknown)
	}
}

func not(w *worker, s *step, out *vector) {
	v := w.arg(s, 0)
	for i := range out.yes {
		out.yes[i] = ^(v.yes[i] | v.unknown[i] | v.failed[i])
		out.unknown[i], out.failed[i] = v.unknown[i], v.failed[i]
	}
}

// choose is CEL's "a ? b : c": what is unknown or fails in a is so in the whole;
// the branch that is not taken says nothing.
func choose(w *worker, s *step, out *vector) {
	c, a, b := w.arg(s, 0), w.arg(s, 1), w.arg(s, 2)
	for i := range out.yes {
		yes, no := c.yes[i], ^(c.yes[i] | c.unknown[i] | c.failed[i])
		out.yes[i] = yes&a.yes[i] | no&b.yes[i]
		out.unknown[i] = c.unknown[i] | yes&a.unknown[i] | no&b.unknown[i]
		out.failed[i] = c.failed[i] | yes&a.failed[i] | no&b.failed[i]
	}
	if s.shape == truth {
		return
	}
	a.fill()
	b.fill()
	out.own.first(w.n)
	out.full = true
	for i := range w.n {
		from := b
		if c.yes.has(i) {
			from = a
		}
		switch s.shape {
		case number:
			out.num[i] = from.num[i]
		case date:
			out.day[i] = from.day[i]
		case span:
			out.day[i], out.last[i] = from.day[i], from.last[i]
		case text:
			out.text[i] = from.text[i]
		case truth, answers:
		}
	}
}

// strict passes on what is unknown or fails in the arguments of a function of
// two: CEL looks at the first, then at the second, and takes what it finds.
func strict(a, b, out *vector) {
	for i := range out.unknown {
		gone := a.unknown[i] | a.failed[i]
		out.unknown[i] = a.unknown[i] | b.unknown[i]&^gone
		out.failed[i] = a.failed[i] | b.failed[i]&^gone
	}
}

// errorsFirst passes on what is unknown or fails where CEL looks for an error in
// all arguments first: == and !=, functions of three and more, and lists.
func errorsFirst(out *vector, args ...*vector) {
	for i := range out.unknown {
		var unknown, failed uint64
		for _, a := range args {
			unknown |= a.unknown[i]
			failed |= a.failed[i]
		}
		out.failed[i] = failed
		out.unknown[i] = unknown &^ failed
	}
}

// settle takes the answer away from who has none.
func (v *vector) settle() {
	for i := range v.yes {
		v.yes[i] &^= v.unknown[i] | v.failed[i]
	}
}
