// Package email tells officers by e-mail that something waits for them. A notice
// carries counts and the address of the desk, and nothing about anybody: mail
// goes its own ways.
package email

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"ennakko/fault"
)

// Options of the way out.
type Options struct {
	Server   string // host:port of an SMTP server
	Username string // "": it takes mail without
	Password string
	Plain    bool // without TLS: for a server on the same machine
	From     string
	To       []string // officers' addresses, or a list's
	Desk     string   // the address of the desk
}

// Sender sends notices.
type Sender struct {
	set  Options
	host string
	port int
}

// New makes a sender; nothing is connected yet.
func New(o Options) (*Sender, error) {
	const op = "email.New"
	var l fault.List
	s := &Sender{set: o}
	host, port, err := net.SplitHostPort(o.Server)
	if s.host = host; err == nil {
		s.port, err = strconv.Atoi(port)
	}
	if err != nil || host == "" {
		l.Add(fault.New(fault.Invalid, op, "the server of mail is not host:port").Do("mail.example:587"))
	}
	if o.Plain && o.Username != "" {
		l.Add(fault.New(fault.Invalid, op, "a password would go in plain sight").Do("leave out plain, or the username"))
	}
	if len(o.To) == 0 {
		l.Add(fault.New(fault.Invalid, op, "mail has no recipient"))
	}
	m := mail.NewMsg()
	for _, err := range []error{m.From(o.From), m.To(o.To...)} {
		if err != nil { // it may hold the address
			l.Add(fault.New(fault.Invalid, op, "a sender or recipient of mail is no address"))
			break
		}
	}
	if !strings.HasPrefix(o.Desk, "https://") && !strings.HasPrefix(o.Desk, "http://127.0.0.1") {
		l.Add(fault.New(fault.Invalid, op, "the address of the desk is not one").Do("https://city.example/desk"))
	}
	return s, l.Err()
}

// patience is how long a server may take.
const patience = 20 * time.Second

// Notice tells officers how many matters wait, by kind.
func (s *Sender) Notice(ctx context.Context, waiting map[string]int, at time.Time) error {
	const op = "email.Notice"
	all := 0
	for _, n := range waiting {
		all += n
	}
	m := mail.NewMsg()
	if err := m.From(s.set.From); err != nil {
		return fault.New(fault.Invalid, op, "the sender is no address")
	}
	if err := m.To(s.set.To...); err != nil {
		return fault.New(fault.Invalid, op, "a recipient is no address")
	}
	m.SetDateWithValue(at)
	m.SetMessageID()
	m.SetBulk() // no automatic answers, please (RFC 3834)
	m.Subject(fmt.Sprintf("Ennakko: %d matters wait for an officer", all))
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(waiting)) {
		fmt.Fprintf(&b, "%6d  %s\n", waiting[kind], kind)
	}
	fmt.Fprintf(&b, "\nThey are in the queue of the desk: %s\n", s.set.Desk)
	m.SetBodyString(mail.TypeTextPlain, b.String())
	opts := []mail.Option{mail.WithPort(s.port), mail.WithTimeout(patience), mail.WithTLSPolicy(mail.TLSMandatory)}
	if s.set.Plain {
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	}
	if s.set.Username != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.set.Username), mail.WithPassword(s.set.Password))
	}
	c, err := mail.NewClient(s.host, opts...)
	if err != nil {
		return fault.New(fault.Invalid, op, "the server of mail cannot be used").Because(err)
	}
	err = c.DialAndSendWithContext(ctx, m)
	if refused, ok := errors.AsType[*mail.SendError](err); ok { // it holds the addresses
		return fault.New(fault.Later, op, "the server of mail does not take the notice now (SMTP %d)", refused.ErrorCode())
	}
	if err != nil {
		return fault.New(fault.Later, op, "the server of mail does not answer, or not under TLS").Because(err)
	}
	return nil
}
