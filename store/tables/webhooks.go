package tables

import (
	"context"
	"time"

	"ennakko/fault"
	"ennakko/store"
)

const webhookKey = "webhook.secret"

func (t *tx) AddWebhook(w store.Webhook, key []byte) (store.WebhookID, error) {
	if w.Caller == "" || w.Address == "" || len(key) == 0 {
		return 0, fault.New(fault.Invalid, "store.AddWebhook", "a webhook needs a caller, an address and a key")
	}
	id, err := t.next("webhook")
	if err != nil {
		return 0, err
	}
	sealed, err := t.sealValue(webhookKey, uint64(id), key) //nolint:gosec // from 1
	if err != nil {
		return 0, err
	}
	return store.WebhookID(id), t.put("INSERT INTO webhook (id, caller, address, disabled, everyone, secret, since, gone, fails, due) VALUES (?,?,?,?,?,?,?,0,0,0)",
		id, w.Caller, w.Address, flag(w.Disabled), flag(w.Everyone), sealed, micro(w.Since))
}

func noWebhook(op string) error { return fault.New(fault.Missing, op, "there is no such webhook") }

func (t *tx) ChangeWebhook(w store.Webhook, key []byte) error {
	const op = "store.ChangeWebhook"
	n, err := t.exec("UPDATE webhook SET address = ?, disabled = ?, everyone = ?, fails = 0, due = 0 WHERE id = ? AND caller = ? AND gone = 0", w.Address, flag(w.Disabled), flag(w.Everyone), int64(w.ID), w.Caller)
	if err == nil && n == 0 {
		err = noWebhook(op)
	}
	if err != nil || len(key) == 0 {
		return err
	}
	sealed, err := t.sealValue(webhookKey, uint64(w.ID), key) //nolint:gosec // from 1
	if err != nil {
		return err
	}
	return t.put("UPDATE webhook SET secret = ? WHERE id = ?", sealed, int64(w.ID))
}

func (t *tx) RemoveWebhook(caller string, id store.WebhookID, now time.Time) error {
	n, err := t.exec("UPDATE webhook SET gone = ?, address = '', secret = NULL WHERE id = ? AND caller = ? AND gone = 0", micro(now), int64(id), caller)
	if err == nil && n == 0 {
		err = noWebhook("store.RemoveWebhook")
	}
	if err != nil {
		return err
	}
	return t.put("DELETE FROM webhook_delivery WHERE webhook = ? AND state = ?", int64(id), store.DeliveryWaiting)
}

// happened is what webhooks are told of an event.
func happened(kind, state string) string {
	switch {
	case kind == "give" && state == StandingState:
		return store.PermitGiven
	case kind == "withdraw":
		return store.PermitWithdrawn
	case kind == "expire" || kind == "end":
		return store.PermitEnded
	}
	return store.PermitChanged
}

// tellOf notes what each webhook is to be told of an event. It is one statement of
// the write that keeps the event: nothing is sent, and nobody is asked.
func (t *tx) tellOf(p store.Permit, n int, kind string) error {
	return t.put(`INSERT INTO webhook_delivery (webhook, permission, n, name, state, since, tries, due, said, ended)
		SELECT w.id, CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS TEXT), CAST(? AS TEXT), `+t.db.engine.Time+`, 0, 0, '', 0 FROM webhook w
		WHERE w.gone = 0 AND w.disabled = 0 AND (w.everyone = 1 OR EXISTS (SELECT 1 FROM individual i WHERE i.caller = w.caller AND i.person = ?))`,
		p.ID, n, happened(kind, p.State), store.DeliveryWaiting, int64(p.Subject))
}

func (t *tx) BeginDelivery(d store.Delivery, until time.Time) error {
	n, err := t.exec("UPDATE webhook_delivery SET tries = tries + 1, due = ? WHERE webhook = ? AND permission = ? AND n = ? AND state = ? AND tries = ?", micro(until), int64(d.Webhook), d.Permission, d.N, store.DeliveryWaiting, d.Tries)
	if err == nil && n == 0 {
		err = store.ErrNothing
	}
	if err != nil {
		return err
	}
	p, err := t.PermitOf(d.Permission)
	if err != nil {
		return err
	}
	t.About("", p.Subject)
	return nil
}

func (t *tx) AgainDeliveries(id store.WebhookID) (int, error) {
	n, err := t.exec("UPDATE webhook_delivery SET state = ?, tries = 0, due = 0, ended = 0, since = "+t.db.engine.Time+" WHERE webhook = ? AND state = ? AND EXISTS (SELECT 1 FROM webhook w WHERE w.id = webhook_delivery.webhook AND w.gone = 0)",
		store.DeliveryWaiting, int64(id), store.DeliveryGivenUp)
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), t.put("UPDATE webhook SET fails = 0, due = 0 WHERE id = ?", int64(id))
}

const webhookColumns = "w.id, w.caller, w.address, w.disabled, w.everyone, w.since, w.fails, w.due"

func (d *DB) webhooks(ctx context.Context, query string, args ...any) (out []store.Webhook, err error) {
	err = d.rows(ctx, "SELECT "+webhookColumns+" FROM webhook w WHERE w.gone = 0 AND "+query, args, func(scan func(...any) error) error {
		var w store.Webhook
		var id, disabled, everyone, since, due int64
		err := scan(&id, &w.Caller, &w.Address, &disabled, &everyone, &since, &w.Fails, &due)
		w.ID, w.Disabled, w.Everyone, w.Since, w.Due = store.WebhookID(id), disabled != 0, everyone != 0, fromMicro(since), fromZero(due)
		out = append(out, w)
		return err
	})
	return out, err
}

// Webhook finds a webhook of a caller; there being none is Missing.
func (d *DB) Webhook(ctx context.Context, caller string, id store.WebhookID) (store.Webhook, error) {
	all, err := d.webhooks(ctx, "w.caller = ? AND w.id = ?", caller, int64(id))
	if err == nil && len(all) == 0 {
		err = noWebhook("store.Webhook")
	}
	if err != nil {
		return store.Webhook{}, err
	}
	return all[0], nil
}

// Webhooks are those of a caller, or of all if it is "", in order of number, after
// the first offset, at most limit.
func (d *DB) Webhooks(ctx context.Context, caller string, offset, limit int) ([]store.Webhook, error) {
	return d.webhooks(ctx, "(CAST(?1 AS TEXT) = '' OR w.caller = ?1) ORDER BY w.id LIMIT ?2 OFFSET ?3", caller, limit, offset)
}

// WebhooksDue are those that are to be told something now.
func (d *DB) WebhooksDue(ctx context.Context, now time.Time) ([]store.Webhook, error) {
	return d.webhooks(ctx, "w.disabled = 0 AND w.due <= ?1 AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.state = ?2 AND d.webhook = w.id AND d.due <= ?1) ORDER BY w.id", micro(now), store.DeliveryWaiting)
}

// WebhookKey is the key of a webhook's signatures; Missing when it is gone.
func (d *DB) WebhookKey(ctx context.Context, id store.WebhookID) ([]byte, error) {
	var sealed []byte
	found, err := d.row(ctx, "SELECT secret FROM webhook WHERE id = ? AND gone = 0", []any{int64(id)}, &sealed)
	if err == nil && !found {
		err = noWebhook("store.WebhookKey")
	}
	if err != nil {
		return nil, err
	}
	return d.vault.Open(webhookKey, uint64(id), sealed) //nolint:gosec // from 1
}

func (d *DB) deliveries(ctx context.Context, query string, args ...any) (out []store.Delivery, err error) {
	err = d.rows(ctx, "SELECT webhook, permission, n, name, state, since, tries, due, said, ended FROM webhook_delivery WHERE "+query, args, func(scan func(...any) error) error {
		var x store.Delivery
		var id, since, due, ended int64
		err := scan(&id, &x.Permission, &x.N, &x.Name, &x.State, &since, &x.Tries, &due, &x.Said, &ended)
		x.Webhook, x.Since, x.Due, x.Ended = store.WebhookID(id), fromMicro(since), fromZero(due), fromZero(ended)
		out = append(out, x)
		return err
	})
	return out, err
}

// DeliveriesDue are what a webhook is to be told now, what has been waiting longest
// first.
func (d *DB) DeliveriesDue(ctx context.Context, id store.WebhookID, now time.Time, limit int) ([]store.Delivery, error) {
	return d.deliveries(ctx, "webhook = ? AND state = ? AND due <= ? ORDER BY due, since, permission, n LIMIT ?", int64(id), store.DeliveryWaiting, micro(now), limit)
}

// Deliveries are those of a webhook in a state, the newest first.
func (d *DB) Deliveries(ctx context.Context, id store.WebhookID, state string, limit int) ([]store.Delivery, error) {
	return d.deliveries(ctx, "webhook = ? AND state = ? ORDER BY since DESC, permission DESC, n DESC LIMIT ?", int64(id), state, limit)
}

// DeliveryCounts counts the deliveries that are remembered. What a disabled webhook is
// still to be told waits for nobody and is not counted.
func (d *DB) DeliveryCounts(ctx context.Context) (out []store.DeliveryCount, err error) {
	err = d.rows(ctx, "SELECT d.webhook, d.state, count(*), min(d.since) FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook WHERE w.gone = 0 AND (d.state <> ? OR w.disabled = 0) GROUP BY d.webhook, d.state ORDER BY 1, 2",
		[]any{store.DeliveryWaiting}, func(scan func(...any) error) error {
			var c store.DeliveryCount
			var id, since int64
			err := scan(&id, &c.State, &c.N, &since)
			c.Webhook, c.Since = store.WebhookID(id), fromMicro(since)
			out = append(out, c)
			return err
		})
	return out, err
}

// SettleDelivery keeps how a try ended: d as it is now, and how often in a row its
// webhook did not take what it was told and when it is tried again. It is no entry in
// the record: that it is told stands there since before the try. What does not wait any
// more stays as it is.
func (d *DB) SettleDelivery(ctx context.Context, x store.Delivery, fails int, pause time.Time) error {
	const op = "store.SettleDelivery"
	for _, s := range []Statement{
		{"UPDATE webhook_delivery SET state = ?, due = ?, said = ?, ended = ? WHERE webhook = ? AND permission = ? AND n = ? AND state = ?", []any{x.State, zeroMicro(x.Due), x.Said, zeroMicro(x.Ended), int64(x.Webhook), x.Permission, x.N, store.DeliveryWaiting}},
		{"UPDATE webhook SET fails = ?, due = ? WHERE id = ?", []any{fails, zeroMicro(pause), int64(x.Webhook)}}} {
		if _, err := d.beside().ExecContext(ctx, d.engine.Rebind(s.Query), s.Args...); err != nil {
			return fault.New(fault.Later, op, "the store is not to be had").Because(err)
		}
	}
	return nil
}

// ForgetDeliveries drops those that ended before a moment.
func (d *DB) ForgetDeliveries(ctx context.Context, before time.Time) error {
	_, err := d.beside().ExecContext(ctx, d.engine.Rebind("DELETE FROM webhook_delivery WHERE state <> ? AND ended < ?"), store.DeliveryWaiting, micro(before))
	return fault.Wrap(err, "store.ForgetDeliveries", "the store is not to be had")
}
