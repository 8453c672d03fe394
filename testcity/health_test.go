package testcity_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/fhir"
	"ennakko/register/parquet"
	"ennakko/testcity"
)

// healthCity is a city with its health records, by person.
type healthCity struct {
	dir     string
	sum     testcity.Summary
	records map[person.ID][]clinical.Record
}

func writeHealth(t testing.TB, opt testcity.Options) healthCity {
	t.Helper()
	opt.Health = true
	c := healthCity{dir: t.TempDir(), records: map[person.ID][]clinical.Record{}}
	var err error
	if c.sum, err = testcity.Write(t.Context(), c.dir, opt, nil); err != nil {
		t.Fatal(err)
	}
	var files []parquet.File
	var fields []permission.Field
	for _, k := range clinical.Kinds() {
		found, _ := filepath.Glob(filepath.Join(c.dir, "health", k.String()+"_*.parquet"))
		for _, f := range found {
			files = append(files, parquet.File{Field: permission.Field(k.Field()), Path: "health/" + filepath.Base(f)})
		}
		fields = append(fields, permission.Field(k.Field()))
	}
	s := parquet.NewSource(c.dir, files)
	defer func() { _ = s.Close() }()
	everyone := roaring.New()
	everyone.AddRange(1, uint64(opt.Residents)*2)
	err = s.Select(t.Context(), fields, everyone, func(id person.ID, _ permission.Field, f register.Fact) error {
		c.records[id] = append(c.records[id], f.Value.(clinical.Record))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c healthCity) hashes(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	found, _ := filepath.Glob(filepath.Join(c.dir, "health", "*"))
	for _, f := range found {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		out[filepath.Base(f)] = hex.EncodeToString(sum[:])
	}
	return out
}

func TestTheSameSeedGivesTheSameHealthRecords(t *testing.T) {
	a, b, other := writeHealth(t, testcity.Options{Residents: 1000, Seed: 5}), writeHealth(t, testcity.Options{Residents: 1000, Seed: 5}), writeHealth(t, testcity.Options{Residents: 1000, Seed: 6})
	same := a.hashes(t)
	for name, sum := range b.hashes(t) {
		if same[name] != sum {
			t.Errorf("%s differs", name)
		}
	}
	if len(same) != 9 || other.hashes(t)["observation_000.parquet"] == same["observation_000.parquet"] {
		t.Errorf("%d files", len(same))
	}
}

func TestTheSummaryCountsTheHealthRecords(t *testing.T) {
	c := writeHealth(t, testcity.Options{Residents: 5000, Seed: 7})
	n, kinds := 0, map[string]int{}
	for _, recs := range c.records {
		n += len(recs)
		for _, r := range recs {
			kinds[r.Kind.String()]++
		}
	}
	if h := c.sum.Health; n != h.Records || h.People < 5000 || float64(n)/float64(h.People) < 70 || float64(n)/float64(h.People) > 95 {
		t.Errorf("%d rows, %+v", n, h)
	}
	for k, n := range c.sum.Health.Kinds {
		if kinds[k] != n {
			t.Errorf("%s: %d, not %d", k, kinds[k], n)
		}
	}
}

func share(n, of int) float64 { return float64(n) / float64(of) }

// The people of the records are ill, cared for and forgotten in a plausible way.
func TestTheHealthRecordsHangTogether(t *testing.T) {
	c := writeHealth(t, testcity.Options{Residents: 5000, Seed: 7})
	icd := func(s string) coding.Code { return coding.New("icd10", s) }
	is := func(r clinical.Record, system, code string) bool { return r.Codes[0] == coding.New(system, code) }
	var diabetics, measured, overdue, poor, hypertensive, treated, high, read int
	snapshot := int32(18631) // 2021-01-04
	var costs []float64
	for id, recs := range c.records {
		ill := map[coding.Code]bool{}
		var sugar, systolic clinical.Record
		drug, cost := false, 0.0
		for _, r := range recs {
			if r.Until != clinical.Open && r.Until < r.From || r.From > snapshot {
				t.Fatalf("a record of %d from %d until %d", id, r.From, r.Until)
			}
			switch {
			case r.Kind == clinical.Condition && r.Until == clinical.Open:
				ill[r.Codes[0]] = true
			case is(r, "loinc", "59261-8") && r.From >= sugar.From:
				sugar = r
			case is(r, "loinc", "8480-6") && r.Class == "AMB" && r.From >= systolic.From:
				systolic = r
			case r.Kind == clinical.Medication && r.Status == "active" && slices.Contains([]string{"C09AA05", "C09CA06", "C08CA01", "C07AB07", "C03AA03", "C09BA05"}, r.Codes[0].Code):
				drug = true
			case r.Kind == clinical.Encounter && r.From > snapshot-365:
				cost += r.Value
			}
		}
		costs = append(costs, cost)
		if ill[icd("E11.9")] {
			diabetics++
			if sugar.Unit != "" {
				measured++
				if sugar.From < snapshot-730 {
					overdue++
				}
				if sugar.Value > 75 {
					poor++
				}
			}
		}
		if ill[icd("I10")] {
			hypertensive++
			if drug {
				treated++
			}
			if systolic.Unit != "" {
				read++
				if systolic.Value >= 140 {
					high++
				}
			}
		}
	}
	slices.Sort(costs)
	slices.Reverse(costs)
	top, all := 0.0, 0.0
	for i, x := range costs {
		if all += x; i < len(costs)/10 {
			top += x
		}
	}
	for what, c := range map[string]struct{ got, low, high float64 }{
		"with hypertension":                   {share(hypertensive, len(c.records)), 0.1, 0.25},
		"with type 2 diabetes":                {share(diabetics, len(c.records)), 0.02, 0.09},
		"diabetics with HbA1c":                {share(measured, diabetics), 0.85, 1},
		"whose HbA1c is overdue":              {share(overdue, measured), 0.02, 0.3},
		"whose HbA1c is poor":                 {share(poor, measured), 0.02, 0.25},
		"hypertensives with a medicine":       {share(treated, hypertensive), 0.5, 0.9},
		"hypertensives whose reading is high": {share(high, read), 0.2, 0.65},
		"costs of the tenth who cost most":    {top / all, 0.72, 0.9},
	} {
		t.Logf("%s: %.2f", what, c.got)
		if c.got < c.low || c.got > c.high {
			t.Errorf("%s: %.2f, not %.2f to %.2f", what, c.got, c.low, c.high)
		}
	}
}

// The sample says of its people what the files of facts say.
func TestTheFHIRSampleSaysTheSame(t *testing.T) {
	opt := testcity.Options{Residents: 1000, Seed: 7}
	c := writeHealth(t, opt)
	dir := filepath.Join(t.TempDir(), "fhir")
	n, err := testcity.WriteFHIR(t.Context(), dir, opt, testcity.Sample{People: 40})
	if err != nil {
		t.Fatal(err)
	}
	f, err := fhir.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Index(t.Context(), func(int64, int64) {})
	if err != nil || len(x.Patients()) != 40 {
		t.Fatalf("%d patients, %v", len(x.Patients()), err)
	}
	numbers := make([]person.ID, 40)
	for i := range numbers {
		numbers[i] = person.ID(i + 1)
	}
	type fact struct {
		code, unit, value, status, class string
		from, until, minute              int32
		number                           float64
	}
	of := func(r *clinical.Record) fact {
		v := r.Value
		if r.Kind == clinical.Encounter || v != v {
			v = 0 // an Encounter says no cost
		}
		return fact{r.Codes[0].String(), r.Unit, r.ValueCode.String(), r.Status, r.Class, r.From, r.Until, r.Minute, v}
	}
	got := map[fact]int{}
	rep, err := x.Records(t.Context(), numbers, "", "", func(int64, int64) {}, func(r *clinical.Record) error {
		f := of(r)
		if r.Kind == clinical.Encounter {
			f.unit = ""
		}
		for _, c := range r.Codes { // a row of the files is one of them
			f.code = c.String()
			got[f]++
		}
		return nil
	})
	if sum := rep.Total(); err != nil || sum.Kept != n || sum.SetAside != 0 {
		t.Fatalf("%+v of %d, %v: %+v", sum, n, err, rep.Aside)
	}
	for _, p := range x.Patients() {
		var id int
		for _, d := range p.ID[1:] {
			id = id*10 + int(d-'0')
		}
		for _, r := range c.records[person.ID(id)] {
			f := of(&r)
			if r.Kind == clinical.Encounter {
				f.unit = ""
			}
			if got[f]--; got[f] < 0 {
				t.Fatalf("the facts have %+v, the sample does not", f)
			}
		}
	}
	for f, n := range got {
		if n != 0 {
			t.Fatalf("the sample has %+v, the facts do not", f)
		}
	}
}

func BenchmarkHealthRecordsOf64000(b *testing.B) {
	rows := 0
	for b.Loop() {
		sum, err := testcity.Write(b.Context(), filepath.Join(b.TempDir(), "x"), testcity.Options{Residents: 64_000, Seed: 7, Health: true}, nil)
		if err != nil {
			b.Fatal(err)
		}
		rows += sum.Health.Records
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
