package omadata_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// decided is a city in which Aino's family has accepted its fee.
func decided(t *testing.T) *city {
	t.Helper()
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	c.must(c.Answer(c.ctx, anna, c.matter, true, ""))
	c.work()
	return c
}

// newSister is a child who came into the family, by the next register.
const newSister person.ID = 6

func (c *city) sisterIsBorn() {
	c.Helper()
	c.world.born(c, newSister, "Siiri", c.clock.Now().AddDate(0, -1, 0), "d1")
	c.world.set(newSister, register.GuardianOf, guardian(anna, true), guardian(antti, true))
	c.registersCame()
}

func TestWhenTheFamilyIsAnotherTheFeeIsProposedAnewByItself(t *testing.T) {
	c := decided(t)
	asked := c.source.times()
	c.registersCame() // and nothing is new in it
	before := c.last()
	c.work()
	c.has(before, "system:omadata find children whose fee could be lower")
	c.hasNot(before, "system:omadata let a fee be worked out anew")
	c.hasNot(before, "system:omadata propose a fee")
	before = c.last()
	c.sisterIsBorn()
	c.work()
	c.has(before, "system:omadata find children whose fee could be lower", "system:omadata let a fee be worked out anew", "system:omadata propose a fee")
	// Five people: their income of 6,825 is below the limit, so there is no fee.
	m := c.see(anna)
	if m.Stage != omadata.Anew || m.Was == nil || m.Was.Working.Fee.Euros != 46 || m.Fee.Working.Fee.Euros != 0 || c.source.times() != asked {
		t.Fatalf("a sister was born: %s, %+v, the source was asked %d times more", m.Stage, m.Fee, c.source.times()-asked)
	}
	before = c.last()
	c.work()
	if did, err := c.another().Step(c.ctx); did || err != nil {
		t.Errorf("another process finds something to do: %v, %v", did, err)
	}
	for _, e := range c.since(before) {
		t.Errorf("it was done again: %s", e)
	}
}

func TestABrotherWhoComesIntoEarlyEducationChangesTheFeeOfHisSister(t *testing.T) {
	c := decided(t)
	c.world.set(oskar, register.BirthDate, register.Fact{Value: start.AddDate(-3, 0, 0)}) // the younger one now
	c.world.inCare(oskar)
	c.registersCame()
	c.work()
	if m := c.see(anna); m.Stage != omadata.Anew || m.Fee.Working.Fee.Euros == 46 {
		t.Errorf("the youngest pays the whole, and Aino a part: %s, %+v", m.Stage, m.Fee)
	}
	if n, err := c.db.MatterOf(c.ctx, omadata.Purpose, oskar); err != nil || n == 0 {
		t.Errorf("his own matter was not opened: %d, %v", n, err)
	}
}

func TestBeforeAnOfficerBeganNoMatterIsOpenedByItself(t *testing.T) {
	c := emptyCity(t)
	c.world.born(c, aino, "Aino", start.AddDate(-4, 0, 0), "d1")
	c.world.born(c, anna, "Anna", start.AddDate(-34, 0, 0), "d1")
	c.world.set(aino, register.GuardianOf, guardian(anna, true))
	c.world.inCare(aino)
	c.registersCame()
	c.work()
	if ids, err := c.db.MattersAfter(c.ctx, omadata.Purpose, 0, 9); err != nil || len(ids) != 0 {
		t.Errorf("%d matters, %v", len(ids), err)
	}
}

// A process that is killed at any write of it leaves the rest to the next, and nothing is
// done twice.
func TestAKilledProcessLeavesTheRestToTheNext(t *testing.T) {
	killed := errors.New("killed")
	for stop := 1; ; stop++ {
		c := decided(t)
		c.sisterIsBorn()
		writes, dead := 0, false
		omadata.Writing(c.Service, func(write omadata.Write) omadata.Write {
			return func(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
				if writes++; writes >= stop {
					dead = true
					return killed
				}
				return write(ctx, act, do)
			}
		})
		for range 10 {
			if did, err := c.Step(c.ctx); err != nil || !did {
				break
			}
		}
		if !dead {
			break
		}
		c.clock.add(20 * time.Minute) // the claim of the dead one is over
		c.Service = c.another()
		c.work()
		all, err := c.db.Proposals(c.ctx, c.act("look"), c.matter)
		c.must(err)
		if m := c.see(anna); m.Stage != omadata.Anew || m.Fee.Working.Fee.Euros != 0 || len(all) != 2 {
			t.Errorf("killed at write %d: %s, %d proposals", stop, m.Stage, len(all))
		}
	}
}
