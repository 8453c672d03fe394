package criteria

import (
	"cmp"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/person"
)

// seriesOf is the type that a field or concept has in the language: all facts
// of one person, of which a criterion asks something.
func seriesOf(k Kind) *cel.Type {
	names := [...]string{"nothing", "texts", "dates", "numbers", "answers", "people", "sealed", "codes", "events"}
	return cel.OpaqueType(names[k])
}

// valueOf is the type of one value of a kind; nil if a value of the kind cannot
// be had.
func valueOf(k Kind) *cel.Type {
	switch k {
	case Text:
		return cel.StringType
	case Date:
		return cel.TimestampType
	case Number:
		return cel.DoubleType
	case YesNo:
		return cel.BoolType
	}
	return nil
}

// item is a fact with what is asked of it most.
type item struct {
	fact        Fact
	from, until int32
	value       ref.Val
}

func (f *item) overlaps(p span) bool { return f.from <= p.until && f.until >= p.from }

// lack is a series whose facts nobody knows.
type lack struct {
	number int64
	name   string
}

// series is the facts of one field or concept of one person, as of one day, in
// order: by first day, minute, number of the resource and code.
type series struct {
	spec  FieldSpec
	own   lack // what latest() of an empty series lacks
	asOf  int32
	lacks []lack // not empty: an empty series means that nobody knows
	items []item
}

// newSeries takes what is known of the field on the day: a fact that begins
// later is not seen, and a resource counts once. It refuses a value that is not
// of the field's kind.
func newSeries(spec FieldSpec, number int64, from Facts, asOf time.Time) (*series, error) {
	s := &series{spec: spec, own: lack{number, spec.Name}, asOf: DayNumber(asOf)}
	all, read := from.Facts(spec.Name)
	if !read {
		s.lacks = []lack{s.own}
		return s, nil
	}
	shared := strings.HasPrefix(spec.Name, householdPrefix)
	for _, f := range all {
		if shared {
			f.Group, f.Encounter = 0, 0 // they number what is of one person
		}
		x := item{fact: f, from: clinical.Always, until: clinical.Open}
		if !f.From.IsZero() {
			x.from = DayNumber(f.From)
		}
		if !f.Until.IsZero() {
			x.until = DayNumber(f.Until)
		}
		if x.from <= s.asOf {
			s.items = append(s.items, x)
		}
	}
	slices.SortStableFunc(s.items, inOrder)
	s.items = slices.CompactFunc(s.items, func(a, b item) bool { return a.fact.Group != 0 && a.fact.Group == b.fact.Group })
	for i := range s.items {
		x := &s.items[i]
		if x.value = toValue(spec.Kind, x.fact.Value); x.value == nil {
			return nil, unusable(spec, x.fact)
		}
	}
	if len(s.items) == 0 && spec.Absent != AbsentNone {
		s.lacks = []lack{s.own}
	}
	return s, nil
}

func inOrder(a, b item) int {
	if c := cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.fact.Minute, b.fact.Minute), cmp.Compare(a.fact.Group, b.fact.Group)); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(a.fact.Code.System, b.fact.Code.System), strings.Compare(a.fact.Code.Code, b.fact.Code.Code))
}

func unusable(spec FieldSpec, f Fact) error {
	if _, bad := f.Value.(Bad); bad {
		return fault.New(fault.Invalid, "criteria.Eval", "a value has no unit that can be turned into the concept's").
			Where("%s", spec.Name).Do("look at the unit in the source")
	}
	return fault.New(fault.Invalid, "criteria.Eval", "a fact is not of the field's kind").
		Where("field %s", spec.Name).Do("look at how the register was read")
}

// toValue is nil for a value that is not of the kind.
func toValue(k Kind, v any) ref.Val {
	switch x := v.(type) {
	case nil:
		if k == Event {
			return types.NullValue
		}
	case string:
		if k == Text {
			return types.String(x)
		}
	case time.Time:
		if k == Date && !x.IsZero() {
			return types.Timestamp{Time: dayOf(x)}
		}
	case float64:
		if k == Number && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return types.Double(x)
		}
	case bool:
		if k == YesNo {
			return types.Bool(x)
		}
	case person.ID:
		if k == Person && x != 0 {
			return types.Uint(x)
		}
	case coding.Code:
		if k == Coded && !x.IsZero() {
			return types.String(x.String())
		}
	}
	return nil
}

// unknownOf is the answer to a question that the facts do not settle.
func unknownOf(lacks []lack) ref.Val {
	var u *types.Unknown
	for _, l := range lacks {
		u = types.MergeUnknowns(u, types.NewUnknown(l.number, types.NewAttributeTrail(l.name)))
	}
	return u
}

// ask answers a question to which an empty series has an answer.
func (s *series) ask(answer func() ref.Val) ref.Val {
	if len(s.lacks) > 0 {
		return unknownOf(s.lacks)
	}
	return answer()
}

// need answers a question that needs a fact.
func (s *series) need(answer func() ref.Val) ref.Val {
	switch {
	case len(s.lacks) > 0:
		return unknownOf(s.lacks)
	case len(s.items) == 0:
		return unknownOf([]lack{s.own})
	}
	return answer()
}

func (s *series) exists() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(len(s.items) > 0) })
}

func (s *series) none() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(len(s.items) == 0) })
}

func (s *series) count() ref.Val {
	return s.ask(func() ref.Val { return types.Double(len(s.items)) })
}

// days counts the different first days.
func (s *series) days() ref.Val {
	return s.ask(func() ref.Val {
		n := 0
		for i := range s.items {
			if i == 0 || s.items[i].from != s.items[i-1].from {
				n++
			}
		}
		return types.Double(n)
	})
}

func (s *series) covers(x item) bool { return x.until >= s.asOf }

func (s *series) active() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(slices.ContainsFunc(s.items, s.covers)) })
}

func (s *series) latest() ref.Val {
	return s.need(func() ref.Val { return s.items[len(s.items)-1].value })
}

func (s *series) earliest() ref.Val {
	return s.need(func() ref.Val { return s.items[0].value })
}

func (s *series) current() ref.Val {
	for _, x := range slices.Backward(s.items) {
		if s.covers(x) {
			return x.value
		}
	}
	if len(s.lacks) > 0 {
		return unknownOf(s.lacks)
	}
	return unknownOf([]lack{s.own})
}

// fold joins the numbers from the oldest on.
func (s *series) fold(join func(a, b float64) float64) float64 {
	sum := float64(s.items[0].value.(types.Double))
	for _, x := range s.items[1:] {
		sum = join(sum, float64(x.value.(types.Double)))
	}
	return sum
}

func (s *series) least() ref.Val {
	return s.need(func() ref.Val { return types.Double(s.fold(func(a, b float64) float64 { return min(a, b) })) })
}

func (s *series) most() ref.Val {
	return s.need(func() ref.Val { return types.Double(s.fold(func(a, b float64) float64 { return max(a, b) })) })
}

func plus(a, b float64) float64 { return a + b }

func (s *series) sum() ref.Val {
	return s.ask(func() ref.Val {
		if len(s.items) == 0 {
			return types.Double(0)
		}
		return finite(s.fold(plus))
	})
}

func (s *series) mean() ref.Val {
	return s.need(func() ref.Val { return finite(s.fold(plus) / float64(len(s.items))) })
}

func (s *series) latestDay() ref.Val {
	return s.need(func() ref.Val { return s.dated(s.items[len(s.items)-1]) })
}

func (s *series) earliestDay() ref.Val {
	return s.need(func() ref.Val { return s.dated(s.items[0]) })
}

func (s *series) dated(x item) ref.Val {
	if x.from == clinical.Always {
		return unknownOf([]lack{s.own})
	}
	return dayValue(timeOf(x.from))
}

func (s *series) daysSince() ref.Val {
	return s.need(func() ref.Val {
		last := s.items[len(s.items)-1].from
		if last == clinical.Always {
			return unknownOf([]lack{s.own})
		}
		return types.Double(s.asOf - last)
	})
}

// The rest makes a series a value of the language. None of it can be reached
// from a criterion: a series can only be asked.

func (s *series) ConvertToNative(reflect.Type) (any, error) {
	return nil, fault.New(fault.Internal, "criteria.series", "facts do not leave a criterion")
}
func (s *series) ConvertToType(ref.Type) ref.Val { return types.NoSuchOverloadErr() }
func (s *series) Equal(ref.Val) ref.Val          { return types.NoSuchOverloadErr() }
func (s *series) Type() ref.Type                 { return seriesOf(s.spec.Kind) }
func (s *series) Value() any                     { return nil }
