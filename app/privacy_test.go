package app_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

const officer = "officer:pekka"

func privacyOf(t *testing.T) (*app.App, *app.Privacy, *app.Live) {
	t.Helper()
	a, r := ran(t, city(t))
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	live, err := a.NewLive(t.Context(), pack, app.NewPacedClock(r.Schedule.InquiryAt, 1, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	p, err := live.NewPrivacy(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return a, p, live
}

func written(t *testing.T, a *app.App, do func(store.Tx) error) {
	t.Helper()
	act, err := audit.Begin("officer:test", "test", "test", "none", time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC))
	if err == nil {
		err = a.DB.Write(t.Context(), act, do)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func foundKinds(all []oversight.Finding) (out []string) {
	for _, f := range all {
		out = append(out, string(f.Kind)+" "+f.Actor)
	}
	return out
}

// TestTheOfficersDesk runs one city to the end and works at the desk over it.
func TestTheOfficersDesk(t *testing.T) {
	a, p, live := privacyOf(t)
	for name, do := range map[string]func(*testing.T, *app.App, *app.Privacy, *app.Live){
		"a look at one's own child is found, asked about on the record, and looked into": lookAtOwnChild,
		"a request is settled with words, and who asked is a reading":                    requestSettled,
		"what a resident asks on their own pages is before the officer":                  residentAsks,
		"a decision is a precedent, and the algorithms are those loaded":                 useDecided,
	} {
		t.Run(name, func(t *testing.T) { do(t, a, p, live) })
	}
	t.Run("what is unusual is the city's own to say", func(t *testing.T) { unusualByTheCity(t, a, live) })
}

// unusualByTheCity looks at the same record by other rules: one reading outside a
// working day of an hour is told.
func unusualByTheCity(t *testing.T, a *app.App, live *app.Live) {
	rules := oversight.Usual(nil)
	rules.From, rules.To, rules.Outside = 2, 3, 1
	a.Oversight = &rules
	p, err := live.NewPrivacy(true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	u, err := p.Unusual(t.Context(), officer)
	if err != nil {
		t.Fatal(err)
	}
	if u.Rules.Zone == nil || u.Rules.Zone.String() != app.Zone || u.Rules.Outside != 1 {
		t.Errorf("%+v", u.Rules)
	}
	if got := foundKinds(u.Findings); !slices.Contains(got, "hours officer:olli") {
		t.Errorf("found %v", got)
	}
}

func lookAtOwnChild(t *testing.T, a *app.App, p *app.Privacy, live *app.Live) {
	child, guardians, err := a.DB.PeopleOf(t.Context(), 1)
	if err != nil || len(guardians) == 0 {
		t.Fatal(guardians, err)
	}
	written(t, a, func(tx store.Tx) error {
		return tx.SeeStaff(store.Staff{Actor: "officer:sari", Roles: []string{"expert"}, Person: guardians[0], Seen: time.Now()})
	})
	if _, err := live.History(t.Context(), conversation.CaseID(1), "officer:sari"); err != nil {
		t.Fatal(err)
	}
	if _, err := live.History(t.Context(), conversation.CaseID(2), "officer:olli"); err != nil {
		t.Fatal(err)
	}
	u, err := p.Unusual(t.Context(), officer)
	if err != nil || len(u.Findings) != 0 || u.Unasked == 0 {
		t.Fatalf("before the registers were asked: %v, %d pairs, %v", foundKinds(u.Findings), u.Unasked, err)
	}
	if err := p.AskRelatives(t.Context(), officer); err != nil {
		t.Fatal(err)
	}
	asked, err := a.DB.Uses(t.Context(), child, 1)
	if err != nil || len(asked) != 1 || asked[0].Verb != "ask whether staff read of relatives" || asked[0].Actor != officer || !slices.Contains(asked[0].Fields, "guardianship.guardian") {
		t.Errorf("the newest entry of the child is %+v, %v", asked, err)
	}
	u, err = p.Unusual(t.Context(), officer)
	if err != nil || !slices.Equal(foundKinds(u.Findings), []string{"relative officer:sari"}) || u.Unasked != 0 {
		t.Fatalf("after: %v, %d pairs, %v", foundKinds(u.Findings), u.Unasked, err)
	}
	key := u.Findings[0].Key()
	for name, x := range map[string]struct {
		who, words string
		kind       fault.Kind
	}{"no words": {officer, " ", fault.Invalid}, "one's own": {"officer:sari", "mine", fault.Refused}} {
		if err := p.LookInto(t.Context(), key, x.who, x.words); fault.KindOf(err) != x.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.LookInto(t.Context(), key, officer, "she was asked"); err != nil {
		t.Fatal(err)
	}
	if u, err = p.Unusual(t.Context(), officer); err != nil || u.Looked[key].Words != "she was asked" || u.Looked[key].Through != u.Findings[0].Last {
		t.Errorf("the look is %+v, %v", u.Looked, err)
	}
	if _, err := live.History(t.Context(), conversation.CaseID(1), "officer:sari"); err != nil {
		t.Fatal(err)
	}
	if u, err = p.Unusual(t.Context(), officer); err != nil || u.Looked[key].Through >= u.Findings[0].Last {
		t.Errorf("what comes after a look is looked into already: %v", err)
	}
}

func requestSettled(t *testing.T, a *app.App, p *app.Privacy, _ *app.Live) {
	_, guardians, err := a.DB.PeopleOf(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	written(t, a, func(tx store.Tx) (err error) {
		id, err = tx.AddRequest(store.Request{Kind: app.AskErase, Person: guardians[0], At: time.Now(), Due: oversight.Due(time.Now()), Basis: app.RequestBasis(app.AskErase), Words: "erase"})
		return err
	})
	name, about, err := p.Asker(t.Context(), id, officer)
	if err != nil || len(strings.Fields(name)) < 2 || about != "" {
		t.Errorf("who asks: %d letters, about %d, %v", len(name), len(about), err)
	}
	entries, err := a.DB.Uses(t.Context(), guardians[0], 1)
	if err != nil || len(entries) != 1 || entries[0].Verb != "look who made a request" {
		t.Errorf("the newest entry of the person: %+v, %v", entries, err)
	}
	if err := p.Settle(t.Context(), id, officer, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without words: %v", err)
	}
	if err := p.Settle(t.Context(), id, officer, "it was erased"); err != nil {
		t.Fatal(err)
	}
	all, err := p.Requests(t.Context(), officer)
	all = slices.DeleteFunc(all, func(r store.Request) bool { return r.ID != id })
	if err != nil || len(all) != 1 || all[0].Answer != "it was erased" || all[0].SettledBy != officer {
		t.Errorf("%+v, %v", all, err)
	}
	var nobody person.Code
	if err := p.NoteRequest(t.Context(), app.Asked{Kind: "nothing", Code: nobody, Came: time.Now(), Words: "x"}, officer); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown kind: %v", err)
	}
}

// residentAsks files a request about a child on the resident's own pages, objects, and
// takes the objection back: all of it is before the officer, with its day.
func residentAsks(t *testing.T, a *app.App, p *app.Privacy, live *app.Live) {
	child, guardians, err := a.DB.PeopleOf(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	who := guardians[0]
	for name, err := range map[string]error{"no words": p.Ask(t.Context(), who, 0, app.AskRectify, " "), "no kind": p.Ask(t.Context(), who, 0, "documents", "give"), "nobody": p.Ask(t.Context(), 0, 0, app.AskAccess, "all")} {
		if fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Ask(t.Context(), who, child, app.AskRectify, "the address is wrong"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // twice is once
		if err := live.Object(t.Context(), who, child, true); err != nil {
			t.Fatal(err)
		}
	}
	mine := func() []store.Request {
		all, err := p.AskedBy(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := mine()
	if len(all) != 2 || all[1].Words != "the address is wrong" || all[1].About != child || !all[1].Due.Equal(oversight.Due(all[1].At)) || all[0].Kind != app.AskObjection || all[0].About != child || all[0].Words != work.Objects+"pre-primary" {
		t.Fatalf("%d requests: %+v", len(all), all)
	}
	open, err := p.Requests(t.Context(), officer)
	if err != nil || !slices.ContainsFunc(open, func(r store.Request) bool { return r.ID == all[0].ID }) || !slices.ContainsFunc(open, func(r store.Request) bool { return r.ID == all[1].ID }) {
		t.Errorf("they are not before the officer: %v", err)
	}
	if _, about, err := p.Asker(t.Context(), all[1].ID, officer); err != nil || about == "" {
		t.Errorf("the child that it is about: %d letters, %v", len(about), err)
	}
	seen, err := a.DB.Uses(t.Context(), child, 20)
	if err != nil || !slices.ContainsFunc(seen, func(e audit.Entry) bool { return e.Verb == "file a request" && e.Basis == "GDPR 16 and 12(3)" }) {
		t.Errorf("the record does not tell of it: %v", err)
	}
	if err := p.Settle(t.Context(), all[1].ID, officer, "It is right now."); err != nil {
		t.Fatal(err)
	}
	if err := live.Object(t.Context(), who, child, false); err != nil {
		t.Fatal(err)
	}
	all = mine()
	if all[1].Answer != "It is right now." || all[0].Settled.IsZero() || all[0].SettledBy != fmt.Sprintf("resident:%d", who) || all[0].Answer != work.TakenBack {
		t.Errorf("answered: %+v", all)
	}
}

func useDecided(t *testing.T, _ *app.App, p *app.Privacy, _ *app.Live) {
	p.Examples = true
	book, err := p.Precedents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	agreed, err := p.Agreed(t.Context())
	if err != nil || len(agreed) != 1 {
		t.Fatalf("%d agreements, %v", len(agreed), err)
	}
	use := precedent.Of(agreed[0], precedent.Proposes)
	use.Task, use.Area = precedent.TaskFee, precedent.AreaEarly
	proposal, err := precedent.Propose(use, book)
	if err != nil {
		t.Fatal(err)
	}
	three := permission.Texts{person.Finnish: "a", person.Swedish: "b", person.English: "c"}
	ruling := precedent.Ruling{Outcome: precedent.Lawful, Reasoning: []precedent.Reason{{Text: three, Source: "GDPR 6(1)(a)"}}, By: precedent.Decider{Name: "Pekka", Office: three}}
	id, err := p.Decide(t.Context(), proposal, ruling, officer)
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.Precedents(t.Context())
	d, ok := after.Find(id)
	if err != nil || !ok || d.By.Name != "Pekka" || len(after.All()) != len(book.All())+1 {
		t.Errorf("%s is %+v, %v", id, d, err)
	}
	ruling.By.Name = ""
	if _, err := p.Decide(t.Context(), proposal, ruling, officer); fault.KindOf(err) != fault.Refused {
		t.Errorf("nobody decided: %v", err)
	}
	all, err := p.Algorithms()
	if err != nil || len(all) != 2 || all[0].ID != "pre-primary" || all[1].ID != app.FeeService || len(all[0].Hash) != 64 || all[1].Tried < 200 || !all[1].Fits || all[0].Ready != all[0].Rules {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestACheckpointIsPublishedOnceADayAndNeverGoesBack(t *testing.T) {
	data := city(t)
	a, err := open(t.Context(), data, app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "published")
	first, added, err := a.PublishCheckpoint(t.Context(), other)
	if err != nil || !added {
		t.Fatal(added, err)
	}
	written(t, a, func(tx store.Tx) error { tx.About("x", 1); return nil })
	if err := a.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, added, err = a.PublishCheckpoint(t.Context(), other); err != nil || added {
		t.Errorf("a second time on one day: %t, %v", added, err)
	}
	all, err := a.Checkpoints()
	b, rerr := os.ReadFile(filepath.Join(other, first.Day+".txt"))
	if err != nil || rerr != nil || len(all) != 1 || all[0] != first || string(b) != first.Text {
		t.Errorf("published: %+v, %v, %v", all, err, rerr)
	}
	// A record that is shorter than what was published elsewhere, and another log's.
	longer, err := a.Log.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(longer, "\n")
	lines[1] = "999999"
	for name, text := range map[string]string{"more entries than there are": strings.Join(lines, "\n"), "nothing": ""} {
		bad := t.TempDir()
		if err := os.WriteFile(filepath.Join(bad, "2000-01-01.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.PublishCheckpoint(t.Context(), bad); fault.KindOf(err) != fault.Tampered {
			t.Errorf("%s: %v", name, err)
		}
		if list, _ := os.ReadDir(bad); len(list) != 1 {
			t.Errorf("%s: %d files", name, len(list))
		}
	}
	late := t.TempDir()
	if err := os.WriteFile(filepath.Join(late, "2100-01-01.txt"), []byte(longer), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.PublishCheckpoint(t.Context(), late); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a day before the newest: %v", err)
	}
}
