package tables

import (
	"time"

	"ennakko/person"
	"ennakko/store"
)

// theirs are the matters that are about a person, and those in which the person
// has a part.
const theirs = "SELECT id FROM matter WHERE child = ?1 UNION SELECT matter FROM matter_person WHERE person = ?1 AND part = 'guardian'"

func (t *tx) Decided(id person.ID, since time.Time) (n int, err error) {
	_, err = t.one("SELECT count(*) FROM proposal WHERE state = ?2 AND answered >= ?3 AND matter IN ("+theirs+")", []any{int64(id), store.ProposalAccepted, micro(since)}, &n)
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
			"DELETE FROM permission_event WHERE permission = ?", "DELETE FROM permission WHERE id = ?"} {
			if _, err := t.exec(q, p); err != nil {
				return 0, err
			}
		}
	}
	for _, m := range matters {
		for _, q := range []string{
			"DELETE FROM proposal_ground WHERE proposal IN (SELECT id FROM proposal WHERE matter = ?)", "DELETE FROM proposal WHERE matter = ?",
			"DELETE FROM request WHERE matter = ?", "DELETE FROM matter_person WHERE matter = ?", "DELETE FROM matter WHERE id = ?"} {
			if _, err := t.exec(q, m); err != nil {
				return 0, err
			}
		}
	}
	for _, q := range []string{"DELETE FROM request WHERE person = ?", "DELETE FROM matter_person WHERE person = ?", "UPDATE permission_event SET by = 0 WHERE by = ?",
		"UPDATE proposal SET answered_by = 0, words = NULL WHERE answered_by = ?"} {
		if _, err := t.exec(q, int64(id)); err != nil {
			return 0, err
		}
	}
	return len(permits), nil
}
