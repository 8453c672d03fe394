package app

// About is a count of people as it may be told (decision 015): to the nearest
// five, so that two numbers, or the same one at two times, do not tell of one
// family. Few says that it is under five, and is not told.
func About(n int) (shown int, few bool) {
	if n < smallest {
		return 0, true
	}
	return (n + 2) / 5 * 5, false
}
