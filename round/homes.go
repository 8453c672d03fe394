package round

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/offer"
	"ennakko/offer/assign"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/service"
	"ennakko/store"
)

// homes reads what the assignment needs: where the children live and go now,
// and where their sisters and brothers are.
func (p *preparation) homes(ctx context.Context, act audit.Act) error {
	p.progress("reading homes and siblings", 0, 1)
	set := roaring.New()
	for _, id := range p.met {
		set.Add(uint32(id))
	}
	need := []permission.Field{register.Address, register.Dwelling, register.GuardianOf, register.EducationUnit, register.EducationLang}
	if p.Pack.ForSelf() {
		return p.ownHomes(ctx, act, set)
	}
	g, err := permission.Check(act, p.Pack.Purpose(), need, permission.Only(set), p.objecting)
	if err != nil {
		return err
	}
	rows, err := p.Registers.Read(ctx, g, nil, p.object()+": homes")
	if err != nil {
		return err
	}
	p.children = make(map[person.ID]*assign.Child, len(rows))
	together := map[string]person.ID{}
	byGuardian := map[person.ID][]person.ID{}
	for _, row := range rows {
		c := &assign.Child{ID: row.ID, Present: p.present(g, row, register.EducationUnit), Language: p.present(g, row, register.EducationLang),
			X: math.NaN(), Y: math.NaN()}
		home, err := register.DecodeIdentity[register.Home](row.Text(g, register.Address))
		if err != nil {
			return err
		}
		if home.North != nil && home.East != nil {
			c.X, c.Y = *home.East, *home.North
		}
		for _, id := range guardians(g, row) {
			byGuardian[id] = append(byGuardian[id], row.ID)
		}
		if d := row.Text(g, register.Dwelling); d != "" {
			if first, ok := together[d]; ok {
				p.children[first].Together, c.Together = first, first
			} else {
				together[d] = row.ID
			}
		}
		p.children[row.ID] = c
	}
	return p.siblings(ctx, act, set, byGuardian)
}

// present is the value of a field on the day of the round.
func (p *preparation) present(g permission.Grant, row register.Row, f permission.Field) string {
	known, err := row.Open(g, f)
	if err != nil {
		return ""
	}
	for _, k := range known {
		if (k.Until.IsZero() || !k.Until.Before(p.AsOf)) && !k.From.After(p.AsOf) {
			s, _ := k.Value.(string)
			return s
		}
	}
	return ""
}

func guardians(g permission.Grant, row register.Row) []person.ID {
	known, err := row.Open(g, register.GuardianOf)
	if err != nil {
		return nil
	}
	var out []person.ID
	for _, k := range known {
		if w, err := register.ParseGuardian(k); err == nil && k.Until.IsZero() {
			out = append(out, w.Guardian)
		}
	}
	return out
}

// siblings reads where children under school age with the same guardian are.
func (p *preparation) siblings(ctx context.Context, act audit.Act, cohort *roaring.Bitmap, byGuardian map[person.ID][]person.ID) error {
	g, err := permission.Check(act, p.Pack.Purpose(), []permission.Field{register.BirthDate, register.GuardianOf, register.EducationUnit}, permission.Everyone(), p.objecting)
	if err != nil {
		return err
	}
	young := register.Range{Field: register.BirthDate, From: p.AsOf.AddDate(-6, 0, 0), To: p.AsOf}
	rows, err := p.Registers.Read(ctx, g, &young, p.object()+": siblings")
	if err != nil {
		return err
	}
	for _, row := range rows {
		unit := p.present(g, row, register.EducationUnit)
		if unit == "" || cohort.Contains(uint32(row.ID)) {
			continue
		}
		for _, id := range guardians(g, row) {
			for _, child := range byGuardian[id] {
				p.children[child].Siblings = append(p.children[child].Siblings, unit)
			}
		}
	}
	return nil
}

// assign holds a place for each child: see package assign for the objective.
func (p *preparation) assign(ctx context.Context, _ audit.Act) error {
	p.progress("assigning places", 0, 1)
	units, err := p.Rooms.units(ctx, p.AsOf)
	if err != nil {
		return err
	}
	list := p.unitsWithPlaces(units)
	children := make([]assign.Child, 0, len(p.met))
	for _, id := range p.first(list) {
		children = append(children, *p.children[id])
	}
	all := make([]assign.Unit, len(list))
	for i, u := range list {
		all[i] = *u
	}
	if p.result, err = assign.Solve(children, all, assign.Options{}); err != nil {
		return err
	}
	p.result.Waiting = append(p.result.Waiting, p.behind...)
	if p.lot != nil {
		p.summary["later"] = len(p.lot.Later)
	}
	p.summary["placed"], p.summary["waiting"] = len(p.result.Placements), len(p.result.Waiting)
	p.summary["stays"], p.summary["siblings"], p.summary["split"] = p.result.Stays, p.result.Siblings, p.result.Split
	p.summary["assignment_distance_m"], p.summary["assignment_bound_m"] = int(math.Round(p.result.DistanceM)), int(math.Round(p.result.BoundM))
	return nil
}

// unitsWithPlaces are the city's own units of the service's kind that have places
// to give.
func (p *preparation) unitsWithPlaces(units []store.Unit) []*assign.Unit {
	byID := map[string]*assign.Unit{}
	var list []*assign.Unit
	free := placesIn(p.free)
	for _, u := range units {
		if n, changed := p.capacity[offer.Place{Unit: u.ID, Language: u.Language}]; changed {
			u.Places = n
		}
		if u.Kind == service.NoUnit {
			u.Places = len(p.met)
		}
		if p.free != nil {
			u.Places = free[offer.Place{Unit: u.ID, Language: u.Language}]
		}
		if u.Provider != "municipal" || u.Kind != p.Pack.UnitKind() || u.Places == 0 {
			continue
		}
		p.units = append(p.units, u)
		if byID[u.ID] == nil {
			byID[u.ID] = &assign.Unit{ID: u.ID, X: u.East, Y: u.North, Places: map[string]int{}}
			list = append(list, byID[u.ID])
		}
		byID[u.ID].Places[u.Language] = u.Places
	}
	return list
}

// keep writes the prepared round in one transaction.
func (p *preparation) keep(ctx context.Context, act audit.Act) (id store.RoundID, err error) {
	p.progress("keeping the round", 0, 1)
	at, err := p.Pack.Schedule().Moments(p.AsOf)
	if err != nil {
		return 0, err
	}
	times, err := p.calendar(ctx, at.Deadline, 0)
	if err != nil {
		return 0, err
	}
	err = p.Store.Write(ctx, act, func(tx store.Tx) error {
		id, err = tx.AddRound(store.Round{Service: p.Pack.Name(), Version: p.Pack.Version(), PackHash: p.Pack.Hash(), AsOf: p.AsOf,
			State: store.Prepared, Schedule: store.Schedule{NoticeAt: at.Notice, InquiryAt: at.Inquiry, ReminderAt: at.Reminder, Deadline: at.Deadline, CloseAt: at.Close}, Summary: p.summary})
		if err != nil {
			return err
		}
		if err := tx.AddFindings(id, p.findings); err != nil {
			return err
		}
		if err := tx.AddBreakdown(id, p.breakdown()); err != nil {
			return err
		}
		if err := tx.AddPlaces(id, p.places()); err != nil {
			return err
		}
		if err := times.keep(tx, id); err != nil {
			return err
		}
		if p.lot != nil {
			if err := tx.AddLot(id, *p.lot); err != nil {
				return err
			}
		}
		if err := tx.AddDrafts(id, p.drafts()); err != nil {
			return err
		}
		for _, f := range p.findings {
			tx.About("", f.Person)
		}
		tx.About(fmt.Sprintf("round %d", id))
		if p.lot != nil {
			e := act.Entry()
			e.Verb, e.Object, e.People = "draw who is invited later", fmt.Sprintf("round %d", id), roaring.New()
			for _, who := range p.lot.Eligible {
				e.People.Add(uint32(who))
			}
			e.Detail = fmt.Sprintf("seed %s: %d of %d, until %s; %d whom waiting could harm were not in the lot", p.lot.Seed, len(p.lot.Later), len(p.lot.Eligible), p.lot.Until.Format(time.DateOnly), p.lot.Harmed)
			if err := tx.Note(e); err != nil {
				return err
			}
		}
		tx.Detail("found %d, justified %d, placed %d, waiting %d", p.summary["found"], p.summary["justified"], p.summary["placed"], p.summary["waiting"])
		if p.also != nil {
			if err := p.also(tx, id); err != nil {
				return err
			}
		}
		return tx.AddWaiting(id, p.waiting())
	})
	return id, err
}

func (p *preparation) places() []store.PlaceCount {
	out := make([]store.PlaceCount, len(p.units))
	for i, u := range p.units {
		out[i].Unit, out[i].Language, out[i].Places = u.ID, u.Language, u.Places
	}
	return out
}

func (p *preparation) waiting() []store.Waiting {
	out := make([]store.Waiting, len(p.result.Waiting))
	for i, w := range p.result.Waiting {
		out[i] = store.Waiting{Child: w.Child, Reason: string(w.Reason)}
	}
	return out
}

func (p *preparation) drafts() []store.Draft {
	out := make([]store.Draft, len(p.result.Placements))
	for i, x := range p.result.Placements {
		out[i] = store.Draft{Child: x.Child, Place: offer.Place{Unit: x.Unit, Language: x.Language}, Reason: string(x.Reason), DistanceM: x.DistanceM}
	}
	return out
}
