// Package coding holds what health records speak in: codes of code systems,
// sets of codes, and units of measurement with exact conversion.
//
// Sources: HL7 FHIR R4 terminology (hl7.org/fhir/R4/terminologies.html) for
// the addresses of code systems and the form of value sets; the Unified Code
// for Units of Measure (ucum.org) for units; koodistopalvelu.kanta.fi for the
// OIDs of the Finnish classifications.
package coding

import (
	"slices"
	"strings"
)

// Code is one code of one code system. The zero Code is none. Make one with
// New, so that two records of the same thing compare equal.
type Code struct {
	System string // short name ("loinc", "icd10"), or the address of a system that has none here
	Code   string
}

// system is a code system with its short name and the addresses it goes by.
type system struct {
	short     string
	addresses []string
	upper     bool // codes are written in capitals
	tree      bool // a longer code lies under the shorter one it begins with
}

// systems is the table of known systems. The first address is the one that
// FHIR R4 uses.
func systems() []system {
	return []system{
		{short: "loinc", addresses: []string{"http://loinc.org", "urn:oid:2.16.840.1.113883.6.1"}},
		{short: "snomed", addresses: []string{"http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96"}},
		{short: "icd10", upper: true, tree: true, addresses: []string{
			"http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm", "urn:oid:1.2.246.537.6.1",
			"urn:oid:2.16.840.1.113883.6.3", "urn:oid:2.16.840.1.113883.6.90"}},
		{short: "icd9", tree: true, addresses: []string{"http://hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.103"}},
		{short: "icpc2", upper: true, addresses: []string{"http://hl7.org/fhir/sid/icpc-2", "urn:oid:1.2.246.537.6.31"}},
		{short: "atc", upper: true, tree: true, addresses: []string{"http://www.whocc.no/atc", "urn:oid:1.2.246.537.6.32", "urn:oid:2.16.840.1.113883.6.73"}},
		{short: "rxnorm", addresses: []string{"http://www.nlm.nih.gov/research/umls/rxnorm", "urn:oid:2.16.840.1.113883.6.88"}},
		{short: "cvx", addresses: []string{"http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292"}},
		{short: "cpt", upper: true, addresses: []string{"http://www.ama-assn.org/go/cpt", "urn:oid:2.16.840.1.113883.6.12"}},
		{short: "hcpcs", upper: true, addresses: []string{"urn:oid:2.16.840.1.113883.6.285"}},
		{short: "cdt", upper: true, addresses: []string{"http://www.ada.org/cdt"}},
		{short: "ucum", addresses: []string{"http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"}},
		{short: "thl-procedure", upper: true, tree: true, addresses: []string{"urn:oid:1.2.246.537.6.2"}},
		{short: "fi-laboratory", addresses: []string{"urn:oid:1.2.246.537.6.3"}},
		{short: "act", addresses: []string{"http://terminology.hl7.org/CodeSystem/v3-ActCode"}},
		{short: "observation-category", addresses: []string{"http://terminology.hl7.org/CodeSystem/observation-category"}},
		{short: "discharge", addresses: []string{"http://terminology.hl7.org/CodeSystem/discharge-disposition"}},
		{short: "sex", addresses: []string{"http://hl7.org/fhir/administrative-gender"}},
	}
}

// known finds a system by its short name or any address.
func known(name string) (system, bool) {
	name = strings.TrimSuffix(name, "/")
	for _, s := range systems() {
		if s.short == name || slices.Contains(s.addresses, name) {
			return s, true
		}
	}
	return system{}, false
}

// SystemName is the short name of the system at an address. An address that is
// not known here is its own name.
func SystemName(address string) string {
	if s, ok := known(address); ok {
		return s.short
	}
	return address
}

// SystemAddress is the address that FHIR R4 uses for a short name; a name that
// is not known here is returned as it is.
func SystemAddress(name string) string {
	if s, ok := known(name); ok {
		return s.addresses[0]
	}
	return name
}

// New makes a code of a system's short name or address, written as the system
// writes it: blanks around are taken away, ICD-10, ICPC-2 and ATC are in
// capitals, and ICD-10 has its point after the third sign (I109 is I10.9).
func New(systemName, code string) Code {
	code = strings.TrimSpace(code)
	s, ok := known(strings.TrimSpace(systemName))
	if !ok {
		return Code{strings.TrimSpace(systemName), code}
	}
	if s.upper {
		code = strings.ToUpper(code)
	}
	if s.short == "icd10" && len(code) > 3 && !strings.ContainsAny(code, ".*+-&") {
		code = code[:3] + "." + code[3:]
	}
	return Code{s.short, code}
}

// Parse reads "loinc|8480-6" as New makes it. A text without a bar is a code
// of no system.
func Parse(s string) Code {
	name, code, ok := strings.Cut(s, "|")
	if !ok {
		return Code{Code: strings.TrimSpace(s)}
	}
	return New(name, code)
}

// IsZero reports whether there is no code.
func (c Code) IsZero() bool { return c == Code{} }

// String is the code as Parse reads it: "loinc|8480-6".
func (c Code) String() string {
	if c.IsZero() {
		return ""
	}
	return c.System + "|" + c.Code
}
