package omadata_test

import (
	"context"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/store"
)

// twoTexts is a city whose agreement has a second version, from a month on.
func twoTexts(t *testing.T) (c *city, first, second permission.Agreement) {
	t.Helper()
	pack, err := feePack()
	if err != nil {
		t.Fatal(err)
	}
	first = pack.Agreement()
	spec := first.Spec()
	spec.Version, spec.From = 2, start.AddDate(0, 1, 0)
	spec.Keep = permission.Period{Years: 50}
	if second, err = permission.NewAgreement(spec); err != nil {
		t.Fatal(err)
	}
	return newCity(t, func(o *omadata.Config) { o.Agreements = []permission.Agreement{first, second} }), first, second
}

// Who looked at a page before midnight and pressed the button after it has agreed to
// what stood on the page, and to nothing else.
func TestNobodyAgreesToATextThatTheyWereNotShown(t *testing.T) {
	c, first, second := twoTexts(t)
	shown := c.see(anna).Agreement.Hash()
	c.clock.add(32 * 24 * time.Hour)
	seq := c.last()
	for _, way := range []string{permission.WayPermit, omadata.Highest} {
		wants(t, c.ChooseSeen(c.ctx, anna, c.matter, way, omadata.Seen{Text: shown}), fault.Conflict)
	}
	if shown != first.Hash() {
		t.Error("another text was shown")
	}
	c.hasNot(seq, "resident:2 give a permission")
	c.hasNot(seq, "resident:2 choose a way without permission")
	c.must(c.ChooseSeen(c.ctx, anna, c.matter, permission.WayPermit, omadata.Seen{Text: second.Hash()}))
	if p := c.permit(anna); p.State != "standing" || p.Version != 2 {
		t.Errorf("%s under version %d", p.State, p.Version)
	}
}

// What is signed for a permission after so many events is for no later one.
func TestASignatureFromBeforeAWithdrawalGivesNothing(t *testing.T) {
	c := newCity(t)
	text := c.see(anna).Agreement.Hash()
	c.must(c.ChooseSeen(c.ctx, anna, c.matter, permission.WayPermit, omadata.Seen{Text: text, Events: omadata.After(0)}))
	before := c.permit(anna)
	_, err := c.Withdraw(c.ctx, anna, before.ID)
	c.must(err)
	wants(t, c.ChooseSeen(c.ctx, anna, c.matter, permission.WayPermit, omadata.Seen{Text: text, Events: omadata.After(before.Events)}), fault.Conflict)
	if s := c.permit(anna).State; s != "withdrawn" {
		t.Errorf("it is %s", s)
	}
}

func TestNobodyAcceptsAFeeThatTheyWereNotShown(t *testing.T) {
	c := newCity(t)
	c.choose(anna, permission.WayPermit)
	c.choose(antti, permission.WayPermit)
	shown := c.see(anna).Fee
	c.pay(anna, 9000_00)
	c.clock.add(31 * 24 * time.Hour)
	c.work()
	now := c.see(anna).Fee
	if now.ID == shown.ID || now.Working.Fee.Euros <= shown.Working.Fee.Euros {
		t.Fatalf("fee %d of %d euros, and then %d of %d", shown.ID, shown.Working.Fee.Euros, now.ID, now.Working.Fee.Euros)
	}
	wants(t, c.AnswerSeen(c.ctx, anna, c.matter, shown.ID, true, ""), fault.Conflict)
	wants(t, c.AnswerSeen(c.ctx, anna, c.matter, shown.ID, false, "why"), fault.Conflict)
	if s := c.see(anna).Stage; s != omadata.Proposed {
		t.Errorf("it is %s", s)
	}
	c.must(c.AnswerSeen(c.ctx, anna, c.matter, now.ID, true, ""))
	if s := c.see(anna).Stage; s != omadata.Accepted {
		t.Errorf("it is %s", s)
	}
}

// A fee that stands on the income of somebody whose permission has lost its cause is no
// fee to be accepted, also before the program has ended that permission.
func TestAFeeOnDataThatMayNotBeUsedAnyMoreIsNotAccepted(t *testing.T) {
	for name, happens := range map[string]func(c *city){
		"the other has moved out": func(c *city) {
			c.world.set(aino, register.GuardianOf, guardian(anna, true), guardian(antti, false))
			c.registersCame()
		},
		"the permissions have expired": func(c *city) { c.clock.add(366 * 24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			c.choose(anna, permission.WayPermit)
			c.choose(antti, permission.WayPermit)
			happens(c)
			wants(t, c.Answer(c.ctx, anna, c.matter, true, ""), fault.Conflict)
			c.must(c.Answer(c.ctx, anna, c.matter, false, "he has moved out"))
		})
	}
}

// The city's word to a source is on the text that stands when it is given, not on the
// one that stood when the question came.
func TestASourceIsToldOfTheTextThatStandsNow(t *testing.T) {
	pack, err := feePack()
	if err != nil {
		t.Fatal(err)
	}
	wide, narrow := pack.Agreement().Spec(), pack.Agreement().Spec()
	wide.Sources[0].Fields = append(wide.Sources[0].Fields, permission.SourceField{Field: incomes.FieldPayer, What: wide.Title})
	narrow.Version, narrow.From = 2, start.AddDate(0, 1, 0)
	first, err := permission.NewAgreement(wide)
	if err != nil {
		t.Fatal(err)
	}
	second, err := permission.NewAgreement(narrow)
	if err != nil {
		t.Fatal(err)
	}
	c := newCity(t, func(o *omadata.Config) { o.Agreements = []permission.Agreement{first, second} })
	c.choose(anna, permission.WayPermit)
	c.clock.add(32 * 24 * time.Hour)
	ask := func() standing.Verdict {
		t.Helper()
		v, err := c.Standing(c.ctx, standing.Question{ID: "question-1", Source: "incomes-register", Permission: c.permit(anna).ID, Purpose: first.Purpose(), Fields: []permission.Field{incomes.FieldPayer},
			Person: peopleKey(t).Person(c.world.code(t, anna)), At: c.clock.Now()})
		c.must(err)
		return v
	}
	if !ask().Stands {
		t.Fatal("under the first text the payer may be handed over")
	}
	omadata.Writing(c.Service, func(write omadata.Write) omadata.Write {
		return func(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
			if act.Verb() == "ask whether a permission stands" && c.permit(anna).Version == 1 {
				c.must(c.another(func(o *omadata.Config) { o.Agreements = []permission.Agreement{first, second} }).Choose(c.ctx, anna, c.matter, permission.WayPermit))
			}
			return write(ctx, act, do)
		}
	})
	if v := ask(); v.Stands || v.Why != standing.WhyFields {
		t.Errorf("the payer may be handed over under a text that does not list it: %+v", v)
	}
}
