package fhir

import (
	"math"

	"github.com/valyala/fastjson"

	"ennakko/clinical"
	"ennakko/coding"
)

// medicine sets the codes of the medicine: given at once, contained, or in a
// Medication elsewhere.
func (p *parser) medicine(b *body) bool {
	if c := b.v.Get("medicationCodeableConcept"); c != nil {
		return p.codesOf(b, "medicationCodeableConcept")
	}
	to := b.v.GetStringBytes("medicationReference", "reference")
	if len(to) > 1 && to[0] == '#' {
		for _, c := range b.v.GetArray("contained") {
			if string(c.GetStringBytes("id")) == string(to[1:]) {
				b.rec.Codes = p.concept(c.Get("code"), nil)
			}
		}
		if len(b.rec.Codes) == 0 {
			b.fault = noCode
		}
		return b.fault.reason == ""
	}
	if b.med = refOf(to); b.med == 0 {
		b.fault = noCode
	}
	return b.fault.reason == ""
}

func (p *parser) medicationRequest(b *body) {
	b.rec.Kind = clinical.Medication
	if !p.status(b, "cancelled", "draft") || !ordered(b) || !p.medicine(b) {
		return
	}
	written, dated := p.day(b, b.v, "authoredOn")
	if dated {
		b.rec.From, b.rec.Minute = written.first, written.minute
	}
	ends := p.bounds(b)
	supply := b.v.Get("dispenseRequest")
	if !ends && dated {
		if days, ok := p.supplied(supply); ok {
			b.rec.Until, ends = written.last+days-1, true
		}
	}
	if !ends {
		if m, ok := p.day(b, supply.Get("validityPeriod"), "end"); ok {
			b.rec.Until, ends = m.last, true
		}
	}
	if s := b.rec.Status; !ends && (s == "stopped" || s == "completed") {
		b.event()
	}
}

// bounds sets the days by the dosage: from the first beginning to the last end.
func (p *parser) bounds(b *body) (ends bool) {
	until := clinical.Always
	for i, d := range b.v.GetArray("dosageInstruction") {
		v := d.Get("timing", "repeat", "boundsPeriod")
		if v == nil {
			continue
		}
		if m, ok := p.day(b, v, "start"); ok && (i == 0 || m.first < b.rec.From) {
			b.rec.From, b.rec.Minute = m.first, m.minute
		}
		if m, ok := p.day(b, v, "end"); ok && m.last > until {
			until = m.last
		}
	}
	if until != clinical.Always {
		b.rec.Until = until
	}
	return until != clinical.Always
}

// supplied is for how many days medicine was prescribed, repeats included.
func (p *parser) supplied(v *fastjson.Value) (int32, bool) {
	n, ok := p.number(v.Get("expectedSupplyDuration", "value"))
	if !ok || n <= 0 {
		return 0, false
	}
	switch string(v.GetStringBytes("expectedSupplyDuration", "code")) {
	case "d", "":
	case "wk":
		n *= 7
	default:
		return 0, false
	}
	if again, ok := p.number(v.Get("numberOfRepeatsAllowed")); ok && again > 0 {
		n *= 1 + again
	}
	const most = 100 * 366
	return int32(math.Ceil(n)), n <= most
}

func (p *parser) medicationStatement(b *body) {
	b.rec.Kind = clinical.Medication
	if !p.status(b, "not-taken", "intended") || !p.medicine(b) {
		return
	}
	if m, ok := p.day(b, b.v, "effectiveDateTime"); ok {
		b.rec.From, b.rec.Minute = m.first, m.minute
		if b.rec.Status != "active" {
			b.rec.Until = m.last
		}
	} else if !p.period(b, b.v.Get("effectivePeriod")) {
		if m, ok := p.day(b, b.v, "dateAsserted"); ok {
			b.rec.From, b.rec.Minute = m.first, m.minute
		}
	}
	if s := b.rec.Status; s == "completed" || s == "stopped" {
		b.event()
	}
}

// medication reads the codes of a Medication.
func (p *parser) medication(v *fastjson.Value) ([]coding.Code, refusal) {
	if string(v.GetStringBytes("status")) == "entered-in-error" {
		return nil, inError
	}
	codes := p.concept(v.Get("code"), nil)
	if len(codes) == 0 {
		return nil, noCode
	}
	return codes, refusal{}
}
