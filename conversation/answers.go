package conversation

import (
	"ennakko/person"
	"ennakko/reply"
)

// answered handles a reply of a party, whenever it comes and whatever it says.
func (s *step) answered(e Answered) {
	p := &s.c.Parties[e.Party]
	if !e.Online {
		p.Reach = Reached
	}
	if e.Answer.Meaning == reply.Stop {
		s.stopped(e.Party)
		return
	}
	if !s.open() {
		s.late(e)
		return
	}
	switch e.Answer.Meaning {
	case reply.ToFinnish:
		s.language(e.Party, person.Finnish)
	case reply.ToSwedish:
		s.language(e.Party, person.Swedish)
	case reply.ToEnglish:
		s.language(e.Party, person.English)
	case reply.Accept:
		s.choose(e, Yes)
	case reply.Decline:
		s.choose(e, No)
	default:
		s.unclear(e.Party)
	}
}

func (s *step) stopped(party int) {
	p := &s.c.Parties[party]
	if p.Stopped {
		return
	}
	p.Stopped, p.Waiting = true, false
	s.send(party, StopNote, true)
	s.do(Queue{ItemStop, "the guardian does not want text messages"}, FreePhone{p.Phone})
}

// late answers are kept and go before an officer; the place has gone.
func (s *step) late(e Answered) {
	if s.c.Stage == ByHand {
		reason := "an answer came by text message"
		if e.Online {
			reason = "an answer came on the city's pages"
		}
		s.do(Queue{ItemByHand, reason})
		return
	}
	s.send(e.Party, TooLate, true)
	reason := "an answer came after the deadline"
	switch e.Answer.Meaning {
	case reply.Accept:
		reason = "an acceptance came after the deadline"
	case reply.Decline:
		reason = "a refusal came after the deadline"
	}
	s.do(Queue{ItemLate, reason})
}

func (s *step) language(party int, l person.Language) {
	p := &s.c.Parties[party]
	p.Language, p.Unclear = l, 0
	if p.Inquiries >= maxInquiries {
		s.do(Queue{ItemUnclear, "the language was changed many times"})
		return
	}
	if !p.asked() {
		p.AskedAt, p.Waiting = s.now, false
	}
	s.send(party, Inquiry, true)
}

func (s *step) unclear(party int) {
	p := &s.c.Parties[party]
	p.Unclear++
	if p.Unclear <= 2 {
		s.send(party, Help, true)
	}
	if p.Unclear == 2 {
		s.do(Queue{ItemUnclear, "two answers in a row were not understood"})
	}
}

// choose takes a yes or no of one party and lets the policy say what it makes
// of the case.
func (s *step) choose(e Answered, want Choice) {
	p := &s.c.Parties[e.Party]
	before, stage := p.Answer, s.c.Stage
	if before == want {
		s.send(e.Party, Already, true)
		return
	}
	if want == Yes && s.c.Released && !s.v.PlaceFree {
		s.send(e.Party, PlaceGone, true)
		s.do(Queue{ItemGone, "the guardian now accepts a place that was given on"})
		return
	}
	p.Answer, p.AnswerAt, p.Unclear, p.Waiting = want, s.now, 0, false
	if p.AskedAt.IsZero() {
		p.AskedAt = s.now
	}
	s.c.Stage = s.outcome()
	if want == Yes && s.c.Released {
		s.c.Released = false
		s.do(Hold{})
	}
	s.confirm(e.Party, before, want)
	s.follow(stage, e.Party)
	if !e.Answer.Sure {
		s.do(Queue{ItemText, "the answer holds more than the letter"})
	}
	s.do(FreePhone{p.Phone})
}

// outcome is the stage that the answers given so far make.
func (s *step) outcome() Stage {
	yes, no, open := 0, 0, 0
	for _, p := range s.c.Parties {
		switch {
		case p.Answer == Yes:
			yes++
		case p.Answer == No:
			no++
		case p.asked() && p.Reach != Unreachable && !p.Stopped:
			open++
		}
	}
	switch {
	case yes > 0 && no > 0:
		return Conflict
	case no > 0:
		return Declined
	case yes > 0 && (s.r.Policy != AllMust || open == 0):
		return Accepted
	case s.c.Stage == Letter && yes == 0:
		return Letter
	}
	return Asked
}

func (s *step) confirm(party int, before, want Choice) {
	switch {
	case s.c.Stage == Conflict:
		for i, q := range s.c.Parties {
			if q.Answer != NoChoice {
				s.send(i, ConflictNote, i == party)
			}
		}
	case before != NoChoice:
		s.send(party, ConfirmChanged, true)
	case want == Yes:
		s.send(party, ConfirmAccept, true)
	default:
		s.send(party, ConfirmDecline, true)
	}
}

// follow does what a change of stage brings with it.
func (s *step) follow(was Stage, party int) {
	is := s.c.Stage
	if was == is {
		return
	}
	switch was {
	case Conflict:
		s.do(Settle{ItemConflict, "the guardians agree now"})
	case Declined:
		s.do(Settle{ItemDeclined, "the guardian changed the answer"})
	}
	switch is {
	case Conflict:
		s.do(Queue{ItemConflict, "the guardians answered differently"})
		if s.c.Released && s.v.PlaceFree {
			s.c.Released = false
			s.do(Hold{})
		}
		return
	case Declined:
		s.do(Queue{ItemDeclined, "a person calls about the ordinary application"})
		s.release()
	}
	if is == Accepted || is == Declined {
		for i, q := range s.c.Parties {
			if i != party && q.Phone != "" && q.Phone != s.c.Parties[party].Phone && q.Reach != Unreachable {
				s.send(i, ToldOther, false)
			}
		}
	}
}

// objected puts the family before an officer. The place stays held.
func (s *step) objected() {
	s.do(Clear{}, Drop{}, Queue{ItemObjection, "the family objects to this use of its data"})
	if s.c.Stage == Accepted || s.c.Stage == Declined {
		return
	}
	s.c.Stage = ByHand
	s.free()
}

// roundStopped ends the talk as it stands. A family that has not answered is
// put before an officer.
func (s *step) roundStopped() {
	s.do(Clear{}, Drop{})
	switch s.c.Stage {
	case Held, Noticed, Asked, Letter:
		s.do(Queue{ItemStopped, "the round was stopped before the family answered"})
		s.free()
	}
}

// free lets the phones of the case be asked about other children.
func (s *step) free() {
	for i, p := range s.c.Parties {
		s.c.Parties[i].Waiting = false
		if p.asked() {
			s.do(FreePhone{p.Phone})
		}
	}
}

// settledBy are the matters that end when an officer notes what the guardians
// want.
var settledBy = []string{ItemConflict, ItemDeclined, ItemUnclear, ItemLate, ItemGone, ItemByHand, ItemSilent, ItemText, ItemObjection, ItemStopped, ItemUncertain}

var confirms = map[Choice]Kind{Yes: ConfirmAccept, No: ConfirmDecline}

// decided takes an officer's note as the answer of all guardians, at any time.
// It is confirmed by text message before the deadline, and never to families
// that are served in person.
func (s *step) decided(want Choice) {
	if want == Yes && s.c.Released && !s.v.PlaceFree {
		s.do(Queue{ItemGone, "an officer noted a yes to a place that was given on"})
		return
	}
	quiet := s.c.Stage == ByHand || !s.now.Before(s.c.Deadline)
	s.do(Clear{})
	s.c.Stage = Accepted
	if want == No {
		s.c.Stage = Declined
		s.release()
	} else if s.c.Released {
		s.c.Released = false
		s.do(Hold{})
	}
	for _, item := range settledBy {
		s.do(Settle{item, "an officer noted what the guardians want"})
	}
	for i := range s.c.Parties {
		p := &s.c.Parties[i]
		p.Answer, p.AnswerAt, p.Unclear, p.Waiting = want, s.now, 0, false
		if p.Phone == "" {
			continue
		}
		if !quiet && p.Reach != Unreachable {
			s.send(i, confirms[want], false)
		}
		s.do(FreePhone{p.Phone})
	}
}
