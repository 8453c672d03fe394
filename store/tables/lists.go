package tables

import (
	"context"
	"encoding/json"

	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// LetterList is the cases on the letter list of a round that nobody has
// answered, in order of case.
func (d *DB) LetterList(ctx context.Context, id store.RoundID) ([]store.Listed, error) {
	return d.listed(ctx, `SELECT k.id, k.child, k.unit, k.language, k.stage, l.reason, k.sealed, EXISTS (SELECT 1 FROM post p WHERE p.case_id = k.id AND p.state <> 'refused' AND p.state <> 'returned'), coalesce((SELECT at FROM place WHERE case_id = k.id), 0) FROM kase k JOIN letter l ON l.case_id = k.id
		WHERE k.round = ? AND k.answered = 0 ORDER BY k.id`, id)
}

// Unreached is the cases without an answer to which no text message came through, in
// order of case. The reason is that of the letter or of the officer's matter.
func (d *DB) Unreached(ctx context.Context, id store.RoundID) ([]store.Listed, error) {
	return d.listed(ctx, `SELECT k.id, k.child, k.unit, k.language, k.stage, coalesce(
			(SELECT reason FROM letter WHERE case_id = k.id),
			(SELECT reason FROM item WHERE case_id = k.id AND kind = '`+conversation.ItemByHand+`' ORDER BY id LIMIT 1), ''), k.sealed, 1 = 0, coalesce((SELECT at FROM place WHERE case_id = k.id), 0)
		FROM kase k WHERE k.round = ? AND k.reached = 0 AND k.answered = 0 AND NOT EXISTS
			(SELECT 1 FROM outbox o WHERE o.case_id = k.id AND o.kind = 'inquiry' AND o.state = 'delivered') ORDER BY k.id`, id)
}

func (d *DB) listed(ctx context.Context, query string, id store.RoundID) ([]store.Listed, error) {
	var out []store.Listed
	err := d.rows(ctx, query, []any{int64(id)}, func(scan func(...any) error) error {
		var x store.Listed
		var n, when int64
		var child uint32
		var stage string
		var sealed []byte
		if err := scan(&n, &child, &x.Place.Unit, &x.Place.Language, &stage, &x.Reason, &sealed, &x.Posted, &when); err != nil {
			return err
		}
		c, err := d.openCase(n, sealed)
		x.Case, x.Child, x.Stage, x.Deadline = conversation.CaseID(n), person.ID(child), conversation.Stage(stage), c.Deadline
		if when != 0 {
			x.When = fromMicro(when)
		}
		out = append(out, x)
		return err
	})
	return out, err
}

// LeftOut is the people whom a criterion of the failsafe left without an offer,
// and those whom the criteria could not judge, in order of number.
func (d *DB) LeftOut(ctx context.Context, id store.RoundID) ([]store.Finding, error) {
	var out []store.Finding
	err := d.rows(ctx, "SELECT person, verdict, reasons, failsafe FROM finding WHERE round = ? AND (failsafe = 1 OR verdict = ?) ORDER BY person", []any{int64(id), string(criteria.Unknown)}, func(scan func(...any) error) error {
		var f store.Finding
		var who uint32
		var verdict, reasons string
		if err := scan(&who, &verdict, &reasons, &f.Failsafe); err != nil {
			return err
		}
		f.Person, f.Verdict = person.ID(who), criteria.Verdict(verdict)
		if err := json.Unmarshal([]byte(reasons), &f.Reasons); err != nil {
			return fault.New(fault.Tampered, "store.LeftOut", "a finding of round %d is not readable", id)
		}
		out = append(out, f)
		return nil
	})
	return out, err
}
