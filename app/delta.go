package app

import (
	"context"
	"slices"
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
	"ennakko/register/fhir"
	"ennakko/register/parquet"
	"ennakko/store"
)

// healthRegister is the register of health records.
const healthRegister = "health"

// facts is the newest facts: the files of the newest snapshots, and over them the
// records that came in since. Close gives the memory back.
func (a *App) facts(files []parquet.File) (source register.Base, done func()) {
	kept := parquet.NewSource(a.path("facts"), files)
	return register.With(kept, func(ctx context.Context, people *roaring.Bitmap) ([]clinical.Record, error) {
		of := store.NewRecordsOf{}
		if people != nil {
			for it := people.Iterator(); it.HasNext(); {
				of.People = append(of.People, person.ID(it.Next()))
			}
		}
		list, err := a.DB.NewRecords(ctx, time.Time{}, of)
		return recordsOf(list), err
	}), func() { _ = kept.Close() }
}

func recordsOf(list []store.NewRecord) []clinical.Record {
	out := make([]clinical.Record, len(list))
	for i, r := range list {
		out[i] = r.Record
	}
	return out
}

// Changed is a criterion that says something else of a person than before.
type Changed struct {
	Criterion *library.Criterion
	From, To  criteria.CareVerdict
}

// Added says what came of an event.
type Added struct {
	Person  person.ID
	Fresh   bool      // false: the same came in before, and nothing was kept
	Records int       // that were kept
	Looked  int       // criteria that read such facts, and were evaluated
	Changed []Changed // those of them that say something else now
}

// AddEvent keeps one resource that came in between two snapshots of the register
// of health, for the person whom it names, under an act with its entry. When it
// returns without a fault, or with one of kind Later, the records are kept. Then
// those criteria of the library that read such facts, and no household, are
// evaluated for the person, without and with it. The fault of a person whose
// record was never read, or of a resource that the newest snapshot holds, is
// Conflict; of a person who is not there Missing.
func (a *App) AddEvent(ctx context.Context, e fhir.Event, l *library.Library, asOf time.Time, officer string) (Added, error) {
	var out Added
	var err error
	if e.Identity.IsZero() {
		out.Person, err = a.DB.PersonByPatient(ctx, e.Patient)
	} else {
		out.Person, err = a.DB.PersonByCode(ctx, e.Identity)
	}
	if err != nil {
		return out, err
	}
	return a.addEvent(ctx, out.Person, e, l, asOf, officer)
}

// addEvent is AddEvent for a person who is known.
func (a *App) addEvent(ctx context.Context, id person.ID, e fhir.Event, l *library.Library, asOf time.Time, officer string) (Added, error) {
	const op = "app.AddEvent"
	out := Added{Person: id}
	concerned, names := readersOf(l, e.Records)
	out.Looked = len(concerned)
	purpose, err := carePurpose()
	if err != nil {
		return out, err
	}
	before, err := a.ownFacts(ctx, purpose, append(population.Fields(l.Language(), names), kindsOf(e)...), out.Person, officer, "an event of the register of health")
	if err != nil {
		return out, err
	}
	if !before.read {
		return out, fault.New(fault.Conflict, op, "the person's health record was never read").Do("import the person's record first: one event alone would be taken for all that there is")
	}
	known := before.of(e.Records[0].Source)
	if slices.ContainsFunc(known, func(r clinical.Record) bool { return r.Group < clinical.NewGroups }) {
		return out, fault.New(fault.Conflict, op, "the newest snapshot of the register has this resource already").Do("a correction of it comes with the next snapshot")
	}
	records := before.placed(e, out.Person)
	if out.Fresh, err = a.keepEvent(ctx, records, officer); err != nil || !out.Fresh {
		return out, err
	}
	out.Records = len(records)
	after := before.with(records)
	for _, c := range concerned {
		was, _ := c.Care.Verdict(before.facts(l.Language()), l.Params(), criteria.Run{AsOf: asOf})
		is, _ := c.Care.Verdict(after.facts(l.Language()), l.Params(), criteria.Run{AsOf: asOf})
		if was.Verdict != is.Verdict {
			out.Changed = append(out.Changed, Changed{c, was.Verdict, is.Verdict})
		}
	}
	return out, nil
}

// placed are the records of an event of a person. A visit that is known gives them
// its number and class.
func (o ownFacts) placed(e fhir.Event, id person.ID) []clinical.Record {
	out := slices.Clone(e.Records)
	visit := o.of(e.Visit)
	for i := range out {
		out[i].Person, out[i].Group = id, clinical.NewGroups
		if len(visit) > 0 {
			out[i].Encounter, out[i].Class = visit[0].Encounter, visit[0].Class
		}
	}
	return out
}

// readersOf are the criteria that read facts such as records make, and all that
// they read.
func readersOf(l *library.Library, records []clinical.Record) (out []*library.Criterion, names []string) {
	takes := map[string]bool{}
	for _, c := range l.Language().Concepts() {
		takes[c.Name] = slices.ContainsFunc(records, c.Takes)
	}
	for _, c := range l.Criteria() {
		fields := c.Care.Fields()
		_, home := parted(fields)
		if c.Runs() && len(home) == 0 && slices.ContainsFunc(fields, func(f string) bool { return takes[f] }) {
			out, names = append(out, c), append(names, fields...)
		}
	}
	return out, names
}

// kindsOf are the fields that have to be read to place an event: its own, for a
// resource that is there already, and visits.
func kindsOf(e fhir.Event) []permission.Field {
	out := []permission.Field{register.HealthRead}
	for _, r := range e.Records {
		out = append(out, permission.Field(r.Kind.Field()))
	}
	if e.Visit != "" {
		out = append(out, permission.Field(clinical.Encounter.Field()))
	}
	return out
}

func (a *App) keepEvent(ctx context.Context, records []clinical.Record, officer string) (fresh bool, err error) {
	purpose, err := carePurpose()
	if err != nil {
		return false, err
	}
	act, err := audit.Begin(officer, "keep an event", purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return false, err
	}
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		if fresh, err = tx.AddNewRecords(records); err != nil {
			return err
		}
		if !fresh {
			return store.ErrNothing
		}
		tx.About("register health", records[0].Person)
		tx.Detail("%s, %d records", records[0].Kind, len(records))
		return nil
	})
	return fresh, err
}

// followRecords takes the records that came in since the last look into the care
// book, and reports whether any did. The look at them is on the record.
func (l *Live) followRecords(ctx context.Context) (bool, error) {
	l.mu.Lock()
	b := l.care
	l.mu.Unlock()
	if b == nil {
		return false, nil
	}
	last, err := l.App.DB.LastNewRecord(ctx)
	if err != nil || last <= b.seen.Load() {
		return false, err
	}
	fresh, err := l.App.DB.NewRecords(ctx, time.Time{}, store.NewRecordsOf{After: b.loaded})
	if err != nil {
		return false, err
	}
	byPerson, touched := map[person.ID][]clinical.Record{}, map[person.ID]bool{}
	for _, r := range fresh {
		byPerson[r.Record.Person] = append(byPerson[r.Record.Person], r.Record)
		touched[r.Record.Person] = touched[r.Record.Person] || r.ID > b.seen.Load()
	}
	var people []person.ID
	for id := range touched {
		if touched[id] && b.columns.People().Contains(uint32(id)) {
			people = append(people, id)
		}
	}
	slices.Sort(people)
	if len(people) > 0 {
		var around []person.ID // whoever lives with them is looked at anew, too
		for _, id := range people {
			around = append(around, b.live.Around(id)...)
		}
		slices.Sort(around)
		if err := l.App.lookAt(ctx, "system:care", "take events into what was found", "register health", []string{string(register.HealthRead)}, slices.Compact(around)...); err != nil {
			return false, err
		}
	}
	for _, id := range people {
		if err := b.take(id, byPerson[id]); err != nil {
			return false, err
		}
	}
	b.seen.Store(last)
	return len(people) > 0, nil
}
