package csv_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"ennakko/person"
	"ennakko/register/csv"
)

func TestAParentsPartnerLivesWithTheChildAndHasNoCustody(t *testing.T) {
	dir := t.TempDir()
	child, err := person.MakeCode(time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC), 0, 900)
	if err != nil {
		t.Fatal(err)
	}
	body := "child;guardian;custody;role;lives_with;since;until\n"
	for _, how := range []string{"none;partner;1", "none;partner;0", "joint;partner;1", "none;stranger;1"} {
		body += child.Reveal() + ";131052-308T;" + how + ";2026-01-01;\n"
	}
	for name, text := range map[string]string{"snapshot.yaml": "snapshot: 2026-01-04\nsource: test\n", "guardianships.csv": body} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := csv.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var good []csv.GuardianshipRow
	var aside []csv.SetAside
	if err := f.Guardianships(func(s csv.SetAside) { aside = append(aside, s) }, func(g csv.GuardianshipRow) (string, string) {
		good = append(good, g)
		return "", ""
	}); err != nil {
		t.Fatal(err)
	}
	if len(good) != 1 || good[0].Role != person.Partner || !good[0].LivesWith || len(aside) != 3 {
		t.Fatalf("%d good rows, set aside %+v", len(good), aside)
	}
	for i, column := range []string{"lives_with", "custody", "role"} {
		if aside[i].Column != column {
			t.Errorf("row %d is set aside for %q, not %q: %s", aside[i].Row, aside[i].Column, column, aside[i].Reason)
		}
	}
}
