package fee_test

import (
	"strings"
	"testing"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/person"
)

func TestThePictureHasTheFamilysOwnPointAndTheEdgesOfTheRule(t *testing.T) {
	p := pack(t)
	d, err := p.Picture(assessed("2023-03-01", 3, 550000), 0)
	if err != nil {
		t.Fatal(err)
	}
	if d.Own < 0 || d.Rows[d.Own] != (fee.Row{Income: 550000, Euros: 54}) {
		t.Fatalf("the own row is %d of %v", d.Own, d.Rows)
	}
	// 27.5 / 0.107 = 257.01 and 294.5 / 0.107 = 2752.34, above the limit of 4,998.
	for _, want := range []fee.Row{{Income: 525501, Euros: 28}, {Income: 775034, Euros: 295}, {Income: 499800}} {
		found := false
		for i, r := range d.Rows {
			found = found || r == want
			if i > 0 && (r.Income <= d.Rows[i-1].Income || r.Euros < d.Rows[i-1].Euros) {
				t.Errorf("the rows do not rise at %v", r)
			}
			if got := euros(t, p, assessed("2023-03-01", 3, r.Income), 0); got != r.Euros {
				t.Errorf("the row of %d says %d, the fee is %d", r.Income, r.Euros, got)
			}
		}
		if !found {
			t.Errorf("there is no row %v in %v", want, d.Rows)
		}
	}
	for _, l := range person.Languages() {
		if d.Title[l] == "" || !strings.Contains(d.Desc[l], "54") || strings.ContainsAny(d.Title[l]+d.Desc[l], "{}") {
			t.Errorf("in %s it is told as %q, %q", l, d.Title[l], d.Desc[l])
		}
	}
	if !strings.HasPrefix(d.Line, "M") || strings.Count(d.Line, "L") != 4 || len(d.Across) < 3 || len(d.Up) < 3 {
		t.Errorf("the drawing is %q, %d and %d marks", d.Line, len(d.Across), len(d.Up))
	}
	if d.X <= 0 || d.X >= float64(d.Width) || d.Y <= 0 || d.Y >= float64(d.Height) {
		t.Errorf("the own point lies at %f, %f", d.X, d.Y)
	}
}

func TestThePictureOfWhoAcceptsTheHighestFeeHasNoPointOfTheirOwn(t *testing.T) {
	p := pack(t)
	f := assessed("2026-11-01", 4, 0)
	f.Assessed, f.AcceptHighest = nil, true
	d, err := p.Picture(f, 0)
	if err != nil || d.Own != -1 || strings.Contains(d.Desc[person.English], "Your") {
		t.Errorf("%v, %+v", err, d)
	}
	if _, err := p.Picture(f, 9); err == nil {
		t.Error("there is a picture of a child who is not there")
	}
}

func highest(f fee.Family) fee.Family { f.AcceptHighest = true; return f }

func TestThePictureHoldsForAnyFamily(t *testing.T) {
	p := pack(t)
	for seed := range uint64(60) {
		f := anyFamily(seed)
		for i, c := range f.Children {
			if c.Hours == 0 {
				continue
			}
			d, err := p.Picture(f, i)
			if x, failed := p.Compute(highest(f), i); failed == nil && x.Euros == 0 {
				if fault.KindOf(err) != fault.Missing {
					t.Errorf("seed %d: a picture of no fee: %v", seed, err)
				}
				continue
			}
			if err != nil || len(d.Rows) < 3 || strings.Contains(d.Line, "NaN") || strings.Contains(d.Line, "Inf") {
				t.Fatalf("seed %d: %v, %q, %d rows", seed, err, d.Line, len(d.Rows))
			}
		}
	}
}
