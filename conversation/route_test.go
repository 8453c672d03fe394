package conversation_test

import (
	"testing"
	"time"

	"ennakko/conversation"
	"ennakko/person"
	"ennakko/reply"
)

// child opens a case about one of several children on one phone.
func child(t *testing.T, id conversation.CaseID, name string, p conversation.Party) conversation.Candidate {
	t.Helper()
	p.Phone = "p1"
	c, err := conversation.Open(id, approved(t), conversation.Names{Child: name, Unit: map[person.Language]string{"fi": "Kielo"}}, []conversation.Party{p}, deadline)
	if err != nil {
		t.Fatal(err)
	}
	return conversation.Candidate{Case: c, Party: 0}
}

func TestRoute(t *testing.T) {
	noon := start.Add(24 * time.Hour)
	asked := conversation.Party{AskedAt: noon}
	answered := conversation.Party{AskedAt: noon, Answer: conversation.Yes, AnswerAt: noon.Add(time.Hour)}
	next := conversation.Party{AskedAt: noon.Add(time.Hour)}
	waiting := conversation.Party{Waiting: true}
	for _, tt := range []struct {
		name    string
		parties []conversation.Party
		answer  reply.Answer
		written time.Time
		want    int
		ok      bool
	}{
		{"one child", []conversation.Party{asked}, reply.Answer{Meaning: reply.Accept}, noon.Add(time.Second), 0, true},
		{"the one whose question is open", []conversation.Party{waiting, asked}, reply.Answer{Meaning: reply.Accept}, noon.Add(time.Minute), 1, true},
		{"the next child's question was read", []conversation.Party{answered, next}, reply.Answer{Meaning: reply.Accept}, noon.Add(time.Hour + time.Minute), 1, true},
		{"the same letter again, before the next child's question was read", []conversation.Party{answered, next}, reply.Answer{Meaning: reply.Accept}, noon.Add(time.Hour + 3*time.Second), 0, true},
		{"written before the next child's question went out", []conversation.Party{answered, next}, reply.Answer{Meaning: reply.Decline}, noon.Add(time.Hour - time.Second), 0, true},
		{"a name says which", []conversation.Party{answered, next}, reply.Answer{Meaning: reply.Decline, Child: "Aino"}, noon.Add(2 * time.Hour), 0, true},
		{"two questions are open", []conversation.Party{asked, asked}, reply.Answer{Meaning: reply.Accept}, noon.Add(time.Hour), 0, false},
		{"a change after both were answered", []conversation.Party{answered, answered}, reply.Answer{Meaning: reply.Decline}, noon.Add(5 * time.Hour), 0, false},
		{"another language, both answered", []conversation.Party{answered, answered}, reply.Answer{Meaning: reply.ToEnglish}, noon.Add(5 * time.Hour), 0, true},
		{"after the deadline nothing is open", []conversation.Party{asked, answered}, reply.Answer{Meaning: reply.Accept}, deadline.Add(time.Hour), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var on []conversation.Candidate
			for i, p := range tt.parties {
				on = append(on, child(t, conversation.CaseID(i+1), []string{"Aino", "Eino"}[i], p))
			}
			got, ok := conversation.Route(on, tt.answer, tt.written)
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("it goes to %d, %v; want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestTheNextChildIsAskedAboutAtOnceWhenTheFamilyIsAtThePhone(t *testing.T) {
	for _, atPhone := range []bool{true, false} {
		k := with(t, conversation.Party{Person: 2, Name: "Anna", Phone: "p1", Language: "fi"})
		k.busy["p1"] = true
		k.asked()
		out := k.event(rules.InquiryAt.Add(time.Hour), conversation.PhoneFree{Party: 0, Reply: atPhone})
		if s, ok := out[0].(conversation.Send); !ok || s.Kind != conversation.Inquiry || s.Reply != atPhone {
			t.Errorf("at the phone %v: %v", atPhone, out)
		}
	}
}

func TestMessagesSayWhichAnswerTheyAreAbout(t *testing.T) {
	k := two(t).asked()
	at := rules.InquiryAt.Add(time.Hour)
	for _, tt := range []struct {
		party int
		say   reply.Meaning
		kind  conversation.Kind
		want  conversation.Choice
	}{
		{0, reply.Decline, conversation.ConfirmDecline, conversation.No},
		{0, reply.Decline, conversation.Already, conversation.No},
		{0, reply.Accept, conversation.ConfirmChanged, conversation.Yes},
	} {
		for _, e := range k.answer(tt.party, tt.say, at) {
			s, ok := e.(conversation.Send)
			switch {
			case !ok:
			case s.Kind == conversation.ToldOther && (s.Party != 1 || s.Noted != tt.want):
				t.Errorf("the other guardian is told %q after %v", s.Noted, tt.say)
			case s.Party == tt.party && (s.Kind != tt.kind || s.Noted != tt.want):
				t.Errorf("after %v: %s about %q, want %s about %q", tt.say, s.Kind, s.Noted, tt.kind, tt.want)
			}
		}
	}
}

func TestACaseOpenedLateHasItsOwnMoments(t *testing.T) {
	k := two(t)
	late := rules.ReminderAt.Add(time.Hour)
	k.event(late, conversation.Opened{})
	for _, tt := range []struct {
		due  conversation.Timer
		sets conversation.Timer
		want time.Time
	}{
		{conversation.NoticeDue, conversation.InquiryDue, late.Add(rules.InquiryAt.Sub(rules.NoticeAt))},
		{conversation.InquiryDue, conversation.ReminderDue, late.Add(deadline.Sub(late) / 2)},
	} {
		found := false
		for _, e := range k.event(late, conversation.Due{Timer: tt.due}) {
			if s, ok := e.(conversation.Set); ok && s.Timer == tt.sets {
				found = true
				if !s.At.Equal(tt.want) {
					t.Errorf("%s is set to %v, want %v", s.Timer, s.At, tt.want)
				}
			}
		}
		if !found {
			t.Errorf("%s is not set", tt.sets)
		}
	}
}
