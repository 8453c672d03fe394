package tables

import (
	"fmt"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// matterName is how the record calls a matter.
func matterName(id store.MatterID) string { return fmt.Sprintf("matter %d", id) }

func (t *tx) OpenMatter(m store.Matter) (store.MatterID, bool, error) {
	var id int64
	found, err := t.one("SELECT id FROM matter WHERE purpose = ? AND child = ?", []any{m.Purpose, int64(m.Child)}, &id)
	if err != nil {
		return 0, false, err
	}
	if !found {
		if id, err = t.next("matter"); err != nil {
			return 0, false, err
		}
		if err := t.put("INSERT INTO matter (id, purpose, child, opened) VALUES (?,?,?,?)", id, m.Purpose, int64(m.Child), micro(m.Opened)); err != nil {
			return 0, false, err
		}
	} else if err := t.put("DELETE FROM matter_person WHERE matter = ?", id); err != nil {
		return 0, false, err
	}
	rows := make([][]any, len(m.People))
	for i, p := range m.People {
		rows[i] = []any{id, int64(p.Person), p.Part}
	}
	return store.MatterID(id), !found, t.insert("matter_person", "matter, person, part", rows)
}

func (t *tx) Matter(id store.MatterID) (m store.Matter, err error) {
	var child, opened, looked int64
	found, err := t.one("SELECT purpose, child, opened, looked FROM matter WHERE id = ?", []any{int64(id)}, &m.Purpose, &child, &opened, &looked)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.Matter", "there is no such matter")
	}
	if err != nil {
		return m, err
	}
	m.ID, m.Child, m.Opened, m.Looked = id, person.ID(child), fromMicro(opened), fromZero(looked) //nolint:gosec // it was a person's number
	err = t.query("SELECT person, part FROM matter_person WHERE matter = ? ORDER BY person", []any{int64(id)}, func(scan func(...any) error) error {
		var who int64
		var p store.MatterPerson
		err := scan(&who, &p.Part)
		p.Person = person.ID(who) //nolint:gosec // it was a person's number
		m.People = append(m.People, p)
		return fault.Wrap(err, "store.Matter", "the matter cannot be read")
	})
	return m, err
}

// lookAgain says that a child's matters are to be looked at, whatever the clock says of
// whoever looked last.
func (t *tx) lookAgain(child person.ID) error {
	return t.put("UPDATE matter SET looked = 0 WHERE child = ?", int64(child))
}

func (t *tx) MatterLooked(id store.MatterID, at time.Time) error {
	var newest int64 // something may have been changed by a clock that is ahead
	if _, err := t.one(`SELECT coalesce(max(x), 0) FROM (SELECT max(p.changed) AS x FROM permission p JOIN matter m ON m.child = p.about WHERE m.id = ?1
		UNION ALL SELECT max(h.ended) FROM handover h JOIN permission p ON p.id = h.permission JOIN matter m ON m.child = p.about WHERE m.id = ?1) y`, []any{int64(id)}, &newest); err != nil {
		return err
	}
	return t.put("UPDATE matter SET looked = ? WHERE id = ?", max(newest, zeroMicro(at)), int64(id))
}

func (t *tx) MatterFamily(id store.MatterID, digest string) (changed bool, err error) {
	n, err := t.exec("UPDATE matter SET family = ?, looked = 0 WHERE id = ? AND family <> ?", digest, int64(id), digest)
	return n > 0, err
}

func (t *tx) AddProposal(p store.Proposal) (int64, error) {
	if err := t.put("UPDATE proposal SET state = ?, content = NULL, words = NULL WHERE matter = ? AND state IN (?, ?)", store.ProposalReplaced, int64(p.Matter), store.ProposalOpen, store.ProposalAsked); err != nil {
		return 0, err
	}
	id, err := t.next("proposal")
	if err != nil {
		return 0, err
	}
	sealed, err := t.sealValue("proposal.content", uint64(id), p.Content) //nolint:gosec // from 1
	if err != nil {
		return 0, err
	}
	if err := t.put("INSERT INTO proposal (id, matter, made, state, content, answered, answered_by, words) VALUES (?,?,?,?,?,0,0,NULL)", id, int64(p.Matter), micro(p.Made), p.State, sealed); err != nil {
		return 0, err
	}
	rows := make([][]any, len(p.Grounds))
	for i, g := range p.Grounds {
		rows[i] = []any{id, g.Permission, g.Handover}
	}
	return id, t.insert("proposal_ground", "proposal, permission, handover", rows)
}

const proposalColumns = "id, matter, made, state, content, answered, answered_by, words"

// scanProposal reads a row of proposalColumns and opens what is sealed.
func (d *DB) scanProposal(scan func(...any) error) (p store.Proposal, err error) {
	var matter, made, answered, by int64
	var content, words []byte
	if err := scan(&p.ID, &matter, &made, &p.State, &content, &answered, &by, &words); err != nil {
		return p, fault.Wrap(err, "store.Proposal", "a proposal cannot be read")
	}
	p.Matter, p.Made, p.Answered, p.By = store.MatterID(matter), fromMicro(made), fromZero(answered), person.ID(by) //nolint:gosec // it was a person's number
	if len(content) > 0 {
		if p.Content, err = d.vault.Open("proposal.content", uint64(p.ID), content); err != nil { //nolint:gosec // from 1
			return p, err
		}
	}
	if len(words) > 0 {
		var b []byte
		b, err = d.vault.Open("proposal.words", uint64(p.ID), words) //nolint:gosec // from 1
		p.Words = string(b)
	}
	return p, err
}

func (t *tx) NewestProposal(id store.MatterID) (p store.Proposal, ok bool, err error) {
	err = t.query("SELECT "+proposalColumns+" FROM proposal WHERE matter = ? AND state <> ? ORDER BY id DESC LIMIT 1", []any{int64(id), store.ProposalReplaced}, func(scan func(...any) error) error {
		ok = true
		p, err = t.db.scanProposal(scan)
		return err
	})
	if err != nil || !ok {
		return p, false, err
	}
	err = t.query("SELECT permission, handover FROM proposal_ground WHERE proposal = ? ORDER BY handover", []any{p.ID}, func(scan func(...any) error) error {
		var b store.Basis
		err := scan(&b.Permission, &b.Handover)
		p.Grounds = append(p.Grounds, b)
		return fault.Wrap(err, "store.Proposal", "a proposal cannot be read")
	})
	return p, true, err
}

func (t *tx) AnswerProposal(id int64, state string, by person.ID, words string, now time.Time) error {
	sealed, err := t.sealValue("proposal.words", uint64(id), []byte(words)) //nolint:gosec // from 1
	if err != nil {
		return err
	}
	n, err := t.exec("UPDATE proposal SET state = ?, answered = ?, answered_by = ?, words = ? WHERE id = ? AND state = ?", state, micro(now), int64(by), sealed, id, store.ProposalOpen)
	if err == nil && n != 1 {
		err = fault.New(fault.Conflict, "store.AnswerProposal", "the proposal is answered already, or another stands in its place").Do("look at it again")
	}
	return err
}

func (t *tx) DropProposals(id store.MatterID) (int, error) {
	n, err := t.exec("UPDATE proposal SET content = NULL, words = NULL, state = ? WHERE matter = ? AND state IN (?, ?) AND content IS NOT NULL",
		store.ProposalWithdrawn, int64(id), store.ProposalOpen, store.ProposalAsked)
	return int(n), err
}

func (t *tx) DeleteDecided(before time.Time, limit int) (int, error) {
	n, err := t.exec("UPDATE proposal SET content = NULL, words = NULL, answered_by = 0, state = ? WHERE id IN (SELECT id FROM proposal WHERE state = ? AND answered < ? ORDER BY id LIMIT ?)",
		store.ProposalPast, store.ProposalAccepted, micro(before), limit)
	return int(n), err
}
