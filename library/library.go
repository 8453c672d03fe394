// Package library holds criteria of care as data: a folder of concepts, value
// sets, criteria and made-up people. Load checks all of it at once; a library
// that loads is whole and does not change. Check evaluates the made-up people,
// measures which sub-conditions they try out, and looks for conditions that can
// never hold. The form is described in docs/criteria.md.
package library

import (
	"maps"
	"slices"
	"time"

	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/person"
)

// Texts is a text in the languages of the library.
type Texts map[person.Language]string

// In is the text in a language, or in the first of fi, sv and en that there
// is.
func (t Texts) In(l person.Language) string {
	if s := t[l]; s != "" {
		return s
	}
	for _, other := range person.Languages() {
		if s := t[other]; s != "" {
			return s
		}
	}
	return ""
}

// Library is a set of criteria with what they speak of. Only Load makes one.
type Library struct {
	name, version, hash, owner string
	title, mark                Texts
	languages                  []person.Language
	notFor                     []Texts

	language *criteria.Language
	params   criteria.Params

	paramTitles map[string]Texts
	paramUnits  map[string]coding.Unit

	families []Family
	outcomes []Outcome
	criteria []*Criterion
	sets     map[string]*coding.ValueSet
	setHash  map[string]string
	concepts map[string]criteria.Concept
	lists    map[string][]string // value sets of each concept
	people   []*made
	dir      string
}

// Family is the criteria of one file.
type Family struct {
	Name  string
	Title Texts
}

// State is how far a criterion has come.
type State string

// The states, in their order. From Tested on, made-up people must try out all
// of it; from Approved on, somebody has answered for it.
const (
	Draft    State = "draft"
	Tested   State = "tested"
	Approved State = "approved"
	InUse    State = "in use"
	Retired  State = "retired"
)

// Approval is who answers for a criterion.
type Approval struct {
	State    State
	By       string    // role, no name of a person
	On       time.Time // midnight UTC
	Evidence string    // what showed that it is right
}

// Benefit is what doing what a criterion asks is expected to bring.
type Benefit struct {
	Reduction float64 // absolute risk reduction, 0 to 1
	Years     float64 // over so many years
	Of        string  // of what
	Source    string
}

// Exclusion is one ground on which a criterion leaves a person out.
type Exclusion struct {
	Name   string
	Text   string // condition
	Reason Texts
}

// Criterion is one criterion of care.
type Criterion struct {
	Name       string
	Family     string
	Title      Texts
	Population string
	Exclusions []Exclusion
	Done       string
	Gap        Texts // what should be done
	Source     string
	Evidence   string   // level of evidence, as the source grades it
	Benefit    *Benefit // nil: no source gives one
	Points     int      // what the criterion counts where signs add up; 0: nothing
	Approval   Approval
	Care       *criteria.Care
	Hash       string // of its conditions, concepts and code lists

	file string
	line int
}

// Runs reports whether the criterion may be used for real people: it is
// approved or in use.
func (c *Criterion) Runs() bool { return c.Approval.State == Approved || c.Approval.State == InUse }

// Reasons are the texts of the exclusions by their names.
func (c *Criterion) Reasons() map[string]map[person.Language]string {
	out := map[string]map[person.Language]string{}
	for _, x := range c.Exclusions {
		out[x.Name] = x.Reason
	}
	return out
}

// Name is the library's name.
func (l *Library) Name() string { return l.name }

// Version is the library's version.
func (l *Library) Version() string { return l.version }

// Owner is the role that answers for the library.
func (l *Library) Owner() string { return l.owner }

// Title is what the library is.
func (l *Library) Title() Texts { return maps.Clone(l.title) }

// Mark is what stands beside everything of the library, such as that it is
// example content; empty: nothing.
func (l *Library) Mark() Texts { return maps.Clone(l.mark) }

// NotFor says what the findings of the library must not be used for.
func (l *Library) NotFor() []Texts { return slices.Clone(l.notFor) }

// Hash is the SHA-256 of all files, in hexadecimal: for each, in order of the
// alphabet, the path, the length and the content.
func (l *Library) Hash() string { return l.hash }

// Language is the language of the library: its concepts and definitions.
func (l *Library) Language() *criteria.Language { return l.language }

// ParamTitle says in plain words what a parameter is, and its unit; the zero Unit
// is a plain number.
func (l *Library) ParamTitle(name string) (Texts, coding.Unit) {
	return maps.Clone(l.paramTitles[name]), l.paramUnits[name]
}

// Params are the dated parameters.
func (l *Library) Params() criteria.Params { return l.params }

// Families lists the families in order of their files.
func (l *Library) Families() []Family { return slices.Clone(l.families) }

// Outcome is something that care is to bring about in a person: whether it has is
// seen from the facts of a later day. It asks for nothing to be done.
type Outcome struct {
	Name    string
	Title   Texts
	Program *criteria.Program // a yes-or-no of the person
}

// Outcomes lists the outcomes in order of their files.
func (l *Library) Outcomes() []Outcome { return slices.Clone(l.outcomes) }

// Outcome finds one by its name.
func (l *Library) Outcome(name string) (Outcome, bool) {
	for _, o := range l.outcomes {
		if o.Name == name {
			return o, true
		}
	}
	return Outcome{}, false
}

// Criteria lists the criteria in order of their files.
func (l *Library) Criteria() []*Criterion { return slices.Clone(l.criteria) }

// Criterion finds one by its name.
func (l *Library) Criterion(name string) (*Criterion, bool) {
	for _, c := range l.criteria {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

// Pin is one thing that a release holds fast, with its hash.
type Pin struct {
	Kind string `json:"kind"` // "criterion", "concept" or "value set"
	Name string `json:"name"`
	Hash string `json:"hash"` // SHA-256 in hexadecimal
}

// Pins lists what the library holds fast: every criterion, concept and value
// set, in order of kind and name.
func (l *Library) Pins() []Pin {
	var out []Pin
	for _, c := range l.criteria {
		out = append(out, Pin{"criterion", c.Name, c.Hash})
	}
	for _, name := range slices.Sorted(maps.Keys(l.concepts)) {
		out = append(out, Pin{"concept", name, l.conceptHash(name)})
	}
	for _, name := range slices.Sorted(maps.Keys(l.setHash)) {
		out = append(out, Pin{"value set", name, l.setHash[name]})
	}
	slices.SortStableFunc(out[:len(l.criteria)], func(a, b Pin) int { return cmpText(a.Name, b.Name) })
	return out
}

// sorted goes through the keys in order of the alphabet.
func sorted(set map[string]bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, k := range slices.Sorted(maps.Keys(set)) {
			if !yield(k) {
				return
			}
		}
	}
}
