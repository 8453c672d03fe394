package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/store"
	"ennakko/testcity"
)

// works lets a process work jobs until the test ends or stop is called.
func works(t *testing.T, a *app.App, o app.JobOptions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	o.Name, o.Machine, o.Lease, o.Log = "worker-"+t.Name(), "here", 2*time.Second, slog.New(slog.DiscardHandler)
	if o.Slots == 0 {
		o.Slots = 2
	}
	go func() { done <- a.WorkJobs(ctx, o) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// until waits for a state of the jobs.
func until(t *testing.T, a *app.App, what string, is func([]store.Job) bool) []store.Job {
	t.Helper()
	for late := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) { // others tell it by the database alone
		list, err := a.DB.Jobs(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if is(list) {
			return list
		}
		if time.Now().After(late) {
			t.Fatalf("%s did not come: %+v", what, list)
		}
	}
}

// all tells whether the jobs of a kind, at least one, are all in a state.
func all(kind string, is store.JobState) func([]store.Job) bool {
	return func(list []store.Job) bool {
		n := 0
		for _, j := range list {
			if j.Kind == kind && j.State != is {
				return false
			}
			if j.Kind == kind {
				n++
			}
		}
		return n > 0
	}
}

func TestAnImportIsDoneAsAJobWithTheRestOfTheHousekeeping(t *testing.T) {
	dir := t.TempDir()
	files := filepath.Join(dir, "files")
	if _, err := testcity.Write(t.Context(), files, testcity.Options{Residents: 3000, Seed: 7, Day: asOf.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), filepath.Join(dir, "data"), app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	for _, folder := range []string{files, files, filepath.Join(dir, "nowhere")} {
		if _, err := a.AskImport(t.Context(), folder, "here", "officer:test"); err != nil {
			t.Fatal(err)
		}
	}
	backups := filepath.Join(dir, "backups")
	stop := works(t, a, app.JobOptions{Backups: backups, BackupEvery: 24 * time.Hour, Slots: 2})
	list := until(t, a, "the end of all jobs", func(list []store.Job) bool {
		ended := 0
		for _, j := range list {
			if j.State == store.JobDone || j.State == store.JobRefused {
				ended++
			}
		}
		return ended == 5
	})
	for _, j := range list {
		lost := strings.Contains(j.Args, "nowhere")
		if lost != (j.State == store.JobRefused) || lost != (j.Trouble != "") {
			t.Errorf("the job %s is %s: %s", j.Kind, j.State, j.Trouble)
		}
	}
	stop()
	snapshots, err := a.DB.Snapshots(t.Context())
	if err != nil || len(snapshots) == 0 {
		t.Fatalf("%d snapshots, %v", len(snapshots), err)
	}
	before, err := os.ReadDir(backups)
	if err != nil || len(before) != 1 || strings.HasSuffix(before[0].Name(), ".part") {
		t.Fatalf("backups: %v, %v", before, err)
	}
	// Another process of this machine puts nothing more into the queue.
	works(t, a, app.JobOptions{Backups: backups, BackupEvery: 24 * time.Hour})
	if id, err := a.AskImport(t.Context(), files, "here", "officer:test"); err != nil || id == 0 {
		t.Fatal(err)
	}
	if list := until(t, a, "the last import", func(l []store.Job) bool { return l[0].State == store.JobDone }); len(list) != 6 {
		t.Errorf("%d jobs: %+v", len(list), list)
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestLettersAndErasingAreJobs(t *testing.T) {
	n := newNoPhones(t)
	c, o := n.office(t)
	for range 2 {
		if _, err := n.AskPost(t.Context(), n.pack, n.round.ID, "here", "officer:post"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.AskPost(t.Context(), n.pack, n.round.ID+100, "here", "officer:post"); err != nil {
		t.Fatal(err)
	}
	stop := works(t, n.App, app.JobOptions{Pack: n.pack, Office: c, Erase: true})
	list := until(t, n.App, "the end of all jobs", func(list []store.Job) bool {
		ended := 0
		for _, j := range list {
			if !j.Ended.IsZero() {
				ended++
			}
		}
		return ended == 6
	})
	for _, j := range list {
		if lost := strings.Contains(j.Args, "101"); lost != (j.State == store.JobRefused) {
			t.Errorf("the job %s %s is %s: %s", j.Kind, j.Args, j.State, j.Trouble)
		}
	}
	stop()
	if l := o.Letters(); len(l) != 2 {
		t.Errorf("%d letters to two guardians", len(l))
	}
	if err := n.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}
