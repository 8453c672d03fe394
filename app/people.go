package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/store"
	"ennakko/testcity/idp"
)

// staff are the made-up city's officers.
func staff() []idp.Person {
	officer := func(id, name, role, fi, sv, en string) idp.Person {
		return idp.Person{ID: id, Name: name, Groups: []string{role}, Level: idp.LevelSubstantial, Kind: idp.Staff, About: map[string]string{"fi": fi, "sv": sv, "en": en}}
	}
	return []idp.Person{
		officer("liisa", "Liisa Korhonen", "preparer", "Valmistelija: etsii ihmiset ja varaa paikat", "Beredare: hittar människorna och reserverar platser", "Preparer: finds the people and holds places"),
		officer("matti", "Matti Nieminen", "approver", "Hyväksyjä: toinen silmäpari", "Godkännare: det andra paret ögon", "Approver: the second pair of eyes"),
		officer("sari", "Sari Mäkelä", "expert", "Asiantuntija: hoitaa asukkaiden asiat", "Sakkunnig: sköter invånarnas ärenden", "Expert: serves residents one by one"),
		officer("pekka", "Pekka Lindholm", "dpo", "Tietosuojavastaava: lukee käyttölokia", "Dataskyddsombud: läser användningsloggen", "Data-protection officer: reads the record of uses"),
		officer("anna", "Anna Salo", "leader", "Johtaja: näkee luvut, ei henkilöitä", "Ledare: ser siffror, inte personer", "Leader: sees figures, no persons"),
	}
}

// aboutFamily says what is special about a made-up guardian.
var aboutFamily = map[string]map[string]string{
	"one guardian":                               {"fi": "Huoltaja, yksi puhelin", "sv": "Vårdnadshavare, en telefon", "en": "Guardian, one phone"},
	"guardians with two phones":                  {"fi": "Huoltaja, toisellakin huoltajalla puhelin", "sv": "Vårdnadshavare, även den andra har telefon", "en": "Guardian; the other guardian has a phone too"},
	"several children on one phone":              {"fi": "Huoltaja, useampi lapsi", "sv": "Vårdnadshavare, flera barn", "en": "Guardian of several children"},
	"in Swedish":                                 {"fi": "Huoltaja, ruotsiksi", "sv": "Vårdnadshavare, på svenska", "en": "Guardian, in Swedish"},
	"in English":                                 {"fi": "Huoltaja, englanniksi", "sv": "Vårdnadshavare, på engelska", "en": "Guardian, in English"},
	"no text message reaches the family":         {"fi": "Huoltaja, jota tekstiviesti ei tavoita", "sv": "Vårdnadshavare som inte nås av textmeddelanden", "en": "Guardian whom no text message reaches"},
	"served in person":                           {"fi": "Huoltaja, jota palvellaan henkilökohtaisesti", "sv": "Vårdnadshavare som betjänas personligen", "en": "Guardian who is served in person"},
	"a child in early education":                 {"fi": "Huoltaja, lapsi varhaiskasvatuksessa", "sv": "Vårdnadshavare med barn i småbarnspedagogiken", "en": "Guardian with a child in early education"},
	"somebody":                                   {"fi": "Asukas, jolla ei ole tarjousta", "sv": "Invånare utan erbjudande", "en": "Resident without an offer"},
	"a log-in with a password alone (level low)": {"fi": "Sama ihminen ilman vahvaa tunnistusta", "sv": "Samma person utan stark autentisering", "en": "The same person without strong identification"},
}

// aboutSelf says what is special about somebody who answers alone, where it differs.
var aboutSelf = map[string]map[string]string{
	"one guardian":                       {"fi": "Kutsuttu, yksi puhelin", "sv": "Kallad, en telefon", "en": "Invited, one phone"},
	"in Swedish":                         {"fi": "Kutsuttu, ruotsiksi", "sv": "Kallad, på svenska", "en": "Invited, in Swedish"},
	"in English":                         {"fi": "Kutsuttu, englanniksi", "sv": "Kallad, på engelska", "en": "Invited, in English"},
	"no text message reaches the family": {"fi": "Kutsuttu, jota tekstiviesti ei tavoita", "sv": "Kallad som inte nås av textmeddelanden", "en": "Invited; no text message reaches them"},
	"served in person":                   {"fi": "Kutsuttu, jota palvellaan henkilökohtaisesti", "sv": "Kallad som betjänas personligen", "en": "Invited, and served in person"},
}

// about is what is special about the one whose phone is shown for a reason.
func (m *MadeUp) about(why string) map[string]string {
	if t := aboutSelf[why]; t != nil && m.live.Pack.ForSelf() {
		return t
	}
	return aboutFamily[why]
}

const weak = "a log-in with a password alone (level low)"

// MadeUp are the people who log in to a demonstration. It implements
// idp.People.
type MadeUp struct {
	live *Live
	also []person.ID // grown-ups of families in care

	mu    sync.Mutex
	known map[store.RoundID][]idp.Person // those that are listed
}

// NewMadeUp makes the people of a demonstration. Also names residents by number who
// log in beside the families of a round: those with a child in early education.
func NewMadeUp(l *Live, also ...person.ID) *MadeUp {
	return &MadeUp{live: l, also: also, known: map[store.RoundID][]idp.Person{}}
}

// Handset is the id by which the guardian of a phone logs in.
func guardianID(h store.Handset) string { return fmt.Sprintf("case-%d-%d", h.Case, h.Party) }

// profileOf is the id by which programs of the demonstration's log-in know a resident:
// a UUID (RFC 9562, version 8) that follows from the name of the log-in.
func profileOf(id string) string {
	b := sha256.Sum256([]byte("made-up profile " + strings.TrimPrefix(id, "low-")))
	x := hex.EncodeToString(b[:16])
	return x[:8] + "-" + x[8:12] + "-8" + x[13:16] + "-a" + x[17:20] + "-" + x[20:]
}

// profiled gives a resident such an id.
func profiled(p idp.Person) idp.Person {
	if p.Kind == idp.Residents {
		p.Profile = profileOf(p.ID)
	}
	return p
}

// List gives the officers and some residents: guardians of every kind when a
// round runs, anybody before.
func (m *MadeUp) List(ctx context.Context) ([]idp.Person, error) {
	rd, _, err := m.live.NewestRunning(ctx)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[rd.ID] == nil {
		residents, err := m.residents(ctx, rd.ID)
		if err != nil {
			return nil, err
		}
		inCare, err := m.inCare(ctx)
		if err != nil {
			return nil, err
		}
		m.known[rd.ID] = onceEach(append(inCare, residents...))
	}
	out := staff()
	for _, p := range m.known[rd.ID] {
		out = append(out, profiled(p))
	}
	return out, nil
}

// onceEach leaves each human in the list once, as they come first: who has two children
// is one who logs in. The log-in without strong identification is another one.
func onceEach(all []idp.Person) (out []idp.Person) {
	seen := map[string]bool{}
	for _, p := range all {
		who := p.Code + " " + p.Level
		if !seen[who] {
			seen[who] = true
			out = append(out, p)
		}
	}
	return out
}

func (m *MadeUp) residents(ctx context.Context, id store.RoundID) ([]idp.Person, error) {
	if id == 0 {
		return m.anybody(ctx)
	}
	hs, err := m.live.Handsets(ctx, id)
	if err != nil {
		return nil, err
	}
	var picked []store.Handset
	seen := map[string]bool{}
	for _, h := range hs {
		if !seen[h.Why] {
			seen[h.Why] = true
			picked = append(picked, h)
		}
	}
	out, err := m.people(ctx, picked)
	if err == nil && len(out) > 0 {
		out = append(out, weakly(out[0]))
	}
	return out, err
}

// inCare are the grown-ups that were named, with a child in early education.
func (m *MadeUp) inCare(ctx context.Context) ([]idp.Person, error) {
	known, err := m.identities(ctx, m.also)
	if err != nil {
		return nil, err
	}
	var out []idp.Person
	for _, id := range m.also {
		if p, ok := known[id]; ok {
			p.ID, p.About = fmt.Sprintf("person-%d", id), aboutFamily["a child in early education"]
			out = append(out, p)
		}
	}
	return out, nil
}

func weakly(p idp.Person) idp.Person {
	p.ID, p.Level, p.About = "low-"+p.ID, idp.LevelLow, aboutFamily[weak]
	return p
}

// Find finds an officer, or the guardian of any phone by its id.
func (m *MadeUp) Find(ctx context.Context, id string) (idp.Person, bool, error) {
	p, ok, err := m.find(ctx, id)
	return profiled(p), ok, err
}

func (m *MadeUp) find(ctx context.Context, id string) (idp.Person, bool, error) {
	for _, p := range staff() {
		if p.ID == id {
			return p, true, nil
		}
	}
	all, err := m.List(ctx)
	if err != nil {
		return idp.Person{}, false, err
	}
	for _, p := range all {
		if p.ID == id {
			return p, true, nil
		}
	}
	var c int64
	var party int
	if n, _ := fmt.Sscanf(strings.TrimPrefix(id, "low-"), "case-%d-%d", &c, &party); n != 2 || c < 1 {
		return idp.Person{}, false, nil
	}
	round, err := m.live.App.DB.RoundOf(ctx, conversation.CaseID(c))
	if fault.KindOf(err) == fault.Missing {
		return idp.Person{}, false, nil
	}
	if err != nil {
		return idp.Person{}, false, err
	}
	hs, err := m.live.Family(ctx, round, conversation.CaseID(c))
	if fault.KindOf(err) == fault.Missing {
		return idp.Person{}, false, nil
	}
	for _, h := range hs {
		if int64(h.Case) != c || h.Party != party {
			continue
		}
		out, err := m.people(ctx, []store.Handset{h})
		if err != nil || len(out) == 0 {
			return idp.Person{}, false, err
		}
		if strings.HasPrefix(id, "low-") {
			out[0] = weakly(out[0])
		}
		return out[0], true, nil
	}
	return idp.Person{}, false, err
}

// people are the guardians of phones, as they log in.
func (m *MadeUp) people(ctx context.Context, hs []store.Handset) ([]idp.Person, error) {
	ids := make([]person.ID, len(hs))
	for i, h := range hs {
		ids[i] = h.Person
	}
	known, err := m.identities(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []idp.Person
	for _, h := range hs {
		if p, ok := known[h.Person]; ok {
			p.ID, p.Name, p.About = guardianID(h), h.Guardian, m.about(h.Why)
			out = append(out, p)
		}
	}
	return out, nil
}

// anybody is two grown-ups of the registers.
func (m *MadeUp) anybody(ctx context.Context) ([]idp.Person, error) {
	var ids []person.ID
	for n := person.ID(1); n <= 60; n++ {
		ids = append(ids, n)
	}
	known, err := m.identities(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []idp.Person
	for _, id := range ids {
		p, ok := known[id]
		if !ok || len(out) == 2 {
			continue
		}
		code, err := person.ParseCode(p.Code)
		if err == nil && code.Birth().Before(m.live.Clock.Now().AddDate(-18, 0, 0)) {
			p.ID, p.About = fmt.Sprintf("person-%d", id), aboutFamily["somebody"]
			out = append(out, p)
		}
	}
	return out, nil
}

// demonstration is the purpose for which identity codes of made-up people are
// read: so that their made-up provider can tell them.
func demonstration() (permission.Purpose, error) {
	name := map[person.Language]string{person.Finnish: "Esittely", person.Swedish: "Demonstration", person.English: "Demonstration"}
	return permission.NewPurpose(permission.Spec{ID: "demonstration", Name: name, Why: name, Basis: "made-up people: no personal data", Law: "none", Controller: "the demonstration",
		Fields: []permission.Field{register.Code, register.Name}, Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Retention: "as long as the demonstration"})
}

// identities reads names and identity codes of made-up people.
func (m *MadeUp) identities(ctx context.Context, ids []person.ID) (map[person.ID]idp.Person, error) {
	out := map[person.ID]idp.Person{}
	if len(ids) == 0 {
		return out, nil
	}
	purpose, err := demonstration()
	if err != nil {
		return nil, err
	}
	a := m.live.App
	act, err := audit.Begin("system:demo", "show made-up families", purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return nil, err
	}
	set := roaring.New()
	for _, id := range ids {
		set.Add(uint32(id))
	}
	g, err := permission.Check(act, purpose, purpose.Fields(), permission.Only(set), nil)
	if err != nil {
		return nil, err
	}
	known, err := a.known(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := register.NewReader(a.DB, a.DB.Identities(known)).Read(ctx, g, nil, "log-in of the demonstration")
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		name, err := register.DecodeIdentity[register.FullName](row.Text(g, register.Name))
		if err != nil {
			return nil, err
		}
		if code := row.Text(g, register.Code); code != "" {
			out[row.ID] = idp.Person{Name: name.Called() + " " + name.Family, Code: code, Level: idp.LevelSubstantial, Kind: idp.Residents}
		}
	}
	return out, nil
}
