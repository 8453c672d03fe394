package criteria

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"ennakko/fault"
)

// What is written short is put into one long form before it is checked, so
// that both evaluators see few forms: a definition becomes its text,
// x.latest(period) becomes x.during(period).latest(), within('2y') becomes
// between(as_of.minus('2y'), as_of), x.household() becomes household.x, and a
// quantity becomes a number in the unit of what it is compared with.

// newID is a number for a new part of the text, which stands where old stood.
func (c *checking) newID(old int64) int64 {
	c.last++
	if o, ok := c.info.GetOffsetRange(old); ok {
		c.info.SetOffsetRange(c.last, o)
	}
	return c.last
}

// expand puts the text of a definition in the place of its name.
func (c *checking) expand(e ast.Expr, d definition) {
	f := ast.NewExprFactory()
	tree := f.CopyExpr(d.tree)
	old := e.ID()
	names := map[int64]int64{}
	tree.RenumberIDs(func(id int64) int64 {
		if _, ok := names[id]; !ok {
			names[id] = c.newID(old)
		}
		return names[id]
	})
	e.SetKindCase(tree)
	for id, name := range d.named {
		c.named[names[id]] = name
	}
	c.named[old] = d.Name
}

// questionsOfPeriod are the questions that may have a period in their
// brackets.
func questionsOfPeriod() []string {
	return []string{"exists", "none", "active", "count", "days", "latest", "earliest", "current", "min", "max", "mean", "sum", "latestDay", "earliestDay", "daysSince"}
}

// short puts a call that is written short into its long form and reports
// whether it was one.
func (c *checking) short(e ast.Expr) {
	call, f := e.AsCall(), ast.NewExprFactory()
	name, args := call.FunctionName(), call.Args()
	switch {
	case call.IsMemberFunction() && len(args) == 1 && slices.Contains(questionsOfPeriod(), name):
		during := f.NewMemberCall(c.newID(e.ID()), "during", call.Target(), args[0])
		e.SetKindCase(f.NewMemberCall(e.ID(), name, during))
	case call.IsMemberFunction() && len(args) == 0 && name == "household":
		c.household(e, call.Target())
	case !call.IsMemberFunction() && len(args) == 1 && name == "within":
		from := f.NewMemberCall(c.newID(e.ID()), "minus", f.NewIdent(c.newID(e.ID()), asOfName), args[0])
		e.SetKindCase(f.NewCall(e.ID(), "between", from, f.NewIdent(c.newID(e.ID()), asOfName)))
	}
}

func (c *checking) household(e, of ast.Expr) {
	full, ok := dotted(of)
	if _, known := c.l.catalog.Find(full); !ok || !known {
		c.hint(e.ID(), "as in smoking.household().exists()", "household() stands behind the name of a field or concept only")
		return
	}
	f := ast.NewExprFactory()
	whole := f.NewIdent(c.newID(e.ID()), strings.TrimSuffix(householdPrefix, "."))
	parts := strings.Split(full, ".")
	for _, part := range parts[:len(parts)-1] {
		whole = f.NewSelect(c.newID(e.ID()), whole, part)
	}
	e.SetKindCase(f.NewSelect(e.ID(), whole, parts[len(parts)-1]))
}

// spanText checks a length of time, which must be written out.
func (c *checking) spanText(e ast.Expr, days bool) {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok {
			if x, err := ParseSpan(string(s)); err == nil && (!days || x.Unit == 'd' || x.Unit == 'w') {
				return
			}
		}
	}
	if days {
		c.hint(e.ID(), "write it as '90d' or '6w'", "the text is not a length in days or weeks")
		return
	}
	c.hint(e.ID(), "write it as '2y', '18mo', '6w' or '90d'", "the text is not a length of time")
}

// codedText checks what stands in valued(): a value set or a code.
func (c *checking) codedText(e ast.Expr) {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok && (c.l.sets[string(s)] != nil || strings.Contains(string(s), "|")) {
			return
		}
	}
	c.hint(e.ID(), "name a value set, or write a code as 'snomed|8517006'", "this is neither a value set nor a code")
}

// read reads a definition: its names are known, what is short is long, and
// alone it passes every check that does not depend on where it stands.
func (l *Language) read(text string, d *defining) (definition, error) {
	const op = "criteria.Definition"
	c, parsed, err := l.parse(op, text, d)
	if err != nil {
		return definition{}, err
	}
	whole := ast.NewExprFactory().CopyExpr(parsed.NativeRep().Expr())
	c.units(parsed.NativeRep().Expr(), true)
	if len(c.faults) > 0 {
		return definition{}, c.faults.Err()
	}
	if _, issues := l.env.Check(parsed); issues.Err() != nil {
		return definition{}, c.issues(issues)
	}
	return definition{tree: whole, named: c.named}, nil
}

func circle(busy []string, name string) bool { return slices.Contains(busy, name) }

func circleFault(name string, busy []string) *fault.Error {
	return fault.New(fault.Invalid, "criteria.Definition", "the definition %s needs itself: %s", name, strings.Join(append(busy, name), ", "))
}
