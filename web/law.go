package web

import (
	"regexp"
	"strings"

	"ennakko/person"
)

// lawPart is a part of what a use of data rests on, in the reader's language.
type lawPart struct {
	Text    string
	Foreign bool // it has no words in the reader's language, and stays in English
}

// The forms in which packs and the record name provisions: articles of the GDPR, and an
// Act by its number, with or without its name and its sections.
var (
	gdprForm    = regexp.MustCompile(`^GDPR (.+)$`)
	articleForm = regexp.MustCompile(`^(\d+)?(?:\((\d)\))?(?:\(([a-z])\))?$`)
	actForm     = regexp.MustCompile(`^(?:[A-Z][^;:/]*? )?\(?(\d{1,4}/\d{4})\)?(?:,? (?:(sections?|chapter) )?(.+))?$`)
	sectionForm = regexp.MustCompile(`^(\d+) ?([a-z])?$`)
	listForm    = regexp.MustCompile(`, and |, | and `)
)

// Law says a legal basis in the reader's language, part by part: Acts by the name they
// have there, articles and sections in the form of its law books. What is not known
// stays as it is.
func (w words) Law(basis string) (out []lawPart) {
	for p := range strings.SplitSeq(basis, ";") {
		p = strings.TrimSpace(p)
		if p == "" {
			continue
		}
		said, ok := w.provision(p)
		if !ok {
			said = p
		}
		if len(out) == 0 {
			said = capital(said)
		}
		out = append(out, lawPart{said, !ok && w.Lang != person.English})
	}
	return out
}

// provision says one provision, if its form is known.
func (w words) provision(p string) (string, bool) {
	if w.Lang == person.English {
		return p, true
	}
	if w.Has("law." + p) {
		return w.T("law." + p), true
	}
	if m := gdprForm.FindStringSubmatch(p); m != nil {
		return w.articles(m[1])
	}
	m := actForm.FindStringSubmatch(p)
	if m == nil || !w.Has("act."+m[1]) {
		return "", false
	}
	name := w.T("act."+m[1]) + " (" + m[1] + ")"
	if m[3] == "" {
		return name, true
	}
	var sections []string
	for _, s := range listForm.Split(m[3], -1) {
		x := sectionForm.FindStringSubmatch(s)
		if x == nil {
			return "", false
		}
		sections = append(sections, strings.TrimSpace(x[1]+"\u00a0"+x[2]))
	}
	mark := "\u00a0" + w.T("law.section")
	if m[2] == "chapter" {
		mark = "\u00a0" + w.T("law.chapter")
	}
	return name + ", " + w.list(sections) + mark, true
}

// articles says articles of the GDPR. A letter alone belongs to the paragraph before it.
func (w words) articles(list string) (string, bool) {
	var said []string
	article, paragraph := "", ""
	for _, a := range listForm.Split(list, -1) {
		m := articleForm.FindStringSubmatch(a)
		if m == nil || m[0] == "" || m[1] == "" && article == "" {
			return "", false
		}
		if m[1] != "" {
			article, paragraph = m[1], m[2]
		}
		said = append(said, w.article(article, paragraph, m[3]))
	}
	return w.T("law.gdpr") + " " + w.list(said), true
}

// article says one article: 6 artiklan 1 kohdan c alakohta has the number, the
// paragraph and the letter in Finnish; in Swedish they stand as artikel 6.1 c.
func (w words) article(number, paragraph, letter string) string {
	if w.Lang == person.Swedish {
		out := "artikel\u00a0" + number
		if paragraph != "" {
			out += "." + paragraph
		}
		return strings.TrimSuffix(out+"\u00a0"+letter, "\u00a0")
	}
	switch {
	case letter != "" && paragraph != "":
		return number + "\u00a0artiklan " + paragraph + "\u00a0kohdan " + letter + "\u00a0alakohta"
	case letter != "":
		return number + "\u00a0artiklan " + letter + "\u00a0alakohta"
	case paragraph != "":
		return number + "\u00a0artiklan " + paragraph + "\u00a0kohta"
	}
	return number + "\u00a0artikla"
}

// list writes things one after another, with the language's "and" before the last.
func (w words) list(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " " + w.T("law.and") + " " + all[len(all)-1]
}

// Owner says who answers for something, as Law says a law.
func (w words) Owner(name string) []lawPart {
	if w.Has("owner." + name) {
		return []lawPart{{Text: w.T("owner." + name)}}
	}
	return []lawPart{{name, w.Lang != person.English}}
}
