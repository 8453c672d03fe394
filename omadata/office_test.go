package omadata_test

import (
	"slices"
	"strings"
	"testing"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/store"
)

// markOf is what the source says of a hand-over under Anna's permission.
func (c *city) markOf(id string, who person.ID, fields ...permission.Field) standing.Mark {
	c.Helper()
	return standing.Mark{ID: id, Source: "incomes-register", Request: "r-1", Permission: c.permit(anna).ID, Purpose: c.permit(anna).Purpose, Fields: fields,
		Person: peopleKey(c).Person(c.world.code(c, who)), At: c.clock.Now()}
}

func (c *city) marksForDPO() (out []store.Request) {
	c.Helper()
	all, err := c.db.Requests(c.ctx, c.act("look at requests"), 100)
	c.must(err)
	for _, r := range all {
		if r.Kind == omadata.RequestMark {
			out = append(out, r)
		}
	}
	return out
}

func TestAMarkOfAnotherPersonIsRefusedAndPutBeforeTheDataProtectionOfficer(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	seq := c.last()
	c.must(c.Mark(c.ctx, c.markOf("good", anna, incomes.FieldCents)))
	for range 2 { // a source sends a mark until it is answered
		wants(t, c.Mark(c.ctx, c.markOf("bad", antti, incomes.FieldCents)), fault.Refused)
	}
	c.has(seq, "source:incomes-register hand over", "source:incomes-register tell of a hand-over that must not be")
	if all := c.since(seq); len(slices.DeleteFunc(all, func(e string) bool { return !strings.Contains(e, "hand-over that must not be") })) != 1 {
		t.Error("it was told more than once")
	}
	for _, e := range c.entries(seq) {
		if e.Verb == "tell of a hand-over that must not be" && !e.People.IsEmpty() {
			t.Error("the entry covers the one whose data it was not")
		}
	}
	if marks := c.theView().Marks; len(marks) != 1 || !strings.HasSuffix(marks[0].ID, "/good") {
		t.Errorf("she is shown %+v", marks)
	}
	asked := c.marksForDPO()
	if len(asked) != 1 || asked[0].Person != 0 || asked[0].Basis != "GDPR 33(1)" || asked[0].Due.Sub(asked[0].At).Hours() != 72 || !strings.Contains(asked[0].Words, "mark bad under permission") {
		t.Errorf("before the officer: %+v", asked)
	}
	if tasks, err := c.Tasks(c.ctx, "officer:sari"); err != nil || len(tasks) != 0 {
		t.Errorf("before a caseworker: %d, %v", len(tasks), err)
	}
}

func TestAMarkOfWhatWasNotAgreedOnIsRefusedAndCoversWhoseDataItWas(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	seq := c.last()
	wants(t, c.Mark(c.ctx, c.markOf("m", anna, incomes.FieldCents, incomes.FieldPayer)), fault.Refused)
	covered := false
	for _, e := range c.entries(seq) {
		covered = covered || e.Verb == "tell of a hand-over that must not be" && e.People.Contains(uint32(anna))
	}
	if !covered || len(c.marksForDPO()) != 1 {
		t.Errorf("covered %t, %d before the officer", covered, len(c.marksForDPO()))
	}
}
