package storetest

import (
	"context"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// Needy keeps notes of people who were named as those who may need much.
type Needy interface {
	NeedNotes(ctx context.Context, who person.ID) ([]store.NeedNote, error)
	NeedStates(ctx context.Context, since time.Time) (map[person.ID]store.NeedState, error)
}

// needNotes writes notes of two people: each has their own, the newest says how far the
// matter is, and erasure takes them.
func needNotes(s *suite) {
	day := Start.Truncate(24 * time.Hour)
	note := func(who person.ID, at time.Time, state store.NeedState, words string) {
		s.Helper()
		s.write(func(tx store.Tx) error {
			_, err := tx.AddNeedNote(store.NeedNote{Person: who, At: at, By: "officer:a", Day: day, State: state, Words: words})
			return err
		})
	}
	note(1, Start, store.NeedInHand, "called, no answer")
	note(2, Start, store.NeedNotNow, "")
	note(1, Start.Add(time.Hour), store.NeedDone, "plan made")
	s.refused("a state that is none", fault.Invalid, func(tx store.Tx) error {
		_, err := tx.AddNeedNote(store.NeedNote{Person: 1, At: Start, Day: day, State: "gone"})
		return err
	})
	list, err := s.s.NeedNotes(s.ctx, 1)
	s.must(err)
	if len(list) != 2 || list[0].Words != "plan made" || list[0].State != store.NeedDone || list[1].Words != "called, no answer" || !list[1].At.Equal(Start) || !list[1].Day.Equal(day) || list[1].By != "officer:a" {
		s.Errorf("the notes read back as %+v", list)
	}
	states, err := s.s.NeedStates(s.ctx, Start)
	if err != nil || len(states) != 2 || states[1] != store.NeedDone || states[2] != store.NeedNotNow {
		s.Errorf("%v, %v", states, err)
	}
	if states, err = s.s.NeedStates(s.ctx, Start.Add(time.Minute)); err != nil || len(states) != 1 || states[1] != store.NeedDone {
		s.Errorf("since later: %v, %v", states, err)
	}
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(1); return err })
	if list, err = s.s.NeedNotes(s.ctx, 1); err != nil || len(list) != 0 {
		s.Errorf("%d notes of an erased person, %v", len(list), err)
	}
	note(2, Start, store.NeedOpen, "again")
	if list, err = s.s.NeedNotes(s.ctx, 2); err != nil || len(list) != 2 || list[0].ID != 4 {
		s.Errorf("a number was given twice: %+v, %v", list, err)
	}
}
