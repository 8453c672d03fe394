package library_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
)

var catalog = criteria.Catalog{
	{Name: "population.birth_date", Kind: criteria.Date},
	{Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.sex", Kind: criteria.Text},
	{Name: "population.municipality", Kind: criteria.Text},
	{Name: "population.name", Kind: criteria.Hidden},
	{Name: "early_education.unit", Kind: criteria.Text, Absent: criteria.AbsentNone},
	{Name: "early_education.decision", Kind: criteria.Text, Absent: criteria.AbsentNone},
}

func load(t testing.TB, dir string) *library.Library {
	t.Helper()
	l, err := library.Load(os.DirFS("testdata"), dir, catalog)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFivePublishedMeasuresCanBeSaid(t *testing.T) {
	l := load(t, "measures")
	r, err := l.Check()
	if err != nil {
		t.Error(err)
	}
	t.Logf("%+v", r)
	if r.Criteria != 5 || r.Share() != 1 || r.Guarded != r.Exclusions {
		t.Errorf("%+v", r)
	}
}

// manual is the worked example of docs/criteria.md as files.
func manual(t testing.TB) fstest.MapFS {
	t.Helper()
	page, err := os.ReadFile("../docs/criteria.md")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"mylibrary/CHANGES.md": {Data: []byte("## 1\n")}}
	for _, m := range regexp.MustCompile("(?s)`(mylibrary/[a-z/.]+)`[^\n]*\n\n```[a-z]+\n(.*?)```").FindAllSubmatch(page, -1) {
		files[string(m[1])] = &fstest.MapFile{Data: m[2]}
	}
	if len(files) != 5 {
		t.Fatalf("the manual has %d files", len(files))
	}
	return files
}

func TestTheExampleOfTheManualIsGood(t *testing.T) {
	l, err := library.Load(manual(t), "mylibrary", catalog)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := l.Check(); err != nil || r.Share() != 1 || r.Guarded != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// change is the manual's example with a text of a file replaced.
func change(t testing.TB, file, from, to string) fstest.MapFS {
	t.Helper()
	files := manual(t)
	old := string(files["mylibrary/"+file].Data)
	if !strings.Contains(old, from) {
		t.Fatalf("%s does not hold %q", file, from)
	}
	files["mylibrary/"+file] = &fstest.MapFile{Data: []byte(strings.Replace(old, from, to, 1))}
	return files
}

func TestWhatIsWrongWithALibraryIsToldWithFileAndLine(t *testing.T) {
	const c, p = "criteria/diabetes.yaml", "people/diabetes.yaml"
	for _, tt := range []struct{ file, from, to, say string }{
		{"library.yaml", `version: "1"`, `version: "2"`, `mylibrary/CHANGES.md:1: the version 2 is not told of`},
		{"library.yaml", "languages: [en]", "languages: [fi, en]", `mylibrary/library.yaml:3: a group of keys belongs here`},
		{"valuesets/diabetes.csv", "system,code", "system,kode", `mylibrary/valuesets/diabetes.csv: the first row`},
		{c, "kind: condition", "kind: illness", `mylibrary/criteria/diabetes.yaml:7: there is no such kind of record`},
		{c, "value_set: diabetes", "value_set: diabetis", `mylibrary/criteria/diabetes.yaml:7: there is no value set "diabetis"`},
		{c, ", unit: mmol/mol", ", unit: mmol/gallon", `mylibrary/criteria/diabetes.yaml:8: "mmol/gallon" is not a unit`},
		{c, "substance: hba1c", "substance: sugar", `mylibrary/criteria/diabetes.yaml:8: this word is not known here`},
		{c, "codes: snomed|305336008", "codes: 305336008", `mylibrary/criteria/diabetes.yaml:9: `},
		{c, "name: hospice, kind", "name: age, kind", `mylibrary/criteria/diabetes.yaml:9: "age" is not a name of a concept`},
		{c, "name: hba1c, kind", "name: diabetes, kind", `mylibrary/criteria/diabetes.yaml:8: the concept diabetes stands in criteria/diabetes.yaml, line 7, already`},
		{c, "diabetes.active()", "diabetis.active()", `mylibrary/criteria/diabetes.yaml:14, column 14 of the condition: there is no concept or definition "diabetis"`},
		{c, "hba1c.exists(within('1y'))\n", "hba1c.latest() > q(3, 'kg')\n", `mylibrary/criteria/diabetes.yaml:17, column 19 of the condition: mmol/mol cannot be compared with kg`},
		{c, "hospice.exists(within('1y'))", "hospice.latest() > 3", `mylibrary/criteria/diabetes.yaml:16: latest cannot be applied`},
		{c, "    exclusions:\n", "    exclusions:\n      - palliative\n", `mylibrary/criteria/diabetes.yaml:16: there is no shared exclusion "palliative"`},
		{c, "state: tested", "state: approved", `mylibrary/criteria/diabetes.yaml:4: the key "evidence" is missing`},
		{c, "source: Current", "# source: Current", `the criterion has no source`},
		{p, "expect: {hba1c-yearly: gap}", "expect: {hba1c-monthly: gap}", `mylibrary/people/diabetes.yaml:9: there is no criterion "hba1c-monthly"`},
		{p, "expect: {hba1c-yearly: gap}", "expect: {hba1c-yearly: bad}", `mylibrary/people/diabetes.yaml:9: this is not a verdict`},
		{p, "excluded by hospice", "excluded by hospitality", `the criterion has no exclusion "hospitality"`},
		{p, "excluded by hospice", "excluded", `this is not a verdict`},
		{p, "like: not measured for two years", "like: nobody", `nobody above is called that`},
		{p, "{hba1c: 50, on: 2y ago}", "{hba2c: 50, on: 2y ago}", `the entry says of nothing that it was`},
		{p, "{hba1c: 50, on: 2y ago}", "{hba1c: 50, on: two years ago}", `this is not a length of time`},
		{p, "{diabetes: icd10|E11.9, from", "{diabetes: icd10|I10, from", `the code is not one of the concept's`},
		{p, "family: diabetes", "family: heart", `there is no family "heart"`},
	} {
		_, err := library.Load(change(t, tt.file, tt.from, tt.to), "mylibrary", catalog)
		if err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s instead of %s gives\n%v\nand should say\n%s", tt.to, tt.from, err, tt.say)
		}
	}
}

func TestAFileThatHasNoPlaceInALibraryIsAFault(t *testing.T) {
	files := manual(t)
	files["mylibrary/notes.txt"] = &fstest.MapFile{}
	files["mylibrary/criteria/old/x.yaml"] = &fstest.MapFile{}
	files["mylibrary/README.md"] = &fstest.MapFile{}
	files["mylibrary/.git/config"] = &fstest.MapFile{}
	_, err := library.Load(files, "mylibrary", catalog)
	if err == nil || strings.Count(err.Error(), "does not belong to a library") != 2 {
		t.Errorf("%v", err)
	}
	if _, err := library.Load(files, "other", catalog); fault.KindOf(err) != fault.Missing {
		t.Errorf("a folder that is not there gives %v", err)
	}
}

func TestCheckTellsWhatThePeopleDoNotShow(t *testing.T) {
	const c, p = "criteria/diabetes.yaml", "people/diabetes.yaml"
	for _, tt := range []struct{ file, from, to, say string }{
		{p, "expect: {hba1c-yearly: gap}", "expect: {hba1c-yearly: met}", `mylibrary/people/diabetes.yaml:4: the verdict of hba1c-yearly for "not measured for two years" is gap and should be met; population true, hospice false, done false`},
		{p, "{hospice: yes, on: 1mo ago}", "{hospice: yes, on: 2y ago}", `nobody's verdict would change without the exclusion hospice`},
		{p, "    age: 9\n", "", `nobody has age >= 18 false`},
		{p, "unread: true", "unread: false", `nobody has diabetes.active() unknown`},
		{p, "{hba1c: 50, on: 3mo ago}", "{hba1c: 50, on: 3y ago}", `nobody's verdict is met`},
		{p, "{hba1c: 50, on: 3mo ago}", "{hba1c: 50, on: 3mo ago, unit: kg}", `"measured" has no verdict: criterion hba1c-yearly, done, hba1c: a value has no unit`},
		{c, "age >= 18 && diabetes", "age >= 18 && age < 12 && diabetes", `the population can hold of nobody`},
		{c, "population: age >= 18 && diabetes.active()", "population: diabetes.active() || !diabetes.active()", `the population holds of everybody`},
		{c, "cel: hospice.exists(within('1y'))", "cel: hospice.exists() && age < 18", `the exclusion hospice can never be what excludes`},
		{c, "cel: hospice.exists(within('1y'))", "cel: hospice.exists() || age > 15", `the exclusion hospice excludes everybody`},
		{c, "done: hba1c.exists(within('1y'))", "done: hba1c.exists() && diabetes.active() == false", `nobody's verdict is met`},
		{c, "done: hba1c.exists(within('1y'))", "done: hba1c.exists() && !diabetes.active()", `nobody of the population can ever have it done`},
		{c, "done: hba1c.exists(within('1y'))", "done: hba1c.exists() || diabetes.active()", `nobody of the population can ever have a gap`},
	} {
		l, err := library.Load(change(t, tt.file, tt.from, tt.to), "mylibrary", catalog)
		if err != nil {
			t.Errorf("%s: %v", tt.to, err)
			continue
		}
		if _, err := l.Check(); err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s instead of %s gives\n%v\nand should say\n%s", tt.to, tt.from, err, tt.say)
		}
	}
}

func TestADraftNeedsNoPeople(t *testing.T) {
	files := change(t, "criteria/diabetes.yaml", "state: tested", "state: draft")
	delete(files, "mylibrary/people/diabetes.yaml")
	l, err := library.Load(files, "mylibrary", catalog)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Check(); err != nil || l.Criteria()[0].Runs() {
		t.Errorf("%v", err)
	}
}

func TestAHashChangesWithWhatDecidesAndNotWithTheWordsAround(t *testing.T) {
	hashes := func(files fstest.MapFS) (string, string) {
		l, err := library.Load(files, "mylibrary", catalog)
		if err != nil {
			t.Fatal(err)
		}
		return l.Hash(), l.Criteria()[0].Hash
	}
	whole, one := hashes(manual(t))
	for _, tt := range []struct {
		file, from, to string
		decides        bool
	}{
		{"criteria/diabetes.yaml", "gap: Measure", "gap: Do measure", false},
		{"criteria/diabetes.yaml", "age >= 18", "age >= 17", true},
		{"criteria/diabetes.yaml", "loinc|4548-4", "loinc|4548-5", true},
		{"valuesets/diabetes.csv", "snomed,44054006", "snomed,44054007", true},
		{"people/diabetes.yaml", "who: measured", "who: measured lately", false},
	} {
		w, o := hashes(change(t, tt.file, tt.from, tt.to))
		if w == whole || (o != one) != tt.decides {
			t.Errorf("%s instead of %s: the library's hash is %s, the criterion's %s", tt.to, tt.from, w, o)
		}
	}
}
