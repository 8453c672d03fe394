package permission

import (
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// ask shows the agreement of a version: a new one, or the same again after its
// time was over or its cause came back.
func (p *Permission) ask(e Event) (bool, error) {
	i := p.find(e.Version)
	if i < 0 {
		if n := len(p.answers); n > 0 && p.answers[n-1].Version > e.Version {
			return false, p.no(fault.Conflict, e, "a newer version was asked about already").Do("use the newest version")
		}
		if dead(p.answers) {
			return false, p.no(fault.Conflict, e, "the permission ended for good")
		}
		for j := range p.answers { // what is half said under an older text comes to nothing
			if w := &p.answers[j]; w.State == Asked || w.State == Partly {
				w.State, w.Cause, w.At = Ended, CauseAgreement, e.At
			}
		}
		p.answers = append(p.answers, Answer{Version: e.Version, Hash: e.Hash, State: Asked, At: e.At})
		return true, nil
	}
	w := &p.answers[i]
	switch {
	case i != len(p.answers)-1:
		return false, p.no(fault.Conflict, e, "a newer version was asked about already").Do("use the newest version")
	case w.Remembered(e.At):
	case w.lapsed(e.At), w.State == Expired, w.State == Ended && !w.Cause.final():
		*w = Answer{Version: e.Version, Hash: e.Hash, State: Asked, At: e.At}
		return true, nil
	case w.State == Asked, w.State == Partly, w.State == Standing:
		return false, nil
	case w.State == Ended:
		return false, p.no(fault.Conflict, e, "the permission ended for good")
	}
	return false, p.no(fault.Conflict, e, "the person has said no under this version").Do("nobody is asked twice; they may still give it of their own will")
}

// dead reports whether a death ended the permission: then nothing follows.
func dead(all []Answer) bool {
	return slices.ContainsFunc(all, func(w Answer) bool { return w.State == Ended && w.Cause == CauseDeath })
}

// newest finds the answer under the event's version, which must be the newest.
func (p *Permission) newest(e Event) (*Answer, error) {
	i := p.find(e.Version)
	switch {
	case i < 0:
		return nil, p.no(fault.Conflict, e, "nobody was asked under this version").Do("show the agreement first")
	case i != len(p.answers)-1:
		return nil, p.no(fault.Conflict, e, "the agreement has changed since").Do("show the newest version, and ask again")
	case p.answers[i].Hash != e.Hash:
		return nil, p.no(fault.Tampered, e, "the agreement is not the one that was asked about")
	}
	return &p.answers[i], nil
}

func (p *Permission) give(e Event, a Agreement) (bool, error) {
	w, err := p.newest(e)
	if err != nil {
		return false, err
	}
	switch {
	case w.State == Ended:
		return false, p.no(fault.Conflict, e, "the permission has ended").Do("ask anew, if it did not end for good")
	case w.lapsed(e.At), w.State == Refused, w.State == Withdrawn, w.State == Expired:
		w.Gave, w.Reminded, w.Declined, w.Again = nil, time.Time{}, time.Time{}, nil
	case w.gave(e.By) && (w.State == Standing || !enough(a.Signers(), w.Gave, e.Signers)):
		return false, nil
	}
	// Only what those say who have a say now counts. The first signature's time
	// is everyone's: none counts longer than it lasts.
	w.Gave = slices.DeleteFunc(w.Gave, func(s Signature) bool { return !slices.Contains(e.Signers, s.By) })
	if !w.gave(e.By) {
		w.Gave = append(w.Gave, Signature{e.By, e.At})
	}
	w.At, w.Way, w.Cause = e.At, WayPermit, ""
	w.Until = a.Lasts().After(w.Gave[0].At)
	w.State = Partly
	if enough(a.Signers(), w.Gave, e.Signers) {
		w.State = Standing
		p.replace(w.Version, e.At)
	}
	return true, nil
}

// replace ends what stood under older texts.
func (p *Permission) replace(by int, at time.Time) {
	for j := range p.answers {
		if w := &p.answers[j]; w.Version < by && w.State == Standing {
			w.State, w.Cause, w.At = Ended, CauseAgreement, at
		}
	}
}

// enough reports whether those who must sign have signed. A signature of who
// has no say any more is none; without anybody who has a say nothing is given.
func enough(s Signers, gave []Signature, signers []person.ID) bool {
	n := 0
	for _, id := range signers {
		if slices.ContainsFunc(gave, func(g Signature) bool { return g.By == id }) {
			n++
		}
	}
	switch s {
	case Self, OneGuardian:
		return n > 0
	case AllGuardians:
		return n > 0 && n == len(signers)
	}
	return false
}

func (p *Permission) refuse(e Event) (bool, error) {
	w, err := p.newest(e)
	if err != nil {
		return false, err
	}
	switch {
	case w.State == Ended:
		return false, p.no(fault.Conflict, e, "the permission has ended")
	case w.State == Standing && !w.lapsed(e.At):
		return false, p.no(fault.Conflict, e, "the permission was given").Do("take it back instead")
	case w.State == Refused && w.Way == e.Way, w.State == Withdrawn && e.Way == "":
		return false, nil
	}
	*w = Answer{Version: w.Version, Hash: w.Hash, State: Refused, At: e.At, Way: e.Way}
	return true, nil
}

// withdraw takes back all that was given and all that is still asked, under
// every version, so that nothing of it comes to stand later.
func (p *Permission) withdraw(e Event) (bool, error) {
	took, before := false, false
	for j := range p.answers {
		w := &p.answers[j]
		took = took || w.State == Standing || w.State == Partly
		before = before || w.State == Withdrawn
	}
	switch {
	case !took && before:
		return false, nil
	case !took:
		return false, p.no(fault.Conflict, e, "nothing is given that could be taken back")
	}
	for j := range p.answers {
		if w := &p.answers[j]; w.State == Standing || w.State == Partly || w.State == Asked {
			w.State, w.At = Withdrawn, e.At
		}
	}
	return true, nil
}

func (p *Permission) expire(e Event) (bool, error) {
	i := p.find(e.Version)
	if i < 0 {
		return false, p.no(fault.Conflict, e, "nothing was given under this version")
	}
	w := &p.answers[i]
	switch w.State {
	case Standing, Partly:
		if !w.lapsed(e.At) {
			return false, p.no(fault.Conflict, e, "the permission has not expired yet")
		}
		w.State, w.At = Expired, e.At
		return true, nil
	case Asked, Refused, Unasked:
		return false, p.no(fault.Conflict, e, "nothing was given under this version")
	case Withdrawn, Expired, Ended: // it is over already
	}
	return false, nil
}

// end ends all that is asked and given. What was refused or taken back stays
// so: it is remembered.
func (p *Permission) end(e Event) (bool, error) {
	if p.find(e.Version) < 0 {
		return false, p.no(fault.Conflict, e, "nobody was asked under this version")
	}
	changed := false
	for j := range p.answers {
		w := &p.answers[j]
		if e.Cause == CauseAgreement && w.Version != e.Version {
			continue
		}
		if w.State == Asked || w.State == Partly || w.State == Standing {
			w.State, w.Cause, w.At = Ended, e.Cause, e.At
			changed = true
		}
	}
	return changed, nil
}
