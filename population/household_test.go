package population

import (
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
