// Package rival puts the criteria of the population engine to the best other
// ways of answering them, on the same facts: SQL in DuckDB, made of the same
// checked text. It serves the measurement (ennakko bench population) only, and
// reads no register: it is given files of facts of a made-up city.
package rival

import (
	"fmt"
	"strings"

	"ennakko/clinical"
	"ennakko/coding"
	"ennakko/criteria"
	"ennakko/fault"
)

// Template is the vocabulary and the criteria of the measurement where there is
// no library of that size: made of patterns over what the made-up city's health
// records hold. They are not clinical criteria.
func Template(catalog criteria.Catalog, n int) (*criteria.Language, []*criteria.Care, error) {
	l, err := criteria.NewHealthLanguage(criteria.Vocabulary{Fields: catalog, Concepts: concepts()})
	if err != nil {
		return nil, nil, err
	}
	var out []*criteria.Care
	for i, t := range texts() {
		if i == n {
			break
		}
		c := &criteria.Care{Name: t.name}
		if c.Population, err = l.Compile(t.population); err == nil {
			c.Done, err = l.Compile(t.done)
		}
		for j, x := range t.exclusions {
			var p *criteria.Program
			if err == nil {
				p, err = l.Compile(x)
			}
			c.Exclusions = append(c.Exclusions, criteria.Named{Name: fmt.Sprint("x", j), Program: p})
		}
		if err != nil {
			return nil, nil, fault.Wrap(err, "rival.Template", "the criterion %s does not compile", t.name)
		}
		out = append(out, c)
	}
	if len(out) < n {
		return nil, nil, fault.New(fault.Invalid, "rival.Template", "there are only %d patterns of criteria", len(out))
	}
	return l, out, nil
}

type text struct {
	name, population, done string
	exclusions             []string
}

// illnesses, tests and medicines are what the patterns speak of.
func illnesses() map[string]string {
	return map[string]string{
		"hypertension": "icd10|I10*", "dyslipidaemia": "icd10|E78*", "diabetes": "icd10|E11*", "diabetes_1": "icd10|E10*", "asthma": "icd10|J45*", "copd": "icd10|J44*",
		"fibrillation": "icd10|I48*", "coronary": "icd10|I25*", "heart_failure": "icd10|I50*", "stroke": "icd10|I63*", "kidney": "icd10|N18*", "thyroid": "icd10|E03*",
		"depression": "icd10|F32*", "anxiety": "icd10|F41*", "psychosis": "icd10|F20*", "dementia": "icd10|G30*", "epilepsy": "icd10|G40*", "osteoporosis": "icd10|M81*",
		"arthritis": "icd10|M05*", "arthrosis": "icd10|M17*", "obesity": "icd10|E66*", "reflux": "icd10|K21*", "migraine": "icd10|G43*", "glaucoma": "icd10|H40*",
		"alcohol": "icd10|F10*", "apnoea": "icd10|G47*", "psoriasis": "icd10|L40*", "eczema": "icd10|L20*", "breast_cancer": "icd10|C50*", "prostate_cancer": "icd10|C61*",
	}
}

func tests() []struct{ name, code, unit, limit string } {
	return []struct{ name, code, unit, limit string }{
		{"systolic", "loinc|8480-6", "mm[Hg]", "140"}, {"diastolic", "loinc|8462-4", "mm[Hg]", "90"}, {"weight", "loinc|29463-7", "kg", "95"}, {"bmi", "loinc|39156-5", "kg/m2", "30"},
		{"haemoglobin", "loinc|718-7", "g/L", "155"}, {"ldl", "loinc|22748-8", "mmol/L", "2.6"}, {"hdl", "loinc|14646-4", "mmol/L", "1.2"}, {"cholesterol", "loinc|14647-2", "mmol/L", "5"},
		{"triglycerides", "loinc|14927-8", "mmol/L", "1.7"}, {"gfr", "loinc|62238-1", "mL/min/{1.73_m2}", "60"}, {"potassium", "loinc|2823-3", "mmol/L", "4.6"}, {"creatinine", "loinc|14682-9", "umol/L", "100"},
		{"sodium", "loinc|2951-2", "mmol/L", "140"}, {"alt", "loinc|1742-6", "U/L", "40"}, {"crp", "loinc|1988-5", "mg/L", "10"}, {"glucose", "loinc|14771-0", "mmol/L", "7"},
		{"hba1c", "loinc|59261-8", "mmol/mol", "53"}, {"albuminuria", "loinc|32294-1", "mg/mmol", "3"}, {"tsh", "loinc|11579-0", "m[IU]/L", "4"}, {"audit_c", "loinc|75626-2", "{score}", "6"},
	}
}

func medicines() map[string]string {
	return map[string]string{
		"ace_inhibitor": "atc|C09A*", "sartan": "atc|C09C*", "beta_blocker": "atc|C07*", "calcium_blocker": "atc|C08*", "diuretic": "atc|C03*", "statin": "atc|C10AA*",
		"metformin": "atc|A10BA*", "insulin": "atc|A10A*", "gliflozin": "atc|A10BK*", "anticoagulant": "atc|B01AF*", "warfarin": "atc|B01AA*", "aspirin": "atc|B01AC06",
		"salbutamol": "atc|R03AC*", "inhaled_steroid": "atc|R03B*", "combination": "atc|R03AK*", "ssri": "atc|N06AB*", "thyroxine": "atc|H03A*", "nsaid": "atc|M01A*",
		"proton_pump": "atc|A02BC*", "bisphosphonate": "atc|M05B*", "benzodiazepine": "atc|N05BA*", "triptan": "atc|N02CC*", "memory_medicine": "atc|N06D*", "penicillin": "atc|J01C*",
	}
}

func concepts() []criteria.Concept {
	make_ := func(name string, kind clinical.Kind, value criteria.Kind, unit, code string) criteria.Concept {
		c := criteria.Concept{Name: name, Kinds: []clinical.Kind{kind}, Codes: coding.NewValueSet("", coding.ParsePattern(code)), Value: value, Absent: criteria.AbsentNone}
		if unit != "" {
			c.Unit = coding.MustUnit(unit)
		}
		return c
	}
	out := []criteria.Concept{
		make_("visit", clinical.Encounter, criteria.Event, "", "act|AMB"), make_("emergency", clinical.Encounter, criteria.Event, "", "act|EMER"),
		make_("stay", clinical.Encounter, criteria.Event, "", "act|IMP"), make_("smoking", clinical.Observation, criteria.Coded, "", "loinc|72166-2"),
		make_("influenza", clinical.Immunization, criteria.Event, "", "atc|J07BB*"), make_("pneumococcus", clinical.Immunization, criteria.Event, "", "atc|J07AL*"),
		make_("tetanus", clinical.Immunization, criteria.Event, "", "atc|J07AM*"), make_("tick", clinical.Immunization, criteria.Event, "", "atc|J07BA*"),
		make_("cervical", clinical.Procedure, criteria.Event, "", "snomed|171149006"), make_("mammography", clinical.Procedure, criteria.Event, "", "snomed|268547008"),
		make_("bowel", clinical.Procedure, criteria.Event, "", "snomed|275978004"), make_("dental", clinical.Procedure, criteria.Event, "", "snomed|34043003"),
	}
	for name, code := range illnesses() {
		out = append(out, make_(name, clinical.Condition, criteria.Event, "", code))
	}
	for name, code := range medicines() {
		out = append(out, make_(name, clinical.Medication, criteria.Event, "", code))
	}
	for _, t := range tests() {
		out = append(out, make_(t.name, clinical.Observation, criteria.Number, t.unit, t.code))
	}
	return out
}

// texts are the patterns with all that they speak of put in, in a fixed order.
func texts() []text {
	var out []text
	ill, med := sorted(illnesses()), sorted(medicines())
	fill := func(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }
	for i, a := range ill {
		t, u, m, b := tests()[i%20], tests()[(i*7+3)%20], med[i%24], ill[(i+11)%30]
		put := []string{"ILL", a, "OTHER", b, "TEST", t.name, "LIMIT", t.limit, "MORE", u.name, "HIGH", u.limit, "MED", m, "SECOND", med[(i+9)%24], "AGE", fmt.Sprint(30 + i%7*10)}
		add := func(name, population, done string, exclusions ...string) {
			x := text{name: fill(name, put...), population: fill(population, put...), done: fill(done, put...)}
			for _, e := range exclusions {
				x.exclusions = append(x.exclusions, fill(e, put...))
			}
			out = append(out, x)
		}
		add("ILL_monitored", "age >= 18 && ILL.active()", "TEST.exists(within('1y'))", "stay.exists(within('30d'))")
		add("ILL_controlled", "ILL.exists() && age < 85", "TEST.latest(within('2y')) < LIMIT", "dementia.active()", "stay.count(within('1y')) >= 3")
		add("ILL_treated", "ILL.exists() && TEST.latest() >= LIMIT", "MED.exists(within('18mo')) || SECOND.exists(within('18mo'))", "MED.none() && age >= 90")
		add("ILL_seen", "ILL.active() && !(dementia.exists())", "visit.count(within('1y')) >= 2 || emergency.exists(within('6w'))")
		add("ILL_average", "age >= AGE && (ILL.exists() || OTHER.exists())", "TEST.mean(within('3y')) < LIMIT && MORE.max(within('3y')) < HIGH", "stay.exists(within('90d')) || emergency.count(within('1y')) >= 4")
		add("ILL_with_OTHER", "ILL.exists() && OTHER.exists()", "TEST.daysSince() < 400 && MORE.daysSince() < 800", "age < 18")
		add("ILL_repeated", "age >= 40 && TEST.count(within('2y')) >= 2 && TEST.min(within('2y')) >= LIMIT", "ILL.exists() || MED.exists()", "sex == 'm' && age >= 80")
		add("ILL_vaccinated", "ILL.active() && age >= 18", "influenza.exists(within('18mo')) && (age < 65 || pneumococcus.exists())", "stay.exists(within('2w'))")
		add("ILL_safe", "MED.exists(within('1y')) && (age >= 75 || ILL.active())", "SECOND.none(within('1y')) && TEST.exists(within('1y'))", "OTHER.active()")
		add("ILL_last_day", "age >= AGE && ILL.exists()", "TEST.notInClass('IMP', 'EMER').during(within('2y')).lastDay().min() < LIMIT", "stay.active()", "dental.count(within('5y')) == 0 && age >= 80")
	}
	return out
}
