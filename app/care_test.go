package app_test

import (
	"context"
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
	"ennakko/packs"
	"ennakko/person"
	"ennakko/round"
	"ennakko/store"
	"ennakko/testcity"
)

// healthCity is a small city with health records, as a test has it for itself; it
// is made once, beside the registers of TestMain.
func healthCity(t *testing.T) (*app.App, *app.SteppedClock) {
	t.Helper()
	made := imported + "-health"
	if _, err := os.Stat(made); err != nil {
		if err := importCity(made+"-files", made, testcity.Options{Residents: 2500, Seed: 7, Day: asOf.AddDate(0, 0, -3), Health: true}); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(made)); err != nil {
		t.Fatal(err)
	}
	clock := app.NewSteppedClock(begin)
	a, err := app.Open(t.Context(), app.Config{Data: data, Packs: packs.FS, Seed: 7, Clock: clock, Families: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return a, clock
}

func runCare(t *testing.T, a *app.App, day time.Time) *app.CareBook {
	t.Helper()
	lib, err := a.CareLibrary("health")
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.RunCare(t.Context(), lib, day, "officer:liisa", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// invite runs a round of the second service to its end.
func invite(t *testing.T, a *app.App, clock *app.SteppedClock, day time.Time) store.Round {
	t.Helper()
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	rd, err := a.Start(t.Context(), pack, round.Order{AsOf: day, Officer: "officer:liisa", Now: clock.Now()}, "officer:matti", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.NewDriver(t.Context(), pack)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RunToEnd(t.Context(), rd, clock, func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	if rd, err = a.DB.Round(t.Context(), rd.ID); err != nil || rd.State != store.Closed {
		t.Fatalf("the round is %s: %v", rd.State, err)
	}
	return rd
}

var pressureGaps = []string{"hypertension-treated", "pressure-goal", "pressure-goal-80", "pressure-goal-diabetes"}

func TestAGapInCareBecomesAnInvitationToThePersonThemself(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	b := runCare(t, a, asOf)
	need := map[person.ID]float64{}
	for _, name := range pressureGaps {
		list, ok := b.Worklist(name)
		if !ok {
			t.Fatalf("there is no worklist of %s", name)
		}
		for i, r := range list {
			need[r.Person] += r.Benefit
			if i > 0 && r.Benefit > list[i-1].Benefit || r.Whole < r.Benefit || r.Gaps < 1 {
				t.Errorf("%s: the worklist is out of order at %d: %+v", name, i, r)
			}
		}
	}
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	rd, err := a.Prepare(ctx, pack, round.Order{AsOf: asOf, Officer: "officer:liisa", Now: clock.Now()}, func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := a.DB.Drafts(ctx, rd.ID)
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := a.DB.WaitingList(ctx, rd.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(drafts) < 10 || len(waiting) < 100 {
		t.Fatalf("%d appointments are held and %d people wait: the city shows nothing of the order", len(drafts), len(waiting))
	}
	severe, least := b.Found.Of("severe-pressure-seen", criteria.Gap), 1e9
	for _, d := range drafts {
		least = min(least, need[d.Child])
		if need[d.Child] == 0 || severe.Contains(uint32(d.Child)) {
			t.Errorf("person %d is offered an appointment: need %v, severe %t", d.Child, need[d.Child], severe.Contains(uint32(d.Child)))
		}
	}
	for _, w := range waiting {
		if need[w.Child] > least {
			t.Errorf("person %d waits with the need %v while one with %v has an appointment", w.Child, need[w.Child], least)
		}
	}
	closed := invite(t, a, clock, asOf)
	f, err := a.DB.Funnel(ctx, closed.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f.Stages["accepted"] < 10 || f.Answered < f.Offered/2 || f.Overbooked != 0 || f.Stages["conflict"] != 0 || f.Failsafe != int(severe.GetCardinality()) {
		t.Errorf("the round ended with %+v, %d severe", f, severe.GetCardinality())
	}
}

func TestWhoSaidNoIsNotInvitedAgainForAYear(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	runCare(t, a, asOf)
	first := invite(t, a, clock, asOf)
	later := asOf.AddDate(0, 2, 0)
	clock.To(later.Add(6 * time.Hour))
	runCare(t, a, later)
	second := invite(t, a, clock, later)
	no, yes := stagesOf(t, a, first), stagesOf(t, a, second)
	refused := 0
	for id, stage := range no {
		if stage != "declined" {
			continue
		}
		refused++
		if _, again := yes[id]; again {
			t.Errorf("person %d said no two months ago and was asked again", id)
		}
		found, err := a.DB.Findings(ctx, second.ID, []person.ID{id})
		if err != nil {
			t.Fatal(err)
		}
		because := slices.ContainsFunc(found[id].Reasons, func(r criteria.Reason) bool {
			return r.Criterion == "no_recent_refusal" && r.Verdict == criteria.NotMet
		})
		if !because {
			t.Errorf("person %d is left out for %v", id, found[id].Reasons)
		}
	}
	if refused == 0 || len(yes) == 0 {
		t.Fatalf("%d refused in the first round, %d were asked in the second: nothing is shown", refused, len(yes))
	}
	// A third round: whoever was silent twice is left in peace too.
	third := later.AddDate(0, 2, 0)
	clock.To(third.Add(6 * time.Hour))
	runCare(t, a, third)
	again := stagesOf(t, a, invite(t, a, clock, third))
	for id, stage := range again {
		if byHand := "by hand"; no[id] != "" && yes[id] != "" && no[id] != byHand && yes[id] != byHand {
			t.Errorf("person %d (%s) was asked a third time within two years", id, stage)
		}
	}
}

func stagesOf(t *testing.T, a *app.App, rd store.Round) map[person.ID]string {
	t.Helper()
	out := map[person.ID]string{}
	drafts, err := a.DB.Drafts(t.Context(), rd.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drafts {
		cases, err := a.DB.CasesOf(t.Context(), d.Child)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			held, err := a.DB.RoundOf(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if held != rd.ID {
				continue
			}
			act, err := audit.Begin("officer:test", "look at a case", "test", "made-up people", a.Now())
			if err != nil {
				t.Fatal(err)
			}
			h, err := a.DB.History(t.Context(), act, c)
			if err != nil {
				t.Fatal(err)
			}
			out[d.Child] = string(h.Case.Stage)
		}
	}
	return out
}

func TestARunOfTheCareLibraryIsKeptOnceAndIsOnTheRecord(t *testing.T) {
	a, _ := healthCity(t)
	b := runCare(t, a, asOf)
	runCare(t, a, asOf)
	all, err := a.DB.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, s := range all {
		if s.Register == "care" {
			kept++
			if !s.Day.Equal(asOf) || !strings.HasSuffix(s.Source, b.Library.Hash()) {
				t.Errorf("the snapshot is of %v from %q", s.Day, s.Source)
			}
		}
	}
	if kept != 1 {
		t.Errorf("the same run is kept %d times", kept)
	}
	lib, err := a.CareLibrary("health")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.RunCare(t.Context(), lib, asOf.AddDate(0, 0, -1), "officer:liisa", func(string, int, int) {}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a run as of a day before gives %v", err)
	}
	entries, err := a.DB.Entries(t.Context(), 0, false, 100)
	if err != nil {
		t.Fatal(err)
	}
	verbs := map[string]uint64{}
	for _, e := range entries {
		verbs[e.Verb] = max(verbs[e.Verb], e.People.GetCardinality())
	}
	if verbs["run criteria over everyone"] < uint64(b.People) || verbs["keep what the care library found"] != uint64(b.Gaps) { //nolint:gosec // counts of people
		t.Errorf("%d people and %d with gaps; the record has %v", b.People, b.Gaps, verbs)
	}
}

func TestTheWayLeadsFromRaisedPressureToAPlaceInAnExerciseGroup(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	runCare(t, a, asOf)
	first := invite(t, a, clock, asOf)
	said, err := a.DB.Accepted(ctx, "blood-pressure")
	if err != nil || len(said) < 10 {
		t.Fatalf("%d said yes, %v", len(said), err)
	}
	given := map[string]bool{}
	for _, x := range said {
		key := x.Unit + x.At.String()
		if x.At.Before(first.Schedule.Deadline) || given[key] {
			t.Errorf("an appointment of %s at %s is before the deadline, or given twice", x.Unit, x.At)
		}
		given[key] = true
	}
	later := asOf.AddDate(0, 0, 75)
	clock.To(later.Add(6 * time.Hour))
	n, err := a.Happen(ctx, later, "system:demo")
	if err != nil || n < len(said) {
		t.Fatalf("%d records came to be, %v", n, err)
	}
	if again, err := a.Happen(ctx, later, "system:demo"); err != nil || again != n {
		t.Errorf("the same days happened twice: %d, %v", again, err)
	}
	b := runCare(t, a, later)
	pack, err := a.Pack("blood-pressure")
	if err != nil {
		t.Fatal(err)
	}
	e, err := a.EffectOf(ctx, pack, first.ID, b, "officer:liisa")
	if err != nil {
		t.Fatal(err)
	}
	came := e.Outcomes[0]
	if came.Name != "appointment-kept" || came.All.Reached < len(said)/2 || came.All.Reached > len(said) || came.All.People != e.Invited || e.Accepted != len(said) {
		t.Errorf("of %d who said yes came %+v", len(said), came.All)
	}
	if e.Lot == nil || len(e.Lot.Later) == 0 || e.Outcomes[2].Compared == nil || e.Outcomes[2].Compared.Later.People != len(e.Lot.Later) {
		t.Fatalf("the lot is %+v, the outcome %+v", e.Lot, e.Outcomes[2])
	}
	if !e.Outcomes[1].Among || e.Outcomes[1].All.People > e.Invited || e.Outcomes[1].All.Reached == 0 {
		t.Errorf("treatment began in %+v of %d", e.Outcomes[1].All, e.Invited)
	}
	// The second service finds those who came, and nobody else.
	group, err := a.Pack("exercise-group")
	if err != nil {
		t.Fatal(err)
	}
	rd, err := a.Start(ctx, group, round.Order{AsOf: later, Officer: "officer:liisa", Now: clock.Now()}, "officer:matti", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	d, err := a.NewDriver(ctx, pack, group)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.RunToEnd(ctx, rd, clock, func(time.Time) {}); err != nil {
		t.Fatal(err)
	}
	places, err := a.DB.Accepted(ctx, "exercise-group")
	if err != nil || len(places) == 0 {
		t.Fatalf("%d have a place in a group, %v", len(places), err)
	}
	yes := map[person.ID]bool{}
	for _, x := range said {
		yes[x.Person] = true
	}
	for _, x := range places {
		if !yes[x.Person] || x.At.IsZero() || !strings.HasPrefix(x.Unit, "e") {
			t.Errorf("somebody has a place without an appointment, without a time or in another unit: %+v", x)
		}
	}
}

func TestWhoWaitsByTheLotIsInvitedWhenTheWaitEndsAndNotBefore(t *testing.T) {
	a, clock := healthCity(t)
	ctx := t.Context()
	runCare(t, a, asOf)
	first := invite(t, a, clock, asOf)
	lot, found, err := a.DB.Lot(ctx, first.ID)
	if err != nil || !found || len(lot.Later) == 0 || len(lot.Eligible) <= len(lot.Later) {
		t.Fatalf("the lot is %+v, %v", lot, err)
	}
	if again := round.Draw(lot.Seed, lot.Eligible, len(lot.Later)); !slices.Equal(again, lot.Later) {
		t.Errorf("who draws again with the seed draws %v, not %v", again, lot.Later)
	}
	if other := round.Draw("another seed", lot.Eligible, len(lot.Later)); slices.Equal(other, lot.Later) {
		t.Error("another seed draws the same")
	}
	later := map[person.ID]bool{}
	for _, id := range lot.Later {
		later[id] = true
	}
	draftsOf := func(day time.Time) (map[person.ID]bool, store.Round) {
		clock.To(day.Add(6 * time.Hour))
		runCare(t, a, day)
		rd := invite(t, a, clock, day)
		drafts, err := a.DB.Drafts(ctx, rd.ID)
		if err != nil {
			t.Fatal(err)
		}
		out := map[person.ID]bool{}
		for _, d := range drafts {
			out[d.Child] = true
		}
		return out, rd
	}
	for id := range stagesOf(t, a, first) {
		if later[id] {
			t.Errorf("person %d waits and was invited", id)
		}
	}
	early, _ := draftsOf(asOf.AddDate(0, 0, 40))
	for id := range later {
		if early[id] {
			t.Errorf("person %d was invited before the wait ended", id)
		}
	}
	due, second := draftsOf(lot.Until)
	n := 0
	for id := range later {
		if due[id] {
			n++
		}
	}
	if n < len(later)*3/4 { // some have no gap any more, or moved away
		t.Errorf("of %d whose wait ended %d were invited", len(later), n)
	}
	next, _, err := a.DB.Lot(ctx, second.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range next.Eligible {
		if later[id] {
			t.Errorf("person %d is in a lot for the second time", id)
		}
	}
	entries, err := a.DB.Entries(ctx, 0, false, 5000)
	if err != nil {
		t.Fatal(err)
	}
	told := slices.ContainsFunc(entries, func(e audit.Entry) bool {
		return e.Verb == "draw who is invited later" && e.People.GetCardinality() == uint64(len(lot.Eligible)) && strings.Contains(e.Detail, lot.Seed)
	})
	if !told {
		t.Error("the lot is not on the record")
	}
}

func TestTheSignsFindMoreThanLastYearAndAgeDoAndTheReadingIsOnTheRecord(t *testing.T) {
	a, _ := healthCity(t)
	lib, err := a.CareLibrary("high-need")
	if err != nil {
		t.Fatal(err)
	}
	n, err := a.NeedsOf(t.Context(), lib, asOf.Year()-1, "officer:liisa", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if n.Curve.Tenth < 0.6 || n.Curve.Gini < 0.6 || n.Threshold <= 0 || len(n.Curve.Points) != 101 {
		t.Errorf("a tenth has %.2f of the costs, Gini %.2f", n.Curve.Tenth, n.Curve.Gini)
	}
	signs := n.Ways[0]
	for _, w := range n.Ways {
		if w.Named != signs.Named || w.High != signs.High {
			t.Errorf("the ways name different numbers of people: %+v", w)
		}
	}
	// By chance a tenth of those with a high need would be found.
	if signs.Name != app.BySigns || signs.Sensitivity < 0.2 || signs.Cost <= n.Ways[1].Cost {
		t.Errorf("the signs found %.2f, and %.2f of the costs; last year's tenth %.2f", signs.Sensitivity, signs.Cost, n.Ways[1].Cost)
	}
	whole := 0
	for _, g := range n.Groups {
		if g.By == "age" {
			whole += g.People
		}
	}
	if whole != n.Curve.People {
		t.Errorf("the age groups have %d of %d people", whole, n.Curve.People)
	}
	if _, err := a.NeedsOf(t.Context(), lib, 1990, "officer:liisa", func(string, int, int) {}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a year without facts gives %v", err)
	}
	entries, err := a.DB.Entries(t.Context(), 0, true, 10)
	if err != nil || len(entries) == 0 || entries[len(entries)-1].People.GetCardinality() < uint64(n.Curve.People) { //nolint:gosec // counts of people
		t.Errorf("the reading is not on the record: %v", err)
	}
}
