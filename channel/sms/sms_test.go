package sms_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
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

func TestTheAlphabetIsTheOneOfTheStandard(t *testing.T) {
	// 128 places of the table less the escape, and the ten of the extension.
	basic, extended := 0, 0
	for r := rune(0); r <= 0xffff; r++ {
		if p := sms.Segments(string(r)); p.Encoding == sms.GSM7 {
			if p.Units == 1 {
				basic++
			} else {
				extended++
			}
		}
	}
	if basic != 127 || extended != 10 {
		t.Errorf("%d and %d characters, want 127 and 10", basic, extended)
	}
	for _, s := range []string{"åäöÅÄÖ", "éÉüÜñÑàèìòù", "ÇßØøÆæ", "ΔΦΓΛΩΠΨΣΘΞ", "@£$¥¤§¿¡", "{}[]\\~^|€"} {
		if p := sms.Segments(s); p.Encoding != sms.GSM7 {
			t.Errorf("%q: %q are not of the alphabet", s, string(p.Offending))
		}
	}
	for _, r := range "çšŠžŽčđŋŧáíóúêëõÕ`´–—’”…\u00a0\t" {
		if p := sms.Segments(string(r)); p.Encoding != sms.UCS2 || string(p.Offending) != string(r) {
			t.Errorf("%q passes for the GSM alphabet", r)
		}
	}
}

// parts cuts a text as a sender would: as much as fits into each part.
func parts(text string, size func(rune) int, single, several int) (out []string) {
	all := 0
	for _, r := range text {
		all += size(r)
	}
	if all <= single {
		return []string{text}
	}
	part, used := "", 0
	for _, r := range text {
		if used+size(r) > several {
			out, part, used = append(out, part), "", 0
		}
		part, used = part+string(r), used+size(r)
	}
	return append(out, part)
}

func TestPartsAreCountedAsASenderCutsThem(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		letters := rapid.SampledFrom([]string{"aä\n", "aä€^\n", "aäŠ👍\n"}).Draw(r, "letters")
		text := rapid.StringOfN(rapid.SampledFrom([]rune(letters)), 0, 500, -1).Draw(r, "text")
		size, single, several := func(c rune) int { return 1 + strings.Count("€^", string(c)) }, 160, 153
		want := sms.GSM7
		if strings.ContainsAny(text, "Š👍") {
			want, single, several = sms.UCS2, 70, 67
			size = func(c rune) int { return len(utf16.Encode([]rune{c})) }
		}
		cut := parts(text, size, single, several)
		if p := sms.Segments(text); p.Encoding != want || p.Count != len(cut) {
			r.Fatalf("%v in %d parts, want %v in %d", p.Encoding, p.Count, want, len(cut))
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
		{"0401234567 ext 5", "", false}, {"040 CALL NOW", "", false}, {"18300", "", false}, {"+12125550123", "+12125550123", true}, {"+1 212 736 5000", "+12127365000", true},
		{"０４０１２３４５６７", "+358401234567", false}, {"0457 123 4567", "+3584571234567", false}, {"tel:+358401234567", "", false},
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

func TestANumberDoesNotMarshal(t *testing.T) {
	n, err := sms.ParseNumber("+358401234567", "FI")
	if err != nil {
		t.Fatal(err)
	}
	j, err := json.Marshal(map[string]any{"n": n, "m": map[string]sms.Number{"x": n}})
	if err != nil || strings.Contains(string(j), "1234567") {
		t.Errorf("%s, %v", j, err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "number", n)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "number", n)
	if strings.Contains(log.String(), "1234567") {
		t.Error("the number is logged")
	}
	if n.IsZero() || !(sms.Number{}).IsZero() || (sms.Number{}).Reveal() != "" || (sms.Number{}).Foreign() {
		t.Error("the zero number is a number")
	}
}

func TestASenderIsANumberACodeOrAName(t *testing.T) {
	for _, tt := range []struct {
		in         string
		kind       sms.SenderKind
		answerable bool
	}{
		{"+358450000000", sms.ByNumber, true}, {"18300", sms.ByCode, true}, {"112", sms.ByCode, true}, {"Helsinki", sms.ByName, false}, {"Hki Esi & 1", sms.ByName, false}, {"Töölö", sms.ByName, false},
		{"", sms.NoSender, false}, {"+358 45 000 0000", sms.NoSender, false}, {"+", sms.NoSender, false}, {"+0401234567", sms.NoSender, false}, {"0401234567", sms.NoSender, false}, {"12", sms.NoSender, false},
		{"Helsingfors stad", sms.NoSender, false}, {"Šiauliai", sms.NoSender, false}, {" Helsinki", sms.NoSender, false}, {"- -", sms.NoSender, false}, {"Hel\nsinki", sms.NoSender, false}, {"+35845x000000", sms.NoSender, false},
	} {
		s, err := sms.ParseSender(tt.in)
		if s.Kind() != tt.kind || s.Answerable() != tt.answerable || (err == nil) != (tt.kind != sms.NoSender) || s.IsZero() != (err != nil) {
			t.Errorf("%q: kind %d, answerable %v, %v", tt.in, s.Kind(), s.Answerable(), err)
		}
		if err == nil && s.String() != tt.in {
			t.Errorf("%q became %q", tt.in, s)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"+358401234567", "040 1234567", "", "+", "112", "\xff", "+35809310 1691;ext=4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := sms.ParseNumber(s, "FI")
		if err != nil {
			if len(s) > 12 && strings.Contains(err.Error(), s) {
				t.Fatal("the error repeats the input")
			}
			return
		}
		again, err := sms.ParseNumber(n.Reveal(), "FI")
		if err != nil || again.Reveal() != n.Reveal() || !strings.HasPrefix(n.Reveal(), "+") {
			t.Fatalf("a good number does not read back: %v", err)
		}
	})
}
