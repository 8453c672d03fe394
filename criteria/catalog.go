// Package criteria finds out whether a service is for a person, and why. A
// criterion is a sentence in CEL (the Common Expression Language) over what
// the registers say; it is checked once and evaluated for many people. A
// missing fact makes a criterion unknown and names itself: it is neither an
// error nor a no.
//
// The language is CEL's logic, comparisons and arithmetic, without loops, time
// of day or anything else that could give two answers to one question. There
// is one kind of number (6 and 6.0 mean the same) and one kind of day. See
// docs/packs.md for the whole of it.
//
// Source of the language: github.com/google/cel-spec. Source of the
// three-valued logic: S. C. Kleene, Introduction to Metamathematics (1952),
// section 64 (the strong tables), which are CEL's own for && and ||.
package criteria

import (
	"regexp"
	"strings"
	"time"

	"ennakko/coding"
	"ennakko/fault"
)

// Kind is the kind of value that a field holds.
type Kind uint8

// The kinds of value, with the Go type of Fact.Value. The zero Kind is none.
const (
	_      Kind = iota
	Text        // string
	Date        // time.Time; the day counts, the time of day does not
	Number      // float64, finite
	YesNo       // bool
	Person      // person.ID
	Hidden      // sealed: no criterion may read it
	Coded       // coding.Code; of concepts only
	Event       // none: that it was is all; of concepts only
)

// Absence says what it means that a register that was read holds no fact.
type Absence uint8

// The meanings of absence.
const (
	AbsentUnknown Absence = iota // nobody knows: what needs the field is unknown
	AbsentNone                   // the register is complete: there is none
)

// FieldSpec is what criteria know of one field of one register.
type FieldSpec struct {
	Name   string // "population.birth_date": the register, a point, the field
	Kind   Kind
	Absent Absence
}

// Catalog lists all fields that there are.
type Catalog []FieldSpec

// Find returns the field of that name.
func (c Catalog) Find(name string) (FieldSpec, bool) {
	for _, f := range c {
		if f.Name == name {
			return f, true
		}
	}
	return FieldSpec{}, false
}

// Of lists the names of the fields of one register.
func (c Catalog) Of(register string) []string {
	var names []string
	for _, f := range c {
		if strings.HasPrefix(f.Name, register+".") {
			names = append(names, f.Name)
		}
	}
	return names
}

var (
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)
	shortName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func (c Catalog) check() error {
	const op = "criteria.Catalog"
	seen := map[string]bool{}
	for _, f := range c {
		switch {
		case !fieldName.MatchString(f.Name) || strings.HasPrefix(f.Name, "param."):
			return fault.New(fault.Invalid, op, "%q is not a name of a field", f.Name).Do("name it register.field in small letters")
		case f.Kind < Text || f.Kind > Hidden || f.Absent > AbsentNone:
			return fault.New(fault.Invalid, op, "the field %s has no kind", f.Name)
		case seen[f.Name]:
			return fault.New(fault.Invalid, op, "the field %s stands twice in the catalogue", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// Fact is what a register says of one field of one person.
type Fact struct {
	From      time.Time // the first day; zero: always
	Until     time.Time // the last day, itself included; zero: open
	Value     any       // by the field's kind
	Qualifier string    // marks parted by commas, "joint,parent,lives"; may be empty

	// Of the facts of a concept:
	Minute    int32       // minute of the first day; -1: not known
	Code      coding.Code // that made it a fact of the concept
	ValueCode coding.Code
	Class     string // class of the encounter, as AMB, IMP or EMER; "" not known
	Encounter uint32 // number of the encounter within the person; 0: none
	Group     uint32 // number of the resource within the person; 0: it stands alone
	Source    string // register and resource, for the trace; never for a log
}

// Facts is what is known of one person.
type Facts interface {
	// Facts returns what the registers say of the field or concept, in any
	// order. The second result is false when the register was not read at all:
	// then everything that needs the field is unknown. "household." before a
	// name asks for the facts of all who live in the person's dwelling, the
	// person included: read only if that of each of them was.
	Facts(field string) ([]Fact, bool)
}

// dayOf is the calendar day of t, where t was, at midnight UTC.
func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}
