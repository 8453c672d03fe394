package rival

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"ennakko/criteria"
)

// A question may be narrowed by a day of the person's own (the day of birth), or by
// the first or last day of another series. Then it is asked of the concept's table
// joined with the people, or with the answers of the other concept's table; all
// questions of one such join are asked in one pass, too.

// ownBirth is the day of birth in the table of people.
const ownBirth = "born"

// ownDay is a day that depends on the person: the day of birth, moved.
func (w *writer) ownDay(e ast.Expr) (string, error) {
	if field(e) == "population.birth_date" {
		return ownBirth, nil
	}
	if e.Kind() != ast.CallKind {
		return "", unsaid("a day")
	}
	call := e.AsCall()
	sign := map[string]string{"plus": "+", "minus": "-"}[call.FunctionName()]
	if sign == "" {
		return "", unsaid("a day")
	}
	from, err := w.ownDay(call.Target())
	if err != nil {
		return "", err
	}
	text, _ := call.Args()[0].AsLiteral().(types.String)
	by, err := criteria.ParseSpan(string(text))
	if err != nil {
		return "", err
	}
	unit := map[byte]string{'y': "YEAR", 'm': "MONTH", 'w': "WEEK", 'd': "DAY"}[by.Unit]
	return fmt.Sprintf("(%s %s INTERVAL %d %s)::DATE", from, sign, by.N, unit), nil
}

// dayNumber makes a day that depends on the person the number of days that facts
// have.
func dayNumber(s string) string { return "(" + s + " - DATE '1970-01-01')" }

// compareDays compares days of which one depends on the person; false: it is
// another call.
func (w *writer) compareDays(call ast.CallExpr) (string, bool) {
	sign := map[string]string{operators.Less: "<", operators.LessEquals: "<=", operators.Greater: ">", operators.GreaterEquals: ">="}[call.FunctionName()]
	if sign == "" {
		return "", false
	}
	var sides [2]string
	own := false
	for i, a := range call.Args() {
		if w.tree.GetType(a.ID()).Kind() != types.TimestampKind {
			return "", false
		}
		if d, err := w.day(a); err == nil {
			sides[i] = "DATE '" + d.Format(time.DateOnly) + "'"
			continue
		}
		s, err := w.ownDay(a)
		if err != nil {
			return "", false
		}
		sides[i], own = s, true
	}
	return "(" + sides[0] + " " + sign + " " + sides[1] + ")", own
}

// period is the first and the last day of a period. One that depends on the person
// makes the chain's source the table joined with the people.
func (w *writer) period(c *chain, e ast.Expr) (first, last string, err error) {
	if series(e) == "period" {
		m := w.run.Measured()
		return fmt.Sprint(criteria.DayNumber(m.First)), fmt.Sprint(criteria.DayNumber(m.Last)), nil
	}
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "between" {
		return "", "", unsaid("a period")
	}
	var days [2]string
	for i, a := range e.AsCall().Args() {
		if d, err := w.day(a); err == nil {
			days[i] = fmt.Sprint(criteria.DayNumber(d))
			continue
		}
		s, err := w.ownDay(a)
		if err != nil {
			return "", "", err
		}
		if err := w.join(c, "people", "people"); err != nil {
			return "", "", err
		}
		days[i] = dayNumber(s)
	}
	return days[0], days[1], nil
}

// join makes the chain's source its concept's table joined with another one.
func (w *writer) join(c *chain, name, table string) error {
	source := c.concept + "__" + name
	if c.lastDay || c.field || c.source != "" && c.source != source {
		return unsaid("two relations at once")
	}
	c.source, w.joined[source] = source, "c_"+c.concept+" JOIN "+table+" USING (person)"
	return nil
}

// related narrows a chain by the first or the last day of another.
func (w *writer) related(c *chain, name string, other ast.Expr, add func(string, ...any)) error {
	o, err := w.chain(other)
	if err != nil {
		return err
	}
	if o.lastDay || o.field || o.source != "" || c.lastDay {
		return unsaid(name + " of such a series")
	}
	aggregate, sign := "max(day)", ">"
	if name == "beforeFirst" {
		aggregate, sign = "min(day)", "<"
	}
	before := w.touched
	w.touched = map[string]bool{}
	column := w.ask(o, aggregate+o.filter())
	w.touched = before
	if err := w.join(c, o.concept, "a_"+o.concept); err != nil {
		return err
	}
	add("day %s %s", sign, column)
	return nil
}

// plain is the name of the concept of a source.
func plain(source string) string {
	name, _, _ := strings.Cut(source, "__")
	return name
}
