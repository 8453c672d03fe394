package coding_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/coding"
)

func TestCodesOfOneThingCompareEqual(t *testing.T) {
	for a, b := range map[string]string{
		"urn:oid:1.2.246.537.6.1|I10":                    "icd10|i10",
		"http://hl7.org/fhir/sid/icd-10-cm|I10.9":        "icd10|I109",
		"http://snomed.info/sct|38341003":                "snomed| 38341003 ",
		"http://www.whocc.no/atc|c09aa02":                "atc|C09AA02",
		"http://loinc.org|8480-6":                        "loinc|8480-6",
		"https://example.org/codes|x":                    "https://example.org/codes|x",
		"http://www.nlm.nih.gov/research/umls/rxnorm/|1": "rxnorm|1",
	} {
		if coding.Parse(a) != coding.Parse(b) {
			t.Errorf("%s is %v, %s is %v", a, coding.Parse(a), b, coding.Parse(b))
		}
	}
	if coding.SystemAddress("loinc") != "http://loinc.org" || coding.SystemName("http://loinc.org") != "loinc" || coding.SystemAddress("x") != "x" {
		t.Error("the short name and the address of LOINC do not go together")
	}
}

func TestASetHoldsItsCodesAndWhatLiesBelowItsPatterns(t *testing.T) {
	s := coding.NewValueSet("x", coding.ParsePattern("icd10|I10*"), coding.ParsePattern("atc|C09"), coding.ParsePattern("atc|C09"))
	for code, want := range map[string]bool{"icd10|I10": true, "icd10|I10.9": true, "icd10|I11": false, "atc|C09": true, "atc|C09AA02": false, "icpc2|I10": false} {
		if s.Has(coding.Parse(code)) != want {
			t.Errorf("that %s is in the set is %t", code, !want)
		}
	}
	if s.Len() != 2 || s.Patterns()[0].String() != "atc|C09" || s.Patterns()[1].String() != "icd10|I10*" {
		t.Errorf("%v", s.Patterns())
	}
	var none *coding.ValueSet
	if none.Has(coding.Parse("icd10|I10")) || none.Len() != 0 || none.Patterns() != nil {
		t.Error("no set holds something")
	}
}

func TestAFolderOfValueSetsIsReadAtOnceWithAllFaults(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	good := fstest.MapFS{
		"v/a.json": file(`{"resourceType":"ValueSet","url":"http://x/a","version":"2","title":"A","compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"1-1"},{"code":"2-2"}]}],"exclude":[{"system":"http://loinc.org","concept":[{"code":"2-2"}]}]}}`),
		"v/b.json": file(`{"resourceType":"ValueSet","compose":{"include":[{"system":"http://snomed.info/sct","filter":[{}]}]},"expansion":{"total":3,"contains":[{"system":"http://snomed.info/sct","abstract":true,"code":"0","contains":[{"system":"http://snomed.info/sct","code":"11"},{"system":"http://snomed.info/sct","code":"12"}]}]}}`),
		"v/c.csv":  file("\ufeffSystem,code,display\nicd10,I10*,\"High, blood pressure\"\n"),
		"v/README": file("about"),
	}
	sets, err := coding.ReadFolder(good, "v")
	if err != nil || len(sets) != 3 {
		t.Fatalf("%v, %v", sets, err)
	}
	for i, want := range []string{"loinc|1-1", "snomed|11 snomed|12", "icd10|I10*"} {
		var got []string
		for _, p := range sets[i].Patterns() {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s holds %v", sets[i].Name, got)
		}
	}
	if s := sets[0]; s.Address != "http://x/a" || s.Version != "2" || s.Title != "A" || s.Name != "a" {
		t.Errorf("%+v", s)
	}
	bad := fstest.MapFS{
		"v/1.json": file(`{"resourceType":"ValueSet","compose":{"include":[{"system":"http://x","filter":[{}]}]}}`),
		"v/2.json": file(`{"resourceType":"ValueSet","compose":{"include":[{"system":"http://x"}]}}`),
		"v/3.json": file(`{"resourceType":"ValueSet","compose":{"include":[{"valueSet":["http://y"]}]}}`),
		"v/4.json": file(`{"resourceType":"ValueSet","expansion":{"total":9,"contains":[{"system":"x","code":"y"}]}}`),
		"v/5.json": file(`{"resourceType":"Patient"}`),
		"v/6.json": file(`{`),
		"v/7.csv":  file("code,display\n1,2\n"),
		"v/8.csv":  file("system,code\nicd10\nicd10,\nicd10,*\n"),
		"v/9.txt":  file(""),
		"v/b.csv":  file("system,code\n"),
		"v/c.json": file(`{"resourceType":"ValueSet"}`),
		"v/d.csv":  file("system,code\nx,y\n"), "v/d.json": good["v/a.json"],
	}
	_, err = coding.ReadFolder(bad, "v")
	for _, say := range []string{"v/1.json: the definition has a filter", "v/2.json: the definition takes a whole code system", "v/3.json: the definition names other",
		"v/4.json: the expansion holds 1 of 9", "v/5.json: this is not a ValueSet", "v/6.json: this is not JSON", "v/7.csv: the first row", "v/8.csv row 2: the row has 1 cells",
		"v/8.csv row 3: the system or the code is empty", "v/8.csv row 4", "v/9.txt: the file is no value set", "v/b.csv: the value set holds no code", "v/c.json: the value set holds no code",
		"v/d.json: another file has a value set of this name: d"} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v\ndoes not say %s", err, say)
		}
	}
}

func TestAFileMayHoldABundleOfValueSets(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const a = `{"resource":{"resourceType":"ValueSet","id":"fobt","url":"http://x/fobt","expansion":{"contains":[{"system":"http://loinc.org","code":"14563-1"}]}}}`
	const b = `{"resource":{"resourceType":"ValueSet","name":"HbA1c","compose":{"include":[{"system":"http://loinc.org","concept":[{"code":"4548-4"},{"code":"17856-6"}]}]}}}`
	const filter = `{"resource":{"resourceType":"ValueSet","id":"x","compose":{"include":[{"system":"http://x","filter":[{}]}]}}}`
	bundle := func(entries ...string) *fstest.MapFile {
		return file(`{"entry":[` + strings.Join(entries, ",") + `],"type":"collection","resourceType":"Bundle"}`)
	}
	sets, err := coding.ReadFolder(fstest.MapFS{"v/measure.json": bundle(`{"resource":{"resourceType":"Measure"}}`, a, b), "v/own.csv": file("system,code\nx,y\n")}, "v")
	if err != nil || len(sets) != 3 || sets[0].Name != "fobt" || sets[0].Address != "http://x/fobt" || sets[1].Name != "HbA1c" || sets[1].Len() != 2 || sets[2].Name != "own" {
		t.Fatalf("%v, %v", sets, err)
	}
	for say, fsys := range map[string]fstest.MapFS{
		"v/m.json entry 2: the definition has a filter":             {"v/m.json": bundle(a, filter)},
		"v/m.json entry 2: another value set of the bundle":         {"v/m.json": bundle(a, a)},
		"v/m.json entry 1: the value set has neither":               {"v/m.json": bundle(`{"resource":{"resourceType":"ValueSet"}}`)},
		"v/m.json: the Bundle holds no ValueSet":                    {"v/m.json": bundle(`{"resource":{"resourceType":"Library"}}`)},
		"v/m.json: another file has a value set of this name: fobt": {"v/fobt.csv": file("system,code\nx,y\n"), "v/m.json": bundle(a)},
		"v/m.json entry 1: the entry cannot be read":                {"v/m.json": bundle(`{"resource":{"resourceType":5}}`)},
		"v/m.json: this is not a ValueSet of FHIR":                  {"v/m.json": file(`{"resourceType":"Parameters"}`)},
	} {
		if _, err := coding.ReadFolder(fsys, "v"); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v\ndoes not say %s", err, say)
		}
	}
}
