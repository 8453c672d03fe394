package tables

import (
	"iter"
	"slices"
	"strings"
)

// A list of values is asked about in one statement. Its lengths are few, so that
// the prepared statements are few, too: a shorter list says its last value again.
var listLengths = []int{1, 10, 100}

// among asks a query about every value of a list: its one mark "(list)" becomes the
// list. A row whose value stands in the list comes once, whatever the order.
func (t *tx) among(query string, before []any, values []string, each func(scan func(...any) error) error) error {
	slices.Sort(values)
	for part := range lists(slices.Compact(values)) {
		args := slices.Clone(before)
		for _, v := range part {
			args = append(args, v)
		}
		blanks := "(?" + strings.Repeat(",?", len(part)-1) + ")"
		if err := t.query(strings.Replace(query, "(list)", blanks, 1), args, each); err != nil {
			return err
		}
	}
	return nil
}

// lists cuts values into lists of the lengths that there are.
func lists(values []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for len(values) > 0 {
			i, _ := slices.BinarySearch(listLengths, len(values))
			length := listLengths[min(i, len(listLengths)-1)]
			n := min(length, len(values))
			part := slices.Clone(values[:n])
			for len(part) < length {
				part = append(part, values[n-1])
			}
			if !yield(part) {
				return
			}
			values = values[n:]
		}
	}
}
