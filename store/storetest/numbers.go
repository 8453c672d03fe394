package storetest

import (
	"slices"

	"ennakko/person"
	"ennakko/store"
)

// numbersOnce: numbers of permissions, matters, requests and records stand in the
// record of uses, in addresses, on receipts and at sources. None is given to a second
// person when the first is erased.
func numbersOnce(s *suite) {
	made := func(who, child person.ID) (out []int64) {
		permit := s.give(who, child)
		out = append(out, permit, s.fetched(permit, who, "r"+string(rune('a'+int(who))), "x"))
		s.write(func(tx store.Tx) error {
			m, _, err := tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: child, Opened: Start, People: []store.MatterPerson{{Person: who, Part: store.Guardian}}})
			if err != nil {
				return err
			}
			p, err := tx.AddProposal(store.Proposal{Matter: m, Made: Start, State: store.ProposalOpen, Content: []byte("x")})
			if err != nil {
				return err
			}
			r, err := tx.AddRequest(store.Request{Kind: "k", Person: who, Matter: m, At: Start, Due: Start})
			if err != nil {
				return err
			}
			d, _, err := tx.AddDocument(store.Document{Matter: m, Person: who, Came: Start, Kind: "pdf", Name: "x"}, []byte("x"))
			out = append(out, int64(m), p, r, d)
			return err
		})
		s.add(0, true, pressure(who, "Observation/"+string(rune('a'+int(who))), 150))
		last, err := s.s.LastNewRecord(s.ctx)
		s.must(err)
		return append(out, last)
	}
	erase := func(people ...person.ID) {
		for _, who := range people {
			s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(who); return err })
		}
	}
	first := made(1, 11)
	erase(1, 11)
	if last, err := s.s.LastNewRecord(s.ctx); err != nil || last != first[len(first)-1] {
		s.Errorf("after an erasure the newest record is %d, %v", last, err)
	}
	second := made(2, 12)
	for i, what := range []string{"permission", "hand-over", "matter", "proposal", "request", "document", "record"} {
		if second[i] <= first[i] {
			s.Errorf("%s %d was given again, as %d", what, first[i], second[i])
		}
	}
	erase(11, 12, 2)
	if third := made(3, 13); slices.Compare(third, second) <= 0 {
		s.Errorf("%v, and then %v", second, third)
	}
}

// decidedOnData: a decision is about whoever's data it stands on, also when they have
// no part in the matter any more.
func decidedOnData(s *suite) {
	permit := s.give(1, 9)
	h := s.fetched(permit, 1, "r1", "SECRET")
	var matter store.MatterID
	open := func(guardian person.ID) {
		s.write(func(tx store.Tx) (err error) {
			matter, _, err = tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 9, Opened: Start, People: []store.MatterPerson{{Person: guardian, Part: store.Guardian}}})
			return err
		})
	}
	open(1)
	s.write(func(tx store.Tx) error {
		id, err := tx.AddProposal(store.Proposal{Matter: matter, Made: Start, State: store.ProposalOpen, Content: []byte("54 EUR"), Grounds: []store.Basis{{Permission: permit, Handover: h}}})
		if err != nil {
			return err
		}
		return tx.AnswerProposal(id, store.ProposalAccepted, 1, "", Start)
	})
	open(2) // the first has moved away
	s.write(func(tx store.Tx) error {
		for who, want := range map[person.ID]int{1: 1, 2: 1, 9: 1, 3: 0} {
			if n, err := tx.Decided(who, Start); n != want || err != nil {
				s.Errorf("%d decisions are about person %d, not %d: %v", n, who, want, err)
			}
		}
		return nil
	})
}
