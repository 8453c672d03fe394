package app

import (
	"context"
	"time"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
	"ennakko/work"
)

// worker makes a worker for what one officer or resident does.
func (l *Live) worker() *work.Worker { return l.App.Worker(l.Pack) }

// act begins an act for the service's own purpose.
func (l *Live) act(actor, verb string) (audit.Act, error) {
	p := l.Pack.Purpose()
	return audit.Begin(actor, verb, p.ID(), p.LegalBasis(), l.Clock.Now())
}

// Hold pauses, resumes or stops a round, on an officer's word and with the
// officer's reason.
func (l *Live) Hold(ctx context.Context, id store.RoundID, step, officer, words string) error {
	rd, err := l.App.DB.Round(ctx, id)
	if err != nil {
		return err
	}
	w, now := l.worker(), l.Clock.Now()
	switch step {
	case "pause":
		err = w.Pause(ctx, rd, officer, words, now)
	case "stop":
		err = w.Stop(ctx, rd, officer, words, now)
	case "resume":
		var at time.Time
		if at, err = l.pausedAt(ctx, id); err == nil {
			err = w.Resume(ctx, rd, at, officer, words, now)
		}
	default:
		err = fault.New(fault.Invalid, "app.Hold", "a round is paused, resumed or stopped")
	}
	l.driver.talk.Forget()
	l.tell()
	l.Wake()
	return err
}

// pausedAt is when a round was paused last.
func (l *Live) pausedAt(ctx context.Context, id store.RoundID) (at time.Time, err error) {
	steps, err := l.App.DB.Steps(ctx, id)
	for _, s := range steps {
		if s.Step == "pause" {
			at = s.At
		}
	}
	if err == nil && at.IsZero() {
		err = fault.New(fault.Conflict, "app.Hold", "the round was never paused")
	}
	return at, err
}

// Steps are what officers did to a round.
func (l *Live) Steps(ctx context.Context, id store.RoundID) ([]store.RoundStep, error) {
	return l.App.DB.Steps(ctx, id)
}

// Items are open items of a round, without names.
func (l *Live) Items(ctx context.Context, id store.RoundID, kind string, after store.ItemID, limit int) ([]store.OpenItem, error) {
	return l.App.DB.Items(ctx, id, kind, after, limit)
}

// Settle settles one item with the officer's own words.
func (l *Live) Settle(ctx context.Context, id store.RoundID, item store.ItemID, officer, words string) error {
	err := l.worker().SettleItem(ctx, id, item, officer, words, l.Clock.Now())
	l.tell()
	return err
}

// Decide notes what the guardians of a case told an officer.
func (l *Live) Decide(ctx context.Context, id store.RoundID, c conversation.CaseID, want conversation.Choice, way work.Way, officer string) error {
	rd, err := l.App.DB.Round(ctx, id)
	if err != nil {
		return err
	}
	err = l.App.Note(ctx, l.Pack, rd, c, want, way, officer)
	l.tell()
	l.Wake()
	return err
}

// History is all that is known of a case; the look is on the record.
func (l *Live) History(ctx context.Context, c conversation.CaseID, officer string) (store.History, error) {
	act, err := l.act(officer, "look at a case")
	if err != nil {
		return store.History{}, err
	}
	return l.App.DB.History(ctx, act, c)
}

// Search finds the cases of a person by identity code, or of a telephone by its
// number. That somebody searched is on the record, found or not.
func (l *Live) Search(ctx context.Context, code person.Code, e164, officer string) ([]conversation.CaseID, error) {
	act, err := l.act(officer, "search for a family")
	if err != nil {
		return nil, err
	}
	e := act.Entry()
	e.Fields = []string{"contacts.mobile"}
	var id person.ID
	if !code.IsZero() {
		e.Fields = []string{"population.code"}
		if id, err = l.App.DB.PersonByCode(ctx, code); err != nil && fault.KindOf(err) != fault.Missing {
			return nil, err
		}
		e.People = bitmap(id)
	}
	if err := l.App.DB.Note(ctx, e); err != nil {
		return nil, err
	}
	if e164 != "" {
		return l.App.DB.CasesOnPhone(ctx, e164)
	}
	if id == 0 {
		return nil, nil
	}
	return l.App.DB.CasesOf(ctx, id)
}
