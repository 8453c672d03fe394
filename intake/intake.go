// Package intake takes a folder of register files in: it checks every row,
// sets faulty ones aside, gives people their numbers, seals who they are, and
// writes the facts as an immutable snapshot. One folder comes in whole or not
// at all.
package intake

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/csv"
	"ennakko/register/parquet"
	"ennakko/store"
	"ennakko/trace"
)

// Store is what the intake needs of the city's records.
type Store interface {
	Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error
	// Snapshots lists what came in before, oldest first.
	Snapshots(ctx context.Context) ([]store.Snapshot, error)
	// PeopleByCode gives the number of each person by the keyed hash of the code.
	PeopleByCode(ctx context.Context) (map[[16]byte]person.ID, error)
	// CodeHash is the keyed hash of a code.
	CodeHash(c person.Code) ([16]byte, error)
	// Hash is the keyed hash of any text.
	Hash(what, text string) ([]byte, error)
	// PatientHash is the keyed hash of a patient's id in a source.
	PatientHash(source, id string) ([16]byte, error)
	// Units lists the units of the newest snapshot not after the day.
	Units(ctx context.Context, known time.Time) ([]store.Unit, error)
	// NewRecords lists the events since the newest snapshots.
	NewRecords(ctx context.Context, known time.Time, of store.NewRecordsOf) ([]store.NewRecord, error)
}

// Progress tells how far the intake is: what it does, and how much of it.
type Progress func(what string, done, total int)

// Result says what came in, by file.
type Result struct {
	Snapshot time.Time
	Files    []FileResult
	SetAside []store.SetAsideRow
	Health   *HealthResult // nil: the folder holds no health records
}

// FileResult says what came of one file.
type FileResult struct {
	File      string
	Rows      int  // rows that came in
	SetAside  int  // rows that did not
	Unchanged bool // the same file came in before; nothing was done
}

// registers in the order in which they come in, with their files.
var registers = []struct{ name, file string }{
	{"units", csv.UnitsFile}, {"population", csv.PopulationFile}, {"guardianship", csv.GuardianshipsFile},
	{"contacts", csv.ContactsFile}, {"early_education", csv.EducationFile},
}

// Options of an intake.
type Options struct {
	Facts    parquet.Shelf // where files of facts stand
	Folder   string        // the folder of register files
	Actor    string        // who imports: "officer:<id>"
	Now      time.Time
	Day      time.Time  // of health records without snapshot.yaml; zero: that of Now
	Rand     *rand.Rand // shuffles the numbers of new people
	Progress Progress
}

// Run imports the folder: register files, and health records as FHIR or as files
// of facts. Register files come in whole or not at all, and so do health records
// after them.
func Run(ctx context.Context, s Store, opt Options) (_ Result, err error) {
	ctx, span := trace.Start(ctx, "import")
	defer func() { span.End(err) }()
	if opt.Progress == nil {
		opt.Progress = func(string, int, int) {}
	}
	there, err := look(opt.Folder)
	if err != nil {
		return Result{}, err
	}
	var res Result
	if there.csv {
		if res, err = runCSV(ctx, s, opt); err != nil {
			return Result{}, err
		}
	}
	if !there.fhir && !there.facts {
		return res, nil
	}
	run := runFHIR
	if there.facts {
		run = runFacts
	}
	h, err := run(ctx, s, opt)
	if err != nil {
		return Result{}, err
	}
	res.Snapshot, res.Health = h.day, &h.res
	res.SetAside = append(res.SetAside, h.aside...)
	return res, nil
}

func runCSV(ctx context.Context, s Store, opt Options) (Result, error) {
	opt.Progress("reading files", 0, 1)
	folder, err := csv.Open(opt.Folder)
	if err != nil {
		return Result{}, err
	}
	in := &run{ctx: ctx, store: s, opt: opt, folder: folder, counts: map[string]*FileResult{}, total: folder.Rows()}
	if err := in.plan(); err != nil {
		return Result{}, err
	}
	if len(in.take) == 0 {
		return in.result(), nil
	}
	if in.ids, err = s.PeopleByCode(ctx); err != nil {
		return Result{}, err
	}
	if in.facts, err = parquet.NewWriter(ctx); err != nil {
		return Result{}, err
	}
	defer func() { _ = in.facts.Close() }()
	_, parsing := trace.Start(ctx, "parse")
	err = in.parse()
	parsing.Count("rows", in.total)
	parsing.End(err)
	if err != nil {
		return Result{}, err
	}
	return in.keep()
}

// run is one intake under way.
type run struct {
	ctx    context.Context
	store  Store
	opt    Options
	folder *csv.Folder
	facts  *parquet.Writer

	take   map[string]bool // registers that are new or have changed
	counts map[string]*FileResult
	aside  []store.SetAsideRow
	total  int
	done   int

	ids        map[[16]byte]person.ID
	fresh      [][]byte // code hashes of new people, in order of their numbers
	people     []taken
	exists     map[person.ID]bool // people of this snapshot
	identities []store.Identity
	contacts   []store.Contact
	units      []store.Unit
	unitIDs    map[string]bool
}

// plan decides which files are new. A file that came in before is passed over;
// a different file for a day that is there already is refused.
func (in *run) plan() error {
	known, err := in.store.Snapshots(in.ctx)
	if err != nil {
		return err
	}
	in.take = map[string]bool{}
	var l fault.List
	for _, r := range registers {
		if !in.folder.Has(r.file) {
			continue
		}
		in.counts[r.file] = &FileResult{File: r.file}
		hash, latest, sameDay := in.folder.Hash(r.file), "", ""
		for _, s := range known {
			if s.Register != r.name {
				continue
			}
			latest = s.FileHash
			if s.Day.Equal(in.folder.Snapshot) {
				sameDay = s.FileHash
			}
			if s.Day.After(in.folder.Snapshot) {
				l.Add(fault.New(fault.Conflict, "intake.Run", "a newer snapshot (%s) is there already", s.Day.Format(time.DateOnly)).Where("%s", r.file).Do("import snapshots in the order of their days"))
			}
		}
		switch {
		case sameDay == hash, sameDay == "" && latest == hash:
			in.counts[r.file].Unchanged = true
		case sameDay != "":
			l.Add(fault.New(fault.Conflict, "intake.Run", "another file for the same day came in before").Where("%s", r.file).Do("a snapshot is never changed: give the new files a later day in snapshot.yaml"))
		default:
			in.take[r.name] = true
		}
	}
	return l.Err()
}

func (in *run) setAside(s csv.SetAside) {
	in.counts[s.File].SetAside++
	in.aside = append(in.aside, store.SetAsideRow(s))
}

func (in *run) tick(file string) {
	in.counts[file].Rows++
	if in.done++; in.done%5000 == 0 {
		in.opt.Progress("checking rows", min(in.done, in.total), in.total)
	}
}

// keep writes everything: the files of facts first, then all rows in one
// transaction that names them.
func (in *run) keep() (Result, error) {
	day := in.folder.Snapshot.Format(time.DateOnly)
	files := map[string][]parquet.File{}
	for _, r := range registers {
		exports := exportsOf(r.name)
		if !in.take[r.name] || len(exports) == 0 {
			continue
		}
		name := r.name + "/" + day
		// A folder without its row in the store is left over from an import that was cut off.
		if err := os.RemoveAll(filepath.Join(in.opt.Facts.Root, filepath.FromSlash(name))); err != nil {
			return Result{}, fault.Wrap(err, "intake.Run", "a left-over snapshot folder cannot be removed")
		}
		written, err := in.facts.Write(in.ctx, in.opt.Facts.Root, name, exports, func(done, total int) {
			in.opt.Progress("writing facts of "+r.name, done, total)
		})
		if err != nil {
			return Result{}, err
		}
		if err := in.opt.Facts.Keep(in.ctx, written); err != nil {
			return Result{}, err
		}
		files[r.name] = written
	}
	act, err := audit.Begin(in.opt.Actor, "import register", "keeping the registers", "GDPR 6(1)(e); each register's own act", in.opt.Now)
	if err != nil {
		return Result{}, err
	}
	err = in.store.Write(in.ctx, act, func(tx store.Tx) error { return in.rows(tx, files) })
	return in.result(), err
}

func (in *run) rows(tx store.Tx, files map[string][]parquet.File) error {
	if len(in.fresh) > 0 {
		if err := tx.AddPeople(person.ID(len(in.ids)-len(in.fresh)+1), in.fresh); err != nil {
			return err
		}
	}
	steps := 0
	for _, r := range registers {
		if !in.take[r.name] {
			continue
		}
		in.opt.Progress("sealing and keeping "+r.name, steps, len(registers))
		steps++
		c := in.counts[r.file]
		id, err := tx.AddSnapshot(store.Snapshot{Register: r.name, Day: in.folder.Snapshot, Source: in.folder.Source,
			FileHash: in.folder.Hash(r.file), Rows: c.Rows, SetAside: c.SetAside})
		if err != nil {
			return err
		}
		if err := in.keepRegister(tx, r.name, r.file, id, files[r.name]); err != nil {
			return err
		}
	}
	for id := range in.exists {
		tx.About("", id)
	}
	tx.About("snapshot " + in.folder.Snapshot.Format(time.DateOnly))
	tx.Detail("%s", in.summary())
	in.opt.Progress("sealing and keeping", len(registers), len(registers))
	return nil
}

func (in *run) keepRegister(tx store.Tx, name, file string, id int64, files []parquet.File) error {
	var err error
	switch name {
	case "units":
		err = tx.AddUnits(id, in.units)
	case "population":
		err = tx.AddIdentities(id, in.identities)
	case "contacts":
		err = tx.AddContacts(id, in.contacts)
	}
	if err != nil {
		return err
	}
	if err := tx.AddFiles(id, files); err != nil {
		return err
	}
	var rows []store.SetAsideRow
	for _, a := range in.aside {
		if a.File == file {
			rows = append(rows, a)
		}
	}
	return tx.AddSetAside(id, rows)
}

func (in *run) summary() string {
	s := ""
	for _, r := range registers {
		if c := in.counts[r.file]; c != nil {
			s += fmt.Sprintf("%s: %d rows, %d set aside; ", c.File, c.Rows, c.SetAside)
		}
	}
	return s
}

func (in *run) result() Result {
	r := Result{Snapshot: in.folder.Snapshot, SetAside: in.aside}
	for _, x := range registers {
		if c := in.counts[x.file]; c != nil {
			r.Files = append(r.Files, *c)
		}
	}
	return r
}
