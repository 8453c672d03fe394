package permission

import (
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// Permission is one person's permission for one purpose, with its whole life.
// It is a value: Apply gives the next one, and nothing else changes it.
//
// Each version of the agreement has its own answer. While a new version is
// asked about, what was given under the old one stands under the old text,
// until it expires, is taken back, or the new one stands.
type Permission struct {
	_       [0]func()
	id      int64
	subject person.ID
	about   person.ID
	purpose string
	answers []Answer // by version, rising
	events  []Event
}

// New is a permission that nobody was asked for yet. Subject is whose data it
// is; about is the child in whose matter it is used, 0 if there is none.
func New(id int64, subject, about person.ID, purpose string) (Permission, error) {
	if !subject.Known() || about != 0 && !about.Known() || purpose == "" || id < 0 {
		return Permission{}, fault.New(fault.Invalid, "permission.New", "a permission needs a person and a purpose")
	}
	return Permission{id: id, subject: subject, about: about, purpose: purpose}, nil
}

// Restore tells a life again from its events. Agreement finds the text of a
// version. A life that could not have been is a fault of kind Tampered.
func Restore(id int64, subject, about person.ID, purpose string, events []Event, agreement func(version int) (Agreement, error)) (Permission, error) {
	const op = "permission.Restore"
	p, err := New(id, subject, about, purpose)
	if err != nil {
		return Permission{}, err
	}
	for i, e := range events {
		a, err := agreement(e.Version)
		if err != nil {
			return Permission{}, fault.Wrap(err, op, "version %d of the agreement for %q is not there", e.Version, purpose)
		}
		next, err := p.Apply(e, a, e.Signers)
		if err == nil && len(next.events) != i+1 {
			err = fault.New(fault.Tampered, op, "the event changes nothing")
		}
		if err != nil {
			return Permission{}, fault.New(fault.Tampered, op, "the stored life of a permission does not hold together").Where("permission %d, event %d", id, i+1).Because(err)
		}
		p = next
	}
	return p, nil
}

// Numbered returns the permission with its number, which is given once.
func (p Permission) Numbered(id int64) (Permission, error) {
	if p.id != 0 || id <= 0 || p.purpose == "" {
		return Permission{}, fault.New(fault.Invalid, "permission.Numbered", "a permission is numbered once, from 1")
	}
	p.id = id
	return p, nil
}

// ID is the permission's number in the records; 0 before it was kept.
func (p Permission) ID() int64 { return p.id }

// Subject is whose data it is.
func (p Permission) Subject() person.ID { return p.subject }

// About is the child in whose matter the data is used, 0 if there is none.
func (p Permission) About() person.ID { return p.about }

// Matter is the person in whose matter the data is used: the child, or else
// the person whose data it is.
func (p Permission) Matter() person.ID {
	if p.about != 0 {
		return p.about
	}
	return p.subject
}

// Purpose is the id of the purpose.
func (p Permission) Purpose() string { return p.purpose }

// Events is a copy of what happened, oldest first.
func (p Permission) Events() []Event {
	out := slices.Clone(p.events)
	for i := range out {
		out[i].Signers = slices.Clone(out[i].Signers)
	}
	return out
}

// Answers is a copy of what became of each version, oldest version first.
func (p Permission) Answers() []Answer {
	out := slices.Clone(p.answers)
	for i := range out {
		out[i].Gave, out[i].Again = slices.Clone(out[i].Gave), slices.Clone(out[i].Again)
	}
	return out
}

// Current is the answer that counts: the one that was given and stands under
// its text, or else the newest. Whether it may be used is for Stands to say.
func (p Permission) Current() Answer {
	if i := p.standing(); i >= 0 {
		return p.Answers()[i]
	}
	if n := len(p.answers); n > 0 {
		return p.Answers()[n-1]
	}
	return Answer{}
}

// State is the state of the current answer.
func (p Permission) State() State { return p.Current().State }

// Version is the version of the agreement of the current answer.
func (p Permission) Version() int { return p.Current().Version }

// Of is the state under one version of the agreement: Unasked if the person was
// never asked under it.
func (p Permission) Of(version int) State {
	if i := p.find(version); i >= 0 {
		return p.answers[i].State
	}
	return Unasked
}

func (p Permission) standing() int {
	return slices.IndexFunc(p.answers, func(w Answer) bool { return w.State == Standing })
}

func (p Permission) find(version int) int {
	return slices.IndexFunc(p.answers, func(w Answer) bool { return w.Version == version })
}

// Apply gives the permission after an event. Signers is who has a say at that
// moment: for Self the person alone.
//
// What is said twice is said once: giving again by who has given, refusing
// again the same way, withdrawing what is withdrawn, asking anew or giving anew
// what was given anew change nothing, and the same permission comes back. An event from before the newest one is refused,
// unless the clocks stand apart by at most Skew: then it counts as of the
// newest. A withdrawal is never refused for its clock.
//
// What cannot be is a fault: Refused for who has no say, Conflict for what the
// state or the version of the agreement does not allow, Invalid for an event
// that is not whole.
func (p Permission) Apply(e Event, a Agreement, signers []person.ID) (Permission, error) {
	if err := p.whole(e, a); err != nil {
		return Permission{}, err
	}
	e, err := p.timed(e, a)
	if err != nil {
		return Permission{}, err
	}
	e.Signers = slices.Clone(signers)
	slices.Sort(e.Signers)
	e.Signers = slices.Compact(e.Signers)
	if err := p.say(e); err != nil {
		return Permission{}, err
	}
	next := p
	next.answers = p.Answers()
	var changed bool
	switch e.Kind {
	case Ask:
		changed, err = next.ask(e)
	case Give:
		changed, err = next.give(e, a)
	case Refuse:
		changed, err = next.refuse(e)
	case Withdraw:
		changed, err = next.withdraw(e)
	case Expire:
		changed, err = next.expire(e)
	case End:
		changed, err = next.end(e)
	case Remind:
		changed, err = next.remind(e, a)
	case Renew:
		changed, err = next.renew(e, a)
	case Decline:
		changed, err = next.decline(e, a)
	}
	if err != nil {
		return Permission{}, err
	}
	if !changed {
		return p, nil
	}
	next.events = append(p.Events(), e)
	return next, nil
}

const opApply = "permission.Apply"

// no makes a fault that says where in the life it happened.
func (p Permission) no(kind fault.Kind, e Event, format string, args ...any) *fault.Error {
	return fault.New(kind, opApply, format, args...).Where("permission %d, %s under version %d", p.id, e.Kind, e.Version)
}

// whole checks that the event belongs to the permission and the agreement.
func (p Permission) whole(e Event, a Agreement) error {
	known := slices.ContainsFunc(a.spec.Ways, func(w Way) bool { return w.ID == e.Way })
	switch {
	case p.purpose == "":
		return p.no(fault.Invalid, e, "there is no permission").Do("begin with permission.New")
	case a.IsZero():
		return p.no(fault.Missing, e, "there is no agreement").Do("give the agreement of the event's version")
	case e.Kind < Ask || e.Kind > Decline || e.At.IsZero():
		return p.no(fault.Invalid, e, "the event has no kind or no time")
	case a.Purpose() != p.purpose:
		return p.no(fault.Invalid, e, "the agreement is for %q, the permission for %q", a.Purpose(), p.purpose)
	case e.Version != a.Version() || e.Hash != a.Hash():
		return p.no(fault.Conflict, e, "the text that was shown is not that of the agreement").Do("show the agreement as it is now, and ask again")
	case (e.Kind == End) != (e.Cause != "") || e.Cause != "" && !e.Cause.known():
		return p.no(fault.Invalid, e, "an end has one of the known causes, and nothing else has one")
	case e.Way != "" && (e.Kind != Give && e.Kind != Refuse || !known || (e.Way == WayPermit) != (e.Kind == Give)):
		return p.no(fault.Invalid, e, "the agreement does not name this way for this step")
	}
	return nil
}

// timed sets the event's time right, or refuses it.
func (p Permission) timed(e Event, a Agreement) (Event, error) {
	e.At = e.At.UTC().Truncate(time.Microsecond) // as finely as it is kept
	if n := len(p.events); n > 0 && e.At.Before(p.events[n-1].At) {
		newest := p.events[n-1].At
		if e.Kind != Withdraw && newest.Sub(e.At) > Skew {
			return e, p.no(fault.Conflict, e, "something happened after this already").Do("set the clocks of the machines right; they may stand apart by %s", Skew)
		}
		e.At = newest
	}
	if (e.Kind == Ask || e.Kind == Give) && e.At.Add(Skew).Before(a.From()) {
		return e, p.no(fault.Conflict, e, "the agreement is not in force yet").Do("use the version in force")
	}
	return e, nil
}

// say checks that who does it may do it.
func (p Permission) say(e Event) error {
	mine := slices.Contains(e.Signers, e.By)
	switch e.Kind {
	case Expire, End, Remind:
		if e.By != 0 {
			return p.no(fault.Refused, e, "only the program does this")
		}
		if e.Kind == Remind && len(e.Signers) == 0 {
			return p.no(fault.Refused, e, "nobody who has a say in the matter would be asked")
		}
	case Ask:
		if len(e.Signers) == 0 || e.By != 0 && !mine {
			return p.no(fault.Refused, e, "nobody who has a say in the matter would be asked")
		}
	case Withdraw: // the person whose data it is, and who gave it, may always take it back
		gave := slices.ContainsFunc(p.answers, func(w Answer) bool { return w.gave(e.By) })
		if e.By == 0 || !mine && !gave && e.By != p.subject {
			return p.no(fault.Refused, e, "this person has no say in the matter")
		}
	case Give, Refuse, Renew, Decline:
		if e.By == 0 || !mine {
			return p.no(fault.Refused, e, "this person has no say in the matter").Do("only who has a say at this moment may answer")
		}
	}
	return nil
}

// lapsed reports whether the time of what was given is over at a moment.
func (w Answer) lapsed(at time.Time) bool {
	return (w.State == Standing || w.State == Partly) && !at.Before(w.Until)
}
