// Package fault holds the one error type of the project. An error says which
// operation failed, what kind of failure it is, where the trouble lies, what
// may be shown to a person, and what can be done about it.
//
// Show, Hint and At never hold personal data: no name, identity code, address,
// phone number or message text. They may be logged and shown to anyone.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a caller may do about a fault.
type Kind uint8

// The kinds of fault.
const (
	Internal Kind = iota // a defect or an unknown cause
	Invalid              // the input is wrong; change it
	Refused              // not allowed for this purpose or role
	Missing              // there is no such thing
	Conflict             // it exists already, or changed in between
	Later                // try again; nothing is wrong with the input
	Tampered             // a record does not match its proof
)

func (k Kind) String() string {
	names := [...]string{"internal", "invalid", "refused", "missing", "conflict", "later", "tampered"}
	if int(k) >= len(names) {
		return "internal"
	}
	return names[k]
}

// Error is a fault. Make one with New and refine it with Where, Do and Because.
type Error struct {
	Op   string // the operation, as package.Function
	Kind Kind
	At   string // where: "units.csv row 17 column north", "criteria.yaml:12"
	Show string // what, in words safe to show
	Hint string // what to do about it
	Err  error  // the cause
}

// New makes a fault. The words must be safe to show to anyone.
func New(kind Kind, op, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Show: fmt.Sprintf(format, args...)}
}

// Where returns a copy of e that says where the trouble lies.
func (e *Error) Where(format string, args ...any) *Error {
	c := *e
	c.At = fmt.Sprintf(format, args...)
	return &c
}

// Do returns a copy of e that says what to do about it.
func (e *Error) Do(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Because returns a copy of e with its cause. The cause is for the operator's
// eyes and must not hold personal data either.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Error gives the whole fault in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.At != "" {
		b.WriteString(e.At + ": ")
	}
	b.WriteString(e.Show)
	if e.Show == "" {
		b.WriteString(e.Kind.String())
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost fault in err, or Internal for an
// error that is not ours.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Wrap adds an operation and words to err and keeps its kind. It returns nil
// for nil.
func Wrap(err error, op, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return New(KindOf(err), op, format, args...).Because(err)
}

// List is all faults of one input at once, so that they can be mended in one
// go. A nil or empty list is not an error: return it through Err.
type List []*Error

// Add appends a fault.
func (l *List) Add(e *Error) { *l = append(*l, e) }

// Err returns the list as an error, or nil if it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	errs := make([]error, len(l))
	for i, e := range l {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// All lists the faults of an error, which may be one, several joined, or none.
// What is no fault becomes one of kind Internal.
func All(err error, op string) List {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all List
		for _, e := range joined.Unwrap() {
			all = append(all, All(e, op)...)
		}
		return all
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return List{f}
	}
	return List{New(Internal, op, "unexpected").Because(err)}
}
