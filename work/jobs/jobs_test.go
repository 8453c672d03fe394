package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
	"ennakko/work/jobs"
)

type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func open(t *testing.T) *tables.DB {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := sqlite.Open(t.Context(), filepath.Join(dir, "ennakko.db"), v, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func ask(t *testing.T, d *tables.DB, kinds ...string) {
	t.Helper()
	act, err := audit.Begin("officer:test", "ask", "p", "law", time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), act, func(tx store.Tx) error {
		for _, k := range kinds {
			if _, err := tx.AddJob(store.NewJob{Kind: k, Args: map[string]int{"n": 1}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// run works jobs until is true of them.
func run(t *testing.T, d *tables.DB, name string, kinds map[string]jobs.Do, log *said, is func(map[string]store.Job) bool) map[string]store.Job {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- jobs.Run(ctx, d, jobs.Options{Name: name, Lease: time.Second, Slots: 4, Kinds: kinds, Log: slog.New(slog.NewJSONHandler(log, nil)), Remain: time.Second, Told: 20 * time.Millisecond})
	}()
	var byKind map[string]store.Job
	for late := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // the queue tells it by the database alone
		list, err := d.Jobs(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		byKind = map[string]store.Job{}
		for _, j := range list {
			byKind[j.Kind] = j
		}
		if is(byKind) {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("it did not come: %+v", byKind)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	return byKind
}

func TestAFaultOfTheInputEndsAJobAndAnotherIsTriedAgain(t *testing.T) {
	d := open(t)
	ask(t, d, "invalid", "later", "breaks")
	var tries, n atomic.Int64
	log := &said{}
	kinds := map[string]jobs.Do{
		"invalid": func(_ context.Context, task jobs.Task) error {
			args, err := jobs.Read[map[string]int](task)
			n.Store(int64(args["n"]))
			if err == nil {
				err = fault.New(fault.Invalid, "test", "it cannot be so")
			}
			return err
		},
		"later": func(context.Context, jobs.Task) error {
			if tries.Add(1) == 1 {
				return fault.New(fault.Later, "test", "not now")
			}
			return nil
		},
		"breaks": func(context.Context, jobs.Task) error { panic("Aino Virtanen") },
	}
	got := run(t, d, "w1", kinds, log, func(j map[string]store.Job) bool {
		return j["invalid"].State == store.JobRefused && j["later"].State == store.JobDone && j["breaks"].Trouble != ""
	})
	if n.Load() != 1 || tries.Load() != 2 || got["later"].Attempt != 2 || !strings.Contains(got["invalid"].Trouble, "it cannot be so") || got["invalid"].Attempt != 1 {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got["breaks"].Trouble+log.String(), "Aino") || !strings.Contains(got["breaks"].Trouble, "the job broke") {
		t.Errorf("what broke a job is told: %s\n%s", got["breaks"].Trouble, log.String())
	}
}

// TestAJobTellsHowFarItIsFromWithinAWrite: the file has one connection for writing,
// and the job has it.
func TestAJobTellsHowFarItIsFromWithinAWrite(t *testing.T) {
	d := open(t)
	ask(t, d, "writes")
	act, err := audit.Begin("officer:test", "write", "p", "law", time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	kinds := map[string]jobs.Do{"writes": func(ctx context.Context, task jobs.Task) error {
		err := d.Write(ctx, act, func(store.Tx) error {
			for n := range 300 { // for longer than between two tellings
				task.Progress("writing", n, 300)
				time.Sleep(time.Millisecond)
			}
			return nil
		})
		task.Progress("writing", 300, 300)
		<-release
		return err
	}}
	var once sync.Once
	got := run(t, d, "w1", kinds, &said{}, func(j map[string]store.Job) bool {
		if j["writes"].Done == 300 {
			once.Do(func() { close(release) })
		}
		return j["writes"].State == store.JobDone
	})
	if j := got["writes"]; j.What != "writing" || j.Total != 300 {
		t.Errorf("%+v", j)
	}
}

// TestWhatAProcessBeganThatIsSilentIsBegunAnew: the first process lets its job
// hang; the second one finds it silent.
func TestWhatAProcessBeganThatIsSilentIsBegunAnew(t *testing.T) {
	d := open(t)
	ask(t, d, "hangs")
	hanging := make(chan struct{})
	defer close(hanging)
	began := make(chan struct{}, 10)
	stuck := map[string]jobs.Do{"hangs": func(context.Context, jobs.Task) error {
		began <- struct{}{}
		<-hanging
		return nil
	}}
	ctx, gone := context.WithCancel(t.Context())
	defer gone()
	go func() {
		_ = jobs.Run(ctx, d, jobs.Options{Name: "silent", Lease: time.Hour, Slots: 1, Kinds: stuck, Log: slog.New(slog.DiscardHandler), Remain: time.Second})
	}()
	<-began
	got := run(t, d, "w2", map[string]jobs.Do{"hangs": func(context.Context, jobs.Task) error { return nil }}, &said{}, func(j map[string]store.Job) bool {
		return j["hangs"].State == store.JobDone
	})
	if j := got["hangs"]; j.Attempt != 2 || j.Worker != "w2" {
		t.Errorf("%+v", j)
	}
}
