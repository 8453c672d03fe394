package register

import (
	"fmt"
	"log/slog"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Sealed is a personal value. It does not print, log or marshal, and opens
// only with a grant for its field and its person. The value stands behind a
// pointer, because fmt cannot call methods on unexported fields.
type Sealed[T any] struct {
	field permission.Field
	id    person.ID
	v     *box[T]
}

type box[T any] struct{ v T }

const mask = "[sealed]"

// Seal wraps a value of one field of one person.
func Seal[T any](f permission.Field, id person.ID, v T) Sealed[T] {
	return Sealed[T]{f, id, &box[T]{v}}
}

// Open returns the value if the grant covers the field and the person.
func (s Sealed[T]) Open(g permission.Grant) (T, error) {
	var zero T
	if s.v == nil {
		return zero, fault.New(fault.Missing, "register.Open", "there is no value")
	}
	if !g.Allows(s.field, s.id) {
		return zero, fault.New(fault.Refused, "register.Open", "the grant does not open %q of this person", s.field)
	}
	return s.v.v, nil
}

// String hides the value.
func (Sealed[T]) String() string { return mask }

// GoString hides the value.
func (Sealed[T]) GoString() string { return mask }

// Format hides the value from every verb of fmt.
func (Sealed[T]) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// LogValue hides the value from slog.
func (Sealed[T]) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText hides the value from text encoders.
func (Sealed[T]) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON hides the value from JSON.
func (Sealed[T]) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }
