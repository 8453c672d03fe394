package strictyaml

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"ennakko/person"
)

var hole = regexp.MustCompile(`<([a-z][a-z0-9_]*(?:\.[a-z]+)?)>`)

// Filling gives what stands in the place of the hole <name>: a part of a file,
// or a text. The language is that of the text in which the hole is, or "".
type Filling func(name string, in person.Language) (part Node, text string, ok bool)

// Fill is a copy of x in which the holes <name> of all texts and keys are
// filled. A text that is nothing but a hole becomes the part itself, of
// whatever kind. All of the copy has the place of at, where faults in it are
// told. A hole that nothing fills is a fault.
func (x Node) Fill(at Node, with Filling) Node {
	if !x.There() {
		return x
	}
	out := at
	out.n = filled(x.n, at, "", with)
	return out
}

// Copy is a copy of x that has the place of at.
func (x Node) Copy(at Node) Node {
	return x.Fill(at, func(name string, _ person.Language) (Node, string, bool) { return Node{}, "<" + name + ">", true })
}

func filled(n *yaml.Node, at Node, in person.Language, with Filling) *yaml.Node {
	c := *n
	c.Line, c.Column = at.Line(), 0
	if n.Kind == yaml.ScalarNode {
		return scalar(&c, at, in, with)
	}
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, part := range n.Content {
		l := in
		if n.Kind == yaml.MappingNode && i%2 == 1 && slices.Contains(person.Languages(), person.Language(n.Content[i-1].Value)) {
			l = person.Language(n.Content[i-1].Value)
		}
		c.Content[i] = filled(part, at, l, with)
	}
	return &c
}

func scalar(c *yaml.Node, at Node, in person.Language, with Filling) *yaml.Node {
	if m := hole.FindStringSubmatch(c.Value); m != nil && m[0] == c.Value {
		if part, _, ok := with(m[1], in); ok && part.There() {
			return part.Copy(at).n
		}
	}
	whole := c.Value
	c.Value = hole.ReplaceAllStringFunc(whole, func(s string) string {
		name := strings.Trim(s, "<>")
		part, text, ok := with(name, in)
		if !ok || part.There() && part.n.Kind != yaml.ScalarNode {
			at.Bad("give it a value", "nothing fills the hole %s", Cut(s, 60))
			return s
		}
		if part.There() {
			text = part.n.Value
		}
		return text
	})
	if in != "" && strings.HasPrefix(whole, "<") {
		c.Value = capital(c.Value)
	}
	return c
}

// capital is the text with a capital at its beginning, unless it is a word such
// as eGFR.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[n:]); unicode.IsUpper(second) {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}
