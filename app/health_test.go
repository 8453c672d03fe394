package app_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/packs"
)

func TestAPatientOfHealthRecordsIsErased(t *testing.T) {
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	if err := os.MkdirAll(files, 0o750); err != nil {
		t.Fatal(err)
	}
	const bundle = `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p","birthDate":"1960-01-01"}},
		{"resource":{"resourceType":"Patient","id":"q","birthDate":"1970-01-01"}},
		{"resource":{"resourceType":"Condition","id":"c","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"}]},"subject":{"reference":"Patient/p"}}},
		{"resource":{"resourceType":"Condition","id":"d","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"}]},"subject":{"reference":"Patient/q"}}}]}`
	if err := os.WriteFile(filepath.Join(files, "a.json"), []byte(bundle), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Config{Data: filepath.Join(dir, "data"), Packs: packs.FS, Clock: app.NewSteppedClock(begin), New: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if _, err := a.Import(t.Context(), files, "officer:test", nil); err != nil {
		t.Fatal(err)
	}
	p, err := a.DB.PersonByPatient(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	q, err := a.DB.PersonByPatient(t.Context(), "q")
	if err != nil {
		t.Fatal(err)
	}
	if of, _ := known(t, a, p); of != 3 { // birth, read, condition
		t.Fatalf("%d facts before", of)
	}
	out, err := a.ErasePatient(t.Context(), "p", "officer:test", func(string, int, int) {})
	if err != nil || out.Files != 3 {
		t.Fatalf("%+v, %v", out, err)
	}
	if of, _ := known(t, a, p); of != 0 {
		t.Errorf("%d facts are left", of)
	}
	if of, _ := known(t, a, q); of != 3 {
		t.Errorf("%d facts of the other are left", of)
	}
	if _, err := a.DB.PersonByPatient(t.Context(), "p"); fault.KindOf(err) != fault.Missing {
		t.Errorf("the id is still known: %v", err)
	}
}
