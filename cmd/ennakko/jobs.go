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
  ennakko jobs import --data D files
  ennakko jobs prepare pre-primary --data D --as-of 2021-01-07`,
		RunE: func(c *cobra.Command, _ []string) error { return p.listJobs(c.Context(), pl) }}
	pl.flags(c)
	c.AddCommand(p.jobsImportCommand(), p.jobsPrepareCommand(), p.jobsLettersCommand())
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

// preparationResult is a preparation that was begun; its names are a contract.
type preparationResult struct {
	Preparation int64 `json:"preparation"`
	Parts       int   `json:"parts"`
}

func (p *program) jobsPrepareCommand() *cobra.Command {
	var pl place
	var asOf day
	var officer string
	c := &cobra.Command{Use: "prepare SERVICE", Short: "Ask for a round, found by many processes", Args: args(cobra.ExactArgs(1)),
		Long: `Put the preparation of a round into the queue, a job for each partition of people.
Workers on any machines share them; the last one assigns the places. The round is
the same as that of one process. Another officer approves it at the desk.`,
		Example: `  ennakko jobs prepare pre-primary --data D --as-of 2021-01-07 --officer officer:anna`,
		RunE: func(c *cobra.Command, a []string) error {
			if asOf.IsZero() {
				return fault.New(fault.Invalid, "cmd.jobs", "--as-of is missing").Do("give a day, as --as-of 2021-01-07")
			}
			return p.askPrepare(c.Context(), pl, a[0], asOf.Time, officer)
		}}
	pl.flags(c)
	c.Flags().Var(&asOf, "as-of", "the day as of which people are found and registers known (needed)")
	c.Flags().StringVar(&officer, "officer", "officer:preparer", "who prepares the round, for the record")
	return c
}

func (p *program) askPrepare(ctx context.Context, pl place, service string, asOf time.Time, officer string) error {
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	var pr store.Preparation
	pack, err := a.Pack(service)
	if err == nil {
		var id int64
		if id, err = a.AskPrepare(ctx, pack, asOf, officer); err == nil {
			pr, err = a.DB.Preparation(ctx, id)
		}
	}
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return p.show(preparationResult{pr.ID, pr.Parts}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Preparation %d: %d parts are in the queue. See how far it is: ennakko jobs\n", pr.ID, pr.Parts)
	})
}

func (p *program) jobsLettersCommand() *cobra.Command {
	var pl place
	var number int64
	var officer string
	c := &cobra.Command{Use: "letters SERVICE", Short: "Ask for a round's letters to be handed over", Args: args(cobra.ExactArgs(1)),
		Long: `Put the letters of a round into the queue of this machine: a worker on it hands them
over to the national service (see letters in the settings), each once.`,
		Example: `  ennakko jobs letters pre-primary --data D --officer officer:anna`,
		RunE: func(c *cobra.Command, args []string) error {
			return p.ask(c.Context(), pl, func(ctx context.Context, a *app.App) (store.JobID, error) {
				pack, err := a.Pack(args[0])
				if err != nil {
					return 0, err
				}
				r, err := a.Round(ctx, args[0], number)
				if err != nil {
					return 0, err
				}
				return a.AskPost(ctx, pack, r.ID, machine(), officer)
			})
		}}
	pl.flags(c)
	c.Flags().Int64Var(&number, "round", 0, "the number of the round (the newest, if it is left out)")
	c.Flags().StringVar(&officer, "officer", "officer:lists", "who sends the letters, for the record")
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
