package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/channel/smpp"
	"ennakko/channel/sms"
	"ennakko/testcity/smsc"
)

// inbox keeps what comes, unless it is told to be broken.
type inbox struct {
	mu       sync.Mutex
	messages []channel.Incoming
	reports  []channel.Report
	broken   int           // so many calls fail
	hold     chan struct{} // until it is closed no report is kept; nil: they are
	changed  chan struct{} // closed at each change
}

func newInbox() *inbox { return &inbox{changed: make(chan struct{})} }

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
	if b.hold != nil {
		<-b.hold
	}
	return b.keep(func() { b.reports = append(b.reports, r...) })
}

// until waits for the inbox to hold what is wanted.
func (b *inbox) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(20 * time.Second)
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

// start runs a client against a centre.
func start(t *testing.T, centre *smsc.SMSC, change func(*smpp.Options)) (*smpp.Client, *inbox) {
	t.Helper()
	in := newInbox()
	o := smpp.Options{Name: "op", Addr: centre.Addr(), SystemID: "city", Password: "secret", Inbox: in, Answer: 5 * time.Second, Patience: 10 * time.Second}
	if change != nil {
		change(&o)
	}
	c, err := smpp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return c, in
}

func centre(t *testing.T, order func(int, smsc.Part) smsc.Order) *smsc.SMSC {
	t.Helper()
	s, err := smsc.Start("127.0.0.1:0", order)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// batch makes messages to made-up numbers.
func batch(t *testing.T, n int, text string) []channel.Message {
	t.Helper()
	act, err := audit.Begin("officer:a", "test", "p", "law", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	out := make([]channel.Message, n)
	for i := range out {
		out[i], err = channel.Test(act, channel.Envelope{Ref: channel.Ref(fmt.Sprintf("r%d", i)), From: "+358450000000", To: fmt.Sprintf("+3584012%05d", i), ValidUntil: time.Now().Add(24 * time.Hour), Joint: byte(i + 1)}, text)
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func send(t *testing.T, c *smpp.Client, m []channel.Message) map[channel.Ref]channel.Receipt {
	t.Helper()
	receipts, err := c.Submit(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	out := map[channel.Ref]channel.Receipt{}
	for _, r := range receipts {
		out[r.Ref] = r
	}
	return out
}

func TestMessagesGoOutWholeAndAreReportedOn(t *testing.T) {
	for name, text := range map[string]string{"short": "Hei Äiti €", "long": strings.Repeat("Lapsi: Åke {1} ", 20), "in Sami": "Buorre beaivi, Máret! Š" + strings.Repeat("č", 80)} {
		t.Run(name, func(t *testing.T) {
			s := centre(t, nil)
			c, in := start(t, s, nil)
			got := send(t, c, batch(t, 30, text))
			want := sms.Segments(text)
			texts := map[string]string{}
			parts := s.Parts()
			slices.SortStableFunc(parts, func(a, b smsc.Part) int { return int(a.No) - int(b.No) })
			for _, p := range parts {
				e := map[byte]sms.Encoding{0: sms.GSM7, 8: sms.UCS2}[p.Coding]
				if e != want.Encoding || p.From != "358450000000" || p.Validity != "000000235959000R" && p.Validity != "000001000000000R" {
					t.Fatalf("a part travels as %d from %s for %s", p.Coding, p.From, p.Validity)
				}
				if to := fmt.Sprintf("3584012%05d", int(p.Joint)-1); p.Of > 1 && to != p.To {
					t.Fatalf("the parts of a message to %s bear the number %d", p.To, p.Joint)
				}
				texts[p.To] += sms.Join(e, p.Body)
			}
			for i := range 30 {
				r := got[channel.Ref(fmt.Sprintf("r%d", i))]
				if r.State != channel.Handed || r.Gateway != "op" || len(r.Parts) != want.Count {
					t.Fatalf("receipt %+v", r)
				}
				if to := fmt.Sprintf("3584012%05d", i); texts[to] != text {
					t.Fatalf("%s was sent %q", to, texts[to])
				}
			}
			in.until(t, "all reports", func() bool { return len(in.reports) == 30*want.Count })
			if r := in.reports[0]; r.State != channel.Delivered || r.Gateway != "op" || r.Part == "" || r.Ref != "" {
				t.Errorf("report %+v", r)
			}
		})
	}
}

func TestTheWindowIsNeverExceeded(t *testing.T) {
	s := centre(t, func(int, smsc.Part) smsc.Order { return smsc.Order{Delay: 5 * time.Millisecond} })
	c, _ := start(t, s, func(o *smpp.Options) { o.Window = 7 })
	send(t, c, batch(t, 100, "x"))
	if most := s.MostUnderWay(); most > 7 || most < 2 {
		t.Errorf("%d were under way at once, the window is 7", most)
	}
}

func TestAnOperatorThatMisbehaves(t *testing.T) {
	for name, tt := range map[string]struct {
		order func(n int, p smsc.Part) smsc.Order
		text  string
		want  map[channel.State]int // of 20 messages; Uncertain: without a receipt
		taken int                   // parts
	}{
		"drops the connection before it takes one": {order: func(n int, _ smsc.Part) smsc.Order { return smsc.Order{DropBefore: n == 1} }, text: "x",
			want: map[channel.State]int{channel.Uncertain: 1, channel.Handed: 19}, taken: 19},
		"drops the connection after it took one": {order: func(n int, _ smsc.Part) smsc.Order { return smsc.Order{DropAfter: n == 1} }, text: "x",
			want: map[channel.State]int{channel.Uncertain: 1, channel.Handed: 19}, taken: 20},
		"refuses a number": {order: func(_ int, p smsc.Part) smsc.Order {
			if p.To == "358401200003" {
				return smsc.Order{Status: data.ESME_RINVDSTADR}
			}
			return smsc.Order{}
		}, text: "x", want: map[channel.State]int{channel.Failed: 1, channel.Handed: 19}, taken: 19},
		"says too much, three times": {order: func(n int, _ smsc.Part) smsc.Order {
			if n >= 5 && n < 8 {
				return smsc.Order{Status: data.ESME_RTHROTTLED}
			}
			return smsc.Order{}
		}, text: "x", want: map[channel.State]int{channel.Handed: 20}, taken: 20},
		"is broken for one": {order: func(n int, _ smsc.Part) smsc.Order {
			if n == 2 {
				return smsc.Order{Status: data.ESME_RSYSERR}
			}
			return smsc.Order{}
		}, text: "x", want: map[channel.State]int{channel.Queued: 1, channel.Handed: 19}, taken: 19},
		"is broken for a second part": {order: func(_ int, p smsc.Part) smsc.Order {
			if p.To == "358401200003" && p.No == 2 {
				return smsc.Order{Status: data.ESME_RSYSERR}
			}
			return smsc.Order{}
		}, text: strings.Repeat("x", 200), want: map[channel.State]int{channel.Uncertain: 1, channel.Handed: 19}, taken: 39},
	} {
		t.Run(name, func(t *testing.T) {
			s := centre(t, tt.order)
			c, _ := start(t, s, func(o *smpp.Options) { o.Window = 1 })
			got := map[channel.State]int{}
			m := batch(t, 20, tt.text)
			receipts := send(t, c, m)
			for _, x := range m {
				r, known := receipts[x.Envelope().Ref]
				if !known {
					r.State = channel.Uncertain
				}
				got[r.State]++
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) || len(s.Parts()) != tt.taken {
				t.Errorf("%v, %d parts taken; want %v, %d", got, len(s.Parts()), tt.want, tt.taken)
			}
			for to, n := range countBy(s.Parts()) {
				if n > sms.Segments(tt.text).Count {
					t.Errorf("%s was sent %d parts", to, n)
				}
			}
		})
	}
}

func countBy(parts []smsc.Part) map[string]int {
	out := map[string]int{}
	for _, p := range parts {
		out[p.To]++
	}
	return out
}

func TestAnOperatorThatHangsIsLeftAndDoubted(t *testing.T) {
	s := centre(t, func(n int, _ smsc.Part) smsc.Order { return smsc.Order{Hang: n == 1} })
	c, _ := start(t, s, func(o *smpp.Options) { o.Answer = 300 * time.Millisecond; o.Window = 1 })
	got := send(t, c, batch(t, 3, "x"))
	if len(got) != 2 || c.Counters().Doubtful != 1 || c.Counters().Bound != 2 {
		t.Errorf("%d receipts, %+v", len(got), c.Counters())
	}
}

func TestWithoutAnOperatorMessagesWait(t *testing.T) {
	s := centre(t, nil)
	s.Close()
	c, _ := start(t, s, func(o *smpp.Options) { o.Patience = 200 * time.Millisecond })
	for ref, r := range send(t, c, batch(t, 3, "x")) {
		if r.State != channel.Queued {
			t.Errorf("%s is %s", ref, r.State)
		}
	}
	if c.Connected() {
		t.Error("it is bound to nobody")
	}
}

// TestAnAnswerIsAcknowledgedOnlyWhenItIsKept breaks the inbox and the connection:
// the operator brings the message again until it is kept.
func TestAnAnswerIsAcknowledgedOnlyWhenItIsKept(t *testing.T) {
	s := centre(t, nil)
	_, in := start(t, s, nil)
	in.mu.Lock()
	in.broken = 3
	in.mu.Unlock()
	if times := s.Deliver("358401234567", "358450000000", "A, kiitos"); times != 4 {
		t.Errorf("the message was brought %d times", times)
	}
	in.until(t, "the answer", func() bool { return len(in.messages) == 1 })
	if m := in.messages[0]; m.From != "+358401234567" || m.Text != "A, kiitos" || m.ID == "" {
		t.Errorf("from %s: %q", m.From, m.Text)
	}
}

func TestAnswersComeInEveryWriting(t *testing.T) {
	s := centre(t, nil)
	_, in := start(t, s, func(o *smpp.Options) { o.TwoBinds = true })
	texts := []string{"A", "Ä €", "Š"}
	for _, text := range texts {
		s.Deliver("358401234567", "358450000000", text)
	}
	for _, no := range []byte{2, 1} { // the second part first
		go s.DeliverPDU(partOf(t, "osa"+string('0'+no)+" ", no, 2))
	}
	d := pdu.NewDeliverSM().(*pdu.DeliverSM)
	d.SourceAddr, _ = pdu.NewAddressWithTonNpiAddr(2, 1, "0401234567")
	if err := d.Message.SetMessageDataWithEncoding([]byte{'h', 0xe4}, data.LATIN1); err != nil {
		t.Fatal(err)
	}
	s.DeliverPDU(d)
	in.until(t, "all answers", func() bool { return len(in.messages) == 5 })
	var got []string
	for _, m := range in.messages {
		got = append(got, m.Text)
		if m.From != "+358401234567" {
			t.Errorf("%q came from %s", m.Text, m.From)
		}
	}
	slices.Sort(got)
	if want := []string{"A", "hä", "osa1 osa2 ", "Ä €", "Š"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func partOf(t *testing.T, text string, no, of byte) *pdu.DeliverSM {
	t.Helper()
	d := pdu.NewDeliverSM().(*pdu.DeliverSM)
	d.SourceAddr, _ = pdu.NewAddressWithTonNpiAddr(1, 1, "358401234567")
	d.EsmClass = data.SM_UDH_GSM
	if err := d.Message.SetMessageDataWithEncoding(append([]byte{5, 0, 3, 9, of, no}, text...), data.GSM7BIT); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestReportsComeInAnyOrderAndTwice(t *testing.T) {
	s := centre(t, func(n int, _ smsc.Part) smsc.Order {
		return smsc.Order{Reports: []string{"ENROUTE", "DELIVRD", "DELIVRD"}, ReportFirst: n%2 == 0, Delay: time.Millisecond}
	})
	c, in := start(t, s, nil)
	send(t, c, batch(t, 10, "x"))
	in.until(t, "all reports", func() bool { return len(in.reports) == 20 })
	for _, r := range in.reports {
		if r.State != channel.Delivered {
			t.Errorf("report %+v", r)
		}
	}
}

func TestWhatCannotBeReadDoesNotStopTheRest(t *testing.T) {
	s := centre(t, nil)
	c, in := start(t, s, nil)
	go s.Deliver("358401234567", "358450000000", "A")
	in.until(t, "the first answer", func() bool { return len(in.messages) == 1 })
	s.Raw([]byte{0, 0, 0, 18, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 99, 'x', 'y'}) // a deliver_sm that ends too early
	s.Raw([]byte{0, 0, 0, 16, 0, 0, 0x77, 0x77, 0, 0, 0, 0, 0, 0, 0, 98})     // a command that there is not
	s.Deliver("358401234567", "358450000000", "B")
	in.until(t, "the second answer", func() bool { return len(in.messages) == 2 })
	if n := c.Counters(); n.Malformed != 2 || n.Bound != 1 {
		t.Errorf("%+v", n)
	}
}

func TestHexadecimalNamesAreThoseOfTheReports(t *testing.T) {
	s := centre(t, func(int, smsc.Part) smsc.Order { return smsc.Order{} })
	c, _ := start(t, s, func(o *smpp.Options) { o.HexIDs = true })
	got := send(t, c, batch(t, 16, "x"))
	var names []string
	for _, r := range got {
		names = append(names, r.Parts...)
	}
	if !slices.Contains(names, "22") || slices.Contains(names, "a") { // the sixteenth is "16"
		t.Errorf("%q", names)
	}
}

func TestOptionsThatCannotBeAreToldAtOnce(t *testing.T) {
	_, err := smpp.New(smpp.Options{Addr: "nowhere", Password: "much too long"})
	if err == nil || strings.Count(err.Error(), "\n") < 2 || strings.Contains(err.Error(), "much too long") {
		t.Errorf("%v", err)
	}
}

// TestReportsThatCannotBeKeptHoldUpNothingElse: with more reports than wait in the
// program, messages go out and answers come in, and no report is lost.
func TestReportsThatCannotBeKeptHoldUpNothingElse(t *testing.T) {
	const messages = 1300
	hold := make(chan struct{})
	s := centre(t, func(int, smsc.Part) smsc.Order { return smsc.Order{Reports: []string{"DELIVRD"}} })
	in := newInbox()
	in.hold = hold
	c, _ := start(t, s, func(o *smpp.Options) { o.Inbox, o.Answer, o.Patience = in, time.Minute, time.Minute })
	for ref, r := range send(t, c, batch(t, messages, "hello")) {
		if r.State != channel.Handed {
			t.Fatalf("%s is %s: %s", ref, r.State, r.Code)
		}
	}
	if times := s.Deliver("+358401234567", "+358450000000", "A"); times != 1 {
		t.Errorf("an answer was brought %d times", times)
	}
	close(hold)
	in.until(t, "every report", func() bool {
		seen := map[string]bool{}
		for _, r := range in.reports {
			seen[r.ID] = true
		}
		return len(seen) == messages
	})
}
