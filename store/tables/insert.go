package tables

import "strings"

// mostValues is how many values one statement carries at most; SQLite allows
// 32,766 and PostgreSQL 65,535.
const mostValues = 2000

// steps are how many rows go with one statement of a write that is made over and
// over: so there are few statements, and each stays prepared.
var steps = []int{64, 16, 4, 1}

// insert adds many rows, several with each statement: over a network each
// statement is a way there and back.
func (t *tx) insert(table, columns string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	each := max(1, mostValues/len(rows[0]))
	for from := 0; from < len(rows); from += each {
		if err := t.insertOnce(table, columns, rows[from:min(from+each, len(rows))]); err != nil {
			return err
		}
	}
	return nil
}

// insertInSteps is insert by statements of a few sizes only.
func (t *tx) insertInSteps(table, columns string, rows [][]any) error {
	for _, each := range steps {
		for ; len(rows) >= each; rows = rows[each:] {
			if err := t.insertOnce(table, columns, rows[:each]); err != nil {
				return err
			}
		}
	}
	return nil
}

// insertOnce adds rows with one statement.
func (t *tx) insertOnce(table, columns string, rows [][]any) error {
	width := len(rows[0])
	args := make([]any, 0, len(rows)*width)
	for _, r := range rows {
		args = append(args, r...)
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
	values := strings.TrimSuffix(strings.Repeat(one+",", len(rows)), ",")
	return t.put("INSERT INTO "+table+" ("+columns+") VALUES "+values, args...)
}
