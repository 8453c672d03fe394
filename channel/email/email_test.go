package email_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"ennakko/channel/email"
	"ennakko/fault"
)

// box is a server that keeps what it takes.
type box struct {
	mu     sync.Mutex
	refuse bool
	to     []string
	mail   string
}

func (b *box) NewSession(*smtp.Conn) (smtp.Session, error) { return session{b}, nil }

type session struct{ b *box }

func (s session) Reset()                               {}
func (s session) Logout() error                        { return nil }
func (s session) Mail(string, *smtp.MailOptions) error { return nil }
func (s session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.b.refuse {
		return &smtp.SMTPError{Code: 451, Message: "not now"}
	}
	s.b.to = append(s.b.to, to)
	return nil
}

func (s session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.mail = string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
	return err
}

func serve(t *testing.T, b *box) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(b)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func TestOfficersAreToldHowMuchWaits(t *testing.T) {
	b := &box{}
	s, err := email.New(email.Options{Server: serve(t, b), Plain: true, From: "ennakko@city.example", To: []string{"a@city.example", "b@city.example"}, Desk: "https://city.example/desk"})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)
	if err := s.Notice(t.Context(), map[string]int{"uncertain send": 2, "conflict": 1}, at); err != nil {
		t.Fatal(err)
	}
	if len(b.to) != 2 {
		t.Errorf("sent to %d", len(b.to))
	}
	for _, want := range []string{"Subject: Ennakko: 3 matters wait", "     1  conflict\n     2  uncertain send\n", "https://city.example/desk", "Date: Thu, 07 Jan 2021"} {
		if !strings.Contains(b.mail, want) {
			t.Errorf("%q is not in it:\n%s", want, b.mail)
		}
	}
	b.refuse = true
	if err := s.Notice(t.Context(), map[string]int{"conflict": 1}, at); fault.KindOf(err) != fault.Later || strings.Contains(err.Error(), "a@city") {
		t.Errorf("a server that refuses: %v", err)
	}
}

func TestAllThatIsWrongWithMailIsTold(t *testing.T) {
	_, err := email.New(email.Options{Server: "mail", Plain: true, Username: "u", From: "nobody", Desk: "desk"})
	for _, want := range []string{"host:port", "plain sight", "no recipient", "no address", "desk is not one"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told: %v", want, err)
		}
	}
	// Without plain, mail never goes over a line that others can read.
	s, err := email.New(email.Options{Server: serve(t, &box{}), From: "a@city.example", To: []string{"b@city.example"}, Desk: "https://city.example/desk"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Notice(t.Context(), map[string]int{"conflict": 1}, time.Now()); fault.KindOf(err) != fault.Later {
		t.Errorf("a server without TLS: %v", err)
	}
}
