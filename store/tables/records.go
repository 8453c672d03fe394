package tables

import (
	"bytes"
	"context"
	"encoding/json"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
)

// Last is the number of the newest audit entry.
func (d *DB) Last(ctx context.Context) (uint64, error) {
	seq, _, err := d.LastEntry(ctx)
	return seq, err
}

// Range gives audit entries for the log. A row whose stored bytes are not
// exactly what the store would write is refused: the leaf covers the entry,
// and this makes it cover the row.
func (d *DB) Range(ctx context.Context, from uint64, limit int) ([]log.Record, error) {
	var out []log.Record
	err := d.rows(ctx, "SELECT "+entryColumns+", salt, leaf, "+d.engine.RowKinds+" FROM audit_entry WHERE seq >= ? ORDER BY seq LIMIT ?", []any{int64(from), limit}, func(scan func(...any) error) error {
		var r log.Record
		var fields, as string
		var people []byte
		e, err := scanEntry(func(dest ...any) error {
			err := scan(dest...)
			if err == nil {
				fields, people = *dest[7].(*string), bytes.Clone(*dest[8].(*[]byte))
			}
			return err
		}, &r.Salt, &r.Leaf, &as)
		if err != nil {
			return err
		}
		if err := exact(e, fields, people, as == d.engine.KindsAs); err != nil {
			return err
		}
		if r.Seq = e.Seq; len(r.Salt) > 0 || !blank(e) { // else it was erased
			r.Entry = &e
		}
		out = append(out, r)
		return nil
	})
	if err != nil && (ctx.Err() != nil || d.engine.Away(err)) {
		return out, fault.Wrap(err, "store.Range", "the record cannot be read now")
	}
	if err != nil {
		return out, fault.New(fault.Tampered, "store.Range", "the row cannot be read as it was written").Where("entry %d", from+uint64(len(out))).Because(err)
	}
	return out, nil
}

// blank reports whether nothing is left of an entry but its place.
func blank(e audit.Entry) bool {
	return e.At.Equal(fromMicro(0)) && e.Actor+e.Verb+e.Purpose+e.Basis+e.Object+e.Detail == "" && len(e.Fields) == 0 && setSize(e) == 0
}

func exact(e audit.Entry, fields string, people []byte, kinds bool) error {
	again, err := json.Marshal(e.Fields)
	if err == nil && string(again) == fields && kinds {
		var b []byte
		if b, err = audit.PeopleBytes(e.People); err == nil && bytes.Equal(b, people) {
			return nil
		}
	}
	return fault.New(fault.Tampered, "store.Range", "the row is not as the store writes it").Where("entry %d", e.Seq).Because(err)
}

// Entry finds one entry with its salt, for a proof.
func (d *DB) Entry(ctx context.Context, seq uint64) (audit.Entry, []byte, error) {
	r, err := d.Range(ctx, seq, 1)
	if err != nil {
		return audit.Entry{}, nil, err
	}
	if len(r) == 0 || r[0].Seq != seq {
		return audit.Entry{}, nil, fault.New(fault.Missing, "store.Entry", "there is no entry %d", seq)
	}
	if r[0].Entry == nil {
		return audit.Entry{}, nil, fault.New(fault.Missing, "store.Entry", "entry %d was erased; its leaf is in the log", seq)
	}
	return *r[0].Entry, r[0].Salt, nil
}

// KeepCheckpoint keeps the log's checkpoint over size entries beside the rows,
// unless one over more entries is kept already.
func (d *DB) KeepCheckpoint(ctx context.Context, size uint64, text string) error {
	_, err := d.write.ExecContext(ctx, d.engine.Rebind(`INSERT INTO log_checkpoint (single, size, text) VALUES (1, ?, ?)
		ON CONFLICT (single) DO UPDATE SET size = excluded.size, text = excluded.text WHERE excluded.size > log_checkpoint.size`), int64(size), text)
	return fault.Wrap(err, "store.KeepCheckpoint", "the checkpoint could not be kept")
}

// KeptCheckpoint is the checkpoint that is kept beside the rows, empty when
// there is none yet.
func (d *DB) KeptCheckpoint(ctx context.Context) (text string, err error) {
	_, err = d.row(ctx, "SELECT text FROM log_checkpoint", nil, &text)
	return text, err
}
