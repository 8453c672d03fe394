package round

import (
	"context"
	"time"

	"ennakko/fault"
	"ennakko/offer"
	"ennakko/service"
	"ennakko/store"
)

// laid is the moments of the places of a round.
type laid map[offer.Place][]store.Moment

// calendar lays out the appointments of the units: the first free times after the
// deadline. Except is a round whose own times are free again; 0: none.
func (p *preparation) calendar(ctx context.Context, deadline time.Time, except store.RoundID) (laid, error) {
	c, ok := p.Pack.Calendar()
	if !ok {
		return nil, nil
	}
	given, err := p.Store.Moments(ctx, deadline, except)
	if err != nil {
		return nil, err
	}
	out := laid{}
	for _, u := range p.units {
		taken := map[service.Moment]bool{}
		for _, m := range given[u.ID] {
			taken[service.Moment(m)] = true
		}
		list := c.Moments(deadline, u.Places, func(m service.Moment) bool { return taken[m] })
		if len(list) < u.Places {
			return nil, fault.New(fault.Refused, "round.Prepare", "the calendar of the unit %s has %d free times for %d places", u.ID, len(list), u.Places).Do("give it fewer places, or more hours in the pack")
		}
		at := offer.Place{Unit: u.ID, Language: u.Language}
		for _, m := range list {
			out[at] = append(out[at], store.Moment(m))
			given[u.ID] = append(given[u.ID], store.Moment(m))
		}
	}
	return out, nil
}

// keep gives the places their moments.
func (l laid) keep(tx store.Tx, id store.RoundID) error {
	for at, moments := range l {
		if err := tx.SetMoments(id, at, moments); err != nil {
			return err
		}
	}
	return nil
}
