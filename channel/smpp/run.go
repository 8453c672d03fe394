package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"time"

	"github.com/linxGnu/gosmpp/pdu"
	"golang.org/x/sync/errgroup"

	"ennakko/fault"
)

// Run keeps the client bound until ctx ends. A bind that the operator refuses is
// tried again, too: a password may be mended there while the program runs.
func (c *Client) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	if !c.set.TwoBinds {
		g.Go(func() error { return c.keep(ctx, pdu.Transceiver, true) })
		return g.Wait()
	}
	g.Go(func() error { return c.keep(ctx, pdu.Transmitter, true) })
	g.Go(func() error { return c.keep(ctx, pdu.Receiver, false) })
	return g.Wait()
}

var bindings = map[pdu.BindingType]string{pdu.Transceiver: "transceiver", pdu.Transmitter: "transmitter", pdu.Receiver: "receiver"}

// How long is waited between attempts to connect.
const (
	firstWait = 100 * time.Millisecond
	mostWait  = 30 * time.Second
)

// keep binds again and again.
func (c *Client) keep(ctx context.Context, as pdu.BindingType, sends bool) error {
	wait := firstWait
	for {
		s, err := c.dial(ctx, as)
		if err == nil {
			wait = firstWait
			c.count(func(n *Counters) { n.Bound++ })
			c.set.Log.Info("bound", "operator", c.set.Name, "as", bindings[as])
			err = c.serve(ctx, s, sends)
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was told to end
		}
		c.set.Log.Warn("not connected", "operator", c.set.Name, "error", err, "again_in", wait.String())
		t := time.NewTimer(wait/2 + c.spread(wait/2))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		wait = min(2*wait, mostWait)
	}
}

// spread keeps many programs from coming back in the same moment.
func (c *Client) spread(d time.Duration) time.Duration {
	if c.set.Rand == nil {
		return rand.N(d) //nolint:gosec // no secret
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.set.Rand.Int64N(int64(d)))
}

// serve lets a bound session work until it is gone.
func (c *Client) serve(ctx context.Context, s *session, sends bool) error {
	if sends {
		c.use(s)
		defer c.use(nil)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { s.enquire(gctx); return nil })
	g.Go(func() error { c.receive(gctx, s); return nil })
	select {
	case <-s.closed:
	case <-ctx.Done():
		c.unbind(s)
	}
	if sends {
		c.use(nil) // at once: what is being kept may take long, and nothing can be sent on it
	}
	return waitFor(g, s)
}

func waitFor(g *errgroup.Group, s *session) error {
	_ = g.Wait() // neither fails
	return s.why
}

// unbind says good-bye, and waits a moment for the answer.
func (c *Client) unbind(s *session) {
	c.use(nil)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, _, _ = s.ask(ctx, pdu.NewUnbind())
	s.close(fault.New(fault.Later, "smpp.Run", "the program stops"))
}

// use makes a session the one that sends.
func (c *Client) use(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sender == nil && s == nil {
		return
	}
	c.sender = s
	close(c.changed)
	c.changed = make(chan struct{})
}

func tlsClient(conn net.Conn, c *tls.Config) net.Conn { return tls.Client(conn, c) }

// noteCertificate keeps when the operator's certificate ends.
func (c *Client) noteCertificate(shown []*x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(shown) > 0 {
		c.certificateEnd = shown[0].NotAfter
	}
}
