package fhir

import (
	"math"

	"github.com/valyala/fastjson"

	"ennakko/clinical"
	"ennakko/coding"
)

// observation makes a record of the observation itself and one of each component
// that has a value. A panel without a value of its own is a record too: that it
// was made counts.
func (p *parser) observation(b *body) {
	b.rec.Kind = clinical.Observation
	if !p.status(b, "cancelled") || !p.codesOf(b, "code") {
		return
	}
	if !p.span(b, "effective") {
		m, ok := p.day(b, b.v, "effectiveInstant")
		if !ok {
			m, ok = p.timed(b, b.v.Get("effectiveTiming"))
		}
		if !ok {
			m, ok = p.day(b, b.v, "issued")
		}
		if ok {
			b.rec.From, b.rec.Until, b.rec.Minute = m.first, m.last, m.minute
		}
	}
	b.event()
	shared := b.rec
	there, good := p.value(b.v, &b.rec)
	if !good {
		b.fault = badValue
		return
	}
	for _, c := range b.v.GetArray("component") {
		r := shared
		r.Value, r.Unit, r.ValueCode = math.NaN(), "", coding.Code{}
		if r.Codes = p.concept(c.Get("code"), nil); len(r.Codes) == 0 {
			continue
		}
		has, good := p.value(c, &r)
		if !good {
			b.fault = badValue
			return
		}
		if has {
			b.more = append(b.more, r)
		}
	}
	switch {
	case there || len(b.more) > 0:
	case b.v.Exists("dataAbsentReason"):
		b.fault = refusal{"it was not observed: it has no value, and says why", ""}
	case b.rec.Status == "registered":
		b.fault = refusal{"it has no result yet: its status says that it was only registered", ""}
	}
}

// timed is from the first to the last of the times that a Timing names; it has no minute
// if it names several.
func (p *parser) timed(b *body, v *fastjson.Value) (out moment, ok bool) {
	for _, x := range v.GetArray("event") {
		m, good := parseMoment(x.GetStringBytes(), p.zone)
		if !good {
			b.fault = badDay
			return out, false
		}
		if !ok {
			out, ok = m, true
			continue
		}
		out.first, out.last, out.minute = min(out.first, m.first), max(out.last, m.last), clinical.NoMinute
	}
	return out, ok
}
