// Package smsc is an operator's short message centre for tests and trials. It
// speaks SMPP 3.4, remembers all it took, and misbehaves on order. It serves
// loopback only.
package smsc

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// Part is one submit_sm that was taken.
type Part struct {
	ID, To, From, Validity string
	Coding                 byte
	Body                   []byte // without the header that joins parts
	Joint, No, Of          byte   // of that header; Of is 0 without one
	Ref                    string // of who sent it, in the parameter RefTag; "" without one
}

// RefTag is the parameter in which this centre takes a reference of the sender's.
const RefTag = 0x1501

// Order says what is done with one submit_sm.
type Order struct {
	Status      data.CommandStatusType // other than ESME_ROK: refused with it
	Delay       time.Duration          // before the answer
	Hang        bool                   // take it and never answer
	DropBefore  bool                   // close the connection without taking it
	DropAfter   bool                   // take it and close the connection without answering
	Reports     []string               // states that are reported after the answer
	ReportFirst bool                   // the reports come before the answer
}

// SMSC is a running centre.
type SMSC struct {
	listener net.Listener
	order    func(n int, p Part) Order
	families *Families // may be nil

	mu     sync.Mutex
	parts  []Part
	seen   int
	under  int // taken and not answered yet
	most   int // the most that were
	binds  []*bind
	bound  chan struct{} // closed when somebody binds who can receive
	closed bool
	number int
	live   map[net.Conn]bool
	wg     sync.WaitGroup
}

// bind is one bound connection.
type bind struct {
	conn     net.Conn
	receives bool
	writing  sync.Mutex
	mu       sync.Mutex
	waiting  map[int32]chan pdu.PDU
	gone     chan struct{}
}

// Start serves on loopback. Order is asked for each submit_sm, which are counted
// from 1; nil takes all and reports that they were delivered.
func Start(addr string, order func(n int, p Part) Order, families ...*Families) (*SMSC, error) {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, errors.New("smsc: only loopback is served")
	}
	l, err := net.Listen("tcp", addr) //nolint:noctx // it ends with Close
	if err != nil {
		return nil, err
	}
	if order == nil {
		order = func(int, Part) Order { return Order{Reports: []string{"DELIVRD"}} }
	}
	s := &SMSC{listener: l, order: order, bound: make(chan struct{}), live: map[net.Conn]bool{}}
	if len(families) > 0 {
		s.families = families[0]
	}
	s.wg.Go(s.accept)
	return s, nil
}

// Addr is where it serves.
func (s *SMSC) Addr() string { return s.listener.Addr().String() }

// Close ends all connections.
func (s *SMSC) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.listener.Close()
	s.Hangup()
	s.wg.Wait()
}

// Hangup ends all connections that are there, as a network would.
func (s *SMSC) Hangup() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.live {
		_ = c.Close()
	}
}

// Parts are all that were taken, in order.
func (s *SMSC) Parts() []Part {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Part(nil), s.parts...)
}

// MostUnderWay is how many parts were taken and not answered yet, at most.
func (s *SMSC) MostUnderWay() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func (s *SMSC) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.live[conn] = true
		s.mu.Unlock()
		s.wg.Go(func() { s.serve(conn) })
	}
}

func (s *SMSC) serve(conn net.Conn) {
	b := &bind{conn: conn, waiting: map[int32]chan pdu.PDU{}, gone: make(chan struct{})}
	defer func() {
		_ = conn.Close()
		close(b.gone)
		s.mu.Lock()
		delete(s.live, conn)
		for i, x := range s.binds {
			if x == b {
				s.binds = append(s.binds[:i], s.binds[i+1:]...)
				break
			}
		}
		s.mu.Unlock()
	}()
	for {
		p, err := pdu.Parse(conn)
		if err != nil {
			return
		}
		switch p := p.(type) {
		case *pdu.BindRequest:
			b.receives = p.CommandID != data.BIND_TRANSMITTER
			b.write(p.GetResponse())
			s.mu.Lock()
			s.binds = append(s.binds, b)
			if b.receives {
				close(s.bound)
				s.bound = make(chan struct{})
			}
			s.mu.Unlock()
		case *pdu.SubmitSM:
			if !s.take(b, p) {
				return
			}
		case *pdu.EnquireLink:
			b.write(p.GetResponse())
		case *pdu.Unbind:
			b.write(p.GetResponse())
			return
		default:
			b.mu.Lock()
			reply := b.waiting[p.GetHeader().SequenceNumber]
			b.mu.Unlock()
			if reply != nil {
				reply <- p
			}
		}
	}
}

// take does with a submit_sm what the order says; false ends the connection.
func (s *SMSC) take(b *bind, p *pdu.SubmitSM) bool {
	raw, _ := p.Message.GetMessageData()
	part := Part{To: p.DestAddr.Address(), From: p.SourceAddr.Address(), Validity: p.ValidityPeriod, Coding: p.Message.Encoding().DataCoding(), Body: raw}
	part.Of, part.No, part.Joint, _ = p.Message.UDH().GetConcatInfo()
	part.Ref = string(p.OptionalParameters[RefTag].Data)
	s.mu.Lock()
	s.seen++
	o := s.order(s.seen, part)
	if o.DropBefore || o.Status != data.ESME_ROK {
		s.mu.Unlock()
		if o.DropBefore {
			return false
		}
		s.later(o.Delay, func() { b.refuse(p, o.Status) })
		return true
	}
	s.number++
	part.ID = fmt.Sprintf("%d", s.number)
	s.parts = append(s.parts, part)
	s.under++
	s.most = max(s.most, s.under)
	s.mu.Unlock()
	if s.families != nil {
		s.families.Taken(s, part)
	}
	if o.DropAfter {
		s.reports(part, o.Reports) // when somebody is bound again
		return false
	}
	s.later(o.Delay, func() {
		if o.ReportFirst {
			s.reports(part, o.Reports)
		}
		s.mu.Lock()
		s.under--
		s.mu.Unlock()
		if !o.Hang {
			r := p.GetResponse().(*pdu.SubmitSMResp)
			r.MessageID = part.ID
			b.write(r)
		}
		if !o.ReportFirst {
			s.reports(part, o.Reports)
		}
	})
	return true
}

func (s *SMSC) later(d time.Duration, do func()) {
	if d == 0 {
		do()
		return
	}
	s.wg.Go(func() { time.Sleep(d); do() })
}

func (b *bind) refuse(p *pdu.SubmitSM, status data.CommandStatusType) {
	r := p.GetResponse().(*pdu.SubmitSMResp)
	r.CommandStatus = status
	b.write(r)
}

func (b *bind) write(p pdu.PDU) {
	buf := pdu.NewBuffer(make([]byte, 0, 256))
	p.Marshal(buf)
	b.Raw(buf.Bytes())
}

// Raw sends bytes as they are.
func (b *bind) Raw(frame []byte) {
	b.writing.Lock()
	defer b.writing.Unlock()
	_, _ = b.conn.Write(frame) // a connection that is gone is seen when it is read
}

// reports reports on a part, each state until it is acknowledged.
func (s *SMSC) reports(p Part, states []string) {
	for _, state := range states {
		s.wg.Go(func() { s.Report(p, state) })
	}
}

// Report reports a state of a part until that is acknowledged.
func (s *SMSC) Report(p Part, state string) {
	d := pdu.NewDeliverSM().(*pdu.DeliverSM)
	d.EsmClass = data.SM_SMSC_DLV_RCPT_TYPE
	d.SourceAddr, _ = pdu.NewAddressWithTonNpiAddr(1, 1, p.To)
	d.DestAddr, _ = pdu.NewAddressWithTonNpiAddr(1, 1, p.From)
	text := fmt.Sprintf("id:%s sub:001 dlvrd:001 submit date:2101071400 done date:2101071401 stat:%s err:000 text:", p.ID, state)
	_ = d.Message.SetMessageDataWithEncoding([]byte(text), data.GSM7BIT)
	s.deliver(d)
}

// Deliver brings a message from a phone until it is acknowledged. It reports how
// often it was brought, or 0 when the centre closed before.
func (s *SMSC) Deliver(from, to, text string) (times int) {
	d := pdu.NewDeliverSM().(*pdu.DeliverSM)
	d.SourceAddr, _ = pdu.NewAddressWithTonNpiAddr(1, 1, from)
	d.DestAddr, _ = pdu.NewAddressWithTonNpiAddr(1, 1, to)
	if raw, err := data.GSM7BIT.Encode(text); err == nil {
		_ = d.Message.SetMessageDataWithEncoding(raw, data.GSM7BIT)
	} else {
		raw, _ := data.UCS2.Encode(text)
		_ = d.Message.SetMessageDataWithEncoding(raw, data.UCS2)
	}
	return s.deliver(d)
}

// DeliverPDU brings a PDU of one's own making until it is acknowledged.
func (s *SMSC) DeliverPDU(d *pdu.DeliverSM) (times int) { return s.deliver(d) }

func (s *SMSC) deliver(d *pdu.DeliverSM) (times int) {
	for {
		b, ok := s.receiver()
		if !ok {
			return 0
		}
		times++
		status, ok := b.ask(d)
		if ok && (status == data.ESME_ROK || status == data.ESME_RX_P_APPN) {
			return times
		}
		if ok {
			time.Sleep(20 * time.Millisecond) // refused for now
		}
	}
}

// receiver waits for a connection that receives.
func (s *SMSC) receiver() (*bind, bool) {
	for {
		s.mu.Lock()
		bound, closed := s.bound, s.closed
		for _, b := range s.binds {
			if b.receives && !closed {
				s.mu.Unlock()
				return b, true
			}
		}
		s.mu.Unlock()
		if closed {
			return nil, false
		}
		select {
		case <-bound:
		case <-time.After(50 * time.Millisecond): // the centre may close
		}
	}
}

// ask brings a message once; ok is false when no answer came.
func (b *bind) ask(d *pdu.DeliverSM) (data.CommandStatusType, bool) {
	reply := make(chan pdu.PDU, 1)
	own := *d
	own.AssignSequenceNumber()
	number := own.GetHeader().SequenceNumber
	b.mu.Lock()
	b.waiting[number] = reply
	b.mu.Unlock()
	b.write(&own)
	defer func() {
		b.mu.Lock()
		delete(b.waiting, number)
		b.mu.Unlock()
	}()
	select {
	case r := <-reply:
		return r.GetHeader().CommandStatus, true
	case <-b.gone:
		return 0, false
	}
}

// Raw sends bytes to whoever receives, and reports whether there is anybody.
func (s *SMSC) Raw(frame []byte) bool {
	b, ok := s.receiver()
	if ok {
		b.Raw(frame)
	}
	return ok
}
