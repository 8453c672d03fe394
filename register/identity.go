package register

import (
	"encoding/json"
	"fmt"
	"strings"

	"ennakko/fault"
)

// FullName is a person's name as the population register has it. Its text form
// is masked.
type FullName struct {
	Family string `json:"family"`
	Given  string `json:"given"` // all given names, the one in use first
}

// Called is the given name in use.
func (n FullName) Called() string {
	first, _, _ := strings.Cut(n.Given, " ")
	return first
}

// Format hides the name from every verb of fmt.
func (FullName) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// Home is a person's address with the coordinates of the building, in
// EPSG:3879 metres. Its text form is masked.
type Home struct {
	Street     string   `json:"street,omitempty"`
	PostalCode string   `json:"postal_code,omitempty"`
	PostOffice string   `json:"post_office,omitempty"`
	North      *float64 `json:"north,omitempty"`
	East       *float64 `json:"east,omitempty"`
}

// Format hides the address from every verb of fmt.
func (Home) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, mask) }

// EncodeIdentity writes a name or a home for sealing.
func EncodeIdentity[T FullName | Home](v T) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// DecodeIdentity reads what EncodeIdentity wrote; "" is the zero value.
func DecodeIdentity[T FullName | Home](s string) (T, error) {
	var v T
	if s == "" {
		return v, nil
	}
	if json.Unmarshal([]byte(s), &v) != nil {
		return v, fault.New(fault.Tampered, "register.DecodeIdentity", "a stored name or address is not readable")
	}
	return v, nil
}
