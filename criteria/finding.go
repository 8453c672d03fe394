package criteria

import (
	"errors"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
)

// Named is a criterion: a checked condition with its name in the pack.
type Named struct {
	Name    string
	Program *Program
}

// Set is the criteria of one pack. All of them must be met.
type Set struct {
	packHash string
	list     []Named
}

// NewSet joins criteria to a set. The hash of the pack goes into each finding.
func NewSet(packHash string, list ...Named) (*Set, error) {
	const op = "criteria.NewSet"
	if packHash == "" || len(list) == 0 {
		return nil, fault.New(fault.Invalid, op, "a set needs the hash of its pack and a criterion")
	}
	seen := map[string]bool{}
	for _, n := range list {
		if n.Name == "" || n.Program == nil || seen[n.Name] {
			return nil, fault.New(fault.Invalid, op, "a criterion has no name, no program, or a name that another has")
		}
		seen[n.Name] = true
	}
	return &Set{packHash, slices.Clone(list)}, nil
}

// Fields lists the fields that any criterion reads, in order of the alphabet.
func (s *Set) Fields() []string {
	var all []string
	for _, n := range s.list {
		all = append(all, n.Program.b.fields...)
	}
	return distinct(all)
}

// Reason is what one criterion made of the person. It names fields, never
// values.
type Reason struct {
	Criterion string   `json:"criterion"`
	Verdict   Verdict  `json:"verdict"`
	Fields    []string `json:"fields"`            // what the criterion reads
	Missing   []string `json:"missing,omitempty"` // with unknown: whose facts would decide
}

// Finding is what all criteria together say of a person as of a day. Only
// Set.Find makes one, and Restore reads a stored one back. The zero Finding is
// nobody's and is not met.
type Finding struct {
	person   person.ID
	verdict  Verdict
	reasons  []Reason
	asOf     time.Time
	packHash string
}

// Find evaluates every criterion. One that is not met makes the finding not
// met, whatever is unknown; else one that is unknown makes it unknown. A fault
// of one criterion is a fault for the person: there is no finding.
func (s *Set) Find(id person.ID, facts Facts, params Params, asOf time.Time) (Finding, error) {
	const op = "criteria.Find"
	if id == 0 {
		return Finding{}, fault.New(fault.Refused, op, "there is nobody to find anything of")
	}
	reasons := make([]Reason, 0, len(s.list))
	for _, n := range s.list {
		v, missing, err := n.Program.Eval(facts, params, asOf)
		if err != nil {
			return Finding{}, located(err, n.Name)
		}
		reasons = append(reasons, Reason{n.Name, v, n.Program.Fields(), missing})
	}
	return Finding{id, together(reasons), reasons, dayOf(asOf), s.packHash}, nil
}

func located(err error, criterion string) error {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok:
		return fault.Wrap(err, "criteria.Find", "the criterion %s has no result", criterion)
	case f.At == "":
		return f.Where("criterion %s", criterion)
	}
	return f.Where("criterion %s, %s", criterion, f.At)
}

func together(reasons []Reason) Verdict {
	all := Met
	for _, r := range reasons {
		switch r.Verdict {
		case NotMet:
			return NotMet
		case Unknown:
			all = Unknown
		}
	}
	return all
}

// Restore reads a finding back. It is the store's only door, and it refuses
// what Find could not have made.
func Restore(id person.ID, v Verdict, reasons []Reason, asOf time.Time, packHash string) (Finding, error) {
	bad := id == 0 || len(reasons) == 0 || asOf.IsZero() || packHash == ""
	for _, r := range reasons {
		_, err := ParseVerdict(string(r.Verdict))
		bad = bad || err != nil || r.Criterion == "" || len(r.Fields) == 0 || (r.Verdict == Unknown) != (len(r.Missing) > 0)
	}
	if bad || together(reasons) != v {
		return Finding{}, fault.New(fault.Tampered, "criteria.Restore", "the stored finding is not one that criteria can make")
	}
	return Finding{id, v, copied(reasons), dayOf(asOf), packHash}, nil
}

// Met reports whether every criterion is met.
func (f Finding) Met() bool { return f.verdict == Met }

// Verdict is what all criteria together say; "" for the zero Finding.
func (f Finding) Verdict() Verdict { return f.verdict }

// Person is whom the finding is about.
func (f Finding) Person() person.ID { return f.person }

// AsOf is the day as of which it was found, at midnight UTC.
func (f Finding) AsOf() time.Time { return f.asOf }

// PackHash is the hash of the pack whose criteria were evaluated.
func (f Finding) PackHash() string { return f.packHash }

// Reasons are what each criterion said, in the pack's order.
func (f Finding) Reasons() []Reason { return copied(f.reasons) }

// Because lists the criteria that said v.
func (f Finding) Because(v Verdict) []string {
	var names []string
	for _, r := range f.reasons {
		if r.Verdict == v {
			names = append(names, r.Criterion)
		}
	}
	return names
}

func copied(reasons []Reason) []Reason {
	c := slices.Clone(reasons)
	for i := range c {
		c[i].Fields, c[i].Missing = slices.Clone(c[i].Fields), slices.Clone(c[i].Missing)
	}
	return c
}
