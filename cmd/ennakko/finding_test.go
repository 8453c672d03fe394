package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFindingIsExplainedFromAFolderOfFHIR(t *testing.T) {
	dir := t.TempDir()
	data, bundles := filepath.Join(dir, "data"), filepath.Join(dir, "bundles")
	b, err := os.ReadFile("../../register/fhir/testdata/family.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bundles, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bundles, "family.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "register", "import", "--data", data, bundles, "--day", "2021-04-01")
	ask := []string{"finding", "--data", data, "--person", "anna", "--criterion", "hypertension-treated", "--as-of", "2020-12-31"}
	for lang, want := range map[string][]string{
		"fi": {"hoitovaje", "Esimerkkisisältöä", "[kyllä] systolic_now >= param.systolic_limit", "param.systolic_limit: 140 mm[Hg]", "5.3.2020 152 mm[Hg] loinc|8480-6 [Observation/o1]", "verenpainelääke, voimassa: ei"},
		"sv": {"vårdgap", "Kalla till läkarmottagning", "5.3.2020"},
		"en": {"care gap", "Invite to a doctor's appointment", "5 March 2020", "Current Care Guideline"},
	} {
		out := must(t, append(ask, "--language", lang)...)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%s: %s\nis missing in\n%s", lang, w, out)
			}
		}
	}
	var found, one struct {
		Patient, Criterion, Verdict string
		Lines                       []explainedLine
	}
	if err := json.Unmarshal([]byte(must(t, append(ask, "--json")...)), &found); err != nil || found.Verdict != "gap" || len(found.Lines) < 10 {
		t.Errorf("%+v, %v", found, err)
	}
	// The engine of the whole city says the same.
	lines := must(t, "find", "--pack", "../../packs/health", "--data", data, "--as-of", "2020-12-31", "--criterion", "hypertension-treated", "--json")
	for line := range strings.Lines(lines) {
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if one.Patient == "anna" && one.Verdict != "gap" {
			t.Errorf("find says %s", one.Verdict)
		}
	}
	for args, want := range map[string]int{
		"--person nobody --criterion hypertension-treated": exitMissing, "--person anna --criterion none": exitMissing, "--person anna": exitInvalid,
		"--person anna --criterion hypertension-treated --language de": exitInvalid,
	} {
		if code, _, told := run(t, append([]string{"finding", "--data", data}, strings.Fields(args)...)...); code != want {
			t.Errorf("%s: exit code %d, not %d: %s", args, code, want, told)
		}
	}
}

func TestALibraryIsCheckedOnTheCommandLine(t *testing.T) {
	out := must(t, "check", "../../library/testdata")
	if !strings.Contains(out, "measures 2: good (5 criteria") || !strings.Contains(out, "seen true, false and unknown: 100.0 %") {
		t.Error(out)
	}
	all := must(t, "check", "../../packs")
	if !strings.Contains(all, "health") || !strings.Contains(all, "pre-primary") {
		t.Error(all)
	}
	if one := must(t, "check", "../../packs/pre-primary"); !strings.HasPrefix(one, "pre-primary ") || strings.Count(one, "\n") != 1 {
		t.Errorf("one pack: %s", one)
	}
	if sets := must(t, "check", "../../library/testdata/measures/valuesets"); sets != "hba1c: good (value set of 4 codes)\npregnancy 1: good (value set of 5 codes)\nstay: good (value set of 9 codes)\nto-hospice: good (value set of 2 codes)\nvisit: good (value set of 14 codes)\n" {
		t.Error(sets)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../library/testdata/measures")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "people", "people.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), "others: excluded by hospice", "others: gap", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, told := run(t, "check", dir)
	if code != exitInvalid || !strings.Contains(told, "people/people.yaml") || !strings.Contains(told, "is excluded by hospice and should be gap") {
		t.Errorf("exit code %d: %s", code, told)
	}
}
