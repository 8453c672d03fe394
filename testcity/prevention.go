package testcity

import (
	"math"

	"ennakko/clinical"
	"ennakko/register/parquet"
)

// habits writes smoking, alcohol and weight as they are asked now and then.
func (h *history) habits() {
	if h.age < 18 {
		return
	}
	smoking := "snomed|266919005" // never
	switch x := h.r.Float64(); {
	case x < 0.13 || h.ill(copd) && x < 0.5:
		smoking = "snomed|449868002" // daily
	case x < 0.38 || h.ill(copd):
		smoking = "snomed|8517006" // used to
	}
	audit := max(h.near(4, 2.5), 0)
	if h.ill(alcoholism) {
		audit = h.near(9.5, 1.5)
	}
	for day := h.from + h.r.Int32N(1600); day <= h.last; day += 1200 + h.r.Int32N(1800) {
		enc := h.visit(day, "AMB", h.near(70, 15))
		h.add(clinical.Observation, parquet.Row{Code: "loinc|72166-2", Day: day, Until: day, Minute: h.minutes, Value: noValue, ValueCode: smoking, Status: "final", Class: "AMB", Encounter: enc})
		h.measure("loinc|75626-2", day, min(max(h.near(audit, 1), 0), 12), "{score}", enc, 0)
		h.weigh(day, enc)
		if h.age >= 40 {
			h.pressure(day, enc)
		}
	}
}

// vaccine is a dose of the national programme and the age at which it is due.
type vaccine struct {
	atc   string
	years float64
	share float64
}

// programme is Finland's vaccination programme of children, simplified. Source:
// thl.fi, the national vaccination programme; the shares are assumptions.
func programme() []vaccine {
	return []vaccine{
		{"J07BH01", 0.17, 0.93}, {"J07CA06", 0.25, 0.97}, {"J07AL02", 0.25, 0.96}, {"J07BH01", 0.25, 0.93}, {"J07CA06", 0.42, 0.97}, {"J07AL02", 0.42, 0.96},
		{"J07CA06", 1, 0.96}, {"J07AL02", 1, 0.95}, {"J07BD52", 1, 0.95}, {"J07BK01", 1.5, 0.85}, {"J07CA02", 4, 0.93}, {"J07BD52", 6, 0.94}, {"J07BK01", 6, 0.8},
		{"J07AJ52", 14.5, 0.85},
	}
}

func (h *history) vaccinate(atc string, day int32) {
	if day < h.from || day > h.last {
		return
	}
	h.add(clinical.Immunization, parquet.Row{Code: "atc|" + atc, Day: day, Until: day, Minute: clinical.NoMinute, Value: noValue, Status: "completed"})
}

func (h *history) vaccinations() {
	shy := h.chance(0.03) // of vaccinations
	for _, v := range programme() {
		if !shy && h.chance(v.share) {
			h.vaccinate(v.atc, h.h.born+int32(v.years*daysInYear)+h.r.Int32N(45))
		}
	}
	if !h.h.male && h.chance(0.72) { // HPV, from the age of eleven
		h.vaccinate("J07BM02", h.h.born+4237)
		h.vaccinate("J07BM02", h.h.born+4420)
	}
	if shy {
		return
	}
	risk := h.ill(diabetes2) || h.ill(copd) || h.ill(coronary) || h.ill(heartFailure) || h.ill(asthma)
	habit := h.r.Float64()
	year := dateOf(h.from).Year()
	for ; year <= dateOf(h.last).Year(); year++ {
		day := firstOf(year) + 300 + h.r.Int32N(60) // October to December
		share := 0.1
		switch age := h.ageOn(day); {
		case age >= 65:
			share = 0.55
		case age < 7:
			share = 0.3
		case risk:
			share = 0.4
		}
		if habit < share && h.chance(0.85) {
			h.vaccinate("J07BB02", day)
		}
	}
	if h.age >= 25 && h.chance(0.5) { // tetanus and diphtheria, every ten or twenty years
		h.vaccinate("J07AM51", h.last-h.r.Int32N(5479))
	}
	if h.age >= 65 && h.chance(0.16) {
		h.vaccinate("J07AL02", h.last-h.r.Int32N(1800))
	}
}

// screening is a programme to which people are invited by age.
type screening struct {
	code        string // of the invitation and of what is done
	result      string // LOINC
	women, men  bool
	from, until int // ages
	every       int // years
	since       int // calendar year
	share       float64
}

// screeningProgrammes are Finland's. Ages and intervals: Government Decree on
// screenings (339/2011, section 2), and the colorectal programme that began in some
// municipalities in 2019. Who comes: about 82, 71 and 75 of a hundred (assumption).
func screeningProgrammes() []screening {
	return []screening{
		{"snomed|268547008", "loinc|24606-6", true, false, 50, 69, 2, 2000, 0.82},
		{"snomed|171149006", "loinc|82675-0", true, false, 30, 60, 5, 2000, 0.71},
		{"snomed|275978004", "loinc|29771-3", true, true, 60, 66, 2, 2019, 0.75},
	}
}

func (h *history) screenings() {
	for _, s := range screeningProgrammes() {
		if h.h.male && !s.men || !h.h.male && !s.women {
			continue
		}
		comes := h.near(s.share, 0.2)
		born := dateOf(h.h.born).Year()
		for age := s.from; age <= s.until; age += s.every {
			day := firstOf(born+age) + 30 + h.r.Int32N(300)
			if day < max(h.from, firstOf(s.since)) || day > h.last {
				continue
			}
			h.add(clinical.Referral, parquet.Row{Code: s.code, Day: day, Until: day, Minute: clinical.NoMinute, Value: noValue, Status: "active"})
			if !h.chance(comes) {
				continue
			}
			day += 14 + h.r.Int32N(60)
			enc := h.visit(day, "AMB", h.near(60, 8))
			h.add(clinical.Procedure, parquet.Row{Code: s.code, Day: day, Until: day, Minute: h.minutes, Value: noValue, Status: "completed", Class: "AMB", Encounter: enc})
			found := "snomed|260385009" // negative
			if h.chance(0.035) {
				found = "snomed|10828004" // positive
			}
			h.add(clinical.Observation, parquet.Row{Code: s.result, Day: day, Until: day, Minute: h.minutes, Value: noValue, ValueCode: found, Status: "final", Class: "AMB", Encounter: enc})
		}
	}
}

// childhood writes the checks of children's clinics and school health care, with
// height and weight.
func (h *history) childhood() {
	if h.ageOn(h.from) >= 17 {
		return
	}
	for _, years := range [...]float64{0.1, 0.17, 0.25, 0.33, 0.42, 0.5, 0.67, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16} {
		day := h.h.born + int32(years*daysInYear) + h.r.Int32N(30)
		if day < h.from || day > h.last || !h.chance(0.95) {
			continue
		}
		enc := h.visit(day, "AMB", h.near(75, 12))
		tall := 50 + 26*math.Sqrt(years) + 2.2*years
		tall *= h.base.height / 172
		h.measure("loinc|8302-2", day, tall, "cm", enc, 1)
		h.measure("loinc|29463-7", day, h.base.weight/h.base.height/h.base.height*tall*tall*(0.62+0.02*years), "kg", enc, 1)
	}
}

// births writes pregnancies: their visits and their end.
func (h *history) births() {
	if h.h.male || h.age < 19 || h.ageOn(h.from) > 42 {
		return
	}
	for day := h.from + h.r.Int32N(2500); day <= h.last; day += 700 + h.r.Int32N(2500) {
		if age := h.ageOn(day); age < 20 || age > 42 || !h.chance(0.38) {
			continue
		}
		end := day + 260 + h.r.Int32N(25)
		h.add(clinical.Condition, parquet.Row{Code: "icd10|Z34.9", Day: day + 50, Until: end, Minute: clinical.NoMinute, Value: noValue, Status: "resolved"})
		for at := day + 60; at < end; at += 42 {
			enc := h.visit(at, "AMB", h.near(75, 12))
			h.pressure(at, enc)
			h.measure("loinc|29463-7", at, h.base.weight+float64(at-day)/22, "kg", enc, 1)
		}
		if end <= h.last {
			h.enc++
			h.add(clinical.Encounter, parquet.Row{Code: "act|IMP", Day: end, Until: min(end+3, h.last), Minute: 600, Value: 4200, Unit: "EUR", Status: "finished", Class: "IMP", Encounter: h.enc})
			h.add(clinical.Condition, parquet.Row{Code: "icd10|O80", Day: end, Until: end, Minute: clinical.NoMinute, Value: noValue, Status: "resolved", Class: "IMP", Encounter: h.enc})
		}
	}
}

// teeth writes examinations of the teeth and caries.
func (h *history) teeth() {
	if h.age < 3 {
		return
	}
	every := 500 + 1500*math.Pow(h.r.Float64(), 2)
	for day := max(h.from, h.h.born+1000) + h.r.Int32N(int32(every)); day <= h.last; day += int32(every * (0.7 + 0.6*h.r.Float64())) {
		enc := h.visit(day, "AMB", h.near(85, 20))
		h.add(clinical.Procedure, parquet.Row{Code: "snomed|34043003", Day: day, Until: day, Minute: h.minutes, Value: noValue, Status: "completed", Class: "AMB", Encounter: enc})
		if h.chance(0.3) {
			h.add(clinical.Condition, parquet.Row{Code: "icd10|K02.1", Day: day, Until: day + 30, Minute: clinical.NoMinute, Value: noValue, Status: "resolved", Class: "AMB", Encounter: enc})
		}
	}
	if h.chance(0.035) {
		h.add(clinical.Allergy, parquet.Row{Code: "atc|J01C", Day: h.from + h.r.Int32N(h.last-h.from+1), Until: clinical.Open, Minute: clinical.NoMinute, Value: noValue, Status: "active"})
	}
}
