package app

import (
	"context"
	"fmt"
	"slices"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/precedent"
	"ennakko/store"
)

// Precedents are the decisions on uses of data that were made here. In a made-up city the
// examples stand beside them, each marked as one.
func (p *Privacy) Precedents(ctx context.Context) (precedent.Book, error) {
	rows, err := p.app.DB.Precedents(ctx)
	if err != nil {
		return precedent.Book{}, err
	}
	var all []precedent.Decision
	if p.Examples {
		b, err := precedent.Examples()
		if err != nil {
			return precedent.Book{}, err
		}
		all = b.All()
	}
	for _, r := range rows {
		d, err := precedent.Parse([]byte(r.Content))
		if err != nil {
			return precedent.Book{}, fault.New(fault.Tampered, "app.Precedents", "a kept decision is not readable").Where("decision %d", r.ID).Because(err)
		}
		d.ID = fmt.Sprintf("%d-%d", d.At.Year(), r.ID) // the row's number is its own
		all = append(all, d)
	}
	return precedent.NewBook(all...)
}

// Agreed are the agreements that a new use can be made of: those of the packs in use and
// those that were kept, each in its newest version.
func (p *Privacy) Agreed(ctx context.Context) ([]permission.Agreement, error) {
	kept, err := p.app.DB.KeptAgreements(ctx)
	if err != nil {
		return nil, err
	}
	var out []permission.Agreement
	add := func(a permission.Agreement) {
		i := slices.IndexFunc(out, func(b permission.Agreement) bool { return b.Purpose() == a.Purpose() })
		switch {
		case i < 0:
			out = append(out, a)
		case out[i].Version() < a.Version():
			out[i] = a
		}
	}
	if p.fees != nil {
		for _, a := range p.fees.Agreements() {
			add(a)
		}
	}
	for _, k := range kept {
		a, err := permission.ParseAgreement([]byte(k.Content))
		if err != nil {
			return nil, err
		}
		add(a)
	}
	return out, nil
}

// Decide keeps a decision on a use of data, which is a precedent from then on. The
// decision must be whole and name who decided. It gives the decision's id.
//
// Source: GDPR articles 5(2) and 24 (the controller can show that a use is lawful).
func (p *Privacy) Decide(ctx context.Context, proposal precedent.Proposal, r precedent.Ruling, officer string) (string, error) {
	now := p.clock.Now()
	r.ID, r.At = "new", now
	d, err := precedent.Decide(proposal, r)
	if err != nil {
		return "", err
	}
	b, err := d.JSON()
	if err != nil {
		return "", err
	}
	act, err := audit.Begin(officer, "decide on a use of data", WatchPurpose, "GDPR 5(2) and 24", now)
	if err != nil {
		return "", err
	}
	var id int64
	err = p.app.DB.Write(ctx, act, func(tx store.Tx) (err error) {
		id, err = tx.AddPrecedent(store.Precedent{Purpose: d.Use.Purpose, At: d.At, By: officer, Lawful: d.Outcome != precedent.Unlawful, Content: string(b)})
		tx.About("purpose " + d.Use.Purpose)
		tx.Detail("%s", d.Outcome)
		return err
	})
	return fmt.Sprintf("%d-%d", d.At.Year(), id), err
}
