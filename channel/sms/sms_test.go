package sms_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"ennakko/channel/sms"
)

func TestSegments(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		enc        sms.Encoding
		count      int
		offending  string
	}{
		{"empty", "", sms.GSM7, 1, ""},
		{"160 letters", strings.Repeat("ä", 160), sms.GSM7, 1, ""},
		{"161 letters", strings.Repeat("ä", 161), sms.GSM7, 2, ""},
		{"306 letters", strings.Repeat("a", 306), sms.GSM7, 2, ""},
		{"307 letters", strings.Repeat("a", 307), sms.GSM7, 3, ""},
		{"the euro sign costs two", strings.Repeat("€", 80), sms.GSM7, 1, ""},
		{"81 euro signs", strings.Repeat("€", 81), sms.GSM7, 2, ""},
		{"an extension character does not straddle parts", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), sms.GSM7, 3, ""},
		{"one Š makes all of it UCS-2", "Š" + strings.Repeat("a", 69), sms.UCS2, 1, "Š"},
		{"71 units of UCS-2", "Š" + strings.Repeat("a", 70), sms.UCS2, 2, "Š"},
		{"134 units of UCS-2", "Š" + strings.Repeat("a", 133), sms.UCS2, 2, "Š"},
		{"135 units of UCS-2", "Š" + strings.Repeat("a", 134), sms.UCS2, 3, "Š"},
		{"emoji are two units", strings.Repeat("👍", 35), sms.UCS2, 1, "👍"},
		{"an emoji is not split", strings.Repeat("a", 66) + "👍" + strings.Repeat("a", 66), sms.UCS2, 3, "👍"},
		{"each offending character once", "đŋđ", sms.UCS2, 1, "đŋ"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := sms.Segments(tt.text)
			if p.Encoding != tt.enc || p.Count != tt.count || string(p.Offending) != tt.offending {
				t.Errorf("%v in %d parts, offending %q", p.Encoding, p.Count, string(p.Offending))
			}
		})
	}
}

func TestPartsHoldTheWholeTextAndNoPartMore(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("aä€^ŠÅ👍\n")), 0, 700, -1).Draw(r, "text")
		p := sms.Segments(text)
		single, several := 160, 153
		if p.Encoding == sms.UCS2 {
			single, several = 70, 67
			if want := len(utf16.Encode([]rune(text))); p.Units != want {
				r.Fatalf("%d units, want %d", p.Units, want)
			}
		}
		least := 1
		if p.Units > single {
			least = (p.Units + several - 1) / several
		}
		// A character of two units can leave one unit of each part unused.
		most := max(1, (p.Units+several-2)/(several-1))
		if p.Count < least || p.Count > max(most, least) {
			r.Fatalf("%d parts for %d units, want %d to %d", p.Count, p.Units, least, most)
		}
	})
}

func TestParseNumber(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		foreign  bool
	}{
		{"+358401234567", "+358401234567", false}, {"040 123 4567", "+358401234567", false}, {" 050-1234567 ", "+358501234567", false},
		{"00358401234567", "+358401234567", false}, {"+46701234567", "+46701234567", true}, {"+37251234567", "+37251234567", true},
		{"09 310 1691", "", false}, {"112", "", false}, {"", "", false}, {"not a number", "", false}, {"+358", "", false}, {"0800 123456", "", false},
	} {
		t.Run(tt.in, func(t *testing.T) {
			n, err := sms.ParseNumber(tt.in, "FI")
			if n.Reveal() != tt.want || (err == nil) != (tt.want != "") || n.Foreign() != tt.foreign {
				t.Fatalf("read %q, foreign %v, error %v", n.Reveal(), n.Foreign(), err)
			}
			if err != nil && len(tt.in) > 5 && strings.Contains(err.Error(), tt.in) {
				t.Error("the error repeats the number")
			}
			if all := fmt.Sprintf("%v %+v %#v %s %v", n, n, n, n, struct{ n sms.Number }{n}); tt.want != "" && strings.Contains(all, tt.want[4:]) {
				t.Error("the number prints")
			}
		})
	}
}
