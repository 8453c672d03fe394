package tables

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"ennakko/fault"
	"ennakko/store"
)

// queueStep is the step of River's own tables that this program works with.
const queueStep = 8

// MakeQueue makes the tables of the queue of background jobs, which are River's:
// in a transaction, or, without one, in several, where what was done stays.
func MakeQueue(ctx context.Context, d riverdriver.Driver[*sql.Tx], tx *sql.Tx) error {
	const op = "store.MakeQueue"
	m, err := rivermigrate.New(d, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fault.Wrap(err, op, "the queue's tables are not known")
	}
	to := &rivermigrate.MigrateOpts{TargetVersion: queueStep}
	if tx == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, to)
	} else {
		_, err = m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, to) //nolint:staticcheck // in SQLite they can all be taken in one
	}
	return fault.Wrap(err, op, "the queue's tables cannot be made")
}

// Queue is where jobs wait, for the package that works them.
func (d *DB) Queue() riverdriver.Driver[*sql.Tx] { return d.engine.Queue }

// asked is what a job is told. River wants to know its kind.
type asked struct {
	kind string
	args json.RawMessage
}

// Kind implements river.JobArgs.
func (a asked) Kind() string { return a.kind }

// MarshalJSON gives what the job is told.
func (a asked) MarshalJSON() ([]byte, error) { return a.args, nil }

func (d *DB) queue() (*river.Client[*sql.Tx], error) {
	c, err := river.NewClient(d.engine.Queue, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	return c, fault.Wrap(err, "store.Queue", "the queue of jobs is not to be had")
}

func (t *tx) AddJob(j store.NewJob) (store.JobID, error) {
	const op = "store.AddJob"
	args, err := json.Marshal(j.Args)
	if err != nil {
		return 0, fault.Wrap(err, op, "the job cannot be written")
	}
	c, err := t.db.queue()
	if err != nil {
		return 0, err
	}
	got, err := c.InsertTx(t.ctx, t.tx, asked{j.Kind, args}, &river.InsertOpts{Queue: j.Only, UniqueOpts: river.UniqueOpts{ByArgs: j.Once}})
	if err != nil {
		return 0, fault.Wrap(err, op, "the job cannot be put into the queue")
	}
	if got.UniqueSkippedAsDuplicate {
		return store.JobID(got.Job.ID), store.ErrNothing
	}
	return store.JobID(got.Job.ID), nil
}

// queueStates tells River's states in our words.
func queueState(s string) store.JobState {
	switch rivertype.JobState(s) {
	case rivertype.JobStateRunning:
		return store.JobRunning
	case rivertype.JobStateRetryable:
		return store.JobAgain
	case rivertype.JobStateCompleted:
		return store.JobDone
	case rivertype.JobStateDiscarded:
		return store.JobGivenUp
	case rivertype.JobStateCancelled:
		return store.JobRefused
	}
	return store.JobWaiting
}

// Jobs lists the newest jobs with how far each has come, the newest first.
func (d *DB) Jobs(ctx context.Context, limit int) ([]store.Job, error) {
	const op = "store.Jobs"
	c, err := d.queue()
	if err != nil {
		return nil, err
	}
	got, err := c.JobList(ctx, river.NewJobListParams().First(limit).OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	if err != nil {
		return nil, fault.Wrap(err, op, "the queue of jobs cannot be read")
	}
	out := make([]store.Job, len(got.Jobs))
	at := map[int64]*store.Job{}
	for i, j := range got.Jobs {
		out[i] = store.Job{ID: store.JobID(j.ID), Kind: j.Kind, Args: string(j.EncodedArgs), State: queueState(string(j.State)), Attempt: j.Attempt, Attempts: j.MaxAttempts, Asked: j.CreatedAt}
		if n := len(j.AttemptedBy); n > 0 {
			out[i].Worker = j.AttemptedBy[n-1]
		}
		if n := len(j.Errors); n > 0 {
			out[i].Trouble = j.Errors[n-1].Error
		}
		if j.AttemptedAt != nil {
			out[i].Begun = *j.AttemptedAt
		}
		if j.FinalizedAt != nil {
			out[i].Ended = *j.FinalizedAt
		}
		at[j.ID] = &out[i]
	}
	err = d.rows(ctx, "SELECT job, what, done, total FROM job_progress", nil, func(scan func(...any) error) error {
		var id int64
		var what string
		var done, total int
		err := scan(&id, &what, &done, &total)
		if j := at[id]; j != nil {
			j.What, j.Done, j.Total = what, done, total
		}
		return err
	})
	return out, err
}

// JobCounts counts the jobs that are remembered.
func (d *DB) JobCounts(ctx context.Context) (out []store.JobCount, err error) {
	err = d.rows(ctx, "SELECT kind, CAST(state AS TEXT), count(*) FROM river_job GROUP BY kind, state ORDER BY 1, 2", nil, func(scan func(...any) error) error {
		var c store.JobCount
		var state string
		err := scan(&c.Kind, &state, &c.N)
		c.State = queueState(state)
		out = append(out, c)
		return err
	})
	return out, err
}

// JobProgress keeps how far a job has come. It is no entry in the record.
func (d *DB) JobProgress(ctx context.Context, id store.JobID, what string, done, total int) error {
	_, err := d.beside().ExecContext(ctx, d.engine.Rebind("INSERT INTO job_progress (job, what, done, total) VALUES (?,?,?,?) ON CONFLICT (job) DO UPDATE SET what = excluded.what, done = excluded.done, total = excluded.total"),
		int64(id), what, done, total)
	return fault.Wrap(err, "store.JobProgress", "how far the job is cannot be kept")
}

// RelieveJobs gives the jobs of processes that are silent for longer than the
// lease, by the database's clock, back to the queue; those that were begun as
// often as they may be are given up. The one who asks is never silent.
func (d *DB) RelieveJobs(ctx context.Context, worker string, lease time.Duration) (relieved int, err error) {
	const op = "store.RelieveJobs"
	silent := " WHERE state = 'running' AND " + d.engine.QueueLast + " <> ? AND NOT EXISTS (SELECT 1 FROM worker w WHERE w.id = " + d.engine.QueueLast + " AND w.seen >= " + d.engine.Time + " - ?)"
	n := int64(0)
	for _, set := range []string{"state = 'discarded', finalized_at = CURRENT_TIMESTAMP" + silent + " AND attempt >= max_attempts", "state = 'available'" + silent} { //nolint:misspell // River's column
		res, err := d.beside().ExecContext(ctx, d.engine.Rebind("UPDATE river_job SET "+set), worker, lease.Microseconds())
		if err != nil {
			return 0, fault.New(fault.Later, op, "the store is not to be had").Because(err)
		}
		if n, err = res.RowsAffected(); err != nil {
			return 0, fault.Wrap(err, op, "the store is not to be had")
		}
	}
	return int(n), nil
}

// ForgetProgress drops what was told of jobs that are remembered no more.
func (d *DB) ForgetProgress(ctx context.Context) error {
	_, err := d.beside().ExecContext(ctx, "DELETE FROM job_progress WHERE NOT EXISTS (SELECT 1 FROM river_job j WHERE j.id = job_progress.job)")
	return fault.Wrap(err, "store.ForgetProgress", "the store is not to be had")
}

// beside is a connection that is free while a long write has the writing one.
func (d *DB) beside() *sql.DB {
	if d.engine.Beside != nil {
		return d.engine.Beside
	}
	return d.write
}
