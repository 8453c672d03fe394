package library_test

import (
	"os"
	"testing"

	"ennakko/criteria"
	"ennakko/library"
)

var catalog = criteria.Catalog{
	{Name: "population.birth_date", Kind: criteria.Date},
	{Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
	{Name: "population.sex", Kind: criteria.Text},
	{Name: "population.municipality", Kind: criteria.Text},
	{Name: "population.name", Kind: criteria.Hidden},
}

func load(t testing.TB, dir string) *library.Library {
	t.Helper()
	l, err := library.Load(os.DirFS("testdata"), dir, catalog)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFivePublishedMeasuresCanBeSaid(t *testing.T) {
	l := load(t, "measures")
	r, err := l.Check()
	if err != nil {
		t.Error(err)
	}
	t.Logf("%+v", r)
	if r.Criteria != 5 || r.Share() != 1 || r.Guarded != r.Exclusions {
		t.Errorf("%+v", r)
	}
}
