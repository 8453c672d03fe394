// Package register reads the city's registers. What a register says about a
// person is a dated fact with a field, a value and a source; values come out
// sealed, only under a grant, and only after the reading is on the record.
package register

import (
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Kind is the kind of value that a field holds.
type Kind uint8

// The kinds of value, with the Go type of Fact.Value.
const (
	Text   Kind = iota // string
	Date               // time.Time at midnight UTC
	Number             // float64
	YesNo              // bool
	Person             // person.ID
	Hidden             // string; kept sealed at rest, never seen by criteria
	Record             // clinical.Record with one of its codes; criteria read them as concepts, not by the field's name
)

// Absence says what it means that a register holds no fact of a field.
type Absence uint8

// The meanings of absence.
const (
	Unknown Absence = iota // nobody knows: a criterion that needs it is unknown
	None                   // the register is complete: there is none
)

// FieldSpec describes one field of one register.
type FieldSpec struct {
	Field    permission.Field
	Register string
	Kind     Kind
	Absent   Absence
	Purpose  string // what the field is, in plain words, for the catalogue
}

// The fields that the program itself names.
const (
	BirthDate       permission.Field = "population.birth_date"
	DeathDate       permission.Field = "population.death_date"
	Sex             permission.Field = "population.sex"
	MotherTongue    permission.Field = "population.mother_tongue"
	ContactLanguage permission.Field = "population.contact_language"
	Municipality    permission.Field = "population.municipality"
	District        permission.Field = "population.district"
	Dwelling        permission.Field = "population.dwelling"
	MovedIn         permission.Field = "population.moved_in"
	MovedOut        permission.Field = "population.moved_out"
	NonDisclosure   permission.Field = "population.non_disclosure"
	GuardianOf      permission.Field = "guardianship.guardian"
	EducationUnit   permission.Field = "early_education.unit"
	EducationLang   permission.Field = "early_education.language"
	Provider        permission.Field = "early_education.provider"
	Decision        permission.Field = "early_education.decision"
	Code            permission.Field = "population.code"
	Name            permission.Field = "population.name"
	Address         permission.Field = "population.address"
	Mobile          permission.Field = "contacts.mobile"
	CareFound       permission.Field = "care.found"
	CareGap         permission.Field = "care.gap"
	Invited         permission.Field = "invitation.sent"
	Declined        permission.Field = "invitation.declined"
	FeeUndecided    permission.Field = "fee.undecided"
	FeeEnds         permission.Field = "fee.permission_ends"
	HealthRead      permission.Field = "health.read" // the fields of records are clinical.Kind.Field
)

// Fields is the catalogue of all fields in their fixed order.
func Fields() []FieldSpec {
	return []FieldSpec{
		{BirthDate, "population", Date, Unknown, "day of birth"},
		{DeathDate, "population", Date, None, "day of death"},
		{Sex, "population", Text, Unknown, "sex, m or f"},
		{MotherTongue, "population", Text, Unknown, "mother tongue"},
		{ContactLanguage, "population", Text, Unknown, "language in which the person wants to be written to"},
		{Municipality, "population", Text, Unknown, "municipality of residence"},
		{District, "population", Text, None, "district of residence"},
		{Dwelling, "population", Text, None, "dwelling, as a number that means nothing outside"},
		{MovedIn, "population", Date, None, "day of moving to the present address"},
		{MovedOut, "population", Date, None, "day of moving out of the city"},
		{NonDisclosure, "population", YesNo, Unknown, "non-disclosure for personal safety"},
		{GuardianOf, "guardianship", Person, None, "grown-ups who act for the child or live with it"},
		{EducationUnit, "early_education", Text, None, "unit of early education"},
		{EducationLang, "early_education", Text, None, "language of instruction"},
		{Provider, "early_education", Text, None, "municipal or private"},
		{Decision, "early_education", Text, None, "decision on pre-primary education already made"},
		{Code, "population", Hidden, Unknown, "personal identity code"},
		{Name, "population", Hidden, Unknown, "names"},
		{Address, "population", Hidden, None, "address and coordinates of the home"},
		{Mobile, "contacts", Hidden, None, "mobile number"},
		{CareFound, "care", Date, None, "day as of which a run of the care library found something undone"},
		{CareGap, "care", Number, None, "what is undone: the criterion's name beside the expected benefit, from 0 to 1,000"},
		{Invited, "invitation", Date, None, "day on which this service asked the person"},
		{Declined, "invitation", Date, None, "day on which the person said no to this service"},
		{FeeUndecided, "fee", Date, None, "day on which a matter of a fee was opened in which the person has not chosen a way yet"},
		{FeeEnds, "fee", Date, None, "day on which a permission of the person ends that they were asked for anew and have not answered about"},
		{HealthRead, "health", Date, Unknown, "that the person's health record was read, and as of when"},
		{"health.condition", "health", Record, Unknown, "diagnoses and problems"},
		{"health.observation", "health", Record, Unknown, "measurements, laboratory results and other observations"},
		{"health.medication", "health", Record, Unknown, "prescribed medicines and medicines in use"},
		{"health.procedure", "health", Record, Unknown, "procedures and examinations that were done"},
		{"health.encounter", "health", Record, Unknown, "visits and stays"},
		{"health.immunization", "health", Record, Unknown, "vaccinations that were given"},
		{"health.allergy", "health", Record, Unknown, "allergies and intolerances"},
		{"health.referral", "health", Record, Unknown, "referrals and orders of services"},
		{"health.coverage", "health", Record, Unknown, "insurances and who pays"},
	}
}

// Spec finds a field in the catalogue.
func Spec(f permission.Field) (FieldSpec, bool) {
	for _, s := range Fields() {
		if s.Field == f {
			return s, true
		}
	}
	return FieldSpec{}, false
}

// Fact is what a register says of one field of one person.
type Fact struct {
	From, Until time.Time // zero: not known, or open
	Value       any       // by the field's kind
	Qualifier   string    // "joint,parent,lives" for a guardian; else empty
}

// Day is the number of days since 1970-01-01.
func Day(t time.Time) int32 { return int32(t.Unix() / 86400) }

// DayTime is the day at midnight UTC.
func DayTime(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// GuardianTerms is the qualifier of a guardian: custody, role, and whether the
// guardian lives with the child.
func GuardianTerms(c person.Custody, r person.Role, livesWith bool) string {
	home := "apart"
	if livesWith {
		home = "lives"
	}
	return string(c) + "," + string(r) + "," + home
}

// ParseGuardian reads a fact of GuardianOf.
func ParseGuardian(f Fact) (person.Guardianship, error) {
	id, ok := f.Value.(person.ID)
	parts := strings.Split(f.Qualifier, ",")
	if !ok || len(parts) != 3 {
		return person.Guardianship{}, fault.New(fault.Internal, "register.ParseGuardian", "a stored guardianship is not readable")
	}
	return person.Guardianship{Guardian: id, Custody: person.Custody(parts[0]), Role: person.Role(parts[1]), LivesIn: parts[2] == "lives"}, nil
}
