package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// Held is all that the city holds of a person, for other systems that ask at the
// person's word: what the use of income keeps and the registers say, and the offers,
// objections and uses beside it.
type Held struct {
	App  *App
	Oma  *omadata.Service
	Live *Live // whose offers; nil: there are none
}

// copiedUses is how many uses stand in a copy: the newest. All are in the record of
// uses, page by page.
const copiedUses = 1000

// Tree is a copy of it all. It is on the record.
func (h Held) Tree(ctx context.Context, who person.ID) (omadata.Tree, error) {
	out, err := h.Oma.Copy(ctx, who)
	if err != nil {
		return omadata.Tree{}, err
	}
	for _, part := range []func(context.Context, person.ID) (omadata.Tree, error){h.offers, h.objections, h.uses} {
		t, err := part(ctx, who)
		if err != nil {
			return omadata.Tree{}, err
		}
		if len(t.Children) > 0 {
			out.Children = append(out.Children, t)
		}
	}
	return out, nil
}

func treeLeaf(key, value string) omadata.Tree { return omadata.Tree{Key: key, Value: value} }

func (h Held) offers(ctx context.Context, who person.ID) (omadata.Tree, error) {
	out := omadata.Tree{Key: "offers"}
	if h.Live == nil {
		return out, nil
	}
	all, err := h.Live.Own(ctx, who)
	for _, o := range all {
		t := omadata.Tree{Key: "offer", Children: []omadata.Tree{treeLeaf("number", strconv.FormatInt(int64(o.Case.ID), 10)), treeLeaf("stage", string(o.Case.Stage)),
			treeLeaf("deadline", o.Case.Deadline.UTC().Format(time.RFC3339)), treeLeaf("round", strconv.FormatInt(int64(o.Round), 10))}}
		out.Children = append(out.Children, t)
	}
	return out, err
}

func (h Held) objections(ctx context.Context, who person.ID) (omadata.Tree, error) {
	out := omadata.Tree{Key: "objections"}
	all, err := h.App.DB.Objections(ctx, who)
	for purpose, at := range all {
		out.Children = append(out.Children, omadata.Tree{Key: "objection", Children: []omadata.Tree{treeLeaf("purpose", purpose), treeLeaf("since", at.UTC().Format(time.RFC3339))}})
	}
	return out, err
}

func (h Held) uses(ctx context.Context, who person.ID) (omadata.Tree, error) {
	out := omadata.Tree{Key: "uses"}
	page, total, err := h.App.DB.UsesPage(ctx, who, time.Time{}, time.Time{}, 0, copiedUses)
	if err != nil || total == 0 {
		return out, err
	}
	act, err := audit.Begin(fmt.Sprintf("resident:%d", who), "look at who used data", "right of access", ownBasis, h.App.Now())
	if err != nil {
		return out, err
	}
	e := act.Entry()
	e.Object, e.People = "record of uses", roaring.BitmapOf(uint32(who))
	if err := h.App.DB.Note(ctx, e); err != nil {
		return out, err
	}
	out.Children = append(out.Children, treeLeaf("total", strconv.Itoa(total)))
	for _, e := range page {
		t := omadata.Tree{Key: "use", Children: []omadata.Tree{treeLeaf("number", strconv.FormatUint(e.Seq, 10)), treeLeaf("at", e.At.UTC().Format(time.RFC3339)), treeLeaf("what", e.Verb),
			treeLeaf("purpose", e.Purpose), treeLeaf("law", e.Basis)}}
		for _, f := range e.Fields {
			t.Children = append(t.Children, treeLeaf("field", f))
		}
		out.Children = append(out.Children, t)
	}
	return out, nil
}

// Erase takes the person out, or says by which law not.
func (h Held) Erase(ctx context.Context, who person.ID, dry bool) ([]omadata.Reason, error) {
	why, err := h.Oma.Erase(ctx, who, dry)
	if err == nil || fault.KindOf(err) != fault.Refused {
		return why, err
	}
	// Something came in between: it is looked at again, and what is not known then is
	// the caller's to try again.
	again, aerr := h.Oma.CanErase(ctx, who)
	if aerr != nil || len(again) == 0 {
		return nil, err
	}
	return again, nil
}

// Acting tells who acts for whom, as the registers have it.
type Acting struct {
	app  *App
	read *newest
}

// NewActing makes it. Close gives the memory of the registers back.
func (a *App) NewActing() *Acting { return &Acting{a, &newest{app: a}} }

// Close gives the memory of the registers back.
func (x *Acting) Close() error { return x.read.close() }

// adult is the age from which nobody acts for somebody as their guardian. Source:
// Guardianship Services Act 442/1999, section 2.
const adult = 18

// MayAct reports whether somebody decides for a child as its guardian now. The
// reading is on the record. Source: Act on Child Custody and Right of Access
// 361/1983, section 5.
func (x *Acting) MayAct(ctx context.Context, who, other person.ID) (bool, error) {
	purpose, err := actingPurpose()
	if err != nil {
		return false, err
	}
	now := x.app.Now()
	act, err := audit.Begin(fmt.Sprintf("resident:%d", who), "look who decides for a child", purpose.ID(), purpose.LegalBasis(), now)
	if err != nil {
		return false, err
	}
	g, err := permission.Check(act, purpose, purpose.Fields(), permission.Just(other), nil)
	if err != nil {
		return false, err
	}
	registers, done, err := x.read.open(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, "who acts for whom")
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if row.ID == other {
			return decides(g, row, who, now)
		}
	}
	return false, nil
}

func decides(g permission.Grant, row register.Row, who person.ID, now time.Time) (bool, error) {
	born, err := row.Open(g, register.BirthDate)
	if err != nil || len(born) == 0 {
		return false, err
	}
	day := now.UTC().Truncate(24 * time.Hour)
	birth, ok := born[len(born)-1].Value.(time.Time)
	if !ok || !birth.AddDate(adult, 0, 0).After(day) {
		return false, nil
	}
	facts, err := row.Open(g, register.GuardianOf)
	if err != nil {
		return false, err
	}
	for _, f := range facts {
		if f.From.After(day) || !f.Until.IsZero() && f.Until.Before(day) {
			continue
		}
		k, err := register.ParseGuardian(f)
		if err != nil {
			return false, err
		}
		if k.Guardian == who && k.Decides() {
			return true, nil
		}
	}
	return false, nil
}

// actingPurpose is a look at who decides for a child, at the request of who says so.
func actingPurpose() (permission.Purpose, error) {
	name := permission.Texts{person.Finnish: "Kuka päättää lapsen asioista", person.Swedish: "Vem som bestämmer för barnet", person.English: "Who decides for the child"}
	return permission.NewPurpose(permission.Spec{ID: "acting for a child", Name: name, Why: name, Basis: "GDPR 6(1)(c)", Law: "GDPR 12(2) and 15; Act 361/1983, section 5", Controller: "the city",
		Fields: []permission.Field{register.BirthDate, register.GuardianOf}, Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Retention: "P0D"})
}
