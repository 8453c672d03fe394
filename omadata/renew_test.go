package omadata_test

import (
	"slices"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// kinds are the events of somebody's permission, oldest first.
func (c *city) kinds(who person.ID) (out []string) {
	c.Helper()
	all, err := c.db.PermitEvents(c.ctx, c.permit(who).ID)
	c.must(err)
	for _, e := range all {
		out = append(out, e.Kind)
	}
	return out
}

// renewal is what Anna's list of permissions says of giving hers anew.
func (c *city) renewal() omadata.Renewal {
	c.Helper()
	all, err := c.Permissions(c.ctx, anna)
	c.must(err)
	return all[0].Renewal
}

// nearTheEnd lets both permit, the incomes are fetched, and time pass until Anna's permission ends in some days.
func nearTheEnd(t *testing.T, days int, change ...func(*omadata.Config)) *city {
	t.Helper()
	c := newCity(t, change...)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	if c.source.times() == 0 {
		t.Fatal("the source was never asked")
	}
	c.clock.add(c.permit(anna).Until.AddDate(0, 0, -days).Sub(c.clock.Now()))
	return c
}

func TestBeforeItsEndAPermissionIsAskedForAnewOnceAndGivenAnew(t *testing.T) {
	s := newSigner()
	c := nearTheEnd(t, 31, s.signs)
	c.work()
	if r := c.renewal(); r.Open || !r.Asked.IsZero() || !r.From.Equal(c.permit(anna).Until.AddDate(0, 0, -permission.RenewDays)) {
		t.Errorf("a day too early: %+v", r)
	}
	before := c.last()
	c.clock.add(25 * time.Hour)
	c.work()
	c.clock.add(24 * time.Hour)
	c.work()
	c.has(before, "system:omadata ask for a permission anew")
	if got := c.kinds(anna); !slices.Equal(got, []string{"ask", "give", "remind"}) {
		t.Fatalf("what happened: %v", got)
	}
	if r := c.renewal(); !r.Open || r.Asked.IsZero() || r.Declined {
		t.Errorf("asked: %+v", r)
	}
	until := c.permit(anna).Until
	wants(t, c.Renew(c.ctx, pekka, c.permit(anna).ID, omadata.Seen{}), fault.Missing)
	wants(t, c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{Text: "another"}), fault.Conflict)
	c.must(c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{}))
	c.must(c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{})) // the button was pressed twice
	c.has(before, "resident:2 give a permission anew")
	events := c.theView().Events
	if n := len(events); events[n-2].Receipt || !events[n-1].Receipt {
		t.Errorf("the question has a receipt, or the answer has none: %+v", events)
	}
	signed, err := c.Receipt(c.ctx, anna, c.permit(anna).ID, len(events))
	c.must(err)
	if x := s.checks(t, signed); x.Status != "RenewedConsentGiven" {
		t.Errorf("the receipt says %s", x.Status)
	}
	if p := c.permit(anna); !p.Until.Equal(c.clock.Now().AddDate(1, 0, 0)) || p.State != "standing" {
		t.Errorf("given anew until %s", p.Until)
	}
	c.clock.add(until.Sub(c.clock.Now()) + time.Hour)
	c.work()
	if got := c.kinds(anna); !slices.Equal(got, []string{"ask", "give", "remind", "renew"}) {
		t.Errorf("what happened up to the old end: %v", got)
	}
	if !c.see(anna).Standing {
		t.Error("it does not stand any more")
	}
}

func TestWhoLetsAPermissionEndIsNotAskedAgain(t *testing.T) {
	c := nearTheEnd(t, 10)
	c.work()
	before := c.last()
	c.must(c.Decline(c.ctx, anna, c.permit(anna).ID, omadata.Seen{}))
	c.must(c.Decline(c.ctx, anna, c.permit(anna).ID, omadata.Seen{}))
	c.has(before, "resident:2 let a permission end")
	if r := c.renewal(); !r.Declined || !r.Open || !c.see(anna).Standing {
		t.Errorf("after the no, before the end: %+v", r)
	}
	c.clock.add(10 * 24 * time.Hour)
	c.work()
	if got := c.kinds(anna); !slices.Equal(got, []string{"ask", "give", "remind", "decline", "expire"}) {
		t.Fatalf("what happened: %v", got)
	}
	wants(t, c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{}), fault.Conflict)
	asked, times := c.source.times(), len(c.kinds(anna))
	if again, err := c.Ask(c.ctx, anna, c.matter); again || err != nil {
		t.Errorf("asked again: %v, %v", again, err)
	}
	undecided := c.undecided()
	c.clock.add(40 * 24 * time.Hour)
	c.work()
	if c.source.times() != asked || len(c.kinds(anna)) != times || slices.Contains(undecided, anna) {
		t.Errorf("after the end the source was asked %d times, and %v happened; undecided are %v", c.source.times()-asked, c.kinds(anna)[times:], undecided)
	}
	c.choose(anna, permission.WayPermit)
	if !c.see(anna).Standing {
		t.Error("it cannot be given of one's own will")
	}
}

// undecided are those whom a round would tell that they can choose.
func (c *city) undecided() (out []person.ID) {
	c.Helper()
	a, err := c.Agreement()
	c.must(err)
	set, err := c.db.Undecided(omadata.Purpose, a.Purpose(), a.Version(), c.clock.Now()).Find(c.ctx, register.Range{Field: register.FeeUndecided, From: start.AddDate(-9, 0, 0), To: start.AddDate(9, 0, 0)})
	c.must(err)
	for it := set.Iterator(); it.HasNext(); {
		out = append(out, person.ID(it.Next()))
	}
	return out
}

func TestWhoSaysNothingLetsItRunOut(t *testing.T) {
	c := nearTheEnd(t, 10)
	c.work()
	c.clock.add(10*24*time.Hour + time.Minute)
	asked := c.source.times()
	c.work()
	if got := c.kinds(anna); !slices.Equal(got, []string{"ask", "give", "remind", "expire"}) || c.source.times() != asked || c.payloads() != 0 {
		t.Errorf("what happened: %v; the source was asked %d times after the end, and %d answers are kept", got, c.source.times()-asked, c.payloads())
	}
	if !slices.Contains(c.undecided(), anna) {
		t.Error("who said nothing may be told again that they can choose")
	}
}

func TestUnderANewTextItIsGivenAnewUnderThat(t *testing.T) {
	c := nearTheEnd(t, 10, func(o *omadata.Config) {
		x := o.Agreements[0].Spec()
		x.Version, x.From, x.Without = 2, start.AddDate(0, 6, 0), permission.Texts{person.Finnish: "uusi", person.Swedish: "ny", person.English: "new"}
		a, err := permission.NewAgreement(x)
		if err != nil {
			t.Fatal(err)
		}
		o.Agreements = append(o.Agreements, a)
	})
	c.work()
	r := c.renewal()
	if got := c.kinds(anna); !slices.Equal(got, []string{"ask", "give", "ask"}) || r.Under.Version() != 2 || !r.Open || c.permit(anna).Version != 1 {
		t.Fatalf("what happened: %v, %+v", got, r)
	}
	wants(t, c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{Text: c.see(anna).Agreement.Hash()}), fault.Conflict) // the old text
	c.must(c.Renew(c.ctx, anna, c.permit(anna).ID, omadata.Seen{Text: r.Under.Hash()}))
	if p := c.permit(anna); p.Version != 2 || p.State != "standing" || !p.Until.Equal(c.clock.Now().AddDate(1, 0, 0)) {
		t.Errorf("given anew: %+v", p)
	}
}
