package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/store"
)

// mostJobs is how many jobs are listed.
const mostJobs = 50

// jobRow is a job as it is listed; its names are a contract.
type jobRow struct {
	ID      int64      `json:"id"`
	Kind    string     `json:"kind"`
	State   string     `json:"state"`
	Attempt int        `json:"attempt"`
	Worker  string     `json:"worker,omitempty"`
	Asked   time.Time  `json:"asked"`
	Begun   *time.Time `json:"begun,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
	What    string     `json:"what,omitempty"`
	Done    int        `json:"done"`
	Total   int        `json:"total"`
	Trouble string     `json:"trouble,omitempty"`
}

func (p *program) jobsCommand() *cobra.Command {
	var pl place
	c := &cobra.Command{Use: "jobs", Short: "List background jobs, and ask for some", Args: args(cobra.NoArgs),
		Long: `List the newest background jobs: what each is, how far it has come, who does it, and
what went wrong. ` + "`ennakko worker`" + ` does them, any number of processes beside each other;
each job is done once. docs/operations.md tells more.`,
		Example: `  ennakko jobs --data D
  ennakko jobs import --data D files`,
		RunE: func(c *cobra.Command, _ []string) error { return p.listJobs(c.Context(), pl) }}
	pl.flags(c)
	c.AddCommand(p.jobsImportCommand())
	return c
}

func (p *program) listJobs(ctx context.Context, pl place) error {
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	list, err := a.DB.Jobs(ctx, mostJobs)
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	out := make([]jobRow, len(list))
	for i, j := range list {
		out[i] = jobRow{ID: int64(j.ID), Kind: j.Kind, State: string(j.State), Attempt: j.Attempt, Worker: j.Worker, Asked: j.Asked.UTC(), Begun: reached(j.Begun), Ended: reached(j.Ended),
			What: j.What, Done: j.Done, Total: j.Total, Trouble: j.Trouble}
	}
	return p.show(out, func(w io.Writer) {
		if len(out) == 0 {
			_, _ = fmt.Fprintln(w, "There are no jobs.")
		}
		for _, j := range out {
			j.print(w)
		}
	})
}

func reached(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (j jobRow) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "%6d  %-10s %-10s %s", j.ID, j.Kind, j.State, j.Asked.Format("2006-01-02 15:04:05"))
	if j.Begun != nil && j.Ended != nil {
		_, _ = fmt.Fprintf(w, "  %.1f s", j.Ended.Sub(*j.Begun).Seconds())
	}
	if j.Attempt > 1 {
		_, _ = fmt.Fprintf(w, "  begun %d times", j.Attempt)
	}
	if j.State == string(store.JobRunning) {
		_, _ = fmt.Fprintf(w, "  %s", j.Worker)
		if j.What != "" {
			_, _ = fmt.Fprintf(w, ": %s %d/%d", j.What, j.Done, j.Total)
		}
	}
	_, _ = fmt.Fprintln(w)
	if j.Trouble != "" && j.State != string(store.JobDone) {
		_, _ = fmt.Fprintf(w, "        %s\n", j.Trouble)
	}
}

// jobResult is a job that was put into the queue; its names are a contract.
type jobResult struct {
	Job int64 `json:"job"`
}

func (p *program) jobsImportCommand() *cobra.Command {
	var pl place
	var officer string
	c := &cobra.Command{Use: "import FOLDER", Short: "Ask for the import of a folder of register files", Args: args(cobra.ExactArgs(1)),
		Long: `Put the import of a folder of register files into the queue of this machine. A worker
on it does the import; the same files again change nothing.`,
		Example: `  ennakko jobs import --data D files`,
		RunE: func(c *cobra.Command, a []string) error {
			folder, err := filepath.Abs(a[0])
			if err != nil {
				return fault.Wrap(err, "cmd.jobs", "the folder cannot be named")
			}
			return p.ask(c.Context(), pl, func(ctx context.Context, a *app.App) (store.JobID, error) {
				return a.AskImport(ctx, folder, machine(), officer)
			})
		}}
	pl.flags(c)
	c.Flags().StringVar(&officer, "officer", "officer:import", "who imports, for the record")
	return c
}

// ask opens the city, puts a job into the queue and tells its number.
func (p *program) ask(ctx context.Context, pl place, do func(context.Context, *app.App) (store.JobID, error)) error {
	a, err := pl.begin(ctx)
	if err != nil {
		return err
	}
	id, err := do(ctx, a)
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return p.show(jobResult{int64(id)}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Job %d is in the queue. See how far it is: ennakko jobs\n", id)
	})
}

// machine tells this machine from others.
func machine() string {
	host, err := os.Hostname()
	if err != nil {
		return "this"
	}
	return host
}
