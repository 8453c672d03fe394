package fhir

import (
	"context"
	"slices"

	"ennakko/clinical"
	"ennakko/person"
)

// outcome is what the second pass makes of one item.
type outcome struct {
	row      int
	typ      string
	fault    refusal
	passed   bool
	subject  ref
	keys     [2]ref
	visit    ref
	drug     ref
	from, to int // its records in the batch
}

type batch struct {
	file     int
	outcomes []outcome
	records  []clinical.Record
}

// second is the second pass under way.
type second struct {
	*Index
	numbers []person.ID
	refused refusal
	each    func(*clinical.Record) error
	groups  []uint32         // last number of a resource, by patient
	seen    map[ref]struct{} // resources, by patient and id
}

// Records reads the folder for the second time and hands over every record, in the
// order of the files. Numbers gives each of Patients its person; one who is 0 is
// set aside, as refused says. Records of a resource come together. The record that
// is handed over is good until each returns.
func (x *Index) Records(ctx context.Context, numbers []person.ID, refused, hint string, progress Progress, each func(*clinical.Record) error) (Report, error) {
	s := &second{Index: x, numbers: numbers, refused: refusal{refused, hint}, each: each, groups: make([]uint32, len(x.patients)), seen: map[ref]struct{}{}}
	for i, n := range numbers {
		if n == 0 {
			a := x.patients[i].SetAside
			a.Reason, a.Hint = refused, hint
			s.report.of("Patient").Kept--
			s.report.setAside(a)
		}
	}
	err := pass(ctx, x.folder, progress, func(p *parser, c *chunk) batch { return p.batch(c) }, s.take)
	slices.SortStableFunc(s.report.Aside, func(a, b SetAside) int {
		if a.File != b.File {
			if a.File < b.File {
				return -1
			}
			return 1
		}
		return a.Row - b.Row
	})
	return s.report, err
}

// batch reads a chunk.
func (p *parser) batch(c *chunk) batch {
	out := batch{file: c.file, outcomes: make([]outcome, 0, len(c.items))}
	for _, i := range c.items {
		if i.fault.reason != "" {
			out.outcomes = append(out.outcomes, outcome{row: i.row, fault: i.fault})
			continue
		}
		raw := c.raw(i)
		o := outcome{row: i.row}
		if typ := peek(raw, i.entry); typ != nil && reads(string(typ)) == nil {
			switch o.typ = p.word(typ); o.typ {
			case "Patient", "Medication": // the first pass counted them, unless they are broken
				if in := p.parse(raw, i.entry); in.v != nil {
					continue
				}
				o.fault = notJSON
			default:
				o.passed = true
			}
			out.outcomes = append(out.outcomes, o)
			continue
		}
		in := p.parse(raw, i.entry)
		o.typ, o.fault = in.typ, in.fault
		switch {
		case in.v != nil && (in.typ == "Patient" || in.typ == "Medication"):
			continue
		case in.fault.reason != "":
		case reads(in.typ) == nil:
			o.passed = true
		default:
			p.one(&out, &o, in)
		}
		out.outcomes = append(out.outcomes, o)
	}
	return out
}

// one makes the records of a resource.
func (p *parser) one(out *batch, o *outcome, in parsed) {
	b := p.resource(in.typ, in.v)
	if o.fault = b.fault; o.fault.reason != "" {
		return
	}
	id := in.v.GetStringBytes("id")
	o.keys = keysOf(in.fullURL, in.typ, id)
	if o.subject = refOf(in.v.GetStringBytes(b.subject, "reference")); o.subject == 0 {
		o.fault = refusal{"it does not say of whom it is", "a reference to a Patient is needed: Patient/id, or the fullUrl of its entry"}
		return
	}
	switch in.typ {
	case "Encounter":
		o.visit = o.keys[0]
		if o.visit == 0 {
			o.visit = o.keys[1]
		}
	case "MedicationStatement":
		o.visit = refOf(in.v.GetStringBytes("context", "reference"))
	default:
		o.visit = refOf(in.v.GetStringBytes("encounter", "reference"))
	}
	o.drug, o.from = b.med, len(out.records)
	out.records = append(append(out.records, b.rec), b.more...)
	o.to = len(out.records)
}

var (
	noPatient = refusal{"its patient is not in the files, or was set aside", ""}
	noDrug    = refusal{"its medicine is not in the files, or has no code", "give the Medication resources with the others"}
	twice     = refusal{"the same resource came before", ""}
)

// take keeps what came of a chunk.
func (s *second) take(b batch) error {
	for i := range b.outcomes {
		o := &b.outcomes[i]
		if o.passed {
			s.report.of(o.typ).Passed++
			continue
		}
		who := int32(0)
		if o.fault.reason == "" {
			who, o.fault = s.judge(int32(b.file), o)
		}
		if o.fault.reason != "" {
			s.report.setAside(SetAside{File: s.folder.files[b.file].name, Row: o.row, Type: o.typ, Reason: o.fault.reason, Hint: o.fault.hint})
			continue
		}
		s.report.of(o.typ).Kept++
		if err := s.hand(b.records[o.from:o.to], who, o); err != nil {
			return err
		}
	}
	return nil
}

// judge finds out of whom a resource is, and whether it came before.
func (s *second) judge(file int32, o *outcome) (int32, refusal) {
	who, ok := s.patient(file, o.subject)
	if !ok || s.numbers[who] == 0 {
		return 0, noPatient
	}
	if o.drug != 0 && len(s.drugs[o.drug]) == 0 {
		return 0, noDrug
	}
	for _, k := range o.keys {
		if k == 0 {
			continue
		}
		k ^= ref(uint64(who+1) * 0x9e3779b97f4a7c15)
		if _, again := s.seen[k]; again {
			return 0, twice
		}
		s.seen[k] = struct{}{}
	}
	return who, refusal{}
}

func (s *second) hand(recs []clinical.Record, who int32, o *outcome) error {
	s.groups[who]++
	v := s.visits[visitKey{who, o.visit}]
	for i := range recs {
		r := &recs[i]
		r.Person, r.Group, r.Encounter = s.numbers[who], s.groups[who], v.number
		if v.number != 0 {
			r.Class = v.class
		}
		if o.drug != 0 {
			r.Codes = s.drugs[o.drug]
		}
		if err := s.each(r); err != nil {
			return err
		}
		s.report.Records += len(r.Codes)
	}
	return nil
}
