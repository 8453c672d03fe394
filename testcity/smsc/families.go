package smsc

import (
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"ennakko/channel/sms"
)

// Families are the phones behind a centre: they put messages in parts together,
// and answer.
type Families struct {
	// Answer is what a phone writes back and after how long; "" for nothing.
	Answer func(to, text string) (answer string, after time.Duration)
	// Acknowledged hears that what a phone wrote was taken; nil: nobody does.
	Acknowledged func(from string)

	mu      sync.Mutex
	halves  map[string]map[byte][]byte
	whole   map[string]int // by reference, or by number and text: how often it came
	answers int
	writing int // answers that are on their way
}

// Writing is how many answers are on their way and not acknowledged yet.
func (f *Families) Writing() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.writing
}

// Taken is told of a part that a centre took, and answers through it.
func (f *Families) Taken(s *SMSC, p Part) {
	text, ok := f.put(p)
	if !ok || f.Answer == nil {
		return
	}
	answer, after := f.Answer(p.To, text)
	if answer == "" {
		return
	}
	f.mu.Lock()
	f.writing++
	f.mu.Unlock()
	s.wg.Go(func() {
		time.Sleep(after)
		times := s.Deliver(p.To, p.From, answer)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.writing--
		if times > 0 {
			f.answers++
			if f.Acknowledged != nil {
				f.Acknowledged(p.To)
			}
		}
	})
}

// put keeps a part and gives the text when it is whole.
func (f *Families) put(p Part) (string, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.halves == nil {
		f.halves, f.whole = map[string]map[byte][]byte{}, map[string]int{}
	}
	body := p.Body
	if p.Of > 1 {
		key := fmt.Sprintf("%s/%d/%d", p.To, p.Joint, p.Of)
		if f.halves[key] == nil {
			f.halves[key] = map[byte][]byte{}
		}
		f.halves[key][p.No] = p.Body
		if len(f.halves[key]) < int(p.Of) {
			return "", false
		}
		body = nil
		for i := byte(1); i <= p.Of; i++ {
			body = append(body, f.halves[key][i]...)
		}
		delete(f.halves, key)
	}
	text := sms.Join(map[byte]sms.Encoding{0: sms.GSM7, 8: sms.UCS2}[p.Coding], body)
	key := p.Ref
	if key == "" {
		key = p.To + "\x00" + text
	}
	f.whole[key]++
	return text, true
}

// Counts are how many whole messages came, how many of them for the second time
// or more, and how many answers were acknowledged.
func (f *Families) Counts() (messages, doubled, answers int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.whole {
		messages += n
		doubled += n - 1
	}
	return messages, doubled, f.answers
}

// Chance is a number from 0 to 99 that is always the same for a text.
func Chance(text string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return int(h.Sum32() % 100)
}
