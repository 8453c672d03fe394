// Package permission decides which fields of which people may be read, for
// which purpose. A Grant is the only key that opens a register, and Check is
// the only maker of grants.
//
// Sources: GDPR articles 5(1)(b)-(c), 6 and 21 (Regulation (EU) 2016/679).
package permission

import (
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

// Field is one column of one register, such as "population.birth_date".
type Field string

// Spec is what a purpose is made of.
type Spec struct {
	ID         string                     // "pre-primary"
	Name       map[person.Language]string // for the resident, in all three languages
	Why        map[person.Language]string // what the data is used for, in plain words
	Basis      string                     // the provision of the GDPR: "GDPR 6(1)(e)"
	Law        string                     // the statutory task: "Basic Education Act 628/1998, section 26 a"
	Controller string                     // who answers for it
	Fields     []Field                    // the most that may be read
	Until      time.Time                  // the purpose ends at this moment
	Retention  string                     // how long what is made of it is kept
	Objection  bool                       // the law gives a right to object (GDPR 21)
	Conditions []Condition                // what must hold beside the provision; looked at again at each use
}

// Purpose is what data may be used for, with its basis in law. Only NewPurpose
// makes one.
type Purpose struct {
	spec Spec
}

// NewPurpose checks that the purpose is whole: an id, a name and a reason in
// Finnish, Swedish and English, a basis, a law, a controller, fields and an end.
func NewPurpose(s Spec) (Purpose, error) {
	const op = "permission.NewPurpose"
	var l fault.List
	need := func(ok bool, what string) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, "the purpose has no %s", what))
		}
	}
	need(s.ID != "", "id")
	for _, lang := range person.Languages() {
		need(s.Name[lang] != "", "name in "+string(lang))
		need(s.Why[lang] != "", "reason (why) in "+string(lang))
	}
	need(s.Basis != "", "legal basis")
	need(s.Law != "", "law")
	need(s.Controller != "", "controller")
	need(len(s.Fields) > 0, "fields")
	need(!s.Until.IsZero(), "end (until)")
	need(s.Retention != "", "retention")
	need(len(s.Conditions) == 0 || has(s.Conditions, OwnPermission), "condition "+string(OwnPermission)+", without which nobody looks at the others")
	checkConditions(&l, op, s.Conditions)
	if err := l.Err(); err != nil {
		return Purpose{}, err
	}
	s.Name, s.Why, s.Fields = maps.Clone(s.Name), maps.Clone(s.Why), slices.Clone(s.Fields)
	s.Conditions = cloneConditions(s.Conditions)
	return Purpose{s}, nil
}

// ID is the purpose's id, as it stands in acts.
func (p Purpose) ID() string { return p.spec.ID }

// Name is the purpose's name for a resident.
func (p Purpose) Name(l person.Language) string { return p.spec.Name[l] }

// Why says in plain words what the data is used for.
func (p Purpose) Why(l person.Language) string { return p.spec.Why[l] }

// Basis is the provision of the GDPR.
func (p Purpose) Basis() string { return p.spec.Basis }

// Law is the statutory task.
func (p Purpose) Law() string { return p.spec.Law }

// LegalBasis is the provision and the statutory task in one line, as an act
// carries it.
func (p Purpose) LegalBasis() string { return p.spec.Basis + "; " + p.spec.Law }

// Controller is who answers for the use of the data.
func (p Purpose) Controller() string { return p.spec.Controller }

// Retention says how long what is made of the data is kept.
func (p Purpose) Retention() string { return p.spec.Retention }

// Until is when the purpose ends.
func (p Purpose) Until() time.Time { return p.spec.Until }

// Fields is a copy of the most that may be read.
func (p Purpose) Fields() []Field { return slices.Clone(p.spec.Fields) }

// Objection reports whether the law gives the person a right to object.
func (p Purpose) Objection() bool { return p.spec.Objection }

// Conditions is a copy of what must hold beside the provision.
func (p Purpose) Conditions() []Condition { return cloneConditions(p.spec.Conditions) }

// Needs reports whether the condition is part of the basis.
func (p Purpose) Needs(k ConditionKind) bool { return has(p.spec.Conditions, k) }

// People is who a grant is for: everyone in the registers, or a named set.
type People struct {
	set *roaring.Bitmap
	all bool
}

// Everyone is all people in the registers.
func Everyone() People { return People{all: true} }

// Only is the people of a set, which is copied.
func Only(set *roaring.Bitmap) People { return People{set: set.Clone()} }

// Just is the people named.
func Just(ids ...person.ID) People {
	set := roaring.New()
	for _, id := range ids {
		set.Add(uint32(id))
	}
	return People{set: set}
}

// Grant is proof that a permission was checked: it is the list of fields and
// the set of people. The zero Grant opens nothing.
type Grant struct {
	_       [0]func() // neither comparable nor a map key
	act     audit.Act
	purpose Purpose
	fields  []Field
	people  People
	except  *roaring.Bitmap
	own     *standing // nil: the purpose needs nobody's own permission
}

// Check returns a grant for exactly the fields and people needed, or a refusal
// that says why. Objecting is the set of people whom the purpose may not touch
// (nil: nobody); they are taken out of the grant. A purpose that needs the
// person's own permission is refused: CheckStanding grants it.
func Check(act audit.Act, p Purpose, need []Field, who People, objecting *roaring.Bitmap) (Grant, error) {
	if p.Needs(OwnPermission) {
		return Grant{}, fault.New(fault.Refused, "permission.Check", "the purpose %q needs each person's own permission", p.ID()).Do("ask the ledger of permissions: CheckStanding")
	}
	return check(act, p, need, who, objecting)
}

func check(act audit.Act, p Purpose, need []Field, who People, objecting *roaring.Bitmap) (Grant, error) {
	const op = "permission.Check"
	switch {
	case act.IsZero():
		return Grant{}, fault.New(fault.Refused, op, "no act was begun")
	case p.ID() == "":
		return Grant{}, fault.New(fault.Refused, op, "no purpose was given")
	case act.Purpose() != p.ID():
		return Grant{}, fault.New(fault.Refused, op, "the act is for %q, the permission is for %q", act.Purpose(), p.ID())
	case !act.At().Before(p.Until()):
		return Grant{}, fault.New(fault.Refused, op, "the purpose %q ended on %s", p.ID(), p.Until().Format(time.DateOnly))
	case len(need) == 0:
		return Grant{}, fault.New(fault.Refused, op, "no field was asked for")
	case !who.all && who.set == nil:
		return Grant{}, fault.New(fault.Refused, op, "no people were named")
	}
	for _, f := range need {
		if !slices.Contains(p.spec.Fields, f) {
			return Grant{}, fault.New(fault.Refused, op, "the purpose %q does not cover field %q", p.ID(), f).Do("ask only for the fields that the purpose names")
		}
	}
	if objecting == nil {
		objecting = roaring.New()
	}
	return Grant{act: act, purpose: p, fields: slices.Clone(need), people: who, except: objecting.Clone()}, nil
}

// IsZero reports whether the grant did not come from Check.
func (g Grant) IsZero() bool { return g.act.IsZero() }

// Act is the act that the grant was checked for.
func (g Grant) Act() audit.Act { return g.act }

// Purpose is what the reading is for.
func (g Grant) Purpose() Purpose { return g.purpose }

// Fields is a copy of the granted fields: a source reads these and no others.
func (g Grant) Fields() []Field { return slices.Clone(g.fields) }

// Allows reports whether the grant opens the field of this person. Where the
// purpose needs the person's own permission, it opens only what belongs to
// those whose permission stood when Still last looked at them.
func (g Grant) Allows(f Field, id person.ID) bool {
	return !g.IsZero() && slices.Contains(g.fields, f) && g.covers(id)
}

func (g Grant) covers(id person.ID) bool {
	if g.except.Contains(uint32(id)) || g.own != nil && !g.own.stood(id) {
		return false
	}
	return g.people.all || g.people.set.Contains(uint32(id))
}

// Cut returns the people of a set that the grant covers.
func (g Grant) Cut(set *roaring.Bitmap) *roaring.Bitmap {
	if g.IsZero() {
		return roaring.New()
	}
	out := roaring.AndNot(set, g.except)
	if !g.people.all {
		out.And(g.people.set)
	}
	return out
}

// Named returns the set of people whom the grant names, less those who object;
// ok is false when it is for everyone in the registers.
func (g Grant) Named() (set *roaring.Bitmap, ok bool) {
	if g.IsZero() || g.people.all {
		return nil, false
	}
	return g.Cut(g.people.set), true
}
