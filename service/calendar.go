package service

import (
	"fmt"
	"slices"
	"time"

	"ennakko/person"
	"ennakko/strictyaml"
)

// Calendar is how a unit's hours are laid out for a service whose places are
// appointments: on which weekdays and at which times of day, and how many people at
// once.
type Calendar struct {
	notice   int // days after the deadline before the first
	weekdays []time.Weekday
	from, to time.Duration // since midnight
	every    time.Duration
	atOnce   int
	schedule *Schedule
}

// Moment is one time that can be given to one person; Seat, from 1, tells those at
// the same time apart.
type Moment struct {
	At   time.Time
	Seat int
}

// farthest is how many days a calendar looks ahead.
const farthest = 400

// Moments are the first n free moments of a unit after the deadline of a round, in
// their order. Taken says which are given out already. There may be fewer than n.
func (c Calendar) Moments(deadline time.Time, n int, taken func(Moment) bool) []Moment {
	var out []Moment
	for day := 1 + c.notice; day <= farthest && len(out) < n; day++ {
		at := c.schedule.midnight(deadline.In(c.schedule.zone), day)
		if !slices.Contains(c.weekdays, at.Weekday()) || PublicHoliday(at) {
			continue
		}
		for since := c.from; since+c.every <= c.to && len(out) < n; since += c.every {
			for seat := 1; seat <= c.atOnce && len(out) < n; seat++ {
				if m := (Moment{c.schedule.clock(at, since).UTC(), seat}); !taken(m) {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// Calendar is how appointments are laid out; ok is false when places have no time.
func (p *Pack) Calendar() (c Calendar, ok bool) {
	if p.calendar == nil {
		return Calendar{}, false
	}
	return *p.calendar, true
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// appointments reads how a unit's hours are laid out.
func (r *reading) appointments(x strictyaml.Node) {
	if !x.There() {
		return
	}
	const most = 12 * time.Hour
	k := x.Keys("days_after_deadline", "weekdays", "from", "to", "every", "at_once")
	c := &Calendar{notice: k["days_after_deadline"].Whole(0, 90), from: k["from"].Clock(), to: k["to"].Clock(), every: k["every"].Lasting(most),
		atOnce: k["at_once"].Whole(1, 100), schedule: &r.pack.schedule}
	for _, e := range k["weekdays"].List() {
		if i := slices.Index(weekdays, e.OneOf(weekdays...)); i >= 0 {
			c.weekdays = append(c.weekdays, time.Weekday(i))
		}
	}
	if c.every > 0 && c.from+c.every > c.to {
		k["to"].Bad(`such as from "08:30" to "15:30"`, "no appointment fits between from and to")
	}
	if c.every > 0 {
		r.pack.calendar = c
	}
}

// noTime stands where an appointment has no time: its place was given back.
var noTime = map[person.Language]string{person.Finnish: "sovitaan puhelimessa", person.Swedish: "bestäms per telefon", person.English: "to be agreed by telephone"}

// When writes the day and time of an appointment, which must be in the time zone of
// the service, in the form of a language.
func When(t time.Time, l person.Language) string {
	if t.IsZero() {
		return noTime[l]
	}
	switch l {
	case person.Swedish:
		return fmt.Sprintf("%s %s kl. %d.%02d", []string{"sön", "mån", "tis", "ons", "tors", "fre", "lör"}[t.Weekday()], Day(t, l), t.Hour(), t.Minute())
	case person.English:
		return t.Format("Mon ") + Day(t, l) + t.Format(" at 15:04")
	}
	return fmt.Sprintf("%s %s klo %d.%02d", []string{"su", "ma", "ti", "ke", "to", "pe", "la"}[t.Weekday()], Day(t, l), t.Hour(), t.Minute())
}
