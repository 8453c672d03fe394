package kannel

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ennakko/channel"
	"ennakko/fault"
)

// Counters are what the client has seen, in messages.
type Counters struct {
	Taken    int // by the gateway
	Refused  int // for good, or because the gateway is set up wrongly
	TooMuch  int // to be handed over later
	Doubtful int // whose answer never came
}

// Counters are what the client has seen.
func (c *Client) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counters
}

// refusesUs says that the gateway knows us not, or not our address.
const refusesUs = "the gateway refuses us"

// counted counts a receipt. That the gateway is not there shows in its status.
func (c *Client) counted(r channel.Receipt) channel.Receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.State == channel.Handed:
		c.counters.Taken++
	case r.State == channel.Failed || r.Code == refusesUs:
		c.counters.Refused++
	case r.State == channel.Uncertain:
		c.counters.Doubtful++
	case strings.HasPrefix(r.Code, "HTTP "):
		c.counters.TooMuch++
	}
	return r
}

// Status is how a gateway stands by its own word.
type Status struct {
	Online bool // connected to an operator
	Queued int  // messages that no operator has taken yet
	Sent   int  // messages that operators have taken, since the gateway started
}

// mostStatus is how much of a status page is read, in bytes.
const mostStatus = 1 << 20

// page is the status page, as far as it is read. Source: Kannel 1.4.5,
// gw/bb_smscconn.c and gw/bearerbox.c, and what its bearerbox answers.
type page struct {
	Status string `xml:"status"`
	SMS    struct {
		Sent struct {
			Total  int `xml:"total"`
			Queued int `xml:"queued"`
		} `xml:"sent"`
	} `xml:"sms"`
	SMSCs struct {
		All []struct {
			Status string `xml:"status"`
			Queued int    `xml:"queued"`
		} `xml:"smsc"`
	} `xml:"smscs"`
}

// Status asks the gateway's status page. Asked is false when the settings name none. A
// fault never holds the address: the password stands in it.
func (c *Client) Status(ctx context.Context) (s Status, asked bool, err error) {
	const op = "kannel.Status"
	if c.set.StatusURL == "" {
		return Status{}, false, nil
	}
	u, err := url.Parse(c.set.StatusURL)
	if err != nil {
		return Status{}, true, fault.New(fault.Invalid, op, "the gateway's status address is not one")
	}
	if c.set.StatusPassword != "" {
		q := u.Query()
		q.Set("password", c.set.StatusPassword)
		u.RawQuery = q.Encode()
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Status{}, true, fault.New(fault.Invalid, op, "the gateway's status address is not one")
	}
	a, err := c.http.Do(q)
	if err != nil {
		return Status{}, true, fault.New(fault.Later, op, "the gateway's status page does not answer")
	}
	defer func() { _ = a.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(a.Body, mostStatus))
	if err != nil || a.StatusCode != http.StatusOK {
		return Status{}, true, fault.New(fault.Later, op, "the gateway's status page does not answer")
	}
	var p page
	if err := xml.Unmarshal(b, &p); err != nil || p.Status == "" {
		return Status{}, true, fault.New(fault.Refused, op, "the gateway's status page says nothing").Do("see status and status_password of the gateway; the page must be that of status.xml")
	}
	s.Queued, s.Sent = p.SMS.Sent.Queued, p.SMS.Sent.Total
	for _, o := range p.SMSCs.All {
		s.Queued += o.Queued
		s.Online = s.Online || strings.HasPrefix(o.Status, "online")
	}
	return s, true, nil
}
