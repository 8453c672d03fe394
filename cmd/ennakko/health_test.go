package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderOfFHIRIsImportedAndCounted(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	const bundles = "../../register/fhir/testdata"
	text := must(t, "register", "import", "--data", data, bundles, "--day", "2021-04-01")
	for _, want := range []string{"Snapshot of 2021-04-01", "2 people, 17 resources, 13 rows of facts", "= 17", "1 Condition: it was refuted", "family.json:17"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if again := must(t, "register", "import", "--data", data, bundles); !strings.Contains(again, "nothing new") || !strings.Contains(again, "2021-04-01") {
		t.Errorf("the same files again: %s", again)
	}
	other := filepath.Join(t.TempDir(), "data")
	var got importResult
	if err := json.Unmarshal([]byte(must(t, "register", "import", "--data", other, bundles, "--json")), &got); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, x := range got.Health.Types {
		sum += x.Kept + x.SetAside + x.PassedOver
	}
	if sum != got.Health.Resources || sum != 17 || got.SetAside != 3 || len(got.SetAsideRows) != 3 || got.Health.People != 2 {
		t.Errorf("%+v", got)
	}
}

func TestACityMayHaveHealthRecordsAndASampleOfFHIR(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	text := must(t, "city", "--residents", "1000", "--out", files, "--health", "--fhir-sample", "20")
	if !strings.Contains(text, "Health records of") {
		t.Errorf("%s", text)
	}
	if in := must(t, "register", "import", "--data", data, files); !strings.Contains(in, "Health records (facts") {
		t.Errorf("%s", in)
	}
	sample := must(t, "register", "import", "--data", filepath.Join(dir, "other"), files+"-fhir")
	if !strings.Contains(sample, "20 people") || strings.Contains(sample, "Set aside:") {
		t.Errorf("%s", sample)
	}
}
