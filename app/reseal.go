package app

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/tables"
	"ennakko/store/vault"
)

// sealedAtOnce is how many rows are sealed anew in one write: few enough that
// others hardly notice.
const sealedAtOnce = 500

// The law and purpose under which values are sealed anew. Nobody reads them.
const (
	sealingPurpose = "keeping what is sealed safe"
	sealingBasis   = "GDPR 32(1)(a)"
)

// Reseal seals anew what is sealed with older keys, with the key that seals now,
// beside whatever runs. From its beginning on a process that knows no newer key
// may not seal any more. It may be cut off at any moment and be called again. It
// returns how many rows it sealed anew, by table.
func (a *App) Reseal(ctx context.Context, officer string, progress func(table string, done, total int)) (map[string]int, error) {
	const op = "app.Reseal"
	unlock, err := a.lock("resealing.lock", "another process is sealing anew")
	if err != nil {
		return nil, err
	}
	defer unlock()
	act, err := audit.Begin(officer, "put older keys out of use", sealingPurpose, sealingBasis, a.Now())
	if err != nil {
		return nil, err
	}
	if err := a.DB.Write(ctx, act, func(tx store.Tx) error {
		older, err := tx.OutOfUse()
		if err == nil && len(older) == 0 {
			return store.ErrNothing
		}
		tx.Detail("%d keys", len(older))
		return err
	}); err != nil {
		return nil, err
	}
	left, err := a.DB.SealedWithOthers(ctx)
	if err != nil {
		return nil, err
	}
	done := map[string]int{}
	for _, table := range tables.SealedTables() {
		var after store.SealedKey
		for left[table] > 0 {
			if err := ctx.Err(); err != nil {
				return done, fault.New(fault.Later, op, "it was stopped").Because(err).Do("give the same command again: it goes on where it was")
			}
			progress(table, done[table], left[table])
			n, last, err := a.resealSome(ctx, officer, table, after)
			if err != nil {
				return done, err
			}
			if done[table], after = done[table]+n, last; n < sealedAtOnce {
				break
			}
		}
	}
	return done, nil
}

// resealSome seals some rows of a table anew, and lets others write for as long
// as that took.
func (a *App) resealSome(ctx context.Context, officer, table string, after store.SealedKey) (n int, last store.SealedKey, err error) {
	act, err := audit.Begin(officer, "seal anew", sealingPurpose, sealingBasis, a.Now())
	if err != nil {
		return 0, nil, err
	}
	begun := time.Now()
	err = a.DB.Write(ctx, act, func(tx store.Tx) error {
		if n, last, err = tx.Reseal(table, after, sealedAtOnce); err != nil {
			return err
		}
		if n == 0 {
			return store.ErrNothing
		}
		tx.About("table " + table)
		tx.Detail("%d rows", n)
		return nil
	})
	if err == nil {
		sleep(ctx, nil, time.Since(begun))
	}
	return n, last, err
}

// RetireKeys takes the keys away that nothing is sealed with any more. It is
// refused while anything is, or could still come to be.
func (a *App) RetireKeys(ctx context.Context, officer string) ([]vault.Key, error) {
	const op = "app.RetireKeys"
	unlock, err := a.lock("resealing.lock", "another process is sealing anew")
	if err != nil {
		return nil, err
	}
	defer unlock()
	ids := a.vault.Older()
	if len(ids) == 0 {
		return nil, fault.New(fault.Conflict, op, "there is no key from before the one that seals").Do("see ennakko keys list")
	}
	act, err := audit.Begin(officer, "take keys away", sealingPurpose, sealingBasis, a.Now())
	if err != nil {
		return nil, err
	}
	// First the keys are out of use, then it is counted: nothing can come between.
	if err := a.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.Detail("%d keys", len(ids))
		if _, err := tx.OutOfUse(); err != nil {
			return err
		}
		for _, table := range tables.SealedTables() {
			n, err := tx.SealedWithOthers(table)
			if err != nil {
				return err
			}
			if n > 0 {
				return fault.New(fault.Refused, op, "in the table %s, %d rows or more are still sealed with another key", table, n).Do("seal them anew first: ennakko keys reseal")
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return vault.RetireKeys(a.path("keys"), ids)
}
