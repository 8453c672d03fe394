package tables

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

const postColumns = "id, case_id, person, state, message, at"

func scanPost(scan func(...any) error) (store.Post, error) {
	var p store.Post
	var caseID, at int64
	var who uint32
	var state string
	err := scan(&p.ID, &caseID, &who, &state, &p.Message, &at)
	p.Case, p.Person, p.State, p.At = conversation.CaseID(caseID), person.ID(who), store.PostState(state), fromMicro(at)
	return p, err
}

func (t *tx) AddPost(id conversation.CaseID, who person.ID, what string, now time.Time) (store.Post, error) {
	h, err := t.db.vault.Hash("post", what)
	if err != nil {
		return store.Post{}, err
	}
	name := "ennakko-" + hex.EncodeToString(h[:16])
	if _, err := t.exec("INSERT INTO post ("+postColumns+") VALUES (?,?,?,?,'',?) ON CONFLICT (id) DO NOTHING", name, int64(id), uint32(who), string(store.PostHanding), micro(now)); err != nil {
		return store.Post{}, err
	}
	p, found, err := t.post("id = ?", name)
	if err == nil && (!found || p.Case != id || p.Person != who) {
		err = fault.New(fault.Conflict, "store.AddPost", "a letter of this name is about another case").Where("case %d", id)
	}
	return p, err
}

func (t *tx) post(where string, args ...any) (p store.Post, found bool, err error) {
	err = t.query("SELECT "+postColumns+" FROM post WHERE "+where, args, func(scan func(...any) error) error {
		found = true
		p, err = scanPost(scan)
		return err
	})
	return p, found, err
}

func (t *tx) SetPost(id string, state store.PostState, message string, now time.Time) error {
	_, err := t.exec("UPDATE post SET state = ?, message = ?, at = ? WHERE id = ?", string(state), message, micro(now), id)
	return err
}

func (t *tx) PostFate(message string, state store.PostState, at time.Time) (store.Post, bool, error) {
	p, found, err := t.post("message = ? AND state <> ?", message, string(state))
	if err != nil || !found {
		return p, false, err
	}
	return p, true, t.SetPost(p.ID, state, message, at)
}

func (t *tx) SetMark(name, value string) error {
	_, err := t.exec("INSERT INTO mark (name, value) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// Mark is how far something was read; "" when it never was.
func (d *DB) Mark(ctx context.Context, name string) (value string, err error) {
	err = d.rows(ctx, "SELECT value FROM mark WHERE name = ?", []any{name}, func(scan func(...any) error) error { return scan(&value) })
	return value, err
}

// Posts is the letters of a round that went by the national service, by case.
func (d *DB) Posts(ctx context.Context, id store.RoundID) (out []store.Post, err error) {
	columns := "p." + strings.ReplaceAll(postColumns, ", ", ", p.")
	err = d.rows(ctx, "SELECT "+columns+" FROM post p JOIN kase k ON k.id = p.case_id WHERE k.round = ? ORDER BY p.case_id, p.person", []any{int64(id)}, func(scan func(...any) error) error {
		p, err := scanPost(scan)
		out = append(out, p)
		return err
	})
	return out, err
}

// LetterCounts counts the letters of running rounds at the national service by state,
// and those of all rounds that it refused and whose families wait for an officer.
func (d *DB) LetterCounts(ctx context.Context) (states map[string]int, refused int, err error) {
	states = map[string]int{}
	if err = d.rows(ctx, "SELECT p.state, count(*) FROM post p JOIN kase k ON k.id = p.case_id JOIN round r ON r.id = k.round WHERE r.state IN (?, ?) GROUP BY p.state",
		[]any{string(store.Running), string(store.Paused)}, countInto(states)); err != nil {
		return nil, 0, err
	}
	_, err = d.row(ctx, "SELECT count(*) FROM post p WHERE p.state = ? AND EXISTS (SELECT 1 FROM item i WHERE i.case_id = p.case_id AND i.kind = ? AND i.settled IS NULL)",
		[]any{string(store.PostRefused), conversation.ItemByHand}, &refused)
	return states, refused, err
}
