// Package webhook tells other systems that a permission was given, changed, taken
// back or has ended, at the addresses that they registered over the Consent Building
// Block. It tells that something happened to a record, and not what: whose record it
// is and how it stands the system asks for, with the rights that it has.
//
// What is to be told is noted in the write that keeps the event, and sent later, by
// one process at a time: no withdrawal waits for anybody's answer. Each event is told
// until the other system has said once that it took it, so it may come twice, and
// always under the same number.
//
// Only hosts that the city's settings permit are called, over TLS, and never in a
// network of the city's own unless the settings name it. Requests are signed as
// Standard Webhooks 1.0 says (https://www.standardwebhooks.com).
//
// docs/protocols.md tells how to take them; docs/decisions/041-webhooks.md why they
// are as they are.
package webhook

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/store/tables"
)

// Caller is what the settings say of another system now.
type Caller struct {
	Hosts []string // that it may name; see ParseHost
	All   bool     // it may see all permissions
	Own   bool     // it may see those of its own individuals
}

// Options are what a sender works with.
type Options struct {
	DB      *tables.DB
	Callers map[string]Caller
	Inside  []netip.Prefix   // networks that are not public and may be called all the same
	Roots   *x509.CertPool   // who certifies the other systems; nil: those of the machine
	Holder  string           // tells this process from all others
	Record  func() time.Time // the record's clock
	Now     func() time.Time // the machine's clock, by which receivers know that a request is fresh
	Log     *slog.Logger     // nil: nothing is told
}

// Sender tells webhooks what waits for them.
type Sender struct {
	Options
	http *http.Client
}

// New makes a sender. Nothing is sent yet.
func New(o Options) (*Sender, error) {
	if o.DB == nil || o.Record == nil || o.Now == nil || o.Holder == "" {
		return nil, fault.New(fault.Invalid, "webhook.New", "there are no records, no clocks or no name of the process")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sender{o, newClient(o.Inside, o.Roots)}, nil
}

// How webhooks are worked.
const (
	every    = time.Second      // how often it is looked what waits
	lease    = 6 * time.Second  // another process takes over from one that is silent for so long
	answerIn = 10 * time.Second // how long an answer is waited for
	oneLook  = 10 * time.Second // how long one webhook has the word
	atOnce   = 32               // webhooks that are told something at once
	mostTold = 100              // events that one webhook is told in a look
	claimFor = time.Minute      // nobody else tries a delivery for so long
	firstGap = 5 * time.Second  // before it is tried again, and twice as long each time,
	mostGap  = time.Hour        // but no longer than this
	tryFor   = 72 * time.Hour   // then it is given up
	keepFor  = 35 * 24 * time.Hour
)

// Run tells what waits until ctx ends. Any number of processes may run it: one has the
// word, and another takes over when it is silent. What goes wrong is logged and tried
// again.
func (s *Sender) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	forget := time.Time{}
	for {
		held, err := s.DB.Hold(ctx, "webhooks", s.Holder, lease)
		if held {
			err = s.holding(ctx, func() error { _, err := s.Step(ctx); return err })
			if now := s.Now(); err == nil && now.Sub(forget) > time.Hour {
				forget, err = now, s.DB.ForgetDeliveries(ctx, now.Add(-keepFor))
			}
		}
		if err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "other systems cannot be told of permissions now", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// holding does something and says meanwhile that this process is there: one that waits
// for an answer is not silent.
func (s *Sender) holding(ctx context.Context, do func() error) error {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat := time.NewTicker(lease / 3)
		defer beat.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				if _, err := s.DB.Hold(ctx, "webhooks", s.Holder, lease); err != nil && ctx.Err() == nil {
					s.Log.WarnContext(ctx, "could not say that it is there now", "error", err)
				}
			}
		}
	}()
	err := do()
	stop()
	<-ended
	return err
}

// Step tells each webhook what waits for it now, all webhooks beside each other, and
// each until it does not take what it is told. It gives how many times something was
// tried.
func (s *Sender) Step(ctx context.Context) (tried int, err error) {
	hooks, err := s.DB.WebhooksDue(ctx, s.Now())
	if err != nil {
		return 0, err
	}
	counts := make([]int, len(hooks))
	faults := make([]error, len(hooks))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, w := range hooks {
		g.Go(func() error { counts[i], faults[i] = s.tell(ctx, w); return nil })
	}
	_ = g.Wait() // they end by themselves
	for _, n := range counts {
		tried += n
	}
	return tried, errors.Join(faults...)
}

// tell tells one webhook what waits for it.
func (s *Sender) tell(ctx context.Context, w store.Webhook) (tried int, err error) {
	began := s.Now()
	waiting, err := s.DB.DeliveriesDue(ctx, w.ID, began, mostTold)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	key, err := s.DB.WebhookKey(ctx, w.ID)
	if err != nil {
		return 0, unlessGone(err)
	}
	permitted := s.permitted(w)
	for _, d := range waiting {
		if ctx.Err() != nil || s.Now().Sub(began) > oneLook {
			break // the rest waits
		}
		if !permitted {
			if err := s.giveUp(ctx, w, d, "the settings do not permit it any more"); err != nil {
				return tried, err
			}
			continue
		}
		begun, taken, err := s.try(ctx, &w, d, key)
		if begun {
			tried++
		}
		if err != nil || begun && !taken {
			return tried, err
		}
	}
	return tried, nil //nolint:nilerr // when this process ends the rest waits
}

// unlessGone is the fault, but for a webhook that was taken away in between.
func unlessGone(err error) error {
	if fault.KindOf(err) == fault.Missing {
		return nil
	}
	return err
}

// permitted reports whether the settings let a webhook be told.
func (s *Sender) permitted(w store.Webhook) bool {
	c, known := s.Callers[w.Caller]
	if !known || w.Everyone && !c.All || !w.Everyone && !c.Own && !c.All {
		return false
	}
	_, err := ParseAddress(w.Address, c.Hosts)
	return err == nil
}

func (s *Sender) giveUp(ctx context.Context, w store.Webhook, d store.Delivery, why string) error {
	d.State, d.Said, d.Ended = store.DeliveryGivenUp, why, s.Now()
	s.Log.WarnContext(ctx, "another system is not told of a permission: it was given up", "webhook", int64(w.ID), "caller", w.Caller, "event", d.Event(), "why", why)
	return s.DB.SettleDelivery(ctx, d, w.Fails, w.Due)
}

// try tells one event. Begun is false when somebody else is telling it.
func (s *Sender) try(ctx context.Context, w *store.Webhook, d store.Delivery, key []byte) (begun, taken bool, err error) {
	body, err := json.Marshal(notice(d))
	if err != nil {
		return false, false, fault.Wrap(err, "webhook.Send", "the event cannot be written")
	}
	act, err := audit.Begin("system:webhooks", "tell "+w.Caller+" of a permission", "permissions over the wire", "GDPR 7(1)", s.Record())
	if err != nil {
		return false, false, err
	}
	if err := s.DB.Write(ctx, act, func(tx store.Tx) error {
		begun = false
		if err := tx.BeginDelivery(d, s.Now().Add(claimFor)); err != nil {
			return err
		}
		tx.About("webhook of " + w.Caller)
		tx.Detail("webhook %d, event %s: %s", w.ID, d.Event(), d.Name)
		begun = true
		return nil
	}); err != nil || !begun {
		return false, false, err
	}
	d.Tries++
	var wait time.Duration
	if taken, d.Said, wait = s.post(ctx, w.Address, d.Event(), key, body); ctx.Err() != nil && !taken {
		return true, false, nil // this process ends: it is tried again when nobody claims it any more
	}
	now := s.Now()
	if taken {
		d.State, d.Ended, d.Due, w.Fails, w.Due = store.DeliveryTaken, now, time.Time{}, 0, time.Time{}
	} else {
		d.Due, w.Due = now.Add(max(wait, gap(d.Tries-1))), now.Add(max(wait, gap(w.Fails)))
		w.Fails++
		s.Log.WarnContext(ctx, "another system did not take an event", "webhook", int64(w.ID), "caller", w.Caller, "event", d.Event(), "tries", d.Tries, "said", d.Said)
		if now.Sub(d.Since) > tryFor {
			d.State, d.Ended = store.DeliveryGivenUp, now
		}
	}
	return true, taken, s.DB.SettleDelivery(context.WithoutCancel(ctx), d, w.Fails, w.Due)
}

// gap is how long is waited after so many failures before.
func gap(before int) time.Duration { return min(mostGap, firstGap<<min(before, 20)) }

// Notice is what is told. It holds nothing about anybody: the record is asked for by
// its id, with the rights that the other system has.
type Notice struct {
	Webhook string    `json:"webhookId"`
	Event   Event     `json:"webhookEvent"`
	Record  string    `json:"consentRecordId"`
	At      time.Time `json:"timestamp"` // of the event
}

// Event is an event in the form of the protocol's WebhookEvent.
type Event struct {
	ID   string `json:"id"` // the id of the record's revision; the same each time
	Name string `json:"name"`
}

// EventPrefix stands before the name of what happened: consent-record.withdrawn.
const EventPrefix = "consent-record."

func notice(d store.Delivery) Notice {
	return Notice{Webhook: strconv.FormatInt(int64(d.Webhook), 10), Event: Event{d.Event(), EventPrefix + d.Name}, Record: strconv.FormatInt(d.Permission, 10), At: d.Since.UTC()}
}

// mostAnswer is how much of an answer is read, so that the line can be used again.
const mostAnswer = 4 << 10

// post sends one request. Said tells how it ended, in our own words; wait is how long
// the other system wants to be left alone.
func (s *Sender) post(ctx context.Context, address, event string, key, body []byte) (taken bool, said string, wait time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return false, "the address is not one", 0
	}
	now := s.Now()
	for k, v := range map[string]string{"Content-Type": "application/json", "User-Agent": "ennakko", HeaderID: event, HeaderTime: strconv.FormatInt(now.Unix(), 10), HeaderSignature: Sign(key, event, now, body)} {
		q.Header.Set(k, v)
	}
	a, err := s.http.Do(q)
	if err != nil {
		return false, trouble(err), 0
	}
	defer func() { _ = a.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, mostAnswer))
	if n, err := strconv.Atoi(a.Header.Get("Retry-After")); err == nil && n > 0 {
		wait = min(mostGap, time.Duration(min(n, 1<<20))*time.Second)
	}
	return a.StatusCode >= 200 && a.StatusCode < 300, "HTTP " + strconv.Itoa(a.StatusCode), wait
}
