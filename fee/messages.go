package fee

import (
	"slices"
	"strings"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictyaml"
)

// Message is a text message of the family's path. It names neither income nor
// fee: a phone may lie on a table.
type Message string

// The messages of the path.
const (
	Offer         Message = "offer"         // a lower fee may be possible
	OtherAdult    Message = "other_adult"   // the other adult has answered; your own permission is asked for
	Proposed      Message = "proposed"      // a fee and a place are proposed
	ProposedAnew  Message = "proposed_anew" // the income changed: a new fee is proposed
	WithPerson    Message = "with_person"   // a caseworker looks at the matter
	Withdrawn     Message = "withdrawn"     // a permission was taken back
	Expiring      Message = "expiring"      // a permission ends soon
	EndedByCause  Message = "ended"         // a permission ended because something changed
	DocumentsSoon Message = "documents"     // documents were chosen: how and by when
	HighestNoted  Message = "highest_noted" // the highest fee was accepted
	NotNowNoted   Message = "not_now_noted" // no was noted; nobody asks again
	Decided       Message = "decided"       // the decision is there
)

// Messages lists the messages in their order.
func Messages() []Message {
	return []Message{Offer, OtherAdult, Proposed, ProposedAnew, WithPerson, Withdrawn, Expiring, EndedByCause, DocumentsSoon, HighestNoted, NotNowNoted, Decided}
}

// Values are what a message may name.
type Values struct {
	Child string // the child's given name
	Day   string // a day, written in the language of the message
}

const (
	maxMessage = 400 // characters of a text message in one language
	maxStep    = 400 // characters of a line of the working
)

// texts reads messages.yaml.
func (r *reading) texts(x strictyaml.Node) {
	k := x.Keys("messages", "working", "who", "reasons", "picture")
	p := r.pack
	p.messages = map[Message]map[person.Language]template{}
	var names []string
	for _, m := range Messages() {
		names = append(names, string(m))
	}
	got := k["messages"].Keys(names...)
	for _, m := range Messages() {
		p.messages[m] = r.templates(got[string(m)], maxMessage, func(n strictyaml.Node, t template) { checkMessage(n, m, t) })
	}
	r.working(k["working"])
	p.who = map[string]map[person.Language]template{}
	who := k["who"].Keys("adult", "child")
	for _, name := range []string{"adult", "child"} {
		p.who[name] = r.templates(who[name], 60, func(n strictyaml.Node, t template) { exactly(n, t, []string{"number"}) })
	}
	p.picture = map[string]map[person.Language]template{}
	picture := k["picture"].Keys("title", "desc", "own")
	for name, want := range pictureNames() {
		p.picture[name] = r.templates(picture[name], maxStep, func(n strictyaml.Node, t template) { exactly(n, t, want) })
	}
	p.reasons = map[string]map[person.Language]string{}
	reasons := k["reasons"].Keys(reasonNames()...)
	for _, name := range reasonNames() {
		p.reasons[name] = reasons[name].TextsUpTo(maxStep)
	}
}

func (r *reading) working(x strictyaml.Node) {
	p := r.pack
	p.steps = map[string]step{}
	var names []string
	for name := range stepNames() {
		names = append(names, name)
	}
	slices.Sort(names)
	got := x.Keys(names...)
	for _, name := range names {
		k := got[name].Keys("law", "fi", "sv", "en")
		s := step{words: map[person.Language]template{}, law: r.provisions[k["law"].Name()]}
		if id := k["law"].Word(); s.law == nil && id != "" {
			k["law"].Bad("see provisions in fee.yaml", "there is no provision %q", strictyaml.Cut(id, 60))
		}
		for _, l := range person.Languages() {
			s.words[l] = cutText(k[string(l)], maxStep, func(n strictyaml.Node, t template) { exactly(n, t, stepNames()[name]) })
		}
		p.steps[name] = s
	}
}

// templates reads a text with placeholders in each language.
func (r *reading) templates(x strictyaml.Node, limit int, check func(strictyaml.Node, template)) map[person.Language]template {
	out := map[person.Language]template{}
	k := x.Keys("fi", "sv", "en")
	for _, l := range person.Languages() {
		out[l] = cutText(k[string(l)], limit, check)
	}
	return out
}

func cutText(n strictyaml.Node, limit int, check func(strictyaml.Node, template)) template {
	text := n.TextUpTo(limit)
	if text == "" {
		return nil
	}
	t, ok := cutTemplate(text)
	if !ok {
		n.Bad("write placeholders as {child}", "a curly bracket stands alone")
		return nil
	}
	check(n, t)
	return t
}

// exactly checks that a text names just these placeholders.
func exactly(n strictyaml.Node, t template, want []string) {
	got := t.names()
	for _, name := range got {
		if !slices.Contains(want, name) {
			n.Bad("placeholders here: {"+strings.Join(want, "}, {")+"}", "the text cannot name {%s}", strictyaml.Cut(name, 40))
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			n.Bad("say it in the text", "the text must name {%s}", name)
		}
	}
}

func checkMessage(n strictyaml.Node, m Message, t template) {
	may := []string{"child", "phone", "day"}
	for _, name := range t.names() {
		if !slices.Contains(may, name) {
			n.Bad("placeholders here: {child}, {phone}, {day}", "the message %s cannot name {%s}", m, strictyaml.Cut(name, 40))
		}
	}
	text := strings.Join(t, "")
	if strings.Contains(text, "://") || strings.Contains(text, "www.") {
		n.Bad("take it away: families are told that we never send one", "the message %s holds a link", m)
	}
}

// Text renders a message. A message that names a value that is not given is
// Missing.
func (p *Pack) Text(m Message, l person.Language, v Values) (string, error) {
	const op = "fee.Text"
	t := p.messages[m][l]
	if t == nil {
		return "", fault.New(fault.Missing, op, "there is no message %q in the language %q", m, l)
	}
	values := map[string]string{"child": v.Child, "day": v.Day, "phone": p.phone}
	for _, name := range t.names() {
		if strings.TrimSpace(values[name]) == "" {
			return "", fault.New(fault.Missing, op, "the message %s needs {%s} and it is not known", m, name)
		}
	}
	return t.fill(func(name string) string { return values[name] }), nil
}
