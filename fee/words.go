package fee

import (
	"slices"
	"strconv"
	"strings"

	"ennakko/person"
)

const noBreak = "\u00a0"

// In writes the number in the form of a language: "5 500,00 €" in Finnish and
// in the Swedish of Finland, "€5,500.00" in English. A fraction that has no end
// is cut after three decimals and ends with "…".
func (n Number) In(l person.Language) string {
	s := n.decimal(l)
	switch n.Form {
	case Money, Euros, Exact:
		if l == person.English {
			return "€" + s
		}
		return s + noBreak + "€"
	case Percent:
		if l == person.English {
			return s + "%"
		}
		return s + noBreak + "%"
	}
	return s
}

// Plain is the number for machines: "53.714", or "4280/35" if it has no end.
func (n Number) Plain() string {
	whole, rest := n.Num/n.Den, n.Num%n.Den
	if rest == 0 {
		return strconv.FormatInt(whole, 10)
	}
	sign := ""
	if n.Num < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	digits := ""
	for ; rest > 0 && len(digits) < maxDecimals; rest %= n.Den {
		rest *= 10
		digits += strconv.FormatInt(rest/n.Den, 10)
	}
	if rest > 0 {
		return strconv.FormatInt(n.Num, 10) + "/" + strconv.FormatInt(n.Den, 10)
	}
	return sign + strconv.FormatInt(whole, 10) + "." + digits
}

// maxDecimals is enough for cents times a percentage with two decimals.
const maxDecimals = 6

func (n Number) decimal(l person.Language) string {
	num, sign := n.Num, ""
	if num < 0 {
		num, sign = -num, "−"
	}
	whole, rest := num/n.Den, num%n.Den
	point, group := ",", noBreak
	if l == person.English {
		point, group = ".", ","
	}
	digits := ""
	for rest > 0 && len(digits) < maxDecimals {
		rest *= 10
		digits += strconv.FormatInt(rest/n.Den, 10)
		rest %= n.Den
	}
	least := 0
	switch {
	case rest > 0:
		digits = digits[:3] + "…"
	case n.Form == Money, n.Form == Exact:
		least = 2
	}
	for len(digits) < least {
		digits += "0"
	}
	s := sign + grouped(strconv.FormatInt(whole, 10), group)
	if digits != "" {
		s += point + digits
	}
	return s
}

// grouped parts the thousands.
func grouped(s, by string) string {
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), by)
}

// template is a text cut at its placeholders; texts and names take turns, a
// text first.
type template []string

// cutTemplate cuts a text at its placeholders; ok is false if a curly bracket
// stands alone.
func cutTemplate(text string) (t template, ok bool) {
	for {
		before, rest, found := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return nil, false
		}
		if t = append(t, before); !found {
			return t, true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.ContainsAny(name, "{ \n") {
			return nil, false
		}
		t, text = append(t, name), after
	}
}

// names are the placeholders of the text.
func (t template) names() []string {
	var out []string
	for i := 1; i < len(t); i += 2 {
		if !slices.Contains(out, t[i]) {
			out = append(out, t[i])
		}
	}
	return out
}

// fill puts values in the places.
func (t template) fill(value func(name string) string) string {
	var b strings.Builder
	for i, s := range t {
		if i%2 == 1 {
			s = value(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

// step is the words of one kind of line, and what it stands on.
type step struct {
	words map[person.Language]template
	law   map[person.Language]string
}

// stepNames lists, for each kind of line, the placeholders that its words must
// have. The texts are in messages.yaml.
func stepNames() map[string][]string {
	return map[string][]string{
		"family":            {"size", "adults", "children"},
		"counted-steady":    {"who", "kind", "months", "amount"},
		"counted-average":   {"who", "kind", "sum", "months", "amount"},
		"deducted-steady":   {"who", "kind", "months", "amount"},
		"deducted-average":  {"who", "kind", "sum", "months", "amount"},
		"left-out":          {"who", "kind"},
		"holiday-added":     {"who", "percent", "wages", "amount"},
		"holiday-paid":      {"who", "sum", "months", "amount"},
		"assessed":          {"income"},
		"assessed-counted":  {"who", "kind", "amount"},
		"assessed-deducted": {"who", "kind", "amount"},
		"assessed-none":     {"who"},
		"income":            {"income"},
		"limit":             {"size", "limit"},
		"limit-larger":      {"six", "more", "increment", "limit"},
		"excess":            {"income", "limit", "excess"},
		"no-excess":         {"income", "limit"},
		"percent":           {"excess", "percent", "exact"},
		"rounded":           {"exact", "euros"},
		"maximum":           {"euros", "highest"},
		"highest-accepted":  {"highest"},
		"highest-unknown":   {"highest"},
		"sibling":           {"place", "percent", "base", "exact", "euros"},
		"pre-primary":       {"hours", "free", "paid"},
		"no-hours":          {"hours", "free"},
		"hours-full":        {"hours", "full"},
		"hours-part":        {"hours", "part", "percent", "base", "exact", "euros"},
		"hours-between":     {"hours", "full", "base", "exact", "euros"},
		"hours-floor":       {"hours", "full", "percent", "base", "exact", "euros"},
		"hours-step":        {"hours", "percent", "base", "exact", "euros"},
		"minimum":           {"euros", "lowest"},
		"fee":               {"fee"},
	}
}

// reasonNames are the reasons for which a caseworker must look.
func reasonNames() []string {
	return []string{"entrepreneur", "unclear-kind", "unknown-kind", "income-missing", "few-months", "income-old", "income-changed", "income-negative"}
}

// line makes a line of the working. Texts are words that stand in places of
// their own: who, and which kind of income.
func (p *Pack) line(key string, comes Number, texts map[string]map[person.Language]string, numbers ...Number) Line {
	s := p.steps[key]
	l := Line{Key: key, Numbers: numbers, Comes: comes, Words: map[person.Language]string{}, Law: s.law}
	for _, lang := range person.Languages() {
		l.Words[lang] = s.words[lang].fill(func(name string) string {
			if t, ok := texts[name]; ok {
				return t[lang]
			}
			if i := slices.IndexFunc(numbers, func(n Number) bool { return n.Name == name }); i >= 0 {
				return numbers[i].In(lang)
			}
			return "{" + name + "}"
		})
	}
	return l
}

// reason makes a reason for a caseworker to look.
func (p *Pack) reason(key string) Reason { return Reason{key, p.reasons[key]} }
