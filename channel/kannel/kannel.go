// Package kannel carries messages through a Kannel gateway over its HTTP
// interface, for a city that has one.
//
// Where there is a choice, SMPP is better: Kannel drops a message from a phone
// when this program is away for longer than Kannel tries, and a repeated
// hand-over cannot be told from a new one.
//
// Source: Kannel 1.4.5 User's Guide, chapters "Using SMS gateway" and "Setting up
// more complex sendsms".
package kannel

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"ennakko/channel"
	"ennakko/channel/sms"
	"ennakko/fault"
)

// Options of a gateway.
type Options struct {
	Name     string // of the gateway, for reports and the log
	SendURL  string // http://127.0.0.1:13013/cgi-bin/sendsms
	Username string // of a sendsms-user
	Password string
	OwnURL   string // where Handler is served, as Kannel sees it: http://127.0.0.1:9013/kannel
	Secret   string // of what Kannel brings; at least 16 characters
	Window   int    // requests under way at once (10)

	StatusURL      string // of its status page as XML: http://127.0.0.1:13000/status.xml; "": it is not asked
	StatusPassword string // that the page asks for; "": none
	Timeout        time.Duration

	Inbox channel.Inbox
	Log   *slog.Logger
}

// Client hands messages to a gateway and takes what it brings.
type Client struct {
	set    Options
	http   *http.Client
	window chan struct{}

	mu       sync.Mutex
	counters Counters
}

// New makes a client.
func New(o Options) (*Client, error) {
	const op = "kannel.New"
	var l fault.List
	for _, x := range []struct{ name, value string }{{"sendsms address", o.SendURL}, {"own address", o.OwnURL}, {"status address", o.StatusURL}} {
		if x.name == "status address" && x.value == "" {
			continue
		}
		if u, err := url.Parse(x.value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			l.Add(fault.New(fault.Invalid, op, "the gateway's %s is not one", x.name).Do("write it as http://127.0.0.1:13013/cgi-bin/sendsms"))
		}
	}
	if o.Name == "" || o.Username == "" || o.Password == "" {
		l.Add(fault.New(fault.Invalid, op, "the gateway has no name, username or password"))
	}
	if len(o.Secret) < 16 {
		l.Add(fault.New(fault.Invalid, op, "the gateway's secret is too short").Do("make one of at least 16 characters: openssl rand -base64 24"))
	}
	if o.Inbox == nil {
		l.Add(fault.New(fault.Invalid, op, "nobody takes what the gateway brings"))
	}
	if o.Window == 0 {
		o.Window = 10
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{set: o, window: make(chan struct{}, o.Window),
		http: &http.Client{Timeout: o.Timeout, Transport: &http.Transport{MaxIdleConnsPerHost: o.Window},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, l.Err()
}

// Query cannot tell: Kannel keeps nothing of what it was handed that could be
// asked for by our reference.
func (c *Client) Query(context.Context, channel.Ref) (channel.Known, error) {
	return channel.CannotTell, nil
}

// Submit hands messages over, as many at once as the window allows.
func (c *Client) Submit(ctx context.Context, batch []channel.Message) ([]channel.Receipt, error) {
	receipts := make([]channel.Receipt, len(batch))
	var all sync.WaitGroup
	for i, m := range batch {
		c.window <- struct{}{}
		all.Go(func() {
			defer func() { <-c.window }()
			receipts[i] = c.counted(c.message(ctx, m))
		})
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

// message hands one message over in a POST, so that neither number nor text
// stands in an address.
func (c *Client) message(ctx context.Context, m channel.Message) channel.Receipt {
	e := m.Envelope()
	r := channel.Receipt{Ref: e.Ref, State: channel.Failed, Gateway: c.set.Name, Code: "the request cannot be made"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.set.SendURL, strings.NewReader(m.Text()))
	if err != nil {
		return r
	}
	coding := "0" // chosen by us: left to choose, Kannel writes ? for what does not fit
	if sms.Segments(m.Text()).Encoding == sms.UCS2 {
		coding = "2"
	}
	for k, v := range map[string]string{"Content-Type": "text/plain; charset=UTF-8", "X-Kannel-Username": c.set.Username, "X-Kannel-Password": c.set.Password, "X-Kannel-To": e.To, "X-Kannel-From": e.From,
		"X-Kannel-Coding": coding, "X-Kannel-DLR-Mask": strconv.Itoa(reportMask), "X-Kannel-DLR-Url": c.reportURL(e.Ref),
		"X-Kannel-Validity": strconv.Itoa(max(1, int(time.Until(e.ValidUntil)/time.Minute)))} {
		req.Header.Set(k, v)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return unanswered(r, err)
	}
	defer func() { _ = answer.Body.Close() }()
	// The body says in words what the status says; it may repeat the number.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 4096))
	r.Code = "HTTP " + strconv.Itoa(answer.StatusCode)
	switch {
	case answer.StatusCode == http.StatusAccepted || answer.StatusCode == http.StatusOK:
		r.State = channel.Handed
	case answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests:
		r.State = channel.Queued
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusNotFound:
		// The gateway is set up wrongly: no message is to blame for it.
		c.set.Log.WarnContext(ctx, "the gateway refuses us", "gateway", c.set.Name, "status", answer.StatusCode)
		r.State, r.Code = channel.Queued, refusesUs
	case answer.StatusCode >= 500:
		r.State = channel.Uncertain
	}
	return r
}

// unanswered tells a gateway that is not there from one that may have taken the
// message.
func unanswered(r channel.Receipt, err error) channel.Receipt {
	r.State, r.Code = channel.Uncertain, "no answer from the gateway"
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" || errors.Is(err, syscall.ECONNREFUSED) {
		r.State, r.Code = channel.Queued, "the gateway is not there"
	}
	return r
}

// The kinds of reports that are asked for: delivered, failed, refused by the
// operator.
const (
	delivered  = 1
	failed     = 2
	rejected   = 16
	reportMask = delivered | failed | rejected
)

// reportURL is where Kannel reports on a message: our own reference, and a mark
// that nobody can make for another.
func (c *Client) reportURL(ref channel.Ref) string {
	// %d is Kannel's blank for the kind of report.
	return c.set.OwnURL + "/report?ref=" + url.QueryEscape(string(ref)) + "&mark=" + c.mark(string(ref)) + "&state=%d"
}

func (c *Client) mark(what string) string {
	m := hmac.New(sha256.New, []byte(c.set.Secret))
	m.Write([]byte("kannel " + what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// IncomingURL is the address to put into Kannel's sms-service as its post-url.
func (c *Client) IncomingURL() string {
	return c.set.OwnURL + "/incoming?mark=" + c.mark("incoming") + "&id=%I"
}
