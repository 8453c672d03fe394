package app

import (
	"context"
	"slices"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
)

// CareFacts reads what fields and concepts hold of one person, with the source
// of each fact, for the evaluator of one person. The reading is on the record.
// Facts of the household come from the columns of everyone: they have no source.
func (a *App) CareFacts(ctx context.Context, l *criteria.Language, names []string, id person.ID, officer, object string) (criteria.Facts, error) {
	purpose, err := carePurpose()
	if err != nil {
		return nil, err
	}
	return a.careFacts(ctx, purpose, l, names, id, officer, object)
}

// FactsFor is CareFacts for what a library may be run for. Of somebody who objects to
// that nothing is read: the fault is Refused.
func (a *App) FactsFor(ctx context.Context, l *library.Library, names []string, id person.ID, officer, object string) (criteria.Facts, error) {
	purpose, err := purposeOf(l)
	if err != nil {
		return nil, err
	}
	objecting, err := a.DB.Objecting(ctx, purpose.ID())
	if err != nil {
		return nil, err
	}
	if objecting.Contains(uint32(id)) {
		return nil, fault.New(fault.Refused, "app.FactsFor", "the person objects to this use of their data")
	}
	return a.careFacts(ctx, purpose, l.Language(), names, id, officer, object)
}

func (a *App) careFacts(ctx context.Context, purpose permission.Purpose, l *criteria.Language, names []string, id person.ID, officer, object string) (criteria.Facts, error) {
	own, home := parted(names)
	facts, err := a.ownFacts(ctx, purpose, population.Fields(l, own), id, officer, object)
	if err != nil || len(home) == 0 {
		return facts.facts(l), err
	}
	whole, err := a.population(ctx, purpose, l, home, officer, object+", households", func(int, int) {})
	if err != nil {
		return nil, err
	}
	whole.Close()
	facts.home = whole.Columns.Person(id)
	return facts.facts(l), nil
}

// parted divides names into the person's own and those of the household.
func parted(names []string) (own, home []string) {
	for _, name := range names {
		if strings.HasPrefix(name, "household.") {
			home = append(home, name)
		} else {
			own = append(own, name)
		}
	}
	return own, home
}

// ownFacts are what was read of one person.
type ownFacts struct {
	read    bool // the health record was
	records []clinical.Record
	fields  map[string][]criteria.Fact
	home    criteria.Facts // nil: nothing of the household was asked for
}

// ownFacts reads fields of one person for a purpose. The reading is on the record.
func (a *App) ownFacts(ctx context.Context, purpose permission.Purpose, fields []permission.Field, id person.ID, officer, object string) (ownFacts, error) {
	out := ownFacts{fields: map[string][]criteria.Fact{}}
	slices.Sort(fields)
	rows, g, err := a.careRows(ctx, purpose, slices.Compact(fields), id, officer, object)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		for _, f := range g.Fields() {
			values, err := row.Open(g, f)
			if err != nil {
				return out, err
			}
			if f == register.HealthRead {
				out.read = len(values) > 0
			}
			spec, _ := register.Spec(f)
			for _, v := range values {
				if r, ok := v.Value.(clinical.Record); ok {
					out.records = append(out.records, r)
					continue
				}
				out.fields[string(f)] = append(out.fields[string(f)], criteria.Fact{From: v.From, Until: v.Until, Value: v.Value, Qualifier: v.Qualifier, Source: spec.Register})
			}
			if row.Read(f) && out.fields[string(f)] == nil {
				out.fields[string(f)] = []criteria.Fact{}
			}
		}
	}
	return out, nil
}

// facts are for the evaluator. A fact that names no resource is of the register.
func (o ownFacts) facts(l *criteria.Language) criteria.Facts {
	facts := criteria.RecordFacts{Language: l, Read: o.read, Concepts: map[string][]criteria.Fact{}, Other: fieldFacts{o.fields, o.home}}
	for _, c := range l.Concepts() {
		list := c.Facts(slices.Clone(o.records))
		for i := range list {
			if list[i].Source == "" {
				list[i].Source = healthRegister
			}
		}
		facts.Concepts[c.Name] = list
	}
	return facts
}

// of are the records of a resource that is named in its source.
func (o ownFacts) of(source string) (out []clinical.Record) {
	if !strings.Contains(source, "/") {
		return nil
	}
	for _, r := range o.records {
		if r.Source == source {
			out = append(out, r)
		}
	}
	return out
}

// with is the same with the records of one more resource, in the place of what it
// said before.
func (o ownFacts) with(records []clinical.Record) ownFacts {
	source := records[0].Source
	again := len(o.of(source)) > 0
	kept := slices.DeleteFunc(slices.Clone(o.records), func(r clinical.Record) bool { return again && r.Source == source })
	o.records = append(kept, records...)
	return o
}

func (a *App) careRows(ctx context.Context, purpose permission.Purpose, fields []permission.Field, id person.ID, officer, object string) ([]register.Row, permission.Grant, error) {
	known, err := a.known(ctx)
	if err != nil {
		return nil, permission.Grant{}, err
	}
	files, err := a.DB.Files(ctx, known)
	if err != nil {
		return nil, permission.Grant{}, err
	}
	if err := a.shelf().Bring(ctx, files); err != nil {
		return nil, permission.Grant{}, err
	}
	g, err := a.careGrant(ctx, purpose, officer, "look at a finding", permission.Only(roaring.BitmapOf(uint32(id))), fields)
	if err != nil {
		return nil, permission.Grant{}, err
	}
	source, done := a.facts(files)
	defer done()
	rows, err := register.NewReader(a.DB, source).Read(ctx, g, nil, object)
	return rows, g, err
}

// fieldFacts are the facts of fields, and those of the household.
type fieldFacts struct {
	fields map[string][]criteria.Fact
	home   criteria.Facts // nil: none were asked for
}

// Facts implements criteria.Facts.
func (c fieldFacts) Facts(name string) ([]criteria.Fact, bool) {
	if strings.HasPrefix(name, "household.") {
		if c.home == nil {
			return nil, false
		}
		return c.home.Facts(name)
	}
	list, read := c.fields[name]
	return list, read
}
