package library_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/library"
	"ennakko/person"
)

// shaped is a library of one shape with two rows.
func shaped() fstest.MapFS {
	return fstest.MapFS{
		"s/library.yaml": {Data: []byte("name: s\nversion: \"1\"\ntitle: {fi: a, sv: b, en: c}\nowner: Nobody\n")},
		"s/CHANGES.md":   {Data: []byte("## 1\n")},
		"s/concepts/shapes.yaml": {Data: []byte(`
shapes:
  - name: watched
    takes: [drug, test, within, shows]
    usual: {within: 1y, shows: yes}
    title: {fi: "<drug.title>: <test.title> <within.words> sisällä", sv: "<drug.title>: <test.title> inom <within.words>", en: "<drug.title>: <test.title> within <within.words>"}
    population: <drug>.active()
    done: <test>.exists(within('<within>'))
    gap: {fi: "Tutki: <test.title>.", sv: "Undersök: <test.title>.", en: "Test: <test.title>."}
    evidence: A
`)},
		"s/criteria/f.yaml": {Data: []byte(`
family: f
title: {fi: a, sv: b, en: c}
source: A book
approval: {state: tested}
concepts:
  - {name: lithium, kind: medication, codes: atc|N05AN01, title: {fi: litium, sv: litium, en: lithium}}
  - {name: kidney, kind: observation, codes: loinc|62238-1, unit: "mL/min/{1.73_m2}", title: {fi: eGFR, sv: eGFR, en: eGFR}}
  - {name: film, kind: procedure, codes: snomed|29303009, title: {fi: EKG, sv: EKG, en: ECG}}
criteria:
  - shape: watched
    rows:
      - {name: lithium-kidney, drug: lithium, test: kidney, within: 6mo, shows: 70}
      - {name: lithium-film, drug: lithium, test: film, source: Another book, gap: {fi: x, sv: y, en: "Take <drug.title> away"}}
`)},
		"s/people/f.yaml": {Data: []byte(`
as_of: 2026-01-15
people:
  - each: watched
    people:
      - {who: not tested, record: [{<drug>: yes, from: 3y ago}], expect: gap}
      - {who: tested, like: not tested, record: [{<test>: <shows>, on: <within> ago}], expect: met}
      - {who: healthy, expect: not applicable}
      - {who: unread, unread: true, expect: unknown}
  - {who: not tested, like: "lithium-film: not tested", expect: {lithium-film: gap}}
`)},
	}
}

func TestRowsOfAShapeAreCriteriaAndGetPeople(t *testing.T) {
	l, err := library.Load(shaped(), "s", catalog)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Check()
	if err != nil || r.Criteria != 2 || r.People != 9 || r.Pairs != 9 || r.Share() != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	kidney, _ := l.Criterion("lithium-kidney")
	film, _ := l.Criterion("lithium-film")
	for got, want := range map[string]string{
		kidney.Title.In(person.Finnish): "Litium: eGFR 6 kuukauden sisällä",
		film.Title.In(person.Finnish):   "Litium: EKG vuoden sisällä",
		kidney.Title.In(person.Swedish): "Litium: eGFR inom 6 månader",
		film.Title.In(person.Swedish):   "Litium: EKG inom ett år",
		film.Title.In(person.English):   "Lithium: ECG within a year",
		kidney.Gap.In(person.English):   "Test: eGFR.",
		film.Gap.In(person.English):     "Take lithium away",
		kidney.Done:                     "kidney.exists(within('6mo'))",
		film.Source + kidney.Source:     "Another bookA book",
	} {
		if got != want {
			t.Errorf("%q and should be %q", got, want)
		}
	}
}

func TestAVerdictOfOneRowOtherThanExpectedIsTold(t *testing.T) {
	files := shaped()
	f := files["s/criteria/f.yaml"]
	f.Data = []byte(strings.Replace(string(f.Data), "test: kidney, within: 6mo, shows: 70", "test: kidney, within: 6mo, shows: 70, exclusions: [{name: always, cel: lithium.active(), reason: {fi: a, sv: b, en: c}}]", 1))
	l, err := library.Load(files, "s", catalog)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Check()
	const say = `the verdict of lithium-kidney for "lithium-kidney: not tested" is excluded by always and should be gap`
	if err == nil || !strings.Contains(err.Error(), say) || strings.Contains(err.Error(), "verdict of lithium-film") {
		t.Errorf("%v", err)
	}
}

func TestWhatIsWrongWithAShapeOrARowIsToldAtTheRow(t *testing.T) {
	const s, c, p = "s/concepts/shapes.yaml", "s/criteria/f.yaml", "s/people/f.yaml"
	for _, tt := range []struct{ file, from, to, say string }{
		{s, "population: <drug>", "population: <drugs>", `s/criteria/f.yaml:13: nothing fills the hole <drugs>`},
		{s, "<drug>.active()", "<drug>.latest() > 2", `s/criteria/f.yaml:13, column`},
		{s, "<test.title> <within", "<within.title> <within", `s/criteria/f.yaml:13: nothing fills the hole <within.title>`},
		{s, "<within.words> sis", "<test.words> sis", `s/criteria/f.yaml:13: nothing fills the hole <test.words>`},
		{s, "<within.words> sis", "<within.color> sis", `s/criteria/f.yaml:13: nothing fills the hole <within.color>`},
		{s, "    evidence: A\n", "", `s/criteria/f.yaml:13: the key "evidence" is missing`},
		{s, "usual: {within: 1y,", "usual: {without: 1y,", `s/concepts/shapes.yaml:5: the shape does not take "without"`},
		{s, "takes: [drug,", "takes: [title, drug,", `s/concepts/shapes.yaml:4: the key "title" of a row has a meaning of its own`},
		{c, "shape: watched", "shape: watching", `s/criteria/f.yaml:11: there is no shape "watching"`},
		{c, "within: 6mo,", "beyond: 6mo,", `s/criteria/f.yaml:13: the shape does not take "beyond"`},
		{c, "drug: lithium, test: kidney", "test: kidney", `s/criteria/f.yaml:13: the key "drug" is missing`},
		{c, "name: lithium-film", "name: lithium-kidney", `s/criteria/f.yaml:14: the criterion lithium-kidney stands in criteria/f.yaml, line 13, already`},
		{c, "{name: lithium-film, drug", "{drug", `s/criteria/f.yaml:14: the key "name" is missing`},
		{p, "each: watched", "each: watching", `s/people/f.yaml:4: there is no shape "watching"`},
		{p, "expect: met", "expect: good", `s/people/f.yaml:7: this is not a verdict`},
		{p, "expect: met", "expect: excluded by x", `s/people/f.yaml:7: the criterion has no exclusion "x"`},
		{p, "{<drug>: yes", "{<drug>s: yes", `s/people/f.yaml:6: the entry says of nothing that it was`},
	} {
		files := shaped()
		old := string(files[tt.file].Data)
		if !strings.Contains(old, tt.from) {
			t.Fatalf("%s does not hold %q", tt.file, tt.from)
		}
		files[tt.file] = &fstest.MapFile{Data: []byte(strings.Replace(old, tt.from, tt.to, 1))}
		if _, err := library.Load(files, "s", catalog); err == nil || !strings.Contains(err.Error(), tt.say) {
			t.Errorf("%s instead of %s gives\n%v\nand should say\n%s", tt.to, tt.from, err, tt.say)
		}
	}
}
