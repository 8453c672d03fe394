package oversight

import (
	"cmp"
	"slices"
	"time"
)

// Use is the use of data for one purpose over time.
type Use struct {
	Purpose string
	Days    []Day // oldest first, those without an entry left out
	Total   Day   // of all days; its Day is the newest
}

// Uses is the use of data by purpose, the most read first.
func (b *Book) Uses() []Use {
	by := map[string]*Use{}
	for k, d := range b.days {
		if by[k.purpose] == nil {
			by[k.purpose] = &Use{Purpose: k.purpose}
		}
		u := by[k.purpose]
		u.Days = append(u.Days, d)
		u.Total.Readings += d.Readings
		u.Total.People += d.People
		u.Total.Entries += d.Entries
		if d.Day.After(u.Total.Day) {
			u.Total.Day = d.Day
		}
	}
	out := make([]Use, 0, len(by))
	for _, u := range by {
		slices.SortFunc(u.Days, func(a, b Day) int { return a.Day.Compare(b.Day) })
		out = append(out, *u)
	}
	slices.SortFunc(out, func(a, b Use) int {
		return cmp.Or(b.Total.Readings-a.Total.Readings, b.Total.Entries-a.Total.Entries, cmp.Compare(a.Purpose, b.Purpose))
	})
	return out
}

// Last are the last n days up to that of a moment in the city's time, each of them,
// also those without an entry.
func (u Use) Last(n int, upTo time.Time) []Day { return u.steps(n, dayOf(upTo), 1) }

func dayOf(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Weeks are the last n weeks, from Monday, up to that of a moment in the city's time.
func (u Use) Weeks(n int, upTo time.Time) []Day {
	day := dayOf(upTo)
	return u.steps(n, day.AddDate(0, 0, -(int(day.Weekday())+6)%7), 7)
}

// steps are n spans of some days, the last of which begins on a day.
func (u Use) steps(n int, begins time.Time, days int) []Day {
	out := make([]Day, n)
	for i := range out {
		out[i].Day = begins.AddDate(0, 0, -days*(n-1-i))
	}
	for _, d := range u.Days {
		if i := int(d.Day.Sub(out[0].Day).Hours()/24) / days; !d.Day.Before(out[0].Day) && i < n {
			out[i].Readings += d.Readings
			out[i].People += d.People
			out[i].Entries += d.Entries
		}
	}
	return out
}

// Due is the day by which the law wants an answer: one month after the request
// came, and the last day of the month where it has no such day. A day off is not
// waited for: the law would allow the next working day.
//
// Source: GDPR article 12(3); Regulation (EEC, Euratom) No 1182/71, article 3.
func Due(came time.Time) time.Time {
	y, m, d := came.Date()
	last := time.Date(y, m+2, 0, 0, 0, 0, 0, came.Location()).Day()
	h, n, s := came.Clock()
	return time.Date(y, m+1, min(d, last), h, n, s, came.Nanosecond(), came.Location())
}

// DaysLeft is how many days there are from one day to another; less than 0: it is past.
func DaysLeft(now, due time.Time) int {
	return int(dayOf(due.In(now.Location())).Sub(dayOf(now)).Hours() / 24)
}
