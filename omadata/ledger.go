package omadata

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// errMoved says that a register came in since the family was read: it is read
// again, and tried again.
var errMoved = errors.New("the registers have changed")

// ledger says, inside a write, whose permission stands in one matter. It asks the
// records and holds each permission against what the registers say.
type ledger struct {
	s  *Service
	tx store.Tx
	f  *family
}

// mostInMatter is more people than one matter has.
const mostInMatter = 64

// Standing implements permission.Ledger.
func (l ledger) Standing(ctx context.Context, purpose string, fields []permission.Field, who *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
	now, err := l.tx.Registers()
	if err != nil {
		return nil, err
	}
	if now != l.f.registers {
		return nil, errMoved
	}
	all, err := l.tx.Standing(purpose, fields, l.f.matter.Child, at, 0, mostInMatter)
	if err != nil {
		return nil, err
	}
	out := roaring.New()
	for _, row := range all {
		if !who.Contains(uint32(row.Subject)) {
			continue
		}
		p, err := l.s.restore(ctx, l.tx, row)
		if err != nil {
			return nil, err
		}
		a, err := l.s.text(ctx, row.Purpose, row.Version)
		if err != nil {
			return nil, err
		}
		if ok, _ := p.Stands(at, a, l.f); ok && a.Covers(fields) {
			out.Add(uint32(row.Subject))
		}
	}
	return out, nil
}

// restore tells the life of a permission from its events.
func (s *Service) restore(ctx context.Context, tx store.Tx, row store.Permit) (permission.Permission, error) {
	events, err := tx.PermitEvents(row.ID)
	if err != nil {
		return permission.Permission{}, err
	}
	return s.life(ctx, row, events)
}

func (s *Service) life(ctx context.Context, row store.Permit, kept []store.PermitEvent) (permission.Permission, error) {
	events := make([]permission.Event, len(kept))
	for i, k := range kept {
		kind, err := permission.ParseEventKind(k.Kind)
		if err != nil {
			return permission.Permission{}, err
		}
		events[i] = permission.Event{Kind: kind, At: k.At, By: k.By, Version: k.Version, Hash: k.Hash, Way: k.Way, Cause: permission.Cause(k.Cause), Signers: k.Signers}
	}
	return permission.Restore(row.ID, row.Subject, row.About, row.Purpose, events, func(version int) (permission.Agreement, error) {
		return s.text(ctx, row.Purpose, version)
	})
}

// The places where it is looked whether a permission stands.
const (
	atBegin = "begin" // before a source is asked
	atKeep  = "keep"  // before what came is kept
	atRead  = "read"  // before what is kept is read
	atBatch = "batch" // before a block of a review is read
)

// grant looks whether the person's permission in the matter stands at this moment,
// inside a write, and gives the grant that opens its fields.
func (s *Service) grant(ctx context.Context, where string, tx store.Tx, act audit.Act, a permission.Agreement, f *family, subject person.ID) (permission.Grant, error) {
	p, err := s.own(a)
	if err != nil {
		return permission.Grant{}, err
	}
	return permission.CheckStanding(ctx, act, p, a.Fields(), permission.Just(subject), nil, s.look(where, tx, f), s.now)
}

// mostMoves is how often the registers may change under a piece of work before it
// is put off.
const mostMoves = 4

// steady does what needs the family, and does it again with the family as it is
// now when a register came in meanwhile.
func (s *Service) steady(ctx context.Context, r reading, id store.MatterID, do func(f *family) error) error {
	for range mostMoves {
		f, err := s.familyOf(ctx, r, id)
		if err != nil {
			return err
		}
		if err = do(f); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fault.New(fault.Later, "omadata", "registers keep coming in").Do("try again in a moment")
}

// unmoved fails with errMoved when a register came in since the family was read.
func unmoved(tx store.Tx, f *family) error {
	now, err := tx.Registers()
	if err == nil && now != f.registers {
		err = errMoved
	}
	return err
}

func matterName(id store.MatterID) string { return fmt.Sprintf("matter %d", id) }

func permissionName(id int64) string { return fmt.Sprintf("permission %d", id) }

// change is an event that is applied to a permission.
type change struct {
	row     store.Permit
	p       permission.Permission
	event   permission.Event
	a       permission.Agreement // of the event
	signers []person.ID
	over    string // why what was fetched goes, if the event ends the permission; "": it does not
}

// apply keeps what an event makes of a permission, with its receipt. What an end
// takes away goes first, so that the receipt can tell. Changed is false when it was
// so already.
func (s *Service) apply(ctx context.Context, tx store.Tx, c change) (row store.Permit, p permission.Permission, gone store.Deleted, changed bool, err error) {
	next, err := c.p.Apply(c.event, c.a, c.signers)
	if err != nil || len(next.Events()) == len(c.p.Events()) {
		return c.row, c.p, gone, false, err
	}
	row = c.row
	if c.over != "" {
		if gone, err = s.over(tx, row, c.over); err != nil {
			return row, c.p, gone, false, err
		}
	}
	id, n, err := tx.NextReceipt(row)
	if err != nil {
		return row, c.p, gone, false, err
	}
	if next.ID() == 0 {
		if next, err = next.Numbered(id); err != nil {
			return row, c.p, gone, false, err
		}
	}
	w := next.Current()
	row.State, row.Version, row.Until = w.State.String(), w.Version, w.Until
	if w.State != permission.Standing {
		row.Until, row.Due = time.Time{}, time.Time{}
	}
	kept, owed := s.eventRow(ctx, next, n, c.a, gone)
	if row.ID, err = tx.SavePermit(row, kept); err != nil {
		return row, c.p, gone, false, err
	}
	if owed {
		if err := tx.OweReceipt(store.OwedReceipt{Permission: row.ID, N: n, Since: kept.At, Gone: gone}); err != nil {
			return row, c.p, gone, false, err
		}
	}
	row.Events, row.Changed = n, kept.At
	return row, next, gone, true, nil
}

// eventRow is the newest event of a permission as it is kept. Owed is true when its
// receipt cannot be made now: what a person decides counts at once all the same.
func (s *Service) eventRow(ctx context.Context, p permission.Permission, n int, a permission.Agreement, gone store.Deleted) (out store.PermitEvent, owed bool) {
	events := p.Events()
	e := events[len(events)-1]
	out = store.PermitEvent{N: n, Kind: e.Kind.String(), At: e.At, By: e.By, Version: e.Version, Hash: e.Hash, Way: e.Way, Cause: string(e.Cause), Signers: e.Signers}
	if s.c.Receipts.Key == nil || e.Kind == permission.Ask || e.Kind == permission.Remind { // questions, and no decisions
		return out, false
	}
	var err error
	out.Receipt, err = s.receiptOf(ctx, p, n, a, gone)
	return out, err != nil
}
