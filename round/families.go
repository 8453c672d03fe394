package round

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// families are children and those who decide for them, or grown-ups who decide
// for themselves, read under a grant.
type families struct {
	Rooms
	act  audit.Act
	asOf time.Time

	grant    permission.Grant
	children map[person.ID]register.Row
	grownups map[person.ID]register.Row
	units    map[string]store.Unit
}

// ofChildren are the fields that are read of children.
var ofChildren = []permission.Field{register.Name, register.NonDisclosure, register.GuardianOf}

// read reads the children, and what is needed of their guardians: two readings,
// two entries in the record.
func (f *families) read(ctx context.Context, set *roaring.Bitmap, object string, ofGuardians ...permission.Field) error {
	units, err := f.Rooms.units(ctx, f.asOf)
	if err != nil {
		return err
	}
	f.units = make(map[string]store.Unit, len(units))
	for _, u := range units {
		f.units[u.ID] = u
	}
	objecting, err := f.Store.Objecting(ctx, f.Pack.Purpose().ID())
	if err != nil {
		return err
	}
	if f.Pack.ForSelf() {
		return f.readSelves(ctx, set, objecting, object, ofGuardians)
	}
	if f.children, f.grant, err = f.rows(ctx, set, objecting, object+": children", ofChildren...); err != nil {
		return err
	}
	parents := roaring.New()
	for _, row := range f.children {
		for _, id := range guardians(f.grant, row) {
			parents.Add(uint32(id))
		}
	}
	ofGuardians = append([]permission.Field{register.Name, register.NonDisclosure, register.DeathDate, register.ContactLanguage}, ofGuardians...)
	if f.grownups, _, err = f.rows(ctx, parents, objecting, object+": guardians", ofGuardians...); err != nil {
		return err
	}
	parents.Or(set)
	f.grant, err = permission.Check(f.act, f.Pack.Purpose(), append([]permission.Field{register.GuardianOf}, ofGuardians...), permission.Only(parents), objecting)
	return err
}

// readSelves reads grown-ups who answer for themselves: each is the one whom the
// offer is for, and the one who decides.
func (f *families) readSelves(ctx context.Context, set, objecting *roaring.Bitmap, object string, more []permission.Field) (err error) {
	fields := append([]permission.Field{register.Name, register.NonDisclosure, register.DeathDate, register.ContactLanguage}, more...)
	f.children, f.grant, err = f.rows(ctx, set, objecting, object+": people", fields...)
	f.grownups = f.children
	return err
}

func (f *families) rows(ctx context.Context, set, objecting *roaring.Bitmap, object string, fields ...permission.Field) (map[person.ID]register.Row, permission.Grant, error) {
	f.progress("reading names and numbers", 0, 1)
	g, err := permission.Check(f.act, f.Pack.Purpose(), fields, permission.Only(set), objecting)
	if err != nil {
		return nil, g, err
	}
	rows, err := f.Registers.Read(ctx, g, nil, object)
	out := make(map[person.ID]register.Row, len(rows))
	for _, row := range rows {
		out[row.ID] = row
	}
	return out, g, err
}

// Why an officer serves a family in person.
const (
	handNonDisclosure = "non-disclosure for personal safety"
	handFoster        = "the child is in foster care"
	handNobody        = "nobody who decides for the child can be asked"
	handDied          = "the person has died"
)

// deciding are the guardians who decide for the child, those who live with it
// first. Hand says why an officer must serve the family in person, "" if none must: a
// message or a letter that names a unit says where a child is, so that goes for
// families under non-disclosure and for children in foster care.
func (f *families) deciding(child register.Row) (who []register.Row, hand string, err error) {
	if child.YesNo(f.grant, register.NonDisclosure) {
		hand = handNonDisclosure
	}
	if f.Pack.ForSelf() {
		if died, _ := child.Open(f.grant, register.DeathDate); len(died) > 0 {
			return nil, handDied, nil
		}
		return []register.Row{child}, hand, nil
	}
	known, err := child.Open(f.grant, register.GuardianOf)
	if err != nil {
		return nil, "", err
	}
	var apart []register.Row
	for _, k := range known {
		w, err := register.ParseGuardian(k)
		if err != nil {
			return nil, "", err
		}
		g, there := f.grownups[w.Guardian]
		if !there || !k.Until.IsZero() || k.From.After(f.asOf) {
			continue
		}
		if w.Role == person.FosterParent && hand == "" {
			hand = handFoster
		}
		if died, _ := g.Open(f.grant, register.DeathDate); !w.Decides() || len(died) > 0 {
			continue
		}
		if g.YesNo(f.grant, register.NonDisclosure) {
			hand = handNonDisclosure
		}
		if w.LivesIn {
			who = append(who, g)
		} else {
			apart = append(apart, g)
		}
	}
	who = append(who, apart...)
	if len(who) == 0 && hand == "" {
		hand = handNobody
	}
	return who, hand, nil
}

// called is the name that a child is called by.
func (f *families) called(child register.Row) (string, error) {
	name, err := register.DecodeIdentity[register.FullName](child.Text(f.grant, register.Name))
	return name.Called(), err
}

// whole is a person's name as it is written on a letter.
func (f *families) whole(who register.Row) (string, error) {
	name, err := register.DecodeIdentity[register.FullName](who.Text(f.grant, register.Name))
	return name.Called() + " " + name.Family, err
}

// language is the one in which a grown-up wants to be written to.
func (f *families) language(g register.Row) person.Language {
	l, err := person.ParseLanguage(g.Text(f.grant, register.ContactLanguage))
	if err != nil {
		return person.Finnish
	}
	return l
}

func roundObject(id store.RoundID) string { return fmt.Sprintf("round %d", id) }
