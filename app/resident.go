package app

import (
	"context"
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

func bitmap(ids ...person.ID) *roaring.Bitmap {
	set := roaring.New()
	for _, id := range ids {
		if id != 0 {
			set.Add(uint32(id))
		}
	}
	return set
}

// ownBasis is the basis of a person's look at their own matters.
const ownBasis = "GDPR 15(1)"

// Own is one case of a resident.
type Own struct {
	store.History
	State store.RoundState
	Open  bool // an answer would still change it
}

// Answered reports whether there is an answer, which may still be changed.
func (o Own) Answered() bool {
	return o.Case.Stage == conversation.Accepted || o.Case.Stage == conversation.Declined
}

// Own are the cases in which a resident decides, newest first. The look is on
// the record like any other.
func (l *Live) Own(ctx context.Context, who person.ID) ([]Own, error) {
	ids, err := l.App.DB.CasesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	var out []Own
	for _, id := range ids {
		o, err := l.OwnCase(ctx, who, id)
		if fault.KindOf(err) == fault.Missing {
			continue // the case is about the person, who does not decide in it
		}
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// OwnCase is one case in which a resident decides. To others it is not there.
func (l *Live) OwnCase(ctx context.Context, who person.ID, id conversation.CaseID) (Own, error) {
	const op = "app.OwnCase"
	_, guardians, err := l.App.DB.PeopleOf(ctx, id)
	if err != nil && fault.KindOf(err) != fault.Missing {
		return Own{}, err
	}
	mine := false
	for _, g := range guardians {
		mine = mine || g == who
	}
	if !mine || who == 0 {
		return Own{}, fault.New(fault.Missing, op, "there is no such offer")
	}
	act, err := audit.Begin(fmt.Sprintf("resident:%d", who), "look at own matters", l.Pack.Purpose().ID(), ownBasis, l.Clock.Now())
	if err != nil {
		return Own{}, err
	}
	h, err := l.App.DB.History(ctx, act, id)
	if err != nil {
		return Own{}, err
	}
	rd, err := l.App.DB.Round(ctx, h.Round)
	return Own{History: h, State: rd.State, Open: work.CanAnswer(h.Case, rd.State, l.Clock.Now())}, err
}

// AnswerOnline takes a resident's answer from the city's pages.
func (l *Live) AnswerOnline(ctx context.Context, c conversation.CaseID, who person.ID, want conversation.Choice) error {
	err := l.worker().AnswerOnline(ctx, c, who, want, l.Clock.Now())
	l.tell()
	l.Wake()
	return err
}

// Object notes an objection of a resident, about themself or about a child for
// whom they decide, or takes it back.
func (l *Live) Object(ctx context.Context, who, about person.ID, on bool) error {
	const op = "app.Object"
	if !l.Pack.Purpose().Objection() {
		return fault.New(fault.Refused, op, "the law gives no right to object to this use")
	}
	wards, err := l.Wards(ctx, who)
	if err != nil {
		return err
	}
	_, child := wards[about]
	if who == 0 || about != who && !child {
		return fault.New(fault.Missing, op, "there is no such person for whom you decide")
	}
	err = l.worker().Object(ctx, who, about, on, l.Clock.Now())
	l.tell()
	l.Wake()
	return err
}

// ObjectToNaming notes that a resident objects to being named as one who may need much,
// or no longer does. Whoever objects is on no list from then on.
func (l *Live) ObjectToNaming(ctx context.Context, who person.ID, on bool) error {
	purpose, err := needPurpose()
	if err != nil {
		return err
	}
	if who == 0 {
		return fault.New(fault.Missing, "app.ObjectToNaming", "the registers do not know the person")
	}
	err = l.worker().ObjectTo(ctx, purpose, who, who, on, l.Clock.Now())
	l.tell()
	return err
}

// Wards are the children for whom a resident decides in a case of the service.
func (l *Live) Wards(ctx context.Context, who person.ID) (map[person.ID]conversation.CaseID, error) {
	ids, err := l.App.DB.CasesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	out := map[person.ID]conversation.CaseID{}
	for _, id := range ids {
		child, guardians, err := l.App.DB.PeopleOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, g := range guardians {
			if g == who {
				out[child] = id
			}
		}
	}
	return out, nil
}

// Objections are the purposes to which a person objects.
func (l *Live) Objections(ctx context.Context, who person.ID) (map[string]time.Time, error) {
	return l.App.DB.Objections(ctx, who)
}

// UsesOf are the newest entries of the record that cover a person, newest
// first, from the one before a number; 0 begins with the newest.
func (l *Live) UsesOf(ctx context.Context, who person.ID, before uint64, limit int) ([]audit.Entry, error) {
	return l.App.DB.UsesBefore(ctx, who, before, limit)
}
