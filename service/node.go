package service

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

const loadOp = "service.Load"

// faults gathers what is wrong with a pack, to be told in order of file and
// line.
type faults struct {
	dir  string
	list []located
}

type located struct {
	file, line int
	fault      *fault.Error
}

// add notes a fault. More, if not empty, is a place within the line.
func (l *faults) add(file string, line int, more, hint, format string, args ...any) {
	f := fault.New(fault.Invalid, loadOp, format, args...).Do("%s", hint)
	if more != "" {
		more = ", " + more
	}
	if line > 0 {
		f = f.Where("%s:%d%s", path.Join(l.dir, file), line, more)
	} else {
		f = f.Where("%s%s", path.Join(l.dir, file), more)
	}
	l.list = append(l.list, located{slices.Index(files(), file), line, f})
}

func (l *faults) err() error {
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

// node is a part of a YAML file with its place. A node that is not there gives
// zero values and no further faults: its absence was told already.
type node struct {
	n      *yaml.Node
	file   string
	faults *faults
}

func (x node) there() bool { return x.n != nil }

func (x node) line() int {
	if x.n == nil {
		return 0
	}
	return x.n.Line
}

func (x node) bad(hint, format string, args ...any) {
	x.faults.add(x.file, x.line(), "", hint, format, args...)
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// document reads one YAML file as a tree. Aliases, anchors, tags and second
// documents are refused: a pack is plain text.
func document(file string, content []byte, l *faults) node {
	x := node{file: file, faults: l}
	d := yaml.NewDecoder(bytes.NewReader(content))
	var tree, more yaml.Node
	err := d.Decode(&tree)
	switch {
	case errors.Is(err, io.EOF) || err == nil && (len(tree.Content) != 1 || tree.Content[0].Tag == "!!null"):
		l.add(file, 1, "", "see docs/packs.md for what belongs here", "the file is empty")
		return x
	case err != nil:
		line, what := 1, "the file cannot be read"
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			what = m[2]
			if n, err := strconv.Atoi(m[1]); err == nil {
				line = n
			}
		}
		l.add(file, line, "", "look at indentation, colons and quotes", "this is not YAML: %s", what)
		return x
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		l.add(file, max(1, more.Line), "", "take the line --- and what follows away", "the file holds more than one document")
		return x
	}
	if !plain(tree.Content[0], x, 0) {
		return x
	}
	x.n = tree.Content[0]
	return x
}

const maxNesting = 12

func plain(n *yaml.Node, x node, depth int) bool {
	x.n = n
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "" || n.Tag == "!!merge":
		x.bad("write it out", "anchors, aliases and merges are not used in packs")
		return false
	case n.Style&yaml.TaggedStyle != 0:
		x.bad("take the ! tag away", "tags are not used in packs")
		return false
	case depth > maxNesting:
		x.bad("see docs/packs.md for the form", "the parts are nested too deeply")
		return false
	}
	for _, c := range n.Content {
		if !plain(c, x, depth+1) {
			return false
		}
	}
	return true
}

// keys reads a mapping with exactly these keys; those after "?" may be left
// out.
func (x node) keys(names ...string) map[string]node {
	out := map[string]node{}
	if !x.there() {
		return out
	}
	optional := len(names)
	if i := slices.Index(names, "?"); i >= 0 {
		names, optional = slices.Delete(slices.Clone(names), i, i+1), i
	}
	for _, k := range x.pairs() {
		if !slices.Contains(names, k.name) {
			k.key.bad("keys here: "+strings.Join(names, ", "), "the key %q is not known", k.name)
			continue
		}
		out[k.name] = k.value
	}
	for _, name := range names[:optional] {
		if _, ok := out[name]; !ok && x.n.Kind == yaml.MappingNode {
			x.bad("add it", "the key %q is missing", name)
		}
	}
	return out
}

type pair struct {
	name       string
	key, value node
}

// pairs reads a mapping with any keys, in their order; a key that stands twice
// is a fault.
func (x node) pairs() []pair {
	if !x.there() {
		return nil
	}
	if x.n.Kind != yaml.MappingNode {
		x.bad("write key: value, one a line", "a group of keys belongs here")
		return nil
	}
	var out []pair
	seen := map[string]bool{}
	for i := 0; i+1 < len(x.n.Content); i += 2 {
		key, value := x, x
		key.n, value.n = x.n.Content[i], x.n.Content[i+1]
		name := key.n.Value
		if key.n.Kind != yaml.ScalarNode || name == "" {
			key.bad("a key is a word", "this is not a key")
			continue
		}
		if seen[name] {
			key.bad("keep one of them", "the key %q stands twice", name)
			continue
		}
		seen[name] = true
		out = append(out, pair{name, key, value})
	}
	return out
}

// list reads a list that is not empty.
func (x node) list() []node {
	if !x.there() {
		return nil
	}
	if x.n.Kind != yaml.SequenceNode || len(x.n.Content) == 0 {
		x.bad("write - before each entry, or [a, b]", "a list belongs here")
		return nil
	}
	out := make([]node, len(x.n.Content))
	for i, c := range x.n.Content {
		out[i] = x
		out[i].n = c
	}
	return out
}

const maxString = 2000

// text reads a text that is not empty.
func (x node) text() string { return x.textUpTo(maxString) }

func (x node) textUpTo(limit int) string {
	if !x.there() {
		return ""
	}
	s := strings.TrimSpace(x.n.Value)
	switch {
	case x.n.Kind != yaml.ScalarNode || x.n.Tag == "!!null" || x.n.Tag == "!!str" && s == "":
		x.bad("write it after the colon", "a text belongs here")
		return ""
	case x.n.Tag != "!!str":
		x.bad(`write it in quotes: "`+cut(s, 20)+`"`, "YAML does not take this as a text")
		return ""
	case len([]rune(s)) > limit:
		x.bad("say it shorter", "the text is longer than %d characters", limit)
		return ""
	case strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }):
		x.bad("take them away; they come from copying", "the text holds characters that cannot be seen")
		return ""
	}
	return s
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9]*([_-][a-z0-9]+)*$`)

// name reads an identifier.
func (x node) name() string {
	s := x.textUpTo(60)
	if s != "" && !identifier.MatchString(s) {
		x.bad("use small letters, digits, - and _", "%q is not a name", cut(s, 60))
		return ""
	}
	return s
}

// texts reads one text in each of the three languages.
func (x node) texts() map[person.Language]string { return x.textsUpTo(maxString) }

func (x node) textsUpTo(limit int) map[person.Language]string {
	out := map[person.Language]string{}
	k := x.keys("fi", "sv", "en")
	for _, l := range person.Languages() {
		out[l] = k[string(l)].textUpTo(limit)
	}
	return out
}

// number reads a number; 0 after a fault.
func (x node) number() float64 {
	if !x.there() {
		return 0
	}
	v, err := strconv.ParseFloat(x.n.Value, 64)
	if err != nil || x.n.Tag != "!!int" && x.n.Tag != "!!float" || v-v != 0 {
		x.bad("write it in digits, with a point", "a number belongs here")
		return 0
	}
	return v
}

// whole reads a whole number from least to most.
func (x node) whole(least, most int) int {
	if !x.there() {
		return 0
	}
	v, err := strconv.Atoi(x.n.Value)
	if err != nil || x.n.Tag != "!!int" || v < least || v > most {
		x.bad("write it in digits", "a whole number from %d to %d belongs here", least, most)
		return 0
	}
	return v
}

// yes reads true or false.
func (x node) yes() bool {
	if !x.there() {
		return false
	}
	if x.n.Kind != yaml.ScalarNode || x.n.Tag != "!!bool" {
		x.bad("write true or false", "true or false belongs here")
		return false
	}
	return strings.EqualFold(x.n.Value, "true")
}

// day reads a day such as 2021-01-07, at midnight UTC.
func (x node) day() time.Time {
	if !x.there() {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil || t.Year() < 1800 {
		x.bad("write it as 2021-01-07", "a day belongs here")
		return time.Time{}
	}
	return t
}

// lasting reads a length of time such as 4h or 30m.
func (x node) lasting(most time.Duration) time.Duration {
	if !x.there() {
		return 0
	}
	d, err := time.ParseDuration(x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil || d <= 0 || d > most {
		x.bad("write it as 4h or 30m", "a length of time up to %s belongs here", strings.TrimSuffix(most.String(), "0m0s"))
		return 0
	}
	return d
}

// clock reads a time of day such as 08:30 as the time since midnight.
func (x node) clock() time.Duration {
	if !x.there() {
		return 0
	}
	t, err := time.Parse("15:04", x.n.Value)
	if x.n.Kind != yaml.ScalarNode || err != nil {
		x.bad(`write it as "08:30"`, "a time of day belongs here")
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// oneOf reads one of a few words.
func (x node) oneOf(words ...string) string {
	if !x.there() {
		return ""
	}
	if x.n.Kind != yaml.ScalarNode || !slices.Contains(words, x.n.Value) {
		x.bad("words here: "+strings.Join(words, ", "), "this word is not known here")
		return ""
	}
	return x.n.Value
}
