package testcity_test

import (
	"math"
	"reflect"
	"testing"

	"ennakko/person"
	"ennakko/register/csv"
	"ennakko/testcity"
)

func count(n *int, when bool) {
	if when {
		*n++
	}
}

// factsOf counts the joint facts from the files alone.
func factsOf(c *city) testcity.Facts {
	var f testcity.Facts
	siblings := map[string][]string{} // children by guardian
	for code, rows := range c.guardians {
		for _, g := range rows {
			siblings[g.Guardian.Reveal()] = append(siblings[g.Guardian.Reveal()], code)
		}
	}
	pre := map[string]bool{}
	for _, u := range c.units {
		pre[u.Unit+" "+u.Language] = u.Provider == "municipal" && u.Places > 0
	}
	for i := range c.people {
		p := &c.people[i]
		if p.Birth.Year() == c.day.Year()-6 {
			count(&f.Died, !p.Death.IsZero())
			count(&f.MovedOut, !p.MovedOut.IsZero())
		}
	}
	for _, p := range c.sixes() {
		code := p.Code.Reveal()
		row, in := c.now(code)
		count(&f.AtHome, !in)
		count(&f.Private, row.Provider == "private")
		count(&f.Decided, row.Decision != "")
		count(&f.UnitPrePrimary, pre[row.Unit+" "+row.Language])
		count(&f.NonDisclosure, p.NonDisclosure)
		count(&f.MovedLastWeek, !p.MovedIn.Before(c.day.AddDate(0, 0, -7)))
		count(&f.NoDwelling, p.Dwelling == "")
		count(&f.ForeignMotherLang, p.MotherTongue != "fi" && p.MotherTongue != "sv" && p.MotherTongue != "se")
		twin, same := false, false
		for _, g := range c.guardians[code] {
			for _, other := range siblings[g.Guardian.Reveal()] {
				o := c.byCode[other]
				if other == code || !c.resident(o) {
					continue
				}
				twin = twin || o.Birth.Equal(p.Birth) && o.Dwelling == p.Dwelling
				there, ok := c.now(other)
				same = same || in && ok && there.Unit == row.Unit
			}
		}
		count(&f.Twins, twin)
		count(&f.SiblingSameUnit, same)
		guardianFacts(c, &f, code, row.Language == "sv")
	}
	return f
}

func guardianFacts(c *city, f *testcity.Facts, code string, swedish bool) {
	var fostered, court, dead bool
	for _, g := range c.guardians[code] {
		fostered = fostered || g.Role == person.FosterParent
		court = court || g.Role == person.Guardian
		dead = dead || !c.byCode[g.Guardian.Reveal()].Death.IsZero()
	}
	var without, foreign, apart, finnish, fixed bool
	numbers, reached, spoken := map[string]bool{}, 0, map[person.Language]bool{}
	decide := c.deciding(code)
	for _, g := range decide {
		key := g.Guardian.Reveal()
		p := c.byCode[key]
		spoken[p.ContactLanguage] = true
		finnish = finnish || p.MotherTongue == "fi" || p.MotherTongue == "se"
		apart = apart || g.Custody == person.JointCustody && !g.LivesWith && p.Death.IsZero()
		n, ok := c.mobiles[key]
		switch {
		case ok:
			reached++
			numbers[n.Reveal()] = true
			foreign = foreign || n.Foreign()
		case c.fixed[key]:
			fixed = true
		default:
			without = true
		}
	}
	count(&f.OneGuardian, len(decide) == 1)
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

func TestTheSummaryCountsTheJointFactsOfTheFiles(t *testing.T) {
	c := middling(t)
	if got := factsOf(c); got != c.summary.Facts {
		t.Fatalf("the files say\n%+v\nthe summary says\n%+v", got, c.summary.Facts)
	}
}

func TestTheJointFactsHaveTheirRates(t *testing.T) {
	c := middling(t)
	f, n := factsOf(c), float64(len(c.sixes()))
	for _, r := range []struct {
		what      string
		count     int
		low, high float64 // per cent of those who turn six
	}{
		{"twins", f.Twins, 1.8, 3.8}, {"sibling in the same unit", f.SiblingSameUnit, 20, 45}, {"parents apart", f.ParentsApart, 17, 23},
		{"one guardian", f.OneGuardian, 8, 13}, {"foster care", f.Foster, 0.5, 1.8}, {"court-appointed guardian", f.Appointed, 0.1, 0.6},
		{"two contact languages", f.TwoLanguages, 6, 20}, {"non-disclosure", f.NonDisclosure, 0.15, 0.9}, {"no mobile", f.NoMobile, 0.4, 2},
		{"a guardian without a mobile", f.GuardianNoMobile, 1.5, 5}, {"foreign number", f.Foreign, 0.8, 3}, {"shared number", f.SharedNumber, 0.1, 0.6},
		{"moved last week", f.MovedLastWeek, 0.1, 1.2}, {"private daycare", f.Private, 3.5, 4.5}, {"at home", f.AtHome, 1.8, 2.9},
		{"decision made", f.Decided, 0.5, 0.9}, {"Swedish daycare, Finnish-speaking guardian", f.SwedishFinnish, 1.5, 6},
	} {
		if share := float64(r.count) / n * 100; share < r.low || share > r.high {
			t.Errorf("%s: %d of %.0f, %.2f %%", r.what, r.count, n, share)
		}
	}
}

func TestEverySpecialCaseIsThereFromTwentyThousandResidents(t *testing.T) {
	for seed := range uint64(8) {
		_, s := write(t, testcity.Options{Residents: 20_000, Seed: seed})
		v := reflect.ValueOf(s.Facts)
		for i := range v.NumField() {
			if v.Field(i).Int() == 0 {
				t.Errorf("seed %d: no %s", seed, v.Type().Field(i).Tag.Get("json"))
			}
		}
	}
}

func TestGuardiansAreOfPlausibleAgesAndLiveWhereTheRegisterSays(t *testing.T) {
	c := middling(t)
	children, attending, small := 0, 0, 0
	for i := range c.people {
		p := &c.people[i]
		code := p.Code.Reveal()
		if age := c.day.Year() - 1 - p.Birth.Year(); age >= 1 && age <= 4 && c.resident(p) {
			small++
			if _, in := c.now(code); in {
				attending++
			}
		}
		if !p.Birth.After(c.day.AddDate(-18, 0, 0)) {
			if len(c.guardians[code]) > 0 {
				t.Fatal("a grown-up has guardians")
			}
			continue
		}
		children++
		if len(c.deciding(code)) == 0 && p.Death.IsZero() {
			t.Error("nobody decides for a child")
		}
		for _, g := range c.guardians[code] {
			checkGuardian(t, c, p, g)
		}
	}
	if share := float64(attending) / float64(small); share < 0.70 || share > 0.80 {
		t.Errorf("%.2f of the children of 1 to 4 years are in early education", share)
	}
	if children < 8_000 {
		t.Errorf("%d children", children)
	}
}

func checkGuardian(t *testing.T, c *city, child *csv.PersonRow, g csv.GuardianshipRow) {
	t.Helper()
	grown := c.byCode[g.Guardian.Reveal()]
	years := child.Birth.Year() - grown.Birth.Year()
	if g.Role == person.Parent && (years < 20 || years > 45) {
		t.Errorf("a parent is %d years older than the child", years)
	}
	if c.day.Year()-grown.Birth.Year() < 19 {
		t.Error("a guardian is not of age")
	}
	if c.resident(child) && c.resident(grown) && g.LivesWith != (grown.Dwelling == child.Dwelling && grown.District == child.District) && child.Dwelling != "" {
		t.Error("the guardian does not live where the register says")
	}
	if g.LivesWith && grown.NonDisclosure != child.NonDisclosure {
		t.Error("non-disclosure does not cover the household")
	}
}

func TestSiblingsAreBornOnOneDayOrMonthsApart(t *testing.T) {
	c := middling(t)
	mothers := map[string][]*csv.PersonRow{}
	for code, rows := range c.guardians {
		if child := c.byCode[code]; child.Death.IsZero() {
			for _, g := range rows {
				if c.byCode[g.Guardian.Reveal()].Sex == "f" && g.Role == person.Parent {
					mothers[g.Guardian.Reveal()] = append(mothers[g.Guardian.Reveal()], child)
				}
			}
		}
	}
	for _, kids := range mothers {
		for i, a := range kids {
			for _, b := range kids[:i] {
				if days := math.Abs(a.Birth.Sub(b.Birth).Hours() / 24); days > 0 && days < 270 {
					t.Errorf("a mother has children %.0f days apart", days)
				}
			}
		}
	}
}
