package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pressureOf is a blood pressure of anna's as a clinic sends it.
func pressureOf(id string, systolic, diastolic int, day string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","subject":{"reference":"Patient/anna"},"effectiveDateTime":"%sT10:30:00+02:00",
		"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[
		{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":%d,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
		{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":%d,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`, id, day, systolic, diastolic)
}

// family imports a folder of FHIR and returns the folder of data.
func family(t *testing.T) (data, bundles string) {
	t.Helper()
	dir := t.TempDir()
	data, bundles = filepath.Join(dir, "data"), filepath.Join(dir, "bundles")
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
	return data, bundles
}

func verdictOf(t *testing.T, data string) string {
	t.Helper()
	var one, all struct {
		Verdict string
		Lines   []explainedLine
	}
	if err := json.Unmarshal([]byte(must(t, "finding", "--data", data, "--person", "anna", "--criterion", "hypertension-treated", "--as-of", "2020-12-31", "--json")), &one); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(must(t, "find", "--pack", "../../packs/health", "--data", data, "--as-of", "2020-12-31", "--criterion", "hypertension-treated", "--json")) {
		if strings.Contains(line, `"anna"`) {
			if err := json.Unmarshal([]byte(line), &all); err != nil {
				t.Fatal(err)
			}
		}
	}
	if one.Verdict != all.Verdict {
		t.Errorf("finding says %q and find %q", one.Verdict, all.Verdict)
	}
	return one.Verdict
}

// A clinic's reading changes a finding at once, and only once; the next snapshot
// takes it in.
func TestAnEventBetweenSnapshotsChangesAFinding(t *testing.T) {
	data, bundles := family(t)
	add := []string{"register", "add-fact", "--data", data, "--as-of", "2020-12-31", "--json"}
	event := func(text string) (out addedFact) {
		t.Helper()
		code, told, wrong := runWith(t, text, add...)
		if code != exitOK {
			t.Fatalf("exit code %d: %s", code, wrong)
		}
		if err := json.Unmarshal([]byte(told), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	moved := func(x addedFact, from, to string) {
		t.Helper()
		for _, c := range x.Changed {
			if c.Criterion == "hypertension-treated" && c.From == from && c.To == to && (c.Gap != "") == (to == "gap") {
				return
			}
		}
		t.Errorf("hypertension-treated did not move from %s to %s: %+v", from, to, x)
	}
	if v := verdictOf(t, data); v != "gap" {
		t.Fatalf("at first: %s", v)
	}
	low := event(pressureOf("e1", 124, 78, "2020-12-01"))
	if !low.Kept || low.Records < 2 || low.Evaluated == 0 {
		t.Errorf("%+v", low)
	}
	moved(low, "gap", "not applicable")
	if again := event(pressureOf("e1", 124, 78, "2020-12-01")); again.Kept || len(again.Changed) > 0 {
		t.Errorf("the same again: %+v", again)
	}
	moved(event(pressureOf("e1", 158, 96, "2020-12-01")), "not applicable", "gap") // corrected
	moved(event(pressureOf("e2", 122, 76, "2020-12-02")), "gap", "not applicable")
	for text, want := range map[string]int{
		"no JSON": exitInvalid, `{"resourceType":"Patient","id":"x"}`: exitInvalid, strings.Replace(pressureOf("e3", 1, 1, "2020-12-01"), "anna", "nobody", 1): exitMissing,
		strings.Replace(pressureOf("e3", 1, 1, "2020-12-01"), "final", "entered-in-error", 1): exitInvalid, pressureOf("o1", 1, 1, "2020-12-01"): exitConflict,
	} {
		if code, _, told := runWith(t, text, add...); code != want {
			t.Errorf("exit code %d, not %d: %s\n%s", code, want, told, text)
		}
	}
	if v := verdictOf(t, data); v != "not applicable" {
		t.Errorf("with the events: %s", v)
	}
	must(t, "verify", "--data", data)

	// The next snapshot has one of the two, with another value, and not the other.
	if err := os.WriteFile(filepath.Join(bundles, "more.ndjson"), []byte(strings.Join(strings.Fields(pressureOf("e1", 159, 97, "2020-12-01")), " ")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var in importResult
	if err := json.Unmarshal([]byte(must(t, "register", "import", "--data", data, bundles, "--day", "2021-05-01", "--json")), &in); err != nil || in.Health == nil || in.Health.Events != 3 {
		t.Errorf("%+v, %v", in.Health, err)
	}
	if v := verdictOf(t, data); v != "not applicable" { // by e2, which came in as an event alone
		t.Errorf("with the next snapshot: %s", v)
	}
	said := must(t, "finding", "--data", data, "--person", "anna", "--criterion", "hypertension-treated", "--as-of", "2020-12-31")
	if strings.Count(said, "[Observation/e2]") == 0 || !strings.Contains(said, "159 mm[Hg]") || strings.Contains(said, "158 mm[Hg]") {
		t.Errorf("%s", said)
	}
	if code, _, told := runWith(t, pressureOf("e2", 1, 1, "2020-12-01"), add...); code != exitConflict {
		t.Errorf("a resource of the snapshot came in again: exit code %d: %s", code, told)
	}
	moved(event(pressureOf("e4", 161, 99, "2020-12-03")), "not applicable", "gap")
	if code, _, told := runWith(t, "anna\n", "erase", "person", "--data", data, "--patient"); code != exitOK {
		t.Fatal(told)
	}
	if code, _, _ := run(t, "finding", "--data", data, "--person", "anna", "--criterion", "hypertension-treated"); code != exitMissing {
		t.Error("who was erased is still there")
	}
}

const addingIn = "ENNAKKO_TEST_ADDING"

// TestAddingProcess is the process that is killed: it adds events and says which.
func TestAddingProcess(t *testing.T) {
	data := os.Getenv(addingIn)
	if data == "" {
		t.Skip("no test of its own: TestNoEventThatWasAcknowledgedIsLostByAKill starts it as the process that it kills")
	}
	for i := range 1000 {
		code, _, told := runWith(t, pressureOf(fmt.Sprint("k", i), 120+i%40, 80, "2020-12-01"), "register", "add-fact", "--data", data, "--as-of", "2020-12-31")
		if code != exitOK {
			fmt.Println("failed", told)
			return
		}
		fmt.Println("kept", i)
	}
}

// Whatever was acknowledged is there after the process was killed.
func TestNoEventThatWasAcknowledgedIsLostByAKill(t *testing.T) {
	data, _ := family(t)
	next := 0
	for round := range 2 {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAddingProcess$")
		c.Env = append(os.Environ(), addingIn+"="+data)
		pipe, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "kept %d", &n); err != nil {
				continue
			}
			if next = max(next, n+1); n >= 1+2*round {
				break
			}
		}
		timer := time.AfterFunc(time.Duration(round)*37*time.Millisecond, func() { _ = c.Process.Kill() })
		for lines.Scan() { // what it still says before it is killed
			var n int
			if _, err := fmt.Sscanf(lines.Text(), "kept %d", &n); err == nil {
				next = max(next, n+1)
			}
		}
		_ = c.Wait()
		timer.Stop()
	}
	if next < 3 {
		t.Fatalf("only %d events were acknowledged", next)
	}
	for i := range next {
		code, out, told := runWith(t, pressureOf(fmt.Sprint("k", i), 120+i%40, 80, "2020-12-01"), "register", "add-fact", "--data", data, "--as-of", "2020-12-31", "--json")
		if code != exitOK || !strings.Contains(out, `"kept":false`) {
			t.Errorf("event %d is lost: %s %s", i, out, told)
		}
	}
	must(t, "verify", "--data", data)
}
