package omadata_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
)

func TestAPersonIsAskedAndTheRequestHasItsDay(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	c.must(c.Answer(c.ctx, anna, c.matter, false, "we had a long leave"))
	if m := c.see(antti); m.Stage != omadata.AtPerson {
		t.Errorf("%s", m.Stage)
	}
	act := c.act("look at requests")
	all, err := c.db.Requests(c.ctx, act, 9)
	c.must(err)
	if len(all) != 1 || all[0].Kind != omadata.RequestPerson || all[0].Words != "we had a long leave" || !all[0].Due.After(c.clock.Now()) || all[0].Basis == "" {
		t.Errorf("%+v", all)
	}
	wants(t, c.Answer(c.ctx, anna, c.matter, false, strings.Repeat("x", 2001)), fault.Invalid)
	aCaseworkerAnswers(t, c, all[0].ID)
}

// aCaseworkerAnswers settles the task; who asked sees the words, and nobody else.
func aCaseworkerAnswers(t *testing.T, c *city, id int64) {
	t.Helper()
	const sari = "officer:sari"
	list, err := c.Tasks(c.ctx, sari)
	c.must(err)
	if len(list) != 1 || list[0].ID != id || list[0].Words != "" || list[0].Person.Known() {
		t.Errorf("the list: %+v", list)
	}
	seq := c.last()
	task, err := c.Task(c.ctx, sari, id)
	c.must(err)
	if task.Child != "Aino" || len(task.Adults) != 2 || task.Fee == nil || task.Words != "we had a long leave" {
		t.Errorf("the task: %+v", task)
	}
	c.has(seq, sari+" look at a task of a fee", sari+" read the family of a task")
	wants(t, c.SettleTask(c.ctx, sari, id, " "), fault.Invalid)
	wants(t, c.SettleTask(c.ctx, sari, id+1, "done"), fault.Missing)
	c.clock.add(time.Minute)
	c.must(c.SettleTask(c.ctx, sari, id, "the leave was left out"))
	wants(t, c.SettleTask(c.ctx, sari, id, "again"), fault.Conflict)
	if m := c.see(anna); m.Answer != "the leave was left out" || m.AnsweredAt.IsZero() {
		t.Errorf("who asked sees %q", m.Answer)
	}
	if m := c.see(antti); m.Answer != "" {
		t.Errorf("the other sees %q", m.Answer)
	}
}

func TestNoPersonalValueStandsInAnEntry(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	c.must(c.Answer(c.ctx, anna, c.matter, false, "SECRET WORDS"))
	_, err := c.Copy(c.ctx, anna)
	c.must(err)
	for _, e := range c.entries(0) {
		all := fmt.Sprintf("%+v", e)
		for _, secret := range []string{"300000", "3000.00", "SECRET", "Aino", "Virtanen", c.world.code(t, anna).Reveal()} {
			if strings.Contains(all, secret) {
				t.Errorf("entry %d says %q: %s", e.Seq, secret, e.Verb)
			}
		}
	}
}

func TestACopyHoldsAllAndOnlyOnesOwn(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	tree, err := c.Copy(c.ctx, anna)
	c.must(err)
	text := fmt.Sprintf("%+v", tree)
	for _, want := range []string{"registers", "population.birth_date", "permissions", "standing", "wages", "3000.00", "fees", "proposal"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in the copy", want)
		}
	}
	if strings.Contains(text, "3500.00") {
		t.Error("the other grown-up's income stands in it")
	}
	for _, e := range c.entries(0) {
		if e.Verb == "copy own data" && !e.People.Contains(uint32(anna)) {
			t.Error("the entry does not say whose data")
		}
	}
}

func TestErasureHasItsReasons(t *testing.T) {
	erased := []person.ID{}
	c := newCity(t, func(o *omadata.Config) { o.Erase = eraseInto(&erased) })
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	if why, err := c.Erase(c.ctx, anna, true); err != nil || len(why) != 0 || len(erased) != 0 {
		t.Fatalf("%+v, %v", why, err)
	}
	c.must(c.Answer(c.ctx, anna, c.matter, true, ""))
	why, err := c.Erase(c.ctx, anna, false)
	c.must(err)
	if len(why) != 1 || why[0].Code != omadata.ReasonDecision || why[0].Law == "" || why[0].Why[person.Finnish] == "" || why[0].Why[person.Swedish] == "" || len(erased) != 0 {
		t.Fatalf("%+v, erased %v", why, erased)
	}
	if c.permit(anna).State != "standing" {
		t.Error("a refused erasure took something away")
	}
	c.must(c.Clear(c.ctx, anna))
	if c.permit(anna).State != "withdrawn" {
		t.Error("the permission stands")
	}
	c.clock.add(11 * 366 * 24 * time.Hour)
	if why, err := c.Erase(c.ctx, anna, false); err != nil || len(why) != 0 || !slices.Equal(erased, []person.ID{anna}) {
		t.Errorf("eleven years later: %+v, %v, erased %v", why, err, erased)
	}
}
