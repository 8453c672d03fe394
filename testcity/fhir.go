package testcity

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/fault"
	"ennakko/register/parquet"
)

// The parts of FHIR R4 resources that a made-up record has.
type (
	fhirCoding struct {
		System string `json:"system,omitempty"`
		Code   string `json:"code"`
	}
	fhirConcept struct {
		Coding []fhirCoding `json:"coding"`
	}
	fhirReference struct {
		Reference string `json:"reference"`
	}
	fhirPeriod struct {
		Start string `json:"start,omitempty"`
		End   string `json:"end,omitempty"`
	}
	fhirQuantity struct {
		Value  float64 `json:"value"`
		Unit   string  `json:"unit"`
		System string  `json:"system"`
		Code   string  `json:"code"`
	}
	fhirTiming struct {
		Timing struct {
			Repeat struct {
				BoundsPeriod fhirPeriod `json:"boundsPeriod"`
			} `json:"repeat"`
		} `json:"timing"`
	}
	fhirIdentifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	}
	fhirComponent struct {
		Code          fhirConcept   `json:"code"`
		ValueQuantity *fhirQuantity `json:"valueQuantity,omitempty"`
	}
	fhirResource struct {
		ResourceType   string           `json:"resourceType"`
		ID             string           `json:"id"`
		Identifier     []fhirIdentifier `json:"identifier,omitempty"`
		Gender         string           `json:"gender,omitempty"`
		BirthDate      string           `json:"birthDate,omitempty"`
		Deceased       string           `json:"deceasedDateTime,omitempty"`
		Status         string           `json:"status,omitempty"`
		ClinicalStatus *fhirConcept     `json:"clinicalStatus,omitempty"`
		Verification   *fhirConcept     `json:"verificationStatus,omitempty"`
		Intent         string           `json:"intent,omitempty"`
		Class          *fhirCoding      `json:"class,omitempty"`
		Type           []fhirConcept    `json:"type,omitempty"`
		Code           *fhirConcept     `json:"code,omitempty"`
		VaccineCode    *fhirConcept     `json:"vaccineCode,omitempty"`
		Medication     *fhirConcept     `json:"medicationCodeableConcept,omitempty"`
		Subject        *fhirReference   `json:"subject,omitempty"`
		Patient        *fhirReference   `json:"patient,omitempty"`
		Encounter      *fhirReference   `json:"encounter,omitempty"`
		Onset          string           `json:"onsetDateTime,omitempty"`
		Abatement      string           `json:"abatementDateTime,omitempty"`
		Effective      string           `json:"effectiveDateTime,omitempty"`
		Performed      string           `json:"performedDateTime,omitempty"`
		Occurrence     string           `json:"occurrenceDateTime,omitempty"`
		AuthoredOn     string           `json:"authoredOn,omitempty"`
		Dosage         []fhirTiming     `json:"dosageInstruction,omitempty"`
		Period         *fhirPeriod      `json:"period,omitempty"`
		ValueQuantity  *fhirQuantity    `json:"valueQuantity,omitempty"`
		ValueConcept   *fhirConcept     `json:"valueCodeableConcept,omitempty"`
		Component      []fhirComponent  `json:"component,omitempty"`
	}
)

// Sample says which people's health records WriteFHIR writes.
type Sample struct {
	People int // the first so many of the city, in an order that says nothing of them
}

// WriteFHIR writes the health records of some people of the city as FHIR R4 NDJSON
// into the folder dir: the form of bulk export, a file for a type. They are the
// people and the records of Write with the same options. What a visit costs is not
// in it: an Encounter has no place for that. It returns how many resources there
// are.
func WriteFHIR(ctx context.Context, dir string, opt Options, sample Sample) (int, error) {
	const op = "testcity.WriteFHIR"
	opt, err := opt.check()
	if err != nil {
		return 0, err
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) > 0 {
		return 0, fault.New(fault.Conflict, op, "the folder of FHIR files is not empty").Do("name a new folder")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return 0, fault.New(fault.Invalid, op, "the folder cannot be made").Because(err)
	}
	c, err := build(ctx, opt)
	if err != nil {
		return 0, err
	}
	s := &sampler{dir: dir, out: map[string]*bufio.Writer{}}
	h := c.newHistory(func(k clinical.Kind, r *parquet.Row) error {
		s.rows = append(s.rows, kindRow{k, *r})
		return nil
	})
	left := sample.People
	for i := 0; i < len(c.all) && left > 0 && s.err == nil; i++ {
		if !c.recorded(int32(i)) {
			continue
		}
		left--
		s.rows = s.rows[:0]
		if err := errors.Join(h.of(int32(i)), ctx.Err()); err != nil {
			return s.n, errors.Join(err, s.close())
		}
		s.person(&c.all[i], i+1)
	}
	if err := errors.Join(s.err, s.close()); err != nil {
		return s.n, fault.New(fault.Internal, op, "the FHIR files could not be written").Because(err)
	}
	return s.n, os.WriteFile(filepath.Join(dir, snapshotFile), []byte("snapshot: "+c.opt.Day.Format(time.DateOnly)+"\nsource: Made-up city\n"), 0o600)
}

type kindRow struct {
	kind clinical.Kind
	parquet.Row
}

// sampler writes resources into a file for each type.
type sampler struct {
	dir   string
	out   map[string]*bufio.Writer
	files []*os.File
	rows  []kindRow
	n     int
	err   error
}

func (s *sampler) close() error {
	var errs []error
	for _, w := range s.out {
		errs = append(errs, w.Flush())
	}
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (s *sampler) write(r *fhirResource) {
	w := s.out[r.ResourceType]
	if w == nil {
		f, err := os.OpenFile(filepath.Join(s.dir, r.ResourceType+".ndjson"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			s.err = errors.Join(s.err, err)
			return
		}
		w = bufio.NewWriterSize(f, 1<<16)
		s.out[r.ResourceType], s.files = w, append(s.files, f)
	}
	s.n++
	if err := json.NewEncoder(w).Encode(r); err != nil {
		s.err = errors.Join(s.err, err)
	}
}

// person writes a patient and the rows of the record.
func (s *sampler) person(h *human, n int) {
	me := fmt.Sprintf("p%d", n)
	p := &fhirResource{ResourceType: "Patient", ID: me, Gender: "female", BirthDate: dateOf(h.born).Format(time.DateOnly),
		Identifier: []fhirIdentifier{{"urn:oid:1.2.246.21", string(h.code[:])}}}
	if h.male {
		p.Gender = "male"
	}
	if h.died != 0 {
		p.Deceased = dateOf(h.died).Format(time.DateOnly)
	}
	s.write(p)
	for i := 0; i < len(s.rows); {
		end := i + 1
		for end < len(s.rows) && s.rows[end].Group == s.rows[i].Group {
			end++
		}
		s.write(resourceOf(me, s.rows[i], s.rows[i+1:end]))
		i = end
	}
}

func conceptOf(code string) *fhirConcept {
	c := coding.Parse(code)
	return &fhirConcept{[]fhirCoding{{coding.SystemAddress(c.System), c.Code}}}
}

func stateOf(status string) *fhirConcept { return &fhirConcept{[]fhirCoding{{Code: status}}} }

// when writes a day, with its time if that is known.
func when(r *parquet.Row) string {
	switch {
	case r.Day == clinical.Always:
		return ""
	case r.Minute < 0:
		return dateOf(r.Day).Format(time.DateOnly)
	}
	return dateOf(r.Day).Add(time.Duration(r.Minute)*time.Minute).Format("2006-01-02T15:04:05") + "+02:00"
}

func endOf(day int32) string {
	if day == clinical.Open {
		return ""
	}
	return dateOf(day).Format(time.DateOnly)
}

func quantityOf(r *parquet.Row) *fhirQuantity {
	if math.IsNaN(r.Value) {
		return nil
	}
	return &fhirQuantity{r.Value, r.Unit, "http://unitsofmeasure.org", r.Unit}
}

// resourceOf makes the resource of a row and its components.
func resourceOf(me string, x kindRow, components []kindRow) *fhirResource {
	patient := &fhirReference{"Patient/" + me}
	r := &fhirResource{ID: fmt.Sprintf("%s-%d", me, x.Group), Subject: patient, Status: x.Status}
	if x.Encounter != 0 && x.kind != clinical.Encounter {
		r.Encounter = &fhirReference{fmt.Sprintf("Encounter/%s-v%d", me, x.Encounter)}
	}
	switch x.kind {
	case clinical.Condition:
		r.ResourceType, r.Code, r.Onset, r.Abatement = "Condition", conceptOf(x.Code), when(&x.Row), endOf(x.Until)
		r.Status, r.ClinicalStatus, r.Verification = "", stateOf(x.Status), stateOf("confirmed")
	case clinical.Observation:
		r.ResourceType, r.Code, r.Effective, r.ValueQuantity = "Observation", conceptOf(x.Code), when(&x.Row), quantityOf(&x.Row)
		if x.ValueCode != "" {
			r.ValueConcept = conceptOf(x.ValueCode)
		}
		for i := range components {
			r.Component = append(r.Component, fhirComponent{*conceptOf(components[i].Code), quantityOf(&components[i].Row)})
		}
	case clinical.Medication:
		r.ResourceType, r.Medication, r.Intent, r.AuthoredOn = "MedicationRequest", conceptOf(x.Code), "order", when(&x.Row)
		t := fhirTiming{}
		t.Timing.Repeat.BoundsPeriod = fhirPeriod{when(&x.Row), endOf(x.Until)}
		r.Dosage = []fhirTiming{t}
	case clinical.Procedure:
		r.ResourceType, r.Code, r.Performed = "Procedure", conceptOf(x.Code), when(&x.Row)
	case clinical.Encounter:
		r.ResourceType, r.ID = "Encounter", fmt.Sprintf("%s-v%d", me, x.Encounter)
		r.Class, r.Period = &conceptOf(x.Code).Coding[0], &fhirPeriod{when(&x.Row), endOf(x.Until)}
		for i := range components {
			r.Type = append(r.Type, *conceptOf(components[i].Code))
		}
	case clinical.Immunization:
		r.ResourceType, r.VaccineCode, r.Occurrence, r.Patient, r.Subject = "Immunization", conceptOf(x.Code), when(&x.Row), patient, nil
	case clinical.Allergy:
		r.ResourceType, r.Code, r.Onset, r.Patient, r.Subject = "AllergyIntolerance", conceptOf(x.Code), when(&x.Row), patient, nil
		r.Status, r.ClinicalStatus, r.Verification = "", stateOf(x.Status), stateOf("confirmed")
	case clinical.Referral:
		r.ResourceType, r.Code, r.Intent, r.AuthoredOn = "ServiceRequest", conceptOf(x.Code), "order", when(&x.Row)
	}
	return r
}
