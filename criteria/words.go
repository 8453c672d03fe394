package criteria

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/person"
)

// Line is one line of a trace in words.
type Line struct {
	Depth int    // how far in it stands, from 0
	Truth Truth  // of the part that it tells of
	Text  string // what was asked, and what was found
}

// word is a text in three languages.
type word struct{ fi, sv, en string }

func (w word) in(l person.Language) string {
	switch l {
	case person.Finnish:
		return w.fi
	case person.Swedish:
		return w.sv
	}
	return w.en
}

// words is the table of texts of a trace.
func words() map[string]word {
	return map[string]word{
		"all": {"kaikki nämä", "alla dessa", "all of these"}, "any": {"jokin näistä", "något av dessa", "any of these"},
		"not": {"ei näin", "inte så", "not so"}, "choice": {"jos ensimmäinen, toinen, muuten kolmas", "om det första, det andra, annars det tredje", "if the first, the second, else the third"},
		"true": {"kyllä", "ja", "yes"}, "false": {"ei", "nej", "no"}, "unknown": {"ei tiedetä", "vet inte", "not known"}, "error": {"tietoa ei voi käyttää", "uppgiften kan inte användas", "a fact cannot be used"},
		"missing": {"puuttuu", "saknas", "missing"}, "nothing": {"ei merkintöjä", "inga anteckningar", "no entries"},
		"entries": {"merkintöjä", "anteckningar", "entries"}, "from": {"alkaen", "från och med", "from"}, "more": {"ja muita", "med flera", "and more"},
		"population": {"Ketä koskee", "Vem det gäller", "Whom it is about"}, "done": {"Mikä riittää", "Vad som räcker", "What counts as done"},
		"exclusion": {"Este", "Hinder", "Exclusion"}, "always": {"päivä ei tiedossa", "dagen är inte känd", "day not known"},
		"exists": {"merkintä", "anteckning", "an entry"}, "none": {"ei merkintää", "ingen anteckning", "no entry"}, "active": {"voimassa", "gäller", "in force"},
		"count": {"merkintöjen määrä", "antal anteckningar", "number of entries"}, "days": {"eri päiviä", "olika dagar", "different days"},
		"latest": {"viimeisin", "senaste", "latest"}, "earliest": {"ensimmäinen", "första", "earliest"}, "current": {"nykyinen", "nuvarande", "current"},
		"min": {"pienin", "lägsta", "lowest"}, "max": {"suurin", "högsta", "highest"}, "mean": {"keskiarvo", "medeltal", "mean"}, "sum": {"summa", "summa", "sum"},
		"latestDay": {"viimeisin päivä", "senaste dagen", "latest day"}, "earliestDay": {"ensimmäinen päivä", "första dagen", "earliest day"},
		"daysSince":      {"päiviä viimeisimmästä", "dagar sedan den senaste", "days since the latest"},
		"not applicable": {"ei koske henkilöä", "gäller inte personen", "does not apply"}, "excluded": {"rajattu pois", "utesluten", "excluded"},
		"met": {"kunnossa", "i ordning", "met: nothing to do"}, "gap": {"hoitovaje", "vårdgap", "care gap"}, "verdict unknown": {"ei tiedetä", "vet inte", "unknown"},
		"verdict error": {"virhe tiedoissa", "fel i uppgifterna", "error in the facts"}, "household": {"talouden", "hushållets", "of the household"},
	}
}

func say(key string, l person.Language) string { return words()[key].in(l) }

// VerdictWord is a verdict in a language.
func VerdictWord(v CareVerdict, l person.Language) string {
	if v == CareUnknown || v == Failed {
		return say("verdict "+string(v), l)
	}
	return say(string(v), l)
}

// TruthWord is a truth in a language.
func TruthWord(t Truth, l person.Language) string { return say(string(t), l) }

// DayWord is a day as a language writes it.
func DayWord(t time.Time, l person.Language) string {
	if l == person.English {
		return t.Format("2 January 2006")
	}
	return t.Format("2.1.2006")
}

func number(n int) string { return strconv.Itoa(n) }

// wording puts traces into words.
type wording struct {
	l    *Language
	lang person.Language
}

// Words are the lines of a step in a language, from the whole to its parts. A
// definition that has a title is told by it, and its parts below it.
func (l *Language) Words(s Step, lang person.Language) []Line {
	return wording{l, lang}.lines(s, 0, nil)
}

func (w wording) lines(s Step, depth int, into []Line) []Line {
	text := ""
	if d, ok := w.l.definitions[s.Name]; ok {
		text = d.Title[w.lang]
	}
	if s.Join != Atom {
		if text == "" {
			text = say(string(s.Join), w.lang)
		}
		into = append(into, Line{depth, s.Truth, text})
		for _, p := range s.Parts {
			into = w.lines(p, depth+1, into)
		}
		return into
	}
	if text != "" {
		text += ": "
	}
	var told []string
	for _, v := range s.Values {
		if said := w.known(v); v.Name != s.Name && said != "" {
			told = append(told, said)
		}
	}
	for _, a := range s.Asked {
		told = append(told, w.asked(a))
	}
	text += s.Said
	if len(told) > 0 {
		text += " — " + strings.Join(told, "; ")
	}
	if len(s.Missing) > 0 {
		text += "; " + say("missing", w.lang) + ": " + strings.Join(w.titles(s.Missing), ", ")
	}
	return append(into, Line{depth, s.Truth, text})
}

// known tells what a definition or parameter came to.
func (w wording) known(v Value) string {
	title := v.Name
	if d, ok := w.l.definitions[v.Name]; ok && d.Title[w.lang] != "" {
		title = d.Title[w.lang]
	}
	a := Asked{Question: "count", Answer: v.Value}
	said := w.value(a)
	if unit := w.l.units[strings.TrimPrefix(v.Name, paramPrefix)]; !unit.IsZero() {
		said += " " + unit.String()
	}
	if v.Value == nil {
		return ""
	}
	return title + ": " + said
}

func (w wording) titles(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, w.title(n))
	}
	return out
}

// title is what a field or concept is called.
func (w wording) title(name string) string {
	c, ok := w.l.Concept(name)
	title := c.Title[w.lang]
	if !ok || title == "" {
		return name
	}
	if strings.HasPrefix(name, householdPrefix) {
		return say("household", w.lang) + " " + title
	}
	return title
}

const maxTold = 3 // facts told of one question

func (w wording) asked(a Asked) string {
	var b strings.Builder
	b.WriteString(w.title(a.Series) + ", " + say(a.Question, w.lang))
	if v := w.value(a); v != "" {
		b.WriteString(": " + v)
	}
	switch {
	case len(a.Facts) == 0 && a.Answer != nil:
		b.WriteString(" (" + say("nothing", w.lang) + ")")
	case len(a.Facts) > 0 && strings.Contains(a.Series, ".") && a.Facts[0].From.IsZero(): // what is so from birth has no day
	case len(a.Facts) > 0:
		b.WriteString(" (" + w.facts(a) + ")")
	}
	return b.String()
}

// value is an answer with its unit.
func (w wording) value(a Asked) string {
	switch v := a.Answer.(type) {
	case bool:
		if v {
			return say("true", w.lang)
		}
		return say("false", w.lang)
	case float64:
		return w.amount(a, v)
	case string:
		return v
	case time.Time:
		return DayWord(v, w.lang)
	}
	return ""
}

// amount writes a number with at most four decimals: nobody measures finer, and
// the decision was made with the number as it is.
func (w wording) amount(a Asked, v float64) string {
	if r := math.Round(v*1e4) / 1e4; !math.IsInf(r, 0) {
		v = r
	}
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if w.lang != person.English {
		text = strings.Replace(text, ".", ",", 1)
	}
	c, ok := w.l.Concept(a.Series)
	if ok && slices.Contains([]string{"latest", "earliest", "current", "min", "max", "mean", "sum"}, a.Question) && !c.Unit.IsZero() {
		text += " " + c.Unit.String()
	}
	return text
}

// facts tells of the latest facts that decided: day, value, source.
func (w wording) facts(a Asked) string {
	var told []string
	for _, f := range slices.Backward(a.Facts) {
		if len(told) == maxTold {
			told = append(told, say("more", w.lang))
			break
		}
		told = append(told, w.fact(a, f))
	}
	return strings.Join(told, "; ")
}

func (w wording) fact(a Asked, f Fact) string {
	text := say("always", w.lang)
	if !f.From.IsZero() {
		text = DayWord(f.From, w.lang)
		if !f.Until.IsZero() && !f.Until.Equal(f.From) {
			text += "–" + DayWord(f.Until, w.lang)
		}
	}
	if x, ok := f.Value.(float64); ok {
		text += " " + w.amount(Asked{Series: a.Series, Question: "latest"}, x)
	}
	if !f.Code.IsZero() {
		text += " " + f.Code.String()
	}
	if f.Source != "" {
		text += " [" + f.Source + "]"
	}
	return text
}

// FindingWords are the lines of a whole finding: the verdict, and each part with its
// steps. Titles are those of the exclusions in the criterion; one that has none
// goes by its name.
func (l *Language) FindingWords(t CareTrace, titles map[string]map[person.Language]string, lang person.Language) []Line {
	out := []Line{{0, "", VerdictWord(t.Finding.Verdict, lang)}}
	if t.Finding.Exclusion != "" {
		out[0].Text += ": " + titled(titles, t.Finding.Exclusion, lang)
	}
	if len(t.Finding.Missing) > 0 {
		out[0].Text += "; " + say("missing", lang) + ": " + strings.Join(wording{l, lang}.titles(t.Finding.Missing), ", ")
	}
	for _, p := range t.Parts {
		head := say("exclusion", lang) + ": " + titled(titles, p.Name, lang)
		if p.Name == "population" || p.Name == "done" {
			head = say(p.Name, lang)
		}
		out = append(out, Line{0, p.Step.Truth, head})
		out = wording{l, lang}.lines(p.Step, 1, out)
	}
	return out
}

func titled(titles map[string]map[person.Language]string, name string, lang person.Language) string {
	if t := titles[name][lang]; t != "" {
		return t
	}
	return name
}
