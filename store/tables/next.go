package tables

import (
	"slices"
	"strconv"
)

// next is the number of the next row of a table. Numbers are given by the one
// writer, so that none is given twice and none is left out by a write that was
// not kept.
func (t *tx) next(table string) (int64, error) { return t.nextOf(table, "id") }

// nextOf is next by another column. A write asks once: nobody else writes now.
func (t *tx) nextOf(table, column string) (int64, error) {
	last, err := t.lastOf(table, column)
	if err != nil {
		return 0, err
	}
	t.last[table] = last + 1
	return last + 1, nil
}

// lastOf is the number that was given last, 0 if none was.
func (t *tx) lastOf(table, column string) (int64, error) {
	if last, known := t.last[table]; known {
		return last, nil
	}
	var most *int64
	query, args := newestNumber(table, column)
	if _, err := t.one(query, args, &most); err != nil || most == nil {
		return 0, err
	}
	return *most, nil
}

// erasable are tables whose rows go when a person is erased, while their numbers
// stand elsewhere: in the record, in addresses, on receipts, at sources.
var erasable = []string{"document", "handover", "matter", "need_note", "new_record", "permission", "proposal", "request"}

// newestNumber asks for the number that was given last in a table, also when its row
// was erased.
func newestNumber(table, column string) (query string, args []any) {
	if !slices.Contains(erasable, table) {
		return "SELECT max(" + column + ") FROM " + table, nil
	}
	return "SELECT max(n) FROM (SELECT max(" + column + ") AS n FROM " + table + " UNION ALL SELECT CAST(value AS BIGINT) FROM mark WHERE name = ?) x", []any{numberMark(table)}
}

func numberMark(table string) string { return "last number of " + table }

// rememberNumbers keeps which numbers were given last, before rows go.
func (t *tx) rememberNumbers(tables ...string) error {
	for _, table := range tables {
		last, err := t.lastOf(table, "id")
		if err == nil && last > 0 {
			err = t.SetMark(numberMark(table), strconv.FormatInt(last, 10))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
