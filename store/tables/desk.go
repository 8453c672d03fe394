package tables

import (
	"encoding/json"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) OpenItem(i store.Item, now time.Time) error {
	var open int
	if _, err := t.one("SELECT count(*) FROM item WHERE case_id = ? AND kind = ? AND settled IS NULL", []any{int64(i.Case), i.Kind}, &open); err != nil || open > 0 {
		return err
	}
	id, err := t.next("item")
	if err != nil {
		return err
	}
	err = t.put("INSERT INTO item (id, case_id, kind, reason, opened) VALUES (?,?,?,?,?)", id, int64(i.Case), i.Kind, i.Reason, micro(now))
	return err
}

func (t *tx) SettleItems(id conversation.CaseID, kind, by, reason string, now time.Time) error {
	err := t.put("UPDATE item SET settled = ?, settled_by = ?, settled_reason = ? WHERE case_id = ? AND kind = ? AND settled IS NULL",
		micro(now), by, reason, int64(id), kind)
	return err
}

func (t *tx) SettleItem(round store.RoundID, id store.ItemID, by, words string, now time.Time) (store.Item, error) {
	const op = "store.SettleItem"
	var i store.Item
	var caseID int64
	var settled *int64
	found, err := t.one("SELECT i.case_id, i.kind, i.reason, i.settled FROM item i JOIN kase k ON k.id = i.case_id WHERE i.id = ? AND k.round = ?",
		[]any{int64(id), int64(round)}, &caseID, &i.Kind, &i.Reason, &settled)
	switch {
	case err != nil:
		return i, err
	case !found:
		return i, fault.New(fault.Missing, op, "round %d has no matter %d", round, id)
	case settled != nil:
		return i, fault.New(fault.Conflict, op, "matter %d is settled already", id).Do("look at the queue again")
	}
	i.Case = conversation.CaseID(caseID)
	sealed, err := t.sealValue("item.words", uint64(id), []byte(words))
	if err != nil {
		return i, err
	}
	err = t.put("UPDATE item SET settled = ?, settled_by = ?, settled_reason = 'an officer settled it', words = ? WHERE id = ?", micro(now), by, sealed, int64(id))
	return i, err
}

func (t *tx) AddStep(s store.RoundStep) error {
	var last int64
	if _, err := t.one("SELECT coalesce(max(id), 0) FROM round_step", nil, &last); err != nil {
		return err
	}
	sealed, err := t.sealValue("step.words", uint64(last+1), []byte(s.Words))
	if err != nil {
		return err
	}
	err = t.put("INSERT INTO round_step (id, round, at, officer, step, words) VALUES (?,?,?,?,?,?)", last+1, int64(s.Round), micro(s.At), s.Officer, s.Step, sealed)
	return err
}

func (t *tx) OpenCases(id store.RoundID) ([]conversation.CaseID, error) {
	return t.caseIDs("SELECT id FROM kase WHERE round = ? AND stage NOT IN (?,?) ORDER BY id", int64(id), string(conversation.Accepted), string(conversation.Declined))
}

func (t *tx) caseIDs(query string, args ...any) ([]conversation.CaseID, error) {
	ids, err := t.numbers(query, args...)
	out := make([]conversation.CaseID, len(ids))
	for i, id := range ids {
		out[i] = conversation.CaseID(id)
	}
	return out, err
}

func (t *tx) SetObjection(purpose string, id person.ID, at time.Time, on bool) ([]conversation.CaseID, error) {
	if !on {
		err := t.put("DELETE FROM objection WHERE purpose = ? AND person = ?", purpose, int64(id))
		return nil, err
	}
	if err := t.put("INSERT INTO objection (purpose, person, at) VALUES (?,?,?) ON CONFLICT DO NOTHING", purpose, int64(id), micro(at)); err != nil {
		return nil, err
	}
	return t.caseIDs("SELECT k.id FROM kase k JOIN round r ON r.id = k.round WHERE k.child = ? AND r.state IN ('running', 'paused') ORDER BY k.id", int64(id))
}

func (t *tx) CasesAbout(service string, who person.ID) ([]conversation.CaseID, error) {
	return t.caseIDs("SELECT k.id FROM kase k JOIN round r ON r.id = k.round WHERE k.child = ? AND r.service = ? AND r.state IN ('running', 'paused') ORDER BY k.id", int64(who), service)
}

func (t *tx) MoveRound(id store.RoundID, by time.Duration) error {
	var text string
	found, err := t.one("SELECT schedule FROM round WHERE id = ?", []any{int64(id)}, &text)
	if err != nil || !found {
		return err
	}
	var at store.Schedule
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		return fault.Wrap(err, "store.MoveRound", "the schedule of round %d is not readable", id)
	}
	for _, m := range []*time.Time{&at.NoticeAt, &at.InquiryAt, &at.ReminderAt, &at.Deadline, &at.CloseAt} {
		if m.After(t.at.Add(-by)) {
			*m = m.Add(by)
		}
	}
	b, err := json.Marshal(at)
	if err != nil {
		return fault.Wrap(err, "store.MoveRound", "the schedule cannot be written")
	}
	if err := t.put("UPDATE round SET schedule = ? WHERE id = ?", string(b), int64(id)); err != nil {
		return err
	}
	err = t.put("UPDATE timer SET at = at + ? WHERE case_id IN (SELECT id FROM kase WHERE round = ?)", by.Microseconds(), int64(id))
	return err
}

// telling names, beside the allowance of messages, when officers were told last.
const telling = "tell officers"

func (t *tx) TakeNotice(now time.Time, every time.Duration) (map[string]int, error) {
	var last int64
	if _, err := t.one("SELECT at FROM allowance WHERE name = ?", []any{telling}, &last); err != nil || micro(now.Add(-every)) < last {
		return nil, err
	}
	waiting, newest := map[string]int{}, int64(0)
	err := t.query(`SELECT i.kind, count(*), max(i.opened) FROM item i JOIN kase k ON k.id = i.case_id JOIN round r ON r.id = k.round
		WHERE i.settled IS NULL AND r.state IN ('running', 'paused') GROUP BY i.kind`, nil, func(scan func(...any) error) error {
		var kind string
		var n int
		var opened int64
		err := scan(&kind, &n, &opened)
		waiting[kind], newest = n, max(newest, opened)
		return fault.Wrap(err, "store.TakeNotice", "the matters cannot be read")
	})
	if err != nil || newest <= last {
		return nil, err
	}
	err = t.put("INSERT INTO allowance (name, tokens, at) VALUES (?,0,?) ON CONFLICT (name) DO UPDATE SET at = excluded.at", telling, micro(now))
	return waiting, err
}

func (t *tx) NoticeFailed() error {
	err := t.put("DELETE FROM allowance WHERE name = ?", telling)
	return err
}

func (t *tx) AddLetter(id conversation.CaseID, reason string, now time.Time) error {
	err := t.put("INSERT INTO letter (case_id, reason, at) VALUES (?,?,?) ON CONFLICT (case_id) DO NOTHING", int64(id), reason, micro(now))
	return err
}
