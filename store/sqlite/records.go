package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"modernc.org/sqlite"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
)

// Last is the number of the newest audit entry.
func (d *DB) Last(ctx context.Context) (uint64, error) {
	seq, _, err := d.LastEntry(ctx)
	return seq, err
}

// kinds are how SQLite keeps the columns of a row of the record: the same bytes
// under another kind are another row.
const (
	kindsOf = "typeof(at) || typeof(actor) || typeof(verb) || typeof(purpose) || typeof(basis) || typeof(object) || typeof(fields) || typeof(people) || typeof(detail) || typeof(salt) || typeof(leaf)"
	kindsAs = "integer" + "text" + "text" + "text" + "text" + "text" + "text" + "blob" + "text" + "blob" + "blob"
)

// Range gives audit entries for the log. A row whose stored bytes are not
// exactly what the store would write is refused: the leaf covers the entry,
// and this makes it cover the row.
func (d *DB) Range(ctx context.Context, from uint64, limit int) ([]log.Record, error) {
	var out []log.Record
	err := d.rows(ctx, "SELECT "+entryColumns+", salt, leaf, "+kindsOf+" FROM audit_entry WHERE seq >= ? ORDER BY seq LIMIT ?", []any{int64(from), limit}, func(scan func(...any) error) error {
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
		if err := exact(e, fields, people, as); err != nil {
			return err
		}
		r.Seq, r.Entry = e.Seq, &e
		out = append(out, r)
		return nil
	})
	if code, ours := codeOf(err); err != nil && (ctx.Err() != nil || ours && code != corrupt && code != notADatabase) {
		return out, fault.Wrap(err, "store.Range", "the record cannot be read now")
	}
	if err != nil {
		return out, fault.New(fault.Tampered, "store.Range", "the row cannot be read as it was written").Where("entry %d", from+uint64(len(out))).Because(err)
	}
	return out, nil
}

// SQLite's primary result codes for a file that is not as it was written.
// Source: https://sqlite.org/rescode.html
const (
	corrupt      = 11
	notADatabase = 26
)

func codeOf(err error) (code int, ours bool) {
	e, ours := errors.AsType[*sqlite.Error](err)
	if !ours {
		return 0, false
	}
	return e.Code() & 0xff, true
}

func exact(e audit.Entry, fields string, people []byte, as string) error {
	again, err := json.Marshal(e.Fields)
	if err == nil && string(again) == fields && as == kindsAs {
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
	return *r[0].Entry, r[0].Salt, nil
}

// KeepCheckpoint keeps the log's checkpoint over size entries beside the rows,
// unless one over more entries is kept already.
func (d *DB) KeepCheckpoint(ctx context.Context, size uint64, text string) error {
	_, err := d.write.ExecContext(ctx, `INSERT INTO audit_checkpoint (only, size, text) VALUES (1, ?, ?)
		ON CONFLICT (only) DO UPDATE SET size = excluded.size, text = excluded.text WHERE excluded.size > size`, int64(size), text)
	return fault.Wrap(err, "store.KeepCheckpoint", "the checkpoint could not be kept")
}

// KeptCheckpoint is the checkpoint that is kept beside the rows, empty when
// there is none yet.
func (d *DB) KeptCheckpoint(ctx context.Context) (text string, err error) {
	_, err = d.row(ctx, "SELECT text FROM audit_checkpoint", nil, &text)
	return text, err
}
