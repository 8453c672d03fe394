package criteria

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"
)

// Truth is what a part of a condition came to.
type Truth string

// The truths. Broken is a part that cannot be evaluated.
const (
	True      Truth = "true"
	False     Truth = "false"
	Undecided Truth = "unknown"
	Broken    Truth = "error"
)

// Join is how a part of a condition is made of its own parts.
type Join string

// The joins. An Atom has no parts: it asks something of the facts.
const (
	All    Join = "all"    // &&
	Any    Join = "any"    // ||
	Not    Join = "not"    // !
	Choice Join = "choice" // ? :
	Atom   Join = "atom"
)

// Step is one part of a condition with what came of it for one person. It
// holds personal values: it is for the eyes of the expert who may see them.
type Step struct {
	Text    string // the part as the language writes it, definitions in their place
	Said    string // the part as the author wrote it, with the names of definitions
	Name    string // of the definition that it is; "" none
	Join    Join
	Truth   Truth
	Parts   []Step
	Values  []Value  // of an Atom: the definitions and parameters in it that are one value
	Asked   []Asked  // of an Atom: what was asked of which series
	Missing []string // of an Atom that is Undecided: whose facts would decide
}

// Value is what a definition or parameter in a condition came to.
type Value struct {
	Name  string // "age", "param.limit"
	Value any    // bool, float64, string or time.Time; nil: nobody knows
}

// Asked is one question to a series with its answer.
type Asked struct {
	Series   string // field or concept, "systolic"
	Question string // "latest"
	Filters  string // what narrows the series, as the language writes it: ".lastDay()"; "" nothing
	Answer   any    // bool, float64, string or time.Time; nil: nobody knows
	Facts    []Fact // that decided, oldest first
	Count    int    // facts of the narrowed series
}

// Trace is Eval with every part of the condition. Parts that the answer did
// not need are evaluated too.
func (p *Program) Trace(facts Facts, params Params, run Run) (Step, error) {
	b := &p.b
	names, err := b.bind("criteria.Trace", facts, params, run)
	if err != nil {
		return Step{Text: b.text, Join: Atom, Truth: Broken}, err
	}
	whole, err := b.whole()
	if err != nil {
		return Step{}, b.failed("criteria.Trace", err)
	}
	_, details, err := whole.Eval(names)
	if err != nil && details == nil {
		return Step{Text: b.text, Join: Atom, Truth: Broken}, b.failed("criteria.Trace", err)
	}
	t := tracing{b, details.State()}
	return t.step(b.ast.Expr()), nil
}

// tracing reads what an evaluation left.
type tracing struct {
	b     *built
	state interpreter.EvalState
}

func (t tracing) step(e ast.Expr) Step {
	s := Step{Text: t.text(e), Said: t.said(e), Name: t.b.named[e.ID()], Join: Atom, Truth: t.truth(e)}
	join, parts := t.joined(e)
	if join == Atom {
		s.Asked = t.asked(e, nil)
		s.Values = t.values(e, nil)
		if v, ok := t.state.Value(e.ID()); ok {
			if u, ok := v.(*types.Unknown); ok {
				s.Missing = missing(u)
			}
		}
		return s
	}
	s.Join = join
	for _, p := range parts {
		s.Parts = append(s.Parts, t.step(p))
	}
	return s
}

// joined takes a part of the text apart. What the same join joins in one go is
// one list, except for definitions, which stay whole.
func (t tracing) joined(e ast.Expr) (Join, []ast.Expr) {
	if e.Kind() != ast.CallKind {
		return Atom, nil
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr:
		var parts []ast.Expr
		for _, a := range call.Args() {
			if a.Kind() == ast.CallKind && a.AsCall().FunctionName() == call.FunctionName() && t.b.named[a.ID()] == "" {
				_, more := t.joined(a)
				parts = append(parts, more...)
				continue
			}
			parts = append(parts, a)
		}
		if call.FunctionName() == operators.LogicalAnd {
			return All, parts
		}
		return Any, parts
	case operators.LogicalNot:
		return Not, call.Args()
	case operators.Conditional:
		if t.b.ast.GetType(e.ID()).Kind() == types.BoolKind {
			return Choice, call.Args()
		}
	}
	return Atom, nil
}

func (t tracing) truth(e ast.Expr) Truth {
	v, _ := t.state.Value(e.ID())
	if e.Kind() == ast.LiteralKind {
		v = e.AsLiteral()
	}
	switch v := v.(type) {
	case types.Bool:
		if v {
			return True
		}
		return False
	case *types.Unknown:
		return Undecided
	}
	return Broken
}

// text is a part as the language writes it.
func (t tracing) text(e ast.Expr) string {
	s, err := parser.Unparse(e, t.b.ast.SourceInfo())
	if err != nil {
		return t.b.text
	}
	return s
}

// said is a part with the names of definitions instead of their texts, and
// within('1y') as it is written.
func (t tracing) said(e ast.Expr) string {
	c := ast.NewExprFactory().CopyExpr(e)
	t.name(c, false)
	text := wholeNumber.ReplaceAllString(t.text(c), "$1")
	text = lastSpan.ReplaceAllString(text, "within($1)")
	return strings.ReplaceAll(duringIn.ReplaceAllString(text, ".$2($1)"), `"`, "'")
}

var (
	wholeNumber = regexp.MustCompile(`\b(\d+)\.0\b`)
	lastSpan    = regexp.MustCompile(`between\(as_of\.minus\(("[^"]*")\), as_of\)`)
	duringIn    = regexp.MustCompile(`\.during\((within\([^()]*\)|period)\)\.(\w+)\(\)`)
)

// name puts the names of definitions into the place of their texts, below the
// top of e.
func (t tracing) name(e ast.Expr, below bool) {
	if n := t.b.named[e.ID()]; n != "" && below {
		e.SetKindCase(ast.NewExprFactory().NewIdent(e.ID(), n))
		return
	}
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			t.name(call.Target(), true)
		}
		for _, a := range call.Args() {
			t.name(a, true)
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			t.name(x, true)
		}
	}
}

// values finds the definitions and parameters in a part that are one value.
func (t tracing) values(e ast.Expr, into []Value) []Value {
	name := t.b.named[e.ID()]
	if e.Kind() == ast.IdentKind && strings.HasPrefix(e.AsIdent(), paramPrefix) {
		name = e.AsIdent()
	}
	if v, ok := t.state.Value(e.ID()); ok && name != "" && t.b.ast.GetType(e.ID()).Kind() != types.OpaqueKind {
		x := Value{name, plainValue(v)}
		if !slices.Contains(into, x) {
			into = append(into, x)
		}
	}
	switch e.Kind() {
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			into = t.values(call.Target(), into)
		}
		for _, a := range call.Args() {
			into = t.values(a, into)
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			into = t.values(x, into)
		}
	}
	return into
}

// asked finds the questions in a part, from left to right.
func (t tracing) asked(e ast.Expr, into []Asked) []Asked {
	switch e.Kind() {
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			into = t.asked(x, into)
		}
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			if slices.Contains(questionsOfPeriod(), call.FunctionName()) {
				if a, ok := t.question(e.ID(), call); ok {
					into = append(into, a)
				}
			}
			into = t.asked(call.Target(), into)
		}
		for _, a := range call.Args() {
			into = t.asked(a, into)
		}
	}
	return into
}

func (t tracing) question(id int64, call ast.CallExpr) (Asked, bool) {
	root := call.Target()
	for root.Kind() == ast.CallKind && root.AsCall().IsMemberFunction() {
		root = root.AsCall().Target()
	}
	if root.Kind() != ast.IdentKind {
		return Asked{}, false
	}
	a := Asked{Series: root.AsIdent(), Question: call.FunctionName()}
	a.Filters = strings.TrimPrefix(t.said(call.Target()), t.text(root))
	if v, ok := t.state.Value(id); ok {
		a.Answer = plainValue(v)
	}
	if v, ok := t.state.Value(call.Target().ID()); ok {
		if s, ok := v.(*series); ok {
			a.Facts, a.Count = s.deciding(a.Question), len(s.items)
		}
	}
	return a, true
}

func plainValue(v ref.Val) any {
	switch v := v.(type) {
	case types.Bool:
		return bool(v)
	case types.Double:
		return float64(v)
	case types.String:
		return string(v)
	case types.Timestamp:
		return v.Time
	}
	return nil
}

// deciding are the facts on which the answer to a question stands.
func (s *series) deciding(question string) []Fact {
	var out []Fact
	one := func(pick func(a, b item) bool) []Fact { // of the last that no other is picked before
		if len(s.items) == 0 {
			return nil
		}
		best := s.items[0]
		for _, x := range s.items[1:] {
			if pick(x, best) {
				best = x
			}
		}
		return []Fact{best.fact}
	}
	number := func(x item) float64 { v, _ := x.value.(types.Double); return float64(v) }
	switch question {
	case "latest", "latestDay", "daysSince":
		return one(func(item, item) bool { return true })
	case "earliest", "earliestDay":
		return one(func(item, item) bool { return false })
	case "min":
		return one(func(a, b item) bool { return number(a) < number(b) })
	case "max":
		return one(func(a, b item) bool { return number(a) > number(b) })
	}
	for _, x := range s.items {
		if question != "active" && question != "current" || s.covers(x) {
			out = append(out, x.fact)
		}
	}
	if question == "current" && len(out) > 1 {
		return out[len(out)-1:]
	}
	return out
}

// CareTrace is the finding of a criterion of care with every part.
type CareTrace struct {
	Criterion string
	AsOf      time.Time
	Period    Period
	Finding   CareFinding
	Parts     []PartTrace
}

// PartTrace is the trace of one part: "population", an exclusion, or "done".
type PartTrace struct {
	Name string
	Step Step
}

// Trace is Verdict with every part, those that the finding did not need
// included. The error is as of Verdict; the trace is there with it.
func (c *Care) Trace(facts Facts, params Params, run Run) (CareTrace, error) {
	f, failed := c.Verdict(facts, params, run)
	t := CareTrace{Criterion: c.Name, AsOf: dayOf(run.AsOf), Period: run.period(), Finding: f}
	for _, p := range c.Parts() {
		s, err := p.Program.Trace(facts, params, run)
		if err != nil && failed == nil {
			s.Truth = Broken // a part that the finding did not need
		}
		t.Parts = append(t.Parts, PartTrace{p.Name, s})
	}
	return t, failed
}

// Atoms calls yield for every atom below the step, with its place:
// "1.2" is the second part of the first.
func (s Step) Atoms(yield func(place string, atom Step)) { s.atoms("", yield) }

func (s Step) atoms(place string, yield func(string, Step)) {
	if s.Join == Atom {
		yield(place, s)
		return
	}
	for i, p := range s.Parts {
		p.atoms(strings.TrimPrefix(place+"."+number(i+1), "."), yield)
	}
}
