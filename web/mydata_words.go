package web

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"ennakko/person"
)

// leafView is one line of the readable copy.
type leafView struct {
	Name, Value string
	Foreign     bool // the value is the program's own, in English
}

// groupView is a part of the readable copy: its lines, and the parts in it.
type groupView struct {
	Level int // of its heading: 2 to 6
	Name  string
	Lines []leafView
	Parts []groupView
}

// copyDepth is how deep the parts of the readable copy have headings of their own.
const copyDepth = 6

// groupOf puts a part into words. What is empty is left out: the file has it.
func groupOf(t words, b branch, level int) groupView {
	g := groupView{Level: min(level, copyDepth), Name: t.treeKey(b.Key)}
	for _, p := range b.Parts {
		switch {
		case p.Parts == nil && t.otherTongue(p.Key):
		case p.Parts == nil && p.Value == "":
		case p.Parts == nil:
			line := t.leaf(b.Key, p)
			if own := b.leaf(p.Key + "_" + string(t.Lang)); own != "" {
				line.Value, line.Foreign = own, false
			}
			g.Lines = append(g.Lines, line)
		case p.Key == "event":
			g.Lines = append(g.Lines, t.eventLine(p))
		case b.Key == "registers":
			g.Lines = append(g.Lines, t.factLine(p))
		case b.Key == "income":
			g.Lines = append(g.Lines, t.monthLines(p)...)
		default:
			g.Parts = append(g.Parts, groupOf(t, p, level+1))
		}
	}
	return g
}

// leaf is the value of a part that stands right in this one; "" if there is none.
func (b branch) leaf(key string) string {
	i := slices.IndexFunc(b.Parts, func(p branch) bool { return p.Key == key && p.Parts == nil })
	if i < 0 {
		return ""
	}
	return b.Parts[i].Value
}

// otherTongue reports whether a key ends in a language: the same stands beside it.
func (w words) otherTongue(key string) bool {
	i := strings.LastIndexByte(key, '_')
	return i > 0 && slices.Contains(languages, person.Language(key[i+1:]))
}

// treeKey is a key of the copy in words, a field of a register by its name; one that is
// new has none yet.
func (w words) treeKey(key string) string {
	switch {
	case w.Has("tree." + key):
		return w.T("tree." + key)
	case w.Has("field." + key):
		return capital(w.T("field." + key))
	}
	if m, err := time.Parse("2006-01", key); err == nil {
		return capital(w.Month(m))
	}
	return key
}

// capital is a text with a capital first letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// leaf is a value in words.
func (w words) leaf(parent string, p branch) leafView {
	v, known := w.value(parent, p.Key, p.Value)
	return leafView{Name: w.treeKey(p.Key), Value: v, Foreign: !known && w.Lang != person.English && (p.Key == "why" || p.Key == "words" || p.Key == "law")}
}

// valuesOf are where the words of some values stand, by their key.
var valuesOf = map[string]string{"purpose": "purpose.", "way": "way.", "stage": "fee.stage.", "cause": "cause.", "source": "source."}

// value puts a value into words: codes of the program's own, days, times, names. Known
// is false when it has no words, and stays as it is.
func (w words) value(parent, key, v string) (said string, known bool) {
	prefixes := []string{"tree." + key + ".", valuesOf[key]}
	if key == "kind" {
		prefixes = append(prefixes, map[string]string{"event": "event.", "request": "request."}[parent])
	}
	for _, prefix := range prefixes {
		if prefix != "" && w.Has(prefix+v) {
			return w.T(prefix + v), true
		}
	}
	if at, err := time.Parse(time.RFC3339, v); err == nil {
		return w.Clock(at), true
	}
	if at, err := time.Parse(time.DateOnly, v); err == nil {
		return w.Day(at), true
	}
	if strings.HasPrefix(v, "{") {
		return inOrder(v), true
	}
	return v, false
}

// inOrder writes what has parts, a name or an address, as one would on an envelope.
func inOrder(v string) string {
	var parts map[string]any
	if json.Unmarshal([]byte(v), &parts) != nil {
		return v
	}
	text := func(keys ...string) string {
		var out []string
		for _, k := range keys {
			if s, ok := parts[k].(string); ok && s != "" {
				out = append(out, s)
			}
		}
		return strings.Join(out, " ")
	}
	if name := text("given", "family"); name != "" {
		return name
	}
	if street := text("street"); street != "" {
		return strings.TrimSuffix(street+", "+text("postal_code", "post_office"), ", ")
	}
	return v
}

// eventLine is an event on one line: what, when, and how or why.
func (w words) eventLine(b branch) leafView {
	name, _ := w.value("event", "kind", b.leaf("kind"))
	at, _ := w.value("event", "at", b.leaf("at"))
	out := []string{at}
	for _, key := range []string{"way", "cause"} {
		if v := b.leaf(key); v != "" {
			said, _ := w.value("event", key, v)
			out = append(out, said)
		}
	}
	return leafView{Name: name, Value: strings.Join(out, " · ")}
}

// factLine is all that a register says of one field, with the days from and until which it holds.
func (w words) factLine(b branch) leafView {
	var all []string
	for _, f := range b.Parts {
		var out []string
		for _, key := range []string{"value", "code", "qualifier"} {
			for _, p := range f.Parts {
				if p.Key == key {
					out = append(out, w.fieldValue(b.Key, p.Value))
				}
			}
		}
		said := strings.Join(out, " ")
		from, until := f.leaf("from"), f.leaf("until")
		fromDay, _ := w.value("fact", "from", from)
		untilDay, _ := w.value("fact", "until", until)
		switch {
		case from != "" && until != "":
			said += " (" + fromDay + "–" + untilDay + ")"
		case from != "" && fromDay != said:
			said += " (" + w.T("tree.since", fromDay) + ")"
		}
		all = append(all, said)
	}
	return leafView{Name: w.treeKey(b.Key), Value: strings.Join(all, "; ")}
}

// fieldValue is a value of a register's field in words.
func (w words) fieldValue(field, v string) string {
	if w.Has("tree." + field + "." + v) {
		return w.T("tree." + field + "." + v)
	}
	switch {
	case strings.HasSuffix(field, "language"), strings.HasSuffix(field, "mother_tongue"):
		if tag, err := language.Parse(v); err == nil {
			if name := display.Languages(language.Make(string(w.Lang))).Name(tag); name != "" {
				return name
			}
		}
	case w.Has("tree.value." + v):
		return w.T("tree.value." + v)
	case strings.HasSuffix(field, "district") && len(v) == 10 && w.Has("district."+v[:4]+"000000"):
		return w.T("district."+v[:4]+"000000") + " (" + v + ")"
	}
	said, _ := w.value("fact", "value", v)
	return said
}

// monthLines are the incomes of one month.
func (w words) monthLines(b branch) (out []leafView) {
	month := w.treeKey(b.Key)
	for _, p := range b.Parts {
		out = append(out, leafView{Name: month + ": " + w.kindOfIncome(p.Key), Value: w.euros(p.Value)})
	}
	return out
}

// euros writes an amount that stands in a file as "3200.00".
func (w words) euros(v string) string {
	whole, rest, ok := strings.Cut(v, ".")
	if !ok || len(rest) != 2 {
		return v
	}
	if w.Lang == person.English {
		return "€" + v
	}
	return whole + "," + rest + "\u00a0€"
}
