package web

import (
	"slices"

	"ennakko/app"
)

// smallest is the least count of people that is shown in a breakdown.
const smallest = 5

// withhold says which counts of a breakdown must not be shown when its total
// is: those under smallest, and then the next smallest ones until a reader who
// knows the total and this rule cannot compute a withheld count. Zero is
// withheld like other small counts, since that nobody is there is a disclosure
// too.
//
// The reader knows the sum of the withheld counts and that each is less
// than the least one shown, so a count is at least what is left when all
// others are as great as that lets them. It stops when at least two are withheld, they
// sum to 2*smallest or more, and that least value is at most spare.
func withhold(counts []int) []bool {
	const spare = smallest - 3
	out := make([]bool, len(counts))
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[a] - counts[b] })
	held, sum, last := 0, 0, -1
	for _, i := range order {
		next := counts[i]
		enough := held == 0 || held >= 2 && sum >= 2*smallest && next > last && sum-(held-1)*(next-1) <= spare
		if next >= smallest && enough {
			break
		}
		out[i] = true
		held++
		sum += next
		last = next
	}
	return out
}

// about is a count as the public sees it.
func about(n int) (shown int, few bool) { return app.About(n) }
