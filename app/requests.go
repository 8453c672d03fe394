package app

import (
	"context"
	"fmt"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/person"
	"ennakko/store"
)

// mostOpen is how many requests of one person wait for an answer at a time.
const mostOpen = 20

// Ask keeps a request of a resident about their own data, or about a child for whom
// they decide (about 0: themself). It is among the data-protection officer's requests
// from then on, to be answered within a month.
//
// Source: GDPR articles 12(3), 15 to 18 and 21.
func (p *Privacy) Ask(ctx context.Context, who, about person.ID, kind, words string) error {
	const op = "app.Ask"
	words, err := said(op, words)
	if err != nil {
		return err
	}
	if RequestBasis(kind) == "" || !who.Known() {
		return fault.New(fault.Invalid, op, "there is no such request").Do("choose what you ask for")
	}
	if about == who {
		about = 0
	}
	now := p.clock.Now()
	act, err := audit.Begin(fmt.Sprintf("resident:%d", who), "file a request", "rights of people", RequestBasis(kind), now)
	if err != nil {
		return err
	}
	return p.app.DB.Write(ctx, act, func(tx store.Tx) error {
		open, err := tx.OpenRequestsBy(who)
		if err != nil {
			return err
		}
		if len(open) >= mostOpen {
			return fault.New(fault.Conflict, op, "%d of your requests wait for an answer", len(open)).Do("wait for an answer to one of them")
		}
		id, err := tx.AddRequest(store.Request{Kind: kind, Person: who, About: about, At: now, Due: oversight.Due(now), Basis: RequestBasis(kind), Words: words})
		tx.About(fmt.Sprintf("request %d", id), who)
		if about.Known() {
			tx.About("", about)
		}
		tx.Detail("%s", kind)
		return err
	})
}

// AskedBy are the requests of a resident, newest first, with the answers. The look is
// on the record.
func (p *Privacy) AskedBy(ctx context.Context, who person.ID) ([]store.Request, error) {
	act, err := audit.Begin(fmt.Sprintf("resident:%d", who), "look at own requests", "rights of people", ownBasis, p.clock.Now())
	if err != nil {
		return nil, err
	}
	return p.app.DB.RequestsOf(ctx, act, who)
}
