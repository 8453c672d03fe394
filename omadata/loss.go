package omadata

import (
	"context"
	"time"

	"ennakko/permission"
	"ennakko/store"
	"ennakko/store/tables"
)

// EndAfterLoss ends all that was asked and given, when records were brought back
// from a backup: nobody knows who took what back in the time that is lost. People
// are asked anew. What was fetched goes. It returns how many were ended.
func EndAfterLoss(ctx context.Context, db *tables.DB, now func() time.Time) (n int, err error) {
	s := &Service{c: Config{DB: db, Now: now}, write: db.Write, texts: map[textID]permission.Agreement{}, calls: map[*int64]context.CancelFunc{}}
	for _, state := range []permission.State{permission.Asked, permission.Partly, permission.Standing} {
		for after := int64(0); ; {
			rows, err := db.PermitsAfter(ctx, state.String(), after, stepBatch)
			if err != nil {
				return n, err
			}
			if len(rows) == 0 {
				break
			}
			after = rows[len(rows)-1].ID
			for _, row := range rows {
				if err := s.endLost(ctx, row); err != nil {
					return n, err
				}
				n++
			}
		}
	}
	return n, nil
}

func (s *Service) endLost(ctx context.Context, row store.Permit) error {
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return err
	}
	_, err = s.endWith(ctx, "end a permission, for records were lost", row.ID, a, func(store.Tx, permission.Permission) (permission.Event, bool, error) {
		return permission.Step(permission.End, a, 0, s.now()).For(permission.CauseAgreement), true, nil
	})
	return err
}
