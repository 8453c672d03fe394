package rival

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
)

// writer makes SQL of checked conditions. A condition becomes an expression over
// the columns of one wide table: one row for each person, one column for each
// distinct question. An unknown is NULL, whose logic is the same.
type writer struct {
	language *criteria.Language
	run      criteria.Run
	tree     *ast.AST
	asked    map[string][]string // of each table: the questions, in order
	names    map[string]string   // of each question: its column
	wrapped  map[string]string   // of questions of the last day: a query of their own
	tableFor map[string]string   // of each column: the table of its answers
	touched  map[string]bool     // the tables of answers that the criterion in hand needs
	fields   map[string]string   // tables of fields that are no concepts
}

// days are those of a period.
type days struct{ first, last int32 }

// chain is a series with what it is narrowed by.
type chain struct {
	concept string
	where   []string
	lastDay bool
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
	key := c.concept + "|" + aggregate
	if c.lastDay {
		key += "|last|" + strings.Join(c.where, "&")
	}
	if name, ok := w.names[key]; ok {
		w.touched[w.tableFor[name]] = true
		return name
	}
	name := fmt.Sprintf("q%d", len(w.names))
	w.names[key], w.tableFor[name] = name, "a_"+c.concept
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
	w.asked[c.concept] = append(w.asked[c.concept], aggregate+" AS "+name)
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
	}
	switch e.Kind() {
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
		var list []string
		for _, x := range call.Args()[1].AsList().Elements() {
			s, err := w.expr(x)
			if err != nil {
				return "", err
			}
			list = append(list, s)
		}
		return "(" + a + " IN (" + strings.Join(list, ", ") + "))", err
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
	if c.field && name != "latest" && (name != "none" || c.concept != fieldTable("population.death_date")) {
		return "", unsaid(name + " of " + c.concept)
	}
	count := func(more ...string) string {
		if c.field {
			return "coalesce(" + w.ask(c, "count(*)") + ", 0)"
		}
		if c.lastDay {
			return "(CASE WHEN was_read THEN coalesce(" + w.ask(c, "count(*)") + ", 0) END)"
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

func (w *writer) chain(e ast.Expr) (chain, error) {
	if name := series(e); name != "" {
		return w.begin(name)
	}
	call := e.AsCall()
	c, err := w.chain(call.Target())
	if err != nil {
		return c, err
	}
	if c.lastDay {
		return c, unsaid("a filter after lastDay")
	}
	add := func(format string, args ...any) { c.where = append(c.where, fmt.Sprintf(format, args...)) }
	switch name := call.FunctionName(); name {
	case "during", "startsIn":
		d, err := w.period(call.Args()[0])
		if err != nil {
			return c, err
		}
		if add("day <= %d", d.last); name == "during" {
			add("until >= %d", d.first)
		} else {
			add("day >= %d", d.first)
		}
	case "inClass", "notInClass":
		var names []string
		for _, a := range call.Args() {
			s, err := w.expr(a)
			if err != nil {
				return c, err
			}
			names = append(names, s)
		}
		not := map[string]string{"inClass": "", "notInClass": "NOT "}[name]
		add("%sclass IN (%s)", not, strings.Join(names, ", "))
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
		c.lastDay = true
	default:
		return c, unsaid(name)
	}
	return c, nil
}

// period is one that does not depend on the person.
func (w *writer) period(e ast.Expr) (days, error) {
	if name := series(e); name == "period" {
		m := w.run.Measured()
		return days{criteria.DayNumber(m.First), criteria.DayNumber(m.Last)}, nil
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "between" {
		first, err := w.day(e.AsCall().Args()[0])
		if err != nil {
			return days{}, err
		}
		last, err := w.day(e.AsCall().Args()[1])
		return days{criteria.DayNumber(first), criteria.DayNumber(last)}, err
	}
	return days{}, unsaid("a period")
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

// verdict is a criterion as one expression: the place of its verdict.
func (w *writer) verdict(c *criteria.Care) (string, error) {
	population, err := w.condition(c.Population)
	if err != nil {
		return "", err
	}
	done, err := w.condition(c.Done)
	if err != nil {
		return "", err
	}
	excluded, unsure := "false", "false"
	for _, x := range c.Exclusions {
		s, err := w.condition(x.Program)
		if err != nil {
			return "", err
		}
		excluded, unsure = excluded+" OR "+s, unsure+" OR "+s+" IS NULL"
	}
	return fmt.Sprintf("(CASE WHEN %[1]s IS NULL THEN 4 WHEN NOT %[1]s THEN 0 WHEN coalesce(%[2]s, false) THEN 1 WHEN coalesce(%[3]s, false) THEN 2 WHEN %[4]s OR %[3]s IS NULL THEN 4 ELSE 3 END)::UTINYINT",
		population, excluded, done, unsure), nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// inSet is the condition that a code is in a value set.
func inSet(column string, set *coding.ValueSet) string {
	one, below := []string{}, []string{}
	for _, p := range set.Patterns() {
		if p.Below {
			below = append(below, "starts_with("+column+", "+quote(p.Code.String())+")")
		} else {
			one = append(one, quote(p.Code.String()))
		}
	}
	if len(one) > 0 {
		below = append(below, column+" IN ("+strings.Join(one, ", ")+")")
	}
	return strings.Join(below, " OR ")
}

// tableOf is the query that makes a concept's table of files of records.
func (w *writer) tableOf(c criteria.Concept, files map[string][]string) string {
	var froms []string
	for _, k := range c.Kinds {
		froms = append(froms, files[k.Field()]...)
	}
	for i := range froms {
		froms[i] = quote(froms[i])
	}
	from := "read_parquet([" + strings.Join(froms, ", ") + "])"
	if len(froms) == 0 {
		from = `(SELECT NULL::UINTEGER AS person, NULL::INTEGER AS day, NULL::INTEGER AS until, NULL::DOUBLE AS value, NULL::VARCHAR AS value_code, NULL::VARCHAR AS class,
			NULL::SMALLINT AS minute, NULL::UINTEGER AS grp, NULL::VARCHAR AS code, NULL::VARCHAR AS status WHERE false)`
	}
	need := map[criteria.Kind]string{criteria.Number: " AND value IS NOT NULL", criteria.Coded: " AND value_code IS NOT NULL"}[c.Value]
	value := "value"
	if c.Value != criteria.Number {
		value = "0::DOUBLE AS value"
	}
	return fmt.Sprintf(`CREATE TABLE c_%s AS SELECT person, day, until, %s, value_code, class, row_number() OVER () AS ord FROM (
		SELECT person, coalesce(day, %d) AS day, coalesce(until, 2147483647) AS until, value, value_code, coalesce(class, '') AS class, coalesce(minute, -1) AS minute, grp, code
		FROM %s WHERE (%s)%s AND coalesce(day, %d) <= %d AND coalesce(status, '') NOT IN ('entered-in-error','not-done','not-taken','cancelled','draft','planned','proposed','preparation','refuted','rejected','revoked')
		QUALIFY row_number() OVER (PARTITION BY person, grp ORDER BY code) = 1 ORDER BY person, day, minute, grp)`,
		c.Name, value, clinical.Always, from, inSet("code", c.Codes), need, clinical.Always, w.asOf())
}
