package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/intake"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/testcity"
)

// patients is a folder of FHIR files of two people.
func patients() files {
	return files{
		"Patient.ndjson": `{"resourceType":"Patient","id":"p-1","gender":"female","birthDate":"1960-02-29"}` + "\n" +
			`{"resourceType":"Patient","id":"p-2","gender":"male","birthDate":"1950-01-01","deceasedDateTime":"2020"}` + "\n",
		"Condition.ndjson": `{"resourceType":"Condition","id":"c","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"}]},"subject":{"reference":"Patient/p-1"},"onsetDateTime":"2019-05-01"}` + "\n" +
			`{"resourceType":"Condition","id":"d","code":{"text":"ill"},"subject":{"reference":"Patient/p-1"}}` + "\n" +
			`{"resourceType":"Goal","id":"g"}` + "\n",
	}
}

// records reads the records of everyone in one field.
func (c *city) records(known time.Time, f permission.Field) []clinical.Record {
	c.Helper()
	three := map[person.Language]string{"fi": "x", "sv": "x", "en": "x"}
	fields := []permission.Field{f, register.BirthDate}
	p, err := permission.NewPurpose(permission.Spec{ID: "p", Name: three, Why: three, Basis: "b", Law: "l", Controller: "c", Fields: fields, Until: now.AddDate(9, 0, 0), Retention: "r"})
	if err != nil {
		c.Fatal(err)
	}
	act, err := audit.Begin("officer:a", "read", "p", p.LegalBasis(), now)
	if err != nil {
		c.Fatal(err)
	}
	g, err := permission.Check(act, p, fields, permission.Everyone(), nil)
	if err != nil {
		c.Fatal(err)
	}
	list, err := c.db.Files(c.Context(), known)
	if err != nil {
		c.Fatal(err)
	}
	src := parquet.NewSource(c.facts, list)
	defer func() { _ = src.Close() }()
	rows, err := register.NewReader(c.db, src).Read(c.Context(), g, &register.Range{Field: register.BirthDate, From: now.AddDate(-150, 0, 0), To: now.AddDate(1, 0, 0)}, "test")
	if err != nil {
		c.Fatal(err)
	}
	var out []clinical.Record
	for _, row := range rows {
		facts, err := row.Open(g, f)
		if err != nil {
			c.Fatal(err)
		}
		for _, x := range facts {
			out = append(out, x.Value.(clinical.Record))
		}
	}
	return out
}

func TestAFolderOfFHIRBringsItsPeople(t *testing.T) {
	c := newCity(t)
	r := c.good(patients())
	h := r.Health
	if h == nil || h.People != 2 || h.Records != 1 || h.Resources != 5 || !r.Snapshot.Equal(time.Date(2021, 1, 7, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%+v %+v", r, h)
	}
	want := []intake.TypeResult{{"Condition", 1, 1, 0}, {"Goal", 0, 0, 1}, {"Patient", 2, 0, 0}}
	if !slices.Equal(h.Types, want) {
		t.Errorf("%+v", h.Types)
	}
	if len(r.SetAside) != 1 || r.SetAside[0].File != "Condition.ndjson" || r.SetAside[0].Row != 2 || r.SetAside[0].Column != "Condition" {
		t.Errorf("%+v", r.SetAside)
	}
	got := c.read(now, register.BirthDate, register.Sex, register.DeathDate, register.Code, register.HealthRead)
	for field, want := range map[permission.Field]string{register.Sex: "[f m]", register.Code: "[p-1 p-2]", register.DeathDate: "[2020-12-31 00:00:00 +0000 UTC]",
		register.HealthRead: "[2021-01-07 00:00:00 +0000 UTC 2021-01-07 00:00:00 +0000 UTC]"} {
		if fmt.Sprint(got[field]) != want {
			t.Errorf("%s: %v", field, got[field])
		}
	}
	recs := c.records(now, "health.condition")
	if len(recs) != 1 || recs[0].Codes[0].String() != "icd10|I10" || recs[0].Source != "Condition/c" {
		t.Errorf("%+v", recs)
	}
	who, err := c.db.PersonByPatient(t.Context(), "p-1")
	if err != nil || who != recs[0].Person {
		t.Errorf("p-1 is %d, the record is of %d, %v", who, recs[0].Person, err)
	}
	if _, err := c.db.PersonByPatient(t.Context(), "p-9"); fault.KindOf(err) != fault.Missing || strings.Contains(err.Error(), "p-9") {
		t.Errorf("nobody: %v", err)
	}
}

func TestTheSameHealthRecordsAgainAreNothingNew(t *testing.T) {
	c := newCity(t)
	c.good(patients())
	before, err := c.db.PersonByPatient(t.Context(), "p-2")
	if err != nil {
		t.Fatal(err)
	}
	if h := c.good(patients()).Health; !h.Unchanged || h.Records != 0 {
		t.Errorf("%+v", h)
	}
	other := patients()
	other["Condition.ndjson"] = strings.Replace(other["Condition.ndjson"], "I10", "E11.9", 1)
	if _, err := c.run(other.dir(t)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("other records of the same day: %v", err)
	}
	other["snapshot.yaml"] = "snapshot: 2021-02-01\n"
	if h := c.good(other).Health; h.Unchanged || h.Records != 1 {
		t.Errorf("%+v", h)
	}
	if after, err := c.db.PersonByPatient(t.Context(), "p-2"); err != nil || after != before {
		t.Errorf("p-2 was %d and is %d, %v", before, after, err)
	}
	for day, want := range map[time.Time]string{now: "icd10|I10", now.AddDate(0, 1, 0): "icd10|E11.9"} {
		if recs := c.records(day, "health.condition"); len(recs) != 1 || recs[0].Codes[0].String() != want {
			t.Errorf("%v: %+v", day, recs)
		}
	}
}

func TestFaultsOfTheManifestOfHealthRecordsAreTold(t *testing.T) {
	for yaml, want := range map[string]string{"snapshot: soon\n": "not a day", "zone: Mars/Olympus\n": "time zone", "day: 2021-01-01\n": "docs/registers.md"} {
		f := patients()
		f["snapshot.yaml"] = yaml
		if _, err := newCity(t).run(f.dir(t)); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}

// With a population register the identity code says who is who.
func TestHealthRecordsBelongToThePeopleOfThePopulationRegister(t *testing.T) {
	c := newCity(t)
	f, _, mother := good(t)
	for name, body := range patients() {
		f[name] = strings.Replace(body, `"id":"p-1",`, `"id":"p-1","identifier":[{"system":"urn:oid:1.2.246.21","value":"`+mother+`"}],`, 1)
	}
	r := c.good(f)
	if r.Health.People != 1 || r.Health.Records != 1 || len(r.SetAside) != 2 {
		t.Fatalf("%+v, %+v", r.Health, r.SetAside)
	}
	if got := c.read(now, register.Code)[register.Code]; len(got) != 2 || !slices.Contains(got, mother) {
		t.Errorf("%d identity codes", len(got))
	}
	recs := c.records(now, "health.condition")
	if who, err := c.db.PersonByPatient(t.Context(), mother); err != nil || len(recs) != 1 || recs[0].Person != who {
		t.Errorf("%d, %+v, %v", who, recs, err)
	}
}

func TestAMadeUpCityComesInWithItsHealthRecords(t *testing.T) {
	dir := t.TempDir()
	sum, err := testcity.Write(t.Context(), dir, testcity.Options{Residents: 1000, Seed: 3, Health: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := newCity(t)
	r, err := c.run(dir)
	if err != nil {
		t.Fatal(err)
	}
	if h := r.Health; h.People != sum.Health.People || h.Records != sum.Health.Records || h.Records < 60_000 || len(r.SetAside) != sum.FixedLines {
		t.Errorf("%+v, written %+v", r.Health, sum.Health)
	}
	kinds := map[string]int{}
	for _, k := range clinical.Kinds() {
		if n := len(c.records(now, permission.Field(k.Field()))); n > 0 {
			kinds[k.String()] = n
		}
	}
	for k, n := range sum.Health.Kinds {
		if kinds[k] != n {
			t.Errorf("%d records of %s were written, %d came in", n, k, kinds[k])
		}
	}
	if r, err := c.run(dir); err != nil || !r.Health.Unchanged {
		t.Errorf("again: %+v, %v", r.Health, err)
	}
}

func TestFilesOfFactsNeedPeople(t *testing.T) {
	dir := t.TempDir()
	if _, err := testcity.Write(t.Context(), dir, testcity.Options{Residents: 1000, Seed: 3, Health: true}, nil); err != nil {
		t.Fatal(err)
	}
	alone := t.TempDir()
	if err := os.CopyFS(filepath.Join(alone, "health"), os.DirFS(filepath.Join(dir, "health"))); err != nil {
		t.Fatal(err)
	}
	if _, err := newCity(t).run(alone); fault.KindOf(err) != fault.Missing {
		t.Errorf("without a population register: %v", err)
	}
	people := filepath.Join(dir, "health", "people.csv")
	raw, err := os.ReadFile(people)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(raw)), "\n")
	rows[1], rows[2], rows[3] = "nobody", rows[4], "7;"+code(t, 1970, 1, 1, 906)
	if err := os.WriteFile(people, []byte(strings.Join(rows, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := newCity(t).run(dir)
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]int{}
	for _, a := range r.SetAside {
		if strings.HasPrefix(a.File, "health/") {
			reasons[a.File]++
		}
	}
	if reasons["health/people.csv"] != 3 || reasons["health/encounter.parquet"] != 1 || r.Health.People != len(rows)-4 {
		t.Errorf("%v, %d people of %d", reasons, r.Health.People, len(rows))
	}
}

func TestHealthRecordsInTwoFormsAreRefused(t *testing.T) {
	f := patients()
	dir := f.dir(t)
	if err := os.MkdirAll(filepath.Join(dir, "health"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "health", "people.csv"), []byte("person;code\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newCity(t).run(dir); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}
