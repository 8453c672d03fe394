package work_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

func (o *office) theRound() store.Round {
	o.Helper()
	r, err := o.db.Round(o.ctx, o.round)
	o.must(err)
	return r
}

func (o *office) caseOf(id conversation.CaseID) (c conversation.Case) {
	o.Helper()
	act, err := audit.Begin("officer:test", "test", "p", "law", start)
	o.must(err)
	o.must(o.db.Write(o.ctx, act, func(tx store.Tx) error {
		held, err := tx.Case(id)
		c = held.Case
		return err
	}))
	return c
}

func TestAPausedRoundIsQuietButListens(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.family(2, "Eino", bo)
	o.at(start)
	o.at(start.Add(time.Hour))
	o.sent()
	pausedAt := start.Add(90 * time.Minute)
	if err := o.w.Pause(o.ctx, o.theRound(), "officer:a", " x ", pausedAt); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("no reason is given: %v", err)
	}
	o.must(o.w.Pause(o.ctx, o.theRound(), "officer:a", "the text is wrong", pausedAt))
	if err := o.w.Pause(o.ctx, o.theRound(), "officer:a", "again", pausedAt); fault.KindOf(err) != fault.Conflict {
		t.Errorf("paused twice: %v", err)
	}
	o.says(anna, "A", start.Add(2*time.Hour))
	o.at(start.Add(30 * 24 * time.Hour)) // every timer's moment has long passed
	o.wants("while it is paused", anna+" confirm_accept fi Aino A")
	deadline := o.caseOf(2).Deadline
	resumedAt := pausedAt.Add(25 * time.Hour)
	o.must(o.w.Resume(o.ctx, o.theRound(), pausedAt, "officer:a", "mended now", resumedAt))
	if got := o.caseOf(2).Deadline.Sub(deadline); got != 48*time.Hour {
		t.Errorf("after a pause of 25 hours the deadline comes %v later", got)
	}
	steps, err := o.db.Steps(o.ctx, o.round)
	if err != nil || len(steps) != 2 || steps[0].Words != "the text is wrong" || steps[1].Step != "resume" || o.theRound().State != store.Running {
		t.Errorf("%+v %v", steps, err)
	}
}

func TestAStoppedRoundSendsNothingMoreAndPutsFamiliesBeforeAnOfficer(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.family(2, "Eino", bo)
	o.at(start)
	o.at(start.Add(time.Hour))
	o.says(anna, "A", start.Add(2*time.Hour))
	o.at(start.Add(2 * time.Hour))
	o.sent()
	o.must(o.w.Stop(o.ctx, o.theRound(), "officer:a", "the offer was wrong", start.Add(3*time.Hour)))
	o.at(start.AddDate(0, 0, 40))
	o.wants("after it was stopped")
	f := o.funnel()
	if f.Items["round stopped"] != 1 || f.Stages["accepted"] != 1 || f.PlacesHeld != 2 || o.theRound().State != store.Closed {
		t.Errorf("%+v", f)
	}
	o.says(bo, "A", start.AddDate(0, 0, 41))
	o.at(start.AddDate(0, 0, 41))
	o.wants("an answer after it was stopped", bo+" too_late fi Eino")
	if err := o.w.Stop(o.ctx, o.theRound(), "officer:a", "once more", start.AddDate(0, 0, 42)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("stopped twice: %v", err)
	}
}

func TestAGuardianAnswersOnTheCitysPages(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna, bo)
	o.family(2, "Eino", "") // a letter
	answer := func(id conversation.CaseID, who person.ID, c conversation.Choice, at time.Time) fault.Kind {
		err := o.w.AnswerOnline(o.ctx, id, who, c, at)
		if err == nil {
			return 0
		}
		return fault.KindOf(err)
	}
	one, two := o.caseOf(1), o.caseOf(2)
	if k := answer(1, one.Parties[0].Person, conversation.Yes, start); k != fault.Conflict {
		t.Errorf("before anything was asked: %v", k)
	}
	o.at(start)
	o.at(start.Add(time.Hour))
	o.sent()
	now := start.Add(2 * time.Hour)
	for name, k := range map[string]fault.Kind{
		"a stranger":         answer(1, 4711, conversation.Yes, now),
		"another case's":     answer(1, two.Parties[0].Person, conversation.Yes, now),
		"the child":          answer(1, one.Child, conversation.Yes, now),
		"a case that is not": answer(99, one.Parties[0].Person, conversation.Yes, now),
	} {
		if k != fault.Missing {
			t.Errorf("%s: %v", name, k)
		}
	}
	if k := answer(1, one.Parties[0].Person, "perhaps", now); k != fault.Invalid {
		t.Errorf("no answer: %v", k)
	}
	if k := answer(1, one.Parties[0].Person, conversation.Yes, one.Deadline); k != fault.Conflict {
		t.Errorf("after the deadline: %v", k)
	}
	if k := answer(1, one.Parties[0].Person, conversation.Yes, now); k != 0 {
		t.Fatalf("the guardian: %v", k)
	}
	if k := answer(2, two.Parties[0].Person, conversation.No, now); k != 0 {
		t.Fatalf("a guardian without a phone: %v", k)
	}
	o.at(now)
	o.wants("the answers", anna+" confirm_accept fi Aino A", bo+" told_other fi Aino A")
	f := o.funnel()
	if f.Stages["accepted"] != 1 || f.Stages["declined"] != 1 || f.Answered != 2 {
		t.Errorf("%+v", f.Stages)
	}
	if o.caseOf(2).Parties[0].Reach == conversation.Reached {
		t.Error("an answer on the pages counts as a phone that was reached")
	}
}

func TestAnObjectionEndsTheMessages(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	c := o.caseOf(1)
	o.must(o.w.Object(o.ctx, c.Parties[0].Person, c.Child, true, start))
	o.at(start.AddDate(0, 0, 30))
	o.wants("after the objection")
	if f := o.funnel(); f.Items["objection"] != 1 || f.Stages["by hand"] != 1 || f.PlacesHeld != 1 {
		t.Errorf("%+v", f)
	}
	asked := func() []store.Request {
		act, err := audit.Begin("officer:dpo", "look", "p", "law", start)
		o.must(err)
		all, err := o.db.Requests(o.ctx, act, 9)
		o.must(err)
		return all
	}
	if all := asked(); len(all) != 1 || all[0].Kind != store.RequestObjection || all[0].About != c.Child || all[0].Person != c.Parties[0].Person || !all[0].Due.Equal(start.AddDate(0, 1, 0)) || !all[0].Settled.IsZero() {
		t.Errorf("the objection is not among the requests: %+v", all)
	}
	o.must(o.w.Object(o.ctx, c.Parties[0].Person, c.Child, false, start))
	if all := asked(); len(all) != 1 || all[0].Settled.IsZero() || all[0].Answer != work.TakenBack {
		t.Errorf("taken back: %+v", all)
	}
	if set, err := o.db.Objecting(o.ctx, "p"); err != nil || !set.IsEmpty() {
		t.Errorf("the objection that was withdrawn stands: %v", err)
	}
}

func TestAnObjectionTouchesItsOwnServiceAlone(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	mine := o.round
	o.write(func(tx store.Tx) (err error) {
		o.round, err = tx.AddRound(store.Round{Service: "another", Version: "1", PackHash: "h", AsOf: start, State: store.Running, Officer: "officer:a"})
		return errors.Join(err, tx.AddPlaces(o.round, []store.PlaceCount{{Place: offer.Place{Unit: "u1", Language: "fi"}, Places: 500}}))
	})
	o.family(1, "Aino", anna)
	c := o.caseOf(1)
	o.must(o.w.Object(o.ctx, c.Parties[0].Person, 1, true, start))
	if f := o.funnel(); f.Items["objection"] != 0 || f.Stages["by hand"] != 0 {
		t.Errorf("the other service's case: %+v", f)
	}
	o.round = mine
	if f := o.funnel(); f.Items["objection"] != 1 || f.Stages["by hand"] != 1 {
		t.Errorf("its own case: %+v", f)
	}
}

func TestAnOfficerSettlesNothingOfTheirOwnFamily(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	c := o.caseOf(1)
	o.must(o.w.Object(o.ctx, c.Parties[0].Person, c.Child, true, start))
	items, err := o.db.Items(o.ctx, o.round, "", 0, 10)
	if err != nil || len(items) != 1 {
		t.Fatalf("%v %v", items, err)
	}
	o.write(func(tx store.Tx) error {
		return errors.Join(tx.SeeStaff(store.Staff{Actor: "officer:mother", Person: c.Parties[0].Person, Seen: start}), tx.SeeStaff(store.Staff{Actor: "officer:other", Person: 77, Seen: start}))
	})
	if err := o.w.SettleItem(o.ctx, o.round, items[0].ID, "officer:mother", "I called", start); fault.KindOf(err) != fault.Refused {
		t.Errorf("her own child's matter: %v", err)
	}
	if err := o.w.Decide(o.ctx, o.round, c.ID, conversation.Yes, work.ByPhone, "officer:mother", start); fault.KindOf(err) != fault.Refused {
		t.Errorf("her own child's answer: %v", err)
	}
	o.must(o.w.SettleItem(o.ctx, o.round, items[0].ID, "officer:other", "I called", start))
}

func TestAnItemIsSettledOnceAndWithAReason(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	c := o.caseOf(1)
	o.must(o.w.Object(o.ctx, c.Parties[0].Person, c.Child, true, start))
	items, err := o.db.Items(o.ctx, o.round, "", 0, 10)
	if err != nil || len(items) != 1 {
		t.Fatalf("%v %v", items, err)
	}
	if err := o.w.SettleItem(o.ctx, o.round, items[0].ID, "officer:e", strings.Repeat("a", 501), start); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "aaa") {
		t.Errorf("a reason that is too long: %v", err)
	}
	o.must(o.w.SettleItem(o.ctx, o.round, items[0].ID, "officer:e", "Called Anna.", start))
	if err := o.w.SettleItem(o.ctx, o.round, items[0].ID, "officer:e", "Called Anna.", start); fault.KindOf(err) != fault.Conflict {
		t.Errorf("settled twice: %v", err)
	}
	e, err := o.db.Entries(o.ctx, 0, false, 1)
	if err != nil || len(e) != 1 || e[0].Verb != "settle a matter" || strings.Contains(e[0].Detail, "Anna") || !e[0].People.Contains(uint32(c.Child)) {
		t.Errorf("%+v %v", e, err)
	}
}
