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

// Effect is what taking a permission back did.
type Effect struct {
	Permission int64
	At         time.Time // from then on nothing is read under it
	Again      bool      // it was taken back before: nothing happened now
	Deleted    int       // answers of sources that were kept
	Stopped    int       // sources that were being asked: what they send is thrown away
	Proposals  int       // proposals that were not decided, now without content
	Kept       []Kept    // what the law keeps
}

// Kept is what stays although the permission was taken back.
type Kept struct {
	What    permission.Texts
	N       int
	Law     string
	Why     permission.Texts
	AtLeast permission.Period // from the decision
}

// decisionWords say what is kept.
var decisionWords = permission.Texts{
	person.Finnish: "Päätös maksusta perusteluineen",
	person.Swedish: "Beslutet om avgiften med motivering",
	person.English: "The decision on the fee, with its grounds",
}

// Withdraw takes a permission back. When it returns, nothing more is read under it:
// what was fetched is deleted, what comes late is thrown away, and only what was
// decided stays, as the law says. It asks no register and no source, so that
// nothing can stand in its way.
func (s *Service) Withdraw(ctx context.Context, who person.ID, id int64) (Effect, error) {
	const op = "omadata.Withdraw"
	out := Effect{Permission: id}
	row, err := s.c.DB.Permit(ctx, id)
	if err != nil {
		return out, err
	}
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return out, err
	}
	err = s.writeAct(ctx, who, "take a permission back", a, func(tx store.Tx) error {
		row, err := tx.PermitOf(id)
		if err != nil {
			return err
		}
		p, err := s.restore(ctx, tx, row)
		if err != nil {
			return err
		}
		if !concerns(p, who) {
			return noPermission(op)
		}
		out = Effect{Permission: id}
		before := row.Events
		var gone store.Deleted
		if row, _, gone, err = s.takeBack(ctx, tx, row, p, who); err != nil {
			return err
		}
		if row.Events == before {
			out.Again, out.At = true, row.Changed
			return store.ErrNothing
		}
		out.At = row.Changed
		out.count(gone, a)
		told(tx, row, a, effectWords(gone))
		return nil
	})
	if err == nil && !out.Again {
		s.stop(id)
	}
	return out, err
}

// count takes in what was deleted and kept.
func (e *Effect) count(gone store.Deleted, a permission.Agreement) {
	e.Deleted, e.Stopped, e.Proposals = gone.Handovers, gone.Begun, gone.Proposals
	if x := a.Spec(); gone.Kept > 0 && x.KeepLaw != "" {
		e.Kept = append(e.Kept, Kept{What: decisionWords, N: gone.Kept, Law: x.KeepLaw, Why: x.KeepWhy, AtLeast: x.Keep})
	}
}

func effectWords(gone store.Deleted) string {
	return fmt.Sprintf("%d answers deleted, %d sources stopped, %d proposals without content, %d decisions kept", gone.Handovers, gone.Begun, gone.Proposals, gone.Kept)
}

// concerns reports whether a permission is of somebody's data, or was given by them.
func concerns(p permission.Permission, who person.ID) bool {
	if !who.Known() {
		return false
	}
	if p.Subject() == who {
		return true
	}
	return slices.ContainsFunc(p.Events(), func(e permission.Event) bool { return e.By == who })
}

func noPermission(op string) error {
	return fault.New(fault.Missing, op, "there is no such permission")
}

// takeBack applies a withdrawal and deletes what was fetched. That others of the
// household have permitted the same is no longer of use: their sources are not
// asked any more.
func (s *Service) takeBack(ctx context.Context, tx store.Tx, row store.Permit, p permission.Permission, who person.ID) (store.Permit, permission.Permission, store.Deleted, error) {
	a, err := s.text(ctx, row.Purpose, row.Version)
	if err != nil {
		return row, p, store.Deleted{}, err
	}
	row, p, gone, _, err := s.apply(ctx, tx, change{row: row, p: p, event: permission.Step(permission.Withdraw, a, who, s.now()), a: a, over: "the permission was taken back"})
	return row, p, gone, err
}

// over deletes what was fetched under a permission that does not stand any more.
func (s *Service) over(tx store.Tx, row store.Permit, why string) (store.Deleted, error) {
	now := s.now()
	gone, err := tx.DeleteHandovers(row.ID, why, now)
	if err != nil {
		return gone, err
	}
	others, err := tx.Standing(row.Purpose, nil, row.About, now, 0, mostInMatter)
	for _, o := range others {
		if err == nil && o.ID != row.ID && !o.Due.IsZero() {
			err = tx.SetDue(o.ID, time.Time{})
		}
	}
	return gone, err
}

// stop ends what this process asks sources under permissions.
func (s *Service) stop(ids ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, cancel := range s.calls {
		if slices.Contains(ids, *id) {
			cancel()
		}
	}
}
