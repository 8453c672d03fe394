package fhir_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/person"
	"ennakko/register/fhir"
)

// folder writes files and returns their folder.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const anna = `{"resourceType":"Patient","id":"anna","gender":"female","birthDate":"1960-02-29"}` + "\n"

// lines reads NDJSON about Anna: the first resource is she.
func lines(t testing.TB, resources ...string) (fhir.Report, []clinical.Record) {
	t.Helper()
	rep, _, recs := read(t, folder(t, map[string]string{"all.ndjson": anna + strings.Join(resources, "\n")}))
	return rep, recs
}

const ofAnna = `"subject":{"reference":"Patient/anna"}`

func day(y int, m time.Month, d int) int32 {
	return int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func TestABundleOfAFamilyIsReadWhole(t *testing.T) {
	rep, patients, recs := read(t, "testdata")
	var got []string
	for _, r := range recs {
		value := ""
		if !math.IsNaN(r.Value) {
			value = fmt.Sprintf(" %g %s", r.Value, r.Unit)
		}
		until := "open"
		if r.Until != clinical.Open {
			until = fmt.Sprint(r.Until - r.From)
		}
		got = append(got, fmt.Sprintf("%d %s %s%s%s %s %s visit %d of %s +%s", r.Person, r.Source, r.Codes[0], value, r.ValueCode, r.Status, r.Class, r.Encounter, time.Unix(int64(r.From)*86400, 0).UTC().Format(time.DateOnly), until))
	}
	want := []string{
		"1 Encounter/v1 snomed|185349003 finished AMB visit 1 of 2020-03-05 +0",
		"1 Condition/c1 icd10|I10 active AMB visit 1 of 2020-03-05 +open",
		"1 Observation/o1 loinc|85354-9 final AMB visit 1 of 2020-03-05 +0",
		"1 Observation/o1 loinc|8480-6 152 mm[Hg] final AMB visit 1 of 2020-03-05 +0",
		"1 Observation/o1 loinc|8462-4 94 mm[Hg] final AMB visit 1 of 2020-03-05 +0",
		"1 MedicationRequest/m1 atc|C09AA05 active AMB visit 1 of 2020-03-05 +89",
		"1 MedicationStatement/m2 atc|N02BE01 completed  visit 0 of 2019-01-01 +30",
		"1 Procedure/p1 snomed|73761001 completed  visit 0 of 2018-05-01 +30",
		"2 Immunization/i1 cvx|140 completed  visit 0 of 2020-10-01 +0",
		"2 AllergyIntolerance/a1 snomed|91936005 active  visit 0 of 2010-01-01 +open",
		"1 ServiceRequest/s1 snomed|306206005 active  visit 0 of 2020-03-05 +0",
		"1 Coverage/k1 https://example.org/payer|kela active  visit 0 of 2020-01-01 +365",
	}
	if !slices.Equal(got, want) {
		t.Errorf("records:\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(patients) != 2 || patients[0].Sex != "f" || !patients[0].Born.Known || patients[1].Born.Known || !patients[1].Deceased || patients[1].Died.Known {
		t.Errorf("%+v", patients)
	}
	sum := rep.Total()
	if sum != (fhir.Count{Kept: 12, SetAside: 3, Passed: 2}) || rep.Types["Organization"].Passed != 1 || rep.Types["Claim"].Passed != 1 {
		t.Errorf("%+v: %+v", sum, rep.Aside)
	}
}

// What is not so never comes in as if it were, and is told with its place.
func TestWhatDidNotHappenIsSetAside(t *testing.T) {
	const obs = `"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},` + ofAnna + `,"effectiveDateTime":"2020-01-01"`
	const icd = `"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"}]},` + ofAnna
	const med = `"medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"C09AA05"}]},` + ofAnna
	for body, why := range map[string]string{
		`{"resourceType":"Observation","status":"entered-in-error",` + obs + `}`:                                                                                                                               "in error",
		`{"resourceType":"Observation","status":"cancelled",` + obs + `}`:                                                                                                                                      "not happened",
		`{"resourceType":"Observation",` + obs + `}`:                                                                                                                                                           "status is missing",
		`{"resourceType":"Observation","status":"final",` + obs + `,"dataAbsentReason":{"coding":[{"code":"not-performed"}]}}`:                                                                                 "was not observed",
		`{"resourceType":"Observation","status":"final",` + obs + `,"valueQuantity":{"value":"12"}}`:                                                                                                           "value cannot",
		`{"resourceType":"Observation","status":"final",` + obs + `,"valueQuantity":{"value":12,"comparator":"about"}}`:                                                                                        "value cannot",
		`{"resourceType":"Observation","status":"final","code":{"text":"blood pressure"},` + ofAnna + `}`:                                                                                                      "no code",
		`{"resourceType":"Observation","status":"final",` + strings.Replace(obs, "2020-01-01", "2020-02-30", 1) + `}`:                                                                                          "day or time",
		`{"resourceType":"Observation","status":"final",` + strings.Replace(obs, "Patient/anna", "Patient/nobody", 1) + `}`:                                                                                    "patient is not in the files",
		`{"resourceType":"Observation","status":"final",` + strings.Replace(obs, "Patient/anna", "Group/anna", 1) + `}`:                                                                                        "patient is not in the files",
		`{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]}}`:                                                                                    "of whom it is",
		`{"resourceType":"Observation","modifierExtension":[{"url":"x"}],"status":"final",` + obs + `}`:                                                                                                        "modifier extension",
		`{"resourceType":"Observation","implicitRules":"x","status":"final",` + obs + `}`:                                                                                                                      "implicit rules",
		`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"refuted"}]},` + icd + `}`:                                                                                                        "refuted",
		`{"resourceType":"Condition","verificationStatus":{"coding":[{"code":"entered-in-error"}]},` + icd + `}`:                                                                                               "in error",
		`{"resourceType":"Condition",` + icd + `,"onsetDateTime":"2020-02-02","abatementDateTime":"2020-02-01"}`:                                                                                               "before it begins",
		`{"resourceType":"Procedure","status":"not-done",` + icd + `}`:                                                                                                                                         "not happened",
		`{"resourceType":"Procedure","status":"preparation",` + icd + `}`:                                                                                                                                      "not happened",
		`{"resourceType":"Encounter","status":"planned","class":{"code":"AMB"},` + ofAnna + `}`:                                                                                                                "not happened",
		`{"resourceType":"Encounter","status":"cancelled","class":{"code":"AMB"},` + ofAnna + `}`:                                                                                                              "not happened",
		`{"resourceType":"Encounter","status":"finished",` + ofAnna + `}`:                                                                                                                                      "neither a class",
		`{"resourceType":"Immunization","status":"not-done","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}]},"patient":{"reference":"Patient/anna"}}`:                          "not happened",
		`{"resourceType":"MedicationRequest","status":"cancelled","intent":"order",` + med + `}`:                                                                                                               "not happened",
		`{"resourceType":"MedicationRequest","status":"active","intent":"proposal",` + med + `}`:                                                                                                               "no order",
		`{"resourceType":"MedicationRequest","status":"active","intent":"order","doNotPerform":true,` + med + `}`:                                                                                              "not to be done",
		`{"resourceType":"MedicationRequest","status":"active","intent":"order","medicationReference":{"reference":"Medication/x"},` + ofAnna + `}`:                                                            "medicine is not in",
		`{"resourceType":"MedicationStatement","status":"not-taken",` + med + `}`:                                                                                                                              "not happened",
		`{"resourceType":"ServiceRequest","status":"revoked","intent":"order",` + icd + `}`:                                                                                                                    "not happened",
		`{"resourceType":"AllergyIntolerance","verificationStatus":{"coding":[{"code":"refuted"}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},"patient":{"reference":"Patient/anna"}}`: "refuted",
		`{"resourceType":"Coverage","status":"cancelled","type":{"coding":[{"system":"x","code":"1"}]},"beneficiary":{"reference":"Patient/anna"}}`:                                                            "not happened",
		`{"resourceType":"Observation","status":`:                                                                                                                                                              "not whole JSON",
		`{"id":"x"}`: "no resourceType",
		`[1]`:        "not whole JSON",
	} {
		rep, recs := lines(t, "", body)
		if len(recs) != 0 || len(rep.Aside) != 1 {
			t.Errorf("%s\ngave %d records, %+v", body, len(recs), rep.Aside)
			continue
		}
		a := rep.Aside[0]
		if !strings.Contains(a.Reason, why) || a.File != "all.ndjson" || a.Row != 3 {
			t.Errorf("%s\nwas set aside for %+v", body, a)
		}
		for _, secret := range []string{"8480-6", "I10", "anna", "2020-02-30", "nobody"} {
			if strings.Contains(a.Reason+a.Hint, secret) {
				t.Errorf("the reason repeats what stood there: %s", a.Reason)
			}
		}
	}
}

func TestDaysAreKeptAsFarAsTheyAreKnown(t *testing.T) {
	const form = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},` + ofAnna + `,%s}`
	for when, want := range map[string][3]int32{
		`"effectiveDateTime":"2020"`:                                       {day(2020, 1, 1), day(2020, 12, 31), -1},
		`"effectiveDateTime":"2020-02"`:                                    {day(2020, 2, 1), day(2020, 2, 29), -1},
		`"effectiveDateTime":"2020-02-29"`:                                 {day(2020, 2, 29), day(2020, 2, 29), -1},
		`"effectiveDateTime":"2020-03-05T23:30:00-05:00"`:                  {day(2020, 3, 5), day(2020, 3, 5), 23*60 + 30},
		`"effectiveDateTime":"1969-12-31T00:01:02.345Z"`:                   {-1, -1, 1},
		`"effectiveInstant":"2020-03-05T10:00:00Z"`:                        {day(2020, 3, 5), day(2020, 3, 5), 600},
		`"effectivePeriod":{"start":"2020-03-05","end":"2020-04"}`:         {day(2020, 3, 5), day(2020, 4, 30), -1},
		`"effectivePeriod":{"start":"2020-03-05"}`:                         {day(2020, 3, 5), day(2020, 3, 5), -1},
		`"issued":"2020-03-05T10:00:00Z"`:                                  {day(2020, 3, 5), day(2020, 3, 5), 600},
		`"effectiveTiming":{}`:                                             {clinical.Always, clinical.Always, -1}, // it was, and lies in no period
		`"effectiveDateTime":"2020-03-05","issued":"2021-03-05T10:00:00Z"`: {day(2020, 3, 5), day(2020, 3, 5), -1},
		`"effectivePeriod":{"end":"2020-03-05"}`:                           {clinical.Always, day(2020, 3, 5), -1},
	} {
		rep, recs := lines(t, fmt.Sprintf(form, when))
		if len(recs) != 1 || [3]int32{recs[0].From, recs[0].Until, recs[0].Minute} != want {
			t.Errorf("%s: %+v, not %v; %+v", when, recs, want, rep.Aside)
		}
	}
}

func TestATimeIsToldInTheZoneThatIsNamed(t *testing.T) {
	dir := folder(t, map[string]string{"all.ndjson": anna + `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},` + ofAnna + `,"effectiveDateTime":"2020-06-30T22:30:00Z"}`})
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		zone   *time.Location
		day    int32
		minute int32
	}{"as written": {nil, day(2020, 6, 30), 22*60 + 30}, "Helsinki": {zone, day(2020, 7, 1), 90}} {
		f, err := fhir.Open(dir, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		x, err := f.Index(t.Context(), func(int64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		_, err = x.Records(t.Context(), []person.ID{1}, "", "", func(int64, int64) {}, func(r *clinical.Record) error {
			if n++; r.From != c.day || r.Minute != c.minute {
				t.Errorf("%s: day %d minute %d", name, r.From, r.Minute)
			}
			return nil
		})
		if err != nil || n != 1 {
			t.Errorf("%s: %d records, %v", name, n, err)
		}
	}
}

func TestAnIllnessLastsUntilItIsSaidToBeOver(t *testing.T) {
	const form = `{"resourceType":"Condition","code":{"coding":[{"system":"urn:oid:1.2.246.537.6.1","code":"i109"}]},` + ofAnna + `,"clinicalStatus":{"coding":[{"code":"%s"}]}%s}`
	for _, c := range []struct {
		state, more string
		from, until int32
	}{
		{"active", `,"onsetDateTime":"2020-03"`, day(2020, 3, 1), clinical.Open},
		{"active", `,"recordedDate":"2020-03-05"`, day(2020, 3, 5), clinical.Open},
		{"active", ``, clinical.Always, clinical.Open},
		{"resolved", `,"onsetDateTime":"2020-03-01","abatementDateTime":"2020-06"`, day(2020, 3, 1), day(2020, 6, 30)},
		{"resolved", `,"onsetDateTime":"2020-03-01"`, day(2020, 3, 1), day(2020, 3, 1)},
		{"inactive", `,"onsetDateTime":"2020-03-01","recordedDate":"2020-03-09"`, day(2020, 3, 1), day(2020, 3, 9)},
		{"active", `,"onsetDateTime":"2020-03-01","abatementString":"in spring"`, day(2020, 3, 1), day(2020, 3, 1)},
		{"resolved", ``, clinical.Always, clinical.Always},
		{"active", ``, clinical.Always, clinical.Open},
		{"resolved", `,"onsetPeriod":{"start":"2020-01-02","end":"2020-01-05"},"abatementPeriod":{"start":"2020-02-01","end":"2020-02-03"}`, day(2020, 1, 2), day(2020, 2, 3)},
	} {
		rep, recs := lines(t, fmt.Sprintf(form, c.state, c.more))
		if len(recs) != 1 || recs[0].From != c.from || recs[0].Until != c.until || recs[0].Codes[0] != coding.New("icd10", "I10.9") || recs[0].Status != c.state {
			t.Errorf("%s%s: %+v, %+v", c.state, c.more, recs, rep.Aside)
		}
	}
}

func TestValuesAreKeptAsTheyAreGiven(t *testing.T) {
	const form = `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-1"}]},` + ofAnna + `,"effectiveDateTime":"2020-01-01",%s}`
	for body, want := range map[string]struct {
		value float64
		unit  string
		code  coding.Code
	}{
		`"valueQuantity":{"value":176.35499866729558,"code":"cm","system":"http://unitsofmeasure.org","unit":"centimetre"}`: {176.35499866729558, "cm", coding.Code{}},
		`"valueQuantity":{"value":1e2,"unit":"mmHg"}`:                            {100, "mmHg", coding.Code{}},
		`"valueQuantity":{"value":3,"code":"x","system":"urn:other","unit":"g"}`: {3, "g", coding.Code{}},
		`"valueQuantity":{"value":90,"comparator":">","code":"mL/min"}`:          {math.Nextafter(90, 91), "mL/min", coding.Code{System: "comparator", Code: ">"}},
		`"valueQuantity":{"value":5,"comparator":"<","code":"mg/L"}`:             {math.Nextafter(5, 4), "mg/L", coding.Code{System: "comparator", Code: "<"}},
		`"valueQuantity":{"value":5,"comparator":"<=","code":"mg/L"}`:            {5, "mg/L", coding.Code{System: "comparator", Code: "<="}},
		`"valueInteger":7`:                            {7, "", coding.Code{}},
		`"valueBoolean":true`:                         {math.NaN(), "", coding.Code{System: "boolean", Code: "true"}},
		`"valueString":"as before"`:                   {math.NaN(), "", clinical.Said()},
		`"valueCodeableConcept":{"text":"as before"}`: {math.NaN(), "", clinical.Said()},
		`"valueCodeableConcept":{"coding":[{"system":"http://snomed.info/sct","code":"260385009"}]}`:      {math.NaN(), "", coding.New("snomed", "260385009")},
		`"valueQuantity":{"value":1,"code":"1"},"dataAbsentReason":{"coding":[{"code":"not-performed"}]}`: {1, "1", coding.Code{}},
	} {
		rep, recs := lines(t, fmt.Sprintf(form, body))
		if len(recs) != 1 || recs[0].Value != want.value && !(math.IsNaN(recs[0].Value) && math.IsNaN(want.value)) || recs[0].Unit != want.unit || recs[0].ValueCode != want.code {
			t.Errorf("%s: %+v, %+v", body, recs, rep.Aside)
		}
	}
}

func TestMedicinesAreFoundWhereTheyAreNamed(t *testing.T) {
	const form = `{"resourceType":"MedicationRequest","id":"%d","status":"active","intent":"order",` + ofAnna + `,"authoredOn":"2020-01-01",%s}`
	rep, recs := lines(t,
		fmt.Sprintf(form, 1, `"medicationReference":{"reference":"Medication/ramipril"},"dispenseRequest":{"expectedSupplyDuration":{"value":90,"code":"d"},"numberOfRepeatsAllowed":1}`),
		fmt.Sprintf(form, 2, `"medicationReference":{"reference":"#m"},"contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"C07AB07"}]}}],"dosageInstruction":[{"timing":{"repeat":{"boundsPeriod":{"start":"2020-02-01","end":"2020-02-10"}}}}]`),
		`{"resourceType":"Medication","id":"ramipril","code":{"coding":[{"system":"http://www.whocc.no/atc","code":"C09AA05"}]}}`)
	if len(recs) != 2 || recs[0].Codes[0].Code != "C09AA05" || recs[0].Until != day(2020, 1, 1)+179 || recs[1].Codes[0].Code != "C07AB07" || recs[1].From != day(2020, 2, 1) || recs[1].Until != day(2020, 2, 10) {
		t.Errorf("%+v, %+v", recs, rep.Aside)
	}
	if rep.Types["Medication"].Kept != 1 {
		t.Errorf("%+v", rep.Types["Medication"])
	}
}

func TestTheSameResourceCountsOnce(t *testing.T) {
	const o = `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"},{"system":"http://loinc.org","code":"1"},{"system":"x","code":"2"}]},` + ofAnna + `}`
	rep, recs := lines(t, o, o, strings.TrimSpace(anna))
	if len(recs) != 1 || len(recs[0].Codes) != 2 || len(rep.Aside) != 1 || !strings.Contains(rep.Aside[0].Reason, "came before") || rep.Types["Patient"].Kept != 2 {
		t.Errorf("%+v, %+v", recs, rep.Aside)
	}
}

// Records of one of two people with one id would else be taken for the other's.
func TestTwoPeopleWithOneIdAreNotMixed(t *testing.T) {
	bundle := func(born, value string) string {
		return `{"resourceType":"Bundle","type":"collection","entry":[
			{"resource":{"resourceType":"Patient","id":"1","birthDate":"` + born + `"}},
			{"resource":{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"subject":{"reference":"Patient/1"},"valueInteger":` + value + `}}]}`
	}
	rep, patients, recs := read(t, folder(t, map[string]string{"a.json": bundle("1950-01-01", "1"), "b.json": bundle("1990-01-01", "2")}))
	if len(patients) != 1 || len(recs) != 1 || recs[0].Value != 1 || len(rep.Aside) != 2 || rep.Aside[0].File != "b.json" {
		t.Errorf("%d patients, %+v, %+v", len(patients), recs, rep.Aside)
	}
}

func TestAFileThatBreaksOffKeepsWhatCameBefore(t *testing.T) {
	good := `{"resource":{"resourceType":"Patient","id":"1"}}`
	for name, c := range map[string]struct {
		body string
		kept int
		row  int
		why  string
	}{
		"cut in an entry":   {`{"resourceType":"Bundle","type":"collection","entry":[` + good + `,{"resource":{"resourceTy`, 1, 2, "breaks off"},
		"cut in a string":   {`{"resourceType":"Bundle","entry":[` + good + `],"x":"`, 1, 2, "breaks off"},
		"cut between":       {`{"resourceType":"Bundle","entry":[` + good + `,`, 1, 2, "breaks off"},
		"history":           {`{"resourceType":"Bundle","type":"history","entry":[` + good + `]}`, 0, 1, "versions"},
		"two in one":        {`{"resourceType":"Bundle","entry":[` + good + `]}{"resourceType":"Bundle"}`, 1, 2, "more after the end"},
		"empty":             {``, 0, 1, "breaks off"},
		"a broken entry":    {`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":}},` + good + `]}`, 1, 1, "not whole"},
		"a deletion":        {`{"resourceType":"Bundle","entry":[` + good + `,{"request":{"method":"DELETE","url":"Patient/2"}}]}`, 1, 2, "no resource"},
		"type after entry":  {`{"entry":[` + good + `,{"resource":{"a":1}}],"resourceType":"Bundle"}`, 1, 2, "no resourceType"},
		"braces in strings": {`{"resourceType":"Bundle","entry":[{"fullUrl":"a\\\"}]}{","resource":{"resourceType":"Patient","id":"1"}},{"resource":7}]}`, 1, 2, "no resource"},
	} {
		rep, patients, _ := read(t, folder(t, map[string]string{"a.json": c.body}))
		if len(patients) != c.kept || len(rep.Aside) != 1 || rep.Aside[0].Row != c.row || !strings.Contains(rep.Aside[0].Reason, c.why) {
			t.Errorf("%s: %d patients, %+v", name, len(patients), rep.Aside)
		}
	}
}

func TestFilesMayBeGzippedNestedOrSingleResources(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(anna)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	rep, patients, recs := read(t, folder(t, map[string]string{"deep/er/Patient.ndjson.gz": z.String(), "readme.txt": "no",
		"one.json":     "\xef\xbb\xbf" + ` {"meta":{"x":[1]},"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"subject":{"reference":"https://example.org/fhir/Patient/anna/_history/2"}}`,
		"torn.json.gz": "no gzip"}))
	if len(patients) != 1 || len(recs) != 1 || len(rep.Aside) != 1 || rep.Aside[0].File != "torn.json.gz" {
		t.Errorf("%d patients, %d records, %+v", len(patients), len(recs), rep.Aside)
	}
}

// The cut between two readings may fall anywhere.
func TestCutsFallAnywhere(t *testing.T) {
	whole, err := os.ReadFile("testdata/family.json")
	if err != nil {
		t.Fatal(err)
	}
	_, _, want := read(t, "testdata")
	for _, pad := range []int{1<<20 - 200, 1<<20 - 97, 1<<20 - 3, 1 << 20, 3 << 20} {
		body := append([]byte(`{"resourceType":"Bundle","text":"`+strings.Repeat("x", pad)+`\"",`), bytes.TrimPrefix(whole, []byte(`{"resourceType":"Bundle",`))...)
		_, _, got := read(t, folder(t, map[string]string{"a.json": string(body)}))
		for i := range got {
			if math.IsNaN(got[i].Value) && i < len(want) && math.IsNaN(want[i].Value) {
				got[i].Value, want[i].Value = 0, 0
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d bytes before: %d records, not %d", pad, len(got), len(want))
		}
		_, _, want = read(t, "testdata")
	}
}

// Whatever stands in a file, everything is counted once and nothing breaks.
func FuzzRead(f *testing.F) {
	whole, err := os.ReadFile("testdata/family.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, false)
	f.Add([]byte(anna+`{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"1"}]},`+ofAnna+`,"effectiveDateTime":"2020"}`), true)
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"\u0000"}}]}`), false)
	f.Fuzz(func(t *testing.T, b []byte, ndjson bool) {
		name := "a.json"
		if ndjson {
			name = "a.ndjson"
		}
		rep, patients, recs := read(t, folder(t, map[string]string{name: string(b)}))
		rows := 0
		for _, r := range recs {
			rows += len(r.Codes)
			if len(r.Codes) == 0 || int(r.Person) > len(patients) || r.From != clinical.Always && r.Until < r.From || strings.ContainsRune(r.Source, 0) {
				t.Fatalf("%+v", r)
			}
		}
		if rows != rep.Records || len(rep.Aside) != rep.Total().SetAside {
			t.Fatalf("%d rows, %+v", rows, rep)
		}
		if ndjson {
			lines := 0
			for _, l := range bytes.Split(b, []byte("\n")) {
				if len(bytes.TrimSpace(l)) > 0 {
					lines++
				}
			}
			if c := rep.Total(); c.Kept+c.SetAside+c.Passed != lines {
				t.Fatalf("%d lines, %+v", lines, c)
			}
		}
	})
}
