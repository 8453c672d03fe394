package web

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/service"
)

//go:embed texts.yaml omadata.yaml protocols.yaml privacy.yaml casework.yaml laws.yaml
var textFiles embed.FS

// catalogue holds every text of the pages by key and language.
type catalogue map[string]map[person.Language]string

var languages = []person.Language{person.Finnish, person.Swedish, person.English}

// readTexts reads the catalogue; a text that lacks a language, or stands in two
// files, is a fault.
func readTexts() (catalogue, error) {
	const op = "web.readTexts"
	files, err := textFiles.ReadDir(".")
	if err != nil {
		return nil, fault.Wrap(err, op, "the texts cannot be read")
	}
	all := catalogue{}
	for _, f := range files {
		b, err := textFiles.ReadFile(f.Name())
		if err != nil {
			return nil, fault.Wrap(err, op, "the texts cannot be read")
		}
		var c catalogue
		dec := yaml.NewDecoder(bytes.NewReader(b))
		dec.KnownFields(true)
		if err := dec.Decode(&c); err != nil {
			return nil, fault.New(fault.Internal, op, "the texts cannot be read").Where("%s", f.Name()).Because(err)
		}
		for key, t := range c {
			if all[key] != nil {
				return nil, fault.New(fault.Internal, op, "the text %s stands in two files", key)
			}
			all[key] = t
		}
	}
	return all, all.whole()
}

// whole reports the first text that lacks a language.
func (c catalogue) whole() error {
	const op = "web.readTexts"
	for key, t := range c {
		for _, l := range languages {
			if strings.TrimSpace(t[l]) == "" {
				return fault.New(fault.Internal, op, "the text %s has no %s", key, l)
			}
		}
		if len(t) != len(languages) {
			return fault.New(fault.Internal, op, "the text %s has a language that is not served", key)
		}
	}
	return nil
}

const languageCookie = "lang"

// languageOf is the language of a request: what the address asks for, what was
// chosen before, what the browser prefers, or Finnish.
func languageOf(r *http.Request) (l person.Language, chosen bool) {
	if l := person.Language(r.URL.Query().Get("lang")); slices.Contains(languages, l) {
		return l, true
	}
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(languages, person.Language(c.Value)) {
		return person.Language(c.Value), false
	}
	served := language.NewMatcher([]language.Tag{language.Finnish, language.Swedish, language.English})
	wanted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return person.Finnish, false
	}
	_, i, sure := served.Match(wanted...)
	if sure == language.No {
		return person.English, false
	}
	return languages[i], false
}

// words writes in one language.
type words struct {
	catalogue
	Lang person.Language
	zone *time.Location
	self bool   // of a service whose people answer for themselves
	kind string // of its units: texts may be of that kind alone
}

// ownWords ends the keys of texts that a service for grown-ups who answer for
// themselves says in another way than one for families.
const ownWords = ".self"

// T is the text of a key; the catalogue's test sees to it that there is one.
func (w words) T(key string, args ...any) string {
	t, ok := w.catalogue[key]
	if own, there := w.catalogue[key+ownWords]; there && w.self {
		t, ok = own, true
	}
	if own, there := w.catalogue[key+"."+w.kind]; there && w.kind != "" {
		t, ok = own, true
	}
	if !ok {
		return "[" + key + "]"
	}
	if len(args) == 0 {
		return t[w.Lang]
	}
	return fmt.Sprintf(t[w.Lang], args...)
}

// Own reports whether the service's people answer for themselves.
func (w words) Own() bool { return w.self }

// Langs are the languages of service.
func (w words) Langs() []person.Language { return languages }

// Has reports whether there is a text of the key.
func (w words) Has(key string) bool { _, ok := w.catalogue[key]; return ok }

// Of picks the language out of a pack's text.
func (w words) Of(texts map[person.Language]string) string { return texts[w.Lang] }

// N writes a whole number: spaces part the thousands in Finnish and Swedish.
func (w words) N(n int) string {
	s, sign := strconv.Itoa(n), ""
	if n < 0 {
		s, sign = s[1:], "-"
	}
	sep := "\u00a0"
	if w.Lang == person.English {
		sep = ","
	}
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, parts...), sep)
}

// U writes a whole number that has no sign.
func (w words) U(n uint64) string { return w.N(int(n)) }

// F writes a number with decimals in the language's form.
func (w words) F(v float64, decimals int) string {
	whole, rest, _ := strings.Cut(strconv.FormatFloat(v, 'f', decimals, 64), ".")
	if n, err := strconv.Atoi(whole); err == nil && whole != "-0" {
		whole = w.N(n)
	}
	switch {
	case rest == "":
		return whole
	case w.Lang == person.English:
		return whole + "." + rest
	}
	return whole + "," + rest
}

// Share writes a share in whole per cent.
func (w words) Share(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	p := strconv.Itoa((200*part + whole) / (2 * whole))
	if w.Lang == person.English {
		return p + "%"
	}
	return p + "\u00a0%"
}

// Day writes a day.
func (w words) Day(t time.Time) string { return service.Day(t.In(w.zone), w.Lang) }

// Clock writes a day and time in the city's time zone.
func (w words) Clock(t time.Time) string {
	at := t.In(w.zone)
	hour := fmt.Sprintf("%d.%02d", at.Hour(), at.Minute()) // as Finnish and the Swedish of Finland have it
	if w.Lang == person.English {
		hour = at.Format("15:04")
	}
	return w.Day(t) + " " + w.T("at.clock", hour)
}

// Seconds writes a length of time given in seconds.
func (w words) Seconds(s float64) string {
	switch {
	case s < 10:
		return w.T("time.s", w.F(s, 1))
	case s < 90:
		return w.T("time.s", w.F(s, 0))
	case s < 5400:
		return w.T("time.min", w.F(s/60, 0))
	}
	return w.T("time.h", w.F(s/3600, 1))
}

// Tel is a telephone number as a link has it.
func (w words) Tel(number string) string { return strings.ReplaceAll(number, " ", "") }
