// Package sms holds what is special about text messages: which characters cost
// how much, into how many parts a text falls, and which numbers can take one.
package sms

// Encoding is how the characters of a message travel.
type Encoding string

// The encodings. Source: 3GPP TS 23.038.
const (
	GSM7 Encoding = "GSM-7" // 160 characters in one part, 153 in each of several
	UCS2 Encoding = "UCS-2" // 70 and 67 UTF-16 units
)

// Parts says how a text travels.
type Parts struct {
	Encoding  Encoding
	Count     int    // parts, and so what is paid
	Units     int    // septets or UTF-16 units in all
	Offending []rune // the characters that forced UCS-2, each once
}

// basic is the GSM 7-bit default alphabet; the extension table's characters
// cost two septets each (3GPP TS 23.038, 6.2.1 and 6.2.1.1).
const (
	basic     = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "\f^{}\\[~]|€"
)

// septets is the cost of each character of GSM-7.
func septets() map[rune]int {
	m := make(map[rune]int, 140)
	for _, r := range basic {
		m[r] = 1
	}
	for _, r := range extension {
		m[r] = 2
	}
	return m
}

var cost = septets()

// Segments tells how a text travels. A text with a character outside GSM-7
// goes as UCS-2 whole, and the encoding is ours to ask for: gateways left to
// choose put "?" for what does not fit. A part of several gives 6 bytes to the
// header that joins them (3GPP TS 23.040, 9.2.3.24.1); a character of two
// septets or of two UTF-16 units is not split between parts. The languages'
// own shift tables are not used: few gateways carry them.
//
// The text is taken as it is. One with letters in two pieces (a and U+0308)
// should be composed (NFC) before it is counted and sent.
func Segments(text string) Parts {
	var p Parts
	var sizes []int
	seen := map[rune]bool{}
	for _, r := range text {
		n, ok := cost[r]
		if !ok && !seen[r] {
			seen[r] = true
			p.Offending = append(p.Offending, r)
		}
		sizes = append(sizes, n)
	}
	single, several := 160, 153
	p.Encoding = GSM7
	if len(p.Offending) > 0 {
		p.Encoding, single, several, sizes = UCS2, 70, 67, sizes[:0]
		for _, r := range text {
			n := 1
			if r > 0xffff {
				n = 2 // a surrogate pair
			}
			sizes = append(sizes, n)
		}
	}
	for _, n := range sizes {
		p.Units += n
	}
	p.Count = count(sizes, p.Units, single, several)
	return p
}

func count(sizes []int, units, single, several int) int {
	if units <= single {
		return 1
	}
	parts, room := 1, several
	for _, n := range sizes {
		if n > room {
			parts, room = parts+1, several
		}
		room -= n
	}
	return parts
}
