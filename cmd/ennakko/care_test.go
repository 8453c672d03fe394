package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheWayToTheExerciseGroupNeedsNoBrowser goes from the registers to places in
// exercise groups by commands alone.
func TestTheWayToTheExerciseGroupNeedsNoBrowser(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	must(t, "city", "--residents", "2500", "--seed", "7", "--day", "2021-01-04", "--out", files, "--health")
	must(t, "register", "import", "--data", data, files)
	must(t, "care", "run", "--data", data, "--as-of", "2021-01-07")
	must(t, "round", "run", "blood-pressure", "--data", data, "--as-of", "2021-01-07", "--answers", "simulated")
	var ran careResult
	if err := json.Unmarshal([]byte(must(t, "care", "run", "--data", data, "--as-of", "2021-03-25", "--made-up", "--json")), &ran); err != nil || ran.MadeUp == 0 || ran.Gaps.n == 0 {
		t.Fatalf("%+v, %v", ran, err)
	}
	var e effectResult
	if err := json.Unmarshal([]byte(must(t, "effect", "--data", data, "--round", "1", "--json")), &e); err != nil {
		t.Fatal(err)
	}
	if e.Service != "blood-pressure" || e.AsOf != "2021-03-25" || e.Invited.n == 0 || e.Lot == nil || e.Lot.Later.n == 0 || len(e.Outcomes) != 3 {
		t.Errorf("%+v", e)
	}
	for _, o := range e.Outcomes {
		if o.Withheld != (o.Difference == nil) || o.Words == "" {
			t.Errorf("%+v", o)
		}
	}
	if text := must(t, "effect", "--data", data, "--round", "1"); !strings.Contains(text, "Came to the appointment") {
		t.Errorf("%s", text)
	}
	var r roundResult
	if err := json.Unmarshal([]byte(must(t, "round", "run", "exercise-group", "--data", data, "--as-of", "2021-03-25", "--answers", "simulated", "--json")), &r); err != nil || r.Accepted == 0 || r.PlacesOverbooked != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	var n needsResult
	if err := json.Unmarshal([]byte(must(t, "needs", "--data", data, "--year", "2020", "--json")), &n); err != nil || len(n.Curve.Points) != 101 || len(n.Ways) != 3 || len(n.NotFor) != 4 {
		t.Errorf("%+v, %v", n, err)
	}
	must(t, "verify", "--data", data)
}
