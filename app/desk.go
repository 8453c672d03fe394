package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
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
	if l.driver != nil {
		l.driver.talk.Forget()
	}
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

// Reassign begins to assign the places of a prepared round again, after a
// change of one unit's capacity.
func (l *Live) Reassign(ctx context.Context, id store.RoundID, change store.PlaceCount, officer string) error {
	rd, err := l.App.DB.Round(ctx, id)
	if err != nil {
		return err
	}
	return l.start(ctx, func(ctx context.Context) error {
		rooms, done, err := l.App.Rooms(ctx, l.Pack, rd.AsOf, l.progress)
		if err != nil {
			return err
		}
		defer done()
		return round.Reassign(ctx, rooms, id, change, officer, l.Clock.Now())
	})
}

// Try compares a trial of the criteria with the criteria as they are, as of a
// day.
func (l *Live) Try(ctx context.Context, asOf time.Time, t service.Trial, officer string) (round.Tried, error) {
	rooms, done, err := l.App.Rooms(ctx, l.Pack, asOf, nil)
	if err != nil {
		return round.Tried{}, err
	}
	defer done()
	return round.Try(ctx, rooms, round.Order{AsOf: asOf, Officer: officer, Now: l.Clock.Now()}, t)
}

// TestSend sends a text to an officer's own number. It needs the gateway in this
// process.
func (l *Live) TestSend(ctx context.Context, officer, to, text string) (channel.State, error) {
	if l.driver == nil {
		return "", fault.New(fault.Refused, "app.TestSend", "the pages have no gateway of their own: only the workers have").Do("try it in a city of trial, or read the message above")
	}
	return l.worker().TestSend(ctx, l.App.DB.Note, officer, to, text, channel.Ref("TEST"+rand.Text()[:20]), l.Clock.Now())
}

// RoundOf is the round of a case.
func (l *Live) RoundOf(ctx context.Context, c conversation.CaseID) (store.RoundID, error) {
	return l.App.DB.RoundOf(ctx, c)
}

// Query is what an officer searches by: an identity code, a telephone number
// (E.164), the number of a case, or a name.
type Query struct {
	Code  person.Code
	Phone string
	Case  conversation.CaseID
	Name  string
}

// mostFound is how many cases a search by name gives.
const mostFound = 20

// Search finds cases. That somebody searched, by what and whom it found, is on
// the record before anybody sees it.
func (l *Live) Search(ctx context.Context, q Query, officer string) (found []conversation.CaseID, err error) {
	act, err := l.act(officer, "search for a family")
	if err != nil {
		return nil, err
	}
	e := act.Entry()
	db := l.App.DB
	switch {
	case !q.Code.IsZero():
		e.Fields, e.People = []string{"population.code"}, bitmap()
		id, err := db.PersonByCode(ctx, q.Code)
		if err == nil {
			e.People = bitmap(id)
			found, err = db.CasesOf(ctx, id)
		}
		if err != nil && fault.KindOf(err) != fault.Missing {
			return nil, err
		}
	case q.Phone != "":
		e.Fields = []string{"contacts.mobile"}
		found, err = db.CasesOnPhone(ctx, q.Phone)
	case q.Case != 0:
		e.Fields = []string{"case.number"}
		if _, _, err = db.PeopleOf(ctx, q.Case); err == nil {
			found = []conversation.CaseID{q.Case}
		} else if fault.KindOf(err) == fault.Missing {
			err = nil
		}
	default:
		e.Fields = []string{"case.names"}
		var rd store.Round
		var any bool
		if rd, any, err = l.Round(ctx); err == nil && any {
			found, err = db.CasesNamed(ctx, rd.ID, q.Name, mostFound)
		}
	}
	if err != nil {
		return nil, err
	}
	return found, l.noteFound(ctx, e, found)
}

func (l *Live) noteFound(ctx context.Context, e audit.Entry, found []conversation.CaseID) error {
	if e.People == nil {
		e.People = bitmap()
	}
	for _, c := range found {
		child, guardians, err := l.App.DB.PeopleOf(ctx, c)
		if err != nil {
			return err
		}
		e.People.Or(bitmap(append(guardians, child)...))
	}
	e.Detail = fmt.Sprintf("%d cases found", len(found))
	return l.App.DB.Note(ctx, e)
}
