package storetest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// Hooked is what is exercised of webhooks.
type Hooked interface {
	Webhook(ctx context.Context, caller string, id store.WebhookID) (store.Webhook, error)
	Webhooks(ctx context.Context, caller string, offset, limit int) ([]store.Webhook, error)
	WebhooksDue(ctx context.Context, now time.Time) ([]store.Webhook, error)
	WebhookKey(ctx context.Context, id store.WebhookID) ([]byte, error)
	DeliveriesDue(ctx context.Context, id store.WebhookID, now time.Time, limit int) ([]store.Delivery, error)
	Deliveries(ctx context.Context, id store.WebhookID, state string, limit int) ([]store.Delivery, error)
	DeliveryCounts(ctx context.Context) ([]store.DeliveryCount, error)
	SettleDelivery(ctx context.Context, d store.Delivery, fails int, pause time.Time) error
	ForgetDeliveries(ctx context.Context, before time.Time) error
}

// hook keeps a webhook.
func (s *suite) hook(caller string, everyone bool) (id store.WebhookID) {
	s.Helper()
	s.write(func(tx store.Tx) (err error) {
		id, err = tx.AddWebhook(store.Webhook{Caller: caller, Address: "https://" + caller + ".example/hook", Everyone: everyone, Since: Start}, []byte("key of "+caller))
		return err
	})
	return id
}

// hooks: a webhook is its caller's alone, and its number nobody else's.
func hooks(s *suite) {
	a, b := s.hook("school", false), s.hook("clinic", true)
	w, err := s.s.Webhook(s.ctx, "school", a)
	if err != nil || w != (store.Webhook{ID: a, Caller: "school", Address: "https://school.example/hook", Since: Start}) {
		s.Errorf("%+v, %v", w, err)
	}
	if _, err := s.s.Webhook(s.ctx, "clinic", a); fault.KindOf(err) != fault.Missing {
		s.Errorf("a caller finds another's webhook: %v", err)
	}
	w.Caller = "clinic"
	s.refused("another's webhook is changed", fault.Missing, func(tx store.Tx) error { return tx.ChangeWebhook(w, []byte("stolen")) })
	s.refused("another's webhook is taken away", fault.Missing, func(tx store.Tx) error { return tx.RemoveWebhook("clinic", a, Start) })
	s.refused("a webhook without a key", fault.Invalid, func(tx store.Tx) error {
		_, err := tx.AddWebhook(store.Webhook{Caller: "school", Address: "https://x.example"}, nil)
		return err
	})
	w.Caller, w.Address, w.Disabled = "school", "https://school.example/other", true
	s.write(func(tx store.Tx) error { return tx.ChangeWebhook(w, nil) })
	if got, err := s.s.Webhook(s.ctx, "school", a); err != nil || got != w {
		s.Errorf("%+v, %v", got, err)
	}
	if key, err := s.s.WebhookKey(s.ctx, a); err != nil || string(key) != "key of school" {
		s.Errorf("the key did not stay: %v", err)
	}
	s.write(func(tx store.Tx) error { return tx.ChangeWebhook(w, []byte("another")) })
	if key, err := s.s.WebhookKey(s.ctx, a); err != nil || string(key) != "another" {
		s.Errorf("the key was not changed: %v", err)
	}
	for caller, want := range map[string][]store.WebhookID{"": {a, b}, "school": {a}, "nobody": nil} {
		all, err := s.s.Webhooks(s.ctx, caller, 0, 9)
		s.must(err)
		var ids []store.WebhookID
		for _, w := range all {
			ids = append(ids, w.ID)
		}
		if !slices.Equal(ids, want) {
			s.Errorf("%q: %v", caller, ids)
		}
	}
	if all, err := s.s.Webhooks(s.ctx, "", 1, 1); err != nil || len(all) != 1 || all[0].ID != b {
		s.Errorf("%v, %v", all, err)
	}
	s.write(func(tx store.Tx) error { return tx.RemoveWebhook("clinic", b, Start) })
	if _, err := s.s.WebhookKey(s.ctx, b); fault.KindOf(err) != fault.Missing {
		s.Errorf("the key of a webhook that is gone: %v", err)
	}
	if c := s.hook("clinic", true); c == b {
		s.Error("the number of a webhook that is gone was given again")
	}
}

// names are what a webhook is still to be told, in order.
func (s *suite) names(id store.WebhookID, now time.Time) (out []string) {
	s.Helper()
	all, err := s.s.DeliveriesDue(s.ctx, id, now, 99)
	s.must(err)
	for _, d := range all {
		out = append(out, d.Event()+" "+d.Name)
	}
	return out
}

// step goes on with the life of a permission.
func (s *suite) step(id int64, kind, state string) {
	s.Helper()
	s.write(func(tx store.Tx) error {
		p, err := tx.PermitOf(id)
		if err != nil {
			return err
		}
		p.State = state
		_, err = tx.SavePermit(p, store.PermitEvent{N: p.Events + 1, Kind: kind, At: Start.Add(time.Hour), Version: 1, Hash: "h1", Signers: []person.ID{p.Subject}})
		return err
	})
}

// told: each webhook is told of what its caller may know, once, and of nothing else.
func told(s *suite) {
	s.write(func(tx store.Tx) error {
		return tx.SaveIndividual(store.Individual{ID: "a", Caller: "school", Person: 3, Since: Start})
	})
	school, auditor, silent := s.hook("school", false), s.hook("auditor", true), s.hook("silent", true)
	s.write(func(tx store.Tx) error {
		return tx.ChangeWebhook(store.Webhook{ID: silent, Caller: "silent", Address: "https://x.example", Everyone: true, Disabled: true}, nil)
	})
	one, two := s.give(2, 1), s.give(3, 1)
	s.step(two, "ask", "asked")
	s.step(two, "give", "partly")
	s.step(two, "give", "standing")
	s.step(two, "withdraw", "withdrawn")
	s.step(one, "expire", "expired")
	now := time.Now().Add(time.Hour)
	if got := s.names(school, now); !slices.Equal(got, []string{"2-1 given", "2-2 changed", "2-3 changed", "2-4 given", "2-5 withdrawn"}) {
		s.Errorf("its own individuals: %v", got)
	}
	got := s.names(auditor, now)
	slices.Sort(got)
	if !slices.Equal(got, []string{"1-1 given", "1-2 ended", "2-1 given", "2-2 changed", "2-3 changed", "2-4 given", "2-5 withdrawn"}) {
		s.Errorf("everyone: %v", got)
	}
	if got := s.names(silent, now); len(got) != 0 {
		s.Errorf("a disabled webhook: %v", got)
	}
	due, err := s.s.WebhooksDue(s.ctx, now)
	if err != nil || len(due) != 2 {
		s.Errorf("%v, %v", due, err)
	}
	s.write(func(tx store.Tx) error { _, err := tx.ErasePerson(3); return err })
	if got := s.names(auditor, now); len(got) != 2 {
		s.Errorf("erased, and still to be told: %v", got)
	}
	s.write(func(tx store.Tx) error { return tx.RemoveWebhook("auditor", auditor, Start) })
	if got := s.names(auditor, now); len(got) != 0 {
		s.Errorf("a webhook that is gone: %v", got)
	}
}

// deliveries: a try is on the record before it is made, is made by one, and how it
// ended is kept.
func deliveries(s *suite) {
	hook := s.hook("auditor", true)
	id := s.give(2, 1)
	s.step(id, "withdraw", "withdrawn")
	now := time.Now().UTC().Add(time.Hour).Truncate(time.Microsecond)
	all, err := s.s.DeliveriesDue(s.ctx, hook, now, 9)
	s.must(err)
	if len(all) != 2 {
		s.Fatalf("%v", all)
	}
	before := s.entryCount()
	for range 2 {
		s.write(func(tx store.Tx) error { return tx.BeginDelivery(all[0], now.Add(time.Minute)) })
	}
	if s.entryCount() != before+1 {
		s.Error("a delivery was begun twice")
	}
	if uses, err := s.s.Uses(s.ctx, 2, 1); err != nil || len(uses) != 1 || uses[0].Seq != before+1 {
		s.Errorf("the try is not on the person's record: %v", err)
	}
	if got := s.names(hook, now); !slices.Equal(got, []string{"1-2 withdrawn"}) {
		s.Errorf("it is tried by two at once: %v", got)
	}
	taken, failed := all[0], all[1]
	taken.State, taken.Said, taken.Ended = store.DeliveryTaken, "HTTP 200", now
	s.must(s.s.SettleDelivery(s.ctx, taken, 0, time.Time{}))
	failed.Said, failed.Due = "no answer", now.Add(time.Minute)
	s.must(s.s.SettleDelivery(s.ctx, failed, 3, now.Add(time.Second)))
	if due, err := s.s.WebhooksDue(s.ctx, now); err != nil || len(due) != 0 {
		s.Errorf("it is not left alone: %v, %v", due, err)
	}
	if due, err := s.s.WebhooksDue(s.ctx, now.Add(2*time.Minute)); err != nil || len(due) != 1 || due[0].Fails != 3 || !due[0].Due.Equal(now.Add(time.Second)) {
		s.Errorf("%v, %v", due, err)
	}
	again := taken
	again.State = store.DeliveryGivenUp
	s.must(s.s.SettleDelivery(s.ctx, again, 0, time.Time{})) // it ended before: it stays so
	failed.State, failed.Ended = store.DeliveryGivenUp, now
	s.must(s.s.SettleDelivery(s.ctx, failed, 3, time.Time{}))
	s.deliveryCounts(hook, map[string]int{store.DeliveryTaken: 1, store.DeliveryGivenUp: 1})
	if got, err := s.s.Deliveries(s.ctx, hook, store.DeliveryGivenUp, 9); err != nil || len(got) != 1 || got[0].Said != "no answer" || got[0].N != 2 || !got[0].Ended.Equal(now) {
		s.Errorf("%+v, %v", got, err)
	}
	s.write(func(tx store.Tx) error {
		n, err := tx.AgainDeliveries(hook)
		if n != 1 {
			s.Errorf("%d wait again", n)
		}
		return err
	})
	s.deliveryCounts(hook, map[string]int{store.DeliveryTaken: 1, store.DeliveryWaiting: 1})
	s.must(s.s.ForgetDeliveries(s.ctx, now.Add(time.Second)))
	s.deliveryCounts(hook, map[string]int{store.DeliveryWaiting: 1})
}

// deliveryCounts fails unless the deliveries are counted so.
func (s *suite) deliveryCounts(hook store.WebhookID, want map[string]int) {
	s.Helper()
	got := map[string]int{}
	counts, err := s.s.DeliveryCounts(s.ctx)
	s.must(err)
	for _, c := range counts {
		got[c.State] = c.N
		if c.Webhook != hook || time.Since(c.Since).Abs() > time.Hour {
			s.Errorf("%+v", c)
		}
	}
	for _, state := range []string{store.DeliveryWaiting, store.DeliveryTaken, store.DeliveryGivenUp} {
		if got[state] != want[state] {
			s.Errorf("%v, not %v", got, want)
		}
	}
}

// hookReadsBack fails unless the key of the webhook of filled opens.
func (s *suite) hookReadsBack(d Store) {
	s.Helper()
	key, err := d.WebhookKey(s.ctx, 1)
	s.must(err)
	if !bytes.Equal(key, []byte("key of auditor")) {
		s.Error("the key of a webhook does not read back")
	}
}
