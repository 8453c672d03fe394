package sms

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
)

// escape leads to the extension table (3GPP TS 23.038, 6.2.1).
const escape = 0x1b

// extensionCodes are the places of the extension table's characters, in the order of
// extension.
var extensionCodes = []byte{0x0a, 0x14, 0x28, 0x29, 0x2f, 0x3c, 0x3d, 0x3e, 0x40, 0x65}

// codes are the septets of each character of GSM-7.
func codes() map[rune][]byte {
	m := make(map[rune][]byte, 140)
	place := byte(0)
	for _, r := range basic {
		if place == escape {
			place++
		}
		m[r] = []byte{place}
		place++
	}
	i := 0
	for _, r := range extension {
		m[r] = []byte{escape, extensionCodes[i]}
		i++
	}
	return m
}

// characters are those of septets: of the basic table, and after an escape.
func characters() (plain, extended map[byte]rune) {
	plain, extended = map[byte]rune{}, map[byte]rune{}
	for r, c := range codeOf {
		if len(c) == 1 {
			plain[c[0]] = r
		} else {
			extended[c[1]] = r
		}
	}
	return plain, extended
}

var (
	codeOf              = codes()
	plainOf, extendedOf = characters()
)

// Split writes a text as the parts in which it travels, without the header that
// joins them: septets one to a byte, or UTF-16 in network order. There are as
// many as Segments says.
func Split(text string) (Encoding, [][]byte) {
	p := Segments(text)
	single, several := 160, 153
	if p.Encoding == UCS2 {
		single, several = 140, 134 // bytes
	}
	var all [][]byte // character by character
	size := 0
	for _, r := range text {
		var b []byte
		if p.Encoding == GSM7 {
			b = codeOf[r]
		} else {
			for _, u := range utf16.Encode([]rune{r}) {
				b = binary.BigEndian.AppendUint16(b, u)
			}
		}
		all = append(all, b)
		size += len(b)
	}
	room := several
	if size <= single {
		room = single
	}
	parts := [][]byte{nil}
	for _, b := range all {
		last := len(parts) - 1
		if len(parts[last])+len(b) > room {
			parts, last = append(parts, nil), last+1
		}
		parts[last] = append(parts[last], b...)
	}
	return p.Encoding, parts
}

// Join reads the bytes of a text: septets one to a byte, or UTF-16 in network
// order. A byte that is no character becomes a question mark; nothing is left
// out.
func Join(e Encoding, b []byte) string {
	var s strings.Builder
	if e == UCS2 {
		units := make([]uint16, 0, len(b)/2)
		for i := 0; i+1 < len(b); i += 2 {
			units = append(units, binary.BigEndian.Uint16(b[i:]))
		}
		return string(utf16.Decode(units))
	}
	for i := 0; i < len(b); i++ {
		r, ok := plainOf[b[i]]
		if b[i] == escape && i+1 < len(b) {
			i++
			if r, ok = extendedOf[b[i]]; !ok {
				r, ok = plainOf[b[i]] // an extension that is not known shows the basic character (6.2.1.1)
			}
		}
		if !ok {
			r = '?'
		}
		s.WriteRune(r)
	}
	return s.String()
}

// Latin1 reads ISO 8859-1, in which some gateways hand messages on.
func Latin1(b []byte) string {
	s, err := charmap.ISO8859_1.NewDecoder().Bytes(b)
	if err != nil {
		return strings.Repeat("?", len(b))
	}
	return string(s)
}
