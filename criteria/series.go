package criteria

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/fault"
	"ennakko/person"
)

// seriesOf is the type that a field has in the language: all facts of one
// person, of which a criterion asks something.
func seriesOf(k Kind) *cel.Type {
	names := [...]string{"nothing", "texts", "dates", "numbers", "answers", "people", "sealed"}
	return cel.OpaqueType(names[k])
}

// valueOf is the type of one value of a kind.
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

// series is the facts of one field of one person, as of one day, oldest first.
type series struct {
	field  FieldSpec
	number int64 // tells the program's fields apart, from 1
	asOf   time.Time
	known  bool // false: an empty series means that nobody knows
	facts  []Fact
	values []ref.Val
}

// newSeries takes what is known of the field on the day: a fact that begins
// later is not seen. It refuses a value that is not of the field's kind.
func newSeries(spec FieldSpec, number int64, from Facts, asOf time.Time) (*series, error) {
	s := &series{field: spec, number: number, asOf: asOf}
	all, read := from.Facts(spec.Name)
	if !read {
		return s, nil
	}
	for _, f := range all {
		if !f.From.IsZero() && dayOf(f.From).After(asOf) {
			continue
		}
		s.facts = append(s.facts, f)
	}
	slices.SortStableFunc(s.facts, func(a, b Fact) int { return a.From.Compare(b.From) })
	for _, f := range s.facts {
		v := toValue(spec.Kind, f.Value)
		if v == nil {
			return nil, fault.New(fault.Invalid, "criteria.Eval", "a fact is not of the field's kind").
				Where("field %s", spec.Name).Do("look at how the register was read")
		}
		s.values = append(s.values, v)
	}
	s.known = len(s.facts) > 0 || spec.Absent == AbsentNone
	return s, nil
}

// toValue is nil for a value that is not of the kind.
func toValue(k Kind, v any) ref.Val {
	switch x := v.(type) {
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
	}
	return nil
}

// unknown is the answer to a question that the facts do not settle.
func (s *series) unknown() ref.Val {
	return types.NewUnknown(s.number, types.NewAttributeTrail(s.field.Name))
}

func (s *series) ask(answer func() ref.Val) ref.Val {
	if !s.known {
		return s.unknown()
	}
	return answer()
}

func (s *series) covers(f Fact) bool {
	return f.Until.IsZero() || !dayOf(f.Until).Before(s.asOf)
}

func (s *series) exists() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(len(s.facts) > 0) })
}

func (s *series) none() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(len(s.facts) == 0) })
}

func (s *series) count() ref.Val {
	return s.ask(func() ref.Val { return types.Double(len(s.facts)) })
}

func (s *series) active() ref.Val {
	return s.ask(func() ref.Val { return types.Bool(slices.ContainsFunc(s.facts, s.covers)) })
}

func (s *series) latest() ref.Val {
	if len(s.values) == 0 {
		return s.unknown()
	}
	return s.values[len(s.values)-1]
}

func (s *series) earliest() ref.Val {
	if len(s.values) == 0 {
		return s.unknown()
	}
	return s.values[0]
}

func (s *series) current() ref.Val {
	for i, f := range slices.Backward(s.facts) {
		if s.covers(f) {
			return s.values[i]
		}
	}
	return s.unknown()
}

// with keeps the facts that carry the mark. That none does is known if the
// facts are.
func (s *series) with(mark string) *series {
	c := *s
	c.facts, c.values = nil, nil
	for i, f := range s.facts {
		if slices.Contains(strings.Split(f.Qualifier, ","), mark) {
			c.facts, c.values = append(c.facts, f), append(c.values, s.values[i])
		}
	}
	return &c
}

// The rest makes a series a value of the language. None of it can be reached
// from a criterion: a series can only be asked.

func (s *series) ConvertToNative(reflect.Type) (any, error) {
	return nil, fault.New(fault.Internal, "criteria.series", "facts do not leave a criterion")
}
func (s *series) ConvertToType(ref.Type) ref.Val { return types.NoSuchOverloadErr() }
func (s *series) Equal(ref.Val) ref.Val          { return types.NoSuchOverloadErr() }
func (s *series) Type() ref.Type                 { return seriesOf(s.field.Kind) }
func (s *series) Value() any                     { return nil }
