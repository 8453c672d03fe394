package conversation

// elsewhere takes what a person did by another way as their answer. Nothing more is
// sent to them about it, and what waited for an officer has ended. It is for people who
// answer for themselves: others are told of a choice by their own phone.
func (s *step) elsewhere(want Choice) {
	if s.r.Policy != OwnAnswer || len(s.c.Parties) != 1 {
		return
	}
	p := &s.c.Parties[0]
	p.Answer, p.AnswerAt, p.Unclear, p.Waiting = want, s.now, 0, false
	s.do(Clear{}, Drop{})
	for _, item := range settledBy {
		s.do(Settle{item, "the person has chosen on the city's pages"})
	}
	if p.asked() {
		s.do(FreePhone{p.Phone})
	}
	switch {
	case s.c.Stage == ByHand || s.c.Stage == Silent:
	case want == No:
		s.c.Stage = Declined
		s.release()
	case s.c.Released && !s.v.PlaceFree:
	default:
		s.c.Stage = Accepted
		if s.c.Released {
			s.c.Released = false
			s.do(Hold{})
		}
	}
}
