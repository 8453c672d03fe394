package tables

import (
	"context"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// foundIn names what was found in a part to the seal.
const foundIn = "preparation.found"

// sealID is the number by which what was found in a part is sealed.
func sealID(id int64, part int) uint64 { return uint64(id)<<32 | uint64(part) }

func (t *tx) AddPreparation(p store.Preparation, parts []int) (int64, error) {
	id, err := t.next("preparation")
	if err != nil {
		return 0, err
	}
	if _, err := t.exec("INSERT INTO preparation (id, service, pack_hash, as_of, officer, asked, state) VALUES (?,?,?,?,?,?,?)",
		id, p.Service, p.PackHash, p.AsOf.Format(time.DateOnly), p.Officer, micro(t.at), string(store.Preparing)); err != nil {
		return 0, err
	}
	rows := make([][]any, len(parts))
	for i, n := range parts {
		rows[i] = []any{id, n}
	}
	return id, t.insert("preparation_part", "preparation, part", rows)
}

func (t *tx) preparing(id int64) (bool, error) {
	var state string
	found, err := t.one("SELECT state FROM preparation WHERE id = ?", []any{id}, &state)
	return found && store.PreparationState(state) == store.Preparing, err
}

func (t *tx) KeepPart(id int64, part int, worker string, found []byte) (left int, err error) {
	if on, err := t.preparing(id); err != nil || !on {
		return 0, orNothing(err)
	}
	sealed, err := t.sealValue(foundIn, sealID(id, part), found)
	if err != nil {
		return 0, err
	}
	n, err := t.exec("UPDATE preparation_part SET done = ?, worker = ?, found = ? WHERE preparation = ? AND part = ? AND done = 0", micro(t.at), worker, sealed, id, part)
	if err != nil || n == 0 {
		return 0, orNothing(err)
	}
	_, err = t.one("SELECT count(*) FROM preparation_part WHERE preparation = ? AND done = 0", []any{id}, &left)
	return left, err
}

func (t *tx) EndPreparation(id int64, round store.RoundID) error {
	if on, err := t.preparing(id); err != nil || !on {
		return orNothing(err)
	}
	state := store.PreparedAll
	if round == 0 {
		state = store.NotPrepared
	}
	if _, err := t.exec("UPDATE preparation SET state = ?, round = ? WHERE id = ?", string(state), int64(round), id); err != nil {
		return err
	}
	_, err := t.exec("UPDATE preparation_part SET found = NULL WHERE preparation = ?", id)
	return err
}

func orNothing(err error) error {
	if err == nil {
		return store.ErrNothing
	}
	return err
}

// Preparations are the rounds that are being prepared by jobs, or were, the
// newest first.
func (d *DB) Preparations(ctx context.Context) (out []store.Preparation, err error) {
	err = d.rows(ctx, `SELECT p.id, p.service, p.pack_hash, p.as_of, p.officer, p.asked, p.state, p.round, count(*), count(CASE WHEN q.done > 0 THEN 1 END)
		FROM preparation p JOIN preparation_part q ON q.preparation = p.id GROUP BY p.id, p.service, p.pack_hash, p.as_of, p.officer, p.asked, p.state, p.round ORDER BY p.id DESC`, nil,
		func(scan func(...any) error) error {
			var p store.Preparation
			var asOf, state string
			var asked, round int64
			if err := scan(&p.ID, &p.Service, &p.PackHash, &asOf, &p.Officer, &asked, &state, &round, &p.Parts, &p.Done); err != nil {
				return err
			}
			day, err := time.Parse(time.DateOnly, asOf)
			p.AsOf, p.Asked, p.State, p.Round = day, fromMicro(asked), store.PreparationState(state), store.RoundID(round)
			out = append(out, p)
			return err
		})
	return out, err
}

// Preparation is one of them.
func (d *DB) Preparation(ctx context.Context, id int64) (store.Preparation, error) {
	all, err := d.Preparations(ctx)
	if err != nil {
		return store.Preparation{}, err
	}
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
	}
	return store.Preparation{}, fault.New(fault.Missing, "store.Preparation", "there is no preparation %d", id)
}

// FoundParts gives what was found in the parts of a preparation, in order.
func (d *DB) FoundParts(ctx context.Context, id int64) (out [][]byte, err error) {
	err = d.rows(ctx, "SELECT part, found FROM preparation_part WHERE preparation = ? AND found IS NOT NULL ORDER BY part", []any{id}, func(scan func(...any) error) error {
		var part int
		var sealed []byte
		if err := scan(&part, &sealed); err != nil {
			return err
		}
		found, err := d.vault.Open(foundIn, sealID(id, part), sealed)
		out = append(out, found)
		return err
	})
	return out, err
}

// LastPerson is the greatest number of a person.
func (d *DB) LastPerson(ctx context.Context) (person.ID, error) {
	var n int64
	_, err := d.row(ctx, "SELECT coalesce(max(id), 0) FROM person", nil, &n)
	return person.ID(n), err
}
