package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/audit/log"
)

// oneEntry is a record of one entry.
type oneEntry log.Record

func (o oneEntry) Last(context.Context) (uint64, error) { return 1, nil }
func (o oneEntry) Range(context.Context, uint64, int) ([]log.Record, error) {
	return []log.Record{log.Record(o)}, nil
}

// takenAlong writes the file of a proof and a checkpoint, and gives the log's key.
func takenAlong(t *testing.T) (file, checkpoint, verifier string) {
	t.Helper()
	dir := t.TempDir()
	l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	e := audit.Entry{Seq: 1, At: time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC), Actor: "officer:jane", Verb: "look at a case", Purpose: "pre-primary", Basis: "law", Object: "case 77", People: roaring.BitmapOf(5, 17)}
	salt, err := audit.NewSalt(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := e.Leaf(salt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Sequence(t.Context(), oneEntry{Seq: 1, Entry: &e, Salt: salt, Leaf: leaf}); err != nil {
		t.Fatal(err)
	}
	d, err := e.Disclose(salt, 17, audit.PartAt, audit.PartKind, audit.PartVerb)
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.File(t.Context(), d, 0)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	cp, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file, checkpoint = filepath.Join(dir, "proof.json"), filepath.Join(dir, "checkpoint.txt")
	for path, content := range map[string][]byte{file: raw, checkpoint: []byte(cp)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file, checkpoint, l.Verifier()
}

// checking runs the command and gives what it says and its exit code.
func checking(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	var b bytes.Buffer
	c := root(strings.NewReader(""), &b, &b)
	c.SetArgs(append([]string{"proof", "check"}, args...))
	err := c.ExecuteContext(t.Context())
	if err != nil {
		tell(&b, err)
	}
	return b.String(), exitCode(err)
}

func TestAProofIsCheckedWithNothingButTheFileAndTheKey(t *testing.T) {
	file, checkpoint, verifier := takenAlong(t)
	out, code := checking(t, file, "--verifier", verifier)
	if code != exitOK || !strings.Contains(out, "The proof holds") || !strings.Contains(out, "number 17") || !strings.Contains(out, `"look at a case"`) || strings.Contains(out, "jane") || strings.Contains(out, "77") {
		t.Errorf("exit code %d: %s", code, out)
	}
	out, code = checking(t, file, "--verifier", verifier, "--checkpoint", checkpoint, "--json")
	var r proofResult
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitOK || !r.Published || !r.Shown || r.Person != 17 || r.Kind != "officer:" || r.At.IsZero() {
		t.Errorf("exit code %d: %s, %v", code, out, err)
	}
	key := filepath.Join(t.TempDir(), "verifier")
	if err := os.WriteFile(key, []byte(verifier+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := checking(t, file, "--verifier", key); code != exitOK {
		t.Errorf("with the key in a file: %s", out)
	}
}

func TestAFalseProofEndsWithTheCodeOfARecordThatDoesNotMatch(t *testing.T) {
	file, checkpoint, verifier := takenAlong(t)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "changed.json")
	if err := os.WriteFile(changed, bytes.Replace(raw, []byte("look at a case"), []byte("look at a face"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	other, foreign, strange := takenAlong(t)
	for name, x := range map[string]struct {
		args []string
		code int
	}{
		"changed":                     {[]string{changed, "--verifier", verifier}, exitTampered},
		"another record's key":        {[]string{file, "--verifier", strange}, exitTampered},
		"another record's file":       {[]string{other, "--verifier", verifier}, exitTampered},
		"another record's checkpoint": {[]string{file, "--verifier", verifier, "--checkpoint", foreign}, exitTampered},
		"no key":                      {[]string{file}, exitInvalid},
		"no file":                     {[]string{file + "x", "--verifier", verifier}, exitMissing},
		"no checkpoint":               {[]string{file, "--verifier", verifier, "--checkpoint", file + "x"}, exitMissing},
		"no proof":                    {[]string{checkpoint, "--verifier", verifier}, exitInvalid},
	} {
		if out, code := checking(t, x.args...); code != x.code || strings.Contains(out, "holds") {
			t.Errorf("%s: exit code %d, not %d: %s", name, code, x.code, out)
		}
	}
}

// The names of the bench's figures are a contract.
func TestTheBenchOfTheRecordFillsProvesErasesAndVerifies(t *testing.T) {
	dir := t.TempDir()
	run := func(entries string) map[string]any {
		var out, said bytes.Buffer
		c := root(strings.NewReader(""), &out, &said)
		c.SetArgs([]string{"bench", "audit", "--entries", entries, "--writers", "16", "--data", dir, "--json"})
		if err := c.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := run("3000")
	for _, name := range []string{"entries", "entries_per_second", "proof_ms_p50", "proof_ms_p99", "bytes_per_entry", "uses_ms_p50", "uses_ms_p99"} {
		if n, ok := got[name].(float64); !ok || n <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if got["verified"] != true || got["erased_entries"].(float64) < 1 || got["written"].(float64) != 2999 {
		t.Errorf("%v", got)
	}
	if again := run("3000"); again["written"].(float64) != 300 || again["entries"].(float64) <= got["entries"].(float64) {
		t.Errorf("on top of the first: %v", again)
	}
}
