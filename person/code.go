package person

import (
	"fmt"
	"strings"
	"time"

	"ennakko/fault"
)

// Code is a Finnish personal identity code (henkilötunnus) that has passed
// ParseCode. It is personal data: keep it sealed, never print it.
//
// Source: Government Decree on the personal identity code, 690/2022 in force
// 1 January 2023 (new century signs), and Act 661/2009, section 11.
type Code struct{ boxed *string }

const (
	checkSigns = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	signs1900  = "-YXWVU"
	signs2000  = "ABCDEF"
)

// ParseCode reads a personal identity code: ddmmyy, a century sign (+ for the
// 1800s; - Y X W V U for the 1900s; A B C D E F for the 2000s), an individual
// number from 002 to 999 and the check character. Small letters and spaces
// around are accepted. The error never repeats the input.
func ParseCode(s string) (Code, error) {
	const op = "person.ParseCode"
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) != 11 {
		return Code{}, fault.New(fault.Invalid, op, "the identity code does not have 11 characters").Do("it is ddmmyy, a century sign, three digits and a check character")
	}
	digits := s[:6] + s[7:10]
	n := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return Code{}, fault.New(fault.Invalid, op, "the identity code has a letter where a digit belongs")
		}
		n = n*10 + int(c-'0')
	}
	if centuryOf(s[6]) == 0 {
		return Code{}, fault.New(fault.Invalid, op, "the identity code has an unknown century sign").Do("the signs are + - Y X W V U A B C D E F")
	}
	c := Code{&s}
	if _, ok := c.birth(); !ok {
		return Code{}, fault.New(fault.Invalid, op, "the identity code names a day that does not exist")
	}
	if n%1000 < 2 {
		return Code{}, fault.New(fault.Invalid, op, "the identity code's individual number is below 002")
	}
	if checkSigns[n%31] != s[10] {
		return Code{}, fault.New(fault.Invalid, op, "the identity code's check character does not match").Do("look for a digit typed wrong")
	}
	return c, nil
}

// MakeCode builds a code for a made-up person. Variant chooses among the signs
// of the century (0 is the oldest sign); number is 002 to 999. Numbers from
// 900 are not given to real people: made-up cities use those.
func MakeCode(birth time.Time, variant, number int) (Code, error) {
	const op = "person.MakeCode"
	signs := ""
	switch birth.Year() / 100 {
	case 18:
		signs = "+"
	case 19:
		signs = signs1900
	case 20:
		signs = signs2000
	}
	if number < 2 || number > 999 || variant < 0 || variant >= len(signs) {
		return Code{}, fault.New(fault.Invalid, op, "no identity code has individual number %d, sign %d, birth year %d", number, variant, birth.Year())
	}
	day := birth.Format("020106")
	tail := string([]byte{byte('0' + number/100), byte('0' + number/10%10), byte('0' + number%10)})
	n := 0
	for _, c := range []byte(day + tail) {
		n = n*10 + int(c-'0')
	}
	return ParseCode(day + signs[variant:variant+1] + tail + checkSigns[n%31:n%31+1])
}

func centuryOf(sign byte) int {
	switch {
	case sign == '+':
		return 1800
	case strings.IndexByte(signs1900, sign) >= 0:
		return 1900
	case strings.IndexByte(signs2000, sign) >= 0:
		return 2000
	}
	return 0
}

func (c Code) birth() (time.Time, bool) {
	if c.boxed == nil {
		return time.Time{}, false
	}
	two := func(i int) int { return int(c.text()[i]-'0')*10 + int(c.text()[i+1]-'0') }
	y, m, d := centuryOf(c.text()[6])+two(4), two(2), two(0)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, t.Year() == y && int(t.Month()) == m && t.Day() == d
}

// IsZero reports whether the code did not come from ParseCode.
func (c Code) IsZero() bool { return c.boxed == nil }

// Birth is the day of birth that the code names, at midnight UTC.
func (c Code) Birth() time.Time { t, _ := c.birth(); return t }

// Male reports whether the individual number is odd.
func (c Code) Male() bool { return c.text()[9]%2 == 1 }

// Temporary reports whether the individual number is 900 or more: given for a
// while only, or made up.
func (c Code) Temporary() bool { return c.text()[7] == '9' }

// Reveal returns the code's text. Its only callers are the sealing of the code,
// the keyed hashes of it, the request to a register about the person, and the
// writers of made-up register files.
func (c Code) Reveal() string { return c.text() }

func (c Code) text() string {
	if c.boxed == nil {
		return ""
	}
	return *c.boxed
}

const mask = "[identity code]"

// Format hides the code from every verb of fmt. The text stands behind a
// pointer, because fmt cannot call this method on a field that is unexported.
func (Code) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(mask)) }

// MarshalText hides the code from encoders.
func (Code) MarshalText() ([]byte, error) { return []byte(mask), nil }
