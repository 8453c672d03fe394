package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// manualLibrary writes the worked example of docs/criteria.md into a folder of a
// stranger's.
func manualLibrary(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/criteria.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	put(t, dir, "mylibrary/CHANGES.md", "## 1\n\nBegun.\n")
	for _, m := range regexp.MustCompile("(?s)`(mylibrary/[a-z/.]+)`[^\n]*\n\n```[a-z]+\n(.*?)```").FindAllSubmatch(page, -1) {
		put(t, dir, string(m[1]), string(m[2]))
	}
	return filepath.Join(dir, "mylibrary")
}

func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// strangers are four patients as the manual's page shows them, one whose lines
// are broken, and what nobody can read.
const strangers = `{"resourceType":"Patient","id":"p1","birthDate":"1960-05-05","gender":"female"}
{"resourceType":"Patient","id":"p2","birthDate":"1950-05-05"}
{"resourceType":"Patient","id":"p3"}
{"resourceType":"Patient","id":"p4","birthDate":"1970-05-05"}
{"resourceType":"Patient","id":"p5","birthDate":"1970-05-05"}
{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/p1"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"E11.9"}]}}
{"resourceType":"Condition","id":"c2","subject":{"reference":"Patient/p2"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}]}}
{"resourceType":"Condition","id":"c3","subject":{"reference":"Patient/p3"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"44054006"}]}}
{"resourceType":"Condition","id":"c4","subject":{"reference":"Patient/p4"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"E10.1"}]}}
{"resourceType":"Encounter","id":"v2","status":"finished","class":{"code":"HH"},"type":[{"coding":[{"system":"http://snomed.info/sct","code":"305336008"}]}],"subject":{"reference":"Patient/p2"},"period":{"start":"2025-11-01"}}
{"resourceType":"Observation","id":"o4","status":"final","subject":{"reference":"Patient/p4"},"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},"effectiveDateTime":"2025-06-06","valueQuantity":{"value":7}}
{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":
this is no JSON

{"resourceType":"Observation","id":"o9","status":"final","subject":{"reference":"Patient/p9"},"code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]}}
`

func TestAStrangerNeedsTwoCommandsAndOnePage(t *testing.T) {
	pack, dir := manualLibrary(t), t.TempDir()
	put(t, dir, "bundles/clinic/all.ndjson", strangers)
	put(t, dir, "bundles/broken.json", `{"resourceType":"Bundle","type":"collection","entry":[`)
	bundles, data := filepath.Join(dir, "bundles"), filepath.Join(dir, "data")
	must(t, "check", pack)
	came := must(t, "register", "import", "--data", data, bundles, "--day", "2025-12-31")
	for _, say := range []string{"clinic/all.ndjson:12", "clinic/all.ndjson:13", "clinic/all.ndjson:15", "broken.json:1", "it is not whole JSON", "its patient is not in the files"} {
		if !strings.Contains(came, say) {
			t.Errorf("the import does not say %q:\n%s", say, came)
		}
	}
	want := "p1\thba1c-yearly\tgap\t\np2\thba1c-yearly\texcluded\thospice\np3\thba1c-yearly\tunknown\tpopulation.birth_date\n" +
		"p4\thba1c-yearly\terror\tdone, hba1c: a value has no unit that can be turned into the concept's\n"
	find := []string{"find", "--pack", pack, "--data", data, "--as-of", "2025-12-31"}
	lines := strings.SplitAfter(must(t, append(find, "--drafts")...), "\n")
	slices.Sort(lines) // people come in no order
	got := strings.Join(lines, "")
	if got != want+"p5\thba1c-yearly\tnot applicable\t\n" {
		t.Errorf("one line for each person and criterion:\n%s", got)
	}
	page, err := os.ReadFile("../../docs/criteria.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "    "+strings.ReplaceAll(strings.TrimSpace(want), "\n", "\n    ")) {
		t.Error("the page does not show what the command prints")
	}
	if why := must(t, "finding", "--pack", pack, "--data", data, "--person", "p4", "--criterion", "hba1c-yearly", "--as-of", "2025-12-31"); !strings.Contains(why, "hba1c: loinc|4548-4, 6 June 2025 [Observation/o4]") {
		t.Errorf("the fact that cannot be used is not named:\n%s", why)
	}
	if code, _, told := run(t, find...); code != exitRefused || !strings.Contains(told, "approval: {state: approved") || !strings.Contains(told, "--drafts") {
		t.Errorf("nothing is approved: exit code %d: %s", code, told)
	}
	half := strings.Replace(string(text(t, pack, "criteria/diabetes.yaml")), "    evidence: A\n", `    evidence: A
    approval: {state: approved, by: Chief physician, on: 2025-11-03, evidence: Minutes 12}
  - name: never-about-anyone
    title: Nobody
    population: age >= 18 && age < 18
    done: hba1c.exists()
    gap: Nothing
    evidence: A
    approval: {state: draft}
`, 1)
	put(t, pack, "criteria/diabetes.yaml", half)
	if code, lines, told := run(t, find...); code != exitOK || strings.Contains(lines, "never-about-anyone") || !strings.Contains(told, "Left out: 1 criteria that nobody has approved") {
		t.Errorf("exit code %d, %s\n%s", code, told, lines)
	}
	if got := must(t, append(find, "--drafts", "--criterion", "never-about-anyone")...); strings.Count(got, "not applicable") != 4 || strings.Count(got, "unknown") != 1 {
		t.Errorf("a criterion that never applies:\n%s", got)
	}
	if code, _, told := run(t, "check", pack); code == exitOK || !strings.Contains(told, "criteria/diabetes.yaml:") || !strings.Contains(told, "of never-about-anyone: the population can hold of nobody") {
		t.Errorf("a criterion that never applies is good: %d, %s", code, told)
	}
}

func text(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a stranger gets wrong is told with the place and what to do.
func TestWhatAStrangerGetsWrongIsToldWithThePlaceAndARemedy(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "bundles/all.ndjson", strangers)
	put(t, dir, "papers/letter.txt", "Dear stranger")
	data := filepath.Join(dir, "data")
	must(t, "register", "import", "--data", data, filepath.Join(dir, "bundles"), "--day", "2025-12-31")
	pack := manualLibrary(t)
	good := map[string]string{}
	for _, name := range []string{"criteria/diabetes.yaml", "library.yaml", "valuesets/diabetes.csv"} {
		good[name] = string(text(t, pack, name))
	}
	find := func(pack string, more ...string) []string {
		return append([]string{"find", "--pack", pack, "--data", data, "--as-of", "2025-12-31", "--drafts"}, more...)
	}
	for what, c := range map[string]struct {
		file, from, to string
		args           []string
		say            []string
	}{
		"a folder of other papers":        {args: []string{"register", "import", "--data", filepath.Join(dir, "other"), filepath.Join(dir, "papers")}, say: []string{"papers: the folder holds nothing that is read", "*.ndjson"}},
		"a pack that is not there":        {args: find(filepath.Join(dir, "nowhere")), say: []string{"nowhere: there is no library in the folder", "library.yaml"}},
		"a criterion that is not there":   {args: find(pack, "--criterion", "hba1c"), say: []string{"the library has no criterion hba1c", "it has: hba1c-yearly"}},
		"data that are not there":         {args: []string{"find", "--pack", pack, "--data", filepath.Join(dir, "none"), "--as-of", "2025-12-31", "--drafts"}, say: []string{"register import"}},
		"a day that is written otherwise": {args: []string{"find", "--pack", pack, "--data", data, "--as-of", "31.12.2025"}, say: []string{"2021-01-07"}},
		"a list that is not there":        {file: "criteria/diabetes.yaml", from: "value_set: diabetes", to: "value_set: diabetics", say: []string{"criteria/diabetes.yaml:", `there is no value set "diabetics"`, "valuesets"}},
		"a code system that is unknown":   {file: "criteria/diabetes.yaml", from: "codes: snomed|305336008", to: "codes: '305336008'", say: []string{"criteria/diabetes.yaml:", "this is not a code", "loinc|8480-6"}},
		"a word that is none":             {file: "criteria/diabetes.yaml", from: "age >= 18", to: "aged >= 18", say: []string{"criteria/diabetes.yaml:", "aged"}},
		"a key that is none":              {file: "criteria/diabetes.yaml", from: "population:", to: "people:", say: []string{"criteria/diabetes.yaml:", `"people" is not known`, "population"}},
		"a list that is no table":         {file: "valuesets/diabetes.csv", from: "system,code,display", to: "a;b", say: []string{"valuesets/diabetes.csv", "system"}},
	} {
		args := c.args
		if c.file != "" {
			put(t, pack, c.file, strings.Replace(good[c.file], c.from, c.to, 1))
			args = find(pack)
		}
		code, _, told := run(t, args...)
		if c.file != "" {
			put(t, pack, c.file, good[c.file])
		}
		for _, say := range c.say {
			if code == exitOK || !strings.Contains(told, say) {
				t.Errorf("%s: exit code %d, and does not say %q: %s", what, code, say, told)
			}
		}
	}
}
