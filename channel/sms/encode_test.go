package sms_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/linxGnu/gosmpp/data"
	"pgregory.net/rapid"

	"ennakko/channel/sms"
)

// TestTextsGoThereAndBack holds the parts against what Segments counts, and the
// septets against another implementation.
func TestTextsGoThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := []rune("aäöåÄÖÅ €[]{}^~\\|@£$_ÆæßÉ!\n\r09ΔΞ")
		if rapid.Bool().Draw(t, "other") {
			letters = append(letters, 'Š', 'ž', '漢', '😀')
		}
		text := string(rapid.SliceOfN(rapid.SampledFrom(letters), 1, 500).Draw(t, "text"))
		e, parts := sms.Split(text)
		if want := sms.Segments(text); e != want.Encoding || len(parts) != want.Count {
			t.Fatalf("%d parts in %s, Segments says %d in %s", len(parts), e, want.Count, want.Encoding)
		}
		var back strings.Builder
		for _, p := range parts {
			if most := map[sms.Encoding]int{sms.GSM7: 160, sms.UCS2: 140}[e]; len(p) > most || len(parts) > 1 && len(p) > most-6 {
				t.Fatalf("a part of %d bytes", len(p))
			}
			back.WriteString(sms.Join(e, p))
		}
		if back.String() != text {
			t.Fatalf("%q came back as %q", text, back.String())
		}
		if e == sms.GSM7 {
			other, err := data.GSM7BIT.Encode(text)
			if err != nil || !bytes.Equal(other, bytes.Join(parts, nil)) {
				t.Fatalf("%q: % x, another says % x, %v", text, bytes.Join(parts, nil), other, err)
			}
		}
	})
}

func TestWhatIsNoCharacterIsNotLeftOut(t *testing.T) {
	for in, want := range map[string]string{"A\x80": "A?", "\x1b": "?", "\x1bA": "A", "\x1b\x65": "€", "A\x1b": "A?"} {
		if got := sms.Join(sms.GSM7, []byte(in)); got != want {
			t.Errorf("% x reads %q, want %q", in, got, want)
		}
	}
	if got := sms.Join(sms.UCS2, []byte{0, 'A', 0}); got != "A" {
		t.Errorf("%q", got)
	}
	if got := sms.Latin1([]byte{'A', 0xe4}); got != "Aä" {
		t.Errorf("%q", got)
	}
}
