package omadata

import (
	"context"
	"errors"
	"time"

	"ennakko/permission"
	"ennakko/store"
)

// endByCause holds all that is asked and given against the registers when a new
// one has come in: matters are opened and brought up to date, what has lost its cause
// is ended, and where the family is another the fee is worked out anew. Of several
// processes one does it; if it is killed, another does it again.
func (s *Service) endByCause(ctx context.Context) (did bool, err error) {
	number, err := s.c.DB.NewestRegister(ctx)
	if err != nil {
		return false, err
	}
	s.rests.came(number)
	s.mu.Lock()
	swept := s.swept
	s.mu.Unlock()
	if number == swept || s.rests.has(sweep, s.now()) {
		return false, nil
	}
	if mine, err := s.claimSweep(ctx, number); err != nil || !mine {
		return false, err
	}
	did, err = s.sweepAll(ctx)
	if errors.Is(err, errMoved) {
		return true, nil // a register came in meanwhile: it begins anew
	}
	if err != nil && ctx.Err() == nil {
		s.rests.begin(sweep, s.now())
	}
	return did, errors.Join(err, s.endSweep(context.WithoutCancel(ctx), number, err == nil))
}

// sweep is the name of the look at all permissions.
const sweep = "sweep"

// sweepTime is how long a process may take to hold all permissions against a register
// before another does it.
const sweepTime = 10 * time.Minute

// claimSweep lets one of several processes do it.
func (s *Service) claimSweep(ctx context.Context, number int64) (mine bool, err error) {
	act, err := s.upkeep("hold permissions against a register")
	if err != nil {
		return false, err
	}
	done := false
	err = s.write(ctx, act, func(tx store.Tx) error {
		if mine, done, err = tx.ClaimSweep(number, s.now().Add(sweepTime)); err == nil && !mine {
			err = store.ErrNothing
		}
		tx.Detail("register %d", number)
		return err
	})
	if done {
		s.sweptTo(number)
	}
	return mine, err
}

// endSweep says that it was done, or that somebody is to do it again.
func (s *Service) endSweep(ctx context.Context, number int64, whole bool) error {
	act, err := s.upkeep("have held permissions against a register")
	if err != nil {
		return err
	}
	if err := s.write(ctx, act, func(tx store.Tx) error {
		if !whole {
			tx.Detail("register %d, not to the end", number)
			return tx.EndSweep(number - 1)
		}
		tx.Detail("register %d", number)
		return tx.EndSweep(number)
	}); err != nil {
		return err
	}
	if whole {
		s.sweptTo(number)
	}
	return nil
}

func (s *Service) sweptTo(number int64) {
	s.mu.Lock()
	s.swept = number
	s.mu.Unlock()
}

// sweepAll holds all that is asked and given against the registers. What
// cannot be looked at is told, and looked at again later.
func (s *Service) sweepAll(ctx context.Context) (did bool, err error) {
	if err := s.offerAgain(ctx); err != nil {
		return false, err
	}
	var errs []error
	for _, state := range []permission.State{permission.Asked, permission.Partly, permission.Standing} {
		for after := int64(0); ; {
			rows, err := s.c.DB.PermitsAfter(ctx, state.String(), after, stepBatch)
			if err != nil {
				return did, err
			}
			if len(rows) == 0 {
				break
			}
			after = rows[len(rows)-1].ID
			n, err := s.endSome(ctx, rows)
			did = did || n
			if errors.Is(err, errMoved) {
				return true, errMoved
			}
			if errs = append(errs, err); ctx.Err() != nil {
				return did, errors.Join(errs...)
			}
		}
	}
	for _, do := range []func(context.Context) (bool, error){s.dueAgain, s.otherFamilies} {
		again, err := do(ctx)
		if did = did || again; errors.Is(err, errMoved) {
			return true, errMoved
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return did, errors.Join(errs...)
}
