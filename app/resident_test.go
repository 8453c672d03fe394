package app_test

import (
	"testing"
	"time"

	"ennakko/app"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
)

// TestNobodySeesOrChangesAnothersMatters tries every case of a real city with
// people who are no party of it. The pages' own tests have a made-up city.
func TestNobodySeesOrChangesAnothersMatters(t *testing.T) {
	a, r := ran(t, city(t))
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	live, err := a.NewLive(t.Context(), pack, app.NewPacedClock(r.Schedule.InquiryAt, 1, time.Now))
	if err != nil {
		t.Fatal(err)
	}
	child, guardians, err := a.DB.PeopleOf(t.Context(), 1)
	if err != nil || len(guardians) == 0 {
		t.Fatal(guardians, err)
	}
	if own, err := live.OwnCase(t.Context(), guardians[0], 1); err != nil || own.Case.ID != 1 {
		t.Errorf("a guardian's own case: %v", err)
	}
	before, err := a.DB.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id := conversation.CaseID(1); id <= 30; id++ {
		_, theirs, err := a.DB.PeopleOf(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		stranger := guardians[0]
		if id == 1 || len(theirs) > 0 && theirs[0] == stranger || len(theirs) > 1 && theirs[1] == stranger {
			stranger = child // a child decides nothing
		}
		for _, who := range []person.ID{stranger, 0} {
			if own, err := live.OwnCase(t.Context(), who, id); fault.KindOf(err) != fault.Missing || own.Case.ID != 0 {
				t.Errorf("case %d is shown to %d: %v", id, who, err)
			}
			if err := live.AnswerOnline(t.Context(), id, who, conversation.Yes); err == nil {
				t.Errorf("case %d is answered by %d", id, who)
			}
		}
	}
	if err := live.Object(t.Context(), guardians[0], 999999, true); err == nil {
		t.Error("an objection about a stranger was noted")
	}
	if after, err := a.DB.Last(t.Context()); err != nil || after != before {
		t.Errorf("%d entries were made, %v", after-before, err)
	}
}
