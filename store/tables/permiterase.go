package tables

import (
	"fmt"
	"slices"
	"time"

	"ennakko/person"
	"ennakko/store"
)

// theirs are the matters that are about a person, and those in which the person
// has a part.
const theirs = "SELECT id FROM matter WHERE child = ?1 UNION SELECT matter FROM matter_person WHERE person = ?1 AND part = 'guardian'"

// onData are the proposals that stand on the data of a person, who may have no part in
// their matter any more.
const onData = "SELECT g.proposal FROM proposal_ground g JOIN permission p ON p.id = g.permission WHERE p.subject = ?1"

func (t *tx) Decided(id person.ID, since time.Time) (n int, err error) {
	_, err = t.one("SELECT count(*) FROM proposal WHERE state = ?2 AND answered >= ?3 AND (matter IN ("+theirs+") OR id IN ("+onData+"))", []any{int64(id), store.ProposalAccepted, micro(since)}, &n)
	return n, err
}

// erasePermissions takes a person out of matters and permissions, with all that was
// fetched and worked out of it.
func (t *tx) erasePermissions(id person.ID) (int, error) {
	matters, err := t.numbers("SELECT id FROM matter WHERE child = ?", int64(id))
	if err != nil {
		return 0, err
	}
	permits, err := t.numbers("SELECT id FROM permission WHERE subject = ?1 OR about = ?1", int64(id))
	if err != nil {
		return 0, err
	}
	for _, p := range permits {
		for _, q := range []string{
			"UPDATE proposal SET content = NULL, words = NULL, answered_by = 0, state = 'withdrawn' WHERE id IN (SELECT proposal FROM proposal_ground WHERE permission = ?)",
			"DELETE FROM proposal_ground WHERE permission = ?", "DELETE FROM source_mark WHERE permission = ?", "DELETE FROM handover WHERE permission = ?",
			"DELETE FROM webhook_delivery WHERE permission = ?", "DELETE FROM receipt_owed WHERE permission = ?", "DELETE FROM permission_event WHERE permission = ?", "DELETE FROM permission WHERE id = ?"} {
			if _, err := t.exec(q, p); err != nil {
				return 0, err
			}
		}
	}
	for _, m := range matters {
		for _, q := range []string{
			"DELETE FROM document_piece WHERE document IN (SELECT id FROM document WHERE matter = ?)", "DELETE FROM document WHERE matter = ?", "DELETE FROM care_hours WHERE matter = ?",
			"DELETE FROM proposal_ground WHERE proposal IN (SELECT id FROM proposal WHERE matter = ?)", "DELETE FROM proposal WHERE matter = ?",
			"DELETE FROM request WHERE matter = ?", "DELETE FROM matter_person WHERE matter = ?", "DELETE FROM matter WHERE id = ?"} {
			if _, err := t.exec(q, m); err != nil {
				return 0, err
			}
		}
	}
	for _, q := range []string{"DELETE FROM document_piece WHERE document IN (SELECT id FROM document WHERE person = ?)", "DELETE FROM document WHERE person = ?",
		"UPDATE care_hours SET by = 0 WHERE by = ?", "DELETE FROM request WHERE about = ?", "DELETE FROM request WHERE person = ?", "DELETE FROM matter_person WHERE person = ?",
		"UPDATE proposal SET answered_by = 0, words = NULL WHERE answered_by = ?"} {
		if _, err := t.exec(q, int64(id)); err != nil {
			return 0, err
		}
	}
	return len(permits), t.unsign(id)
}

// unsign puts somebody who never was in the place of a person in the events of
// other people's permissions: their lives must still hold together.
func (t *tx) unsign(id person.ID) error {
	var signed []store.PermitEvent
	if err := t.query("SELECT "+eventColumns+" FROM permission_event WHERE by = ? OR signers LIKE ?", []any{int64(id), fmt.Sprintf("%%%d%%", id)}, func(scan func(...any) error) error {
		e, err := scanPermitEvent(scan)
		if err == nil && (e.By == id || slices.Contains(e.Signers, id)) {
			signed = append(signed, e)
		}
		return err
	}); err != nil || len(signed) == 0 {
		return err
	}
	nobody, err := t.nobody()
	if err != nil {
		return err
	}
	for _, e := range signed {
		if e.By == id {
			e.By = person.ID(nobody) //nolint:gosec // it fits
		}
		for i, s := range e.Signers {
			if s == id {
				e.Signers[i] = person.ID(nobody) //nolint:gosec // it fits
			}
		}
		slices.Sort(e.Signers)
		signers, err := signersText(e.Signers)
		if err != nil {
			return err
		}
		if _, err := t.exec("UPDATE permission_event SET by = ?, signers = ?, receipt = NULL WHERE permission = ? AND n = ?", int64(e.By), signers, e.Permission, e.N); err != nil {
			return err
		}
	}
	return nil
}
