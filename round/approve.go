package round

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/offer"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// Approve is an officer's yes to a prepared round: names and numbers are read,
// each offer is approved, the cases are opened, and the round runs. Cut off in
// the middle, it goes on where it was when it is called again.
func Approve(ctx context.Context, r Rooms, id store.RoundID, officer string, now time.Time) error {
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
	if err := r.Pack.Approved(); err != nil {
		return err
	}
	drafts, err := r.Store.Drafts(ctx, id)
	if err != nil {
		return err
	}
	a := &approval{Rooms: r, round: rd, officer: officer, now: now, deadline: rd.Schedule.Deadline}
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
	Rooms
	round   store.Round
	officer string
	now     time.Time
	act     audit.Act
	// deadline is the last moment to answer.
	deadline time.Time

	grant    permission.Grant
	children map[person.ID]register.Row
	grownups map[person.ID]register.Row
	units    map[string]store.Unit
}

// read reads the names of the children, and the names, numbers and languages
// of those who decide for them: two readings, two entries in the record.
func (a *approval) read(ctx context.Context, drafts []store.Draft) error {
	units, err := a.Store.Units(ctx, a.round.AsOf)
	if err != nil {
		return err
	}
	a.units = make(map[string]store.Unit, len(units))
	for _, u := range units {
		a.units[u.ID] = u
	}
	objecting, err := a.Store.Objecting(ctx, a.Pack.Purpose().ID())
	if err != nil {
		return err
	}
	set, parents := roaring.New(), roaring.New()
	for _, d := range drafts {
		set.Add(uint32(d.Child))
	}
	object := fmt.Sprintf("round %d", a.round.ID)
	if a.children, a.grant, err = a.rows(ctx, set, objecting, object+": children", register.Name, register.NonDisclosure, register.GuardianOf); err != nil {
		return err
	}
	for _, row := range a.children {
		for _, id := range guardians(a.grant, row) {
			parents.Add(uint32(id))
		}
	}
	if a.grownups, _, err = a.rows(ctx, parents, objecting, object+": guardians", register.Name, register.NonDisclosure, register.DeathDate, register.ContactLanguage, register.Mobile); err != nil {
		return err
	}
	parents.Or(set)
	a.grant, err = permission.Check(a.act, a.Pack.Purpose(), []permission.Field{register.Name, register.NonDisclosure, register.GuardianOf,
		register.DeathDate, register.ContactLanguage, register.Mobile}, permission.Only(parents), objecting)
	return err
}

func (a *approval) rows(ctx context.Context, set, objecting *roaring.Bitmap, object string, fields ...permission.Field) (map[person.ID]register.Row, permission.Grant, error) {
	a.progress("reading names and numbers", 0, 1)
	g, err := permission.Check(a.act, a.Pack.Purpose(), fields, permission.Only(set), objecting)
	if err != nil {
		return nil, g, err
	}
	rows, err := a.Registers.Read(ctx, g, nil, object)
	out := make(map[person.ID]register.Row, len(rows))
	for _, row := range rows {
		out[row.ID] = row
	}
	return out, g, err
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
	name, err := register.DecodeIdentity[register.FullName](row.Text(a.grant, register.Name))
	if err != nil {
		return n, "", err
	}
	n.Names = conversation.Names{Child: name.Called(), Unit: a.units[d.Place.Unit].Name}
	n.Deadline = a.deadline
	hand, err = a.parties(row, &n)
	n.Hidden = n.Hidden || hand == handNonDisclosure
	return n, hand, err
}

// Why an officer serves a family in person.
const (
	handNonDisclosure = "non-disclosure for personal safety"
	handFoster        = "the child is in foster care"
	handNobody        = "nobody who decides for the child can be asked"
)

// parties lists the guardians who decide for the child. A message that names a
// unit says where a child is: families under non-disclosure are served in
// person, and so are children in foster care.
func (a *approval) parties(row register.Row, n *store.NewCase) (hand string, err error) {
	if row.YesNo(a.grant, register.NonDisclosure) {
		hand = handNonDisclosure
	}
	known, err := row.Open(a.grant, register.GuardianOf)
	if err != nil {
		return "", err
	}
	numbers := map[string]bool{}
	for _, k := range known {
		w, err := register.ParseGuardian(k)
		if err != nil {
			return "", err
		}
		g, there := a.grownups[w.Guardian]
		if !there || !k.Until.IsZero() || k.From.After(a.round.AsOf) {
			continue
		}
		if w.Role == person.FosterParent && hand == "" {
			hand = handFoster
		}
		if died, _ := g.Open(a.grant, register.DeathDate); !w.Decides() || len(died) > 0 {
			continue
		}
		if g.YesNo(a.grant, register.NonDisclosure) {
			hand = handNonDisclosure
		}
		p, number, err := a.party(g)
		if err != nil {
			return "", err
		}
		if numbers[number] {
			number = "" // two guardians, one phone: it is asked once
		}
		numbers[number] = true
		n.Parties, n.Numbers = append(n.Parties, p), append(n.Numbers, number)
	}
	if len(n.Parties) == 0 && hand == "" {
		hand = handNobody
	}
	return hand, nil
}

func (a *approval) party(g register.Row) (conversation.Party, string, error) {
	name, err := register.DecodeIdentity[register.FullName](g.Text(a.grant, register.Name))
	if err != nil {
		return conversation.Party{}, "", err
	}
	l, err := person.ParseLanguage(g.Text(a.grant, register.ContactLanguage))
	if err != nil {
		l = person.Finnish
	}
	return conversation.Party{Person: g.ID, Name: name.Called() + " " + name.Family, Language: l}, g.Text(a.grant, register.Mobile), nil
}
