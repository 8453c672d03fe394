package adapter_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/adapter"
	"ennakko/register/standing"
)

func journal(t *testing.T, dir string) *adapter.Journal {
	t.Helper()
	j, err := adapter.OpenJournal(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func mark(n int) standing.Mark {
	return standing.Mark{ID: fmt.Sprintf("mark-%05d", n), Client: "city", Permission: 42, Purpose: feePurpose, Fields: []permission.Field{"incomes.cents"},
		Person: standing.PersonMark(strings.Repeat("ab", 32)), At: time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC)}
}

func ids(t *testing.T, j *adapter.Journal, most int) (out []string) {
	t.Helper()
	marks, _, _, err := j.Next(most)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range marks {
		out = append(out, m.ID)
	}
	return out
}

func TestMarksWaitUntilTheCityKnowsThemAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir)
	for n := range 5 {
		if err := j.Append(mark(n)); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, j, 3); !slices.Equal(got, []string{"mark-00000", "mark-00001", "mark-00002"}) || j.Waiting() != 5 {
		t.Fatalf("%v, %d", got, j.Waiting())
	}
	marks, ends, _, err := j.Next(2)
	if err == nil {
		err = j.Told(ends[1], 2, marks[1:])
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	again := journal(t, dir)
	if got := ids(t, again, 100); !slices.Equal(got, []string{"mark-00002", "mark-00003", "mark-00004"}) || again.Waiting() != 3 {
		t.Errorf("%v, %d", got, again.Waiting())
	}
	if b, err := os.ReadFile(filepath.Join(dir, "refused.jsonl")); err != nil || !strings.Contains(string(b), "mark-00001") || strings.Count(string(b), "\n") != 1 {
		t.Errorf("%s %v", b, err)
	}
	if err := again.Append(mark(5)); err != nil || again.Waiting() != 4 {
		t.Errorf("%d, %v", again.Waiting(), err)
	}
}

// The machine stops in the middle of a line: nothing was handed over for it.
func TestATornLineIsTakenAway(t *testing.T) {
	whole := t.TempDir()
	j := journal(t, whole)
	for n := range 3 {
		if err := j.Append(mark(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(whole, "marks.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	line := len(b) / 3
	for at := 0; at <= len(b); at += 7 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "marks.jsonl"), b[:at], 0o600); err != nil {
			t.Fatal(err)
		}
		j := journal(t, dir)
		if j.Waiting() != at/line {
			t.Fatalf("after %d bytes %d marks wait", at, j.Waiting())
		}
		if err := j.Append(mark(9)); err != nil {
			t.Fatal(err)
		}
		if got := ids(t, j, 100); len(got) != at/line+1 || got[len(got)-1] != "mark-00009" {
			t.Fatalf("after %d bytes: %v", at, got)
		}
		_ = j.Close()
	}
}

func TestAJournalThatWasChangedIsNotGoneOnWith(t *testing.T) {
	for what, spoil := range map[string]func(dir string) error{
		"a line in the middle": func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, "marks.jsonl"))
			b[len(b)/2] = 0
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "marks.jsonl"), b, 0o600))
		},
		"marks that were sent are gone": func(dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, "sent"), []byte("5\n"), 0o600), os.Truncate(filepath.Join(dir, "marks.jsonl"), 0))
		},
		"what was sent":        func(dir string) error { return os.WriteFile(filepath.Join(dir, "sent"), []byte("x"), 0o600) },
		"less than nothing":    func(dir string) error { return os.WriteFile(filepath.Join(dir, "sent"), []byte("-1"), 0o600) },
		"the middle of a line": func(dir string) error { return os.WriteFile(filepath.Join(dir, "sent"), []byte("5"), 0o600) },
	} {
		dir := t.TempDir()
		j := journal(t, dir)
		for n := range 3 {
			if err := j.Append(mark(n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(j.Close(), spoil(dir)); err != nil {
			t.Fatal(err)
		}
		if _, err := adapter.OpenJournal(dir); fault.KindOf(err) != fault.Tampered {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTwoAdaptersDoNotShareAJournal(t *testing.T) {
	dir := t.TempDir()
	journal(t, dir)
	if _, err := adapter.OpenJournal(dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
}

// Marks that come at once share one waiting for the disk, and none is lost.
func TestMarksThatComeAtOnceAreAllKept(t *testing.T) {
	j := journal(t, t.TempDir())
	var syncs atomic.Int64
	j.OnSync(func() error { syncs.Add(1); return nil })
	const n = 400
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := j.Append(mark(i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := ids(t, j, n+1)
	slices.Sort(got)
	if len(slices.Compact(got)) != n || j.Waiting() != n || syncs.Load() > n {
		t.Errorf("%d marks, %d waiting, %d waits for the disk", len(got), j.Waiting(), syncs.Load())
	}
	bad := mark(1)
	bad.Person = "010190-999W"
	if err := j.Append(bad); fault.KindOf(err) != fault.Invalid || j.Waiting() != n {
		t.Errorf("a mark with a code in it: %v", err)
	}
}

// city takes marks as told.
type city struct {
	mu   sync.Mutex
	said []func([]standing.WireMark) ([]bool, error)
	got  []string
	done chan struct{}
}

func (c *city) Ask(context.Context, standing.Question) (standing.Verdict, error) {
	return standing.Verdict{}, errors.New("not asked")
}

func (c *city) Send(_ context.Context, marks []standing.WireMark) ([]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range marks {
		c.got = append(c.got, m.ID)
	}
	say := c.said[0]
	if c.said = c.said[1:]; len(c.said) == 0 {
		defer close(c.done)
	}
	return say(marks)
}

func TestMarksAreSentAgainUntilTheCityAnswersAndWaitLonger(t *testing.T) {
	dir := t.TempDir()
	j := journal(t, dir)
	for n := range 3 {
		if err := j.Append(mark(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	down := func([]standing.WireMark) ([]bool, error) { return nil, errors.New("down") }
	c := &city{done: make(chan struct{}), said: []func([]standing.WireMark) ([]bool, error){down, down,
		func([]standing.WireMark) ([]bool, error) { return []bool{true}, nil },             // only the first
		func([]standing.WireMark) ([]bool, error) { return []bool{true, true, true}, nil }, // more than were sent
		func([]standing.WireMark) ([]bool, error) { return nil, nil },                      // none
		func(m []standing.WireMark) ([]bool, error) { return slices.Repeat([]bool{true}, len(m)), nil }}}
	key, err := standing.NewKey(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	a, err := adapter.New(adapter.Config{Marks: dir, AtOnce: 1, Within: time.Second, Register: adapter.Register{URL: "http://127.0.0.1:1"}, Permissions: adapter.Permissions{Key: key}},
		adapter.Options{City: c, Wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Deliver(ctx) }()
	<-c.done
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !slices.Equal(waits, []time.Duration{time.Second, 2 * time.Second, time.Second, 2 * time.Second}) {
		t.Errorf("it waited %v", waits)
	}
	want := "mark-00000 mark-00001 mark-00002"
	if got := strings.Join(c.got, " "); got != strings.Join([]string{want, want, want, "mark-00001 mark-00002 mark-00001 mark-00002 mark-00001 mark-00002"}, " ") || a.Waiting() != 0 {
		t.Errorf("%s, %d wait", got, a.Waiting())
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
