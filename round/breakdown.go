package round

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"ennakko/permission"
	"ennakko/register"
	"ennakko/store"
)

// countedBy are the fields by which people are counted, where the purpose
// covers them.
var countedBy = map[permission.Field]string{register.BirthDate: store.ByAge, register.District: store.ByDistrict, register.ContactLanguage: store.ByLanguage}

func counted(p permission.Purpose) []string {
	var out []string
	for _, f := range p.Fields() {
		if countedBy[f] != "" {
			out = append(out, string(f))
		}
	}
	return out
}

// count counts one person of the age group. Only the counts are kept.
func (p *preparation) count(row register.Row, g permission.Grant, met bool) {
	for f, by := range countedBy {
		if !row.Read(f) {
			continue
		}
		key := row.Text(g, f)
		if known, err := row.Open(g, f); err == nil && len(known) > 0 {
			if born, ok := known[len(known)-1].Value.(time.Time); ok {
				key = age(born, p.AsOf)
			}
		}
		p.counts[store.Breakdown{Stage: store.Found, By: by, Key: key}]++
		if met {
			p.counts[store.Breakdown{Stage: store.Justified, By: by, Key: key}]++
		}
	}
}

// age is the full years from a day of birth to a day.
func age(born, on time.Time) string {
	years := on.Year() - born.Year()
	if on.Month() < born.Month() || on.Month() == born.Month() && on.Day() < born.Day() {
		years--
	}
	return strconv.Itoa(years)
}

// breakdown is the counts in a fixed order.
func (p *preparation) breakdown() []store.Breakdown {
	out := slices.Collect(maps.Keys(p.counts))
	for i, b := range out {
		out[i].N = p.counts[b]
	}
	slices.SortFunc(out, func(a, b store.Breakdown) int {
		return cmp.Or(cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.By, b.By), cmp.Compare(a.Key, b.Key))
	})
	return out
}
