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

// Preparation is a round that is being prepared by background jobs, partition of
// people by partition.
type Preparation struct {
	ID       int64
	Service  string
	PackHash string
	AsOf     time.Time
	Officer  string // who prepares
	Asked    time.Time
	State    PreparationState
	Round    RoundID // 0: it is not there yet
	Parts    int     // partitions of people
	Done     int     // of them
}

// PreparationState is how far the preparation of a round has come.
type PreparationState string

// The states of a preparation.
const (
	Preparing   PreparationState = "preparing"
	PreparedAll PreparationState = "prepared" // the round is there
	NotPrepared PreparationState = "failed"
)

// Preparations is what preparing a round in parts writes.
type Preparations interface {
	// AddPreparation begins one with its parts.
	AddPreparation(p Preparation, parts []int) (int64, error)
	// KeepPart keeps, sealed, what was found in a part, and tells how many parts
	// are still to be done. One that is kept already is ErrNothing, and so is one of
	// a preparation that has ended.
	KeepPart(id int64, part int, worker string, found []byte) (left int, err error)
	// EndPreparation ends one, with its round or, 0, without, and drops what was found
	// for it. One that has ended already is ErrNothing.
	EndPreparation(id int64, round RoundID) error
}
