package omadata

import (
	"cmp"
	"context"
	"slices"

	"ennakko/permission"
	"ennakko/store"
)

// dueAgain looks, when a register came in, at permissions that stand and for which no
// source is to be asked: whoever was waited for may have left the household.
func (s *Service) dueAgain(ctx context.Context) (did bool, err error) {
	for after := int64(0); ; {
		rows, err := s.c.DB.PermitsAfter(ctx, permission.Standing.String(), after, stepBatch)
		if err != nil || len(rows) == 0 {
			return did, err
		}
		after = rows[len(rows)-1].ID
		var matters []store.Matter
		for _, row := range rows {
			if !row.Due.IsZero() {
				continue
			}
			n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
			if err != nil {
				return did, err
			}
			m, err := s.c.DB.Matter(ctx, n)
			if err != nil {
				return did, err
			}
			if !slices.ContainsFunc(matters, func(x store.Matter) bool { return x.ID == n }) {
				matters = append(matters, m)
			}
		}
		n, err := s.dueIn(ctx, matters)
		if did = did || n; err != nil {
			return did, err
		}
	}
}

// dueIn sets when sources are to be asked in those of some matters in which all have
// permitted it.
func (s *Service) dueIn(ctx context.Context, matters []store.Matter) (did bool, err error) {
	if len(matters) == 0 {
		return false, nil
	}
	a, err := s.Agreement()
	if err != nil {
		return false, err
	}
	families, err := s.families(ctx, reading{verb: "look whether anybody is still waited for"}, matters)
	if err != nil {
		return false, err
	}
	for _, f := range families {
		err := s.writeAct(ctx, 0, "let a source be asked again", a, func(tx store.Tx) error {
			if err := unmoved(tx, f); err != nil {
				return err
			}
			all, err := tx.Standing(a.Purpose(), nil, f.matter.Child, s.now(), 0, mostInMatter)
			if err != nil {
				return err
			}
			if ready, err := s.ready(ctx, tx, f, all); err != nil || !ready {
				return cmp.Or(err, store.ErrNothing)
			}
			did = true
			tx.About(matterName(f.matter.ID), append(slices.Clone(f.adults), f.matter.Child)...)
			return s.due(ctx, tx, a, f)
		})
		if err != nil {
			return did, err
		}
	}
	return did, nil
}
