package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/clinical"
	"ennakko/criteria"
	"ennakko/library"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register/fhir"
)

// res is a FHIR resource in the making.
type res map[string]any

// with is the resource with another element; nil takes it away.
func (r res) with(name string, v any) res {
	c := maps.Clone(r)
	if c[name] = v; v == nil {
		delete(c, name)
	}
	return c
}

func (r res) status(s string) res { return r.with("status", s) }
func (r res) in(visit string) res { return r.with("encounter", res{"reference": "Encounter/" + visit}) }

// systems of the codes that histories are written with.
func coded(list ...string) res {
	systems := map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "icd10": "http://hl7.org/fhir/sid/icd-10-cm",
		"cpt": "http://www.ama-assn.org/go/cpt", "act": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "atc": "http://www.whocc.no/atc",
		"verified": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "clinical": "http://terminology.hl7.org/CodeSystem/condition-clinical"}
	var all []res
	for _, x := range list {
		sys, code, _ := strings.Cut(x, "|")
		all = append(all, res{"system": systems[sys], "code": code})
	}
	return res{"coding": all}
}

func quantity(x float64, unit string) res {
	return res{"value": x, "system": "http://unitsofmeasure.org", "code": unit}
}

// lab is an observation; value is a quantity, a code or a text, or nil.
func lab(code, when string, value any) res {
	r := res{"resourceType": "Observation", "status": "final", "code": coded(code)}
	if when != "" {
		r["effectiveDateTime"] = when
	}
	switch v := value.(type) {
	case string:
		r["valueString"] = v
	case res:
		if r["valueQuantity"] = v; v["coding"] != nil {
			delete(r, "valueQuantity")
			r["valueCodeableConcept"] = v
		}
	}
	return r
}

func a1c(when string, x float64, unit string) res {
	return lab("loinc|4548-4", when, quantity(x, unit))
}

// bp is a panel of both pressures; one that is 0 is not there.
func bp(when string, systolic, diastolic float64) res {
	r := lab("loinc|85354-9", when, nil)
	var parts []res
	for i, x := range []float64{systolic, diastolic} {
		if x > 0 {
			parts = append(parts, res{"code": coded([]string{"loinc|8480-6", "loinc|8462-4"}[i]), "valueQuantity": quantity(x, "mm[Hg]")})
		}
	}
	r["component"] = parts
	return r
}

func ill(code, onset string) res {
	r := res{"resourceType": "Condition", "code": coded(code), "clinicalStatus": coded("clinical|active"), "verificationStatus": coded("verified|confirmed")}
	if onset != "" {
		r["onsetDateTime"] = onset
	}
	return r
}

func done(code, when string) res {
	r := res{"resourceType": "Procedure", "status": "completed", "code": coded(code)}
	if when != "" {
		r["performedDateTime"] = when
	}
	return r
}

// visit is an encounter of a class, with a type if one is given.
func visit(id, class, start, end string, types ...string) res {
	r := res{"resourceType": "Encounter", "id": id, "status": "finished", "class": res{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class},
		"period": res{"start": start, "end": end}}
	for _, x := range types {
		r["type"] = []res{coded(x)}
	}
	return r
}

func office(id, day string) res {
	return visit(id, "AMB", day+"T09:00:00+02:00", day+"T09:20:00+02:00", "cpt|99213")
}

// history is somebody with an awkward record, and what a measure must say.
type history struct {
	who     string
	born    string // "": 1965-06-15
	sex     string // "": female
	want    string // verdict; "excluded NAME"
	records []res
}

// measured runs a measure of library/testdata/measures over histories, by the way
// of a stranger's data: FHIR files, the import, columns of everyone; and asks the
// evaluator of one person twice, of the columns and of what the files say.
func measured(t *testing.T, measure string, all []history) {
	t.Helper()
	if len(all) < 12 {
		t.Fatalf("only %d histories", len(all))
	}
	folder, data := filepath.Join(t.TempDir(), "bundles"), filepath.Join(t.TempDir(), "data")
	write(t, folder, all)
	a, err := app.Open(t.Context(), app.Config{Data: data, Clock: app.NewSteppedClock(begin), New: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.WithoutCancel(t.Context())) })
	if _, err := a.ImportOf(t.Context(), folder, "officer:test", time.Time{}, silent); err != nil {
		t.Fatal(err)
	}
	l, err := library.Load(os.DirFS("../library/testdata"), "measures", app.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	c, _ := l.Criterion(measure)
	run := criteria.Run{AsOf: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC), Period: criteria.Period{First: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), Last: time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)}}
	whole, err := a.Population(t.Context(), l.Language(), c.Care.Fields(), "officer:test", "measures", func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	plan, err := population.NewPlan(whole.Columns, l.Language(), []*criteria.Care{c.Care}, l.Params(), run)
	if err != nil {
		t.Fatal(err)
	}
	found, err := plan.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asRead := straight(t, folder, l, all)
	for i, h := range all {
		id, err := a.DB.PersonByPatient(t.Context(), patient(i))
		if err != nil {
			t.Fatal(err)
		}
		want, exclusion, _ := strings.Cut(h.want, " by ")
		if v := found.Verdict(measure, id); string(v) != want {
			t.Errorf("%s: %s for everyone is %s, not %s", h.who, measure, v, h.want)
		}
		for how, facts := range map[string]criteria.Facts{"of the columns": whole.Columns.Person(id), "of the files": asRead[i]} {
			if one, err := c.Care.Verdict(facts, l.Params(), run); string(one.Verdict) != want || one.Exclusion != exclusion {
				t.Errorf("%s: %s %s is %s %s, not %s: %v", h.who, measure, how, one.Verdict, one.Exclusion, h.want, err)
			}
		}
	}
}

func patient(i int) string { return fmt.Sprintf("p%03d", i) }

// write writes the histories as NDJSON in the time of Finland.
func write(t *testing.T, folder string, all []history) {
	t.Helper()
	var out strings.Builder
	line := func(r res) {
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	for i, h := range all {
		p := res{"resourceType": "Patient", "id": patient(i), "gender": "female", "birthDate": "1965-06-15"}
		if h.born != "" {
			p["birthDate"] = h.born
		}
		if h.sex != "" {
			p["gender"] = h.sex
		}
		line(p)
		for n, r := range h.records {
			if r["id"] == nil {
				r = r.with("id", fmt.Sprintf("r%d", n))
			}
			r = r.with("id", patient(i)+"-"+r["id"].(string)).with("subject", res{"reference": "Patient/" + patient(i)})
			if e, ok := r["encounter"].(res); ok {
				r = r.with("encounter", res{"reference": strings.Replace(e["reference"].(string), "/", "/"+patient(i)+"-", 1)})
			}
			line(r)
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"all.ndjson": out.String(), "snapshot.yaml": "snapshot: 2026-01-31\nsource: awkward histories\nzone: Europe/Helsinki\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// straight is what the files say of each, without the import and the columns.
func straight(t *testing.T, folder string, l *library.Library, all []history) []criteria.Facts {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	f, err := fhir.Open(folder, zone)
	if err != nil {
		t.Fatal(err)
	}
	none := func(int64, int64) {}
	x, err := f.Index(t.Context(), none)
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]person.ID, len(x.Patients()))
	for i := range numbers {
		numbers[i] = person.ID(i + 1) //nolint:gosec // a few
	}
	records := map[person.ID][]clinical.Record{}
	if _, err := x.Records(t.Context(), numbers, "", "", none, func(r *clinical.Record) error {
		c := *r
		c.Codes = slices.Clone(r.Codes)
		records[r.Person] = append(records[r.Person], c)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	out := make([]criteria.Facts, len(all))
	for i, p := range x.Patients() {
		facts := criteria.RecordFacts{Language: l.Language(), Read: true, Concepts: map[string][]criteria.Fact{}, Other: said{p}}
		for _, c := range l.Language().Concepts() {
			facts.Concepts[c.Name] = c.Facts(slices.Clone(records[numbers[i]]))
		}
		out[i] = facts
	}
	return out
}

// said is what a Patient resource says.
type said struct{ p fhir.Patient }

func (s said) Facts(name string) ([]criteria.Fact, bool) {
	switch {
	case name == "population.birth_date" && s.p.Born.Known:
		return []criteria.Fact{{Value: time.Unix(int64(s.p.Born.Day)*86400, 0).UTC()}}, true
	case name == "population.sex" && s.p.Sex != "":
		return []criteria.Fact{{Value: s.p.Sex}}, true
	}
	return nil, true
}
