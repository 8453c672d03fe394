package tables

import (
	"bytes"
	"context"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// pieceSize is how many bytes of a document are sealed in one row.
const pieceSize = 64 << 10

func noDocument(op string) error { return fault.New(fault.Missing, op, "there is no such document") }

func (t *tx) AddDocument(d store.Document, content []byte) (id int64, fresh bool, err error) {
	mark, err := t.db.vault.Hash("document", string(content))
	if err != nil {
		return 0, false, err
	}
	found, err := t.one("SELECT id FROM document WHERE matter = ? AND person = ? AND mark = ? AND gone = 0", []any{int64(d.Matter), int64(d.Person), mark}, &id)
	if err != nil || found {
		return id, false, err
	}
	if id, err = t.next("document"); err != nil {
		return 0, false, err
	}
	name, err := t.sealValue("document.name", uint64(id), []byte(d.Name)) //nolint:gosec // from 1
	if err != nil {
		return 0, false, err
	}
	if err := t.put("INSERT INTO document (id, matter, person, came, kind, size, mark, name, until, gone, why) VALUES (?,?,?,?,?,?,?,?,0,0,'')",
		id, int64(d.Matter), int64(d.Person), micro(d.Came), d.Kind, len(content), mark, name); err != nil {
		return 0, false, err
	}
	var rows [][]any
	for n := 0; n*pieceSize < len(content); n++ {
		sealed, err := t.sealValue("document.content", sealID(id, n), content[n*pieceSize:min(len(content), (n+1)*pieceSize)])
		if err != nil {
			return 0, false, err
		}
		rows = append(rows, []any{id, n, sealed})
	}
	return id, true, t.insertInSteps("document_piece", "document, n, content", rows)
}

const documentColumns = "id, matter, person, came, kind, size, name, until, gone, why"

// scanDocument reads a row of documentColumns and opens its name.
func (d *DB) scanDocument(scan func(...any) error) (x store.Document, err error) {
	var matter, who, came, until, gone int64
	var name []byte
	if err := scan(&x.ID, &matter, &who, &came, &x.Kind, &x.Size, &name, &until, &gone, &x.Why); err != nil {
		return x, fault.Wrap(err, "store.Document", "a document cannot be read")
	}
	x.Matter, x.Person, x.Came, x.Until, x.Gone = store.MatterID(matter), person.ID(who), fromMicro(came), fromZero(until), fromZero(gone) //nolint:gosec // it was a person's number
	if len(name) > 0 {
		var b []byte
		b, err = d.vault.Open("document.name", uint64(x.ID), name) //nolint:gosec // from 1
		x.Name = string(b)
	}
	return x, err
}

func (t *tx) DocumentsIn(id store.MatterID) (out []store.Document, err error) {
	err = t.query("SELECT "+documentColumns+" FROM document WHERE matter = ? ORDER BY id", []any{int64(id)}, func(scan func(...any) error) error {
		x, err := t.db.scanDocument(scan)
		out = append(out, x)
		return err
	})
	return out, err
}

func (t *tx) OpenDocument(id int64) (out store.Document, content []byte, err error) {
	const op = "store.OpenDocument"
	found := false
	err = t.query("SELECT "+documentColumns+" FROM document WHERE id = ?", []any{id}, func(scan func(...any) error) error {
		found = true
		out, err = t.db.scanDocument(scan)
		return err
	})
	if err == nil && (!found || !out.Gone.IsZero()) {
		err = noDocument(op)
	}
	if err != nil {
		return out, nil, err
	}
	var whole bytes.Buffer
	err = t.query("SELECT n, content FROM document_piece WHERE document = ? ORDER BY n", []any{id}, func(scan func(...any) error) error {
		var n int
		var sealed []byte
		if err := scan(&n, &sealed); err != nil {
			return fault.Wrap(err, op, "a document cannot be read")
		}
		plain, err := t.db.vault.Open("document.content", sealID(id, n), sealed)
		whole.Write(plain)
		return err
	})
	if err == nil && whole.Len() != out.Size {
		err = fault.New(fault.Tampered, op, "a piece of a document is missing")
	}
	return out, whole.Bytes(), err
}

// emptyDocuments takes name and content from the documents of a condition.
func (t *tx) emptyDocuments(why string, now time.Time, where string, args ...any) (int, error) {
	if _, err := t.exec("DELETE FROM document_piece WHERE document IN (SELECT id FROM document WHERE gone = 0 AND "+where+")", args...); err != nil {
		return 0, err
	}
	n, err := t.exec("UPDATE document SET name = NULL, gone = ?, why = ? WHERE gone = 0 AND "+where, append([]any{micro(now), why}, args...)...)
	return int(n), err
}

func (t *tx) DeleteDocument(id int64, why string, now time.Time) error {
	n, err := t.emptyDocuments(why, now, "id = ?", id)
	if err == nil && n != 1 {
		err = fault.New(fault.Conflict, "store.DeleteDocument", "the document is gone already")
	}
	return err
}

func (t *tx) KeepDocuments(id store.MatterID, until time.Time) (int, error) {
	n, err := t.exec("UPDATE document SET until = ? WHERE matter = ? AND gone = 0 AND until = 0", micro(until), int64(id))
	return int(n), err
}

func (t *tx) DeleteDocuments(now, undecided time.Time, limit int) (int, error) {
	over, err := t.emptyDocuments(store.GoneDecided, now, "id IN (SELECT id FROM document WHERE gone = 0 AND until > 0 AND until <= ? ORDER BY id LIMIT ?)", micro(now), limit)
	if err != nil {
		return over, err
	}
	idle, err := t.emptyDocuments(store.GoneUndecided, now, "id IN (SELECT id FROM document WHERE gone = 0 AND until = 0 AND came < ? ORDER BY id LIMIT ?)", micro(undecided), limit)
	return over + idle, err
}

func (t *tx) SetHours(id store.MatterID, hours int, by person.ID, now time.Time) error {
	return t.put("INSERT INTO care_hours (matter, hours, at, by) VALUES (?,?,?,?) ON CONFLICT (matter) DO UPDATE SET hours = excluded.hours, at = excluded.at, by = excluded.by",
		int64(id), hours, micro(now), int64(by))
}

const hoursQuery = "SELECT h.hours FROM care_hours h JOIN matter m ON m.id = h.matter WHERE m.purpose = ? AND m.child = ?"

func (t *tx) HoursOf(purpose string, child person.ID) (hours int, ok bool, err error) {
	ok, err = t.one(hoursQuery, []any{purpose, int64(child)}, &hours)
	return hours, ok, err
}

// HoursOf are the hours of care a week, in hundredths, that a child's family wants; ok
// is false when it has said nothing.
func (d *DB) HoursOf(ctx context.Context, purpose string, child person.ID) (hours int, ok bool, err error) {
	ok, err = d.row(ctx, hoursQuery, []any{purpose, int64(child)}, &hours)
	return hours, ok, err
}

// DocumentsIn are the documents of a matter, oldest first, also those that are gone;
// of one person, or with 0 of everybody. The look is an entry in the record; when that
// cannot be kept, nothing is read.
func (d *DB) DocumentsIn(ctx context.Context, act audit.Act, id store.MatterID, of person.ID) (out []store.Document, err error) {
	e := act.Entry()
	e.Object, e.People, e.Fields = matterName(id), roaring.New(), []string{"fee.document"}
	const where = " FROM document WHERE matter = ?1 AND (person = ?2 OR ?2 = 0)"
	args := []any{int64(id), int64(of)}
	err = d.rows(ctx, "SELECT DISTINCT person"+where, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		if who := person.ID(n); who.Known() { //nolint:gosec // it was a person's number
			e.People.Add(uint32(who))
		}
		return err
	})
	if err != nil || e.People.IsEmpty() {
		return nil, err
	}
	if err := d.Note(ctx, e); err != nil {
		return nil, err
	}
	err = d.rows(ctx, "SELECT "+documentColumns+where+" ORDER BY id", args, func(scan func(...any) error) error {
		x, err := d.scanDocument(scan)
		out = append(out, x)
		return err
	})
	return out, err
}

// SentIn counts documents by matter, of all matters in which any are there.
func (d *DB) SentIn(ctx context.Context) (map[store.MatterID]store.SentIn, error) {
	out := map[store.MatterID]store.SentIn{}
	err := d.rows(ctx, "SELECT matter, count(*), max(came) FROM document WHERE gone = 0 GROUP BY matter", nil, func(scan func(...any) error) error {
		var matter, newest int64
		var s store.SentIn
		err := scan(&matter, &s.N, &newest)
		s.Newest = fromMicro(newest)
		out[store.MatterID(matter)] = s
		return err
	})
	return out, err
}

func (t *tx) openRequests(where string, args ...any) (out []store.Request, err error) {
	err = t.query("SELECT id, kind, person, about, matter, at, due, basis FROM request WHERE settled = 0 AND "+where+" ORDER BY id", args, func(scan func(...any) error) error {
		var r store.Request
		var who, about, matter, at, due int64
		err := scan(&r.ID, &r.Kind, &who, &about, &matter, &at, &due, &r.Basis)
		r.Person, r.About, r.Matter, r.At, r.Due = person.ID(who), person.ID(about), store.MatterID(matter), fromMicro(at), fromMicro(due) //nolint:gosec // they were numbers of people
		out = append(out, r)
		return fault.Wrap(err, "store.Request", "a request cannot be read")
	})
	return out, err
}

func (t *tx) OpenRequests(id store.MatterID) ([]store.Request, error) {
	return t.openRequests("matter = ?", int64(id))
}

func (t *tx) OpenRequestsBy(who person.ID) ([]store.Request, error) {
	return t.openRequests("person = ?", int64(who))
}

func (t *tx) OpenRequestsAbout(kind string, about person.ID) ([]store.Request, error) {
	return t.openRequests("kind = ?1 AND (about = ?2 OR about = 0 AND person = ?2)", kind, int64(about))
}

func (t *tx) RequestWords(id int64) (string, error) {
	const op = "store.RequestWords"
	var sealed []byte
	found, err := t.one("SELECT words FROM request WHERE id = ?", []any{id}, &sealed)
	if err == nil && !found {
		err = fault.New(fault.Missing, op, "there is no such request")
	}
	if err != nil || len(sealed) == 0 {
		return "", err
	}
	words, err := t.db.vault.Open("request.words", uint64(id), sealed) //nolint:gosec // from 1
	return string(words), err
}
