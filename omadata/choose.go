package omadata

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// NotNow is the way of who does not want to choose: it is remembered like any
// other no.
const NotNow = "not-now"

// Documents and Highest are the ways beside the permission.
const (
	Documents = "documents"
	Highest   = "highest-fee"
)

// Ask notes that somebody was shown the agreement. Nobody is asked twice under the
// same version: asked is false when they have answered, or were asked, already.
func (s *Service) Ask(ctx context.Context, who person.ID, n store.MatterID) (asked bool, err error) {
	a, err := s.Agreement()
	if err != nil {
		return false, err
	}
	err = s.steady(ctx, reading{who: who, verb: "look whose matter it is"}, n, func(f *family) error {
		return s.writeAct(ctx, who, "ask for a permission", a, func(tx store.Tx) error {
			row, p, err := s.mine(ctx, tx, a, f, who)
			if err != nil {
				return err
			}
			if row, _, asked, err = s.ask(ctx, tx, row, p, a, f, who); err != nil {
				return err
			}
			if !asked {
				return store.ErrNothing
			}
			told(tx, row, a, "asked")
			return nil
		})
	})
	return asked, err
}

// writeAct writes under an act of the agreement's purpose.
func (s *Service) writeAct(ctx context.Context, who person.ID, verb string, a permission.Agreement, do func(tx store.Tx) error) error {
	act, err := s.act(who, verb, a)
	if err != nil {
		return err
	}
	return s.write(ctx, act, do)
}

// told fills the entry about a permission.
func told(tx store.Tx, row store.Permit, a permission.Agreement, what string) {
	tx.About(permissionName(row.ID), row.Subject)
	if row.About.Known() {
		tx.About("", row.About)
	}
	tx.Detail("%s; agreement %s version %d %.12s", what, a.Purpose(), a.Version(), a.Hash())
}

// mine finds the permission of somebody in a matter, or a new one. Who has no say
// learns that there is no such matter.
func (s *Service) mine(ctx context.Context, tx store.Tx, a permission.Agreement, f *family, who person.ID) (store.Permit, permission.Permission, error) {
	child := f.matter.Child
	if err := unmoved(tx, f); err != nil {
		return store.Permit{}, permission.Permission{}, err
	}
	if !slices.Contains(f.adults, who) {
		return store.Permit{}, permission.Permission{}, noMatter("omadata.Choose")
	}
	if err := tx.AddAgreement(kept(a)); err != nil {
		return store.Permit{}, permission.Permission{}, err
	}
	row, ok, err := tx.Permit(a.Purpose(), who, child)
	if err != nil {
		return row, permission.Permission{}, err
	}
	if !ok {
		p, err := permission.New(0, who, child, a.Purpose())
		return store.Permit{Purpose: a.Purpose(), Subject: who, About: child}, p, err
	}
	p, err := s.restore(ctx, tx, row)
	return row, p, err
}

// kept is an agreement as the records keep it.
func kept(a permission.Agreement) store.Agreement {
	return store.Agreement{Purpose: a.Purpose(), Version: a.Version(), Hash: a.Hash(), Since: a.From(), Fields: a.Fields(), Content: string(a.JSON())}
}

// ask shows the agreement, if who is to be asked was not asked, or not lately.
func (s *Service) ask(ctx context.Context, tx store.Tx, row store.Permit, p permission.Permission, a permission.Agreement, f *family, who person.ID) (store.Permit, permission.Permission, bool, error) {
	if w := p.Current(); w.Version == a.Version() && w.Remembered(s.now()) {
		return row, p, false, nil // they may still give it of their own will
	}
	switch p.Of(a.Version()) {
	case permission.Asked, permission.Partly, permission.Refused, permission.Withdrawn:
		return row, p, false, nil
	case permission.Unasked, permission.Standing, permission.Expired, permission.Ended:
	}
	row, p, _, asked, err := s.apply(ctx, tx, change{row: row, p: p, event: permission.Step(permission.Ask, a, who, s.now()), a: a, signers: f.Signers(row.Subject, row.About)})
	return row, p, asked, err
}

// ChooseSeen takes the way that somebody chose: to permit the fetch, another way of
// the agreement, or NotNow. The same again changes nothing. Another way after a
// permission takes the permission back. What was seen is there no more: Conflict.
func (s *Service) ChooseSeen(ctx context.Context, who person.ID, n store.MatterID, way string, seen Seen) error {
	const op = "omadata.Choose"
	a, err := s.Agreement()
	if err != nil {
		return err
	}
	if err := seen.text(a); err != nil {
		return err
	}
	if _, ok := a.Way(way); !ok && way != NotNow {
		return fault.New(fault.Invalid, op, "the agreement has no such way").Do("take one of those that are shown")
	}
	verb := "choose a way without permission"
	if way == permission.WayPermit {
		verb = "give a permission"
	}
	var taken []int64 // permissions that were taken back
	err = s.steady(ctx, reading{who: who, verb: "look whose matter it is"}, n, func(f *family) error {
		return s.writeAct(ctx, who, verb, a, func(tx store.Tx) error {
			taken = nil
			row, p, err := s.mine(ctx, tx, a, f, who)
			if err != nil {
				return err
			}
			if err := seen.permit(row); err != nil {
				return err
			}
			before := row.Events
			if row, p, _, err = s.ask(ctx, tx, row, p, a, f, who); err != nil {
				return err
			}
			if way == permission.WayPermit {
				row, err = s.give(ctx, tx, row, p, a, f, who)
			} else {
				if row.State == permission.Standing.String() {
					taken = append(taken, row.ID)
				}
				row, err = s.refuse(ctx, tx, row, p, a, f, who, way)
			}
			if err != nil {
				return err
			}
			if row.Events == before {
				return store.ErrNothing
			}
			gone := 0
			if way != Documents {
				if gone, err = s.otherWay(tx, f, who); err != nil {
					return err
				}
			}
			told(tx, row, a, wayWords(way, gone))
			return s.chose(tx, who, way)
		})
	})
	if err == nil {
		s.stop(taken...)
	}
	return err
}

// give applies the yes, and lets the sources be asked when all grown-ups of the
// household have permitted it or send documents: before that nothing that is fetched
// could be used.
func (s *Service) give(ctx context.Context, tx store.Tx, row store.Permit, p permission.Permission, a permission.Agreement, f *family, who person.ID) (store.Permit, error) {
	e := permission.Step(permission.Give, a, who, s.now()).With(permission.WayPermit)
	row, _, _, changed, err := s.apply(ctx, tx, change{row: row, p: p, event: e, a: a, signers: f.Signers(row.Subject, row.About)})
	if err != nil || !changed {
		return row, err
	}
	return row, s.due(ctx, tx, a, f)
}

// wayWords say in the record which way was chosen.
func wayWords(way string, documents int) string {
	if documents == 0 {
		return "way " + way
	}
	return fmt.Sprintf("way %s; %d documents deleted", way, documents)
}

// due sets when the sources are to be asked, for each permission of a matter: at
// once, or when what is there is no longer fresh, if all grown-ups permit it or send
// documents; else not at all.
func (s *Service) due(ctx context.Context, tx store.Tx, a permission.Agreement, f *family) error {
	now := s.now()
	all, err := tx.Standing(a.Purpose(), nil, f.matter.Child, now, 0, mostInMatter)
	if err != nil {
		return err
	}
	ready, err := s.ready(ctx, tx, f, all)
	if err != nil {
		return err
	}
	for _, row := range all {
		due := time.Time{}
		if ready {
			if due, err = s.freshUntil(tx, row, now); err != nil {
				return err
			}
		}
		if !due.Equal(row.Due) {
			if err := tx.SetDue(row.ID, due); err != nil {
				return err
			}
		}
	}
	return nil
}

// freshUntil is until when what is kept under a permission is fresh; now if there
// is nothing.
func (s *Service) freshUntil(tx store.Tx, row store.Permit, now time.Time) (time.Time, error) {
	all, err := tx.HandoversOf(row.ID)
	for _, h := range all {
		if h.State == store.HandoverGot && h.Fresh.After(now) {
			return h.Fresh, err
		}
	}
	return now, err
}

// refuse applies the no, after the permission was taken back if there is one.
func (s *Service) refuse(ctx context.Context, tx store.Tx, row store.Permit, p permission.Permission, a permission.Agreement, f *family, who person.ID, way string) (store.Permit, error) {
	now := s.now()
	if row.State == permission.Standing.String() || row.State == permission.Partly.String() {
		var err error
		if row, p, _, err = s.takeBack(ctx, tx, row, p, who); err != nil {
			return row, err
		}
	}
	e := permission.Step(permission.Refuse, a, who, now)
	if way != NotNow {
		e = e.With(way)
	}
	row, _, _, changed, err := s.apply(ctx, tx, change{row: row, p: p, event: e, a: a, signers: f.Signers(row.Subject, row.About)})
	if err != nil || !changed || way != Documents {
		return row, err
	}
	open, err := tx.OpenRequests(f.matter.ID)
	if err != nil {
		return row, err
	}
	if err := s.putBefore(tx, f, who, open); err != nil {
		return row, err
	}
	return row, s.due(ctx, tx, a, f)
}

// The kinds of request that this use makes.
const (
	RequestDocuments = "documents"        // the family sends documents: a caseworker works the fee out
	RequestPerson    = "ask a person"     // the family wants a person to look at the proposal
	RequestReason    = "look at a fee"    // the working says that a person must look
	RequestSource    = "look at a source" // a source answers what cannot be used
)

// withoutDelay is the law under which an authority answers, and answerDays the
// days after which the city holds itself late: its own choice.
const (
	withoutDelay = "Administrative Procedure Act 434/2003, section 23"
	answerDays   = 30
)
