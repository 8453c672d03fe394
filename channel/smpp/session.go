package smpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"ennakko/fault"
)

// session is one bound connection.
type session struct {
	c      *Client
	conn   net.Conn
	window chan struct{}
	closed chan struct{} // closed when the connection is gone
	once   sync.Once
	why    error // why it is gone

	mu       sync.Mutex
	next     int32
	waiting  map[int32]chan pdu.PDU
	heard    atomic.Int64        // when the operator was last heard, in Unix nanoseconds
	messages chan *pdu.DeliverSM // from phones: a person waits
	reports  chan *pdu.DeliverSM // and all else that the operator brings

	writing sync.Mutex // reading never waits for it
}

// dial connects and binds.
func (c *Client) dial(ctx context.Context, as pdu.BindingType) (*session, error) {
	const op = "smpp.dial"
	ctx, cancel := context.WithTimeout(ctx, c.set.Answer)
	defer cancel()
	d := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	conn, err := d.DialContext(ctx, "tcp", c.set.Addr)
	if err != nil {
		return nil, fault.New(fault.Later, op, "the operator cannot be reached").Because(err)
	}
	if c.set.TLS != nil {
		conn = tlsClient(conn, c.set.TLS)
	}
	s := &session{c: c, conn: conn, window: make(chan struct{}, c.set.Window), closed: make(chan struct{}), waiting: map[int32]chan pdu.PDU{},
		messages: make(chan *pdu.DeliverSM, 1000), reports: make(chan *pdu.DeliverSM, 1000)}
	s.heard.Store(time.Now().UnixNano())
	b := pdu.NewBindRequest(as)
	b.SystemID, b.Password, b.SystemType, b.InterfaceVersion = c.set.SystemID, c.set.Password, c.set.System, data.SMPP_V34
	go s.read()
	answer, _, err := s.ask(ctx, b)
	if err != nil {
		s.close(err)
		return nil, fault.New(fault.Later, op, "the operator does not answer to the bind").Because(err)
	}
	if status := answer.GetHeader().CommandStatus; status != data.ESME_ROK {
		err := fault.New(fault.Refused, op, "the operator refuses the bind: %s", statusText(status)).Do("see system_id, password and system_type, and that no other process is bound with them")
		s.close(err)
		return nil, err
	}
	if t, ok := conn.(*tls.Conn); ok {
		c.noteCertificate(t.ConnectionState().PeerCertificates)
	}
	return s, nil
}

// close ends the connection once; everything that waits for an answer learns of it.
func (s *session) close(why error) {
	s.once.Do(func() {
		s.why = why
		_ = s.conn.Close()
		close(s.closed)
	})
}

// ask sends a request and waits for its answer. Sent is false when surely no
// byte of it reached the operator.
func (s *session) ask(ctx context.Context, p pdu.PDU) (answer pdu.PDU, sent bool, err error) {
	reply := make(chan pdu.PDU, 1)
	s.mu.Lock()
	select {
	case <-s.closed:
		s.mu.Unlock()
		return nil, false, s.why
	default:
	}
	s.next = s.next%0x7ffffffe + 1
	number := s.next
	s.waiting[number] = reply
	s.mu.Unlock()
	p.SetSequenceNumber(number)
	written, err := s.write(p)
	defer func() {
		s.mu.Lock()
		delete(s.waiting, number)
		s.mu.Unlock()
	}()
	if err != nil {
		s.close(err)
		return nil, written > 0, err
	}
	t := time.NewTimer(s.c.set.Answer)
	defer t.Stop()
	select {
	case answer := <-reply:
		return answer, true, nil
	case <-s.closed:
	case <-t.C:
		// An operator that does not answer one request is not trusted with the
		// next: its late answer would find nobody.
		s.close(fault.New(fault.Later, "smpp.ask", "the operator was silent for %s", s.c.set.Answer))
	case <-ctx.Done():
		s.close(ctx.Err())
	}
	// The answer may have come in the same moment.
	select {
	case answer := <-reply:
		return answer, true, nil
	default:
		return nil, true, s.why
	}
}

// write sends a PDU.
func (s *session) write(p pdu.PDU) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	b := pdu.NewBuffer(make([]byte, 0, 256))
	p.Marshal(b)
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.c.set.Answer)); err != nil {
		return 0, err
	}
	return s.conn.Write(b.Bytes())
}

// tell sends an answer of ours.
func (s *session) tell(p pdu.PDU) {
	if _, err := s.write(p); err != nil {
		s.close(err)
	}
}

// submit hands one part over, within the window.
func (s *session) submit(ctx context.Context, p *pdu.SubmitSM) (status data.CommandStatusType, id string, sent bool) {
	select {
	case s.window <- struct{}{}:
	case <-s.closed:
		return 0, "", false
	case <-ctx.Done():
		return 0, "", false
	}
	defer func() { <-s.window }()
	answer, sent, err := s.ask(ctx, p)
	if err != nil {
		return answerLost, "", sent
	}
	if r, ok := answer.(*pdu.SubmitSMResp); ok {
		return r.CommandStatus, r.MessageID, true
	}
	return answer.GetHeader().CommandStatus, "", true // generic_nack
}

// read takes what the operator sends until the connection is gone.
func (s *session) read() {
	defer close(s.messages)
	defer close(s.reports)
	for {
		frame, err := readFrame(s.conn)
		if err != nil {
			s.close(err)
			return
		}
		s.heard.Store(time.Now().UnixNano())
		p, err := pdu.Parse(bytes.NewReader(frame))
		if err != nil {
			s.malformed(frame)
			continue
		}
		if !s.take(p) {
			return
		}
	}
}

// readFrame reads one PDU as bytes, so that one that is wrong inside does not
// put the stream out of step.
func readFrame(r io.Reader) ([]byte, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n < 16 || n > data.MAX_PDU_LEN {
		return nil, errors.New("a PDU of impossible length")
	}
	frame := append(head, make([]byte, n-16)...)
	_, err := io.ReadFull(r, frame[16:])
	return frame, err
}

// malformed answers a PDU that cannot be read: of a message from a phone, that it
// never will be, so that the operator does not bring it for ever.
func (s *session) malformed(frame []byte) {
	s.c.count(func(n *Counters) { n.Malformed++ })
	command, number := data.CommandIDType(binary.BigEndian.Uint32(frame[4:])), int32(binary.BigEndian.Uint32(frame[12:]))
	s.c.set.Log.Warn("a PDU of the operator cannot be read", "operator", s.c.set.Name, "command", uint32(command))
	if uint32(command)&0x80000000 != 0 { // an answer: whoever waits for it is in doubt
		return
	}
	if command == data.DELIVER_SM {
		r := pdu.NewDeliverSMResp().(*pdu.DeliverSMResp)
		r.SequenceNumber, r.CommandStatus = number, data.ESME_RX_P_APPN
		s.tell(r)
		return
	}
	r := pdu.NewGenericNack().(*pdu.GenericNack)
	r.SequenceNumber, r.CommandStatus = number, data.ESME_RINVCMDID
	s.tell(r)
}

// take handles one PDU; false ends the reading.
func (s *session) take(p pdu.PDU) bool {
	switch p := p.(type) {
	case *pdu.DeliverSM:
		to := s.messages
		if isReport(p) {
			to = s.reports
		}
		// Reading never waits: the answers to our own messages come on the same line.
		select {
		case to <- p:
		default:
			acknowledge(s, []*pdu.DeliverSM{p}, laterPlease)
		}
	case *pdu.EnquireLink:
		s.tell(p.GetResponse())
	case *pdu.Unbind:
		s.tell(p.GetResponse())
		s.close(fault.New(fault.Later, "smpp.read", "the operator ended the session"))
		return false
	default:
		s.mu.Lock()
		reply := s.waiting[p.GetHeader().SequenceNumber]
		s.mu.Unlock()
		if reply != nil {
			select {
			case reply <- p:
			default: // a second answer to one request
			}
			return true
		}
		if p.CanResponse() {
			n := pdu.NewGenericNack().(*pdu.GenericNack)
			n.SequenceNumber, n.CommandStatus = p.GetHeader().SequenceNumber, data.ESME_RINVCMDID
			s.tell(n)
		}
	}
	return true
}

// enquire tries a quiet connection now and then.
func (s *session) enquire(ctx context.Context) {
	t := time.NewTicker(s.c.set.Enquire)
	defer t.Stop()
	for {
		select {
		case <-s.closed:
			return
		case <-ctx.Done():
			return
		case <-t.C:
			if time.Since(time.Unix(0, s.heard.Load())) >= s.c.set.Enquire {
				_, _, _ = s.ask(ctx, pdu.NewEnquireLink()) // without an answer it closes the session
			}
		}
	}
}
