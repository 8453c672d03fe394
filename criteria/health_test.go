package criteria_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
)

func codes(name string, all ...string) *coding.ValueSet {
	var list []coding.Pattern
	for _, c := range all {
		list = append(list, coding.ParsePattern(c))
	}
	return coding.NewValueSet(name, list...)
}

func concepts() []criteria.Concept {
	make := func(name string, kind clinical.Kind, value criteria.Kind, unit, substance string, list ...string) criteria.Concept {
		c := criteria.Concept{Name: name, Kinds: []clinical.Kind{kind}, Codes: codes("", list...), Value: value, Substance: substance, Absent: criteria.AbsentNone}
		if unit != "" {
			c.Unit = coding.MustUnit(unit)
		}
		return c
	}
	rare := make("rare", clinical.Observation, criteria.Number, "", "", "loinc|1-1")
	rare.Absent = criteria.AbsentUnknown
	return []criteria.Concept{
		make("systolic", clinical.Observation, criteria.Number, "mm[Hg]", "", "loinc|8480-6"),
		make("weight", clinical.Observation, criteria.Number, "kg", "", "loinc|29463-7"),
		make("height", clinical.Observation, criteria.Number, "m", "", "loinc|8302-2"),
		make("glucose", clinical.Observation, criteria.Number, "mmol/L", "glucose", "loinc|2345-7"),
		make("hypertension", clinical.Condition, criteria.Event, "", "", "icd10|I10*"),
		make("stay", clinical.Encounter, criteria.Event, "", "", "snomed|32485007"),
		make("smoking", clinical.Observation, criteria.Coded, "", "", "loinc|72166-2"),
		rare,
	}
}

func health(t testing.TB, more ...criteria.Definition) *criteria.Language {
	t.Helper()
	l, err := criteria.NewHealthLanguage(criteria.Vocabulary{
		Fields: criteria.Catalog{{Name: "population.birth_date", Kind: criteria.Date}, {Name: "population.sex", Kind: criteria.Text},
			{Name: "population.income", Kind: criteria.Number}},
		Concepts:  concepts(),
		Params:    []criteria.ParamSpec{{Name: "limit", Unit: coding.MustUnit("mm[Hg]")}, {Name: "heavy", Unit: coding.MustUnit("kg")}},
		ValueSets: []*coding.ValueSet{codes("smoker", "snomed|77176002", "snomed|428041000124106")},
		Definitions: append([]criteria.Definition{
			{Name: "adult", Text: "age >= 18"},
			{Name: "office", Text: "systolic.notInClass('IMP', 'EMER')"},
			{Name: "high", Text: "q(18.66508, 'kPa')"},
			{Name: "office_high", Text: "office.lastDay().min() >= high"},
		}, more...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func n(s string) int32 { return criteria.DayNumber(day(s)) }

func reading(group uint32, on string, minute int32, x float64, class string) clinical.Record {
	return clinical.Record{Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|8480-6")}, From: n(on), Until: n(on),
		Minute: minute, Value: x, Unit: "mm[Hg]", Status: "final", Class: class, Group: group, Source: "Observation/x"}
}

// ill is a person with a history.
func ill(t testing.TB, l *criteria.Language, more ...clinical.Record) criteria.RecordFacts {
	t.Helper()
	records := append([]clinical.Record{
		reading(1, "2020-01-10", 600, 150, "AMB"), reading(2, "2020-12-01", 600, 142, "AMB"), reading(3, "2020-12-01", 605, 138, ""),
		reading(4, "2020-12-24", 10, 180, "EMER"), reading(5, "2021-03-01", 10, 110, "AMB"),
		{Kind: clinical.Condition, Codes: []coding.Code{coding.Parse("icd10|I10.9"), coding.Parse("snomed|38341003")}, From: n("2019-05-05"), Until: clinical.Open, Status: "active", Group: 6, Value: math.NaN()},
		{Kind: clinical.Encounter, Codes: []coding.Code{coding.Parse("snomed|32485007")}, From: n("2020-12-23"), Until: n("2020-12-27"), Status: "finished", Group: 7, Encounter: 3, Value: math.NaN()},
		{Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|72166-2")}, From: n("2018-02-02"), Until: n("2018-02-02"), Status: "final", Group: 8, ValueCode: coding.Parse("snomed|77176002"), Value: math.NaN()},
		{Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|2345-7")}, From: n("2020-06-01"), Until: n("2020-06-01"), Status: "final", Group: 9, Value: 126, Unit: "mg/dL"},
	}, more...)
	f := criteria.RecordFacts{Language: l, Read: true, Concepts: map[string][]criteria.Fact{}, Other: facts{
		"population.birth_date": one(day("1960-02-29")), "population.sex": one("f"), "population.income": nil,
		"household.smoking": {{From: day("2020-01-01"), Value: coding.Parse("snomed|77176002")}}, "household.weight": nil,
	}}
	for _, c := range l.Concepts() {
		f.Concepts[c.Name] = c.Facts(records)
	}
	return f
}

func limits(t testing.TB) criteria.Params {
	t.Helper()
	dated := func(x float64) []criteria.Dated {
		return []criteria.Dated{{From: day("2000-01-01"), Value: x, Source: "guideline"}}
	}
	p, err := criteria.NewParams(criteria.Param{Name: "limit", Values: dated(140)}, criteria.Param{Name: "heavy", Values: dated(100)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheLanguageOfHealthCriteria(t *testing.T) {
	l := health(t)
	person := ill(t, l)
	for text, want := range map[string]criteria.Verdict{
		"systolic.count() == 4":                                                              criteria.Met, // that of March is not yet seen
		"systolic.days() == 3":                                                               criteria.Met,
		"systolic.latest() == 180":                                                           criteria.Met,
		"systolic.latest(within('2w')) == 180":                                               criteria.Met,
		"systolic.exists(within('1w'))":                                                      criteria.NotMet,
		"systolic.count(within('14d')) == 1":                                                 criteria.Met, // both days included
		"systolic.count(within('13d')) == 0":                                                 criteria.Met,
		"systolic.count(between(date(2020, 12, 1), date(2020, 12, 24))) == 3":                criteria.Met,
		"systolic.count(period) == 4":                                                        criteria.Met, // 2020-01-08 .. 2021-01-07
		"period.first() == date(2020, 1, 8) && period.last() == as_of":                       criteria.Met,
		"systolic.count(ever) == 4":                                                          criteria.Met,
		"systolic.earliest() == 150":                                                         criteria.Met,
		"systolic.min() == 138 && systolic.max() == 180":                                     criteria.Met,
		"systolic.mean() == 152.5 && systolic.sum() == 610":                                  criteria.Met,
		"systolic.latestDay() == date('2020-12-24')":                                         criteria.Met,
		"systolic.earliestDay() == date('2020-01-10')":                                       criteria.Met,
		"systolic.daysSince() == 14":                                                         criteria.Met,
		"systolic.inClass('EMER').count() == 1":                                              criteria.Met,
		"systolic.notInClass('EMER', 'IMP').count() == 3":                                    criteria.Met,
		"systolic.notInClass('EMER').lastDay().min() == 138":                                 criteria.Met,
		"systolic.firstDay().latest() == 150":                                                criteria.Met,
		"systolic.atLeast(142).count() == 3 && systolic.above(142).count() == 2":             criteria.Met,
		"systolic.atMost(142).count() == 2 && systolic.below(142).count() == 1":              criteria.Met,
		"systolic.before(date(2020, 12, 1)).count() == 1":                                    criteria.Met,
		"systolic.after(date(2020, 12, 1)).count() == 1":                                     criteria.Met,
		"systolic.during(stay).count() == 1 && systolic.notDuring(stay).count() == 3":        criteria.Met,
		"systolic.beforeFirst(stay).count() == 3 && systolic.afterLast(stay).count() == 1":   criteria.Met,
		"systolic.near(stay, '22d').count() == 3 && systolic.near(stay, '21d').count() == 1": criteria.Met,
		"systolic.beforeFirst(weight).none() && systolic.afterLast(weight).none()":           criteria.Met,
		"hypertension.exists() && hypertension.active() && hypertension.count() == 1":        criteria.Met,
		"hypertension.during(between(date(2020, 1, 1), date(2020, 1, 2))).exists()":          criteria.Met,
		"hypertension.startsIn(between(date(2020, 1, 1), date(2020, 1, 2))).exists()":        criteria.NotMet,
		"smoking.valued('smoker').exists() && smoking.valued('snomed|77176002').exists()":    criteria.Met,
		"smoking.valued('snomed|8517006').exists()":                                          criteria.NotMet,
		"smoking.household().valued('smoker').exists()":                                      criteria.Met,
		"weight.household().exists()":                                                        criteria.Unknown,
		"glucose.latest() >= q(126, 'mg/dL') && glucose.latest() < q(126.0001, 'mg/dL')":     criteria.Met,
		"glucose.latest() < 7":                                                               criteria.Met,
		"systolic.latest() >= q(24, 'kPa')":                                                  criteria.NotMet,
		"systolic.latest() > param.limit":                                                    criteria.Met,
		"q(1, 'kg') + q(500, 'g') == q(1.5, 'kg') && q(2, 'g') == q(0.002, 'kg')":            criteria.Met,
		"systolic.atLeast(sex == 'f' ? q(150, 'mm[Hg]') : q(20, 'kPa')).count() == 2":        criteria.Met,
		"systolic.atLeast(q(140, 'mm[Hg]')).exists()":                                        criteria.Met,
		"weight.exists()": criteria.NotMet,
		"weight.count() == 0 && weight.sum() == 0 && weight.none()": criteria.Met,
		"weight.latest() > 100":              criteria.Unknown,
		"weight.mean() > 100":                criteria.Unknown,
		"rare.exists()":                      criteria.Unknown,
		"rare.exists() || systolic.exists()": criteria.Met,
		"systolic.during(weight).none()":     criteria.Met,
		"age == 60 && adult":                 criteria.Met,
		"sex == 'f'":                         criteria.Met,
		"office_high":                        criteria.NotMet,
		"office.lastDay().min() < high":      criteria.Met,
		"yearsBetween(date(1960, 2, 29), date(2021, 2, 28)) == 60": criteria.Met,
		"yearsBetween(date(1960, 2, 29), date(2021, 3, 1)) == 61":  criteria.Met,
		"daysBetween(date(2020, 2, 28), date(2020, 3, 1)) == 2":    criteria.Met,
		"date(2021, 1, 31).plus('1mo') == date(2021, 2, 28)":       criteria.Met,
		"date(2020, 2, 29).minus('1y') == date(2019, 2, 28)":       criteria.Met,
		"date(2021, 1, 31).plus('1w') == date(2021, 2, 7)":         criteria.Met,
		"population.income.latest() > 0":                           criteria.Unknown,
	} {
		p, err := l.Compile(text + " && (systolic.exists() || true)")
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			continue
		}
		if got, missing, err := p.Eval(person, limits(t), asOf); got != want || err != nil || (got == criteria.Unknown) != (len(missing) > 0) {
			t.Errorf("%s\n is %s, not %s; missing %v; %v", text, got, want, missing, err)
		}
	}
}

func TestARecordThatWasNotReadMakesEveryConceptUnknown(t *testing.T) {
	l := health(t)
	person := ill(t, l)
	person.Read = false
	for _, text := range []string{"hypertension.exists()", "hypertension.none()", "systolic.count() > 0", "office.lastDay().min() >= 140",
		"systolic.during(stay).exists()", "stay.during(within('1y')).none()", "systolic.sum() > 0"} {
		p, err := l.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, missing, err := p.Eval(person, limits(t), asOf); got != criteria.Unknown || !slices.Equal(missing, p.Concepts()) || err != nil {
			t.Errorf("%s is %s; missing %v; %v", text, got, missing, err)
		}
	}
}

func TestUnitsThatDoNotFitDoNotCompile(t *testing.T) {
	l := health(t)
	for text, say := range map[string]string{
		"weight.latest() > systolic.latest()":                                 "kg cannot be compared with mm[Hg]",
		"weight.latest() > q(140, 'mm[Hg]')":                                  "kg cannot be compared with mm[Hg]",
		"weight.latest() > param.limit":                                       "kg cannot be compared with mm[Hg]",
		"weight.atLeast(q(1, 'm')).exists()":                                  "kg cannot be compared with m",
		"weight.latest() + systolic.latest() > 3":                             "kg cannot be compared with mm[Hg]",
		"weight.latest() / (height.latest() * height.latest()) > q(30, 'kg')": "kg/(m.m) cannot be compared with kg",
		"rare.latest() > q(3, 'kg')":                                          "stands beside nothing that has a unit",
		"systolic.exists() && q(3, 'kg') == 3":                                "stands beside nothing that has a unit",
		"weight.latest() > q(3, 'kilo')":                                      "a quantity is a number and a unit",
		"weight.latest() > q(age, 'kg')":                                      "a quantity is a number and a unit",
		"systolic.daysSince() > q(3, 'kg')":                                   "d cannot be compared with kg",
		"systolic.latest() >= q(9, 'mg/dL')":                                  "mm[Hg] cannot be compared with mg/dL",
		"weight.latest() >= q(9, 'mol')":                                      "of which substance",
		"office.lastDay().min() >= q(2, 'kg')":                                "mm[Hg] cannot be compared with kg",
	} {
		if _, err := l.Compile(text); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s\n gives %v\n want %s", text, err, say)
		}
	}
	for _, text := range []string{
		"weight.latest() / (height.latest() * height.latest()) > q(30, 'kg/m2')", "systolic.daysSince() > q(2, 'wk')", "2 * weight.latest() > q(100, 'kg')",
		"weight.latest() > param.heavy", "weight.latest() > q(1, 'kg') + q(500, 'g')", "weight.latest() in [q(1, 'kg'), q(2000, 'g')]", "age >= q(18, 'a')", "weight.latest() - weight.earliest() > q(5, 'kg')",
	} {
		if _, err := l.Compile(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhatIsNotOfTheLanguageSaysSo(t *testing.T) {
	l := health(t)
	for text, say := range map[string]string{
		"sistolic.exists()":                               `there is no concept or definition "sistolic"`,
		"systolic.latest(within('2 years')) > 3":          "not a length of time",
		"systolic.near(stay, '2mo').exists()":             "not a length in days or weeks",
		"smoking.valued('smokers').exists()":              "neither a value set nor a code",
		"office.household().exists()":                     "behind the name of a field or concept",
		"systolic.lastDay() > 3":                          "cannot be applied",
		"systolic.lastDay()":                              "all facts of a field stand where one value is needed",
		"hypertension.latest() == 3":                      "cannot be applied",
		"systolic.valued('smoker').exists()":              "cannot be applied",
		"smoking.atLeast(3).exists()":                     "cannot be applied",
		"population.sex.household().exists() == systolic": "cannot be applied",
	} {
		if _, err := l.Compile(text); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s\n gives %v\n want %s", text, err, say)
		}
	}
}

func TestADefinitionThatNeedsItselfIsAFault(t *testing.T) {
	_, err := criteria.NewHealthLanguage(criteria.Vocabulary{Concepts: concepts(), Definitions: []criteria.Definition{
		{Name: "a", Text: "b && systolic.exists()"}, {Name: "b", Text: "systolic.none() || a"}, {Name: "systolic", Text: "true"}, {Name: "c", Text: "weight.latest() > q(1, 'm')"},
	}})
	for _, say := range []string{"needs itself: a, b, a", `"systolic" is not a name`, "definition c, column", "kg cannot be compared with m"} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v\n does not say %s", err, say)
		}
	}
}

func TestAResourceCountsOnceAndAWrongUnitIsAnError(t *testing.T) {
	l := health(t)
	c, _ := l.Concept("hypertension")
	twice := clinical.Record{Kind: clinical.Condition, Codes: []coding.Code{coding.Parse("icd10|I10.9")}, From: 3, Until: 3, Group: 4}
	if got := c.Facts([]clinical.Record{twice, twice}); len(got) != 1 {
		t.Errorf("one resource makes %d facts", len(got))
	}
	person := ill(t, l, clinical.Record{Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|8480-6")}, From: n("2001-01-01"), Until: n("2001-01-01"), Value: 70, Unit: "kg", Group: 99})
	p, err := l.Compile("systolic.latest() > 3 || hypertension.exists()")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Eval(person, limits(t), asOf); err == nil || !strings.Contains(err.Error(), "unit") || strings.Contains(err.Error(), "70") {
		t.Errorf("a pressure in kg gives %v", err)
	}
	if v, _, err := p.Eval(person, limits(t), day("2000-01-01")); v != criteria.Unknown && err != nil {
		t.Errorf("before it was measured: %s, %v", v, err)
	}
}

func TestFiveVerdicts(t *testing.T) {
	l := health(t)
	compile := func(text string) *criteria.Program {
		p, err := l.Compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return p
	}
	yes, no, unsure := "systolic.exists()", "systolic.none()", "rare.exists()"
	for _, tt := range []struct {
		population string
		exclusions []string
		done       string
		want       criteria.CareVerdict
		which      string
	}{
		{no, []string{yes}, yes, criteria.NotApplicable, ""},
		{unsure, []string{yes}, yes, criteria.CareUnknown, ""},
		{yes, []string{no, yes, yes}, yes, criteria.Excluded, "x1"},
		{yes, []string{unsure, yes}, unsure, criteria.Excluded, "x1"},
		{yes, []string{unsure}, yes, criteria.Done, ""},
		{yes, []string{unsure}, no, criteria.CareUnknown, ""},
		{yes, []string{no}, yes, criteria.Done, ""},
		{yes, []string{no}, no, criteria.Gap, ""},
		{yes, nil, no, criteria.Gap, ""},
		{yes, nil, unsure, criteria.CareUnknown, ""},
	} {
		c := criteria.Care{Name: "c", Population: compile(tt.population), Done: compile(tt.done)}
		for i, x := range tt.exclusions {
			c.Exclusions = append(c.Exclusions, criteria.Named{Name: "x" + string(rune('0'+i)), Program: compile(x)})
		}
		got, err := c.Verdict(ill(t, l), limits(t), criteria.Run{AsOf: asOf})
		if err != nil || got.Verdict != tt.want || got.Exclusion != tt.which || (got.Verdict == criteria.CareUnknown) != (len(got.Missing) > 0) {
			t.Errorf("%+v gives %+v, %v", tt, got, err)
		}
	}
}

// Whatever is written gives a program or a list of our own faults.
func FuzzCompileHealth(f *testing.F) {
	l := health(f)
	person, p := ill(f, l), limits(f)
	for _, s := range []string{"office_high", "systolic.near(stay, '3d').exists()", "weight.latest() > q(1, 'kg')", "smoking.household().valued('smoker').none(within('1y'))", "systolic.latest(ever) in [q(1, 'kPa'), 2]", "q(1,'kg') == q(2,'kg')"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		prog, err := l.Compile(text)
		if err != nil {
			if !strings.Contains(err.Error(), "column") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		v, missing, err := prog.Eval(person, p, asOf)
		step, traced := prog.Trace(person, p, criteria.Run{AsOf: asOf})
		want := map[criteria.Verdict]criteria.Truth{criteria.Met: criteria.True, criteria.NotMet: criteria.False, criteria.Unknown: criteria.Undecided, "": criteria.Broken}[v]
		if (v == criteria.Unknown) != (len(missing) > 0) || traced == nil && step.Truth != want {
			t.Errorf("%q is %s (%v), its trace %s (%v)", text, v, err, step.Truth, traced)
		}
		l.Words(step, "fi")
	})
}

func TestAValueInWordsIsAValueAndNoCode(t *testing.T) {
	asked := criteria.Concept{Name: "asked", Kinds: []clinical.Kind{clinical.Observation}, Codes: coding.NewValueSet("", coding.ParsePattern("loinc|72166-2")), Value: criteria.Event}
	given, smoking := asked, asked
	given.Given, smoking.Value = true, criteria.Coded
	for _, c := range []struct {
		what  string
		value float64
		code  coding.Code
		takes [3]bool // asked, with any value, with a coded one
	}{
		{"nothing", math.NaN(), coding.Code{}, [3]bool{true, false, false}},
		{"a text", math.NaN(), clinical.Said(), [3]bool{true, true, false}},
		{"a code", math.NaN(), coding.Parse("snomed|77176002"), [3]bool{true, true, true}},
		{"a number", 3, coding.Code{}, [3]bool{true, true, false}},
	} {
		r := clinical.Record{Kind: clinical.Observation, Codes: []coding.Code{coding.Parse("loinc|72166-2")}, Status: "final", Value: c.value, ValueCode: c.code}
		if got := [3]bool{asked.Takes(r), given.Takes(r), smoking.Takes(r)}; got != c.takes {
			t.Errorf("%s: %v, not %v", c.what, got, c.takes)
		}
	}
}

func TestWhatEndsInAPeriod(t *testing.T) {
	l := health(t)
	from := func(first, last string) clinical.Record {
		return clinical.Record{Kind: clinical.Encounter, Codes: []coding.Code{coding.Parse("snomed|32485007")}, From: n(first), Until: n(last), Status: "finished", Group: 7}
	}
	never := from("2000-01-01", "2000-01-01")
	never.From, never.Until = clinical.Always, clinical.Always
	for _, c := range []struct {
		r     clinical.Record
		wants [4]criteria.Verdict // ends in, wholly in, has a day in, was at all
	}{
		{from("1999-12-31", "2000-01-01"), [4]criteria.Verdict{criteria.Met, criteria.NotMet, criteria.Met, criteria.Met}},
		{from("2000-01-01", "2000-01-31"), [4]criteria.Verdict{criteria.Met, criteria.Met, criteria.Met, criteria.Met}},
		{from("2000-01-31", "2000-02-01"), [4]criteria.Verdict{criteria.NotMet, criteria.NotMet, criteria.Met, criteria.Met}},
		{never, [4]criteria.Verdict{criteria.NotMet, criteria.NotMet, criteria.NotMet, criteria.Met}},
	} {
		const p = "(between(date(2000, 1, 1), date(2000, 1, 31)))"
		for i, text := range []string{"stay.endsIn" + p + ".exists()", "stay.startsIn" + p + ".endsIn" + p + ".exists()", "stay.exists" + p, "stay.exists()"} {
			prog, err := l.Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			facts := criteria.RecordFacts{Language: l, Read: true, Concepts: map[string][]criteria.Fact{}}
			stay, _ := l.Concept("stay")
			facts.Concepts["stay"] = stay.Facts([]clinical.Record{c.r})
			if v, _, err := prog.Eval(facts, limits(t), asOf); v != c.wants[i] || err != nil {
				t.Errorf("%s of %v: %s, %v", text, c.r, v, err)
			}
		}
	}
}
