package store

import "time"

// JobID numbers a background job.
type JobID int64

// NewJob is a background job to be done by any process that works.
type NewJob struct {
	Kind string
	Args any    // what the job is told, as JSON; no personal data
	Only string // the queue of the one machine that can do it; "": any
	Once bool   // the same job with the same args is put into the queue once, as long as it is remembered
}

// JobState is how far a job has come.
type JobState string

// The states of a job.
const (
	JobWaiting JobState = "waiting"
	JobRunning JobState = "running"
	JobAgain   JobState = "failed, tried again" // soon
	JobDone    JobState = "done"
	JobGivenUp JobState = "given up" // failed too often
	JobRefused JobState = "refused"  // it cannot be done as it was asked for
)

// Job is a background job as it stands. It bears nothing about anybody.
type Job struct {
	ID       JobID
	Kind     string
	Args     string // JSON
	State    JobState
	Attempt  int    // how often it was begun
	Worker   string // who began it last
	Asked    time.Time
	Begun    time.Time // zero: not yet
	Ended    time.Time // zero: not yet
	What     string    // what is being done, "" if nothing was told
	Done     int       // of Total
	Total    int
	Trouble  string // the last fault
	Attempts int    // how often it may be begun
}

// JobCount is how many jobs of a kind are in a state.
type JobCount struct {
	Kind  string
	State JobState
	N     int
}

// Jobs puts work into the queue of background jobs.
type Jobs interface {
	// AddJob puts a job into the queue when this write is kept, and not otherwise. A
	// job that is there already, of those that are to be there once, is ErrNothing.
	AddJob(j NewJob) (JobID, error)
}
