package parquet_test

import (
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
)

var (
	systolic  = coding.New("loinc", "8480-6")
	diastolic = coding.New("loinc", "8462-4")
)

const observations permission.Field = "health.observation"

// reading is a record with nothing left out.
func reading(id uint32, code coding.Code, from int32, value float64) clinical.Record {
	return clinical.Record{Person: person.ID(id), Kind: clinical.Observation, Codes: []coding.Code{code}, From: from, Until: from, Minute: 61, Value: value, Unit: "mm[Hg]",
		Status: "final", Class: "AMB", Encounter: 3, Group: 9, Source: "Observation/å"}
}

func writeRecords(t *testing.T, root string, recs ...clinical.Record) []parquet.File {
	t.Helper()
	w, err := parquet.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	tab, err := w.Records(t.Context(), clinical.Observation)
	if err != nil {
		t.Fatal(err)
	}
	for i := range recs {
		if err := tab.Append(&recs[i]); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Write(t.Context(), root, "health/2021-01-04", []parquet.Export{parquet.RecordExport(clinical.Observation)}, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// records reads all rows of some people in the order of the files.
func records(t *testing.T, root string, files []parquet.File, people ...uint32) []clinical.Record {
	t.Helper()
	var out []clinical.Record
	err := source(t, root, files).Select(t.Context(), []permission.Field{observations}, roaring.BitmapOf(people...), func(id person.ID, f permission.Field, x register.Fact) error {
		r := x.Value.(clinical.Record)
		if f != observations || r.Person != id {
			t.Errorf("a row of %d came as one of %d", r.Person, id)
		}
		if r.From != clinical.Always && register.Day(x.From) != r.From || r.Until != clinical.Open && register.Day(x.Until) != r.Until {
			t.Errorf("the days of the fact are not the record's")
		}
		out = append(out, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same compares records whose value may be none.
func same(a, b clinical.Record) bool {
	if math.IsNaN(a.Value) && math.IsNaN(b.Value) {
		a.Value, b.Value = 0, 0
	}
	return reflect.DeepEqual(a, b)
}

func TestARecordComesBackAsItWas(t *testing.T) {
	root := t.TempDir()
	bare := clinical.Record{Person: 8, Kind: clinical.Observation, Codes: []coding.Code{systolic}, From: clinical.Always, Until: clinical.Open, Minute: clinical.NoMinute, Value: math.NaN(), Group: 1}
	coded := bare
	coded.Person, coded.ValueCode, coded.From, coded.Until, coded.Minute = 9, coding.New("snomed", "260385009"), -40000, 0, 0
	want := []clinical.Record{reading(7, systolic, 100, 140.5), bare, coded}
	got := records(t, root, writeRecords(t, root, want...), 7, 8, 9)
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("%+v\nnot\n%+v", got, want)
	}
}

func TestRecordsAreSortedByCodePersonDayAndMinute(t *testing.T) {
	root := t.TempDir()
	both := reading(5, systolic, 10, 1)
	both.Codes = []coding.Code{systolic, diastolic}
	early := reading(5, systolic, 10, 2)
	early.Minute = 5
	got := records(t, root, writeRecords(t, root, reading(6, systolic, 3, 3), both, early, reading(5, systolic, 9, 4)), 5, 6)
	var order []string
	for _, r := range got {
		order = append(order, fmt.Sprintf("%s %d %d %g", r.Codes[0].Code, r.Person, r.From, r.Value))
	}
	want := []string{"8462-4 5 10 1", "8480-6 5 9 4", "8480-6 5 10 2", "8480-6 5 10 1", "8480-6 6 3 3"}
	if !slices.Equal(order, want) {
		t.Errorf("%q", order)
	}
}

func TestARecordThatNobodyCouldFindIsRefused(t *testing.T) {
	w, err := parquet.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	tab, err := w.Records(t.Context(), clinical.Observation)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*clinical.Record){
		"no code":      func(r *clinical.Record) { r.Codes = nil },
		"nobody":       func(r *clinical.Record) { r.Person = 0 },
		"another kind": func(r *clinical.Record) { r.Kind = clinical.Condition },
	} {
		r := reading(7, systolic, 1, 1)
		change(&r)
		if tab.Append(&r) == nil {
			t.Errorf("%s: it was taken", name)
		}
	}
	if _, err := w.Records(t.Context(), clinical.Kind(99)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a table of a kind that there is not: %v", err)
	}
}

func TestAnErasedPersonLeavesNoRecord(t *testing.T) {
	root := t.TempDir()
	files := writeRecords(t, root, reading(7, systolic, 1, 1), reading(8, diastolic, 1, 2), reading(8, systolic, 1, 3), reading(second, systolic, 1, 4))
	changes, err := parquet.Shelf{Root: root}.Without(t.Context(), files, 8, func(int, int) {})
	if err != nil || len(changes) != 1 || changes[0].Now.Rows != 1 {
		t.Fatalf("%+v, %v", changes, err)
	}
	now := []parquet.File{changes[0].Now, files[1]}
	if got := len(records(t, root, now, 8)); got != 0 {
		t.Errorf("%d records are left", got)
	}
	if got := len(records(t, root, now, 7, second)); got != 2 {
		t.Errorf("%d records of others, not 2", got)
	}
}

// What another program wrote is tied to our numbers, and what is not fit is counted.
func TestRecordsThatAreHandedOverGetOurNumbers(t *testing.T) {
	theirs := t.TempDir()
	bad := reading(3, systolic, 10, 5)
	bad.Until = 9
	file := writeRecords(t, theirs, reading(1, systolic, 10, 1), reading(2, systolic, 10, 2), reading(3, systolic, 10, 3), reading(4, systolic, 10, 4), bad)[0]
	root := t.TempDir()
	w, err := parquet.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	numbers, err := w.Table(t.Context(), "numbers", parquet.Column{Name: "theirs", Kind: register.Person})
	if err != nil {
		t.Fatal(err)
	}
	for ours, n := range map[uint32]uint32{second: 1, 20: 2, 10: 3} {
		if err := numbers.Append(ours, n); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := w.HandOver(t.Context(), clinical.Observation, filepath.Join(theirs, filepath.FromSlash(file.Path)), numbers)
	if err != nil || counts != (parquet.HandedOver{Rows: 3, Nobody: 1, Faulty: 1}) {
		t.Fatalf("%+v, %v", counts, err)
	}
	files, err := w.Write(t.Context(), root, "health/2021-01-04", []parquet.Export{parquet.RecordExport(clinical.Observation)}, func(int, int) {})
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	got := records(t, root, files, 10, 20, second)
	slices.SortFunc(got, func(a, b clinical.Record) int { return int(a.Person) - int(b.Person) }) // files are read beside each other
	if len(got) != 3 || got[0].Value != 3 || got[1].Value != 2 || got[2].Value != 1 {
		t.Errorf("%+v", got)
	}
	notRecords := writeField(t, theirs, "other", register.BirthDate, register.Date, row{7, int32(0), nil, nil, nil})[0]
	if _, err := w.HandOver(t.Context(), clinical.Condition, filepath.Join(theirs, filepath.FromSlash(notRecords.Path)), numbers); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a file of another layout: %v", err)
	}
}
