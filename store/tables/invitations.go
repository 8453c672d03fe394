package tables

import (
	"context"
	"database/sql"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/conversation"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// Invitations is the register of whom a service asked before, and who said no:
// it is read from the service's own cases, so that a criterion can say when to
// leave a person in peace. Only what happened up to the end of a day is known.
func (d *DB) Invitations(service string, known time.Time) register.Source {
	return invitations{d, service, known.Truncate(24*time.Hour).AddDate(0, 0, 1)}
}

type invitations struct {
	db      *DB
	service string
	before  time.Time
}

// Has implements register.Source.
func (i invitations) Has() []permission.Field {
	return []permission.Field{register.Invited, register.Declined}
}

// each hands over the facts of everyone. A person was asked when the inquiry went
// out or a letter was listed; a no is of the day on which it was confirmed, or, by
// another way than text message, of the day of the question.
func (i invitations) each(ctx context.Context, do func(person.ID, permission.Field, time.Time) error) error {
	return i.db.rows(ctx, `SELECT k.child, k.stage,
		(SELECT min(o.handed) FROM outbox o WHERE o.case_id = k.id AND o.kind = 'inquiry'), (SELECT min(l.at) FROM letter l WHERE l.case_id = k.id),
		(SELECT max(o.queued) FROM outbox o WHERE o.case_id = k.id AND o.kind = 'confirm_decline')
		FROM kase k JOIN round r ON r.id = k.round WHERE r.service = ? AND k.child > 0 ORDER BY k.child, k.id`, []any{i.service}, func(scan func(...any) error) error {
		var id int64
		var stage string
		var asked, letter, no sql.NullInt64
		if err := scan(&id, &stage, &asked, &letter, &no); err != nil {
			return err
		}
		if !asked.Valid {
			asked = letter
		}
		if !asked.Valid || !fromMicro(asked.Int64).Before(i.before) {
			return nil
		}
		if err := do(person.ID(id), register.Invited, dayOf(asked.Int64)); err != nil || stage != string(conversation.Declined) {
			return err
		}
		if !no.Valid {
			no = asked
		}
		if !fromMicro(no.Int64).Before(i.before) {
			return nil
		}
		return do(person.ID(id), register.Declined, dayOf(no.Int64))
	})
}

func dayOf(at int64) time.Time { return fromMicro(at).Truncate(24 * time.Hour) }

// Find implements register.Source.
func (i invitations) Find(ctx context.Context, r register.Range) (*roaring.Bitmap, error) {
	out := roaring.New()
	err := i.each(ctx, func(id person.ID, f permission.Field, day time.Time) error {
		if f == r.Field && !day.Before(r.From) && day.Before(r.To) {
			out.Add(uint32(id))
		}
		return nil
	})
	return out, err
}

// Select implements register.Source.
func (i invitations) Select(ctx context.Context, fields []permission.Field, people *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	wanted := map[permission.Field]bool{}
	for _, f := range fields {
		wanted[f] = true
	}
	return i.each(ctx, func(id person.ID, f permission.Field, day time.Time) error {
		if !wanted[f] || !people.Contains(uint32(id)) {
			return nil
		}
		return each(id, f, register.Fact{From: day, Until: day, Value: day})
	})
}
