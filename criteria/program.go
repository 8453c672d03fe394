package criteria

import (
	"errors"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
	"cel.dev/cel-go/parser"

	"ennakko/fault"
)

// Verdict is what a criterion, or all criteria together, say of a person.
type Verdict string

// The verdicts.
const (
	Met     Verdict = "met"
	NotMet  Verdict = "not met"
	Unknown Verdict = "unknown" // a fact that decides is missing
)

// ParseVerdict reads "met", "not met" or "unknown".
func ParseVerdict(s string) (Verdict, error) {
	switch v := Verdict(s); v {
	case Met, NotMet, Unknown:
		return v, nil
	}
	return "", fault.New(fault.Invalid, "criteria.ParseVerdict", "the finding is not met, not met or unknown").Do("use met, not met or unknown")
}

// Program is a checked condition. It may be evaluated by many at once.
type Program struct{ b built }

// Text is the condition as it was written.
func (p *Program) Text() string { return p.b.text }

// AST is the checked text, with its definitions in their place, quantities in
// the unit of what they are compared with, and questions of a period as filters.
func (p *Program) AST() *ast.AST { return p.b.ast }

// Canonical is the checked text in one way of writing: conditions that mean the
// same part by part have the same.
func (p *Program) Canonical() string {
	s, err := parser.Unparse(p.b.ast.Expr(), p.b.ast.SourceInfo())
	if err != nil {
		return p.b.text
	}
	return s
}

// Concepts lists the concepts that the condition reads, those of the household
// as "household.systolic", in order of the alphabet.
func (p *Program) Concepts() []string {
	var names []string
	for _, f := range p.b.fields {
		if !strings.Contains(strings.TrimPrefix(f, householdPrefix), ".") {
			names = append(names, f)
		}
	}
	return names
}

// Fields lists the fields and concepts that the condition reads, in order of
// the alphabet.
func (p *Program) Fields() []string { return slices.Clone(p.b.fields) }

// Reads says of each of Fields what is known of it.
func (p *Program) Reads() []FieldSpec { return slices.Clone(p.b.reads) }

// Params lists the parameters that the condition uses.
func (p *Program) Params() []string { return slices.Clone(p.b.params) }

// Eval says what the condition makes of one person's facts as of a day. With
// Unknown come the fields whose facts would decide. A fact that is not of its
// field's kind, a parameter without a value in force and arithmetic that has no
// result are faults that name the place, never a value.
func (p *Program) Eval(facts Facts, params Params, asOf time.Time) (Verdict, []string, error) {
	return p.EvalRun(facts, params, Run{AsOf: asOf})
}

// EvalRun is Eval with a measurement period.
func (p *Program) EvalRun(facts Facts, params Params, run Run) (Verdict, []string, error) {
	out, err := p.b.eval("criteria.Eval", facts, params, run)
	if err != nil {
		return "", nil, err
	}
	switch v := out.(type) {
	case types.Bool:
		if v {
			return Met, nil, nil
		}
		return NotMet, nil, nil
	case *types.Unknown:
		return Unknown, missing(v), nil
	}
	return "", nil, fault.New(fault.Internal, "criteria.Eval", "the condition gave neither yes nor no")
}

// Day is a checked day that does not depend on the person.
type Day struct{ b built }

// Text is the day as it was written.
func (d *Day) Text() string { return d.b.text }

// Params lists the parameters that the day uses.
func (d *Day) Params() []string { return slices.Clone(d.b.params) }

// Eval gives the day, at midnight UTC.
func (d *Day) Eval(params Params, asOf time.Time) (time.Time, error) {
	out, err := d.b.eval("criteria.Day", nothing{}, params, Run{AsOf: asOf})
	if err != nil {
		return time.Time{}, err
	}
	t, ok := out.(types.Timestamp)
	if !ok {
		return time.Time{}, fault.New(fault.Internal, "criteria.Day", "the text gave no day")
	}
	return t.Time, nil
}

type nothing struct{}

func (nothing) Facts(string) ([]Fact, bool) { return nil, false }

// bindings are the names of one evaluation.
type bindings map[string]ref.Val

func (b bindings) ResolveName(name string) (any, bool) {
	v, ok := b[name]
	return v, ok
}

func (bindings) Parent() interpreter.Activation { return nil }

func (b *built) eval(op string, facts Facts, params Params, run Run) (ref.Val, error) {
	names, err := b.bind(op, facts, params, run)
	if err != nil {
		return nil, err
	}
	out, _, err := b.run.Eval(names)
	if err != nil {
		return nil, b.failed(op, err)
	}
	return out, nil
}

// bind gives each name of the text its value.
func (b *built) bind(op string, facts Facts, params Params, run Run) (bindings, error) {
	if run.AsOf.IsZero() {
		return nil, fault.New(fault.Invalid, op, "there is no day as of which to decide")
	}
	asOf := dayOf(run.AsOf)
	names := bindings{asOfName: types.Timestamp{Time: asOf}, periodName: run.period().span(), everName: ever()}
	for _, name := range b.params {
		v, err := params.At(name, asOf)
		if err != nil {
			return nil, err
		}
		names[paramPrefix+name] = types.Double(v)
	}
	for i, spec := range b.reads {
		s, err := newSeries(spec, int64(i)+1, facts, asOf)
		if err != nil {
			return nil, err
		}
		names[spec.Name] = s
	}
	return names, nil
}

// failed tells what went wrong in words of our own: CEL's may hold values.
func (b *built) failed(op string, err error) error {
	f := fault.New(fault.Invalid, op, "the condition has no result for this person")
	if ours, ok := errors.AsType[*fault.Error](err); ok {
		f = fault.New(ours.Kind, op, "%s", ours.Show)
		f.Hint = ours.Hint
	}
	if limit, ok := errors.AsType[interpreter.EvalCancelledError](err); ok && limit.Cause == interpreter.CostLimitExceeded {
		f = fault.New(fault.Invalid, op, "the condition costs more than %d steps for this person", maxCost).Do("make it shorter, or look for a person with very many facts")
	}
	if e, ok := errors.AsType[*types.Err](err); ok && e.NodeID() != 0 {
		where := b.ast.SourceInfo().GetStartLocation(e.NodeID())
		f = f.Where("%s", at(where.Line(), where.Column()+1))
	}
	return f
}

// missing lists the fields that an unknown names, in order of the alphabet.
func missing(u *types.Unknown) []string {
	var names []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			names = append(names, t.Variable())
		}
	}
	return distinct(names)
}
