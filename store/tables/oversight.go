package tables

import (
	"context"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/person"
	"ennakko/store"
)

func (t *tx) SeeStaff(s store.Staff) error {
	return t.put(`INSERT INTO staff (actor, roles, person, seen) VALUES (?,?,?,?)
		ON CONFLICT (actor) DO UPDATE SET roles = excluded.roles, person = excluded.person, seen = excluded.seen`, s.Actor, strings.Join(s.Roles, " "), int64(s.Person), micro(s.Seen))
}

func (t *tx) PersonOfStaff(actor string) (person.ID, error) {
	var who int64
	_, err := t.one("SELECT person FROM staff WHERE actor = ?", []any{actor}, &who)
	return person.ID(who), err //nolint:gosec // it was a person's number
}

func (t *tx) SetFamous(who person.ID, on bool, by string, now time.Time) error {
	if !on {
		return t.put("DELETE FROM famous WHERE person = ?", int64(who))
	}
	return t.put("INSERT INTO famous (person, since, by) VALUES (?,?,?) ON CONFLICT DO NOTHING", int64(who), micro(now), by)
}

func (t *tx) AddLooked(l store.Looked) (int64, error) {
	id, err := t.next("looked")
	if err != nil {
		return 0, err
	}
	words, err := t.sealValue("looked.words", uint64(id), []byte(l.Words)) //nolint:gosec // from 1
	if err != nil {
		return 0, err
	}
	return id, t.put("INSERT INTO looked (id, kind, actor, person, through, at, by, words) VALUES (?,?,?,?,?,?,?,?)",
		id, l.Kind, l.Actor, int64(l.Person), int64(l.Through), micro(l.At), l.By, words) //nolint:gosec // a number of an entry fits
}

// Lines are entries of the record as the watch over readings needs them, in order
// after one, at most limit. What was erased is left out. It gives the number of the
// last entry that was gone through, which is after when there is none.
func (d *DB) Lines(ctx context.Context, after uint64, limit int, each func(oversight.Line)) (uint64, error) {
	err := d.rows(ctx, `SELECT seq, at, actor, verb, purpose, object, CASE WHEN fields NOT IN ('null', '[]') AND length(people) > 0 THEN people END
		FROM audit_entry WHERE seq > ? ORDER BY seq LIMIT ?`, []any{int64(after), limit}, func(scan func(...any) error) error { //nolint:gosec // a number of an entry fits
		var seq, at int64
		var l oversight.Line
		var verb, object string
		var people []byte
		if err := scan(&seq, &at, &l.Actor, &verb, &l.Purpose, &object, &people); err != nil {
			return err
		}
		after = uint64(seq) //nolint:gosec // from 1
		l.Seq, l.At, l.Reads = after, fromMicro(at), len(people) > 0
		l.Case = strings.HasPrefix(object, "case ") || strings.HasPrefix(object, "matter ") || strings.HasPrefix(object, "permission ")
		if verb == "" {
			return nil
		}
		l.Erases = verb == store.EraseVerb
		if l.Reads {
			set, err := audit.PeopleOf(people)
			if err != nil {
				return fault.New(fault.Tampered, "store.Lines", "entry %d: its set of people is not readable", seq)
			}
			l.Count = int(set.GetCardinality()) //nolint:gosec // people fit
			if strings.HasPrefix(l.Actor, "officer:") {
				l.People = set
			}
		}
		each(l)
		return nil
	})
	return after, err
}

// PersonOfStaff is who a member of the staff is in the registers, by their name in the
// record; 0: the log-in did not say, or they have not logged in.
func (d *DB) PersonOfStaff(ctx context.Context, actor string) (person.ID, error) {
	var who int64
	_, err := d.row(ctx, "SELECT person FROM staff WHERE actor = ?", []any{actor}, &who)
	return person.ID(who), err //nolint:gosec // it was a person's number
}

// Staff are those of the staff who have logged in.
func (d *DB) Staff(ctx context.Context) (out []store.Staff, err error) {
	err = d.rows(ctx, "SELECT actor, roles, person, seen FROM staff ORDER BY actor", nil, func(scan func(...any) error) error {
		var s store.Staff
		var roles string
		var who, seen int64
		err := scan(&s.Actor, &roles, &who, &seen)
		s.Roles, s.Person, s.Seen = strings.Fields(roles), person.ID(who), fromMicro(seen) //nolint:gosec // it was a person's number
		out = append(out, s)
		return err
	})
	return out, err
}

func (d *DB) people(ctx context.Context, query string) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := d.rows(ctx, query, nil, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		if who := person.ID(n); n > 0 && who.Known() { //nolint:gosec // it was a person's number
			out.Add(uint32(who))
		}
		return err
	})
	return out, err
}

// Famous are the people on the city's list.
func (d *DB) Famous(ctx context.Context) (*roaring.Bitmap, error) {
	return d.people(ctx, "SELECT person FROM famous")
}

// WithCases are all people who have a part in a case, a matter or a permission, or who
// asked something of the city.
func (d *DB) WithCases(ctx context.Context) (*roaring.Bitmap, error) {
	return d.people(ctx, `SELECT child FROM kase UNION SELECT person FROM party UNION SELECT child FROM matter UNION SELECT person FROM matter_person
		UNION SELECT subject FROM permission UNION SELECT person FROM request`)
}

// LookedInto are the looks into unusual readings, newest first, at most limit.
func (d *DB) LookedInto(ctx context.Context, limit int) ([]store.Looked, error) {
	var out []store.Looked
	var sealed [][]byte
	err := d.rows(ctx, "SELECT id, kind, actor, person, through, at, by, words FROM looked ORDER BY id DESC LIMIT ?", []any{limit}, func(scan func(...any) error) error {
		var l store.Looked
		var who, through, at int64
		var words []byte
		err := scan(&l.ID, &l.Kind, &l.Actor, &who, &through, &at, &l.By, &words)
		l.Person, l.Through, l.At = person.ID(who), uint64(through), fromMicro(at) //nolint:gosec // as they were kept
		out, sealed = append(out, l), append(sealed, words)
		return err
	})
	for i, b := range sealed {
		if err == nil && len(b) > 0 {
			var plain []byte
			plain, err = d.vault.Open("looked.words", uint64(out[i].ID), b) //nolint:gosec // from 1
			out[i].Words = string(plain)
		}
	}
	return out, err
}

// week in microseconds; 1970-01-05 was a Monday.
const week, monday = int64(7 * 24 * time.Hour / time.Microsecond), int64(4 * 24 * time.Hour / time.Microsecond)

// PermitCounts counts the events of permissions by purpose, kind and week (from Monday,
// UTC), oldest first.
func (d *DB) PermitCounts(ctx context.Context) (out []store.PermitCount, err error) {
	err = d.rows(ctx, `SELECT p.purpose, e.kind, (e.at - ?1) / ?2, count(*) FROM permission_event e JOIN permission p ON p.id = e.permission GROUP BY 1, 2, 3 ORDER BY 1, 3, 2`,
		[]any{monday, week}, func(scan func(...any) error) error {
			var c store.PermitCount
			var n int64
			err := scan(&c.Purpose, &c.Kind, &n, &c.N)
			c.Week = fromMicro(n*week + monday)
			out = append(out, c)
			return err
		})
	return out, err
}

// Withdrawals counts, by purpose, what the ends of permissions did.
func (d *DB) Withdrawals(ctx context.Context) (out []store.WithdrawalCount, err error) {
	err = d.rows(ctx, `SELECT p.purpose,
		sum(CASE WHEN p.state IN ('withdrawn', 'expired', 'ended') THEN 1 ELSE 0 END), sum(CASE WHEN p.state = 'standing' THEN 1 ELSE 0 END),
		coalesce(sum((SELECT count(*) FROM handover h WHERE h.permission = p.id AND h.state = 'deleted' AND h.why <> 'no longer fresh')), 0),
		coalesce(sum((SELECT count(*) FROM handover h WHERE h.permission = p.id AND h.state = 'dropped')), 0),
		coalesce(sum((SELECT count(DISTINCT g.proposal) FROM proposal_ground g JOIN proposal x ON x.id = g.proposal WHERE g.permission = p.id AND x.state = 'withdrawn')), 0),
		coalesce(sum((SELECT count(DISTINCT g.proposal) FROM proposal_ground g JOIN proposal x ON x.id = g.proposal WHERE g.permission = p.id AND x.state = 'accepted'
			AND p.state IN ('withdrawn', 'expired', 'ended'))), 0)
		FROM permission p GROUP BY p.purpose ORDER BY p.purpose`, nil, func(scan func(...any) error) error {
		var c store.WithdrawalCount
		err := scan(&c.Purpose, &c.Ended, &c.Standing, &c.Deleted, &c.Dropped, &c.Emptied, &c.Kept)
		out = append(out, c)
		return err
	})
	return out, err
}
