package web

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"ennakko/person"
)

// A reader knows the total, the counts that are shown, and the rule. Among all
// tables that look the same, every withheld count must be able to be several
// numbers.
func TestWithheldCountsCannotBeComputedFromTheTotalAndTheRule(t *testing.T) {
	const cells, most = 4, 21
	looks := map[string][][]int{}
	var fill func(table []int)
	fill = func(table []int) {
		if len(table) == cells {
			sum := 0
			for _, n := range table {
				sum += n
			}
			look := fmt.Sprint(sum)
			for i, held := range withhold(table) {
				if held {
					look += " ?"
				} else {
					look += fmt.Sprint(" ", table[i])
				}
			}
			looks[look] = append(looks[look], append([]int(nil), table...))
			return
		}
		for n := range most {
			fill(append(table, n))
		}
	}
	fill(nil)
	bad := 0
	for look, tables := range looks {
		held := withhold(tables[0])
		for i := range cells {
			values := map[int]bool{}
			for _, table := range tables {
				values[table[i]] = true
			}
			everythingIsSmall := sumOf(tables[0]) < 2*smallest
			if held[i] && len(values) == 1 && !everythingIsSmall && tables[0][i] < smallest {
				bad++
				t.Errorf("%s: place %d can only be %d", look, i, tables[0][i])
			}
		}
		if bad > 5 {
			t.Fatal("and more")
		}
	}
}

func sumOf(counts []int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestNoSmallCountIsShownAndNeverOneAloneIsWithheld(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		counts := make([]int, 2+random.IntN(12))
		for i := range counts {
			counts[i] = random.IntN(40)
		}
		held := 0
		for i, h := range withhold(counts) {
			if h {
				held++
			} else if counts[i] < smallest {
				t.Fatalf("%v: %d is shown", counts, counts[i])
			}
		}
		if held == 1 {
			t.Fatalf("%v: the one withheld count is the total less the others", counts)
		}
	}
}

func TestWhereNothingIsSmallNothingIsWithheld(t *testing.T) {
	for i, held := range withhold([]int{5, 12, 700}) {
		if held {
			t.Errorf("place %d is withheld", i)
		}
	}
}

func TestPublicCountsAreRoundedToFive(t *testing.T) {
	for n, want := range map[int]int{5: 5, 7: 5, 8: 10, 12: 10, 13: 15, 5591: 5590} {
		if got, few := about(n); got != want || few {
			t.Errorf("%d is shown as %d", n, got)
		}
	}
	for n := range smallest {
		if got, few := about(n); got != 0 || !few {
			t.Errorf("%d is shown as %d", n, got)
		}
	}
}

func TestQuantile(t *testing.T) {
	v := []float64{5, 1, 4, 2, 3}
	if quantile(v, 50) != 3 || quantile(v, 99) != 5 || quantile(v, 1) != 1 || quantile(nil, 50) != 0 {
		t.Error("the quantiles are wrong")
	}
}

// TestTheMapSaysWhatTheChartSays: no number is on the map that the table withholds.
func TestTheMapSaysWhatTheChartSays(t *testing.T) {
	texts, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	w := words{catalogue: texts, Lang: person.English}
	rows := []row{{Label: "Southern", N: 888}, {Label: "Western", N: 920}, {Label: "Central", N: 738}, {Label: "Northern", Withheld: true},
		{Label: "Northeastern", N: 1012}, {Label: "Southeastern", N: 506}, {Label: "Eastern", N: 1090}, {Label: "Östersundom", Withheld: true}, {Label: "Elsewhere", N: 7}}
	m := newMap(w, rows)
	if len(m.Areas) != 8 {
		t.Fatalf("%d areas", len(m.Areas))
	}
	for i, a := range m.Areas {
		if a.Label != rows[i].Label || a.Path == "" || !strings.HasPrefix(a.Path, "M") || !strings.HasSuffix(a.Path, "Z") || len(a.Path) > 6000 {
			t.Errorf("%s: a path of %d characters", a.Label, len(a.Path))
		}
		if rows[i].Withheld != (a.Shade == 0) || rows[i].Withheld && a.Shown != w.T("withheld") || !rows[i].Withheld && a.Shown != w.N(rows[i].N) {
			t.Errorf("%s: shade %d, %q", a.Label, a.Shade, a.Shown)
		}
	}
	if m.Areas[6].Shade != shades || m.Areas[5].Shade != 1 || m.Areas[2].Shade <= m.Areas[5].Shade {
		t.Errorf("shades from the least to the most: %v", []int{m.Areas[5].Shade, m.Areas[2].Shade, m.Areas[6].Shade})
	}
	if same := newMap(w, []row{{N: 5}, {N: 5}}); len(same.Areas) != 2 || same.Areas[0].Shade != 1 {
		t.Errorf("equal counts: %+v", same.Areas[0].Shade)
	}
	if none := newMap(w, []row{{Withheld: true}}); none.Areas[0].Shade != 0 {
		t.Error("nothing but what is withheld has a shade")
	}
}
