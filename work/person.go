package work

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/reply"
	"ennakko/store"
)

// SettleItem settles one item of the officers' queue with the officer's own
// words, which are sealed.
func (w *Worker) SettleItem(ctx context.Context, round store.RoundID, id store.ItemID, officer, words string, now time.Time) error {
	words, err := Words(words)
	if err != nil {
		return err
	}
	act, err := w.act(officer, "settle a matter", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		i, err := tx.SettleItem(round, id, officer, words, now)
		if err != nil {
			return err
		}
		held, err := tx.Case(i.Case)
		if err == nil {
			err = notOwn(tx, officer, held.Case)
		}
		if err != nil {
			return err
		}
		tx.About(fmt.Sprintf("case %d", i.Case), held.Case.People()...)
		tx.Detail("matter %d: %s", id, i.Kind)
		return nil
	})
}

// notOwn fails with Refused when a case is about somebody of the officer's own family:
// the officer themself or a child whose guardian they are. Who a member of the staff is comes from
// the log-in; where it does not say, nothing is known.
//
// Source: Administrative Procedure Act 434/2003, sections 27 and 28.
func notOwn(tx store.Tx, officer string, c conversation.Case) error {
	who, err := tx.PersonOfStaff(officer)
	if err != nil || !who.Known() || !slices.Contains(c.People(), who) {
		return err
	}
	return fault.New(fault.Refused, "work.Settle", "this case is of your own family").Do("let a colleague take it up").Because(access.OwnFamily(access.Settle))
}

// noCase is what somebody is told who has nothing to do with a case, and who
// asks for one that is not there.
func noCase(op string) error { return fault.New(fault.Missing, op, "there is no such offer") }

// party is which party of a case a person is.
func party(c conversation.Case, who person.ID) int {
	return slices.IndexFunc(c.Parties, func(p conversation.Party) bool { return p.Person == who })
}

// CanAnswer reports whether an answer on the city's pages would still change a
// case.
func CanAnswer(c conversation.Case, state store.RoundState, now time.Time) bool {
	switch c.Stage {
	case conversation.Held, conversation.Noticed, conversation.Silent, conversation.ByHand:
		return false
	}
	return (state == store.Running || state == store.Paused) && now.Before(c.Deadline)
}

// AnswerOnline takes a guardian's answer from the city's pages, as if it had
// come by text message. Somebody who is no party of the case is told that
// there is none.
func (w *Worker) AnswerOnline(ctx context.Context, id conversation.CaseID, who person.ID, want conversation.Choice, now time.Time) error {
	const op = "work.AnswerOnline"
	meaning, known := map[conversation.Choice]reply.Meaning{conversation.Yes: reply.Accept, conversation.No: reply.Decline}[want]
	if !known || who == 0 {
		return fault.New(fault.Invalid, op, "the answer is missing").Do("choose yes or no")
	}
	act, err := w.act(residentOf(who), "answer online", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		held, err := tx.Case(id)
		if fault.KindOf(err) == fault.Missing {
			return noCase(op)
		}
		if err != nil {
			return err
		}
		i := party(held.Case, who)
		if i < 0 {
			return noCase(op)
		}
		state, err := tx.RoundState(held.Round)
		if err != nil {
			return err
		}
		if !CanAnswer(held.Case, state, now) {
			return fault.New(fault.Conflict, op, "the time to answer has passed, or an officer handles this offer").Do("call the service")
		}
		tx.About(fmt.Sprintf("case %d", id))
		tx.Detail("%s", want)
		s := &stepper{w: w, tx: tx, now: now}
		return s.step(id, conversation.Answered{Party: i, Answer: reply.Answer{Meaning: meaning, Sure: true}, Online: true})
	})
}

func residentOf(who person.ID) string { return fmt.Sprintf("resident:%d", who) }

// Object notes that somebody objects to the service's use of their data, or of
// the data of a child of whose case they are a party, or no longer does. The open
// cases about them in this service are put before an officer; those of other services
// have another purpose, and go on.
// Source: GDPR article 21(1), (Regulation (EU) 2016/679).
func (w *Worker) Object(ctx context.Context, who, about person.ID, on bool, now time.Time) error {
	purpose, _ := w.service.Purpose(0)
	verb := "object"
	if !on {
		verb = "withdraw an objection"
	}
	act, err := w.act(residentOf(who), verb, now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		tx.About("purpose "+purpose, about)
		open, err := tx.SetObjection(purpose, about, now, on)
		if err != nil {
			return err
		}
		var own []conversation.CaseID
		for _, service := range w.service.Names() {
			ids, err := tx.CasesAbout(service, about)
			if err != nil {
				return err
			}
			own = append(own, ids...)
		}
		for _, id := range open {
			if !slices.Contains(own, id) {
				continue
			}
			s := &stepper{w: w, tx: tx, now: now}
			if err := s.step(id, conversation.Objected{}); err != nil {
				return err
			}
		}
		return noteObjection(tx, who, about, purpose, on, now)
	})
}

// ObjectTo notes that somebody objects to a use of data that is no service's, or no
// longer does. No case is touched by it.
// Source: GDPR article 21(1), (Regulation (EU) 2016/679).
func (w *Worker) ObjectTo(ctx context.Context, purpose permission.Purpose, who, about person.ID, on bool, now time.Time) error {
	const op = "work.ObjectTo"
	if !purpose.Objection() {
		return fault.New(fault.Refused, op, "the law gives no right to object to this use")
	}
	verb := "object"
	if !on {
		verb = "withdraw an objection"
	}
	act, err := audit.Begin(residentOf(who), verb, purpose.ID(), purpose.LegalBasis(), now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		tx.About("purpose "+purpose.ID(), about)
		if _, err := tx.SetObjection(purpose.ID(), about, now, on); err != nil {
			return err
		}
		return noteObjection(tx, who, about, purpose.ID(), on, now)
	})
}

// Objects begins the program's own words of a request that is an objection; the id of
// the purpose ends them.
const Objects = "objects to the purpose "

// TakenBack are the program's own words when who objected no longer does.
const TakenBack = "taken back by who asked"

// noteObjection puts an objection among the requests that the data-protection officer
// answers, once, and settles it when it is taken back. It counts from when it is made:
// the answer only confirms it.
// Source: GDPR articles 12(3) and 21(1).
func noteObjection(tx store.Tx, who, about person.ID, purpose string, on bool, now time.Time) error {
	open, err := tx.OpenRequestsAbout(store.RequestObjection, about)
	if err != nil {
		return err
	}
	var mine []store.Request // what else the person objects to, or says in own words, is another request
	for _, r := range open {
		words, err := tx.RequestWords(r.ID)
		if err != nil {
			return err
		}
		if r.Person == who && words == Objects+purpose {
			mine = append(mine, r)
		}
	}
	if on && len(mine) == 0 {
		r := store.Request{Kind: store.RequestObjection, Person: who, About: about, At: now, Due: oversight.Due(now), Basis: "GDPR 21 and 12(3)", Words: Objects + purpose}
		if about == who {
			r.About = 0
		}
		_, err = tx.AddRequest(r)
		return err
	}
	if on {
		return nil
	}
	for _, r := range mine {
		if _, err := tx.SettleRequest(r.ID, residentOf(who), TakenBack, now); err != nil {
			return err
		}
	}
	return nil
}
