package omadata

import (
	"context"
	"slices"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/person"
	"ennakko/store"
)

// Bounds of the hours of care a week that a family may want; by the quarter of an hour.
const (
	LeastHours fee.Hours = 1 * 100
	MostHours  fee.Hours = 100 * 100 // care around the clock
)

// hoursIn are the hours of care of a child: as its family wants them, or as is usual.
func (s *Service) hoursIn(tx store.Tx, child person.ID) (fee.Hours, error) {
	h, ok, err := tx.HoursOf(Purpose, child)
	if err != nil || !ok {
		return s.c.Hours, err
	}
	return fee.Hours(h), nil
}

// HourShares are the shares of the fee by hours that hold now, and how many hours of
// pre-primary education are free.
func (s *Service) HourShares() (fee.HourShares, fee.Hours) { return s.c.Fees.HourShares(s.now()) }

// SetHours notes how many hours of care a week a grown-up of the household wants for
// the child, and works the fee out anew: the child's, and those of its brothers and
// sisters. Hours that cannot be are Invalid.
func (s *Service) SetHours(ctx context.Context, who person.ID, n store.MatterID, hours fee.Hours) error {
	if hours < LeastHours || hours > MostHours || hours%25 != 0 {
		return fault.New(fault.Invalid, "omadata.SetHours", "the hours cannot be").Do("write hours a week from %d to %d, by the quarter of an hour", LeastHours/100, MostHours/100)
	}
	var home []person.ID
	err := s.inMatter(ctx, who, n, "set hours of care", func(tx store.Tx, f *family) error {
		if f.partners[who] {
			return onlyGuardians("omadata.SetHours")
		}
		home = f.home
		before, ok, err := tx.HoursOf(Purpose, f.matter.Child)
		if err == nil && ok && before == int(hours) {
			err = store.ErrNothing
		}
		if err != nil {
			return err
		}
		return tx.SetHours(n, int(hours), who, s.now())
	})
	if err != nil {
		return err
	}
	for _, child := range home {
		id, err := s.c.DB.MatterOf(ctx, Purpose, child)
		if fault.KindOf(err) == fault.Missing && err != nil {
			continue
		}
		if err == nil {
			err = s.propose(ctx, id)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hours fills in the hours of care of the place, and who said so.
func (s *Service) hours(ctx context.Context, f *family, out *Place) error {
	h, ok, err := s.c.DB.HoursOf(ctx, Purpose, f.matter.Child)
	out.Hours, out.Said = int(s.c.Hours), ok
	if ok {
		out.Hours = h
	}
	out.PrePrimary = f.care[f.matter.Child].prePrimary
	return err
}

// ready reports whether a source may be asked for those whose permission stands in
// a matter: all others of the household send documents. Before that nothing that is
// fetched could be used.
func (s *Service) ready(ctx context.Context, tx store.Tx, f *family, standing []store.Permit) (bool, error) {
	for _, id := range f.adults {
		if slices.ContainsFunc(standing, func(p store.Permit) bool { return p.Subject == id }) {
			continue
		}
		if way, err := s.wayOf(ctx, tx, f, id); err != nil || way != Documents {
			return false, err
		}
	}
	return len(f.adults) > 0, nil
}
