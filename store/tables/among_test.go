package tables

import (
	"slices"
	"strconv"
	"testing"
)

func TestListsHoldEveryValueAndHaveFewLengths(t *testing.T) {
	for n := range 350 {
		values := make([]string, n)
		for i := range values {
			values[i] = strconv.Itoa(i)
		}
		var got []string
		for part := range lists(values) {
			if !slices.Contains(listLengths, len(part)) {
				t.Fatalf("of %d values a list has %d", n, len(part))
			}
			got = append(got, slices.Compact(part)...)
		}
		if !slices.Equal(got, values) {
			t.Fatalf("of %d values the lists hold %v", n, got)
		}
	}
}
