// Package strictyaml reads the YAML of packs and libraries as strictly as text
// can be read: an unknown key, a key that stands twice, an anchor, a tag, a
// second document or a value of another kind is a fault with its file and
// line, and all faults are told at once.
package strictyaml

import (
	"bytes"
	"errors"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"ennakko/fault"
	"ennakko/person"
)

// Faults gathers what is wrong with the files of one folder, to be told in
// order of file and line.
type Faults struct {
	Op    string   // the operation, "service.Load"
	Dir   string   // the folder
	Files []string // in the order in which to tell; files that are not listed come first
	Page  string   // the page of the manual that has the form: "docs/packs.md"
	list  []located
}

type located struct {
	file, line int
	fault      *fault.Error
}

// Add notes a fault. More, if not empty, is a place within the line.
func (l *Faults) Add(file string, line int, more, hint, format string, args ...any) {
	f := fault.New(fault.Invalid, l.Op, format, args...).Do("%s", hint)
	if more != "" {
		more = ", " + more
	}
	if line > 0 {
		f = f.Where("%s:%d%s", path.Join(l.Dir, file), line, more)
	} else {
		f = f.Where("%s%s", path.Join(l.Dir, file), more)
	}
	l.list = append(l.list, located{slices.Index(l.Files, file), line, f})
}

// Len is the number of faults so far.
func (l *Faults) Len() int { return len(l.list) }

// Err is all that is wrong, or nil.
func (l *Faults) Err() error {
	slices.SortStableFunc(l.list, func(a, b located) int {
		if a.file != b.file {
			return a.file - b.file
		}
		return a.line - b.line
	})
	var out fault.List
	for _, f := range l.list {
		out.Add(f.fault)
	}
	return out.Err()
}

// Node is a part of a YAML file with its place. A node that is not there gives
// zero values and no further faults: its absence was told already.
type Node struct {
	n      *yaml.Node
	file   string
	faults *Faults
}

// There reports whether the part is in the file.
func (x Node) There() bool { return x.n != nil }

// Line is the line of the part, 0 if it is not there.
func (x Node) Line() int {
	if x.n == nil {
		return 0
	}
	return x.n.Line
}

// Bad notes a fault at the part.
func (x Node) Bad(hint, format string, args ...any) {
	x.faults.Add(x.file, x.Line(), "", hint, format, args...)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// Document reads one YAML file as a tree. Aliases, anchors, tags and second
// documents are refused: a pack is plain text.
func Document(file string, content []byte, l *Faults) Node {
	x := Node{file: file, faults: l}
	d := yaml.NewDecoder(bytes.NewReader(content))
	var tree, more yaml.Node
	err := d.Decode(&tree)
	switch {
	case errors.Is(err, io.EOF) || err == nil && (len(tree.Content) != 1 || tree.Content[0].Tag == "!!null"):
		l.Add(file, 1, "", "see "+l.Page+" for what belongs here", "the file is empty")
		return x
	case err != nil:
		line, what := 1, "the file cannot be read"
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			what = m[2]
			if n, err := strconv.Atoi(m[1]); err == nil {
				line = n
			}
		}
		l.Add(file, line, "", "look at indentation, colons and quotes", "this is not YAML: %s", what)
		return x
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		l.Add(file, max(1, more.Line), "", "take the line --- and what follows away", "the file holds more than one document")
		return x
	}
	if !plain(tree.Content[0], x, 0) {
		return x
	}
	x.n = tree.Content[0]
	return x
}

const maxNesting = 12

func plain(n *yaml.Node, x Node, depth int) bool {
	x.n = n
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge":
		x.Bad("write it out", "anchors, aliases and merges are not used in packs")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		x.Bad("take the ! tag away", "tags are not used in packs")
		return false
	case depth > maxNesting:
		x.Bad("see "+x.faults.Page+" for the form", "the parts are nested too deeply")
		return false
	}
	for _, c := range n.Content {
		if !plain(c, x, depth+1) {
			return false
		}
	}
	return true
}

// Keys reads a mapping with exactly these keys; those after "?" may be left
// out.
func (x Node) Keys(names ...string) map[string]Node {
	out := map[string]Node{}
	if !x.There() {
		return out
	}
	optional := len(names)
	if i := slices.Index(names, "?"); i >= 0 {
		names, optional = slices.Delete(slices.Clone(names), i, i+1), i
	}
	for _, k := range x.Pairs() {
		if !slices.Contains(names, k.Name) {
			k.Key.Bad("keys here: "+strings.Join(names, ", "), "the key %q is not known", k.Name)
			continue
		}
		out[k.Name] = k.Value
	}
	for _, name := range names[:optional] {
		if _, ok := out[name]; !ok && x.n.Kind == yaml.MappingNode {
			x.Bad("add it", "the key %q is missing", name)
		}
	}
	return out
}

// Pair is a key with its value.
type Pair struct {
	Name       string
	Key, Value Node
}

// Pairs reads a mapping with any keys, in their order; a key that stands twice
// is a fault.
func (x Node) Pairs() []Pair {
	if !x.There() {
		return nil
	}
	if x.n.Kind != yaml.MappingNode {
		x.Bad("write key: value, one a line", "a group of keys belongs here")
		return nil
	}
	var out []Pair
	seen := map[string]bool{}
	for i := 0; i+1 < len(x.n.Content); i += 2 {
		key, value := x, x
		key.n, value.n = x.n.Content[i], x.n.Content[i+1]
		name := key.n.Value
		if key.n.Kind != yaml.ScalarNode || name == "" {
			key.Bad("a key is a word", "this is not a key")
			continue
		}
		if seen[name] {
			key.Bad("keep one of them", "the key %q stands twice", name)
			continue
		}
		seen[name] = true
		out = append(out, Pair{name, key, value})
	}
	return out
}

// List reads a list that is not empty.
func (x Node) List() []Node {
	if !x.There() {
		return nil
	}
	if x.n.Kind != yaml.SequenceNode || len(x.n.Content) == 0 {
		x.Bad("write - before each entry, or [a, b]", "a list belongs here")
		return nil
	}
	out := make([]Node, len(x.n.Content))
	for i, c := range x.n.Content {
		out[i] = x
		out[i].n = c
	}
	return out
}

const maxString = 2000

// Text reads a text that is not empty.
func (x Node) Text() string { return x.TextUpTo(maxString) }

// TextUpTo is Text with a limit of its own, in characters.
func (x Node) TextUpTo(limit int) string {
	if !x.There() {
		return ""
	}
	s := strings.TrimSpace(x.n.Value)
	switch {
	case x.n.Kind != yaml.ScalarNode || x.n.Tag == "!!null" || x.n.Tag == "!!str" && s == "":
		x.Bad("write it after the colon", "a text belongs here")
		return ""
	case x.n.Tag != "!!str":
		x.Bad(`write it in quotes: "`+Cut(s, 20)+`"`, "YAML does not take this as a text")
		return ""
	case len([]rune(s)) > limit:
		x.Bad("say it shorter", "the text is longer than %d characters", limit)
		return ""
	case strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }):
		x.Bad("take them away; they come from copying", "the text holds characters that cannot be seen")
		return ""
	}
	return s
}

// Cut is the first n characters of s.
func Cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)

// Name reads an identifier.
func (x Node) Name() string {
	s := x.TextUpTo(60)
	if s != "" && !identifier.MatchString(s) {
		x.Bad("use small letters, digits, - and _", "%q is not a name", Cut(s, 60))
		return ""
	}
	return s
}

// File is the name of the file.
func (x Node) File() string { return x.file }

// Word is the text of the part as it stands, whatever its kind; "" for a group
// or list.
func (x Node) Word() string {
	if x.n == nil || x.n.Kind != yaml.ScalarNode {
		return ""
	}
	return x.n.Value
}

// Has reports whether the part is a group with that key.
func (x Node) Has(key string) bool {
	for i := 0; x.IsGroup() && i < len(x.n.Content); i += 2 {
		if x.n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// IsList reports whether the part is a list.
func (x Node) IsList() bool { return x.n != nil && x.n.Kind == yaml.SequenceNode }

// IsGroup reports whether the part is a group of keys.
func (x Node) IsGroup() bool { return x.n != nil && x.n.Kind == yaml.MappingNode }

// Texts reads one text in each of the three languages.
func (x Node) Texts() map[person.Language]string { return x.TextsUpTo(maxString) }

// TextsUpTo is Texts with a limit of its own, in characters.
func (x Node) TextsUpTo(limit int) map[person.Language]string {
	out := map[person.Language]string{}
	k := x.Keys("fi", "sv", "en")
	for _, l := range person.Languages() {
		out[l] = k[string(l)].TextUpTo(limit)
	}
	return out
}

// Number reads a number; 0 after a fault.
func (x Node) Number() float64 {
	if !x.There() {
		return 0
	}
	v, err := strconv.ParseFloat(x.n.Value, 64)
	if err != nil || x.n.Tag != "!!int" && x.n.Tag != "!!float" || v-v != 0 {
		x.Bad("write it in digits, with a point", "a number belongs here")
		return 0
	}
	return v
}

// Whole reads a whole number from least to most.
func (x Node) Whole(least, most int) int {
	if !x.There() {
		return 0
	}
	v, err := strconv.Atoi(x.n.Value)
	if err != nil || x.n.Tag != "!!int" || v < least || v > most {
		x.Bad("write it in digits", "a whole number from %d to %d belongs here", least, most)
		return 0
	}
	return v
}

// Yes reads true or false.
func (x Node) Yes() bool {
	if !x.There() {
		return false
	}
	if x.n.Kind != yaml.ScalarNode || x.n.Tag != "!!bool" {
		x.Bad("write true or false", "true or false belongs here")
		return false
	}
	return strings.EqualFold(x.n.Value, "true")
}

// Day reads a day such as 2021-01-07, at midnight UTC.
func (x Node) Day() time.Time {
	if !x.There() {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil || t.Year() < 1800 {
		x.Bad("write it as 2021-01-07", "a day belongs here")
		return time.Time{}
	}
	return t
}

// Lasting reads a length of time such as 4h or 30m.
func (x Node) Lasting(most time.Duration) time.Duration {
	if !x.There() {
		return 0
	}
	d, err := time.ParseDuration(x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil || d <= 0 || d > most {
		x.Bad("write it as 4h or 30m", "a length of time up to %s belongs here", strings.TrimSuffix(most.String(), "0m0s"))
		return 0
	}
	return d
}

// Clock reads a time of day such as 08:30 as the time since midnight.
func (x Node) Clock() time.Duration {
	if !x.There() {
		return 0
	}
	t, err := time.Parse("15:04", x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil {
		x.Bad(`write it as "08:30"`, "a time of day belongs here")
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// OneOf reads one of a few words.
func (x Node) OneOf(words ...string) string {
	if !x.There() {
		return ""
	}
	if x.n.Kind != yaml.ScalarNode || !slices.Contains(words, x.n.Value) {
		x.Bad("words here: "+strings.Join(words, ", "), "this word is not known here")
		return ""
	}
	return x.n.Value
}
