package service

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

// Kind is a kind of message.
type Kind string

// The kinds of message.
const (
	Notice         Kind = "notice"          // a message will come; in all three languages
	Inquiry        Kind = "inquiry"         // the question
	ConfirmAccept  Kind = "confirm_accept"  // yes was noted
	ConfirmDecline Kind = "confirm_decline" // no was noted
	ConfirmChanged Kind = "confirm_changed" // another answer was noted
	Help           Kind = "help"            // the answer was not understood
	WhichChild     Kind = "which_child"     // several children on this phone
	Reminder       Kind = "reminder"
	TooLate        Kind = "too_late"
	PlaceGone      Kind = "place_gone"   // the place is no longer free
	ConflictNote   Kind = "conflict"     // the guardians answered differently
	ToldOther      Kind = "told_other"   // the other guardian has answered
	WrongNumber    Kind = "wrong_number" // from a number that was asked nothing; in all three languages
	Already        Kind = "already"      // the same answer was given before
	LetterText     Kind = "letter"       // the body of a paper letter
	StopNote       Kind = "stop"         // no more text messages
)

// rule says which placeholders a kind of message must and may name.
type rule struct {
	kind      Kind
	must, may []string
	all       bool // one message in all three languages
}

// whichPerson is what a pack for grown-ups calls WhichChild.
const whichPerson = "which_person"

// key is the kind's name in messages.yaml.
func (r rule) key(self bool) string {
	if self && r.kind == WhichChild {
		return whichPerson
	}
	return string(r.kind)
}

// kinds lists the kinds in their order. Every message may name {number} and
// {phone}. A dated one is of a service whose places are appointments: it tells when
// the appointment is. Where people answer for themselves there is one person to name and
// nobody else to tell.
func kinds(self, dated, placed bool) []rule {
	all := familyKinds()
	if dated {
		for i, r := range all {
			switch r.kind {
			case Inquiry, ConfirmAccept, LetterText:
				all[i].must = append(r.must, "when")
			case Reminder:
				all[i].may = append(r.may, "when")
			}
		}
	}
	if !self {
		return all
	}
	all = slices.DeleteFunc(all, func(r rule) bool { return r.kind == ConflictNote || r.kind == ToldOther })
	for i := range all {
		for _, list := range []*[]string{&all[i].must, &all[i].may} {
			var names []string
			for _, n := range *list {
				if n == "child" || n == "guardian" {
					n = "person"
				}
				if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
			*list = names
		}
		if !placed {
			all[i].unplaced()
		}
	}
	return all
}

// unplaced is a rule of a service that offers no place: its messages name the address
// where people log in, and need not name anybody.
func (r *rule) unplaced() {
	without := func(list []string, name string) []string {
		return slices.DeleteFunc(list, func(n string) bool { return n == name })
	}
	r.must, r.may = without(r.must, "unit"), append(without(r.may, "unit"), "address")
	switch r.kind {
	case LetterText, WhichChild: // a letter has a name on it, and of two people on one phone one is meant
	default:
		r.must, r.may = without(r.must, "person"), append(r.may, "person")
	}
	if r.kind == Inquiry || r.kind == LetterText {
		r.must = append(r.must, "address")
	}
}

func familyKinds() []rule {
	family := []string{"guardian", "child", "unit", "deadline"}
	return []rule{
		{kind: Notice, must: []string{"deadline", "number"}, all: true},
		{kind: Inquiry, must: slices.Clone(family)},
		{kind: ConfirmAccept, must: []string{"child", "unit"}, may: family},
		{kind: ConfirmDecline, must: []string{"child"}, may: family},
		{kind: ConfirmChanged, must: []string{"child", "answer"}, may: family},
		{kind: Help, may: family},
		{kind: WhichChild, must: []string{"child"}, may: family},
		{kind: Reminder, must: []string{"child", "deadline"}, may: family},
		{kind: TooLate, must: []string{"child"}, may: family},
		{kind: PlaceGone, must: []string{"child"}, may: family},
		{kind: ConflictNote, must: []string{"child"}, may: family},
		{kind: ToldOther, must: []string{"child", "answer"}, may: family},
		{kind: WrongNumber, all: true},
		{kind: Already, must: []string{"child", "answer"}, may: family},
		{kind: LetterText, must: append(slices.Clone(family), "phone")},
		{kind: StopNote, may: family},
	}
}

// kinds are the rules of the service's messages, in their order.
func (p *Pack) kinds() []rule { return kinds(p.ForSelf(), p.calendar != nil, p.unitKind != NoUnit) }

// Kinds lists the kinds of message that the service has, in their order.
func (p *Pack) Kinds() []Kind {
	var out []Kind
	for _, r := range p.kinds() {
		out = append(out, r.kind)
	}
	return out
}

// Limits on texts.
const (
	maxMessage = 700  // characters of one language of a text message
	maxLetter  = 4000 // characters of a letter
	maxName    = 40   // characters of a name in a message
)

// Values are what a message may name. What a kind of message does not name may
// be left empty.
type Values struct {
	Guardian string    // the guardian's name
	Child    string    // the given name of the child, or of the grown-up who answers alone
	Unit     string    // the unit's name in the language of the message
	Answer   string    // the letter that was noted, "A" or "B"; shown as the inquiry's own line
	Deadline time.Time // the moment after which no answer is in time
	When     time.Time // of the appointment; zero: it has none now
	Number   string    // the number that the inquiry comes from; empty: the schedule's sender
	Address  string    // where people log in, as they write it; empty: the pack's
}

// template is a text cut at its placeholders: texts and names take turns.
type template []piece

type piece struct {
	text string // as it is, if name is empty
	name string // a placeholder
}

// cutTemplate cuts a text at its placeholders.
func cutTemplate(text string) (template, error) {
	var t template
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			t = append(t, piece{text: text})
			break
		}
		end := strings.IndexByte(text[i:], '}')
		if text[i] == '}' || end < 0 || strings.ContainsAny(text[i+1:i+end], "{\n ") {
			return nil, fault.New(fault.Invalid, loadOp, "a curly bracket stands alone").Do("write placeholders as {child}")
		}
		if i > 0 {
			t = append(t, piece{text: text[:i]})
		}
		t = append(t, piece{name: text[i+1 : i+end]})
		text = text[i+end+1:]
	}
	return t, nil
}

func (t template) names(name string) bool {
	return slices.ContainsFunc(t, func(p piece) bool { return p.name == name })
}

// messages reads messages.yaml.
func (r *reading) messages(x strictyaml.Node) {
	var names []string
	self := r.pack.ForSelf()
	for _, rule := range r.pack.kinds() {
		names = append(names, rule.key(self))
	}
	got := x.Keys(names...)
	r.pack.messages = map[Kind]map[person.Language]template{}
	for _, rule := range r.pack.kinds() {
		k := got[rule.key(self)].Keys("fi", "sv", "en")
		r.pack.messages[rule.kind] = map[person.Language]template{}
		for _, l := range person.Languages() {
			limit := maxMessage
			if rule.kind == LetterText {
				limit = maxLetter
			}
			n := k[string(l)]
			if text := n.TextUpTo(limit); text != "" {
				t := checkMessage(n, rule, text)
				if t.names("address") && r.pack.address == "" {
					n.Bad("write address: in service.yaml", "the message %s names {address}, and the pack has none", rule.kind)
				}
				r.pack.messages[rule.kind][l] = t
			}
		}
	}
}

func checkMessage(n strictyaml.Node, r rule, text string) template {
	t, err := cutTemplate(text)
	if err != nil {
		n.Bad("write placeholders as {child}", "a curly bracket stands alone")
		return nil
	}
	allowed := append(append([]string{"number", "phone"}, r.must...), r.may...)
	slices.Sort(allowed)
	allowed = slices.Compact(allowed)
	for _, p := range t {
		if p.name != "" && !slices.Contains(allowed, p.name) {
			n.Bad("placeholders here: {"+strings.Join(allowed, "}, {")+"}", "the message %s cannot name {%s}", r.kind, strictyaml.Cut(p.name, 40))
		}
	}
	for _, name := range r.must {
		if !t.names(name) {
			n.Bad("say it in the text", "the message %s must name {%s}", r.kind, name)
		}
	}
	if strings.Contains(text, "://") || strings.Contains(text, "www.") {
		if r.kind != LetterText {
			n.Bad("take it away: families are told that we never send one", "the message %s holds a link", r.kind)
		}
	}
	if r.kind == Inquiry {
		for _, letter := range []string{"A", "B", "C", "D"} {
			if !strings.Contains("\n"+text, "\n"+letter+" = ") {
				n.Bad("put each answer on a line of its own: A = ...", "the inquiry does not offer the answer %s", letter)
			}
		}
	}
	return t
}

// Text renders a message in a language. Notice and WrongNumber go to people
// whose language may not be known: they hold all three languages, the one
// asked for first. A value is never itself read as a template; one that is
// missing or holds control characters is a fault that does not repeat it.
func (p *Pack) Text(k Kind, l person.Language, v Values) (string, error) {
	const op = "service.Text"
	all := p.kinds()
	i := slices.IndexFunc(all, func(r rule) bool { return r.kind == k })
	if i < 0 || p.messages[k][l] == nil {
		return "", fault.New(fault.Missing, op, "there is no message %q in the language %q", k, l)
	}
	in := []person.Language{l}
	if all[i].all {
		in = languages(l)
	}
	var b strings.Builder
	for j, lang := range in {
		if j > 0 {
			b.WriteString("\n")
		}
		for _, piece := range p.messages[k][lang] {
			if piece.name == "" {
				b.WriteString(piece.text)
				continue
			}
			s, err := p.value(piece.name, lang, v)
			if err != nil {
				return "", err.Where("message %s", k)
			}
			b.WriteString(s)
		}
	}
	return b.String(), nil
}

// value is what stands in the place of a placeholder.
func (p *Pack) value(name string, l person.Language, v Values) (string, *fault.Error) {
	const op = "service.Text"
	s := ""
	switch name {
	case "guardian":
		s = v.Guardian
	case "child", "person":
		s = v.Child
	case "unit":
		s = v.Unit
	case "phone":
		s = p.phone
	case "answer":
		s = p.offered(v.Answer, l)
	case "number":
		if s = v.Number; s == "" {
			s = p.schedule.sender
		}
	case "address":
		if s = v.Address; s == "" {
			s = p.address
		}
	case "when":
		if s = noTime[l]; !v.When.IsZero() {
			s = When(v.When.In(p.schedule.zone), l)
		}
	case "deadline":
		if !v.Deadline.IsZero() {
			s = Day(v.Deadline.In(p.schedule.zone), l)
		}
	}
	s = strings.TrimSpace(strings.Map(plainSpace, s))
	if s == "" {
		return "", fault.New(fault.Missing, op, "the message needs {%s} and it is not known", name)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) {
		return "", fault.New(fault.Invalid, op, "the value of {%s} holds characters that cannot be printed", name).Do("mend it in the register")
	}
	if name == "answer" {
		return s, nil // a line of the pack itself, not a name
	}
	return short(s), nil
}

// offered is the line of the inquiry that offers an answer: "A = I accept the
// place". Empty: there is no such line.
func (p *Pack) offered(letter string, l person.Language) string {
	for _, piece := range p.messages[Inquiry][l] {
		for line := range strings.Lines(piece.text) {
			if letter != "" && strings.HasPrefix(line, letter+" = ") {
				return line
			}
		}
	}
	return ""
}

// plainSpace makes every kind of space the plain one.
func plainSpace(r rune) rune {
	if unicode.Is(unicode.Zs, r) {
		return ' '
	}
	return r
}

// short cuts a name that is too long for a message, at the end of a word where
// there is one.
func short(s string) string {
	r := []rune(s)
	if len(r) <= maxName {
		return s
	}
	for i := maxName; i > maxName/2; i-- {
		if r[i] == ' ' || r[i] == '-' {
			return strings.TrimRight(string(r[:i]), " -")
		}
	}
	return string(r[:maxName])
}

// Day writes the day that t names in the form of a language: "15.1.2021" in
// Finnish and in the Swedish of Finland, "15 January 2021" in English.
func Day(t time.Time, l person.Language) string {
	if l == person.English {
		return t.Format("2 January 2006")
	}
	return fmt.Sprintf("%d.%d.%d", t.Day(), t.Month(), t.Year())
}
