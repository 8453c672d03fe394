package omadata

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
	"ennakko/store"
)

// Receipts is what receipts are made with. The zero value makes none.
type Receipts struct {
	Key      SigningKey                 // signs; nil: no receipts are made
	Contacts map[string]receipt.Contact // by business id: how to reach who uses the data
	Address  string                     // of the city's pages: https://palvelu.city.example
}

// SigningKey gives the key that signs receipts. It is asked for each time, and may be
// away for a while: a receipt that cannot be made then is made later.
type SigningKey func(ctx context.Context) (ed25519.PrivateKey, error)

// receiptOf makes the signed receipt of event n, from 1, of a permission. A is the
// agreement of that event. People stand in the receipt under names that are different
// for each permission.
func (s *Service) receiptOf(ctx context.Context, p permission.Permission, n int, a permission.Agreement, gone store.Deleted) ([]byte, error) {
	key, err := s.c.Receipts.Key(ctx)
	if err != nil {
		return nil, err
	}
	name := func(parts ...any) (string, error) {
		b, err := s.c.DB.Hash("receipt", fmt.Sprint(parts...))
		if err != nil || len(b) < 16 {
			return "", fault.Wrap(err, "omadata.receipt", "a name for the receipt cannot be made")
		}
		x := hex.EncodeToString(b[:16])
		return x[:8] + "-" + x[8:12] + "-4" + x[13:16] + "-a" + x[17:20] + "-" + x[20:], nil
	}
	record, err := name("permission ", p.ID())
	if err != nil {
		return nil, err
	}
	id, err := name("permission ", p.ID(), " event ", n)
	if err != nil {
		return nil, err
	}
	var failed error
	r, err := receipt.Make(receipt.Record{ID: id, RecordID: record, Made: s.now(), Permission: p, Event: n - 1,
		Agreement: func(version int) (permission.Agreement, error) { return s.text(ctx, p.Purpose(), version) },
		Name: func(who person.ID) string {
			x, err := name("permission ", p.ID(), " person ", who)
			if err != nil {
				failed = err
			}
			return x
		},
		Contacts: s.c.Receipts.Contacts, Countries: []string{"FI"}, Notice: s.c.Receipts.Address + "/", Withdraw: fmt.Sprintf("%s/my/permissions/%d", s.c.Receipts.Address, p.ID()),
		Rights: s.c.Receipts.Address + "/", Effects: receiptEffects(a, gone)})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	signed, err := r.Sign(key)
	return []byte(signed), err
}

// tryReceipts is how long after a failure receipts that are owed are tried again.
const tryReceipts = time.Minute

// owed makes a receipt that could not be made when its event was kept.
func (s *Service) owed(ctx context.Context) (did bool, err error) {
	s.mu.Lock()
	wait := s.now().Before(s.receiptsAt)
	s.mu.Unlock()
	if s.c.Receipts.Key == nil || wait {
		return false, nil
	}
	all, err := s.c.DB.OwedReceipts(ctx, 0, stepBatch)
	var errs []error
	for _, o := range all {
		did, err := s.makeOwed(ctx, o)
		if did {
			return true, errors.Join(errs...)
		}
		errs = append(errs, err)
	}
	if err = errors.Join(append(errs, err)...); err != nil {
		s.mu.Lock()
		s.receiptsAt = s.now().Add(tryReceipts)
		s.mu.Unlock()
	}
	return false, err
}

// makeOwed makes one; did is false when another process has made it.
func (s *Service) makeOwed(ctx context.Context, o store.OwedReceipt) (did bool, err error) {
	act, err := s.upkeep("make a receipt that was owed")
	if err != nil {
		return false, err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		row, err := tx.PermitOf(o.Permission)
		if err != nil {
			return err
		}
		p, err := s.restore(ctx, tx, row)
		if err != nil {
			return err
		}
		if o.N > len(p.Events()) {
			return fault.New(fault.Tampered, "omadata.owed", "a receipt is owed of an event that is not there")
		}
		a, err := s.text(ctx, row.Purpose, p.Events()[o.N-1].Version)
		if err != nil {
			return err
		}
		signed, err := s.receiptOf(ctx, p, o.N, a, o.Gone)
		if err != nil {
			return err
		}
		if did, err = tx.KeepReceipt(o.Permission, o.N, signed); err == nil && !did {
			err = store.ErrNothing
		}
		tx.About(permissionName(row.ID), row.Subject)
		tx.Detail("of event %d", o.N)
		return err
	})
	return did && err == nil, err
}

// fetchedWords and proposalWords say what a withdrawal deletes.
var (
	fetchedWords  = permission.Texts{person.Finnish: "Haetut tiedot", person.Swedish: "De hämtade uppgifterna", person.English: "The data that was fetched"}
	proposalWords = permission.Texts{person.Finnish: "Ehdotus, josta ei ole päätetty", person.Swedish: "Förslag som inte har beslutats", person.English: "A proposal that was not decided"}
)

func receiptEffects(a permission.Agreement, gone store.Deleted) (out []receipt.Effect) {
	if gone.Handovers > 0 {
		out = append(out, receipt.Effect{What: fetchedWords, Deleted: true})
	}
	if gone.Proposals > 0 {
		out = append(out, receipt.Effect{What: proposalWords, Deleted: true})
	}
	if law := a.Spec().KeepLaw; gone.Kept > 0 && law != "" {
		out = append(out, receipt.Effect{What: decisionWords, Law: law})
	}
	return out
}
