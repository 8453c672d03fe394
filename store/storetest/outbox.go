package storetest

import (
	"errors"
	"fmt"
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/store"
)

func (s *suite) queue(c conversation.Case, key string) (ok bool) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) {
		ok, err = tx.Enqueue(store.Outgoing{Case: c.ID, Kind: conversation.Inquiry, Language: "fi", Key: key, Text: "hello", NotBefore: Start, Valid: time.Hour})
		return err
	})
	return ok
}

func (s *suite) claim() (refs []channel.Ref) {
	s.Helper()
	s.write(func(tx store.Tx) error {
		got, err := tx.Claim(Start, "+358450000000", "w1", 10)
		for _, a := range got {
			if a.Message.Text() != "hello" || !s.numbers[a.Message.Envelope().To] {
				s.Error("the message lost its text or number")
			}
			refs = append(refs, a.Message.Envelope().Ref)
		}
		return err
	})
	return refs
}

func (s *suite) settle(ref channel.Ref, state channel.State) {
	s.Helper()
	s.write(func(tx store.Tx) error { return tx.Settle(Start, []store.Settlement{{Ref: ref, State: state}}) })
}

func (s *suite) state(id store.RoundID, state channel.State) int {
	s.Helper()
	f, err := s.s.Funnel(s.ctx, id)
	s.must(err)
	return f.Messages[string(state)]
}

func keys(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	if !s.queue(c, "k") || s.queue(c, "k") || !s.queue(c, "l") {
		s.Error("a key was queued twice, or not at all")
	}
}

func claims(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	s.queue(c, "k")
	if len(s.claim()) != 1 || len(s.claim()) != 0 {
		s.Error("a message was claimed twice, or not at all")
	}
	s.queue(c, "l")
	s.write(func(tx store.Tx) error { return tx.SetRound(id, store.Paused, "") })
	if len(s.claim()) != 0 {
		s.Error("a paused round sends")
	}
}

// apart: a phone puts the parts of a message together by their number (3GPP TS
// 23.040, 9.2.3.24.1), so two messages on their way to it must not share one.
func apart(s *suite) {
	id := s.round(9, store.Running)
	for child := range person.ID(4) {
		c := s.open(id, child+1, "+358401234567")
		s.queue(c, fmt.Sprint("first", child))
		s.queue(c, fmt.Sprint("second", child))
	}
	other := s.open(id, 9, "+358407654321")
	s.queue(other, "other")
	seen := map[string]map[byte]bool{"+358401234567": {}, "+358407654321": {}}
	s.write(func(tx store.Tx) error {
		got, err := tx.Claim(Start, "+358450000000", "w1", 20)
		for _, a := range got {
			seen[a.Message.Envelope().To][a.Message.Envelope().Joint] = true
		}
		return err
	})
	if len(seen["+358401234567"]) != 8 || !seen["+358407654321"][0] {
		s.Errorf("8 messages to one phone have the numbers %v, one to another has %v", seen["+358401234567"], seen["+358407654321"])
	}
}

func uncertain(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "+358401234567")
	s.queue(c, "k")
	ref := s.claim()[0]
	s.write(func(tx store.Tx) error {
		n, err := tx.Relieve("w2", 0, Start.Add(time.Hour))
		refs, err2 := tx.Uncertain(10)
		if n != 1 || len(refs) != 1 || refs[0] != ref {
			s.Errorf("%d abandoned, uncertain %v", n, refs)
		}
		return errors.Join(err, err2)
	})
	if len(s.claim()) != 0 {
		s.Fatal("an uncertain message is sent again by itself")
	}
	s.settle(ref, channel.Queued) // the gateway is sure never to have seen it
	again := s.claim()
	if len(again) != 1 || again[0] != ref {
		s.Errorf("queued again as %v", again)
	}
	s.settle(ref, channel.Handed)
	if s.state(id, channel.Handed) != 1 {
		s.Error("not handed over")
	}
}

func earlyReport(s *suite) {
	id := s.round(1, store.Running)
	s.queue(s.open(id, 1, "+358401234567"), "k")
	ref := s.claim()[0]
	s.write(func(tx store.Tx) error {
		out, err := tx.Report([]channel.Report{{ID: "r1", Ref: ref, State: channel.Delivered, At: Start}})
		if len(out) != 1 || !out[0].Delivered {
			s.Errorf("the report made %v", out)
		}
		return err
	})
	s.settle(ref, channel.Handed)
	if s.state(id, channel.Delivered) != 1 {
		s.Error("a late receipt undid the report")
	}
}

func reports(s *suite) {
	id := s.round(1, store.Running)
	s.queue(s.open(id, 1, "+358401234567"), "k")
	ref := s.claim()[0]
	for i, r := range []channel.Report{{ID: "a", Ref: ref, State: channel.Delivered, At: Start}, {ID: "a", Ref: ref, State: channel.Delivered, At: Start},
		{ID: "b", Ref: ref, State: channel.Failed, At: Start}, {ID: "c", Ref: "unknown", State: channel.Delivered, At: Start}} {
		s.write(func(tx store.Tx) error {
			out, err := tx.Report([]channel.Report{r})
			if (len(out) == 1) != (i == 0) {
				s.Errorf("report %d made %v", i, out)
			}
			return err
		})
	}
	if s.state(id, channel.Delivered) != 1 {
		s.Error("the first final report does not stand")
	}
}

// due queues a message at the time Start and reports the references that can be
// claimed at a moment.
func (s *suite) due(at time.Time) int {
	s.Helper()
	n := 0
	s.write(func(tx store.Tx) error {
		got, err := tx.Claim(at, "+358450000000", "w1", 10)
		n = len(got)
		return err
	})
	return n
}

func postponed(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	s.queue(c, "k")
	s.write(func(tx store.Tx) error {
		_, err := tx.Enqueue(store.Outgoing{Case: c.ID, Kind: conversation.Help, Language: "fi", Key: "reply", Text: "hello", NotBefore: Start, Valid: time.Hour, Reply: true})
		return err
	})
	morning := Start.Add(10 * time.Hour)
	s.write(func(tx store.Tx) error {
		n, err := tx.Postpone(Start, morning)
		if n != 1 {
			s.Errorf("%d put off, want the one that is no answer", n)
		}
		return err
	})
	if n := s.due(Start.Add(time.Hour)); n != 1 {
		s.Errorf("%d messages go out at night, want the answer alone", n)
	}
	at, ok, err := s.s.Next(s.ctx)
	s.must(err)
	if !ok || !at.Equal(morning) {
		s.Errorf("the next moment is %v, want the morning", at)
	}
	if n := s.due(morning); n != 1 {
		s.Errorf("%d messages go out in the morning", n)
	}
}

func doubtful(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	s.queue(c, "k")
	s.queue(c, "l")
	refs := s.claim()
	s.write(func(tx store.Tx) error {
		return tx.Settle(Start, []store.Settlement{{Ref: refs[0], State: channel.Uncertain, Due: Start.Add(time.Hour)}, {Ref: refs[1], State: channel.Handed}})
	})
	at, ok, err := s.s.Next(s.ctx)
	s.must(err)
	if !ok || !at.Equal(Start.Add(time.Hour)) {
		s.Errorf("the next moment is %v, want that of the doubt", at)
	}
	for i, want := range []int{0, 1, 0} {
		s.write(func(tx store.Tx) error {
			got, err := tx.TakeDoubtful(Start.Add(time.Duration(i)*time.Hour), 10)
			if len(got) != want || want == 1 && (got[0].Ref != refs[0] || got[0].Case != c.ID) {
				s.Errorf("after %d hours: %v", i, got)
			}
			return err
		})
	}
	s.write(func(tx store.Tx) error {
		out, err := tx.Report([]channel.Report{{ID: "r", Ref: refs[0], State: channel.Delivered, At: Start}, {ID: "q", Ref: refs[1], State: channel.Delivered, At: Start}})
		if len(out) != 2 || !out[0].Doubted || out[1].Doubted {
			s.Errorf("the reports made %v", out)
		}
		return err
	})
}

func wrote(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	s.queue(c, "k")
	s.write(func(tx store.Tx) error {
		if _, err := tx.Receive([]channel.Incoming{{ID: "g", From: "+358407654321", Text: "A", At: Start}}); err != nil {
			return err
		}
		got, err := tx.TakeReceived(1)
		if err != nil {
			return err
		}
		_, err = tx.Enqueue(store.Outgoing{Kind: conversation.WrongNumber, Language: "fi", Key: "w", Text: "hello", NotBefore: Start, Valid: time.Hour, Reply: true, AnswerTo: got[0].ID})
		count := func(p conversation.Phone, k conversation.Kind, since time.Time, want int) error {
			n, err := tx.Wrote(p, k, since)
			if n != want {
				s.Errorf("%d of %s since %v, want %d", n, k, since, want)
			}
			return err
		}
		return errors.Join(err,
			count(got[0].Phone, conversation.WrongNumber, time.Time{}, 1), count(got[0].Phone, conversation.Inquiry, time.Time{}, 0),
			count(c.Parties[0].Phone, conversation.Inquiry, Start, 1), count(c.Parties[0].Phone, conversation.Inquiry, Start.Add(24*time.Hour), 0),
			count(c.Parties[0].Phone, conversation.WrongNumber, time.Time{}, 0))
	})
}
