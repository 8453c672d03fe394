package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/fhir"
)

// Visit is what a nurse measured at a visit.
type Visit struct {
	Day       time.Time // the day of the visit, at midnight
	Systolic  int       // mmHg
	Diastolic int       // mmHg
	Offered   bool      // it was the appointment that the service offered
}

// Why a visit is not taken, beside a fault of kind Invalid.
var (
	errVisitDay    = fault.New(fault.Invalid, "app.Visit", "the day of the visit is in the future, or more than a year ago")
	errVisitValues = fault.New(fault.Invalid, "app.Visit", "these are no blood pressures").Do("systolic 50 to 300, diastolic 20 to 200 and less than it")
)

// Check holds a visit against what can be, as of today. Field is "day" or
// "systolic" where there is a fault.
func (v Visit) Check(today time.Time) (field string, err error) {
	switch {
	case v.Day.After(today) || v.Day.Before(today.AddDate(-1, 0, 0)):
		return "day", errVisitDay
	case v.Systolic < 50 || v.Systolic > 300 || v.Diastolic < 20 || v.Diastolic > 200 || v.Diastolic >= v.Systolic:
		return "systolic", errVisitValues
	}
	return "", nil
}

// events are what the visit is to the health record: an encounter, if it was the
// appointment, and a panel of two pressures. A person has one such note of a day:
// another takes its place.
func (v Visit) events() (out []fhir.Event) {
	day, id := register.Day(v.Day), "desk-"+v.Day.Format(time.DateOnly)
	one := func(kind clinical.Kind, source, status string, codes ...string) clinical.Record {
		r := clinical.Record{Kind: kind, From: day, Until: day, Minute: clinical.NoMinute, Value: math.NaN(), Status: status, Class: "AMB", Source: source + "/" + id}
		for _, c := range codes {
			r.Codes = append(r.Codes, coding.Parse(c))
		}
		return r
	}
	if v.Offered {
		out = append(out, fhir.Event{Type: "Encounter", Records: []clinical.Record{one(clinical.Encounter, "Encounter", "finished", "act|AMB", "local|blood-pressure-appointment")}})
	}
	panel := []clinical.Record{one(clinical.Observation, "Observation", "final", "loinc|85354-9")}
	for _, x := range []struct {
		code  string
		value int
	}{{"loinc|8480-6", v.Systolic}, {"loinc|8462-4", v.Diastolic}} {
		r := one(clinical.Observation, "Observation", "final", x.code)
		r.Value, r.Unit = float64(x.value), "mm[Hg]"
		panel = append(panel, r)
	}
	return append(out, fhir.Event{Type: "Observation", Records: panel})
}

// Noted is the finding after a visit was noted.
type Noted struct {
	Explained
	Fresh bool // false: the same was noted before
	Later bool // the visit was after the day of the finding, which does not see it yet
}

// NoteVisit keeps what was measured at a visit of whoever stands at a place of a
// worklist, as an event of the health record, and takes it into what was found. Who
// must be what Explain said of the person: if somebody else stands there by now, it
// is a fault of kind Conflict and nothing is kept.
func (l *Live) NoteVisit(ctx context.Context, criterion string, place int, who string, v Visit, officer string) (Noted, error) {
	const op = "app.NoteVisit"
	b, err := l.book(op)
	if err != nil {
		return Noted{}, err
	}
	if _, err := v.Check(cityDay(l.Clock.Now(), l.App.zone)); err != nil {
		return Noted{}, err
	}
	list, ok := b.Worklist(criterion)
	if !ok || place < 1 || place > len(list) || !hmac.Equal([]byte(b.who(criterion, list[place-1].Person)), []byte(who)) {
		return Noted{}, fault.New(fault.Conflict, op, "somebody else stands at this place of the worklist by now").Do("look at the worklist again; nothing was kept")
	}
	id := list[place-1].Person
	c, _ := b.Library.Criterion(criterion)
	if !takesPressure(c) {
		return Noted{}, fault.New(fault.Missing, op, "the criterion does not read blood pressures")
	}
	out := Noted{Later: v.Day.After(b.AsOf)}
	for _, e := range v.events() {
		added, err := l.App.addEvent(ctx, id, e, b.Library, b.AsOf, officer)
		if err != nil {
			return Noted{}, err
		}
		out.Fresh = out.Fresh || added.Fresh
	}
	if _, err := l.followRecords(ctx); err != nil {
		return Noted{}, err
	}
	l.tell()
	out.Explained, err = l.explained(ctx, b, c, id, officer)
	return out, err
}

func takesPressure(c *library.Criterion) bool {
	return slices.Contains(c.Care.Fields(), "systolic") && slices.Contains(c.Care.Fields(), "diastolic")
}

// cityDay is the day by the calendar of the city, at midnight.
func cityDay(now time.Time, zone *time.Location) time.Time {
	if zone != nil {
		now = now.In(zone)
	}
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
}

// who names a person on the worklist of a criterion to a page: it means nothing
// elsewhere, and nothing after the next run.
func (b *CareBook) who(criterion string, id person.ID) string {
	m := hmac.New(sha256.New, []byte(b.secret))
	_, _ = fmt.Fprintf(m, "%s %d", criterion, id)
	return hex.EncodeToString(m.Sum(nil))
}
