package work_test

import (
	"fmt"
	"testing"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/work"
)

func TestAnOfficerNotesAnAnswer(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna, bo)
	o.family(2, "Eino") // no number: a letter
	o.at(start.Add(time.Hour))
	o.says(anna, "A", start.Add(2*time.Hour))
	o.says(bo, "B", start.Add(3*time.Hour))
	o.sent()
	now := start.Add(26 * time.Hour)
	note := func(id conversation.CaseID, want conversation.Choice, way work.Way, by string) fault.Kind {
		err := o.w.Decide(o.ctx, o.round, id, want, way, by, now)
		if err == nil {
			return 0
		}
		return fault.KindOf(err)
	}
	for _, c := range []struct {
		id   conversation.CaseID
		want conversation.Choice
		way  work.Way
		by   string
		kind fault.Kind
	}{{1, "maybe", work.ByPhone, "officer:b", fault.Invalid}, {1, conversation.Yes, "pigeon", "officer:b", fault.Invalid}, {1, conversation.Yes, work.ByPhone, "", fault.Invalid},
		{9, conversation.Yes, work.ByPhone, "officer:b", fault.Missing}} {
		if k := note(c.id, c.want, c.way, c.by); k != c.kind {
			t.Errorf("%+v: %s", c, k)
		}
	}
	if err := o.w.Decide(o.ctx, o.round+1, 1, conversation.Yes, work.ByPhone, "officer:b", now); fault.KindOf(err) != fault.Missing {
		t.Errorf("a case of another round: %v", err)
	}
	if f := o.funnel(); f.Stages["conflict"] != 1 || f.Stages["letter"] != 1 {
		t.Fatalf("what was refused changed something: %v", f.Stages)
	}
	o.must(o.w.Decide(o.ctx, o.round, 1, conversation.Yes, work.ByPhone, "officer:b", now))
	o.must(o.w.Decide(o.ctx, o.round, 2, conversation.No, work.ByLetter, "officer:b", now))
	o.at(now)
	o.wants("the notes", anna+" confirm_accept fi Aino A", bo+" confirm_accept fi Aino A")
	f := o.funnel()
	if f.Stages["accepted"] != 1 || f.Stages["declined"] != 1 || f.Answered != 2 || f.PlacesHeld != 1 || f.Items["conflict"] != 0 {
		t.Errorf("%+v", f)
	}
	if err := o.w.Decide(o.ctx, o.round, 1, conversation.Yes, work.InPerson, "officer:b", now); fault.KindOf(err) != fault.Conflict {
		t.Errorf("noted twice: %v", err)
	}
	seq, _, err := o.db.LastEntry(o.ctx)
	o.must(err)
	told := ""
	for ; seq > 0 && told == ""; seq-- {
		e, _, err := o.db.Entry(o.ctx, seq)
		o.must(err)
		if e.Verb == "note an answer" {
			told = fmt.Sprint(e.Actor, e.Object, e.Detail, e.People.Contains(2))
		}
	}
	if told != "officer:bcase 2decline, noted from a lettertrue" {
		t.Errorf("the record says %q", told)
	}
}
