package intake

import (
	"encoding/base32"
	"time"

	"ennakko/channel/sms"
	"ennakko/person"
	"ennakko/place"
	"ennakko/register"
	"ennakko/register/csv"
	"ennakko/register/parquet"
	"ennakko/store"
)

// taken is a row of the population register with its person's number.
type taken struct {
	row csv.PersonRow
	id  person.ID
}

func (in *run) parse() error {
	for _, step := range []func() error{in.parseUnits, in.parsePeople, in.stagePeople, in.parseGuardianships, in.parseContacts, in.parseEducation} {
		if err := step(); err != nil {
			return err
		}
		if err := in.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (in *run) parseUnits() error {
	in.unitIDs = map[string]bool{}
	if !in.take["units"] {
		units, err := in.store.Units(in.ctx, in.folder.Snapshot)
		for _, u := range units {
			in.unitIDs[u.ID] = true
		}
		return err
	}
	seen := map[string]bool{}
	return in.folder.Units(in.setAside, func(r csv.UnitRow) (string, string) {
		if seen[r.Unit+" "+r.Language] {
			return "unit", "the unit stands twice with the same language"
		}
		seen[r.Unit+" "+r.Language] = true
		site, err := r.Site.To(place.GK25)
		if err != nil {
			return "north", "the coordinates cannot be converted"
		}
		name := map[person.Language]string{person.Finnish: r.NameFi, person.Swedish: r.NameSv, person.English: r.NameEn}
		for l, n := range name {
			if n == "" {
				name[l] = r.NameFi
			}
		}
		in.unitIDs[r.Unit] = true
		in.units = append(in.units, store.Unit{ID: r.Unit, Name: name, Provider: r.Provider, North: site.North(), East: site.East(),
			District: r.District, Language: r.Language, Places: r.Places, Kind: r.Kind})
		in.tick(csv.UnitsFile)
		return "", ""
	})
}

// parsePeople checks the rows and gives new people their numbers, in an order
// that says nothing about the file.
func (in *run) parsePeople() error {
	in.exists = map[person.ID]bool{}
	if !in.folder.Has(csv.PopulationFile) || !in.take["population"] {
		for _, id := range in.ids {
			in.exists[id] = true
		}
		return nil
	}
	seen := make(map[[16]byte]bool, in.total)
	var fresh [][16]byte
	var hashes [][16]byte
	err := in.folder.People(in.setAside, func(_ int, p csv.PersonRow) string {
		h, err := in.store.CodeHash(p.Code)
		if err != nil {
			return "the identity code cannot be hashed"
		}
		if seen[h] {
			return "the identity code stands twice"
		}
		seen[h] = true
		if _, ok := in.ids[h]; !ok {
			fresh = append(fresh, h)
		}
		in.people = append(in.people, taken{row: p})
		hashes = append(hashes, h)
		in.tick(csv.PopulationFile)
		return ""
	})
	if err != nil {
		return err
	}
	in.opt.Rand.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
	next := person.ID(len(in.ids))
	for i := range fresh {
		next++
		in.ids[fresh[i]] = next
		in.fresh = append(in.fresh, fresh[i][:])
	}
	for i, h := range hashes {
		in.people[i].id = in.ids[h]
		in.exists[in.ids[h]] = true
	}
	return nil
}

func day(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return register.Day(t)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// stagePeople lays the facts out and gathers what is to be sealed.
func (in *run) stagePeople() error {
	if !in.take["population"] {
		return nil
	}
	text, date := register.Text, register.Date
	t, err := in.facts.Table(in.ctx, "population", parquet.Column{Name: "birth", Kind: date}, parquet.Column{Name: "death", Kind: date},
		parquet.Column{Name: "sex", Kind: text}, parquet.Column{Name: "mother_tongue", Kind: text}, parquet.Column{Name: "contact_language", Kind: text},
		parquet.Column{Name: "municipality", Kind: text}, parquet.Column{Name: "district", Kind: text}, parquet.Column{Name: "dwelling", Kind: text},
		parquet.Column{Name: "moved_in", Kind: date}, parquet.Column{Name: "moved_out", Kind: date}, parquet.Column{Name: "non_disclosure", Kind: register.YesNo})
	if err != nil {
		return err
	}
	in.identities = make([]store.Identity, 0, len(in.people))
	dwellings := map[string]string{}
	for i, p := range in.people {
		if i%20000 == 0 {
			in.opt.Progress("laying out facts", i, len(in.people))
		}
		r := p.row
		dwelling, err := in.dwelling(dwellings, r.Dwelling)
		if err != nil {
			return err
		}
		if err := t.Append(uint32(p.id), day(r.Birth), day(r.Death), r.Sex, r.MotherTongue, string(r.ContactLanguage), r.Municipality,
			orNil(r.District), orNil(dwelling), day(r.MovedIn), day(r.MovedOut), r.NonDisclosure); err != nil {
			return err
		}
		id, err := identity(p)
		if err != nil {
			return err
		}
		in.identities = append(in.identities, id)
	}
	return nil
}

// dwelling turns the register's name of a dwelling into one that means nothing
// outside.
func (in *run) dwelling(known map[string]string, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if s, ok := known[name]; ok {
		return s, nil
	}
	h, err := in.store.Hash("dwelling", name)
	if err != nil {
		return "", err
	}
	known[name] = base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(h[:10])
	return known[name], nil
}

func identity(p taken) (store.Identity, error) {
	r := p.row
	name, err := register.EncodeIdentity(register.FullName{Family: r.FamilyName, Given: r.GivenNames})
	if err != nil {
		return store.Identity{}, err
	}
	h := register.Home{Street: r.Street, PostalCode: r.PostalCode, PostOffice: r.PostOffice}
	if r.HasHome {
		g, err := r.Home.To(place.GK25)
		if err != nil {
			return store.Identity{}, err
		}
		north, east := g.North(), g.East()
		h.North, h.East = &north, &east
	}
	address, err := register.EncodeIdentity(h)
	return store.Identity{Person: p.id, Code: r.Code.Reveal(), Name: name, Address: address}, err
}

func (in *run) find(c person.Code) (person.ID, bool) {
	h, err := in.store.CodeHash(c)
	if err != nil {
		return 0, false
	}
	id, ok := in.ids[h]
	return id, ok && in.exists[id]
}

const notThere = "the identity code is not in the population register"

func (in *run) parseGuardianships() error {
	if !in.take["guardianship"] {
		return nil
	}
	t, err := in.facts.Table(in.ctx, "guardianship", parquet.Column{Name: "guardian", Kind: register.Person},
		parquet.Column{Name: "since", Kind: register.Date}, parquet.Column{Name: "until_day", Kind: register.Date}, parquet.Column{Name: "terms", Kind: register.Text})
	if err != nil {
		return err
	}
	seen := map[[2]person.ID]bool{}
	var fail error
	err = in.folder.Guardianships(in.setAside, func(g csv.GuardianshipRow) (string, string) {
		child, ok := in.find(g.Child)
		if !ok {
			return "child", notThere
		}
		guardian, ok := in.find(g.Guardian)
		switch {
		case !ok:
			return "guardian", notThere
		case seen[[2]person.ID{child, guardian}]:
			return "guardian", "the child and the guardian stand twice"
		}
		seen[[2]person.ID{child, guardian}] = true
		if err := t.Append(uint32(child), uint32(guardian), day(g.Since), day(g.Until), register.GuardianTerms(g.Custody, g.Role, g.LivesWith)); err != nil {
			fail = err
		}
		in.tick(csv.GuardianshipsFile)
		return "", ""
	})
	if err == nil {
		err = fail
	}
	return err
}

func (in *run) parseContacts() error {
	if !in.take["contacts"] {
		return nil
	}
	at := map[person.ID]int{}
	return in.folder.Contacts(in.setAside, func(r csv.ContactRow) (string, string, string) {
		id, ok := in.find(r.Code)
		if !ok {
			return "code", notThere, ""
		}
		n, err := sms.ParseNumber(r.Mobile, "FI")
		if err != nil {
			return "mobile", "the number cannot take a text message", "give a mobile number, as +358401234567 or 040 1234567"
		}
		c := store.Contact{Person: id, Mobile: n.Reveal(), Since: r.Since}
		in.tick(csv.ContactsFile)
		if i, twice := at[id]; !twice {
			at[id] = len(in.contacts)
			in.contacts = append(in.contacts, c)
		} else if c.Since.After(in.contacts[i].Since) {
			in.contacts[i] = c // the number given last counts
		}
		return "", "", ""
	})
}

func (in *run) parseEducation() error {
	if !in.take["early_education"] {
		return nil
	}
	text, date := register.Text, register.Date
	t, err := in.facts.Table(in.ctx, "early_education", parquet.Column{Name: "unit", Kind: text}, parquet.Column{Name: "lang", Kind: text},
		parquet.Column{Name: "provider", Kind: text}, parquet.Column{Name: "since", Kind: date}, parquet.Column{Name: "until_day", Kind: date},
		parquet.Column{Name: "decision", Kind: text}, parquet.Column{Name: "decided", Kind: date})
	if err != nil {
		return err
	}
	var fail error
	err = in.folder.Education(in.setAside, func(r csv.EducationRow) (string, string) {
		id, ok := in.find(r.Code)
		switch {
		case !ok:
			return "code", notThere
		case !in.unitIDs[r.Unit]:
			return "unit", "the unit is not in the unit register"
		}
		if err := t.Append(uint32(id), r.Unit, r.Language, r.Provider, day(r.Since), day(r.Until), orNil(r.Decision), day(r.DecisionDate)); err != nil {
			fail = err
		}
		in.tick(csv.EducationFile)
		return "", ""
	})
	if err == nil {
		err = fail
	}
	return err
}

// exportsOf says which fields a register's staging table becomes.
func exportsOf(name string) []parquet.Export {
	switch name {
	case "population":
		return []parquet.Export{
			{Field: register.BirthDate, Table: name, Value: "birth", From: "birth"}, {Field: register.DeathDate, Table: name, Value: "death", From: "death"},
			{Field: register.Sex, Table: name, Value: "sex", From: "birth"}, {Field: register.MotherTongue, Table: name, Value: "mother_tongue", From: "birth"},
			{Field: register.ContactLanguage, Table: name, Value: "contact_language"}, {Field: register.Municipality, Table: name, Value: "municipality", Until: "moved_out"},
			{Field: register.District, Table: name, Value: "district", From: "moved_in"}, {Field: register.Dwelling, Table: name, Value: "dwelling", From: "moved_in"},
			{Field: register.MovedIn, Table: name, Value: "moved_in", From: "moved_in"}, {Field: register.MovedOut, Table: name, Value: "moved_out", From: "moved_out"},
			{Field: register.NonDisclosure, Table: name, Value: "non_disclosure"},
		}
	case "guardianship":
		return []parquet.Export{{Field: register.GuardianOf, Table: name, Value: "guardian", From: "since", Until: "until_day", Qualifier: "terms"}}
	case "early_education":
		return []parquet.Export{
			{Field: register.EducationUnit, Table: name, Value: "unit", From: "since", Until: "until_day"},
			{Field: register.EducationLang, Table: name, Value: "lang", From: "since", Until: "until_day"},
			{Field: register.Provider, Table: name, Value: "provider", From: "since", Until: "until_day"},
			{Field: register.Decision, Table: name, Value: "decision", From: "decided"},
		}
	}
	return nil
}
