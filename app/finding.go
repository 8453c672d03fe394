package app

import (
	"context"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
	"ennakko/register/parquet"
)

// CareFacts reads what fields and concepts hold of one person, with the source
// of each fact, for the evaluator of one person. The reading is on the record.
// Facts of the household come from the columns of everyone: they have no source.
func (a *App) CareFacts(ctx context.Context, l *criteria.Language, names []string, id person.ID, officer, object string) (criteria.Facts, error) {
	own, home := parted(names)
	rows, g, err := a.careRows(ctx, population.Fields(l, own), id, officer, object)
	if err != nil {
		return nil, err
	}
	out := &careFacts{fields: map[string][]criteria.Fact{}}
	facts := criteria.RecordFacts{Language: l, Concepts: map[string][]criteria.Fact{}, Other: out}
	var records []clinical.Record
	for _, row := range rows {
		for _, f := range g.Fields() {
			values, err := row.Open(g, f)
			if err != nil {
				return nil, err
			}
			if f == register.HealthRead {
				facts.Read = len(values) > 0
			}
			for _, v := range values {
				if r, ok := v.Value.(clinical.Record); ok {
					records = append(records, r)
					continue
				}
				out.fields[string(f)] = append(out.fields[string(f)], criteria.Fact{From: v.From, Until: v.Until, Value: v.Value, Qualifier: v.Qualifier})
			}
			if row.Read(f) && out.fields[string(f)] == nil {
				out.fields[string(f)] = []criteria.Fact{}
			}
		}
	}
	for _, name := range own {
		if c, ok := l.Concept(name); ok {
			facts.Concepts[name] = c.Facts(records)
		}
	}
	if len(home) == 0 {
		return facts, nil
	}
	whole, err := a.Population(ctx, l, home, officer, object+", households", func(int, int) {})
	if err != nil {
		return nil, err
	}
	whole.Close()
	out.home = whole.Columns.Person(id)
	return facts, nil
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

func (a *App) careRows(ctx context.Context, fields []permission.Field, id person.ID, officer, object string) ([]register.Row, permission.Grant, error) {
	purpose, err := carePurpose()
	if err != nil {
		return nil, permission.Grant{}, err
	}
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
	source := parquet.NewSource(a.path("facts"), files)
	defer func() { _ = source.Close() }()
	rows, err := register.NewReader(a.DB, source).Read(ctx, g, nil, object)
	return rows, g, err
}

// careFacts are the facts of fields, and those of the household.
type careFacts struct {
	fields map[string][]criteria.Fact
	home   criteria.Facts // nil: none were asked for
}

// Facts implements criteria.Facts.
func (c *careFacts) Facts(name string) ([]criteria.Fact, bool) {
	if strings.HasPrefix(name, "household.") {
		if c.home == nil {
			return nil, false
		}
		return c.home.Facts(name)
	}
	list, read := c.fields[name]
	return list, read
}
