package app_test

import (
	"context"
	"slices"
	"testing"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/store"
)

// checkBreakdown holds the counts of who was found against the round's own.
func checkBreakdown(t *testing.T, a *app.App, r store.Round) {
	t.Helper()
	c, err := a.DB.Cohort(t.Context(), r.ID, asOf)
	if err != nil {
		t.Fatal(err)
	}
	sums, known := map[string]int{}, map[string]bool{}
	for _, b := range c.People {
		sums[b.Stage+" "+b.By] += b.N
		known[b.By+" "+b.Key] = true
	}
	for _, by := range []string{store.ByAge, store.ByDistrict, store.ByLanguage} {
		if sums[store.Found+" "+by] != r.Summary["found"] || sums[store.Justified+" "+by] != r.Summary["justified"] {
			t.Errorf("by %s %d were found and %d meet the criteria; in all %v", by, sums[store.Found+" "+by], sums[store.Justified+" "+by], r.Summary)
		}
	}
	if !known["age 5"] || !known["language fi"] || !known["language sv"] || known["age "] {
		t.Errorf("counted by %v", known)
	}
}

// TestPlacesAreAssignedAgainAfterAChangeOfCapacity empties the fullest unit of a
// prepared round.
func TestPlacesAreAssignedAgainAfterAChangeOfCapacity(t *testing.T) {
	a, err := open(t.Context(), city(t), app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Prepare(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:liisa", Now: begin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	fill := func() []store.UnitFill {
		t.Helper()
		out, err := a.DB.UnitFill(t.Context(), r.ID, asOf)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	checkBreakdown(t, a, r)
	full := slices.MaxFunc(fill(), func(x, y store.UnitFill) int { return x.Held - y.Held })
	if full.Held < 2 || full.Places != full.Registered || full.MostM < full.MeanM {
		t.Fatalf("the fullest unit: %+v", full)
	}
	rooms, done, err := a.Rooms(t.Context(), pack, asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	change := store.PlaceCount{Place: full.Place, Places: 1}
	for name, bad := range map[string]store.PlaceCount{"too many": {Place: full.Place, Places: 501}, "less than none": {Place: full.Place, Places: -1}, "no such unit": {Places: 3}} {
		if err := round.Reassign(t.Context(), rooms, r.ID, bad, "officer:sisko", begin); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := round.Reassign(t.Context(), rooms, r.ID, change, "officer:sisko", begin); err != nil {
		t.Fatal(err)
	}
	placed, after := 0, store.UnitFill{}
	for _, u := range fill() {
		placed += u.Held
		if u.Held > u.Places {
			t.Errorf("a unit with %d places holds %d children", u.Places, u.Held)
		}
		if u.Place == full.Place {
			after = u
		}
	}
	if after.Places != 1 || after.Held > 1 || after.Registered != full.Registered {
		t.Errorf("after the change: %+v", after)
	}
	again, err := a.DB.Round(t.Context(), r.ID)
	if err != nil || again.Summary["placed"] != placed || again.Summary["placed"]+again.Summary["waiting"] != r.Summary["placed"]+r.Summary["waiting"] || again.Summary["found"] != r.Summary["found"] {
		t.Errorf("placed %d, summary %v, before %v, %v", placed, again.Summary, r.Summary, err)
	}
	if !slices.Equal(again.Prepared, []string{"officer:liisa", "officer:sisko"}) {
		t.Errorf("hands: %v", again.Prepared)
	}
	for _, who := range again.Prepared {
		if err := a.Approve(t.Context(), pack, again, who, nil); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s approves: %v", who, err)
		}
	}
	if err := a.Approve(t.Context(), pack, again, "officer:matti", nil); err != nil {
		t.Fatal(err)
	}
	if err := round.Reassign(t.Context(), rooms, r.ID, change, "officer:sisko", begin); fault.KindOf(err) != fault.Conflict {
		t.Errorf("places of a round that runs: %v", err)
	}
	cells, err := a.DB.FunnelBy(t.Context(), r.ID, asOf)
	if err != nil {
		t.Fatal(err)
	}
	var sum store.FunnelCounts
	for _, c := range cells {
		sum.Add(c.FunnelCounts)
	}
	f, err := a.DB.Funnel(t.Context(), r.ID)
	if err != nil || sum.Offered != f.Offered || sum.Unreached != f.Unreached || sum.Sent != f.Sent || len(cells) < 5 {
		t.Errorf("%+v, in all %+v", sum, f)
	}
}

func TestATrialOfTheCriteriaIsComparedWithWhatIs(t *testing.T) {
	a, err := open(t.Context(), city(t), app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	rooms, done, err := a.Rooms(t.Context(), pack, asOf, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	try := func(values map[string]float64, without ...string) round.Tried {
		t.Helper()
		trial, err := pack.Try(values, without)
		if err != nil {
			t.Fatal(err)
		}
		out, err := round.Try(t.Context(), rooms, round.Order{AsOf: asOf, Officer: "officer:liisa", Now: begin}, trial)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	same := try(nil)
	if same.Justified == 0 || same.Justified != same.JustifiedNow || same.Enter+same.Leave != 0 || same.Found != same.FoundNow {
		t.Errorf("a trial that changes nothing: %+v", same)
	}
	wider := try(nil, "in_municipal_early_education")
	if wider.Leave != 0 || wider.Enter == 0 || wider.Justified != same.Justified+wider.Enter || wider.LeftOut["in_municipal_early_education"] != 0 {
		t.Errorf("without one criterion: %+v", wider)
	}
	younger := try(map[string]float64{"starting_age": 5})
	if younger.Leave != same.Justified || younger.Enter != younger.Justified || younger.Justified == 0 {
		t.Errorf("a year younger: %+v", younger)
	}
	byDistrict := 0
	for _, n := range younger.District {
		byDistrict += n[1]
	}
	if byDistrict != younger.Justified {
		t.Errorf("%d by district", byDistrict)
	}
	for name, err := range map[string]error{"no such parameter": second(pack.Try(map[string]float64{"x": 1}, nil)), "no such criterion": second(pack.Try(nil, []string{"x"}))} {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	last, err := a.DB.Entries(t.Context(), 0, true, 1)
	if err != nil || len(last) != 1 || last[0].Verb != "try criteria" || last[0].People.IsEmpty() {
		t.Errorf("a trial is not on the record: %+v %v", last, err)
	}
}

func second[T any](_ T, err error) error { return err }
