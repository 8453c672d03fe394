package app

import (
	"context"
	"io/fs"
	"path"
	"time"

	"ennakko/conversation"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// FeeOffer is the service whose rounds tell families that a lower fee may be possible.
const FeeOffer = "lower-fee"

// FeeEnding is the service whose rounds tell people that a permission of theirs ends.
const FeeEnding = "permission-ending"

// talk is the talk of services over this city's records, with the address of its pages.
func (a *App) talk(p *service.Pack, more ...*service.Pack) *round.Talk {
	return round.NewTalk(p, a.DB, more...).At(a.Address)
}

// feeTalk is the talk in which people were told of the lower fee, or that their
// permission ends.
type feeTalk struct {
	app     *App
	worker  *work.Worker
	service string
}

// feeMessages is the talk of one of the two services; nil when the city has no such one.
func (a *App) feeMessages(service string) (omadata.Messages, error) {
	if _, err := fs.Stat(a.Packs, path.Join(service, "service.yaml")); err != nil {
		return nil, nil //nolint:nilerr,nilnil // it is not there, and that is no fault
	}
	p, err := a.Pack(service)
	if err != nil {
		return nil, err
	}
	return feeTalk{a, a.Worker(p), service}, nil
}

// Chose implements omadata.Messages.
func (t feeTalk) Chose(tx store.Tx, who person.ID, no bool, now time.Time) error {
	want := conversation.Yes
	if no {
		want = conversation.No
	}
	return t.worker.Elsewhere(tx, t.service, who, want, now)
}

// Nos implements omadata.Messages.
func (t feeTalk) Nos(ctx context.Context, limit int) ([]store.Refusal, error) {
	return t.app.DB.Refusals(ctx, t.service, limit)
}

// Waits implements omadata.Messages.
func (t feeTalk) Waits(tx store.Tx, who person.ID) (bool, error) { return tx.Refused(t.service, who) }

// ownSources are what a service reads of the city's own records beside the registers:
// whom it asked before, and, if its purpose covers that, who has not chosen a way to a
// fee yet, or whose permission ends.
func (a *App) ownSources(p *service.Pack, known time.Time) ([]register.Source, error) {
	out := []register.Source{a.DB.Invitations(p.Name(), known)}
	if !covers(p, register.FeeUndecided) && !covers(p, register.FeeEnds) {
		return out, nil
	}
	pack, err := fee.Load(a.Packs, FeeService)
	if err != nil {
		return nil, err
	}
	var newest permission.Agreement
	for _, x := range pack.Agreements() {
		if !x.From().After(a.Now()) && (newest.IsZero() || x.Version() > newest.Version()) {
			newest = x
		}
	}
	if newest.IsZero() {
		return out, nil // nobody can choose anything yet
	}
	if covers(p, register.FeeEnds) {
		out = append(out, a.DB.Ending(newest.Purpose()))
	}
	if !covers(p, register.FeeUndecided) {
		return out, nil
	}
	return append(out, a.DB.Undecided(omadata.Purpose, newest.Purpose(), newest.Version(), known)), nil
}

func covers(p *service.Pack, f permission.Field) bool {
	for _, x := range p.Purpose().Fields() {
		if x == f {
			return true
		}
	}
	return false
}
