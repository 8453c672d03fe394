package rival

import (
	"testing"
	"time"

	"ennakko/criteria"
)

// Every pattern of the measurement compiles and can be put into SQL; what the
// ratio is reckoned of is the same work.
func TestEveryPatternOfTheMeasurementIsPutIntoSQL(t *testing.T) {
	catalog := criteria.Catalog{{Name: "population.birth_date", Kind: criteria.Date}, {Name: "population.sex", Kind: criteria.Text}}
	l, cares, err := Template(catalog, 300)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(l, criteria.Params{}, criteria.Run{AsOf: time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)})
	names := map[string]bool{}
	for _, c := range cares {
		w.touched = map[string]bool{}
		if _, err := w.verdict(c); err != nil || len(w.touched) == 0 || names[c.Name] {
			t.Errorf("%s: %v", c.Name, err)
		}
		names[c.Name] = true
	}
	if _, _, err := Template(catalog, 301); err == nil {
		t.Error("there are more patterns than were counted")
	}
}
