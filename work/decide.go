package work

import (
	"context"
	"fmt"
	"time"

	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/store"
)

// Way is how the guardians told an officer what they want.
type Way string

// The ways.
const (
	ByPhone  Way = "phone"
	ByLetter Way = "letter"
	InPerson Way = "person"
)

var noted = map[Way]string{ByPhone: "noted by telephone", ByLetter: "noted from a letter", InPerson: "noted in person"}

// Decide notes what the guardians of a case of a round told an officer, as if
// they had answered; the matters of the case are settled with it. A case that is
// at that answer already is a conflict.
func (w *Worker) Decide(ctx context.Context, round store.RoundID, id conversation.CaseID, want conversation.Choice, way Way, officer string, now time.Time) error {
	const op = "work.Decide"
	stage, known := map[conversation.Choice]conversation.Stage{conversation.Yes: conversation.Accepted, conversation.No: conversation.Declined}[want]
	if !known || noted[way] == "" || officer == "" {
		return fault.New(fault.Invalid, op, "the answer, the way or the officer is missing").Do("the answer is accept or decline; the way is phone, letter or person")
	}
	act, err := w.act(officer, "note an answer", now)
	if err != nil {
		return err
	}
	return w.store.Write(ctx, act, func(tx store.Tx) error {
		held, err := tx.Case(id)
		switch {
		case err != nil:
			return err
		case held.Round != round:
			return fault.New(fault.Missing, op, "round %d has no case %d", round, id)
		case held.Case.Stage == stage:
			return fault.New(fault.Conflict, op, "case %d is %s already", id, stage)
		}
		if err := notOwn(tx, officer, held.Case); err != nil {
			return err
		}
		tx.About(fmt.Sprintf("case %d", id))
		tx.Detail("%s, %s", want, noted[way])
		s := &stepper{w: w, tx: tx, now: now, by: officer, why: noted[way]}
		if err := s.step(id, conversation.Decided{Choice: want}); err != nil {
			return err
		}
		after, err := tx.Case(id)
		if err == nil && after.Case.Stage != stage {
			err = fault.New(fault.Conflict, op, "the place of case %d was given to another child", id).Do("offer another place by the ordinary application")
		}
		return err
	})
}
