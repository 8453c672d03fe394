package kannel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/channel/kannel"
	"ennakko/channel/sms"
	"ennakko/testcity/kannelbox"
	"ennakko/testcity/smsc"
)

type inbox struct {
	mu       sync.Mutex
	messages []channel.Incoming
	reports  []channel.Report
	broken   int
	changed  chan struct{}
}

func (b *inbox) keep(do func()) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken > 0 {
		b.broken--
		return errors.New("the store is not to be had")
	}
	do()
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

func (b *inbox) Receive(_ context.Context, in []channel.Incoming) error {
	return b.keep(func() { b.messages = append(b.messages, in...) })
}

func (b *inbox) Report(_ context.Context, r []channel.Report) error {
	return b.keep(func() { b.reports = append(b.reports, r...) })
}

func (b *inbox) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		b.mu.Lock()
		done, changed := ok(), b.changed
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func batch(t *testing.T, n int, text string) []channel.Message {
	t.Helper()
	act, err := audit.Begin("officer:a", "test", "p", "law", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]channel.Message, n)
	for i := range out {
		out[i], err = channel.Test(act, channel.Envelope{Ref: channel.Ref(fmt.Sprintf("r%d", i)), From: "+358450000000", To: fmt.Sprintf("+3584012%05d", i), ValidUntil: time.Now().Add(24 * time.Hour)}, text)
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// gateway starts Kannel over an operator, or over its own made-up one, and a
// client of it.
func gateway(t *testing.T, operator string) (*kannel.Client, *inbox, *kannelbox.Gateway) {
	t.Helper()
	in := &inbox{changed: make(chan struct{})}
	var h atomic.Pointer[kannel.Client]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Load().Handler().ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	o := kannel.Options{Name: "k", SendURL: "http://127.0.0.1:1/", Username: kannelbox.Username, Password: kannelbox.Password, OwnURL: s.URL, Secret: "0123456789abcdef", Inbox: in}
	first, err := kannel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.Store(first)
	g, err := kannelbox.Start(t.Context(), kannelbox.Options{SMPP: operator, Incoming: first.IncomingURL(), Retries: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	o.SendURL = g.SendURL
	c, err := kannel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	h.Store(c)
	return c, in, g
}

func TestMessagesGoThroughKannelWholeAndAreReportedOn(t *testing.T) {
	s, err := smsc.Start("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, in, _ := gateway(t, s.Addr())
	for _, text := range []string{"Hei Äiti €: 50 % & 1+1=2", strings.Repeat("Lapsi: Åke {1} ", 20), "Buorre beaivi, Máret! Š" + strings.Repeat("č", 80)} {
		before := len(s.Parts())
		receipts, err := c.Submit(t.Context(), batch(t, 5, text))
		if err != nil || len(receipts) != 5 {
			t.Fatalf("%d receipts, %v", len(receipts), err)
		}
		for _, r := range receipts {
			if r.State != channel.Handed {
				t.Errorf("receipt %+v", r)
			}
		}
		in.until(t, "five reports", func() bool { return len(in.reports) >= 5 })
		in.mu.Lock()
		var refs []string
		for _, r := range in.reports {
			if r.State != channel.Delivered {
				t.Errorf("report %+v", r)
			}
			refs = append(refs, string(r.Ref))
		}
		in.reports = nil
		in.mu.Unlock()
		slices.Sort(refs)
		if refs = slices.Compact(refs); len(refs) != 5 {
			t.Errorf("reports on %q", refs)
		}
		parts := s.Parts()[before:]
		slices.SortStableFunc(parts, func(a, b smsc.Part) int { return int(a.No) - int(b.No) })
		texts := map[string]string{}
		for _, p := range parts {
			texts[p.To] += sms.Join(map[byte]sms.Encoding{0: sms.GSM7, 8: sms.UCS2}[p.Coding], p.Body)
		}
		for to, got := range texts {
			if got != text {
				t.Errorf("%s was sent %q, not %q", to, got, text)
			}
		}
		if want := 5 * sms.Segments(text).Count; len(parts) != want {
			t.Errorf("%d parts, want %d", len(parts), want)
		}
	}
}

func TestAnswersComeThroughKannelAndAreTriedAgainUntilTheyAreKept(t *testing.T) {
	s, err := smsc.Start("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	_, in, _ := gateway(t, s.Addr())
	in.mu.Lock()
	in.broken = 2
	in.mu.Unlock()
	for _, text := range []string{"A", "Ä € @", "Š tämä"} {
		s.Deliver("358401234567", "358450000000", text)
	}
	in.until(t, "three answers", func() bool { return len(in.messages) >= 3 })
	var got, ids []string
	for _, m := range in.messages {
		got, ids = append(got, m.Text), append(ids, m.ID)
		if m.From != "+358401234567" {
			t.Errorf("%q came from %s", m.Text, m.From)
		}
	}
	slices.Sort(got)
	slices.Sort(ids)
	if want := []string{"A", "Ä € @", "Š tämä"}; !slices.Equal(got, want) || len(slices.Compact(ids)) != 3 {
		t.Errorf("%q as %q, want %q", got, ids, want)
	}
}

func TestKannelsOwnOperatorIsHeard(t *testing.T) {
	c, in, g := gateway(t, "")
	if err := g.FromPhone("+358401234567 358450000000 text A"); err != nil {
		t.Fatal(err)
	}
	in.until(t, "the answer", func() bool { return len(in.messages) == 1 })
	if m := in.messages[0]; m.From != "+358401234567" || m.Text != "A" {
		t.Errorf("from %s: %q", m.From, m.Text)
	}
	// What goes out now goes to fakesmsc.
	receipts, err := c.Submit(t.Context(), batch(t, 1, "x"))
	if err != nil || len(receipts) != 1 || receipts[0].State != channel.Handed && receipts[0].State != channel.Queued {
		t.Errorf("%+v, %v", receipts, err)
	}
	g.Kill()
	receipts, err = c.Submit(t.Context(), batch(t, 3, "x"))
	if err != nil || len(receipts) != 3 || receipts[0].State != channel.Queued {
		t.Errorf("a gateway that is gone: %+v, %v", receipts, err)
	}
}

// TestWhatTheGatewaySaysIsUnderstood goes through the answers of a gateway.
func TestWhatTheGatewaySaysIsUnderstood(t *testing.T) {
	for status, want := range map[int]channel.State{202: channel.Handed, 200: channel.Handed, 503: channel.Queued, 403: channel.Queued, 400: channel.Failed, 500: channel.Uncertain, 302: channel.Failed} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.String(), "3584012") || r.Method != http.MethodPost {
				t.Errorf("the address %s names a person", r.URL)
			}
			w.WriteHeader(status)
		}))
		c, err := kannel.New(kannel.Options{Name: "k", SendURL: s.URL, Username: "u", Password: "p", OwnURL: "http://127.0.0.1:1", Secret: "0123456789abcdef", Inbox: &inbox{}})
		if err != nil {
			t.Fatal(err)
		}
		receipts, err := c.Submit(t.Context(), batch(t, 1, "x"))
		got := channel.Uncertain
		if len(receipts) == 1 {
			got = receipts[0].State
		}
		if err != nil || got != want {
			t.Errorf("HTTP %d: %s, %v; want %s", status, got, err, want)
		}
		s.Close()
	}
}

func TestOnlyTheGatewayIsBelieved(t *testing.T) {
	in := &inbox{changed: make(chan struct{})}
	c, err := kannel.New(kannel.Options{Name: "k", SendURL: "http://127.0.0.1:1", Username: "u", Password: "p", OwnURL: "http://127.0.0.1:1", Secret: "0123456789abcdef", Inbox: in})
	if err != nil {
		t.Fatal(err)
	}
	right := strings.Replace(strings.TrimPrefix(c.IncomingURL(), "http://127.0.0.1:1"), "%I", "7", 1)
	for address, want := range map[string]int{"/report?ref=r1&state=1&mark=x": 403, "/report?ref=r1&state=1": 403, "/incoming?id=7": 403, right: 200} {
		method := http.MethodGet
		if strings.HasPrefix(address, "/incoming") {
			method = http.MethodPost
		}
		r := httptest.NewRequestWithContext(t.Context(), method, address, strings.NewReader("A"))
		r.Header.Set("X-Kannel-From", "+358401234567")
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", address, w.Code, want)
		}
	}
	if len(in.messages) != 1 || len(in.reports) != 0 {
		t.Errorf("%d messages, %d reports", len(in.messages), len(in.reports))
	}
}

// What Kannel itself says: whether an operator is there, and what waits for one.
func TestTheGatewaysOwnStatusIsRead(t *testing.T) {
	s, err := smsc.Start("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	addr := s.Addr()
	_, in, g := gateway(t, addr)
	o := kannel.Options{Name: "k", SendURL: g.SendURL, Username: kannelbox.Username, Password: kannelbox.Password, OwnURL: "http://127.0.0.1:1", Secret: "0123456789abcdef", Inbox: in,
		StatusURL: g.StatusURL, StatusPassword: kannelbox.StatusPassword}
	c, err := kannel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	until := func(what string, so func(kannel.Status) bool) {
		t.Helper()
		var last kannel.Status
		for late := time.Now().Add(30 * time.Second); time.Now().Before(late); time.Sleep(50 * time.Millisecond) { // a page can only be asked
			st, asked, err := c.Status(t.Context())
			if err != nil || !asked {
				t.Fatalf("%s: %v", what, err)
			}
			if last = st; so(st) {
				return
			}
		}
		t.Fatalf("%s: %+v", what, last)
	}
	until("the operator is there", func(s kannel.Status) bool { return s.Online && s.Queued == 0 })
	if r, err := c.Submit(t.Context(), batch(t, 3, "hello")); err != nil || len(r) != 3 {
		t.Fatalf("%d, %v", len(r), err)
	}
	until("three are sent", func(s kannel.Status) bool { return s.Sent == 3 && s.Queued == 0 })
	s.Close()
	until("the operator is gone", func(s kannel.Status) bool { return !s.Online })
	if r, err := c.Submit(t.Context(), batch(t, 2, "hello")); err != nil || len(r) != 2 {
		t.Fatalf("%d, %v", len(r), err)
	}
	until("two wait", func(s kannel.Status) bool { return s.Sent == 3 && s.Queued == 2 })
	if n := c.Counters(); n != (kannel.Counters{Taken: 5}) {
		t.Errorf("%+v", n)
	}
	for what, change := range map[string]func(*kannel.Options){
		"another password": func(o *kannel.Options) { o.StatusPassword = "hunter2" },
		"no password":      func(o *kannel.Options) { o.StatusPassword = "" },
		"another page":     func(o *kannel.Options) { o.StatusURL = g.SendURL },
		"nobody there":     func(o *kannel.Options) { o.StatusURL = "http://127.0.0.1:1/status.xml?password=hunter2" },
	} {
		x := o
		change(&x)
		other, err := kannel.New(x)
		if err != nil {
			t.Fatal(err)
		}
		if st, asked, err := other.Status(t.Context()); err == nil || !asked || st.Online || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %+v, %v", what, st, err)
		}
	}
	o.StatusURL, o.Password = "", "wrong"
	other, err := kannel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, asked, err := other.Status(t.Context()); asked || err != nil {
		t.Errorf("a page that the settings do not name is asked: %v", err)
	}
	if _, err := other.Submit(t.Context(), batch(t, 1, "hello")); err != nil {
		t.Fatal(err)
	}
	if n := other.Counters(); n != (kannel.Counters{Refused: 1}) {
		t.Errorf("a gateway that knows us not: %+v", n)
	}
}
