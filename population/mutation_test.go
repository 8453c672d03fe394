package population

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"ennakko/criteria"
)

// mistake is a kernel with a mistake planted in it.
type mistake struct {
	op, what string
	plant    func(right kernel) kernel
}

// as computes another operator instead.
func as(op string) func(kernel) kernel {
	return func(right kernel) kernel {
		return func(w *worker, s *step, out *vector) {
			c := *s
			c.op = op
			right(w, &c, out)
		}
	}
}

// then puts the result wrong.
func then(spoil func(w *worker, s *step, out *vector)) func(kernel) kernel {
	return func(right kernel) kernel {
		return func(w *worker, s *step, out *vector) {
			right(w, s, out)
			spoil(w, s, out)
		}
	}
}

// around puts something wrong before and right again after.
func around(change func(w *worker, s *step) (back func())) func(kernel) kernel {
	return func(right kernel) kernel {
		return func(w *worker, s *step, out *vector) {
			back := change(w, s)
			right(w, s, out)
			back()
		}
	}
}

// shifted moves the days of an argument.
func shifted(arg int, first, last int32) func(kernel) kernel {
	move := func(days []int32, by int32) {
		for i := range days {
			days[i] += by
		}
	}
	return around(func(w *worker, s *step) func() {
		a := w.arg(s, arg)
		a.fill()
		move(a.day, first)
		move(a.last, last)
		return func() { move(a.day, -first); move(a.last, -last) }
	})
}

// dayOff decides as of another day.
func dayOff(by int32) func(kernel) kernel {
	return around(func(w *worker, _ *step) func() {
		right := w.plan
		wrong := *right
		wrong.asOf += by
		w.plan = &wrong
		return func() { w.plan = right }
	})
}

// all keeps every fact that a filter was given.
func all(kernel) kernel {
	return func(w *worker, s *step, out *vector) {
		in := w.arg(s, 0)
		w.keep(in, out, func(int, uint32) bool { return true })
		out.unknown, out.failed = in.unknown, in.failed
	}
}

func swapped(a, b int) func(kernel) kernel {
	return func(right kernel) kernel {
		return func(w *worker, s *step, out *vector) {
			c := *s
			c.args = append([]int{}, s.args...)
			c.args[a], c.args[b] = c.args[b], c.args[a]
			right(w, &c, out)
		}
	}
}

// mistakes is at least one for each operator, and for each two more: what is
// unknown taken for no, and an error taken for no.
func mistakes() []mistake {
	list := []mistake{
		{"&&", "unknown wins over no", then(func(w *worker, s *step, out *vector) {
			for _, a := range s.args {
				for i := range out.unknown {
					out.unknown[i] |= w.out[a].unknown[i]
				}
			}
		})},
		{"&&", "an error wins over unknown", then(func(w *worker, s *step, out *vector) {
			for _, a := range s.args {
				for i := range out.unknown {
					out.failed[i] |= w.out[a].failed[i] & out.unknown[i]
					out.unknown[i] &^= out.failed[i]
				}
			}
		})},
		{"||", "unknown wins over yes", then(func(w *worker, s *step, out *vector) {
			for _, a := range s.args {
				for i := range out.unknown {
					out.unknown[i] |= w.out[a].unknown[i]
					out.yes[i] &^= out.unknown[i]
				}
			}
		})},
		{"!", "says the same", func(kernel) kernel {
			return func(w *worker, s *step, out *vector) { out.yes = w.arg(s, 0).yes }
		}},
		{"?:", "takes the other branch", swapped(1, 2)},
		{"in", "forgets the last", func(right kernel) kernel {
			return func(w *worker, s *step, out *vector) {
				c := *s
				c.args = s.args[:len(s.args)-1]
				right(w, &c, out)
			}
		}},
		{"startsWith", "the other way round", swapped(0, 1)},
		{"neg", "does nothing", then(func(w *worker, s *step, out *vector) { copy(out.num, w.arg(s, 0).num); out.rest = w.arg(s, 0).rest })},
		{"year", "is one late", then(addNumber)},
		{"date", "is one late", then(addDay)},
		{"between", "loses its last day", then(func(_ *worker, _ *step, out *vector) {
			for i := range out.last {
				out.last[i]--
			}
			out.rest.last--
		})},
		{"daysBetween", "counts one more", then(addNumber)},
		{"yearsBetween", "counts one more", then(addNumber)},
		{"startsIn", "without its first day", shifted(1, 1, 0)}, {"startsIn", "without its last day", shifted(1, 0, -1)},
		{"endsIn", "without its first day", shifted(1, 1, 0)}, {"endsIn", "without its last day", shifted(1, 0, -1)},
		{"endsIn", "by first days", func(kernel) kernel {
			return func(w *worker, s *step, out *vector) {
				c := *s
				c.op = "startsIn"
				byDay(w, &c, out)
			}
		}},
		{"before", "with the day itself", shifted(1, 1, 0)}, {"after", "with the day itself", shifted(1, -1, 0)},
		{"during", "a day longer", shifted(1, 0, 1)}, {"during", "a day earlier", shifted(1, -1, 0)},
		{"valued", "takes everything", all}, {"with", "takes everything", all}, {"near", "takes everything", all}, {"inClass", "takes everything", all},
		{"near", "a day further", around(func(w *worker, s *step) func() {
			by := w.arg(s, 2)
			by.fill()
			right := append([]uint32{}, by.text...)
			for i, n := range right {
				by.text[i] = w.plan.texts.number(map[string]string{"30d": "31d", "1w": "8d"}[w.plan.texts.text(n)])
			}
			return func() { copy(by.text, right) }
		})},
		{"active", "ends a day early", dayOff(1)}, {"current", "ends a day early", dayOff(1)}, {"daysSince", "counts one more", dayOff(1)},
		{"facts", "sees tomorrow", dayOff(1)}, {"facts", "does not see today", dayOff(-1)},
		{"facts", "who was not read has none", then(func(_ *worker, _ *step, out *vector) { out.blank = flags{} })},
		{"limit", "a day later", shifted(0, 1, 0)}, {"limit", "a day earlier", shifted(0, -1, 0)},
		{"limit", "is the contrary", then(func(_ *worker, _ *step, out *vector) {
			for i := range out.yes {
				out.yes[i] = ^(out.yes[i] | out.unknown[i] | out.failed[i])
			}
		})},
		{"limit", "unknown is no", then(func(_ *worker, _ *step, out *vector) { out.unknown = flags{} })},
		{"limit", "an error is no", then(func(_ *worker, _ *step, out *vector) { out.failed = flags{} })},
		{"count", "counts one more", then(addNumber)}, {"days", "counts facts", func(kernel) kernel { return count }},
		{"notDuring", "does not look at encounters", func(kernel) kernel {
			return func(w *worker, s *step, out *vector) {
				in, other := w.arg(s, 0), w.arg(s, 1)
				w.keep(in, out, func(i int, r uint32) bool {
					for j := other.lo[i]; other.own.has(i) && j < other.hi[i]; j++ {
						if o := other.row(j); in.part.from[r] <= other.part.untilOf(o) && in.part.untilOf(r) >= other.part.from[o] {
							return false
						}
					}
					return true
				})
				errorsFirst(out, in, other)
				out.depend(other)
			}
		}},
		{"guard", "forgets what cannot be used", func(kernel) kernel {
			return func(w *worker, s *step, out *vector) {
				v := w.arg(s, 0)
				out.yes, out.unknown, out.failed = v.yes, v.unknown, v.failed
			}
		}},
	}
	for _, pair := range [][2]string{
		{"<", "<="}, {"<=", "<"}, {">", ">="}, {">=", ">"}, {"+", "-"}, {"-", "+"}, {"*", "+"}, {"/", "*"}, {"plus", "minus"}, {"minus", "plus"},
		{"first", "last"}, {"last", "first"}, {"firstDay", "lastDay"}, {"lastDay", "firstDay"}, {"atLeast", "above"}, {"above", "atLeast"},
		{"atMost", "below"}, {"below", "atMost"}, {"inClass", "notInClass"}, {"notInClass", "inClass"}, {"notDuring", "during"}, {"beforeFirst", "afterLast"},
		{"afterLast", "beforeFirst"}, {"exists", "none"}, {"none", "exists"}, {"latest", "earliest"}, {"earliest", "latest"}, {"current", "latest"},
		{"min", "max"}, {"max", "min"}, {"mean", "sum"}, {"sum", "mean"}, {"latestDay", "earliestDay"}, {"earliestDay", "latestDay"},
	} {
		list = append(list, mistake{pair[0], "is " + pair[1], as(pair[1])})
	}
	list = append(list, mistake{"==", "is !=", func(kernel) kernel { return differs }}, mistake{"!=", "is ==", func(kernel) kernel { return equals }})
	for _, k := range kernels() {
		list = append(list,
			mistake{k.plain, "unknown is no", then(func(_ *worker, _ *step, out *vector) { out.unknown, out.blank = flags{}, flags{} })},
			mistake{k.plain, "an error is no", then(func(_ *worker, _ *step, out *vector) { out.failed = flags{} })})
	}
	return list
}

func addNumber(_ *worker, _ *step, out *vector) {
	for i := range out.num {
		out.num[i]++
	}
	out.rest.num++
}

func addDay(_ *worker, _ *step, out *vector) {
	for i := range out.day {
		out.day[i]++
	}
	out.rest.day++
}

// known verdicts of a trial, from cel-go.
type judged struct {
	*trial
	columns *Columns
	want    [][]criteria.CareVerdict
}

func judge(t *trial) judged {
	j := judged{t, columnsOf(t.language, t.people), nil}
	for _, care := range t.cares {
		var row []criteria.CareVerdict
		for _, h := range t.people {
			f, _ := care.Verdict(h, params(), t.run)
			row = append(row, f.Verdict)
		}
		j.want = append(j.want, row)
	}
	return j
}

// differs reports whether the engine with the hook says something else.
func (j judged) differs(t *testing.T, hook func(*step)) bool {
	plan, err := newPlan(j.columns, j.language, j.cares, params(), j.run, hook)
	if err != nil {
		t.Error(err)
		return true
	}
	found, err := plan.Run(t.Context())
	if err != nil {
		t.Error(err)
		return true
	}
	for i, care := range j.cares {
		for k, h := range j.people {
			if found.Verdict(care.Name, h.id) != j.want[i][k] {
				return true
			}
		}
	}
	return false
}

// The differential test is worth something only if it sees a mistake, in
// whichever operator it is.
func TestAMistakeInAnyOperatorIsSeen(t *testing.T) {
	l := healthLanguage(t)
	const most = 300
	var trials [most]func() judged // made once, when the first mistake comes so far
	for n := range trials {
		trials[n] = sync.OnceValue(func() judged { return judge(newTrial(l, 5, uint64(n+1))) })
	}
	operators := map[string]bool{}
	var farthest atomic.Int64
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range mistakes() {
		operators[m.op] = true
		g.Go(func() error {
			for n := range trials {
				if trials[n]().differs(t, func(s *step) {
					if s.op == m.op {
						s.do = m.plant(s.do)
					}
				}) {
					for old := farthest.Load(); old < int64(n+1) && !farthest.CompareAndSwap(old, int64(n+1)); {
						old = farthest.Load()
					}
					return nil
				}
			}
			t.Errorf("%s %s: not seen in %d trials", m.op, m.what, most)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, k := range kernels() {
		if !operators[k.plain] {
			t.Errorf("no mistake is planted in %s", k.plain)
		}
	}
	t.Logf("%d mistakes seen, in at most %d trials of %d pairs", len(mistakes()), farthest.Load(), trialCriteria*trialPeople)
}
