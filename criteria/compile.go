package criteria

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/fault"
)

// Compile checks one condition in the language of a catalogue and parameter
// names. The error is a list of faults, each with its column.
func Compile(text string, catalog Catalog, params []string) (*Program, error) {
	l, err := NewLanguage(catalog, params)
	if err != nil {
		return nil, err
	}
	return l.Compile(text)
}

// Compile checks the text of a condition: what it says must be true or false,
// and it must read at least one field. The error is a list of faults, each
// with its line and column in At.
func (l *Language) Compile(text string) (*Program, error) {
	b, err := l.build("criteria.Compile", text, cel.BoolType)
	if err != nil {
		return nil, err
	}
	if len(b.fields) == 0 {
		return nil, fault.List{fault.New(fault.Invalid, "criteria.Compile", "the condition asks nothing of the person").
			Where("column 1").Do("a condition reads at least one field")}.Err()
	}
	return &Program{*b}, nil
}

// CompileDay checks the text of a day that does not depend on the person, such
// as "date(as_of.year(), 1, 1)". The error is as of Compile.
func (l *Language) CompileDay(text string) (*Day, error) {
	b, err := l.build("criteria.CompileDay", text, cel.TimestampType)
	if err != nil {
		return nil, err
	}
	if len(b.fields) > 0 {
		return nil, fault.List{fault.New(fault.Invalid, "criteria.CompileDay", "the day depends on %s", strings.Join(b.fields, ", ")).
			Where("column 1").Do("use as_of, param and date(...) only")}.Err()
	}
	return &Day{*b}, nil
}

// built is a checked text with what it reads.
type built struct {
	l      *Language
	text   string
	whole  func() (cel.Program, error) // that evaluates every part, made when it is first needed
	ast    *ast.AST                    // of checked
	run    cel.Program
	named  map[int64]string // parts that were a definition's name
	fields []string
	reads  []FieldSpec // of fields
	params []string
}

// parse reads a text, puts what is short into its long form and checks the
// names. Definitions that are on their way in are taken on demand.
func (l *Language) parse(op, text string, d *defining) (*checking, *cel.Ast, error) {
	c := &checking{op: op, l: l, defining: d, named: map[int64]string{}}
	if n := utf8.RuneCountInString(text); n > MaxText || !utf8.ValidString(text) {
		return nil, nil, fault.List{fault.New(fault.Invalid, op, "the text is longer than %d characters, or not UTF-8", MaxText).Where("column 1")}.Err()
	}
	parsed, issues := l.env.Parse(text)
	if issues.Err() != nil {
		return nil, nil, c.issues(issues)
	}
	c.info, c.last = parsed.NativeRep().SourceInfo(), ast.MaxID(parsed.NativeRep())
	c.before(parsed.NativeRep().Expr())
	if len(c.faults) > 0 {
		return nil, nil, c.faults.Err()
	}
	return c, parsed, nil
}

func (l *Language) build(op, text string, want *cel.Type) (*built, error) {
	c, parsed, err := l.parse(op, text, nil)
	if err != nil {
		return nil, err
	}
	c.units(parsed.NativeRep().Expr(), false)
	if len(c.faults) > 0 {
		return nil, c.faults.Err()
	}
	checked, issues := l.env.Check(parsed)
	if issues.Err() != nil {
		return nil, c.issues(issues)
	}
	tree := checked.NativeRep()
	c.info, c.tree = tree.SourceInfo(), tree
	c.after(tree.Expr(), false)
	if got := checked.OutputType(); len(c.faults) == 0 && !got.IsExactType(want) {
		c.add(tree.Expr().ID(), "the text says %s, not %s", plainType(got.String()), plainType(want.String()))
	}
	if len(c.faults) > 0 {
		return nil, c.faults.Err()
	}
	run, err := l.env.Program(checked, cel.CostLimit(maxCost))
	if err != nil {
		c.add(tree.Expr().ID(), "the text cannot be made a program")
		return nil, c.faults.Err()
	}
	whole := sync.OnceValues(func() (cel.Program, error) {
		return l.env.Program(checked, cel.CostLimit(2*maxCost), cel.EvalOptions(cel.OptExhaustiveEval))
	})
	b := &built{l: l, whole: whole, text: text, ast: tree, run: run, named: c.named, fields: distinct(c.fields), params: distinct(c.params)}
	for _, name := range b.fields {
		spec, _ := l.find(name)
		b.reads = append(b.reads, spec)
	}
	return b, nil
}

// distinct is each name once, in order of the alphabet.
func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// checking is one text on its way through the checks that CEL itself does not
// make.
type checking struct {
	op     string
	l      *Language
	info   *ast.SourceInfo
	last   int64 // the highest number of a part
	tree   *ast.AST
	faults fault.List
	fields []string
	params []string

	defining *defining        // not nil: definitions are being read
	named    map[int64]string // parts that were a definition's name
}

func at(line, column int) string {
	if line > 1 {
		return fmt.Sprintf("line %d, column %d", line, column)
	}
	return fmt.Sprintf("column %d", column)
}

func (c *checking) add(id int64, format string, args ...any) {
	c.faults.Add(c.fault(id, format, args...))
}

func (c *checking) fault(id int64, format string, args ...any) *fault.Error {
	where := c.info.GetStartLocation(id)
	return fault.New(fault.Invalid, c.op, format, args...).Where("%s", at(where.Line(), where.Column()+1))
}

// hint adds a fault with what to do about it.
func (c *checking) hint(id int64, hint, format string, args ...any) {
	c.faults.Add(c.fault(id, format, args...).Do("%s", hint))
}

// before walks the text as it was read: it knows every name, makes every whole
// number a number, and refuses the parts of CEL that criteria do not have.
func (c *checking) before(e ast.Expr) {
	switch e.Kind() {
	case ast.LiteralKind:
		c.literal(e)
	case ast.IdentKind, ast.SelectKind:
		c.name(e)
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			c.before(call.Target())
		}
		for i, arg := range call.Args() {
			if arg.Kind() == ast.ListKind && call.FunctionName() == operators.In && i == 1 {
				for _, x := range arg.AsList().Elements() {
					c.before(x)
				}
				continue
			}
			c.before(arg)
		}
		c.short(e)
	case ast.ListKind:
		c.hint(e.ID(), "write: value in ['a', 'b']", "a list may only stand after in")
	default:
		c.hint(e.ID(), "use fields, comparisons, && and ||", "criteria do not have this part of CEL")
	}
}

func (c *checking) literal(e ast.Expr) {
	switch v := e.AsLiteral().(type) {
	case types.Bool, types.Double, types.String:
	case types.Int:
		if v > 1<<53 || v < -1<<53 {
			c.add(e.ID(), "the number is too large to be kept exactly")
			return
		}
		e.SetKindCase(ast.NewExprFactory().NewLiteral(e.ID(), types.Double(v)))
	default:
		c.hint(e.ID(), "use numbers, texts in quotes, true and false", "criteria do not have this kind of value")
	}
}

// name checks a name such as population.birth_date or as_of.
func (c *checking) name(e ast.Expr) {
	full, ok := dotted(e)
	if !ok {
		c.hint(e.ID(), "write functions with brackets, as in .year()", "nothing stands behind a point here")
		return
	}
	if full == asOfName || full == periodName || full == everName || c.defined(e, full) {
		return
	}
	full = strings.TrimPrefix(full, householdPrefix)
	head, rest, more := strings.Cut(full, ".")
	if head == "param" {
		if !slices.Contains(c.l.params, rest) {
			c.hint(e.ID(), "parameters here: "+listed(c.l.params), "there is no parameter %q", rest)
		}
		return
	}
	if f, ok := c.l.catalog.Find(full); ok {
		if f.Kind == Hidden {
			c.hint(e.ID(), "decide without it", "the field %s is sealed: no criterion may read it", full)
		}
		return
	}
	for _, f := range c.l.catalog {
		if strings.HasPrefix(full, f.Name+".") {
			c.hint(e.ID(), "write functions with brackets, as in .latest()", "the field %s has no part %q", f.Name, full[len(f.Name)+1:])
			return
		}
	}
	known := c.l.catalog.Of(head)
	if !more && len(c.l.concepts) > 0 {
		c.hint(e.ID(), "see the concepts and definitions of the library", "there is no concept or definition %q", full)
		return
	}
	if len(known) == 0 {
		var registers []string
		for _, f := range c.l.catalog {
			if register, _, ok := strings.Cut(f.Name, "."); ok {
				registers = append(registers, register)
			}
		}
		c.hint(e.ID(), "registers here: "+listed(distinct(registers)), "there is no register %q", head)
		return
	}
	c.hint(e.ID(), "fields here: "+listed(known), "there is no field %q", full)
}

// defined puts a definition in the place of its name and reports whether the
// name was one.
func (c *checking) defined(e ast.Expr, name string) bool {
	if c.defining != nil {
		if circle(c.defining.busy, name) {
			where := c.info.GetStartLocation(e.ID())
			c.faults.Add(circleFault(name, c.defining.busy).Where("%s", at(where.Line(), where.Column()+1)))
			return true
		}
		c.defining.take(name)
	}
	d, ok := c.l.definitions[name]
	if ok {
		c.expand(e, d)
	}
	return ok
}

// dotted is the whole name of an identifier with its selections.
func dotted(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return strings.TrimPrefix(e.AsIdent(), "."), true
	case ast.SelectKind:
		head, ok := dotted(e.AsSelect().Operand())
		return head + "." + e.AsSelect().FieldName(), ok && !e.AsSelect().IsTestOnly()
	}
	return "", false
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// after walks the checked text: it notes what is read and refuses a field that
// stands without a question.
func (c *checking) after(e ast.Expr, asked bool) {
	if t := c.tree.GetType(e.ID()); t.Kind() == types.OpaqueKind && t.TypeName() != periodType.TypeName() && !asked {
		c.hint(e.ID(), "ask for one value first, as in .latest(), or whether there is one: .exists()", "all facts of a field stand where one value is needed")
		return
	}
	switch e.Kind() {
	case ast.IdentKind:
		name := e.AsIdent()
		if p, ok := strings.CutPrefix(name, paramPrefix); ok {
			c.params = append(c.params, p)
		} else if _, ok := c.l.find(name); ok {
			c.fields = append(c.fields, name)
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			c.after(x, false)
		}
	case ast.CallKind:
		call := e.AsCall()
		if call.IsMemberFunction() {
			c.after(call.Target(), true)
		}
		for i, arg := range call.Args() {
			c.after(arg, i == 0 && slices.Contains(takeSeries(), call.FunctionName()))
		}
		c.written(call)
	}
}

// takeSeries are the filters that take another series in their brackets.
func takeSeries() []string {
	return []string{"during", "notDuring", "beforeFirst", "afterLast", "near"}
}

// written checks the arguments that must be written out.
func (c *checking) written(call ast.CallExpr) {
	switch args := call.Args(); call.FunctionName() {
	case "date":
		if len(args) == 1 {
			c.dayText(args[0])
		}
	case "plus", "minus":
		c.spanText(args[0], false)
	case "near":
		c.spanText(args[1], true)
	case "valued":
		c.codedText(args[0])
	}
}

// dayText checks a day written as text while there is somebody to mend it.
func (c *checking) dayText(e ast.Expr) {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok {
			if _, err := time.Parse(time.DateOnly, string(s)); err == nil {
				return
			}
		}
	}
	c.hint(e.ID(), "write it as '2021-01-07', or as date(2021, 1, 7)", "the text is not a day")
}

var (
	noOverload = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	typeWords  = strings.NewReplacer("google.protobuf.Timestamp", "day", "timestamp", "day", "double", "number", "string", "text", "bool", "yes-or-no")
)

func plainType(t string) string { return typeWords.Replace(t) }

// syntax says in plain words what the parser of CEL says.
func syntax(message string) string {
	message, _, _ = strings.Cut(strings.TrimPrefix(message, "Syntax error: "), " expecting")
	switch what := strings.TrimPrefix(strings.TrimPrefix(message, "mismatched input "), "extraneous input "); {
	case what == "'<EOF>'":
		return "the text ends too early"
	case what != message:
		return what + " does not belong here"
	}
	return plainType(message)
}

// page is the page of the manual that has the language.
func (c *checking) page() string {
	if len(c.l.concepts) > 0 {
		return "criteria.md"
	}
	return "packs.md"
}

// issues says in plain words what CEL found.
func (c *checking) issues(found *cel.Issues) error {
	for _, e := range found.Errors() {
		f := fault.New(fault.Invalid, c.op, "%s", syntax(e.Message)).
			Where("%s", at(max(1, e.Location.Line()), max(0, e.Location.Column())+1)).Do("see docs/%s, The language", c.page())
		if m := noOverload.FindStringSubmatch(e.Message); m != nil {
			f.Show = fmt.Sprintf("%s cannot be applied to %s", strings.Trim(strings.TrimPrefix(m[1], "@"), "_"), plainType(m[2]))
			f.Hint = "compare like with like; ask a field for one value first, as in .latest()"
		} else if m := undeclared.FindStringSubmatch(e.Message); m != nil {
			f.Show, f.Hint = fmt.Sprintf("there is no function %q", m[1]), "functions: exists, none, active, count, days, latest, earliest, current, min, max, mean, sum, daysSince and others in docs/criteria.md"
		}
		c.faults.Add(f)
	}
	return c.faults.Err()
}
