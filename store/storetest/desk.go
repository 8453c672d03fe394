package storetest

import (
	"errors"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

func (s *suite) items(id store.RoundID, kind string, after store.ItemID, limit int) []store.OpenItem {
	s.Helper()
	out, err := s.s.Items(s.ctx, id, kind, after, limit)
	s.must(err)
	return out
}

func officersWords(s *suite) {
	id := s.round(3, store.Running)
	a, b := s.open(id, 1), s.open(id, 2)
	s.write(func(tx store.Tx) error {
		return errors.Join(tx.OpenItem(store.Item{Case: a.ID, Kind: "conflict", Reason: "x"}, Start), tx.OpenItem(store.Item{Case: b.ID, Kind: "silent", Reason: "y"}, Start),
			tx.AddStep(store.RoundStep{Round: id, At: Start, Officer: "officer:a", Step: "pause", Words: "the letter is wrong"}))
	})
	steps, err := s.s.Steps(s.ctx, id)
	if err != nil || len(steps) != 1 || steps[0].Words != "the letter is wrong" || !steps[0].At.Equal(Start) || steps[0].Step != "pause" {
		s.Errorf("%+v %v", steps, err)
	}
	all := s.items(id, "", 0, 10)
	if len(all) != 2 || len(s.items(id, "silent", 0, 10)) != 1 || len(s.items(id, "", all[0].ID, 10)) != 1 || len(s.items(id, "", 0, 1)) != 1 || len(s.items(id+1, "", 0, 10)) != 0 {
		s.Fatalf("%+v", all)
	}
	settle := func(round store.RoundID, i store.ItemID) error {
		return s.as("officer:a", func(tx store.Tx) error {
			got, err := tx.SettleItem(round, i, "officer:a", "I called them", Start.Add(time.Hour))
			if err == nil && got.Case != a.ID {
				s.Errorf("the item is of case %d", got.Case)
			}
			return err
		})
	}
	if fault.KindOf(settle(id+1, all[0].ID)) != fault.Missing || fault.KindOf(settle(id, 99)) != fault.Missing {
		s.Error("an item of another round, or none, was settled")
	}
	s.must(settle(id, all[0].ID))
	if fault.KindOf(settle(id, all[0].ID)) != fault.Conflict || len(s.items(id, "", 0, 10)) != 1 {
		s.Error("an item was settled twice, or stays open")
	}
	h, err := s.s.History(s.ctx, s.act(), a.ID)
	if err != nil || len(h.Items) != 1 || h.Items[0].Words != "I called them" || h.Items[0].By != "officer:a" || h.Items[0].Settled.IsZero() {
		s.Errorf("%+v %v", h.Items, err)
	}
	open, err := []conversation.CaseID(nil), error(nil)
	s.write(func(tx store.Tx) error { open, err = tx.OpenCases(id); return err })
	if !slices.Equal(open, []conversation.CaseID{a.ID, b.ID}) {
		s.Errorf("open: %v", open)
	}
}

func objections(s *suite) {
	id := s.round(3, store.Running)
	a := s.open(id, 1)
	s.open(id, 2)
	set := func(on bool) (open []conversation.CaseID) {
		s.write(func(tx store.Tx) (err error) { open, err = tx.SetObjection("p", 1, Start, on); return err })
		return open
	}
	if got := set(true); !slices.Equal(got, []conversation.CaseID{a.ID}) {
		s.Errorf("the open cases are %v", got)
	}
	set(true)
	if got, err := s.s.Objections(s.ctx, 1); err != nil || len(got) != 1 || !got["p"].Equal(Start) {
		s.Errorf("%v %v", got, err)
	}
	set(false)
	if got, err := s.s.Objections(s.ctx, 1); err != nil || len(got) != 0 {
		s.Errorf("an objection that was withdrawn: %v %v", got, err)
	}
}

func putOff(s *suite) {
	id := s.round(3, store.Running)
	a := s.open(id, 1)
	s.write(func(tx store.Tx) error { return tx.SetTimer(a.ID, conversation.InquiryDue, Start.Add(time.Hour)) })
	s.write(func(tx store.Tx) error { return tx.MoveRound(id, 48*time.Hour) })
	due := func(at time.Time) (n int) {
		s.write(func(tx store.Tx) error {
			got, err := tx.TakeTimers(at, 10)
			n = len(got)
			return err
		})
		return n
	}
	if due(Start.Add(48*time.Hour)) != 0 || due(Start.Add(49*time.Hour)) != 1 {
		s.Error("the timer did not move by two days")
	}
	rd, err := s.s.Round(s.ctx, id)
	s.must(err)
	if !rd.Schedule.Deadline.Equal(Start.AddDate(0, 0, 16)) {
		s.Errorf("the deadline is %v", rd.Schedule.Deadline)
	}
	var state store.RoundState
	s.write(func(tx store.Tx) (err error) { state, err = tx.RoundState(id); return err })
	if state != store.Running {
		s.Errorf("the round is %s", state)
	}
}

func looks(s *suite) {
	id := s.round(3, store.Running)
	a := s.open(id, 1, "+358401234567")
	s.queue(a, "k")
	s.queue(a, "l")
	s.write(func(tx store.Tx) error { return tx.DropQueued(a.ID) })
	if s.state(id, "dropped") != 2 || len(s.claim()) != 0 {
		s.Error("what was taken back goes out")
	}
	before := s.entryCount()
	h, err := s.s.History(s.ctx, s.act(), a.ID)
	s.must(err)
	if len(h.Sent) != 2 || h.Sent[0].Text != "hello" || h.Round != id || h.Case.Names().Child != "Aino" {
		s.Errorf("%+v", h.Sent)
	}
	if s.entryCount() != before+1 {
		s.Fatal("the look is not on the record")
	}
	uses, err := s.s.Uses(s.ctx, 100, 1)
	s.must(err)
	if len(uses) != 1 || uses[0].Actor != "officer:test" || uses[0].Object != "case 1" || !uses[0].People.Contains(1) || len(uses[0].Fields) == 0 {
		s.Errorf("%+v", uses)
	}
	if _, err := s.s.History(s.ctx, audit.Act{}, a.ID); fault.KindOf(err) != fault.Refused {
		s.Errorf("a look without an act: %v", err)
	}
	if _, err := s.s.History(s.ctx, s.act(), 99); fault.KindOf(err) != fault.Missing {
		s.Errorf("a case that is not there: %v", err)
	}
	of, err := s.s.CasesOf(s.ctx, 100)
	s.must(err)
	on, err := s.s.CasesOnPhone(s.ctx, "+358401234567")
	s.must(err)
	none, err := s.s.CasesOnPhone(s.ctx, "+358401234568")
	s.must(err)
	if !slices.Equal(of, []conversation.CaseID{a.ID}) || !slices.Equal(on, of) || len(none) != 0 {
		s.Errorf("%v %v %v", of, on, none)
	}
}

// notices are taken once, when something new waits, and again when telling failed.
func notices(s *suite) {
	c := s.open(s.round(1, store.Running), 1, "+358401234567")
	item := func(kind string, at time.Time) {
		s.write(func(tx store.Tx) error { return tx.OpenItem(store.Item{Case: c.ID, Kind: kind}, at) })
	}
	take := func(after time.Duration, want int) {
		s.Helper()
		s.write(func(tx store.Tx) error {
			got, err := tx.TakeNotice(Start.Add(after), time.Hour)
			if got[conversation.ItemConflict] != want {
				s.Errorf("after %v: %v, want %d", after, got, want)
			}
			return err
		})
	}
	take(0, 0) // nothing waits
	item(conversation.ItemConflict, Start.Add(time.Minute))
	take(2*time.Minute, 1)
	take(3*time.Minute, 0)
	take(3*time.Hour, 0) // nothing new
	item(conversation.ItemUnclear, Start.Add(4*time.Hour))
	take(4*time.Hour, 1)
	s.write(func(tx store.Tx) error { return tx.NoticeFailed() })
	take(4*time.Hour+time.Minute, 1)
}
