package app_test

import (
	"context"
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"ennakko/app"
	"ennakko/testcity"
	"ennakko/trace"
)

// TestTracesOfARoundNameNobody imports a city and runs a round to its end with
// every span kept, and looks in all that they say for anything of anybody.
func TestTracesOfARoundNameNobody(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	tracer := trace.To(kept)
	ctx := tracer.In(t.Context())
	files, data := filepath.Join(t.TempDir(), "files"), filepath.Join(t.TempDir(), "data")
	if _, err := testcity.Write(ctx, files, testcity.Options{Residents: 4000, Seed: 7, Day: asOf.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	clock := app.NewSteppedClock(begin)
	a, err := open(ctx, data, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if _, err := a.Import(ctx, files, "officer:test", silent); err != nil {
		t.Fatal(err)
	}
	r, err := toEnd(ctx, a, clock)
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]int{} // all that is said, and how often
	names := map[string]int{}
	for _, s := range kept.GetSpans() {
		names[s.Name]++
		words[s.Name]++
		words[s.Status.Description]++
		for _, at := range s.Attributes {
			words[string(at.Key)]++
			words[at.Value.String()]++ // numbers, too
		}
		for _, e := range s.Events {
			words[e.Name]++
			for _, at := range e.Attributes {
				words[at.Value.String()]++
			}
		}
		for _, l := range s.Links {
			t.Errorf("%s is linked: %v", s.Name, l)
		}
	}
	for _, want := range []trace.Name{"import", "parse", "prepare round", "find", "homes", "assign", "draft", "approve round", "batch", "claim", "hand over", "settle", "timers", "answers", "answer", "receive messages", "receive reports", "write"} {
		if names[string(want)] == 0 {
			t.Errorf("nothing is told of: %s", want)
		}
	}
	if f, err := a.DB.Funnel(t.Context(), r.ID); err != nil || names["answer"] != f.Incoming || f.Incoming == 0 {
		t.Errorf("%d answers are told of %d: %v", names["answer"], f.Incoming, err)
	}
	nobody(t, files, words)
}

// nobody fails if the words name or bear anything of anybody in the register
// files.
func nobody(t *testing.T, files string, words map[string]int) {
	t.Helper()
	secret := map[string]bool{}
	for file, columns := range map[string][]string{"population.csv": {"code", "family_name", "given_names", "birth_date", "street", "dwelling", "district"}, "contacts.csv": {"mobile"}} {
		f, err := os.Open(filepath.Join(files, file))
		if err != nil {
			t.Fatal(err)
		}
		c := csv.NewReader(f)
		c.Comma = ';'
		rows, err := c.ReadAll()
		if cerr := f.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		for _, name := range columns {
			i := slices.Index(rows[0], name)
			for _, row := range rows[1:] {
				if len(row[i]) > 3 {
					secret[row[i]] = true
				}
			}
		}
	}
	found := func(w string) bool {
		for s := range secret {
			if strings.Contains(w, s) {
				return true
			}
		}
		return false
	}
	for name := range maps.Keys(secret) { // the search finds what it is to find
		if !found("about " + name) {
			t.Fatal("the search finds nothing")
		}
		break
	}
	if len(secret) < 4000 || len(words) > 400 {
		t.Fatalf("%d secrets, %d words", len(secret), len(words))
	}
	for w, n := range words {
		if len(w) > 60 || strings.ContainsAny(w, "@+/") || found(w) {
			t.Errorf("%d spans say %q", n, w)
		}
	}
}
