package coding

import (
	"slices"
	"strings"
)

// ValueSet is a set of codes. The zero ValueSet is empty. It does not change
// after it was made and may be read by many at once.
type ValueSet struct {
	Name    string // short name by which criteria call it; may be empty
	Address string // canonical address of FHIR; may be empty
	Version string
	Title   string

	codes map[Code]bool
	roots []Code // what begins with one of these is in it
}

// Pattern is a code, or with Below every code of the system that begins with
// it: "icd10|I10*" is I10 and all that lies under it.
type Pattern struct {
	Code  Code
	Below bool
}

// ParsePattern reads "icd10|I10.9" or "icd10|I10*".
func ParsePattern(s string) Pattern {
	below := strings.HasSuffix(strings.TrimSpace(s), "*")
	return Pattern{Parse(strings.TrimSuffix(strings.TrimSpace(s), "*")), below}
}

// String is the pattern as ParsePattern reads it.
func (p Pattern) String() string {
	if p.Below {
		return p.Code.String() + "*"
	}
	return p.Code.String()
}

// NewValueSet makes a set of patterns. One that stands twice counts once.
func NewValueSet(name string, patterns ...Pattern) *ValueSet {
	s := &ValueSet{Name: name, codes: map[Code]bool{}}
	for _, p := range patterns {
		s.add(p)
	}
	return s
}

func (s *ValueSet) add(p Pattern) {
	switch {
	case !p.Below:
		s.codes[p.Code] = true
	case !slices.Contains(s.roots, p.Code):
		s.roots = append(s.roots, p.Code)
	}
}

// Has reports whether the code is in the set.
func (s *ValueSet) Has(c Code) bool {
	if s == nil {
		return false
	}
	return s.codes[c] || slices.ContainsFunc(s.roots, func(r Code) bool {
		return r.System == c.System && strings.HasPrefix(c.Code, r.Code)
	})
}

// HasAny reports whether one of the codes is in the set.
func (s *ValueSet) HasAny(codes []Code) bool { return slices.ContainsFunc(codes, s.Has) }

// Patterns lists what the set holds, in order of the alphabet: a reader that
// looks codes up in sorted rows needs just these. It ends with no pattern of
// an empty set.
func (s *ValueSet) Patterns() []Pattern {
	if s == nil {
		return nil
	}
	list := make([]Pattern, 0, len(s.codes)+len(s.roots))
	for c := range s.codes {
		list = append(list, Pattern{c, false})
	}
	for _, r := range s.roots {
		list = append(list, Pattern{r, true})
	}
	slices.SortFunc(list, func(a, b Pattern) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// Len is the number of codes and patterns in the set.
func (s *ValueSet) Len() int {
	if s == nil {
		return 0
	}
	return len(s.codes) + len(s.roots)
}
