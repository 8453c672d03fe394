package round

import (
	"context"
	"fmt"
	"maps"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/store"
)

// mostPlaces is the greatest number of places that a unit can have.
const mostPlaces = 500

// Reassign changes how many places a unit has in a prepared round and assigns
// the places of all children again. Earlier changes stay in force. The officer has
// a hand in the round from then on, and cannot approve it.
func Reassign(ctx context.Context, r Rooms, id store.RoundID, change store.PlaceCount, officer string, now time.Time) error {
	const op = "round.Reassign"
	rd, err := r.Store.Round(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case rd.State != store.Prepared:
		return fault.New(fault.Conflict, op, "round %d is %s, not prepared", id, rd.State)
	case rd.PackHash != r.Pack.Hash():
		return fault.New(fault.Conflict, op, "the pack changed after round %d was prepared", id).Do("prepare the round again")
	case change.Places < 0 || change.Places > mostPlaces:
		return fault.New(fault.Invalid, op, "a unit has from 0 to %d places", mostPlaces)
	}
	p := &preparation{Rooms: r, Order: Order{AsOf: rd.AsOf, Officer: officer, Now: now}, summary: maps.Clone(rd.Summary)}
	if err := p.recall(ctx, rd, change); err != nil {
		return err
	}
	act, err := p.act("change places and assign again")
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, audit.Act) error{p.homes, p.assign} {
		if err := step(ctx, act); err != nil {
			return err
		}
	}
	times, err := p.calendar(ctx, rd.Schedule.Deadline, id)
	if err != nil {
		return err
	}
	return r.Store.Write(ctx, act, func(tx store.Tx) error {
		tx.About(fmt.Sprintf("round %d", id), p.met...)
		tx.Detail("unit %s in %s has %d places; placed %d, waiting %d", change.Unit, change.Language, change.Places, p.summary["placed"], p.summary["waiting"])
		if err := tx.Reassign(id, store.Capacity{Place: change.Place, Places: change.Places, Officer: officer, At: now},
			store.Assignment{Places: p.places(), Drafts: p.drafts(), Waiting: p.waiting(), Summary: p.summary}); err != nil {
			return err
		}
		return times.keep(tx, id)
	})
}

// recall takes up the children and the changes of capacity of a prepared round.
func (p *preparation) recall(ctx context.Context, rd store.Round, change store.PlaceCount) error {
	units, err := p.Rooms.units(ctx, rd.AsOf)
	if err != nil {
		return err
	}
	known := false
	for _, u := range units {
		known = known || u.ID == change.Unit && u.Language == change.Language && u.Provider == "municipal" && u.Kind == p.Pack.UnitKind()
	}
	if !known {
		return fault.New(fault.Invalid, "round.Reassign", "there is no such unit with this language of instruction")
	}
	p.capacity = map[offer.Place]int{}
	before, err := p.Store.Capacities(ctx, rd.ID)
	if err != nil {
		return err
	}
	for _, c := range before {
		p.capacity[c.Place] = c.Places
	}
	p.capacity[change.Place] = change.Places
	drafts, err := p.Store.Drafts(ctx, rd.ID)
	if err != nil {
		return err
	}
	waiting, err := p.Store.WaitingList(ctx, rd.ID)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		p.met = append(p.met, d.Child)
	}
	for _, w := range waiting {
		p.met = append(p.met, w.Child)
	}
	p.objecting, err = p.Store.Objecting(ctx, p.Pack.Purpose().ID())
	return err
}
