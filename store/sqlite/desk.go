package sqlite

import (
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/store"
)

// Report keeps reports. A report for a message that is not known to be handed
// over yet is used all the same: it proves the hand-over.
func (t *tx) Report(reports []channel.Report) ([]store.Outcome, error) {
	var out []store.Outcome
	for _, r := range reports {
		var there int
		if _, err := t.one("SELECT count(*) FROM report WHERE id = ?", []any{r.ID}, &there); err != nil {
			return nil, err
		}
		if there > 0 {
			continue
		}
		var caseID *int64
		var party int
		var kind, state string
		found, err := t.one("SELECT case_id, party, kind, state FROM outbox WHERE ref = ?", []any{string(r.Ref)}, &caseID, &party, &kind, &state)
		if err != nil {
			return nil, err
		}
		use := found && final(r.State) && !final(channel.State(state))
		if _, err := t.exec("INSERT INTO report (id, ref, state, at, used) VALUES (?,?,?,?,?)", r.ID, string(r.Ref), string(r.State), micro(r.At), flag(use)); err != nil {
			return nil, err
		}
		if !use {
			continue
		}
		if _, err := t.exec("UPDATE outbox SET state = ?, done = ?, handed = coalesce(handed, submitting) WHERE ref = ?", string(r.State), micro(r.At), string(r.Ref)); err != nil {
			return nil, err
		}
		o := store.Outcome{Party: party, Kind: conversation.Kind(kind), Delivered: r.State == channel.Delivered, Doubted: state == string(channel.Uncertain)}
		if caseID != nil {
			o.Case = conversation.CaseID(*caseID)
		}
		out = append(out, o)
	}
	return out, nil
}

func (t *tx) OpenItem(i store.Item, now time.Time) error {
	var open int
	if _, err := t.one("SELECT count(*) FROM item WHERE case_id = ? AND kind = ? AND settled IS NULL", []any{int64(i.Case), i.Kind}, &open); err != nil || open > 0 {
		return err
	}
	_, err := t.exec("INSERT INTO item (case_id, kind, reason, opened) VALUES (?,?,?,?)", int64(i.Case), i.Kind, i.Reason, micro(now))
	return err
}

func (t *tx) SettleItems(id conversation.CaseID, kind, by, reason string, now time.Time) error {
	_, err := t.exec("UPDATE item SET settled = ?, settled_by = ?, settled_reason = ? WHERE case_id = ? AND kind = ? AND settled IS NULL",
		micro(now), by, reason, int64(id), kind)
	return err
}

func (t *tx) AddLetter(id conversation.CaseID, reason string, now time.Time) error {
	_, err := t.exec("INSERT INTO letter (case_id, reason, at) VALUES (?,?,?) ON CONFLICT (case_id) DO NOTHING", int64(id), reason, micro(now))
	return err
}
