package fhir

import (
	"math"
	"time"

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
		b.rec.Until, ends = p.dosed(b, written.last)
	}
	if !ends && dated {
		times := 1.0
		if again, ok := p.number(supply.Get("numberOfRepeatsAllowed")); ok && again > 0 {
			times += again
		}
		b.rec.Until, ends = p.lasts(supply.Get("expectedSupplyDuration"), written.last, times)
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

// dosed is the last day of what the dosage says of its own length, from a day on; open if
// it says none.
func (p *parser) dosed(b *body, from int32) (last int32, ok bool) {
	last = clinical.Always
	for _, d := range b.v.GetArray("dosageInstruction") {
		if until, said := p.lasts(d.Get("timing", "repeat", "boundsDuration"), from, 1); said && until > last {
			last = until
		}
	}
	if last == clinical.Always {
		return clinical.Open, false
	}
	return last, true
}

// mostDays is the longest time that a medicine may be for.
const mostDays = 100 * 366

// lasts is the last day of a Duration, so many times over, that begins on a day; open if
// it is none in days, weeks, months or years. Months and years go by the calendar.
func (p *parser) lasts(v *fastjson.Value, from int32, times float64) (int32, bool) {
	n, ok := p.number(v.Get("value"))
	if n *= times; !ok || n <= 0 || n > mostDays {
		return clinical.Open, false
	}
	unit := string(v.GetStringBytes("code"))
	switch unit {
	case "wk":
		n *= 7
	case "mo", "a":
		if n != math.Trunc(n) {
			return clinical.Open, false
		}
		begin, months := time.Unix(int64(from)*86400, 0).UTC(), int(n)
		if unit == "a" {
			months *= 12
		}
		n = begin.AddDate(0, months, 0).Sub(begin).Hours() / 24
	case "d", "":
	default:
		return clinical.Open, false
	}
	if n > mostDays {
		return clinical.Open, false
	}
	return from + int32(math.Ceil(n)) - 1, true
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
