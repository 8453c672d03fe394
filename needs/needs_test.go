package needs_test

import (
	"math"
	"testing"

	"ennakko/fault"
	"ennakko/needs"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestOneWhoHasAllAndAllWhoHaveTheSameAreTheEndsOfTheCurve(t *testing.T) {
	one, same := make([]float64, 1000), make([]float64, 1000)
	one[17] = 5
	for i := range same {
		same[i] = 12.5
	}
	c, err := needs.Concentration(one)
	if err != nil || !near(c.Gini, 0.999) || !near(c.Tenth, 1) || !near(c.Free, 0.999) || !near(c.For80, 0.001) {
		t.Errorf("one has all: %+v, %v", c, err)
	}
	c, err = needs.Concentration(same)
	if err != nil || !near(c.Gini, 0) || !near(c.Tenth, 0.1) || !near(c.For80, 0.8) || c.Free != 0 {
		t.Errorf("all have the same: %+v, %v", c, err)
	}
	for i, p := range c.Points {
		if !near(p.Cost, p.People) || i == 100 != (p.People == 1) {
			t.Errorf("the line of equal shares leaves at %+v", p)
		}
	}
}

func TestTheGiniOfAKnownSpreadIsKnown(t *testing.T) {
	// Costs of 1 to n have a Gini coefficient of (n-1)/(3n).
	const n = 3000
	costs := make([]float64, n)
	for i := range costs {
		costs[(i*7)%n] = float64(i + 1)
	}
	c, err := needs.Concentration(costs)
	if want := (n - 1.0) / (3 * n); err != nil || math.Abs(c.Gini-want) > 1e-6 {
		t.Errorf("%v, not %v: %v", c.Gini, want, err)
	}
	for i := 1; i < len(c.Points); i++ {
		if c.Points[i].Cost < c.Points[i-1].Cost {
			t.Errorf("the curve falls at %d", i)
		}
	}
	for _, bad := range [][]float64{nil, {0, 0}, {3, -1}} {
		if _, err := needs.Concentration(bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestAWayOfFindingPeopleIsJudgedByWhatCame(t *testing.T) {
	costs := []float64{0, 10, 20, 30, 40, 50, 60, 70, 80, 140}
	high := needs.Top(costs, 0.2)
	named := needs.Top([]float64{5, 1, 1, 1, 1, 1, 1, 1, 1, 9}, 0.2)
	f, err := needs.Judge(named, high, costs)
	if err != nil || f.Named != 2 || f.High != 2 || f.Both != 1 || !near(f.Sensitivity, 0.5) || !near(f.Predictive, 0.5) || !near(f.Cost, 0.28) {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := needs.Judge(named, high[1:], costs); err == nil {
		t.Error("lists of different people are judged")
	}
	groups, err := needs.ByGroup(named, high, costs, []string{"b", "a", "a", "a", "a", "a", "a", "a", "b", "b"})
	if err != nil || len(groups) != 2 || groups[0].Name != "a" || groups[0].Named != 0 || groups[1].People != 3 || groups[1].Both != 1 || groups[1].High != 2 {
		t.Errorf("%+v, %v", groups, err)
	}
}

func TestWhatWasExpectedIsHeldAgainstWhatCame(t *testing.T) {
	chance, high := make([]float64, 100), make([]bool, 100)
	for i := range chance {
		chance[i] = float64(i) / 100
		high[i] = i%10 < i/10 // as many in each ten as was expected
	}
	for i, s := range needs.Calibration(chance, high, 10) {
		if s.People != 10 || math.Abs(s.Expected-s.Seen) > 0.05 || !near(s.Seen, float64(i)/10) {
			t.Errorf("part %d: %+v", i, s)
		}
	}
}
