package web

import (
	"slices"
	"strconv"

	"ennakko/store"
)

// group is who was found, by one thing about them: a picture and its table.
type group struct {
	Title string
	Chart chart
	Table breakdown
}

// mostAges is how many single years are shown; more are put in tens.
const mostAges = 12

// peopleBy counts the people found and those who meet the criteria.
func peopleBy(t words, counts []store.Breakdown, by, title string, names func(keys []string) []namedKey, keyOf func(string) string) group {
	sums := map[string]map[string]int{store.Found: {}, store.Justified: {}}
	var keys []string
	for _, b := range counts {
		if b.By != by || sums[b.Stage] == nil {
			continue
		}
		k := keyOf(b.Key)
		sums[b.Stage][k] += b.N
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	rows := names(keys)
	cols := []column{{label: t.T("cohort.found")}, {label: t.T("cohort.justified")}}
	for _, n := range rows {
		cols[0].counts = append(cols[0].counts, sums[store.Found][n.key])
		cols[1].counts = append(cols[1].counts, sums[store.Justified][n.key])
	}
	g := group{Title: t.T(title), Table: newBreakdown(title, rows, cols)}
	g.Chart = newChart(t, by, title, t.T("cohort.languages.desc"), g.Table.column(1))
	return g
}

// areasOf are all major districts, and the rest if anybody lives there.
func areasOf(t words) func([]string) []namedKey {
	return func(keys []string) []namedKey {
		out := allAreas(t)
		if slices.Contains(keys, "") {
			out = append(out, namedKey{"", t.T("cohort.unknown")})
		}
		return out
	}
}

// spokenOf are the languages in which people are written to.
func spokenOf(t words) func([]string) []namedKey {
	return func(keys []string) (out []namedKey) {
		for _, l := range languages {
			if slices.Contains(keys, string(l)) {
				out = append(out, namedKey{string(l), t.T("teaching." + string(l))})
			}
		}
		if slices.Contains(keys, "") {
			out = append(out, namedKey{"", t.T("cohort.unknown")})
		}
		return out
	}
}

// spokenKey joins languages that the city does not write in.
func spokenKey(k string) string {
	for _, l := range languages {
		if k == string(l) {
			return k
		}
	}
	return ""
}

// ageKey gives years singly, or in tens if there are many.
func ageKey(counts []store.Breakdown) func(string) string {
	ages := map[string]bool{}
	for _, b := range counts {
		if b.By == store.ByAge {
			ages[b.Key] = true
		}
	}
	return func(k string) string {
		n, err := strconv.Atoi(k)
		switch {
		case err != nil:
			return ""
		case len(ages) > mostAges:
			return strconv.Itoa(n / 10 * 10)
		}
		return k
	}
}

// agesOf are the ages in order.
func agesOf(t words, counts []store.Breakdown) func([]string) []namedKey {
	key := ageKey(counts)
	tens := key("11") == "10"
	return func(keys []string) (out []namedKey) {
		var ages []int
		for _, k := range keys {
			if n, err := strconv.Atoi(k); err == nil {
				ages = append(ages, n)
			}
		}
		slices.Sort(ages)
		for _, n := range ages {
			label := t.T("cohort.age.years", t.N(n))
			if tens {
				label = t.T("cohort.age.years", t.N(n)+"–"+t.N(n+9))
			}
			out = append(out, namedKey{strconv.Itoa(n), label})
		}
		if slices.Contains(keys, "") {
			out = append(out, namedKey{"", t.T("cohort.unknown")})
		}
		return out
	}
}

// people are the groups of those who were found; the first is on the map.
func people(t words, counts []store.Breakdown) []group {
	return []group{
		peopleBy(t, counts, store.ByDistrict, "cohort.home", areasOf(t), areaOf),
		peopleBy(t, counts, store.ByAge, "cohort.age", agesOf(t, counts), ageKey(counts)),
		peopleBy(t, counts, store.ByLanguage, "cohort.spoken", spokenOf(t), spokenKey),
	}
}
