package app_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/channel"
	"ennakko/channel/smpp"
	"ennakko/packs"
	"ennakko/round"
	"ennakko/store"
	"ennakko/testcity/smsc"
)

// answers are made-up families: most accept, some decline, ask for another
// language first, or say nothing.
func answers(to, text string) (string, time.Duration) {
	if !strings.Contains(text, "\nA = ") {
		return "", 0
	}
	after := time.Duration(smsc.Chance(text)) * time.Millisecond / 5
	switch n := smsc.Chance(to); {
	case n < 75:
		return "A", after
	case n < 85:
		return "b, kiitos", after
	case n < 90 && strings.Contains(text, "C = suomeksi"):
		return "C", after
	}
	return "", 0
}

// told is how many kinds of matters officers were told of.
var told atomic.Int64

// process is one that works, in this test's own.
func process(t *testing.T, data string, db app.Database, clock app.Clock, name, operator string) (stop func()) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Data: data, Packs: packs.FS, Clock: clock, Database: db})
	if err != nil {
		t.Fatal(err)
	}
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	if os.Getenv("ENNAKKO_TEST_LOUD") != "" {
		quiet = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	door := app.NewDoor(clock)
	c, err := smpp.New(smpp.Options{Name: "op", Addr: operator, SystemID: name, Password: "x", Inbox: door, Window: 10, Answer: 2 * time.Second, Patience: 2 * time.Second, RefTag: smsc.RefTag, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- a.Work(ctx, app.WorkOptions{Pack: pack, Channel: channel.Several{c}, Run: []func(context.Context) error{c.Run}, Door: door, Name: name, Lease: 2 * time.Second, Doubt: 2 * time.Hour, Window: 10, Log: quiet,
			TellEvery: time.Hour, Tell: func(_ context.Context, waiting map[string]int, _ time.Time) error {
				told.Add(int64(len(waiting)))
				return nil
			}})
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// happened reports whether all that can happen at this moment has happened, and
// when to look next: at the next moment at which something is due, an hour later
// at most. A report that is late counts as one that never comes after a while.
func happened(t *testing.T, a *app.App, id store.RoundID, f *smsc.Families) (next time.Time, quiet bool) {
	t.Helper()
	now := a.Now()
	for late := time.Now().Add(3 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if f.Writing() > 0 {
			return now, false
		}
		at, ok, err := a.DB.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ok && !at.After(now) { // the rate of a service needs time that passes
			return now.Add(time.Second), true
		}
		n, err := a.DB.Funnel(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if n.Messages[string(channel.Submitting)]+n.Messages[string(channel.Handed)] > 0 && time.Now().Before(late) {
			continue
		}
		if hour := now.Add(time.Hour); !ok || at.After(hour) {
			at = hour
		}
		return at, f.Writing() == 0
	}
}

// TestProcessesShareARoundThroughSMPP lets two processes work on one database and
// one operator that misbehaves, and stops one of them in the middle.
func TestProcessesShareARoundThroughSMPP(t *testing.T) {
	if testing.Short() {
		t.Skip("servers are started; -short is make check's race run, make test runs this")
	}
	db, _ := database(t)
	data := city(t)
	if _, err := app.Move(t.Context(), app.Config{Data: data, Database: db}, nil); err != nil {
		t.Fatal(err)
	}
	families := &smsc.Families{Answer: answers}
	s, err := smsc.Start("127.0.0.1:0", func(n int, p smsc.Part) smsc.Order {
		o := smsc.Order{Reports: []string{"DELIVRD"}, ReportFirst: n%3 == 0, Delay: time.Millisecond, DropAfter: n%151 == 0}
		if n%5 == 0 {
			o.Reports = []string{"DELIVRD", "DELIVRD"}
		}
		return o
	}, families)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)

	clock := app.NewSteppedClock(begin) // it waits for the work, however slow the machine is
	a, err := app.Open(t.Context(), app.Config{Data: data, Packs: packs.FS, Clock: clock, Database: db})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Start(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, "officer:other", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	first := process(t, data, db, clock, "w1", s.Addr())
	process(t, data, db, clock, "w2", s.Addr())
	for late := time.After(3 * time.Minute); ; {
		if r, err = a.DB.Round(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if r.State == store.Closed {
			break
		}
		if !a.Now().Before(r.Schedule.ReminderAt) {
			first()
		}
		at, quiet := happened(t, a, r.ID, families)
		if quiet {
			clock.To(at)
		}
		select {
		case <-late:
			t.Fatal("the round does not come to its end")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if told.Load() == 0 {
		t.Error("officers were told of nothing, and families did not answer")
	}
	f, err := a.DB.Funnel(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	messages, doubled, answered := families.Counts()
	t.Logf("%d messages, %d answers; states %v; stages %v; items %v", messages, answered, f.Messages, f.Stages, f.Items)
	surely, perhaps := f.Messages[string(channel.Delivered)], f.Messages[string(channel.Uncertain)]
	switch {
	case doubled != 0:
		t.Errorf("%d messages came twice", doubled)
	case messages < surely || messages > surely+perhaps || f.Messages[string(channel.Handed)] != 0:
		t.Errorf("phones got %d messages, we know of %v", messages, f.Messages)
	case f.Messages[string(channel.Queued)]+f.Messages[string(channel.Submitting)] != 0:
		t.Errorf("messages are left: %v", f.Messages)
	case answered == 0 || f.Incoming < answered:
		t.Errorf("%d answers left phones, %d came in", answered, f.Incoming)
	case f.Overbooked != 0:
		t.Errorf("%d places were given twice", f.Overbooked)
	case f.Stages["accepted"] < f.Offered/2:
		t.Errorf("stages %v of %d", f.Stages, f.Offered)
	case f.Messages[string(channel.Uncertain)] > 0 && f.Items["uncertain send"] == 0:
		t.Errorf("uncertain sends without a person: %v, %v", f.Messages, f.Items)
	}
	if err := a.Sequence(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := a.Verify(t.Context(), log.VerifyOptions{}); err != nil {
		t.Errorf("the record does not verify: %v", err)
	}
}

// TestAProcessThatIsStoppedLeavesNothingInDoubt stops one while the operator
// takes its time.
func TestAProcessThatIsStoppedLeavesNothingInDoubt(t *testing.T) {
	data := city(t)
	taken := make(chan struct{}, 1000)
	s, err := smsc.Start("127.0.0.1:0", func(int, smsc.Part) smsc.Order {
		taken <- struct{}{}
		return smsc.Order{Delay: 300 * time.Millisecond}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	a, err := open(t.Context(), data, app.NewSteppedClock(begin))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	pack, err := a.Pack("pre-primary")
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Start(t.Context(), pack, round.Order{AsOf: asOf, Officer: "officer:test", Now: begin}, "officer:other", func(string, int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	stop := process(t, data, app.Database{}, app.TrialClock{From: r.Schedule.NoticeAt, At: time.Now(), Speed: 1}, "w", s.Addr())
	for range 5 {
		select {
		case <-taken:
		case <-time.After(20 * time.Second):
			t.Fatal("nothing is handed over")
		}
	}
	stop()
	f, err := a.DB.Funnel(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f.Messages[string(channel.Handed)] == 0 || f.Messages[string(channel.Uncertain)]+f.Messages[string(channel.Submitting)] != 0 {
		t.Errorf("after the stop: %v", f.Messages)
	}
}
