package population

import (
	"testing"
	"time"

	"ennakko/criteria"
	"ennakko/person"
)

// One worker takes a block whose facts are of one day each, and then one whose
// facts last: what a filter keeps of the second stands in no other series.
func TestAFilterWritesIntoNoOtherSeries(t *testing.T) {
	l := healthLanguage(t)
	at := func(from, until string, value float64) criteria.Fact {
		f := criteria.Fact{From: day(from), Value: value}
		if until != "" {
			f.Until = day(until)
		}
		return f
	}
	short, long := person.ID(3), person.ID(1<<partBits+3)
	made := []*history{
		{id: short, read: true, language: l, made: map[string][]criteria.Fact{}, fields: map[string][]criteria.Fact{"population.income": {at("2020-01-01", "2020-01-01", 1), at("2020-02-01", "2020-02-01", 2), at("2020-03-01", "2020-03-01", 3), at("2020-04-01", "2020-04-01", 4)}}},
		{id: long, read: true, language: l, made: map[string][]criteria.Fact{}, fields: map[string][]criteria.Fact{"population.income": {at("2010-01-01", "2010-02-01", 1), at("2011-01-01", "2011-02-01", 2), at("2019-01-01", "", 4)}}}}
	care := &criteria.Care{Name: "c"}
	for text, to := range map[string]**criteria.Program{"population.income.above(0).during(within('2y')).exists()": &care.Population, "population.income.above(0).sum() == 7.0": &care.Done} {
		p, err := l.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		*to = p
	}
	run := criteria.Run{AsOf: time.Date(2020, 6, 1, 0, 0, 0, 0, time.UTC)}
	columns := columnsOf(l, made)
	plan, err := NewPlan(columns, l, []*criteria.Care{care}, params(), run)
	if err != nil {
		t.Fatal(err)
	}
	all := columns.city()
	out := make([][nVerdicts]people, 1)
	for v := range out[0] {
		out[0][v] = make(people, len(all.people))
	}
	w := newWorker(plan, all, blockPeople)
	for _, h := range made {
		b := int(h.id >> blockBits)
		w.decide(b, all.people.block(b), out)
	}
	for _, h := range made {
		want, _ := care.Verdict(h, params(), run)
		for v, name := range verdicts() {
			if got := out[0][v].has(uint32(h.id)); got != (name == want.Verdict) {
				t.Errorf("person %d: %q is %v, and alone it is %q", uint32(h.id), name, got, want.Verdict)
			}
		}
	}
}
