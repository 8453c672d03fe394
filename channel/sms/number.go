package sms

import (
	"fmt"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"ennakko/fault"
)

// Number is a telephone number that can take a text message. It is personal
// data: it does not print or marshal.
type Number struct{ boxed *string }

const mask = "[number]"

// ParseNumber reads a number as people write it. Region is the country that a
// number without a prefix is in, as "FI". Fixed lines and service numbers are
// refused. The error never repeats the number.
func ParseNumber(s, region string) (Number, error) {
	const op = "sms.ParseNumber"
	n, err := phonenumbers.Parse(strings.TrimSpace(s), region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return Number{}, fault.New(fault.Invalid, op, "this is not a telephone number").Do("write it as +358401234567 or 040 1234567")
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
	default:
		return Number{}, fault.New(fault.Invalid, op, "the number cannot take a text message").Do("give a mobile number")
	}
	e164 := phonenumbers.Format(n, phonenumbers.E164)
	return Number{&e164}, nil
}

// Reveal is the number in E.164 form, "" for none.
func (n Number) Reveal() string {
	if n.boxed == nil {
		return ""
	}
	return *n.boxed
}

// Foreign reports whether the number is outside Finland.
func (n Number) Foreign() bool { return n.boxed != nil && !strings.HasPrefix(*n.boxed, "+358") }

// Format hides the number from every verb of fmt.
func (Number) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// MarshalText hides the number from encoders.
func (Number) MarshalText() ([]byte, error) { return []byte(mask), nil }
