package omadata_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/store"
)

// signer is a key that can be away.
type signer struct {
	key  ed25519.PrivateKey
	away error
}

func newSigner() *signer {
	return &signer{key: ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))}
}

func (s *signer) signs(c *omadata.Config) {
	c.Receipts = omadata.Receipts{Address: "https://palvelu.example", Contacts: map[string]receipt.Contact{"0201256-6": {Address: "x", URL: "https://city.example"}},
		Key: func(context.Context) (ed25519.PrivateKey, error) { return s.key, s.away }}
}

func (s *signer) checks(t *testing.T, signed []byte) receipt.Checked {
	t.Helper()
	public, _ := s.key.Public().(ed25519.PublicKey)
	keys, err := receipt.NewKeys(public)
	if err != nil {
		t.Fatal(err)
	}
	x, err := receipt.Verify(signed, keys)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// theView is Anna's permission as she sees it.
func (c *city) theView() omadata.View {
	c.Helper()
	all, err := c.Permissions(c.ctx, anna)
	c.must(err)
	if len(all) != 1 {
		c.Fatalf("she has %d permissions", len(all))
	}
	return all[0]
}

func TestADecisionCountsAtOnceAlsoWhenItsReceiptCannotBeMade(t *testing.T) {
	s := newSigner()
	c := newCity(t, s.signs)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	s.away = fault.New(fault.Missing, "test", "the key is gone")
	id := c.permit(anna).ID
	effect, err := c.Withdraw(c.ctx, anna, id)
	c.must(err)
	if p := c.permit(anna); p.State != "withdrawn" || effect.Deleted != 1 || c.payloads() != 1 {
		t.Fatalf("it is %s, %d answers deleted, %d kept", p.State, effect.Deleted, c.payloads())
	}
	v := c.theView()
	n := len(v.Events)
	if last := v.Events[n-1]; last.Kind != permission.Withdraw || last.Receipt || !last.Later || !v.Events[n-2].Receipt || v.Events[n-2].Later || v.Events[0].Receipt {
		t.Fatalf("%+v", v.Events)
	}
	_, err = c.Receipt(c.ctx, anna, id, n)
	wants(t, err, fault.Missing)

	seq, told := c.last(), 0
	for range 5 { // within a moment it is tried, and told, once
		if _, err := c.Step(c.ctx); err != nil {
			told++
			wants(t, err, fault.Missing)
		}
	}
	if told != 1 {
		t.Errorf("that a receipt is owed was told %d times", told)
	}
	s.away = nil
	c.clock.add(time.Minute)
	c.work()
	c.has(seq, "system:omadata make a receipt that was owed")
	if last := c.theView().Events[n-1]; !last.Receipt || last.Later {
		t.Errorf("%+v", last)
	}
	signed, err := c.Receipt(c.ctx, anna, id, n)
	c.must(err)
	if x := s.checks(t, signed); x.Status != receipt.Withdrawn || !x.At.Equal(effect.At.Truncate(time.Second)) || !x.Made.After(x.At) || !strings.Contains(string(x.JSON), "The data that was fetched") {
		t.Errorf("the receipt says %s at %v, made %v", x.Status, x.At, x.Made)
	}
	seq = c.last()
	c.work()
	c.hasNot(seq, "system:omadata make a receipt that was owed")
}

func TestAReceiptThatIsOwedTellsOfItsOwnEventAlone(t *testing.T) {
	s := newSigner()
	s.away = errors.New("away")
	c := newCity(t, s.signs)
	c.must(c.Choose(c.ctx, anna, c.matter, omadata.NotNow)) // asked, refused
	c.clock.add(time.Hour)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	id := c.permit(anna).ID
	owed, err := c.db.OwedReceipts(c.ctx, 0, 10)
	if err != nil || len(owed) != 2 || owed[0].N != 2 || owed[1].N != 3 {
		t.Fatalf("%+v, %v", owed, err)
	}
	s.away = nil
	c.work()
	for n, want := range map[int]receipt.Status{2: receipt.Refused, 3: receipt.Given} {
		signed, err := c.Receipt(c.ctx, anna, id, n)
		c.must(err)
		if x := s.checks(t, signed); x.Status != want {
			t.Errorf("the receipt of event %d says %s", n, x.Status)
		}
	}
}

func TestWhoeverIsErasedIsOwedNoReceipt(t *testing.T) {
	s := newSigner()
	s.away = errors.New("away")
	c := newCity(t, s.signs)
	c.must(c.Choose(c.ctx, anna, c.matter, omadata.NotNow))
	c.writes("erase", func(tx store.Tx) error { _, err := tx.ErasePerson(anna); return err })
	s.away = nil
	if owed, err := c.db.OwedReceipts(c.ctx, 0, 10); err != nil || len(owed) != 0 {
		t.Errorf("%d receipts are owed, %v", len(owed), err)
	}
	c.work()
}
