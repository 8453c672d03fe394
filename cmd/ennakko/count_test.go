package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/effect"
	"ennakko/library"
	"ennakko/needs"
	"ennakko/packs"
	"ennakko/store"
)

// finest are the counts below v that are neither to the nearest five nor withheld.
func finest(t *testing.T, v any, of ...string) (out []string) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var any_ any
	if err := json.Unmarshal(b, &any_); err != nil {
		t.Fatal(err)
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch x := v.(type) {
		case map[string]any:
			for k, y := range x {
				walk(k, y)
			}
		case []any:
			for _, y := range x {
				walk(name, y)
			}
		case float64:
			if slices.Contains(of, name) && (x < 5 || int(x)%5 != 0 || x != float64(int(x))) {
				out = append(out, fmt.Sprintf("%s %v", name, x))
			}
		}
	}
	walk("", any_)
	return out
}

// What the commands print of effect and need tells of no small count.
func TestCommandsTellCountsToTheNearestFiveOrNotAtAll(t *testing.T) {
	compared, err := effect.Compare(effect.Group{People: 113, Reached: 61}, effect.Group{People: 108, Reached: 33}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	small, err := effect.Compare(effect.Group{People: 113, Reached: 3}, effect.Group{People: 108, Reached: 33}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	e := effectOf(app.Effect{Round: store.Round{ID: 1, Service: "s"}, AsOf: time.Now(), Invited: 443, Accepted: 4, Ended: 1,
		Lot:      &store.Lot{Seed: "x", Share: 20, Weeks: 12, Harmed: 3},
		Outcomes: []app.Outcome{{All: effect.Group{People: 443, Reached: 212}, Compared: &compared, Needed: 41}, {All: effect.Group{People: 443, Reached: 440}, Compared: &small}}})
	counts := []string{"invited", "accepted", "in_the_lot", "invited_later", "not_in_the_lot_for_harm", "invited_since", "people", "reached", "needed_in_each_group"}
	if bad := finest(t, e, counts...); len(bad) > 0 {
		t.Errorf("the effect tells of %v", bad)
	}
	b, _ := json.Marshal(e)
	for _, want := range []string{`"invited":445`, `"accepted":null`, `"not_in_the_lot_for_harm":null`, `"people":115,"reached":60`, `"difference":0.23`, `"withheld":true`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s is not in %s", want, b)
		}
	}
	for _, secret := range []string{"113", "108", "443", "61,", "212", "0.2342"} {
		if strings.Contains(string(b), secret) {
			t.Errorf("the effect says %s: %s", secret, b)
		}
	}

	l, err := library.Load(packs.FS, "high-need", app.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	costs := make([]float64, 333)
	for i := range costs {
		costs[i] = float64(i * i)
	}
	curve, err := needs.Concentration(costs)
	if err != nil {
		t.Fatal(err)
	}
	n := needsOf(app.Needs{Library: l, Year: 2020, Curve: curve, Threshold: 89543, Ways: []app.Way{
		{Name: "signs", Found: needs.Found{Named: 33, High: 33, Both: 12, Sensitivity: 12.0 / 33, Predictive: 12.0 / 33, Cost: 0.46123}},
		{Name: "age", Found: needs.Found{Named: 33, High: 33, Both: 3, Sensitivity: 3.0 / 33, Predictive: 3.0 / 33, Cost: 0.1234}}},
		Groups: []app.NeedGroup{
			{By: "sex", Expected: 0.1, Seen: 0.1, Group: needs.Group{Name: "f", People: 171, Found: needs.Found{Named: 18, High: 17, Both: 7}}},
			{By: "sex", Expected: 0.1, Seen: 0.1, Group: needs.Group{Name: "m", People: 162, Found: needs.Found{Named: 15, High: 16, Both: 14}}}},
		Steps: []needs.Step{{People: 33, Expected: 0.01, Seen: 1.0 / 33}, {People: 33, Expected: 0.3, Seen: 12.0 / 33}},
		Signs: []app.SignUse{{Criterion: l.Criteria()[0], People: 43, High: 12}, {Criterion: l.Criteria()[1], People: 6, High: 2}}})
	n.Curve.Points = append(n.Curve.Points, needs.Point{}) // shares, no counts
	for i := range n.Curve.Points {
		n.Curve.Points[i].People = 5
	}
	if bad := finest(t, n, append(counts, "named", "high", "both")...); len(bad) > 0 {
		t.Errorf("the needs tell of %v", bad)
	}
	if len(n.Curve.Points) != 1 || n.Threshold != 89500 || len(n.Groups) != 1 || !n.Ways[1].Withheld || n.Ways[1].Predictive != 0 || !n.Steps[0].Withheld || n.Steps[0].Seen != 0 ||
		n.Steps[1].Seen != 0.364 || n.Signs[0].People.n != 45 || !n.Signs[1].Withheld || !n.Signs[1].People.few {
		t.Errorf("%+v", n)
	}
	var out strings.Builder
	printNeeds(&out, n)
	if !strings.Contains(out.String(), "2020: 335 people") || !strings.Contains(out.String(), "named by age        too few people to be told of") {
		t.Errorf("%s", out.String())
	}
}
