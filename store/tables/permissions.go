package tables

import (
	"encoding/json"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// zeroMicro is micro, with 0 for no moment.
func zeroMicro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return micro(t)
}

func fromZero(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return fromMicro(n)
}

func fieldsText(fields []permission.Field) (string, error) {
	if fields == nil {
		fields = []permission.Field{}
	}
	b, err := json.Marshal(fields)
	return string(b), fault.Wrap(err, "store", "the fields cannot be written")
}

func fieldsOf(text string) (out []permission.Field, err error) {
	return out, fault.Wrap(json.Unmarshal([]byte(text), &out), "store", "the fields are not readable")
}

func (t *tx) AddAgreement(a store.Agreement) error {
	var hash string
	found, err := t.one("SELECT hash FROM agreement WHERE purpose = ? AND version = ?", []any{a.Purpose, a.Version}, &hash)
	if err != nil || found && hash == a.Hash {
		return err
	}
	if found {
		return fault.New(fault.Conflict, "store.AddAgreement", "version %d of the agreement for %q is kept with other words", a.Version, a.Purpose).Do("give the changed agreement the next version: what people agreed to stays as it was")
	}
	fields, err := fieldsText(a.Fields)
	if err != nil {
		return err
	}
	return t.put("INSERT INTO agreement (purpose, version, hash, since, kept, fields, content) VALUES (?,?,?,?,?,?,?)", a.Purpose, a.Version, a.Hash, micro(a.Since), micro(t.at), fields, a.Content)
}

const permitColumns = "p.id, p.purpose, p.subject, p.about, p.state, p.version, p.until, p.events, p.changed, p.due"

func scanPermit(scan func(...any) error) (p store.Permit, err error) {
	var subject, about, until, changed, due int64
	if err := scan(&p.ID, &p.Purpose, &subject, &about, &p.State, &p.Version, &until, &p.Events, &changed, &due); err != nil {
		return p, fault.Wrap(err, "store.Permit", "a permission cannot be read")
	}
	p.Subject, p.About = person.ID(subject), person.ID(about) //nolint:gosec // they were numbers of people
	p.Until, p.Changed, p.Due = fromZero(until), fromMicro(changed), fromZero(due)
	return p, nil
}

func (t *tx) permits(query string, args ...any) (out []store.Permit, err error) {
	err = t.query("SELECT "+permitColumns+" FROM permission p "+query, args, func(scan func(...any) error) error {
		p, err := scanPermit(scan)
		out = append(out, p)
		return err
	})
	return out, err
}

func (t *tx) Permit(purpose string, subject, about person.ID) (store.Permit, bool, error) {
	all, err := t.permits("WHERE p.purpose = ? AND p.subject = ? AND p.about = ?", purpose, int64(subject), int64(about))
	if err != nil || len(all) == 0 {
		return store.Permit{}, false, err
	}
	return all[0], true, nil
}

func noPermit(op string) error { return fault.New(fault.Missing, op, "there is no such permission") }

func (t *tx) PermitOf(id int64) (store.Permit, error) {
	all, err := t.permits("WHERE p.id = ?", id)
	if err == nil && len(all) == 0 {
		err = noPermit("store.PermitOf")
	}
	if err != nil {
		return store.Permit{}, err
	}
	return all[0], nil
}

// standing is the condition under which a permission stands at a moment, and for
// the fields. A field of the record is quoted in the agreement's list.
func standing(purpose string, fields []permission.Field, about person.ID, at time.Time) (where string, args []any) {
	where, args = "JOIN agreement a ON a.purpose = p.purpose AND a.version = p.version WHERE p.purpose = ? AND p.state = ? AND p.until > ?", []any{purpose, StandingState, micro(at)}
	if about != 0 {
		where, args = where+" AND p.about = ?", append(args, int64(about))
	}
	for _, f := range fields {
		where, args = where+` AND a.fields LIKE ? ESCAPE '!'`, append(args, `%"`+strings.NewReplacer("!", "!!", "_", "!_", "%", "!%").Replace(string(f))+`"%`)
	}
	return where, args
}

// StandingState is the state of a permission that stands, as the package
// permission calls it.
const StandingState = "standing"

func (t *tx) Standing(purpose string, fields []permission.Field, about person.ID, at time.Time, after int64, limit int) ([]store.Permit, error) {
	where, args := standing(purpose, fields, about, at)
	all, err := t.permits(where+" AND p.id > ? ORDER BY p.id LIMIT ?", append(args, after, limit)...)
	return all, err
}

func (t *tx) NextReceipt(p store.Permit) (int64, int, error) {
	if p.ID != 0 {
		return p.ID, p.Events + 1, nil
	}
	last, err := t.lastOf("permission", "id")
	return last + 1, 1, err
}

func (t *tx) SavePermit(p store.Permit, e store.PermitEvent) (int64, error) {
	const op = "store.SavePermit"
	if e.N != p.Events+1 {
		return 0, fault.New(fault.Conflict, op, "event %d follows event %d", e.N, p.Events)
	}
	if p.ID == 0 {
		id, err := t.next("permission")
		if err != nil {
			return 0, err
		}
		p.ID = id
		err = t.put("INSERT INTO permission (id, purpose, subject, about, state, version, until, events, changed, due) VALUES (?,?,?,?,?,?,?,?,?,?)",
			id, p.Purpose, int64(p.Subject), int64(p.About), p.State, p.Version, zeroMicro(p.Until), 1, micro(e.At), zeroMicro(p.Due))
		if err != nil {
			return 0, err
		}
	} else if err := t.changePermit(p, e); err != nil {
		return 0, err
	}
	if err := t.lookAgain(p.About); err != nil {
		return 0, err
	}
	var receipt any
	if len(e.Receipt) > 0 {
		sealed, err := t.sealValue(receiptSeal, sealID(p.ID, e.N), e.Receipt)
		if err != nil {
			return 0, err
		}
		receipt = sealed
	}
	signers, err := signersText(e.Signers)
	if err != nil {
		return 0, err
	}
	if err := t.put("INSERT INTO permission_event (permission, n, kind, at, by, version, hash, way, cause, signers, receipt) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		p.ID, e.N, e.Kind, micro(e.At), int64(e.By), e.Version, e.Hash, e.Way, e.Cause, signers, receipt); err != nil {
		return 0, err
	}
	return p.ID, t.tellOf(p, e.N, e.Kind)
}

// receiptSeal names receipts to the seal.
const receiptSeal = "permission.receipt"

func (t *tx) OweReceipt(o store.OwedReceipt) error {
	return t.put("INSERT INTO receipt_owed (permission, n, since, handovers, begun, proposals, kept) VALUES (?,?,?,?,?,?,?)",
		o.Permission, o.N, micro(o.Since), o.Gone.Handovers, o.Gone.Begun, o.Gone.Proposals, o.Gone.Kept)
}

func (t *tx) KeepReceipt(permission int64, n int, receipt []byte) (bool, error) {
	owed, err := t.exec("DELETE FROM receipt_owed WHERE permission = ? AND n = ?", permission, n)
	if err != nil || owed == 0 {
		return false, err
	}
	sealed, err := t.sealValue(receiptSeal, sealID(permission, n), receipt)
	if err != nil {
		return false, err
	}
	return true, t.put("UPDATE permission_event SET receipt = ? WHERE permission = ? AND n = ?", sealed, permission, n)
}

func signersText(ids []person.ID) (string, error) {
	if ids == nil {
		ids = []person.ID{}
	}
	b, err := json.Marshal(ids)
	return string(b), fault.Wrap(err, "store", "those who have a say cannot be written")
}

const eventColumns = "permission, n, kind, at, by, version, hash, way, cause, signers, CASE WHEN receipt IS NULL THEN 0 ELSE 1 END"

func scanPermitEvent(scan func(...any) error) (e store.PermitEvent, err error) {
	var at, by, signed int64
	var signers string
	if err := scan(&e.Permission, &e.N, &e.Kind, &at, &by, &e.Version, &e.Hash, &e.Way, &e.Cause, &signers, &signed); err != nil {
		return e, fault.Wrap(err, "store.PermitEvents", "an event cannot be read")
	}
	e.At, e.By, e.Signed = fromMicro(at), person.ID(by), signed != 0 //nolint:gosec // it was a person's number
	return e, fault.Wrap(json.Unmarshal([]byte(signers), &e.Signers), "store.PermitEvents", "those who had a say are not readable")
}

func (t *tx) PermitEvents(id int64) (out []store.PermitEvent, err error) {
	err = t.query("SELECT "+eventColumns+" FROM permission_event WHERE permission = ? ORDER BY n", []any{id}, func(scan func(...any) error) error {
		e, err := scanPermitEvent(scan)
		out = append(out, e)
		return err
	})
	return out, err
}

func (t *tx) changePermit(p store.Permit, e store.PermitEvent) error {
	n, err := t.exec("UPDATE permission SET state = ?, version = ?, until = ?, events = events + 1, changed = ?, due = ? WHERE id = ? AND events = ?",
		p.State, p.Version, zeroMicro(p.Until), micro(e.At), zeroMicro(p.Due), p.ID, p.Events)
	if err == nil && n != 1 {
		err = fault.New(fault.Conflict, "store.SavePermit", "the permission was changed in between")
	}
	return err
}

func (t *tx) SetDue(id int64, due time.Time) error {
	return t.put("UPDATE permission SET due = ? WHERE id = ?", zeroMicro(due), id)
}

func (t *tx) Registers() (n int64, err error) {
	_, err = t.one("SELECT coalesce(max(id), 0) FROM snapshot", nil, &n)
	return n, err
}

func (t *tx) AddRequest(r store.Request) (int64, error) {
	id, err := t.next("request")
	if err != nil {
		return 0, err
	}
	words, err := t.sealValue("request.words", uint64(id), []byte(r.Words)) //nolint:gosec // from 1
	if err != nil {
		return 0, err
	}
	return id, t.put("INSERT INTO request (id, kind, person, about, matter, at, due, basis, words, settled, settled_by, answer) VALUES (?,?,?,?,?,?,?,?,?,0,'',NULL)",
		id, r.Kind, int64(r.Person), int64(r.About), int64(r.Matter), micro(r.At), micro(r.Due), r.Basis, words)
}

func (t *tx) SettleRequest(id int64, by, answer string, now time.Time) (r store.Request, err error) {
	const op = "store.SettleRequest"
	var who, matter, settled int64
	found, err := t.one("SELECT kind, person, matter, settled FROM request WHERE id = ?", []any{id}, &r.Kind, &who, &matter, &settled)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, fault.New(fault.Missing, op, "there is no request %d", id)
	case settled != 0:
		return r, fault.New(fault.Conflict, op, "request %d is settled already", id)
	}
	sealed, err := t.sealValue("request.answer", uint64(id), []byte(answer)) //nolint:gosec // from 1
	if err != nil {
		return r, err
	}
	r.ID, r.Person, r.Matter, r.Settled, r.SettledBy, r.Answer = id, person.ID(who), store.MatterID(matter), now, by, answer //nolint:gosec // it was a person's number
	return r, t.put("UPDATE request SET settled = ?, settled_by = ?, answer = ? WHERE id = ?", micro(now), by, sealed, id)
}

func (t *tx) AddPrecedent(p store.Precedent) (int64, error) {
	id, err := t.next("precedent")
	if err != nil {
		return 0, err
	}
	return id, t.put("INSERT INTO precedent (id, purpose, at, by, lawful, content) VALUES (?,?,?,?,?,?)", id, p.Purpose, micro(p.At), p.By, flag(p.Lawful), p.Content)
}

func (t *tx) AddSourceMark(m store.SourceMark) (bool, error) {
	n, err := t.exec("INSERT INTO source_mark (id, permission, source, at, outcome) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING", m.ID, m.Permission, m.Source, micro(m.At), m.Outcome)
	return n > 0, err
}
