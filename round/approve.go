package round

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/register"
	"ennakko/store"
	"ennakko/trace"
)

// Approve is an officer's yes to a prepared round: names and numbers are read,
// each offer is approved, the cases are opened, and the round runs. Cut off in
// the middle, it goes on where it was when it is called again.
func Approve(ctx context.Context, r Rooms, id store.RoundID, officer string, now time.Time) (err error) {
	ctx, span := trace.Start(ctx, "approve round")
	defer func() { span.End(err) }()
	rd, err := r.Store.Round(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case rd.State != store.Prepared:
		return fault.New(fault.Conflict, "round.Approve", "round %d is %s, not prepared", id, rd.State)
	case rd.PackHash != r.Pack.Hash():
		return fault.New(fault.Conflict, "round.Approve", "the pack changed after round %d was prepared", id).Do("prepare the round again")
	}
	if slices.Contains(rd.Prepared, officer) {
		return fault.New(fault.Refused, "round.Approve", "the one who prepared a round cannot approve it").Do("another officer must approve it")
	}
	if err := r.Pack.Approved(); err != nil {
		return err
	}
	drafts, err := r.Store.Drafts(ctx, id)
	if err != nil {
		return err
	}
	a := &approval{families: families{Rooms: r, asOf: rd.AsOf}, round: rd, officer: officer, now: now, deadline: rd.Schedule.Deadline}
	if a.act, err = audit.Begin(officer, "approve offers", r.Pack.Purpose().ID(), r.Pack.Purpose().LegalBasis(), now); err != nil {
		return err
	}
	if err := a.read(ctx, drafts); err != nil {
		return err
	}
	const chunk = 500
	for i := 0; i < len(drafts); i += chunk {
		r.progress("opening cases", i, len(drafts))
		if err := a.open(ctx, drafts[i:min(i+chunk, len(drafts))]); err != nil {
			return err
		}
	}
	return r.Store.Write(ctx, a.act, func(tx store.Tx) error {
		tx.About(fmt.Sprintf("round %d", id))
		tx.Detail("%d offers approved; the round runs", len(drafts))
		return tx.SetRound(id, store.Running, officer)
	})
}

// approval is a prepared round on its way to run.
type approval struct {
	families
	round   store.Round
	officer string
	now     time.Time
	// deadline is the last moment to answer.
	deadline time.Time
}

// read reads the names of the children, and the names, numbers and languages
// of those who decide for them.
func (a *approval) read(ctx context.Context, drafts []store.Draft) error {
	set := roaring.New()
	for _, d := range drafts {
		set.Add(uint32(d.Child))
	}
	return a.families.read(ctx, set, roundObject(a.round.ID), register.Mobile)
}

// open opens the cases of some drafts in one transaction. A draft that has a
// case already was opened before the program was cut off.
func (a *approval) open(ctx context.Context, drafts []store.Draft) error {
	return a.Store.Write(ctx, a.act, func(tx store.Tx) error {
		opened, err := a.openAll(tx, drafts)
		if err != nil {
			return err
		}
		if opened == 0 {
			return store.ErrNothing
		}
		tx.About(fmt.Sprintf("round %d", a.round.ID))
		tx.Detail("%d cases opened", opened)
		return nil
	})
}

func (a *approval) openAll(tx store.Tx, drafts []store.Draft) (opened int, err error) {
	for _, d := range drafts {
		row, there := a.children[d.Child]
		if d.HasCase || !there {
			continue
		}
		n, hand, err := a.newCase(d, row)
		if err != nil {
			return opened, err
		}
		if err := a.Worker.Open(tx, a.round.ID, n, hand, a.now); err != nil {
			return opened, err
		}
		opened++
	}
	return opened, nil
}

func (a *approval) newCase(d store.Draft, row register.Row) (n store.NewCase, hand string, err error) {
	f, err := criteria.Restore(d.Child, d.Verdict, d.Reasons, a.round.AsOf, a.round.PackHash)
	if err != nil {
		return n, "", err
	}
	drafted, err := offer.Draft(f, d.Place)
	if err != nil {
		return n, "", err
	}
	if n.Offer, err = drafted.Approve(a.officer); err != nil {
		return n, "", err
	}
	name, err := a.called(row)
	if err != nil {
		return n, "", err
	}
	n.Names = conversation.Names{Child: name, Unit: a.units[d.Place.Unit].Name}
	n.Deadline = a.deadline
	hand, err = a.parties(row, &n)
	n.Hidden = n.Hidden || hand == handNonDisclosure
	return n, hand, err
}

// parties makes each guardian who decides for the child a party of the case.
func (a *approval) parties(row register.Row, n *store.NewCase) (hand string, err error) {
	who, hand, err := a.deciding(row)
	numbers := map[string]bool{}
	for _, g := range who {
		name, err := a.whole(g)
		if err != nil {
			return "", err
		}
		number := g.Text(a.grant, register.Mobile)
		if numbers[number] {
			number = "" // two guardians, one phone: it is asked once
		}
		numbers[number] = true
		n.Parties = append(n.Parties, conversation.Party{Person: g.ID, Name: name, Language: a.language(g)})
		n.Numbers = append(n.Numbers, number)
	}
	return hand, err
}
