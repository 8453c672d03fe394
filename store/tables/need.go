package tables

import (
	"context"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) AddNeedNote(n store.NeedNote) (int64, error) {
	if !slices.Contains(store.NeedStates(), n.State) || !n.Person.Known() {
		return 0, fault.New(fault.Invalid, "store.AddNeedNote", "the note has no state, or is of nobody")
	}
	id, err := t.next("need_note")
	if err != nil {
		return 0, err
	}
	words, err := t.sealValue("need_note.words", uint64(id), []byte(n.Words)) //nolint:gosec // from 1
	if err != nil {
		return 0, err
	}
	return id, t.put("INSERT INTO need_note (id, person, at, officer, day, state, words) VALUES (?,?,?,?,?,?,?)",
		id, int64(n.Person), micro(n.At), n.By, n.Day.Format(time.DateOnly), string(n.State), words)
}

// NeedNotes are the notes of a person, newest first. The caller puts the look on the
// record.
func (d *DB) NeedNotes(ctx context.Context, who person.ID) (out []store.NeedNote, err error) {
	var sealed [][]byte
	err = d.rows(ctx, "SELECT id, at, officer, day, state, words FROM need_note WHERE person = ? ORDER BY id DESC", []any{int64(who)}, func(scan func(...any) error) error {
		n := store.NeedNote{Person: who}
		var at int64
		var day, state string
		var words []byte
		if err := scan(&n.ID, &at, &n.By, &day, &state, &words); err != nil {
			return err
		}
		n.At, n.State = fromMicro(at), store.NeedState(state)
		n.Day, err = time.Parse(time.DateOnly, day)
		out, sealed = append(out, n), append(sealed, words)
		return fault.Wrap(err, "store.NeedNotes", "the day of note %d cannot be read", n.ID)
	})
	for i, b := range sealed {
		if err != nil {
			return nil, err
		}
		var plain []byte
		plain, err = d.vault.Open("need_note.words", uint64(out[i].ID), b) //nolint:gosec // from 1
		out[i].Words = string(plain)
	}
	return out, err
}

// NeedStates says how far the matters of those are of whom something was noted since a
// day: their newest notes without words.
func (d *DB) NeedStates(ctx context.Context, since time.Time) (map[person.ID]store.NeedState, error) {
	out := map[person.ID]store.NeedState{}
	err := d.rows(ctx, "SELECT person, state FROM need_note WHERE id IN (SELECT max(id) FROM need_note GROUP BY person) AND at >= ?", []any{micro(since)}, func(scan func(...any) error) error {
		var who int64
		var state string
		err := scan(&who, &state)
		out[person.ID(who)] = store.NeedState(state) //nolint:gosec // it was a person's number
		return err
	})
	return out, err
}
