package omadata_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/store"
)

func TestAFamilyGetsItsFeeAndALaterOne(t *testing.T) {
	c := newCity(t)
	m := c.see(anna)
	if m.Stage != omadata.Offered || m.Child != "Aino" || len(m.Partners) != 1 || m.Partners[0] != (omadata.Partner{Name: "Antti"}) || m.Place == nil || m.Place.ID != "u1" || m.Agreement.IsZero() {
		t.Fatalf("at first: %+v", m)
	}
	seq := c.last()
	c.choose(anna, permission.WayPermit)
	if m = c.see(anna); m.Stage != omadata.WithPartner || c.source.times() != 0 {
		t.Fatalf("one has permitted: %s, the source was asked %d times", m.Stage, c.source.times())
	}
	c.choose(antti, permission.WayPermit)
	c.has(seq, "resident:2 give a permission", "resident:3 give a permission", "system:omadata ask incomes-register", "system:omadata take in what incomes-register sent",
		"system:omadata ask incomes-register", "system:omadata take in what incomes-register sent", "system:omadata propose a fee")
	m = c.see(anna)
	// Four people, 6,500 euros of wages with 5 % of holiday pay: 6,825; the limit is
	// 6,399; 10.7 % of 426 is 45.58.
	if m.Stage != omadata.Proposed || m.Fee == nil || m.Fee.Working.Fee.Euros != 46 || !m.Open || len(m.Income) != 12 || m.Income[0].Cents != 3000_00 || c.source.times() != 2 {
		t.Fatalf("proposed: %s %+v, %d incomes, asked %d times", m.Stage, m.Fee, len(m.Income), c.source.times())
	}
	if m.Income[0].Payer != "" {
		t.Error("the payer was kept, and the agreement does not list it")
	}
	if last := m.Fee.Working.Fee.Lines[len(m.Fee.Working.Fee.Lines)-1]; last.Words[person.Finnish] == "" || last.Words[person.Swedish] == "" {
		t.Error("the working has no words")
	}
	eachSeesTheirOwn(t, m, c.see(antti))
	seq = c.last()
	c.must(c.Answer(c.ctx, anna, c.matter, true, ""))
	c.has(seq, "resident:2 accept a fee")
	wants(t, c.Answer(c.ctx, antti, c.matter, true, ""), fault.Conflict)
	if m = c.see(antti); m.Stage != omadata.Accepted || m.Income[0].Cents != 3500_00 {
		t.Fatalf("accepted: %s", m.Stage)
	}
	c.pay(anna, 4000_00)
	c.clock.add(31 * 24 * time.Hour)
	c.work()
	m = c.see(anna)
	if m.Stage != omadata.Anew || m.Was == nil || m.Was.Working.Fee.Euros != 46 || m.Fee.Working.Fee.Euros <= 46 || !m.Fee.Working.Anew {
		t.Fatalf("the income rose: %s %+v", m.Stage, m.Fee)
	}
	effect, err := c.Withdraw(c.ctx, anna, m.Permit)
	c.must(err)
	if effect.Deleted != 1 || effect.Proposals != 1 || len(effect.Kept) != 1 || effect.Kept[0].N != 1 || effect.Kept[0].Law == "" || effect.Kept[0].Why[person.Swedish] == "" {
		t.Fatalf("%+v", effect)
	}
	if m = c.see(anna); m.Stage != omadata.TakenBack || len(m.Income) != 0 || m.Fee == nil || m.Fee.Working.Fee.Euros != 46 {
		t.Errorf("taken back: %s, %d incomes, %+v", m.Stage, len(m.Income), m.Fee)
	}
	n := c.source.times()
	c.clock.add(100 * 24 * time.Hour)
	c.work()
	if c.source.times() != n {
		t.Error("the source was asked after the permission was taken back")
	}
}

// eachSeesTheirOwn holds the two grown-ups' views of one working against each
// other: the lines of one's income are on one's own alone, all others on both.
func eachSeesTheirOwn(t *testing.T, annas, anttis omadata.Matter) {
	t.Helper()
	both := 0
	for who, m := range map[string]omadata.Matter{"3,000": annas, "3,500": anttis} {
		text := ""
		for _, l := range m.Fee.Working.Fee.Lines {
			text += l.Words[person.English] + "\n"
			if l.Adult == 0 {
				both++
			}
		}
		for _, pay := range []string{"3,000", "3,500"} {
			if strings.Contains(text, pay) != (pay == who) {
				t.Errorf("who earns %s sees %s: %t", who, pay, pay != who)
			}
		}
		if !strings.Contains(text, "6,825") {
			t.Error("the sum of the family is not in the working")
		}
		if p := m.Fee.Working.Picture; p == nil || p.Own < 0 || p.Rows[p.Own].Euros != m.Fee.Working.Fee.Euros {
			t.Error("the picture does not show where the family stands")
		}
	}
	if both == 0 || both%2 != 0 {
		t.Errorf("%d lines are for both", both)
	}
}

func TestEachOtherWayIsRememberedAndFetchesNothing(t *testing.T) {
	for way, want := range map[string]omadata.Stage{omadata.Documents: omadata.ByDocuments, omadata.Highest: omadata.Proposed, omadata.NotNow: omadata.PutOff} {
		t.Run(way, func(t *testing.T) {
			c := newCity(t)
			c.choose(antti, permission.WayPermit)
			c.choose(anna, way)
			m := c.see(anna)
			asksAntti := map[string]int{omadata.Documents: 1}[way] // whose income is of use with hers
			if m.Stage != want || m.Chosen != way || c.source.times() != asksAntti || len(m.Income) != 0 {
				t.Errorf("%s: stage %s, chosen %q, the source was asked %d times", way, m.Stage, m.Chosen, c.source.times())
			}
			if way == omadata.Highest && (m.Fee.Working.Fee.Euros != 335 || !m.Fee.Working.Fee.Highest) {
				t.Errorf("the highest fee is %d", m.Fee.Working.Fee.Euros)
			}
			seq := c.last()
			c.must(c.Choose(c.ctx, anna, c.matter, way))
			asked, err := c.Ask(c.ctx, anna, c.matter)
			c.must(err)
			if asked {
				t.Error("they are asked again")
			}
			c.hasNot(seq, "resident:2 choose a way without permission")
			c.hasNot(seq, "resident:2 ask for a permission")
			c.choose(anna, permission.WayPermit) // of their own will
			if c.source.times() != 2 || c.see(anna).Stage != omadata.Proposed {
				t.Errorf("permitted after all: %s, asked %d times", c.see(anna).Stage, c.source.times())
			}
		})
	}
}

func TestGivingTwiceIsOneGiving(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	before, seq := c.permit(anna), c.last()
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	if after := c.permit(anna); after.Events != before.Events || !after.Until.Equal(before.Until) {
		t.Errorf("%+v became %+v", before, after)
	}
	c.hasNot(seq, "resident:2 give a permission")
	c.has(seq, "resident:2 look whose matter it is")
}

func TestWhoHasNoSayLearnsOfNoMatter(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	id := c.permit(anna).ID
	for _, who := range []person.ID{pekka, oskar, aino, 99, 0} {
		_, err := c.Matter(c.ctx, who, c.matter)
		wants(t, err, fault.Missing)
		wants(t, c.Choose(c.ctx, who, c.matter, permission.WayPermit), fault.Missing)
		wants(t, c.Answer(c.ctx, who, c.matter, true, ""), fault.Missing)
		_, err = c.Withdraw(c.ctx, who, id)
		wants(t, err, fault.Missing)
		_, err = c.Receipt(c.ctx, who, id, 1)
		wants(t, err, fault.Missing)
		if all, err := c.Matters(c.ctx, who); err != nil || len(all) != 0 {
			t.Errorf("%d sees %d matters, %v", who, len(all), err)
		}
	}
	wants(t, c.Choose(c.ctx, anna, c.matter, "another"), fault.Invalid)
	_, err := c.Withdraw(c.ctx, antti, id) // Anna's income is hers
	wants(t, err, fault.Missing)
}

func TestAPermissionEndsByItsCauseAndLeavesItsEntry(t *testing.T) {
	for name, tt := range map[string]struct {
		happens func(c *city)
		cause   string
	}{
		"guardianship ends": {func(c *city) {
			c.world.set(aino, register.GuardianOf, guardian(antti, true))
		}, "guardianship"},
		"the child moves away": {func(c *city) {
			c.world.set(aino, register.MovedOut, register.Fact{Value: c.clock.Now().AddDate(0, 0, -1).Truncate(24 * time.Hour)})
		}, "moved"},
		"the grown-up dies": {func(c *city) {
			c.world.set(anna, register.DeathDate, register.Fact{Value: c.clock.Now().AddDate(0, 0, -1).Truncate(24 * time.Hour)})
		}, "death"},
		"the child dies": {func(c *city) {
			c.world.set(aino, register.DeathDate, register.Fact{Value: c.clock.Now().AddDate(0, 0, -1).Truncate(24 * time.Hour)})
		}, "death"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			c.choose(anna, permission.WayPermit)
			c.choose(antti, permission.WayPermit)
			seq, before := c.last(), c.source.times()
			tt.happens(c)
			c.registersCame()
			c.clock.add(40 * 24 * time.Hour) // all that is kept wants fetching anew
			c.work()
			if p := c.permit(anna); p.State != "ended" {
				t.Fatalf("it is %s", p.State)
			}
			c.has(seq, "system:omadata end a permission by its cause")
			found := false
			for _, e := range c.entries(seq) {
				found = found || e.Verb == "end a permission by its cause" && strings.HasPrefix(e.Detail, "cause "+tt.cause) && e.People.Contains(uint32(anna))
			}
			if !found {
				t.Error("the entry does not say the cause")
			}
			for _, r := range c.source.asked[before:] {
				if r.Person.Reveal() == c.world.code(t, anna).Reveal() {
					t.Error("the source was asked after the end")
				}
			}
			hs, err := c.db.Handovers(c.ctx, c.permit(anna).ID)
			c.must(err)
			if slices.ContainsFunc(hs, func(h store.Handover) bool { return h.State == store.HandoverGot }) {
				t.Error("what was fetched is still kept")
			}
		})
	}
}

func TestAPermissionExpiresAndIsAskedAnew(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	seq := c.last()
	c.clock.add(366 * 24 * time.Hour)
	n := c.source.times()
	c.work()
	if c.permit(anna).State != "expired" || c.source.times() != n || c.payloads() != 0 {
		t.Errorf("%s, asked %d times, %d kept", c.permit(anna).State, c.source.times()-n, c.payloads())
	}
	c.has(seq, "system:omadata end a permission whose time is over")
	asked, err := c.Ask(c.ctx, anna, c.matter)
	c.must(err)
	if !asked || c.permit(anna).State != "asked" {
		t.Errorf("asked: %v, %s", asked, c.permit(anna).State)
	}
}

func TestAWithdrawalDuringAFetchThrowsTheAnswerAway(t *testing.T) {
	for name, told := range map[string]bool{"in the same process": true, "in another process": false} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			c.choose(antti, permission.WayPermit)
			c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
			other := c.another()
			taken := false
			c.source.do = takeBackWhenAsked(c, other, told, &taken)
			seq := c.last()
			c.work()
			c.source.do = nil
			hs, err := c.db.Handovers(c.ctx, c.permit(anna).ID)
			c.must(err)
			if !taken || len(hs) != 1 || hs[0].State == store.HandoverGot || c.permit(anna).State != "withdrawn" {
				t.Fatalf("taken back %v; %+v", taken, hs)
			}
			if !told && (hs[0].State != store.HandoverDropped || hs[0].Why == "") {
				t.Errorf("it came when the permission stood no more, and is %s", hs[0].State)
			}
			c.has(seq, "system:omadata ask incomes-register", "resident:2 take a permission back", "system:omadata take in what incomes-register sent")
			said := false
			for _, e := range c.entries(seq) {
				said = said || strings.Contains(e.Detail, "thrown away unread") || strings.Contains(e.Detail, "nothing was handed over")
			}
			if !said {
				t.Error("the record does not say what became of the answer")
			}
			if m := c.see(anna); len(m.Income) != 0 || m.Fee != nil {
				t.Error("something of it is shown")
			}
		})
	}
}

func TestAWithdrawalWhileABatchRunsLeavesThePersonOutOfTheNextBlock(t *testing.T) {
	c := newCity(t, func(o *omadata.Config) { o.Block = 1 })
	c.secondFamily()
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	second, err := c.db.MatterOf(c.ctx, omadata.Purpose, 21)
	c.must(err)
	c.must(c.Choose(c.ctx, 22, second, permission.WayPermit))
	c.work()
	of, err := c.db.PermitsAbout(c.ctx, 21)
	c.must(err)
	seq := c.last()
	omadata.BeforeBlock(c.Service, func(n int) {
		if n == 2 {
			_, err := c.another().Withdraw(c.ctx, 22, of[0].ID)
			c.must(err)
		}
	})
	c.pay(anna, 9000_00)
	_, err = c.Review(c.ctx)
	c.must(err)
	read := map[person.ID]bool{}
	for _, e := range c.entries(seq) {
		if e.Verb == "work fees out anew" {
			for _, id := range []person.ID{anna, antti, 22} {
				read[id] = read[id] || e.People.Contains(uint32(id))
			}
		}
	}
	if !read[anna] || !read[antti] || read[22] {
		t.Errorf("read: %v", read)
	}
}

func TestClocksThatStandApart(t *testing.T) {
	c := newCity(t)
	ahead := &clock{now: c.clock.Now().Add(permission.Skew / 2)}
	other := c.another(func(o *omadata.Config) { o.Now = ahead.Now })
	c.must(other.Choose(c.ctx, anna, c.matter, permission.WayPermit)) // given a minute in the future
	c.choose(antti, permission.WayPermit)
	if c.source.times() != 2 {
		t.Errorf("within the skew the sources were asked %d times", c.source.times())
	}
	ahead.add(time.Hour)
	c.must(other.Choose(c.ctx, antti, c.matter, omadata.Highest))
	c.must(other.Choose(c.ctx, antti, c.matter, permission.WayPermit)) // given an hour in the future
	n := c.source.times()
	c.clock.add(31 * 24 * time.Hour)
	c.clock.add(-31 * 24 * time.Hour)
	c.work()
	if got := c.source.times(); got != n {
		t.Errorf("a permission from the future was used %d times", got-n)
	}
	if _, err := c.Withdraw(c.ctx, antti, c.permit(antti).ID); err != nil { // never refused for its clock
		t.Errorf("a clock stands in the way of a withdrawal: %v", err)
	}
}

func TestAChangedAgreementIsAskedAnewAndTheOldStandsUnderItsText(t *testing.T) {
	pack, err := feePack()
	if err != nil {
		t.Fatal(err)
	}
	first := pack.Agreement()
	spec := first.Spec()
	spec.Version, spec.From = 2, start.AddDate(0, 1, 0)
	spec.Sources[0].Fields = append(spec.Sources[0].Fields, permission.SourceField{Field: incomes.FieldPayer, What: spec.Title})
	second, err := permission.NewAgreement(spec)
	if err != nil {
		t.Fatal(err)
	}
	c := newCity(t, func(o *omadata.Config) { o.Agreements = []permission.Agreement{first, second} })
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	c.clock.add(32 * 24 * time.Hour)
	c.work()
	if p := c.permit(anna); p.Version != 1 || p.State != "standing" {
		t.Fatalf("the old permission is %s under version %d", p.State, p.Version)
	}
	for _, r := range c.source.asked {
		if slices.Contains(r.Fields, incomes.FieldPayer) {
			t.Fatal("the payer was asked for under the old text")
		}
	}
	asked, err := c.Ask(c.ctx, anna, c.matter)
	c.must(err)
	if p := c.permit(anna); !asked || p.State != "standing" || p.Version != 1 {
		t.Errorf("asked %v: %s under version %d", asked, p.State, p.Version)
	}
	c.choose(anna, permission.WayPermit)
	if p := c.permit(anna); p.Version != 2 || p.State != "standing" {
		t.Errorf("%s under version %d", p.State, p.Version)
	}
	c.clock.add(40 * 24 * time.Hour)
	c.work()
	r := c.source.asked[len(c.source.asked)-2:]
	if slices.Contains(r[0].Fields, incomes.FieldPayer) == slices.Contains(r[1].Fields, incomes.FieldPayer) {
		t.Error("each is asked for what they agreed to: one with the payer, one without")
	}
}

func TestASourceIsNotAskedForWhatIsFresh(t *testing.T) {
	c := newCity(t)
	c.world.inCare(oskar)
	c.world.set(oskar, register.BirthDate, register.Fact{Value: start.AddDate(-6, 0, 0)})
	c.registersCame()
	_, err := c.Offer(c.ctx, "system:test", func(int, int) {})
	c.must(err)
	brother, err := c.db.MatterOf(c.ctx, omadata.Purpose, oskar)
	c.must(err)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	for range 5 {
		c.work()
	}
	if c.source.times() != 2 {
		t.Fatalf("asked %d times", c.source.times())
	}
	seq := c.last()
	c.must(c.Choose(c.ctx, anna, brother, permission.WayPermit))
	c.must(c.Choose(c.ctx, antti, brother, permission.WayPermit))
	c.work()
	m, err := c.Matter(c.ctx, anna, brother)
	c.must(err)
	if c.source.times() != 2 || m.Stage != omadata.Proposed || len(m.Income) != 12 {
		t.Errorf("in the brother's matter: asked %d times, %s, %d incomes", c.source.times(), m.Stage, len(m.Income))
	}
	c.has(seq, "system:omadata ask incomes-register")
	// Each stands by itself: taking one back leaves the other's.
	_, err = c.Withdraw(c.ctx, anna, c.permit(anna).ID)
	c.must(err)
	if m, err = c.Matter(c.ctx, anna, brother); err != nil || len(m.Income) != 12 {
		t.Errorf("%d incomes, %v", len(m.Income), err)
	}
}

func TestASourceThatFailsIsAskedAgainLater(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	down := fault.New(fault.Later, "test", "down")
	c.source.do = failWith(down)
	seq := c.last()
	c.choose(anna, permission.WayPermit)
	if m := c.see(anna); m.Stage != omadata.Late || c.source.times() != 2 {
		t.Errorf("%s, asked %d times", m.Stage, c.source.times())
	}
	c.has(seq, "system:omadata ask incomes-register", "system:omadata take in what incomes-register sent")
	c.source.do = nil
	c.clock.add(2 * time.Minute)
	c.work()
	if m := c.see(anna); m.Stage != omadata.Proposed || c.source.times() != 4 {
		t.Errorf("%s, asked %d times", m.Stage, c.source.times())
	}
}

func TestAnAnswerThatNobodyWaitsForIsLost(t *testing.T) {
	c := newCity(t)
	c.choose(antti, permission.WayPermit)
	c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
	c.source.do = func(contextT, incomes.Request) error { panic("the process is gone") }
	func() {
		defer func() { _ = recover() }()
		for range 20 {
			_, err := c.Step(c.ctx)
			c.must(err)
		}
	}()
	c.source.do = nil
	c.work()
	before := c.source.times()
	if m := c.see(anna); m.Stage == omadata.Proposed {
		t.Fatal("it is asked a second time while the first may still answer")
	}
	seq := c.last()
	c.clock.add(10 * time.Minute)
	c.work()
	if m := c.see(anna); m.Stage != omadata.Proposed || c.source.times() != before+1 {
		t.Errorf("%s, asked %d times", m.Stage, c.source.times()-before)
	}
	c.has(seq, "system:omadata end hand-overs that were lost")
}
