package app_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/register"
	"ennakko/round"
	"ennakko/testcity"
)

// TestARegisterThatNeverCameInIsUnknownNotEmpty: nobody is judged by what was
// not read.
func TestARegisterThatNeverCameInIsUnknownNotEmpty(t *testing.T) {
	dir := t.TempDir()
	files, data := filepath.Join(dir, "files"), filepath.Join(dir, "data")
	if _, err := testcity.Write(t.Context(), files, testcity.Options{Residents: 3000, Seed: 7, Day: asOf.AddDate(0, 0, -3)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(files, "early_education.csv")); err != nil {
		t.Fatal(err)
	}
	if err := importFiles(files, data); err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), data, app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Summary["found"] == 0 || r.Summary["justified"] != 0 {
		t.Errorf("%d found, %d justified though nobody knows who is in early education", r.Summary["found"], r.Summary["justified"])
	}
	rooms, done, err := a.Rooms(t.Context(), pack, asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	act, err := audit.Begin("officer:test", "look", pack.Purpose().ID(), pack.Purpose().LegalBasis(), begin)
	if err != nil {
		t.Fatal(err)
	}
	g, err := permission.Check(act, pack.Purpose(), []permission.Field{register.BirthDate, register.EducationUnit}, permission.Everyone(), nil)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := rooms.Registers.Read(t.Context(), g, &register.Range{Field: register.BirthDate, From: asOf.AddDate(-7, 0, 0), To: asOf}, "test")
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if !rows[0].Read(register.BirthDate) || rows[0].Read(register.EducationUnit) {
		t.Error("a field of a register that never came in counts as read")
	}
}

// TestAPackThatNobodyApprovedMeetsNoPeople takes the approval off a criterion.
func TestAPackThatNobodyApprovedMeetsNoPeople(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "packs")
	if err := os.CopyFS(dir, packs.FS); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pre-primary", "criteria.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	draft := regexp.MustCompile(`(?m)^ +approved:.*\n`).ReplaceAllString(string(content), "")
	if draft == string(content) {
		t.Fatal("the pack holds no approvals")
	}
	if err := os.WriteFile(file, []byte(draft), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Config{Data: city(t), Packs: os.DirFS(dir), Seed: 7, Clock: app.NewSteppedClock(begin)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	before, err := a.DB.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, nil)
	after, err2 := a.DB.Last(t.Context())
	if fault.KindOf(err) != fault.Refused || err2 != nil || after != before {
		t.Errorf("error %v; %d readings were made", err, after-before)
	}
}
