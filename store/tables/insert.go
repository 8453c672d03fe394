package tables

import "strings"

// mostValues is how many values one statement carries at most; SQLite allows
// 32,766 and PostgreSQL 65,535.
const mostValues = 2000

// insert adds many rows, several with each statement: over a network each
// statement is a way there and back.
func (t *tx) insert(table, columns string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	width := len(rows[0])
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
	each := max(1, mostValues/width)
	for from := 0; from < len(rows); from += each {
		some := rows[from:min(from+each, len(rows))]
		args := make([]any, 0, len(some)*width)
		for _, r := range some {
			args = append(args, r...)
		}
		values := strings.TrimSuffix(strings.Repeat(one+",", len(some)), ",")
		if err := t.put("INSERT INTO "+table+" ("+columns+") VALUES "+values, args...); err != nil {
			return err
		}
	}
	return nil
}
