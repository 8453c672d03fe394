package omadata_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/store"
)

const officer = "officer:sari"

// slip is a document whose content tells it apart from others.
func slip(n int) omadata.File {
	return omadata.File{Name: fmt.Sprintf("C:\\fakepath\\slip %d.pdf", n), Content: fmt.Appendf(nil, "%%PDF-1.7 SECRET PAY %d\n%%%%EOF\n", n)}
}

func (c *city) send(who person.ID, files ...omadata.File) int {
	c.Helper()
	n, err := c.Send(c.ctx, who, c.matter, files)
	c.must(err)
	return n
}

// task is the one task that waits.
func (c *city) task() omadata.Task {
	c.Helper()
	all, err := c.Tasks(c.ctx, officer)
	c.must(err)
	all = slices.DeleteFunc(all, func(r store.Request) bool { return !r.Settled.IsZero() })
	if len(all) != 1 {
		c.Fatalf("%d tasks wait", len(all))
	}
	t, err := c.Task(c.ctx, officer, all[0].ID)
	c.must(err)
	return t
}

func wages(euros ...int64) (a omadata.Assessment) {
	for _, e := range euros {
		a.Adults = append(a.Adults, omadata.AssessedAdult{Income: []fee.Assessed{{Kind: "wages", Cents: fee.Cents(e * 100)}}})
	}
	return a
}

func (c *city) assess(a omadata.Assessment) {
	c.Helper()
	c.must(c.Assess(c.ctx, officer, c.task().ID, a, "From the pay slips of August to October."))
}

func (c *city) fee(want int, stage omadata.Stage) omadata.Matter {
	c.Helper()
	m := c.see(anna)
	if m.Stage != stage || m.Fee == nil || m.Fee.Working.Fee.Euros != want {
		euros := -1
		if m.Fee != nil {
			euros = m.Fee.Working.Fee.Euros
		}
		c.Fatalf("stage %s with a fee of %d, not %s with %d", m.Stage, euros, stage, want)
	}
	return m
}

func TestAFamilySendsDocumentsAndGetsItsFee(t *testing.T) {
	c := newCity(t)
	c.choose(anna, omadata.Documents)
	c.choose(antti, omadata.Documents)
	if m := c.see(anna); m.Stage != omadata.ByDocuments || !m.CanSend || len(m.Documents) != 0 {
		t.Fatalf("%s, can send %v", m.Stage, m.CanSend)
	}
	seq := c.last()
	if n := c.send(anna, slip(1), slip(2)); n != 2 {
		t.Errorf("%d are kept", n)
	}
	if n := c.send(anna, slip(2)); n != 0 {
		t.Errorf("the same again: %d are kept", n)
	}
	c.send(antti, slip(3))
	c.has(seq, "resident:2 send documents", "resident:3 send documents")
	for _, e := range c.entries(seq) {
		if strings.Contains(e.Detail+e.Object, "slip") || strings.Contains(e.Detail, "SECRET") {
			t.Errorf("the record tells of a document: %q", e.Detail)
		}
	}
	m := c.see(anna)
	if len(m.Documents) != 2 || m.Documents[0].Name != "slip 1.pdf" || m.Documents[0].Adult != 1 {
		t.Fatalf("%+v", m.Documents)
	}
	theirs := c.see(antti).Documents
	if len(theirs) != 1 {
		t.Fatalf("who sent one sees %d", len(theirs))
	}
	_, _, err := c.OwnDocument(c.ctx, anna, c.matter, theirs[0].ID)
	wants(t, err, fault.Missing)
	_, own, err := c.OwnDocument(c.ctx, anna, c.matter, m.Documents[0].ID)
	c.must(err)
	if !bytes.Equal(own, slip(1).Content) {
		t.Error("what comes back is not what was sent")
	}
	c.lookedThrough(m)
	c.decided()
}

// lookedThrough is the caseworker's part: each look is on the record, nothing is
// proposed by trying, and the fee follows from what is put down.
func (c *city) lookedThrough(m omadata.Matter) {
	c.Helper()
	task := c.task()
	if len(task.Documents) != 3 || task.Documents[2].Adult != 2 || len(task.Told) != 2 || task.Told[0].Way != omadata.Documents || task.Told[0].Fetched {
		c.Fatalf("%d documents, told %+v", len(task.Documents), task.Told)
	}
	seq := c.last()
	d, content, err := c.TaskDocument(c.ctx, officer, task.ID, m.Documents[1].ID)
	c.must(err)
	if d.Kind.MediaType() != "application/pdf" || !bytes.Equal(content, slip(2).Content) {
		c.Errorf("%s, %d bytes", d.Kind, len(content))
	}
	looked := false
	for _, e := range c.entries(seq) {
		looked = looked || e.Actor == officer && e.Verb == "look at a document" && e.Purpose == omadata.Purpose && e.Basis != "" && e.People.Contains(uint32(anna)) && slices.Contains(e.Fields, "fee.document")
	}
	if !looked {
		c.Error("the look at a document is not on the record")
	}
	tried, err := c.TryAssessment(c.ctx, officer, task.ID, wages(3500, 3500))
	c.must(err)
	if tried.Working.Fee.Euros != 64 || c.see(anna).Fee != nil {
		c.Errorf("tried: %d, and %v is proposed", tried.Working.Fee.Euros, c.see(anna).Fee)
	}
	wants(c, c.Assess(c.ctx, officer, task.ID, wages(3000), "one adult only"), fault.Conflict)
	wants(c, c.Assess(c.ctx, officer, task.ID, wages(3000, 3500), "x"), fault.Invalid)
	seq = c.last()
	c.assess(wages(3000, 3500))
	c.has(seq, officer+" propose a fee as assessed")
	wants(c, c.Assess(c.ctx, officer, task.ID, wages(1, 1), "twice"), fault.Conflict)
}

// decided: 6,500 euros are 101 above the limit of 6,399 for four; 10.7 % of it is 10.81,
// which is below the lowest fee: nothing is charged. The family asks, and more is found.
func (c *city) decided() {
	c.Helper()
	m := c.fee(0, omadata.Proposed)
	eachSeesOnlyOwnLines(c, m, c.see(antti))
	c.must(c.Answer(c.ctx, anna, c.matter, false, "my wages are higher"))
	c.assess(wages(3500, 3500)) // 601 x 10.7 % = 64.307
	c.fee(64, omadata.Proposed)
	c.must(c.Answer(c.ctx, anna, c.matter, true, ""))
	m = c.fee(64, omadata.Accepted)
	until := c.clock.Now().AddDate(1, 0, 0)
	if d := m.Documents[0]; d.Until.IsZero() || d.Until.After(until) || until.Sub(d.Until).Hours() > 1 || !d.Gone.IsZero() {
		c.Errorf("after the decision: %+v", d)
	}
	wants(c, c.DeleteDocument(c.ctx, anna, c.matter, m.Documents[0].ID), fault.Conflict)
	c.work()
	c.fee(64, omadata.Accepted)
	c.clock.add(366 * 24 * 3600e9)
	c.work()
	if d := c.see(anna).Documents; d[0].Why != store.GoneDecided || d[0].Name != "" {
		c.Errorf("a year after the decision: %+v", d)
	}
	_, _, err := c.OwnDocument(c.ctx, anna, c.matter, m.Documents[0].ID)
	wants(c, err, fault.Missing)
}

func eachSeesOnlyOwnLines(c *city, annas, anttis omadata.Matter) {
	c.Helper()
	for pay, m := range map[string]omadata.Matter{"3,000": annas, "3,500": anttis} {
		text := ""
		for _, l := range m.Fee.Working.Fee.Lines {
			text += l.Words[person.English] + "\n"
		}
		for _, other := range []string{"3,000", "3,500"} {
			if strings.Contains(text, other) != (other == pay) {
				c.Errorf("who has %s sees %s: %t", pay, other, other != pay)
			}
		}
	}
}

func TestWhatCannotBeSentIsRefused(t *testing.T) {
	c := newCity(t)
	send := func(who person.ID, files ...omadata.File) error {
		_, err := c.Send(c.ctx, who, c.matter, files)
		return err
	}
	wants(t, send(anna, slip(1)), fault.Conflict) // nobody asked for it
	c.choose(anna, omadata.Documents)
	wants(t, send(pekka, slip(1)), fault.Missing)
	wants(t, send(anna, omadata.File{Name: "slip.pdf", Content: []byte("<html>")}), fault.Invalid)
	var many []omadata.File
	for i := range omadata.MostDocuments + 1 {
		many = append(many, slip(i))
	}
	wants(t, send(anna, many...), fault.Invalid)
	if n := len(c.see(anna).Documents); n != 0 {
		t.Errorf("%d documents are kept of what was refused", n)
	}
	c.send(anna, many[1:]...)
	_, err := c.Task(c.ctx, officer, 99)
	wants(t, err, fault.Missing)
	_, _, err = c.TaskDocument(c.ctx, officer, c.task().ID, 99)
	wants(t, err, fault.Missing)
}

func TestAnotherWayDeletesTheDocumentsAndWhatRestsOnThem(t *testing.T) {
	for _, way := range []string{omadata.NotNow, omadata.Highest, permission.WayPermit} {
		t.Run(way, func(t *testing.T) {
			c := newCity(t)
			c.choose(anna, omadata.Documents)
			c.send(anna, slip(1))
			c.choose(antti, omadata.Documents)
			c.send(antti, slip(2))
			c.assess(wages(3500, 3500))
			c.fee(64, omadata.Proposed)
			c.choose(anna, way)
			m := c.see(anna)
			if d := m.Documents[0]; d.Why != store.GoneByWay || d.Gone.IsZero() || d.Name != "" {
				t.Errorf("%+v", d)
			}
			if m.Fee != nil && m.Fee.Working.Assessed != nil {
				t.Error("the fee that rested on it is still there")
			}
			if d := c.see(antti).Documents[0]; !d.Gone.IsZero() {
				t.Error("the other's document is gone, too")
			}
		})
	}
}

func TestWhoSentADocumentDeletesIt(t *testing.T) {
	c := newCity(t)
	c.choose(anna, omadata.Documents)
	c.choose(antti, omadata.Documents)
	c.send(anna, slip(1))
	id := c.see(anna).Documents[0].ID
	wants(t, c.DeleteDocument(c.ctx, antti, c.matter, id), fault.Missing)
	c.assess(wages(3500, 3500))
	seq := c.last()
	c.must(c.DeleteDocument(c.ctx, anna, c.matter, id))
	c.has(seq, "resident:2 delete own documents")
	m := c.see(anna)
	if m.Documents[0].Why != store.GoneBySender || m.Fee != nil || m.Stage != omadata.ByDocuments {
		t.Errorf("%s, %+v, %v", m.Stage, m.Documents, m.Fee)
	}
	wants(t, c.DeleteDocument(c.ctx, anna, c.matter, id), fault.Missing)
	c.send(anna, slip(2)) // it is put before a caseworker again
	if c.task().Kind != omadata.RequestDocuments {
		t.Error("what was sent waits for nobody")
	}
}

func TestDocumentsWithoutADecisionGoInTheEnd(t *testing.T) {
	c := newCity(t)
	c.choose(anna, omadata.Documents)
	c.send(anna, slip(1))
	c.clock.add(100 * 24 * 3600e9)
	c.work()
	if d := c.see(anna).Documents[0]; !d.Gone.IsZero() {
		t.Errorf("gone after 100 days: %s", d.Why)
	}
	c.clock.add(100 * 24 * 3600e9)
	seq := c.last()
	c.work()
	if d := c.see(anna).Documents[0]; d.Why != store.GoneUndecided {
		t.Errorf("after 200 days: %+v", d)
	}
	c.has(seq, "system:omadata delete documents whose time is over")
}

// One permits, the other sends documents: the register is asked for the one alone, and
// the fee rests on both.
func TestOnePermitsAndTheOtherSendsDocuments(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	if c.source.times() != 0 {
		t.Fatal("the source was asked before the other chose")
	}
	c.choose(anna, omadata.Documents)
	c.send(anna, slip(1))
	if c.source.times() != 1 || c.see(antti).Stage != omadata.AtPerson || c.see(antti).Fee != nil {
		t.Fatalf("asked %d times; %s", c.source.times(), c.see(antti).Stage)
	}
	task := c.task()
	if task.Told[0].Way != omadata.Documents || task.Told[1].Way != permission.WayPermit || !task.Told[1].Fetched {
		t.Fatalf("%+v", task.Told)
	}
	a := wages(3000, 0)
	a.Adults[1] = omadata.AssessedAdult{Fetched: true}
	c.assess(a)                // 3,000 and 3,675 with holiday pay: 276 x 10.7 % = 29.532
	c.fee(0, omadata.Proposed) // below the lowest
	if g := c.see(antti).Fee; g.Own != 2 {
		t.Errorf("their number in the working is %d", g.Own)
	}
	c.must(c.Answer(c.ctx, antti, c.matter, true, ""))
	c.pay(antti, 5000_00)
	c.clock.add(31 * 24 * 3600e9)
	c.work()
	c.fee(198, omadata.Anew) // 3,000 and 5,250: 1,851 x 10.7 % = 198.057
	_, err := c.Withdraw(c.ctx, antti, c.permit(antti).ID)
	c.must(err)
	if m := c.see(anna); m.Fee == nil || m.Fee.Working.Fee.Euros != 0 {
		t.Error("a fee that rests on what was taken back is still proposed")
	}
}

// business lets Antti have income from a business, too.
type business struct{ *source }

func TestWhatAPersonMustLookAtIsAssessedOnce(t *testing.T) {
	c := newCity(t, func(o *omadata.Config) {
		o.Sources = map[string]incomes.Incomes{"incomes-register": business{o.Sources["incomes-register"].(*source)}}
	})
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	if m := c.see(anna); m.Stage != omadata.AtPerson || !m.CanSend {
		t.Fatalf("%s", m.Stage)
	}
	c.send(antti, slip(1)) // the accounts of the business
	a := wages(0, 3850)
	a.Adults[0] = omadata.AssessedAdult{Fetched: true} // 3,150 with holiday pay
	c.assess(a)
	m := c.fee(64, omadata.Proposed) // 7,000 - 6,399 = 601
	if len(m.Fee.Working.Fee.Person) != 0 || m.Fee.Working.Assessed == nil {
		t.Error("a person must look still")
	}
	c.must(c.Answer(c.ctx, antti, c.matter, true, ""))
	c.clock.add(31 * 24 * 3600e9)
	c.work()
	c.fee(64, omadata.Accepted) // it was fetched again, and is the same
	c.must(c.SetHours(c.ctx, anna, c.matter, 2000))
	c.fee(38, omadata.Anew) // 60 % of 64 = 38.4, by the same assessment
	c.pay(anna, 4000_00)
	c.clock.add(31 * 24 * 3600e9)
	c.work()
	if m := c.see(anna); m.Stage != omadata.AtPerson {
		t.Errorf("the income is another, and nobody looks: %s", m.Stage)
	}
}

func TestTheHighestFeeAppliesWhenNothingIsTold(t *testing.T) {
	c := newCity(t)
	c.choose(anna, omadata.Documents)
	c.assess(omadata.Assessment{Highest: true})
	m := c.fee(335, omadata.Proposed)
	if !m.Fee.Working.Fee.Highest || len(m.Fee.Working.Fee.Person) != 0 || !slices.ContainsFunc(m.Fee.Working.Fee.Lines, func(l fee.Line) bool { return l.Key == "highest-unknown" }) {
		t.Errorf("%+v", m.Fee.Working.Fee)
	}
}

func TestTheFeeFollowsTheHours(t *testing.T) {
	c := newCity(t)
	if m := c.see(anna); m.Place.Hours != 4000 || m.Place.Said {
		t.Errorf("%+v", m.Place)
	}
	c.choose(anna, omadata.Highest)
	c.fee(335, omadata.Proposed)
	for hours, want := range map[fee.Hours]int{2000: 201, 2750: 263, 3500: 335, 1000: 201} {
		seq := c.last()
		c.must(c.SetHours(c.ctx, antti, c.matter, hours))
		c.has(seq, "resident:3 set hours of care", "system:omadata propose a fee")
		if m := c.fee(want, omadata.Proposed); m.Place.Hours != int(hours) || !m.Place.Said || m.Fee.Working.Hours != hours {
			t.Errorf("%+v", m.Place)
		}
	}
	for _, bad := range []fee.Hours{0, 99, -2000, 10001, 2010} {
		wants(t, c.SetHours(c.ctx, anna, c.matter, bad), fault.Invalid)
	}
	wants(t, c.SetHours(c.ctx, pekka, c.matter, 2000), fault.Missing)
}

func TestAFamilyWithoutAPlaceAsksForOne(t *testing.T) {
	c := newCity(t)
	wants(t, c.AskPlace(c.ctx, anna, c.matter, "from August"), fault.Conflict)
	c.world.set(aino, register.EducationUnit)
	c.registersCame()
	if m := c.see(anna); m.Place != nil || !m.PlaceAsked.IsZero() {
		t.Fatalf("%+v", m.Place)
	}
	wants(t, c.AskPlace(c.ctx, pekka, c.matter, "from August"), fault.Missing)
	wants(t, c.AskPlace(c.ctx, anna, c.matter, "x"), fault.Invalid)
	seq := c.last()
	for range 2 {
		c.must(c.AskPlace(c.ctx, anna, c.matter, "from August"))
	}
	c.has(seq, "resident:2 ask for a place")
	task := c.task()
	if task.Kind != omadata.RequestPlace || task.Words != "from August" || c.see(anna).PlaceAsked.IsZero() {
		t.Errorf("%s: %q", task.Kind, task.Words)
	}
	wants(t, c.Assess(c.ctx, officer, task.ID, wages(1, 1), "no place, no fee"), fault.Conflict)
	c.must(c.SettleTask(c.ctx, officer, task.ID, "Kielo has room from 1 August."))
	if m := c.see(anna); m.Answer != "Kielo has room from 1 August." || !m.PlaceAsked.IsZero() {
		t.Errorf("%q", m.Answer)
	}
}
