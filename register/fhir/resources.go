package fhir

import (
	"math"
	"slices"

	"github.com/valyala/fastjson"

	"ennakko/clinical"
	"ennakko/coding"
)

// Reasons and hints that several resources share.
var (
	inError    = refusal{"it was entered in error", ""}
	notHappen  = refusal{"it has not happened: its status says that it was not done, was cancelled, or is still to come", ""}
	noOrder    = refusal{"it is no order: its intent is a plan, a proposal or an option", ""}
	noCode     = refusal{"it has no code of a code system", "a text alone says nothing to a program: give it a coding with system and code"}
	badDay     = refusal{"a day or time is not one", "write it as 2020-03-05 or 2020-03-05T10:30:00+02:00; years are from 1850 to 2150"}
	badValue   = refusal{"the value cannot be read", "a quantity has a number, and < <= > >= or nothing before it"}
	endsBefore = refusal{"it ends before it begins", ""}
	noStatus   = refusal{"the status is missing", ""}
)

// body is a resource under reading.
type body struct {
	v       *fastjson.Value
	rec     clinical.Record // what all its records share
	more    []clinical.Record
	subject string // the element that names the patient
	med     ref    // a Medication elsewhere that says the code
	fault   refusal
}

// reads says how each type of resource becomes records.
func reads(typ string) func(*parser, *body) {
	switch typ {
	case "Condition":
		return (*parser).condition
	case "Observation":
		return (*parser).observation
	case "MedicationRequest":
		return (*parser).medicationRequest
	case "MedicationStatement":
		return (*parser).medicationStatement
	case "Procedure":
		return (*parser).procedure
	case "Encounter":
		return (*parser).encounter
	case "Immunization":
		return (*parser).immunization
	case "AllergyIntolerance":
		return (*parser).allergy
	case "ServiceRequest":
		return (*parser).serviceRequest
	case "Coverage":
		return (*parser).coverage
	}
	return nil
}

// resource reads one resource of a type that reads knows.
func (p *parser) resource(typ string, v *fastjson.Value) body {
	b := body{v: v, subject: "subject", rec: clinical.Record{From: clinical.Always, Until: clinical.Open, Minute: clinical.NoMinute, Value: math.NaN()}}
	id := v.GetStringBytes("id")
	switch {
	case len(v.GetArray("modifierExtension")) > 0:
		b.fault = refusal{"it has a modifier extension, which may turn its meaning round", ""}
	case v.Exists("implicitRules"):
		b.fault = refusal{"it follows implicit rules that are not known here", ""}
	case !clean(id):
		b.fault = refusal{"the id is not one", "an id has at most 64 letters, digits, points and hyphens"}
	}
	if b.fault.reason != "" {
		return b
	}
	b.rec.Source = typ
	if len(id) > 0 {
		b.rec.Source = typ + "/" + string(id)
	}
	reads(typ)(p, &b)
	if b.fault.reason == "" && b.rec.From != clinical.Always && b.rec.Until < b.rec.From {
		b.fault = endsBefore
	}
	return b
}

// status takes the status over, and refuses those that are listed.
func (p *parser) status(b *body, not ...string) bool {
	s := b.v.GetStringBytes("status")
	switch {
	case len(s) == 0 || !clean(s):
		b.fault = noStatus
	case string(s) == "entered-in-error":
		b.fault = inError
	case slices.Contains(not, string(s)):
		b.fault = notHappen
	}
	b.rec.Status = p.word(s)
	return b.fault.reason == ""
}

func (p *parser) codesOf(b *body, element string) bool {
	if b.rec.Codes = p.concept(b.v.Get(element), nil); len(b.rec.Codes) == 0 {
		b.fault = noCode
	}
	return b.fault.reason == ""
}

// day reads an element that is a date or dateTime.
func (p *parser) day(b *body, v *fastjson.Value, element string) (moment, bool) {
	x := v.GetStringBytes(element)
	if len(x) == 0 {
		return moment{}, false
	}
	m, ok := parseMoment(x, p.zone)
	if !ok {
		b.fault = badDay
	}
	return m, ok
}

// span sets the days by name+"DateTime" or name+"Period". An event of a day that
// is only partly known covers all days that it may have been.
func (p *parser) span(b *body, name string) bool {
	if m, ok := p.day(b, b.v, name+"DateTime"); ok {
		b.rec.From, b.rec.Until, b.rec.Minute = m.first, m.last, m.minute
		return true
	}
	return p.period(b, b.v.Get(name+"Period"))
}

// period sets the days by a Period; without its end it lasts.
func (p *parser) period(b *body, v *fastjson.Value) bool {
	if v == nil {
		return false
	}
	start, begins := p.day(b, v, "start")
	end, ends := p.day(b, v, "end")
	if begins {
		b.rec.From, b.rec.Minute = start.first, start.minute
	}
	if ends {
		b.rec.Until = end.last
	}
	return begins || ends
}

// event makes what lasted without an end one of its first day: it is over, and
// nobody said when it ended. What has no day at all was before all days: that it
// was is known, and it lies in no period.
func (b *body) event() {
	if b.rec.Until == clinical.Open {
		b.rec.Until = b.rec.From
	}
}

func (p *parser) condition(b *body) {
	b.rec.Kind = clinical.Condition
	p.site(b)
	p.ill(b, "onset", "abatement")
}

// site keeps where on the body it is, as the coded value: "left", or "left breast".
func (p *parser) site(b *body) {
	for _, s := range b.v.GetArray("bodySite") {
		for _, x := range s.GetArray("coding") {
			if b.rec.ValueCode = p.code(x); !b.rec.ValueCode.IsZero() {
				return
			}
		}
	}
}

// ill sets status and days of what lasts until it is said to be over.
func (p *parser) ill(b *body, onset, abatement string) {
	verified, state := first(b.v.Get("verificationStatus")), first(b.v.Get("clinicalStatus"))
	switch string(verified) {
	case "entered-in-error":
		b.fault = inError
		return
	case "refuted":
		b.fault = refusal{"it was refuted", ""}
		return
	}
	if !clean(verified) || !clean(state) || !p.codesOf(b, "code") {
		b.fault = cmpFault(b.fault, noStatus)
		return
	}
	b.rec.Status = p.word(state)
	if s := string(verified); s == "unconfirmed" || s == "provisional" || s == "differential" {
		b.rec.Status = p.word(verified)
	}
	recorded, noted := p.day(b, b.v, "recordedDate")
	if m, ok := p.day(b, b.v, onset+"DateTime"); ok {
		b.rec.From, b.rec.Minute = m.first, m.minute
	} else if !p.period(b, b.v.Get(onset+"Period")) && noted {
		b.rec.From, b.rec.Minute = recorded.first, recorded.minute
	}
	b.rec.Until = clinical.Open
	if abatement != "" {
		if m, ok := p.day(b, b.v, abatement+"DateTime"); ok {
			b.rec.Until = m.last
			return
		}
		if m, ok := p.day(b, b.v.Get(abatement+"Period"), "end"); ok {
			b.rec.Until = m.last
			return
		}
	}
	over := string(state) == "resolved" || string(state) == "inactive" || string(state) == "remission" ||
		abatement != "" && (b.v.Exists(abatement+"Age") || b.v.Exists(abatement+"Range") || b.v.Exists(abatement+"String"))
	if over { // nobody says when: it was there on the last day that is named
		b.event()
		if noted && recorded.last > b.rec.Until {
			b.rec.Until = recorded.last
		}
	}
}

func cmpFault(a, otherwise refusal) refusal {
	if a.reason != "" {
		return a
	}
	return otherwise
}

func (p *parser) allergy(b *body) {
	b.rec.Kind, b.subject = clinical.Allergy, "patient"
	p.ill(b, "onset", "")
}

func (p *parser) procedure(b *body) {
	b.rec.Kind = clinical.Procedure
	if p.status(b, "not-done", "preparation") && p.codesOf(b, "code") {
		p.site(b)
		p.span(b, "performed")
		if s := b.rec.Status; s != "in-progress" && s != "on-hold" {
			b.event()
		}
	}
}

func (p *parser) encounter(b *body) {
	b.rec.Kind = clinical.Encounter
	if !p.status(b, "cancelled", "planned") {
		return
	}
	for _, t := range b.v.GetArray("type") {
		b.rec.Codes = p.concept(t, b.rec.Codes)
	}
	if class := p.code(b.v.Get("class")); !class.IsZero() {
		b.rec.Class = p.word([]byte(class.Code))
		if class.System == "" {
			class = coding.New("act", class.Code)
		}
		b.rec.Codes = append(b.rec.Codes, class)
	}
	if len(b.rec.Codes) == 0 {
		b.fault = refusal{"the visit has neither a class nor a type", ""}
		return
	}
	for _, x := range b.v.Get("hospitalization", "dischargeDisposition").GetArray("coding") {
		if b.rec.ValueCode = p.code(x); !b.rec.ValueCode.IsZero() {
			break
		}
	}
	p.period(b, b.v.Get("period"))
	if b.rec.Status == "finished" {
		b.event()
	}
}

func (p *parser) immunization(b *body) {
	b.rec.Kind, b.subject = clinical.Immunization, "patient"
	if p.status(b, "not-done") && p.codesOf(b, "vaccineCode") {
		p.span(b, "occurrence")
		b.event()
	}
}

// ordered reports whether the intent is that of an order.
func ordered(b *body) bool {
	switch string(b.v.GetStringBytes("intent")) {
	case "proposal", "plan", "option", "directive":
		b.fault = noOrder
	}
	if b.v.GetBool("doNotPerform") {
		b.fault = refusal{"it says what is not to be done", ""}
	}
	return b.fault.reason == ""
}

func (p *parser) serviceRequest(b *body) {
	b.rec.Kind = clinical.Referral
	if !p.status(b, "revoked", "draft") || !ordered(b) || !p.codesOf(b, "code") {
		return
	}
	if m, ok := p.day(b, b.v, "authoredOn"); ok {
		b.rec.From, b.rec.Until, b.rec.Minute = m.first, m.last, m.minute
	} else {
		p.span(b, "occurrence")
		b.event()
	}
}

func (p *parser) coverage(b *body) {
	b.rec.Kind, b.subject = clinical.Coverage, "beneficiary"
	if p.status(b, "cancelled", "draft") && p.codesOf(b, "type") {
		p.period(b, b.v.Get("period"))
	}
}
