package csv

import (
	"time"

	"ennakko/person"
	"ennakko/place"
)

// PersonRow is one row of population.csv. A zero time means an empty cell.
type PersonRow struct {
	Code                           person.Code
	FamilyName, GivenNames         string
	Birth, Death                   time.Time
	Sex, MotherTongue              string
	ContactLanguage                person.Language
	Municipality, Dwelling         string
	Street, PostalCode, PostOffice string
	Home                           place.Grid
	HasHome                        bool
	District                       string
	MovedIn, MovedOut              time.Time
	NonDisclosure                  bool
}

func columnsOf(names ...string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{name: n}
	}
	return out
}

// People hands over the rows of population.csv. Do returns a reason to set a
// good-looking row aside ("" keeps it).
func (f *Folder) People(aside func(SetAside), do func(row int, p PersonRow) (reason string)) error {
	t, err := newTable(PopulationFile, f.files[PopulationFile], columnsOf("code", "family_name", "given_names", "birth_date",
		"death_date", "sex", "mother_tongue", "contact_language", "municipality", "dwelling", "street", "postal_code",
		"post_office", "crs", "north", "east", "district", "moved_in", "moved_out", "non_disclosure"), aside)
	if err != nil {
		return err
	}
	return t.each(func(c *cells) error {
		p := personRow(c)
		if c.fault != nil {
			return nil
		}
		if reason := do(c.row, p); reason != "" {
			c.bad("code", reason, "")
		}
		return nil
	})
}

func personRow(c *cells) PersonRow {
	p := PersonRow{
		Code: c.code("code"), FamilyName: c.short("family_name", false), GivenNames: c.short("given_names", false),
		Birth: c.neededDay("birth_date"), Death: c.day("death_date"), Sex: c.oneOf("sex", "m", "f"),
		MotherTongue: c.short("mother_tongue", false), ContactLanguage: c.language("contact_language"),
		Municipality: c.digits("municipality", 3, false), Dwelling: c.short("dwelling", true),
		Street: c.short("street", true), PostalCode: c.digits("postal_code", 5, true), PostOffice: c.short("post_office", true),
		District: c.district("district", true), MovedIn: c.day("moved_in"), MovedOut: c.day("moved_out"),
		NonDisclosure: c.yesNo("non_disclosure"),
	}
	p.Home, p.HasHome = c.grid()
	if c.fault != nil {
		return p
	}
	switch {
	case !p.Birth.Equal(p.Code.Birth()):
		c.bad("birth_date", "the day of birth is not the one that the identity code names", "")
	case (p.Sex == "m") != p.Code.Male():
		c.bad("sex", "the sex is not the one that the identity code names", "")
	case !p.Death.IsZero() && p.Death.Before(p.Birth):
		c.bad("death_date", "the day of death is before the day of birth", "")
	case len(p.MotherTongue) < 2 || len(p.MotherTongue) > 3:
		c.bad("mother_tongue", "the mother tongue is not an ISO 639 code of 2 or 3 letters", "")
	case !p.MovedOut.IsZero() && p.MovedOut.Before(p.Birth):
		c.bad("moved_out", "the day of moving out is before the day of birth", "")
	}
	return p
}

func (c *cells) district(name string, optional bool) string {
	s := c.digits(name, 10, optional)
	if s == "" {
		return ""
	}
	if _, err := place.ParseDistrict(s); err != nil {
		c.bad(name, showOf(err), hintOf(err))
	}
	return s
}

// GuardianshipRow is one row of guardianships.csv.
type GuardianshipRow struct {
	Child, Guardian person.Code
	Custody         person.Custody
	Role            person.Role
	LivesWith       bool
	Since, Until    time.Time
}

// Guardianships hands over the rows of guardianships.csv.
func (f *Folder) Guardianships(aside func(SetAside), do func(g GuardianshipRow) (column, reason string)) error {
	t, err := newTable(GuardianshipsFile, f.files[GuardianshipsFile], columnsOf("child", "guardian", "custody", "role", "lives_with", "since", "until"), aside)
	if err != nil {
		return err
	}
	return t.each(func(c *cells) error {
		g := GuardianshipRow{Child: c.code("child"), Guardian: c.code("guardian"),
			Custody: person.Custody(c.oneOf("custody", "joint", "sole", "none")), Role: person.Role(c.oneOf("role", "parent", "foster", "guardian", "partner")),
			LivesWith: c.yesNo("lives_with"), Since: c.neededDay("since"), Until: c.day("until")}
		switch {
		case c.fault != nil:
		case g.Child.Reveal() == g.Guardian.Reveal():
			c.bad("guardian", "a child cannot be its own guardian", "")
		case !g.Until.IsZero() && g.Until.Before(g.Since):
			c.bad("until", "the guardianship ends before it begins", "")
		case g.Role == person.FosterParent && g.Custody != person.NoCustody:
			c.bad("custody", "a foster parent has no custody", "use none")
		case g.Role == person.Partner && g.Custody != person.NoCustody:
			c.bad("custody", "a parent's partner has no custody", "use none; who has custody is a parent or a guardian")
		case g.Role == person.Partner && !g.LivesWith:
			c.bad("lives_with", "a partner who does not live with the child is none of its household", "leave the row out")
		default:
			if column, reason := do(g); reason != "" {
				c.bad(column, reason, "")
			}
		}
		return nil
	})
}

// ContactRow is one row of contacts.csv. Mobile is as it was typed.
type ContactRow struct {
	Code   person.Code
	Mobile string
	Since  time.Time
}

// Contacts hands over the rows of contacts.csv.
func (f *Folder) Contacts(aside func(SetAside), do func(r ContactRow) (column, reason, hint string)) error {
	t, err := newTable(ContactsFile, f.files[ContactsFile], columnsOf("code", "mobile", "since"), aside)
	if err != nil {
		return err
	}
	return t.each(func(c *cells) error {
		r := ContactRow{c.code("code"), c.short("mobile", false), c.neededDay("since")}
		if c.fault == nil {
			if column, reason, hint := do(r); reason != "" {
				c.bad(column, reason, hint)
			}
		}
		return nil
	})
}

// EducationRow is one row of early_education.csv.
type EducationRow struct {
	Code               person.Code
	Unit, Language     string
	Provider, Decision string
	Since, Until       time.Time
	DecisionDate       time.Time
}

// Education hands over the rows of early_education.csv.
func (f *Folder) Education(aside func(SetAside), do func(r EducationRow) (column, reason string)) error {
	t, err := newTable(EducationFile, f.files[EducationFile], columnsOf("code", "unit", "language", "provider", "since", "until", "decision", "decision_date"), aside)
	if err != nil {
		return err
	}
	return t.each(func(c *cells) error {
		r := EducationRow{Code: c.code("code"), Unit: c.short("unit", false), Language: c.oneOf("language", "fi", "sv"),
			Provider: c.oneOf("provider", "municipal", "private"), Since: c.neededDay("since"), Until: c.day("until"),
			Decision: c.oneOf("decision", "", "pre-primary"), DecisionDate: c.day("decision_date")}
		switch {
		case c.fault != nil:
		case !r.Until.IsZero() && r.Until.Before(r.Since):
			c.bad("until", "the place ends before it begins", "")
		case (r.Decision == "") != r.DecisionDate.IsZero():
			c.bad("decision_date", "a decision and its date must both be given or both be empty", "")
		default:
			if column, reason := do(r); reason != "" {
				c.bad(column, reason, "")
			}
		}
		return nil
	})
}

// UnitRow is one row of units.csv: a unit and one language of instruction.
type UnitRow struct {
	Unit                   string
	NameFi, NameSv, NameEn string
	Provider, District     string
	Site                   place.Grid
	Language               string
	Places                 int
	Kind                   string // early_education, health_station, exercise_group; "": early_education
}

// mostPlaces is the most pre-primary places that one unit may have in one
// language; more is a typing fault.
const mostPlaces = 500

// Kinds of units that serve in all languages. The places of a health station are
// appointments of one round, those of exercise groups are places in their groups.
const (
	healthStation = "health_station"
	exerciseGroup = "exercise_group"
)

// Units hands over the rows of units.csv.
func (f *Folder) Units(aside func(SetAside), do func(r UnitRow) (column, reason string)) error {
	t, err := newTable(UnitsFile, f.files[UnitsFile], append(columnsOf("unit", "name_fi", "name_sv", "name_en", "provider", "crs", "north", "east", "district", "language", "places"),
		column{name: "kind", optional: true}), aside)
	if err != nil {
		return err
	}
	return t.each(func(c *cells) error {
		r := UnitRow{Unit: c.short("unit", false), NameFi: c.short("name_fi", false), NameSv: c.short("name_sv", true), NameEn: c.short("name_en", true),
			Provider: c.oneOf("provider", "municipal", "private"), District: c.district("district", false),
			Language: c.oneOf("language", "fi", "sv", "mul"), Places: c.count("places", mostPlaces), Kind: c.oneOf("kind", "", "early_education", healthStation, exerciseGroup)}
		if (r.Language == "mul") != (r.Kind == healthStation || r.Kind == exerciseGroup) && c.fault == nil {
			c.bad("language", "health stations and exercise groups serve in all languages, early education in one", "write mul for a health station or an exercise group")
		}
		var ok bool
		if r.Site, ok = c.grid(); !ok {
			c.bad("crs", "a unit needs coordinates", "")
		}
		if c.fault == nil {
			if column, reason := do(r); reason != "" {
				c.bad(column, reason, "")
			}
		}
		return nil
	})
}
