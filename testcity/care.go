package testcity

import (
	"math"

	"ennakko/clinical"
	"ennakko/register/parquet"
)

// diagnose writes the lasting illnesses and their medicines.
func (h *history) diagnose() {
	for i := range h.ills {
		if !h.ill(i) {
			continue
		}
		ill := &h.ills[i]
		h.add(clinical.Condition, parquet.Row{Code: "icd10|" + ill.code, Day: h.onset[i], Until: clinical.Open, Minute: clinical.NoMinute, Value: noValue, Status: "active"})
		if !h.chance(ill.treated) {
			continue
		}
		some := false
		for _, m := range ill.remedies {
			if h.chance(m.share) {
				h.prescribe(m.atc, h.onset[i], 0.11)
				some = true
			}
		}
		if !some {
			h.prescribe(ill.remedies[0].atc, h.onset[i], 0.11)
		}
	}
}

// prescribe writes a medicine that is taken for long: a prescription for two years
// at a time. Some are not renewed, which is a gap.
func (h *history) prescribe(atc string, since int32, stops float64) {
	const valid = 730
	day := max(since, h.from) + h.r.Int32N(60)
	for day <= h.last {
		until, status := day+valid-1, "completed"
		if until >= h.last {
			status = "active"
		}
		h.add(clinical.Medication, parquet.Row{Code: "atc|" + atc, Day: day, Until: until, Minute: clinical.NoMinute, Value: noValue, Status: status})
		if h.chance(stops) {
			return
		}
		day += valid - h.r.Int32N(60)
	}
}

// controls writes the yearly controls of those who have an illness that is
// followed. Who lapses stays away from a day on: the readings are overdue.
func (h *history) controls() {
	first, all, hard := int32(math.MaxInt32), panel(0), 0
	for i := range h.ills {
		if h.ill(i) && h.ills[i].controlled {
			first, all = min(first, h.onset[i]), all|h.ills[i].panel
			hard++
		}
	}
	if all == 0 {
		return
	}
	every := 400.0
	if hard > 2 {
		every = 260
	}
	for day := max(first, h.from) + h.r.Int32N(int32(every)); day <= h.last; day += int32(every * (0.8 + 0.4*h.r.Float64())) {
		if day >= h.lapses {
			return
		}
		due := panel(0)
		for i := range h.ills {
			if h.ill(i) && h.ills[i].controlled && h.onset[i] <= day {
				due |= h.ills[i].panel
			}
		}
		enc := h.visit(day, "AMB", h.near(95, 20))
		h.typed("snomed|390906007", day, enc) // a control
		h.tests(day, due, enc, 0.88)
		if h.chance(0.35) { // and the doctor's call about the results
			h.visit(min(day+3+h.r.Int32N(10), h.last), "VR", h.near(45, 8))
		}
	}
}

// tests writes the measurements of a control, each with a likelihood.
func (h *history) tests(day int32, due panel, enc uint32, done float64) {
	for _, t := range [...]struct {
		what panel
		do   func(int32, uint32)
	}{{bloodPressure, h.pressure}, {glucose, h.sugar}, {lipids, h.fats}, {kidney, h.kidneys}, {haematology, h.blood}, {thyroid, h.thyroids},
		{weight, h.weigh}, {spirometry, h.lungs}, {coagulation, h.inr}, {albumin, h.urine}, {mood, h.moods}, {memory, h.minds}} {
		if due&t.what != 0 && h.chance(done) {
			t.do(day, enc)
		}
	}
}

// pressure is a reading of blood pressure: a panel with two components.
func (h *history) pressure(day int32, enc uint32) {
	s, d := h.base.systolic, h.base.diastolic
	if h.ill(hypertension) && h.onset[hypertension] <= day {
		// The burden says how well it is treated: about one in three stays high.
		s, d = s+6+6*h.burden, d+3+3*h.burden
	}
	s, d = math.Round(h.near(s, 7)), math.Round(h.near(d, 5))
	d = min(d, s-20)
	class := h.class
	h.add(clinical.Observation, parquet.Row{Code: "loinc|85354-9", Day: day, Until: day, Minute: h.minutes, Value: noValue, Status: "final", Class: class, Encounter: enc})
	h.same(clinical.Observation, parquet.Row{Code: "loinc|8480-6", Day: day, Until: day, Minute: h.minutes, Value: s, Unit: "mm[Hg]", Status: "final", Class: class, Encounter: enc})
	h.same(clinical.Observation, parquet.Row{Code: "loinc|8462-4", Day: day, Until: day, Minute: h.minutes, Value: d, Unit: "mm[Hg]", Status: "final", Class: class, Encounter: enc})
}

func (h *history) sugar(day int32, enc uint32) {
	h.measure("loinc|59261-8", day, max(h.near(h.base.hba1c, 3), 20), "mmol/mol", enc, 0)
	h.measure("loinc|14771-0", day, max(h.near(h.base.hba1c/7.2, 0.5), 3), "mmol/L", enc, 1)
}

func (h *history) fats(day int32, enc uint32) {
	ldl := max(h.near(h.base.ldl, 0.25), 0.7)
	if h.ill(dyslipidaemia) && h.onset[dyslipidaemia]+180 > day {
		ldl += 1.4
	}
	hdl, tri := max(h.near(1.5, 0.3), 0.6), max(h.near(1.3, 0.5), 0.4)
	h.measure("loinc|22748-8", day, ldl, "mmol/L", enc, 1)
	h.measure("loinc|14646-4", day, hdl, "mmol/L", enc, 1)
	h.measure("loinc|14647-2", day, ldl+hdl+tri/2.2, "mmol/L", enc, 1)
	h.measure("loinc|14927-8", day, tri, "mmol/L", enc, 1)
}

func (h *history) kidneys(day int32, enc uint32) {
	egfr := min(max(h.near(h.base.egfr, 4), 8), 125)
	h.measure("loinc|62238-1", day, egfr, "mL/min/{1.73_m2}", enc, 0)
	h.measure("loinc|14682-9", day, 6200/(egfr+10)+10, "umol/L", enc, 0)
	h.measure("loinc|2823-3", day, h.near(4.1, 0.32), "mmol/L", enc, 1)
	h.measure("loinc|2951-2", day, h.near(140, 2.3), "mmol/L", enc, 0)
}

func (h *history) blood(day int32, enc uint32) {
	hb := 135.0
	if h.h.male {
		hb = 148
	}
	h.measure("loinc|718-7", day, h.near(hb-0.15*max(h.age-60, 0), 10), "g/L", enc, 0)
	h.measure("loinc|1742-6", day, math.Exp(h.near(3.1, 0.45)), "U/L", enc, 0)
}

func (h *history) thyroids(day int32, enc uint32) {
	h.measure("loinc|11579-0", day, math.Exp(h.near(0.75, 0.6)), "m[IU]/L", enc, 2)
}

func (h *history) weigh(day int32, enc uint32) {
	w := h.near(h.base.weight, 1.5)
	h.measure("loinc|29463-7", day, w, "kg", enc, 1)
	h.measure("loinc|39156-5", day, w/h.base.height/h.base.height*1e4, "kg/m2", enc, 1)
}

func (h *history) lungs(day int32, enc uint32) {
	ratio := h.near(78, 6)
	if h.ill(copd) {
		ratio = h.near(58, 7)
	}
	h.measure("loinc|19926-5", day, ratio, "%", enc, 0)
}

func (h *history) inr(day int32, enc uint32) {
	h.measure("loinc|6301-6", day, max(h.near(2.4, 0.5), 0.9), "{INR}", enc, 1)
}

func (h *history) urine(day int32, enc uint32) {
	h.measure("loinc|32294-1", day, math.Exp(h.near(0.2+0.25*h.burden, 0.9)), "mg/mmol", enc, 1)
}

func (h *history) moods(day int32, enc uint32) {
	h.measure("loinc|44261-6", day, min(max(h.near(9, 5), 0), 27), "{score}", enc, 0)
}

func (h *history) minds(day int32, enc uint32) {
	score := h.near(28, 1.5)
	if h.ill(dementia) && h.onset[dementia] <= day {
		score = h.near(21-float64(day-h.onset[dementia])/500, 2)
	}
	h.measure("loinc|72106-8", day, min(max(score, 0), 30), "{score}", enc, 0)
}

// passing writes visits for what passes: the young and the old have more of them.
func (h *history) passing() {
	for day := h.from + h.gap(); day <= h.last; day += h.gap() {
		age := h.ageOn(day)
		c := h.pick(age)
		class, cost := "AMB", h.near(120, 25)
		switch x := h.r.Float64(); {
		case x < 0.16:
			class, cost = "EMER", h.near(420, 90)
		case x < 0.3:
			class, cost = "VR", h.near(50, 10)
		}
		enc := h.visit(day, class, cost)
		if class == "AMB" && h.minutes%2 == 0 { // to a doctor; the others are a nurse's
			h.typed("snomed|185345009", day, enc)
		}
		h.add(clinical.Condition, parquet.Row{Code: "icd10|" + c.code, Day: day, Until: day + c.days, Minute: h.minutes, Value: noValue, Status: "resolved", Class: class, Encounter: enc})
		if c.atc != "" && h.chance(c.share) {
			h.add(clinical.Medication, parquet.Row{Code: "atc|" + c.atc, Day: day, Until: day + 9, Minute: clinical.NoMinute, Value: noValue, Status: "completed", Class: class, Encounter: enc})
		}
		if class == "EMER" && h.chance(0.6) {
			h.measure("loinc|1988-5", day, math.Exp(h.near(2.3, 1.3)), "mg/L", enc, 0)
			h.blood(day, enc)
		}
		if age >= 18 && class == "AMB" && h.chance(0.22) {
			h.pressure(day, enc)
		}
		if age >= 40 && class == "AMB" && h.chance(0.06) {
			h.tests(day, glucose|lipids|kidney|haematology, enc, 0.8)
		}
	}
}

// gap is the number of days to the next complaint.
func (h *history) gap() int32 {
	age := h.age
	rate := 1.0 // a year
	switch {
	case age < 7:
		rate = 2.2
	case age < 18:
		rate = 0.9
	case age >= 75:
		rate = 2
	case age >= 60:
		rate = 1.5
	}
	rate *= 0.15 + 0.5*h.burden
	return int32(h.r.ExpFloat64()*daysInYear/rate) + 1
}

func (h *history) pick(age float64) *complaint {
	group := 2
	switch {
	case age < 7:
		group = 0
	case age < 18:
		group = 1
	case age >= 65:
		group = 3
	}
	x := h.r.Float64() * 100
	for i := range h.acute {
		if x -= h.acute[i].weight[group]; x < 0 {
			return &h.acute[i]
		}
	}
	return &h.acute[0]
}

// readmitted is the share of stays that are followed by another within 90 days. Source:
// Jencks, Williams and Coleman, New England Journal of Medicine 360 (2009) 1418-1428:
// 34.0 % (of people of 65 and over in the United States; taken for everyone here).
const (
	readmitted = 0.34
	soon       = 90 // days
)

// nextStay is the first day of the stay after one that began on a day: soon after it,
// or any time later.
func (h *history) nextStay(day int32, rate float64) int32 {
	if h.chance(readmitted) {
		return day + 12 + h.r.Int32N(soon-12)
	}
	return day + soon + int32(h.r.ExpFloat64()*daysInYear/rate)
}

// stays writes stays in hospital and care at home: most of the costs of the few who
// have most of the costs.
func (h *history) stays() {
	rate := 0.025
	if h.age > 65 {
		rate += 0.004 * (h.age - 65)
	}
	for i := range h.ills {
		if h.ill(i) {
			rate += h.ills[i].risk * 0.18
		}
	}
	rate *= h.burden * (1 - readmitted) // of stays that follow no other
	for day := h.from + int32(h.r.ExpFloat64()*daysInYear/rate); day <= h.last; day = h.nextStay(day, rate) {
		nights := int32(math.Exp(h.near(1.3, 1))) + 1
		h.enc++
		h.class, h.minutes = "IMP", 600
		h.add(clinical.Encounter, parquet.Row{Code: "act|IMP", Day: day, Until: min(day+nights, h.last), Minute: h.minutes, Value: math.Round(1300 + 900*float64(nights)), Unit: "EUR", Status: "finished", Class: "IMP", Encounter: h.enc})
		h.add(clinical.Observation, parquet.Row{Code: "loinc|8480-6", Day: day, Until: day, Minute: h.minutes, Value: math.Round(h.near(h.base.systolic+12, 18)), Unit: "mm[Hg]", Status: "final", Class: "IMP", Encounter: h.enc})
		h.measure("loinc|1988-5", day, math.Exp(h.near(3, 1.2)), "mg/L", h.enc, 0)
		h.measure("loinc|718-7", day, h.near(125, 15), "g/L", h.enc, 0)
	}
	h.atHome()
}

// atHome writes care at home, one record a month, for the old who need it.
func (h *history) atHome() {
	if h.age < 75 && !h.ill(dementia) && !h.ill(psychosis) {
		return
	}
	need := 0.03*(h.age-72)/10 + 0.05*h.burden
	if h.ill(dementia) {
		need += 0.45
	}
	if !h.chance(min(need, 0.85)) {
		return
	}
	for day := h.last - int32(h.r.ExpFloat64()*600) - 30; day <= h.last; day += 30 {
		if day < h.from {
			continue
		}
		h.enc++
		h.add(clinical.Encounter, parquet.Row{Code: "act|HH", Day: day, Until: min(day+29, h.last), Minute: clinical.NoMinute, Value: math.Round(h.near(2100, 400)), Unit: "EUR", Status: "finished", Class: "HH", Encounter: h.enc})
	}
}
