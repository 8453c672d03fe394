package testcity_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/channel/sms"
	"ennakko/person"
	"ennakko/register/csv"
	"ennakko/testcity"
)

// city is what the reader of the register files makes of a folder.
type city struct {
	summary   testcity.Summary
	day       time.Time
	people    []csv.PersonRow
	byCode    map[string]*csv.PersonRow
	guardians map[string][]csv.GuardianshipRow
	mobiles   map[string]sms.Number
	asWritten map[string]string // numbers as typed
	fixed     map[string]bool   // gave a number that cannot take a text message
	education map[string][]csv.EducationRow
	units     []csv.UnitRow
	aside     []csv.SetAside
	seen      map[string]bool
}

func write(t testing.TB, opt testcity.Options) (string, testcity.Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "city")
	s, err := testcity.Write(context.Background(), dir, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

func read(t testing.TB, dir string) *city {
	t.Helper()
	f, err := csv.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &city{day: f.Snapshot, byCode: map[string]*csv.PersonRow{}, guardians: map[string][]csv.GuardianshipRow{}, mobiles: map[string]sms.Number{},
		asWritten: map[string]string{}, fixed: map[string]bool{}, education: map[string][]csv.EducationRow{}, seen: map[string]bool{}}
	for _, step := range []func(*csv.Folder) error{c.readPeople, c.readGuardianships, c.readContacts, c.readUnits, c.readEducation} {
		if err := step(f); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *city) setAside(s csv.SetAside) { c.aside = append(c.aside, s) }

// twice reports whether a key was seen before.
func (c *city) twice(key ...string) bool {
	k := strings.Join(key, "\n")
	was := c.seen[k]
	c.seen[k] = true
	return was
}

func (c *city) there(code person.Code) bool { return c.byCode[code.Reveal()] != nil }

func (c *city) readPeople(f *csv.Folder) error {
	err := f.People(c.setAside, func(_ int, p csv.PersonRow) string {
		if c.twice("person", p.Code.Reveal()) {
			return "the identity code stands twice"
		}
		c.people = append(c.people, p)
		return ""
	})
	for i := range c.people {
		c.byCode[c.people[i].Code.Reveal()] = &c.people[i]
	}
	return err
}

func (c *city) readGuardianships(f *csv.Folder) error {
	return f.Guardianships(c.setAside, func(g csv.GuardianshipRow) (string, string) {
		child := g.Child.Reveal()
		switch {
		case !c.there(g.Child), !c.there(g.Guardian):
			return "guardian", "somebody is not in the population register"
		case c.twice("guardian", child, g.Guardian.Reveal()):
			return "guardian", "the child and the guardian stand twice"
		}
		c.guardians[child] = append(c.guardians[child], g)
		return "", ""
	})
}

func (c *city) readContacts(f *csv.Folder) error {
	return f.Contacts(c.setAside, func(r csv.ContactRow) (string, string, string) {
		code := r.Code.Reveal()
		if !c.there(r.Code) || c.twice("contact", code) {
			return "code", "somebody is not in the population register, or stands twice", ""
		}
		n, err := sms.ParseNumber(r.Mobile, "FI")
		if err != nil {
			c.fixed[code] = true
			return "mobile", "the number cannot take a text message", ""
		}
		c.mobiles[code], c.asWritten[code] = n, r.Mobile
		return "", "", ""
	})
}

func (c *city) readUnits(f *csv.Folder) error {
	return f.Units(c.setAside, func(u csv.UnitRow) (string, string) {
		c.units = append(c.units, u)
		if c.twice("unit", u.Unit, u.Language) {
			return "unit", "the unit stands twice with the same language"
		}
		return "", ""
	})
}

func (c *city) readEducation(f *csv.Folder) error {
	units := map[string]bool{}
	for _, u := range c.units {
		units[u.Unit+u.Language+u.Provider] = true
	}
	return f.Education(c.setAside, func(r csv.EducationRow) (string, string) {
		if !c.there(r.Code) || !units[r.Unit+r.Language+r.Provider] {
			return "unit", "the child, or the unit with its language and provider, is not there"
		}
		c.education[r.Code.Reveal()] = append(c.education[r.Code.Reveal()], r)
		return "", ""
	})
}

var (
	made     sync.Once
	madeCity *city
)

// middling is a city of a tenth of the pilot's size, made once.
func middling(t *testing.T) *city {
	t.Helper()
	made.Do(func() {
		dir, s := write(t, testcity.Options{Residents: 64_000, Seed: 7})
		madeCity = read(t, dir)
		madeCity.summary = s
	})
	if madeCity == nil {
		t.Fatal("the city could not be made")
	}
	return madeCity
}

func (c *city) resident(p *csv.PersonRow) bool { return p.Death.IsZero() && p.MovedOut.IsZero() }

// now is the row of early education that covers the day.
func (c *city) now(code string) (csv.EducationRow, bool) {
	for _, r := range c.education[code] {
		if !r.Since.After(c.day) && (r.Until.IsZero() || !r.Until.Before(c.day)) {
			return r, true
		}
	}
	return csv.EducationRow{}, false
}

// deciding are the guardianships in force with custody.
func (c *city) deciding(code string) []csv.GuardianshipRow {
	var out []csv.GuardianshipRow
	for _, g := range c.guardians[code] {
		if g.Custody != person.NoCustody && (g.Until.IsZero() || g.Until.After(c.day)) {
			out = append(out, g)
		}
	}
	return out
}

// sixes are the residents who turn six in the year of the snapshot.
func (c *city) sixes() []*csv.PersonRow {
	var out []*csv.PersonRow
	for i := range c.people {
		if p := &c.people[i]; c.resident(p) && p.Birth.Year() == c.day.Year()-6 {
			out = append(out, p)
		}
	}
	return out
}

// cohort counts the children to whom the pilot would have offered a place.
func (c *city) cohort() (n int, byLanguage map[string]int, byUnit map[string]int) {
	byLanguage, byUnit = map[string]int{}, map[string]int{}
	for _, p := range c.sixes() {
		code := p.Code.Reveal()
		r, ok := c.now(code)
		if p.Municipality == "091" && ok && r.Provider == "municipal" && r.Decision == "" && len(c.deciding(code)) > 0 {
			n++
			byLanguage[r.Language]++
			byUnit[r.Unit+" "+r.Language]++
		}
	}
	return n, byLanguage, byUnit
}
