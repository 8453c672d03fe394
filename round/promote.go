package round

import (
	"context"
	"fmt"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
)

// least is the least time to answer that a family gets whose child is offered a
// freed place.
const least = 3 * 24 * time.Hour

// Promote offers places that were given back to children on the waiting list,
// by the same assignment as at first. The officer who approved the round
// approved this with it. Families are noticed, asked and reminded like the
// others, and have as many days to answer, as far as the round allows. It
// returns how many offers were made.
func Promote(ctx context.Context, r Rooms, id store.RoundID, now time.Time) (int, error) {
	rd, err := r.Store.Round(ctx, id)
	if err != nil || rd.State != store.Running {
		return 0, err
	}
	deadline, ok, err := freedDeadline(r, rd, now)
	if err != nil || !ok {
		return 0, err
	}
	waiting, err := r.Store.WaitingList(ctx, id)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	free, err := r.Store.FreePlaces(ctx, id)
	if err != nil || len(free) == 0 {
		return 0, err
	}
	p := &preparation{Rooms: r, Order: Order{AsOf: rd.AsOf, Officer: rd.Officer, Now: now}, summary: map[string]int{}, free: free}
	for _, w := range waiting {
		p.met = append(p.met, w.Child)
	}
	act, err := p.act("offer freed places")
	if err != nil {
		return 0, err
	}
	if p.objecting, err = r.Store.Objecting(ctx, r.Pack.Purpose().ID()); err != nil {
		return 0, err
	}
	for _, step := range []func(context.Context, audit.Act) error{p.homes, p.assign} {
		if err := step(ctx, act); err != nil {
			return 0, err
		}
	}
	if len(p.result.Placements) == 0 {
		return 0, nil
	}
	return p.openFreed(ctx, act, rd, deadline)
}

// freedDeadline is the last moment to answer an offer that is made now. Not ok:
// the round is too near its end.
func freedDeadline(r Rooms, rd store.Round, now time.Time) (time.Time, bool, error) {
	at, err := r.Pack.Schedule().Moments(now)
	if fault.KindOf(err) == fault.Invalid {
		return time.Time{}, false, nil // a fixed last day that has passed
	}
	last := rd.Schedule.CloseAt.AddDate(0, 0, -1)
	if at.Deadline.After(last) {
		at.Deadline = last
	}
	return at.Deadline, at.Deadline.Sub(now) >= least, err
}

// openFreed moves children from the waiting list to drafts and opens their
// cases, all or none.
func (p *preparation) openFreed(ctx context.Context, act audit.Act, rd store.Round, deadline time.Time) (int, error) {
	drafts := p.drafts()
	found, err := p.Store.Findings(ctx, rd.ID, p.met)
	if err != nil {
		return 0, err
	}
	children := make([]person.ID, len(drafts))
	for i, d := range drafts {
		children[i] = d.Child
		drafts[i].Verdict, drafts[i].Reasons = found[d.Child].Verdict, found[d.Child].Reasons
	}
	a := &approval{families: families{Rooms: p.Rooms, asOf: rd.AsOf, act: act}, round: rd, officer: rd.Officer, now: p.Now, deadline: deadline}
	if err := a.read(ctx, drafts); err != nil {
		return 0, err
	}
	err = p.Store.Write(ctx, act, func(tx store.Tx) error {
		tx.About(fmt.Sprintf("round %d", rd.ID), children...)
		tx.Detail("%d offers of freed places, %d still waiting", len(drafts), len(p.met)-len(drafts))
		if err := tx.TakeWaiting(rd.ID, children); err != nil {
			return err
		}
		if err := tx.AddDrafts(rd.ID, drafts); err != nil {
			return err
		}
		_, err := a.openAll(tx, drafts)
		return err
	})
	return len(drafts), err
}

// placesIn counts the free places by unit and language.
func placesIn(free []store.PlaceCount) map[offer.Place]int {
	out := make(map[offer.Place]int, len(free))
	for _, f := range free {
		out[f.Place] = f.Places
	}
	return out
}
