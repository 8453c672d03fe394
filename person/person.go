// Package person holds the words for people: a person's number, the Finnish
// personal identity code, contact languages, and who acts for whom.
package person

import "ennakko/fault"

// ID is a person's number in this city's own records. It is given at the first
// import, means nothing outside, and is what facts and sets of people carry.
// Zero is nobody.
type ID uint32

// Nobody is the first number that no person ever has: they stand where people
// were erased, so that what is counted stays.
const Nobody ID = 1 << 31

// Known reports whether the number may be a person's.
func (id ID) Known() bool { return id > 0 && id < Nobody }

// Language is one of the three languages in which a resident is served.
type Language string

// The languages of service.
const (
	Finnish Language = "fi"
	Swedish Language = "sv"
	English Language = "en"
)

// Languages lists the languages of service in their fixed order.
func Languages() []Language { return []Language{Finnish, Swedish, English} }

// ParseLanguage reads "fi", "sv" or "en".
func ParseLanguage(s string) (Language, error) {
	switch l := Language(s); l {
	case Finnish, Swedish, English:
		return l, nil
	}
	return "", fault.New(fault.Invalid, "person.ParseLanguage", "the contact language is not fi, sv or en").Do("use fi, sv or en")
}

// Custody says whether a guardian decides about the child.
type Custody string

// The kinds of custody. Source: Act on Child Custody and Right of Access
// (361/1983), sections 5, 6 and 9.
const (
	JointCustody Custody = "joint" // decides together with another guardian
	SoleCustody  Custody = "sole"  // decides alone
	NoCustody    Custody = "none"  // a foster parent or a parent without custody
)

// Role says what a guardian is to the child.
type Role string

// The roles.
const (
	Parent       Role = "parent"
	FosterParent Role = "foster"
	Guardian     Role = "guardian" // appointed by a court
	// Partner is the spouse or partner of a parent with whom the child lives, and no
	// parent of the child: of its household, and deciding nothing about it.
	Partner Role = "partner"
)

// Guardianship ties a child to a grown-up.
type Guardianship struct {
	Guardian ID
	Custody  Custody
	Role     Role
	LivesIn  bool // lives with the child
}

// Decides reports whether the guardian may answer for the child.
func (g Guardianship) Decides() bool { return g.Custody == JointCustody || g.Custody == SoleCustody }
