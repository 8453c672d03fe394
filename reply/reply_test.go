package reply_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ennakko/reply"
)

const fi, sv, en reply.Menu = "fi", "sv", "en"

// table reads each text in each of the menus and wants one meaning.
func table(t *testing.T, menus []reply.Menu, want reply.Meaning, sure bool, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, m := range menus {
			if got := reply.Read(text, m, nil); got.Meaning != want || got.Sure != sure {
				t.Errorf("%.60q in menu %s: %v (sure %v), want %v (sure %v)", text, m, got.Meaning, got.Sure, want, sure)
			}
		}
	}
}

var all = []reply.Menu{fi, sv, en}

func TestTheLetterAloneIsTheAnswerHoweverItIsTyped(t *testing.T) {
	table(t, all, reply.Accept, true, "A", "a", "a.", " A ", "A!", "(a)", "\"A\"", "'A'", "”A”", "A)", "A:", "-A-", "*A*", "a a", "A\n", "\r\nA\r\n", "\tA",
		"Ａ", "Ⓐ", "\u0410", "\u0430", "Α", "🅰️", "\ufeffA", "A\u200b", "\u200eA", "A\u00a0", "A\ufe0f", "A 👍", "A :)", "A 🙏🏽")
	table(t, all, reply.Decline, true, "B", "b.", " b ", "(B)", "\u0412", "Β", "Ｂ", "🅱")
}

func TestCourtesyAndASignatureChangeNothing(t *testing.T) {
	table(t, all, reply.Accept, true, "A kiitos", "A, kiitos paljon!", "A, tack", "A tack så mycket", "A please", "A thank you very much", "Hei, A kiitos", "Hej! A", "Hello, A please",
		"A\n\nMatti", "A\nMatti Meikäläinen", "A\r\nt. Matti Meikäläinen", "A t. Matti", "A, terv. Matti", "A mvh Sven", "A\nBest regards\nJohn Smith",
		"Vastaus A", "vastaus: A", "Vastaan A", "Svar: A", "My answer: A", "Valitsemme A", "A ok", "ok, A", "A sopii")
}

func TestALetterMayStandWithItsOwnMeaning(t *testing.T) {
	table(t, all, reply.Accept, true, "A kyllä", "Kyllä, A", "A = otan paikan vastaan", "A, otamme paikan vastaan kiitos", "A = jag tar emot platsen", "A = I accept the place", "A yes please", "A, ja tack")
	table(t, all, reply.Decline, true, "B, ei kiitos", "B = en ota paikkaa vastaan", "B = jag tar inte emot platsen", "B = I do not accept the place", "Ei, B", "Nej tack, B")
	table(t, []reply.Menu{fi}, reply.ToSwedish, true, "C = på svenska, tack", "C på svenska")
	table(t, []reply.Menu{fi}, reply.ToEnglish, true, "D = in English, please")
}

func TestWordsThatMeanOneThingAreRead(t *testing.T) {
	table(t, all, reply.Accept, true, "Kyllä", "kyllä kiitos!", "Kylla\u0308", "KYLLÄ", "kylla", "joo", "Juu", "Hyväksyn paikan.", "hyvaksymme", "Otamme paikan vastaan", "Hei! Otamme paikan vastaan. Kiitos! T. Matti",
		"ja", "Ja tack", "Vi tar emot platsen", "yes", "Yes, please", "We accept the place, thank you", "I accept")
	table(t, all, reply.Decline, true, "ei", "Ei kiitos", "En hyväksy", "emme ota paikkaa vastaan", "nej", "nej tack", "Vi tar inte emot platsen", "No thanks, we decline", "We don’t accept the place")
	table(t, []reply.Menu{sv, en}, reply.Decline, true, "no", "No.", "No thank you")
	table(t, all, reply.ToSwedish, true, "på svenska", "ruotsiksi kiitos", "In Swedish please")
	table(t, all, reply.ToEnglish, true, "In English please", "englanniksi", "på engelska, tack")
	table(t, all, reply.ToFinnish, true, "suomeksi", "Suomeksi, kiitos.", "på finska tack")
	table(t, all, reply.Stop, true, "STOP", "stop!", "Lopettakaa viestit", "Älkää lähettäkö enää viestejä", "Sluta skicka meddelanden", "unsubscribe", "Please stop texting me")
}

func TestTheMenuSaysWhatCAndDMean(t *testing.T) {
	for _, tt := range []struct {
		menu reply.Menu
		c, d reply.Meaning
	}{{fi, reply.ToSwedish, reply.ToEnglish}, {sv, reply.ToFinnish, reply.ToEnglish}, {en, reply.ToFinnish, reply.ToSwedish}} {
		table(t, []reply.Menu{tt.menu}, tt.c, true, "C", "c.", "\u0421", "c kiitos")
		table(t, []reply.Menu{tt.menu}, tt.d, true, "D", "d!", "D tack")
	}
	table(t, []reply.Menu{"", "de"}, reply.Unclear, false, "A", "B", "C", "D", "yes")
}

func TestWithFreeTextTheLetterCountsAndAPersonReadsTheRest(t *testing.T) {
	table(t, all, reply.Accept, false, "A mutta toivoisimme toista päiväkotia lähempää", "A. Lapsella on pähkinäallergia", "A\nLapsi tarvitsee tulkin ja tukea", "A kiitos Matti", "A, Matti",
		"A, men vi flyttar i maj", "A. Milloin esiopetus alkaa?", "A\nmilloin alkaa", "A, mutta soittakaa meille")
	table(t, all, reply.Decline, false, "B mutta kysyisin vielä iltapäivän hoidosta ja ruoka-allergiasta", "B, emme pääse sinne bussilla", "B koska muutamme Espooseen", "B. Vi har redan en plats", "B valitettavasti",
		"B because we are moving")
	table(t, all, reply.Accept, false, "Kyllä\nMatti Meikäläinen")
	table(t, all, reply.Decline, false, "Ei\nole kiire")
}

func TestWhatCanMeanSomethingElseIsUnclear(t *testing.T) {
	for name, texts := range map[string][]string{
		"nothing":              {"", "   ", "\n", "?", "!", ".", "\u200b", "\ufeff", "1", "112", "\xff\xfe"},
		"signs alone":          {"👍", "👎", "❤️", "👍👍👍", ":)"},
		"a question":           {"A?", "A ?", "a？", "A؟", "A kiitos?", "A vai B?", "Kyllä?", "A, vai", "A niinkö", "A ❓", "A 👎", "Kuka tämä on?", "Onko A hyvä?", "A, eikö niin?"},
		"two answers":          {"A B", "A ja B", "A vai B", "A/B", "A, B", "a or b", "A tai C", "ABCD", "AB", "A-D", "yes or no", "kyllä vai ei"},
		"an answer taken back": {"A ei", "A, nej", "A no", "B kyllä", "B joo kiitos", "A en hyväksy", "B, otamme paikan vastaan", "A peruttu", "A, väärä kirjain", "ei A", "ei B", "En valitse B", "not B", "A ei kuitenkaan sovi", "A, emme pääse sinne"},
		"a condition":          {"A jos se on lähellä", "A, jos saamme kuljetuksen", "B, ehkä", "A om bussen går", "A if possible", "B ellei muuta löydy"},
		"a word, not a letter": {"Aamulla soitan teille", "Bussilla emme pääse", "aa", "A1", "Á", "ä", "å", "a\u0308", "a\u0336", "e", "Aino", "A friend will call you", "a link please", "A dear friend called", "b there soon", "c u later", "d e bra",
			"А когда начинается", "в Хельсинки", "A las ocho", "Vitamin D", "I got a call", "Paikka A", "A Matti Meikäläinen"},
		"words with another reading": {"En", "en", "ok", "Ok kiitos", "okei", "kiitos", "tack", "Hei", "jo", "ja ja ja", "joo joo", "ei hyvä", "ei oikein", "ei ok", "ei vielä", "ei ole kiireinen asia, palaan asiaan", "kyllä mutta",
			"yes but", "maybe", "ehkä", "soita", "moi", "että mitä", "sopii"},
		"the message sent back": {"Liked “Hei Anna! A = otan paikan vastaan B = en ota paikkaa vastaan”", "A\n> A = otan paikan vastaan\n> B = en ota paikkaa vastaan", "Vastatkaa pelkällä kirjaimella"},
		"too long":              {strings.Repeat("A ", 1000), strings.Repeat("x", 2000), "A " + strings.Repeat("👍", 500)},
	} {
		t.Run(name, func(t *testing.T) { table(t, all, reply.Unclear, false, texts...) })
	}
	table(t, []reply.Menu{fi}, reply.Unclear, false, "No", "no.") // Finnish for "well"
}

func TestAnAnswerMayNameTheChild(t *testing.T) {
	twins := []string{"Aino", "Eino"}
	for _, tt := range []struct {
		text  string
		names []string
		want  reply.Meaning
		child string
		sure  bool
	}{
		{"A Aino", twins, reply.Accept, "Aino", true}, {"b eino", twins, reply.Decline, "Eino", true}, {"Aino A", twins, reply.Accept, "Aino", true}, {"Aino: A", twins, reply.Accept, "Aino", true},
		{"A, Eino!", twins, reply.Accept, "Eino", true}, {"A\nAINO\nMatti", twins, reply.Accept, "Aino", true}, {"kyllä, Aino", twins, reply.Accept, "Aino", true}, {"A Aino Aino", twins, reply.Accept, "Aino", true},
		{"A", twins, reply.Accept, "", true}, {"A, Väinö", twins, reply.Accept, "", false},
		{"Aino", twins, reply.Unclear, "Aino", false}, {"A Aino?", twins, reply.Unclear, "Aino", false}, {"A? Aino", twins, reply.Unclear, "Aino", false},
		{"Aino ja Eino A", twins, reply.Unclear, "", false}, {"A Aino, B Eino", twins, reply.Unclear, "", false}, {"A Ainoastaan", twins, reply.Unclear, "", false},
		{"A Anna-Liisa", []string{"Anna", "Anna-Liisa"}, reply.Accept, "Anna-Liisa", true}, {"A Anna", []string{"Anna", "Anna-Liisa"}, reply.Accept, "Anna", true},
		{"A anna liisa", []string{"Anna", "Anna-Liisa"}, reply.Accept, "Anna-Liisa", true}, {"A Anna", []string{"Anna", "Anna"}, reply.Unclear, "", false}, {"A", []string{"", ""}, reply.Accept, "", true},
		{"A D'Angelo", []string{"D'Angelo"}, reply.Accept, "D'Angelo", true}, {"A D’angelo", []string{"D'Angelo"}, reply.Accept, "D'Angelo", true}, {"A Åke", []string{"A\u030ake"}, reply.Accept, "A\u030ake", true},
		{"A", []string{"A"}, reply.Accept, "", true}, {"ja", []string{"Ja"}, reply.Unclear, "Ja", false}, {"A Bo", []string{"Bo"}, reply.Accept, "Bo", true},
	} {
		if got := reply.Read(tt.text, fi, tt.names); got != (reply.Answer{Meaning: tt.want, Child: tt.child, Sure: tt.sure}) {
			t.Errorf("%q: %v of %q (sure %v), want %v of %q (sure %v)", tt.text, got.Meaning, got.Child, got.Sure, tt.want, tt.child, tt.sure)
		}
	}
}

// swapped changes the case of the letters that Finnish and Swedish use.
func swapped(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < unicode.MaxASCII && unicode.IsUpper(r) || strings.ContainsRune("ÅÄÖ", r):
			return unicode.ToLower(r)
		case r < unicode.MaxASCII && unicode.IsLower(r) || strings.ContainsRune("åäö", r):
			return unicode.ToUpper(r)
		}
		return r
	}, s)
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"A", "B kiitos", "A Aino", "Kyllä", "\xff\xfe", "\u0410", "👍", "a\u0308", "A\n\n--\nMatti", "A, B?", "D'", "Ⓐ", "''a", "A İ", "ʼn a"} {
		f.Add(s, "Aino")
	}
	f.Fuzz(func(t *testing.T, s, name string) {
		names := []string{name, "Eino"}
		for _, m := range all {
			a := reply.Read(s, m, names)
			if a.Child != "" && !slices.Contains(names, a.Child) {
				t.Fatalf("child %q was not asked about", a.Child)
			}
			if a.Sure && a.Meaning == reply.Unclear {
				t.Fatal("sure of nothing")
			}
			if b := reply.Read(" \n"+s+"\r\n\t", m, names); b != a {
				t.Fatalf("white space changes %v into %v", a, b)
			}
			if b := reply.Read(swapped(s), m, names); b != a {
				t.Fatalf("letter case changes %v into %v", a, b)
			}
			if !strings.ContainsFunc(norm.NFKC.String(s), func(r rune) bool { return unicode.IsLetter(r) || r == '🅰' || r == '🅱' }) && a.Meaning != reply.Unclear {
				t.Fatal("something was read out of nothing")
			}
		}
	})
}
