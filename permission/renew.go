package permission

import (
	"slices"
	"time"

	"ennakko/fault"
)

// RenewDays is how many days before its end a permission is asked for anew, where
// the agreement says nothing; at most half of its time.
const RenewDays = 30

// Renews is how long before its end a permission may be given anew, at most: shorter
// if that is more than half of its time and the agreement says nothing.
func (a Agreement) Renews() Period {
	if r := a.spec.Renew; !r.IsZero() {
		return r
	}
	return Period{Days: RenewDays}
}

// renewsFrom is the moment from which what was given may be given anew.
func (w Answer) renewsFrom(a Agreement) time.Time {
	from := a.Renews().Before(w.Until)
	if !a.spec.Renew.IsZero() {
		return from
	}
	if half := w.Until.Add(-w.Until.Sub(w.Gave[0].At) / 2); half.After(from) {
		return half
	}
	return from
}

// Remembered reports whether what was given is over, or would be, and the person
// has said that they will not give it anew: nobody asks again under this version.
func (w Answer) Remembered(at time.Time) bool {
	return !w.Declined.IsZero() && (w.State == Expired || w.lapsed(at))
}

// Renewable reports whether the permission stands on paper and its time is so
// nearly over that it may be given anew. The agreement is that of the current
// answer. Where a newer version was asked about, the answer is given under that.
func (p Permission) Renewable(at time.Time, a Agreement) bool {
	i := p.standing()
	if i < 0 || i != len(p.answers)-1 {
		return false
	}
	w := p.answers[i]
	return a.Hash() == w.Hash && !w.lapsed(at) && !at.Before(w.renewsFrom(a))
}

// RenewsFrom is when the current answer may be given anew; zero if it does not
// stand on paper or was given under another text.
func (p Permission) RenewsFrom(a Agreement) time.Time {
	w := p.Current()
	if w.State != Standing || a.Hash() != w.Hash {
		return time.Time{}
	}
	return w.renewsFrom(a)
}

// Reminding is the step by which the program asks anew before the time of a
// permission is over; ok is false when it is not to: too early, asked already, or
// it does not stand.
func (p Permission) Reminding(at time.Time, a Agreement, now Relations) (e Event, ok bool) {
	w := p.Current()
	if !p.Renewable(at, a) || !w.Reminded.IsZero() || !w.Declined.IsZero() {
		return Event{}, false
	}
	if stands, _ := p.Stands(at, a, now); !stands {
		return Event{}, false
	}
	return Step(Remind, a, 0, at), true
}

// renewing finds the answer that is to be given anew. Early is true when it stands
// and its time is not nearly over.
func (p *Permission) renewing(e Event, a Agreement) (w *Answer, early bool, err error) {
	if w, err = p.newest(e); err != nil {
		return nil, false, err
	}
	if w.State != Standing || w.lapsed(e.At) {
		return nil, false, p.no(fault.Conflict, e, "nothing stands that could be given anew").Do("show the agreement, and ask as for the first time")
	}
	return w, e.At.Before(w.renewsFrom(a)), nil
}

func tooEarly(p *Permission, e Event) error {
	return p.no(fault.Conflict, e, "the time of the permission is not nearly over").Do("wait until it may be given anew")
}

// remind asks anew, once.
func (p *Permission) remind(e Event, a Agreement) (bool, error) {
	w, early, err := p.renewing(e, a)
	switch {
	case err != nil:
		return false, err
	case !w.Reminded.IsZero() || !w.Declined.IsZero():
		return false, nil
	case early:
		return false, tooEarly(p, e)
	}
	w.Reminded = e.At
	return true, nil
}

// renew gives it anew: it lasts as long as when it was given, counted from now. Where
// several must sign, what was given before stands until all have.
func (p *Permission) renew(e Event, a Agreement) (bool, error) {
	w, early, err := p.renewing(e, a)
	switch {
	case err != nil:
		return false, err
	case early && w.gave(e.By):
		return false, nil // it was given anew already
	case early:
		return false, tooEarly(p, e)
	case signed(w.Again, e.By) && !enough(a.Signers(), w.Again, e.Signers):
		return false, nil
	}
	w.Again = slices.DeleteFunc(w.Again, func(s Signature) bool { return !slices.Contains(e.Signers, s.By) })
	if !signed(w.Again, e.By) {
		w.Again = append(w.Again, Signature{e.By, e.At})
	}
	w.Declined = time.Time{}
	if enough(a.Signers(), w.Again, e.Signers) {
		w.Gave, w.Again, w.Reminded = w.Again, nil, time.Time{}
		w.At, w.Way, w.Until = e.At, WayPermit, a.Lasts().After(w.Gave[0].At)
	}
	return true, nil
}

// decline remembers that it will not be given anew. It stands until its time is over.
func (p *Permission) decline(e Event, a Agreement) (bool, error) {
	w, early, err := p.renewing(e, a)
	switch {
	case err != nil:
		return false, err
	case early:
		return false, tooEarly(p, e)
	case !w.Declined.IsZero():
		return false, nil
	}
	w.Declined, w.Again = e.At, nil
	return true, nil
}
