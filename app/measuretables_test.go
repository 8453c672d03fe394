package app_test

import (
	"slices"
	"testing"
)

// beside is a history's records beside those that the measure's people all have.
func beside(base []res, more ...res) []res { return slices.Concat(base, more) }

// The verdicts are worked out by hand from the published logic of the measures
// for 2025 (CMS165, CMS122, CMS124, CMS125, CMS130). Where it leaves a case open,
// because a day is only partly known, what was certainly in the period counts and
// what may lie outside does not.

func TestControllingHighBloodPressureAtItsEdges(t *testing.T) {
	base := []res{office("v1", "2025-03-03"), ill("icd10|I10", "2019-05-05")}
	b := func(more ...res) []res { return beside(base, more...) }
	high := bp("2025-02-02", 150, 95)
	measured(t, "blood-pressure", []history{
		{who: "no reading", want: "gap", records: b()},
		{who: "two readings of the last day, the lower counts", want: "met", records: b(bp("2025-05-05T08:00:00+03:00", 150, 95), bp("2025-05-05T08:20:00+03:00", 138, 88))},
		{who: "the lowest of each, from two readings", want: "met", records: b(bp("2025-05-05T08:00:00+03:00", 138, 95), bp("2025-05-05T08:20:00+03:00", 150, 88))},
		{who: "140 is too high", want: "gap", records: b(bp("2025-05-05", 140, 80))},
		{who: "90 is too high", want: "gap", records: b(bp("2025-05-05", 130, 90))},
		{who: "just below", want: "met", records: b(bp("2025-05-05", 139.9, 89.9))},
		{who: "a low one in hospital on the day of a high one at the surgery", want: "gap",
			records: b(office("v2", "2025-05-05"), visit("h", "IMP", "2025-05-05T12:00:00+03:00", "2025-05-09T12:00:00+03:00"), bp("2025-05-05T09:10:00+03:00", 150, 80).in("v2"), bp("2025-05-05T13:00:00+03:00", 120, 70).in("h"))},
		{who: "a high one in hospital on the day of a low one at the surgery", want: "met",
			records: b(office("v2", "2025-05-05"), visit("h", "IMP", "2025-05-05T12:00:00+03:00", "2025-05-09T12:00:00+03:00"), bp("2025-05-05T09:10:00+03:00", 130, 80).in("v2"), bp("2025-05-05T13:00:00+03:00", 180, 99).in("h"))},
		{who: "at the surgery on the day of an emergency visit of that type", want: "gap",
			records: b(high, office("v2", "2025-05-05"), visit("e", "EMER", "2025-05-05T20:00:00+03:00", "2025-05-05T23:00:00+03:00", "snomed|4525004"), bp("2025-05-05T09:10:00+03:00", 130, 80).in("v2"))},
		{who: "in an emergency visit by its class alone", want: "gap",
			records: b(high, visit("e", "EMER", "2025-05-05T20:00:00+03:00", "2025-05-05T23:00:00+03:00"), bp("2025-05-05T20:10:00+03:00", 120, 70).in("e"))},
		{who: "of no visit, during a stay in hospital", want: "gap",
			records: b(visit("h", "IMP", "2025-05-01T12:00:00+03:00", "2025-05-09T12:00:00+03:00", "snomed|32485007"), bp("2025-05-05", 120, 70))},
		{who: "a stay that was cancelled", want: "met",
			records: b(visit("h", "IMP", "2025-05-01T12:00:00+03:00", "2025-05-09T12:00:00+03:00", "snomed|32485007").status("cancelled"), bp("2025-05-05", 120, 70))},
		{who: "a systolic alone on a later day", want: "met", records: b(bp("2025-05-05", 138, 88), bp("2025-06-06", 160, 0))},
		{who: "the last day with both counts", want: "gap", records: b(bp("2025-05-05", 120, 70), bp("2025-06-06", 160, 80))},
		{who: "a preliminary one does not count", want: "gap", records: b(high, bp("2025-06-06", 120, 70).status("preliminary"))},
		{who: "an amended one does", want: "met", records: b(high, bp("2025-06-06", 120, 70).status("amended"))},
		{who: "one entered in error does not", want: "met", records: b(bp("2025-05-05", 120, 70), bp("2025-07-07", 180, 99).status("entered-in-error"))},
		{who: "the same resource again", want: "met", records: b(bp("2025-05-05", 120, 70).with("id", "x"), bp("2025-05-05", 180, 99).with("id", "x"))},
		{who: "the last minutes of the year", want: "met", records: b(high, bp("2025-12-31T23:30:00+02:00", 120, 70))},
		{who: "the first minutes of the next, written in another zone", want: "gap", records: b(high, bp("2025-12-31T22:30:00Z", 120, 70))},
		{who: "the first minutes of this one, written in another zone", want: "met", records: b(bp("2024-12-31T22:30:00Z", 120, 70))},
		{who: "without a day", want: "gap", records: b(bp("", 120, 70))},
		{who: "of the year before, without a day of it", want: "gap", records: b(bp("2024", 120, 70))},
		{who: "some day of the month", want: "met", records: b(bp("2025-05", 120, 70))},
		{who: "in kilopascals", want: "met", records: b(kilopascals("2025-05-05", 18.6, 11.9))},
		{who: "in kilopascals, and too high", want: "gap", records: b(kilopascals("2025-05-05", 18.7, 11.9))},
		{who: "in a unit of another kind", want: "error", records: b(bp("2025-05-05", 120, 70).with("component", []res{{"code": coded("loinc|8480-6"), "valueQuantity": quantity(120, "kg")}}))},
		{who: "hypertension since the last day of the half year", want: "gap", records: []res{base[0], ill("icd10|I10", "2025-06-30")}},
		{who: "since the day after", want: "not applicable", records: []res{base[0], ill("icd10|I10", "2025-07-01")}},
		{who: "hypertension that ended the day before", want: "not applicable", records: []res{base[0], ill("icd10|I10", "2019").with("abatementDateTime", "2024-12-31")}},
		{who: "that ended on the first day", want: "gap", records: []res{base[0], ill("icd10|I10", "2019").with("abatementDateTime", "2025-01-01")}},
		{who: "that is over since nobody knows when", want: "not applicable", records: []res{base[0], ill("icd10|I10", "2019-05-05").with("clinicalStatus", coded("clinical|resolved"))}},
		{who: "refuted", want: "not applicable", records: []res{base[0], ill("icd10|I10", "2019-05-05").with("verificationStatus", coded("verified|refuted"))}},
		{who: "provisional", want: "gap", records: []res{base[0], ill("icd10|I10", "2019-05-05").with("verificationStatus", coded("verified|provisional"))}},
		{who: "since nobody knows when", want: "gap", records: []res{base[0], ill("icd10|I10", "")}},
		{who: "85 on the last day", born: "1940-01-01", want: "gap", records: b()},
		{who: "86 on the last day", born: "1939-12-31", want: "not applicable", records: b()},
		{who: "18 on the last day", born: "2007-12-31", want: "gap", records: b()},
		{who: "17 on the last day", born: "2008-01-01", want: "not applicable", records: b()},
		{who: "born in some year", born: "1965", want: "unknown", records: b()},
		{who: "a visit that was cancelled", want: "not applicable", records: []res{office("v1", "2025-03-03").status("cancelled"), base[1]}},
		{who: "a visit over the turn of the year", want: "not applicable", records: []res{visit("v1", "AMB", "2024-12-31T23:50:00+02:00", "2025-01-01T00:10:00+02:00", "cpt|99213"), base[1]}},
		{who: "a visit that goes on", want: "gap", records: []res{visit("v1", "AMB", "2025-12-31T09:00:00+02:00", "2025-12-31T09:20:00+02:00", "cpt|99213").status("in-progress"), base[1]}},
		{who: "hospice up to the day before", want: "gap", records: b(visit("x", "HH", "2024-11-01", "2024-12-31", "snomed|305336008"))},
		{who: "hospice up to the first day", want: "excluded by hospice", records: b(visit("x", "HH", "2024-11-01", "2025-01-01", "snomed|305336008"))},
		{who: "hospice care not done", want: "gap", records: b(done("snomed|385763009", "2025-05-05").status("not-done"))},
		{who: "hospice care of no day", want: "gap", records: b(done("snomed|385763009", ""))},
		{who: "kidney failure that was over", want: "gap", records: b(ill("icd10|N18.6", "2020-01-01").with("abatementDateTime", "2024-12-31"))},
		{who: "kidney failure", want: "excluded by kidney-failure", records: b(ill("icd10|N18.6", "2020-01-01"))},
		{who: "dialysis ten years ago", want: "excluded by kidney-failure", records: b(done("snomed|108241001", "2015-05-05"))},
		{who: "pregnant up to the first day", born: "1990-05-05", want: "excluded by pregnancy", records: b(ill("icd10|Z33.1", "2024-05-05").with("abatementDateTime", "2025-01-01"))},
		{who: "controlled, and in a hospice", want: "excluded by hospice", records: b(bp("2025-05-05", 120, 70), done("snomed|385763009", "2025-12-31"))},
	})
}

// kilopascals is a panel in kPa.
func kilopascals(when string, systolic, diastolic float64) res {
	return bp(when, 1, 1).with("component", []res{
		{"code": coded("loinc|8480-6"), "valueQuantity": quantity(systolic, "kPa")}, {"code": coded("loinc|8462-4"), "valueQuantity": quantity(diastolic, "kPa")}})
}

func TestGlycaemicStatusAtItsEdges(t *testing.T) {
	base := []res{office("v1", "2025-03-03"), ill("icd10|E11.9", "2015-01-01")}
	b := func(more ...res) []res { return beside(base, more...) }
	measured(t, "hba1c", []history{
		{who: "no test", want: "gap", records: b()},
		{who: "9 % is not above", want: "met", records: b(a1c("2025-06-06", 9, "%"))},
		{who: "9.1 % is", want: "gap", records: b(a1c("2025-06-06", 9.1, "%"))},
		{who: "74 mmol/mol is 8.9 %", want: "met", records: b(a1c("2025-06-06", 74, "mmol/mol"))},
		{who: "75 mmol/mol is 9.01 %", want: "gap", records: b(a1c("2025-06-06", 75, "mmol/mol"))},
		{who: "by the code of the IFCC", want: "met", records: b(lab("loinc|59261-8", "2025-06-06", quantity(60, "mmol/mol")))},
		{who: "two of one day, the lower counts", want: "met", records: b(a1c("2025-06-06T08:00:00+03:00", 8, "%"), a1c("2025-06-06T15:00:00+03:00", 10, "%"))},
		{who: "two of one day in two units", want: "met", records: b(a1c("2025-06-06", 100, "mmol/mol"), a1c("2025-06-06", 8.9, "%"))},
		{who: "the last day counts", want: "gap", records: b(a1c("2025-05-05", 7, "%"), a1c("2025-06-06", 10, "%"))},
		{who: "the last day is good", want: "met", records: b(a1c("2025-05-05", 10, "%"), a1c("2025-06-06", 7, "%"))},
		{who: "a later test without a result", want: "gap", records: b(a1c("2025-05-05", 7, "%"), lab("loinc|4548-4", "2025-06-06", nil))},
		{who: "one of the day without a result", want: "gap", records: b(a1c("2025-05-05", 7, "%"), lab("loinc|4548-4", "2025-05-05", nil))},
		{who: "one of an earlier day without a result", want: "met", records: b(a1c("2025-05-05", 7, "%"), lab("loinc|4548-4", "2025-02-02", nil))},
		{who: "a later result in words", want: "gap", records: b(a1c("2025-05-05", 7, "%"), lab("loinc|4548-4", "2025-06-06", "see the letter"))},
		{who: "a preliminary one", want: "gap", records: b(a1c("2025-06-06", 7, "%").status("preliminary"))},
		{who: "a corrected one", want: "met", records: b(a1c("2025-06-06", 7, "%").status("corrected"))},
		{who: "a later one entered in error", want: "met", records: b(a1c("2025-06-06", 7, "%"), a1c("2025-07-07", 12, "%").status("entered-in-error"))},
		{who: "the same resource again", want: "met", records: b(a1c("2025-06-06", 7, "%").with("id", "x"), a1c("2025-06-06", 7, "%").with("id", "x"))},
		{who: "a number without a unit", want: "error", records: b(a1c("2025-06-06", 7, "%").with("valueQuantity", res{"value": 7}))},
		{who: "a concentration", want: "error", records: b(a1c("2025-06-06", 7, "mmol/L"))},
		{who: "the last minute of the year before", want: "gap", records: b(a1c("2024-12-31T23:59:00+02:00", 7, "%"))},
		{who: "the last minute of the year, written in another zone", want: "met", records: b(a1c("2025-12-31T21:59:00Z", 7, "%"))},
		{who: "of no day", want: "gap", records: b(a1c("", 7, "%"))},
		{who: "some day of the year", want: "met", records: b(a1c("2025", 7, "%"))},
		{who: "a day that is none", want: "gap", records: b(a1c("2025-02-30", 7, "%"))},
		{who: "diabetes that was over", want: "not applicable", records: []res{base[0], ill("icd10|E11.9", "2015").with("abatementDateTime", "2024-12-31")}},
		{who: "diabetes since the last day", want: "gap", records: []res{base[0], ill("icd10|E11.9", "2025-12-31")}},
		{who: "diabetes refuted", want: "not applicable", records: []res{base[0], ill("icd10|E11.9", "2015").with("verificationStatus", coded("verified|refuted"))}},
		{who: "75 on the last day", born: "1950-01-01", want: "gap", records: b()},
		{who: "76 on the last day", born: "1949-12-31", want: "not applicable", records: b()},
		{who: "referred to a hospice", want: "excluded by hospice", records: b(order("snomed|385763009", "2025-12-31", "order"))},
		{who: "a hospice is planned", want: "gap", records: b(order("snomed|385763009", "2025-12-31", "plan"))},
		{who: "palliative care that was over", want: "gap", records: b(ill("icd10|Z51.5", "2024-02-02").with("abatementDateTime", "2024-12-31"))},
		{who: "palliative care", want: "excluded by palliative", records: b(ill("icd10|Z51.5", "2024-02-02"))},
		{who: "left hospital for a hospice", want: "excluded by hospice", records: b(visit("h", "IMP", "2024-12-20", "2025-01-01", "snomed|32485007").
			with("hospitalization", res{"dischargeDisposition": coded("snomed|428361000124107")}))},
	})
}

func order(code, when, intent string) res {
	return res{"resourceType": "ServiceRequest", "status": "active", "intent": intent, "code": coded(code), "authoredOn": when}
}

func TestCervicalScreeningAtItsEdges(t *testing.T) {
	base := []res{office("v1", "2025-03-03")}
	b := func(more ...res) []res { return beside(base, more...) }
	pap := func(when string) res { return lab("loinc|19762-4", when, coded("snomed|373887005")) }
	hpv := func(when string) res { return lab("loinc|59420-0", when, coded("snomed|260385009")) }
	measured(t, "cervix", []history{
		{who: "nothing", want: "gap", records: b()},
		{who: "a Pap test on the first day of three years", want: "met", records: b(pap("2023-01-01"))},
		{who: "a day too early", want: "gap", records: b(pap("2022-12-31"))},
		{who: "not too early, written in another zone", want: "met", records: b(pap("2022-12-31T22:30:00Z"))},
		{who: "without a result", want: "gap", records: b(lab("loinc|19762-4", "2024-02-02", nil))},
		{who: "with a result in words", want: "met", records: b(lab("loinc|19762-4", "2024-02-02", "no change"))},
		{who: "with a result of words in a code", want: "met", records: b(lab("loinc|19762-4", "2024-02-02", nil).with("valueCodeableConcept", res{"text": "NILM"}))},
		{who: "not taken, and why", want: "gap", records: b(lab("loinc|19762-4", "2024-02-02", nil).with("dataAbsentReason", res{"text": "refused"}))},
		{who: "preliminary", want: "gap", records: b(pap("2024-02-02").status("preliminary"))},
		{who: "registered", want: "gap", records: b(pap("2024-02-02").status("registered"))},
		{who: "amended", want: "met", records: b(pap("2024-02-02").status("amended"))},
		{who: "of no day", want: "gap", records: b(pap(""))},
		{who: "some day of the first year", want: "met", records: b(pap("2023"))},
		{who: "some day of the year before", want: "gap", records: b(pap("2022"))},
		{who: "an HPV test on the first day of five years", want: "met", records: b(hpv("2021-01-01"))},
		{who: "an HPV test a day too early", want: "gap", records: b(hpv("2020-12-31"))},
		{who: "an HPV test a day before 30", born: "1994-05-05", want: "gap", records: b(hpv("2024-05-04"))},
		{who: "an HPV test at 30", born: "1994-05-05", want: "met", records: b(hpv("2024-05-05"))},
		{who: "born on 29 February, the day before 30", born: "1992-02-29", want: "gap", records: b(hpv("2022-02-28"))},
		{who: "born on 29 February, at 30", born: "1992-02-29", want: "met", records: b(hpv("2022-03-01"))},
		{who: "24 on the last day", born: "2001-12-31", want: "gap", records: b()},
		{who: "23 on the last day", born: "2002-01-01", want: "not applicable", records: b()},
		{who: "64 on the last day", born: "1961-01-01", want: "gap", records: b()},
		{who: "65 on the last day", born: "1960-12-31", want: "not applicable", records: b()},
		{who: "a man", sex: "male", want: "not applicable", records: b()},
		{who: "of a sex that is not said", sex: "unknown", want: "unknown", records: b()},
		{who: "the womb taken on the last day", want: "excluded by no-cervix", records: b(done("snomed|116140006", "2025-12-31"))},
		{who: "the womb taken the day after", want: "gap", records: b(done("snomed|116140006", "2026-01-01"))},
		{who: "an operation not done", want: "gap", records: b(done("snomed|116140006", "2020-01-01").status("not-done"))},
		{who: "an operation under way", want: "gap", records: b(done("snomed|116140006", "2025-12-31").status("in-progress"))},
		{who: "an operation of no day", want: "gap", records: b(done("snomed|116140006", ""))},
		{who: "no cervix, since nobody knows when", want: "excluded by no-cervix", records: b(ill("icd10|Z90.710", ""))},
		{who: "no cervix, refuted", want: "gap", records: b(ill("icd10|Z90.710", "2001").with("verificationStatus", coded("verified|refuted")))},
		{who: "in a hospice, by her answer", want: "excluded by hospice", records: b(lab("loinc|45755-6", "2025-01-01", coded("snomed|373066001")))},
		{who: "in no hospice, by her answer", want: "gap", records: b(lab("loinc|45755-6", "2025-01-01", coded("snomed|373067005")))},
	})
}

func TestBreastScreeningAtItsEdges(t *testing.T) {
	base := []res{office("v1", "2025-03-03")}
	b := func(more ...res) []res { return beside(base, more...) }
	picture := func(when string) res { return lab("loinc|24606-6", when, nil) }
	ill66 := []res{ill("icd10|R54", "2025-02-02"), ill("icd10|I50.9", "2024-01-01")}
	measured(t, "breast", []history{
		{who: "nothing", want: "gap", records: b()},
		{who: "on the first day of 27 months", want: "met", records: b(picture("2023-10-01"))},
		{who: "a day too early", want: "gap", records: b(picture("2023-09-30"))},
		{who: "on the last day", want: "met", records: b(picture("2025-12-31T23:59:00+02:00"))},
		{who: "the day after, written in another zone", want: "gap", records: b(picture("2025-12-31T22:10:00Z"))},
		{who: "some day of the year in which it begins", want: "gap", records: b(picture("2023"))},
		{who: "some day of the month in which it begins", want: "met", records: b(picture("2023-10"))},
		{who: "some day of the year after", want: "met", records: b(picture("2024"))},
		{who: "of no day", want: "gap", records: b(picture(""))},
		{who: "preliminary", want: "gap", records: b(picture("2024-02-02").status("preliminary"))},
		{who: "cancelled", want: "gap", records: b(picture("2024-02-02").status("cancelled"))},
		{who: "corrected", want: "met", records: b(picture("2024-02-02").status("corrected"))},
		{who: "only ordered", want: "gap", records: b(order("loinc|24606-6", "2025-02-02", "order"))},
		{who: "the left breast taken", want: "gap", records: b(done("snomed|429009003", "2010-01-01"))},
		{who: "the left taken, no right one", want: "excluded by no-breasts", records: b(done("snomed|429009003", "2010-01-01"), ill("icd10|Z90.11", "2015-01-01"))},
		{who: "the right one taken after the period", want: "gap", records: b(done("snomed|429009003", "2010-01-01"), done("snomed|429242008", "2026-01-01"))},
		{who: "the left taken twice", want: "gap", records: b(done("snomed|429009003", "2010-01-01"), ill("icd10|Z90.12", "2010-01-02"))},
		{who: "both taken", want: "excluded by no-breasts", records: b(done("snomed|14693006", "2010-01-01"))},
		{who: "both taken, entered in error", want: "gap", records: b(done("snomed|14693006", "2010-01-01").status("entered-in-error"))},
		{who: "52 on the last day", born: "1973-12-31", want: "gap", records: b()},
		{who: "51 on the last day", born: "1974-01-01", want: "not applicable", records: b()},
		{who: "74 on the last day", born: "1951-01-01", want: "gap", records: b()},
		{who: "75 on the last day", born: "1950-12-31", want: "not applicable", records: b()},
		{who: "frail and ill at 66", born: "1959-12-31", want: "excluded by frail", records: b(ill66...)},
		{who: "frail and ill at 65", born: "1960-01-01", want: "gap", records: b(ill66...)},
		{who: "frail, and ill for longer", born: "1955-01-01", want: "gap", records: b(ill("icd10|R54", "2025-02-02"), ill("icd10|I50.9", "2023-12-31"))},
		{who: "in a nursing home", born: "1955-01-01", want: "excluded by nursing-home", records: b(lab("loinc|71802-3", "2022-01-01", coded("snomed|160734000")))},
		{who: "home again", born: "1955-01-01", want: "gap", records: b(lab("loinc|71802-3", "2022-01-01", coded("snomed|160734000")), lab("loinc|71802-3", "2025-01-01", coded("snomed|160943002")))},
		{who: "a man", sex: "male", want: "not applicable", records: b()},
	})
}

func TestBowelScreeningAtItsEdges(t *testing.T) {
	base := []res{office("v1", "2025-03-03")}
	b := func(more ...res) []res { return beside(base, more...) }
	scope := func(when string) res { return done("snomed|73761001", when) }
	blood := func(when string) res { return lab("loinc|57905-2", when, quantity(12, "ng/mL")) }
	measured(t, "bowel", []history{
		{who: "nothing", want: "gap", records: b()},
		{who: "a colonoscopy on the first day of ten years", want: "met", records: b(scope("2016-01-01"))},
		{who: "a day too early", want: "gap", records: b(scope("2015-12-31"))},
		{who: "over midnight into the first day", want: "met", records: b(scope("").with("performedPeriod", res{"start": "2015-12-31T23:30:00+02:00", "end": "2016-01-01T00:10:00+02:00"}))},
		{who: "not too early, written in another zone", want: "met", records: b(scope("2015-12-31T22:30:00Z"))},
		{who: "under way", want: "gap", records: b(scope("2025-12-31").status("in-progress"))},
		{who: "not done", want: "gap", records: b(scope("2020-01-01").status("not-done"))},
		{who: "entered in error", want: "gap", records: b(scope("2020-01-01").status("entered-in-error"))},
		{who: "of no day", want: "gap", records: b(scope(""))},
		{who: "some day of the first year", want: "met", records: b(scope("2016"))},
		{who: "some day of the year before", want: "gap", records: b(scope("2015"))},
		{who: "a sigmoidoscopy on the first day of five years", want: "met", records: b(done("snomed|44441009", "2021-01-01"))},
		{who: "a sigmoidoscopy a day too early", want: "gap", records: b(done("snomed|44441009", "2020-12-31"))},
		{who: "pictures on the first day of five years", want: "met", records: b(lab("loinc|60515-4", "2021-01-01", nil))},
		{who: "pictures a day too early", want: "gap", records: b(lab("loinc|60515-4", "2020-12-31", nil))},
		{who: "a DNA test on the first day of three years", want: "met", records: b(lab("loinc|77353-1", "2023-01-01", coded("snomed|260385009")))},
		{who: "a DNA test a day too early", want: "gap", records: b(lab("loinc|77353-1", "2022-12-31", coded("snomed|260385009")))},
		{who: "a DNA test without a result", want: "gap", records: b(lab("loinc|77353-1", "2024-01-01", nil))},
		{who: "a blood test on the first day", want: "met", records: b(blood("2025-01-01"))},
		{who: "a blood test a day too early", want: "gap", records: b(blood("2024-12-31"))},
		{who: "a blood test without a result", want: "gap", records: b(lab("loinc|57905-2", "2025-02-02", nil))},
		{who: "a blood test, in words", want: "met", records: b(lab("loinc|57905-2", "2025-02-02", "negative"))},
		{who: "a blood test, no", want: "met", records: b(lab("loinc|57905-2", "2025-02-02", nil).with("valueBoolean", false))},
		{who: "a blood test, preliminary", want: "gap", records: b(blood("2025-02-02").status("preliminary"))},
		{who: "cancer since the last day", want: "excluded by cancer", records: b(ill("icd10|C18.0", "2025-12-31"))},
		{who: "cancer since the day after", want: "gap", records: b(ill("icd10|C18.0", "2026-01-01"))},
		{who: "cancer that is over", want: "excluded by cancer", records: b(ill("icd10|C18.0", "2001").with("abatementDateTime", "2002"))},
		{who: "cancer refuted", want: "gap", records: b(ill("icd10|C18.0", "2001").with("verificationStatus", coded("verified|refuted")))},
		{who: "the bowel taken", want: "excluded by cancer", records: b(done("snomed|26390003", "2005-01-01"))},
		{who: "46 on the last day", born: "1979-12-31", want: "gap", records: b()},
		{who: "45 on the last day", born: "1980-01-01", want: "not applicable", records: b()},
		{who: "75 on the last day", born: "1950-01-01", want: "gap", records: b()},
		{who: "76 on the last day", born: "1949-12-31", want: "not applicable", records: b()},
		{who: "no visit", want: "not applicable", records: nil},
		{who: "a visit on the last day", want: "gap", records: []res{office("v1", "2025-12-31")}},
	})
}
