package criteria

import (
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/coding"
)

// A filter makes a series of those facts of another that it keeps. What the
// other lacks, it lacks; that it keeps none is known if the facts are.

// keep is the series of the facts that fit.
func (s *series) keep(fits func(item) bool) *series {
	c := *s
	c.items = nil
	for _, x := range s.items {
		if fits(x) {
			c.items = append(c.items, x)
		}
	}
	return &c
}

// relate is keep by the facts of another series. If nobody knows the other, an
// empty result means that nobody knows, and so does any other.
func (s *series) relate(other *series, fits func(item) bool) *series {
	if len(other.lacks) == 0 {
		return s.keep(fits)
	}
	c := *s
	c.items = nil
	c.lacks = slices.Concat(s.lacks, other.lacks)
	return &c
}

// with keeps the facts that carry the mark.
func (s *series) with(mark string) *series {
	return s.keep(func(x item) bool { return slices.Contains(strings.Split(x.fact.Qualifier, ","), mark) })
}

// on keeps the facts of one day: that of the fact at i.
func (s *series) on(i int) *series {
	if len(s.items) == 0 {
		return s
	}
	day := s.items[i].from
	return s.keep(func(x item) bool { return x.from == day })
}

func (s *series) firstDay() *series { return s.on(0) }
func (s *series) lastDay() *series  { return s.on(len(s.items) - 1) }

// during keeps the facts that share a day or the encounter with one of other.
func (s *series) during(other *series) *series {
	return s.relate(other, func(x item) bool { return x.within(other) })
}

func (s *series) notDuring(other *series) *series {
	return s.relate(other, func(x item) bool { return !x.within(other) })
}

func (f *item) within(other *series) bool {
	return slices.ContainsFunc(other.items, func(y item) bool {
		return f.overlaps(span{y.from, y.until}) || f.fact.Encounter != 0 && f.fact.Encounter == y.fact.Encounter
	})
}

// beforeFirst keeps the facts that begin on a day before the first of other.
func (s *series) beforeFirst(other *series) *series {
	return s.relate(other, func(x item) bool { return len(other.items) > 0 && x.from < other.items[0].from })
}

// afterLast keeps the facts that begin on a day after that on which the latest
// of other began.
func (s *series) afterLast(other *series) *series {
	return s.relate(other, func(x item) bool { return len(other.items) > 0 && x.from > other.items[len(other.items)-1].from })
}

// near keeps the facts that lie at most so many days from one of other.
func (s *series) near(other *series, days int64) *series {
	return s.relate(other, func(x item) bool {
		return slices.ContainsFunc(other.items, func(y item) bool {
			return int64(y.from)-int64(x.until) <= days && int64(x.from)-int64(y.until) <= days
		})
	})
}

// kinds are those of which a series can be.
func kinds() []Kind { return []Kind{Text, Date, Number, YesNo, Person, Coded, Event} }

// clinicalKinds are those of which a concept can be.
func clinicalKinds() []Kind { return []Kind{Number, Coded, Event} }

// narrow declares a filter on series of some kinds with more arguments.
func narrow(name string, on []Kind, args []*cel.Type, do func(s *series, args []ref.Val) ref.Val) []cel.FunctionOpt {
	var options []cel.FunctionOpt
	for _, k := range on {
		t := seriesOf(k)
		id := t.TypeName() + "_" + name
		for _, a := range args {
			id += "_" + a.TypeName()
		}
		options = append(options, cel.MemberOverload(id, append([]*cel.Type{t}, args...), t,
			cel.FunctionBinding(func(all ...ref.Val) ref.Val { return do(all[0].(*series), all[1:]) })))
	}
	return options
}

func filters(sets map[string]*coding.ValueSet) []cel.EnvOption {
	day, number, text := []*cel.Type{cel.TimestampType}, []*cel.Type{cel.DoubleType}, []*cel.Type{cel.StringType}
	dayOf := func(v ref.Val) int32 { return DayNumber(v.(types.Timestamp).Time) }
	out := []cel.EnvOption{
		cel.Function("startsIn", narrow("startsIn", kinds(), []*cel.Type{periodType}, func(s *series, args []ref.Val) ref.Val {
			p := args[0].(span)
			return s.keep(func(x item) bool { return x.from >= p.from && x.from <= p.until })
		})...),
		cel.Function("endsIn", narrow("endsIn", kinds(), []*cel.Type{periodType}, func(s *series, args []ref.Val) ref.Val {
			p := args[0].(span)
			return s.keep(func(x item) bool { return x.until >= p.from && x.until <= p.until })
		})...),
		cel.Function("before", narrow("before", kinds(), day, func(s *series, args []ref.Val) ref.Val {
			return s.keep(func(x item) bool { return x.from < dayOf(args[0]) })
		})...),
		cel.Function("after", narrow("after", kinds(), day, func(s *series, args []ref.Val) ref.Val {
			return s.keep(func(x item) bool { return x.from > dayOf(args[0]) })
		})...),
		cel.Function("firstDay", narrow("firstDay", kinds(), nil, func(s *series, _ []ref.Val) ref.Val { return s.firstDay() })...),
		cel.Function("lastDay", narrow("lastDay", kinds(), nil, func(s *series, _ []ref.Val) ref.Val { return s.lastDay() })...),
		cel.Function("valued", narrow("valued", []Kind{Coded}, text, func(s *series, args []ref.Val) ref.Val {
			fits := codeTest(sets, string(args[0].(types.String)))
			return s.keep(func(x item) bool { return fits(x.fact.Value.(coding.Code)) })
		})...),
	}
	for name, fits := range map[string]func(x, y float64) bool{
		"atLeast": func(x, y float64) bool { return x >= y }, "atMost": func(x, y float64) bool { return x <= y },
		"above": func(x, y float64) bool { return x > y }, "below": func(x, y float64) bool { return x < y },
	} {
		out = append(out, cel.Function(name, narrow(name, []Kind{Number}, number, func(s *series, args []ref.Val) ref.Val {
			return s.keep(func(x item) bool { return fits(float64(x.value.(types.Double)), float64(args[0].(types.Double))) })
		})...))
	}
	out = append(out, classes("inClass", true), classes("notInClass", false))
	return append(out, relations()...)
}

// codeTest is the test of a coded value: it is in the named value set, or is
// the code that was written.
func codeTest(sets map[string]*coding.ValueSet, name string) func(coding.Code) bool {
	if set, ok := sets[name]; ok {
		return set.Has
	}
	return coding.NewValueSet("", coding.ParsePattern(name)).Has
}

const maxClasses = 6

// classes declares a filter by the class of the encounter. A fact of no known
// class is in none.
func classes(name string, want bool) cel.EnvOption {
	var options []cel.FunctionOpt
	args := []*cel.Type{}
	for range maxClasses {
		args = append(args, cel.StringType)
		options = append(options, narrow(name, clinicalKinds(), slices.Clone(args), func(s *series, names []ref.Val) ref.Val {
			return s.keep(func(x item) bool {
				return want == slices.ContainsFunc(names, func(n ref.Val) bool { return string(n.(types.String)) == x.fact.Class })
			})
		})...)
	}
	return cel.Function(name, options...)
}

// relations declares the filters by another series.
func relations() []cel.EnvOption {
	during := narrow("during", kinds(), []*cel.Type{periodType}, func(s *series, args []ref.Val) ref.Val {
		p := args[0].(span)
		return s.keep(func(x item) bool { return x.overlaps(p) })
	})
	var notDuring, beforeFirst, afterLast, near []cel.FunctionOpt
	add := func(list *[]cel.FunctionOpt, name string, k Kind, do func(s, other *series) *series) {
		*list = append(*list, narrow(name, clinicalKinds(), []*cel.Type{seriesOf(k)}, func(s *series, args []ref.Val) ref.Val {
			return do(s, args[0].(*series))
		})...)
	}
	for _, k := range clinicalKinds() {
		add(&during, "during", k, (*series).during)
		add(&notDuring, "notDuring", k, (*series).notDuring)
		add(&beforeFirst, "beforeFirst", k, (*series).beforeFirst)
		add(&afterLast, "afterLast", k, (*series).afterLast)
		near = append(near, narrow("near", clinicalKinds(), []*cel.Type{seriesOf(k), cel.StringType}, func(s *series, args []ref.Val) ref.Val {
			by, err := ParseSpan(string(args[1].(types.String)))
			if err != nil {
				return types.WrapErr(err)
			}
			return s.near(args[0].(*series), by.Days())
		})...)
	}
	return []cel.EnvOption{
		cel.Function("during", during...), cel.Function("notDuring", notDuring...), cel.Function("beforeFirst", beforeFirst...),
		cel.Function("afterLast", afterLast...), cel.Function("near", near...),
	}
}
