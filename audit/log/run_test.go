package log_test

import (
	"context"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"ennakko/audit/log"
	"ennakko/fault"
)

func TestALogOfManyBatchesHasAllItsLevels(t *testing.T) {
	if testing.Short() {
		t.Skip("65,800 entries; -short is make check's race run, make test runs this")
	}
	dir, rows := t.TempDir(), keep(65_800)
	l := open(t, dir)
	indexed := sliced(rows.rows)
	if done := sequence(t, l, indexed); done.Added != 65_800 {
		t.Fatalf("sequenced %+v", done)
	}
	mustVerify(t, dir, indexed)
	for name, want := range map[string]string{
		"tile/entries/256": "entry 65537: ", "tile/1/000": "entry 769: ", "tile/2/000.p/1": "entry 1: the hash over entries 1 to 65536",
	} {
		at := map[string]int{"tile/1/000": 3 * 32}[name]
		flip(t, dir, name, at)
		_, err := verify(t, dir, indexed)
		wantTampered(t, err, want)
		flip(t, dir, name, at)
	}
	p, err := l.Prove(t.Context(), 65_700)
	if err != nil {
		t.Fatal(err)
	}
	r := row(65_700)
	if err := p.Check(*r.Entry, r.Salt, l.Verifier()); err != nil {
		t.Error(err)
	}
}

func TestRunSequencesWhenWokenAndEndsWithItsContext(t *testing.T) {
	dir, k := t.TempDir(), keep(5)
	l := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	wake, told, ended := make(chan struct{}), make(chan log.Sequenced), make(chan error)
	go func() {
		ended <- l.Run(ctx, k, wake, time.Hour, func(s log.Sequenced, err error) {
			if err != nil {
				t.Error(err)
			}
			told <- s
		})
	}()
	if s := <-told; s.Size != 5 {
		t.Errorf("at first %+v; want 5 entries", s)
	}
	k.grow(9)
	wake <- struct{}{}
	if s := <-told; s.Added != 4 {
		t.Errorf("when woken %+v; want 4 added", s)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v; want nil", err)
	}
}

func TestRunEndsWithARowThatDoesNotMatch(t *testing.T) {
	k := keep(5)
	k.rows[2].Salt[0] ^= 1
	err := open(t, t.TempDir()).Run(t.Context(), k, nil, time.Hour, nil)
	wantTampered(t, err, "entry 3")
}

func TestAClosedLogHasNothingRunningAndSaysNothing(t *testing.T) {
	stderr := os.Stderr
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stderr = w
	l := open(t, t.TempDir())
	sequence(t, l, keep(300))
	os.Stderr = stderr
	_ = w.Close()
	if said, _ := io.ReadAll(r); len(said) > 0 {
		t.Errorf("said on standard error: %s", said)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Sequence(t.Context(), keep(301)); fault.KindOf(err) != fault.Refused {
		t.Errorf("sequencing after closing: %v; want refused", err)
	}
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		text := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(text, "transparency-dev/tessera") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", text)
		}
	}
}
