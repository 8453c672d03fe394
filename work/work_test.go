package work_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/audit"
	"ennakko/channel"
	"ennakko/conversation"
	"ennakko/criteria"
	"ennakko/offer"
	"ennakko/person"
	"ennakko/store"
	"ennakko/store/sqlite"
	"ennakko/store/tables"
	"ennakko/store/vault"
	"ennakko/work"
)

// start is a Thursday at noon.
var start = time.Date(2021, 1, 7, 12, 0, 0, 0, time.UTC)

// talk is a service of few words: each message is its kind, child and answer.
type talk struct{}

func (talk) Text(k conversation.Kind, l person.Language, v work.Values) (string, error) {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", k, l, v.Child, v.Answer)), nil
}
func (talk) Segments(string) int { return 1 }

// Allowed: nothing unasked from 20 to 8.
func (talk) Allowed(t time.Time) time.Time {
	day := t.Truncate(24 * time.Hour)
	switch {
	case t.Hour() < 8:
		return day.Add(8 * time.Hour)
	case t.Hour() >= 20:
		return day.Add(32 * time.Hour)
	}
	return t
}

func (talk) Rules(store.RoundID) (conversation.Rules, error) {
	return conversation.Rules{Policy: conversation.AnyGuardian, NoticeAt: start, InquiryAt: start.Add(time.Hour), ReminderAt: start.AddDate(0, 0, 5)}, nil
}
func (talk) Names() []string                          { return []string{"s"} }
func (talk) Purpose(store.RoundID) (id, basis string) { return "p", "law" }

// gateway is a telephone network that does what the test wants.
type gateway struct {
	took  map[channel.Ref]int
	texts []string // number and text of everything that was taken, in order
	do    func(m channel.Message) channel.State
	cut   error         // the hand-over is cut short with this
	after bool          // ... after the network took it
	known channel.Known // what Query says, if it is to lie or not know
	ask   bool          // Query says known
}

func (g *gateway) Submit(_ context.Context, batch []channel.Message) ([]channel.Receipt, error) {
	if g.cut != nil && !g.after {
		return nil, g.cut
	}
	var out []channel.Receipt
	for _, m := range batch {
		e := m.Envelope()
		state := channel.Handed
		if g.do != nil {
			state = g.do(m)
		}
		if state == channel.Handed {
			g.took[e.Ref]++
			g.texts = append(g.texts, e.To+" "+m.Text())
		}
		out = append(out, channel.Receipt{Ref: e.Ref, State: state, Code: "x"})
	}
	if g.cut != nil {
		return nil, g.cut
	}
	return out, nil
}

func (g *gateway) Query(_ context.Context, ref channel.Ref) (channel.Known, error) {
	switch {
	case g.ask:
		return g.known, nil
	case g.took[ref] > 0:
		return channel.Seen, nil
	}
	return channel.NeverSeen, nil
}

// office is a store, a gateway and a worker.
type office struct {
	*testing.T
	ctx   context.Context
	db    *tables.DB
	net   *gateway
	w     *work.Worker
	round store.RoundID
	set   work.Settings
	in    int
}

func open(t *testing.T) *office {
	t.Helper()
	dir := t.TempDir()
	v, err := vault.Open(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "x.db"), v, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	o := &office{T: t, ctx: t.Context(), db: db, net: &gateway{took: map[channel.Ref]int{}},
		set: work.Settings{From: "+358450000000", Rate: 100, Batch: 100, Valid: 24 * time.Hour, Doubt: 2 * time.Hour}}
	o.write(func(tx store.Tx) error {
		o.round, err = tx.AddRound(store.Round{Service: "s", Version: "1", PackHash: "h", AsOf: start, State: store.Running, Officer: "officer:a"})
		return errors.Join(err, tx.AddPlaces(o.round, []store.PlaceCount{{Place: offer.Place{Unit: "u1", Language: "fi"}, Places: 500}}))
	})
	o.restart()
	return o
}

// restart makes a new worker, as a new process would.
func (o *office) restart() { o.w = work.New(o.db, talk{}, o.net, o.set) }

func (o *office) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) write(do func(tx store.Tx) error) {
	o.Helper()
	act, err := audit.Begin("officer:test", "test", "p", "law", start)
	o.must(err)
	o.must(o.db.Write(o.ctx, act, do))
}

// family opens a case for a child whose guardians have these numbers.
func (o *office) family(child person.ID, name string, numbers ...string) {
	o.Helper()
	f, err := criteria.Restore(child, criteria.Met, []criteria.Reason{{Criterion: "c", Verdict: criteria.Met, Fields: []string{"f"}}}, start, strings.Repeat("a", 64))
	o.must(err)
	d, err := offer.Draft(f, offer.Place{Unit: "u1", Language: "fi"})
	o.must(err)
	a, err := d.Approve("officer:a")
	o.must(err)
	n := store.NewCase{Offer: a, Names: conversation.Names{Child: name, Unit: map[person.Language]string{"fi": "Kielo"}}, Numbers: numbers, Deadline: start.AddDate(0, 0, 8)}
	for i := range numbers {
		n.Parties = append(n.Parties, conversation.Party{Person: child*100 + person.ID(i), Name: "Anna", Language: "fi"})
	}
	o.write(func(tx store.Tx) error { return o.w.Open(tx, o.round, n, "", start) })
}

// at lets everything happen that is due at a moment.
func (o *office) at(now time.Time) {
	o.Helper()
	for range 50 {
		busy, err := o.w.Tick(o.ctx, now)
		o.must(err)
		if !busy {
			return
		}
	}
	o.Fatal("it never comes to rest")
}

func (o *office) says(number, text string, at time.Time) {
	o.Helper()
	o.in++
	o.must(o.w.Receive(o.ctx, []channel.Incoming{{ID: fmt.Sprint(o.in), From: number, Text: text, At: at}}, at))
	o.at(at)
}

func (o *office) funnel() store.Funnel {
	o.Helper()
	f, err := o.db.Funnel(o.ctx, o.round)
	o.must(err)
	return f
}

// sent are the messages since the last call.
func (o *office) sent() []string {
	s := o.net.texts
	o.net.texts = nil
	return s
}

func (o *office) wants(what string, want ...string) {
	o.Helper()
	if got := o.sent(); !slices.Equal(got, want) {
		o.Errorf("%s: sent %q, want %q", what, got, want)
	}
}

const anna, bo = "+358401000001", "+358401000002"

func TestAFamilyIsAskedAnswersAndIsConfirmed(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna, bo)
	o.at(start)
	o.wants("the notice", anna+" notice fi Aino", bo+" notice fi Aino")
	o.at(start.Add(time.Hour))
	o.wants("the inquiry", anna+" inquiry fi Aino", bo+" inquiry fi Aino")
	o.says(anna, "A", start.Add(2*time.Hour))
	o.wants("the answer", anna+" confirm_accept fi Aino A", bo+" told_other fi Aino A")
	o.says(bo, "B", start.Add(3*time.Hour))
	o.wants("the other answer", bo+" conflict fi Aino B", anna+" conflict fi Aino A")
	if f := o.funnel(); f.Stages["conflict"] != 1 || f.Items["conflict"] != 1 {
		t.Errorf("%+v", f)
	}
}

func TestASendThatIsCutOffIsNeverSentTwiceNorLost(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("the network took it %v", after), func(t *testing.T) {
			o := open(t)
			o.family(1, "Aino", anna)
			o.net.cut, o.net.after = errors.New("the line is dead"), after
			if _, err := o.w.Tick(o.ctx, start); err == nil {
				t.Fatal("a hand-over that failed is not told")
			}
			if f := o.funnel(); f.Messages["uncertain"] != 1 {
				t.Fatalf("states %v, want one uncertain", f.Messages)
			}
			o.net.cut = nil
			o.at(start.Add(time.Minute))
			if !after && len(o.net.took) > 0 {
				t.Fatal("an uncertain send went out again before anybody asked")
			}
			o.restart()
			_, err := o.w.Recover(o.ctx, start.Add(time.Minute))
			o.must(err)
			o.at(start.Add(2 * time.Minute))
			for ref, n := range o.net.took {
				if n != 1 {
					t.Errorf("%s was taken %d times", ref, n)
				}
			}
			if f := o.funnel(); len(o.net.took) != 1 || f.Messages["handed over"] != 1 {
				t.Errorf("%d messages taken, states %v", len(o.net.took), f.Messages)
			}
		})
	}
}

// dies is a store whose process ends before a write of one kind is kept.
type dies struct {
	*tables.DB
	verb string
}

func (d *dies) Write(ctx context.Context, act audit.Act, do func(store.Tx) error) error {
	if act.Entry().Verb == d.verb {
		panic("killed")
	}
	return d.DB.Write(ctx, act, do)
}

func TestAProcessThatDiesBetweenHandOverAndReceipt(t *testing.T) {
	for _, tt := range []struct {
		verb string
		took int
	}{{"hand messages over", 0}, {"note what the gateway said", 1}} {
		t.Run(tt.verb, func(t *testing.T) {
			o := open(t)
			o.family(1, "Aino", anna)
			func() {
				defer func() {
					if recover() == nil {
						t.Fatal("it did not die")
					}
				}()
				_, _ = work.New(&dies{o.db, tt.verb}, talk{}, o.net, o.set).Tick(o.ctx, start)
			}()
			if len(o.net.took) != tt.took {
				t.Fatalf("%d messages at the network when it died", len(o.net.took))
			}
			o.restart()
			cut, err := o.w.Recover(o.ctx, start)
			o.must(err)
			if cut != tt.took {
				t.Errorf("%d sends were cut off, want %d", cut, tt.took)
			}
			o.at(start)
			for _, n := range o.net.took {
				if n != 1 {
					t.Errorf("taken %d times", n)
				}
			}
			if len(o.net.took) != 1 || o.funnel().Messages["handed over"] != 1 {
				t.Errorf("%d at the network, states %v", len(o.net.took), o.funnel().Messages)
			}
		})
	}
}

func TestALongDoubtGoesBeforeAPersonAndAReportSettlesIt(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.net.cut, o.net.after = errors.New("the line is dead"), true
	_, _ = o.w.Tick(o.ctx, start)
	o.net.cut, o.net.ask, o.net.known = nil, true, channel.CannotTell
	o.at(start.Add(time.Hour))
	if f := o.funnel(); f.Items["uncertain send"] != 0 {
		t.Fatal("it was put before a person too soon")
	}
	at, ok, err := o.db.Next(o.ctx)
	o.must(err)
	if !ok || at.After(start.Add(2*time.Hour)) {
		t.Errorf("the next moment is %v", at)
	}
	o.at(start.Add(2 * time.Hour))
	if f := o.funnel(); f.Items["uncertain send"] != 1 || f.Messages["uncertain"] != 1 {
		t.Fatalf("items %v, messages %v", f.Items, f.Messages)
	}
	for ref := range o.net.took {
		o.must(o.w.Report(o.ctx, []channel.Report{{ID: "r/" + string(ref), Ref: ref, State: channel.Delivered, At: start.Add(3 * time.Hour)}}, start.Add(3*time.Hour)))
	}
	if f := o.funnel(); f.Items["uncertain send"] != 0 {
		t.Errorf("after the report: items %v", f.Items)
	}
}

func TestQuietHours(t *testing.T) {
	o := open(t)
	o.set.Rate = 1
	o.restart()
	evening := time.Date(2021, 1, 7, 19, 59, 59, 0, time.UTC)
	for i := range 5 {
		o.family(person.ID(i+1), "Aino", fmt.Sprintf("+35840100001%d", i))
	}
	_, err := o.w.Tick(o.ctx, evening) // all are due, one can go
	o.must(err)
	if n := len(o.sent()); n != 1 {
		t.Fatalf("%d sent before eight", n)
	}
	night := evening.Add(2 * time.Second)
	o.at(night)
	if n := len(o.sent()); n != 0 {
		t.Fatalf("%d of the backlog went out in the quiet hours", n)
	}
	o.says("+358401000010", "hello?", night.Add(time.Minute))
	if got := o.sent(); len(got) != 1 || !strings.Contains(got[0], "help") {
		t.Errorf("an answer at night had %q", got)
	}
	o.at(evening.Add(time.Hour)) // the inquiries are due by now
	if n := len(o.sent()); n != 0 {
		t.Errorf("%d inquiries went out at night", n)
	}
	at, _, err := o.db.Next(o.ctx)
	o.must(err)
	morning := time.Date(2021, 1, 8, 8, 0, 0, 0, time.UTC)
	if !at.Equal(morning) {
		t.Errorf("the next moment is %v", at)
	}
	for i := range 5 {
		_, err := o.w.Tick(o.ctx, morning.Add(time.Duration(i)*time.Second))
		o.must(err)
	}
	if n := len(o.sent()); n < 4 {
		t.Errorf("%d sent in the morning", n)
	}
}

func TestTheRateIsNeverExceeded(t *testing.T) {
	o := open(t)
	o.set.Rate = 3
	o.restart()
	for i := range 20 {
		o.family(person.ID(i+1), "Aino", fmt.Sprintf("+3584010001%02d", i))
	}
	total := 0
	for s := range 8 {
		_, err := o.w.Tick(o.ctx, start.Add(time.Duration(s)*time.Second))
		o.must(err)
		n := len(o.sent())
		if n > 3 {
			t.Errorf("%d in second %d", n, s)
		}
		total += n
	}
	if total != 20 {
		t.Errorf("%d sent in eight seconds", total)
	}
}

func TestTwinsOnOnePhone(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.family(2, "Eino", anna)
	o.at(start)
	o.wants("one notice for the phone", anna+" notice fi Aino")
	o.at(start.Add(time.Hour))
	o.wants("one question at a time", anna+" inquiry fi Aino")
	at := start.Add(2 * time.Hour)
	o.says(anna, "A", at)
	o.wants("the next child", anna+" confirm_accept fi Aino A", anna+" inquiry fi Eino")
	o.says(anna, "A", at.Add(3*time.Second))
	o.wants("the same letter again, too soon to be about the next child", anna+" already fi Aino A")
	o.says(anna, "b", at.Add(time.Minute))
	o.wants("the next child's answer", anna+" confirm_decline fi Eino B")
	o.says(anna, "B", at.Add(2*time.Minute))
	o.wants("which child", anna+" which_child fi Aino")
	o.says(anna, "B", at.Add(3*time.Minute))
	o.wants("which child is asked once")
	o.says(anna, "B Aino", at.Add(4*time.Minute))
	o.wants("by name", anna+" confirm_changed fi Aino B")
	if f := o.funnel(); f.Stages["declined"] != 2 || f.PlacesHeld != 0 {
		t.Errorf("%+v", f)
	}
}

func TestAStrangerIsAnsweredOnce(t *testing.T) {
	o := open(t)
	for i := range 3 {
		o.says("+358409999999", "A", start.Add(time.Duration(i)*time.Minute))
	}
	o.wants("a number that was asked nothing", "+358409999999 wrong_number fi")
}

func TestAGatewayThatRefusesLeadsToALetterAndABusyOneIsTriedLater(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.family(2, "Bo", bo)
	o.net.do = func(m channel.Message) channel.State {
		if m.Envelope().To == anna {
			return channel.Failed
		}
		return channel.Queued
	}
	o.at(start)
	if f := o.funnel(); f.Letters != 1 || f.Messages["failed"] != 1 || f.Messages["queued"] != 1 {
		t.Fatalf("%+v", f)
	}
	o.net.do = nil
	o.at(start.Add(time.Second))
	if n := len(o.sent()); n != 0 {
		t.Error("a busy gateway was tried again at once")
	}
	o.at(start.Add(time.Minute))
	o.wants("later", bo+" notice fi Bo")
}

func TestTheRecordNamesWhoActedAndWhoseItWas(t *testing.T) {
	o := open(t)
	o.family(1, "Aino", anna)
	o.at(start)
	o.at(start.Add(time.Hour))
	o.says(anna, "A kiitos", start.Add(2*time.Hour))
	var answers, covered int
	last, err := o.db.Last(o.ctx)
	o.must(err)
	for seq := uint64(1); seq <= last; seq++ {
		e, _, err := o.db.Entry(o.ctx, seq)
		o.must(err)
		if e.Verb == "answer" {
			answers++
			if e.Actor != "resident:100" || !e.People.Contains(1) || !e.People.Contains(100) || strings.Contains(e.Detail, "kiitos") {
				t.Errorf("the answer's entry is by %s, detail %q", e.Actor, e.Detail)
			}
		}
		if e.People.Contains(1) {
			covered++
		}
	}
	if answers != 1 || covered < 5 {
		t.Errorf("%d answers, %d entries about the child", answers, covered)
	}
}
