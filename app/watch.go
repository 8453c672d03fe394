package app

import (
	"context"
	"slices"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/oversight"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
)

// Unusual is what is unusual in the record, and what was looked into.
type Unusual struct {
	Findings []oversight.Finding
	Looked   map[string]store.Looked // the newest look by the finding's key
	Entries  uint64                  // of the record that were gone through
	Unasked  int                     // pairs of staff and people of whom the registers were not asked whether they are relatives
	Famous   int                     // people on the list
	Unknown  int                     // of the staff whose log-in did not say who they are
	Rules    oversight.Rules
}

// mostLooked is how many looks are remembered at the desk.
const mostLooked = 1000

// Unusual finds what is unusual in the record now. The look is on the record, too.
func (p *Privacy) Unusual(ctx context.Context, officer string) (Unusual, error) {
	act, err := p.act(officer, "look at unusual readings")
	if err != nil {
		return Unusual{}, err
	}
	if err := p.app.DB.Note(ctx, act.Entry()); err != nil {
		return Unusual{}, err
	}
	return p.unusual(ctx)
}

func (p *Privacy) unusual(ctx context.Context) (Unusual, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := Unusual{Looked: map[string]store.Looked{}, Rules: p.app.oversight()}
	if err := p.follow(ctx); err != nil {
		return out, err
	}
	staff, err := p.app.DB.Staff(ctx)
	if err != nil {
		return out, err
	}
	about := oversight.About{Roles: map[string][]access.Role{}, Relatives: p.relatives}
	for _, s := range staff {
		for _, r := range s.Roles {
			about.Roles[s.Actor] = append(about.Roles[s.Actor], access.Role(r))
		}
		if s.Person == 0 {
			out.Unknown++
		}
	}
	if about.Famous, err = p.app.DB.Famous(ctx); err != nil {
		return out, err
	}
	if about.Cases, err = p.app.DB.WithCases(ctx); err != nil {
		return out, err
	}
	now := p.clock.Now()
	out.Findings, out.Entries, out.Famous = p.book.Findings(now, about), p.book.Last(), int(about.Famous.GetCardinality()) //nolint:gosec // people fit
	unasked, _ := p.pairs(now, staff)
	out.Unasked = len(unasked)
	looks, err := p.app.DB.LookedInto(ctx, mostLooked)
	for _, l := range slices.Backward(looks) {
		out.Looked[oversight.Finding{Kind: oversight.Kind(l.Kind), Actor: l.Actor, Person: l.Person}.Key()] = l
	}
	return out, err
}

// LookInto keeps that the officer looked into a finding, with words. What comes to it
// later opens it again.
func (p *Privacy) LookInto(ctx context.Context, key, officer, words string) error {
	const op = "app.LookInto"
	words, err := said(op, words)
	if err != nil {
		return err
	}
	u, err := p.unusual(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(u.Findings, func(f oversight.Finding) bool { return f.Key() == key })
	if i < 0 {
		return fault.New(fault.Missing, op, "there is no such finding any more")
	}
	f := u.Findings[i]
	if f.Actor == officer {
		return fault.New(fault.Refused, op, "nobody looks into their own readings").Do("ask another data-protection officer")
	}
	act, err := p.act(officer, "look into unusual readings")
	if err != nil {
		return err
	}
	return p.app.DB.Write(ctx, act, func(tx store.Tx) error {
		_, err := tx.AddLooked(store.Looked{Kind: string(f.Kind), Actor: f.Actor, Person: f.Person, Through: f.Last, At: p.clock.Now(), By: officer, Words: words})
		tx.About("unusual readings")
		if f.Person != 0 {
			tx.About("", f.Person)
		}
		tx.Detail("%s, up to entry %d", f.Kind, f.Last)
		return err
	})
}

// SetFamous puts the person with a code on the list of famous people, or takes them off.
func (p *Privacy) SetFamous(ctx context.Context, code person.Code, on bool, officer string) error {
	who, err := p.app.DB.PersonByCode(ctx, code)
	if err != nil {
		return err
	}
	act, err := p.act(officer, "change the list of famous people")
	if err != nil {
		return err
	}
	return p.app.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.About("list of famous people", who)
		tx.Detail("on: %t", on)
		return tx.SetFamous(who, on, officer, p.clock.Now())
	})
}

// Close gives the memory of the registers back.
func (p *Privacy) Close() error { return p.facts.close() }

// pairs are the staff and people of whom it is not known whether they are relatives,
// and all people of whom the registers must be asked for it.
func (p *Privacy) pairs(now time.Time, staff []store.Staff) ([]oversight.Pair, []person.ID) {
	self := map[string]person.ID{}
	for _, s := range staff {
		if s.Person != 0 {
			self[s.Actor] = s.Person
		}
	}
	var out []oversight.Pair
	ask := map[person.ID]bool{}
	for who, actors := range p.book.People(now) {
		for actor := range actors {
			me := self[actor]
			pair := oversight.Pair{Actor: actor, Person: who}
			if _, asked := p.relatives[pair]; me == 0 || asked {
				continue
			}
			out, ask[who], ask[me] = append(out, pair), true, true
		}
	}
	all := make([]person.ID, 0, len(ask))
	for id := range ask {
		all = append(all, id)
	}
	slices.Sort(all)
	return out, all
}

// watchGrant is a grant to read fields of people for the watch over the use of data.
func watchGrant(act audit.Act, people []person.ID, fields ...permission.Field) (permission.Grant, error) {
	purpose, err := permission.NewPurpose(permission.Spec{ID: WatchPurpose,
		Name: permission.Texts{person.Finnish: "Tietojen käytön valvonta", person.Swedish: "Övervakning av hur uppgifter används", person.English: "Watch over the use of data"},
		Why: permission.Texts{
			person.Finnish: "Kaupunki valvoo, ettei työntekijä lue omien läheistensä tietoja ilman syytä.",
			person.Swedish: "Staden övervakar att ingen anställd läser uppgifter om sina närstående utan skäl.",
			person.English: "The city watches that no member of staff reads about their own relatives without a reason."},
		Basis: watchBasis, Law: watchLaw, Controller: "the city", Fields: []permission.Field{register.Name, register.Dwelling, register.GuardianOf},
		Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Retention: "P0D"})
	if err != nil {
		return permission.Grant{}, err
	}
	return permission.Check(act, purpose, fields, permission.Just(people...), nil)
}

// AskRelatives asks the registers which of the people whom staff looked at are their
// relatives: of the same dwelling, or one acts for the other. Only those people and the
// staff are read, under a grant and on the record.
func (p *Privacy) AskRelatives(ctx context.Context, officer string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.follow(ctx); err != nil {
		return err
	}
	staff, err := p.app.DB.Staff(ctx)
	if err != nil {
		return err
	}
	pairs, people := p.pairs(p.clock.Now(), staff)
	if len(pairs) == 0 {
		return nil
	}
	act, err := p.act(officer, "ask whether staff read of relatives")
	if err != nil {
		return err
	}
	g, err := watchGrant(act, people, register.Dwelling, register.GuardianOf)
	if err != nil {
		return err
	}
	registers, done, err := p.facts.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, "unusual readings")
	if err != nil {
		return err
	}
	homes, acts, err := ties(g, rows, p.clock.Now())
	if err != nil {
		return err
	}
	self := map[string]person.ID{}
	for _, s := range staff {
		self[s.Actor] = s.Person
	}
	for _, x := range pairs {
		me := self[x.Actor]
		home := homes[me]
		p.relatives[x] = me == x.Person || home != "" && home == homes[x.Person] || acts[me][x.Person] || acts[x.Person][me]
	}
	return nil
}

// ties are the dwelling of each person, and for whom somebody acts, on a day.
func ties(g permission.Grant, rows []register.Row, now time.Time) (homes map[person.ID]string, acts map[person.ID]map[person.ID]bool, err error) {
	homes, acts = map[person.ID]string{}, map[person.ID]map[person.ID]bool{}
	day := now.UTC().Truncate(24 * time.Hour)
	for _, row := range rows {
		dwelling, err := row.Open(g, register.Dwelling)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range dwelling {
			if home, ok := f.Value.(string); ok {
				homes[row.ID] = home // the newest is the last
			}
		}
		guardians, err := row.Open(g, register.GuardianOf)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range guardians {
			if f.From.After(day) || !f.Until.IsZero() && f.Until.Before(day) {
				continue
			}
			k, err := register.ParseGuardian(f)
			if err != nil {
				return nil, nil, err
			}
			if acts[k.Guardian] == nil {
				acts[k.Guardian] = map[person.ID]bool{}
			}
			acts[k.Guardian][row.ID] = true
		}
	}
	return homes, acts, nil
}
