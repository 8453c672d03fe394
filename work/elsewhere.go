package work

import (
	"time"

	"ennakko/conversation"
	"ennakko/person"
	"ennakko/store"
)

// Elsewhere says, inside a write, that a person did by another way what the open cases
// about them in a service ask for. Nothing more is sent to them about it.
func (w *Worker) Elsewhere(tx store.Tx, service string, who person.ID, want conversation.Choice, now time.Time) error {
	open, err := tx.CasesAbout(service, who)
	if err != nil {
		return err
	}
	for _, id := range open {
		s := &stepper{w: w, tx: tx, now: now}
		if err := s.step(id, conversation.Elsewhere{Choice: want}); err != nil {
			return err
		}
	}
	return nil
}
