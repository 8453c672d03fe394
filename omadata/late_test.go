package omadata_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/store"
)

// steps takes n steps without the clock moving, as a worker does within seconds.
func (c *city) steps(s *omadata.Service, n int) {
	c.Helper()
	for range n {
		_, _ = s.Step(c.ctx) // what cannot be done is told each time
	}
}

// reads counts the readings of the registers after an entry.
func (c *city) reads(after uint64) (n int) {
	c.Helper()
	for _, e := range c.entries(after) {
		if strings.HasPrefix(e.Verb, "read the family") || strings.HasPrefix(e.Verb, "look whether permissions") {
			n++
		}
	}
	return n
}

func TestWorkThatCannotBeDoneDoesNotReadTheFamilyAgainAndAgain(t *testing.T) {
	for name, prepare := range map[string]func(c *city){
		"a grown-up has no identity code": func(c *city) {
			c.world.set(anna, register.Code)
			c.registersCame()
			c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
			c.must(c.Choose(c.ctx, antti, c.matter, permission.WayPermit))
		},
		"a third grown-up has come to the household": func(c *city) {
			c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
			c.must(c.Choose(c.ctx, antti, c.matter, permission.WayPermit))
			c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, true), guardian(pekka, true))
			c.registersCame()
			_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
			c.must(err)
		},
		"no fee can be worked out": func(c *city) {
			c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, true), guardian(pekka, true))
			c.registersCame()
			_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
			c.must(err)
			for _, who := range []person.ID{anna, antti, pekka} {
				c.must(c.Choose(c.ctx, who, c.matter, permission.WayPermit))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			prepare(c)
			c.clock.add(time.Second)
			c.steps(c.Service, 12) // what can be done is done
			seq := c.last()
			c.steps(c.Service, 30)
			if n := c.reads(seq); n > 0 {
				t.Errorf("30 steps within a moment read the family %d times", n)
			}
			c.clock.add(24 * time.Hour)
			c.steps(c.Service, 3)
			if c.reads(seq) == 0 {
				t.Error("it is never tried again")
			}
		})
	}
}

func TestNobodyIsReadWhileAnotherProcessAsksTheSource(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	other := c.another()
	n := 0
	c.source.do = func(context.Context, incomes.Request) error {
		if n > 0 {
			return nil
		}
		n++
		c.steps(other, 3) // the second grown-up's is asked there
		seq := c.last()
		c.steps(other, 20)
		n += c.reads(seq)
		return nil
	}
	c.work()
	if n != 1 {
		t.Errorf("while the source was asked, another process read the family %d times", n-1)
	}
	if m := c.see(anna); m.Stage != omadata.Proposed {
		t.Errorf("%s", m.Stage)
	}
}

func TestWhatIsStuckDoesNotHoldUpOthers(t *testing.T) {
	c := newCity(t)
	const stuck = 55
	for i := range person.ID(stuck) {
		child, grown := 100+2*i, 101+2*i
		c.world.born(c, child, "Lapsi", start.AddDate(-3, 0, -int(i)), "e"+string(rune('A'+i)))
		c.world.born(c, grown, "Aikuinen", start.AddDate(-30, 0, -int(i)), "e"+string(rune('A'+i)))
		c.world.set(child, register.GuardianOf, guardian(grown, true))
		c.world.set(grown, register.Code)
		c.world.inCare(child)
	}
	c.registersCame()
	_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
	c.must(err)
	for i := range person.ID(stuck) {
		n, err := c.db.MatterOf(c.ctx, omadata.Purpose, 100+2*i)
		c.must(err)
		c.must(c.Choose(c.ctx, 101+2*i, n, permission.WayPermit))
	}
	c.clock.add(time.Second)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	c.must(c.Choose(c.ctx, antti, c.matter, permission.WayPermit))
	for range 10 {
		c.clock.add(time.Second)
		c.steps(c.Service, 1)
	}
	if m := c.see(anna); m.Stage != omadata.Proposed {
		t.Errorf("behind %d that are stuck it is %s", stuck, m.Stage)
	}
}

func TestWhatWasAskedBeforeAWithdrawalIsNotKeptUnderALaterPermission(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	other, first := c.another(), true
	c.source.do = func(_ context.Context, r incomes.Request) error {
		if !first || r.Person.Reveal() != c.world.code(t, anna).Reveal() {
			return nil
		}
		first = false
		_, err := other.Withdraw(c.ctx, anna, r.Permission)
		c.must(err)
		c.clock.add(time.Second)
		c.must(other.Choose(c.ctx, anna, c.matter, permission.WayPermit))
		return nil
	}
	c.work()
	hs, err := c.db.Handovers(c.ctx, c.permit(anna).ID)
	c.must(err)
	if len(hs) != 2 || hs[1].State != store.HandoverDropped || hs[0].State != store.HandoverGot {
		t.Fatalf("what was asked first is to be thrown away, and asked anew: %+v", hs)
	}
	if m := c.see(anna); m.Stage != omadata.Proposed {
		t.Errorf("%s", m.Stage)
	}
}

func TestAWithdrawalBetweenTheEntryAndTheWireAsksNoSource(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	id := c.permit(anna).ID
	omadata.Writing(c.Service, func(write omadata.Write) omadata.Write {
		return func(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
			err := write(ctx, act, do)
			if hs, _ := c.db.Handovers(c.ctx, id); err == nil && act.Verb() == "ask incomes-register" && len(hs) == 1 {
				_, err = c.Withdraw(c.ctx, anna, id)
			}
			return err
		}
	})
	c.work()
	hs, err := c.db.Handovers(c.ctx, id)
	c.must(err)
	if len(hs) != 1 || hs[0].State != store.HandoverFailed {
		t.Fatalf("%+v", hs)
	}
	for _, r := range c.source.asked {
		if r.Permission == id {
			t.Error("the source was asked after the permission was taken back")
		}
	}
}

func TestASettingThatChangedATextStandsInTheWayOfNoWithdrawal(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	pack, err := feePack()
	c.must(err)
	spec := pack.Agreement().Spec()
	spec.Title[person.Finnish] += "!" // and the version was forgotten
	changed, err := permission.NewAgreement(spec)
	c.must(err)
	s := c.another(func(o *omadata.Config) { o.Agreements = []permission.Agreement{changed} })
	wants(t, s.Choose(c.ctx, anna, c.matter, omadata.Highest), fault.Conflict)
	if _, err := s.Withdraw(c.ctx, anna, c.permit(anna).ID); err != nil || c.permit(anna).State != "withdrawn" {
		t.Errorf("it is %s: %v", c.permit(anna).State, err)
	}
}

// The registers know of a grown-up who has come to the household; the matter was not
// brought up to date yet. The fee of two of three would be wrong.
func TestAGrownUpWhoHasJustComeToTheHouseholdIsNotLeftOut(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, true), guardian(pekka, true))
	c.registersCame()
	seq := c.last()
	c.choose(antti, permission.WayPermit)
	m := c.see(anna)
	if m.Fee != nil || c.source.times() != 0 || m.Stage != omadata.WithPartner || len(m.Partners) != 2 || m.Partners[1] != (omadata.Partner{Name: "Pekka"}) {
		t.Errorf("%s, %+v, the source was asked %d times", m.Stage, m.Partners, c.source.times())
	}
	for _, e := range c.entries(seq) {
		if e.Verb == "look at own matter" && e.Seq == c.last() && !e.People.Contains(uint32(pekka)) {
			t.Error("the entry does not say that the third was read")
		}
	}
	c.world.set(pekka, register.DeathDate, register.Fact{Value: c.clock.Now().AddDate(0, 0, -1).Truncate(24 * time.Hour)})
	c.registersCame()
	c.clock.add(time.Hour)
	c.work()
	if m := c.see(anna); m.Stage != omadata.Fetching && m.Stage != omadata.Proposed {
		t.Errorf("without the third it is %s", m.Stage)
	}
}

// Whoever was waited for has left the household: the income of those who are left is
// fetched without anybody having to choose again.
func TestWhoWaitedForSomebodyWhoHasLeftIsNotForgotten(t *testing.T) {
	for name, permitted := range map[string][]person.ID{"the other had not chosen": {anna}, "the other had permitted": {antti, anna}, "in the other order": {anna, antti}} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			for _, who := range permitted {
				c.choose(who, permission.WayPermit)
			}
			before := c.source.times()
			c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, false))
			c.registersCame()
			c.clock.add(31 * 24 * time.Hour)
			c.work()
			m := c.see(anna)
			if m.Stage != omadata.Proposed || m.Fee == nil || m.Fee.Working.Adults != 1 || c.source.times() != before+1 {
				t.Errorf("%s, %+v, the source was asked %d times", m.Stage, m.Fee, c.source.times()-before)
			}
		})
	}
}
