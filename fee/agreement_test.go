package fee_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
)

func TestTheAgreementOffersThreeWaysOfEqualWeightAndNeedsOnesOwnPermission(t *testing.T) {
	a := pack(t).Agreement()
	if a.IsZero() || !a.Needs(permission.OwnPermission) || a.Signers() != permission.Self || len(a.Spec().Recipients) != 0 {
		t.Fatalf("the agreement is %+v", a.Spec())
	}
	var ids []string
	for _, w := range a.Spec().Ways {
		ids = append(ids, w.ID)
	}
	if strings.Join(ids, " ") != "permit documents highest-fee" {
		t.Errorf("the ways are %v", ids)
	}
	// Equal weight: in no language is one way told at more than twice the length of another.
	for _, l := range person.Languages() {
		least, most := 1<<30, 0
		for _, w := range a.Spec().Ways {
			n := len([]rune(w.Then[l]))
			least, most = min(least, n), max(most, n)
		}
		if most > 2*least {
			t.Errorf("in %s the ways are told in %d to %d characters", l, least, most)
		}
	}
	if !a.Covers([]permission.Field{"incomes.month", "incomes.kind", "incomes.cents"}) || len(a.Fields()) != 3 {
		t.Errorf("the fields are %v", a.Fields())
	}
}

func TestANewVersionOfTheAgreementStandsAfterTheOldOne(t *testing.T) {
	fsys := spoiled(t, "agreement.yaml", "version: 1", "version: 1")
	file := packName + "/agreement.yaml"
	text := string(fsys[file].Data)
	_, one, _ := strings.Cut(text, "agreements:\n")
	two := strings.NewReplacer("version: 1", "version: 2", "from: 2026-08-01", "from: 2027-01-01").Replace(one)
	fsys[file] = &fstest.MapFile{Data: []byte("agreements:\n" + one + two)}
	p, err := fee.Load(fsys, packName)
	if err != nil {
		t.Fatal(err)
	}
	if all := p.Agreements(); len(all) != 2 || p.Agreement().Version() != 2 || all[0].Hash() != pack(t).Agreement().Hash() || all[0].Hash() == all[1].Hash() {
		t.Errorf("the versions are %v", len(all))
	}
	fsys[file] = &fstest.MapFile{Data: []byte("agreements:\n" + one + strings.Replace(one, "version: 1", "version: 2", 1))}
	if _, err := fee.Load(fsys, packName); err == nil || !strings.Contains(err.Error(), "version 2 does not begin after") {
		t.Errorf("a version that begins with the old one: %v", err)
	}
}
