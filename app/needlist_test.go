package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// deskOf is a desk over a city, and a way to wait until it is at rest.
func deskOf(t *testing.T, a *app.App, clock app.Clock) (*app.Live, func()) {
	t.Helper()
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	desk := a.NewDesk(pack, clock)
	changed, stop := desk.Watch()
	t.Cleanup(stop)
	return desk, func() {
		t.Helper()
		for end := time.After(time.Minute); desk.Job().Busy; {
			select {
			case <-changed:
			case <-end:
				t.Fatal("the desk does not come to rest")
			}
		}
		if err := desk.Job().Err; err != nil {
			t.Fatal(err)
		}
	}
}

// namedSet is whom the newest entry says were named.
func namedSet(t *testing.T, a *app.App) []person.ID {
	t.Helper()
	entries, err := a.DB.Entries(t.Context(), 0, false, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Verb == "name who may need much" {
			var out []person.ID
			for it := e.People.Iterator(); it.HasNext(); {
				out = append(out, person.ID(it.Next()))
			}
			if e.Purpose != app.NeedPurpose || !strings.Contains(e.Basis, "6(1)(e)") {
				t.Errorf("they were named for %q by %q", e.Purpose, e.Basis)
			}
			return out
		}
	}
	t.Fatal("that people were named is not on the record")
	return nil
}

func TestWhoMayNeedMuchStandsOnAListWithWhyAndWhatWasNoted(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	desk, rest := deskOf(t, a, clock)
	const officer = "officer:nurse"
	if _, err := desk.NeedList(ctx, "", officer, 1, 10); fault.KindOf(err) != fault.Missing {
		t.Errorf("a list before anybody was named: %v", err)
	}
	if err := desk.RunNeeds(ctx, asOf.Year()-1, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	rest()
	all := namedSet(t, a)
	list, err := desk.NeedList(ctx, "", officer, 1, 10_000)
	if err != nil || len(list.Lines) != len(all) || len(all) < 100 || list.States[store.NeedOpen] != len(all) || !list.AsOf.Equal(asOf) {
		t.Fatalf("%d lines, %d named, %v, as of %v, %v", len(list.Lines), len(all), list.States, list.AsOf, err)
	}
	for i, x := range list.Lines {
		sum := 0
		for _, c := range x.Signs {
			sum += c.Points
		}
		if x.Place != i+1 || x.Name == "" || sum != x.Points || x.Chance < 0 || x.Chance > 1 || i > 0 && x.Points > list.Lines[i-1].Points {
			t.Fatalf("line %d: %+v", i, x)
		}
	}
	if first, last := list.Lines[0], list.Lines[len(list.Lines)-1]; first.Chance <= last.Chance {
		t.Errorf("the first may need much by %.2f, the last by %.2f", first.Chance, last.Chance)
	}
	part, err := desk.NeedList(ctx, "", officer, 4, 3)
	if err != nil || len(part.Lines) != 3 || part.Lines[0].Place != 4 || part.More != 7 || part.Lines[0].Name != list.Lines[3].Name {
		t.Fatalf("a part: %+v, %v", part, err)
	}
	x, err := desk.ExplainNeed(ctx, 1, officer)
	if err != nil || x.Name != list.Lines[0].Name || x.Points != list.Lines[0].Points || len(x.Signs) != len(list.Lines[0].Signs) || x.State != store.NeedOpen || x.Planned || len(x.Notes) != 0 {
		t.Fatalf("%+v, %v", x, err)
	}
	for _, s := range x.Signs {
		if s.Trace.Finding.Verdict != criteria.Gap || len(s.Trace.Parts) == 0 {
			t.Errorf("%s: %s", s.Criterion.Name, s.Trace.Finding.Verdict)
		}
	}
	notedNeeds(t, a, desk, x, officer)
}

// notedNeeds notes calls of the first two of the list; the first then objects.
func notedNeeds(t *testing.T, a *app.App, desk *app.Live, x app.NeedFinding, officer string) {
	t.Helper()
	ctx := t.Context()
	call := app.NeedVisit{Day: asOf, State: store.NeedInHand, Words: "Called; call again on Monday"}
	for what, c := range map[string]struct {
		place int
		who   string
		v     app.NeedVisit
		kind  fault.Kind
	}{
		"somebody else's name": {1, x.Who[:len(x.Who)-1] + "_", call, fault.Conflict},
		"another place":        {2, x.Who, call, fault.Conflict},
		"no place":             {0, x.Who, call, fault.Missing},
		"a day to come":        {1, x.Who, app.NeedVisit{Day: asOf.AddDate(0, 0, 9), State: store.NeedDone, Words: "later"}, fault.Invalid},
		"no state":             {1, x.Who, app.NeedVisit{Day: asOf, Words: "later"}, fault.Invalid},
		"no words":             {1, x.Who, app.NeedVisit{Day: asOf, State: store.NeedDone, Words: " "}, fault.Invalid},
	} {
		if err := desk.NoteNeed(ctx, c.place, c.who, c.v, officer); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := desk.NoteNeed(ctx, 1, x.Who, call, officer); err != nil {
		t.Fatal(err)
	}
	y, err := desk.ExplainNeed(ctx, 1, officer)
	if err != nil || y.State != store.NeedInHand || len(y.Notes) != 1 || y.Notes[0].Words != call.Words || y.Notes[0].By != officer {
		t.Fatalf("%+v, %v", y, err)
	}
	list, err := desk.NeedList(ctx, store.NeedInHand, officer, 1, 10)
	if err != nil || len(list.Lines) != 1 || list.Lines[0].Place != 1 || list.Lines[0].State != store.NeedInHand || list.States[store.NeedInHand] != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	who := onRecord(t, a, officer, call.Words)
	if err := desk.ObjectToNaming(ctx, who, true); err != nil {
		t.Fatal(err)
	}
	if _, err := desk.ExplainNeed(ctx, 1, officer); fault.KindOf(err) != fault.Missing {
		t.Errorf("who objects is still shown: %v", err)
	}
	if err := desk.NoteNeed(ctx, 1, x.Who, call, officer); fault.KindOf(err) != fault.Missing {
		t.Errorf("of who objects something is noted: %v", err)
	}
	if list, err = desk.NeedList(ctx, "", officer, 1, 1); err != nil || list.Lines[0].Place != 2 || list.States[store.NeedInHand] != 0 {
		t.Errorf("who objects is on the list: %+v, %v", list, err)
	}
	if err := desk.RunNeeds(ctx, asOf.Year()-1, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	atRest(t, desk)
	if slices.Contains(namedSet(t, a), who) {
		t.Error("who objects is named anew")
	}
	notFound(t, a, who)
	if err := desk.ObjectToNaming(ctx, who, false); err != nil {
		t.Fatal(err)
	}
	if on, err := desk.Objections(ctx, who); err != nil || len(on) != 0 {
		t.Errorf("taken back, and still there: %v, %v", on, err)
	}
}

// notFound checks that somebody who objects is not found by the library of signs, and is
// by that of care.
func notFound(t *testing.T, a *app.App, who person.ID) {
	t.Helper()
	for name, there := range map[string]bool{"high-need": false, "health": true} {
		l, err := a.CareLibrary(name)
		if err != nil {
			t.Fatal(err)
		}
		fields := []string{string(register.BirthDate)}
		whole, err := a.PopulationFor(t.Context(), l, fields, "officer:find", "x", func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		whole.Close()
		if whole.Columns.People().Contains(uint32(who)) != there {
			t.Errorf("%s: who objects to being named is among the people: %v", name, !there)
		}
		if _, err := a.FactsFor(t.Context(), l, fields, who, "officer:find", "x"); (fault.KindOf(err) == fault.Refused) == there || there && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func atRest(t *testing.T, desk *app.Live) {
	t.Helper()
	changed, stop := desk.Watch()
	defer stop()
	for end := time.After(time.Minute); desk.Job().Busy; {
		select {
		case <-changed:
		case <-end:
			t.Fatal("the desk does not come to rest")
		}
	}
}

// onRecord checks what the record says of the one of whom something was noted, and
// returns who it is.
func onRecord(t *testing.T, a *app.App, officer, words string) person.ID {
	t.Helper()
	entries, err := a.DB.Entries(t.Context(), 0, false, 100)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(entries, func(e audit.Entry) bool { return e.Verb == "note a call or a visit" })
	if i < 0 || entries[i].People.GetCardinality() != 1 || entries[i].Actor != officer || strings.Contains(entries[i].Detail, words) {
		t.Fatalf("entry %d of %d", i, len(entries))
	}
	who := person.ID(entries[i].People.Minimum())
	uses, err := a.DB.Uses(t.Context(), who, 50)
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string]int{}
	for _, u := range uses {
		if u.Purpose == app.NeedPurpose {
			verbs[u.Verb]++
		}
	}
	for _, verb := range []string{"name who may need much", "look at who may need much", "look at a finding", "note a call or a visit", "run criteria over everyone"} {
		if verbs[verb] == 0 {
			t.Errorf("%q is not on the person's record: %v", verb, verbs)
		}
	}
	return who
}

// After a restart the pages show what was found last, as of the same days; a run as of
// the same day again is no fault, and keeps nothing.
func TestARestartShowsWhatWasFoundLast(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	desk, rest := deskOf(t, a, clock)
	if err := desk.Recall(ctx); err != nil || desk.Job().Busy {
		t.Fatalf("with nothing to recall there is work: %v", err)
	}
	if err := desk.RunCare(ctx, asOf, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	rest()
	before, err := desk.Care()
	if err != nil || !before.Run || before.Before {
		t.Fatalf("%+v, %v", before, err)
	}
	if err := desk.RunNeeds(ctx, asOf.Year()-1, "officer:liisa"); err != nil {
		t.Fatal(err)
	}
	rest()
	list, err := desk.NeedList(ctx, "", "officer:nurse", 1, 5)
	if err != nil {
		t.Fatal(err)
	}
	// Something comes in after the run.
	x, err := desk.Explain(ctx, "hypertension-treated", 1, "officer:nurse")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.NoteVisit(ctx, "hypertension-treated", 1, x.Who, app.Visit{Day: asOf, Systolic: 118, Diastolic: 74}, "officer:nurse"); err != nil {
		t.Fatal(err)
	}
	seen, err := desk.Care()
	if err != nil {
		t.Fatal(err)
	}
	next, rested := deskOf(t, a, clock)
	if err := next.Recall(ctx); err != nil {
		t.Fatal(err)
	}
	rested()
	after, err := next.Care()
	if err != nil || !after.Run || !after.AsOf.Equal(asOf) || after.People != before.People || after.Counts["hypertension-treated"][criteria.Gap] != seen.Counts["hypertension-treated"][criteria.Gap] {
		t.Errorf("after the restart: %v %v %v %v, %v", after.Run, after.AsOf, after.People, after.Counts["hypertension-treated"], err)
	}
	again, err := next.NeedList(ctx, "", "officer:nurse", 1, 5)
	if err != nil || len(again.Lines) != 5 || !again.AsOf.Equal(list.AsOf) {
		t.Fatalf("%+v, %v", again, err)
	}
	for i := range again.Lines {
		if again.Lines[i].Name != list.Lines[i].Name || again.Lines[i].Chance != list.Lines[i].Chance {
			t.Errorf("line %d is %+v, was %+v", i, again.Lines[i], list.Lines[i])
		}
	}
	if n, ok := next.Needs(); !ok || n.Year != asOf.Year()-1 {
		t.Error("the judgement is not there")
	}
}

func TestARunOfTheSameDayIsNoFault(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	desk, rest := deskOf(t, a, clock)
	run := func(day time.Time) app.CareOverview {
		t.Helper()
		if err := desk.RunCare(ctx, day, "officer:liisa"); err != nil {
			t.Fatal(err)
		}
		rest()
		o, err := desk.Care()
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := run(asOf)
	if same := run(asOf); same.Before || same.Gaps != first.Gaps {
		t.Errorf("the same run: %v, %d and %d", same.Before, same.Gaps, first.Gaps)
	}
	files := t.TempDir()
	const bundle = `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"p","birthDate":"1960-01-01"}}]}`
	if err := os.WriteFile(filepath.Join(files, "a.json"), []byte(bundle), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Import(ctx, files, "officer:test", func(string, int, int) {}); err != nil {
		t.Fatal(err)
	}
	if other := run(asOf); !other.Before {
		t.Error("that an earlier run is kept of other facts is not told")
	}
	if kept, err := desk.KeptCare(ctx); err != nil || !kept.Equal(asOf) {
		t.Errorf("%v, %v", kept, err)
	}
	if later := run(asOf.AddDate(0, 0, 1)); later.Before {
		t.Error("a later day is told to be kept before")
	}
	snapshots, err := a.DB.Snapshots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	days := 0
	for _, s := range snapshots {
		if s.Register == "care" {
			days++
		}
	}
	if days != 2 {
		t.Errorf("%d snapshots of two days", days)
	}
}
