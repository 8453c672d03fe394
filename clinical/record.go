// Package clinical holds the record: one thing that a health record says of
// one person, whatever source it came from. Registers make records; criteria
// turn them into the facts of concepts.
package clinical

import (
	"math"

	"ennakko/coding"
	"ennakko/fault"
	"ennakko/person"
)

// Kind is what a record is a record of.
type Kind uint8

// The kinds of record. The zero Kind is none.
const (
	_ Kind = iota
	Condition
	Observation
	Medication
	Procedure
	Encounter
	Immunization
	Allergy
	Referral
	Coverage
)

// Kinds lists all kinds in their order.
func Kinds() []Kind {
	return []Kind{Condition, Observation, Medication, Procedure, Encounter, Immunization, Allergy, Referral, Coverage}
}

func (k Kind) String() string {
	names := [...]string{"none", "condition", "observation", "medication", "procedure", "encounter", "immunization", "allergy", "referral", "coverage"}
	if int(k) >= len(names) {
		return names[0]
	}
	return names[k]
}

// ParseKind reads "condition", "observation" and so on.
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if k.String() == s {
			return k, nil
		}
	}
	return 0, fault.New(fault.Invalid, "clinical.ParseKind", "there is no such kind of record").
		Do("kinds: condition, observation, medication, procedure, encounter, immunization, allergy, referral, coverage")
}

// Field is the name of the field of the register of health that keeps records
// of the kind: "health.condition".
func (k Kind) Field() string { return "health." + k.String() }

// Bounds of the days of a record, in days since 1970-01-01.
const (
	Always int32 = math.MinInt32 // From: the first day is not known
	Open   int32 = math.MaxInt32 // Until: it lasts
)

// Said is the ValueCode of an observation whose value is neither a number nor
// coded, as a text is: that there is a value counts, what it says is not kept.
func Said() coding.Code { return coding.Code{System: "text", Code: "said"} }

// NewGroups is where the Group of resources begins that came in since the newest
// snapshot: those of a snapshot are less.
const NewGroups uint32 = 1 << 31

// NoMinute is the Minute of a record whose time of day is not known.
const NoMinute int32 = -1

// Record is one thing that a health record says of a person. An observation
// with components is one record for itself (if it has a value) and one for
// each component; all of them have the same Group. A record is personal data:
// it stays inside the process that may read it.
type Record struct {
	Person    person.ID
	Kind      Kind
	Codes     []coding.Code // every coding of the resource, made with coding.New
	From      int32         // first day since 1970-01-01, by the local calendar; Always: not known
	Until     int32         // last day, itself included; Open: it lasts. Events of one day: Until == From
	Minute    int32         // minute of the day From, NoMinute if only the day is known
	Value     float64       // as it was given, in Unit; NaN: none
	Unit      string        // UCUM code; "": none
	ValueCode coding.Code   // coded value of an observation; Said: it has another value
	Status    string        // final, active, completed, ... as FHIR says it
	Class     string        // class of the encounter that it is, or in which it happened: AMB, IMP, EMER, HH, VR, ...
	Encounter uint32        // number of that encounter within the person, 0: none
	Group     uint32        // number of the resource within the person, from 1
	Source    string        // register and resource, "Observation/abc": for the trace, never for a log
}
