// Package smpp carries messages through an operator's short message centre over
// SMPP 3.4.
//
// The wire format is the library's (gosmpp's pdu package); the session is ours,
// because it is what keeps the promises: no more messages under way than the
// window, an answer to each or doubt about it, and a message from a phone is
// acknowledged only when it is kept.
//
// Source: SMPP Protocol Specification v3.4, Issue 1.2 (1999).
package smpp

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"ennakko/channel"
	"ennakko/channel/sms"
	"ennakko/fault"
)

// Options of a connection to one operator. Zero values of times and numbers are
// replaced by usual ones.
type Options struct {
	Name     string // of the operator, for reports, the log and metrics
	Addr     string // host:port
	SystemID string
	Password string
	System   string      // system_type
	TLS      *tls.Config // nil: no TLS
	TwoBinds bool        // one connection to send and another to receive

	Window   int           // messages under way at once (10)
	Answer   time.Duration // an operator that is silent for longer is gone (30 s)
	Enquire  time.Duration // how often a quiet connection is tried (30 s)
	Patience time.Duration // how long a batch waits for a busy operator (60 s)
	HexIDs   bool          // answers name messages in hexadecimal digits, reports in decimal ones
	RefTag   uint16        // a vendor's parameter in which the operator takes our reference; 0: none

	Inbox channel.Inbox // takes answers and reports
	Log   *slog.Logger  // nil: nothing is told
	Rand  *rand.Rand    // spreads attempts to connect
}

// Client is a connection that is made again whenever it breaks, while Run runs.
type Client struct {
	set Options

	mu       sync.Mutex
	sender   *session      // nil: not bound
	changed  chan struct{} // closed when sender changes
	until    time.Time     // an operator that said "too much" is left in peace until then
	pause    time.Duration // and for this long, should it say so again
	counters Counters

	certificateEnd time.Time // of the operator, as of the newest bind
}

// Counters are what a client has seen since it began.
type Counters struct {
	Bound     int // how often a connection was bound
	Submitted int // parts taken by the operator
	Refused   int // parts refused for good
	Throttled int // answers "too much"
	Doubtful  int // parts whose answer never came
	Malformed int // messages of the operator that could not be read
}

// New makes a client. Nothing happens before Run.
func New(o Options) (*Client, error) {
	const op = "smpp.New"
	var l fault.List
	if _, _, err := net.SplitHostPort(o.Addr); err != nil {
		l.Add(fault.New(fault.Invalid, op, "the operator's address is not one").Do("write it as host:2775"))
	}
	if o.Name == "" || o.SystemID == "" || len(o.SystemID) > 15 || len(o.Password) > 8 || len(o.System) > 12 {
		l.Add(fault.New(fault.Invalid, op, "the operator has no name or system_id, or a credential is too long").Do("system_id has 1 to 15 characters, password up to 8, system_type up to 12 (SMPP 3.4, 4.1.1)"))
	}
	if o.Inbox == nil {
		l.Add(fault.New(fault.Invalid, op, "nobody takes what the operator brings"))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		at    *time.Duration
		usual time.Duration
	}{{&o.Answer, 30 * time.Second}, {&o.Enquire, 30 * time.Second}, {&o.Patience, time.Minute}} {
		if *d.at == 0 {
			*d.at = d.usual
		}
	}
	if o.Window == 0 {
		o.Window = 10
	}
	return &Client{set: o, changed: make(chan struct{})}, l.Err()
}

// Connected reports whether messages can be handed over now.
func (c *Client) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sender != nil
}

// CertificateEnd is when the certificate ends that the operator showed at the
// newest bind; zero without TLS.
func (c *Client) CertificateEnd() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.certificateEnd
}

// Counters are what the client has seen.
func (c *Client) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counters
}

func (c *Client) count(do func(*Counters)) {
	c.mu.Lock()
	do(&c.counters)
	c.mu.Unlock()
}

// Query cannot tell: a message whose answer never came has no name that the
// operator knows.
func (c *Client) Query(context.Context, channel.Ref) (channel.Known, error) {
	return channel.CannotTell, nil
}

// Submit hands messages over, as many at once as the window allows.
func (c *Client) Submit(ctx context.Context, batch []channel.Message) ([]channel.Receipt, error) {
	receipts := make([]channel.Receipt, len(batch))
	until := time.Now().Add(c.set.Patience)
	var all sync.WaitGroup
	for i, m := range batch {
		all.Go(func() { receipts[i] = c.message(ctx, m, until) })
	}
	all.Wait()
	var known []channel.Receipt
	for _, r := range receipts {
		if r.State != channel.Uncertain {
			known = append(known, r)
		}
	}
	return known, nil
}

// message hands all parts of a message over. It is taken when all are, refused
// when one is, and in doubt when it stopped halfway.
func (c *Client) message(ctx context.Context, m channel.Message, until time.Time) channel.Receipt {
	e := m.Envelope()
	r := channel.Receipt{Ref: e.Ref, State: channel.Handed, Code: "taken", Gateway: c.set.Name}
	encoding, parts := sms.Split(m.Text())
	for i, p := range parts {
		s, id, code := c.part(ctx, func() (*pdu.SubmitSM, error) { return c.submit(e, encoding, p, i, len(parts)) }, until)
		switch {
		case s == channel.Handed:
			r.Parts = append(r.Parts, id)
			continue
		case s == channel.Queued && i > 0:
			s = channel.Uncertain // a part is on its way: it cannot be sent again from the start
		}
		r.State, r.Code = s, code
		return r
	}
	return r
}

// part hands one part over, and waits while the operator is busy.
func (c *Client) part(ctx context.Context, make func() (*pdu.SubmitSM, error), until time.Time) (s channel.State, id, code string) {
	for {
		if !c.ready(ctx, until) {
			return channel.Queued, "", "the operator is not connected or busy"
		}
		c.mu.Lock()
		on := c.sender
		c.mu.Unlock()
		if on == nil {
			continue
		}
		p, err := make()
		if err != nil {
			return channel.Failed, "", "the message cannot be written"
		}
		status, id, sent := on.submit(ctx, p)
		switch {
		case !sent:
			continue // the connection was gone before a byte of it went out
		case status == answerLost:
			c.count(func(n *Counters) { n.Doubtful++ })
			return channel.Uncertain, "", "no answer from the operator"
		case status == data.ESME_ROK:
			c.calm()
			c.count(func(n *Counters) { n.Submitted++ })
			return channel.Handed, c.name(id), "taken"
		case throttled(status):
			c.slow()
		case later(status):
			return channel.Queued, "", statusText(status)
		default:
			c.count(func(n *Counters) { n.Refused++ })
			return channel.Failed, "", statusText(status)
		}
	}
}

// ready waits until the client is bound and the operator is not to be left in
// peace. It reports false when that takes too long.
func (c *Client) ready(ctx context.Context, until time.Time) bool {
	for {
		c.mu.Lock()
		on, changed, wait := c.sender, c.changed, time.Until(c.until)
		c.mu.Unlock()
		left := time.Until(until)
		if left <= 0 || ctx.Err() != nil {
			return false
		}
		if on != nil && wait <= 0 {
			return true
		}
		if on == nil {
			wait = left
		}
		t := time.NewTimer(min(wait, left))
		select {
		case <-ctx.Done():
		case <-changed:
		case <-t.C:
		}
		t.Stop()
		if on == nil && time.Until(until) <= 0 {
			return false
		}
	}
}

// The pause after "too much", which doubles each time.
const (
	firstPause = 500 * time.Millisecond
	mostPause  = 30 * time.Second
)

func (c *Client) slow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Throttled++
	if time.Now().Before(c.until) {
		return // another message under way was told the same
	}
	c.pause = min(max(2*c.pause, firstPause), mostPause)
	c.until = time.Now().Add(c.pause)
}

func (c *Client) calm() {
	c.mu.Lock()
	if time.Now().After(c.until) {
		c.pause = 0
	}
	c.mu.Unlock()
}

// submit writes one part as a submit_sm (SMPP 3.4, 4.4.1).
func (c *Client) submit(e channel.Envelope, encoding sms.Encoding, part []byte, i, of int) (*pdu.SubmitSM, error) {
	p := pdu.NewSubmitSM().(*pdu.SubmitSM)
	var err error
	if p.SourceAddr, err = address(e.From); err != nil {
		return nil, err
	}
	if p.DestAddr, err = address(e.To); err != nil {
		return nil, err
	}
	if c.set.RefTag != 0 {
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.Tag(c.set.RefTag), Data: []byte(e.Ref)})
	}
	p.RegisteredDelivery = 1 // a report on success and failure
	p.ValidityPeriod = validity(time.Until(e.ValidUntil))
	body := part
	if of > 1 {
		p.EsmClass = data.SM_UDH_GSM
		body = append([]byte{5, 0, 3, e.Joint, byte(of), byte(i + 1)}, part...) // 3GPP TS 23.040, 9.2.3.24.1
	}
	coding := data.GSM7BIT
	if encoding == sms.UCS2 {
		coding = data.UCS2
	}
	return p, p.Message.SetMessageDataWithEncoding(body, coding)
}

// address writes a number: international ones in E.164 form without the plus.
func address(number string) (pdu.Address, error) {
	if strings.HasPrefix(number, "+") {
		return pdu.NewAddressWithTonNpiAddr(data.GSM_TON_INTERNATIONAL, data.GSM_NPI_ISDN, number[1:])
	}
	return pdu.NewAddressWithTonNpiAddr(data.GSM_TON_UNKNOWN, data.GSM_NPI_UNKNOWN, number)
}
