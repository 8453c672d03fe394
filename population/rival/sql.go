package rival

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
)

// writer makes SQL of checked conditions. A condition becomes an expression over
// the columns of one wide table: one row for each person, one column for each
// distinct question. An unknown is NULL, whose logic is the same.
type writer struct {
	language *criteria.Language
	params   criteria.Params
	run      criteria.Run
	tree     *ast.AST
	asked    map[string][]string // of each source of answers: the questions, in order
	joined   map[string]string   // of sources that are more than the table of a concept: what they are
	names    map[string]string   // of each question: its column
	wrapped  map[string]string   // of questions of the last day: a query of their own
	tableFor map[string]string   // of each column: the table of its answers
	touched  map[string]bool     // the tables of answers that the criterion in hand needs
	fields   map[string]string   // tables of fields that are no concepts
}

// chain is a series with what it is narrowed by.
type chain struct {
	concept string
	source  string // "" the concept's own table; else a name of joined
	where   []string
	lastDay bool
	after   []string // filters of what lastDay leaves
	field   bool
}

func fieldTable(name string) string { return strings.ReplaceAll(name, ".", "_") }

func (c chain) filter(more ...string) string {
	all := append(append([]string{}, c.where...), more...)
	if len(all) == 0 {
		return ""
	}
	return " FILTER (WHERE " + strings.Join(all, " AND ") + ")"
}

func unsaid(what string) error {
	return fault.New(fault.Invalid, "rival.sql", "%s is not put into SQL here", what)
}

// ask is the column of a question of a concept's table.
func (w *writer) ask(c chain, aggregate string) string {
	source := c.concept
	if c.source != "" {
		source = c.source
	}
	key := source + "|" + aggregate
	if c.lastDay {
		key += "|last|" + strings.Join(c.where, "&") + "|" + strings.Join(c.after, "&")
	}
	if name, ok := w.names[key]; ok {
		w.touched[w.tableFor[name]] = true
		return name
	}
	name := fmt.Sprintf("q%d", len(w.names))
	w.names[key], w.tableFor[name] = name, "a_"+source
	if c.lastDay {
		w.tableFor[name] = "a_" + name
	}
	w.touched[w.tableFor[name]] = true
	if c.lastDay {
		where := ""
		if len(c.where) > 0 {
			where = " WHERE " + strings.Join(c.where, " AND ")
		}
		w.wrapped[name] = fmt.Sprintf("SELECT person, arg_max(x, day) AS %s FROM (SELECT person, day, %s AS x FROM c_%s%s GROUP BY person, day) GROUP BY person", name, aggregate, c.concept, where)
		return name
	}
	w.asked[source] = append(w.asked[source], aggregate+" AS "+name)
	return name
}

func (w *writer) condition(p *criteria.Program) (string, error) {
	w.tree = p.AST()
	return w.expr(w.tree.Expr())
}

func (w *writer) expr(e ast.Expr) (string, error) {
	if t := w.tree.GetType(e.ID()); t.Kind() == types.TimestampKind {
		if d, err := w.day(e); err == nil {
			return fmt.Sprint(criteria.DayNumber(d)), nil
		}
		if s, err := w.ownDay(e); err == nil {
			return dayNumber(s), nil
		}
	}
	switch e.Kind() {
	case ast.IdentKind:
		if name, ok := strings.CutPrefix(e.AsIdent(), "param."); ok {
			x, err := w.params.At(name, w.run.AsOf)
			return fmt.Sprintf("%v::DOUBLE", x), err
		}
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Bool:
			return fmt.Sprint(bool(v)), nil
		case types.Double:
			return fmt.Sprintf("%v::DOUBLE", float64(v)), nil
		case types.String:
			return quote(string(v)), nil
		}
	case ast.CallKind:
		return w.call(e.AsCall())
	}
	return "", unsaid("a part")
}

func signs() map[string]string {
	return map[string]string{operators.LogicalAnd: "AND", operators.LogicalOr: "OR", operators.Equals: "=", operators.NotEquals: "<>", operators.Less: "<",
		operators.LessEquals: "<=", operators.Greater: ">", operators.GreaterEquals: ">=", operators.Add: "+", operators.Subtract: "-", operators.Multiply: "*", operators.Divide: "/"}
}

func (w *writer) call(call ast.CallExpr) (string, error) {
	if s, ok := w.compareDays(call); ok {
		return s, nil
	}
	if sign, ok := signs()[call.FunctionName()]; ok {
		a, err := w.expr(call.Args()[0])
		if err != nil {
			return "", err
		}
		b, err := w.expr(call.Args()[1])
		return "(" + a + " " + sign + " " + b + ")", err
	}
	switch call.FunctionName() {
	case operators.In:
		a, err := w.expr(call.Args()[0])
		if err != nil {
			return "", err
		}
		list, err := w.list(call.Args()[1].AsList().Elements())
		return "(" + a + " IN (" + list + "))", err
	case operators.Conditional:
		var parts [3]string
		for i, a := range call.Args() {
			s, err := w.expr(a)
			if err != nil {
				return "", err
			}
			parts[i] = s
		}
		return "(CASE WHEN " + parts[0] + " THEN " + parts[1] + " WHEN NOT " + parts[0] + " THEN " + parts[2] + " END)", nil
	case operators.LogicalNot:
		a, err := w.expr(call.Args()[0])
		return "(NOT " + a + ")", err
	case "yearsBetween":
		if field(call.Args()[0]) == "population.birth_date" {
			return "age", nil
		}
		return "", unsaid("yearsBetween")
	case "latest":
		if series(call.Target()) == "population.sex" {
			return "sex", nil
		}
	}
	if !call.IsMemberFunction() {
		return "", unsaid(call.FunctionName())
	}
	c, err := w.chain(call.Target())
	if err != nil {
		return "", err
	}
	return w.question(call.FunctionName(), c)
}

// question asks a chain. What an empty series has no answer to is NULL by
// itself; the rest is 0 for who has no row, and NULL for whose record was not
// read.
func (w *writer) question(name string, c chain) (string, error) {
	if len(c.after) > 0 && name != "exists" && name != "none" && name != "count" {
		return "", unsaid(name + " after a filter of the last day")
	}
	if c.field && name != "latest" && (name != "none" || c.concept != fieldTable("population.death_date")) {
		return "", unsaid(name + " of " + c.concept)
	}
	count := func(more ...string) string {
		if c.field {
			return "coalesce(" + w.ask(c, "count(*)") + ", 0)"
		}
		if c.lastDay {
			return "(CASE WHEN was_read THEN coalesce(" + w.ask(c, "count(*)"+chain{where: c.after}.filter()) + ", 0) END)"
		}
		return "(CASE WHEN was_read THEN coalesce(" + w.ask(c, "count(*)"+c.filter(more...)) + ", 0) END)"
	}
	value := func(aggregate string) string {
		if c.lastDay {
			return w.ask(c, aggregate)
		}
		return w.ask(c, aggregate+c.filter())
	}
	switch name {
	case "exists":
		return "(" + count() + " > 0)", nil
	case "none":
		return "(" + count() + " = 0)", nil
	case "count":
		return count() + "::DOUBLE", nil
	case "active":
		if !c.lastDay {
			return "(" + count(fmt.Sprintf("until >= %d", w.asOf())) + " > 0)", nil
		}
	case "latest":
		return value("arg_max(value, ord)"), nil
	case "earliest":
		return value("arg_min(value, ord)"), nil
	case "min", "max", "sum":
		if name != "sum" {
			return value(name + "(value)"), nil
		}
	case "mean":
		return value("avg(value)"), nil
	case "latestDay":
		if !c.lastDay {
			return value("max(day)"), nil
		}
	case "earliestDay":
		if !c.lastDay {
			return value("min(day)"), nil
		}
	case "days":
		if !c.lastDay {
			return "(CASE WHEN was_read THEN coalesce(" + w.ask(c, "count(DISTINCT day)"+c.filter()) + ", 0) END)::DOUBLE", nil
		}
	case "daysSince":
		if !c.lastDay {
			return fmt.Sprintf("(%d - %s)::DOUBLE", w.asOf(), value("max(day)")), nil
		}
	}
	return "", unsaid(name)
}

func (w *writer) asOf() int32 { return criteria.DayNumber(w.run.AsOf) }

// field is the name of a field whose latest value is asked; "" for all else.
func field(e ast.Expr) string {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "latest" {
		return series(e.AsCall().Target())
	}
	return ""
}

func series(e ast.Expr) string {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent()
	}
	return ""
}

// begin is the chain of a field or concept.
func (w *writer) begin(name string) (chain, error) {
	c, ok := w.language.Concept(name)
	switch {
	case name == "population.death_date" || name == "population.municipality":
		w.fields[fieldTable(name)] = name
		return chain{concept: fieldTable(name), field: true}, nil
	case !ok || strings.Contains(name, ".") || c.Absent != criteria.AbsentNone:
		return chain{}, unsaid(name)
	}
	return chain{concept: name}, nil
}

// list writes several values.
func (w *writer) list(args []ast.Expr) (string, error) {
	var out []string
	for _, a := range args {
		s, err := w.expr(a)
		if err != nil {
			return "", err
		}
		out = append(out, s)
	}
	return strings.Join(out, ", "), nil
}

func (w *writer) chain(e ast.Expr) (chain, error) {
	if name := series(e); name != "" {
		return w.begin(name)
	}
	call := e.AsCall()
	c, err := w.chain(call.Target())
	if err != nil {
		return c, err
	}
	add := func(format string, args ...any) {
		if f := fmt.Sprintf(format, args...); c.lastDay {
			c.after = append(c.after, f)
		} else {
			c.where = append(c.where, f)
		}
	}
	switch name := call.FunctionName(); name {
	case "during", "startsIn", "endsIn":
		if err := w.within(&c, name, call.Args()[0], add); err != nil {
			return c, err
		}
	case "afterLast", "beforeFirst":
		if err := w.related(&c, name, call.Args()[0], add); err != nil {
			return c, err
		}
	case "inClass", "notInClass":
		names, err := w.list(call.Args())
		if err != nil {
			return c, err
		}
		not := map[string]string{"inClass": "", "notInClass": "NOT "}[name]
		add("%sclass IN (%s)", not, names)
	case "atLeast", "atMost", "above", "below":
		x, err := w.expr(call.Args()[0])
		if err != nil {
			return c, err
		}
		add("value %s %s", map[string]string{"atLeast": ">=", "atMost": "<=", "above": ">", "below": "<"}[name], x)
	case "valued":
		name, _ := call.Args()[0].AsLiteral().(types.String)
		set, ok := w.language.ValueSet(string(name))
		if !ok {
			set = coding.NewValueSet("", coding.ParsePattern(string(name)))
		}
		add("(%s)", inSet("value_code", set))
	case "before", "after":
		d, err := w.day(call.Args()[0])
		if err != nil {
			return c, err
		}
		add("day %s %d", map[string]string{"before": "<", "after": ">"}[name], criteria.DayNumber(d))
	case "lastDay":
		if c.lastDay || c.source != "" {
			return c, unsaid("lastDay")
		}
		c.lastDay = true
	default:
		return c, unsaid(name)
	}
	return c, nil
}

// within adds that what is looked at lies in a period, begins in it or ends in it.
func (w *writer) within(c *chain, how string, period ast.Expr, add func(string, ...any)) error {
	first, last, err := w.period(c, period)
	if err != nil {
		return err
	}
	switch how {
	case "during":
		add("day <= %s", last)
		add("until >= %s", first)
	case "startsIn":
		add("day <= %s", last)
		add("day >= %s", first)
	default:
		add("until >= %s", first)
		add("until <= %s", last)
	}
	return nil
}

func (w *writer) day(e ast.Expr) (time.Time, error) {
	if series(e) == "as_of" {
		return w.run.AsOf, nil
	}
	if e.Kind() == ast.CallKind && (e.AsCall().FunctionName() == "minus" || e.AsCall().FunctionName() == "plus") {
		from, err := w.day(e.AsCall().Target())
		if err != nil {
			return from, err
		}
		s, _ := e.AsCall().Args()[0].AsLiteral().(types.String)
		by, err := criteria.ParseSpan(string(s))
		return criteria.AddSpan(from, by, map[string]int{"minus": -1, "plus": 1}[e.AsCall().FunctionName()]), err
	}
	return time.Time{}, unsaid("a day")
}
