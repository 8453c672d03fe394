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
1 true age >= 18 — age in years: 60; population.birth_date, latest: 29 February 1960
1 true any of these
2 unknown rare.exists() — rare, an entry; missing: rare
2 true not so
3 false office.lastDay().min() >= high — high: 140; systolic, lowest: 138 mm[Hg] (1 December 2020 138 mm[Hg] loinc|8480-6 [Observation/x])
1 true systolic.exists(within('1y')) — systolic, an entry: yes (24 December 2020 180 mm[Hg] loinc|8480-6 [Observation/x]; 1 December 2020 138 mm[Hg] loinc|8480-6 [Observation/x]; 1 December 2020 142 mm[Hg] loinc|8480-6 [Observation/x]; and more)`
	if strings.Join(got, "\n") != want {
		t.Errorf("%s\nnot\n%s", strings.Join(got, "\n"), want)
	}
}

func TestTheWordsOfATraceAreThereInEachLanguage(t *testing.T) {
	l := health(t)
	p, err := l.Compile("hypertension.exists() && systolic.latest() < 140 && weight.none()")
	if err != nil {
		t.Fatal(err)
	}
	c := criteria.Care{Name: "c", Population: p, Done: p}
	trace, err := c.Trace(ill(t, l), limits(t), criteria.Run{AsOf: asOf})
	if err != nil || trace.Finding.Verdict != criteria.NotApplicable || len(trace.Parts) != 2 {
		t.Fatalf("%+v, %v", trace.Finding, err)
	}
	seen := map[string]person.Language{}
	for _, lang := range person.Languages() {
		var all []string
		for _, line := range l.FindingWords(trace, nil, lang) {
			all = append(all, line.Text)
		}
		text := strings.Join(all, "\n")
		if other, same := seen[text]; same {
			t.Errorf("%s reads as %s", lang, other)
		}
		seen[text] = lang
		for _, want := range map[person.Language][]string{
			person.Finnish: {"ei koske henkilöä", "24.12.2020", "viimeisin: 180 mm[Hg]", "ei merkintöjä"},
			person.Swedish: {"gäller inte personen", "24.12.2020", "senaste: 180 mm[Hg]", "inga anteckningar"},
			person.English: {"does not apply", "24 December 2020", "latest: 180 mm[Hg]", "no entries"},
		}[lang] {
			if !strings.Contains(text, want) {
				t.Errorf("%s\ndoes not say %s", text, want)
			}
		}
	}
	for _, v := range criteria.CareVerdicts() {
		for _, lang := range person.Languages() {
			if criteria.VerdictWord(v, lang) == "" {
				t.Errorf("%s has no word in %s", v, lang)
			}
		}
	}
}

func TestATraceOfFactsThatCannotBeUsedSaysSo(t *testing.T) {
	l := health(t)
	person := ill(t, l)
	person.Concepts["weight"] = []criteria.Fact{{From: day("2020-01-01"), Value: criteria.Bad{}}}
	compile := func(text string) *criteria.Program {
		p, err := l.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	c := criteria.Care{Name: "c", Population: compile("systolic.exists()"), Done: compile("weight.exists()")}
	trace, err := c.Trace(person, limits(t), criteria.Run{AsOf: asOf})
	if err == nil || trace.Finding.Verdict != criteria.Failed || trace.Finding.Part != "done" || trace.Parts[1].Step.Truth != criteria.Broken {
		t.Errorf("%+v, %v", trace, err)
	}
}

func TestWhatCannotBeIsFound(t *testing.T) {
	l := health(t)
	for _, tt := range []struct {
		claims []string // those that begin with ! are taken to be false
		want   bool
	}{
		{[]string{"systolic.latest() > 150 && systolic.latest() < 140"}, false},
		{[]string{"systolic.latest() > 150", "systolic.latest() < 140"}, false},
		{[]string{"systolic.latest() > 150", "!systolic.latest() > 140"}, false},
		{[]string{"systolic.latest() > 140", "!systolic.latest() > 150"}, true},
		{[]string{"systolic.latest() >= 140 && systolic.latest() <= 140"}, true},
		{[]string{"systolic.latest() >= 140 && systolic.latest() <= 140 && systolic.latest() != 140"}, false},
		{[]string{"140 > systolic.latest() && systolic.latest() > 150"}, false},
		{[]string{"systolic.exists() && systolic.none()"}, false},
		{[]string{"!systolic.exists()", "!systolic.none()"}, false},
		{[]string{"systolic.exists() && weight.none()"}, true},
		{[]string{"sex == 'f' && sex == 'm'"}, false},
		{[]string{"sex in ['f', 'm'] && sex == 'x'"}, false},
		{[]string{"sex != 'f' && sex != 'm'"}, true},
		{[]string{"systolic.latest() > param.limit && systolic.latest() <= param.limit"}, false},
		{[]string{"systolic.latest() > systolic.earliest() && systolic.latest() < 3"}, true},
		{[]string{"(systolic.exists() ? weight.exists() : weight.none()) && systolic.exists() && weight.none()"}, false},
		{[]string{"adult && age < 18"}, false},
		{[]string{"!adult", "age > 17.5"}, true},
		{[]string{"!adult", "age > 18"}, false},
		{[]string{"!(systolic.exists() || systolic.none())"}, false},
	} {
		var claims []criteria.Claim
		for _, text := range tt.claims {
			text, no := strings.CutPrefix(text, "!")
			p, err := l.Compile(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			claims = append(claims, criteria.Claim{Program: p, True: !no})
		}
		possible, sure := criteria.Possible(claims...)
		if possible != tt.want || !sure {
			t.Errorf("%v: possible %t, sure %t", tt.claims, possible, sure)
		}
	}
}

func TestANumberIsToldWithFourDecimalsAtMost(t *testing.T) {
	l := health(t)
	p, err := l.Compile("systolic.latest() >= 140.0")
	if err != nil {
		t.Fatal(err)
	}
	facts := ill(t, l)
	facts.Concepts["systolic"] = []criteria.Fact{{From: asOf, Value: 139.99996}}
	step, err := p.Trace(facts, limits(t), criteria.Run{AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[person.Language]string{person.English: "latest: 140 mm[Hg]", person.Finnish: "140 mm[Hg]"} {
		if line := l.Words(step, lang)[0]; line.Truth != "false" && line.Truth != "ei" || !strings.Contains(line.Text, want) {
			t.Errorf("%s %s", line.Truth, line.Text)
		}
	}
	facts.Concepts["systolic"] = []criteria.Fact{{From: asOf, Value: 175.2723047087781}}
	if step, err = p.Trace(facts, limits(t), criteria.Run{AsOf: asOf}); err != nil || !strings.Contains(l.Words(step, person.Swedish)[0].Text, " 175,2723 mm[Hg]") {
		t.Errorf("%v, %v", l.Words(step, person.Swedish), err)
	}
}
