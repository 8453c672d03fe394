package log_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"ennakko/audit/log"
)

// crashDir names the directory in which the child of the crash test sequences.
const crashDir = "ENNAKKO_LOG_CRASH_DIR"

// longest is the most entries that the child adds at a time.
const longest = 97

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		sequenceForEver(dir)
	}
	os.Exit(m.Run())
}

// sequenceForEver adds a few entries at a time until it is killed.
func sequenceForEver(dir string) {
	l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(dir, "keys")})
	if err != nil {
		panic(err)
	}
	size, err := l.Size(context.Background())
	if err != nil {
		panic(err)
	}
	// The first step is the longest: leaves may be in the tree whose checkpoint
	// was never published, and their rows exist.
	for step := uint64(longest); ; step = step*5%longest + 1 {
		size += step
		if _, err := l.Sequence(context.Background(), endless(size)); err != nil {
			panic(err)
		}
	}
}

func TestALogGoesOnAfterItsProcessWasKilledAtAnyMoment(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, random := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	var before uint64
	for kill := 1; kill <= 20; kill++ {
		child := exec.Command(self)
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10+random.IntN(150)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := child.Wait(); err == nil || child.ProcessState.Exited() {
			t.Fatalf("the child ended by itself: %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "log/checkpoint")); err != nil {
			continue // killed before the log was made
		}
		size, err := open(t, dir).Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		report, err := verify(t, dir, endless(size+longest))
		if err != nil {
			t.Fatalf("after kill %d: %v", kill, err)
		}
		if report.Entries < before {
			t.Fatalf("after kill %d the log has %d entries; before it had %d", kill, report.Entries, before)
		}
		before = report.Entries
	}
	end := endless(before + 10_000)
	if done := sequence(t, open(t, dir), end); done.Size != uint64(end) {
		t.Errorf("in the end the log has %d entries; want %d", done.Size, end)
	}
	if r := mustVerify(t, dir, end); r.Entries != uint64(end) || r.Pending != 0 {
		t.Errorf("in the end verify reports %+v", r)
	}
	t.Logf("%d entries after 20 kills", before)
}
