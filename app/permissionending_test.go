package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/conversation"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
)

// A year after they permitted, people are told by message that it ends, through a round
// that an officer approves; a no is remembered, and who gives it anew hears no more.
func TestPeopleAreToldByTextMessageThatTheirPermissionEnds(t *testing.T) {
	o := newOffering(t)
	who, matters := o.asked(12, anyone)
	for i := range who {
		o.choose(who[i], matters[i], permission.WayPermit)
	}
	o.clock.To(o.clock.Now().AddDate(1, 0, -25))
	o.work()
	var err error
	if o.pack, err = o.app.Pack(app.FeeEnding); err != nil {
		t.Fatal(err)
	}
	o.begin()
	if n := o.round.Summary["placed"]; n != len(who) {
		t.Errorf("%d are told, and the permissions of %d end", n, len(who))
	}
	reached := slices.DeleteFunc(slices.Clone(who), func(x person.ID) bool { return !o.reached()(x) })
	if len(reached) < 3 {
		t.Fatalf("only %d are reached by phone", len(reached))
	}
	no, anew, silent := reached[0], reached[1], reached[2]
	o.until(o.round.Schedule.InquiryAt.Add(20 * time.Minute))
	h, _ := o.caseOf(no)
	if texts := o.screen(h); len(texts) != 2 || !strings.Contains(texts[1], "127.0.0.1:8082") || !strings.Contains(texts[1], "\nB = ") {
		t.Fatalf("the phone shows %q", texts)
	}
	o.writes(h, "B")
	o.work()
	if r := o.renewal(no); !r.Declined {
		t.Errorf("a no by message is not remembered: %+v", r)
	}
	if waiting, err := o.app.DB.Refusals(t.Context(), app.FeeEnding, 9); err != nil || len(waiting) != 0 {
		t.Errorf("the no waits for an officer although it is noted: %+v, %v", waiting, err)
	}
	if err := o.oma.Renew(t.Context(), anew, o.permissionOf(anew).ID, omadata.Seen{}); err != nil {
		t.Fatal(err)
	}
	if h, _ := o.caseOf(anew); h.Stage != conversation.Accepted {
		t.Errorf("who gave it anew on the pages is %s", h.Stage)
	}
	h, _ = o.caseOf(anew)
	before := len(o.screen(h))
	o.until(o.round.Schedule.ReminderAt.Add(time.Hour))
	if len(o.screen(h)) != before {
		t.Error("who gave it anew is reminded")
	}
	if h, _ := o.caseOf(silent); len(o.screen(h)) != 3 {
		t.Errorf("who is silent got %d messages: a notice, a question and one reminder were due", len(o.screen(h)))
	}
}

func (o *offering) permissionOf(who person.ID) omadata.View {
	o.Helper()
	all, err := o.oma.Permissions(o.Context(), who)
	if err != nil || len(all) != 1 {
		o.Fatalf("%d permissions, %v", len(all), err)
	}
	return all[0]
}

func (o *offering) renewal(who person.ID) omadata.Renewal {
	o.Helper()
	return o.permissionOf(who).Renewal
}
