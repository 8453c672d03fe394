package work

import (
	"fmt"
	"time"

	"ennakko/conversation"
	"ennakko/store"
)

// stepper takes cases through the engine inside one transaction.
type stepper struct {
	w        *Worker
	tx       store.Tx
	now      time.Time
	by       string // who settles matters; "": the work itself
	why      string // the reason noted with them; "": the engine's
	answerTo int64  // the incoming message that is being answered
	depth    int
	round    store.RoundID // of the case that was stepped last
}

// maxDepth bounds the chain of phones that become free one after the other.
const maxDepth = 8

// step lets the engine decide about one event and keeps what it decided.
func (s *stepper) step(id conversation.CaseID, ev conversation.Event) error {
	held, err := s.tx.Case(id)
	if err != nil {
		return err
	}
	s.round = held.Round
	rules, err := s.w.service.Rules(held.Round)
	if err != nil {
		return err
	}
	free := true
	if held.Case.Released {
		if free, err = s.tx.PlaceFree(id); err != nil {
			return err
		}
	}
	var busyErr error
	view := conversation.View{PlaceFree: free, Busy: func(p conversation.Phone) bool {
		on, err := s.tx.OnPhone(p)
		if err != nil {
			busyErr = err
		}
		return conversation.Asking(on, id, s.now)
	}}
	next, effects := conversation.Step(held.Case, ev, view, s.now, rules)
	if busyErr != nil {
		return busyErr
	}
	if err := s.tx.SaveCase(next); err != nil {
		return err
	}
	s.tx.About("", next.People()...)
	var freed []conversation.Phone
	for _, e := range effects {
		if f, ok := e.(conversation.FreePhone); ok {
			freed = append(freed, f.Phone)
			continue
		}
		if err := s.apply(next, e); err != nil {
			return err
		}
	}
	return s.askNext(freed)
}

// askNext puts the next question to phones that have none open any more.
func (s *stepper) askNext(freed []conversation.Phone) error {
	if s.depth++; s.depth > maxDepth {
		return nil
	}
	for _, p := range freed {
		c, ok, err := s.tx.Waiting(p)
		if err != nil {
			return err
		}
		if ok {
			if err := s.step(c.Case.ID, conversation.PhoneFree{Party: c.Party, Reply: s.answerTo != 0}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stepper) apply(c conversation.Case, e conversation.Effect) error {
	switch e := e.(type) {
	case conversation.Send:
		return s.enqueue(c, e)
	case conversation.Set:
		return s.tx.SetTimer(c.ID, e.Timer, e.At)
	case conversation.Clear:
		return s.tx.ClearTimers(c.ID)
	case conversation.Drop:
		return s.tx.DropQueued(c.ID)
	case conversation.Write:
		return s.tx.AddLetter(c.ID, e.Reason, s.now)
	case conversation.Queue:
		return s.tx.OpenItem(store.Item{Case: c.ID, Kind: e.Item, Reason: e.Reason}, s.now)
	case conversation.Settle:
		if s.by != "" {
			return s.tx.SettleItems(c.ID, e.Item, s.by, s.why, s.now)
		}
		return s.tx.SettleItems(c.ID, e.Item, systemActor, e.Reason, s.now)
	case conversation.Release:
		return s.tx.ReleasePlace(c.ID)
	case conversation.Hold:
		_, err := s.tx.HoldPlace(c.ID)
		return err
	}
	return nil
}

// letters are the answers as the inquiry offers them.
var letters = map[conversation.Choice]string{conversation.Yes: "A", conversation.No: "B"}

func (s *stepper) enqueue(c conversation.Case, e conversation.Send) error {
	p, n := c.Parties[e.Party], c.Names()
	when, err := s.tx.AppointmentOf(c.ID)
	if err != nil {
		return err
	}
	text, err := s.w.service.Text(e.Kind, e.Language, Values{When: when, Round: s.round, Guardian: p.Name, Child: n.Child, Unit: n.Unit[e.Language], Deadline: c.Deadline, Answer: letters[e.Noted]})
	if err != nil {
		return err
	}
	o := store.Outgoing{Case: c.ID, Party: e.Party, Kind: e.Kind, Language: e.Language, Key: e.Key, Text: text,
		Segments: s.w.service.Segments(text), NotBefore: s.now, Valid: s.w.set.Valid, Reply: e.Reply}
	if e.Reply {
		o.AnswerTo = s.answerTo
	} else {
		o.NotBefore = s.w.service.Allowed(s.now)
	}
	if e.Kind == conversation.Notice {
		// One notice for a phone, also when it is the phone of twins.
		o.Key = fmt.Sprintf("round %d/notice/%x", s.round, string(p.Phone))
	}
	o.Doubt = s.w.doubtOf(o.NotBefore)
	_, err = s.tx.Enqueue(o)
	return err
}
