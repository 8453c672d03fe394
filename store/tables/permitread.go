package tables

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Standing is those of the people whose permission for the purpose stands at the
// moment, in anybody's matter, for all of the fields. It is asked of the database
// each time. It implements permission.Ledger.
func (d *DB) Standing(ctx context.Context, purpose string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
	out := roaring.New()
	where, args := standing(purpose, fields, 0, at)
	err := d.rows(ctx, "SELECT p.subject FROM permission p "+where, args, func(scan func(...any) error) error {
		var id int64
		err := scan(&id)
		if id < int64(person.Nobody) {
			out.Add(uint32(id)) //nolint:gosec // it was a person's number
		}
		return err
	})
	if err == nil && out.IsEmpty() {
		_, err = d.KeptAgreement(ctx, purpose, 0, at) // a gap is told apart from nobody
	}
	if err != nil {
		return nil, err
	}
	out.And(who)
	return out, nil
}

func (d *DB) permits(ctx context.Context, query string, args ...any) (out []store.Permit, err error) {
	err = d.rows(ctx, "SELECT "+permitColumns+" FROM permission p "+query, args, func(scan func(...any) error) error {
		p, err := scanPermit(scan)
		out = append(out, p)
		return err
	})
	return out, err
}

// Permit finds a permission by its number; there being none is Missing.
func (d *DB) Permit(ctx context.Context, id int64) (store.Permit, error) {
	all, err := d.permits(ctx, "WHERE p.id = ?", id)
	if err == nil && len(all) == 0 {
		err = noPermit("store.Permit")
	}
	if err != nil {
		return store.Permit{}, err
	}
	return all[0], nil
}

// PermitsOf are the permissions about a person's data and those that a person had
// a hand in, in order of number.
func (d *DB) PermitsOf(ctx context.Context, who person.ID) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE p.subject = ?1 OR p.id IN (SELECT permission FROM permission_event WHERE by = ?1) ORDER BY p.id", int64(who))
}

// PermitsAbout are the permissions in the matter of a person.
func (d *DB) PermitsAbout(ctx context.Context, about person.ID) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE p.about = ? ORDER BY p.id", int64(about))
}

// PermitsAfter are permissions in given states, in order of number after one.
func (d *DB) PermitsAfter(ctx context.Context, state string, after int64, limit int) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE p.state = ? AND p.id > ? ORDER BY p.id LIMIT ?", state, after, limit)
}

// PermitsDue are standing permissions whose source is to be asked, longest waiting
// first.
func (d *DB) PermitsDue(ctx context.Context, now time.Time, limit int) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE p.state = ? AND p.due > 0 AND p.due <= ? ORDER BY p.due, p.id LIMIT ?", StandingState, micro(now), limit)
}

// PermitsLapsed are standing permissions whose time is over.
func (d *DB) PermitsLapsed(ctx context.Context, now time.Time, limit int) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE p.state = ? AND p.until <= ? ORDER BY p.until, p.id LIMIT ?", StandingState, micro(now), limit)
}

// PermitsEnding are permissions that stand under a version of an agreement, end up to
// a moment, and were neither asked for anew nor refused since they were given; the
// first to end first.
func (d *DB) PermitsEnding(ctx context.Context, purpose string, version int, now, until time.Time, limit int) ([]store.Permit, error) {
	return d.permits(ctx, `WHERE p.state = ? AND p.purpose = ? AND p.version = ? AND p.until > ? AND p.until <= ? AND NOT EXISTS (
		SELECT 1 FROM permission_event e WHERE e.permission = p.id AND e.kind IN ('ask', 'refuse', 'remind', 'decline') AND e.n > (
			SELECT max(g.n) FROM permission_event g WHERE g.permission = p.id AND g.kind IN ('give', 'renew'))) ORDER BY p.until, p.id LIMIT ?`,
		StandingState, purpose, version, micro(now), micro(until), limit)
}

// PermitEvents are the events in the life of a permission, in order, without their
// receipts.
func (d *DB) PermitEvents(ctx context.Context, id int64) (out []store.PermitEvent, err error) {
	err = d.rows(ctx, "SELECT "+eventColumns+" FROM permission_event WHERE permission = ? ORDER BY n", []any{id}, func(scan func(...any) error) error {
		e, err := scanPermitEvent(scan)
		out = append(out, e)
		return err
	})
	return out, err
}

// PermitReceipt is the receipt of an event as it was signed; Missing when there is
// none.
func (d *DB) PermitReceipt(ctx context.Context, id int64, n int) ([]byte, error) {
	var sealed []byte
	found, err := d.row(ctx, "SELECT receipt FROM permission_event WHERE permission = ? AND n = ?", []any{id, n}, &sealed)
	if err == nil && (!found || len(sealed) == 0) {
		err = fault.New(fault.Missing, "store.PermitReceipt", "there is no receipt of this event")
	}
	if err != nil {
		return nil, err
	}
	return d.vault.Open(receiptSeal, sealID(id, n), sealed)
}

// OwedReceipts are receipts that are still to be made, the oldest first: of a
// permission, or of all (0), at most limit.
func (d *DB) OwedReceipts(ctx context.Context, permission int64, limit int) (out []store.OwedReceipt, err error) {
	err = d.rows(ctx, "SELECT permission, n, since, handovers, begun, proposals, kept FROM receipt_owed WHERE permission = ?1 OR ?1 = 0 ORDER BY since, permission, n LIMIT ?2", []any{permission, limit}, func(scan func(...any) error) error {
		var o store.OwedReceipt
		var since int64
		err := scan(&o.Permission, &o.N, &since, &o.Gone.Handovers, &o.Gone.Begun, &o.Gone.Proposals, &o.Gone.Kept)
		o.Since = fromMicro(since)
		out = append(out, o)
		return err
	})
	return out, err
}

// AnyReceipt reports whether a receipt was ever kept: the key that signed it must not
// be made anew.
func (d *DB) AnyReceipt(ctx context.Context) (bool, error) {
	var n int
	_, err := d.row(ctx, "SELECT CASE WHEN EXISTS (SELECT 1 FROM permission_event WHERE receipt IS NOT NULL) THEN 1 ELSE 0 END", nil, &n)
	return n > 0, err
}

// Handovers are the hand-overs of a permission, newest first.
func (d *DB) Handovers(ctx context.Context, id int64) (out []store.Handover, err error) {
	err = d.rows(ctx, "SELECT "+handoverColumns+" FROM handover h WHERE h.permission = ? ORDER BY h.id DESC", []any{id}, func(scan func(...any) error) error {
		h, err := scanHandover(scan)
		out = append(out, h)
		return err
	})
	return out, err
}

// FreshHandover is a kept answer under any standing permission of a person for a
// purpose that is still fresh; ok is false when there is none.
func (t *tx) FreshHandover(purpose, source string, subject person.ID, now time.Time) (h store.Handover, ok bool, err error) {
	err = t.query("SELECT "+handoverColumns+` FROM handover h JOIN permission p ON p.id = h.permission
		WHERE p.purpose = ? AND p.subject = ? AND p.state = ? AND p.until > ? AND h.source = ? AND h.state = ? AND h.fresh > ? ORDER BY h.fresh DESC LIMIT 1`,
		[]any{purpose, int64(subject), StandingState, micro(now), source, store.HandoverGot, micro(now)}, func(scan func(...any) error) error {
			ok = true
			h, err = scanHandover(scan)
			return err
		})
	return h, ok && err == nil, err
}

// KeptAgreement is a version of an agreement; version 0 is the newest that may be
// agreed to at a moment. There being none is Missing.
func (d *DB) KeptAgreement(ctx context.Context, purpose string, version int, at time.Time) (store.Agreement, error) {
	all, err := d.KeptAgreements(ctx)
	for i := len(all) - 1; i >= 0; i-- {
		if a := all[i]; a.Purpose == purpose && (a.Version == version || version == 0 && !a.Since.After(at)) {
			return a, err
		}
	}
	if err == nil {
		err = fault.New(fault.Missing, "store.KeptAgreement", "no agreement is kept for %q", purpose).Do("give the service's pack an agreement")
	}
	return store.Agreement{}, err
}

// KeptAgreements are all agreements in all their versions, oldest first.
func (d *DB) KeptAgreements(ctx context.Context) (out []store.Agreement, err error) {
	err = d.rows(ctx, "SELECT purpose, version, hash, since, fields, content FROM agreement ORDER BY purpose, version", nil, func(scan func(...any) error) error {
		var a store.Agreement
		var since int64
		var fields string
		if err := scan(&a.Purpose, &a.Version, &a.Hash, &since, &fields, &a.Content); err != nil {
			return err
		}
		a.Since = fromMicro(since)
		a.Fields, err = fieldsOf(fields)
		out = append(out, a)
		return err
	})
	return out, err
}

// MattersOf are the numbers of the matters in which a person has a part, or which
// are about the person.
func (d *DB) MattersOf(ctx context.Context, purpose string, who person.ID) ([]store.MatterID, error) {
	return d.matterIDs(ctx, "SELECT id FROM matter WHERE purpose = ?1 AND (child = ?2 OR id IN (SELECT matter FROM matter_person WHERE person = ?2 AND part = ?3)) ORDER BY id", purpose, int64(who), store.Guardian)
}

// MatterOf finds the matter of a child; Missing when there is none.
func (d *DB) MatterOf(ctx context.Context, purpose string, child person.ID) (store.MatterID, error) {
	all, err := d.matterIDs(ctx, "SELECT id FROM matter WHERE purpose = ? AND child = ?", purpose, int64(child))
	if err == nil && len(all) == 0 {
		err = fault.New(fault.Missing, "store.MatterOf", "there is no such matter")
	}
	if err != nil {
		return 0, err
	}
	return all[0], nil
}

// MattersDue are the matters in which something changed since their proposal was
// worked out: an answer came under a permission for the purpose permits, or somebody
// chose, or the family wants other hours.
func (d *DB) MattersDue(ctx context.Context, purpose, permits string, limit int) ([]store.MatterID, error) {
	return d.matterIDs(ctx, `SELECT m.id FROM matter m WHERE m.purpose = ?1 AND (EXISTS (SELECT 1 FROM permission p WHERE p.purpose = ?4 AND p.about = m.child
		AND (p.changed > m.looked OR EXISTS (SELECT 1 FROM handover h WHERE h.permission = p.id AND h.state = ?2 AND h.ended > m.looked)))
		OR EXISTS (SELECT 1 FROM care_hours c WHERE c.matter = m.id AND c.at > m.looked)) ORDER BY m.id LIMIT ?3`,
		purpose, store.HandoverGot, limit, permits)
}

// MattersAfter are matters in order of number after one.
func (d *DB) MattersAfter(ctx context.Context, purpose string, after store.MatterID, limit int) ([]store.MatterID, error) {
	return d.matterIDs(ctx, "SELECT id FROM matter WHERE purpose = ? AND id > ? ORDER BY id LIMIT ?", purpose, int64(after), limit)
}

func (d *DB) matterIDs(ctx context.Context, query string, args ...any) (out []store.MatterID, err error) {
	err = d.rows(ctx, query, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		out = append(out, store.MatterID(n))
		return err
	})
	return out, err
}

// Proposals are the proposals of a matter, newest first. The look is an entry in
// the record; when that cannot be kept, nothing is read.
func (d *DB) Proposals(ctx context.Context, act audit.Act, id store.MatterID) (out []store.Proposal, err error) {
	e := act.Entry()
	e.Object, e.People = matterName(id), roaring.New()
	err = d.rows(ctx, "SELECT child FROM matter WHERE id = ?1 UNION SELECT person FROM matter_person WHERE matter = ?1", []any{int64(id)}, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		if who := person.ID(n); who.Known() { //nolint:gosec // it was a person's number
			e.People.Add(uint32(who))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	e.Fields = []string{"fee.working", "fee.decision"}
	if err := d.Note(ctx, e); err != nil {
		return nil, err
	}
	err = d.rows(ctx, "SELECT "+proposalColumns+" FROM proposal WHERE matter = ? ORDER BY id DESC", []any{int64(id)}, func(scan func(...any) error) error {
		p, err := d.scanProposal(scan)
		out = append(out, p)
		return err
	})
	return out, err
}

const requestColumns = "id, kind, person, about, matter, at, due, basis, words, settled, settled_by, answer"

// Requests are what people ask of the city: the open ones by their day of answer,
// then the newest settled ones, at most limit. The look is an entry in the record.
func (d *DB) Requests(ctx context.Context, act audit.Act, limit int) ([]store.Request, error) {
	return d.requests(ctx, act, "ORDER BY CASE settled WHEN 0 THEN 0 ELSE 1 END, CASE settled WHEN 0 THEN due ELSE -settled END LIMIT ?", limit)
}

// RequestsOf are what a person asks of the city, newest first.
func (d *DB) RequestsOf(ctx context.Context, act audit.Act, who person.ID) ([]store.Request, error) {
	return d.requests(ctx, act, "WHERE person = ? ORDER BY id DESC", int64(who))
}

// RequestsOfKinds are the requests of some kinds, in the order of Requests; with an id
// only that one.
func (d *DB) RequestsOfKinds(ctx context.Context, act audit.Act, kinds []string, id int64, limit int) ([]store.Request, error) {
	args := []any{id, limit}
	marks := make([]string, len(kinds))
	for i, k := range kinds {
		args, marks[i] = append(args, k), "?"+strconv.Itoa(i+3)
	}
	return d.requests(ctx, act, "WHERE kind IN ("+strings.Join(marks, ", ")+") AND (?1 = 0 OR id = ?1) ORDER BY CASE settled WHEN 0 THEN 0 ELSE 1 END, CASE settled WHEN 0 THEN due ELSE -settled END LIMIT ?2", args...)
}

func (d *DB) requests(ctx context.Context, act audit.Act, query string, args ...any) (out []store.Request, err error) {
	type sealed struct{ words, answer []byte }
	var kept []sealed
	e := act.Entry()
	e.Object, e.People, e.Fields = "requests", roaring.New(), []string{"request.words"}
	err = d.rows(ctx, "SELECT "+requestColumns+" FROM request "+query, args, func(scan func(...any) error) error {
		var r store.Request
		var s sealed
		var who, about, matter, at, due, settled int64
		if err := scan(&r.ID, &r.Kind, &who, &about, &matter, &at, &due, &r.Basis, &s.words, &settled, &r.SettledBy, &s.answer); err != nil {
			return err
		}
		r.About = person.ID(about)                                                                                                            //nolint:gosec // it was a person's number
		r.Person, r.Matter, r.At, r.Due, r.Settled = person.ID(who), store.MatterID(matter), fromMicro(at), fromMicro(due), fromZero(settled) //nolint:gosec // it was a person's number
		if r.Person.Known() {
			e.People.Add(uint32(r.Person))
		}
		if r.About.Known() {
			e.People.Add(uint32(r.About))
		}
		out, kept = append(out, r), append(kept, s)
		return nil
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	if err := d.Note(ctx, e); err != nil {
		return nil, err
	}
	for i, s := range kept {
		for what, text := range map[string]*string{"request.words": &out[i].Words, "request.answer": &out[i].Answer} {
			b := s.words
			if what == "request.answer" {
				b = s.answer
			}
			if len(b) == 0 {
				continue
			}
			plain, err := d.vault.Open(what, uint64(out[i].ID), b) //nolint:gosec // from 1
			if err != nil {
				return nil, err
			}
			*text = string(plain)
		}
	}
	return out, nil
}

// Precedents are the decisions on uses of data, newest first.
func (d *DB) Precedents(ctx context.Context) (out []store.Precedent, err error) {
	err = d.rows(ctx, "SELECT id, purpose, at, by, lawful, content FROM precedent ORDER BY id DESC", nil, func(scan func(...any) error) error {
		var p store.Precedent
		var at int64
		var lawful int
		err := scan(&p.ID, &p.Purpose, &at, &p.By, &lawful, &p.Content)
		p.At, p.Lawful = fromMicro(at), lawful != 0
		out = append(out, p)
		return err
	})
	return out, err
}

// SourceMarks are what sources say that they handed over under a permission,
// newest first.
func (d *DB) SourceMarks(ctx context.Context, id int64) (out []store.SourceMark, err error) {
	err = d.rows(ctx, "SELECT id, permission, source, at, outcome FROM source_mark WHERE permission = ? ORDER BY at DESC, id", []any{id}, func(scan func(...any) error) error {
		var m store.SourceMark
		var at int64
		err := scan(&m.ID, &m.Permission, &m.Source, &at, &m.Outcome)
		m.At = fromMicro(at)
		out = append(out, m)
		return err
	})
	return out, err
}

// NewestRegister is the number of the newest register that came in; 0: none.
func (d *DB) NewestRegister(ctx context.Context) (n int64, err error) {
	_, err = d.row(ctx, "SELECT coalesce(max(id), 0) FROM snapshot", nil, &n)
	return n, err
}

// Matter finds a matter with its people; Missing when there is none.
func (d *DB) Matter(ctx context.Context, id store.MatterID) (m store.Matter, err error) {
	var child, opened, looked int64
	found, err := d.row(ctx, "SELECT purpose, child, opened, looked FROM matter WHERE id = ?", []any{int64(id)}, &m.Purpose, &child, &opened, &looked)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.Matter", "there is no such matter")
	}
	if err != nil {
		return m, err
	}
	m.ID, m.Child, m.Opened, m.Looked = id, person.ID(child), fromMicro(opened), fromZero(looked) //nolint:gosec // it was a person's number
	err = d.rows(ctx, "SELECT person, part FROM matter_person WHERE matter = ? ORDER BY person", []any{int64(id)}, func(scan func(...any) error) error {
		var who int64
		var p store.MatterPerson
		err := scan(&who, &p.Part)
		p.Person = person.ID(who) //nolint:gosec // it was a person's number
		m.People = append(m.People, p)
		return err
	})
	return m, err
}
