package permission

import (
	"slices"
	"time"

	"ennakko/person"
)

// Relations is what the registers say at this moment.
type Relations interface {
	Alive(id person.ID) bool
	// Lives reports whether the person lives in the city.
	Lives(id person.ID) bool
	// Signers is who has a say now over the data of subject in the matter of
	// about (0: their own): for Self the person alone, and nobody if they have
	// nothing to do with the matter any more.
	Signers(subject, about person.ID) []person.ID
}

// Stands reports whether data may be used under the permission at the moment,
// and if not, why. It is asked at each use: everyone's say, life and residence
// are looked at again. The agreement is the one that the current answer was
// given under.
func (p Permission) Stands(at time.Time, a Agreement, now Relations) (bool, Why) {
	w := p.Current()
	if why := notGiven(w); why != "" {
		return false, why
	}
	switch {
	case a.IsZero() || now == nil:
		return false, WhyGap
	case a.Purpose() != p.purpose || a.Version() != w.Version || a.Hash() != w.Hash:
		return false, WhyOtherText
	case at.Add(Skew).Before(w.Gave[len(w.Gave)-1].At):
		return false, WhyClock
	case !at.Before(w.Until):
		return false, WhyExpired
	case !now.Alive(p.subject) || !now.Alive(p.Matter()):
		return false, WhyDeath
	case a.Needs(Residence) && !now.Lives(p.Matter()):
		return false, WhyMoved
	}
	signers := now.Signers(p.subject, p.about)
	if !enough(a.Signers(), w.Gave, signers) {
		if p.anySigned(w, signers) {
			return false, WhyPartly
		}
		return false, WhyGuardianship
	}
	return true, ""
}

func (p Permission) anySigned(w Answer, signers []person.ID) bool {
	return slices.ContainsFunc(signers, func(id person.ID) bool { return w.gave(id) })
}

// notGiven says why an answer is not even on paper a permission.
func notGiven(w Answer) Why {
	switch w.State {
	case Standing:
		return ""
	case Asked:
		return WhyUnanswered
	case Partly:
		return WhyPartly
	case Refused:
		return WhyRefused
	case Withdrawn:
		return WhyWithdrawn
	case Expired:
		return WhyExpired
	case Ended:
		switch w.Cause {
		case CauseGuardianship:
			return WhyGuardianship
		case CauseMoved:
			return WhyMoved
		case CauseDeath:
			return WhyDeath
		case CausePurpose:
			return WhyPurpose
		case CauseAgreement:
			return WhyAgreement
		}
	case Unasked:
	}
	return WhyUnasked
}

// Due is the step that the program owes the permission at a moment: an end by
// its cause, or its expiry. Ok is false when nothing is due. The agreement is
// that of the current answer.
func (p Permission) Due(at time.Time, a Agreement, now Relations) (e Event, ok bool) {
	w := p.Current()
	open := w.State == Asked || w.State == Partly || w.State == Standing
	if !open || a.IsZero() || now == nil || a.Hash() != w.Hash {
		return Event{}, false
	}
	end := func(c Cause) (Event, bool) { return Step(End, a, 0, at).For(c), true }
	switch {
	case !now.Alive(p.subject) || !now.Alive(p.Matter()):
		return end(CauseDeath)
	case a.Needs(Residence) && !now.Lives(p.Matter()):
		return end(CauseMoved)
	case w.lapsed(at):
		return Step(Expire, a, 0, at), true
	}
	signers := now.Signers(p.subject, p.about)
	if len(signers) == 0 || w.State == Standing && !p.anySigned(w, signers) {
		return end(CauseGuardianship)
	}
	return Event{}, false
}
