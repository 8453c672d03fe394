// Package reply reads what a person answered to an inquiry. An answer that has
// legal effect is taken only when it can hardly mean anything else; all else is
// unclear, gets help, and in the end goes before a person.
package reply

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ennakko/person"
)

// Meaning is what an answer says.
type Meaning uint8

// The meanings.
const (
	Unclear Meaning = iota
	Accept
	Decline
	ToFinnish
	ToSwedish
	ToEnglish
	Stop // no more text messages, please
)

func (m Meaning) String() string {
	names := [...]string{"unclear", "accept", "decline", "in Finnish", "in Swedish", "in English", "no messages wanted"}
	if int(m) >= len(names) {
		return "unclear"
	}
	return names[m]
}

// Menu is the language in which the inquiry was asked: it says what C and D
// mean.
type Menu person.Language

// Answer is what was read.
type Answer struct {
	Meaning Meaning
	Child   string // the child's name that the answer gave, exactly as asked about; "" if none
	Sure    bool   // the answer holds the letter and little else
}

// longest is how many runes of an answer are read. What is longer is no answer
// in one letter.
const longest = 400

// Read reads an answer to an inquiry in the language of the menu. Names are
// the children whom the phone is asked about.
func Read(text string, menu Menu, names []string) Answer {
	words, question, cut := split(text)
	if cut || len(words) == 0 {
		return Answer{}
	}
	child, rest := nameIn(words, names)
	a := Answer{Child: child}
	letters := map[string]bool{} // letters of the menu that stand alone
	for _, w := range rest {
		if isLetter(w) {
			letters[w] = true
		}
	}
	switch {
	case question || len(letters) > 1 || len(rest) == 0:
		return a
	case isLetter(rest[0]):
		a.Meaning = menu.letter(rest[0])
		a.Sure = polite(rest[1:])
		if !a.Sure && len(rest) > 1 && negates(rest[1:]) {
			a.Meaning = Unclear
		}
	default:
		a.Meaning = phrase(strings.Join(rest, " "))
		a.Sure = a.Meaning != Unclear
	}
	if a.Meaning == Unclear {
		a.Sure = false
	}
	return a
}

// letter is what a letter means in the menu.
func (m Menu) letter(l string) Meaning {
	switch l {
	case "a":
		return Accept
	case "b":
		return Decline
	}
	others := map[Menu][2]Meaning{Menu(person.Finnish): {ToSwedish, ToEnglish}, Menu(person.Swedish): {ToFinnish, ToEnglish}, Menu(person.English): {ToFinnish, ToSwedish}}
	if pair, ok := others[m]; ok {
		return pair[strings.Index("cd", l)]
	}
	return Unclear
}

func isLetter(w string) bool { return w == "a" || w == "b" || w == "c" || w == "d" }

// lookalike letters of other scripts that a keyboard may have put in.
var lookalike = strings.NewReplacer("а", "a", "в", "b", "с", "c", "α", "a", "β", "b")

// split folds the text and cuts it into words. Signs, emoji and signs that do
// not show part words and are dropped; a question mark is told.
func split(text string) (words []string, question, cut bool) {
	if len([]rune(text)) > longest {
		return nil, false, true
	}
	folded := lookalike.Replace(strings.ToLower(norm.NFKC.String(text)))
	words = strings.FieldsFunc(folded, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != '\''
	})
	return words, strings.ContainsAny(folded, "?"), false
}

// nameIn takes a child's name out of the words. A name that is also a word of
// another child's name does not count.
func nameIn(words, names []string) (child string, rest []string) {
	rest = words
	for _, n := range names {
		parts, _, _ := split(n)
		if len(parts) == 0 {
			continue
		}
		for i := 0; i+len(parts) <= len(words); i++ {
			if slices.Equal(words[i:i+len(parts)], parts) && (len(parts[0]) > 1 || i > 0) {
				if child != "" && child != n {
					return "", words // two children at once
				}
				child = n
				rest = append(slices.Clone(words[:i]), words[i+len(parts):]...)
			}
		}
	}
	return child, rest
}

// politeWords may stand beside a letter without changing what it says.
var politeWords = strings.Fields(`kiitos kiitti kiitoksia kiva hyvä moi hei terveisin terv t ystävällisin yt hyväksyn hyväksymme otamme vastaan paikan paikka
	tack tackar hej hälsningar mvh gärna thanks thank you please regards hello hi best kind kyllä joo ja yes ok okei ei nej no`)

// polite reports whether nothing but courtesy and perhaps a signature stands
// beside the letter.
func polite(rest []string) bool {
	strange := 0
	for _, w := range rest {
		if !slices.Contains(politeWords, w) {
			strange++
		}
	}
	return len(rest) <= 6 && strange <= 2
}

// negates reports whether words after a letter may turn its meaning round.
func negates(rest []string) bool {
	for _, w := range rest {
		switch w {
		case "ei", "en", "emme", "eikä", "nej", "inte", "not", "no", "don't", "vai", "tai", "eller", "or", "jos", "om", "if":
			return true
		}
	}
	return false
}

// phrases that mean one thing when they stand alone.
var phrases = map[Meaning][]string{
	Accept: {"kyllä", "kyllä kiitos", "joo", "joo kiitos", "juu", "hyväksyn", "hyväksymme", "hyväksyn paikan", "hyväksymme paikan", "otamme paikan", "otamme paikan vastaan",
		"otan paikan vastaan", "ja", "ja tack", "jo", "vi tar emot platsen", "jag tar emot platsen", "vi accepterar", "jag accepterar", "accepterar", "yes", "yes please", "yes thanks", "yes thank you",
		"we accept", "i accept", "accept", "we accept the place", "i accept the place"},
	Decline: {"ei", "ei kiitos", "emme ota paikkaa", "emme ota paikkaa vastaan", "en ota paikkaa", "en ota paikkaa vastaan", "en hyväksy", "emme hyväksy", "hylkään", "nej", "nej tack",
		"vi tar inte emot platsen", "jag tar inte emot platsen", "no", "no thanks", "no thank you", "we decline", "i decline", "decline", "we do not accept", "i do not accept"},
	ToFinnish: {"suomeksi", "suomeksi kiitos", "på finska", "på finska tack", "in finnish", "in finnish please", "finnish", "suomi"},
	ToSwedish: {"ruotsiksi", "ruotsiksi kiitos", "på svenska", "på svenska tack", "in swedish", "in swedish please", "swedish", "svenska"},
	ToEnglish: {"englanniksi", "englanniksi kiitos", "på engelska", "på engelska tack", "in english", "in english please", "english", "english please"},
	Stop: {"stop", "seis", "lopeta", "lopettakaa", "älkää lähettäkö viestejä", "älkää lähettäkö enää viestejä", "sluta", "skicka inte meddelanden",
		"unsubscribe", "stop sending messages", "do not text me"},
}

func phrase(s string) Meaning {
	for m, list := range phrases {
		if slices.Contains(list, s) {
			return m
		}
	}
	return Unclear
}
