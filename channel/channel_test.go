package channel_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"ennakko/channel"
	"ennakko/fault"
	"ennakko/offer"
)

const (
	number = "+358457000001"
	text   = "Hei Aino! A = otan paikan vastaan"
)

func envelope() channel.Envelope {
	return channel.Envelope{Ref: "r1", To: number, From: "+358450000000", ValidUntil: time.Date(2021, 1, 8, 0, 0, 0, 0, time.UTC)}
}

func approved(t *testing.T) offer.Approved {
	t.Helper()
	a, err := offer.Restore(7, offer.Place{Unit: "u1", Language: "fi"}, "hash", "officer:test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAMessageComesFromAnApprovedOfferOrToSomebodyWhoWrote(t *testing.T) {
	m, err := channel.About(approved(t), envelope(), text)
	if err != nil || m.IsZero() || m.Text() != text || m.Envelope() != envelope() {
		t.Errorf("about an approved offer: %v", err)
	}
	if m, err := channel.About(offer.Approved{}, envelope(), text); fault.KindOf(err) != fault.Refused || !m.IsZero() {
		t.Errorf("about an offer that nobody approved: %v", err)
	}
	if m, err := channel.AnswerTo(channel.Incoming{ID: "1", From: number}, envelope(), text); err != nil || m.IsZero() {
		t.Errorf("to somebody who wrote: %v", err)
	}
	for _, in := range []channel.Incoming{{}, {From: number}, {ID: "1"}, {ID: "1", From: "+358457000002"}} {
		if m, err := channel.AnswerTo(in, envelope(), text); fault.KindOf(err) != fault.Refused || !m.IsZero() {
			t.Error("an answer to somebody who did not write")
		}
	}
}

func TestAMessageIsWholeOrNotAtAll(t *testing.T) {
	a := approved(t)
	for name, spoil := range map[string]func(*channel.Envelope){
		"reference": func(e *channel.Envelope) { e.Ref = "" },
		"number":    func(e *channel.Envelope) { e.To = "" },
		"sender":    func(e *channel.Envelope) { e.From = "" },
		"end":       func(e *channel.Envelope) { e.ValidUntil = time.Time{} },
	} {
		e := envelope()
		spoil(&e)
		if m, err := channel.About(a, e, text); fault.KindOf(err) != fault.Invalid || !m.IsZero() {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := channel.About(a, envelope(), ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a text: %v", err)
	}
}

// prints fails if s tells whose phone it was or what was written.
func prints(t *testing.T, how, s string) {
	t.Helper()
	for _, secret := range []string{"457000001", "Aino", fmt.Sprintf("%x", "457000001"), fmt.Sprintf("%x", "Aino"), fmt.Sprintf("%X", "Aino")} {
		if strings.Contains(s, secret) {
			t.Errorf("%s prints %s", how, s)
		}
	}
}

// A line in a log must not tell whose phone it was or what was written.
func TestMessagesDoNotPrint(t *testing.T) {
	m, err := channel.About(approved(t), envelope(), text)
	if err != nil {
		t.Fatal(err)
	}
	in := channel.Incoming{ID: "1", From: number, Text: text}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		prints(t, verb, fmt.Sprintf(verb+verb, m, in))
		prints(t, verb+" of a list", fmt.Sprintf(verb, []any{&m, []channel.Message{m}, []channel.Incoming{in}, map[string]channel.Incoming{"x": in}}))
	}
	if s := fmt.Sprint(m, in); s != "[message] [incoming message]" {
		t.Errorf("they print as %s", s)
	}
	var logged strings.Builder
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("both", "out", m, "in", in, "all", []channel.Incoming{in}, "outs", []channel.Message{m})
	}
	prints(t, "a log", logged.String())
	if strings.Count(logged.String(), "[incoming message]") != 4 {
		t.Errorf("the log does not say that there was a message: %s", logged.String())
	}
}

// What fmt does with a field that is unexported and with a verb that is wrong,
// it does without asking Format.
func TestAMessageDoesNotPrintFromInside(t *testing.T) {
	m, err := channel.About(approved(t), envelope(), text)
	if err != nil {
		t.Fatal(err)
	}
	type attempt struct {
		m    channel.Message
		list []channel.Message
	}
	held := attempt{m, []channel.Message{m}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p", "%w", "%!"} {
		prints(t, verb, fmt.Sprintf(verb, m))
		prints(t, verb+" of what holds it", fmt.Sprintf(verb, held))
	}
}

// A message that was made by hand is no message: it says nothing and goes nowhere.
func TestTheZeroMessageIsEmpty(t *testing.T) {
	var m channel.Message
	if !m.IsZero() || m.Text() != "" || m.Envelope() != (channel.Envelope{}) || fmt.Sprint(m) != "[message]" {
		t.Error("the zero message holds something")
	}
	for i, f := range reflect.VisibleFields(reflect.TypeFor[channel.Message]()) {
		if f.IsExported() {
			t.Errorf("field %d of a message, %s, can be written from outside", i, f.Name)
		}
	}
}

// The store keeps these words: one that changes would orphan what is kept.
func TestStatesAreKeptUnderTheirOwnWords(t *testing.T) {
	words := map[channel.State]bool{}
	for state, word := range map[channel.State]string{
		channel.Queued: "queued", channel.Submitting: "submitting", channel.Handed: "handed over", channel.Delivered: "delivered",
		channel.Failed: "failed", channel.Expired: "expired", channel.Uncertain: "uncertain", channel.Dropped: "dropped",
	} {
		if string(state) != word {
			t.Errorf("%s is kept as %q", word, state)
		}
		words[state] = true
	}
	if len(words) != 8 {
		t.Errorf("%d states have a word of their own, not 8", len(words))
	}
	var r channel.Known // what a gateway that says nothing says
	if r != channel.CannotTell || channel.Seen == channel.NeverSeen {
		t.Error("silence counts as knowledge")
	}
}
