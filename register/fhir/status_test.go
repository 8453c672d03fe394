package fhir_test

import (
	"fmt"
	"strings"
	"testing"
)

// Every status that FHIR R4 has for a resource that is read: what it says did not happen
// is set aside with its reason, all else comes in with its status, and the counts add up.
// Source: hl7.org/fhir/R4, the value sets of the element status of each resource.
func TestEveryStatusComesInOrIsSetAsideWithItsReason(t *testing.T) {
	const (
		coded   = `"code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]},`
		subject = `"subject":{"reference":"Patient/anna"}`
		patient = `"patient":{"reference":"Patient/anna"}`
		never   = "it has not happened"
		mistake = "entered in error"
	)
	intents := `"medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"C09AA05"}]},` + subject
	for _, x := range []struct {
		typ, rest string
		kept      string // statuses
		not       string
		element   string // of the status; "": status
	}{
		{"Procedure", coded + subject, "in-progress on-hold stopped completed unknown", "preparation not-done", ""},
		{"Observation", coded + `"valueInteger":3,` + subject, "registered preliminary final amended corrected unknown", "cancelled", ""},
		{"MedicationRequest", `"intent":"order",` + intents, "active on-hold completed stopped unknown", "cancelled draft", ""},
		{"MedicationStatement", intents, "active completed stopped on-hold unknown", "intended not-taken", ""},
		{"Encounter", `"class":{"code":"AMB"},` + subject, "arrived triaged in-progress onleave finished unknown", "planned cancelled", ""},
		{"Immunization", `"vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":"140"}]},` + patient, "completed", "not-done", ""},
		{"ServiceRequest", `"intent":"order",` + coded + subject, "active on-hold completed unknown", "draft revoked", ""},
		{"Coverage", `"type":{"coding":[{"system":"x","code":"1"}]},"beneficiary":{"reference":"Patient/anna"}`, "active", "cancelled draft", ""},
		{"Condition", coded + subject, "unconfirmed provisional differential confirmed", "refuted", "verificationStatus"},
		{"AllergyIntolerance", coded + patient, "unconfirmed confirmed", "refuted", "verificationStatus"},
	} {
		t.Run(x.typ, func(t *testing.T) {
			var list []string
			add := func(status string) {
				s := fmt.Sprintf(`"status":%q,`, status)
				if x.element != "" {
					s = fmt.Sprintf(`%q:{"coding":[{"code":%q}]},`, x.element, status)
				}
				list = append(list, fmt.Sprintf(`{"resourceType":%q,"id":"r%d",%s%s}`, x.typ, len(list), s, x.rest))
			}
			kept, not := strings.Fields(x.kept), append(strings.Fields(x.not), "entered-in-error")
			for _, s := range append(append([]string{}, kept...), not...) {
				add(s)
			}
			report, records := lines(t, list...)
			if n := report.Types[x.typ]; n.Kept != len(kept) || n.SetAside != len(not) || n.Passed != 0 || len(records) != len(kept) {
				t.Fatalf("%d kept, %d set aside, %d records; want %d and %d", n.Kept, n.SetAside, len(records), len(kept), len(not))
			}
			for i, r := range records {
				if x.element == "" && r.Status != kept[i] {
					t.Errorf("what is %s came in as %s", kept[i], r.Status)
				}
			}
			for i, a := range report.Aside {
				want := never
				switch not[i] {
				case "entered-in-error":
					want = mistake
				case "refuted":
					want = "refuted"
				}
				if a.Row != 2+len(kept)+i || a.Type != x.typ || !strings.Contains(a.Reason, want) || a.File == "" {
					t.Errorf("%s is set aside as %+v", not[i], a)
				}
			}
		})
	}
}

// A result that is not there yet is none, and an order says what it is by its intent.
func TestWhatIsNotThereYetIsSetAside(t *testing.T) {
	const of = `"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},"subject":{"reference":"Patient/anna"}`
	report, records := lines(t,
		`{"resourceType":"Observation","id":"a","status":"registered",`+of+`}`,
		`{"resourceType":"Observation","id":"b","status":"registered","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"1"}]},"valueInteger":3}],`+of+`}`,
		`{"resourceType":"Observation","id":"c","status":"final",`+of+`}`,
		`{"resourceType":"ServiceRequest","id":"d","status":"active","intent":"plan",`+of+`}`,
		`{"resourceType":"ServiceRequest","id":"e","status":"active","intent":"order","doNotPerform":true,`+of+`}`,
		`{"resourceType":"ServiceRequest","id":"f","status":"active","intent":"reflex-order",`+of+`}`)
	if c := report.Total(); c.Kept != 4 || c.SetAside != 3 || len(records) != 4 { // the patient is one
		t.Fatalf("%+v, %d records", c, len(records))
	}
	for i, want := range []string{"no result yet", "no order", "not to be done"} {
		if !strings.Contains(report.Aside[i].Reason, want) {
			t.Errorf("%+v lacks %q", report.Aside[i], want)
		}
	}
}

// The answer of a server to a search names every entry by its address, which ends in its
// type and id: that is one resource, not two.
func TestAnEntryIsNotItsOwnDouble(t *testing.T) {
	entry := func(typ, id, rest string) string {
		return fmt.Sprintf(`{"fullUrl":"https://server/fhir/%[1]s/%[2]s","resource":{"resourceType":%[1]q,"id":%[2]q%[3]s},"search":{"mode":"match"}}`, typ, id, rest)
	}
	const of = `,"subject":{"reference":"https://server/fhir/Patient/anna"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"1"}]}`
	bundle := `{"resourceType":"Bundle","type":"searchset","total":3,"entry":[` + strings.Join([]string{entry("Patient", "anna", `,"birthDate":"1960-01-01"`),
		entry("Encounter", "e", `,"status":"finished","class":{"code":"EMER"},"subject":{"reference":"Patient/anna"}`),
		entry("Procedure", "p", `,"status":"completed","encounter":{"reference":"Encounter/e"}`+of),
		entry("Procedure", "p", `,"status":"completed"`+of), // the same once more, which is one too many
		`{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}`}, ",") + `]}`
	report, _, records := read(t, folder(t, map[string]string{"found.json": bundle}))
	if c := report.Total(); c.Kept != 3 || c.SetAside != 1 || c.Passed != 1 || len(records) != 2 {
		t.Fatalf("%+v, %d records, %+v", c, len(records), report.Aside)
	}
	if a := report.Aside[0]; a.Row != 4 || !strings.Contains(a.Reason, "came before") {
		t.Errorf("%+v", a)
	}
	for _, r := range records {
		if r.Class != "EMER" {
			t.Errorf("%s %s is of a visit of class %q", r.Kind, r.Source, r.Class)
		}
	}
}
