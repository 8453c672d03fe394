package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/vault"
)

// sealedTable is a table with sealed values. Number is the number that a row's
// values are bound to.
type sealedTable struct {
	name    string
	key     []string // the primary key
	number  func(store.SealedKey) (uint64, error)
	columns []sealedColumn
}

// sealedColumn is a column of sealed values, and the kind that they are bound to.
type sealedColumn struct{ column, what string }

// sealedTables lists all that is sealed. Nothing can be sealed that is not in it.
func sealedTables() []sealedTable {
	id := []string{"id"}
	return []sealedTable{
		{"identity", []string{"person", "snapshot"}, firstNumber, []sealedColumn{{"code", "population.code"}, {"name", "population.name"}, {"address", "population.address"}}},
		{"contact", []string{"person", "snapshot"}, firstNumber, []sealedColumn{{"mobile", "contacts.mobile"}}},
		{"kase", id, firstNumber, []sealedColumn{{"sealed", "case"}}},
		{"party", []string{"case_id", "party"}, partyNumber, []sealedColumn{{"number", "party.number"}}},
		{"outbox", id, firstNumber, []sealedColumn{{"text", "outbox.text"}}},
		{"incoming", id, firstNumber, []sealedColumn{{"sealed", "incoming"}}},
		{"item", id, firstNumber, []sealedColumn{{"words", "item.words"}}},
		{"round_step", id, firstNumber, []sealedColumn{{"words", "step.words"}}},
		{"preparation_part", []string{"preparation", "part"}, partNumber, []sealedColumn{{"found", foundIn}}},
		{"new_record", id, firstNumber, []sealedColumn{{"content", newRecord}}},
		{"permission_event", []string{"permission", "n"}, partNumber, []sealedColumn{{"receipt", "permission.receipt"}}},
		{"handover", id, firstNumber, []sealedColumn{{"payload", "handover.payload"}}},
		{"proposal", id, firstNumber, []sealedColumn{{"content", "proposal.content"}, {"words", "proposal.words"}}},
		{"request", id, firstNumber, []sealedColumn{{"words", "request.words"}, {"answer", "request.answer"}}},
		{"webhook", id, firstNumber, []sealedColumn{{"secret", webhookKey}}},
		{"document", id, firstNumber, []sealedColumn{{"name", "document.name"}}},
		{"document_piece", []string{"document", "n"}, partNumber, []sealedColumn{{"content", "document.content"}}},
		{"looked", id, firstNumber, []sealedColumn{{"words", "looked.words"}}},
		{"need_note", id, firstNumber, []sealedColumn{{"words", "need_note.words"}}},
		{"session", []string{"hash"}, hashNumber, []sealedColumn{{"content", "session"}}},
	}
}

// SealedColumns names all columns with sealed values, as table.column.
func SealedColumns() (out []string) {
	for _, t := range sealedTables() {
		for _, c := range t.columns {
			out = append(out, t.name+"."+c.column)
		}
	}
	return out
}

func keyNumber(k store.SealedKey, i int) (uint64, error) {
	n, ok := k[i].(int64)
	if !ok {
		return 0, fault.New(fault.Internal, "store.Reseal", "the key of a row is no number")
	}
	return uint64(n), nil
}

func firstNumber(k store.SealedKey) (uint64, error) { return keyNumber(k, 0) }

func partyNumber(k store.SealedKey) (uint64, error) {
	id, err := keyNumber(k, 0)
	if err != nil {
		return 0, err
	}
	party, err := keyNumber(k, 1)
	return id<<8 | party, err
}

func partNumber(k store.SealedKey) (uint64, error) {
	id, err := keyNumber(k, 0)
	if err != nil {
		return 0, err
	}
	part, err := keyNumber(k, 1)
	return sealID(int64(id), int(part)), err //nolint:gosec // the numbers come from columns of numbers
}

func hashNumber(k store.SealedKey) (uint64, error) {
	hash, _ := k[0].([]byte)
	return sessionNumber(hash)
}

// sealValue seals a value of a kind that is listed.
func (d *DB) sealValue(what string, id uint64, plain []byte) ([]byte, error) {
	if !slices.ContainsFunc(sealedTables(), func(t sealedTable) bool {
		return slices.ContainsFunc(t.columns, func(c sealedColumn) bool { return c.what == what })
	}) {
		return nil, fault.New(fault.Internal, "store.seal", "%s is not listed as sealed: it could not be sealed anew", what)
	}
	return d.vault.Seal(what, id, plain)
}

func (t *tx) sealValue(what string, id uint64, plain []byte) ([]byte, error) {
	if err := t.maySeal(); err != nil {
		return nil, err
	}
	return t.db.sealValue(what, id, plain)
}

// outOfUse names, beside what was read how far, the keys that are out of use.
const outOfUse = "keys out of use"

func (t *tx) keysOutOfUse() (ids []uint32, err error) {
	var kept string
	found, err := t.one("SELECT value FROM mark WHERE name = ?", []any{outOfUse}, &kept)
	if err != nil || !found {
		return nil, err
	}
	return ids, fault.Wrap(json.Unmarshal([]byte(kept), &ids), "store.seal", "the keys that are out of use are not readable")
}

// maySeal refuses, once in a write, a process that knows no newer key.
func (t *tx) maySeal() error {
	if t.seals {
		return nil
	}
	ids, err := t.keysOutOfUse()
	if err != nil {
		return err
	}
	if slices.Contains(ids, t.db.vault.Sealing()) {
		return fault.New(fault.Conflict, "store.seal", "this process seals with a key that is out of use").Do("start it again; on another machine, copy the folder of keys there first")
	}
	t.seals = true
	return nil
}

// OutOfUse: see store.Sealing.
func (t *tx) OutOfUse() ([]uint32, error) {
	if err := t.maySeal(); err != nil {
		return nil, err
	}
	ids, err := t.keysOutOfUse()
	if err != nil {
		return nil, err
	}
	older := t.db.vault.Older()
	for _, id := range older {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	b, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return older, t.SetMark(outOfUse, string(b))
}

func (s sealedTable) others(mark []byte) (where string, args []any) {
	is := make([]string, len(s.columns))
	for i, c := range s.columns {
		is[i] = fmt.Sprintf("substr(%s, 1, %d) <> ?", c.column, vault.MarkSize)
		args = append(args, mark)
	}
	return "(" + strings.Join(is, " OR ") + ")", args
}

// sealedRow is a row with its sealed values, one for each column.
type sealedRow struct {
	key    store.SealedKey
	values [][]byte
}

func (t *tx) sealedRows(s sealedTable, after store.SealedKey, limit int) (out []sealedRow, err error) {
	where, args := s.others(t.db.vault.Mark())
	key := strings.Join(s.key, ", ")
	if after != nil {
		where += " AND (" + key + ") > (" + strings.TrimSuffix(strings.Repeat("?,", len(s.key)), ",") + ")"
		args = append(args, after...)
	}
	columns := key
	for _, c := range s.columns {
		columns += ", " + c.column
	}
	err = t.query("SELECT "+columns+" FROM "+s.name+" WHERE "+where+" ORDER BY "+key+" LIMIT ?", append(args, limit), func(scan func(...any) error) error {
		r := sealedRow{make(store.SealedKey, len(s.key)), make([][]byte, len(s.columns))}
		to := make([]any, 0, len(s.key)+len(s.columns))
		for i := range r.key {
			to = append(to, &r.key[i])
		}
		for i := range r.values {
			to = append(to, &r.values[i])
		}
		out = append(out, r)
		return fault.Wrap(scan(to...), "store.Reseal", "the sealed values cannot be read")
	})
	return out, err
}

// Reseal: see store.Sealing.
func (t *tx) Reseal(table string, after store.SealedKey, limit int) (int, store.SealedKey, error) {
	const op = "store.Reseal"
	i := slices.IndexFunc(sealedTables(), func(s sealedTable) bool { return s.name == table })
	if i < 0 {
		return 0, nil, fault.New(fault.Invalid, op, "the table %q has nothing sealed", table)
	}
	if err := t.maySeal(); err != nil {
		return 0, nil, err
	}
	s := sealedTables()[i]
	rows, err := t.sealedRows(s, after, limit)
	if err != nil || len(rows) == 0 {
		return 0, after, err
	}
	sets := make([]string, len(s.columns))
	for i, c := range s.columns {
		sets[i] = c.column + " = ?"
	}
	update := "UPDATE " + table + " SET " + strings.Join(sets, ", ") + " WHERE " + strings.Join(s.key, " = ? AND ") + " = ?"
	mark := t.db.vault.Mark()
	for _, r := range rows {
		number, err := s.number(r.key)
		if err != nil {
			return 0, nil, err
		}
		args := make([]any, 0, len(r.values)+len(r.key))
		for i, v := range r.values {
			if v, err = t.again(s.columns[i].what, number, v, mark); err != nil {
				return 0, nil, err
			}
			args = append(args, v)
		}
		if _, err := t.exec(update, append(args, r.key...)...); err != nil {
			return 0, nil, err
		}
	}
	return len(rows), rows[len(rows)-1].key, nil
}

// again opens a value and seals it with the key that seals now.
func (t *tx) again(what string, number uint64, sealed, mark []byte) ([]byte, error) {
	if len(sealed) == 0 || bytes.HasPrefix(sealed, mark) {
		return sealed, nil
	}
	plain, err := t.db.vault.Open(what, number, sealed)
	if err != nil {
		return nil, err
	}
	return t.db.sealValue(what, number, plain)
}

// SealedWithOthers: see store.Sealing.
func (t *tx) SealedWithOthers(table string) (n int, err error) {
	query, args := t.db.countOthers(table)
	_, err = t.one(query, args, &n)
	return n, err
}

// SealedWithOthers counts, by table, the rows with a value that is sealed with
// another key than this process seals with. Tables without any are in it, too.
func (d *DB) SealedWithOthers(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for _, s := range sealedTables() {
		query, args := d.countOthers(s.name)
		n := 0
		if _, err := d.row(ctx, query, args, &n); err != nil {
			return nil, err
		}
		out[s.name] = n
	}
	return out, nil
}

func (d *DB) countOthers(table string) (query string, args []any) {
	for _, s := range sealedTables() {
		if s.name == table {
			where, marks := s.others(d.vault.Mark())
			query, args = "SELECT count(*) FROM "+table+" WHERE "+where, marks
		}
	}
	return query, args
}

// SealedTables are the tables with sealed values, in the order in which they
// are sealed anew.
func SealedTables() (out []string) {
	for _, s := range sealedTables() {
		out = append(out, s.name)
	}
	return out
}
