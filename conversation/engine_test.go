package conversation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/reply"
)

var (
	start    = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)
	deadline = start.AddDate(0, 0, 14)
	rules    = conversation.Rules{Policy: conversation.AnyGuardian, NoticeAt: start, InquiryAt: start.AddDate(0, 0, 1), ReminderAt: start.AddDate(0, 0, 10)}
)

func approved(t interface{ Fatal(...any) }) offer.Approved {
	f, err := criteria.Restore(1, criteria.Met, []criteria.Reason{{Criterion: "c", Verdict: criteria.Met, Fields: []string{"f"}}}, start, strings.Repeat("a", 64))
	if err != nil {
		t.Fatal(err)
	}
	d, err := offer.Draft(f, offer.Place{Unit: "u1", Language: "fi"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Approve("officer:a")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// talk runs a case and keeps what the engine wanted done.
type talk struct {
	t    *testing.T
	c    conversation.Case
	r    conversation.Rules
	free bool
	busy map[conversation.Phone]bool
	all  []conversation.Effect
}

func two(t *testing.T) *talk {
	return with(t, conversation.Party{Person: 2, Name: "Anna", Phone: "p1", Language: "fi"}, conversation.Party{Person: 3, Name: "Bo", Phone: "p2", Language: "sv"})
}

func with(t *testing.T, parties ...conversation.Party) *talk {
	t.Helper()
	c, err := conversation.Open(1, approved(t), conversation.Names{Child: "Aino", Unit: map[person.Language]string{"fi": "Kielo"}}, parties, deadline)
	if err != nil {
		t.Fatal(err)
	}
	return &talk{t: t, c: c, r: rules, free: true, busy: map[conversation.Phone]bool{}}
}

func (k *talk) event(now time.Time, ev conversation.Event) []conversation.Effect {
	var out []conversation.Effect
	k.c, out = conversation.Step(k.c, ev, conversation.View{PlaceFree: k.free, Busy: func(p conversation.Phone) bool { return k.busy[p] }}, now, k.r)
	k.all = append(k.all, out...)
	return out
}

func (k *talk) asked() *talk {
	k.event(start, conversation.Opened{})
	k.event(rules.NoticeAt, conversation.Due{Timer: conversation.NoticeDue})
	k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue})
	k.all = nil
	return k
}

func (k *talk) answer(party int, m reply.Meaning, at time.Time) []conversation.Effect {
	return k.event(at, conversation.Answered{Party: party, Answer: reply.Answer{Meaning: m, Sure: true}})
}

// did lists effects as words: "inquiry>0 fi", "queue conflict", "release".
func did(effects []conversation.Effect) string {
	var out []string
	for _, e := range effects {
		switch e := e.(type) {
		case conversation.Send:
			out = append(out, fmt.Sprintf("%s>%d %s", e.Kind, e.Party, e.Language))
		case conversation.Set:
			out = append(out, "set "+string(e.Timer))
		case conversation.Clear:
			out = append(out, "clear")
		case conversation.Write:
			out = append(out, "letter")
		case conversation.Queue:
			out = append(out, "queue "+e.Item)
		case conversation.Settle:
			out = append(out, "settle "+e.Item)
		case conversation.Release:
			out = append(out, "release")
		case conversation.Hold:
			out = append(out, "hold")
		case conversation.FreePhone:
			out = append(out, "free "+string(e.Phone))
		}
	}
	return strings.Join(out, ", ")
}

func (k *talk) want(stage conversation.Stage, effects []conversation.Effect, want string) {
	k.t.Helper()
	if k.c.Stage != stage {
		k.t.Errorf("stage %q, want %q", k.c.Stage, stage)
	}
	if got := did(effects); got != want {
		k.t.Errorf("did  %q\nwant %q", got, want)
	}
}

var day2 = start.AddDate(0, 0, 2)

func TestAFamilyIsNoticedAskedRemindedAndClosed(t *testing.T) {
	k := two(t)
	k.want(conversation.Held, k.event(start, conversation.Opened{}), "set notice, set deadline")
	k.want(conversation.Noticed, k.event(start, conversation.Due{Timer: conversation.NoticeDue}), "notice>0 fi, notice>1 sv, set inquiry")
	k.want(conversation.Asked, k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue}), "inquiry>0 fi, inquiry>1 sv, set reminder")
	k.want(conversation.Asked, k.event(rules.ReminderAt, conversation.Due{Timer: conversation.ReminderDue}), "reminder>0 fi, reminder>1 sv")
	k.want(conversation.Silent, k.event(deadline, conversation.Due{Timer: conversation.DeadlineDue}), "clear, release, queue no answer, free p1, free p2")
}

func TestAnswers(t *testing.T) {
	t.Run("the first yes is confirmed and the other guardian is told", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Accepted, k.answer(0, reply.Accept, day2), "confirm_accept>0 fi, told_other>1 sv, free p1")
	})
	t.Run("a no gives the place back and a person calls", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Declined, k.answer(1, reply.Decline, day2), "confirm_decline>1 sv, queue declined, release, told_other>0 fi, free p2")
	})
	t.Run("guardians who agree", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.want(conversation.Accepted, k.answer(1, reply.Accept, day2), "confirm_accept>1 sv, free p2")
	})
	t.Run("guardians who disagree are a conflict for an officer, and the place stays held", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.want(conversation.Conflict, k.answer(1, reply.Decline, day2), "conflict>0 fi, conflict>1 sv, queue conflict, free p2")
	})
	t.Run("a yes after the other's no takes the place again for the officer to decide", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Decline, day2)
		k.want(conversation.Conflict, k.answer(1, reply.Accept, day2), "hold, conflict>0 fi, conflict>1 sv, settle declined, queue conflict, free p2")
	})
	t.Run("a conflict ends when they agree", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.answer(1, reply.Decline, day2)
		k.want(conversation.Accepted, k.answer(1, reply.Accept, day2), "confirm_changed>1 sv, settle conflict, told_other>0 fi, free p2")
	})
	t.Run("the same answer twice", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.want(conversation.Accepted, k.answer(0, reply.Accept, day2), "already>0 fi")
	})
	t.Run("a change of mind before the deadline", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.want(conversation.Declined, k.answer(0, reply.Decline, day2), "confirm_changed>0 fi, queue declined, release, told_other>1 sv, free p1")
		k.want(conversation.Accepted, k.answer(0, reply.Accept, day2), "hold, confirm_changed>0 fi, settle declined, told_other>1 sv, free p1")
	})
	t.Run("a change of mind when the place was given on", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Decline, day2)
		k.free = false
		k.want(conversation.Declined, k.answer(0, reply.Accept, day2), "place_gone>0 fi, queue place gone")
	})
	t.Run("an answer after the deadline is kept for an officer", func(t *testing.T) {
		k := two(t).asked()
		k.event(deadline, conversation.Due{Timer: conversation.DeadlineDue})
		k.want(conversation.Silent, k.answer(0, reply.Accept, deadline.Add(time.Minute)), "too_late>0 fi, queue late answer")
	})
	t.Run("an answer in the deadline's own second is late", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Asked, k.answer(0, reply.Accept, deadline), "too_late>0 fi, queue late answer")
	})
	t.Run("an answer to the notice, before the inquiry", func(t *testing.T) {
		k := two(t)
		k.event(start, conversation.Opened{})
		k.event(start, conversation.Due{Timer: conversation.NoticeDue})
		k.want(conversation.Accepted, k.answer(0, reply.Accept, start.Add(time.Hour)), "confirm_accept>0 fi, told_other>1 sv, free p1")
		k.want(conversation.Accepted, k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue}), "")
	})
	t.Run("another language", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Asked, k.answer(0, reply.ToEnglish, day2), "inquiry>0 en")
		k.want(conversation.Accepted, k.answer(0, reply.Accept, day2), "confirm_accept>0 en, told_other>1 sv, free p1")
	})
	t.Run("an unclear answer gets help, a second one also a person, a third nothing", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Asked, k.answer(0, reply.Unclear, day2), "help>0 fi")
		k.want(conversation.Asked, k.answer(0, reply.Unclear, day2), "help>0 fi, queue unclear")
		k.want(conversation.Asked, k.answer(0, reply.Unclear, day2), "")
	})
	t.Run("a letter with a long text is taken and shown to a person", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Accepted, k.event(day2, conversation.Answered{Party: 0, Answer: reply.Answer{Meaning: reply.Accept}}),
			"confirm_accept>0 fi, told_other>1 sv, queue answer with a text, free p1")
	})
	t.Run("no more messages", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Asked, k.answer(0, reply.Stop, day2), "stop>0 fi, queue no messages wanted, free p1")
		k.want(conversation.Asked, k.event(rules.ReminderAt, conversation.Due{Timer: conversation.ReminderDue}), "reminder>1 sv")
	})
}

func TestReach(t *testing.T) {
	t.Run("no number at all is a letter", func(t *testing.T) {
		k := with(t, conversation.Party{Person: 2, Name: "Anna", Language: "fi"})
		k.want(conversation.Letter, k.event(start, conversation.Opened{}), "clear, letter, set deadline")
	})
	t.Run("one dead number leaves the other guardian", func(t *testing.T) {
		k := two(t).asked()
		k.want(conversation.Asked, k.event(day2, conversation.Reported{Party: 0, Kind: conversation.Inquiry}), "free p1")
	})
	t.Run("all numbers dead is a letter", func(t *testing.T) {
		k := two(t).asked()
		k.event(day2, conversation.Reported{Party: 0, Kind: conversation.Inquiry})
		k.want(conversation.Letter, k.event(day2, conversation.Reported{Party: 1, Kind: conversation.Inquiry}), "free p2, clear, letter, set deadline")
	})
	t.Run("a failed confirmation changes nothing", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.want(conversation.Accepted, k.event(day2, conversation.Reported{Party: 0, Kind: conversation.ConfirmAccept}), "")
	})
	t.Run("served in person: nothing is sent", func(t *testing.T) {
		k := two(t)
		k.want(conversation.ByHand, k.event(start, conversation.Opened{Hand: "non-disclosure"}), "queue by hand")
		k.want(conversation.ByHand, k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue}), "")
	})
}

func TestAPhoneIsAskedAboutOneChildAtATime(t *testing.T) {
	k := with(t, conversation.Party{Person: 2, Name: "Anna", Phone: "p1", Language: "fi"})
	k.busy["p1"] = true
	k.event(start, conversation.Opened{})
	k.event(start, conversation.Due{Timer: conversation.NoticeDue})
	k.want(conversation.Asked, k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue}), "set reminder")
	if !k.c.Parties[0].Waiting {
		t.Fatal("the party does not wait for its phone")
	}
	k.busy["p1"] = false
	k.want(conversation.Asked, k.event(day2, conversation.PhoneFree{Party: 0}), "inquiry>0 fi")
	k.want(conversation.Asked, k.event(day2, conversation.PhoneFree{Party: 0}), "")
}

func TestAtTheReminderAWaitingChildIsAskedAboutAnyway(t *testing.T) {
	k := with(t, conversation.Party{Person: 2, Name: "Anna", Phone: "p1", Language: "fi"})
	k.busy["p1"] = true
	k.event(start, conversation.Opened{})
	k.event(start, conversation.Due{Timer: conversation.NoticeDue})
	k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue})
	k.want(conversation.Asked, k.event(rules.ReminderAt, conversation.Due{Timer: conversation.ReminderDue}), "inquiry>0 fi")
}

func TestPolicies(t *testing.T) {
	t.Run("all must accept", func(t *testing.T) {
		k := two(t)
		k.r.Policy = conversation.AllMust
		k.asked()
		k.want(conversation.Asked, k.answer(0, reply.Accept, day2), "confirm_accept>0 fi, free p1")
		k.want(conversation.Accepted, k.answer(1, reply.Accept, day2), "confirm_accept>1 sv, told_other>0 fi, free p2")
	})
	t.Run("one is asked", func(t *testing.T) {
		k := two(t)
		k.r.Policy = conversation.OneAsked
		k.event(start, conversation.Opened{})
		k.want(conversation.Noticed, k.event(start, conversation.Due{Timer: conversation.NoticeDue}), "notice>0 fi, set inquiry")
		k.want(conversation.Asked, k.event(rules.InquiryAt, conversation.Due{Timer: conversation.InquiryDue}), "inquiry>0 fi, set reminder")
		k.want(conversation.Accepted, k.answer(0, reply.Accept, day2), "confirm_accept>0 fi, told_other>1 sv, free p1")
	})
}

func TestAnOfficerNotesWhatTheGuardiansWant(t *testing.T) {
	settled := ", settle conflict, settle declined, settle unclear, settle late answer, settle place gone, settle by hand, settle no answer, settle answer with a text, settle objection, settle round stopped, settle uncertain send"
	t.Run("after a letter", func(t *testing.T) {
		k := with(t, conversation.Party{Person: 2, Name: "Anna", Language: "fi"})
		k.want(conversation.Letter, k.event(start, conversation.Opened{}), "clear, letter, set deadline")
		k.want(conversation.Accepted, k.event(day2, conversation.Decided{Choice: conversation.Yes}), "clear"+settled)
	})
	t.Run("in person, without a message", func(t *testing.T) {
		k := two(t)
		k.event(start, conversation.Opened{Hand: "non-disclosure"})
		k.want(conversation.Declined, k.event(day2, conversation.Decided{Choice: conversation.No}), "clear, release"+settled+", free p1, free p2")
	})
	t.Run("in a conflict, and both are told", func(t *testing.T) {
		k := two(t).asked()
		k.answer(0, reply.Accept, day2)
		k.answer(1, reply.Decline, day2)
		k.want(conversation.Accepted, k.event(day2, conversation.Decided{Choice: conversation.Yes}),
			"clear"+settled+", confirm_accept>0 fi, free p1, confirm_accept>1 sv, free p2")
		k.want(conversation.Conflict, k.answer(1, reply.Decline, day2), "conflict>0 fi, conflict>1 sv, queue conflict, free p2")
	})
	t.Run("after the deadline, while there is a place", func(t *testing.T) {
		k := two(t).asked()
		k.event(deadline, conversation.Due{Timer: conversation.DeadlineDue})
		k.want(conversation.Accepted, k.event(deadline, conversation.Decided{Choice: conversation.Yes}),
			"clear, hold"+settled+", free p1, free p2")
		k.event(deadline, conversation.Decided{Choice: conversation.No})
		k.free = false
		k.want(conversation.Declined, k.event(deadline, conversation.Decided{Choice: conversation.Yes}), "queue place gone")
	})
}

func event(r *rapid.T) conversation.Event {
	party := rapid.IntRange(0, 1).Draw(r, "party")
	switch rapid.IntRange(0, 6).Draw(r, "event") {
	case 0:
		return conversation.Due{Timer: rapid.SampledFrom([]conversation.Timer{conversation.NoticeDue, conversation.InquiryDue, conversation.ReminderDue, conversation.DeadlineDue}).Draw(r, "timer")}
	case 1:
		return conversation.Reported{Party: party, Kind: rapid.SampledFrom([]conversation.Kind{conversation.Notice, conversation.Inquiry, conversation.ConfirmAccept}).Draw(r, "kind"), Delivered: rapid.Bool().Draw(r, "delivered")}
	case 2:
		return conversation.PhoneFree{Party: party}
	case 3:
		return conversation.Decided{Choice: rapid.SampledFrom([]conversation.Choice{conversation.Yes, conversation.No}).Draw(r, "choice")}
	}
	return conversation.Answered{Party: party, Answer: reply.Answer{Meaning: reply.Meaning(rapid.IntRange(0, 6).Draw(r, "meaning")), Sure: rapid.Bool().Draw(r, "sure")}}
}

// Whatever happens in whatever order: the engine is deterministic, never
// changes its input, gives a place back at most once until it is held again,
// never uses a key twice, and never talks without end.
func TestTheEngineKeepsItsPromisesInAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c, err := conversation.Open(1, approved(r), conversation.Names{Child: "Aino", Unit: map[person.Language]string{"fi": "Kielo"}},
			[]conversation.Party{{Person: 2, Name: "A", Phone: "p1", Language: "fi"}, {Person: 3, Name: "B", Phone: "p2", Language: "sv"}}, deadline)
		if err != nil {
			r.Fatal(err)
		}
		ru := rules
		ru.Policy = rapid.SampledFrom([]conversation.Policy{conversation.AnyGuardian, conversation.AllMust, conversation.OneAsked}).Draw(r, "policy")
		keys, held, now := map[string]bool{}, true, start
		view := conversation.View{PlaceFree: rapid.Bool().Draw(r, "free"), Busy: func(conversation.Phone) bool { return false }}
		events := append([]conversation.Event{conversation.Opened{}}, rapid.SliceOfN(rapid.Custom(event), 0, 60).Draw(r, "events")...)
		for _, ev := range events {
			now = now.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "hours")) * time.Hour)
			before, _ := conversation.Encode(c)
			next, effects := conversation.Step(c, ev, view, now, ru)
			again, same := conversation.Step(c, ev, view, now, ru)
			after, _ := conversation.Encode(c)
			one, _ := conversation.Encode(next)
			two, _ := conversation.Encode(again)
			if string(before) != string(after) || string(one) != string(two) || did(effects) != did(same) {
				r.Fatal("the step changed its input or is not deterministic")
			}
			for _, e := range effects {
				switch e := e.(type) {
				case conversation.Send:
					if keys[e.Key] && e.Kind != conversation.Notice && e.Kind != conversation.Reminder {
						r.Fatalf("the key of %s is used twice", e.Kind)
					}
					keys[e.Key] = true
				case conversation.Release:
					if !held {
						r.Fatal("a place is given back twice")
					}
					held = false
				case conversation.Hold:
					if held || !view.PlaceFree {
						r.Fatal("a place is taken that is held or gone")
					}
					held = true
				}
			}
			if next.Stage == conversation.Accepted && !held {
				r.Fatal("accepted without a place")
			}
			c = next
		}
		if len(keys) > 2*(2+6+20+2) {
			r.Fatalf("%d messages", len(keys))
		}
		answered := slices.ContainsFunc(c.Parties, func(p conversation.Party) bool { return p.Answer == conversation.Yes })
		if c.Stage == conversation.Accepted && !answered {
			r.Fatal("accepted without a yes")
		}
	})
}

func TestACaseDoesNotPrintItsNames(t *testing.T) {
	k := two(t)
	if s := fmt.Sprintf("%v %+v %#v %s", k.c, k.c, k.c, k.c); strings.Contains(s, "Aino") || strings.Contains(s, "Anna") {
		t.Errorf("it prints %s", s)
	}
	b, err := conversation.Encode(k.c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := conversation.Decode(b)
	if err != nil || back.Names().Child != "Aino" || back.Parties[1].Phone != "p2" {
		t.Errorf("the case does not read back: %v", err)
	}
}
