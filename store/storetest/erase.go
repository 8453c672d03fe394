package storetest

import (
	"reflect"
	"strings"
	"time"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// erasing takes a child and a guardian out of a round: what is counted stays,
// what says who it was does not.
func erasing(s *suite) {
	id := s.round(2, store.Running)
	c := s.open(id, 1, "+358401234567")
	other := s.open(id, 2, "+358407654321")
	s.queue(c, "hello 1")
	s.queue(other, "hello 2")
	s.settle(s.claim()[0], "delivered")
	guardian := c.Parties[0].Person
	s.write(func(tx store.Tx) error {
		engaged, err := tx.Engaged(c.Child)
		if len(engaged) != 1 || engaged[0] != id {
			s.Errorf("the child has a part in %v", engaged)
		}
		if err == nil {
			engaged, err = tx.Engaged(guardian)
			if len(engaged) != 1 {
				s.Errorf("the guardian has a part in %v", engaged)
			}
		}
		return err
	})
	s.write(func(tx store.Tx) error { return tx.SetRound(id, store.Closed, "") })
	before, err := s.s.Funnel(s.ctx, id)
	s.must(err)
	s.write(func(tx store.Tx) error {
		e, err := tx.ErasePerson(c.Child)
		if e.Cases != 1 || e.Messages != 1 {
			s.Errorf("%+v", e)
		}
		return err
	})
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(other.Parties[0].Person); return err })
	if after, err := s.s.Funnel(s.ctx, id); err != nil || !reflect.DeepEqual(before, after) {
		s.Errorf("the counts changed: %+v, then %+v, %v", before, after, err)
	}
	for _, gone := range []person.ID{c.Child, guardian} {
		if cases, err := s.s.CasesOf(s.ctx, gone); err != nil || len(cases) != 0 {
			s.Errorf("%d cases are still the erased person's, %v", len(cases), err)
		}
	}
	if cases, err := s.s.CasesOf(s.ctx, other.Child); err != nil || len(cases) != 1 {
		s.Errorf("the other child lost its case, %v", err)
	}
	for _, k := range []conversation.CaseID{c.ID, other.ID} {
		h, err := s.s.History(s.ctx, s.act(), k)
		s.must(err)
		if h.Case.Parties[0].Name != "" || h.Case.Parties[0].Phone != "" || h.Numbers[0] != "" || h.Sent[0].Text != "" {
			s.Errorf("case %d still says who it was about", k)
		}
		if named := h.Case.Names().Child != ""; named != (k == other.ID) {
			s.Errorf("case %d: the child's name is there: %v", k, named)
		}
	}
	if cases, err := s.s.CasesOnPhone(s.ctx, "+358401234567"); err != nil || len(cases) != 0 {
		s.Errorf("the number still finds %d cases, %v", len(cases), err)
	}
	s.write(func(tx store.Tx) error { _, err := tx.EraseRound(id); return err })
	if cases, err := s.s.CasesOf(s.ctx, other.Child); err != nil || len(cases) != 0 {
		s.Errorf("people are left in the round: %d, %v", len(cases), err)
	}
}

// erasingEntries takes the content of entries away and leaves their leaves, and
// an entry that says so.
func erasingEntries(s *suite) {
	for _, people := range [][]person.ID{{5}, {5, 6}, {6}, {5}} {
		s.write(func(tx store.Tx) error { tx.About("x", people...); return nil })
	}
	first := s.entryCount() - 3
	s.write(func(tx store.Tx) error {
		n, err := tx.EraseEntries(5, time.Time{}, first+2) // the fourth is not in the log yet
		if n != 1 {
			s.Errorf("%d entries were erased", n)
		}
		return err
	})
	rows, err := s.s.Range(s.ctx, 1, 100)
	s.must(err)
	for _, r := range rows {
		if gone := r.Seq == first; gone != (r.Entry == nil) || gone != (len(r.Salt) == 0) || len(r.Leaf) == 0 {
			s.Errorf("entry %d: there %v", r.Seq, r.Entry != nil)
		}
		if r.Entry != nil && r.Entry.Verb == store.EraseVerb && !strings.HasSuffix(r.Entry.Detail, " 1") && first == 1 {
			s.Errorf("%q", r.Entry.Detail)
		}
	}
	if _, _, err := s.s.Entry(s.ctx, first); fault.KindOf(err) != fault.Missing {
		s.Errorf("an erased entry: %v", err)
	}
	if uses, err := s.s.Uses(s.ctx, 5, 10); err != nil || len(uses) != 2 {
		s.Errorf("%d entries are about the person, %v", len(uses), err)
	}
	s.must(s.s.Explained(s.ctx))
	s.must(s.s.Covered(s.ctx))
	s.write(func(tx store.Tx) error {
		if n, err := tx.EraseEntries(0, Start, s.entryCount()); n != 0 || err != nil {
			s.Errorf("%d entries are older than the beginning, %v", n, err)
		}
		return nil
	})
	last := s.entryCount()
	act, err := audit.Begin("officer:test", "test", "p", "law", Start.AddDate(11, 0, 0))
	s.must(err)
	s.must(s.s.Write(s.ctx, act, func(tx store.Tx) error {
		n, err := tx.EraseEntries(0, Start.AddDate(1, 0, 0), last)
		if n == 0 {
			s.Error("no entry is older than a year")
		}
		return err
	}))
	s.must(s.s.Explained(s.ctx))
	s.must(s.s.Covered(s.ctx))
}
