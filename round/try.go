package round

import (
	"context"

	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/service"
)

// Tried is what a trial of the criteria would change, in counts of people.
type Tried struct {
	Found, Justified       int               // by the trial
	FoundNow, JustifiedNow int               // by the criteria as they are
	Enter, Leave           int               // by the trial, against what is
	LeftOut                map[string]int    // by criterion, in the trial
	District               map[string][2]int // justified by district: now, by the trial
}

// Try finds people by a trial of the service's criteria and by the criteria as
// they are, and compares. It is a reading of the registers like that of a round,
// and on the record like one; nothing is kept.
func Try(ctx context.Context, r Rooms, o Order, trial service.Trial) (Tried, error) {
	out := Tried{LeftOut: map[string]int{}, District: map[string][2]int{}}
	p := &preparation{Rooms: r, Order: o}
	act, err := p.act("try criteria")
	if err != nil {
		return out, err
	}
	objecting, err := r.Store.Objecting(ctx, r.Pack.Purpose().ID())
	if err != nil {
		return out, err
	}
	now, err := r.Pack.Try(nil, nil)
	if err != nil {
		return out, err
	}
	met := [2]map[person.ID]bool{{}, {}}
	for i, t := range []service.Trial{now, trial} {
		field, from, to, err := t.Cohort().Range(o.AsOf)
		if err != nil {
			return out, err
		}
		g, err := permission.Check(act, r.Pack.Purpose(), fieldsOf(append(r.Pack.Fields(), field, string(register.District))), permission.Everyone(), objecting)
		if err != nil {
			return out, err
		}
		rows, err := r.Registers.Read(ctx, g, &register.Range{Field: permission.Field(field), From: from, To: to}, p.object()+": trial")
		if err != nil {
			return out, err
		}
		if err := out.count(t, i, rows, g, o, met[i]); err != nil {
			return out, err
		}
	}
	for id := range met[1] {
		if !met[0][id] {
			out.Enter++
		}
	}
	for id := range met[0] {
		if !met[1][id] {
			out.Leave++
		}
	}
	return out, nil
}

// count goes through the people of one side: 0 is how it is, 1 the trial.
func (out *Tried) count(t service.Trial, side int, rows []register.Row, g permission.Grant, o Order, met map[person.ID]bool) error {
	for _, row := range rows {
		ok, reasons, err := t.Find(row.ID, facts{row, g}, o.AsOf)
		if err != nil {
			return err
		}
		if side == 1 {
			for _, x := range reasons {
				out.LeftOut[x.Criterion]++
			}
		}
		if !ok {
			continue
		}
		met[row.ID] = true
		d := out.District[row.Text(g, register.District)]
		d[side]++
		out.District[row.Text(g, register.District)] = d
	}
	if side == 0 {
		out.FoundNow, out.JustifiedNow = len(rows), len(met)
	} else {
		out.Found, out.Justified = len(rows), len(met)
	}
	return nil
}
