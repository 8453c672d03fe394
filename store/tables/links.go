package tables

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

func (d *DB) profileHash(subject string) ([]byte, error) {
	return d.vault.Hash("profile at the log-in service", subject)
}

func (t *tx) LinkProfile(subject string, who person.ID, now time.Time) (bool, error) {
	if subject == "" || !who.Known() {
		return false, fault.New(fault.Invalid, "store.LinkProfile", "a link needs an id and a person")
	}
	hash, err := t.db.profileHash(subject)
	if err != nil {
		return false, err
	}
	var is int64
	found, err := t.one("SELECT person FROM profile WHERE hash = ?", []any{hash}, &is)
	if err != nil || found && is == int64(who) {
		return false, err
	}
	_, err = t.exec("INSERT INTO profile (hash, person, since) VALUES (?,?,?) ON CONFLICT (hash) DO UPDATE SET person = excluded.person, since = excluded.since", hash, int64(who), micro(now))
	return err == nil, err
}

// PersonByProfile finds who logged in under an id of the log-in service. There
// being nobody is Missing.
func (d *DB) PersonByProfile(ctx context.Context, subject string) (person.ID, error) {
	hash, err := d.profileHash(subject)
	if err != nil {
		return 0, err
	}
	var id int64
	found, err := d.row(ctx, "SELECT person FROM profile WHERE hash = ?", []any{hash}, &id)
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.PersonByProfile", "nobody has logged in under this id")
	}
	return person.ID(id), err //nolint:gosec // numbers of people fit
}

const individualColumns = "id, caller, person, provider, since"

func scanIndividual(scan func(...any) error) (i store.Individual, err error) {
	var who, since int64
	err = scan(&i.ID, &i.Caller, &who, &i.Provider, &since)
	i.Person, i.Since = person.ID(who), fromMicro(since) //nolint:gosec // numbers of people fit
	return i, err
}

func (t *tx) SaveIndividual(i store.Individual) error {
	const op = "store.SaveIndividual"
	if i.ID == "" || i.Caller == "" || !i.Person.Known() {
		return fault.New(fault.Invalid, op, "an individual needs a number, a caller and a person")
	}
	n, err := t.exec("INSERT INTO individual ("+individualColumns+`) VALUES (?1,?2,?3,?4,?5)
		ON CONFLICT (id) DO UPDATE SET provider = excluded.provider WHERE individual.caller = excluded.caller AND individual.person = excluded.person`,
		i.ID, i.Caller, int64(i.Person), i.Provider, micro(i.Since))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, op, "the number is another individual's")
	}
	return err
}

// Individual finds an individual of a caller; there being none is Missing.
func (d *DB) Individual(ctx context.Context, caller, id string) (out store.Individual, err error) {
	found := false
	err = d.rows(ctx, "SELECT "+individualColumns+" FROM individual WHERE caller = ? AND id = ?", []any{caller, id}, func(scan func(...any) error) error {
		found = true
		out, err = scanIndividual(scan)
		return err
	})
	if err == nil && !found {
		err = fault.New(fault.Missing, "store.Individual", "there is no such individual")
	}
	return out, err
}

// Individuals are those of a caller, in order of number.
func (d *DB) Individuals(ctx context.Context, caller string, offset, limit int) (out []store.Individual, err error) {
	err = d.rows(ctx, "SELECT "+individualColumns+" FROM individual WHERE caller = ? ORDER BY id LIMIT ? OFFSET ?", []any{caller, limit, offset}, func(scan func(...any) error) error {
		i, err := scanIndividual(scan)
		out = append(out, i)
		return err
	})
	return out, err
}

// AllPermits are all permissions in order of number, or, if caller is not "", those
// of the caller's individuals.
func (d *DB) AllPermits(ctx context.Context, caller string, offset, limit int) ([]store.Permit, error) {
	return d.permits(ctx, "WHERE CAST(?1 AS TEXT) = '' OR p.subject IN (SELECT person FROM individual WHERE caller = ?1) ORDER BY p.id LIMIT ?2 OFFSET ?3", caller, limit, offset)
}

// UsesPage are entries that cover a person, newest first, from a moment on and
// before another (zero: no bound), after the first offset, at most limit; total is
// how many there are in all.
func (d *DB) UsesPage(ctx context.Context, id person.ID, from, before time.Time, offset, limit int) (page []audit.Entry, total int, err error) {
	until := int64(0)
	if !before.IsZero() {
		until = micro(before)
	}
	since := int64(-1 << 62)
	if !from.IsZero() {
		since = micro(from)
	}
	err = d.rows(ctx, "SELECT "+entryColumns+` FROM audit_entry WHERE seq IN (SELECT seq FROM audit_person WHERE person = ?1 UNION ALL SELECT seq FROM audit_mass)
		AND verb <> '' AND at >= ?2 AND (CAST(?3 AS BIGINT) = 0 OR at < ?3) ORDER BY seq DESC`, []any{int64(id), since, until}, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil || e.People == nil || !e.People.Contains(uint32(id)) {
			return err
		}
		if total++; total > offset && len(page) < limit {
			page = append(page, e)
		}
		return nil
	})
	return page, total, err
}

// FirstEntry is the moment of the oldest entry that still has its content; ok is
// false when there is none.
func (d *DB) FirstEntry(ctx context.Context) (at time.Time, ok bool, err error) {
	var n int64
	ok, err = d.row(ctx, "SELECT at FROM audit_entry WHERE verb <> '' ORDER BY seq LIMIT 1", nil, &n)
	if err != nil || !ok {
		return time.Time{}, false, err
	}
	return fromMicro(n), true, nil
}
