package storetest

import (
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/store"
)

// posts follows letters that go by the national service.
func posts(s *suite) {
	id := s.round(1, store.Running)
	c := s.open(id, 1, "")
	var first, again store.Post
	s.write(func(tx store.Tx) (err error) {
		if first, err = tx.AddPost(c.ID, person.ID(7), "the letter", Start); err != nil {
			return err
		}
		if err := tx.SetPost(first.ID, store.PostTaken, "4711", Start); err != nil {
			return err
		}
		again, err = tx.AddPost(c.ID, person.ID(7), "the letter", Start)
		return err
	})
	if first.State != store.PostHanding || again.State != store.PostTaken || first.ID != again.ID || again.Message != "4711" {
		s.Errorf("a letter has more than one name, or was forgotten: %v %v", first.State, again.State)
	}
	s.write(func(tx store.Tx) error {
		other, err := tx.AddPost(c.ID, person.ID(8), "another letter", Start)
		if other.ID == first.ID {
			s.Error("two letters have one name")
		}
		return err
	})
	for i, want := range []bool{true, false} { // an event is told twice
		s.write(func(tx store.Tx) error {
			p, found, err := tx.PostFate("4711", "returned", Start)
			if found != want || found && p.Case != c.ID {
				s.Errorf("event %d: found %v", i, found)
			}
			if err == nil {
				err = tx.SetMark("events", "m")
			}
			return err
		})
	}
	s.write(func(tx store.Tx) error {
		_, found, err := tx.PostFate("4712", "returned", Start)
		if found {
			s.Error("another city's letter was found")
		}
		return err
	})
	all, err := s.s.Posts(s.ctx, id)
	if err != nil || len(all) != 2 || all[0].State != "returned" || all[1].State != store.PostHanding || all[0].Person != 7 {
		s.Errorf("%v %v", all, err)
	}
	if m, err := s.s.Mark(s.ctx, "events"); err != nil || m != "m" {
		s.Errorf("mark %q, %v", m, err)
	}
	if m, err := s.s.Mark(s.ctx, "other"); err != nil || m != "" {
		s.Errorf("mark %q, %v", m, err)
	}
	s.letterRefused(id, c.ID, all[1].ID)
}

// letterRefused lets a letter be refused, and an officer see to the family.
func (s *suite) letterRefused(id store.RoundID, about conversation.CaseID, letter string) {
	s.Helper()
	s.write(func(tx store.Tx) error {
		if err := tx.SetPost(letter, store.PostRefused, "", Start); err != nil {
			return err
		}
		return tx.OpenItem(store.Item{Case: about, Kind: conversation.ItemByHand, Reason: "r"}, Start)
	})
	if states, refused, err := s.s.LetterCounts(s.ctx); err != nil || states["returned"] != 1 || states["refused"] != 1 || len(states) != 2 || refused != 1 {
		s.Errorf("%v, %d refused, %v", states, refused, err)
	}
	open, err := s.s.Items(s.ctx, id, conversation.ItemByHand, 0, 9)
	s.must(err)
	s.write(func(tx store.Tx) error {
		_, err := tx.SettleItem(id, open[0].ID, "officer:a", "called", Start)
		return err
	})
	if _, refused, err := s.s.LetterCounts(s.ctx); err != nil || refused != 0 {
		s.Errorf("an officer called, and %d families wait, %v", refused, err)
	}
}
