package app_test

import (
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/store"
)

// What a nurse enters at a visit changes the finding at once, counts once for a
// day, never goes to somebody else, and the person sees that it was entered.
func TestWhatWasMeasuredAtAVisitChangesTheFindingAtOnce(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	desk := a.NewDesk(pack, clock)
	if err := desk.RunCare(ctx, asOf, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	changed, stop := desk.Watch()
	defer stop()
	for end := time.After(time.Minute); ; {
		if o, _ := desk.Care(); o.Run && !desk.Job().Busy {
			break
		}
		select {
		case <-changed:
		case <-end:
			t.Fatal("the library was not run")
		}
	}
	const name, officer = "hypertension-treated", "officer:nurse"
	before, _ := desk.Care()
	x, err := desk.Explain(ctx, name, 1, officer)
	if err != nil || !x.Pressure || x.Who == "" || x.Trace.Finding.Verdict != criteria.Gap {
		t.Fatalf("%+v, %v", x, err)
	}
	visit := app.Visit{Day: asOf, Systolic: 118, Diastolic: 74, Offered: true}
	for what, c := range map[string]struct {
		place int
		who   string
		v     app.Visit
		kind  fault.Kind
	}{
		"somebody else's name":          {1, x.Who[:len(x.Who)-1] + "_", visit, fault.Conflict},
		"another place":                 {2, x.Who, visit, fault.Conflict},
		"no place":                      {0, x.Who, visit, fault.Conflict},
		"a day to come":                 {1, x.Who, app.Visit{Day: asOf.AddDate(0, 0, 30), Systolic: 118, Diastolic: 74}, fault.Invalid},
		"the lower pressure is higher":  {1, x.Who, app.Visit{Day: asOf, Systolic: 74, Diastolic: 118}, fault.Invalid},
		"a pressure that nobody has":    {1, x.Who, app.Visit{Day: asOf, Systolic: 1180, Diastolic: 74}, fault.Invalid},
		"a day of more than a year ago": {1, x.Who, app.Visit{Day: asOf.AddDate(-2, 0, 0), Systolic: 118, Diastolic: 74}, fault.Invalid},
	} {
		if _, err := desk.NoteVisit(ctx, name, c.place, c.who, c.v, officer); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n, err := a.DB.LastNewRecord(ctx); n != 0 || err != nil {
		t.Errorf("%d records were kept, %v", n, err)
	}
	noted, err := desk.NoteVisit(ctx, name, 1, x.Who, visit, officer)
	if err != nil || !noted.Fresh || noted.Later || noted.Name != x.Name || noted.Trace.Finding.Verdict == criteria.Gap {
		t.Fatalf("%+v, %v", noted, err)
	}
	after, _ := desk.Care()
	if after.Counts[name][criteria.Gap] != before.Counts[name][criteria.Gap]-1 {
		t.Errorf("%d have a gap, before %d", after.Counts[name][criteria.Gap], before.Counts[name][criteria.Gap])
	}
	if _, err := desk.NoteVisit(ctx, name, 1, x.Who, visit, officer); fault.KindOf(err) != fault.Conflict {
		t.Errorf("sent again, it went to whoever stands there now: %v", err)
	}
	next, err := desk.Explain(ctx, name, 1, officer)
	if err != nil || next.Who == x.Who {
		t.Fatalf("the list did not move: %v", err)
	}
	high := app.Visit{Day: asOf.AddDate(0, 0, -1), Systolic: 171, Diastolic: 101}
	for i, fresh := range []bool{true, false} {
		if got, err := desk.NoteVisit(ctx, name, 1, next.Who, high, officer); err != nil || got.Fresh != fresh || got.Trace.Finding.Verdict != criteria.Gap {
			t.Errorf("time %d of a reading that is still high: %+v, %v", i, got, err)
		}
		if again, err := desk.Explain(ctx, name, 1, officer); err != nil || again.Who != next.Who {
			t.Fatalf("the list moved: %v", err)
		}
	}
	seenByThePerson(t, a, officer)
}

// seenByThePerson checks that a note is on the record of the one person that the
// first record is of.
func seenByThePerson(t *testing.T, a *app.App, officer string) {
	t.Helper()
	list, err := a.DB.NewRecords(t.Context(), time.Time{}, store.NewRecordsOf{})
	if err != nil || len(list) < 4 {
		t.Fatalf("%d records, %v", len(list), err)
	}
	uses, err := a.DB.Uses(t.Context(), list[0].Record.Person, 50)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, u := range uses {
		if u.Verb == "keep an event" && strings.Contains(u.Actor, officer) {
			kept++
		}
	}
	if kept != 2 { // the visit, and what was measured
		t.Errorf("%d notes are on the record of the person", kept)
	}
}
