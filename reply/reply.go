// Package reply reads what a person answered to an inquiry. An answer that has
// legal effect is taken only when it can hardly mean anything else; all else is
// unclear, gets help, and in the end goes before a person.
//
// So a thumbs-up alone is unclear: it may say "I have read this". So are "ok",
// "en" (Finnish "I do not", Swedish "one"), a letter with a question mark, and
// two letters of the menu at once. "Ja" alone is Swedish for yes; the Finnish
// "and" does not stand alone.
package reply

import (
	"slices"
	"strings"

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
	Stop // no more text messages, please: goes before a person
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
	Sure    bool   // nothing else stands in the answer; false: a person should read it, too
}

// longest is how many characters of an answer are read. What is longer is no
// answer in one letter.
const longest = 400

// Read reads an answer to an inquiry in the language of the menu. Names are
// the children whom the phone is asked about. Letter case and white space
// around the text make no difference.
func Read(text string, menu Menu, names []string) Answer {
	words, ok := split(strings.TrimSpace(text))
	if !ok || menu.others() == nil {
		return Answer{}
	}
	child, words, ok := nameIn(words, names)
	if !ok {
		return Answer{}
	}
	a := Answer{Child: child}
	a.Meaning, a.Sure = menu.read(words)
	return a
}

// others are what C and D mean: the languages that the inquiry was not in.
func (m Menu) others() []Meaning {
	switch person.Language(m) {
	case person.Finnish:
		return []Meaning{ToSwedish, ToEnglish}
	case person.Swedish:
		return []Meaning{ToFinnish, ToEnglish}
	case person.English:
		return []Meaning{ToFinnish, ToSwedish}
	}
	return nil
}

// letter is what a letter of the menu means.
func (m Menu) letter(l string) Meaning {
	switch l {
	case "a":
		return Accept
	case "b":
		return Decline
	case "c":
		return m.others()[0]
	case "d":
		return m.others()[1]
	}
	return Unclear
}

// read tells what the words mean, once the child's name is taken out.
func (m Menu) read(all []word) (meaning Meaning, sure bool) {
	words, guessed := unsigned(all)
	at := slices.IndexFunc(words, word.isLetter)
	if at < 0 {
		if asks(words) {
			return Unclear, false
		}
		meaning = m.phrase(core(words))
		return meaning, meaning != Unclear && !guessed
	}
	letter := words[at]
	meaning = m.letter(letter.text)
	for _, w := range words[at+1:] {
		if w.isLetter() && w.text != letter.text {
			return Unclear, false
		}
	}
	before := slices.DeleteFunc(core(words[:at]), func(w string) bool { return leads[w] })
	after := core(words[at+1:])
	if slices.ContainsFunc(before, func(w string) bool { return negative[w] }) && !letter.apart { // "ei B": not B
		return Unclear, false
	}
	others := append(slices.Clone(before), after...)
	switch said := m.phrase(others); {
	case said != Unclear && said != meaning: // "A ei"
		return Unclear, false
	case len(others) == 0 || said == meaning || meaning == Accept && agrees[strings.Join(others, " ")]: // "A kiitos", "A, otan paikan vastaan"
		if asks(words) {
			return Unclear, false
		}
		return meaning, true
	case len(before) > 0 || letter.odd || !m.bearable(words[at:], after):
		return Unclear, false
	}
	return meaning, false
}

// bearable reports whether free text after a letter leaves the letter standing
// as the answer. In "B. Se on liian kaukana" and "B mutta ..." it does. It does
// not in "A friend will call", "b there soon" and "A, jos se on lähellä".
func (m Menu) bearable(words []word, after []string) bool {
	next := words[1]
	apart := next.apart || thanks[next.text] || connects[next.text]
	switch {
	case !apart || slices.ContainsFunc(after, func(w string) bool { return doubtful[w] }):
		return false
	case asks(words):
		if next.asked || len(after) < 2 {
			return false
		}
	}
	return m.letter(words[0].text) == Decline || !slices.ContainsFunc(after, func(w string) bool { return negative[w] })
}

// core is the words that say something: no courtesy, no letter of the menu.
func core(words []word) []string {
	thanked := slices.ContainsFunc(words, func(w word) bool { return thanks[w.text] })
	var out []string
	for _, w := range words {
		if w.text == "" || w.isLetter() || courtesy[w.text] || thanks[w.text] || thanked && degree[w.text] {
			continue
		}
		out = append(out, w.text)
	}
	return out
}

// asks reports whether a question mark stands anywhere.
func asks(words []word) bool { return slices.ContainsFunc(words, func(w word) bool { return w.asked }) }

// phrase is what words mean when nothing else stands beside them.
func (m Menu) phrase(words []string) Meaning {
	s := plain(strings.Join(words, " "))
	if s == "no" && person.Language(m) == person.Finnish {
		return Unclear // Finnish for "well"
	}
	return phrases[s]
}

// nameIn takes a child's name out of the words; the longest name that fits
// counts. ok is false when the words name two children, or when the name is
// that of two.
func nameIn(words []word, names []string) (child string, rest []word, ok bool) {
	rest = slices.Clone(words)
	byLength := slices.Clone(names)
	slices.SortStableFunc(byLength, func(a, b string) int { return len(b) - len(a) })
	found := 0
	for _, n := range byLength {
		parts, _ := split(n)
		parts = slices.DeleteFunc(parts, func(w word) bool { return w.text == "" })
		if len(parts) == 0 || len(parts) == 1 && parts[0].isLetter() {
			continue
		}
		same := func(a, b word) bool { return a.text == b.text }
		here := false
		for i := 0; i+len(parts) <= len(rest); {
			if !slices.EqualFunc(rest[i:i+len(parts)], parts, same) {
				i++
				continue
			}
			rest, here = blank(rest, i, len(parts)), true
		}
		if here {
			child = n
			found++
			for _, other := range names {
				if o, _ := split(other); other != n && slices.EqualFunc(o, parts, same) {
					return "", nil, false
				}
			}
		}
	}
	if found > 1 || found == 1 && count(names, child) > 1 {
		return "", nil, false
	}
	return child, rest, true
}

func count(names []string, name string) (n int) {
	for _, x := range names {
		if x == name {
			n++
		}
	}
	return n
}
