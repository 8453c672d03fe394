package population

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
)

type journal struct {
	entries []audit.Entry
	err     error
}

func (j *journal) Note(_ context.Context, e audit.Entry) error {
	j.entries = append(j.entries, e)
	return j.err
}

func grant(t testing.TB, who permission.People, objecting *roaring.Bitmap, fields ...permission.Field) permission.Grant {
	t.Helper()
	act, err := audit.Begin("officer:test", "read", "care", "law", day("2021-01-07"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[person.Language]string{person.Finnish: "x", person.Swedish: "x", person.English: "x"}
	p, err := permission.NewPurpose(permission.Spec{ID: "care", Name: all, Why: all, Basis: "GDPR 6(1)(e)", Law: "law", Controller: "city", Fields: fields, Until: day("2031-01-01"), Retention: "a year"})
	if err != nil {
		t.Fatal(err)
	}
	g, err := permission.Check(act, p, fields, who, objecting)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// written are the histories as files of facts.
func written(t testing.TB, people []*history) *parquet.Source {
	t.Helper()
	ctx := context.Background()
	w, err := parquet.NewWriter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var exports []parquet.Export
	tables := map[clinical.Kind]*parquet.Records{}
	for _, k := range clinical.Kinds() {
		tables[k], err = w.Records(ctx, k)
		must(err)
		exports = append(exports, parquet.RecordExport(k))
	}
	field := func(name string, k register.Kind) *parquet.Table {
		tab, err := w.Table(ctx, name, parquet.Column{Name: "v", Kind: k}, parquet.Column{Name: "a", Kind: register.Date}, parquet.Column{Name: "b", Kind: register.Date}, parquet.Column{Name: "q", Kind: register.Text})
		must(err)
		return tab
	}
	read, birth, sex, secret := field("read_", register.Date), field("birth", register.Date), field("sex_", register.Text), field("secret", register.YesNo)
	for name, f := range map[string]permission.Field{"read_": register.HealthRead, "birth": register.BirthDate, "sex_": register.Sex, "secret": register.NonDisclosure} {
		exports = append(exports, parquet.Export{Field: f, Table: name, Value: "v", From: "a", Until: "b", Qualifier: "q"})
	}
	days := func(f criteria.Fact) (from, until, marks any) {
		if !f.From.IsZero() {
			from = criteria.DayNumber(f.From)
		}
		if !f.Until.IsZero() {
			until = criteria.DayNumber(f.Until)
		}
		return from, until, f.Qualifier
	}
	for _, h := range people {
		if h.read {
			must(read.Append(uint32(h.id), int32(18000), nil, nil, nil))
		}
		for _, r := range h.records {
			r.Person = h.id
			must(tables[r.Kind].Append(&r))
		}
		for _, f := range h.fields["population.birth_date"] {
			a, b, q := days(f)
			must(birth.Append(uint32(h.id), criteria.DayNumber(f.Value.(time.Time)), a, b, q))
		}
		for _, f := range h.fields["population.sex"] {
			a, b, q := days(f)
			must(sex.Append(uint32(h.id), f.Value, a, b, q))
		}
		for _, f := range h.fields["population.non_disclosure"] {
			a, b, q := days(f)
			must(secret.Append(uint32(h.id), f.Value, a, b, q))
		}
	}
	root := t.TempDir()
	files, err := w.Write(ctx, root, "one", exports, func(int, int) {})
	must(err)
	s := parquet.NewSource(root, files)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// steady makes a history one of which the files can tell all: a field that the
// source holds is read of everyone, and facts of a field are in order of value.
func steady(h *history) *history {
	read := map[string][]criteria.Fact{}
	for _, f := range []string{"population.birth_date", "population.sex", "population.non_disclosure"} {
		read[f] = h.fields[f]
		if read[f] == nil {
			read[f] = []criteria.Fact{}
		}
		if len(read[f]) > 1 { // the order of facts of one day is the file's own
			read[f] = read[f][:1]
		}
	}
	// What the other fields of the register hold is empty; of others nothing is read.
	for _, f := range []string{"population.death_date", "population.municipality"} {
		read[f] = []criteria.Fact{}
	}
	h.fields = read
	// Records of one resource are of one time, and no code stands in it twice.
	var kept []clinical.Record
	for _, r := range h.records {
		if n := len(kept); n > 0 && kept[n-1].Group == r.Group {
			r.From, r.Until, r.Minute = kept[n-1].From, kept[n-1].Until, kept[n-1].Minute
			r.Codes = slices.DeleteFunc(slices.Clone(r.Codes), func(c coding.Code) bool { return slices.Contains(kept[n-1].Codes, c) })
		}
		slices.SortFunc(r.Codes, func(a, b coding.Code) int { return strings.Compare(a.String(), b.String()) })
		if r.Codes = slices.Compact(r.Codes); len(r.Codes) > 0 {
			kept = append(kept, r)
		}
	}
	h.records = kept
	return h
}

func TestWhatIsLoadedFromFilesIsWhatEachPersonHas(t *testing.T) {
	l := healthLanguage(t)
	for seed := range uint64(6) {
		try := newTrial(l, seed, 11)
		for _, h := range try.people {
			steady(h)
		}
		source := written(t, try.people)
		j := &journal{}
		var all []string
		for _, n := range names(l) {
			if n != "household.score" && n != "household.smoking" && n != "population.income" {
				all = append(all, n)
			}
		}
		g := grant(t, permission.Everyone(), nil, Fields(l, all)...)
		reading, err := register.NewReader(j, source).Bulk(t.Context(), g, "run of criteria")
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(t.Context(), reading, l, all, func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		if len(j.entries) != 1 || !j.entries[0].People.Equals(loaded.People()) || len(j.entries[0].Fields) == 0 {
			t.Fatalf("%d entries for a reading of everyone", len(j.entries))
		}
		plan, err := NewPlan(loaded, l, try.cares, params(), try.run)
		if err != nil {
			t.Fatal(err)
		}
		found, err := plan.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, care := range try.cares {
			for _, h := range try.people {
				if !loaded.ids.Contains(uint32(h.id)) {
					continue // nothing is known of the person
				}
				want, _ := care.Verdict(h, params(), try.run)
				if got := found.Verdict(care.Name, h.id); got != want.Verdict {
					t.Errorf("seed %d, %s, person %d: one by one %q, from files %q", seed, care.Name, uint32(h.id), want.Verdict, got)
				}
				n++
			}
		}
		if n < 3000 {
			t.Errorf("only %d pairs were compared", n)
		}
	}
}

func TestAReadingOfEveryoneIsCutBackToTheGrant(t *testing.T) {
	l := healthLanguage(t)
	try := newTrial(l, 3, 3)
	for _, h := range try.people {
		h.read = true
	}
	source := written(t, try.people)
	objecting := roaring.BitmapOf(uint32(try.people[1].id), uint32(try.people[5].id))
	for name, c := range map[string]struct {
		who  permission.People
		want func(id uint32) bool
	}{
		"who objects is left out": {permission.Everyone(), func(id uint32) bool { return !objecting.Contains(id) }},
		"only whom it names":      {permission.Just(try.people[2].id, try.people[5].id), func(id uint32) bool { return id == uint32(try.people[2].id) }},
	} {
		j := &journal{}
		reading, err := register.NewReader(j, source).Bulk(t.Context(), grant(t, c.who, objecting, Fields(l, []string{"systolic", "score"})...), "x")
		if err != nil {
			t.Fatal(err)
		}
		if len(j.entries) != 1 || !j.entries[0].People.Equals(reading.People()) {
			t.Errorf("%s: the record does not say who was read", name)
		}
		for _, h := range try.people {
			if reading.People().Contains(uint32(h.id)) != c.want(uint32(h.id)) {
				t.Errorf("%s: person %d", name, uint32(h.id))
			}
		}
		err = reading.Scan(t.Context(), "health.observation", nil, func(_ int, c_ *register.Chunk) error {
			if i := slices.IndexFunc(c_.Person, func(id uint32) bool { return !c.want(id) }); i >= 0 {
				t.Errorf("%s: facts of person %d came out", name, c_.Person[i])
			}
			if len(c_.Value) != len(c_.Person) || len(c_.Code) != len(c_.Person) {
				t.Errorf("%s: columns of different lengths", name)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := reading.Scan(t.Context(), register.BirthDate, nil, func(int, *register.Chunk) error { return nil }); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: a field that was not granted: %v", name, err)
		}
	}
}

func TestNothingIsReadInBulkWithoutAnEntry(t *testing.T) {
	l := healthLanguage(t)
	source := written(t, newTrial(l, 3, 3).people)
	full := errors.New("disk is full")
	r := register.NewReader(&journal{err: full}, source)
	if reading, err := r.Bulk(t.Context(), grant(t, permission.Everyone(), nil, "health.observation", "health.read"), "x"); !errors.Is(err, full) || reading != nil {
		t.Errorf("without an entry: %v", err)
	}
	if _, err := r.Bulk(t.Context(), permission.Grant{}, "x"); fault.KindOf(err) != fault.Refused {
		t.Errorf("without a grant: %v", err)
	}
	if err := new(register.Reading).Scan(t.Context(), "health.observation", nil, nil); fault.KindOf(err) != fault.Refused {
		t.Errorf("a reading of nobody's making: %v", err)
	}
}
