package fhir

import (
	"bytes"

	"github.com/valyala/fastjson"

	"ennakko/person"
)

// Patient is a person as a Patient resource says it. It is personal data.
type Patient struct {
	ID       string // in the source
	Identity person.Code
	Born     Day    // not known: the day is not whole, or is not said
	Sex      string // m, f; "": not said, or neither
	Died     Day
	Deceased bool     // died; the day is Died, or not known
	SetAside SetAside // its place, should the caller not take it
}

// Day is days since 1970-01-01, if it is known.
type Day struct {
	Day   int32
	Known bool
}

// identityCodes is the address of Finnish personal identity codes.
const identityCodes = "urn:oid:1.2.246.21"

// patient reads a Patient.
func (p *parser) patient(v *fastjson.Value) (Patient, refusal) {
	id := v.GetStringBytes("id")
	if len(id) > 0 && !clean(id) {
		return Patient{}, refusal{"the id is not one", "an id has at most 64 letters, digits, points and hyphens"}
	}
	out := Patient{ID: string(id)}
	for _, l := range v.GetArray("link") {
		if string(l.GetStringBytes("type")) == "replaced-by" {
			return out, refusal{"the patient was replaced by another", ""}
		}
	}
	if b := v.GetStringBytes("birthDate"); len(b) > 0 {
		m, ok := parseMoment(b, nil)
		if !ok {
			return out, refusal{"the day of birth is not one", "write days as 2020-03-05; years are from 1850 to 2150"}
		}
		out.Born = Day{m.first, m.first == m.last}
	}
	switch string(v.GetStringBytes("gender")) {
	case "male":
		out.Sex = "m"
	case "female":
		out.Sex = "f"
	}
	if b := v.GetStringBytes("deceasedDateTime"); len(b) > 0 {
		m, ok := parseMoment(b, p.zone)
		if !ok {
			return out, refusal{"the day of death is not one", "write days as 2020-03-05; years are from 1850 to 2150"}
		}
		out.Died, out.Deceased = Day{m.last, m.first == m.last}, true
		if out.Born.Known && m.last < out.Born.Day {
			return out, refusal{"the day of death is before the birth", ""}
		}
	}
	out.Deceased = out.Deceased || v.GetBool("deceasedBoolean")
	for _, x := range v.GetArray("identifier") {
		if string(x.GetStringBytes("system")) != identityCodes {
			continue
		}
		if c, err := person.ParseCode(string(bytes.TrimSpace(x.GetStringBytes("value")))); err == nil {
			out.Identity = c
		}
	}
	return out, refusal{}
}

// like reports whether two resources say the same of a patient.
func (a *Patient) like(b *Patient) bool {
	return a.ID == b.ID && a.Identity.Reveal() == b.Identity.Reveal() && a.Born == b.Born && a.Sex == b.Sex && a.Died == b.Died && a.Deceased == b.Deceased
}
