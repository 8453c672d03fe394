package tables

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/parquet"
	"ennakko/store"
)

func (t *tx) Engaged(id person.ID) ([]store.RoundID, error) {
	var out []store.RoundID
	err := t.query(`SELECT id FROM round WHERE state <> ?2 AND id IN (SELECT round FROM draft WHERE child = ?1 UNION SELECT round FROM waiting WHERE child = ?1
		UNION SELECT round FROM kase WHERE child = ?1 UNION SELECT k.round FROM kase k JOIN party p ON p.case_id = k.id WHERE p.person = ?1) ORDER BY id`,
		[]any{int64(id), string(store.Closed)}, func(scan func(...any) error) error {
			var n int64
			err := scan(&n)
			out = append(out, store.RoundID(n))
			return err
		})
	return out, err
}

func (t *tx) ErasePerson(id person.ID) (store.Erased, error) {
	out := store.Erased{People: 1}
	var parts int
	if _, err := t.one("SELECT count(*) FROM preparation_part WHERE found IS NOT NULL", nil, &parts); err != nil || parts > 0 {
		return out, errors.Join(err, fault.New(fault.Conflict, "store.ErasePerson", "a round is being prepared").Do("wait until it is there"))
	}
	rounds, err := t.numbers("SELECT round FROM finding WHERE person = ?1 UNION SELECT round FROM kase WHERE child = ?1 UNION SELECT round FROM waiting WHERE child = ?1", int64(id))
	if err != nil {
		return out, err
	}
	for _, r := range rounds {
		e, err := t.eraseChild(store.RoundID(r), id)
		if err != nil {
			return out, err
		}
		out.Add(e)
	}
	cases, err := t.numbers("SELECT case_id FROM party WHERE person = ? ORDER BY case_id", int64(id))
	if err != nil {
		return out, err
	}
	for _, c := range cases {
		n, err := t.eraseParties(conversation.CaseID(c), id)
		if err != nil {
			return out, err
		}
		out.Messages += n
	}
	if err := t.rememberNumbers(erasable...); err != nil {
		return out, err
	}
	if out.Permissions, err = t.erasePermissions(id); err != nil {
		return out, err
	}
	for _, q := range []string{"DELETE FROM identity WHERE person = ?", "DELETE FROM contact WHERE person = ?", "DELETE FROM post WHERE person = ?", "DELETE FROM new_record WHERE person = ?", "DELETE FROM need_note WHERE person = ?",
		"DELETE FROM profile WHERE person = ?", "DELETE FROM session WHERE person = ?", "DELETE FROM individual WHERE person = ?",
		"DELETE FROM famous WHERE person = ?", "UPDATE staff SET person = 0 WHERE person = ?", "UPDATE looked SET person = 0, words = NULL WHERE person = ?"} {
		if _, err := t.exec(q, int64(id)); err != nil {
			return out, err
		}
	}
	var objects int
	if _, err := t.one("SELECT count(*) FROM objection WHERE person = ?", []any{int64(id)}, &objects); err != nil || objects > 0 {
		return out, err
	}
	hash, err := t.nobodysHash()
	if err != nil {
		return out, err
	}
	_, err = t.exec("UPDATE person SET code_hash = ? WHERE id = ?", hash, int64(id))
	return out, err
}

// nobodysHash is a hash that no identity code has: numbers are given by count,
// so the row must stay.
func (t *tx) nobodysHash() ([]byte, error) {
	b := make([]byte, 16)
	_, err := io.ReadFull(t.db.rand, b)
	return b, err
}

// nobody is a number that no person has or will have, new each time.
func (t *tx) nobody() (int64, error) {
	const counter = "people erased"
	n := int64(0)
	var kept string
	found, err := t.one("SELECT value FROM mark WHERE name = ?", []any{counter}, &kept)
	if err == nil && found {
		err = json.Unmarshal([]byte(kept), &n)
	}
	if err != nil {
		return 0, err
	}
	b, err := json.Marshal(n + 1)
	if err != nil {
		return 0, err
	}
	return int64(person.Nobody) + n, t.SetMark(counter, string(b))
}

// eraseChild takes a child out of a round, and the round's cases about it.
func (t *tx) eraseChild(round store.RoundID, child person.ID) (out store.Erased, err error) {
	nobody, err := t.nobody()
	if err != nil {
		return out, err
	}
	cases, err := t.numbers("SELECT id FROM kase WHERE round = ? AND child = ?", int64(round), int64(child))
	if err != nil {
		return out, err
	}
	for _, c := range cases {
		n, err := t.eraseCase(conversation.CaseID(c), person.ID(nobody))
		if err != nil {
			return out, err
		}
		out.Cases, out.Messages = out.Cases+1, out.Messages+n
	}
	for _, q := range []string{"UPDATE draft SET child = ? WHERE round = ? AND child = ?", "UPDATE waiting SET child = ? WHERE round = ? AND child = ?",
		"UPDATE later SET person = ? WHERE round = ? AND person = ?", "UPDATE drawn SET person = ? WHERE round = ? AND person = ?",
		"UPDATE finding SET person = ? WHERE round = ? AND person = ?"} {
		n, err := t.exec(q, nobody, int64(round), int64(child))
		if err != nil {
			return out, err
		}
		out.Findings = int(n) // the last is the finding's
	}
	return out, nil
}

// eraseCase leaves of a case what is counted.
func (t *tx) eraseCase(id conversation.CaseID, nobody person.ID) (messages int, err error) {
	h, err := t.Case(id)
	if err != nil {
		return 0, err
	}
	if err := t.resealed(h.Case.Without(nobody)); err != nil {
		return 0, err
	}
	if _, err := t.exec("UPDATE kase SET child = ? WHERE id = ?", int64(nobody), int64(id)); err != nil {
		return 0, err
	}
	for i := range h.Case.Parties {
		n, err := t.eraseParty(id, i)
		if err != nil {
			return 0, err
		}
		messages += n
	}
	for _, q := range []string{"DELETE FROM post WHERE case_id = ?", "DELETE FROM timer WHERE case_id = ?", "UPDATE item SET words = NULL WHERE case_id = ?"} {
		if _, err := t.exec(q, int64(id)); err != nil {
			return 0, err
		}
	}
	return messages, nil
}

func (t *tx) resealed(c conversation.Case) error {
	sealed, err := t.seal(c)
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE kase SET sealed = ? WHERE id = ?", sealed, int64(c.ID))
	return err
}

// eraseParties takes a guardian out of a case about somebody else.
func (t *tx) eraseParties(id conversation.CaseID, who person.ID) (messages int, err error) {
	h, err := t.Case(id)
	if err != nil {
		return 0, err
	}
	for i, p := range h.Case.Parties {
		if p.Person != who {
			continue
		}
		n, err := t.eraseParty(id, i)
		if err != nil {
			return 0, err
		}
		messages += n
	}
	return messages, t.resealed(h.Case.WithoutParty(who))
}

// eraseParty takes the number, the messages and the answers of a party away.
func (t *tx) eraseParty(id conversation.CaseID, party int) (messages int, err error) {
	var phone string
	if _, err := t.one("SELECT phone_hash FROM party WHERE case_id = ? AND party = ?", []any{int64(id), party}, &phone); err != nil {
		return 0, err
	}
	number, err := t.sealValue("party.number", uint64(id)<<8|uint64(party), nil)
	if err != nil {
		return 0, err
	}
	if _, err := t.exec("UPDATE party SET person = 0, phone_hash = '', number = ?, waiting = 0 WHERE case_id = ? AND party = ?", number, int64(id), party); err != nil {
		return 0, err
	}
	out, err := t.numbers("SELECT id FROM outbox WHERE case_id = ? AND party = ?", int64(id), party)
	if err != nil {
		return 0, err
	}
	in, err := t.numbers("SELECT id FROM incoming WHERE case_id = ? AND phone_hash = ? AND phone_hash <> ''", int64(id), phone)
	if err != nil {
		return 0, err
	}
	for _, m := range out {
		if err := t.eraseMessage(m); err != nil {
			return 0, err
		}
	}
	for _, m := range in {
		if err := t.eraseAnswer(m); err != nil {
			return 0, err
		}
	}
	if _, err := t.exec("DELETE FROM early_report WHERE phone = ? AND phone <> ''", phone); err != nil {
		return 0, err
	}
	return len(out) + len(in), nil
}

func (t *tx) eraseMessage(id int64) error {
	sealed, err := t.sealValue("outbox.text", uint64(id), nil)
	if err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM gateway_part WHERE ref = (SELECT ref FROM outbox WHERE id = ?)", id); err != nil {
		return err
	}
	_, err = t.exec("UPDATE outbox SET text = ? WHERE id = ?", sealed, id)
	return err
}

func (t *tx) eraseAnswer(id int64) error {
	sealed, err := t.sealValue("incoming", uint64(id), []byte("{}"))
	if err != nil {
		return err
	}
	_, err = t.exec("UPDATE incoming SET sealed = ?, phone_hash = '', gateway_id = ? WHERE id = ?", sealed, fmt.Sprintf("erased %d", id), id)
	return err
}

func (t *tx) EraseRound(id store.RoundID) (out store.Erased, err error) {
	who, err := t.numbers(`SELECT person FROM finding WHERE round = ?1 AND person < ?2 UNION SELECT child FROM kase WHERE round = ?1 AND child < ?2
		UNION SELECT child FROM waiting WHERE round = ?1 AND child < ?2 ORDER BY 1`, int64(id), int64(person.Nobody))
	if err != nil {
		return out, err
	}
	for _, child := range who {
		e, err := t.eraseChild(id, person.ID(child))
		if err != nil {
			return out, err
		}
		e.People = 1
		out.Add(e)
	}
	return out, nil
}

func (t *tx) ReplaceFile(old, now parquet.File) error {
	if now.Rows == 0 {
		_, err := t.exec("DELETE FROM snapshot_file WHERE path = ?", old.Path)
		return err
	}
	_, err := t.exec("UPDATE snapshot_file SET path = ?, rows = ?, sha256 = ? WHERE path = ?", now.Path, now.Rows, now.SHA256, old.Path)
	return err
}

func (t *tx) DropSnapshot(id int64) error {
	if _, err := t.exec("DELETE FROM snapshot_file WHERE snapshot = ?", id); err != nil {
		return err
	}
	if _, err := t.exec("UPDATE snapshot SET dropped = ? WHERE id = ?", micro(t.at), id); err != nil {
		return err
	}
	if err := t.rememberNumbers("new_record"); err != nil {
		return err
	}
	if _, err := t.exec("DELETE FROM new_record WHERE folded = ?", id); err != nil {
		return err
	}
	// An identity or a number stands until the next one of the person: it goes when
	// no snapshot that is still there falls into that time.
	for table, register := range map[string]string{"identity": "population", "contact": "contacts"} {
		if _, err := t.exec(`DELETE FROM `+table+` WHERE EXISTS (SELECT 1 FROM `+table+` n WHERE n.person = `+table+`.person AND n.snapshot > `+table+`.snapshot
			AND NOT EXISTS (SELECT 1 FROM snapshot s WHERE s.register = ? AND s.dropped = 0 AND s.id >= `+table+`.snapshot AND s.id < n.snapshot))`, register); err != nil {
			return err
		}
	}
	return nil
}

// EraseEntries: see store.Erasing.
func (t *tx) EraseEntries(about person.ID, before time.Time, upTo uint64) (int, error) {
	var gone []leftOver
	told := roaring.New()
	collect := func(query string, args ...any) error {
		return t.query("SELECT "+entryColumns+" FROM audit_entry WHERE seq <= ? AND verb <> '' AND "+query+" ORDER BY seq", append([]any{int64(upTo)}, args...), func(scan func(...any) error) error {
			e, err := scanEntry(scan)
			if err != nil || about != 0 && setSize(e) != 1 {
				return err
			}
			gone = append(gone, leftOver{e.Seq, nil})
			if n := setSize(e); n > 0 && n <= mostCovered {
				gone[len(gone)-1].people = e.People.ToArray()
			}
			if e.Verb == store.EraseVerb { // what it said is said again
				earlier, err := parseRanges(strings.TrimPrefix(e.Detail, "entries "))
				told.Or(earlier)
				return err
			}
			return nil
		})
	}
	var err error
	if about != 0 {
		err = collect("seq IN (SELECT seq FROM audit_person WHERE person = ?)", int64(about))
	} else {
		err = collect("at < ?", micro(before))
	}
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	for _, g := range gone {
		if err := t.blank(g); err != nil {
			return 0, err
		}
		told.Add(uint32(g.seq))
	}
	e := t.entry
	e.Verb, e.Object, e.People, e.Fields, e.Detail = store.EraseVerb, "", nil, nil, "entries "+ranges(told)
	return len(gone), t.Note(e)
}

// leftOver is an entry of which only the leaf is to be left, and the people by whom
// it is found.
type leftOver struct {
	seq    uint64
	people []uint32
}

// blank leaves an entry's leaf and place in the record, and nothing else. Whom it
// covers is found by the person: a table of many millions is not looked through.
func (t *tx) blank(g leftOver) error {
	seq := int64(g.seq) //nolint:gosec // numbers are counted from 1
	if _, err := t.exec(`UPDATE audit_entry SET at = 0, actor = '', verb = '', purpose = '', basis = '', object = '', fields = '[]', people = ?, detail = '', salt = ? WHERE seq = ?`,
		[]byte{}, []byte{}, seq); err != nil {
		return err
	}
	for _, p := range g.people {
		if err := t.put("DELETE FROM audit_person WHERE person = ? AND seq = ?", int64(p), seq); err != nil {
			return err
		}
	}
	return t.put("DELETE FROM audit_mass WHERE seq = ?", seq)
}
