package criteria_test

import (
	"fmt"
	"strings"
	"testing"

	"ennakko/criteria"
	"ennakko/person"
)

func TestATraceTellsEveryPartWithTheFactsThatDecided(t *testing.T) {
	l := health(t)
	p, err := l.Compile("adult && (rare.exists() || !office_high) && systolic.exists(within('1y'))")
	if err != nil {
		t.Fatal(err)
	}
	step, err := p.Trace(ill(t, l), limits(t), criteria.Run{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range l.Words(step, person.English) {
		got = append(got, fmt.Sprintf("%d %s %s", line.Depth, line.Truth, line.Text))
	}
	want := `0 true all of these
1 true yearsBetween(population.birth_date.latest(), as_of) >= 18.0 — population.birth_date, latest: 29 February 1960
1 true any of these
2 unknown rare.exists() — rare, an entry; missing: rare
2 true not so
3 false systolic.notInClass("IMP", "EMER").lastDay().min() >= 140.0 — systolic, lowest: 138 mm[Hg] (1 December 2020 138 mm[Hg] loinc|8480-6 [Observation/x])
1 true systolic.during(between(as_of.minus("1y"), as_of)).exists() — systolic, an entry: yes (24 December 2020 180 mm[Hg] loinc|8480-6 [Observation/x]; 1 December 2020 138 mm[Hg] loinc|8480-6 [Observation/x]; 1 December 2020 142 mm[Hg] loinc|8480-6 [Observation/x]; and more)`
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nnot\n%s", strings.Join(got, "\n"), want)
	}
}
