// Package jobs works off the queue of background jobs, beside any number of
// processes that do the same on the same database. A job is done once: who takes
// it has it alone as long as it says that it is there, and when it is silent the
// job goes back into the queue within seconds. So what a job does must be such
// that it can be begun again.
package jobs

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/tables"
)

// Task is a job that is being done.
type Task struct {
	ID       store.JobID
	Args     []byte // JSON
	Attempt  int    // 1: the first
	Progress func(what string, done, total int)
}

// Do does a job. It may be called again for a job that it has begun, or even
// done, before, by this process or another one. A fault of kind Invalid, Refused
// or Missing ends the job; after any other it is tried again.
type Do func(ctx context.Context, t Task) error

// Options of a process that works jobs.
type Options struct {
	Name   string        // tells this process from all others, at any time
	Only   string        // the queue of jobs that only this machine can do; "": there is none
	Lease  time.Duration // how long it may be silent
	Slots  int           // jobs at once
	Kinds  map[string]Do // all kinds that there are
	Log    *slog.Logger
	Told   time.Duration // how often progress is kept at most
	Remain time.Duration // how long what is under way may go on when ctx ends
}

// kept is how long a job is remembered when it has ended.
const kept = 35 * 24 * time.Hour

// Run works jobs until ctx ends, and for a moment longer what is under way. What
// goes wrong is told and tried again.
func Run(ctx context.Context, s *tables.DB, o Options) error {
	known := river.NewWorkers()
	w := &worker{store: s, Options: o}
	for kind := range o.Kinds {
		river.AddWorkerArgs(known, told{kind: kind}, w)
	}
	quiet := slog.New(atLeast{slog.LevelWarn, o.Log.Handler()})
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Slots}}
	if o.Only != "" {
		queues[o.Only] = river.QueueConfig{MaxWorkers: 1}
	}
	c, err := river.NewClient(s.Queue(), &river.Config{ID: o.Name, Queues: queues, Workers: known, Logger: quiet,
		JobTimeout: -1, FetchPollInterval: 250 * time.Millisecond, PollOnly: true, SoftStopTimeout: o.Remain, RescueStuckJobsAfter: 10 * kept, // the lease does that
		CompletedJobRetentionPeriod: kept, CancelledJobRetentionPeriod: kept, DiscardedJobRetentionPeriod: kept, ReindexerIndexNames: []string{}})
	if err != nil {
		return fault.Wrap(err, "jobs.Run", "the queue of jobs cannot be worked")
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for w.beat(beating); !w.there && ctx.Err() == nil; w.beat(beating) {
		pause(ctx, o.Lease/3)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err := c.Start(ctx); err != nil {
		return fault.Wrap(err, "jobs.Run", "the queue of jobs cannot be worked")
	}
	for {
		select {
		case <-c.Stopped():
			return nil
		case <-time.After(o.Lease / 3): // a heart
			w.beat(beating)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// told is what a job is told.
type told struct {
	kind string
	args json.RawMessage
}

// Kind implements river.JobArgs.
func (t told) Kind() string { return t.kind }

// UnmarshalJSON keeps it as it is.
func (t *told) UnmarshalJSON(b []byte) error {
	t.args = append(t.args[:0], b...)
	return nil
}

type worker struct {
	river.WorkerDefaults[told]
	Options
	store *tables.DB
	there bool
}

// beat says that this process is there and relieves others that are silent.
func (w *worker) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.Lease)
	defer cancel()
	_, err := w.store.Beat(ctx, w.Name, w.Lease)
	n := 0
	if err == nil {
		w.there = true
		n, err = w.store.RelieveJobs(ctx, w.Name, w.Lease)
	}
	// The file's one connection may be busy with a job's own long write; nobody else
	// could take anything over there.
	if err != nil && w.store.Engine() != "sqlite" {
		w.Log.Warn("could not say that it is there now", "error", err)
	}
	if n > 0 {
		w.Log.Warn("took jobs over from a process that is silent", "jobs", n)
	}
}

// Timeout implements river.Worker: a job may take as long as it needs.
func (w *worker) Timeout(*river.Job[told]) time.Duration { return -1 }

// mostWait is the longest that a job waits that failed.
const mostWait = time.Minute

// NextRetry implements river.Worker.
func (w *worker) NextRetry(j *river.Job[told]) time.Time {
	return time.Now().Add(min(mostWait, time.Second<<min(j.Attempt, 10)))
}

// Work implements river.Worker.
func (w *worker) Work(ctx context.Context, j *river.Job[told]) (err error) {
	began := time.Now()
	w.Log.Info("job begun", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt)
	defer func() {
		if recover() != nil { // its value may hold anything
			w.Log.Error("a job broke", "job", j.ID, "kind", j.Kind, "stack", string(debug.Stack()))
			err = fault.New(fault.Internal, "jobs.Work", "the job broke; the log of %s says where", w.Name)
		}
	}()
	far := &far{}
	telling, stop := context.WithCancel(ctx)
	told := make(chan struct{})
	go func() {
		defer close(told)
		w.tell(telling, store.JobID(j.ID), far)
	}()
	defer func() { stop(); <-told }()
	t := Task{ID: store.JobID(j.ID), Args: j.Args.args, Attempt: j.Attempt, Progress: far.set}
	err = w.Kinds[j.Kind](ctx, t)
	switch kind := fault.KindOf(err); {
	case err == nil:
		w.Log.Info("job done", "job", j.ID, "kind", j.Kind, "seconds", time.Since(began).Seconds())
		return nil
	case ctx.Err() != nil:
		w.Log.Info("job stopped", "job", j.ID, "kind", j.Kind)
	case kind == fault.Invalid || kind == fault.Refused || kind == fault.Missing:
		w.Log.Warn("a job cannot be done", "job", j.ID, "kind", j.Kind, "error", err)
		return river.JobCancel(err)
	default:
		w.Log.Warn("could not do a job now", "job", j.ID, "kind", j.Kind, "attempt", j.Attempt, "error", err)
	}
	return err
}

// far is how far a job is.
type far struct {
	mu          sync.Mutex
	what        string
	done, total int
	fresh       bool
}

func (f *far) set(what string, done, total int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.what, f.done, f.total, f.fresh = what, done, total, true
}

// take gives what was not kept yet.
func (f *far) take() (what string, done, total int, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh, f.fresh = f.fresh, false
	return f.what, f.done, f.total, fresh
}

// tell keeps how far a job is, until ctx ends. It is beside the job: a job tells
// in the middle of a write, too, and may hold the only connection.
func (w *worker) tell(ctx context.Context, id store.JobID, f *far) {
	tick := time.NewTicker(max(w.Told, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if what, done, total, fresh := f.take(); fresh {
			if err := w.store.JobProgress(ctx, id, what, done, total); err != nil && ctx.Err() == nil {
				w.Log.Warn("could not keep how far a job is", "job", id, "error", err)
			}
		}
	}
}

// Last reports whether the fault of a job that was begun so often is its last:
// nobody begins it again.
func Last(t Task, err error) bool {
	kind := fault.KindOf(err)
	return err != nil && (t.Attempt >= river.MaxAttemptsDefault || kind == fault.Invalid || kind == fault.Refused || kind == fault.Missing)
}

// Read reads what a job is told.
func Read[T any](t Task) (T, error) {
	var out T
	if err := json.Unmarshal(t.Args, &out); err != nil {
		return out, fault.New(fault.Invalid, "jobs.Read", "what the job is told is not readable")
	}
	return out, nil
}

// atLeast lets only what is important through.
type atLeast struct {
	level slog.Level
	slog.Handler
}

// Enabled implements slog.Handler.
func (a atLeast) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= a.level && a.Handler.Enabled(ctx, l)
}

var _ river.Worker[told] = (*worker)(nil)
