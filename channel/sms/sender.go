package sms

import (
	"strings"

	"ennakko/fault"
)

// Sender is who a text message comes from: a telephone number, a short code or
// a name. It belongs to the city and is no secret. The zero Sender is nobody.
//
// Finland wants every sender name authorised (Traficom regulation 28, in force
// on 4 May 2026); that is a matter of the gateway's contract and cannot be seen
// here.
type Sender struct {
	text string
	kind SenderKind
}

// SenderKind is what a sender is.
type SenderKind uint8

// The kinds of sender.
const (
	NoSender SenderKind = iota
	ByNumber            // an international number (E.164)
	ByCode              // a short code, which belongs to one country's networks
	ByName              // letters, which nobody can answer
)

// ParseSender reads a sender: "+358401234567", a short code of 3 to 8 digits,
// or a name of up to 11 letters, digits, spaces and the signs . - _ & with at
// least one letter. A short code is never parsed as a telephone number.
//
// Source: 3GPP TS 23.040, 9.1.2.5 (eleven characters of the GSM alphabet).
func ParseSender(s string) (Sender, error) {
	const op = "sms.ParseSender"
	number, plus := strings.CutPrefix(s, "+")
	switch {
	case s == "":
		return Sender{}, fault.New(fault.Invalid, op, "the messages have no sender").Do("give a number, a short code or a name")
	case plus:
		if !digits(number) || len(number) < 7 || len(number) > 15 || number[0] == '0' {
			return Sender{}, fault.New(fault.Invalid, op, "the sender %q is not an international number", s).Do("write it without spaces, as +358401234567")
		}
		return Sender{s, ByNumber}, nil
	case digits(s):
		if len(s) < 3 || len(s) > 8 {
			return Sender{}, fault.New(fault.Invalid, op, "the sender %q is neither a short code nor an international number", s).Do("a short code has 3 to 8 digits; a number begins with + and the country")
		}
		return Sender{s, ByCode}, nil
	}
	letters := 0
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("åäöÅÄÖ", r):
			letters++
		case r >= '0' && r <= '9' || strings.ContainsRune(" .-_&", r):
		default:
			return Sender{}, fault.New(fault.Invalid, op, "the sender %q has a character that networks do not carry", s).Do("use letters, digits, spaces and . - _ &")
		}
	}
	if n := len([]rune(s)); letters == 0 || n > 11 || strings.TrimSpace(s) != s {
		return Sender{}, fault.New(fault.Invalid, op, "the sender name %q is not 1 to 11 characters with a letter among them", s).Do("shorten it")
	}
	return Sender{s, ByName}, nil
}

func digits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// Kind is what the sender is.
func (s Sender) Kind() SenderKind { return s.kind }

// Answerable reports whether a person can answer: an inquiry must come from a
// sender that is.
func (s Sender) Answerable() bool { return s.kind == ByNumber || s.kind == ByCode }

// IsZero reports whether the sender did not come from ParseSender.
func (s Sender) IsZero() bool { return s.kind == NoSender }

// String is the sender as a phone shows it.
func (s Sender) String() string { return s.text }
