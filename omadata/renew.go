package omadata

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Renewal is how it stands with giving a permission anew before its time is over.
type Renewal struct {
	From     time.Time // from then on it can be; zero: it does not stand
	Open     bool      // it can be now, also after a no
	Asked    time.Time // when the city asked; zero: it has not
	Declined bool      // the person will not
	Under    permission.Agreement
}

// renewal tells it of a permission that was given under an agreement. When another
// text is in force by now, it is given anew under that.
func (s *Service) renewal(p permission.Permission, a permission.Agreement) (Renewal, error) {
	under, err := s.Agreement()
	w, now := p.Current(), s.now()
	if err != nil || w.State != permission.Standing {
		return Renewal{}, err
	}
	out := Renewal{From: p.RenewsFrom(a), Asked: w.Reminded, Declined: !w.Declined.IsZero(), Under: under, Open: p.Renewable(now, a)}
	if under.Version() == a.Version() {
		return out, nil
	}
	out.Open = !now.Before(out.From) && now.Before(w.Until)
	for _, x := range p.Answers() {
		if x.Version == under.Version() {
			out.Asked, out.Declined = x.At, x.State == permission.Refused || x.State == permission.Withdrawn
		}
	}
	return out, nil
}

// remindEvery is how long after a look at which nobody was to be asked anew it is
// looked again.
const remindEvery = 10 * time.Minute

// remind asks somebody anew whose permission ends soon, once for each time that they
// gave it: it is on their page, and nothing is fetched after its end.
func (s *Service) remind(ctx context.Context) (bool, error) {
	now := s.now()
	s.mu.Lock()
	wait := now.Before(s.remindAt)
	s.mu.Unlock()
	if wait {
		return false, nil
	}
	var errs []error
	for _, a := range s.c.Agreements {
		rows, err := s.c.DB.PermitsEnding(ctx, a.Purpose(), a.Version(), now, a.Renews().After(now).Add(monthEnds), stepBatch+s.rests.count())
		errs = append(errs, err)
		for _, row := range rows {
			name := "ask anew " + permissionName(row.ID)
			if s.rests.has(name, now) {
				continue
			}
			did, err := s.remindOne(ctx, row)
			errs = append(errs, err)
			if did || ctx.Err() != nil {
				return did, errors.Join(errs...)
			}
			if err != nil {
				s.rests.begin(name, now)
			}
		}
	}
	s.mu.Lock()
	s.remindAt = now.Add(remindEvery)
	s.mu.Unlock()
	return false, errors.Join(errs...)
}

// monthEnds is by how much a month that is counted forwards may be shorter than one
// that is counted backwards.
const monthEnds = 4 * 24 * time.Hour

// anew is the event by which the program asks anew, and the agreement that it shows;
// ok is false when it is not to.
func (s *Service) anew(p permission.Permission, a permission.Agreement, f permission.Relations) (e permission.Event, under permission.Agreement, ok bool, err error) {
	r, err := s.renewal(p, a)
	if err != nil || !r.Open || !r.Asked.IsZero() || r.Declined {
		return e, a, false, err
	}
	now := s.now()
	if stands, _ := p.Stands(now, a, f); !stands {
		return e, a, false, nil
	}
	if r.Under.Version() != a.Version() {
		return permission.Step(permission.Ask, r.Under, 0, now), r.Under, true, nil
	}
	return permission.Step(permission.Remind, a, 0, now), a, true, nil
}

// remindOne asks the person of one permission anew, if it stands and is nearly over.
func (s *Service) remindOne(ctx context.Context, row store.Permit) (did bool, err error) {
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return false, err
	}
	if r, err := s.renewal(p, a); err != nil || !r.Open {
		return false, err
	}
	n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
	if err != nil {
		return false, err
	}
	err = s.steady(ctx, reading{verb: "look whether permissions that end soon have their cause"}, n, func(f *family) error {
		did = false
		return s.writeAct(ctx, 0, "ask for a permission anew", a, func(tx store.Tx) error {
			row, p, a, err := s.forRenewal(ctx, tx, row.ID, f)
			if err != nil {
				return err
			}
			e, under, due, err := s.anew(p, a, f)
			if err == nil && !due {
				err = store.ErrNothing
			}
			if err == nil {
				err = tx.AddAgreement(kept(under))
			}
			if err != nil {
				return err
			}
			row, _, _, did, err = s.apply(ctx, tx, change{row: row, p: p, event: e, a: under, signers: f.Signers(row.Subject, row.About)})
			if err == nil && !did {
				err = store.ErrNothing
			}
			told(tx, row, under, "asked anew; it ends on "+row.Until.Format(time.DateOnly))
			return err
		})
	})
	return did && err == nil, err
}

// forRenewal finds a permission with its life, inside a write.
func (s *Service) forRenewal(ctx context.Context, tx store.Tx, id int64, f *family) (row store.Permit, p permission.Permission, a permission.Agreement, err error) {
	if err = unmoved(tx, f); err != nil {
		return row, p, a, err
	}
	if row, err = tx.PermitOf(id); err != nil {
		return row, p, a, err
	}
	if p, err = s.restore(ctx, tx, row); err != nil {
		return row, p, a, err
	}
	a, err = s.text(ctx, row.Purpose, row.Version)
	return row, p, a, err
}

// Renew gives a permission anew whose time is nearly over, for its whole time again.
// The same again changes nothing. What was seen is there no more: Conflict.
func (s *Service) Renew(ctx context.Context, who person.ID, id int64, seen Seen) error {
	return s.decideAnew(ctx, who, id, seen, true)
}

// Decline notes that somebody will not give a permission anew: it stands until its time
// is over, and nobody asks again under the same agreement. The same again changes nothing.
func (s *Service) Decline(ctx context.Context, who person.ID, id int64, seen Seen) error {
	return s.decideAnew(ctx, who, id, seen, false)
}

func (s *Service) decideAnew(ctx context.Context, who person.ID, id int64, seen Seen, yes bool) error {
	const op = "omadata.Renew"
	row, err := s.c.DB.Permit(ctx, id)
	if err != nil {
		return err
	}
	p, a, err := s.lifeOf(ctx, row)
	if err != nil {
		return err
	}
	if !concerns(p, who) {
		return noPermission(op)
	}
	n, err := s.c.DB.MatterOf(ctx, Purpose, row.About)
	if err != nil {
		return err
	}
	verb := "give a permission anew"
	if !yes {
		verb = "let a permission end"
	}
	return s.steady(ctx, reading{who: who, verb: "look whose matter it is"}, n, func(f *family) error {
		return s.writeAct(ctx, who, verb, a, func(tx store.Tx) error {
			row, p, a, err := s.forRenewal(ctx, tx, id, f)
			if err != nil {
				return err
			}
			if err := seen.permit(row); err != nil {
				return err
			}
			before := row.Events
			row, under, err := s.answerAnew(ctx, tx, row, p, a, f, who, seen, yes)
			if err == nil && row.Events == before {
				err = store.ErrNothing
			}
			if err != nil {
				return err
			}
			told(tx, row, under, anewWords(row, yes))
			if s.c.Ending == nil {
				return nil
			}
			return s.c.Ending.Chose(tx, who, !yes, s.now())
		})
	})
}

func anewWords(row store.Permit, yes bool) string {
	if yes {
		return "given anew until " + row.Until.Format(time.DateOnly)
	}
	return "will not be given anew; it ends on " + row.Until.Format(time.DateOnly)
}

// answerAnew applies a yes or no before the end of a permission: under its own text, or
// under the one that is in force by now.
func (s *Service) answerAnew(ctx context.Context, tx store.Tx, row store.Permit, p permission.Permission, a permission.Agreement, f *family, who person.ID, seen Seen, yes bool) (store.Permit, permission.Agreement, error) {
	r, err := s.renewal(p, a)
	if err != nil {
		return row, a, err
	}
	signers := f.Signers(row.Subject, row.About)
	if !slices.Contains(signers, who) {
		return row, a, fault.New(fault.Refused, "omadata.Renew", "only who has a say in the matter may answer")
	}
	kind := map[bool]permission.EventKind{true: permission.Renew, false: permission.Decline}[yes]
	if r.Under.IsZero() || r.Under.Version() == a.Version() {
		if err := seen.text(a); err != nil {
			return row, a, err
		}
		row, _, _, _, err = s.apply(ctx, tx, change{row: row, p: p, event: permission.Step(kind, a, who, s.now()), a: a, signers: signers})
		return row, a, err
	}
	if err := seen.text(r.Under); err != nil {
		return row, a, err
	}
	if !r.Open {
		return row, a, fault.New(fault.Conflict, "omadata.Renew", "the time of the permission is not nearly over").Do("wait until it may be given anew")
	}
	if err := tx.AddAgreement(kept(r.Under)); err != nil {
		return row, a, err
	}
	if row, p, _, err = s.ask(ctx, tx, row, p, r.Under, f, who); err != nil {
		return row, a, err
	}
	if yes {
		row, err = s.give(ctx, tx, row, p, r.Under, f, who)
		return row, r.Under, err
	}
	row, _, _, _, err = s.apply(ctx, tx, change{row: row, p: p, event: permission.Step(permission.Refuse, r.Under, who, s.now()), a: r.Under, signers: signers})
	return row, r.Under, err
}

// nosBeforeEnd remembers a no that came by message to the word that a permission ends: it
// is the same as letting it end on the pages, in each that was about to end then.
func (s *Service) nosBeforeEnd(ctx context.Context) (did bool, err error) {
	return s.eachNo(ctx, s.c.Ending, "no before the end", s.noteNoBeforeEnd)
}

func (s *Service) noteNoBeforeEnd(ctx context.Context, no store.Refusal) error {
	a, err := s.Agreement()
	if err != nil {
		return err
	}
	rows, err := s.c.DB.PermitsOf(ctx, no.Person)
	if err != nil {
		return err
	}
	n := 0
	for _, row := range rows {
		if row.Subject != no.Person || row.Purpose != a.Purpose() {
			continue
		}
		p, text, err := s.lifeOf(ctx, row)
		if err != nil {
			return err
		}
		r, err := s.renewal(p, text)
		if err != nil {
			return err
		}
		if !r.Open || r.Declined || r.Asked.IsZero() || r.Asked.After(no.At) {
			continue
		}
		if err := s.Decline(ctx, no.Person, row.ID, Seen{}); err != nil && fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Refused {
			return err // of the others: it ended meanwhile, or they have no say in it any more
		}
		n++
	}
	return s.heeded(ctx, s.c.Ending, a, no.Person, fmt.Sprintf("%d permissions are let end", n))
}
