package population

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/person"
)

func codes(name string, all ...string) *coding.ValueSet {
	var list []coding.Pattern
	for _, c := range all {
		list = append(list, coding.ParsePattern(c))
	}
	return coding.NewValueSet(name, list...)
}

// vocabulary is what the random conditions speak of.
func vocabulary() criteria.Vocabulary {
	concept := func(name string, kind clinical.Kind, value criteria.Kind, unit, substance string, absent criteria.Absence, list ...string) criteria.Concept {
		c := criteria.Concept{Name: name, Kinds: []clinical.Kind{kind}, Codes: codes("", list...), Value: value, Substance: substance, Absent: absent}
		if unit != "" {
			c.Unit = coding.MustUnit(unit)
		}
		return c
	}
	twins := concept("twins", clinical.Observation, criteria.Number, "", "", criteria.AbsentNone, "loinc|4-4", "loinc|1-1")
	twins.Kinds = append(twins.Kinds, clinical.Procedure)
	answered := concept("answered", clinical.Observation, criteria.Event, "", "", criteria.AbsentNone, "loinc|3-3", "loinc|72166-2")
	answered.Given = true
	medicine := concept("medicine", clinical.Medication, criteria.Event, "", "", criteria.AbsentNone, "atc|C09*", "atc|C08*")
	medicine.Statuses = []string{"active", "completed"}
	return criteria.Vocabulary{
		Fields: criteria.Catalog{
			{Name: "population.birth_date", Kind: criteria.Date}, {Name: "population.death_date", Kind: criteria.Date, Absent: criteria.AbsentNone},
			{Name: "population.sex", Kind: criteria.Text}, {Name: "population.municipality", Kind: criteria.Text, Absent: criteria.AbsentNone},
			{Name: "population.income", Kind: criteria.Number}, {Name: "population.non_disclosure", Kind: criteria.YesNo},
			{Name: "guardianship.guardian", Kind: criteria.Person, Absent: criteria.AbsentNone},
		},
		Concepts: []criteria.Concept{
			concept("systolic", clinical.Observation, criteria.Number, "mm[Hg]", "", criteria.AbsentNone, "loinc|8480-6", "loinc|8459-0"),
			concept("glucose", clinical.Observation, criteria.Number, "mmol/L", "glucose", criteria.AbsentNone, "loinc|2345-7"),
			concept("score", clinical.Observation, criteria.Number, "", "", criteria.AbsentNone, "loinc|1-1"),
			concept("rare", clinical.Observation, criteria.Number, "", "", criteria.AbsentUnknown, "loinc|3-3"), twins,
			concept("smoking", clinical.Observation, criteria.Coded, "", "", criteria.AbsentNone, "loinc|72166-2"),
			concept("finding", clinical.Observation, criteria.Coded, "", "", criteria.AbsentUnknown, "loinc|3-3", "loinc|72166-2"),
			concept("illness", clinical.Condition, criteria.Event, "", "", criteria.AbsentNone, "icd10|I10*", "snomed|38341003"),
			concept("seldom", clinical.Condition, criteria.Event, "", "", criteria.AbsentUnknown, "icd10|N18*"),
			concept("stay", clinical.Encounter, criteria.Event, "", "", criteria.AbsentNone, "snomed|32485007"), medicine, answered,
		},
		Params:    []criteria.ParamSpec{{Name: "some"}, {Name: "later"}},
		ValueSets: []*coding.ValueSet{codes("smoker", "snomed|1", "snomed|77176002", "icd10|I10*")},
	}
}

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func params() criteria.Params {
	p, err := criteria.NewParams(
		criteria.Param{Name: "some", Values: []criteria.Dated{{From: day("2000-01-01"), Value: 2, Source: "law"}}},
		criteria.Param{Name: "later", Values: []criteria.Dated{{From: day("2020-07-01"), Value: 3, Source: "law"}}})
	if err != nil {
		panic(err)
	}
	return p
}

// history is all that is known of one made-up person.
type history struct {
	id      person.ID
	read    bool
	records []clinical.Record
	fields  map[string][]criteria.Fact // a field that is not there was not read

	language *criteria.Language
	made     map[string][]criteria.Fact
}

// Facts implements criteria.Facts.
func (h *history) Facts(name string) ([]criteria.Fact, bool) {
	if c, ok := h.language.Concept(name); ok && name == c.Name {
		if h.made[name] == nil {
			h.made[name] = c.Facts(slices.Clone(h.records))
		}
		return h.made[name], h.read
	}
	facts, read := h.fields[name]
	return facts, read
}

// without are histories a little smaller than h.
func (h *history) without() []*history {
	var out []*history
	for i := range h.records {
		c := *h
		c.made, c.records = map[string][]criteria.Fact{}, slices.Delete(slices.Clone(h.records), i, i+1)
		out = append(out, &c)
	}
	for name, facts := range h.fields {
		for i := range facts {
			c := *h
			c.made, c.fields = map[string][]criteria.Fact{}, map[string][]criteria.Fact{}
			for n, f := range h.fields {
				c.fields[n] = f
			}
			c.fields[name] = slices.Delete(slices.Clone(facts), i, i+1)
			out = append(out, &c)
		}
	}
	return out
}

// chance makes random histories.
type chance struct {
	rng      *rand.Rand
	language *criteria.Language
	asOf     time.Time
}

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

// on is a random day, often an edge: equal to others, the day itself, the next.
func (c *chance) on() int32 {
	asOf := criteria.DayNumber(c.asOf)
	switch c.rng.IntN(8) {
	case 0:
		return asOf + pick(c.rng, int32(-1), 0, 1, -90, -89, -91, -365, -366, -364, -730, -731)
	case 1:
		return criteria.DayNumber(day(pick(c.rng, "2020-02-29", "2019-12-31", "2020-01-01", "2020-06-01", "2019-02-28", "2020-03-31")))
	case 2:
		return asOf - int32(c.rng.IntN(9))*10
	}
	return asOf - int32(c.rng.IntN(1500))
}

func (c *chance) history(id person.ID) *history {
	h := &history{id: id, read: c.rng.IntN(20) > 0, language: c.language, made: map[string][]criteria.Fact{}, fields: map[string][]criteria.Fact{}}
	for range pick(c.rng, 0, 1, 3, 8, 20) {
		h.records = append(h.records, c.record(uint32(len(h.records)/2+1)))
	}
	for _, f := range vocabulary().Fields {
		if c.rng.IntN(15) == 0 {
			continue
		}
		h.fields[f.Name] = []criteria.Fact{}
		for range pick(c.rng, 0, 1, 1, 1, 1, 2, 3) {
			h.fields[f.Name] = append(h.fields[f.Name], c.fact(f.Kind))
		}
	}
	for name, of := range map[string]criteria.Kind{"household.score": criteria.Number, "household.smoking": criteria.Coded} {
		if c.rng.IntN(4) == 0 {
			continue
		}
		h.fields[name] = []criteria.Fact{}
		for range c.rng.IntN(4) {
			h.fields[name] = append(h.fields[name], c.fact(of))
		}
	}
	return h
}

func (c *chance) record(group uint32) clinical.Record {
	k := pick(c.rng, clinical.Observation, clinical.Observation, clinical.Observation, clinical.Condition, clinical.Encounter, clinical.Medication, clinical.Procedure)
	r := clinical.Record{Kind: k, From: c.on(), Minute: pick(c.rng, int32(-1), -1, 0, 1, 600, 600, 1439), Value: math.NaN(), Group: group,
		Class: pick(c.rng, "", "AMB", "IMP", "EMER", "a"), Status: pick(c.rng, "final", "active", "completed", "entered-in-error", ""), Encounter: uint32(c.rng.IntN(4)), Source: fmt.Sprint("X/", group)}
	r.Until = r.From
	list := map[clinical.Kind][]string{
		clinical.Observation: {"loinc|8480-6", "loinc|8459-0", "loinc|2345-7", "loinc|1-1", "loinc|3-3", "loinc|4-4", "loinc|72166-2"},
		clinical.Condition:   {"icd10|I10", "icd10|I10.9", "snomed|38341003", "icd10|N18.3"},
		clinical.Encounter:   {"snomed|32485007"}, clinical.Medication: {"atc|C09AA01", "atc|C08CA01"}, clinical.Procedure: {"loinc|4-4"},
	}[k]
	for range 1 + c.rng.IntN(2) {
		r.Codes = append(r.Codes, coding.Parse(pick(c.rng, list...)))
	}
	if k == clinical.Observation || k == clinical.Procedure {
		if c.rng.IntN(8) > 0 {
			r.Value = pick(c.rng, 0, 1, 2, 3.5, 140, 139.9, 50, -1, 126, 7, 1e308, math.Copysign(0, -1))
		}
		r.Unit = pick(c.rng, "mm[Hg]", "mm[Hg]", "mmol/L", "mg/dL", "kPa", "")
		if r.Codes[0].Code == "8480-6" && c.rng.IntN(6) > 0 {
			r.Unit = "mm[Hg]"
		}
		if c.rng.IntN(3) > 0 {
			r.ValueCode = coding.Parse(pick(c.rng, "snomed|1", "snomed|2", "icd10|I10.9", "icd10|E11", "x|AMB", clinical.Said().String()))
		}
	} else if c.rng.IntN(3) > 0 {
		r.Until = pick(c.rng, clinical.Open, r.From+int32(c.rng.IntN(400)), criteria.DayNumber(c.asOf))
		if r.Until < r.From {
			r.Until = r.From
		}
	}
	if c.rng.IntN(25) == 0 {
		r.From = clinical.Always
	}
	return r
}

func (c *chance) fact(k criteria.Kind) criteria.Fact {
	f := criteria.Fact{Qualifier: pick(c.rng, "", "a", "joint,parent", "sole,a", "ab")}
	if c.rng.IntN(3) > 0 {
		f.From = criteria.Period{First: c.asOf.AddDate(0, 0, int(c.on()-criteria.DayNumber(c.asOf)))}.First
	}
	if c.rng.IntN(3) == 0 {
		f.Until = c.asOf.AddDate(0, 0, c.rng.IntN(200)-100)
	}
	switch k {
	case criteria.Text:
		f.Value = pick(c.rng, "a", "ab", "b", "", "AMB", "IMP")
	case criteria.Date:
		f.Value = pick(c.rng, day("1960-02-29"), day("2000-01-01"), c.asOf, c.asOf.AddDate(-18, 0, 0), c.asOf.AddDate(-18, 0, 1), c.asOf.AddDate(0, 0, 3))
	case criteria.Number:
		f.Value = pick(c.rng, 0.0, 1, 2, -1, 140, 1e308)
	case criteria.YesNo:
		f.Value = c.rng.IntN(2) == 0
	case criteria.Person:
		f.Value = person.ID(1 + c.rng.IntN(4))
	case criteria.Coded:
		f.Value = coding.Parse(pick(c.rng, "snomed|1", "snomed|2", "icd10|I10.9"))
		f.ValueCode = f.Value.(coding.Code)
	}
	return f
}

func testContext() context.Context { return context.Background() }

func vocabularyCode(s string) []coding.Code { return []coding.Code{coding.Parse(s)} }
