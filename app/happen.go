package app

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/parquet"
	"ennakko/store"
)

// visitsRegister is the register of what came to be in a made-up city since its
// health records were made.
const visitsRegister = "visits"

// The services of the way from raised pressure to an exercise group.
const (
	pressureService = "blood-pressure"
	exerciseService = "exercise-group"
)

// How made-up people go on after an invitation to blood pressure care. These are
// assumptions of the right order of magnitude, not figures of any city.
const (
	shareCome     = 0.88 // of those who said yes keep the appointment
	shareBegin    = 0.78 // of those who come without treatment begin one
	shareStepUp   = 0.6  // of those who come with one get another medicine
	shareAlone    = 0.11 // of those without treatment begin it on their own within twelve weeks
	shareMeasured = 0.85 // of those who begin come to a control
	controlAfter  = 42   // days
)

// Happen brings the facts that come to be in a made-up city up to a day: those who
// said yes to an appointment come to it, or not; treatment begins, pressure is
// measured anew; a few begin treatment by themselves. They are kept as a snapshot of
// the register "visits", beside the health records. It is for made-up cities alone,
// and refused in any other: in a real one these facts come with the health records.
// What it makes follows from the people and the seed of the program's made-up
// families. It returns how many records there are.
func (a *App) Happen(ctx context.Context, until time.Time, actor string) (int, error) {
	const op = "app.Happen"
	all, err := a.DB.Snapshots(ctx)
	if err != nil {
		return 0, err
	}
	made := false
	for _, s := range all {
		made = made || s.Register == "population" && s.Source == "Made-up city"
		if s.Register == visitsRegister && !s.Day.Before(until) {
			return s.Rows, nil // what happened up to that day is there
		}
	}
	if !made {
		return 0, fault.New(fault.Refused, op, "the city is not made up").Do("import its health records: ennakko register import")
	}
	unlock, err := a.lock("importing.lock", "another process is importing registers")
	if err != nil {
		return 0, err
	}
	defer unlock()
	h := &happening{app: a, until: register.Day(until), records: map[clinical.Kind][]parquet.Row{}}
	if err := h.gather(ctx, until, actor); err != nil || h.n == 0 {
		return 0, err
	}
	files, err := h.write(ctx, until)
	if err != nil {
		return 0, err
	}
	act, err := audit.Begin(actor, "keep what came to be in a made-up city", "demonstration", "made-up people: no personal data", a.Now())
	if err != nil {
		return 0, err
	}
	return h.n, a.DB.Write(ctx, act, func(tx store.Tx) error {
		id, err := tx.AddSnapshot(store.Snapshot{Register: visitsRegister, Day: until, Source: "Made-up city", FileHash: "made up " + until.Format(time.DateOnly), Rows: h.n})
		if err != nil {
			return err
		}
		tx.Detail("%d records up to %s", h.n, until.Format(time.DateOnly))
		return tx.AddFiles(id, files)
	})
}

// happening is the new facts of a made-up city in the making.
type happening struct {
	app     *App
	until   int32 // the last day
	records map[clinical.Kind][]parquet.Row
	n       int
	group   map[person.ID]uint32
}

// firstGroup numbers the made-up resources of a person after those of the health
// records, which have far fewer.
const firstGroup = 1 << 24

func (h *happening) add(k clinical.Kind, id person.ID, fresh bool, r parquet.Row) {
	if r.Day > h.until {
		return
	}
	if fresh {
		h.group[id]++
	}
	r.Person, r.Group, r.Status = uint32(id), firstGroup+h.group[id], "finished"
	switch k {
	case clinical.Observation:
		r.Status = "final"
	case clinical.Medication, clinical.Referral:
		r.Status = "active"
	}
	h.records[k] = append(h.records[k], r)
	h.n++
}

// gather lets everything happen to everyone whom rounds of the services found.
func (h *happening) gather(ctx context.Context, until time.Time, actor string) error {
	h.group = map[person.ID]uint32{}
	accepted, err := h.app.DB.Accepted(ctx, pressureService)
	if err != nil {
		return err
	}
	rounds, err := h.app.DB.Rounds(ctx)
	if err != nil {
		return err
	}
	treated, seen := map[person.ID]bool{}, map[person.ID]bool{}
	slices.SortFunc(rounds, func(x, y store.Round) int { return x.AsOf.Compare(y.AsOf) })
	for _, rd := range rounds {
		if rd.Service != pressureService || rd.AsOf.After(until) {
			continue
		}
		pack, err := h.app.Pack(rd.Service)
		if err != nil {
			return err
		}
		marks, err := h.app.marksOf(ctx, pack, rd, permission.Everyone(), actor)
		if err != nil {
			return err
		}
		for _, x := range accepted {
			if x.Round == rd.ID && !x.At.IsZero() && x.At.Before(until.AddDate(0, 0, 1)) {
				h.comes(x, slices.Contains(marks[x.Person], "hypertension-treated"), treated)
				seen[x.Person] = true
			}
		}
		for id, m := range marks {
			if slices.Contains(m, "hypertension-treated") && !seen[id] {
				h.alone(id, rd, treated)
			}
		}
	}
	groups, err := h.app.DB.Accepted(ctx, exerciseService)
	for _, x := range groups {
		if !x.At.IsZero() {
			day := register.Day(x.At)
			h.add(clinical.Referral, x.Person, true, parquet.Row{Code: "local|exercise-group", Day: day, Until: day, Minute: clinical.NoMinute, Value: math.NaN()})
		}
	}
	return err
}

func (h *happening) rand(id person.ID, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(h.app.Seed^stream, uint64(id))) //nolint:gosec // made-up people
}

// comes lets one who said yes come, or not.
func (h *happening) comes(x store.Attended, untreated bool, treated map[person.ID]bool) {
	r := h.rand(x.Person, 0xc0)
	if r.Float64() >= shareCome {
		return
	}
	day := register.Day(x.At)
	local := x.At.In(h.app.zone)
	minute := int32(local.Hour()*60 + local.Minute()) //nolint:gosec // minutes of a day
	h.visit(x.Person, day, minute, "local|blood-pressure-appointment")
	h.pressure(r, x.Person, day, minute, 153, 93)
	code, share := "atc|C09AA05", shareBegin
	if !untreated {
		code, share = "atc|C08CA01", shareStepUp
	}
	begins := r.Float64() < share && !treated[x.Person]
	if begins {
		treated[x.Person] = true
		h.medicine(x.Person, day, code)
	}
	h.control(r, x.Person, day, begins)
}

// alone lets somebody who was not seen begin treatment on their own, or not.
func (h *happening) alone(id person.ID, rd store.Round, treated map[person.ID]bool) {
	r := h.rand(id, 0xa1)
	begins := r.Float64() < shareAlone
	day := register.Day(rd.AsOf) + 5 + r.Int32N(7*12-5)
	if !begins || treated[id] || day > h.until {
		return
	}
	treated[id] = true
	h.visit(id, day, 600, "")
	h.pressure(r, id, day, 600, 153, 93)
	h.medicine(id, day, "atc|C09AA05")
	h.control(r, id, day, true)
}

// control is the visit some weeks later at which the pressure is measured anew.
func (h *happening) control(r *rand.Rand, id person.ID, day int32, treated bool) {
	comes := r.Float64() < shareMeasured
	day += controlAfter - 7 + r.Int32N(14)
	if !comes || day > h.until {
		return
	}
	h.visit(id, day, 660, "")
	if treated {
		h.pressure(r, id, day, 660, 134, 83)
	} else {
		h.pressure(r, id, day, 660, 148, 91)
	}
}

func (h *happening) visit(id person.ID, day, minute int32, code string) {
	if day > h.until {
		return
	}
	r := parquet.Row{Code: "act|AMB", Day: day, Until: day, Minute: minute, Value: 95, Unit: "EUR", Class: "AMB", Encounter: firstGroup + h.group[id] + 1}
	h.add(clinical.Encounter, id, true, r)
	if code != "" {
		r.Code = code
		h.add(clinical.Encounter, id, false, r)
	}
}

func (h *happening) pressure(r *rand.Rand, id person.ID, day, minute int32, systolic, diastolic float64) {
	s, d := math.Round(systolic+9*r.NormFloat64()), math.Round(diastolic+5*r.NormFloat64())
	encounter := firstGroup + h.group[id]
	for i, x := range []struct {
		code  string
		value float64
	}{{"loinc|8480-6", s}, {"loinc|8462-4", min(d, s-20)}} {
		h.add(clinical.Observation, id, i == 0, parquet.Row{Code: x.code, Day: day, Until: day, Minute: minute, Value: x.value, Unit: "mm[Hg]", Class: "AMB", Encounter: encounter})
	}
}

func (h *happening) medicine(id person.ID, day int32, code string) {
	h.add(clinical.Medication, id, true, parquet.Row{Code: code, Day: day, Until: day + 729, Minute: clinical.NoMinute, Value: math.NaN()})
}

// write writes the files of the snapshot.
func (h *happening) write(ctx context.Context, until time.Time) ([]parquet.File, error) {
	w, err := parquet.NewWriter(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }()
	var exports []parquet.Export
	for _, k := range clinical.Kinds() {
		if len(h.records[k]) == 0 {
			continue
		}
		t, err := w.Records(ctx, k)
		if err != nil {
			return nil, err
		}
		for i := range h.records[k] {
			if err := t.AppendRow(&h.records[k][i]); err != nil {
				return nil, err
			}
		}
		exports = append(exports, parquet.RecordExport(k))
	}
	folder := visitsRegister + "/" + until.Format(time.DateOnly)
	if err := os.RemoveAll(filepath.Join(h.app.shelf().Root, filepath.FromSlash(folder))); err != nil {
		return nil, fault.Wrap(err, "app.Happen", "a left-over snapshot folder cannot be removed")
	}
	files, err := w.Write(ctx, h.app.shelf().Root, folder, exports, func(int, int) {})
	if err != nil {
		return nil, err
	}
	return files, h.app.shelf().Keep(ctx, files)
}
