package omadata

import (
	"cmp"
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

// Messages is the talk by text message and letter in which people are told that a
// lower fee may be possible, and in which they can say no.
type Messages interface {
	// Chose says, in the write that keeps it, that somebody has chosen a way (no: none,
	// now): nothing more is sent to them about it, and their own no is settled.
	Chose(tx store.Tx, who person.ID, no bool, now time.Time) error
	// Nos are those who said no by message and whose no is not settled, the oldest first.
	Nos(ctx context.Context, limit int) ([]store.Refusal, error)
	// Waits reports, in a write, whether the no of somebody is not settled yet.
	Waits(tx store.Tx, who person.ID) (bool, error)
}

// chose tells the talk that somebody has chosen.
func (s *Service) chose(tx store.Tx, who person.ID, way string) error {
	if s.c.Messages == nil {
		return nil
	}
	return s.c.Messages.Chose(tx, who, way == NotNow, s.now())
}

// nos remembers a no that came by message: it is the same as "not now" on the pages, in
// each matter that was open then and in which nothing was chosen. Nobody asks again.
func (s *Service) nos(ctx context.Context) (did bool, err error) {
	return s.eachNo(ctx, s.c.Messages, "no", s.noteNo)
}

// eachNo notes one no that came in a talk and waits; what cannot be noted rests.
func (s *Service) eachNo(ctx context.Context, talk Messages, what string, note func(context.Context, store.Refusal) error) (did bool, err error) {
	if talk == nil {
		return false, nil
	}
	now := s.now()
	all, err := talk.Nos(ctx, stepBatch+s.rests.count())
	errs := []error{err}
	for _, no := range all {
		name := fmt.Sprintf("%s %d", what, no.Person)
		if s.rests.has(name, now) {
			continue
		}
		err := note(ctx, no)
		if err == nil || ctx.Err() != nil {
			return err == nil, errors.Join(append(errs, err)...)
		}
		s.rests.begin(name, now)
		errs = append(errs, err)
	}
	return false, errors.Join(errs...)
}

// noteNo notes one, unless another process has.
func (s *Service) noteNo(ctx context.Context, no store.Refusal) error {
	a, err := s.Agreement()
	if err != nil {
		return err
	}
	ids, err := s.undecidedBy(ctx, no.Person, a, no.At)
	if err != nil {
		return err
	}
	for _, n := range ids {
		err := s.Choose(ctx, no.Person, n, NotNow)
		if err != nil && fault.KindOf(err) != fault.Missing { // they have no say in it any more
			return err
		}
	}
	return s.heeded(ctx, s.c.Messages, a, no.Person, fmt.Sprintf("in %d matters", len(ids)))
}

// heeded notes that a no by message was heeded, if nobody else has noted it by now.
func (s *Service) heeded(ctx context.Context, talk Messages, a permission.Agreement, who person.ID, detail string) error {
	act, err := s.act(0, "note a no that came by message", a)
	if err != nil {
		return err
	}
	return s.write(ctx, act, func(tx store.Tx) error {
		if waits, err := talk.Waits(tx, who); err != nil || !waits {
			return cmp.Or(err, store.ErrNothing)
		}
		tx.About("", who)
		tx.Detail("%s", detail)
		return talk.Chose(tx, who, true, s.now())
	})
}

// undecidedBy are the matters that were open at a moment and in which somebody has not
// chosen under an agreement.
func (s *Service) undecidedBy(ctx context.Context, who person.ID, a permission.Agreement, at time.Time) ([]store.MatterID, error) {
	ids, err := s.c.DB.MattersOf(ctx, Purpose, who)
	if err != nil {
		return nil, err
	}
	var out []store.MatterID
	for _, n := range ids {
		m, err := s.c.DB.Matter(ctx, n)
		if err != nil {
			return nil, err
		}
		if m.Opened.After(at) || !slices.Contains(m.People, store.MatterPerson{Person: who, Part: store.Guardian}) {
			continue
		}
		row, there, err := s.permitIn(ctx, who, m.Child)
		if err != nil {
			return nil, err
		}
		chosen := there && row.Version == a.Version() && !slices.Contains([]string{permission.Asked.String(), permission.Expired.String(), permission.Ended.String()}, row.State)
		older := there && row.State == permission.Standing.String() // a permission under an older text stays as it is
		if !chosen && !older {
			out = append(out, n)
		}
	}
	return out, nil
}
