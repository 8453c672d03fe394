package criteria

import (
	"math"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"ennakko/coding"
	"ennakko/fault"
)

// Limits on one condition.
const (
	MaxText  = 4000   // characters
	maxWhole = 4000   // parts of the checked text, definitions in their place
	maxDepth = 60     // brackets in brackets
	maxCost  = 20_000 // CEL cost units of one evaluation; a plain condition costs about 20
)

const (
	asOfName        = "as_of"
	periodName      = "period"
	everName        = "ever"
	paramPrefix     = "param."
	householdPrefix = "household."
)

// Language is CEL with the fields, concepts and parameters that a set of
// criteria may speak of. It may be used by many at once.
type Language struct {
	env         *cel.Env
	catalog     Catalog // fields, then concepts
	concepts    []Concept
	params      []string
	units       map[string]coding.Unit // of parameters
	sets        map[string]*coding.ValueSet
	definitions map[string]definition
}

// ParamSpec is the name of a parameter and the unit of its values.
type ParamSpec struct {
	Name string
	Unit coding.Unit // the zero Unit: a plain number
}

// Vocabulary is what criteria may speak of.
type Vocabulary struct {
	Fields      Catalog
	Concepts    []Concept
	Params      []ParamSpec
	ValueSets   []*coding.ValueSet // for valued(); each with its Name
	Definitions []Definition       // in any order
}

// NewLanguage makes the language of a catalogue and parameter names.
func NewLanguage(catalog Catalog, params []string) (*Language, error) {
	v := Vocabulary{Fields: catalog}
	for _, name := range params {
		v.Params = append(v.Params, ParamSpec{Name: name})
	}
	return NewHealthLanguage(v)
}

// NewHealthLanguage makes the language of a vocabulary. The error is a list of
// faults of its names, concepts and definitions.
func NewHealthLanguage(v Vocabulary) (*Language, error) {
	l := &Language{catalog: slices.Clone(v.Fields), concepts: slices.Clone(v.Concepts), units: map[string]coding.Unit{}, sets: map[string]*coding.ValueSet{}}
	if err := l.names(v); err != nil {
		return nil, err
	}
	e, err := cel.NewCustomEnv(l.options()...)
	if err != nil {
		return nil, fault.New(fault.Internal, "criteria.NewLanguage", "the language cannot be set up").Because(err)
	}
	l.env = e
	if err := l.define(v.Definitions); err != nil {
		return nil, err
	}
	return l, nil
}

// names takes the names of a vocabulary in, if each means one thing.
func (l *Language) names(v Vocabulary) error {
	const op = "criteria.NewLanguage"
	if err := v.Fields.check(); err != nil {
		return err
	}
	for _, s := range v.ValueSets {
		if s.Name == "" || l.sets[s.Name] != nil {
			return fault.New(fault.Invalid, op, "a value set has no name, or that of another: %q", s.Name)
		}
		l.sets[s.Name] = s
	}
	var faults fault.List
	for _, c := range l.concepts {
		if err := c.check(); err != nil {
			faults = append(faults, fault.All(err, "criteria")...)
			continue
		}
		if _, twice := l.catalog.Find(c.Name); twice {
			faults.Add(fault.New(fault.Invalid, op, "the concept %s stands twice", c.Name))
			continue
		}
		l.catalog = append(l.catalog, FieldSpec{c.Name, c.Value, c.Absent})
	}
	for _, p := range v.Params {
		if !shortName.MatchString(p.Name) {
			faults.Add(fault.New(fault.Invalid, op, "%q is not a name of a parameter", p.Name))
			continue
		}
		l.params = append(l.params, p.Name)
		l.units[p.Name] = p.Unit
	}
	return faults.Err()
}

// options are the settings of CEL for this language.
func (l *Language) options() []cel.EnvOption {
	options := []cel.EnvOption{
		cel.StdLib(cel.StdLibSubset(standard())),
		cel.DefaultUTCTimeZone(true),
		cel.HomogeneousAggregateLiterals(),
		cel.ParserExpressionSizeLimit(MaxText),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(10),
		cel.ExpressionNodeLimit(maxWhole),
		cel.Variable(asOfName, cel.TimestampType),
	}
	for _, f := range l.catalog {
		if f.Kind != Hidden {
			options = append(options, cel.Variable(f.Name, seriesOf(f.Kind)), cel.Variable(householdPrefix+f.Name, seriesOf(f.Kind)))
		}
	}
	for _, name := range l.params {
		options = append(options, cel.Variable(paramPrefix+name, cel.DoubleType))
	}
	options = append(options, questions()...)
	options = append(options, filters(l.sets)...)
	options = append(options, days()...)
	options = append(options, periods()...)
	return append(options, arithmetic()...)
}

// Concept finds a concept by its name, that of the household's
// ("household.systolic") included.
func (l *Language) Concept(name string) (Concept, bool) {
	name = strings.TrimPrefix(name, householdPrefix)
	for _, c := range l.concepts {
		if c.Name == name {
			return c, true
		}
	}
	return Concept{}, false
}

// Concepts lists the concepts of the language.
func (l *Language) Concepts() []Concept { return slices.Clone(l.concepts) }

// ValueSet finds a value set that valued() may name.
func (l *Language) ValueSet(name string) (*coding.ValueSet, bool) {
	s, ok := l.sets[name]
	return s, ok
}

// find is the field or concept of that name, with or without "household.".
func (l *Language) find(name string) (FieldSpec, bool) {
	f, ok := l.catalog.Find(strings.TrimPrefix(name, householdPrefix))
	f.Name = name
	return f, ok
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
		for _, k := range kinds() {
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
	numbers := func(k Kind) *cel.Type {
		if k == Number {
			return cel.DoubleType
		}
		return nil
	}
	var marked []cel.FunctionOpt
	for k, id := range map[Kind]string{Person: "people_with", Number: "numbers_with"} {
		marked = append(marked, cel.MemberOverload(id, []*cel.Type{seriesOf(k), cel.StringType}, seriesOf(k),
			cel.BinaryBinding(func(v, mark ref.Val) ref.Val {
				return v.(*series).with(string(mark.(types.String)))
			})))
	}
	return []cel.EnvOption{
		ask("exists", (*series).exists, always(cel.BoolType)),
		ask("none", (*series).none, always(cel.BoolType)),
		ask("active", (*series).active, always(cel.BoolType)),
		ask("count", (*series).count, always(cel.DoubleType)),
		ask("days", (*series).days, always(cel.DoubleType)),
		ask("latestDay", (*series).latestDay, always(cel.TimestampType)),
		ask("earliestDay", (*series).earliestDay, always(cel.TimestampType)),
		ask("daysSince", (*series).daysSince, always(cel.DoubleType)),
		ask("min", (*series).least, numbers),
		ask("max", (*series).most, numbers),
		ask("mean", (*series).mean, numbers),
		ask("sum", (*series).sum, numbers),
		ask("latest", (*series).latest, valueOf),
		ask("earliest", (*series).earliest, valueOf),
		ask("current", (*series).current, valueOf),
		cel.Function("with", marked...),
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
				return finite(do(float64(a.(types.Double)), float64(b.(types.Double))))
			})))
	}
	return []cel.EnvOption{
		// A quantity becomes a number before a text is a program.
		cel.Function("q", cel.Overload("quantity", []*cel.Type{cel.DoubleType, cel.StringType}, cel.DoubleType,
			cel.BinaryBinding(func(ref.Val, ref.Val) ref.Val { return types.NoSuchOverloadErr() }))),
		two(operators.Add, "number_add", func(a, b float64) float64 { return a + b }),
		two(operators.Subtract, "number_subtract", func(a, b float64) float64 { return a - b }),
		two(operators.Multiply, "number_multiply", func(a, b float64) float64 { return a * b }),
		two(operators.Divide, "number_divide", func(a, b float64) float64 { return a / b }),
	}
}

// finite is x, or an error if it is no number.
func finite(x float64) ref.Val {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return types.WrapErr(fault.New(fault.Invalid, "criteria.arithmetic", "a number is divided by zero or too large"))
	}
	return types.Double(x)
}
