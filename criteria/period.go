package criteria

import (
	"reflect"
	"strconv"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/clinical"
	"ennakko/fault"
)

// Period is a span of days, both included. A period whose last day is before
// its first holds no day.
type Period struct{ First, Last time.Time }

// Run is the day as of which to decide, and the measurement period.
type Run struct {
	AsOf   time.Time
	Period Period // the zero Period: the year that ends on AsOf
}

// period is the measurement period, or the usual one.
func (r Run) period() Period {
	if r.Period.First.IsZero() && r.Period.Last.IsZero() {
		asOf := dayOf(r.AsOf)
		return Period{AddSpan(asOf, Span{1, 'y'}, -1).AddDate(0, 0, 1), asOf}
	}
	return r.Period
}

// Measured is the measurement period of the run: the one that it was given, or
// the year that ends on AsOf.
func (r Run) Measured() Period { return r.period() }

// Span is a length of time in calendar units: 2 years, 18 months, 6 weeks, 90
// days.
type Span struct {
	N    int
	Unit byte // 'y', 'm' (months), 'w' or 'd'
}

const maxSpan = 9999

// ParseSpan reads "2y", "18mo", "6w" or "90d".
func ParseSpan(s string) (Span, error) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	units := map[string]byte{"y": 'y', "mo": 'm', "w": 'w', "d": 'd'}
	u, ok := units[s[i:]]
	if err != nil || n > maxSpan || !ok {
		return Span{}, fault.New(fault.Invalid, "criteria.ParseSpan", "the text is not a length of time").Do("write it as 2y, 18mo, 6w or 90d")
	}
	return Span{n, u}, nil
}

// AddSpan adds a span to a day, sign times (1 or -1). Years and months keep
// the day of the month, or take the month's last day if it has no such day:
// 31 January and one month is 28 or 29 February.
func AddSpan(day time.Time, s Span, sign int) time.Time {
	n := s.N * sign
	switch s.Unit {
	case 'd':
		return day.AddDate(0, 0, n)
	case 'w':
		return day.AddDate(0, 0, 7*n)
	case 'y':
		n *= 12
	}
	y, m, d := day.Date()
	last := time.Date(y, m+time.Month(n)+1, 0, 0, 0, 0, 0, time.UTC)
	return time.Date(last.Year(), last.Month(), min(d, last.Day()), 0, 0, 0, 0, time.UTC)
}

// YearsBetween is the number of whole years from a to b; negative if b is
// earlier. Who was born on 29 February is a year older on 1 March.
func YearsBetween(a, b time.Time) float64 {
	if b.Before(a) {
		return -YearsBetween(b, a)
	}
	n := b.Year() - a.Year()
	if b.Month() < a.Month() || b.Month() == a.Month() && b.Day() < a.Day() {
		n--
	}
	return float64(n)
}

// Days is the length in days of a span of weeks or days; years and months have
// none of their own and count 365 and 30.
func (s Span) Days() int64 {
	each := map[byte]int64{'d': 1, 'w': 7, 'm': 30, 'y': 365}
	return int64(s.N) * each[s.Unit]
}

// span is a period as a value of the language.
type span struct{ from, until int32 }

func ever() span { return span{clinical.Always, clinical.Open} }

func (p Period) span() span { return span{DayNumber(p.First), DayNumber(p.Last)} }

var periodType = cel.OpaqueType("period")

func (span) ConvertToNative(reflect.Type) (any, error) {
	return nil, fault.New(fault.Internal, "criteria.period", "a period does not leave a criterion")
}
func (span) ConvertToType(ref.Type) ref.Val { return types.NoSuchOverloadErr() }
func (span) Equal(ref.Val) ref.Val          { return types.NoSuchOverloadErr() }
func (span) Type() ref.Type                 { return periodType }
func (span) Value() any                     { return nil }

// dayValue is a day of the language; a day outside the years 1 to 9999 is an
// error.
func dayValue(t time.Time) ref.Val {
	if t.Year() < 1 || t.Year() > 9999 {
		return types.WrapErr(fault.New(fault.Invalid, "criteria.date", "the day is outside the years 1 to 9999"))
	}
	return types.Timestamp{Time: t}
}

// periods are the functions that make periods and move days.
func periods() []cel.EnvOption {
	move := func(name string, sign int) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("date_"+name, []*cel.Type{cel.TimestampType, cel.StringType}, cel.TimestampType,
			cel.BinaryBinding(func(day, by ref.Val) ref.Val {
				s, err := ParseSpan(string(by.(types.String)))
				if err != nil {
					return types.WrapErr(err)
				}
				return dayValue(AddSpan(day.(types.Timestamp).Time, s, sign))
			})))
	}
	two := func(name, id string, result *cel.Type, do func(a, b time.Time) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.Overload(id, []*cel.Type{cel.TimestampType, cel.TimestampType}, result,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val { return do(a.(types.Timestamp).Time, b.(types.Timestamp).Time) })))
	}
	edge := func(name string, of func(span) int32) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload("period_"+name, []*cel.Type{periodType}, cel.TimestampType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return dayValue(timeOf(of(v.(span)))) })))
	}
	return []cel.EnvOption{
		cel.Variable(periodName, periodType),
		cel.Variable(everName, periodType),
		move("plus", 1), move("minus", -1),
		two("between", "period_between", periodType, func(a, b time.Time) ref.Val { return span{DayNumber(a), DayNumber(b)} }),
		two("yearsBetween", "years_between", cel.DoubleType, func(a, b time.Time) ref.Val { return types.Double(YearsBetween(a, b)) }),
		two("daysBetween", "days_between", cel.DoubleType, func(a, b time.Time) ref.Val {
			return types.Double(DayNumber(b) - DayNumber(a))
		}),
		edge("first", func(p span) int32 { return p.from }),
		edge("last", func(p span) int32 { return p.until }),
	}
}
