package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// run runs one command line and gives its exit code and what it printed.
func run(t *testing.T, args ...string) (code int, out, told string) {
	t.Helper()
	return runWith(t, "", args...)
}

func runWith(t *testing.T, in string, args ...string) (code int, out, told string) {
	t.Helper()
	var o, e bytes.Buffer
	c := root(strings.NewReader(in), &o, &e)
	c.SetArgs(args)
	err := c.ExecuteContext(t.Context())
	if err != nil {
		tell(&e, err)
	}
	return exitCode(err), o.String(), e.String()
}

// must runs a command line that must succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, told := run(t, args...)
	if code != exitOK {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), code, told)
	}
	return out
}

// numbers decodes the numbers of one JSON object.
func numbers(t *testing.T, text string) map[string]float64 {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("the output is not one JSON object: %v", err)
	}
	out := map[string]float64{}
	for k, v := range all {
		if n, ok := v.(float64); ok {
			out[k] = n
		}
	}
	return out
}

func TestARoundFromFilesToProof(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	must(t, "city", "--residents", "9000", "--seed", "5", "--out", files)
	if n := numbers(t, must(t, "register", "import", "--data", data, files, "--json")); n["wall_seconds"] <= 0 {
		t.Error("the import does not say how long it took")
	}
	if again := must(t, "register", "import", "--data", data, files); strings.Count(again, "unchanged") != 5 {
		t.Errorf("the same files again: %s", again)
	}
	round := []string{"round", "run", "pre-primary", "--data", data, "--as-of", "2021-01-07", "--answers", "simulated", "--json"}
	first := numbers(t, must(t, round...))
	for _, name := range []string{"found", "justified", "offered", "sent", "delivered", "answered", "accepted", "declined", "conflict", "unreached", "letters", "sent_twice",
		"places_overbooked", "confirm_p50_seconds", "confirm_p99_seconds", "assignment_distance_m", "assignment_bound_m", "wall_seconds", "audit_entries"} {
		if _, ok := first[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	descends(t, first, "found", "justified", "offered", "sent", "delivered", "answered", "accepted")
	descends(t, first, "assignment_distance_m", "assignment_bound_m")
	for _, none := range []string{"sent_twice", "places_overbooked", "lost"} {
		if first[none] != 0 {
			t.Errorf("%s is %v", none, first[none])
		}
	}
	if first["accepted"] == 0 || first["confirm_p50_seconds"] <= 0 || first["offered"] != first["sent"]+first["unreached"] {
		t.Errorf("the round came to nothing: %v", first)
	}
	second := numbers(t, must(t, round...))
	delete(first, "wall_seconds")
	for name, n := range first {
		if second[name] != n {
			t.Errorf("a finished round, run again: %s was %v and is %v", name, n, second[name])
		}
	}
	if n := numbers(t, must(t, "verify", "--data", data, "--json")); n["entries"] != first["audit_entries"] {
		t.Errorf("%v entries are proved, the round said %v", n["entries"], first["audit_entries"])
	}
	lists(t, data, first)
	if n := numbers(t, must(t, "bench", "web", "--data", data, "--requests", "24", "--json")); n["requests"] != 24 || n["p50_ms"] <= 0 || n["p99_ms"] > n["max_ms"] {
		t.Errorf("the pages, measured: %v", n)
	}
	changeOneByte(t, data)
	if code, _, told := run(t, "verify", "--data", data); code != exitTampered || !strings.Contains(told, "entry") {
		t.Errorf("after one byte was changed: exit code %d: %s", code, told)
	}
}

// lists writes the letters and the failsafe list of the round and holds them
// against its figures.
func lists(t *testing.T, data string, round map[string]float64) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	n := numbers(t, must(t, "round", "letters", "pre-primary", "--data", data, "--out", out, "--json"))
	if n["children"] != round["letters"] || n["letters"] < n["children"] {
		t.Errorf("%v letters about %v children; the round has %v on the letter list", n["letters"], n["children"], round["letters"])
	}
	f := numbers(t, must(t, "round", "failsafe", "pre-primary", "--data", data, "--json", "--language", "sv"))
	if f["children"] != round["failsafe"]+round["unreached"]+round["waiting"] {
		t.Errorf("%v children on the failsafe list; left out %v, unreached %v, waiting %v", f["children"], round["failsafe"], round["unreached"], round["waiting"])
	}
	note(t, data, out, n["children"])
	path := filepath.Join(out, "failsafe.csv")
	must(t, "round", "failsafe", "pre-primary", "--data", data, "--out", path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the failsafe list: %v", err)
	}
}

// note takes a family's yes to its letter, on the telephone.
func note(t *testing.T, data, letters string, children float64) {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(letters, "letters.csv"))
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile(`(?m)^(\d+);post;`).FindSubmatch(table)
	if first == nil {
		t.Fatal("no letter has a reference")
	}
	say := func(number, answer, way string) int {
		code, _, _ := run(t, "round", "note", "pre-primary", "--data", data, "--case", number, "--answer", answer, "--by", way)
		return code
	}
	number := string(first[1])
	for i, c := range []struct {
		number, answer, way string
		code                int
	}{{number, "maybe", "phone", exitInvalid}, {number, "accept", "pigeon", exitInvalid}, {"99999999", "accept", "phone", exitMissing},
		{number, "accept", "phone", exitOK}, {number, "accept", "phone", exitConflict}, {number, "decline", "letter", exitOK}} {
		if code := say(c.number, c.answer, c.way); code != c.code {
			t.Errorf("note %d: exit code %d, not %d", i, code, c.code)
		}
	}
	if n := numbers(t, must(t, "round", "letters", "pre-primary", "--data", data, "--out", letters, "--json")); n["children"] != children-1 {
		t.Errorf("%v children on the letter list, %v before one answered", n["children"], children)
	}
}

// descends checks that no number of a row is smaller than the next.
func descends(t *testing.T, n map[string]float64, names ...string) {
	t.Helper()
	for i := 1; i < len(names); i++ {
		if n[names[i-1]] < n[names[i]] {
			t.Errorf("%s is %v, less than %s with %v", names[i-1], n[names[i-1]], names[i], n[names[i]])
		}
	}
}

func changeOneByte(t *testing.T, data string) {
	t.Helper()
	bundles, err := filepath.Glob(filepath.Join(data, "record", "tile", "entries", "*"))
	for _, path := range bundles {
		info, serr := os.Stat(path)
		if serr != nil || info.IsDir() {
			continue
		}
		b, rerr := os.ReadFile(path)
		if rerr != nil {
			t.Fatal(rerr)
		}
		b[len(b)/2] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("the log has no bundle of entries: %v", err)
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	empty, broken := filepath.Join(dir, "empty"), filepath.Join(dir, "packs", "broken")
	for _, d := range []string{empty, broken} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(broken, "pack.yaml"), []byte("name: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args string
		code int
		told string
	}{
		{"help", "--help", exitOK, ""},
		{"an unknown flag", "verify --nothing", exitInvalid, "--help"},
		{"an unknown command", "dance", exitInvalid, "--help"},
		{"an unknown command of a group", "round dance", exitInvalid, "--help"},
		{"a folder too many", "register import a b", exitInvalid, "--help"},
		{"no folder to write", "city --residents 2000", exitInvalid, "--out"},
		{"a city too small", "city --residents 1 --out " + empty, exitInvalid, "--residents"},
		{"no folder of data", "verify", exitInvalid, "--data"},
		{"a folder without records", "verify --data " + empty, exitMissing, "register import"},
		{"a folder that is not there", "serve --data " + filepath.Join(dir, "none"), exitMissing, "register import"},
		{"a round without a day", "round run pre-primary --data " + empty, exitInvalid, "--as-of"},
		{"letters without a folder of data", "round letters pre-primary --data " + empty + " --out x", exitMissing, "register import"},
		{"a list in a language that is none", "round failsafe pre-primary --data " + empty + " --language de", exitInvalid, "--language"},
		{"letters without a folder to write", "round letters pre-primary --data " + empty, exitInvalid, "--out"},
		{"a day that is none", "round run pre-primary --as-of 7.1.2021", exitInvalid, "2021-01-07"},
		{"real answers", "round run pre-primary --as-of 2021-01-07 --answers real", exitInvalid, "ennakko serve"},
		{"an open address", "serve --data " + empty + " --addr 0.0.0.0:0", exitRefused, "127.0.0.1"},
		{"a folder of packs that is not there", "check " + filepath.Join(dir, "none"), exitMissing, ""},
		{"a broken pack", "check " + filepath.Join(dir, "packs"), exitInvalid, "pack.yaml"},
		{"no register files", "register import --data " + filepath.Join(dir, "new") + " " + empty, exitMissing, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, told := run(t, strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(told, c.told) {
				t.Errorf("exit code %d, wanted %d; told: %s", code, c.code, told)
			}
		})
	}
	if left, _ := os.ReadDir(empty); len(left) != 0 {
		t.Errorf("commands that failed left %d things behind", len(left))
	}
}

// A key that is lost must not be replaced in silence: with a new one, everybody
// would come in a second time.
func TestRecordsWithoutTheirKeysAreNotOpened(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	must(t, "city", "--residents", "2000", "--out", files)
	must(t, "register", "import", "--data", data, files)
	for _, key := range []string{"seal.json", "find.json", "audit-log.key"} {
		path := filepath.Join(data, "keys", key)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		code, _, told := run(t, "register", "import", "--data", data, files)
		if code != exitMissing || !strings.Contains(told, key) || !strings.Contains(told, "backup") {
			t.Errorf("without %s: exit code %d: %s", key, code, told)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	must(t, "verify", "--data", data)
}

func TestAPersonIsToldWhoUsedTheirData(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	must(t, "city", "--residents", "9000", "--out", files)
	must(t, "register", "import", "--data", data, files)
	must(t, "round", "run", "pre-primary", "--data", data, "--as-of", "2021-01-07", "--answers", "simulated")
	b, err := os.ReadFile(filepath.Join(files, "population.csv"))
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?m)^\d{4}15A\w{4}`).FindString(string(b)) // somebody born in 2015
	ask := []string{"uses", "--data", data, "--json"}
	var told struct{ Uses []use }
	for range 2 {
		exit, out, said := runWith(t, code+"\n", ask...)
		if exit != exitOK || strings.Contains(out+said, code) {
			t.Fatalf("exit code %d", exit)
		}
		if err := json.Unmarshal([]byte(out), &told); err != nil {
			t.Fatal(err)
		}
	}
	verbs, laws := map[string]int{}, 0
	for _, u := range told.Uses {
		verbs[u.Verb]++
		if u.Purpose != "" && u.Law != "" && !u.At.IsZero() {
			laws++
		}
	}
	if verbs["import register"] == 0 || verbs["find people and hold places"] == 0 || verbs["answer who used data"] != 2 || laws != len(told.Uses) {
		t.Errorf("told of %v, %d with purpose and law", verbs, laws)
	}
	for in, want := range map[string]int{"": exitInvalid, "010101A0000\n": exitInvalid, strings.Repeat("x", 500): exitInvalid, "020203-999W\n": exitMissing} {
		if exit, _, said := runWith(t, in, ask...); exit != want || in != "" && strings.Contains(said, strings.TrimSpace(in)) {
			t.Errorf("exit code %d, not %d: %s", exit, want, said)
		}
	}
}

func TestRowsWithTheSameFaultAreToldTogether(t *testing.T) {
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	must(t, "city", "--residents", "2000", "--out", files)
	path := filepath.Join(files, "contacts.csv")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for i := range 12 {
		code, _, _ := strings.Cut(lines[i+1], ";")
		lines[i+1] = code + ";12;2015-05-09\n"
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	out := must(t, "register", "import", "--data", filepath.Join(dir, "data"), files)
	if strings.Count(out, "Set aside: contacts.csv") > 2 || !strings.Contains(out, "Row 2, 3, 4, 5, 6, 7, 8, 9 and ") {
		t.Error(out)
	}
}

// TestHelpTeaches holds every command to a text and an example.
func TestHelpTeaches(t *testing.T) {
	var each func(c *cobra.Command)
	each = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			each(sub)
		}
		if !c.HasSubCommands() && c.Name() != "help" && (c.Long == "" || !strings.Contains(c.Example, c.CommandPath())) {
			t.Errorf("%s has no text or no example", c.CommandPath())
		}
	}
	each(root(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}))
}
