package tables

import (
	"encoding/base32"
	"encoding/json"
	"io"
	"time"

	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

// newRef makes a reference that says nothing about the message.
func (t *tx) newRef() (string, error) {
	b := make([]byte, 15)
	if _, err := io.ReadFull(t.db.rand, b); err != nil {
		return "", fault.Wrap(err, "store.Enqueue", "there is no randomness for a reference")
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), nil
}

func (t *tx) Enqueue(o store.Outgoing) (bool, error) {
	var there int
	if _, err := t.one("SELECT count(*) FROM outbox WHERE key = ?", []any{o.Key}, &there); err != nil || there > 0 {
		return false, err
	}
	id, err := t.next("outbox")
	if err != nil {
		return false, err
	}
	ref, err := t.newRef()
	if err != nil {
		return false, err
	}
	text, err := t.sealValue("outbox.text", uint64(id), []byte(o.Text))
	if err != nil {
		return false, err
	}
	var caseID, answerTo any
	if o.Case != 0 {
		caseID = int64(o.Case)
	}
	if o.AnswerTo != 0 {
		answerTo = o.AnswerTo
	}
	state, code, doubt, submitting := channel.Queued, "", any(nil), any(nil)
	if !o.Doubt.IsZero() {
		state, code, doubt, submitting = channel.Uncertain, lostCode, micro(o.Doubt), micro(o.NotBefore)
	}
	err = t.put(`INSERT INTO outbox (id, key, ref, round, case_id, party, kind, language, state, urgent, segments, not_before, valid, text, answer_to, queued, code, doubt, submitting)
		VALUES (?,?,?,coalesce((SELECT round FROM kase WHERE id = ?), 0),?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, id, o.Key, ref, caseID, caseID, o.Party, string(o.Kind),
		string(o.Language), string(state), flag(o.Reply), o.Segments, micro(o.NotBefore), int64(o.Valid/time.Second), text, answerTo, micro(t.at), code, doubt, submitting)
	return err == nil, err
}

// lostCode marks a send of a time of which the records are lost. If it went out,
// it did so under another reference: no gateway can tell.
const lostCode = "lost"

// claimed is a row of the outbox on its way out.
type claimed struct {
	id, valid, child         int64
	ref, unit, lang, officer string
	packHash                 string
	caseID, answerTo         *int64
	party                    int
	text, number             []byte
	before                   int64 // messages to the same phone that were queued earlier; of an answer to nobody's number, all
}

func (t *tx) Claim(now time.Time, from, worker string, limit int) ([]store.Attempt, error) {
	var rows []claimed
	err := t.query(`SELECT o.id, o.ref, o.case_id, o.party, o.valid, o.text, o.answer_to, p.number,
			coalesce(k.child, 0), coalesce(k.unit, ''), coalesce(k.language, ''), coalesce(k.officer, ''), coalesce(k.pack_hash, ''),
			CASE WHEN p.phone_hash IS NULL THEN o.id ELSE (SELECT count(*) FROM party q JOIN outbox b ON b.case_id = q.case_id AND b.party = q.party WHERE q.phone_hash = p.phone_hash AND b.id < o.id) END
		FROM outbox o LEFT JOIN kase k ON k.id = o.case_id LEFT JOIN party p ON p.case_id = o.case_id AND p.party = o.party
		LEFT JOIN round r ON r.id = o.round
		WHERE o.state = 'queued' AND o.not_before <= ? AND (r.state IS NULL OR r.state = 'running' OR (r.state IN ('paused', 'closed') AND o.urgent = 1))
		ORDER BY o.urgent DESC, o.not_before, o.id LIMIT ?`, []any{micro(now), limit}, func(scan func(...any) error) error {
		var c claimed
		err := scan(&c.id, &c.ref, &c.caseID, &c.party, &c.valid, &c.text, &c.answerTo, &c.number, &c.child, &c.unit, &c.lang, &c.officer, &c.packHash, &c.before)
		rows = append(rows, c)
		return fault.Wrap(err, "store.Claim", "the outbox cannot be read")
	})
	if err != nil {
		return nil, err
	}
	out := make([]store.Attempt, 0, len(rows))
	for _, c := range rows {
		m, err := t.message(c, now, from)
		if err != nil {
			return nil, err
		}
		if err := t.put("UPDATE outbox SET state = ?, submitting = ?, worker = ? WHERE id = ?", string(channel.Submitting), micro(now), worker, c.id); err != nil {
			return nil, err
		}
		if c.child != 0 {
			t.About("", person.ID(c.child))
		}
		out = append(out, store.Attempt{ID: c.id, Message: m})
	}
	return out, nil
}

func (t *tx) message(c claimed, now time.Time, from string) (channel.Message, error) {
	text, err := t.db.vault.Open("outbox.text", uint64(c.id), c.text)
	if err != nil {
		return channel.Message{}, err
	}
	e := channel.Envelope{Ref: channel.Ref(c.ref), From: from, ValidUntil: now.Add(time.Duration(c.valid) * time.Second), Joint: byte(c.before)}
	if c.caseID == nil {
		in, err := t.incoming(*c.answerTo)
		if err != nil {
			return channel.Message{}, err
		}
		e.To = in.From
		return channel.AnswerTo(in, e, string(text))
	}
	number, err := t.db.vault.Open("party.number", uint64(*c.caseID)<<8|uint64(c.party), c.number)
	if err != nil {
		return channel.Message{}, err
	}
	e.To = string(number)
	a, err := offer.Restore(person.ID(c.child), offer.Place{Unit: c.unit, Language: c.lang}, c.packHash, c.officer)
	if err != nil {
		return channel.Message{}, err
	}
	return channel.About(a, e, string(text))
}

// final says that nothing more can happen to a message.
func final(s channel.State) bool {
	return s == channel.Delivered || s == channel.Failed || s == channel.Expired || s == channel.Dropped
}

func (t *tx) Settle(now time.Time, settled []store.Settlement) error {
	states, err := t.states(settled)
	if err != nil {
		return err
	}
	for _, s := range settled {
		// A report may have come before the gateway's answer: what is final stays.
		if state, found := states[s.Ref]; !found || final(state) || state == channel.Queued {
			continue
		}
		states[s.Ref] = s.State
		at := now
		query := "UPDATE outbox SET state = ?1, code = ?2, handed = coalesce(handed, ?3) WHERE ref = ?4"
		switch {
		case s.State == channel.Queued:
			query, at = "UPDATE outbox SET state = ?1, code = ?2, submitting = NULL, not_before = CASE WHEN not_before > ?3 THEN not_before ELSE ?3 END WHERE ref = ?4", laterOf(now, s.Due)
		case final(s.State):
			query = "UPDATE outbox SET state = ?1, code = ?2, done = ?3 WHERE ref = ?4"
		case s.State == channel.Uncertain:
			query, at = "UPDATE outbox SET state = ?1, code = ?2, doubt = ?3 WHERE ref = ?4", s.Due
		}
		if err := t.put(query, string(s.State), s.Code, micro(at), string(s.Ref)); err != nil {
			return err
		}
		if err := t.addParts(s); err != nil {
			return err
		}
	}
	return nil
}

// states are those of messages before they are settled.
func (t *tx) states(settled []store.Settlement) (map[channel.Ref]channel.State, error) {
	refs := make([]string, len(settled))
	for i, s := range settled {
		refs[i] = string(s.Ref)
	}
	states := map[channel.Ref]channel.State{}
	err := t.among("SELECT ref, state FROM outbox WHERE ref IN (list)", nil, refs, func(scan func(...any) error) error {
		var ref, state string
		err := scan(&ref, &state)
		states[channel.Ref(ref)] = channel.State(state)
		return fault.Wrap(err, "store.Settle", "the outbox cannot be read")
	})
	return states, err
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (t *tx) DropQueued(id conversation.CaseID) error {
	err := t.put("UPDATE outbox SET state = ?, done = ? WHERE case_id = ? AND state = ? AND urgent = 0", string(channel.Dropped), micro(t.at), int64(id), string(channel.Queued))
	return err
}

func (t *tx) Postpone(now, until time.Time) (int, error) {
	n, err := t.exec("UPDATE outbox SET not_before = ? WHERE state = 'queued' AND urgent = 0 AND not_before <= ?", micro(until), micro(now))
	return int(n), err
}

func (t *tx) TakeDoubtful(now time.Time, limit int) ([]store.Doubtful, error) {
	var out []store.Doubtful
	err := t.query("SELECT ref, coalesce(case_id, 0), code = '"+lostCode+"' FROM outbox WHERE state = 'uncertain' AND doubt <= ? ORDER BY id LIMIT ?", []any{micro(now), limit}, func(scan func(...any) error) error {
		var ref string
		var id int64
		var lost bool
		err := scan(&ref, &id, &lost)
		out = append(out, store.Doubtful{Ref: channel.Ref(ref), Case: conversation.CaseID(id), Lost: lost})
		return fault.Wrap(err, "store.TakeDoubtful", "the outbox cannot be read")
	})
	if err != nil {
		return nil, err
	}
	for _, d := range out {
		if err := t.put("UPDATE outbox SET doubt = NULL WHERE ref = ?", string(d.Ref)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *tx) Uncertain(limit int) ([]channel.Ref, error) {
	var refs []channel.Ref
	err := t.query("SELECT ref FROM outbox WHERE state = 'uncertain' AND code <> '"+lostCode+"' ORDER BY id LIMIT ?", []any{limit}, func(scan func(...any) error) error {
		var r string
		err := scan(&r)
		refs = append(refs, channel.Ref(r))
		return fault.Wrap(err, "store.Uncertain", "the outbox cannot be read")
	})
	return refs, err
}

func (t *tx) Receive(in []channel.Incoming) (int, error) {
	fresh := 0
	for _, m := range in {
		var there int
		if _, err := t.one("SELECT count(*) FROM incoming WHERE gateway_id = ?", []any{m.ID}, &there); err != nil {
			return 0, err
		}
		if there > 0 {
			continue
		}
		id, err := t.next("incoming")
		if err != nil {
			return 0, err
		}
		phone, err := t.db.PhoneHash(m.From)
		if err != nil {
			return 0, err
		}
		plain, err := json.Marshal(map[string]string{"from": m.From, "text": m.Text})
		if err != nil {
			return 0, fault.Wrap(err, "store.Receive", "the message cannot be written")
		}
		sealed, err := t.sealValue("incoming", uint64(id), plain)
		if err != nil {
			return 0, err
		}
		if err := t.put("INSERT INTO incoming (id, gateway_id, phone_hash, sealed, at, received) VALUES (?,?,?,?,?,?)",
			id, m.ID, string(phone), sealed, micro(m.At), micro(t.at)); err != nil {
			return 0, err
		}
		fresh++
	}
	return fresh, nil
}

func (t *tx) incoming(id int64) (channel.Incoming, error) {
	var gateway string
	var sealed []byte
	var at int64
	found, err := t.one("SELECT gateway_id, sealed, at FROM incoming WHERE id = ?", []any{id}, &gateway, &sealed, &at)
	if err != nil {
		return channel.Incoming{}, err
	}
	if !found {
		return channel.Incoming{}, fault.New(fault.Missing, "store.incoming", "there is no incoming message %d", id)
	}
	return t.db.openIncoming(id, gateway, sealed, at)
}

func (d *DB) openIncoming(id int64, gateway string, sealed []byte, at int64) (channel.Incoming, error) {
	plain, err := d.vault.Open("incoming", uint64(id), sealed)
	if err != nil {
		return channel.Incoming{}, err
	}
	var m struct{ From, Text string }
	if err := json.Unmarshal(plain, &m); err != nil {
		return channel.Incoming{}, fault.New(fault.Tampered, "store.incoming", "the incoming message %d is not readable", id)
	}
	return channel.Incoming{ID: gateway, From: m.From, Text: m.Text, At: fromMicro(at)}, nil
}

func (t *tx) TakeReceived(limit int) ([]store.Received, error) {
	var out []store.Received
	err := t.query("SELECT id, gateway_id, phone_hash, sealed, at FROM incoming WHERE handled IS NULL ORDER BY id LIMIT ?", []any{limit}, func(scan func(...any) error) error {
		var id, at int64
		var gateway, phone string
		var sealed []byte
		if err := scan(&id, &gateway, &phone, &sealed, &at); err != nil {
			return fault.Wrap(err, "store.TakeReceived", "the incoming messages cannot be read")
		}
		in, err := t.db.openIncoming(id, gateway, sealed, at)
		out = append(out, store.Received{ID: id, Phone: conversation.Phone(phone), In: in})
		return err
	})
	return out, err
}

func (t *tx) Handled(id int64, c conversation.CaseID, meaning string, now time.Time) error {
	var caseID any
	if c != 0 {
		caseID = int64(c)
	}
	err := t.put("UPDATE incoming SET handled = ?, case_id = ?, meaning = ? WHERE id = ?", micro(now), caseID, meaning, id)
	return err
}

func (t *tx) Wrote(p conversation.Phone, k conversation.Kind, since time.Time) (int, error) {
	var n int
	_, err := t.one(`SELECT (SELECT count(*) FROM party p JOIN outbox o ON o.case_id = p.case_id AND o.party = p.party
			WHERE p.phone_hash = ?1 AND o.kind = ?2 AND o.queued >= ?3)
		+ (SELECT count(*) FROM incoming i JOIN outbox o ON o.answer_to = i.id AND o.case_id IS NULL
			WHERE i.phone_hash = ?1 AND o.kind = ?2 AND o.queued >= ?3)`, []any{string(p), string(k), micro(since)}, &n)
	return n, err
}
