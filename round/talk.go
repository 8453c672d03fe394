package round

import (
	"context"
	"sync"
	"time"

	"ennakko/channel/sms"
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// Talk tells the work what it needs to know of a pack and its rounds.
type Talk struct {
	pack   *service.Pack
	rounds interface {
		Round(ctx context.Context, id store.RoundID) (store.Round, error)
	}
	mu    sync.Mutex
	rules map[store.RoundID]conversation.Rules
}

// NewTalk makes the talk of a pack.
func NewTalk(p *service.Pack, s Store) *Talk {
	return &Talk{pack: p, rounds: s, rules: map[store.RoundID]conversation.Rules{}}
}

// Text renders a message of the pack.
func (t *Talk) Text(k conversation.Kind, l person.Language, v work.Values) (string, error) {
	return t.pack.Text(service.Kind(k), l, service.Values{Guardian: v.Guardian, Child: v.Child, Unit: v.Unit, Deadline: v.Deadline, Answer: v.Answer})
}

// Segments is the number of SMS parts of a text.
func (t *Talk) Segments(text string) int { return sms.Segments(text).Count }

// Allowed is the first moment from at on that is not in the quiet hours.
func (t *Talk) Allowed(at time.Time) time.Time { return t.pack.Schedule().Allowed(at) }

// Forget lets the settings of rounds be read again: one was put off.
func (t *Talk) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.rules)
}

// Rules are the engine's settings for a round. They change only when it was
// paused, so they are read once.
func (t *Talk) Rules(id store.RoundID) (conversation.Rules, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.rules[id]; ok {
		return r, nil
	}
	rd, err := t.rounds.Round(context.Background(), id)
	if err != nil {
		return conversation.Rules{}, err
	}
	r := conversation.Rules{Policy: conversation.Policy(t.pack.Guardians()), NoticeAt: rd.Schedule.NoticeAt, InquiryAt: rd.Schedule.InquiryAt, ReminderAt: rd.Schedule.ReminderAt}
	t.rules[id] = r
	return r, nil
}

// Purpose is the id and the legal basis of the work.
func (t *Talk) Purpose() (id, basis string) {
	p := t.pack.Purpose()
	return p.ID(), p.LegalBasis()
}
