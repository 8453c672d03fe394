package parquet_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
)

// amount is no field of the catalogue: none there is a number yet.
const amount permission.Field = "income.amount"

// row is one row of one field, as a register's reader appends it.
type row struct {
	id        uint32
	value     any
	from, to  any
	qualifier any
}

// writeField makes a snapshot of one field.
func writeField(t *testing.T, root, folder string, f permission.Field, k register.Kind, rows ...row) []parquet.File {
	t.Helper()
	w, err := parquet.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	tab, err := w.Table(t.Context(), "rows", parquet.Column{Name: "v", Kind: k}, parquet.Column{Name: "a", Kind: register.Date},
		parquet.Column{Name: "b", Kind: register.Date}, parquet.Column{Name: "q", Kind: register.Text})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := tab.Append(r.id, r.value, r.from, r.to, r.qualifier); err != nil {
			t.Fatal(err)
		}
	}
	files, err := w.Write(t.Context(), root, folder, []parquet.Export{{Field: f, Table: "rows", Value: "v", From: "a", Until: "b", Qualifier: "q"}}, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// all reads every fact of a field in the order of the file.
func all(t *testing.T, s *parquet.Source, f permission.Field, people ...uint32) []register.Fact {
	t.Helper()
	var out []register.Fact
	err := s.Select(t.Context(), []permission.Field{f}, roaring.BitmapOf(people...), func(_ person.ID, got permission.Field, x register.Fact) error {
		if got != f {
			t.Errorf("a fact of %s", got)
		}
		out = append(out, x)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The least, the greatest and the odd value of each kind come back as they were.
func TestEveryKindOfValueComesBack(t *testing.T) {
	for name, c := range map[string]struct {
		field  permission.Field
		kind   register.Kind
		append []any
		want   []any
	}{
		"text": {register.Municipality, register.Text, []any{"", "Itä'keskus;\"x\"\n\r\t\\", "Ålåkra 🏠", strings.Repeat("ä", 5000), "NULL"},
			[]any{"", "Itä'keskus;\"x\"\n\r\t\\", "Ålåkra 🏠", strings.Repeat("ä", 5000), "NULL"}},
		"date": {register.BirthDate, register.Date, []any{register.Day(day(1800, 1, 1)), register.Day(day(1969, 12, 31)), int32(0), register.Day(day(2000, 2, 29)), register.Day(day(9999, 12, 31))},
			[]any{day(1800, 1, 1), day(1969, 12, 31), day(1970, 1, 1), day(2000, 2, 29), day(9999, 12, 31)}},
		"number": {amount, register.Number, []any{0.0, -0.01, 1234.56, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1)},
			[]any{0.0, -0.01, 1234.56, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1)}},
		"yes or no": {register.NonDisclosure, register.YesNo, []any{true, false}, []any{true, false}},
		"person":    {register.GuardianOf, register.Person, []any{uint32(0), uint32(1), uint32(math.MaxUint32)}, []any{person.ID(0), person.ID(1), person.ID(math.MaxUint32)}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			var rows []row
			for i, v := range c.append {
				rows = append(rows, row{uint32(i) + 1, v, nil, nil, nil}, row{uint32(i) + 1, nil, nil, nil, nil}) // a row without a value is no fact
			}
			files := writeField(t, root, "s", c.field, c.kind, rows...)
			if len(files) != 1 || files[0].Rows != int64(len(c.want)) {
				t.Errorf("%v for %d values", files, len(c.want))
			}
			s := source(t, root, files)
			for i, want := range c.want {
				if got := all(t, s, c.field, uint32(i)+1); len(got) != 1 || got[0] != (register.Fact{Value: want}) {
					t.Errorf("%v came back as %v", want, got)
				}
			}
		})
	}
}

func TestTheDaysAndTheQualifierOfAFactComeBack(t *testing.T) {
	root := t.TempDir()
	a, b := day(2019, 3, 4), day(1969, 12, 31)
	files := writeField(t, root, "s", register.Municipality, register.Text,
		row{7, "a later", register.Day(a), nil, "q1"}, row{7, "z earlier", register.Day(b), register.Day(a), nil}, row{7, "b open", nil, register.Day(b), ""}, row{6, "y other", register.Day(day(2020, 1, 1)), nil, nil})
	want := []register.Fact{{Value: "y other", From: day(2020, 1, 1)}, {Value: "z earlier", From: b, Until: a}, {Value: "a later", From: a, Qualifier: "q1"}, {Value: "b open", Until: b}}
	// Sorted by person and day; a fact without a day is last.
	if got := all(t, source(t, root, files), register.Municipality, 7, 6); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

func TestARangeBeginsOnItsFirstDayAndEndsBeforeItsLast(t *testing.T) {
	root := t.TempDir()
	s := source(t, root, writeField(t, root, "s", register.BirthDate, register.Date,
		row{1, register.Day(day(2014, 12, 31)), nil, nil, nil}, row{2, register.Day(day(2015, 1, 1)), nil, nil, nil},
		row{3, register.Day(day(2015, 12, 31)), nil, nil, nil}, row{4, register.Day(day(2016, 1, 1)), nil, nil, nil}))
	for name, c := range map[string]struct {
		from, to time.Time
		want     []uint32
	}{
		"a year":       {day(2015, 1, 1), day(2016, 1, 1), []uint32{2, 3}},
		"one day":      {day(2015, 12, 31), day(2016, 1, 1), []uint32{3}},
		"no day":       {day(2015, 1, 1), day(2015, 1, 1), nil},
		"backwards":    {day(2016, 1, 1), day(2015, 1, 1), nil},
		"from ever on": {time.Time{}, day(2015, 1, 1), []uint32{1}},
	} {
		got, err := s.Find(t.Context(), register.Range{Field: register.BirthDate, From: c.from, To: c.to})
		if err != nil || !got.Equals(roaring.BitmapOf(c.want...)) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestASourceHasTheOpenFieldsOfTheRegistersThatCameIn(t *testing.T) {
	if has := source(t, t.TempDir(), nil).Has(); len(has) != 0 {
		t.Errorf("a source without files has %v", has)
	}
	for _, reg := range []string{"population", "guardianship", "early_education", "contacts"} {
		var open, first []permission.Field
		for _, spec := range register.Fields() {
			if spec.Register == reg {
				first = append(first, spec.Field)
				if spec.Kind != register.Hidden {
					open = append(open, spec.Field)
				}
			}
		}
		s := source(t, t.TempDir(), []parquet.File{{Field: first[0], Path: "x"}})
		if has := s.Has(); !slices.Equal(has, open) {
			t.Errorf("with %s it has %v, not %v", reg, has, open)
		}
		if has := s.Has(); len(has) > 0 {
			has[0] = "changed"
			if s.Has()[0] == "changed" {
				t.Error("the caller can change what a source has")
			}
		}
	}
}

// A folder may be called anything.
func TestAQuoteInTheNameOfAFolderIsAName(t *testing.T) {
	root := filepath.Join(t.TempDir(), "O'Brien's; -- facts")
	files := writeField(t, root, "2021'/one", register.Municipality, register.Text, row{7, "Helsinki", nil, nil, nil})
	if got := all(t, source(t, root, files), register.Municipality, 7); len(got) != 1 || got[0].Value != "Helsinki" {
		t.Errorf("%v", got)
	}
	for _, f := range files {
		if err := parquet.Check(root, f); err != nil {
			t.Error(err)
		}
	}
}

// Each reading sees only the people that it asked for, also beside others.
func TestReadingsBesideEachOtherDoNotMix(t *testing.T) {
	root := t.TempDir()
	var rows []row
	for id := range uint32(200) {
		rows = append(rows, row{id, fmt.Sprint("town ", id), nil, nil, nil})
	}
	s := source(t, root, writeField(t, root, "s", register.Municipality, register.Text, rows...))
	var wg sync.WaitGroup
	for n := range uint32(8) {
		wg.Go(func() {
			people := roaring.New()
			people.AddRange(uint64(n*20), uint64(n*20+20))
			left := people.Clone()
			err := s.Select(context.Background(), []permission.Field{register.Municipality}, people, func(id person.ID, _ permission.Field, x register.Fact) error {
				if !left.CheckedRemove(uint32(id)) || x.Value != fmt.Sprint("town ", uint32(id)) {
					t.Errorf("reading %d was given person %d", n, uint32(id))
				}
				return nil
			})
			if err != nil || !left.IsEmpty() {
				t.Errorf("reading %d: %d people are missing, %v", n, left.GetCardinality(), err)
			}
		})
	}
	wg.Wait()
}

func TestAReadingThatStopsSaysWhy(t *testing.T) {
	root := t.TempDir()
	files := writeField(t, root, "s", register.BirthDate, register.Date, row{7, int32(0), nil, nil, nil}, row{8, int32(1), nil, nil, nil})
	s := source(t, root, files)
	enough, calls := errors.New("enough"), 0
	err := s.Select(t.Context(), []permission.Field{register.BirthDate}, roaring.BitmapOf(7, 8), func(person.ID, permission.Field, register.Fact) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d facts after the first was refused, %v", calls-1, err)
	}
	if got := all(t, s, register.BirthDate, 8); len(got) != 1 || got[0].Value != day(1970, 1, 2) {
		t.Errorf("after a reading that stopped: %v", got)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Find(stopped, register.Range{Field: register.BirthDate, To: day(2000, 1, 1)}); !errors.Is(err, context.Canceled) {
		t.Errorf("a search that was stopped: %v", err)
	}
	if err := os.Remove(filepath.Join(root, filepath.FromSlash(files[0].Path))); err != nil {
		t.Fatal(err)
	}
	gone := source(t, root, files)
	_, err = gone.Find(t.Context(), register.Range{Field: register.BirthDate, To: day(2000, 1, 1)})
	if fault.KindOf(err) != fault.Internal || err == nil || !strings.Contains(err.Error(), string(register.BirthDate)) {
		t.Errorf("a search in a file that is gone: %v", err)
	}
	err = gone.Select(t.Context(), []permission.Field{register.BirthDate}, roaring.BitmapOf(7), func(person.ID, permission.Field, register.Fact) error { return nil })
	if err == nil || !strings.Contains(err.Error(), string(register.BirthDate)) {
		t.Errorf("a reading of a file that is gone: %v", err)
	}
}
