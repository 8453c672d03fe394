package criteria

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/coding"
	"ennakko/fault"
)

// measure is what is known of the unit of a part of the text.
type measure struct {
	unit      coding.Unit // the zero Unit: a plain number, which fits any unit
	substance string
	quantity  ast.Expr // not nil: a written quantity, still in its own unit
}

// units walks the text and gives every quantity the unit of what it stands
// beside. Numbers of units that do not fit are a fault. In a definition a
// quantity may stand alone: it is judged again where it is used.
func (c *checking) units(e ast.Expr, part bool) {
	if m := c.measure(e); m.quantity != nil && !part {
		c.lonely(m)
	}
}

func (c *checking) lonely(m measure) {
	c.hint(m.quantity.ID(), "as in systolic.latest() >= q(140, 'mm[Hg]')", "the quantity stands beside nothing that has a unit")
}

// measure finds the unit of e and settles the quantities in it.
func (c *checking) measure(e ast.Expr) measure {
	switch e.Kind() {
	case ast.IdentKind, ast.SelectKind:
		full, _ := dotted(e)
		return c.unitOfName(full)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			c.settled(x)
		}
	case ast.CallKind:
		return c.unitOfCall(e)
	}
	return measure{}
}

// settled is measure of a part that must not be a quantity alone.
func (c *checking) settled(e ast.Expr) measure {
	m := c.measure(e)
	if m.quantity != nil {
		c.lonely(m)
		m.quantity = nil
	}
	return m
}

func (c *checking) unitOfName(full string) measure {
	if p, ok := strings.CutPrefix(full, paramPrefix); ok {
		return measure{unit: c.l.units[p]}
	}
	x, _ := c.l.Concept(full)
	return measure{unit: x.Unit, substance: x.Substance}
}

func (c *checking) unitOfCall(e ast.Expr) measure {
	call := e.AsCall()
	name, args := call.FunctionName(), call.Args()
	if call.IsMemberFunction() {
		return c.unitOfMember(call.Target(), name, args)
	}
	switch name {
	case "q":
		return c.quantity(e, args)
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.Equals, operators.NotEquals:
		if len(args) == 2 {
			c.match(e, c.measure(args[0]), c.measure(args[1]))
		}
		return measure{}
	case operators.In:
		if len(args) == 2 && args[1].Kind() == ast.ListKind {
			m := c.settled(args[0])
			for _, x := range args[1].AsList().Elements() {
				c.match(e, m, c.measure(x))
			}
		}
		return measure{}
	case operators.Add, operators.Subtract:
		if len(args) == 2 {
			return c.match(e, c.measure(args[0]), c.measure(args[1]))
		}
	case operators.Conditional:
		if len(args) == 3 {
			c.settled(args[0])
			return c.match(e, c.measure(args[1]), c.measure(args[2]))
		}
	case operators.Negate:
		if len(args) == 1 {
			return c.settled(args[0])
		}
	case operators.Multiply, operators.Divide:
		if len(args) == 2 {
			a, b := c.settled(args[0]), c.settled(args[1])
			return product(a, b, name == operators.Multiply)
		}
	}
	for _, a := range args {
		c.settled(a)
	}
	switch name {
	case "yearsBetween":
		return measure{unit: c.fixed("a")}
	case "daysBetween":
		return measure{unit: c.fixed("d")}
	}
	return measure{}
}

// fixed is a unit that the language itself has.
func (c *checking) fixed(unit string) coding.Unit {
	u, _ := coding.ParseUnit(unit)
	return u
}

func product(a, b measure, times bool) measure {
	switch {
	case times && a.unit.IsZero():
		return measure{unit: b.unit}
	case b.unit.IsZero():
		return measure{unit: a.unit}
	case times:
		return measure{unit: a.unit.Times(b.unit)}
	}
	return measure{unit: a.unit.Over(b.unit)}
}

// unitOfMember is the unit of an answer, or of the series that a filter makes.
func (c *checking) unitOfMember(target ast.Expr, name string, args []ast.Expr) measure {
	m := c.settled(target)
	switch name {
	case "atLeast", "atMost", "above", "below":
		if len(args) == 1 {
			c.match(args[0], m, c.measure(args[0]))
		}
		return m
	}
	for _, a := range args {
		c.settled(a)
	}
	switch name {
	case "exists", "none", "active", "count", "days", "latestDay", "earliestDay", "year":
		return measure{}
	case "daysSince":
		return measure{unit: c.fixed("d")}
	}
	return m
}

// quantity reads q(140, 'mm[Hg]').
func (c *checking) quantity(e ast.Expr, args []ast.Expr) measure {
	const hint = "write it as q(140, 'mm[Hg]')"
	if len(args) != 2 || args[0].Kind() != ast.LiteralKind || args[1].Kind() != ast.LiteralKind {
		c.hint(e.ID(), hint, "a quantity is a number and a unit")
		return measure{}
	}
	_, number := args[0].AsLiteral().(types.Double)
	text, ok := args[1].AsLiteral().(types.String)
	u, err := coding.ParseUnit(string(text))
	if !number || !ok || err != nil {
		c.hint(e.ID(), hint+", the unit in UCUM", "a quantity is a number and a unit")
		return measure{}
	}
	return measure{unit: u, quantity: e}
}

// match makes both sides of e fit, or adds a fault that names both units.
func (c *checking) match(e ast.Expr, a, b measure) measure {
	switch {
	case a.quantity != nil && b.quantity != nil:
		c.convert(b, a)
		c.convert(a, a)
		return measure{unit: a.unit}
	case b.quantity != nil:
		c.convert(b, a)
		return a
	case a.quantity != nil:
		c.convert(a, b)
		return b
	case a.unit.IsZero():
		return b
	case b.unit.IsZero() || a.unit.Same(b.unit):
		return a
	}
	if _, err := coding.NewConversion(a.unit, b.unit, a.substance); err != nil {
		c.hint(e.ID(), "compare what measures the same thing", "%s cannot be compared with %s", a.unit, b.unit)
	} else {
		c.hint(e.ID(), "declare both concepts, or the parameter, in one unit", "%s stands beside %s", a.unit, b.unit)
	}
	return a
}

// convert makes the quantity a number in the unit of beside.
func (c *checking) convert(m, beside measure) {
	if beside.unit.IsZero() {
		c.lonely(m)
		return
	}
	by, err := coding.NewConversion(m.unit, beside.unit, beside.substance)
	if err != nil {
		hint := "compare what measures the same thing"
		for _, f := range fault.All(err, "criteria") {
			if f.Hint != "" {
				hint = f.Hint
			}
		}
		c.hint(m.quantity.ID(), hint, "%s cannot be compared with %s", beside.unit, m.unit)
		return
	}
	call := m.quantity.AsCall()
	x := by.Apply(float64(call.Args()[0].AsLiteral().(types.Double)))
	m.quantity.SetKindCase(ast.NewExprFactory().NewLiteral(m.quantity.ID(), types.Double(x)))
}
