package conversation

import (
	"fmt"
	"time"
)

type step struct {
	c   Case
	v   View
	now time.Time
	r   Rules
	out []Effect
}

func (s *step) do(e ...Effect) { s.out = append(s.out, e...) }

// open reports whether answers still change the case.
func (s *step) open() bool {
	switch s.c.Stage {
	case Silent, ByHand:
		return false
	}
	return s.now.Before(s.c.Deadline)
}

// send queues a message to a party, once per key.
func (s *step) send(party int, k Kind, isReply bool) {
	p := &s.c.Parties[party]
	if p.Phone == "" || p.Stopped && k != StopNote || p.Told >= maxTold {
		return
	}
	n := 0
	switch k {
	case Notice, Reminder:
	case Inquiry:
		p.Inquiries++
		n = p.Inquiries
	default:
		p.Told++
		n = p.Told
	}
	s.do(Send{party, k, p.Language, fmt.Sprintf("%d/%d/%s/%d", s.c.ID, p.Person, k, n), isReply, s.noted(party, k)})
}

// noted is the answer that a message to a party is about.
func (s *step) noted(party int, k Kind) Choice {
	switch {
	case k != ToldOther:
		return s.c.Parties[party].Answer
	case s.c.Stage == Declined:
		return No
	}
	return Yes
}

func (s *step) opened(e Opened) {
	switch {
	case e.Hand != "":
		s.c.Stage = ByHand
		s.do(Queue{ItemByHand, e.Hand})
	case !s.anyPhone():
		s.letter("no mobile number")
	default:
		s.do(Set{NoticeDue, s.r.NoticeAt}, Set{DeadlineDue, s.c.Deadline})
	}
}

// after is a moment of the round's schedule, or, for a case that was opened
// too late for it, some time from now.
func (s *step) after(planned time.Time, wait time.Duration) time.Time {
	if planned.After(s.now) {
		return planned
	}
	return s.now.Add(wait)
}

// letter moves the case to the letter list; the place stays held until the
// deadline.
func (s *step) letter(reason string) {
	s.c.Stage = Letter
	s.do(Clear{}, Write{reason}, Set{DeadlineDue, s.c.Deadline})
}

func (s *step) anyPhone() bool {
	for _, p := range s.c.Parties {
		if p.Phone != "" && p.Reach != Unreachable && !p.Stopped {
			return true
		}
	}
	return false
}

func (s *step) due(t Timer) {
	switch t {
	case NoticeDue:
		if s.c.Stage == Held {
			s.c.Stage = Noticed
			s.toAll(Notice)
			s.do(Set{InquiryDue, s.after(s.r.InquiryAt, s.r.InquiryAt.Sub(s.r.NoticeAt))})
		}
	case InquiryDue:
		if s.c.Stage == Noticed {
			s.c.Stage = Asked
			s.askAll(false)
			s.do(Set{ReminderDue, s.after(s.r.ReminderAt, s.c.Deadline.Sub(s.now)/2)})
		}
	case ReminderDue:
		if s.c.Stage == Asked && !s.c.Reminded {
			s.c.Reminded = true
			s.remind()
		}
	case DeadlineDue:
		s.deadline()
	}
}

// toAll sends one kind of message to every party that can be reached; under
// the policy that only one is asked, to the first.
func (s *step) toAll(k Kind) {
	for i, p := range s.c.Parties {
		if p.Phone == "" || p.Reach == Unreachable || p.Stopped {
			continue
		}
		s.send(i, k, false)
		if s.r.Policy == OneAsked {
			return
		}
	}
}

// askAll puts the question to the parties. A phone with a question about
// another child waits its turn, so that a letter alone has one meaning.
func (s *step) askAll(evenBusy bool) {
	for i, p := range s.c.Parties {
		if p.Phone == "" || p.Reach == Unreachable || p.Stopped || p.asked() {
			continue
		}
		if !evenBusy && s.v.Busy(p.Phone) {
			s.c.Parties[i].Waiting = true
		} else {
			s.ask(i, false)
		}
		if s.r.Policy == OneAsked {
			return
		}
	}
}

func (s *step) ask(party int, isReply bool) {
	p := &s.c.Parties[party]
	p.Waiting = false
	if p.asked() || p.Stopped {
		return
	}
	p.AskedAt = s.now
	s.send(party, Inquiry, isReply)
}

func (s *step) remind() {
	for i, p := range s.c.Parties {
		if p.asked() && p.Answer == NoChoice && p.Reach != Unreachable && !p.Stopped {
			s.send(i, Reminder, false)
		}
	}
	s.askAll(true)
}

func (s *step) deadline() {
	s.do(Clear{})
	switch s.c.Stage {
	case Accepted, ByHand, Conflict:
		return
	case Declined:
		s.release()
		return
	}
	s.c.Stage = Silent
	s.release()
	s.do(Queue{ItemSilent, "the deadline passed without an answer"})
	for _, p := range s.c.Parties {
		if p.asked() {
			s.do(FreePhone{p.Phone})
		}
	}
}

func (s *step) release() {
	if !s.c.Released {
		s.c.Released = true
		s.do(Release{})
	}
}

// reported notes whether a party is reached. When nobody can be, the case goes
// to the letter list.
func (s *step) reported(e Reported) {
	p := &s.c.Parties[e.Party]
	if e.Delivered {
		p.Reach = Reached
		return
	}
	if e.Kind != Notice && e.Kind != Inquiry || p.Reach == Reached && e.Kind == Notice {
		return
	}
	p.Reach, p.Waiting = Unreachable, false
	if p.asked() {
		s.do(FreePhone{p.Phone})
	}
	if s.anyPhone() {
		if s.r.Policy == OneAsked && s.c.Stage == Asked {
			s.askAll(false)
		}
		return
	}
	switch s.c.Stage {
	case Held, Noticed, Asked:
		s.letter("the text message did not get through")
	}
}
