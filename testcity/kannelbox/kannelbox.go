// Package kannelbox runs a Kannel gateway of its own for tests and trials: its
// bearerbox and smsbox from Debian's package, on loopback, on free ports, in a
// folder that goes away, stopped by their pids.
package kannelbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"ennakko/fault"
)

// The one user of the gateway's sendsms.
const (
	Username = "city"
	Password = "secret"
)

// StatusPassword opens the status page.
const StatusPassword = "status secret"

// Options of a gateway.
type Options struct {
	SMPP     string // host:port of an operator; "": Kannel's own made-up one (fakesmsc)
	Incoming string // the address to which messages from phones are posted
	Retries  int    // how often a post is tried again
}

// Gateway is a running Kannel.
type Gateway struct {
	SendURL   string // of sendsms
	StatusURL string // of its status page; StatusPassword opens it
	Fake      string // where fakesmsc connects to; "" with an operator
	dir       string
	boxes     []*box
}

// box is one of Kannel's programs.
type box struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan struct{}
}

// Start starts a gateway and waits until it can be used.
func Start(ctx context.Context, o Options) (*Gateway, error) {
	const op = "kannelbox.Start"
	if _, err := os.Stat("/usr/sbin/bearerbox"); err != nil {
		return nil, fault.New(fault.Missing, op, "there is no Kannel on this machine").Do("apt-get install kannel kannel-extras")
	}
	g := &Gateway{}
	var err error
	if g.dir, err = os.MkdirTemp("", "ennakko-kannel-"); err != nil {
		return nil, fault.Wrap(err, op, "no folder can be made")
	}
	ports, err := freePorts(ctx, 4)
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	g.SendURL = "http://127.0.0.1:" + ports[2] + "/cgi-bin/sendsms"
	g.StatusURL = "http://127.0.0.1:" + ports[0] + "/status.xml"
	wait := []string{ports[2]}
	smsc, err := g.operator(o.SMPP, ports[3])
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	if g.Fake != "" {
		wait = append(wait, ports[3])
	}
	conf := fmt.Sprintf(settings, ports[0], ports[1], filepath.Join(g.dir, "store"), smsc, ports[2], o.Retries, Username, Password, o.Incoming)
	file := filepath.Join(g.dir, "kannel.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return nil, errors.Join(fault.Wrap(err, op, "the settings cannot be written"), g.Close())
	}
	for _, b := range []struct{ name, port string }{{"bearerbox", ports[1]}, {"smsbox", ports[2]}} {
		if err := g.run(ctx, "/usr/sbin/"+b.name, b.port, "-v", "2", file); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	for _, port := range wait {
		if err := g.open(ctx, port, g.boxes[0]); err != nil {
			return nil, errors.Join(err, g.Close())
		}
	}
	return g, nil
}

// operator is the part of the settings about who carries the messages on.
func (g *Gateway) operator(smpp, fakePort string) (string, error) {
	if smpp == "" {
		g.Fake = "127.0.0.1:" + fakePort
		return "group = smsc\nsmsc = fake\nsmsc-id = fake\nhost = 127.0.0.1\nport = " + fakePort + "\nconnect-allow-ip = 127.0.0.1\n", nil
	}
	host, port, err := net.SplitHostPort(smpp)
	if err != nil {
		return "", fault.New(fault.Invalid, "kannelbox.Start", "the operator's address is not one")
	}
	return "group = smsc\nsmsc = smpp\nsmsc-id = op\nhost = " + host + "\nport = " + port + "\ntransceiver-mode = true\nsmsc-username = kannel\nsmsc-password = secret\nsystem-type = \"\"\n" +
		"msg-id-type = 0x03\nreconnect-delay = 1\nthroughput = 0\nmax-pending-submits = 100\nenquire-link-interval = 5\nmy-number = 358450000000\n", nil
}

// settings are Kannel's, with blanks.
const settings = `group = core
admin-port = %s
admin-interface = 127.0.0.1
admin-password = x
status-password = "status secret"
smsbox-port = %s
smsbox-interface = 127.0.0.1
log-level = 2
store-type = file
store-location = %s
dlr-storage = internal
box-allow-ip = 127.0.0.1

%s
group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %s
sendsms-interface = 127.0.0.1
log-level = 2
http-request-retry = %d
http-queue-delay = 1
reply-couldnotfetch = ""
reply-couldnotrepresent = ""
reply-requestfailed = ""
reply-emptymessage = ""

group = sendsms-user
username = %s
password = %s
concatenation = true
max-messages = 10
user-allow-ip = 127.0.0.1

group = sms-service
keyword = default
post-url = "%s"
max-messages = 0
catch-all = true
send-sender = true
omit-empty = true
`

// run starts a program and waits until its port is open.
func (g *Gateway) run(ctx context.Context, program, port string, args ...string) error {
	b := &box{cmd: exec.Command(program, args...), done: make(chan struct{})} //nolint:noctx // it ends with Close
	if err := g.begin(b); err != nil {
		return err
	}
	return g.open(ctx, port, b)
}

func (g *Gateway) begin(b *box) error {
	b.cmd.Dir, b.cmd.Stdout, b.cmd.Stderr = g.dir, &b.log, &b.log
	if err := b.cmd.Start(); err != nil {
		return fault.Wrap(err, "kannelbox.Start", "%s does not start", filepath.Base(b.cmd.Path))
	}
	go func() {
		_ = b.cmd.Wait()
		close(b.done)
	}()
	g.boxes = append(g.boxes, b)
	return nil
}

func (g *Gateway) open(ctx context.Context, port string, b *box) error {
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.done:
			return fault.New(fault.Internal, "kannelbox.Start", "%s ended at once: %s", filepath.Base(b.cmd.Path), bytes.TrimSpace(b.log.Bytes()))
		case <-time.After(20 * time.Millisecond): // a port can only be tried
		}
	}
}

func freePorts(ctx context.Context, n int) ([]string, error) {
	var out []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fault.Wrap(err, "kannelbox.Start", "there is no free port")
		}
		defer func() { _ = l.Close() }()
		out = append(out, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
	return out, nil
}

// Kill ends both programs as a power cut would, and waits.
func (g *Gateway) Kill() { g.signal(syscall.SIGKILL) }

func (g *Gateway) signal(s syscall.Signal) {
	for i := len(g.boxes) - 1; i >= 0; i-- {
		b := g.boxes[i]
		select {
		case <-b.done:
			continue
		default:
		}
		_ = b.cmd.Process.Signal(s)
		if s != syscall.SIGKILL {
			select {
			case <-b.done:
				continue
			case <-time.After(3 * time.Second): // it may wait for its operator
				_ = b.cmd.Process.Kill()
			}
		}
		<-b.done
	}
}

// Close stops the gateway and removes its folder.
func (g *Gateway) Close() error {
	g.signal(syscall.SIGTERM)
	return os.RemoveAll(g.dir)
}

// FromPhone lets fakesmsc be the operator: it brings one message from a made-up
// phone, written "from to text words+with+plus", and takes what goes out until
// the gateway is closed.
func (g *Gateway) FromPhone(message string) error {
	host, port, err := net.SplitHostPort(g.Fake)
	if err != nil {
		return fault.New(fault.Invalid, "kannelbox.FromPhone", "the gateway has an operator")
	}
	b := &box{cmd: exec.Command("/usr/lib/kannel/test/fakesmsc", "-H", host, "-r", port, "-m", "1", "-v", "4", message), done: make(chan struct{})} //nolint:gosec,noctx // a test's own words
	return g.begin(b)
}
