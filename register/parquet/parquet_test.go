package parquet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// second is a person of the second partition.
const second = 1<<parquet.PartitionBits + 5

// write makes one snapshot with a row of every kind of value.
func write(t *testing.T, root, folder string, births map[uint32]time.Time) []parquet.File {
	t.Helper()
	ctx := t.Context()
	w, err := parquet.NewWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	people, err := w.Table(ctx, "population", parquet.Column{Name: "birth", Kind: register.Date}, parquet.Column{Name: "town", Kind: register.Text},
		parquet.Column{Name: "secret", Kind: register.YesNo}, parquet.Column{Name: "since", Kind: register.Date})
	if err != nil {
		t.Fatal(err)
	}
	guardians, err := w.Table(ctx, "guardianship", parquet.Column{Name: "guardian", Kind: register.Person}, parquet.Column{Name: "since", Kind: register.Date},
		parquet.Column{Name: "until_day", Kind: register.Date}, parquet.Column{Name: "terms", Kind: register.Text})
	if err != nil {
		t.Fatal(err)
	}
	for id, birth := range births {
		if err := people.Append(id, register.Day(birth), "Itä'keskus", id%2 == 1, register.Day(day(2019, 3, 4))); err != nil {
			t.Fatal(err)
		}
		if err := guardians.Append(id, id+1, register.Day(birth), nil, "joint,parent,lives"); err != nil {
			t.Fatal(err)
		}
	}
	left := -1
	files, err := w.Write(ctx, root, folder, []parquet.Export{
		{Field: register.BirthDate, Table: "population", Value: "birth"},
		{Field: register.Municipality, Table: "population", Value: "town", From: "since"},
		{Field: register.NonDisclosure, Table: "population", Value: "secret"},
		{Field: register.GuardianOf, Table: "guardianship", Value: "guardian", From: "since", Until: "until_day", Qualifier: "terms"},
	}, func(done, total int) { left = total - done })
	if err != nil || left != 0 {
		t.Fatalf("%d steps are left, %v", left, err)
	}
	return files
}

func read(t *testing.T, s *parquet.Source, people *roaring.Bitmap, fields ...permission.Field) map[string]register.Fact {
	t.Helper()
	out := map[string]register.Fact{}
	err := s.Select(t.Context(), fields, people, func(id person.ID, f permission.Field, x register.Fact) error {
		out[fmt.Sprint(uint32(id), " ", f)] = x
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func source(t *testing.T, root string, files []parquet.File) *parquet.Source {
	t.Helper()
	s := parquet.NewSource(root, files)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	root := t.TempDir()
	files := write(t, root, "2021/one", map[uint32]time.Time{7: day(2015, 3, 14), 8: day(1890, 12, 31), second: day(2015, 1, 1)})
	if len(files) != 8 { // four fields, two partitions
		t.Errorf("%d files", len(files))
	}
	s := source(t, root, files)
	got := read(t, s, roaring.BitmapOf(7, second, 99), register.BirthDate, register.Municipality, register.NonDisclosure, register.GuardianOf, register.Sex)
	for key, want := range map[string]register.Fact{
		"7 population.birth_date":                        {Value: day(2015, 3, 14)},
		"7 population.municipality":                      {Value: "Itä'keskus", From: day(2019, 3, 4)},
		"7 population.non_disclosure":                    {Value: true},
		"7 guardianship.guardian":                        {Value: person.ID(8), From: day(2015, 3, 14), Qualifier: "joint,parent,lives"},
		fmt.Sprint(second, " population.birth_date"):     {Value: day(2015, 1, 1)},
		fmt.Sprint(second, " population.non_disclosure"): {Value: true},
		fmt.Sprint(second, " guardianship.guardian"):     {Value: person.ID(second + 1), From: day(2015, 1, 1), Qualifier: "joint,parent,lives"},
		fmt.Sprint(second, " population.municipality"):   {Value: "Itä'keskus", From: day(2019, 3, 4)},
	} {
		if got[key] != want {
			t.Errorf("%s: %v, not %v", key, got[key], want)
		}
		delete(got, key)
	}
	if len(got) != 0 {
		t.Errorf("facts that nobody asked for: %v", got)
	}
	if has := s.Has(); !slices.Contains(has, register.Sex) || slices.Contains(has, register.EducationUnit) || slices.Contains(has, register.Name) {
		t.Errorf("it has %v", has)
	}
}

func TestARangeFindsWhomAFullReadingWouldFind(t *testing.T) {
	root := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	births, everyone := map[uint32]time.Time{}, roaring.New()
	for range 3000 {
		id := uint32(rng.IntN(2*1<<parquet.PartitionBits)) + 1
		births[id] = day(1920, 1, 1).AddDate(0, 0, rng.IntN(36900))
		everyone.Add(id)
	}
	s := source(t, root, write(t, root, "many", births))
	for range 20 {
		from := day(1915, 1, 1).AddDate(0, 0, rng.IntN(39000))
		r := register.Range{Field: register.BirthDate, From: from, To: from.AddDate(0, 0, rng.IntN(800))}
		found, err := s.Find(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want := roaring.New()
		for id, b := range births {
			if !b.Before(r.From) && b.Before(r.To) {
				want.Add(id)
			}
		}
		if !found.Equals(want) {
			t.Errorf("from %s: %d found, not %d", r.From.Format(time.DateOnly), found.GetCardinality(), want.GetCardinality())
		}
	}
	if got := read(t, s, everyone, register.BirthDate); len(got) != len(births) {
		t.Errorf("%d birth dates of %d", len(got), len(births))
	}
	if _, err := s.Find(t.Context(), register.Range{Field: register.Sex}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a range of something else than a day: %v", err)
	}
	if none, err := s.Find(t.Context(), register.Range{Field: register.DeathDate, To: day(2100, 1, 1)}); err != nil || !none.IsEmpty() {
		t.Errorf("a field without facts: %v", err)
	}
}

// Which snapshot counts is the caller's choice; an older one stays as it was.
func TestAnOlderSnapshotStaysReadable(t *testing.T) {
	root := t.TempDir()
	before := write(t, root, "1", map[uint32]time.Time{7: day(2015, 3, 14)})
	after := write(t, root, "2", map[uint32]time.Time{7: day(2015, 3, 15), 9: day(2016, 1, 1)})
	for what, c := range map[string]struct {
		files []parquet.File
		birth time.Time
		n     int
	}{"before": {before, day(2015, 3, 14), 1}, "after": {after, day(2015, 3, 15), 2}} {
		got := read(t, source(t, root, c.files), roaring.BitmapOf(7, 9), register.BirthDate)
		if len(got) != c.n || got["7 population.birth_date"].Value != c.birth {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func TestASnapshotIsNeverWrittenOverAndNeverHalf(t *testing.T) {
	root := t.TempDir()
	births := map[uint32]time.Time{7: day(2015, 3, 14)}
	files := write(t, root, "1", births)
	w, err := parquet.NewWriter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	tab, err := w.Table(t.Context(), "population", parquet.Column{Name: "birth", Kind: register.Date})
	if err == nil {
		err = tab.Append(7, register.Day(day(1999, 9, 9)))
	}
	if err != nil {
		t.Fatal(err)
	}
	export := []parquet.Export{{Field: register.BirthDate, Table: "population", Value: "birth"}}
	if _, err := w.Write(t.Context(), root, "1", export, func(int, int) {}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over an older snapshot: %v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := w.Write(stopped, root, "2", export, func(int, int) {}); err == nil {
		t.Error("stopped, it says that it wrote")
	}
	if _, err := os.Stat(filepath.Join(root, "2")); !os.IsNotExist(err) {
		t.Error("stopped, it left half a snapshot")
	}
	// What was left is no hindrance.
	if _, err := w.Write(t.Context(), root, "2", export, func(int, int) {}); err != nil {
		t.Error(err)
	}
	for _, f := range files {
		if err := parquet.Check(root, f); err != nil {
			t.Error(err)
		}
	}
}

func TestAChangedFileIsNamed(t *testing.T) {
	root := t.TempDir()
	for _, f := range write(t, root, "1", map[uint32]time.Time{7: day(2015, 3, 14), 8: day(2016, 3, 14)}) {
		path := filepath.Join(root, filepath.FromSlash(f.Path))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(whole); i += len(whole)/7 + 1 {
			changed := slices.Clone(whole)
			changed[i] ^= 1
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := parquet.Check(root, f); fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), f.Path) {
				t.Errorf("byte %d of %s: %v", i, f.Path, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := parquet.Check(root, f); fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), f.Path) {
			t.Errorf("%s removed: %v", f.Path, err)
		}
	}
}
