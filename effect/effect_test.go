package effect_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"ennakko/effect"
	"ennakko/fault"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

// The examples are those of Newcombe's table II (1998), method 10.
func TestTheIntervalsAreThoseOfTheSource(t *testing.T) {
	for _, x := range []struct {
		a, b      effect.Group
		low, high float64
	}{
		{effect.Group{People: 70, Reached: 56}, effect.Group{People: 80, Reached: 48}, 0.0524, 0.3339},
		{effect.Group{People: 10, Reached: 9}, effect.Group{People: 10, Reached: 3}, 0.1705, 0.8090},
		{effect.Group{People: 7, Reached: 6}, effect.Group{People: 7, Reached: 2}, 0.0582, 0.8062},
		{effect.Group{People: 56, Reached: 5}, effect.Group{People: 29, Reached: 0}, -0.0381, 0.1926},
		{effect.Group{People: 10, Reached: 0}, effect.Group{People: 20, Reached: 0}, -0.1611, 0.2775},
		{effect.Group{People: 10, Reached: 10}, effect.Group{People: 10, Reached: 0}, 0.6075, 1},
	} {
		d, err := effect.Compare(x.a, x.b, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if !near(d.Range.Low, x.low, 0.0002) || !near(d.Range.High, x.high, 0.0002) {
			t.Errorf("%v beside %v: %.4f to %.4f, not %.4f to %.4f", x.a, x.b, d.Range.Low, d.Range.High, x.low, x.high)
		}
	}
}

func TestTheIntervalHoldsTheTruthAsOftenAsItSays(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	draw := func(n int, p float64) (g effect.Group) {
		for g.People = n; n > 0; n-- {
			if r.Float64() < p {
				g.Reached++
			}
		}
		return g
	}
	const trials = 4000
	held := 0
	for range trials {
		d, err := effect.Compare(draw(120, 0.31), draw(40, 0.12), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if d.Range.Low <= 0.19 && 0.19 <= d.Range.High {
			held++
		}
	}
	if share := float64(held) / trials; share < 0.935 || share > 0.97 {
		t.Errorf("the interval held the truth in %.3f of the trials", share)
	}
}

func TestADifferenceIsSureOnlyWhenNoneIsOutsideItsRange(t *testing.T) {
	d, _ := effect.Compare(effect.Group{People: 400, Reached: 124}, effect.Group{People: 400, Reached: 48}, 0.95)
	few, _ := effect.Compare(effect.Group{People: 13, Reached: 4}, effect.Group{People: 8, Reached: 1}, 0.95)
	if !d.Sure() || few.Sure() || !near(d.By, 0.19, 1e-9) {
		t.Errorf("%+v, %+v", d, few)
	}
}

func TestTheSizeThatIsNeededIsThatOfTheSource(t *testing.T) {
	// 0.30 and 0.15 by the formula, reckoned by hand: 120.5.
	if n, err := effect.Needed(0.30, 0.15, 0.95, 0.8); err != nil || n != 121 {
		t.Errorf("%d, %v", n, err)
	}
	less, _ := effect.Needed(0.31, 0.12, 0.95, 0.8)
	more, _ := effect.Needed(0.31, 0.25, 0.95, 0.8)
	if less >= more || less < 50 {
		t.Errorf("%d and %d", less, more)
	}
}

func TestGroupsWithoutPeopleAreRefused(t *testing.T) {
	for _, x := range [][2]effect.Group{{{}, {People: 3}}, {{People: 3, Reached: 4}, {People: 3}}, {{People: 3}, {People: 3, Reached: -1}}} {
		if _, err := effect.Compare(x[0], x[1], 0.95); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v", x, err)
		}
	}
	if _, err := effect.Compare(effect.Group{People: 3}, effect.Group{People: 3}, 95); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a level of 95: %v", err)
	}
	if _, err := effect.Needed(0.3, 0.3, 0.95, 0.8); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no difference: %v", err)
	}
}
