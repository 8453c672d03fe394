package criteria

import (
	"cmp"
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"
)

// Claim is a condition that is taken to be true or false.
type Claim struct {
	Program *Program
	True    bool
}

// Possible reports whether all claims can be so of one person at once. It
// takes what is asked of the facts as free, but knows that comparisons of one
// thing with numbers or texts hang together (above 150 is above 140), and that
// none() is the contrary of exists(). A false answer is certain: no facts
// whatever make the claims so. A true answer may be too hopeful, and the
// second result is false if the conditions are too large to be looked through.
func Possible(claims ...Claim) (possible, sure bool) {
	p := &possibility{vars: map[string]int{}, budget: maxLook}
	var whole []formula
	for _, c := range claims {
		b := &c.Program.b
		f := p.formula(b, b.ast.Expr())
		if !c.True {
			f = formula{op: fNot, parts: []formula{f}}
		}
		whole = append(whole, f)
	}
	p.worlds = make([]int, len(p.domains))
	for i := range p.worlds {
		p.worlds[i] = open
	}
	p.settle()
	found := p.look(formula{op: fAnd, parts: whole}, 0)
	return found || p.budget <= 0, p.budget > 0
}

const (
	maxLook = 200_000 // worlds looked at
	open    = -1      // of a variable: nothing is taken of it yet
)

type formulaOp uint8

const (
	fTrue formulaOp = iota
	fFalse
	fAnd
	fOr
	fNot
	fAtom
)

// formula is a condition as plain logic.
type formula struct {
	op    formulaOp
	parts []formula
	atom  int // number of the variable
	cut   cut // what of the variable makes the atom true
}

// cut is a comparison of a variable with a constant; for a plain yes-or-no
// the zero cut.
type cut struct {
	op   string // operators.Less, ...; "" yes-or-no
	to   float64
	text string // of a comparison with a text
}

// domain is what one variable can be: the parts into which its constants cut
// the line of numbers, or its texts and anything else, or yes and no.
type domain struct {
	numbers []float64
	texts   []string
	size    int
}

type possibility struct {
	vars    map[string]int
	domains []domain
	worlds  []int // of each variable the part that is taken, or open
	budget  int
}

func (p *possibility) variable(key string) int {
	n, ok := p.vars[key]
	if !ok {
		n = len(p.domains)
		p.vars[key] = n
		p.domains = append(p.domains, domain{})
	}
	return n
}

// settle counts the parts of every variable.
func (p *possibility) settle() {
	for i := range p.domains {
		d := &p.domains[i]
		slices.Sort(d.numbers)
		d.numbers = slices.Compact(d.numbers)
		slices.Sort(d.texts)
		d.texts = slices.Compact(d.texts)
		switch {
		case len(d.numbers) > 0:
			d.size = 2*len(d.numbers) + 1
		case len(d.texts) > 0:
			d.size = len(d.texts) + 1
		default:
			d.size = 2
		}
	}
}

// look tries the parts of the variables from the n-th on and reports whether
// some make f true.
func (p *possibility) look(f formula, n int) bool {
	if p.budget--; p.budget <= 0 {
		return false
	}
	switch p.value(f) {
	case 1:
		return true
	case 0:
		return false
	}
	for part := range p.domains[n].size {
		p.worlds[n] = part
		if p.look(f, n+1) {
			return true
		}
	}
	p.worlds[n] = open
	return false
}

// value is 1, 0 or open.
func (p *possibility) value(f formula) int {
	switch f.op {
	case fTrue:
		return 1
	case fFalse:
		return 0
	case fNot:
		if v := p.value(f.parts[0]); v != open {
			return 1 - v
		}
		return open
	case fAtom:
		return p.atom(f)
	}
	stop := 0 // the value that decides
	if f.op == fOr {
		stop = 1
	}
	out := 1 - stop
	for _, x := range f.parts {
		switch p.value(x) {
		case stop:
			return stop
		case open:
			out = open
		}
	}
	return out
}

func (p *possibility) atom(f formula) int {
	w, d := p.worlds[f.atom], p.domains[f.atom]
	if w == open {
		return open
	}
	yes := w == 1
	switch {
	case len(d.texts) > 0:
		yes = w < len(d.texts) && d.texts[w] == f.cut.text
	case len(d.numbers) > 0:
		// Part 2i is below the i-th constant, 2i+1 is the constant itself.
		i, _ := slices.BinarySearch(d.numbers, f.cut.to)
		yes = compares(f.cut.op, cmp.Compare(w, 2*i+1))
	}
	if yes {
		return 1
	}
	return 0
}

func compares(op string, c int) bool {
	switch op {
	case operators.Less:
		return c < 0
	case operators.LessEquals:
		return c <= 0
	case operators.Greater:
		return c > 0
	case operators.GreaterEquals:
		return c >= 0
	case operators.NotEquals:
		return c != 0
	}
	return c == 0
}

// formula makes plain logic of a part of a condition.
func (p *possibility) formula(b *built, e ast.Expr) formula {
	if e.Kind() == ast.LiteralKind {
		if v, ok := e.AsLiteral().(types.Bool); ok && bool(v) {
			return formula{op: fTrue}
		}
		return formula{op: fFalse}
	}
	if e.Kind() != ast.CallKind {
		return p.free(b, e)
	}
	call := e.AsCall()
	var parts []formula
	switch call.FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
		for _, a := range call.Args() {
			parts = append(parts, p.formula(b, a))
		}
	}
	switch call.FunctionName() {
	case operators.LogicalAnd:
		return formula{op: fAnd, parts: parts}
	case operators.LogicalOr:
		return formula{op: fOr, parts: parts}
	case operators.LogicalNot:
		return formula{op: fNot, parts: parts}
	case operators.Conditional:
		not := formula{op: fNot, parts: parts[:1]}
		return formula{op: fOr, parts: []formula{{op: fAnd, parts: parts[:2]}, {op: fAnd, parts: []formula{not, parts[2]}}}}
	case "none":
		return formula{op: fNot, parts: []formula{{op: fAtom, atom: p.variable(write(b, call.Target()) + ".exists()")}}}
	case operators.In:
		return p.among(b, call)
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.Equals, operators.NotEquals:
		return p.comparison(b, call.FunctionName(), call.Args()[0], call.Args()[1])
	}
	return p.free(b, e)
}

func (p *possibility) free(b *built, e ast.Expr) formula {
	return formula{op: fAtom, atom: p.variable(write(b, e))}
}

func write(b *built, e ast.Expr) string {
	s, err := parser.Unparse(e, b.ast.SourceInfo())
	if err != nil {
		return b.text
	}
	return s
}

func (p *possibility) among(b *built, call ast.CallExpr) formula {
	f := formula{op: fOr}
	for _, x := range call.Args()[1].AsList().Elements() {
		f.parts = append(f.parts, p.comparison(b, operators.Equals, call.Args()[0], x))
	}
	return f
}

// turned is the operator with its sides changed.
func turned(op string) string {
	switch op {
	case operators.Less:
		return operators.Greater
	case operators.LessEquals:
		return operators.GreaterEquals
	case operators.Greater:
		return operators.Less
	case operators.GreaterEquals:
		return operators.LessEquals
	}
	return op
}

func (p *possibility) comparison(b *built, op string, left, right ast.Expr) formula {
	if left.Kind() == ast.LiteralKind && right.Kind() != ast.LiteralKind {
		op, left, right = turned(op), right, left
	}
	if right.Kind() != ast.LiteralKind || left.Kind() == ast.LiteralKind {
		return p.between(b, op, left, right)
	}
	switch v := right.AsLiteral().(type) {
	case types.Double:
		n := p.variable("number " + write(b, left))
		p.domains[n].numbers = append(p.domains[n].numbers, float64(v))
		return formula{op: fAtom, atom: n, cut: cut{op: op, to: float64(v)}}
	case types.String:
		n := p.variable("text " + write(b, left))
		p.domains[n].texts = append(p.domains[n].texts, string(v))
		f := formula{op: fAtom, atom: n, cut: cut{op: op, text: string(v)}}
		if op == operators.NotEquals {
			return formula{op: fNot, parts: []formula{f}}
		}
		return f
	}
	return p.between(b, op, left, right)
}

// between compares two things of which neither is written out: below, the
// same, or above.
func (p *possibility) between(b *built, op string, left, right ast.Expr) formula {
	n := p.variable("pair " + write(b, left) + " : " + write(b, right))
	p.domains[n].numbers = append(p.domains[n].numbers, 0)
	return formula{op: fAtom, atom: n, cut: cut{op: op}}
}
