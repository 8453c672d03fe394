// Package precedent keeps decisions on whether a use of data is lawful. A new
// use is compared with the earlier decisions, part by part, in words; out of
// the nearest ones comes a proposal. A person decides, and the decision becomes
// a precedent.
//
// Nothing here knows the law: it says what differs from what was decided
// before, and who decided it. Sources: GDPR articles 5(2), 6, 9, 22, 24 and 30
// (Regulation (EU) 2016/679).
package precedent

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/strictjson"
)

// Automation says how far a machine decides about a person.
type Automation string

// How far a machine decides.
const (
	ByPeople Automation = "people"   // a person does it all
	Proposes Automation = "proposes" // a machine proposes, a person decides
	Decides  Automation = "decides"  // a machine decides alone (GDPR 22)
)

func (a Automation) rank() int { return slices.Index([]Automation{ByPeople, Proposes, Decides}, a) }

// Use is a use of data, of which it is asked whether it is lawful.
type Use struct {
	Purpose    string                  `json:"purpose"`        // id
	Task       Task                    `json:"task,omitempty"` // "": not said, as in decisions from before it was asked
	Area       Area                    `json:"area,omitempty"` // "": the same
	Name       permission.Texts        `json:"name"`
	What       permission.Texts        `json:"what"` // what is done with the data, and for whom
	User       permission.Party        `json:"user"`
	Sources    []permission.SourceSpec `json:"sources"`
	Special    []string                `json:"special,omitempty"` // kinds of data of GDPR 9(1): "health"
	Basis      string                  `json:"basis"`             // provisions of the GDPR: "GDPR 6(1)(c) and 6(1)(e)"
	Law        string                  `json:"law"`               // "Act 1503/2016, section 5"
	Conditions []permission.Condition  `json:"conditions,omitempty"`
	Recipients []permission.Texts      `json:"recipients,omitempty"` // who else gets the data
	Keep       permission.Period       `json:"keep"`
	Automation Automation              `json:"automation"`
}

// Of is the use that an agreement speaks of. The kind of task and the service are not
// in it: who proposes adds them.
func Of(a permission.Agreement, how Automation, special ...string) Use {
	s := a.Spec()
	return Use{Purpose: s.Purpose, Name: s.Title, What: s.Why, User: s.User, Sources: s.Sources, Special: special, Basis: s.Basis, Law: s.Law,
		Conditions: s.Conditions, Recipients: s.Recipients, Keep: s.Keep, Automation: how}
}

// Outcome is what was decided.
type Outcome string

// The outcomes.
const (
	Lawful   Outcome = "lawful"
	OnTerms  Outcome = "on terms" // lawful if the terms are kept
	Unlawful Outcome = "unlawful"
)

// Reason is one step of the reasoning, with the provision or the document it
// rests on.
type Reason struct {
	Text   permission.Texts `json:"text"`
	Source string           `json:"source"`
}

// Decider is who decided.
type Decider struct {
	Name   string           `json:"name,omitempty"` // not in the public form
	Office permission.Texts `json:"office"`
}

// Decision is a decision on a use of data.
type Decision struct {
	ID        string             `json:"id"` // "2026-3"
	Use       Use                `json:"use"`
	Outcome   Outcome            `json:"outcome"`
	Terms     []permission.Texts `json:"terms,omitempty"` // of OnTerms, at least one
	Reasoning []Reason           `json:"reasoning"`
	By        Decider            `json:"by"`
	At        time.Time          `json:"at"`
	Near      []string           `json:"near,omitempty"`      // the precedents that it was compared with
	Proposed  Outcome            `json:"proposed,omitempty"`  // what the comparison proposed; "": it left it open
	Overrules []string           `json:"overrules,omitempty"` // earlier decisions that no longer count
	Example   bool               `json:"example,omitempty"`   // made up, to show how it works: no decision of anybody
}

// Public is the decision as it is shown to everyone: the office that decided,
// not the person.
func (d Decision) Public() Decision {
	d.By.Name = ""
	return d
}

// check tells all that is missing at once.
func (d Decision) check(op string) error {
	var l fault.List
	need := func(ok bool, format string, args ...any) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, format, args...).Where("decision %q", d.ID))
		}
	}
	texts := func(t permission.Texts, what string) {
		for _, lang := range person.Languages() {
			need(t[lang] != "", "%s is not said in %s", what, lang)
		}
	}
	need(d.ID != "", "the decision has no id")
	d.Use.check(need, texts)
	need(d.Outcome == Lawful || d.Outcome == OnTerms || d.Outcome == Unlawful, "the outcome %q is not known", d.Outcome)
	need((d.Outcome == OnTerms) == (len(d.Terms) > 0), "terms go with the outcome %q, and with no other", OnTerms)
	for _, t := range d.Terms {
		texts(t, "a term")
	}
	need(len(d.Reasoning) > 0, "there is no reasoning")
	for _, r := range d.Reasoning {
		texts(r.Text, "a reason")
		need(r.Source != "", "a reason has no source")
	}
	texts(d.By.Office, "the office that decided")
	need(!d.At.IsZero(), "the decision has no time")
	need(!slices.Contains(d.Overrules, d.ID), "a decision cannot overrule itself")
	return l.Err()
}

func (u Use) check(need func(bool, string, ...any), texts func(permission.Texts, string)) {
	need(u.Purpose != "", "the use has no purpose")
	u.checkKind(need, false)
	texts(u.Name, "the name of the use")
	texts(u.What, "what is done with the data")
	need(u.User.ID != "", "who uses the data has no business id")
	texts(u.User.Name, "who uses the data")
	need(len(u.Sources) > 0, "the use has no source")
	for _, s := range u.Sources {
		need(s.ID != "" && len(s.Fields) > 0, "a source has no id or no fields")
		texts(s.Name, "the name of a source")
		for _, f := range s.Fields {
			need(f.Field != "", "a field has no name")
			texts(f.What, "what a field is")
		}
	}
	need(len(provisions(u.Basis)) > 0, "the basis names no provision of article 6(1) of the GDPR")
	need(len(u.Special) == 0 || special.MatchString(u.Basis), "special kinds of data need a provision of article 9(2) of the GDPR")
	need(u.Law != "", "the use has no law")
	need(!u.Keep.IsZero(), "it is not said how long the data is kept")
	need(u.Automation.rank() >= 0, "it is not said how far a machine decides (people, proposes, decides)")
	for _, c := range u.Conditions {
		need(c.Kind != "" && c.Source != "", "a condition has no kind or no source")
	}
	for _, r := range u.Recipients {
		texts(r, "a recipient")
	}
}

var (
	provision = regexp.MustCompile(`\b(?:6\(1\)\([a-f]\)|9\(2\)\([a-j]\))`)
	special   = regexp.MustCompile(`\b9\(2\)\([a-j]\)`)
	statute   = regexp.MustCompile(`\b\d{1,4}/\d{2,4}\b`) // 1503/2016, and 2016/679 of the Union
)

// provisions lists the provisions of the GDPR that a basis names.
func provisions(basis string) []string { return provision.FindAllString(basis, -1) }

// statutes lists the numbers of the acts that a law names.
func statutes(law string) []string { return statute.FindAllString(law, -1) }

// Book is the decisions made so far. It is a value: With gives the next one.
type Book struct {
	all []Decision
}

// NewBook checks the decisions; each id stands once, and what is overruled is
// there.
func NewBook(all ...Decision) (Book, error) {
	const op = "precedent.NewBook"
	var l fault.List
	ids := map[string]bool{}
	for _, d := range all {
		if err := d.check(op); err != nil {
			return Book{}, err
		}
		if ids[d.ID] {
			l.Add(fault.New(fault.Invalid, op, "the decision %q stands twice", d.ID))
		}
		ids[d.ID] = true
	}
	for _, d := range all {
		for _, o := range d.Overrules {
			if !ids[o] {
				l.Add(fault.New(fault.Invalid, op, "it overrules a decision that is not there: %q", o).Where("decision %q", d.ID))
			}
		}
	}
	if err := l.Err(); err != nil {
		return Book{}, err
	}
	b := Book{all: slices.Clone(all)}
	slices.SortStableFunc(b.all, func(a, b Decision) int { return a.At.Compare(b.At) })
	return b, nil
}

// With is the book with one more decision.
func (b Book) With(d Decision) (Book, error) { return NewBook(append(b.All(), d)...) }

// All is every decision, oldest first; also those that were overruled.
func (b Book) All() []Decision { return slices.Clone(b.all) }

// Find finds a decision by its id.
func (b Book) Find(id string) (Decision, bool) {
	i := slices.IndexFunc(b.all, func(d Decision) bool { return d.ID == id })
	if i < 0 {
		return Decision{}, false
	}
	return b.all[i], true
}

// Standing is the decisions that count as precedents: those that no later one
// overruled.
func (b Book) Standing() []Decision {
	gone := map[string]bool{}
	for _, d := range b.all {
		for _, o := range d.Overrules {
			gone[o] = true
		}
	}
	return slices.DeleteFunc(b.All(), func(d Decision) bool { return gone[d.ID] })
}

// Public is the book as it is shown to everyone.
func (b Book) Public() Book {
	out := Book{all: b.All()}
	for i := range out.all {
		out.all[i] = out.all[i].Public()
	}
	return out
}

// form is the stored form. Version 1 is the only one so far.
type form struct {
	Version   int        `json:"version"`
	Decisions []Decision `json:"decisions"`
}

// Write writes the book as JSON. The form is stable: what is written today is
// read in ten years.
func (b Book) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return fault.Wrap(e.Encode(form{1, append([]Decision{}, b.all...)}), "precedent.Write", "the decisions cannot be written")
}

// Read reads what Write wrote. Unknown keys, and keys that stand twice, are
// faults.
func Read(r io.Reader) (Book, error) {
	const op = "precedent.Read"
	b, err := io.ReadAll(r)
	if err != nil {
		return Book{}, fault.Wrap(err, op, "the decisions cannot be read")
	}
	var f form
	if err := strictjson.Read(b, &f); err != nil {
		return Book{}, fault.Wrap(err, op, "the decisions are not readable")
	}
	if f.Version != 1 {
		return Book{}, fault.New(fault.Invalid, op, "the decisions are written in form %d, and form 1 is known", f.Version)
	}
	return NewBook(f.Decisions...)
}

// JSON is one decision in its stored form, as it stands in the book.
func (d Decision) JSON() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(d); err != nil {
		return nil, fault.Wrap(err, "precedent.JSON", "the decision cannot be written")
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Parse reads what Decision.JSON wrote, as strictly as Read.
func Parse(b []byte) (Decision, error) {
	var d Decision
	if err := strictjson.Read(b, &d); err != nil {
		return Decision{}, fault.Wrap(err, "precedent.Parse", "the decision is not readable")
	}
	return d, d.check("precedent.Parse")
}
