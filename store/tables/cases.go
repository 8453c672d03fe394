package tables

import (
	"encoding/hex"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) OpenCase(id store.RoundID, n store.NewCase) (conversation.Case, error) {
	const op = "store.OpenCase"
	if err := t.fourEyes(op, id, n.Offer.Officer()); err != nil {
		return conversation.Case{}, err
	}
	number, err := t.next("kase")
	if err != nil {
		return conversation.Case{}, err
	}
	for i := range n.Parties {
		if n.Numbers[i] != "" {
			h, err := t.db.PhoneHash(n.Numbers[i])
			if err != nil {
				return conversation.Case{}, err
			}
			n.Parties[i].Phone = h
		}
	}
	c, err := conversation.Open(conversation.CaseID(number), n.Offer, n.Names, n.Parties, n.Deadline)
	if err != nil {
		return conversation.Case{}, err
	}
	sealed, err := t.seal(c)
	if err != nil {
		return conversation.Case{}, err
	}
	if err := t.put(`INSERT INTO kase (id, round, child, unit, language, stage, reached, answered, hidden, pack_hash, officer, version, sealed)
		VALUES (?,?,?,?,?,?,0,0,?,?,?,?,?)`, int64(c.ID), int64(id), int64(c.Child), c.Place.Unit, c.Place.Language, string(c.Stage),
		flag(n.Hidden), n.Offer.PackHash(), n.Offer.Officer(), c.Version, sealed); err != nil {
		return conversation.Case{}, err
	}
	for i, p := range c.Parties {
		number, err := t.sealValue("party.number", uint64(c.ID)<<8|uint64(i), []byte(n.Numbers[i]))
		if err != nil {
			return conversation.Case{}, err
		}
		if err := t.put("INSERT INTO party (case_id, party, person, phone_hash, number, waiting) VALUES (?,?,?,?,?,0)",
			int64(c.ID), i, int64(p.Person), string(p.Phone), number); err != nil {
			return conversation.Case{}, err
		}
	}
	ok, err := t.HoldPlace(c.ID)
	if err == nil && !ok {
		err = fault.New(fault.Conflict, op, "no place is free in the unit that was offered")
	}
	return c, err
}

// PhoneHash is the keyed hash by which a number is found.
func (d *DB) PhoneHash(e164 string) (conversation.Phone, error) {
	h, err := d.vault.Hash("phone", e164)
	return conversation.Phone(hex.EncodeToString(h)), err
}

func (t *tx) seal(c conversation.Case) ([]byte, error) {
	plain, err := conversation.Encode(c)
	if err != nil {
		return nil, fault.Wrap(err, "store.seal", "the case cannot be written")
	}
	return t.sealValue("case", uint64(c.ID), plain)
}

// openCase unseals a stored case.
func (d *DB) openCase(id int64, sealed []byte) (conversation.Case, error) {
	plain, err := d.vault.Open("case", uint64(id), sealed)
	if err != nil {
		return conversation.Case{}, err
	}
	return conversation.Decode(plain)
}

func (t *tx) Case(id conversation.CaseID) (store.Held, error) {
	var round, child int64
	var unit, language, packHash, officer string
	var sealed []byte
	found, err := t.one("SELECT round, child, unit, language, pack_hash, officer, sealed FROM kase WHERE id = ?", []any{int64(id)},
		&round, &child, &unit, &language, &packHash, &officer, &sealed)
	if err != nil {
		return store.Held{}, err
	}
	if !found {
		return store.Held{}, fault.New(fault.Missing, "store.Case", "there is no case %d", id)
	}
	c, err := t.db.openCase(int64(id), sealed)
	if err != nil {
		return store.Held{}, err
	}
	o, err := offer.Restore(person.ID(child), offer.Place{Unit: unit, Language: language}, packHash, officer)
	return store.Held{Round: store.RoundID(round), Case: c, Offer: o}, err
}

func (t *tx) SaveCase(c conversation.Case) error {
	sealed, err := t.seal(c)
	if err != nil {
		return err
	}
	reached, answered := 0, flag(c.Stage == conversation.Accepted || c.Stage == conversation.Declined)
	for i, p := range c.Parties {
		if p.Reach == conversation.Reached {
			reached = 1
		}
		if p.Answer != conversation.NoChoice {
			answered = 1
		}
		if err := t.put("UPDATE party SET waiting = ? WHERE case_id = ? AND party = ? AND waiting <> ?", flag(p.Waiting), int64(c.ID), i, flag(p.Waiting)); err != nil {
			return err
		}
	}
	return t.putChecked(func(changed int64) error {
		if changed == 0 {
			return fault.New(fault.Conflict, "store.SaveCase", "case %d was changed in between", c.ID)
		}
		return nil
	}, "UPDATE kase SET stage = ?, reached = ?, answered = ?, version = ?, sealed = ? WHERE id = ? AND version = ?",
		string(c.Stage), reached, answered, c.Version, sealed, int64(c.ID), c.Version-1)
}

func (t *tx) OnPhone(p conversation.Phone) ([]conversation.Candidate, error) {
	return t.candidates(`SELECT k.id, k.sealed, p.party FROM party p JOIN kase k ON k.id = p.case_id JOIN round r ON r.id = k.round
		WHERE p.phone_hash = ? AND p.phone_hash <> '' AND (r.state IN ('running', 'paused') OR r.id = (SELECT max(id) FROM round)) ORDER BY k.id`, string(p))
}

func (t *tx) Waiting(p conversation.Phone) (conversation.Candidate, bool, error) {
	on, err := t.candidates(`SELECT k.id, k.sealed, p.party FROM party p JOIN kase k ON k.id = p.case_id
		WHERE p.phone_hash = ? AND p.waiting = 1 ORDER BY k.id LIMIT 1`, string(p))
	if err != nil || len(on) == 0 {
		return conversation.Candidate{}, false, err
	}
	return on[0], true, nil
}

func (t *tx) candidates(query string, args ...any) ([]conversation.Candidate, error) {
	var out []conversation.Candidate
	err := t.query(query, args, func(scan func(...any) error) error {
		var id int64
		var sealed []byte
		var party int
		if err := scan(&id, &sealed, &party); err != nil {
			return fault.Wrap(err, "store", "the store cannot be read")
		}
		c, err := t.db.openCase(id, sealed)
		out = append(out, conversation.Candidate{Case: c, Party: party})
		return err
	})
	return out, err
}

func (t *tx) ReleasePlace(id conversation.CaseID) error {
	err := t.put("UPDATE place SET case_id = NULL WHERE case_id = ?", int64(id))
	return err
}

// HoldPlace takes a free place for the case, if it holds none.
func (t *tx) HoldPlace(id conversation.CaseID) (bool, error) {
	n, err := t.exec(`UPDATE place SET case_id = ?1 WHERE (round, unit, language, no) = (
			SELECT p.round, p.unit, p.language, p.no FROM place p JOIN kase k ON k.round = p.round AND k.unit = p.unit AND k.language = p.language
			WHERE k.id = ?1 AND p.case_id IS NULL ORDER BY p.no LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM place WHERE case_id = ?1)`, int64(id))
	if err != nil || n == 1 {
		return n == 1, err
	}
	var held int
	_, err = t.one("SELECT count(*) FROM place WHERE case_id = ?", []any{int64(id)}, &held)
	return held == 1, err
}

func (t *tx) PlaceFree(id conversation.CaseID) (bool, error) {
	var n int
	_, err := t.one(`SELECT count(*) FROM place p JOIN kase k ON k.round = p.round AND k.unit = p.unit AND k.language = p.language
		WHERE k.id = ?1 AND (p.case_id IS NULL OR p.case_id = ?1)`, []any{int64(id)}, &n)
	return n > 0, err
}

func (t *tx) SetTimer(id conversation.CaseID, k conversation.Timer, at time.Time) error {
	err := t.put("INSERT INTO timer (case_id, kind, at) VALUES (?,?,?) ON CONFLICT (case_id, kind) DO UPDATE SET at = excluded.at", int64(id), string(k), micro(at))
	return err
}

func (t *tx) ClearTimers(id conversation.CaseID) error {
	err := t.put("DELETE FROM timer WHERE case_id = ?", int64(id))
	return err
}

func (t *tx) TakeTimers(now time.Time, limit int) ([]store.DueTimer, error) {
	var due []store.DueTimer
	err := t.query(`SELECT t.case_id, t.kind FROM timer t
		WHERE t.at <= ? AND `+ofTimer+` = 'running' ORDER BY t.at, t.case_id LIMIT ?`, []any{micro(now), limit}, func(scan func(...any) error) error {
		var id int64
		var kind string
		err := scan(&id, &kind)
		due = append(due, store.DueTimer{Case: conversation.CaseID(id), Timer: conversation.Timer(kind)})
		return fault.Wrap(err, "store", "the store cannot be read")
	})
	if err != nil {
		return nil, err
	}
	for _, d := range due {
		if err := t.put("DELETE FROM timer WHERE case_id = ? AND kind = ?", int64(d.Case), string(d.Timer)); err != nil {
			return nil, err
		}
	}
	return due, nil
}
