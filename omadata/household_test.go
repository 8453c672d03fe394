package omadata_test

import (
	"testing"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// partner is the spouse of a parent, and no parent of the child.
func partner(id person.ID) register.Fact {
	return register.Fact{From: start.AddDate(-1, 0, 0), Value: id, Qualifier: register.GuardianTerms(person.NoCustody, person.Partner, true)}
}

// With a stepfamily Anna and Pekka live with Aino; her father Antti lives elsewhere.
func stepFamily(t *testing.T) *city {
	t.Helper()
	c := newCity(t)
	c.world.set(pekka, register.Dwelling, register.Fact{Value: "d1"})
	c.world.set(antti, register.Dwelling, register.Fact{Value: "d7"})
	for _, child := range []person.ID{aino, oskar} {
		c.world.set(child, register.GuardianOf, guardian(anna, true), guardian(antti, false), partner(pekka))
	}
	c.pay(pekka, 2000_00)
	c.registersCame()
	_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
	c.must(err)
	return c
}

func TestASpouseWhoIsNoGuardianCountsAndIsAskedAboutTheirOwnIncome(t *testing.T) {
	c := stepFamily(t)
	c.choose(anna, permission.WayPermit)
	m := c.see(anna)
	if m.Stage != omadata.WithPartner || len(m.Partners) != 1 || m.Partners[0].Name != "Pekka" || c.source.times() != 0 {
		t.Fatalf("Anna alone has permitted: %s, %+v, the source was asked %d times", m.Stage, m.Partners, c.source.times())
	}
	if m = c.see(pekka); m.Stage != omadata.Offered || !m.Household || len(m.Income) != 0 {
		t.Fatalf("Pekka sees %s, household %t", m.Stage, m.Household)
	}
	wants(t, c.Choose(c.ctx, antti, c.matter, permission.WayPermit), fault.Missing) // he lives elsewhere
	c.choose(pekka, permission.WayPermit)
	m = c.see(anna)
	if m.Stage != omadata.Proposed || m.Fee.Working.Fee.Size != 4 || m.Fee.Working.Adults != 2 || len(m.Fee.Working.Grounds) != 2 || m.Household {
		t.Fatalf("%s, %+v", m.Stage, m.Fee)
	}
	theirs := c.see(pekka)
	if len(theirs.Income) != 12 || theirs.Income[0].Cents != 2000_00 || len(m.Income) != 12 || m.Income[0].Cents != 3000_00 {
		t.Error("each does not see their own income alone")
	}
	wants(t, c.Answer(c.ctx, pekka, c.matter, true, ""), fault.Refused)
	wants(t, c.SetHours(c.ctx, pekka, c.matter, 30*100), fault.Refused)
	c.must(c.Answer(c.ctx, anna, c.matter, true, ""))
}

func TestASpouseWhoMovesOutIsInTheFamilyNoMore(t *testing.T) {
	c := stepFamily(t)
	c.choose(anna, permission.WayPermit)
	c.choose(pekka, permission.WayPermit)
	c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, false))
	c.registersCame()
	c.work()
	if p := c.permit(pekka); p.State != "ended" {
		t.Errorf("Pekka's permission is %s", p.State)
	}
	_, err := c.Matter(c.ctx, pekka, c.matter)
	wants(t, err, fault.Missing)
	if c.payloads() != 1 {
		t.Errorf("%d answers of sources are kept", c.payloads())
	}
}
