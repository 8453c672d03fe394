package fee_test

import (
	"testing"

	"ennakko/fee"
	"ennakko/packs"
)

const packName = "early-education-fee"

func pack(t testing.TB) *fee.Pack {
	t.Helper()
	p, err := fee.Load(packs.FS, packName)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePackHoldsAndItsFamiliesGetTheirFees(t *testing.T) {
	p := pack(t)
	if err := p.Test(); err != nil {
		t.Fatal(err)
	}
	if p.Cases() < 200 {
		t.Errorf("only %d made-up families", p.Cases())
	}
}
