package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work/jobs"
)

// The kinds of background jobs.
const (
	JobImport = "import"
	JobTidy   = "tidy"
	JobBackup = "backup"
	JobFind   = "find"   // people of one partition, for a round that is being prepared
	JobAssign = "assign" // places, when all partitions are done
	JobPost   = "letters"
	JobNews   = "letter-news"
	JobErase  = "erase"
)

// JobOptions are what a process that works background jobs needs.
type JobOptions struct {
	Name    string        // tells this process from others
	Machine string        // tells this machine from others
	Lease   time.Duration // how long it may be silent
	Slots   int           // jobs at once
	Log     *slog.Logger

	Backups     string        // the folder into which backups go; "": none are taken
	BackupEvery time.Duration // how often

	Pack   *service.Pack    // whose letters and people; nil: the next two are not done
	Office round.PostOffice // hands letters over; nil: nobody does
	Erase  bool             // what is due is erased every day
	Owner  string           // of the tables in PostgreSQL, who alone may erase
}

// queue is the queue of jobs that one machine alone can do.
func queue(machine string) string {
	words := strings.FieldsFunc(strings.ToLower(machine), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	name := strings.Join(append([]string{"machine"}, words...), "-")
	return strings.Trim(name[:min(len(name), 60)], "-")
}

// importArgs is what an import is told.
type importArgs struct {
	Folder  string `json:"folder"`
	Officer string `json:"officer"`
}

// periodArgs is what a job that comes again and again is told: the beginning of its
// time, by which it is one job for all processes.
type periodArgs struct {
	Period  time.Time `json:"period"`
	Machine string    `json:"machine"`
}

// AskImport puts the import of a folder of register files into the queue of the
// machine on which the folder is.
func (a *App) AskImport(ctx context.Context, folder, machine, officer string) (store.JobID, error) {
	act, err := audit.Begin(officer, "ask for an import", "keeping the registers", "GDPR 6(1)(e); each register's own act", a.Now())
	if err != nil {
		return 0, err
	}
	var id store.JobID
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		id, err = tx.AddJob(store.NewJob{Kind: JobImport, Args: importArgs{folder, officer}, Only: queue(machine)})
		tx.About("import")
		tx.Detail("job %d", id)
		return err
	})
	return id, err
}

// WorkJobs works background jobs until ctx ends, beside any number of processes
// that do the same on the same database.
func (a *App) WorkJobs(ctx context.Context, o JobOptions) error {
	asking, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.schedule(asking, o)
	}()
	err := jobs.Run(ctx, a.DB, jobs.Options{Name: o.Name, Only: queue(o.Machine), Lease: o.Lease, Slots: o.Slots, Kinds: a.kinds(o), Log: o.Log, Told: 500 * time.Millisecond, Remain: parting})
	stop()
	<-done
	return err
}

// kinds says how each kind of job is done.
func (a *App) kinds(o JobOptions) map[string]jobs.Do {
	return map[string]jobs.Do{JobImport: a.doImport, JobTidy: a.doTidy, JobBackup: a.doBackup(o.Backups), JobFind: a.ending(a.doFind(o.Name)), JobAssign: a.ending(a.doAssign),
		JobPost: a.doPost(o), JobNews: a.doNews(o), JobErase: a.doErase(o)}
}

// comeAgain are the jobs that come again and again, with how often.
func comeAgain(o JobOptions) map[string]time.Duration {
	every := map[string]time.Duration{JobTidy: 24 * time.Hour}
	if o.Backups != "" {
		every[JobBackup] = o.BackupEvery
	}
	if o.Pack != nil && o.Office != nil {
		every[JobNews] = time.Hour
	}
	if o.Pack != nil && o.Erase {
		every[JobErase] = 24 * time.Hour
	}
	return every
}

// schedule puts jobs into the queue that come again and again, until ctx ends.
func (a *App) schedule(ctx context.Context, o JobOptions) {
	asked := map[string]time.Time{}
	for {
		for kind, d := range comeAgain(o) {
			period := RealClock{}.Now().Truncate(d)
			if asked[kind].Equal(period) {
				continue
			}
			if err := a.askPeriod(ctx, kind, period, o.Machine); err != nil {
				if ctx.Err() == nil {
					o.Log.Warn("could not put a job into the queue now", "kind", kind, "error", err)
				}
				continue
			}
			asked[kind] = period
		}
		if !sleep(ctx, nil, 10*time.Second) {
			return
		}
	}
}

// askPeriod puts the job of a period into the queue of this machine, once.
func (a *App) askPeriod(ctx context.Context, kind string, period time.Time, machine string) error {
	act, err := audit.Begin("system:work", "ask for a job", "keeping the records", "GDPR 32(1)", a.Now())
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, act, func(tx store.Tx) error {
		id, err := tx.AddJob(store.NewJob{Kind: kind, Args: periodArgs{period, machine}, Only: queue(machine), Once: true})
		tx.About(kind)
		tx.Detail("job %d", id)
		return err
	})
}

func (a *App) doImport(ctx context.Context, t jobs.Task) error {
	args, err := jobs.Read[importArgs](t)
	if err != nil {
		return err
	}
	_, err = a.Import(ctx, args.Folder, args.Officer, t.Progress)
	return err
}

func (a *App) doTidy(ctx context.Context, _ jobs.Task) error {
	return errors.Join(a.Tidy(ctx), a.DB.ForgetProgress(ctx))
}

// doBackup takes the backup of a period, unless it was taken.
func (a *App) doBackup(folder string) jobs.Do {
	return func(ctx context.Context, t jobs.Task) error {
		args, err := jobs.Read[periodArgs](t)
		if err != nil {
			return err
		}
		if folder == "" {
			return fault.New(fault.Refused, "app.Backup", "the settings of this machine name no folder for backups")
		}
		to := filepath.Join(folder, args.Period.UTC().Format("2006-01-02T1504Z"))
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(err, "app.Backup", "the folder for backups cannot be read")
		}
		unlock, err := a.lock("backup.lock", "another process is taking a backup")
		if err != nil {
			return err
		}
		defer unlock()
		_, err = a.Backup(ctx, to, t.Progress)
		return err
	}
}

// postArgs is what the handing over of letters is told.
type postArgs struct {
	Round   store.RoundID `json:"round"`
	Officer string        `json:"officer"`
}

// AskPost puts the letters of a round into the queue of a machine that has the
// settings for them.
func (a *App) AskPost(ctx context.Context, p *service.Pack, id store.RoundID, machine, officer string) (store.JobID, error) {
	act, err := audit.Begin(officer, "ask for letters", p.Purpose().ID(), p.Purpose().LegalBasis(), a.Now())
	if err != nil {
		return 0, err
	}
	var job store.JobID
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		job, err = tx.AddJob(store.NewJob{Kind: JobPost, Args: postArgs{id, officer}, Only: queue(machine)})
		tx.About(fmt.Sprintf("round %d", id))
		tx.Detail("job %d", job)
		return err
	})
	return job, err
}

func noOffice() error {
	return fault.New(fault.Refused, "app.Post", "the settings of this machine have no letters").Do("see letters in docs/operations.md")
}

func (a *App) doPost(o JobOptions) jobs.Do {
	return func(ctx context.Context, t jobs.Task) error {
		args, err := jobs.Read[postArgs](t)
		if err != nil || o.Office == nil || o.Pack == nil {
			return errors.Join(err, noOffice())
		}
		_, _, err = a.Post(ctx, o.Pack, args.Round, args.Officer, o.Office, t.Progress)
		return err
	}
}

// doNews reads what became of letters that were handed over.
func (a *App) doNews(o JobOptions) jobs.Do {
	return func(ctx context.Context, _ jobs.Task) error {
		if o.Office == nil || o.Pack == nil {
			return noOffice()
		}
		rooms := round.Rooms{Store: a.DB, Pack: o.Pack, Worker: a.Worker(o.Pack)}
		_, err := round.Fates(ctx, rooms, "system:work", a.Now(), o.Office)
		return err
	}
}

// doErase takes away what may no longer be kept.
func (a *App) doErase(o JobOptions) jobs.Do {
	return func(ctx context.Context, t jobs.Task) error {
		if o.Pack == nil || !o.Erase || a.Database.Writer != "" && o.Owner == "" {
			return fault.New(fault.Refused, "app.EraseDue", "the settings of this machine do not let it erase").Do("see erase in docs/operations.md")
		}
		with := a
		if o.Owner != "" && a.Database.Writer != "" {
			c := a.Config
			c.Database, c.Families = Database{Writer: o.Owner}, false
			owner, err := Open(ctx, c)
			if err != nil {
				return err
			}
			defer func() { _ = owner.Close(context.WithoutCancel(ctx)) }()
			with = owner
		}
		_, err := with.EraseDue(ctx, o.Pack, "system:retention", t.Progress)
		return err
	}
}
