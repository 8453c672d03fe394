package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestTheKeyIsChangedOnTheCommandLine goes through what "ennakko keys --help"
// tells, step by step.
func TestTheKeyIsChangedOnTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	data, files := filepath.Join(dir, "data"), filepath.Join(dir, "files")
	must(t, "city", "--residents", "3000", "--seed", "5", "--out", files)
	must(t, "register", "import", "--data", data, files)
	first := must(t, "keys", "list", "--data", data)
	if code, _, told := run(t, "keys", "retire", "--data", data); code != exitConflict {
		t.Errorf("the only key goes: exit code %d, %s", code, told)
	}
	must(t, "keys", "add", "--data", data)
	must(t, "keys", "use", "--data", data)
	if code, _, told := run(t, "keys", "retire", "--data", data); code != exitRefused || !strings.Contains(told, "ennakko keys reseal") {
		t.Errorf("the older key goes too early: exit code %d, %s", code, told)
	}
	rows := must(t, "--json", "keys", "reseal", "--data", data)
	if !strings.Contains(rows, `"identity":`) || strings.Contains(rows, `"identity":0`) {
		t.Errorf("sealed anew: %s", rows)
	}
	left := must(t, "keys", "retire", "--data", data)
	if strings.Count(left, "\n") != 1 || !strings.Contains(left, "seals") || left == first {
		t.Errorf("the keys that are left: %s", left)
	}
	must(t, "verify", "--data", data)
	out := must(t, "--json", "round", "run", "pre-primary", "--data", data, "--as-of", "2021-01-07", "--answers", "simulated")
	if n := numbers(t, out); n["offered"] == 0 {
		t.Errorf("%s", out)
	}
}
