package phone_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/channel"
	"ennakko/channel/phone"
	"ennakko/fault"
	"ennakko/offer"
)

var begin = time.Date(2021, 1, 7, 12, 0, 0, 0, time.UTC)

// net is a network with its own clock and a box that keeps what it brings.
type net struct {
	*phone.Network
	now     time.Time
	in      []channel.Incoming
	reports []channel.Report
	refuse  error
}

func (n *net) Receive(_ context.Context, in []channel.Incoming) error {
	if n.refuse == nil {
		n.in = append(n.in, in...)
	}
	return n.refuse
}

func (n *net) Report(_ context.Context, r []channel.Report) error {
	if n.refuse == nil {
		n.reports = append(n.reports, r...)
	}
	return n.refuse
}

func open(t *testing.T, path string, b phone.Behaviour) *net {
	t.Helper()
	n := &net{now: begin}
	var err error
	if n.Network, err = phone.Open(t.Context(), path, phone.Options{Seed: 7, Now: func() time.Time { return n.now }, Family: b}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

func message(t *testing.T, ref, to, text string) channel.Message {
	t.Helper()
	a, err := offer.Restore(7, offer.Place{Unit: "u", Language: "fi"}, "hash", "officer:test")
	if err != nil {
		t.Fatal(err)
	}
	m, err := channel.About(a, channel.Envelope{Ref: channel.Ref(ref), To: to, From: "+358450000000", ValidUntil: begin.Add(48 * time.Hour)}, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (n *net) submit(t *testing.T, batch ...channel.Message) {
	t.Helper()
	got, err := n.Submit(t.Context(), batch)
	if err != nil || len(got) != len(batch) {
		t.Fatalf("%d receipts of %d, %v", len(got), len(batch), err)
	}
}

// run lets everything happen until a moment.
func (n *net) run(t *testing.T, until time.Time) {
	t.Helper()
	for {
		if _, err := n.Advance(t.Context(), n.now, n); err != nil {
			t.Fatal(err)
		}
		at, ok, err := n.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok || at.After(until) {
			n.now = until
			return
		}
		if at.After(n.now) {
			n.now = at
		}
	}
}

func number(i int) string { return fmt.Sprintf("+3584579%06d", i) }

const inquiry = "Hei! A = otan paikan vastaan\nA = otan\nB = en ota\nC = på svenska, tack\nD = in English, please"

func TestAMessageArrivesOnceAndIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "network.db")
	n := open(t, path, phone.Behaviour{DeliveryTime: time.Second})
	if known, err := n.Query(t.Context(), "r1"); err != nil || known != channel.NeverSeen {
		t.Errorf("before: %v, %v", known, err)
	}
	if _, err := n.Submit(t.Context(), []channel.Message{{}}); fault.KindOf(err) != fault.Refused {
		t.Errorf("a message that nobody made: %v", err)
	}
	n.submit(t, message(t, "r1", number(1), "Hei"))
	n.refuse = errors.New("the disk is full")
	n.now = begin.Add(time.Minute)
	var err error
	for more := true; more && err == nil; {
		more, err = n.Advance(t.Context(), n.now, n)
	}
	if !errors.Is(err, n.refuse) {
		t.Errorf("what is not acknowledged: %v", err)
	}
	n.refuse = nil
	if err := n.Close(); err != nil { // also after a restart it is brought again
		t.Fatal(err)
	}
	n = open(t, path, phone.Behaviour{DeliveryTime: time.Second})
	n.run(t, begin.Add(time.Hour))
	if len(n.reports) != 1 || n.reports[0].Ref != "r1" || n.reports[0].State != channel.Delivered {
		t.Errorf("reports %v", n.reports)
	}
	if lines, err := n.Screen(t.Context(), number(1)); err != nil || len(lines) != 1 || lines[0].Text != "Hei" || lines[0].Outgoing {
		t.Errorf("%d lines on the phone, %v", len(lines), err)
	}
	if known, err := n.Query(t.Context(), "r1"); err != nil || known != channel.Seen {
		t.Errorf("after: %v, %v", known, err)
	}
}

// The network counts what was sent twice by itself: the figures of a round lean
// on it.
func TestTheNetworkNoticesWhatIsSentTwice(t *testing.T) {
	n := open(t, filepath.Join(t.TempDir(), "network.db"), phone.Behaviour{})
	n.submit(t, message(t, "r1", number(1), "Hei"), message(t, "r2", number(2), "Hei"), message(t, "r3", number(1), "Moi"))
	if l, err := n.Count(t.Context()); err != nil || l != (phone.Ledger{Messages: 3}) {
		t.Errorf("three messages: %+v, %v", l, err)
	}
	n.now = begin.Add(20 * time.Second)
	n.submit(t, message(t, "r4", number(1), "Hei")) // said again later, on purpose
	if l, _ := n.Count(t.Context()); l.Doubled != 0 {
		t.Errorf("the same text later counts as doubled: %+v", l)
	}
	n.submit(t, message(t, "r5", number(1), "Hei"))
	if l, _ := n.Count(t.Context()); l.Doubled != 1 {
		t.Errorf("the same text at once: %+v", l)
	}
	n.submit(t, message(t, "r1", number(1), "Hei"))
	if l, _ := n.Count(t.Context()); l.Messages != 5 || l.Doubled != 2 {
		t.Errorf("the same reference again: %+v", l)
	}
	if twice, err := n.Twice(t.Context()); err != nil || twice != 1 {
		t.Errorf("twice %d, %v", twice, err)
	}
}

func TestMessagesThatFailOrExpireAreReported(t *testing.T) {
	dead := open(t, filepath.Join(t.TempDir(), "network.db"), phone.Behaviour{Fails: 1})
	dead.submit(t, message(t, "r1", number(1), "Hei"))
	dead.run(t, begin.Add(time.Hour))
	late := open(t, filepath.Join(t.TempDir(), "network.db"), phone.Behaviour{DeliveryTime: 1000 * time.Hour})
	late.submit(t, message(t, "r1", number(1), "Hei"))
	late.run(t, begin.Add(2000*time.Hour))
	for state, n := range map[channel.State]*net{channel.Failed: dead, channel.Expired: late} {
		lines, err := n.Screen(t.Context(), number(1))
		if err != nil || len(lines) != 0 || len(n.reports) != 1 || n.reports[0].State != state {
			t.Errorf("%s: %d lines, reports %v, %v", state, len(lines), n.reports, err)
		}
	}
}

func TestFamiliesAnswerAsOftenAsTheirBehaviourSaysAndTheSameWayAgain(t *testing.T) {
	b := phone.Behaviour{Answer: 0.6, Accept: 0.9, Median: 25 * time.Minute, DeliveryTime: time.Second, Zone: time.UTC}
	const families = 600
	var before []channel.Incoming
	for again := range 2 {
		n := open(t, filepath.Join(t.TempDir(), "network.db"), b)
		for i := range families {
			n.submit(t, message(t, fmt.Sprintf("r%d", i), number(i), inquiry))
		}
		n.run(t, begin.Add(40*time.Hour))
		if again == 1 && !slices.Equal(n.in, before) {
			t.Error("the same seed gives other answers")
		}
		before = n.in
	}
	yes := 0
	for _, in := range before {
		if strings.TrimSpace(in.Text) == "A" {
			yes++
		}
	}
	if n := len(before); n < families*52/100 || n > families*68/100 || yes < n*84/100 || yes > n*96/100 {
		t.Errorf("%d of %d answered, %d with A", n, families, yes)
	}
}

func TestAPhoneThatIsTakenOverAnswersOnlyByHand(t *testing.T) {
	n := open(t, filepath.Join(t.TempDir(), "network.db"), phone.Behaviour{Answer: 1, Accept: 1, Median: time.Minute, DeliveryTime: time.Second, Zone: time.UTC})
	n.submit(t, message(t, "r1", number(1), inquiry), message(t, "r2", number(2), inquiry))
	n.run(t, begin.Add(5*time.Second)) // both have read it and have an answer in mind
	if err := n.TakeOver(t.Context(), number(1)); err != nil {
		t.Fatal(err)
	}
	if err := n.Write(t.Context(), number(1), "B, kiitos"); err != nil {
		t.Fatal(err)
	}
	if err := n.Write(t.Context(), number(1), ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("nothing, sent: %v", err)
	}
	n.run(t, begin.Add(40*time.Hour))
	said := map[string][]string{}
	for _, in := range n.in {
		said[in.From] = append(said[in.From], in.Text)
	}
	if !slices.Equal(said[number(1)], []string{"B, kiitos"}) || len(said[number(2)]) == 0 {
		t.Errorf("%d answers by hand, %d by the family", len(said[number(1)]), len(said[number(2)]))
	}
	if l, err := n.Count(t.Context()); err != nil || l.Answers != len(n.in) {
		t.Errorf("%d answers left phones, %d came, %v", l.Answers, len(n.in), err)
	}
}
