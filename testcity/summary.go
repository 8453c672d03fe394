package testcity

import "time"

// summary counts what the files say, from the same rows.
func (c *city) summary() Summary {
	s := Summary{Day: c.opt.Day.Format(time.DateOnly), Rows: len(c.all), EarlyEducation: len(c.care), Units: len(c.units)}
	homes := map[int32]bool{}
	grown := dayOf(c.opt.Day.AddDate(-adultAge, 0, 0))
	for i := range c.all {
		h := &c.all[i]
		if c.resident(int32(i)) {
			s.Residents++
			if h.home != none {
				homes[h.home] = true
			}
		}
		if h.phone.kind != noPhone {
			s.Contacts++
		}
		if h.phone.kind == fixedLine {
			s.FixedLines++
		}
		if c.ofKid[i] != none && h.born > grown {
			s.Guardianships += len(c.guardians(int32(i)))
		}
	}
	s.Households = len(homes)
	for i := range c.units {
		u := &c.units[i]
		s.PlacesFinnish += u.places[inFinnish]
		s.PlacesSwedish += u.places[inSwedish]
		if u.places[inFinnish]+u.places[inSwedish] > 0 {
			s.PrePrimary++
		}
	}
	now := map[int32]careRow{}
	for _, r := range c.care {
		if r.covers(c.day) {
			now[r.kid] = r
		}
		if c.inCohort(r) {
			s.Cohort++
		}
	}
	for i := range c.all {
		if dateOf(c.all[i].born).Year() == c.opt.Day.Year()-sixYears {
			c.countChild(&s, int32(i), now)
		}
	}
	return s
}

func count(n *int, when bool) {
	if when {
		*n++
	}
}

func (c *city) countChild(s *Summary, i int32, now map[int32]careRow) {
	f, h := &s.Facts, &c.all[i]
	count(&f.Died, h.died != 0)
	count(&f.MovedOut, h.movedOut != 0)
	if !c.resident(i) {
		return
	}
	s.TurningSix++
	count(&f.NonDisclosure, h.hidden)
	count(&f.MovedLastWeek, h.movedIn >= c.day-7)
	count(&f.NoDwelling, h.home == none)
	count(&f.ForeignMotherLang, h.group == otherGroup)
	row, in := now[i]
	count(&f.AtHome, !in)
	if in {
		u := &c.units[row.unit]
		count(&f.Private, u.kind == private)
		count(&f.Decided, row.decided != 0)
		count(&f.UnitPrePrimary, u.kind == prePrimary && u.places[row.language] > 0)
	}
	c.countFamily(f, i, row, in, now)
	c.countGuardians(f, i, in && row.language == inSwedish)
}

func (c *city) countFamily(f *Facts, i int32, row careRow, in bool, now map[int32]careRow) {
	twin, same := false, false
	for _, k := range c.kin[c.ofKid[i]].kids {
		if k == i || !c.resident(k) {
			continue
		}
		twin = twin || c.all[k].born == c.all[i].born
		other, ok := now[k]
		same = same || in && ok && other.unit == row.unit
	}
	count(&f.Twins, twin)
	count(&f.SiblingSameUnit, same)
}

func (c *city) countGuardians(f *Facts, i int32, swedish bool) {
	deciding, reached, finnish := 0, 0, false
	var without, foreign, fixed, apart, fostered, court, dead bool
	numbers, spoken := map[phone]bool{}, map[uint8]bool{}
	for _, g := range c.guardians(i) {
		h := &c.all[g.guardian]
		dead = dead || h.died != 0
		fostered = fostered || g.role == fosters
		court = court || g.role == courts
		if g.custody == no || g.until != 0 {
			continue
		}
		deciding++
		spoken[h.contact] = true
		finnish = finnish || h.group == fiGroup
		apart = apart || g.custody == joint && !g.lives && h.died == 0
		switch p := h.phone; p.kind {
		case noPhone:
			without = true
		case fixedLine:
			fixed = true
		default:
			reached++
			numbers[p] = true
			foreign = foreign || p.kind == swedishMobile || p.kind == estonianMobile
		}
	}
	count(&f.OneGuardian, deciding == 1)
	count(&f.TwoLanguages, len(spoken) > 1)
	count(&f.ParentsApart, apart && !fostered)
	count(&f.Foster, fostered)
	count(&f.Appointed, court)
	count(&f.GuardianDied, dead)
	count(&f.GuardianNoMobile, without)
	count(&f.GuardianFixedLine, fixed)
	count(&f.NoMobile, reached == 0)
	count(&f.Foreign, foreign)
	count(&f.SharedNumber, reached > len(numbers))
	count(&f.SwedishFinnish, swedish && finnish)
}
