package population

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/person"
)

func TestAHouseholdIsAllWhoLiveInTheDwelling(t *testing.T) {
	l := healthLanguage(t)
	smokes := func(id person.ID, home string, read bool, code string) *history {
		h := &history{id: id, read: read, language: l, made: map[string][]criteria.Fact{}, fields: map[string][]criteria.Fact{"population.dwelling": {}}}
		if home != "" {
			h.fields["population.dwelling"] = []criteria.Fact{{Value: home}}
		}
		if code != "" {
			h.records = []clinical.Record{{Kind: clinical.Observation, Codes: vocabularyCode("loinc|72166-2"), From: 18000, Until: 18000, Minute: -1, ValueCode: vocabularyCode(code)[0], Group: 1, Encounter: 1}}
		}
		return h
	}
	people := []*history{
		smokes(1, "7", true, "snomed|2"), smokes(2, "7", true, "snomed|1"), smokes(3, "8", true, "snomed|2"),
		smokes(4, "9", true, ""), smokes(5, "9", false, "snomed|1"), smokes(6, "", true, "snomed|1"),
	}
	byID := map[person.ID]*history{}
	var ids []person.ID
	for _, h := range people {
		byID[h.id], ids = h, append(ids, h.id)
	}
	c := Gather(ids, []string{"smoking", "population.dwelling"}, func(id person.ID) criteria.Facts { return byID[id] })
	c.households([]string{"household.smoking", "smoking"})
	prog, err := l.Compile("smoking.household().valued('snomed|1').exists()")
	if err != nil {
		t.Fatal(err)
	}
	always, err := l.Compile("smoking.exists() || !(smoking.exists()) || true")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := NewPlan(c, l, []*criteria.Care{{Name: "home", Population: always, Done: prog}}, params(), criteria.Run{AsOf: day("2021-01-01")})
	if err != nil {
		t.Fatal(err)
	}
	found, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[person.ID]criteria.CareVerdict{1: criteria.Done, 2: criteria.Done, 3: criteria.Gap,
		4: criteria.CareUnknown, // the record of one who lives there was not read
		6: criteria.CareUnknown} {
		if got := found.Verdict("home", id); got != want {
			t.Errorf("person %d: %q, not %q", uint32(id), got, want)
		}
	}
}

// neighbours are random people of whom some live together.
func neighbours(l *criteria.Language, seed uint64) (people []*history, c *chance) {
	c = &chance{rand.New(rand.NewPCG(31, seed)), l, day("2021-01-07")}
	for i := range 24 {
		id := person.ID(i + 1)
		if i%3 == 0 {
			id += 1 << partBits // people of two parts
		}
		h := c.history(id)
		delete(h.fields, "household.score")
		delete(h.fields, "household.smoking")
		h.fields["population.dwelling"] = []criteria.Fact{}
		if c.rng.IntN(8) > 0 {
			h.fields["population.dwelling"] = []criteria.Fact{{Value: strconv.Itoa(c.rng.IntN(6))}}
		}
		people = append(people, h)
	}
	return people, c
}

// reckoned loads the columns of everyone anew and runs the criteria over them.
func reckoned(t *testing.T, l *criteria.Language, people []*history, cares []*criteria.Care) (*Plan, *Findings) {
	t.Helper()
	byID, own, all := map[person.ID]*history{}, []string{"population.dwelling"}, []string{}
	var ids []person.ID
	for _, h := range people {
		byID[h.id], ids = h, append(ids, h.id)
	}
	for _, care := range cares {
		for _, name := range care.Fields() {
			all = append(all, name)
			bare, _ := cutHousehold(name)
			own = append(own, bare)
		}
	}
	slices.Sort(own)
	columns := Gather(ids, slices.Compact(own), func(id person.ID) criteria.Facts { return byID[id] })
	columns.households(all)
	plan, err := NewPlan(columns, l, cares, params(), criteria.Run{AsOf: day("2021-01-07")})
	if err != nil {
		t.Fatal(err)
	}
	found, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return plan, found
}

// atHome are random criteria of which many read facts of households.
func atHome(t *testing.T, l *criteria.Language, seed uint64) []*criteria.Care {
	t.Helper()
	cares := slices.DeleteFunc(newTrial(l, 37, seed).cares, func(c *criteria.Care) bool {
		return !slices.ContainsFunc(c.Fields(), func(f string) bool { _, shared := cutHousehold(f); return shared })
	})
	cares = cares[:min(len(cares), 8)]
	always, err := l.Compile("smoking.exists() || !(smoking.exists()) || true")
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"smoking.household().valued('snomed|1').exists()", "score.household().latest() > 2", "score.household().count() > score.count()",
		"score.household().sum() >= 7", "score.household().lastDay().min() < 3", "illness.household().active() && smoking.exists()", "rare.household().exists()",
		"score.household().current() > score.household().mean()", "stay.household().near(score.household(), '30d').exists()", "medicine.household().endsIn(within('1y')).none()"} {
		prog, err := l.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		cares = append(cares, &criteria.Care{Name: "home " + strconv.Itoa(i), Population: always, Done: prog})
	}
	return cares
}

// What one of a household lives through changes what is found of all of them at
// once, and exactly as if everything were loaded and computed anew; a correction
// counts once, and what is said to have moved has.
func TestAnEventOfOneChangesTheFindingsOfTheWholeHousehold(t *testing.T) {
	l := healthLanguage(t)
	moves, others := 0, 0
	for seed := range uint64(8) {
		people, c := neighbours(l, seed)
		cares := atHome(t, l, seed)
		plan, found := reckoned(t, l, people, cares)
		live := NewLive(plan, found)
		came, loaded := map[person.ID][]clinical.Record{}, map[person.ID]int{}
		for i := range 14 {
			h := people[c.rng.IntN(len(people))]
			if _, ok := loaded[h.id]; !ok {
				loaded[h.id] = len(h.records)
			}
			r := c.record(uint32(1000 + i)) //nolint:gosec // a few
			r.Person = h.id
			before := map[person.ID]map[string]criteria.CareVerdict{}
			for _, p := range people {
				before[p.id] = map[string]criteria.CareVerdict{}
				for _, care := range cares {
					before[p.id][care.Name] = found.Verdict(care.Name, p.id)
				}
			}
			list := came[h.id]
			if len(list) > 0 && c.rng.IntN(2) == 0 { // the last one is corrected
				list = list[:len(list)-1]
			}
			list = append(slices.Clone(list), r)
			var moved []Moved
			var err error
			if len(list) == len(came[h.id])+1 && c.rng.IntN(2) == 0 {
				moved, err = live.Record(r)
			} else {
				moved, err = live.Records(h.id, list)
			}
			if err != nil {
				t.Fatal(err)
			}
			came[h.id] = list
			h.records, h.made = append(h.records[:loaded[h.id]:loaded[h.id]], list...), map[string][]criteria.Fact{}
			_, anew := reckoned(t, l, people, cares)
			changed := 0
			for _, p := range people {
				for _, care := range cares {
					want := anew.Verdict(care.Name, p.id)
					if got := found.Verdict(care.Name, p.id); got != want {
						t.Fatalf("seed %d, event %d of %d, %s, person %d: computed anew %q, kept up to date %q", seed, i, h.id, care.Name, p.id, want, got)
					}
					if before[p.id][care.Name] == want {
						continue
					}
					changed++
					if p.id != h.id {
						others++
					}
					if !slices.Contains(moved, Moved{p.id, care.Name, before[p.id][care.Name], want}) {
						t.Errorf("it is not said that %s of person %d moved", care.Name, p.id)
					}
					if !slices.Contains(live.Around(h.id), p.id) || !live.People().Contains(uint32(p.id)) {
						t.Errorf("person %d is not around %d", p.id, h.id)
					}
				}
			}
			if len(moved) != changed {
				t.Errorf("%d moves are told, %d findings changed", len(moved), changed)
			}
			moves += changed
		}
	}
	if moves < 40 || others < 15 {
		t.Errorf("only %d findings changed, %d of them of others", moves, others)
	}
}
