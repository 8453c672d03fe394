package round

import (
	"context"
	"strings"
	"sync"
	"time"

	"ennakko/channel/sms"
	"ennakko/conversation"
	"ennakko/person"
	"ennakko/service"
	"ennakko/store"
	"ennakko/work"
)

// Talk tells the work what it needs to know of one or more services and their
// rounds.
type Talk struct {
	packs  []*service.Pack // the first speaks to people with whom no round has to do
	rounds interface {
		Round(ctx context.Context, id store.RoundID) (store.Round, error)
	}
	address string // of the city's pages; "": that of the packs
	mu      sync.Mutex
	known   map[store.RoundID]spoken
}

// spoken is a round as the talk knows it.
type spoken struct {
	pack  *service.Pack
	rules conversation.Rules
}

// NewTalk makes the talk of a service, or of several that run side by side.
func NewTalk(p *service.Pack, s Store, more ...*service.Pack) *Talk {
	return &Talk{packs: append([]*service.Pack{p}, more...), rounds: s, known: map[store.RoundID]spoken{}}
}

// At lets messages name where the city's pages are, as people write it, in the place of
// what the packs say. It gives the talk back; "" changes nothing.
func (t *Talk) At(address string) *Talk {
	t.address = address
	return t
}

// Text renders a message of the round's pack. A new yes to an appointment that was
// given back is confirmed as a first one is: with its time, which may be another.
func (t *Talk) Text(k conversation.Kind, l person.Language, v work.Values) (string, error) {
	r, err := t.of(v.Round)
	if err != nil {
		return "", err
	}
	if k == conversation.ConfirmChanged && v.Answer == "A" && !v.When.IsZero() {
		k = conversation.ConfirmAccept
	}
	return r.pack.Text(service.Kind(k), l, service.Values{Guardian: v.Guardian, Child: v.Child, Unit: v.Unit, Deadline: v.Deadline, When: v.When, Answer: v.Answer, Address: t.address})
}

// Segments is the number of SMS parts of a text.
func (t *Talk) Segments(text string) int { return sms.Segments(text).Count }

// Allowed is the first moment from at on that is not in the quiet hours of any
// service.
func (t *Talk) Allowed(at time.Time) time.Time {
	for moved := true; moved; {
		moved = false
		for _, p := range t.packs {
			if later := p.Schedule().Allowed(at); later.After(at) {
				at, moved = later, len(t.packs) > 1
			}
		}
	}
	return at
}

// Forget lets the settings of rounds be read again: one was put off.
func (t *Talk) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.known)
}

// of is what is known of a round. It changes only when the round was paused, so it
// is read once. A round of a service that is not served speaks as the first does.
func (t *Talk) of(id store.RoundID) (spoken, error) {
	if id == 0 {
		return spoken{pack: t.packs[0]}, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if r, ok := t.known[id]; ok {
		return r, nil
	}
	rd, err := t.rounds.Round(context.Background(), id)
	if err != nil {
		return spoken{}, err
	}
	r := spoken{pack: t.packs[0]}
	for _, p := range t.packs {
		if p.Name() == rd.Service {
			r.pack = p
		}
	}
	r.rules = conversation.Rules{Policy: conversation.Policy(r.pack.Guardians()), NoticeAt: rd.Schedule.NoticeAt, InquiryAt: rd.Schedule.InquiryAt, ReminderAt: rd.Schedule.ReminderAt}
	t.known[id] = r
	return r, nil
}

// Names are the services that it speaks for.
func (t *Talk) Names() []string {
	out := make([]string, len(t.packs))
	for i, p := range t.packs {
		out[i] = p.Name()
	}
	return out
}

// Rules are the engine's settings for a round.
func (t *Talk) Rules(id store.RoundID) (conversation.Rules, error) {
	r, err := t.of(id)
	return r.rules, err
}

// Purpose is the purpose of a round's service and its legal basis; of round 0 those
// of all services, for what is done for all of them at once.
func (t *Talk) Purpose(id store.RoundID) (purpose, basis string) {
	if r, err := t.of(id); id != 0 && err == nil {
		return r.pack.Purpose().ID(), r.pack.Purpose().LegalBasis()
	}
	var ids, bases []string
	for _, p := range t.packs {
		ids, bases = append(ids, p.Purpose().ID()), append(bases, p.Purpose().LegalBasis())
	}
	return strings.Join(ids, ", "), strings.Join(bases, "; ")
}
