package omadata

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// Law is the statutory task for which the registers are read.
const Law = "Act on Client Fees in Early Childhood Education and Care 1503/2016"

// familyFields are what is read of a family.
func familyFields() []permission.Field {
	return []permission.Field{register.BirthDate, register.DeathDate, register.MovedOut, register.Dwelling, register.GuardianOf, register.EducationUnit, register.Provider, register.Decision}
}

// familyPurpose is the statutory purpose: the fee of early education.
func familyPurpose(p *fee.Pack) (permission.Purpose, error) {
	name, why := permission.Texts{}, permission.Texts{
		person.Finnish: "Kunnan on määrättävä varhaiskasvatuksen maksu. Se tarvitsee tiedon siitä, ketkä kuuluvat perheeseen ja missä lapsi on varhaiskasvatuksessa.",
		person.Swedish: "Kommunen ska bestämma avgiften för småbarnspedagogik. För det behöver den veta vilka som hör till familjen och var barnet får småbarnspedagogik.",
		person.English: "The city must set the fee of early education. For that it needs to know who belongs to the family and where the child is in early education.",
	}
	for _, l := range person.Languages() {
		name[l] = p.Title(l)
	}
	return permission.NewPurpose(permission.Spec{ID: Purpose, Name: name, Why: why, Basis: "GDPR 6(1)(c)", Law: Law, Controller: p.Owner(),
		Fields: append(familyFields(), register.Name, register.Code), Until: forever, Retention: "P10Y"})
}

// family is what the registers say of a child's family now. It tells who has a
// say: it is the permission.Relations of the matter.
type family struct {
	matter    store.Matter
	registers int64 // the newest register when it was read
	adults    []person.ID
	guards    []person.ID // all guardians of the child, wherever they live
	others    []person.ID // who live with the child as guardians, and of whom nothing was read
	alive     map[person.ID]bool
	here      map[person.ID]bool
	born      map[person.ID]time.Time
	home      []person.ID // children under age of the dwelling, the matter's child too; the oldest first
	care      map[person.ID]care
	partners  map[person.ID]bool   // of the adults: a parent's spouse or partner, who does not act for the child
	names     map[person.ID]string // given names in use, where they were asked for
	codes     map[person.ID]person.Code
}

// care is where a child is in early education.
type care struct {
	unit       string
	municipal  bool
	prePrimary bool
}

// Alive implements permission.Relations.
func (f *family) Alive(id person.ID) bool { return f.alive[id] }

// Lives implements permission.Relations: in the city.
func (f *family) Lives(id person.ID) bool { return f.here[id] }

// Signers implements permission.Relations. Each grown-up of the household has a say
// over their own data in the matter of the child.
func (f *family) Signers(subject, about person.ID) []person.ID {
	if about == f.matter.Child && slices.Contains(f.adults, subject) {
		return []person.ID{subject}
	}
	return nil
}

// people are those of whom the registers are read.
func people(m store.Matter) []person.ID {
	out := []person.ID{m.Child}
	for _, p := range m.People {
		out = append(out, p.Person)
	}
	return out
}

// reading is one reading of the registers for matters.
type reading struct {
	who   person.ID // 0: the program
	staff string    // an officer in its place: "officer:sari"; "": nobody
	verb  string
	names bool
	codes bool
}

// families reads the registers for some matters: one reading, one entry. A grown-up of
// whom the registers say that they live with the child, and who has no part in the
// matter yet, is read in a second one: nobody's share is left out.
func (s *Service) families(ctx context.Context, r reading, matters []store.Matter) ([]*family, error) {
	out, err := s.readFamilies(ctx, r, matters)
	if err != nil || !slices.ContainsFunc(out, func(f *family) bool { return len(f.others) > 0 }) {
		return out, err
	}
	matters = slices.Clone(matters)
	for i, f := range out {
		matters[i].People = slices.Clone(matters[i].People)
		for _, id := range f.others {
			matters[i].People = append(matters[i].People, store.MatterPerson{Person: id, Part: store.Guardian})
		}
	}
	return s.readFamilies(ctx, r, matters)
}

func (s *Service) readFamilies(ctx context.Context, r reading, matters []store.Matter) ([]*family, error) {
	purpose, err := familyPurpose(s.c.Fees)
	if err != nil {
		return nil, err
	}
	act, err := audit.Begin(cmp.Or(r.staff, actor(r.who)), r.verb, purpose.ID(), purpose.LegalBasis(), s.now())
	if err != nil {
		return nil, err
	}
	fields := familyFields()
	if r.names {
		fields = append(fields, register.Name)
	}
	if r.codes {
		fields = append(fields, register.Code)
	}
	var all []person.ID
	for _, m := range matters {
		all = append(all, people(m)...)
	}
	g, err := permission.Check(act, purpose, fields, permission.Just(all...), nil)
	if err != nil {
		return nil, err
	}
	number, err := s.c.DB.NewestRegister(ctx) // before it is read: what comes in meanwhile is noticed
	if err != nil {
		return nil, err
	}
	registers, done, err := s.c.Registers(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, matterWords(matters))
	if err != nil {
		return nil, err
	}
	by := map[person.ID]register.Row{}
	for _, row := range rows {
		by[row.ID] = row
	}
	out := make([]*family, len(matters))
	for i, m := range matters {
		if out[i], err = s.family(g, m, by); err != nil {
			return nil, err
		}
		out[i].registers = number
	}
	return out, nil
}

func matterWords(matters []store.Matter) string {
	if len(matters) == 1 {
		return matterName(matters[0].ID)
	}
	return "matters"
}

// current are the facts that hold on a day, oldest first.
func current(facts []register.Fact, day time.Time) (out []register.Fact) {
	for _, f := range facts {
		if !f.From.After(day) && (f.Until.IsZero() || !f.Until.Before(day)) {
			out = append(out, f)
		}
	}
	return out
}

// family makes a family of the rows of its people.
func (s *Service) family(g permission.Grant, m store.Matter, rows map[person.ID]register.Row) (*family, error) {
	f := &family{matter: m, alive: map[person.ID]bool{}, here: map[person.ID]bool{}, born: map[person.ID]time.Time{}, care: map[person.ID]care{}, names: map[person.ID]string{}, codes: map[person.ID]person.Code{}}
	day := s.now().Truncate(24 * time.Hour)
	dwelling := map[person.ID]string{}
	for _, id := range people(m) {
		row, ok := rows[id]
		if !ok {
			continue
		}
		if err := f.one(g, row, day, dwelling); err != nil {
			return nil, err
		}
	}
	grown := day.AddDate(-18, 0, 0)
	for _, id := range people(m) {
		same := id == m.Child || dwelling[id] != "" && dwelling[id] == dwelling[m.Child]
		if born := f.born[id]; f.alive[id] && same && born.After(grown) {
			f.home = append(f.home, id)
		}
	}
	slices.SortStableFunc(f.home, func(a, b person.ID) int { return f.born[a].Compare(f.born[b]) })
	return f, f.guardians(g, rows[m.Child], day)
}

// one takes in what the registers say of one person.
func (f *family) one(g permission.Grant, row register.Row, day time.Time, dwelling map[person.ID]string) error {
	open := func(field permission.Field) ([]register.Fact, error) {
		if !g.Allows(field, row.ID) {
			return nil, nil
		}
		return row.Open(g, field)
	}
	facts := map[permission.Field][]register.Fact{}
	for _, field := range g.Fields() {
		all, err := open(field)
		if err != nil {
			return err
		}
		facts[field] = all
	}
	born, _ := last(facts[register.BirthDate]).(time.Time)
	f.born[row.ID] = born
	died, dead := last(facts[register.DeathDate]).(time.Time)
	moved, gone := last(facts[register.MovedOut]).(time.Time)
	f.alive[row.ID] = !born.IsZero() && (!dead || died.After(day))
	f.here[row.ID] = !gone || moved.After(day)
	dwelling[row.ID], _ = last(facts[register.Dwelling]).(string)
	now := current(facts[register.EducationUnit], day)
	unit, _ := last(now).(string)
	provider, _ := last(current(facts[register.Provider], day)).(string)
	f.care[row.ID] = care{unit, provider == "municipal", !born.IsZero() && day.Year()-born.Year() == 6}
	if g.Allows(register.Name, row.ID) {
		name, err := register.DecodeIdentity[register.FullName](row.Text(g, register.Name))
		if err != nil {
			return err
		}
		f.names[row.ID] = name.Called()
	}
	if g.Allows(register.Code, row.ID) {
		if c, err := person.ParseCode(row.Text(g, register.Code)); err == nil {
			f.codes[row.ID] = c
		}
	}
	return nil
}

func last(facts []register.Fact) any {
	if len(facts) == 0 {
		return nil
	}
	return facts[len(facts)-1].Value
}

// guardians finds the grown-ups of the child's household: its guardians who live with
// it, and the spouse or partner of one. All count in the family of the fee, each
// with their own income under their own permission.
//
// Source: Act 1503/2016, section 2: those who are married, or live in one household as if
// they were, and the children under age of both or of one who live with them.
func (f *family) guardians(g permission.Grant, child register.Row, day time.Time) error {
	if child.ID == 0 || !f.alive[child.ID] {
		return nil
	}
	facts, err := child.Open(g, register.GuardianOf)
	if err != nil {
		return err
	}
	lives := map[person.ID]bool{}
	f.partners = map[person.ID]bool{}
	for _, x := range current(facts, day) {
		k, err := register.ParseGuardian(x)
		if err != nil {
			return err
		}
		f.guards = append(f.guards, k.Guardian)
		if k.LivesIn && f.alive[k.Guardian] {
			lives[k.Guardian] = true
			if k.Role == person.Partner {
				f.partners[k.Guardian] = true
			}
		}
		if k.LivesIn && !slices.Contains(people(f.matter), k.Guardian) && !slices.Contains(f.others, k.Guardian) {
			f.others = append(f.others, k.Guardian)
		}
	}
	f.adults = slices.Sorted(maps.Keys(lives))
	return nil
}

// familyOf reads the family of one matter.
func (s *Service) familyOf(ctx context.Context, r reading, id store.MatterID) (*family, error) {
	m, err := s.c.DB.Matter(ctx, id)
	if err != nil {
		return nil, err
	}
	all, err := s.families(ctx, r, []store.Matter{m})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// noMatter is what somebody learns of a matter in which they have no say.
func noMatter(op string) error { return fault.New(fault.Missing, op, "there is no such matter") }
