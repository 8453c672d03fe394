package fhir_test

import (
	"testing"
	"time"

	"ennakko/clinical"
)

func TestAMedicineLastsAsLongAsItsOrderSays(t *testing.T) {
	const order = `{"resourceType":"MedicationRequest","status":"active","intent":"order","authoredOn":"2023-01-31","medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"N06DA02"}]},` + ofAnna
	dosage := func(bounds string) string { return `,"dosageInstruction":[{"timing":{"repeat":{` + bounds + `}}}]` }
	for _, x := range []struct {
		rest string
		last int32
	}{
		{dosage(`"boundsDuration":{"value":90,"code":"d"}`), day(2023, 4, 30)},
		{dosage(`"boundsDuration":{"value":2,"code":"wk"}`), day(2023, 2, 13)},
		{dosage(`"boundsDuration":{"value":1,"code":"mo"}`), day(2023, 3, 2)}, // as the calendar has it: 31 February is 3 March
		{dosage(`"boundsDuration":{"value":1,"code":"a"}`), day(2024, 1, 30)},
		{dosage(`"boundsDuration":{"value":6,"code":"h"}`), clinical.Open},
		{dosage(`"boundsDuration":{"value":1.5,"code":"mo"}`), clinical.Open},
		{dosage(`"boundsDuration":{"value":0,"code":"d"}`), clinical.Open},
		{dosage(`"boundsDuration":{"value":1e9,"code":"a"}`), clinical.Open},
		{dosage(`"boundsPeriod":{"start":"2023-02-01","end":"2023-02-10"},"boundsDuration":{"value":90,"code":"d"}`), day(2023, 2, 10)},
		{`,"dispenseRequest":{"expectedSupplyDuration":{"value":30,"code":"d"},"numberOfRepeatsAllowed":2}`, day(2023, 4, 30)},
		{`,"dispenseRequest":{"expectedSupplyDuration":{"value":3,"code":"mo"},"numberOfRepeatsAllowed":1}`, day(2023, 7, 30)},
		{dosage(`"boundsDuration":{"value":10,"code":"d"}`) + `,"dispenseRequest":{"expectedSupplyDuration":{"value":30,"code":"d"}}`, day(2023, 2, 9)},
		{``, clinical.Open},
	} {
		report, records := lines(t, order+x.rest+`}`)
		if len(records) != 1 {
			t.Errorf("%s: %+v", x.rest, report.Aside)
			continue
		}
		if records[0].Until != x.last {
			t.Errorf("%s lasts until %s, not %s", x.rest, shown(records[0].Until), shown(x.last))
		}
	}
}

func shown(d int32) string {
	if d == clinical.Open {
		return "open"
	}
	return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly)
}

func TestWhereOnTheBodyItWasIsTheCodedValue(t *testing.T) {
	const left = `"bodySite":[{"text":"left"},{"coding":[{"system":"http://snomed.info/sct","code":"80248007"}]}],"code":{"coding":[{"system":"http://snomed.info/sct","code":"172043006"}]},` + ofAnna
	_, records := lines(t, `{"resourceType":"Procedure","status":"completed",`+left+`}`, `{"resourceType":"Condition",`+left+`}`)
	if len(records) != 2 {
		t.Fatalf("%d records", len(records))
	}
	for _, r := range records {
		if r.ValueCode.String() != "snomed|80248007" {
			t.Errorf("a %s is of %q", r.Kind, r.ValueCode.String())
		}
	}
	// An observation's body site is not what was observed.
	if _, records = lines(t, `{"resourceType":"Observation","status":"final",`+left+`}`); len(records) != 1 || !records[0].ValueCode.IsZero() {
		t.Errorf("%+v", records)
	}
}

func TestAnObservationAtSeveralTimesIsOfAllTheirDays(t *testing.T) {
	const of = `"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},"valueInteger":3,` + ofAnna
	report, records := lines(t, `{"resourceType":"Observation","id":"a","status":"final","effectiveTiming":{"event":["2025-04-09","2025-04-04T08:30:00Z"]},`+of+`}`,
		`{"resourceType":"Observation","id":"b","status":"final","effectiveTiming":{"event":["2025-04-04T08:30:00Z"]},`+of+`}`,
		`{"resourceType":"Observation","id":"c","status":"final","effectiveTiming":{"event":["2025-04-31"]},`+of+`}`)
	if len(records) != 2 || len(report.Aside) != 1 {
		t.Fatalf("%d records, %+v", len(records), report.Aside)
	}
	if r := records[0]; r.From != day(2025, 4, 4) || r.Until != day(2025, 4, 9) || r.Minute != clinical.NoMinute {
		t.Errorf("%+v", r)
	}
	if r := records[1]; r.From != day(2025, 4, 4) || r.Until != day(2025, 4, 4) || r.Minute != 8*60+30 {
		t.Errorf("%+v", r)
	}
}
