package omadata_test

import (
	"testing"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// A caseworker handles no matter of their own family: not of their household, nor of a
// child whose guardian they are and who lives elsewhere.
func TestACaseworkerHandlesNoMatterOfTheirOwnFamily(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, omadata.Documents)
	list, err := c.Tasks(c.ctx, "officer:x")
	c.must(err)
	if len(list) != 1 {
		t.Fatalf("%d tasks", len(list))
	}
	id := list[0].ID
	c.world.born(c, 7, "Mummo", start.AddDate(-60, 0, 0), "d7")
	c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, true), guardian(pekka, false))
	c.registersCame()
	for name, x := range map[string]struct {
		who  person.ID
		kind fault.Kind
	}{"the mother": {anna, fault.Refused}, "the child's brother": {oskar, fault.Refused}, "a guardian elsewhere": {pekka, fault.Refused}} {
		officer := "officer:" + name
		c.writes("log in", func(tx store.Tx) error {
			return tx.SeeStaff(store.Staff{Actor: officer, Roles: []string{"expert"}, Person: x.who, Seen: c.clock.Now()})
		})
		_, err := c.Task(c.ctx, officer, id)
		wants(t, err, x.kind)
		wants(t, c.SettleTask(c.ctx, officer, id, "I looked at it"), x.kind)
		wants(t, c.Assess(c.ctx, officer, id, wages(1, 1), "I looked at it"), x.kind)
		_, err = c.TryAssessment(c.ctx, officer, id, wages(1, 1))
		wants(t, err, x.kind)
		_, _, err = c.TaskDocument(c.ctx, officer, id, 1)
		wants(t, err, x.kind)
	}
	for _, officer := range []string{"officer:mummo", "officer:unknown"} {
		if officer == "officer:mummo" {
			c.writes("log in", func(tx store.Tx) error {
				return tx.SeeStaff(store.Staff{Actor: officer, Roles: []string{"expert"}, Person: 7, Seen: c.clock.Now()})
			})
		}
		if _, err := c.Task(c.ctx, officer, id); err != nil {
			t.Errorf("%s: %v", officer, err)
		}
	}
	c.must(c.SettleTask(c.ctx, "officer:mummo", id, "looked at by a colleague"))
}
