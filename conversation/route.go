package conversation

import (
	"time"

	"ennakko/reply"
)

// Candidate is a case in which a phone belongs to a party.
type Candidate struct {
	Case  Case
	Party int
}

func (c Candidate) party() Party { return c.Case.Parties[c.Party] }

// openQuestion reports whether the party was asked and has yet to answer.
func (c Candidate) openQuestion(now time.Time) bool {
	p := c.party()
	return p.asked() && p.Answer == NoChoice && c.Case.Stage != Silent && now.Before(c.Case.Deadline)
}

// reading is the least time in which a question can go out, be read and be
// answered. What was written sooner is about something else.
const reading = 10 * time.Second

// couldAnswer reports whether a text that was written at a moment can be the
// answer to the party's open question.
func (c Candidate) couldAnswer(written time.Time) bool {
	return c.openQuestion(written) && !written.Before(c.party().AskedAt.Add(reading))
}

// Menu is the language of the last inquiry that the phone was sent, and so
// what C and D mean.
func Menu(on []Candidate) reply.Menu {
	best := 0
	for i, c := range on {
		if c.party().AskedAt.After(on[best].party().AskedAt) {
			best = i
		}
	}
	return reply.Menu(on[best].party().Language)
}

// ChildNames are the given names of the children whom the phone is asked about.
func ChildNames(on []Candidate) []string {
	names := make([]string, len(on))
	for i, c := range on {
		names[i] = c.Case.childName
	}
	return names
}

// Route says which of the phone's cases an answer is about. ok is false when a
// yes or no could be about more than one child: then the phone is asked which.
// A letter sent twice, when the question about the next child has just gone
// out, is about the child before. On must not be empty; written is when the
// answer left the phone.
func Route(on []Candidate, a reply.Answer, written time.Time) (index int, ok bool) {
	if a.Child != "" {
		for i, c := range on {
			if c.Case.childName == a.Child {
				return i, true
			}
		}
	}
	latest, asking, nAsking := 0, 0, 0
	settled, nTooSoon := 0, 0
	for i, c := range on {
		if c.party().AskedAt.After(on[latest].party().AskedAt) {
			latest = i
		}
		if c.party().AnswerAt.After(on[settled].party().AnswerAt) {
			settled = i
		}
		switch {
		case c.couldAnswer(written):
			asking, nAsking = i, nAsking+1
		case c.openQuestion(written):
			nTooSoon++
		}
	}
	switch {
	case len(on) == 1:
		return 0, true
	case nAsking == 1:
		return asking, true
	case nAsking == 0 && nTooSoon > 0 && !on[settled].party().AnswerAt.IsZero():
		return settled, true
	case a.Meaning != reply.Accept && a.Meaning != reply.Decline:
		return latest, true
	}
	return 0, false
}

// Asking reports whether a question of another case than except is open on
// the phone.
func Asking(on []Candidate, except CaseID, now time.Time) bool {
	for _, c := range on {
		if c.Case.ID != except && c.openQuestion(now) {
			return true
		}
	}
	return false
}
