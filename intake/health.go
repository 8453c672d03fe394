package intake

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/csv"
	"ennakko/register/fhir"
	"ennakko/register/parquet"
	"ennakko/store"
)

// HealthResult says what came in of health records.
type HealthResult struct {
	Form      string // FHIR or Facts
	Files     int
	Unchanged bool // the same files came in before; nothing was done
	Types     []TypeResult
	People    int // whose record was read
	Records   int // rows of facts, one for each coding
	Events    int // rows of them that had come in since the snapshot before
	Resources int // that were looked at: kept, set aside and passed over
}

// The forms in which health records are handed over.
const (
	FHIR  = "FHIR"
	Facts = "facts"
)

// TypeResult says what came of one type of resource, or of one kind of record.
type TypeResult struct {
	Type                       string
	Kept, SetAside, PassedOver int
}

// healthRegister is the register of health records.
const healthRegister = "health"

// health is an intake of health records under way.
type health struct {
	ctx    context.Context
	store  Store
	opt    Options
	day    time.Time
	source string
	hash   string
	own    bool // there is no other population register: people come with the records
	facts  *parquet.Writer
	ids    map[[16]byte]person.ID
	known  int // how many people there were before
	fresh  [][]byte
	read   []person.ID
	people []store.Identity // of a population register of their own
	aside  []store.SetAsideRow
	events int64 // the last of the events since the snapshot before that is taken in; 0: there are none
	taken  int   // how many they are
	res    HealthResult
}

// manifest is what snapshot.yaml says of health records.
type manifest struct {
	Snapshot string `yaml:"snapshot"`
	Source   string `yaml:"source"`
	Charset  string `yaml:"charset"`
	Zone     string `yaml:"zone"`
}

// newHealth reads snapshot.yaml, which may be missing: then the day is that of
// the options.
func newHealth(ctx context.Context, s Store, opt Options, form string) (*health, *time.Location, error) {
	h := &health{ctx: ctx, store: s, opt: opt, source: "FHIR", res: HealthResult{Form: form}}
	h.day = opt.Day
	if h.day.IsZero() {
		h.day = opt.Now
	}
	h.day = time.Date(h.day.Year(), h.day.Month(), h.day.Day(), 0, 0, 0, 0, time.UTC)
	raw, err := os.ReadFile(filepath.Join(opt.Folder, "snapshot.yaml"))
	if errors.Is(err, os.ErrNotExist) {
		return h, nil, nil
	}
	if err != nil {
		return nil, nil, fault.Wrap(err, "intake.Run", "snapshot.yaml cannot be read")
	}
	var m manifest
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	var l fault.List
	if err := d.Decode(&m); err != nil && !errors.Is(err, io.EOF) {
		l.Add(fault.New(fault.Invalid, "intake.Run", "the file is not what docs/registers.md describes").Where("snapshot.yaml").Because(err))
	}
	if m.Snapshot != "" {
		if h.day, err = time.Parse(time.DateOnly, m.Snapshot); err != nil {
			l.Add(fault.New(fault.Invalid, "intake.Run", "snapshot is not a day").Where("snapshot.yaml").Do("write it as 2021-01-04"))
		}
	}
	if s := strings.TrimSpace(m.Source); s != "" {
		h.source = s
	}
	var zone *time.Location
	if m.Zone != "" {
		if zone, err = time.LoadLocation(m.Zone); err != nil {
			l.Add(fault.New(fault.Invalid, "intake.Run", "the time zone is not known").Where("snapshot.yaml").Do("write it as Europe/Helsinki"))
		}
	}
	return h, zone, l.Err()
}

// plan reports whether the files are new.
func (h *health) plan() (bool, error) {
	known, err := h.store.Snapshots(h.ctx)
	if err != nil {
		return false, err
	}
	latest, sameDay, was := "", "", h.day
	h.own = true
	for _, s := range known { // by day
		switch s.Register {
		case healthRegister:
			if latest = s.FileHash; latest == h.hash {
				was = s.Day
			}
			if s.Day.Equal(h.day) {
				sameDay = s.FileHash
			}
			if s.Day.After(h.day) && s.FileHash != h.hash {
				return false, fault.New(fault.Conflict, "intake.Run", "newer health records (of %s) are there already", s.Day.Format(time.DateOnly)).Do("import snapshots in the order of their days")
			}
		case "population":
			h.own = slices.ContainsFunc(known, func(x store.Snapshot) bool {
				return x.Register == healthRegister && x.FileHash == s.FileHash && x.Day.Equal(s.Day)
			})
		}
	}
	if sameDay == h.hash || latest == h.hash {
		h.res.Unchanged, h.day = true, was
		return false, nil
	}
	if sameDay != "" {
		return false, fault.New(fault.Conflict, "intake.Run", "other health records for the same day came in before").Do("a snapshot is never changed: give the new files a later day, with --day or in snapshot.yaml")
	}
	if h.ids, err = h.store.PeopleByCode(h.ctx); err != nil {
		return false, err
	}
	h.known = len(h.ids)
	h.facts, err = parquet.NewWriter(h.ctx)
	return true, err
}

func (h *health) close() {
	if h.facts != nil {
		_ = h.facts.Close()
	}
}

// keep writes the files of facts, then all rows in one transaction that names them.
func (h *health) keep(exports []parquet.Export) error {
	events, err := h.foldEvents()
	if err != nil {
		return err
	}
	for _, e := range events { // a kind of which the files say nothing
		if !slices.ContainsFunc(exports, func(x parquet.Export) bool { return x.Field == e.Field }) {
			exports = append(exports, e)
		}
	}
	files, err := h.write(healthRegister, exports)
	if err != nil {
		return err
	}
	var own []parquet.File
	if h.own && len(h.people) > 0 {
		if own, err = h.write("population", []parquet.Export{
			{Field: register.BirthDate, Table: "population", Value: "birth", From: "birth"}, {Field: register.Sex, Table: "population", Value: "sex", From: "birth"},
			{Field: register.DeathDate, Table: "population", Value: "death", From: "death", Qualifier: "death_note"}}); err != nil {
			return err
		}
	}
	act, err := audit.Begin(h.opt.Actor, "import register", "keeping the registers", "GDPR 6(1)(e), 9(2)(h); each register's own act", h.opt.Now)
	if err != nil {
		return err
	}
	return h.store.Write(h.ctx, act, func(tx store.Tx) error { return h.rows(tx, files, own) })
}

func (h *health) write(name string, exports []parquet.Export) ([]parquet.File, error) {
	folder := name + "/" + h.day.Format(time.DateOnly)
	// A folder without its row in the store is left over from an import that was cut off.
	if err := os.RemoveAll(filepath.Join(h.opt.Facts.Root, filepath.FromSlash(folder))); err != nil {
		return nil, fault.Wrap(err, "intake.Run", "a left-over snapshot folder cannot be removed")
	}
	files, err := h.facts.Write(h.ctx, h.opt.Facts.Root, folder, exports, func(done, total int) {
		h.opt.Progress("sorting and writing facts of "+name, done, total)
	})
	if err != nil {
		return nil, err
	}
	return files, h.opt.Facts.Keep(h.ctx, files)
}

func (h *health) rows(tx store.Tx, files, own []parquet.File) error {
	if len(h.fresh) > 0 {
		if err := tx.AddPeople(person.ID(h.known+1), h.fresh); err != nil {
			return err
		}
	}
	h.opt.Progress("sealing and keeping", 0, 1)
	s := store.Snapshot{Register: healthRegister, Day: h.day, Source: h.source, FileHash: h.hash, Rows: h.res.Records, SetAside: h.res.setAside()}
	id, err := tx.AddSnapshot(s)
	if err != nil {
		return err
	}
	if err := tx.AddFiles(id, files); err != nil {
		return err
	}
	if err := tx.AddSetAside(id, h.aside); err != nil {
		return err
	}
	if h.events > 0 {
		if err := tx.FoldNewRecords(id, h.events, h.taken); err != nil {
			return err
		}
	}
	if h.own && len(h.people) > 0 {
		s.Register, s.Rows, s.SetAside = "population", len(h.people), 0
		id, err := tx.AddSnapshot(s)
		if err != nil {
			return err
		}
		if err := tx.AddIdentities(id, h.people); err != nil {
			return err
		}
		if err := tx.AddFiles(id, own); err != nil {
			return err
		}
	}
	tx.About("snapshot "+h.day.Format(time.DateOnly), h.read...)
	tx.Detail("health records (%s): %d files, %d people, %d resources, %d of them set aside", h.res.Form, h.res.Files, len(h.read), h.res.Resources, h.res.setAside())
	h.opt.Progress("sealing and keeping", 1, 1)
	return nil
}

// recordTables makes a staging table of each kind.
func (h *health) recordTables() (map[clinical.Kind]*parquet.Records, []parquet.Export, error) {
	tables, exports := map[clinical.Kind]*parquet.Records{}, []parquet.Export{}
	for _, k := range clinical.Kinds() {
		t, err := h.facts.Records(h.ctx, k)
		if err != nil {
			return nil, nil, err
		}
		tables[k], exports = t, append(exports, parquet.RecordExport(k))
	}
	return tables, exports, nil
}

// foldEvents takes in the events that came since the snapshot before, where the
// new one does not have them. An event of somebody whose record is not in the new
// snapshot comes in too; nothing is concluded from it.
func (h *health) foldEvents() (more []parquet.Export, err error) {
	list, err := h.store.NewRecords(h.ctx, time.Time{}, store.NewRecordsOf{})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	h.taken = len(list)
	byKind := map[clinical.Kind][]clinical.Record{}
	for _, r := range list {
		byKind[r.Record.Kind] = append(byKind[r.Record.Kind], r.Record)
		h.events = max(h.events, r.ID)
	}
	for _, k := range clinical.Kinds() {
		n, err := h.facts.Fold(h.ctx, k, byKind[k])
		if err != nil {
			return nil, err
		}
		if n > 0 {
			more = append(more, parquet.RecordExport(k))
		}
		h.res.Events += int(n)
	}
	h.res.Records += h.res.Events
	return more, nil
}

// stageRead notes whose records were read.
func (h *health) stageRead() (parquet.Export, error) {
	const name = "health_read"
	t, err := h.facts.Table(h.ctx, name, parquet.Column{Name: "read_on", Kind: register.Date})
	if err != nil {
		return parquet.Export{}, err
	}
	slices.Sort(h.read)
	for _, id := range h.read {
		if err := t.Append(uint32(id), register.Day(h.day)); err != nil {
			return parquet.Export{}, err
		}
	}
	h.res.People = len(h.read)
	return parquet.Export{Field: register.HealthRead, Table: name, Value: "read_on", From: "read_on"}, nil
}

// parts says which kinds of files a folder holds.
type parts struct {
	csv   bool
	facts bool
	fhir  bool
}

func look(folder string) (parts, error) {
	var p parts
	entries, err := os.ReadDir(folder)
	if err != nil {
		return p, fault.New(fault.Missing, "intake.Run", "the folder of register files cannot be read").Because(err).Do("name a folder with register files; see docs/registers.md")
	}
	for _, e := range entries {
		p.csv = p.csv || !e.IsDir() && csv.IsFile(e.Name())
		p.facts = p.facts || e.IsDir() && e.Name() == factsFolder
	}
	if p.facts {
		_, err := os.Stat(filepath.Join(folder, factsFolder, peopleFile))
		p.facts = err == nil
	}
	f, err := fhir.Open(folder, nil)
	if err != nil {
		return p, err
	}
	p.fhir = f.Files() > 0
	if p.facts && p.fhir {
		return p, fault.New(fault.Invalid, "intake.Run", "the folder holds health records as FHIR and as files of facts").Do("give them in two folders: one snapshot holds them once")
	}
	if !p.csv && !p.fhir && !p.facts {
		if _, err := os.Stat(filepath.Join(folder, "snapshot.yaml")); err != nil {
			return p, fault.New(fault.Missing, "intake.Run", "the folder holds nothing that is read").Where("%s", folder).
				Do("FHIR has files *.json or *.ndjson, perhaps with .gz behind, here or in folders below; register files have the names in docs/registers.md, and snapshot.yaml beside them")
		}
		p.csv = true
	}
	return p, nil
}

func (r HealthResult) setAside() int {
	n := 0
	for _, t := range r.Types {
		n += t.SetAside
	}
	return n
}
