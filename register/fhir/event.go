package fhir

import (
	"io"
	"strings"
	"time"

	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/person"
)

// Event is one resource as it is sent when something happens. It is personal
// data.
type Event struct {
	Type     string
	Patient  string            // the patient's id in the source, "" if only Identity is said
	Identity person.Code       // the patient's identity code, if the resource says it
	Visit    string            // the visit in which it happened, "Encounter/12"; "": none is said
	Records  []clinical.Record // without Person, Encounter and Group
}

// mostEvent is how many bytes one resource may have.
const mostEvent = 1 << 20

// ReadEvent reads one resource of a type that is imported. Zone is as for Open. A
// resource that an import would set aside is a fault of kind Invalid that says
// why and repeats nothing of it.
func ReadEvent(r io.Reader, zone *time.Location) (Event, error) {
	const op = "fhir.ReadEvent"
	refused := func(x refusal) (Event, error) {
		hint := x.hint
		if hint == "" {
			hint = "see docs/registers.md, FHIR"
		}
		return Event{}, fault.New(fault.Invalid, op, "the resource does not come in: %s", x.reason).Do("%s", hint)
	}
	raw, err := io.ReadAll(io.LimitReader(r, mostEvent+1))
	if err != nil {
		return Event{}, fault.Wrap(err, op, "the resource cannot be read")
	}
	if len(raw) > mostEvent {
		return refused(refusal{"it is larger than 1 MiB", "send one resource at a time"})
	}
	p := newParser(zone)
	in := p.parse(raw, false)
	if in.fault.reason != "" {
		return refused(in.fault)
	}
	if reads(in.typ) == nil {
		return refused(refusal{"its type is not one that is read", "Condition, Observation, MedicationRequest, MedicationStatement, Procedure, Encounter, Immunization, AllergyIntolerance, ServiceRequest and Coverage are; send one at a time"})
	}
	b := p.resource(in.typ, in.v)
	if b.fault.reason != "" {
		return refused(b.fault)
	}
	if b.med != 0 {
		return refused(refusal{"its medicine stands in another resource", "give the code in medicationCodeableConcept, or contain the Medication"})
	}
	out := Event{Type: in.typ, Records: append([]clinical.Record{b.rec}, b.more...)}
	out.Patient = named(in.v.GetStringBytes(b.subject, "reference"), "Patient")
	id := in.v.Get(b.subject, "identifier")
	if sys := string(id.GetStringBytes("system")); sys == identityCodes {
		if out.Identity, err = person.ParseCode(string(id.GetStringBytes("value"))); err != nil {
			return refused(refusal{"the identity code of its patient is not one", ""})
		}
	}
	if out.Patient == "" && out.Identity.IsZero() {
		return refused(refusal{"it does not say of whom it is", "a reference to a Patient is needed: Patient/id, or the identifier of the system " + identityCodes})
	}
	switch in.typ {
	case "Encounter":
	case "MedicationStatement":
		out.Visit = named(in.v.GetStringBytes("context", "reference"), "Encounter")
	default:
		out.Visit = named(in.v.GetStringBytes("encounter", "reference"), "Encounter")
	}
	if out.Visit != "" {
		out.Visit = "Encounter/" + out.Visit
	}
	return out, nil
}

// named is the id in a reference to a resource of a type; "" if it is none.
func named(reference []byte, typ string) string {
	s, _, _ := strings.Cut(string(reference), "/_history/")
	parts := strings.Split(s, "/")
	if n := len(parts); clean(reference) && n >= 2 && parts[n-2] == typ {
		return parts[n-1]
	}
	return ""
}
