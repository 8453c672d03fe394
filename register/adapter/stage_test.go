package adapter_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

// office is a city that keeps permissions and marks in memory.
type office struct {
	mu        sync.Mutex
	verdict   func(n int, q standing.Question) (standing.Verdict, error) // n counts questions from 1
	questions []standing.Question
	marks     []standing.Mark
	refuse    error // of marks
	refused   int
	changed   chan struct{}
}

func stands(int, standing.Question) (standing.Verdict, error) {
	return standing.Verdict{Stands: true, Until: time.Now().Add(time.Hour)}, nil
}

func (o *office) Standing(_ context.Context, q standing.Question) (standing.Verdict, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.questions = append(o.questions, q)
	return o.verdict(len(o.questions), q)
}

func (o *office) Mark(_ context.Context, m standing.Mark) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() {
		close(o.changed)
		o.changed = make(chan struct{})
	}()
	if o.refuse != nil {
		o.refused++
		return o.refuse
	}
	if !slices.ContainsFunc(o.marks, func(x standing.Mark) bool { return x.ID == m.ID }) {
		o.marks = append(o.marks, m)
	}
	return nil
}

func (o *office) set(v func(int, standing.Question) (standing.Verdict, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.verdict = v
}

// has waits until the city has so many marks.
func (o *office) has(t *testing.T, n int) []standing.Mark {
	t.Helper()
	o.until(t, func() bool { return len(o.marks) >= n })
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.marks)
}

// until waits until something is so.
func (o *office) until(t *testing.T, so func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		o.mu.Lock()
		done, changed := so(), o.changed
		o.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the city waited for marks in vain")
		}
	}
}

type logs struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{} // closed when there is more
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.wrote != nil {
		close(l.wrote)
		l.wrote = nil
	}
	return l.b.Write(p)
}

// with is the log once it holds some words: what is told of an answer is written after
// the answer has left.
func (l *logs) with(t *testing.T, words string) string {
	t.Helper()
	for {
		l.mu.Lock()
		said := l.b.String()
		if l.wrote == nil {
			l.wrote = make(chan struct{})
		}
		more := l.wrote
		l.mu.Unlock()
		if strings.Contains(said, words) {
			return said
		}
		select {
		case <-more:
		case <-time.After(10 * time.Second):
			t.Fatalf("the log never says %q: %s", words, said)
		}
	}
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type stage struct {
	*standin.Source
	office *office
	log    *logs
	key    standing.Key
	who    person.Code
}

// open starts a made-up source whose city says yes.
func open(t testing.TB, change func(*standin.SourceOptions)) *stage {
	t.Helper()
	key, err := standing.NewKey(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{office: &office{verdict: stands, changed: make(chan struct{})}, log: &logs{}, key: key}
	o := standin.SourceOptions{Dir: t.TempDir(), Office: s.office, Key: key, Log: slog.New(slog.NewJSONHandler(s.log, nil)),
		Purposes: map[string][]permission.Field{feePurpose: {incomes.FieldMonth, incomes.FieldKind, incomes.FieldCents}, "other-purpose": {incomes.FieldMonth, incomes.FieldPayer}},
		Over: func(c xroad.Config) xroad.Config {
			c.Tries, c.Failures = 1, 1000
			return c
		}}
	if change != nil {
		change(&o)
	}
	if s.Source, err = standin.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for number := 900; s.who.IsZero() || s.Register.WayOf(s.who, "2026-01") != standin.Employed; number++ {
		if s.who, err = person.MakeCode(time.Date(1985, 5, 17, 0, 0, 0, 0, time.UTC), 0, number); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *stage) request() incomes.Request {
	return incomes.Request{Purpose: feePurpose, Permission: 42, Person: s.who, SignedIn: s.who, From: "2026-01", To: "2026-10",
		Fields: []permission.Field{incomes.FieldMonth, incomes.FieldKind, incomes.FieldCents}}
}

// nothing asserts that nothing was handed over: no mark, no figure of income in
// the answer, and a refusal of the kind.
func (s *stage) nothing(t *testing.T, what string, a incomes.Answer, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind || len(a.Income) != 0 || strings.Contains(err.Error(), s.who.Reveal()) {
		t.Errorf("%s: %s, %v", what, fault.KindOf(err), err)
	}
	if n := s.Adapter.Waiting(); n != 0 {
		t.Errorf("%s: %d marks", what, n)
	}
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	if len(s.office.marks) != 0 {
		t.Errorf("%s: %d marks", what, len(s.office.marks))
	}
}
