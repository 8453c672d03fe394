package reply_test

import (
	"slices"
	"strings"
	"testing"

	"ennakko/reply"
)

const fi, sv, en reply.Menu = "fi", "sv", "en"

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		text string
		menu reply.Menu
		want reply.Meaning
		sure bool
	}{
		{"A", fi, reply.Accept, true}, {"a", fi, reply.Accept, true}, {"a.", fi, reply.Accept, true}, {" A ", fi, reply.Accept, true},
		{"A!", fi, reply.Accept, true}, {"(a)", fi, reply.Accept, true}, {"\"A\"", fi, reply.Accept, true}, {"'A'", fi, reply.Unclear, false},
		{"A kiitos", fi, reply.Accept, true}, {"A, tack", sv, reply.Accept, true}, {"A please", en, reply.Accept, true},
		{"A\n\nMatti", fi, reply.Accept, true}, {"A\r\nt. Matti Meikäläinen", fi, reply.Accept, true},
		{"Ａ", fi, reply.Accept, true}, {"А", fi, reply.Accept, true}, {"В", fi, reply.Decline, true},
		{"\ufeffA", fi, reply.Accept, true}, {"A\u200b", fi, reply.Accept, true}, {"a a", fi, reply.Accept, true},
		{"A 👍", fi, reply.Accept, true}, {"A :)", fi, reply.Accept, true},
		{"Kyllä", fi, reply.Accept, true}, {"kyllä kiitos!", fi, reply.Accept, true}, {"Kylla\u0308", fi, reply.Accept, true}, {"joo", fi, reply.Accept, true},
		{"Hyväksyn paikan.", fi, reply.Accept, true}, {"Otamme paikan vastaan", fi, reply.Accept, true},
		{"ja", fi, reply.Accept, true}, {"Ja tack", sv, reply.Accept, true}, {"yes", en, reply.Accept, true}, {"Yes, please", en, reply.Accept, true},
		{"B", fi, reply.Decline, true}, {"b.", fi, reply.Decline, true}, {"B kiitos", fi, reply.Decline, true}, {"B, ei kiitos", fi, reply.Decline, true},
		{"ei", fi, reply.Decline, true}, {"Ei kiitos", fi, reply.Decline, true}, {"En hyväksy", fi, reply.Decline, true}, {"nej tack", sv, reply.Decline, true},
		{"No thanks", en, reply.Decline, true}, {"We decline", en, reply.Decline, true},
		{"B mutta kysyisin vielä iltapäivän hoidosta ja ruoka-allergiasta", fi, reply.Decline, false},
		{"A mutta toivoisimme toista päiväkotia lähempää", fi, reply.Accept, false},
		{"C", fi, reply.ToSwedish, true}, {"D", fi, reply.ToEnglish, true}, {"c", sv, reply.ToFinnish, true}, {"d", sv, reply.ToEnglish, true},
		{"C", en, reply.ToFinnish, true}, {"D", en, reply.ToSwedish, true},
		{"på svenska", fi, reply.ToSwedish, true}, {"In English please", fi, reply.ToEnglish, true}, {"suomeksi", sv, reply.ToFinnish, true},
		{"STOP", fi, reply.Stop, true}, {"Älkää lähettäkö viestejä", fi, reply.Stop, true},
		{"A?", fi, reply.Unclear, false}, {"A vai B?", fi, reply.Unclear, false}, {"A B", fi, reply.Unclear, false}, {"A vai B", fi, reply.Unclear, false},
		{"A tai jotain muuta mikä olisi lähempänä kotia", fi, reply.Unclear, false}, {"A ei kuitenkaan sittenkään sovi meille mitenkään", fi, reply.Unclear, false},
		{"AB", fi, reply.Unclear, false}, {"En", fi, reply.Unclear, false}, {"👍", fi, reply.Unclear, false}, {"ok", fi, reply.Unclear, false},
		{"", fi, reply.Unclear, false}, {"   ", fi, reply.Unclear, false}, {"?", fi, reply.Unclear, false}, {"1", fi, reply.Unclear, false},
		{"Aamulla soitan teille", fi, reply.Unclear, false}, {"Bussilla emme pääse", fi, reply.Unclear, false},
		{"ei ole kiireinen asia, palaan asiaan", fi, reply.Unclear, false}, {"Kuka tämä on?", fi, reply.Unclear, false},
		{"yes or no", en, reply.Unclear, false}, {"ja ja ja", fi, reply.Unclear, false}, {"E", fi, reply.Unclear, false},
		{"Paikka A", fi, reply.Unclear, false}, {"vastaus A", fi, reply.Unclear, false},
		{strings.Repeat("A ", 1000), fi, reply.Unclear, false}, {strings.Repeat("x", 2000), fi, reply.Unclear, false},
		{"C", "de", reply.Unclear, false},
	} {
		t.Run(tt.text[:min(len(tt.text), 30)]+"/"+string(tt.menu), func(t *testing.T) {
			if got := reply.Read(tt.text, tt.menu, nil); got.Meaning != tt.want || got.Sure != tt.sure {
				t.Errorf("read as %v (sure %v), want %v (sure %v)", got.Meaning, got.Sure, tt.want, tt.sure)
			}
		})
	}
}

func TestAnAnswerMayNameTheChild(t *testing.T) {
	twins := []string{"Aino", "Eino"}
	for _, tt := range []struct {
		text  string
		names []string
		want  reply.Meaning
		child string
	}{
		{"A Aino", twins, reply.Accept, "Aino"}, {"b eino", twins, reply.Decline, "Eino"}, {"Aino A", twins, reply.Accept, "Aino"},
		{"A, Eino!", twins, reply.Accept, "Eino"}, {"A", twins, reply.Accept, ""}, {"A Väinö", twins, reply.Accept, ""},
		{"Aino ja Eino A", twins, reply.Unclear, ""}, {"Aino", twins, reply.Unclear, "Aino"},
		{"A Anna-Liisa", []string{"Anna-Liisa", "Anna"}, reply.Accept, ""}, // both names are in it: ask again
		{"A D'Angelo", []string{"D'Angelo"}, reply.Accept, "D'Angelo"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			if got := reply.Read(tt.text, fi, tt.names); got.Meaning != tt.want || got.Child != tt.child {
				t.Errorf("read as %v of %q, want %v of %q", got.Meaning, got.Child, tt.want, tt.child)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"A", "B kiitos", "A Aino", "Kyllä", "\xff\xfe", "А", "👍", "a\u0308", "A\n\n--\nMatti"} {
		f.Add(s, "Aino")
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		names := []string{name, "Eino"}
		for _, m := range []reply.Menu{fi, sv, en} {
			a := reply.Read(s, m, names)
			if a.Child != "" && !slices.Contains(names, a.Child) {
				t.Fatalf("child %q was not asked about", a.Child)
			}
			if a.Sure && a.Meaning == reply.Unclear {
				t.Fatal("sure of nothing")
			}
			if b := reply.Read(" "+s+"\n", m, names); b != a {
				t.Fatalf("white space changes %v into %v", a, b)
			}
			if !strings.ContainsFunc(s, func(r rune) bool { return r > ' ' && (r < '0' || r > '9') }) && a.Meaning != reply.Unclear {
				t.Fatal("something was read out of nothing")
			}
		}
	})
}
