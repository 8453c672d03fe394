package tables

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// Undecided is the register of those who have a say in a matter for a purpose and have
// not chosen under a version of its agreement (permits is the agreement's own purpose):
// nobody is asked who has. Who gave a permission that has ended may be asked anew,
// unless they said before its end that they will not give it anew. It is read from the matters and permissions as they are now; matters are those that
// were opened up to the end of a day.
func (d *DB) Undecided(purpose, permits string, version int, known time.Time) register.Source {
	return undecided{d, purpose, permits, version, known.Truncate(24*time.Hour).AddDate(0, 0, 1)}
}

type undecided struct {
	db               *DB
	purpose, permits string
	version          int
	before           time.Time
}

// Has implements register.Source.
func (undecided) Has() []permission.Field { return []permission.Field{register.FeeUndecided} }

// open are the states of a permission in which nothing has been chosen, or what was
// chosen has ended by itself.
const open = "('asked', 'expired', 'ended')"

func (u undecided) each(ctx context.Context, do func(person.ID, time.Time) error) error {
	return u.db.rows(ctx, `SELECT w.person, m.opened FROM matter m JOIN matter_person w ON w.matter = m.id AND w.part = ?1
		LEFT JOIN permission p ON p.purpose = ?2 AND p.subject = w.person AND p.about = m.child AND p.version = ?3 AND (p.state NOT IN `+open+` OR p.state = 'expired' AND `+afterGiven("'decline'")+`)
		WHERE m.purpose = ?4 AND m.opened < ?5 AND p.id IS NULL ORDER BY w.person, m.opened, m.id`,
		[]any{store.Guardian, u.permits, u.version, u.purpose, micro(u.before)}, func(scan func(...any) error) error {
			var id, opened int64
			if err := scan(&id, &opened); err != nil {
				return err
			}
			return do(person.ID(id), dayOf(opened)) //nolint:gosec // it was a person's number
		})
}

// Find implements register.Source.
func (u undecided) Find(ctx context.Context, r register.Range) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := u.each(ctx, func(id person.ID, day time.Time) error {
		if r.Field == register.FeeUndecided && !day.Before(r.From) && day.Before(r.To) {
			out.Add(uint32(id))
		}
		return nil
	})
	return out, err
}

// Select implements register.Source.
func (u undecided) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	wanted := false
	for _, f := range fields {
		wanted = wanted || f == register.FeeUndecided
	}
	if !wanted {
		return nil
	}
	return u.each(ctx, func(id person.ID, day time.Time) error {
		if !people.Contains(uint32(id)) {
			return nil
		}
		return each(id, register.FeeUndecided, register.Fact{From: day, Value: day})
	})
}

// Ending is the register of those whose permission for a purpose (permits) ends, who were
// asked for it anew and have neither given it nor said that they will not. It is read from
// the permissions as they are now.
func (d *DB) Ending(permits string) register.Source { return ending{d, permits} }

type ending struct {
	db      *DB
	permits string
}

// Has implements register.Source.
func (ending) Has() []permission.Field { return []permission.Field{register.FeeEnds} }

// afterGiven is so of a permission to which an event of some kinds came since it was given.
func afterGiven(kinds string) string {
	return `EXISTS (SELECT 1 FROM permission_event e WHERE e.permission = p.id AND e.kind IN (` + kinds + `) AND e.n > (
		SELECT max(g.n) FROM permission_event g WHERE g.permission = p.id AND g.kind IN ('give', 'renew')))`
}

func (u ending) each(ctx context.Context, do func(who person.ID, asked, until time.Time) error) error {
	return u.db.rows(ctx, "SELECT p.subject, (SELECT max(a.at) FROM permission_event a WHERE a.permission = p.id AND a.kind IN ('remind', 'ask')), p.until FROM permission p WHERE p.purpose = ? AND p.state = ? AND "+afterGiven("'remind', 'ask'")+" AND NOT "+afterGiven("'decline', 'refuse'")+" ORDER BY p.subject, p.until, p.id",
		[]any{u.permits, StandingState}, func(scan func(...any) error) error {
			var id, asked, until int64
			if err := scan(&id, &asked, &until); err != nil {
				return err
			}
			return do(person.ID(id), dayOf(asked), dayOf(until)) //nolint:gosec // it was a person's number
		})
}

// Find implements register.Source.
func (u ending) Find(ctx context.Context, r register.Range) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := u.each(ctx, func(id person.ID, _, day time.Time) error {
		if r.Field == register.FeeEnds && !day.Before(r.From) && day.Before(r.To) {
			out.Add(uint32(id))
		}
		return nil
	})
	return out, err
}

// Select implements register.Source.
func (u ending) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	if !slices.Contains(fields, register.FeeEnds) {
		return nil
	}
	return u.each(ctx, func(id person.ID, asked, day time.Time) error {
		if !people.Contains(uint32(id)) {
			return nil
		}
		return each(id, register.FeeEnds, register.Fact{From: asked, Value: day})
	})
}

// Refusals are people who said no to a service by message or letter and of whose no an
// officer's matter is still open, with when it was opened, the oldest first.
func (d *DB) Refusals(ctx context.Context, service string, limit int) (out []store.Refusal, err error) {
	err = d.rows(ctx, `SELECT k.child, i.opened FROM item i JOIN kase k ON k.id = i.case_id JOIN round r ON r.id = k.round
		WHERE r.service = ? AND r.state IN ('running', 'paused') AND i.kind = ? AND i.settled IS NULL AND k.child < ? ORDER BY i.opened, i.id LIMIT ?`,
		[]any{service, conversation.ItemDeclined, int64(person.Nobody), limit}, func(scan func(...any) error) error {
			var id, at int64
			err := scan(&id, &at)
			out = append(out, store.Refusal{Person: person.ID(id), At: fromMicro(at)}) //nolint:gosec // it was a person's number
			return err
		})
	return out, err
}

func (t *tx) Refused(service string, who person.ID) (bool, error) {
	var n int
	_, err := t.one(`SELECT count(*) FROM item i JOIN kase k ON k.id = i.case_id JOIN round r ON r.id = k.round
		WHERE r.service = ? AND r.state IN ('running', 'paused') AND i.kind = ? AND i.settled IS NULL AND k.child = ?`, []any{service, conversation.ItemDeclined, int64(who)}, &n)
	return n > 0, err
}

// sweepMark names the register against which permissions were held last: its number,
// and until when a process is at it (0: it is done).
const sweepMark = "permissions held against register"

func (t *tx) ClaimSweep(number int64, until time.Time) (ok, done bool, err error) {
	var text string
	found, err := t.one("SELECT value FROM mark WHERE name = ?", []any{sweepMark}, &text)
	if err != nil {
		return false, false, err
	}
	if found {
		var last, busy int64
		if _, err := fmt.Sscanf(text, "%d %d", &last, &busy); err != nil {
			return false, false, fault.New(fault.Tampered, "store.ClaimSweep", "the mark of the newest register is not readable")
		}
		if last >= number && busy == 0 {
			return false, true, nil
		}
		if last == number && busy > micro(t.at) {
			return false, false, nil
		}
	}
	return true, false, t.SetMark(sweepMark, fmt.Sprintf("%d %d", number, micro(until)))
}

func (t *tx) EndSweep(number int64) error { return t.SetMark(sweepMark, fmt.Sprintf("%d 0", number)) }
