package service

import "time"

// Keep says how long a service keeps what it made. The zero value keeps for ever.
type Keep struct {
	peopleUntil time.Time
	recordYears int
}

// Keep is how long the service keeps what it made.
func (p *Pack) Keep() Keep { return p.keep }

// RoundDue reports whether people must be taken out of the service's closed
// rounds.
func (k Keep) RoundDue(now time.Time) bool {
	return !k.peopleUntil.IsZero() && !now.Before(k.peopleUntil)
}

// RecordBefore is the moment before which entries of the record lose their
// content; zero: none do.
func (k Keep) RecordBefore(now time.Time) time.Time {
	if k.recordYears == 0 {
		return time.Time{}
	}
	return now.AddDate(-k.recordYears, 0, 0)
}
