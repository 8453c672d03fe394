package criteria_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
)

var catalog = criteria.Catalog{
	{Name: "population.birth_date", Kind: criteria.Date},
	{Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.municipality", Kind: criteria.Text},
	{Name: "population.non_disclosure", Kind: criteria.YesNo},
	{Name: "population.name", Kind: criteria.Hidden},
	{Name: "guardianship.guardian", Kind: criteria.Person, Absent: criteria.AbsentNone},
	{Name: "early_education.provider", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "health.systolic", Kind: criteria.Number},
	{Name: "test.a", Kind: criteria.YesNo},
	{Name: "test.b", Kind: criteria.YesNo},
	{Name: "test.c", Kind: criteria.YesNo, Absent: criteria.AbsentNone},
	{Name: "test.d", Kind: criteria.YesNo},
}

var paramNames = []string{"starting_age", "limit"}

func params(t testing.TB) criteria.Params {
	t.Helper()
	p, err := criteria.NewParams(
		criteria.Param{Name: "starting_age", Values: []criteria.Dated{{From: day("1999-01-01"), Value: 6, Source: "Basic Education Act"}}},
		criteria.Param{Name: "limit", Values: []criteria.Dated{
			{From: day("2020-01-01"), Value: 140, Source: "guideline"}, {From: day("2021-06-01"), Value: 130, Source: "guideline"}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// facts is a person; a field that is not there was read and holds nothing, one
// with nil was not read.
type facts map[string][]criteria.Fact

func (f facts) Facts(field string) ([]criteria.Fact, bool) {
	list, ok := f[field]
	return list, !ok || list != nil
}

func one(v any) []criteria.Fact { return []criteria.Fact{{Value: v}} }

var asOf = day("2021-01-07")

func TestAConditionSaysMetNotMetOrUnknownAndNamesWhatIsMissing(t *testing.T) {
	provider := func(from, until, v string) criteria.Fact {
		f := criteria.Fact{From: day(from), Value: v}
		if until != "" {
			f.Until = day(until)
		}
		return f
	}
	p := "early_education.provider"
	tests := []struct {
		text  string
		facts facts
		want  criteria.Verdict
		lacks string
	}{
		{"population.birth_date.latest().year() + param.starting_age == as_of.year()", facts{"population.birth_date": one(day("2015-12-31"))}, criteria.Met, ""},
		{"population.birth_date.latest().year() + param.starting_age == as_of.year()", facts{"population.birth_date": one(day("2016-01-01"))}, criteria.NotMet, ""},
		{"population.birth_date.latest().year() + param.starting_age == as_of.year()", nil, criteria.Unknown, "population.birth_date"},
		{"population.birth_date.exists()", nil, criteria.Unknown, "population.birth_date"},
		{"population.death_date.none()", nil, criteria.Met, ""},
		{"population.death_date.exists()", nil, criteria.NotMet, ""},
		{"population.death_date.none()", facts{"population.death_date": nil}, criteria.Unknown, "population.death_date"},
		{"population.death_date.latest() > as_of", nil, criteria.Unknown, "population.death_date"},
		{"population.death_date.none() || population.death_date.latest() > as_of", nil, criteria.Met, ""},
		{"population.death_date.exists() && population.death_date.latest() <= as_of", nil, criteria.NotMet, ""},
		{"population.municipality.latest() == '091' && population.death_date.exists()", nil, criteria.NotMet, ""},
		{"population.municipality.latest() == '091' || population.death_date.none()", nil, criteria.Met, ""},
		{"!(population.municipality.latest() in ['049', '092'])", facts{"population.municipality": one("091")}, criteria.Met, ""},
		{"population.municipality.latest() in ['049', '092']", nil, criteria.Unknown, "population.municipality"},
		{"population.municipality.latest() == '091' && population.birth_date.exists()", nil, criteria.Unknown, "population.birth_date population.municipality"},
		{"population.non_disclosure.latest() ? population.municipality.exists() : true", nil, criteria.Unknown, "population.non_disclosure"},
		{"health.systolic.latest() >= 140", facts{"health.systolic": one(140.0)}, criteria.Met, ""},
		{"health.systolic.latest() >= 140.0", facts{"health.systolic": one(139.9)}, criteria.NotMet, ""},
		{"health.systolic.count() >= 2", facts{"health.systolic": one(139.9)}, criteria.NotMet, ""},
		{"health.systolic.earliest() < health.systolic.latest()",
			facts{"health.systolic": {{From: day("2020-05-01"), Value: 150.0}, {From: day("2019-05-01"), Value: 130.0}}}, criteria.Met, ""},
		{p + ".active()", facts{p: {provider("2020-01-01", "2021-01-06", "municipal")}}, criteria.NotMet, ""},
		{p + ".active()", facts{p: {provider("2020-01-01", "2021-01-07", "municipal")}}, criteria.Met, ""},
		{p + ".active()", facts{p: {provider("2021-01-08", "", "municipal")}}, criteria.NotMet, ""},
		{p + ".exists()", facts{p: {provider("2021-01-08", "", "municipal")}}, criteria.NotMet, ""},
		{p + ".exists()", facts{p: {provider("2019-01-08", "2019-02-01", "municipal")}}, criteria.Met, ""},
		{p + ".current() == 'municipal'", facts{p: {provider("2020-01-01", "", "municipal"), provider("2020-09-01", "2020-12-01", "private")}}, criteria.Met, ""},
		{p + ".latest() == 'private'", facts{p: {provider("2020-01-01", "", "municipal"), provider("2020-09-01", "2020-12-01", "private")}}, criteria.Met, ""},
		{p + ".current() == 'municipal'", facts{p: {provider("2020-01-01", "2020-12-01", "municipal")}}, criteria.Unknown, p},
		{p + ".active() && " + p + ".current() == 'municipal'", facts{p: {provider("2020-01-01", "2020-12-01", "municipal")}}, criteria.NotMet, ""},
		{p + ".latest().startsWith('muni')", facts{p: {provider("2020-01-01", "", "municipal")}}, criteria.Met, ""},
		{"guardianship.guardian.with('joint').active()", facts{"guardianship.guardian": {{Value: person.ID(4), Qualifier: "joint,parent,apart"}}}, criteria.Met, ""},
		{"guardianship.guardian.with('sole').active()", facts{"guardianship.guardian": {{Value: person.ID(4), Qualifier: "joint,parent,apart"}}}, criteria.NotMet, ""},
		{"guardianship.guardian.with('join').exists()", facts{"guardianship.guardian": {{Value: person.ID(4), Qualifier: "joint,parent,apart"}}}, criteria.NotMet, ""},
		{"guardianship.guardian.with('joint').count() == 2", nil, criteria.NotMet, ""},
		{"population.birth_date.latest() < date('2015-06-01')", facts{"population.birth_date": one(day("2015-05-31"))}, criteria.Met, ""},
		{"population.birth_date.latest() >= date(as_of.year() - 6, 1, 1)", facts{"population.birth_date": one(day("2014-12-31"))}, criteria.NotMet, ""},
	}
	for _, tt := range tests {
		prog, err := criteria.Compile(tt.text, catalog, paramNames)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		got, missing, err := prog.Eval(tt.facts, params(t), asOf)
		if err != nil || got != tt.want || strings.Join(missing, " ") != tt.lacks {
			t.Errorf("%s of %v: %q, missing %v, %v; want %q, missing %q", tt.text, tt.facts, got, missing, err, tt.want, tt.lacks)
		}
	}
}

func TestTheDayCountsAndNotTheTimeOrTheZone(t *testing.T) {
	prog := compile(t, "population.birth_date.latest() == as_of")
	helsinki := time.FixedZone("EET", 2*3600)
	got, _, err := prog.Eval(facts{"population.birth_date": one(day("2021-01-07"))}, params(t), time.Date(2021, 1, 7, 0, 30, 0, 0, helsinki))
	if err != nil || got != criteria.Met {
		t.Errorf("half past midnight in Helsinki is not that day: %q, %v", got, err)
	}
}

func TestParametersHaveTheValueOfTheirDay(t *testing.T) {
	prog := compile(t, "health.systolic.latest() >= param.limit")
	person := facts{"health.systolic": one(135.0)}
	for asOf, want := range map[string]criteria.Verdict{"2020-01-01": criteria.NotMet, "2021-05-31": criteria.NotMet, "2021-06-01": criteria.Met} {
		if got, _, err := prog.Eval(person, params(t), day(asOf)); got != want || err != nil {
			t.Errorf("as of %s: %q, %v; want %q", asOf, got, err, want)
		}
	}
	_, _, err := prog.Eval(person, params(t), day("2019-12-31"))
	want := "the parameter limit has no value in force on 2019-12-31 (add the value of that day, with its source)"
	if err == nil || err.Error() != want {
		t.Errorf("before the first value: %v, want %s", err, want)
	}
	if got := prog.Params(); !slices.Equal(got, []string{"limit"}) {
		t.Errorf("parameters used: %v", got)
	}
}

func TestATextThatDoesNotCompileSaysWhereAndWhy(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "column 1: the text ends too early (see docs/packs.md, The language)"},
		{"population.birth_date.latest() >", "column 33: the text ends too early"},
		{"test.a.latest() and test.b.latest()", "column 17: 'and' does not belong here"},
		{"test.a.latest() && 3", "column 20: expected type 'yes-or-no' but found 'number'"},
		{"population.birth_dat.exists()", `column 11: there is no field "population.birth_dat" (fields here: population.birth_date, population.death_date`},
		{"populaton.birth_date.exists()", `column 10: there is no register "populaton" (registers here: early_education, guardianship, health, population, test)`},
		{"now() > as_of", `column 4: there is no function "now" (functions: exists, `},
		{"population.birth_date.year() == 2015", "column 27: year cannot be applied to dates.() (compare like with like; ask a field for one value first, as in .latest())"},
		{"population.birth_date.latest().year == 2015", "column 31: nothing stands behind a point here (write functions with brackets, as in .year())"},
		{"population.birth_date.latest", `column 22: the field population.birth_date has no part "latest" (write functions with brackets, as in .latest())`},
		{"population.name.latest() == 'x'", "column 11: the field population.name is sealed: no criterion may read it (decide without it)"},
		{"param.age == 6", `column 6: there is no parameter "age" (parameters here: starting_age, limit)`},
		{"population.birth_date.latest() == '2015'", "column 32: == cannot be applied to (day, text)"},
		{"population.birth_date == population.death_date", "column 11: "},
		{"population.birth_date == population.birth_date", "column 11: all facts of a field stand where one value is needed"},
		{"population.birth_date.latest()", "the text says day, not yes-or-no"},
		{"1 < 2", "column 1: the condition asks nothing of the person (a condition reads at least one field)"},
		{"true", "column 1: the condition asks nothing of the person"},
		{"population.birth_date.latest() == date('2015-02-30')", "column 40: the text is not a day"},
		{"population.municipality.latest() in ['091', 91]", "column 45: expected type 'text' but found 'number'"},
		{"[1, 2] == [1, 2]", "column 1: a list may only stand after in"},
		{"{'a': 1} == {'a': 2}", "criteria do not have this part of CEL"},
		{"google.protobuf.Timestamp{seconds: 1} < as_of", "criteria do not have this part of CEL"},
		{"[1].all(x, x > 0)", "column 1: a list may only stand after in"},
		{"test.a.latest() == null", "column 20: criteria do not have this kind of value"},
		{"health.systolic.latest() > 140u", "column 28: criteria do not have this kind of value"},
		{"health.systolic.latest() > 9007199254740993", "column 28: the number is too large to be kept exactly"},
		{"health.systolic.latest() > 9223372036854775808", "column 28: "},
		{"guardianship.guardian.latest() == 4", `column 29: `},
		{"test.a.exists() &&\n  test.x.exists()", `line 2, column 7: there is no field "test.x"`},
		{"test.a.exists() == " + strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), "column"},
		{"test.a.exists() && " + strings.Repeat("true && ", 600) + "true", "column 1: the text is longer than 4000 characters"},
		{"test.a.exists() && \xff", "column 1: the text is longer than 4000 characters, or not UTF-8"},
	}
	for _, tt := range tests {
		_, err := criteria.Compile(tt.text, catalog, paramNames)
		if err == nil {
			t.Errorf("%.60q compiles", tt.text)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.60q\n gives %s\n want  %s", tt.text, err, tt.want)
		}
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.60q gives a fault of the kind %s", tt.text, fault.KindOf(err))
		}
	}
}

func TestAllFaultsOfATextAreToldAtOnce(t *testing.T) {
	_, err := criteria.Compile("test.x.exists() && test.y.exists() && population.name.exists()", catalog, paramNames)
	if n := strings.Count(err.Error(), "\n") + 1; n != 3 {
		t.Errorf("%d faults instead of 3: %v", n, err)
	}
}

func TestBadDataIsALocatedFaultWithoutValuesAndNeverAPanic(t *testing.T) {
	const secret = "Aino Virtanen"
	tests := []struct {
		text  string
		facts facts
		want  string
	}{
		{"population.birth_date.exists()", facts{"population.birth_date": one(secret)}, "field population.birth_date: a fact is not of the field's kind (look at how the register was read)"},
		{"test.a.latest() && population.birth_date.exists()", facts{"test.a": one(false), "population.birth_date": one(secret)}, "field population.birth_date: a fact is not of the field's kind (look at how the register was read)"},
		{"population.birth_date.exists()", facts{"population.birth_date": one(time.Time{})}, "field population.birth_date: a fact is not of the field's kind (look at how the register was read)"},
		{"guardianship.guardian.exists()", facts{"guardianship.guardian": one(person.ID(0))}, "field guardianship.guardian: a fact is not of the field's kind (look at how the register was read)"},
		{"population.municipality.exists()", facts{"population.municipality": one(nil)}, "field population.municipality: a fact is not of the field's kind (look at how the register was read)"},
		{"1 / health.systolic.latest() > 2", facts{"health.systolic": one(0.0)}, "column 3: a number is divided by zero or too large"},
		{"health.systolic.latest() * 10.0 > 2", facts{"health.systolic": one(1e308)}, "column 26: a number is divided by zero or too large"},
		{"date(health.systolic.latest(), 1, 1) > as_of", facts{"health.systolic": one(2020.5)}, "column 5: year, month and day do not make a day (use whole numbers, as in date(2021, 1, 7))"},
		{"date(2021, health.systolic.latest(), 1) > as_of", facts{"health.systolic": one(13.0)}, "column 5: year, month and day do not make a day (use whole numbers, as in date(2021, 1, 7))"},
		{"date(2021, 2, health.systolic.latest()) > as_of", facts{"health.systolic": one(29.0)}, "column 5: year, month and day do not make a day (use whole numbers, as in date(2021, 1, 7))"},
	}
	for _, tt := range tests {
		v, missing, err := compile(t, tt.text).Eval(tt.facts, params(t), asOf)
		if err == nil || err.Error() != tt.want || v != "" || missing != nil {
			t.Errorf("%s: %q, %v, %v; want the fault %s", tt.text, v, missing, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the fault tells a value", tt.text)
		}
	}
}

func TestAConditionTellsTheFieldsThatItReads(t *testing.T) {
	p := compile(t, "population.death_date.none() && population.birth_date.latest() < as_of && population.birth_date.exists()")
	if got := p.Fields(); !slices.Equal(got, []string{"population.birth_date", "population.death_date"}) {
		t.Errorf("fields: %v", got)
	}
}

func TestADayDoesNotDependOnThePerson(t *testing.T) {
	l := language(t)
	d, err := l.CompileDay("date(as_of.year() - param.starting_age, 1, 1)")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := d.Eval(params(t), asOf); err != nil || !got.Equal(day("2015-01-01")) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := l.CompileDay("population.birth_date.latest()"); err == nil || err.Error() != "column 1: the day depends on population.birth_date (use as_of, param and date(...) only)" {
		t.Errorf("a day that reads a field: %v", err)
	}
	if _, err := l.CompileDay("6 > 5"); err == nil {
		t.Error("a comparison passes as a day")
	}
}

func TestCataloguesAndParametersAreChecked(t *testing.T) {
	for _, c := range []criteria.Catalog{
		{{Name: "birth_date", Kind: criteria.Date}},
		{{Name: "a.b"}},
		{{Name: "a.b", Kind: criteria.Date}, {Name: "a.b", Kind: criteria.Text}},
		{{Name: "param.b", Kind: criteria.Date}},
	} {
		if _, err := criteria.NewLanguage(c, nil); err == nil {
			t.Errorf("the catalogue %v passes", c)
		}
	}
	d := func(from string, v float64) criteria.Dated {
		return criteria.Dated{From: day(from), Value: v, Source: "law"}
	}
	for name, list := range map[string][]criteria.Param{
		"no name":      {{Values: []criteria.Dated{d("2020-01-01", 1)}}},
		"no value":     {{Name: "x"}},
		"no source":    {{Name: "x", Values: []criteria.Dated{{From: day("2020-01-01"), Value: 1}}}},
		"twice":        {{Name: "x", Values: []criteria.Dated{d("2020-01-01", 1)}}, {Name: "x", Values: []criteria.Dated{d("2020-01-01", 1)}}},
		"out of order": {{Name: "x", Values: []criteria.Dated{d("2021-01-01", 1), d("2020-01-01", 2)}}},
	} {
		if _, err := criteria.NewParams(list...); err == nil {
			t.Errorf("parameters pass: %s", name)
		}
	}
}

func language(t testing.TB) *criteria.Language {
	t.Helper()
	l, err := criteria.NewLanguage(catalog, paramNames)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func compile(t testing.TB, text string) *criteria.Program {
	t.Helper()
	p, err := language(t).Compile(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func set(t testing.TB, texts ...string) *criteria.Set {
	t.Helper()
	var list []criteria.Named
	for i, text := range texts {
		list = append(list, criteria.Named{Name: fmt.Sprintf("c%d", i+1), Program: compile(t, text)})
	}
	s, err := criteria.NewSet("hash", list...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAFindingIsMetOnlyIfAllCriteriaAre(t *testing.T) {
	s := set(t, "test.a.latest()", "test.b.latest()")
	yes, no := one(true), one(false)
	tests := []struct {
		a, b []criteria.Fact
		want criteria.Verdict
	}{
		{yes, yes, criteria.Met}, {yes, no, criteria.NotMet}, {no, no, criteria.NotMet},
		{yes, nil, criteria.Unknown}, {nil, no, criteria.NotMet}, {no, nil, criteria.NotMet}, {nil, nil, criteria.Unknown},
	}
	for _, tt := range tests {
		f, err := s.Find(7, facts{"test.a": tt.a, "test.b": tt.b}, params(t), asOf)
		if err != nil || f.Verdict() != tt.want || f.Met() != (tt.want == criteria.Met) || len(f.Reasons()) != 2 {
			t.Errorf("%v and %v: %q with %d reasons, %v; want %q", tt.a, tt.b, f.Verdict(), len(f.Reasons()), err, tt.want)
		}
		if f.Person() != 7 || f.PackHash() != "hash" || !f.AsOf().Equal(asOf) {
			t.Errorf("the finding is about %d, %s, %s", f.Person(), f.PackHash(), f.AsOf())
		}
	}
}

func TestAFaultOfOneCriterionGivesNoFinding(t *testing.T) {
	f, err := set(t, "test.a.latest()", "test.b.latest()").Find(7, facts{"test.a": one(false), "test.b": one("yes")}, params(t), asOf)
	want := "criterion c2, field test.b: a fact is not of the field's kind (look at how the register was read)"
	if err == nil || err.Error() != want || f.Person() != 0 {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestNobodyMakesAFindingButASet(t *testing.T) {
	var zero criteria.Finding
	if zero.Met() || zero.Person() != 0 {
		t.Error("the zero finding is met or is somebody's")
	}
	s := set(t, "test.a.latest()")
	if _, err := s.Find(0, facts{}, params(t), asOf); fault.KindOf(err) != fault.Refused {
		t.Errorf("a finding of nobody: %v", err)
	}
	if _, err := s.Find(7, facts{}, params(t), time.Time{}); err == nil {
		t.Error("a finding as of no day")
	}
	if _, err := criteria.NewSet("hash"); err == nil {
		t.Error("a set without criteria would find everybody")
	}
	p := compile(t, "test.a.latest()")
	if _, err := criteria.NewSet("hash", criteria.Named{Name: "x", Program: p}, criteria.Named{Name: "x", Program: p}); err == nil {
		t.Error("two criteria of one name")
	}
}

func TestAStoredFindingComesBackAndAForgedOneDoesNot(t *testing.T) {
	f, err := set(t, "test.a.latest()", "test.b.latest()").Find(7, facts{"test.a": one(true)}, params(t), asOf)
	if err != nil {
		t.Fatal(err)
	}
	back, err := criteria.Restore(f.Person(), f.Verdict(), f.Reasons(), f.AsOf(), f.PackHash())
	if err != nil || back.Verdict() != criteria.Unknown || !slices.Equal(back.Because(criteria.Unknown), []string{"c2"}) {
		t.Errorf("%v %v", back, err)
	}
	if _, err := criteria.Restore(f.Person(), criteria.Met, f.Reasons(), f.AsOf(), f.PackHash()); fault.KindOf(err) != fault.Tampered {
		t.Errorf("a finding changed to met: %v", err)
	}
	if _, err := criteria.Restore(f.Person(), criteria.Met, nil, f.AsOf(), f.PackHash()); fault.KindOf(err) != fault.Tampered {
		t.Errorf("a finding without reasons: %v", err)
	}
	reasons := f.Reasons()
	reasons[1].Missing[0] = "changed"
	if f.Reasons()[1].Missing[0] != "test.b" {
		t.Error("a finding was changed through its reasons")
	}
}

func TestAnErrorIsOfTheProject(t *testing.T) {
	_, err := criteria.Compile("test.x.exists()", catalog, nil)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.At != "column 5" || f.Hint == "" {
		t.Errorf("%#v", err)
	}
}
