package storetest

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// Linked is what is exercised of how other systems know people.
type Linked interface {
	PersonByProfile(ctx context.Context, subject string) (person.ID, error)
	Individual(ctx context.Context, caller, id string) (store.Individual, error)
	Individuals(ctx context.Context, caller string, offset, limit int) ([]store.Individual, error)
	AllPermits(ctx context.Context, caller string, offset, limit int) ([]store.Permit, error)
	UsesPage(ctx context.Context, id person.ID, from, before time.Time, offset, limit int) ([]audit.Entry, int, error)
	FirstEntry(ctx context.Context) (at time.Time, ok bool, err error)
}

func links(s *suite) {
	const subject = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
	if _, err := s.s.PersonByProfile(s.ctx, subject); fault.KindOf(err) != fault.Missing {
		s.Errorf("somebody stands behind an id with which nobody logged in: %v", err)
	}
	for i, want := range []bool{true, false} {
		s.write(func(tx store.Tx) error {
			fresh, err := tx.LinkProfile(subject, 7, Start)
			if fresh != want {
				s.Errorf("log-in %d: fresh is %v", i, fresh)
			}
			return err
		})
	}
	s.write(func(tx store.Tx) error { _, err := tx.LinkProfile(subject, 8, Start); return err })
	if who, err := s.s.PersonByProfile(s.ctx, subject); err != nil || who != 8 {
		s.Errorf("%d, %v", who, err)
	}
	a := store.Individual{ID: "a", Caller: "school", Person: 7, Since: Start}
	b := store.Individual{ID: "b", Caller: "clinic", Person: 7, Since: Start}
	a8 := store.Individual{ID: "c", Caller: "school", Person: 8, Since: Start}
	s.write(func(tx store.Tx) error {
		for _, i := range []store.Individual{a, b, a8} {
			if err := tx.SaveIndividual(i); err != nil {
				return err
			}
		}
		a.Provider = "suomi.fi"
		return tx.SaveIndividual(a)
	})
	if got, err := s.s.Individual(s.ctx, "school", "a"); err != nil || got != a {
		s.Errorf("%+v, %v", got, err)
	}
	if _, err := s.s.Individual(s.ctx, "clinic", "a"); fault.KindOf(err) != fault.Missing {
		s.Errorf("a caller finds another's individual: %v", err)
	}
	for _, stolen := range []store.Individual{{ID: "a", Caller: "clinic", Person: 7, Since: Start}, {ID: "a", Caller: "school", Person: 9, Since: Start}} {
		err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { return tx.SaveIndividual(stolen) })
		if fault.KindOf(err) != fault.Conflict {
			s.Errorf("%+v: %v", stolen, err)
		}
	}
	if all, err := s.s.Individuals(s.ctx, "school", 1, 5); err != nil || len(all) != 1 || all[0] != a8 {
		s.Errorf("%+v, %v", all, err)
	}
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(7); return err })
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(8); return err })
	if all, err := s.s.Individuals(s.ctx, "school", 0, 5); err != nil || len(all) != 0 {
		s.Errorf("erased, and still known to a caller: %+v, %v", all, err)
	}
	if _, err := s.s.PersonByProfile(s.ctx, subject); fault.KindOf(err) != fault.Missing {
		s.Errorf("erased, and still known by the log-in service's id: %v", err)
	}
}

func permitsOfACaller(s *suite) {
	one, two := s.give(2, 1), s.give(3, 1)
	s.write(func(tx store.Tx) error {
		return tx.SaveIndividual(store.Individual{ID: "a", Caller: "school", Person: 3, Since: Start})
	})
	for caller, want := range map[string][]int64{"": {one, two}, "school": {two}, "clinic": nil} {
		all, err := s.s.AllPermits(s.ctx, caller, 0, 10)
		s.must(err)
		if len(all) != len(want) || len(all) > 0 && all[0].ID != want[0] {
			s.Errorf("%q: %+v", caller, all)
		}
	}
	if all, err := s.s.AllPermits(s.ctx, "", 1, 1); err != nil || len(all) != 1 || all[0].ID != two {
		s.Errorf("%+v, %v", all, err)
	}
}

func usesInPages(s *suite) {
	if _, ok, err := s.s.FirstEntry(s.ctx); ok || err != nil {
		s.Errorf("an empty record begins: %v", err)
	}
	many := make([]person.ID, 100)
	for i := range many {
		many[i] = person.ID(i + 1)
	}
	for i := range 6 {
		act, err := audit.Begin("officer:test", "test", "p", "law", Start.Add(time.Duration(i)*time.Hour))
		s.must(err)
		s.must(s.s.Write(s.ctx, act, func(tx store.Tx) error {
			switch i % 3 {
			case 0:
				tx.About("few", 7, 8)
			case 1:
				tx.About("many", many...)
			default:
				tx.About("other", 8)
			}
			return nil
		}))
	}
	if at, ok, err := s.s.FirstEntry(s.ctx); !ok || err != nil || !at.Equal(Start) {
		s.Errorf("the record begins at %v: %v", at, err)
	}
	hour := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Hour) }
	for _, tt := range []struct {
		from, before  time.Time
		offset, limit int
		total         int
		first         uint64 // 0: none
		n             int
	}{
		{time.Time{}, time.Time{}, 0, 10, 4, 5, 4}, {time.Time{}, time.Time{}, 1, 2, 4, 4, 2}, {time.Time{}, time.Time{}, 4, 2, 4, 0, 0}, {time.Time{}, time.Time{}, 0, 0, 4, 0, 0},
		{hour(1), hour(4), 0, 10, 2, 4, 2}, {hour(5), time.Time{}, 0, 10, 0, 0, 0},
	} {
		page, total, err := s.s.UsesPage(s.ctx, 7, tt.from, tt.before, tt.offset, tt.limit)
		s.must(err)
		if total != tt.total || len(page) != tt.n || tt.n > 0 && page[0].Seq != tt.first {
			s.Errorf("%+v: %d of %d", tt, len(page), total)
		}
	}
}
