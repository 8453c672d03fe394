package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

// Turns is what a store says of appointments and of whose turn comes later.
type Turns interface {
	Moments(ctx context.Context, from time.Time, except store.RoundID) (map[string][]store.Moment, error)
	Lot(ctx context.Context, id store.RoundID) (store.Lot, bool, error)
	Later(ctx context.Context, service string, asOf time.Time) (waits, due *roaring.Bitmap, err error)
}

func appointments(s *suite) {
	id := s.round(2, store.Running)
	at := offer.Place{Unit: "u1", Language: "fi"}
	nine, ten := store.Moment{At: Start.AddDate(0, 0, 20), Seat: 1}, store.Moment{At: Start.AddDate(0, 0, 20).Add(time.Hour), Seat: 1}
	s.write(func(tx store.Tx) error { return tx.SetMoments(id, at, []store.Moment{nine, ten}) })
	c := s.open(id, 1, "+358401234567")
	s.write(func(tx store.Tx) error {
		when, err := tx.AppointmentOf(c.ID)
		if err == nil && !when.Equal(nine.At) {
			s.Errorf("the case has the time %v", when)
		}
		return err
	})
	// Another round of the same unit cannot have the same time.
	other := s.round(1, store.Running)
	if err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { return tx.SetMoments(other, at, []store.Moment{ten}) }); fault.KindOf(err) != fault.Conflict {
		s.Errorf("a time is given twice: %v", err)
	}
	beside := store.Moment{At: ten.At, Seat: 2}
	s.write(func(tx store.Tx) error { return tx.SetMoments(other, at, []store.Moment{beside}) })
	if err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { return tx.SetMoments(id, at, make([]store.Moment, 3)) }); err == nil {
		s.Error("a place that is not there has a time")
	}
	given, err := s.s.Moments(s.ctx, Start, id)
	s.must(err)
	if len(given["u1"]) != 1 || given["u1"][0].Seat != 2 {
		s.Errorf("given out beside the round: %v", given)
	}
	s.write(func(tx store.Tx) error { return tx.ReleasePlace(c.ID) })
	s.write(func(tx store.Tx) error {
		when, err := tx.AppointmentOf(c.ID)
		if err == nil && !when.IsZero() {
			s.Errorf("a case without a place has the time %v", when)
		}
		return err
	})
}

func lots(s *suite) {
	id := s.round(1, store.Closed)
	until := Start.AddDate(0, 0, 84).Truncate(24 * time.Hour)
	l := store.Lot{Seed: "0a0b", Share: 20, Weeks: 12, Harmed: 3, Eligible: []person.ID{3, 5, 8, 9, 12}, Later: []person.ID{5, 12}, Until: until}
	s.write(func(tx store.Tx) error { return tx.AddLot(id, l) })
	got, found, err := s.s.Lot(s.ctx, id)
	s.must(err)
	if !found || got.Seed != l.Seed || got.Share != 20 || got.Weeks != 12 || got.Harmed != 3 || !slices.Equal(got.Eligible, l.Eligible) || !slices.Equal(got.Later, l.Later) || !got.Until.Equal(until) {
		s.Errorf("the lot is %+v", got)
	}
	for day, want := range map[time.Time][2]uint64{until.AddDate(0, 0, -1): {2, 0}, until: {0, 2}} {
		waits, due, err := s.s.Later(s.ctx, "pre-primary", day)
		s.must(err)
		if waits.GetCardinality() != want[0] || due.GetCardinality() != want[1] {
			s.Errorf("on %s %d wait and %d are due", day.Format(time.DateOnly), waits.GetCardinality(), due.GetCardinality())
		}
	}
	if _, found, err := s.s.Lot(s.ctx, s.round(1, store.Running)); err != nil || found {
		s.Errorf("a round without a lot has one: %v", err)
	}
	s.write(func(tx store.Tx) error { return tx.AddFindings(id, []store.Finding{{Person: 5, Verdict: "met"}}) })
	s.write(func(tx store.Tx) error { _, err := tx.EraseRound(id); return err })
	got, _, err = s.s.Lot(s.ctx, id)
	s.must(err)
	if slices.Contains(got.Later, 5) || slices.Contains(got.Eligible, 5) {
		s.Errorf("who was erased is in the lot: %+v", got)
	}
}
