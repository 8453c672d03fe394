package smpp

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"ennakko/channel"
	"ennakko/channel/sms"
)

// atOnce is how many messages from the operator are kept in one go: few enough
// that an answer does not wait long for reports. When many wait, it is half of them.
const atOnce = 50

// laterPlease is how we say that something cannot be taken now (SMPP 3.4, 5.1.3:
// ESME_RX_T_APPN).
const laterPlease = data.ESME_RX_T_APPN

// isReport says that the operator tells of a message of ours, and not what a
// phone wrote: a report, an acknowledgement of a phone, or one of an intermediate
// kind (SMPP 3.4, 5.2.12).
func isReport(p *pdu.DeliverSM) bool { return p.EsmClass&0x3c != 0 }

// receive keeps what the operator brings, and only then acknowledges it. What
// cannot be kept now is refused for now: the operator brings it again. What
// people write does not wait behind reports.
func (c *Client) receive(ctx context.Context, s *session) {
	var both sync.WaitGroup
	both.Go(func() { c.keepFrom(ctx, s, s.reports) })
	c.keepFrom(ctx, s, s.messages)
	both.Wait()
}

func (c *Client) keepFrom(ctx context.Context, s *session, from <-chan *pdu.DeliverSM) {
	in := &intake{operator: c.set.Name, bind: randomName(), halves: map[string]*half{}}
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		var got []*pdu.DeliverSM
		select {
		case p, open := <-from:
			if !open {
				return
			}
			got = append(got, p)
		case <-t.C:
		}
		select {
		case <-s.closed:
			return // what was not acknowledged is brought again
		default:
		}
		for most := max(atOnce, len(from)/2); len(got) > 0 && len(got) < most && len(from) > 0; {
			if p, open := <-from; open {
				got = append(got, p)
			}
		}
		in.take(got, time.Now())
		c.keepAll(ctx, s, in)
	}
}

// keepAll hands what is whole to the inbox and acknowledges it.
func (c *Client) keepAll(ctx context.Context, s *session, in *intake) {
	status := func(err error) data.CommandStatusType {
		if err == nil {
			return data.ESME_ROK
		}
		c.set.Log.Warn("what the operator brought cannot be kept now", "operator", c.set.Name, "error", err)
		return laterPlease
	}
	if len(in.reports) > 0 {
		acknowledge(s, in.reportOf, status(c.set.Inbox.Report(ctx, in.reports)))
	}
	if len(in.messages) > 0 {
		acknowledge(s, in.messageOf, status(c.set.Inbox.Receive(ctx, in.messages)))
	}
	acknowledge(s, in.nothing, data.ESME_ROK)
	in.reports, in.reportOf, in.messages, in.messageOf, in.nothing = nil, nil, nil, nil, nil
}

func acknowledge(s *session, of []*pdu.DeliverSM, status data.CommandStatusType) {
	for _, p := range of {
		r := p.GetResponse().(*pdu.DeliverSMResp)
		r.CommandStatus = status
		s.tell(r)
	}
}

func randomName() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// intake sorts what the operator brings.
type intake struct {
	operator, bind string
	number         int
	halves         map[string]*half

	reports   []channel.Report
	reportOf  []*pdu.DeliverSM
	messages  []channel.Incoming
	messageOf []*pdu.DeliverSM
	nothing   []*pdu.DeliverSM // what needs no keeping
}

// half is a message of which parts are missing.
type half struct {
	parts map[byte]string
	of    byte
	pdus  []*pdu.DeliverSM
	since time.Time
}

// halfWait is how long the other parts of a message are waited for.
const halfWait = 20 * time.Second

func (in *intake) take(got []*pdu.DeliverSM, now time.Time) {
	for _, p := range got {
		switch {
		case p.EsmClass&data.SM_SMSC_DLV_RCPT_TYPE != 0:
			in.report(p, now)
		case isReport(p): // of no outcome
			in.nothing = append(in.nothing, p)
		default:
			in.message(p, now)
		}
	}
	for key, h := range in.halves {
		if now.Sub(h.since) > halfWait {
			in.whole(key, h, now)
		}
	}
}

// receipt is the text of a report (SMPP 3.4, appendix B).
var receipt = regexp.MustCompile(`(?i)\bid:\s*([^\s]+).*\bstat:\s*([A-Z]+)`)

func (in *intake) report(p *pdu.DeliverSM, now time.Time) {
	id, state := "", ""
	if raw, err := p.Message.GetMessageData(); err == nil {
		if m := receipt.FindStringSubmatch(sms.Latin1(raw)); m != nil {
			id, state = m[1], strings.ToUpper(m[2])
		}
	}
	if f, ok := p.OptionalParameters[pdu.TagReceiptedMessageID]; ok {
		id = strings.TrimRight(string(f.Data), "\x00")
	}
	if f, ok := p.OptionalParameters[pdu.TagMessageStateOption]; ok && len(f.Data) == 1 {
		state = messageStates[f.Data[0]]
	}
	known, ok := outcomes[state]
	if id == "" || !ok {
		in.nothing = append(in.nothing, p) // on its way, accepted: no outcome
		return
	}
	in.reports = append(in.reports, channel.Report{ID: in.operator + "/" + id + "/" + string(known), State: known, At: now, Gateway: in.operator, Part: id, To: numberOf(p.SourceAddr)})
	in.reportOf = append(in.reportOf, p)
}

// messageStates are those of message_state (5.2.28), outcomes what they mean.
var (
	messageStates = map[byte]string{2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
	outcomes      = map[string]channel.State{"DELIVRD": channel.Delivered, "EXPIRED": channel.Expired, "DELETED": channel.Failed, "UNDELIV": channel.Failed, "REJECTD": channel.Failed}
)

func (in *intake) message(p *pdu.DeliverSM, now time.Time) {
	text := textOf(p)
	of, part, ref, joined := p.Message.UDH().GetConcatInfo()
	if !joined || of < 2 {
		in.add(p.SourceAddr, text, []*pdu.DeliverSM{p}, now)
		return
	}
	key := fmt.Sprintf("%s/%d/%d", p.SourceAddr.Address(), ref, of)
	h := in.halves[key]
	if h == nil {
		h = &half{parts: map[byte]string{}, of: of, since: now}
		in.halves[key] = h
	}
	h.parts[part] = text
	h.pdus = append(h.pdus, p)
	if len(h.parts) == int(of) {
		in.whole(key, h, now)
	}
}

// whole takes a message in parts as it is now.
func (in *intake) whole(key string, h *half, now time.Time) {
	delete(in.halves, key)
	text := ""
	for i := byte(1); i <= h.of; i++ {
		text += h.parts[i]
	}
	in.add(h.pdus[0].SourceAddr, text, h.pdus, now)
}

func (in *intake) add(from pdu.Address, text string, pdus []*pdu.DeliverSM, now time.Time) {
	in.number++
	number := numberOf(from)
	in.messages = append(in.messages, channel.Incoming{ID: in.operator + "/" + in.bind + "/" + strconv.Itoa(in.number), From: number, Text: text, At: now})
	in.messageOf = append(in.messageOf, pdus...)
}

// numberOf is a number in E.164 form, or as it came if it is not one.
func numberOf(a pdu.Address) string {
	number := a.Address()
	if a.Ton() == data.GSM_TON_INTERNATIONAL && !strings.HasPrefix(number, "+") {
		number = "+" + number
	}
	if n, err := sms.ParseNumber(number, "FI"); err == nil {
		return n.Reveal()
	}
	return number
}

// textOf reads the text of a message by its data_coding (5.2.19).
func textOf(p *pdu.DeliverSM) string {
	raw, err := p.Message.GetMessageData()
	if err != nil || len(raw) == 0 {
		if f, ok := p.OptionalParameters[pdu.TagMessagePayload]; ok {
			raw = f.Data
		}
	}
	switch p.Message.Encoding() {
	case data.UCS2:
		return sms.Join(sms.UCS2, raw)
	case data.LATIN1, data.ASCII:
		return sms.Latin1(raw)
	}
	return sms.Join(sms.GSM7, raw)
}
