package channel_test

import (
	"fmt"
	"log/slog"
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

// A line in a log must not tell whose phone it was or what was written.
func TestMessagesDoNotPrint(t *testing.T) {
	m, err := channel.About(approved(t), envelope(), text)
	if err != nil {
		t.Fatal(err)
	}
	in := channel.Incoming{ID: "1", From: number, Text: text}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("both", "out", m, "in", in)
	said := []string{logged.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		said = append(said, fmt.Sprintf(verb+verb, m, in), fmt.Sprintf(verb, []any{&m, []channel.Message{m}, []channel.Incoming{in}}))
	}
	for _, s := range said {
		if strings.Contains(s, "457000001") || strings.Contains(s, "Aino") || strings.Contains(s, fmt.Sprintf("%x", "Aino")) {
			t.Errorf("it prints %s", s)
		}
	}
}
