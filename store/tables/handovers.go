package tables

import (
	"context"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

const handoverColumns = "h.id, h.permission, h.source, h.request, h.fields, h.asked, h.state, h.ended, h.fresh, h.why"

func scanHandover(scan func(...any) error, more ...any) (h store.Handover, err error) {
	var fields string
	var asked, ended, fresh int64
	if err := scan(append([]any{&h.ID, &h.Permission, &h.Source, &h.Request, &fields, &asked, &h.State, &ended, &fresh, &h.Why}, more...)...); err != nil {
		return h, fault.Wrap(err, "store.Handover", "a hand-over cannot be read")
	}
	h.Asked, h.Ended, h.Fresh = fromMicro(asked), fromZero(ended), fromZero(fresh)
	h.Fields, err = fieldsOf(fields)
	return h, err
}

// allowed fails unless a grant opens all of the fields of whose permission it is.
func (t *tx) allowed(op string, g permission.Grant, h store.Handover) (person.ID, error) {
	p, err := t.PermitOf(h.Permission)
	if err != nil {
		return 0, err
	}
	if g.Purpose().ID() != p.Purpose || len(h.Fields) == 0 {
		return 0, fault.New(fault.Refused, op, "the grant is for another purpose, or there are no fields")
	}
	for _, f := range h.Fields {
		if !g.Allows(f, p.Subject) {
			return 0, fault.New(fault.Refused, op, "the grant does not open %q of this person", f)
		}
	}
	return p.Subject, nil
}

func (t *tx) BeginHandover(g permission.Grant, h store.Handover) (int64, error) {
	if _, err := t.allowed("store.BeginHandover", g, h); err != nil {
		return 0, err
	}
	fields, err := fieldsText(h.Fields)
	if err != nil {
		return 0, err
	}
	id, err := t.next("handover")
	if err != nil {
		return 0, err
	}
	return id, t.put("INSERT INTO handover (id, permission, source, request, fields, asked, state, ended, fresh, why, payload) VALUES (?,?,?,?,?,?,?,0,0,'',NULL)",
		id, h.Permission, h.Source, h.Request, fields, micro(h.Asked), store.HandoverBegun)
}

func (t *tx) handover(id int64) (h store.Handover, payload []byte, err error) {
	there := false
	err = t.query("SELECT "+handoverColumns+", h.payload FROM handover h WHERE h.id = ?", []any{id}, func(scan func(...any) error) error {
		there = true
		h, err = scanHandover(scan, &payload)
		payload = append([]byte(nil), payload...)
		return err
	})
	if err == nil && !there {
		err = fault.New(fault.Missing, "store.Handover", "there is no such hand-over")
	}
	return h, payload, err
}

func (t *tx) KeepHandover(g permission.Grant, id int64, content []byte, fresh, now time.Time) error {
	const op = "store.KeepHandover"
	h, _, err := t.handover(id)
	if err != nil {
		return err
	}
	if _, err := t.allowed(op, g, h); err != nil {
		return err
	}
	p, err := t.PermitOf(h.Permission)
	if err != nil {
		return err
	}
	if err := t.lookAgain(p.About); err != nil {
		return err
	}
	sealed, err := t.sealValue("handover.payload", uint64(id), content) //nolint:gosec // from 1
	if err != nil {
		return err
	}
	n, err := t.exec("UPDATE handover SET state = ?, ended = ?, fresh = ?, payload = ? WHERE id = ? AND state = ?", store.HandoverGot, micro(now), micro(fresh), sealed, id, store.HandoverBegun)
	return ended(op, n, err)
}

func ended(op string, n int64, err error) error {
	if err == nil && n != 1 {
		err = fault.New(fault.Conflict, op, "the hand-over has ended already")
	}
	return err
}

func (t *tx) EndHandover(id int64, state, why string, now time.Time) error {
	n, err := t.exec("UPDATE handover SET state = ?, ended = ?, why = ? WHERE id = ? AND state = ?", state, micro(now), why, id, store.HandoverBegun)
	return ended("store.EndHandover", n, err)
}

func (t *tx) OpenHandover(g permission.Grant, id int64) (store.Payload, error) {
	const op = "store.OpenHandover"
	h, payload, err := t.handover(id)
	if err != nil {
		return store.Payload{}, err
	}
	subject, err := t.allowed(op, g, h)
	if err != nil {
		return store.Payload{}, err
	}
	if h.State != store.HandoverGot || len(payload) == 0 {
		return store.Payload{}, fault.New(fault.Missing, op, "nothing of this hand-over is kept")
	}
	content, err := t.db.vault.Open("handover.payload", uint64(id), payload) //nolint:gosec // from 1
	return store.Payload{Handover: h, Subject: subject, Content: content}, err
}

func (t *tx) HandoversOf(permission int64) (out []store.Handover, err error) {
	err = t.query("SELECT "+handoverColumns+" FROM handover h WHERE h.permission = ? ORDER BY h.id DESC", []any{permission}, func(scan func(...any) error) error {
		h, err := scanHandover(scan)
		out = append(out, h)
		return err
	})
	return out, err
}

func (t *tx) DeleteHandovers(permission int64, why string, now time.Time) (out store.Deleted, err error) {
	n, err := t.exec("UPDATE handover SET state = ?, payload = NULL, why = ?, fresh = 0 WHERE permission = ? AND state = ?", store.HandoverDeleted, why, permission, store.HandoverGot)
	if err != nil {
		return out, err
	}
	out.Handovers = int(n)
	if _, err := t.one("SELECT count(*) FROM handover WHERE permission = ? AND state = ?", []any{permission, store.HandoverBegun}, &out.Begun); err != nil {
		return out, err
	}
	const rests = "id IN (SELECT proposal FROM proposal_ground WHERE permission = ?)"
	if _, err := t.one("SELECT count(*) FROM proposal WHERE state = ? AND "+rests, []any{store.ProposalAccepted, permission}, &out.Kept); err != nil {
		return out, err
	}
	n, err = t.exec("UPDATE proposal SET content = NULL, words = NULL, state = ? WHERE state IN (?, ?, ?) AND content IS NOT NULL AND "+rests, store.ProposalWithdrawn, store.ProposalOpen, store.ProposalAsked, store.ProposalReplaced, permission)
	out.Proposals = int(n)
	return out, err
}

func (t *tx) DeleteStale(now time.Time, limit int) (int, error) {
	n, err := t.exec("UPDATE handover SET state = ?, payload = NULL, why = 'no longer fresh' WHERE id IN (SELECT id FROM handover WHERE state = ? AND fresh <= ? ORDER BY id LIMIT ?)",
		store.HandoverDeleted, store.HandoverGot, micro(now), limit)
	return int(n), err
}

func (t *tx) FailLost(before, now time.Time) (int, error) {
	n, err := t.exec("UPDATE handover SET state = ?, ended = ?, why = 'nobody waits for the answer any more' WHERE state = ? AND asked < ?", store.HandoverFailed, micro(now), store.HandoverBegun, micro(before))
	return int(n), err
}

// WouldDelete counts what DeleteHandovers would take away and leave.
func (d *DB) WouldDelete(ctx context.Context, permission int64) (out store.Deleted, err error) {
	const proposals = "SELECT count(*) FROM proposal WHERE id IN (SELECT proposal FROM proposal_ground WHERE permission = ?1) AND state "
	for _, x := range []struct {
		query string
		args  []any
		to    *int
	}{
		{"SELECT count(*) FROM handover WHERE permission = ?1 AND state = ?2", []any{permission, store.HandoverGot}, &out.Handovers},
		{"SELECT count(*) FROM handover WHERE permission = ?1 AND state = ?2", []any{permission, store.HandoverBegun}, &out.Begun},
		{proposals + "IN (?2, ?3, ?4) AND content IS NOT NULL", []any{permission, store.ProposalOpen, store.ProposalAsked, store.ProposalReplaced}, &out.Proposals},
		{proposals + "= ?2", []any{permission, store.ProposalAccepted}, &out.Kept},
	} {
		if _, err := d.row(ctx, x.query, x.args, x.to); err != nil {
			return out, err
		}
	}
	return out, nil
}
