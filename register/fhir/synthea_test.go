package fhir_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/clinical"
	"ennakko/person"
	"ennakko/register/fhir"
)

// syntheaFiles unpacks the bundles that Synthea made, if they are there: see
// testdata/README.md. With ndjson it writes them as bulk export does: a file for a type.
func syntheaFiles(t testing.TB, ndjson bool) string {
	t.Helper()
	archive := os.Getenv("SYNTHEA_BUNDLES")
	if archive == "" {
		archive = "../../../shared/data/synthea/r4-all-617-bundles.tar.gz"
	}
	f, err := os.Open(archive)
	if err != nil {
		t.Skip("the Synthea bundles are not there: name the archive in SYNTHEA_BUNDLES")
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out := map[string]*bytes.Buffer{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if ndjson {
			spread(t, b, out)
		} else if err := os.WriteFile(filepath.Join(dir, filepath.Base(h.Name)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for typ, b := range out {
		if err := os.WriteFile(filepath.Join(dir, typ+".ndjson"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func spread(t testing.TB, bundle []byte, out map[string]*bytes.Buffer) {
	t.Helper()
	var b struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		var r struct{ ResourceType string }
		if err := json.Unmarshal(e.Resource, &r); err != nil {
			t.Fatal(err)
		}
		if out[r.ResourceType] == nil {
			out[r.ResourceType] = &bytes.Buffer{}
		}
		line := bytes.ReplaceAll(e.Resource, []byte(`"urn:uuid:`), []byte(`"Patient/`)) // in bulk export references name the type
		if r.ResourceType != "Patient" {
			line = typed(t, e.Resource)
		}
		if err := json.Compact(out[r.ResourceType], line); err != nil {
			t.Fatal(err)
		}
		out[r.ResourceType].WriteByte('\n')
	}
}

// typed writes the references of a resource as Type/id.
func typed(t testing.TB, raw []byte) []byte {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	for element, typ := range map[string]string{"subject": "Patient", "patient": "Patient", "encounter": "Encounter"} {
		if m, ok := r[element].(map[string]any); ok {
			if s, ok := m["reference"].(string); ok {
				m["reference"] = typ + "/" + strings.TrimPrefix(s, "urn:uuid:")
			}
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte(`{"resourceType":"`+r["resourceType"].(string)+`",`), bytes.TrimPrefix(b, []byte("{"))...)
}

// read reads a folder, with numbers from 1 in the order of patients.
func read(t testing.TB, dir string) (fhir.Report, []fhir.Patient, []clinical.Record) {
	t.Helper()
	f, err := fhir.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Index(t.Context(), func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]person.ID, len(x.Patients()))
	for i := range numbers {
		numbers[i] = person.ID(i + 1)
	}
	var recs []clinical.Record
	rep, err := x.Records(t.Context(), numbers, "", "", func(int64, int64) {}, func(r *clinical.Record) error {
		recs = append(recs, *r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rep, x.Patients(), recs
}

func TestEverySyntheaResourceIsKeptSetAsideOrPassedOver(t *testing.T) {
	rep, patients, recs := read(t, syntheaFiles(t, false))
	if sum := rep.Total(); len(patients) != 615 || sum.Kept+sum.SetAside+sum.Passed != 191093 || len(rep.Aside) != sum.SetAside {
		t.Errorf("%d patients, %+v", len(patients), sum)
	}
	for typ, want := range map[string]fhir.Count{"Patient": {Kept: 615}, "Condition": {Kept: 4546}, "Observation": {Kept: 88674}, "MedicationRequest": {Kept: 4712},
		"Procedure": {Kept: 14081}, "Encounter": {Kept: 18098}, "Immunization": {Kept: 7389}, "AllergyIntolerance": {Kept: 374}, "Claim": {Passed: 22810},
		"ExplanationOfBenefit": {Passed: 18098}, "DiagnosticReport": {Passed: 6262}, "CarePlan": {Passed: 1769}} {
		if got := rep.Types[typ]; got == nil || *got != want {
			t.Errorf("%s: %+v, not %+v", typ, got, want)
		}
	}
	died, readings, visited := 0, map[person.ID]bool{}, 0
	for _, p := range patients {
		if p.Deceased && p.Died.Known {
			died++
		}
	}
	for _, r := range recs {
		if r.Codes[0].Code == "8480-6" && r.Unit == "mm[Hg]" && r.Value > 60 {
			readings[r.Person] = true
		}
		if r.Encounter != 0 && r.Class != "" {
			visited++
		}
	}
	if died != 124 || len(readings) != 615 || visited < len(recs)*9/10 {
		t.Errorf("%d died, %d with blood pressure, %d of %d records with their visit", died, len(readings), visited, len(recs))
	}
}

// The target is 50,000 resources a second on two cores.
func BenchmarkBulkExport(b *testing.B) {
	dir := syntheaFiles(b, true)
	for b.Loop() {
		rep, _, _ := read(b, dir)
		sum := rep.Total()
		b.ReportMetric(float64(sum.Kept+sum.SetAside+sum.Passed)/(b.Elapsed().Seconds()/float64(b.N)), "resources/s")
	}
}
