package criteria

import (
	"math"
	"slices"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/fault"
)

// Limits on one condition.
const (
	MaxText  = 4000   // characters
	maxNodes = 1000   // parts of the checked text
	maxDepth = 60     // brackets in brackets
	maxCost  = 20_000 // CEL cost units of one evaluation; a plain condition costs about 20
)

const (
	asOfName    = "as_of"
	paramPrefix = "param."
)

// Language is CEL with the fields and parameters that a set of criteria may
// speak of. It may be used by many at once.
type Language struct {
	env     *cel.Env
	catalog Catalog
	params  []string
}

// NewLanguage makes the language of a catalogue and parameter names.
func NewLanguage(catalog Catalog, params []string) (*Language, error) {
	const op = "criteria.NewLanguage"
	if err := catalog.check(); err != nil {
		return nil, err
	}
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(standard())),
		cel.DefaultUTCTimeZone(true),
		cel.HomogeneousAggregateLiterals(),
		cel.ParserExpressionSizeLimit(MaxText),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(10),
		cel.ExpressionNodeLimit(maxNodes),
		cel.Variable(asOfName, cel.TimestampType),
	}
	for _, f := range catalog {
		if f.Kind != Hidden {
			options = append(options, cel.Variable(f.Name, seriesOf(f.Kind)))
		}
	}
	for _, name := range params {
		if !shortName.MatchString(name) {
			return nil, fault.New(fault.Invalid, op, "%q is not a name of a parameter", name)
		}
		options = append(options, cel.Variable(paramPrefix+name, cel.DoubleType))
	}
	options = append(options, questions()...)
	options = append(options, days()...)
	options = append(options, arithmetic()...)
	e, err := cel.NewCustomEnv(options...)
	if err != nil {
		return nil, fault.New(fault.Internal, op, "the language cannot be set up").Because(err)
	}
	return &Language{e, slices.Clone(catalog), slices.Clone(params)}, nil
}

// standard is the part of CEL's library that criteria have.
func standard() *env.LibrarySubset {
	with := func(name string, ids ...string) *env.Function {
		var list []*env.Overload
		for _, id := range ids {
			list = append(list, &env.Overload{ID: id})
		}
		return env.NewFunction(name, list...)
	}
	return &env.LibrarySubset{
		DisableMacros: true,
		IncludeFunctions: []*env.Function{
			with(operators.LogicalAnd), with(operators.LogicalOr), with(operators.LogicalNot), with(operators.Conditional),
			with(operators.Equals), with(operators.NotEquals),
			with(operators.Less, overloads.LessDouble, overloads.LessTimestamp),
			with(operators.LessEquals, overloads.LessEqualsDouble, overloads.LessEqualsTimestamp),
			with(operators.Greater, overloads.GreaterDouble, overloads.GreaterTimestamp),
			with(operators.GreaterEquals, overloads.GreaterEqualsDouble, overloads.GreaterEqualsTimestamp),
			with(operators.Negate, overloads.NegateDouble),
			with(operators.In, overloads.InList),
			with(overloads.StartsWith),
		},
	}
}

// questions are what may be asked of the facts of a field.
func questions() []cel.EnvOption {
	ask := func(name string, do func(*series) ref.Val, result func(Kind) *cel.Type) cel.EnvOption {
		var options []cel.FunctionOpt
		for _, k := range []Kind{Text, Date, Number, YesNo, Person} {
			t := seriesOf(k)
			if r := result(k); r != nil {
				options = append(options, cel.MemberOverload(t.TypeName()+"_"+name, []*cel.Type{t}, r, cel.UnaryBinding(func(v ref.Val) ref.Val {
					return do(v.(*series))
				})))
			}
		}
		return cel.Function(name, options...)
	}
	always := func(t *cel.Type) func(Kind) *cel.Type { return func(Kind) *cel.Type { return t } }
	people := seriesOf(Person)
	return []cel.EnvOption{
		ask("exists", (*series).exists, always(cel.BoolType)),
		ask("none", (*series).none, always(cel.BoolType)),
		ask("active", (*series).active, always(cel.BoolType)),
		ask("count", (*series).count, always(cel.DoubleType)),
		ask("latest", (*series).latest, valueOf),
		ask("earliest", (*series).earliest, valueOf),
		ask("current", (*series).current, valueOf),
		cel.Function("with", cel.MemberOverload("people_with", []*cel.Type{people, cel.StringType}, people,
			cel.BinaryBinding(func(v, mark ref.Val) ref.Val {
				return v.(*series).with(string(mark.(types.String)))
			}))),
	}
}

// days makes days and takes them apart.
func days() []cel.EnvOption {
	return []cel.EnvOption{
		cel.Function("year", cel.MemberOverload("date_year", []*cel.Type{cel.TimestampType}, cel.DoubleType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Double(v.(types.Timestamp).Year()) }))),
		cel.Function("date",
			cel.Overload("date_of_text", []*cel.Type{cel.StringType}, cel.TimestampType, cel.UnaryBinding(func(v ref.Val) ref.Val {
				t, err := time.Parse(time.DateOnly, string(v.(types.String)))
				if err != nil {
					return types.WrapErr(fault.New(fault.Invalid, "criteria.date", "the text is not a day").Do("write it as '2021-01-07'"))
				}
				return types.Timestamp{Time: t}
			})),
			cel.Overload("date_of_numbers", []*cel.Type{cel.DoubleType, cel.DoubleType, cel.DoubleType}, cel.TimestampType,
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					y, m, d := args[0].(types.Double), args[1].(types.Double), args[2].(types.Double)
					if y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31 {
						return types.WrapErr(notADay())
					}
					t := time.Date(int(y), time.Month(int(m)), int(d), 0, 0, 0, 0, time.UTC)
					if types.Double(t.Year()) != y || types.Double(t.Month()) != m || types.Double(t.Day()) != d {
						return types.WrapErr(notADay())
					}
					return types.Timestamp{Time: t}
				}))),
	}
}

func notADay() error {
	return fault.New(fault.Invalid, "criteria.date", "year, month and day do not make a day").Do("use whole numbers, as in date(2021, 1, 7)")
}

// arithmetic is that of finite numbers: what is too large, or divided by
// nothing, is an error and never "infinite".
func arithmetic() []cel.EnvOption {
	two := func(sign, id string, do func(a, b float64) float64) cel.EnvOption {
		return cel.Function(sign, cel.Overload(id, []*cel.Type{cel.DoubleType, cel.DoubleType}, cel.DoubleType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				x := do(float64(a.(types.Double)), float64(b.(types.Double)))
				if math.IsNaN(x) || math.IsInf(x, 0) {
					return types.WrapErr(fault.New(fault.Invalid, "criteria.arithmetic", "a number is divided by zero or too large"))
				}
				return types.Double(x)
			})))
	}
	return []cel.EnvOption{
		two(operators.Add, "number_add", func(a, b float64) float64 { return a + b }),
		two(operators.Subtract, "number_subtract", func(a, b float64) float64 { return a - b }),
		two(operators.Multiply, "number_multiply", func(a, b float64) float64 { return a * b }),
		two(operators.Divide, "number_divide", func(a, b float64) float64 { return a / b }),
	}
}
