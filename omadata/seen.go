package omadata

import (
	"context"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/store"
)

// Seen is what somebody had before them when they decided. They decide on that and on
// nothing else: when something has come in its place, they look again.
type Seen struct {
	Text   string // the hash of the agreement; "": whichever is in force
	Events *int   // how often their permission had changed; nil: however often
}

// After is a permission that has changed n times, for Seen.
func After(n int) *int { return &n }

// text fails if the agreement is not the one that was seen.
func (x Seen) text(a permission.Agreement) error {
	if x.Text == "" || x.Text == a.Hash() {
		return nil
	}
	return fault.New(fault.Conflict, "omadata.Choose", "the agreement has changed since it was shown").Do("read it as it is now, and choose again")
}

// permit fails if the permission has changed since.
func (x Seen) permit(row store.Permit) error {
	if x.Events == nil || *x.Events == row.Events {
		return nil
	}
	return fault.New(fault.Conflict, "omadata.Choose", "the permission has changed since").Do("look at it as it is now, and choose again")
}

// Choose is ChooseSeen for who decides on whatever is in force.
func (s *Service) Choose(ctx context.Context, who person.ID, n store.MatterID, way string) error {
	return s.ChooseSeen(ctx, who, n, way, Seen{})
}

// Answer is AnswerSeen for who answers to whatever is proposed.
func (s *Service) Answer(ctx context.Context, who person.ID, n store.MatterID, accept bool, words string) error {
	return s.AnswerSeen(ctx, who, n, 0, accept, words)
}

// acceptable fails unless the proposal may be accepted: what it was worked out of may
// still be used, under permissions that stand at this moment.
func (s *Service) acceptable(ctx context.Context, tx store.Tx, f *family, p store.Proposal) error {
	for _, g := range p.Grounds {
		row, err := tx.PermitOf(g.Permission)
		if err != nil {
			return err
		}
		life, err := s.restore(ctx, tx, row)
		if err != nil {
			return err
		}
		a, err := s.text(ctx, row.Purpose, row.Version)
		if err != nil {
			return err
		}
		if ok, _ := life.Stands(s.now(), a, f); !ok {
			return fault.New(fault.Conflict, "omadata.Answer", "the proposal stands on data that may not be used any more").Do("look at the matter again in a moment")
		}
	}
	return nil
}
