package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/criteria"
)

// A stranger's folder of criteria over imported health records: one line for
// each person and criterion, one entry for the reading of everyone.
func TestALibraryRunsOverEveryoneInTheData(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	must(t, "city", "--residents", "1000", "--seed", "3", "--out", files, "--health")
	must(t, "register", "import", "--data", data, files)
	health := filepath.Join("..", "..", "packs", "health")
	find := []string{"find", "--pack", health, "--data", data, "--as-of", "2021-01-04", "--json"}
	out := must(t, find...)
	verdicts, people, each := map[string]int{}, map[string]int{}, map[string]bool{}
	for line := range strings.Lines(out) {
		var l foundLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("a line is not JSON: %v", err)
		}
		if l.Patient == "" || each[l.Patient+l.Criterion] {
			t.Fatal("a line does not say whose it is, or somebody has two verdicts of one criterion")
		}
		if (l.Verdict == string(criteria.Excluded)) != (l.Exclusion != "") || (l.Verdict == string(criteria.CareUnknown)) != (len(l.Missing) > 0) {
			t.Errorf("the verdict %q does not say why: %+v", l.Verdict, l.Missing)
		}
		each[l.Patient+l.Criterion] = true
		verdicts[l.Verdict]++
		people[l.Patient]++
	}
	if len(people) < 1000 || len(each)%len(people) != 0 || verdicts["gap"] == 0 || verdicts["met"] == 0 || verdicts["not applicable"] == 0 {
		t.Errorf("%d people, %d lines, %v", len(people), len(each), verdicts)
	}
	only := must(t, append(find, "--verdict", "gap", "--criterion", "bowel-screening")...)
	for line := range strings.Lines(only) {
		if !strings.Contains(line, `"criterion":"bowel-screening","verdict":"gap"`) {
			t.Fatal("a line that was not asked for")
		}
	}
	if only == "" {
		t.Error("nobody has a gap in the screening of the bowel")
	}
	must(t, "verify", "--data", data)
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"criteria that nobody approved": {[]string{"find", "--pack", filepath.Join("..", "..", "library", "testdata", "measures"), "--data", data, "--as-of", "2021-01-04"}, exitRefused},
		"no day":                        {[]string{"find", "--pack", health, "--data", data}, exitInvalid},
		"a period backwards":            {append(find, "--period", "2021-01-04..2020-01-04"), exitInvalid},
		"a verdict that is none":        {append(find, "--verdict", "maybe"), exitInvalid},
		"a criterion that is not there": {append(find, "--criterion", "nothing"), exitMissing},
		"a folder that is no library":   {[]string{"find", "--pack", files, "--data", data, "--as-of", "2021-01-04"}, exitMissing},
	} {
		if code, _, told := run(t, c.args...); code != c.code {
			t.Errorf("%s: exit code %d, not %d: %s", name, code, c.code, told)
		}
	}
}
