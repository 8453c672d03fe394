package storetest

import (
	"context"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Watched is what the watch over readings reads.
type Watched interface {
	Lines(ctx context.Context, after uint64, limit int, each func(oversight.Line)) (uint64, error)
	Staff(ctx context.Context) ([]store.Staff, error)
	Famous(ctx context.Context) (*roaring.Bitmap, error)
	WithCases(ctx context.Context) (*roaring.Bitmap, error)
	LookedInto(ctx context.Context, limit int) ([]store.Looked, error)
	PermitCounts(ctx context.Context) ([]store.PermitCount, error)
	Withdrawals(ctx context.Context) ([]store.WithdrawalCount, error)
}

func watching(s *suite) {
	s.write(func(tx store.Tx) error {
		if err := tx.SeeStaff(store.Staff{Actor: "officer:a", Roles: []string{"expert"}, Person: 1, Seen: Start}); err != nil {
			return err
		}
		if err := tx.SetFamous(3, true, "officer:a", Start); err != nil {
			return err
		}
		return tx.SetFamous(3, true, "officer:b", Start) // twice is once
	})
	s.write(func(tx store.Tx) error {
		if err := tx.SeeStaff(store.Staff{Actor: "officer:a", Roles: []string{"expert", "dpo"}, Seen: Start.AddDate(0, 0, 1)}); err != nil {
			return err
		}
		_, err := tx.AddLooked(store.Looked{Kind: "famous", Actor: "officer:a", Person: 3, Through: 5, At: Start, By: "officer:d", Words: "it was a visit"})
		return err
	})
	staff, err := s.s.Staff(s.ctx)
	s.must(err)
	if len(staff) != 1 || !slices.Equal(staff[0].Roles, []string{"expert", "dpo"}) || staff[0].Person != 0 || !staff[0].Seen.Equal(Start.AddDate(0, 0, 1)) {
		s.Errorf("the staff are %+v", staff)
	}
	famous, err := s.s.Famous(s.ctx)
	s.must(err)
	looks, err := s.s.LookedInto(s.ctx, 9)
	s.must(err)
	if famous.GetCardinality() != 1 || !famous.Contains(3) || len(looks) != 1 || looks[0].Words != "it was a visit" || looks[0].Person != 3 || looks[0].Through != 5 {
		s.Errorf("famous %v, looks %+v", famous, looks)
	}
	s.write(func(tx store.Tx) error { return tx.SetFamous(3, false, "officer:a", Start) })
	if famous, err = s.s.Famous(s.ctx); err != nil || !famous.IsEmpty() {
		s.Errorf("famous still: %v, %v", famous, err)
	}
	s.write(func(tx store.Tx) error {
		if err := tx.SeeStaff(store.Staff{Actor: "officer:a", Person: 3, Seen: Start}); err != nil {
			return err
		}
		known, err := tx.PersonOfStaff("officer:a")
		unknown, err2 := tx.PersonOfStaff("officer:b")
		if known != 3 || unknown != 0 || err != nil || err2 != nil {
			s.Errorf("officer:a is %d, officer:b %d, %v, %v", known, unknown, err, err2)
		}
		return tx.SetFamous(3, true, "officer:a", Start)
	})
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(3); return err })
	staff, err = s.s.Staff(s.ctx)
	s.must(err)
	famous, err = s.s.Famous(s.ctx)
	s.must(err)
	looks, err = s.s.LookedInto(s.ctx, 9)
	s.must(err)
	if staff[0].Person != 0 || !famous.IsEmpty() || looks[0].Person != 0 || looks[0].Words != "" {
		s.Errorf("after the erasure: %+v, %v, %+v", staff, famous, looks)
	}
}

func lines(s *suite) {
	read := func(object string, people ...person.ID) {
		s.write(func(tx store.Tx) error { tx.About(object, people...); tx.Fields([]permission.Field{"f"}); return nil })
	}
	read("case 4", 1, 2)
	read("search", 3)
	s.write(func(tx store.Tx) error { tx.About("case 4", 1); return nil }) // nothing is read
	var got []oversight.Line
	last, err := s.s.Lines(s.ctx, 0, 2, func(l oversight.Line) { got = append(got, l) })
	s.must(err)
	last, err = s.s.Lines(s.ctx, last, 9, func(l oversight.Line) { got = append(got, l) })
	s.must(err)
	if last != 3 || len(got) != 3 || got[0].Count != 2 || !got[0].Case || !got[0].Reads || !got[0].People.Contains(2) || got[1].Case || !got[1].Reads || got[2].Reads || got[2].People != nil {
		s.Errorf("up to %d: %+v", last, got)
	}
	if again, err := s.s.Lines(s.ctx, last, 9, func(oversight.Line) { s.Error("there is one more") }); err != nil || again != last {
		s.Errorf("%d, %v", again, err)
	}
}

func permitCounts(s *suite) {
	id := s.give(1, 2)
	s.fetched(id, 1, "r", "income")
	s.write(func(tx store.Tx) error {
		_, err := tx.DeleteHandovers(id, "withdrawn", Start)
		return err
	})
	events, err := s.s.PermitCounts(s.ctx)
	s.must(err)
	ends, err := s.s.Withdrawals(s.ctx)
	s.must(err)
	given := 0
	for _, e := range events {
		if e.Kind == "give" {
			given += e.N
		}
		if e.Week.Weekday() != 1 || e.Week.After(Start.AddDate(0, 0, 1)) || e.Week.Before(Start.AddDate(0, 0, -7)) {
			s.Errorf("the week of %s begins on %s", Start, e.Week)
		}
	}
	if given != 1 || len(ends) != 1 || ends[0].Purpose != feePurpose || ends[0].Deleted != 1 || ends[0].Standing != 1 || ends[0].Ended != 0 || ends[0].Kept != 0 {
		s.Errorf("%+v, %+v", events, ends)
	}
	cases, err := s.s.WithCases(s.ctx)
	s.must(err)
	if !cases.Contains(1) {
		s.Errorf("with cases: %v", cases)
	}
}
