package sms

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"ennakko/fault"
)

// Number is a telephone number that can take a text message. It is personal
// data: it does not print, log or marshal.
type Number struct{ boxed *string }

const mask = "[number]"

// ParseNumber reads a number as people write it. Region is the country that a
// number without a prefix is in, as "FI". Fixed lines, service numbers, numbers
// with letters and numbers behind an exchange are refused. The error never
// repeats the number.
//
// Where a country does not tell mobile numbers from fixed lines (as in the
// United States), a number is taken: it may get a text message.
func ParseNumber(s, region string) (Number, error) {
	const op = "sms.ParseNumber"
	s = strings.TrimSpace(s)
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return Number{}, fault.New(fault.Invalid, op, "the telephone number has a letter in it").Do("write it as +358401234567 or 040 1234567")
	}
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsValidNumber(n) { // err is left out: it could repeat the number
		return Number{}, fault.New(fault.Invalid, op, "this is not a telephone number").Do("write it as +358401234567 or 040 1234567")
	}
	kind := phonenumbers.GetNumberType(n)
	if kind != phonenumbers.MOBILE && kind != phonenumbers.FIXED_LINE_OR_MOBILE || n.GetExtension() != "" {
		return Number{}, fault.New(fault.Invalid, op, "the number cannot take a text message").Do("give a mobile number")
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	return Number{&e164}, nil
}

// IsZero reports whether the number did not come from ParseNumber.
func (n Number) IsZero() bool { return n.boxed == nil }

// Reveal is the number in E.164 form, "" for none. Its callers are the sealing
// of the number and a channel's hand-over.
func (n Number) Reveal() string {
	if n.boxed == nil {
		return ""
	}
	return *n.boxed
}

// Foreign reports whether the number is outside Finland.
func (n Number) Foreign() bool { return n.boxed != nil && !strings.HasPrefix(*n.boxed, "+358") }

// Format hides the number from every verb of fmt. The text stands behind a
// pointer, because fmt cannot call this method on a field that is unexported.
func (Number) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// MarshalText hides the number from encoders.
func (Number) MarshalText() ([]byte, error) { return []byte(mask), nil }
