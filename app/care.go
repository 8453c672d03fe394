package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/round"
	"ennakko/store"
)

// careRegister is the register of what runs of the care library found undone.
const careRegister = "care"

// CareBook is a care library with what it found of everyone as of a day. What it
// says changes with the events that come in after; its columns stay in memory for
// the desk's questions.
type CareBook struct {
	Library *library.Library
	AsOf    time.Time
	People  int // whose facts were looked at
	Gaps    int // people with at least one gap
	Found   *population.Findings
	// Before is true when an earlier run as of the same day is kept, which other facts
	// stood under: services go by that one.
	Before bool

	columns *population.Columns
	plan    *population.Plan
	groups  *population.Groups
	live    *population.Live
	secret  string       // of the names that pages have for people
	loaded  int64        // the last new record that the columns hold
	seen    atomic.Int64 // the last one that live has

	mu    sync.Mutex
	lists map[string][]Ranked // worklists that were asked for
}

// Cares are the criteria of a library that may be run over real people.
func Cares(l *library.Library) []*criteria.Care {
	var out []*criteria.Care
	for _, c := range l.Criteria() {
		if c.Runs() {
			out = append(out, c.Care)
		}
	}
	return out
}

// CareLibrary loads a library of criteria of care, whole and checked.
func (a *App) CareLibrary(name string) (*library.Library, error) {
	return library.Load(a.Packs, name, round.Catalog())
}

// RunCare runs a library over everyone as of a day, and keeps who has a gap as a
// snapshot of the register "care": the criterion's name beside the benefit that
// doing it is expected to bring. A day is kept once: a later run as of the same day finds
// what is known by then, and keeps nothing; a day that is before that of a snapshot which
// is there is refused.
func (a *App) RunCare(ctx context.Context, l *library.Library, asOf time.Time, officer string, progress func(string, int, int)) (*CareBook, error) {
	b, err := a.careBook(ctx, l, asOf, officer, progress)
	if err != nil {
		return nil, err
	}
	progress("keeping what was found", 0, 1)
	return b, a.keepCare(ctx, b, officer)
}

// careBook runs a library over everyone as of a day, and keeps nothing.
func (a *App) careBook(ctx context.Context, l *library.Library, asOf time.Time, officer string, progress func(string, int, int)) (*CareBook, error) {
	const op = "app.RunCare"
	cares := Cares(l)
	if len(cares) == 0 {
		return nil, fault.New(fault.Refused, op, "no criterion of the library is approved").Do("approve at least one; until then none meets real people")
	}
	loaded, err := a.DB.LastNewRecord(ctx) // what comes while the columns are read is followed after
	if err != nil {
		return nil, err
	}
	names := append(append(CareFields(cares), outcomeFields(l)...), string(register.BirthDate), string(register.Sex), string(register.District))
	whole, err := a.Population(ctx, l.Language(), slices.Compact(slices.Sorted(slices.Values(names))), officer, "care library "+l.Name()+" "+l.Version(),
		func(done, total int) { progress("loading health records", done, total) })
	if err != nil {
		return nil, err
	}
	defer whole.Close()
	b := &CareBook{secret: rand.Text(), loaded: loaded, lists: map[string][]Ranked{}, Library: l, AsOf: asOf, columns: whole.Columns, People: int(whole.Columns.People().GetCardinality())} //nolint:gosec // people fit
	progress("checking criteria", 0, 1)
	if b.plan, err = population.NewPlan(b.columns, l.Language(), cares, l.Params(), criteria.Run{AsOf: asOf}); err != nil {
		return nil, err
	}
	if b.Found, err = b.plan.Run(ctx); err != nil {
		return nil, err
	}
	b.groups, b.live = b.columns.Groups(register.Day(asOf)), population.NewLive(b.plan, b.Found)
	b.seen.Store(loaded)
	b.Gaps = int(b.anyGap().GetCardinality()) //nolint:gosec // people fit
	return b, nil
}

// outcomeFields lists the fields and concepts that the library's outcomes read.
func outcomeFields(l *library.Library) (out []string) {
	for _, o := range l.Outcomes() {
		out = append(out, o.Program.Fields()...)
	}
	return out
}

// careHash says what a run stands on: the library, the day and the files of facts.
func (a *App) careHash(ctx context.Context, b *CareBook) (string, error) {
	known, err := a.known(ctx)
	if err != nil {
		return "", err
	}
	files, err := a.DB.Files(ctx, known)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, b.Library.Hash(), b.AsOf.Format(time.DateOnly))
	for _, f := range files {
		if name, _, _ := strings.Cut(string(f.Field), "."); name != careRegister {
			_, _ = fmt.Fprintln(h, f.Path, f.SHA256)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// keepCare writes the snapshot: the files first, then the rows that name them.
func (a *App) keepCare(ctx context.Context, b *CareBook, officer string) error {
	const op = "app.RunCare"
	hash, err := a.careHash(ctx, b)
	if err != nil {
		return err
	}
	all, err := a.DB.Snapshots(ctx)
	if err != nil {
		return err
	}
	with := b.anyGap()
	for _, s := range all {
		switch {
		case s.Register != careRegister:
		case s.Day.Equal(b.AsOf) && !s.Dropped:
			b.Before = s.FileHash != hash
			return nil
		case !s.Day.Before(b.AsOf):
			return fault.New(fault.Conflict, op, "a run as of %s is kept already", s.Day.Format(time.DateOnly)).Do("run the library as of that day or a later one: a snapshot is never changed")
		}
	}
	unlock, err := a.lock("importing.lock", "another process is importing registers")
	if err != nil {
		return err
	}
	defer unlock()
	files, rows, err := a.writeCare(ctx, b, with)
	if err != nil {
		return err
	}
	purpose, err := carePurpose()
	if err != nil {
		return err
	}
	act, err := audit.Begin(officer, "keep what the care library found", purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, act, func(tx store.Tx) error {
		id, err := tx.AddSnapshot(store.Snapshot{Register: careRegister, Day: b.AsOf, Source: "library " + b.Library.Name() + " " + b.Library.Version() + " " + b.Library.Hash(), FileHash: hash, Rows: rows})
		if err != nil {
			return err
		}
		for it := with.Iterator(); it.HasNext(); {
			tx.About("", person.ID(it.Next()))
		}
		tx.About("care library " + b.Library.Name() + " " + b.Library.Version())
		tx.Detail("%d gaps of %d people as of %s", rows, b.Gaps, b.AsOf.Format(time.DateOnly))
		return tx.AddFiles(id, files)
	})
}

func (b *CareBook) anyGap() *roaring.Bitmap {
	with := roaring.New()
	for _, name := range b.Found.Criteria() {
		with.Or(b.Found.Of(name, criteria.Gap))
	}
	return with
}

// writeCare writes the files of facts of a run.
func (a *App) writeCare(ctx context.Context, b *CareBook, with *roaring.Bitmap) (files []parquet.File, rows int, err error) {
	w, err := parquet.NewWriter(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = w.Close() }()
	gaps, err := w.Table(ctx, "care_gap", parquet.Column{Name: "benefit", Kind: register.Number}, parquet.Column{Name: "as_of", Kind: register.Date}, parquet.Column{Name: "criterion", Kind: register.Text})
	if err != nil {
		return nil, 0, err
	}
	found, err := w.Table(ctx, "care_found", parquet.Column{Name: "as_of", Kind: register.Date})
	if err != nil {
		return nil, 0, err
	}
	day := register.Day(b.AsOf)
	for _, c := range b.Library.Criteria() {
		for it := b.Found.Of(c.Name, criteria.Gap).Iterator(); it.HasNext(); {
			id := it.Next()
			if err := gaps.Append(id, b.benefit(c, person.ID(id)), day, c.Name); err != nil {
				return nil, 0, err
			}
			rows++
		}
	}
	for it := with.Iterator(); it.HasNext(); {
		if err := found.Append(it.Next(), day); err != nil {
			return nil, 0, err
		}
	}
	folder := careRegister + "/" + b.AsOf.Format(time.DateOnly)
	// A folder without its row in the store is left over from a run that was cut off.
	if err := os.RemoveAll(filepath.Join(a.shelf().Root, filepath.FromSlash(folder))); err != nil {
		return nil, 0, fault.Wrap(err, "app.RunCare", "a left-over snapshot folder cannot be removed")
	}
	files, err = w.Write(ctx, a.shelf().Root, folder, []parquet.Export{
		{Field: register.CareGap, Table: "care_gap", Value: "benefit", From: "as_of", Qualifier: "criterion"},
		{Field: register.CareFound, Table: "care_found", Value: "as_of", From: "as_of"}}, func(int, int) {})
	if err != nil {
		return nil, 0, err
	}
	return files, rows, a.shelf().Keep(ctx, files)
}

// Overdue is how long something has been undone: the time since the latest fact
// of what would count as done.
type Overdue struct {
	Years float64 // at most mostOverdue
	Never bool    // no such fact is known
}

const mostOverdue = 10 // years; longer, or never, counts as this

// overdue looks for the latest fact of the criterion's own done.
func (b *CareBook) overdue(c *library.Criterion, id person.ID) Overdue {
	facts, latest := b.live.Person(id), time.Time{}
	for _, name := range c.Care.Done.Concepts() {
		list, _ := facts.Facts(name)
		for _, f := range list {
			if !f.From.After(b.AsOf) && f.From.After(latest) {
				latest = f.From
			}
		}
	}
	if latest.IsZero() {
		return Overdue{mostOverdue, true}
	}
	const days = 365.25
	return Overdue{min(b.AsOf.Sub(latest).Hours()/24/days, mostOverdue), false}
}

// benefit is what doing what a criterion asks is expected to bring to a person:
// where a source gives an absolute risk reduction, how many of 1,000 people are
// spared the event in a year; otherwise less than any such figure is, from 0 to 1,
// by the level of evidence and the time overdue.
func (b *CareBook) benefit(c *library.Criterion, id person.ID) float64 {
	if x := c.Benefit; x != nil && x.Years > 0 {
		return 1000 * x.Reduction / x.Years
	}
	level := 0.1
	switch {
	case strings.HasPrefix(c.Evidence, "A"):
		level = 0.9
	case strings.HasPrefix(c.Evidence, "B"):
		level = 0.6
	case strings.HasPrefix(c.Evidence, "C"):
		level = 0.3
	}
	return level * (0.5 + b.overdue(c, id).Years/(2*mostOverdue))
}

// Ranked is one person on a criterion's worklist.
type Ranked struct {
	Person  person.ID
	Benefit float64 // of this gap
	Whole   float64 // of all gaps of the person
	Gaps    int
	Overdue Overdue
}

// Worklist are the people with a gap of a criterion, those first whom it is
// expected to help most: by the benefit of this gap, then of all their gaps, then
// by the time overdue.
func (b *CareBook) Worklist(criterion string) ([]Ranked, bool) {
	c, ok := b.Library.Criterion(criterion)
	if !ok || !c.Runs() {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lists[criterion] == nil {
		b.lists[criterion] = b.rank(c)
	}
	return b.lists[criterion], true
}

// rank makes the worklist of a criterion.
func (b *CareBook) rank(c *library.Criterion) []Ranked {
	list := map[uint32]*Ranked{}
	for it := b.Found.Of(c.Name, criteria.Gap).Iterator(); it.HasNext(); {
		id := it.Next()
		list[id] = &Ranked{Person: person.ID(id), Benefit: b.benefit(c, person.ID(id)), Overdue: b.overdue(c, person.ID(id))}
	}
	for _, other := range b.Library.Criteria() {
		of := b.Found.Of(other.Name, criteria.Gap)
		for id, r := range list {
			if of.Contains(id) {
				r.Gaps++
				r.Whole += b.benefit(other, person.ID(id))
			}
		}
	}
	out := make([]Ranked, 0, len(list))
	for _, id := range slices.Sorted(maps.Keys(list)) {
		out = append(out, *list[id])
	}
	slices.SortStableFunc(out, func(x, y Ranked) int {
		return cmp.Or(cmp.Compare(y.Benefit, x.Benefit), cmp.Compare(y.Whole, x.Whole), cmp.Compare(y.Overdue.Years, x.Overdue.Years))
	})
	return out
}

// Finding explains one criterion for one person.
func (b *CareBook) Finding(criterion string, id person.ID) (criteria.CareTrace, *library.Criterion, error) {
	c, ok := b.Library.Criterion(criterion)
	if !ok || !b.columns.People().Contains(uint32(id)) {
		return criteria.CareTrace{}, nil, fault.New(fault.Missing, "app.Finding", "there is no such criterion or person")
	}
	t, err := c.Care.Trace(b.live.Person(id), b.Library.Params(), criteria.Run{AsOf: b.AsOf})
	return t, c, err
}

// WhatIf tells what other values of parameters change among those with a gap.
func (b *CareBook) WhatIf(ctx context.Context, criterion string, values map[string]float64) (population.Difference, error) {
	const op = "app.WhatIf"
	c, ok := b.Library.Criterion(criterion)
	if !ok || !c.Runs() {
		return population.Difference{}, fault.New(fault.Missing, op, "there is no such criterion")
	}
	var list []criteria.Param
	for _, p := range b.Library.Params().All() {
		if v, ok := values[p.Name]; ok {
			p.Values = []criteria.Dated{{From: time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), Value: v, Source: "a trial"}}
		}
		list = append(list, p)
	}
	params, err := criteria.NewParams(list...)
	if err != nil {
		return population.Difference{}, err
	}
	return b.live.WhatIf(ctx, c.Care, params, criteria.Gap, b.groups)
}

// take takes the events of a person since the columns were loaded.
func (b *CareBook) take(id person.ID, records []clinical.Record) error {
	if _, err := b.live.Records(id, records); err != nil {
		return err
	}
	b.mu.Lock()
	clear(b.lists) // who stands on them, and where, may have changed
	b.mu.Unlock()
	return nil
}

// lookAt puts a look at a person's finding on the record.
func (a *App) lookAt(ctx context.Context, officer, verb, object string, fields []string, people ...person.ID) error {
	purpose, err := carePurpose()
	if err != nil {
		return err
	}
	act, err := audit.Begin(officer, verb, purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return err
	}
	e := act.Entry()
	e.Object, e.Fields, e.People = object, fields, bitmap(people...)
	return a.DB.Note(ctx, e)
}

// CareNames reads what people are called, under a grant and on the record.
func (a *App) CareNames(ctx context.Context, officer, object string, people []person.ID) (map[person.ID]string, error) {
	purpose, err := carePurpose()
	if err != nil {
		return nil, err
	}
	return a.called(ctx, purpose, officer, "look at a worklist of care", object, people)
}

// called reads what people are called, for a purpose, under a grant and on the record.
// Who objects to the purpose is left out.
func (a *App) called(ctx context.Context, purpose permission.Purpose, officer, verb, object string, people []person.ID) (map[person.ID]string, error) {
	known, err := a.known(ctx)
	if err != nil {
		return nil, err
	}
	set := bitmap(people...)
	g, err := a.careGrant(ctx, purpose, officer, verb, permission.Only(set), []permission.Field{register.Name})
	if err != nil {
		return nil, err
	}
	rows, err := register.NewReader(a.DB, a.DB.Identities(known)).Read(ctx, g, nil, object)
	if err != nil {
		return nil, err
	}
	out := make(map[person.ID]string, len(rows))
	for _, r := range rows {
		name, err := register.DecodeIdentity[register.FullName](r.Text(g, register.Name))
		if err != nil {
			return nil, err
		}
		out[r.ID] = name.Called() + " " + name.Family
	}
	return out, nil
}
