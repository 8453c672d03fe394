package fee

import (
	"slices"
	"testing"

	"ennakko/packs"
)

// A line that no made-up family's working has could say anything.
func TestEveryLineOfTheWorkingComesInTheWorkingOfSomeMadeUpFamily(t *testing.T) {
	p, err := Load(packs.FS, "early-education-fee")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"hours-step": true} // the pack's city has no steps; TestACityThatDecidedOnStepsGetsThem has
	why := map[string]bool{"unknown-kind": true}
	for _, c := range p.cases {
		for _, w := range c.want {
			f, err := p.Compute(c.family, w.child)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range f.Lines {
				seen[l.Key] = true
			}
			for _, r := range f.Person {
				why[r.Key] = true
			}
		}
	}
	for name := range stepNames() {
		if !seen[name] {
			t.Errorf("the line %s comes in no working", name)
		}
	}
	for _, name := range reasonNames() {
		if !why[name] {
			t.Errorf("nobody must be looked at for %s", name)
		}
	}
}

func TestHalvesAreRoundedUp(t *testing.T) {
	for _, tt := range []struct{ num, den, want int64 }{
		{0, 1, 0}, {1, 2, 1}, {3, 2, 2}, {49, 100, 0}, {50, 100, 1}, {-1, 2, 0}, {-3, 2, -1}, {-49, 100, 0}, {-51, 100, -1}, {20650, 100, 207},
	} {
		if got := halfUp(tt.num, tt.den); got != tt.want {
			t.Errorf("%d/%d is rounded to %d", tt.num, tt.den, got)
		}
	}
}

func TestMonthsAreCounted(t *testing.T) {
	m := MonthOf(Month(2026*12 + 9).Date())
	if m.String() != "2026-10" || (m+3).String() != "2027-01" || !slices.IsSorted([]Month{m, m + 1}) {
		t.Errorf("%s, %s", m, m+3)
	}
}
