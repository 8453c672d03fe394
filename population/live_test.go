package population

import (
	"math/rand/v2"
	"slices"
	"testing"

	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
)

// planned is a trial with its findings.
func (t *trial) planned(tb testing.TB) (*Plan, *Findings) {
	tb.Helper()
	plan, err := NewPlan(columnsOf(t.language, t.people), t.language, t.cares, params(), t.run)
	if err != nil {
		tb.Fatal(err)
	}
	found, err := plan.Run(testContext())
	if err != nil {
		tb.Fatal(err)
	}
	return plan, found
}

func TestANewFactChangesWhatItShouldAndNothingElse(t *testing.T) {
	l := healthLanguage(t)
	moves, pairs := 0, 0
	for seed := range uint64(12) {
		try := newTrial(l, 21, seed)
		plan, found := try.planned(t)
		live := NewLive(plan, found)
		c := &chance{rand.New(rand.NewPCG(4, seed)), l, try.run.AsOf}
		for i := range 60 {
			h := try.people[c.rng.IntN(len(try.people))]
			r := c.record(uint32(1000 + i))
			r.Person = h.id
			before := map[string]criteria.CareVerdict{}
			for _, care := range try.cares {
				before[care.Name] = found.Verdict(care.Name, h.id)
			}
			moved, err := live.Record(r)
			if err != nil {
				t.Fatal(err)
			}
			h.records, h.made = append(h.records, r), map[string][]criteria.Fact{}
			now := map[string]criteria.CareVerdict{}
			for _, care := range try.cares {
				want, _ := care.Verdict(h, params(), try.run)
				now[care.Name] = want.Verdict
				if got := found.Verdict(care.Name, h.id); got != want.Verdict {
					t.Fatalf("seed %d, fact %d, %s: one by one %q, after the new fact %q\n%+v", seed, i, care.Name, want.Verdict, got, r)
				}
				pairs++
			}
			for _, m := range moved {
				if m.To != now[m.Criterion] || m.From == m.To {
					t.Errorf("it is said that %s went from %q to %q", m.Criterion, m.From, m.To)
				}
				moves++
			}
		}
	}
	if moves < 100 {
		t.Errorf("only %d of %d verdicts changed", moves, pairs)
	}
}

// All records of a person that came in since may be given anew, so that one that
// was corrected does not count twice; and why is asked of what is known with them.
func TestRecordsThatCameInTakeThePlaceOfThoseBefore(t *testing.T) {
	l := healthLanguage(t)
	for seed := range uint64(6) {
		try := newTrial(l, 23, seed)
		plan, found := try.planned(t)
		live := NewLive(plan, found)
		c := &chance{rand.New(rand.NewPCG(5, seed)), l, try.run.AsOf}
		loaded, came := map[person.ID]int{}, map[person.ID][]clinical.Record{}
		for i := range 40 {
			h := try.people[c.rng.IntN(12)]
			if _, ok := loaded[h.id]; !ok {
				loaded[h.id] = len(h.records)
			}
			list := came[h.id]
			if len(list) > 0 && c.rng.IntN(2) == 0 { // corrected
				list = list[:len(list)-1]
			}
			r := c.record(uint32(1000 + i))
			r.Person = h.id
			list = append(slices.Clone(list), r)
			came[h.id] = list
			h.records, h.made = append(h.records[:loaded[h.id]:loaded[h.id]], list...), map[string][]criteria.Fact{}
			if _, err := live.Records(h.id, list); err != nil {
				t.Fatal(err)
			}
			for _, care := range try.cares {
				want, _ := care.Verdict(h, params(), try.run)
				alone, _ := care.Verdict(live.Person(h.id), params(), try.run)
				if got := found.Verdict(care.Name, h.id); got != want.Verdict || alone.Verdict != want.Verdict {
					t.Fatalf("seed %d, fact %d, %s: one by one %q, after the records %q, of what is live %q", seed, i, care.Name, want.Verdict, got, alone.Verdict)
				}
			}
		}
		live.People().Iterate(func(id uint32) bool {
			if len(came[person.ID(id)]) == 0 {
				t.Errorf("person %d has new facts, and none came in", id)
			}
			return true
		})
		if live.People().IsEmpty() {
			t.Error("nobody has new facts")
		}
	}
	if _, err := NewLive(newTrial(l, 2, 2).planned(t)).Records(person.ID(77777), nil); fault.KindOf(err) != fault.Missing {
		t.Error(err)
	}
}

func TestAFactOfSomebodyWhoWasNotLoadedIsRefused(t *testing.T) {
	l := healthLanguage(t)
	try := newTrial(l, 2, 2)
	live := NewLive(try.planned(t))
	if _, err := live.Fact(person.ID(77777), "score", criteria.Fact{Value: 1.0}); fault.KindOf(err) != fault.Missing {
		t.Error(err)
	}
}

// Why somebody has a verdict is asked of the columns themselves.
func TestOnePersonOfTheColumnsHasTheSameVerdictAlone(t *testing.T) {
	l := healthLanguage(t)
	for seed := range uint64(8) {
		try := newTrial(l, 31, seed)
		plan, found := try.planned(t)
		for _, care := range try.cares {
			for _, h := range try.people {
				f, err := care.Verdict(plan.columns.Person(h.id), params(), try.run)
				if f.Verdict != found.Verdict(care.Name, h.id) {
					t.Fatalf("%s of person %d: alone %q (%v), together %q", care.Name, uint32(h.id), f.Verdict, err, found.Verdict(care.Name, h.id))
				}
			}
		}
	}
}

func TestWhatIfCountsWhoEntersAndLeaves(t *testing.T) {
	l := healthLanguage(t)
	h := func(id person.ID, systolic float64, sex, district, born string) *history {
		asOf := criteria.DayNumber(day("2020-12-31"))
		return &history{id: id, read: true, language: l, made: map[string][]criteria.Fact{}, fields: map[string][]criteria.Fact{
			"population.birth_date": {{Value: day(born)}}, "population.sex": {{Value: sex}}, "population.municipality": {{Value: "091"}}, "population.district": {{Value: district}}},
			records: []clinical.Record{{Kind: clinical.Observation, Codes: vocabularyCode("loinc|8480-6"), From: asOf - 3, Until: asOf - 3, Value: systolic, Unit: "mm[Hg]", Status: "final", Group: 1}}}
	}
	people := []*history{h(1, 128, "f", "Kallio", "1950-05-05"), h(2, 135, "m", "Kallio", "1950-05-05"), h(3, 150, "m", "Malmi", "2001-01-01"), h(4, 141, "f", "Malmi", "1999-01-01")}
	byID := map[person.ID]*history{}
	var ids []person.ID
	for _, x := range people {
		byID[x.id], ids = x, append(ids, x.id)
	}
	c := Gather(ids, append(names(l), "population.district"), func(id person.ID) criteria.Facts { return byID[id] })
	care := func(limit string) *criteria.Care {
		population, err := l.Compile("systolic.exists()")
		if err != nil {
			t.Fatal(err)
		}
		done, err := l.Compile("systolic.latest() < " + limit)
		if err != nil {
			t.Fatal(err)
		}
		return &criteria.Care{Name: "pressure", Population: population, Done: done}
	}
	run := criteria.Run{AsOf: day("2020-12-31")}
	plan, err := NewPlan(c, l, []*criteria.Care{care("140")}, params(), run)
	if err != nil {
		t.Fatal(err)
	}
	found, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	groups := c.Groups(criteria.DayNumber(run.AsOf))
	d, err := plan.WhatIf(t.Context(), found, care("130"), params(), criteria.Gap, groups)
	if err != nil {
		t.Fatal(err)
	}
	if d.Before != 2 || d.After != 3 || !slices.Equal(d.Enter.ToArray(), []uint32{2}) || !d.Leave.IsEmpty() ||
		d.ByAge["70-79"] != (Movement{1, 0}) || d.BySex["m"] != (Movement{1, 0}) || d.ByDistrict["Kallio"] != (Movement{1, 0}) {
		t.Errorf("130 in the place of 140: %+v", d)
	}
	d, err = plan.WhatIf(t.Context(), found, care("145"), params(), criteria.Gap, groups)
	if err != nil || d.After != 1 || !slices.Equal(d.Leave.ToArray(), []uint32{4}) || d.ByDistrict["Malmi"] != (Movement{0, 1}) || d.ByAge["20-29"] != (Movement{0, 1}) {
		t.Errorf("145 in the place of 140: %+v, %v", d, err)
	}
	if n := found.Of("pressure", criteria.Gap).GetCardinality(); n != 2 {
		t.Errorf("the findings of before were changed: %d", n)
	}
}
