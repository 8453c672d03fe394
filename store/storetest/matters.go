package storetest

import (
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// What is exercised of matters, and of requests to the city.

func matters(s *suite) {
	open := func(people ...store.MatterPerson) (id store.MatterID, fresh bool) {
		s.write(func(tx store.Tx) (err error) {
			id, fresh, err = tx.OpenMatter(store.Matter{Purpose: feePurpose, Child: 9, Opened: Start, People: people})
			return err
		})
		return id, fresh
	}
	a, fresh := open(store.MatterPerson{Person: 1, Part: store.Guardian}, store.MatterPerson{Person: 8, Part: store.InHome})
	b, again := open(store.MatterPerson{Person: 2, Part: store.Guardian})
	if a != b || !fresh || again {
		s.Errorf("matters %d and %d", a, b)
	}
	for who, want := range map[person.ID]int{1: 0, 2: 1, 9: 1, 8: 0} {
		if got, err := s.s.MattersOf(s.ctx, feePurpose, who); err != nil || len(got) != want {
			s.Errorf("%d has a part in %v, %v", who, got, err)
		}
	}
	var first, second int64
	s.write(func(tx store.Tx) (err error) {
		p := store.Proposal{Matter: a, Made: Start, State: store.ProposalOpen, Content: []byte("one")}
		if first, err = tx.AddProposal(p); err != nil {
			return err
		}
		p.Content = []byte("two")
		second, err = tx.AddProposal(p)
		newest, ok, err2 := tx.NewestProposal(a)
		if !ok || newest.ID != second || string(newest.Content) != "two" {
			s.Errorf("the newest is %d", newest.ID)
		}
		return firstOf(err, err2)
	})
	s.refused("to answer what another stands in the place of", fault.Conflict, func(tx store.Tx) error { return tx.AnswerProposal(first, store.ProposalAccepted, 2, "", Start) })
	s.refused("a matter that is not there", fault.Missing, func(tx store.Tx) error { _, err := tx.Matter(99); return err })
	s.give(2, 9)
	if due, err := s.s.MattersDue(s.ctx, feePurpose, feePurpose, 9); err != nil || len(due) != 1 || due[0] != a {
		s.Errorf("due: %v, %v", due, err)
	}
	s.write(func(tx store.Tx) error { return tx.MatterLooked(a, Start.Add(time.Second)) })
	if due, err := s.s.MattersDue(s.ctx, feePurpose, feePurpose, 9); err != nil || len(due) != 0 {
		s.Errorf("due still: %v, %v", due, err)
	}
	mattersDue(s, a)
}

// mattersDue: whoever's clock is ahead, a matter is due after something changed, and
// not after it was looked at.
func mattersDue(s *suite, id store.MatterID) {
	s.Helper()
	due := func(what string, want int) {
		s.Helper()
		if got, err := s.s.MattersDue(s.ctx, feePurpose, feePurpose, 9); err != nil || len(got) != want {
			s.Errorf("%s, due: %v, %v", what, got, err)
		}
	}
	ahead := Start.Add(time.Minute)
	s.write(func(tx store.Tx) error { return tx.MatterLooked(id, ahead) })
	permit := s.give(3, 9)
	due("given by a clock behind", 1)
	s.write(func(tx store.Tx) error { return tx.MatterLooked(id, ahead) })
	s.fetched(permit, 3, "r9", "x")
	due("kept by a clock behind", 1)
	s.write(func(tx store.Tx) error { return tx.MatterLooked(id, ahead) })
	g := s.grantFor(feeFields, 3)
	h := s.fetched(permit, 3, "r10", "")
	s.write(func(tx store.Tx) error { return tx.KeepHandover(g, h, []byte("x"), ahead, ahead.Add(time.Minute)) })
	due("kept by a clock ahead", 1)
	s.write(func(tx store.Tx) error { return tx.MatterLooked(id, ahead) })
	due("looked at by a clock behind", 0)
	for _, x := range []struct {
		digest string
		want   bool
	}{{"a", true}, {"a", false}, {"b", true}} {
		s.write(func(tx store.Tx) error {
			changed, err := tx.MatterFamily(id, x.digest)
			if changed != x.want {
				s.Errorf("the family is %s, and changed: %v", x.digest, changed)
			}
			return err
		})
		due("the family is "+x.digest, 1)
	}
	s.write(func(tx store.Tx) error { return tx.MatterLooked(id, ahead) })
	due("looked at with the family as it is", 0)
}

func requests(s *suite) {
	var id int64
	s.write(func(tx store.Tx) (err error) {
		id, err = tx.AddRequest(store.Request{Kind: "ask a person", Person: 1, At: Start, Due: Start.AddDate(0, 1, 0), Basis: "GDPR 12(3)", Words: "too much"})
		return err
	})
	got, err := s.s.Requests(s.ctx, s.act(), 9)
	s.must(err)
	if len(got) != 1 || got[0].Words != "too much" || got[0].Answer != "" || !got[0].Settled.IsZero() {
		s.Errorf("%+v", got)
	}
	s.write(func(tx store.Tx) error {
		r, err := tx.SettleRequest(id, "officer:a", "it was", Start.AddDate(0, 0, 1))
		if r.Person != 1 {
			s.Errorf("%+v", r)
		}
		return err
	})
	s.refused("to settle twice", fault.Conflict, func(tx store.Tx) error { _, err := tx.SettleRequest(id, "officer:a", "again", Start); return err })
	s.refused("a request that is not there", fault.Missing, func(tx store.Tx) error { _, err := tx.SettleRequest(77, "officer:a", "", Start); return err })
	if got, err = s.s.RequestsOf(s.ctx, s.act(), 1); err != nil || len(got) != 1 || got[0].Answer != "it was" || got[0].SettledBy != "officer:a" {
		s.Errorf("%+v, %v", got, err)
	}
	m := store.SourceMark{ID: "m1", Permission: 5, Source: "incomes", At: Start, Outcome: "handed over"}
	for _, want := range []bool{true, false} {
		s.write(func(tx store.Tx) error {
			fresh, err := tx.AddSourceMark(m)
			if fresh != want {
				s.Errorf("a mark is fresh: %v", fresh)
			}
			return err
		})
	}
	marks, err := s.s.SourceMarks(s.ctx, 5)
	s.must(err)
	s.write(func(tx store.Tx) error {
		_, err := tx.AddPrecedent(store.Precedent{Purpose: feePurpose, At: Start, By: "officer:dpo", Lawful: true, Content: "{}"})
		return err
	})
	ps, err := s.s.Precedents(s.ctx)
	s.must(err)
	if len(marks) != 1 || marks[0] != m || len(ps) != 1 || !ps[0].Lawful || ps[0].By != "officer:dpo" {
		s.Errorf("%+v %+v", marks, ps)
	}
}
