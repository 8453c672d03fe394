package population

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
)

// Plan is the criteria of a run as steps: every distinct part of them is one
// step, whichever criteria it is part of. It does not change and may be used by
// many at once.
type Plan struct {
	language *criteria.Language
	columns  *Columns
	texts    *dictionary
	classes  *dictionary
	asOf     int32
	run      criteria.Run
	params   criteria.Params
	steps    []step
	cares    []*criteria.Care
	parts    []careSteps
	reads    map[string][]int // the criteria that read a field or concept
	turns    *turns
	hook     func(*step) // of the test that plants mistakes; else nil
}

// careSteps are the steps that decide a criterion.
type careSteps struct {
	population, done int
	exclusions       []int
}

// planner makes a plan.
type planner struct {
	*Plan
	keys map[string]int
	tree *ast.AST

	specs   map[string]criteria.FieldSpec
	kernels map[string]named
}

// NewPlan makes the plan of criteria in one language for one run. Criteria that
// need a field or concept of which the columns hold nothing are not at fault:
// what they need was not read.
func NewPlan(c *Columns, language *criteria.Language, cares []*criteria.Care, params criteria.Params, run criteria.Run) (*Plan, error) {
	return newPlan(c, language, cares, params, run, nil)
}

func newPlan(c *Columns, language *criteria.Language, cares []*criteria.Care, params criteria.Params, run criteria.Run, hook func(*step)) (*Plan, error) {
	if run.AsOf.IsZero() {
		return nil, fault.New(fault.Invalid, "population.NewPlan", "there is no day as of which to decide")
	}
	p := planner{&Plan{language: language, columns: c, texts: c.texts, classes: c.classes, asOf: criteria.DayNumber(run.AsOf), run: run, params: params,
		cares: slices.Clone(cares), reads: map[string][]int{}, hook: hook}, map[string]int{}, nil, map[string]criteria.FieldSpec{}, byName()}
	for i, care := range cares {
		if err := care.Check(); err != nil {
			return nil, err
		}
		var s careSteps
		for _, part := range care.Parts() {
			at, err := p.program(part.Program)
			if err != nil {
				return nil, fault.Wrap(err, "population.NewPlan", "the criterion %s cannot be planned", care.Name)
			}
			s.exclusions = append(s.exclusions, at)
		}
		last := len(s.exclusions) - 1
		s.population, s.done, s.exclusions = s.exclusions[0], s.exclusions[last], s.exclusions[1:last]
		p.parts = append(p.parts, s)
		for _, f := range care.Fields() {
			p.reads[f] = append(p.reads[f], i)
		}
	}
	p.turns = p.inTurn()
	return p.Plan, nil
}

// program plans a whole condition. What it reads is looked at before anything
// else: a fact that cannot be used, or a parameter without a value, fails it
// whatever the rest says.
func (p *planner) program(prog *criteria.Program) (int, error) {
	p.tree = prog.AST()
	for _, spec := range prog.Reads() {
		p.specs[spec.Name] = spec
	}
	for _, name := range prog.Params() {
		if _, err := p.params.At(name, p.run.AsOf); err != nil { // an error of everyone, not of the plan
			v := &vector{}
			v.failed.set(0)
			return p.fixed("failed", truth, v), nil //nolint:nilerr // see above
		}
	}
	at, err := p.expr(p.tree.Expr())
	if err != nil {
		return 0, err
	}
	args := []int{at}
	for _, spec := range prog.Reads() {
		args = append(args, p.series(spec.Name))
	}
	slices.Sort(args[1:])
	return p.step(step{op: "guard", shape: truth, do: guard, args: args}), nil
}

// guard fails who has a fact that cannot be used in a series that is read.
func guard(w *worker, s *step, out *vector) {
	v := w.arg(s, 0)
	out.yes, out.unknown, out.failed = v.yes, v.unknown, v.failed
	for _, a := range s.args[1:] {
		for i, bad := range w.out[a].failed {
			out.failed[i] |= bad
		}
	}
	for i, bad := range out.failed {
		out.yes[i] &^= bad
		out.unknown[i] &^= bad
	}
}

// step gives the number of a step, which is made if there is none like it. A
// step of which everything is fixed is computed here, once.
func (p *planner) step(s step) int {
	s.key = s.op + "|" + strconv.Itoa(int(s.shape))
	if s.op == "facts" {
		s.key += "|" + strconv.Itoa(s.column) + "|" + strconv.Itoa(int(s.word))
	}
	if s.limits != nil {
		s.key += fmt.Sprint(*s.limits)
	}
	fixed := s.fixed == nil && len(s.args) > 0
	for _, a := range s.args {
		s.key += "," + strconv.Itoa(a)
		fixed = fixed && p.steps[a].fixed != nil
	}
	if at, ok := p.keys[s.key]; ok {
		return at
	}
	if p.hook != nil {
		p.hook(&s)
	}
	if fixed && s.shape != answers {
		p.steps = append(p.steps, s)
		n := len(p.steps)
		w := &worker{plan: p.Plan, n: 1, out: make([]vector, n), remembered: map[string]*tests{}}
		for _, a := range append(slices.Clone(s.args), n-1) {
			w.prepare(a)
		}
		s.do(w, &s, &w.out[n-1])
		w.out[n-1].fill()
		s.fixed = &w.out[n-1]
		p.steps = p.steps[:n-1]
	}
	p.steps = append(p.steps, s)
	p.keys[s.key] = len(p.steps) - 1
	return len(p.steps) - 1
}

// fixed is a step whose value is the same for everyone.
func (p *planner) fixed(key string, as shape, v *vector) int {
	full := "fixed|" + strconv.Itoa(int(as)) + "|" + key
	if at, ok := p.keys[full]; ok {
		return at
	}
	p.steps = append(p.steps, step{key: full, op: "fixed", shape: as, fixed: v})
	p.keys[full] = len(p.steps) - 1
	return len(p.steps) - 1
}

func (p *planner) fixedNumber(x float64) int {
	return p.fixed(strconv.FormatFloat(x, 'g', -1, 64), number, &vector{num: []float64{x}})
}

func (p *planner) fixedSpan(from, last int32) int {
	return p.fixed(fmt.Sprint(from, last), span, &vector{day: []int32{from}, last: []int32{last}})
}

func (p *planner) fixedText(s string) int {
	return p.fixed(strconv.Quote(s), text, &vector{text: []uint32{p.texts.number(s)}})
}

// series is the facts of a field or concept.
func (p *planner) series(name string) int {
	col, absentNone := p.columns.number(name), uint32(0)
	if p.specs[name].Absent == criteria.AbsentNone {
		absentNone = 1
	}
	return p.step(step{op: "facts", shape: answers, do: known, column: col, word: absentNone})
}

func (p *planner) expr(e ast.Expr) (int, error) {
	switch e.Kind() {
	case ast.LiteralKind:
		return p.literal(e)
	case ast.IdentKind:
		return p.name(strings.TrimPrefix(e.AsIdent(), "."))
	case ast.CallKind:
		return p.call(e)
	}
	return 0, fault.New(fault.Internal, "population.plan", "a part of the language is not known here")
}

func (p *planner) literal(e ast.Expr) (int, error) {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		out := &vector{}
		out.yes[0] = bit(bool(v))
		return p.fixed(strconv.FormatBool(bool(v)), truth, out), nil
	case types.Double:
		return p.fixedNumber(float64(v)), nil
	case types.String:
		return p.fixedText(string(v)), nil
	}
	return 0, fault.New(fault.Internal, "population.plan", "a kind of literal is not known here")
}

func (p *planner) name(name string) (int, error) {
	switch name {
	case "as_of":
		return p.fixed(strconv.Itoa(int(p.asOf)), date, &vector{day: []int32{p.asOf}}), nil
	case "period":
		m := p.run.Measured()
		return p.fixedSpan(criteria.DayNumber(m.First), criteria.DayNumber(m.Last)), nil
	case "ever":
		return p.fixedSpan(always, open), nil
	}
	if param, ok := strings.CutPrefix(name, "param."); ok {
		x, err := p.params.At(param, p.run.AsOf)
		if err != nil {
			return 0, err
		}
		return p.fixedNumber(x), nil
	}
	return p.series(name), nil
}

func (p *planner) call(e ast.Expr) (int, error) {
	call := e.AsCall()
	parts := call.Args()
	if call.IsMemberFunction() {
		parts = append([]ast.Expr{call.Target()}, parts...)
	}
	op := call.FunctionName()
	if op == operators.LogicalAnd || op == operators.LogicalOr {
		return p.logical(e, op)
	}
	if op == operators.In {
		parts = append(parts[:1:1], parts[1].AsList().Elements()...)
	}
	args := make([]int, len(parts))
	for i, part := range parts {
		at, err := p.expr(part)
		if err != nil {
			return 0, err
		}
		args[i] = at
	}
	if op == "date" && len(args) == 1 {
		return p.dayText(parts[0])
	}
	if at, ok := p.limit(op, args); ok {
		return at, nil
	}
	k, ok := p.kernels[op]
	if !ok {
		return 0, fault.New(fault.Internal, "population.plan", "the function %q is not known here", op)
	}
	as, ok := p.shapeOf(e)
	if !ok {
		return 0, fault.New(fault.Internal, "population.plan", "a type of value is not known here")
	}
	return p.step(step{op: k.plain, shape: as, do: k.do, args: args}), nil
}

// logical joins all parts of a && b && c into one step; their order says
// nothing.
func (p *planner) logical(e ast.Expr, op string) (int, error) {
	var args []int
	var walk func(e ast.Expr) error
	walk = func(e ast.Expr) error {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == op {
			for _, a := range e.AsCall().Args() {
				if err := walk(a); err != nil {
					return err
				}
			}
			return nil
		}
		at, err := p.expr(e)
		args = append(args, at)
		return err
	}
	if err := walk(e); err != nil {
		return 0, err
	}
	slices.Sort(args)
	args = slices.Compact(args)
	if len(args) == 1 {
		return args[0], nil
	}
	k := p.kernels[op]
	return p.step(step{op: k.plain, shape: truth, do: k.do, args: args}), nil
}

// dayText is a day written as text, which the language has checked.
func (p *planner) dayText(e ast.Expr) (int, error) {
	s, _ := e.AsLiteral().(types.String)
	var y, m, d int
	if _, err := fmt.Sscanf(string(s), "%d-%d-%d", &y, &m, &d); err != nil {
		return 0, fault.New(fault.Internal, "population.plan", "a day is not readable")
	}
	day := dayOf(y, m, d)
	return p.fixed(strconv.Itoa(int(day)), date, &vector{day: []int32{day}}), nil
}

func (p *planner) shapeOf(e ast.Expr) (shape, bool) {
	switch t := p.tree.GetType(e.ID()); t.Kind() {
	case types.BoolKind:
		return truth, true
	case types.DoubleKind:
		return number, true
	case types.TimestampKind:
		return date, true
	case types.StringKind:
		return text, true
	case types.OpaqueKind:
		if t.TypeName() == "period" {
			return span, true
		}
		return answers, true
	}
	return 0, false
}

// byName is the functions of the language by CEL's name for them.
func byName() map[string]named {
	out := map[string]named{}
	for _, k := range kernels() {
		out[k.op] = k
	}
	return out
}

type named struct {
	op, plain string
	do        kernel
}

// kernels lists all functions of the language.
func kernels() []named {
	list := []named{
		{operators.LogicalAnd, "&&", and}, {operators.LogicalOr, "||", or}, {operators.LogicalNot, "!", not}, {operators.Conditional, "?:", choose},
		{operators.Equals, "==", equals}, {operators.NotEquals, "!=", differs}, {operators.In, "in", among},
		{operators.Less, "<", comparison}, {operators.LessEquals, "<=", comparison}, {operators.Greater, ">", comparison}, {operators.GreaterEquals, ">=", comparison},
		{operators.Add, "+", arithmetic}, {operators.Subtract, "-", arithmetic}, {operators.Multiply, "*", arithmetic}, {operators.Divide, "/", arithmetic},
		{operators.Negate, "neg", negate},
	}
	for _, k := range []struct {
		do    kernel
		names []string
	}{
		{startsWith, []string{"startsWith"}}, {yearOf, []string{"year"}}, {dateOfNumbers, []string{"date"}}, {moveDay, []string{"plus", "minus"}},
		{between, []string{"between", "daysBetween", "yearsBetween"}}, {edge, []string{"first", "last"}},
		{byDay, []string{"startsIn", "before", "after"}}, {byEnd, []string{"endsIn"}}, {oneDay, []string{"firstDay", "lastDay"}},
		{byNumber, []string{"atLeast", "atMost", "above", "below"}}, {byClass, []string{"inClass", "notInClass"}},
		{byCode, []string{"valued"}}, {byMark, []string{"with"}}, {near, []string{"near"}},
		{during, []string{"during"}}, {related, []string{"notDuring", "beforeFirst", "afterLast"}},
		{exists, []string{"exists", "none"}}, {count, []string{"count"}}, {countDays, []string{"days"}}, {active, []string{"active"}},
		{value, []string{"latest", "earliest", "current"}}, {fold, []string{"min", "max", "mean", "sum"}},
		{dayOfFact, []string{"latestDay", "earliestDay", "daysSince"}},
	} {
		for _, name := range k.names {
			list = append(list, named{name, name, k.do})
		}
	}
	return list
}

// during filters by a period or by another series.
func during(w *worker, s *step, out *vector) {
	if w.plan.steps[s.args[1]].shape == span {
		overlapping(w, s, out)
		return
	}
	related(w, s, out)
}

// codeTest is the test of coded values that a name stands for.
func (p *Plan) codeTest(name string) func(coding.Code) bool {
	if set, ok := p.language.ValueSet(name); ok {
		return set.Has
	}
	return coding.NewValueSet("", coding.ParsePattern(name)).Has
}

// Steps is how many distinct parts the criteria have.
func (p *Plan) Steps() int { return len(p.steps) }
