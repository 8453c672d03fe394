package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/effect"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/service"
	"ennakko/store"
)

// marksOf reads the marks of what was undone in people as of a round's day: the
// names of the criteria, under the service's own purpose and on the record.
func (a *App) marksOf(ctx context.Context, p *service.Pack, rd store.Round, who permission.People, actor string) (map[person.ID][]string, error) {
	files, err := a.DB.Files(ctx, rd.AsOf)
	if err != nil {
		return nil, err
	}
	if err := a.shelf().Bring(ctx, files); err != nil {
		return nil, err
	}
	act, err := audit.Begin(actor, "look at what a round brought about", p.Purpose().ID(), p.Purpose().LegalBasis(), a.Now())
	if err != nil {
		return nil, err
	}
	objecting, err := a.DB.Objecting(ctx, p.Purpose().ID())
	if err != nil {
		return nil, err
	}
	g, err := permission.Check(act, p.Purpose(), []permission.Field{register.CareFound, register.CareGap}, who, objecting)
	if err != nil {
		return nil, err
	}
	source := parquet.NewSource(a.path("facts"), files)
	defer func() { _ = source.Close() }()
	found := register.Range{Field: register.CareFound, From: rd.AsOf.AddDate(0, 0, -14), To: rd.AsOf.AddDate(0, 0, 1)}
	rows, err := register.NewReader(a.DB, source).Read(ctx, g, &found, fmt.Sprintf("round %d", rd.ID))
	if err != nil {
		return nil, err
	}
	out := make(map[person.ID][]string, len(rows))
	for _, row := range rows {
		known, err := row.Open(g, register.CareGap)
		if err != nil {
			return nil, err
		}
		for _, k := range known {
			out[row.ID] = append(out[row.ID], k.Qualifier)
		}
	}
	return out, nil
}

// Reached are those of some people in whom an outcome of the library is reached as
// of the run. Of whom it is unknown it is not reached.
func (b *CareBook) Reached(o library.Outcome, among *roaring.Bitmap) (*roaring.Bitmap, error) {
	out := roaring.New()
	for it := among.Iterator(); it.HasNext(); {
		id := it.Next()
		v, _, err := o.Program.EvalRun(b.columns.Person(person.ID(id)), b.Library.Params(), criteria.Run{AsOf: b.AsOf})
		if err != nil {
			continue // a fact that cannot be used shows nothing reached
		}
		if v == criteria.Met {
			out.Add(id)
		}
	}
	return out, nil
}

// level is the level of confidence of what is told, and power that of the size that
// a comparison would need.
const (
	level = 0.95
	power = 0.8
)

// Outcome is one outcome of a round.
type Outcome struct {
	library.Outcome
	Among bool         // counted only among those in whom it was undone at first
	All   effect.Group // those who were invited, whether by lot or not
	// Compared is the outcome of the lot; nil: a group has nobody.
	Compared *effect.Difference
	// Needed is how many people each group needs for a difference of this size to be
	// found four times out of five; 0: there is no difference to speak of.
	Needed int
}

// Effect is what a round brought about by the day of a run of the care library.
type Effect struct {
	Round    store.Round
	AsOf     time.Time // the day of the run
	Invited  int       // people who were offered something
	Accepted int
	Outcomes []Outcome
	Lot      *store.Lot // nil: the round had none
	Ended    int        // of those who waited, were invited before the day of the run
}

// EffectOf holds a round against a run of the care library of a later day. The
// reading of what was undone at first is on the record; nothing is kept.
func (a *App) EffectOf(ctx context.Context, p *service.Pack, id store.RoundID, b *CareBook, officer string) (Effect, error) {
	const op = "app.EffectOf"
	rd, err := a.DB.Round(ctx, id)
	if err != nil {
		return Effect{}, err
	}
	switch {
	case rd.Service != p.Name() || len(p.Outcomes()) == 0:
		return Effect{}, fault.New(fault.Missing, op, "the service of the round names no outcomes")
	case rd.State == store.Prepared || !b.AsOf.After(rd.AsOf):
		return Effect{}, fault.New(fault.Conflict, op, "the care library was not run after the round").Do("run it as of a day after the round began")
	}
	e := Effect{Round: rd, AsOf: b.AsOf}
	invited, err := a.DB.Invited(ctx, id)
	if err != nil {
		return e, err
	}
	f, err := a.DB.Funnel(ctx, id)
	if err != nil {
		return e, err
	}
	e.Invited, e.Accepted = int(invited.GetCardinality()), f.Stages["accepted"] //nolint:gosec // people fit
	now, later, err := a.lotOf(ctx, &e)
	if err != nil {
		return e, err
	}
	marks, err := a.marksOf(ctx, p, rd, permission.Only(roaring.Or(invited, roaring.Or(now, later))), officer)
	if err != nil {
		return e, err
	}
	for _, o := range p.Outcomes() {
		x, err := b.outcome(o, invited, now, later, marks)
		if err != nil {
			return e, err
		}
		e.Outcomes = append(e.Outcomes, x)
	}
	return e, nil
}

// lotOf gives the two groups of the round's lot: who was invited now, and later.
func (a *App) lotOf(ctx context.Context, e *Effect) (now, later *roaring.Bitmap, err error) {
	now, later = roaring.New(), roaring.New()
	l, found, err := a.DB.Lot(ctx, e.Round.ID)
	if err != nil || !found {
		return now, later, err
	}
	e.Lot = &l
	now, later = bitmap(l.Eligible...), bitmap(l.Later...)
	now.AndNot(later)
	waits, due, err := a.DB.Later(ctx, e.Round.Service, e.AsOf)
	if err != nil {
		return now, later, err
	}
	e.Ended = int(roaring.AndNot(later, roaring.Or(waits, due)).GetCardinality()) //nolint:gosec // people fit
	return now, later, nil
}

func (b *CareBook) outcome(o service.Outcome, invited, now, later *roaring.Bitmap, marks map[person.ID][]string) (Outcome, error) {
	of, ok := b.Library.Outcome(o.Name)
	if !ok {
		return Outcome{}, fault.New(fault.Missing, "app.EffectOf", "the care library has no outcome %s", o.Name)
	}
	x := Outcome{Outcome: of, Among: len(o.With) > 0}
	group := func(set *roaring.Bitmap) (effect.Group, error) {
		some := roaring.New()
		for it := set.Iterator(); it.HasNext(); {
			id := it.Next()
			if len(o.With) == 0 || slices.ContainsFunc(marks[person.ID(id)], func(m string) bool { return slices.Contains(o.With, m) }) {
				some.Add(id)
			}
		}
		some.And(b.columns.People())
		yes, err := b.Reached(of, some)
		return effect.Group{People: int(some.GetCardinality()), Reached: int(yes.GetCardinality())}, err //nolint:gosec // people fit
	}
	var groups [3]effect.Group
	for i, set := range []*roaring.Bitmap{invited, now, later} {
		var err error
		if groups[i], err = group(set); err != nil {
			return x, err
		}
	}
	x.All = groups[0]
	if groups[1].People == 0 || groups[2].People == 0 {
		return x, nil
	}
	d, err := effect.Compare(groups[1], groups[2], level)
	if err != nil {
		return x, err
	}
	x.Compared = &d
	if d.By != 0 {
		x.Needed, err = effect.Needed(d.Invited.Share(), d.Later.Share(), level, power)
	}
	return x, err
}

// Effect holds a round of the service against the newest run of the care library in
// this process.
func (l *Live) Effect(ctx context.Context, id store.RoundID, officer string) (Effect, error) {
	return Judged{l, l}.Effect(ctx, id, officer)
}

// On are the effects of this service's rounds by the runs of the care library that
// another service's process holds.
func (l *Live) On(runs *Live) Judged { return Judged{l, runs} }

// Judged is a service whose rounds are held against runs of the care library.
type Judged struct{ service, runs *Live }

// Effect holds a round against the newest run of the care library.
func (j Judged) Effect(ctx context.Context, id store.RoundID, officer string) (Effect, error) {
	l := j.service
	b, err := j.runs.book("app.Effect")
	if err != nil {
		return Effect{}, err
	}
	return l.App.EffectOf(ctx, l.Pack, id, b, officer)
}

// smallest is the least count of people that is told of a group: decision 015.
const smallest = 5

// Few reports whether a group, those of it who reached the outcome, or those who did
// not, are too few to be told of.
func Few(g effect.Group) bool {
	return g.Reached < smallest || g.People-g.Reached < smallest
}

// Withheld reports whether the comparison cannot be told: there is none, or one of
// its counts is too small.
func (o Outcome) Withheld() bool {
	return o.Compared == nil || Few(o.Compared.Invited) || Few(o.Compared.Later)
}

// EffectWords says in English what an outcome's comparison found, or why it is not
// told.
func EffectWords(o Outcome) string {
	switch {
	case o.Compared == nil:
		return "no comparison: nobody of one group was in the lot"
	case o.Withheld():
		return "withheld: too few people to be told of"
	}
	d := o.Compared
	in100 := func(x float64) int { return int(math.Round(100 * x)) }
	s := fmt.Sprintf("of 100 invited %d reached it, of 100 not yet invited %d; the difference is %d, between %d and %d", in100(d.Invited.Share()), in100(d.Later.Share()),
		in100(d.Invited.Share())-in100(d.Later.Share()), in100(d.Range.Low), in100(d.Range.High))
	if !d.Sure() {
		invited, _ := About(d.Invited.People)
		later, _ := About(d.Later.People)
		s += fmt.Sprintf(". That may be chance: about %d and %d people are compared", invited, later)
		if o.Needed > 0 {
			needed, _ := About(max(o.Needed, smallest))
			s += fmt.Sprintf(", %d in each group would be needed", needed)
		}
	}
	return s
}
