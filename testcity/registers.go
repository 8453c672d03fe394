package testcity

import (
	"fmt"
	"strconv"
)

// registers lists the files of docs/registers.md.
func (c *city) registers() []register {
	n := len(c.all)
	files := []register{
		{"population.csv", "code;family_name;given_names;birth_date;death_date;sex;mother_tongue;contact_language;municipality;dwelling;street;postal_code;post_office;crs;north;east;district;moved_in;moved_out;non_disclosure", n, c.writePeople},
		{"guardianships.csv", "child;guardian;custody;role;lives_with;since;until", n / 3, c.writeGuardianships},
		{"contacts.csv", "code;mobile;since", n * 3 / 4, c.writeContacts},
		{"early_education.csv", "code;unit;language;provider;since;until;decision;decision_date", len(c.care), c.writeEducation},
		{"units.csv", "unit;name_fi;name_sv;name_en;provider;crs;north;east;district;language;places", len(c.units), c.writeUnits},
	}
	if c.opt.Health {
		files = append(files, register{"health/people.csv", "person;code", n, c.writeHealthPeople})
	}
	return files
}

func (c *city) writePeople(w *rows) error {
	for i := range c.all {
		h := &c.all[i]
		w.code(&h.code)
		w.text(c.familyNames(h))
		w.text(c.givenNames(h))
		w.birth(h.born)
		w.date(h.died)
		if h.male {
			w.text("m")
		} else {
			w.text("f")
		}
		w.text(tongues[h.tongue].code)
		w.text(contactLanguages[h.contact])
		w.text(fmt.Sprintf("%03d", h.municipality))
		c.writeHome(w, h)
		w.date(h.movedIn)
		w.date(h.movedOut)
		w.yesNo(h.hidden)
		if err := w.end(); err != nil {
			return err
		}
	}
	return nil
}

func (c *city) writeHome(w *rows, h *human) {
	if h.home == none {
		for range 8 {
			w.text("")
		}
		return
	}
	f := &c.flats[h.home]
	b := &c.houses[f.house]
	w.text(fmt.Sprintf("d%07d", h.home+1))
	w.text(c.street(f))
	w.text(b.postal)
	w.text("HELSINKI")
	w.number(int(b.site.CRS()))
	w.metres(b.site.North())
	w.metres(b.site.East())
	w.text(string(c.fig.areas[f.area].code))
}

func (c *city) writeGuardianships(w *rows) error {
	grown := dayOf(c.opt.Day.AddDate(-adultAge, 0, 0))
	for i := range c.all {
		if c.ofKid[i] == none || c.all[i].born <= grown {
			continue
		}
		for _, g := range c.guardians(int32(i)) {
			w.code(&c.all[i].code)
			w.code(&c.all[g.guardian].code)
			w.text(g.custody)
			w.text(g.role)
			w.yesNo(g.lives)
			w.date(g.since)
			w.date(g.until)
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *city) writeContacts(w *rows) error {
	for i := range c.all {
		if h := &c.all[i]; h.phone.kind != noPhone {
			w.code(&h.code)
			w.text(h.phone.text())
			w.date(h.phone.since)
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *city) writeEducation(w *rows) error {
	for _, r := range c.care {
		w.code(&c.all[r.kid].code)
		w.text(unitID(r.unit))
		w.text(instructionCodes[r.language])
		w.text(c.provider(r.unit))
		w.date(r.since)
		w.date(r.until)
		if r.decided != 0 {
			w.text("pre-primary")
		} else {
			w.text("")
		}
		w.date(r.decided)
		if err := w.end(); err != nil {
			return err
		}
	}
	return nil
}

func (c *city) provider(u int32) string {
	if c.units[u].kind == private {
		return "private"
	}
	return "municipal"
}

func (c *city) writeUnits(w *rows) error {
	for i := range c.units {
		u := &c.units[i]
		for l := range instructions {
			if !u.gives[l] {
				continue
			}
			w.text(unitID(int32(i)))
			w.text("Päiväkoti " + u.name)
			w.text("Daghemmet " + u.name)
			w.text(u.name + " daycare centre")
			w.text(c.provider(int32(i)))
			w.text(strconv.Itoa(int(u.site.CRS())))
			w.metres(u.site.North())
			w.metres(u.site.East())
			w.text(string(c.fig.areas[u.area].code))
			w.text(instructionCodes[l])
			w.number(u.places[l])
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}
