package reply

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// word is one word of an answer, folded.
type word struct {
	text  string // "" for what is left of a child's name, and for signs at the end
	apart bool   // a sign or a line break stands before it
	line  bool   // a line break stands before it
	asked bool   // a question mark, or a sign that takes back, stands before it
	odd   bool   // a letter of the menu in another script's look-alike
}

// isLetter reports whether the word is a letter of the menu.
func (w word) isLetter() bool { return len(w.text) == 1 && w.text[0] >= 'a' && w.text[0] <= 'd' }

// lookalike letters that a keyboard of another script may have put in, and the
// emoji of blood groups.
var lookalike = map[string]string{"а": "a", "в": "b", "с": "c", "α": "a", "β": "b", "🅰": "a", "🅱": "b"}

// split folds the text and cuts it into words. An empty word at the end keeps
// the signs that stand there. ok is false when the text is too long.
func split(text string) (words []word, ok bool) {
	if len(text) > 16*longest || len([]rune(text)) > longest {
		return nil, false
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.NewReplacer("\u2019", "'", "\u02bc", "'", "\u00b4", "'", "`", "'").Replace(text)
	w := word{}
	var b strings.Builder
	end := func() {
		w.text = strings.Trim(b.String(), "'")
		if to, ok := lookalike[w.text]; ok {
			w.text, w.odd = to, true
		}
		if w.text != "" {
			words = append(words, w)
			w = word{}
		} else if b.Len() > 0 {
			w.apart = true
		}
		b.Reset()
	}
	for _, r := range strings.ToLower(strings.ToUpper(norm.NFKC.String(text))) {
		switch {
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r) || r == '\'':
			b.WriteRune(r)
		case r == '🅰' || r == '🅱':
			end()
			b.WriteRune(r)
			end()
		default:
			end()
			w.apart = w.apart || !unicode.IsSpace(r) || r == '\n' || r == '\r'
			w.line = w.line || r == '\n' || r == '\r'
			w.asked = w.asked || strings.ContainsRune("?¿؟❓❔⁉👎❌✖✗✘🚫⛔🤔🤷", r)
		}
	}
	end()
	if w.asked {
		words = append(words, w)
	}
	return words, true
}

// blank takes n words out from i on. The signs around them are kept.
func blank(words []word, i, n int) []word {
	out := append([]word{}, words[:i]...)
	gap := word{}
	for _, w := range words[i : i+n] {
		gap.apart, gap.line, gap.asked = gap.apart || w.apart, gap.line || w.line, gap.asked || w.asked
	}
	if rest := words[i+n:]; len(rest) > 0 {
		next := rest[0]
		next.apart, next.line, next.asked = next.apart || gap.apart, next.line || gap.line, next.asked || gap.asked
		return append(append(out, next), rest[1:]...)
	}
	if gap.asked {
		gap.text = ""
		return append(out, gap)
	}
	return out
}

// unsigned takes a signature off the end: up to three words after one like
// "terveisin", or a last line of one or two words that mean nothing to us.
// guessed tells the second.
func unsigned(words []word) (rest []word, guessed bool) {
	for i := len(words) - 1; i > 0; i-- {
		w := words[i]
		if signs[w.text] && len(words)-i <= 4 && strange(words[i+1:]) {
			return words[:i], false
		}
		if w.line {
			if len(words)-i <= 2 && strange(words[i:]) {
				return words[:i], true
			}
			break
		}
	}
	return words, false
}

// strange reports whether the words are none of those that mean something.
func strange(words []word) bool {
	for _, w := range words {
		if w.asked || w.text == "" || w.isLetter() || connects[w.text] || asking[w.text] || doubtful[w.text] || negative[w.text] || known[plain(w.text)] {
			return false
		}
	}
	return true
}

// plain leaves the marks off letters, as people do who lack them on the phone.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func set(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// courtesy may stand beside an answer without changing what it says.
var courtesy = set(`hei moi moikka terve hyvää päivää huomenta iltaa ystävällisin terveisin yt terv t me minä sori anteeksi
	hej hejsan god dag vänliga vänligen med hälsningar mvh vi jag förlåt
	hello hi dear best kind regards br we i sorry`)

// thanks are courtesy, too. After a letter they show that it is the answer.
var thanks = set(`kiitos kiitti kiitoksia kiitoksin tack tackar please thanks thank`)

// degree goes with thanks: "tack så mycket".
var degree = set(`paljon oikein så mycket you very much many`)

// leads may come before a letter.
var leads = set(`vastaus vastaukseni vastauksemme vastaan vastaamme valitsen valitsemme vaihtoehto vaihtoehdon kirjain ok okei
	svar svaret mitt vårt svarar väljer alternativ bokstaven my our answer choose option letter okay`)

// agrees says yes beside the letter A only; alone it may mean "I have read it".
var agrees = set(`ok okei okay käy sopii hyvä kiva mielellään bra fint gärna great good fine perfect selvä`)

// signs come before a signature.
var signs = set(`t terv terveisin yt mvh hälsningar regards br`)

// connects may follow a letter and begin a sentence of its own.
var connects = set(`mutta mut koska sillä ja lisäksi valitettavasti voisitteko men eftersom för och dessutom tyvärr but because and also unfortunately`)

// asking words begin a question, with or without its mark.
var asking = set(`milloin koska mikä mitä missä mihin mistä miten kuinka kuka onko saako voiko pitääkö miksi när var vad vart hur vem är kan får måste varför
	when where what how who is are can may must why`)

// doubtful words make an answer depend on something, put two answers side by
// side, or take one back.
var doubtful = set(`vai tai jos ellei ehkä kenties riippuu harkitsen harkitsemme mietin mietimme kumpi kumpikin joko peru perun perumme peruutan peruutamme peruuta perutaan peruttu
	virhe vahinko vahingossa väärä väärin eiku eikun eikö enkö emmekö niinkö eller om kanske beror funderar antingen ångrar avbokar återtar fel misstag
	or if unless maybe perhaps depends thinking either cancel cancelled mistake wrong`)

// negative words turn a sentence round.
var negative = set(`ei en emme ette eivät eikä enkä emmekä älä älkää nej inte inga ingen aldrig ej no not never don't doesn't won't can't cannot isn't dont wont cant`)
