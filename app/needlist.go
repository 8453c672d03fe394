package app

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"ennakko/audit"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/needs"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/population"
	"ennakko/register"
	"ennakko/store"
	"ennakko/work"
)

// NeedPurpose is the id of the purpose for which people are named who may need much. A
// person can object to it, and is then neither named nor counted.
const NeedPurpose = "high-need"

// needPurpose is what the signs of a high need may be used for.
func needPurpose() (permission.Purpose, error) {
	care, err := carePurpose()
	if err != nil {
		return care, err
	}
	return permission.NewPurpose(permission.Spec{ID: NeedPurpose,
		Name: map[person.Language]string{person.Finnish: "Paljon palveluja tarvitsevien löytäminen ajoissa", person.Swedish: "Att i tid hitta dem som behöver mycket vård", person.English: "Finding in time who may need much care"},
		Why: map[person.Language]string{
			person.Finnish: "Terveystiedoista katsotaan hyväksytyillä merkeillä, kuka saattaa tarvita ensi vuonna paljon hoitoa, jotta asiantuntija voi soittaa ja tehdä hänen kanssaan hoitosuunnitelman.",
			person.Swedish: "Med godkända tecken ses i hälsouppgifterna vem som kan behöva mycket vård nästa år, så att en sakkunnig kan ringa och göra en vårdplan med personen.",
			person.English: "Approved signs in health records show who may need much care next year, so that an expert can call and make a care plan with them."},
		Basis: "GDPR 6(1)(e) and 9(2)(h)", Law: "Act on the Status and Rights of Patients 785/1992, section 4 a", Controller: care.Controller(),
		Fields: care.Fields(), Until: care.Until(), Retention: "who is named: until the next run; notes: until they are erased", Objection: true})
}

// NeedBook is who was named as of a day as one who may need much. It is kept in memory
// alone.
type NeedBook struct {
	Library *library.Library
	AsOf    time.Time
	Planned int // named, and left out: all their signs are answered by a care plan

	list   []inNeed
	taught lesson
	secret string // of the names that pages have for people
}

// inNeed is one person on the list.
type inNeed struct {
	id     person.ID
	points int
	signs  []*library.Criterion // that hold, those with most points first
}

// nameNeeds names the tenth of the people with most points who have no care plan. Those
// with as many points stand in order of their numbers, which is a lot.
func nameNeeds(ctx context.Context, c *population.Columns, l *library.Library, cares []*criteria.Care, asOf time.Time, taught lesson) (*NeedBook, error) {
	ids := people(c, asOf, asOf.Year()).ids
	points, signs, err := pointsOf(ctx, c, l, cares, ids, asOf)
	if err != nil {
		return nil, err
	}
	plan, err := population.NewPlan(c, l.Language(), cares, l.Params(), criteria.Run{AsOf: asOf})
	if err != nil {
		return nil, err
	}
	found, err := plan.Run(ctx)
	if err != nil {
		return nil, err
	}
	b := &NeedBook{Library: l, AsOf: asOf, taught: taught, secret: rand.Text()}
	for i, top := range needs.Top(points, highShare) {
		if !top || points[i] == 0 {
			continue
		}
		n, undone := inNeed{id: ids[i], points: int(points[i])}, false
		for k, x := range l.Criteria() {
			if signs[k][i] {
				n.signs = append(n.signs, x)
				undone = undone || found.Of(x.Name, criteria.Gap).Contains(uint32(ids[i]))
			}
		}
		if !undone {
			b.Planned++
			continue
		}
		byPoints(n.signs)
		b.list = append(b.list, n)
	}
	slices.SortStableFunc(b.list, func(x, y inNeed) int { return cmp.Or(cmp.Compare(y.points, x.points), cmp.Compare(x.id, y.id)) })
	return b, nil
}

func byPoints(signs []*library.Criterion) {
	slices.SortStableFunc(signs, func(x, y *library.Criterion) int { return cmp.Compare(y.Points, x.Points) })
}

// People is how many people are named.
func (b *NeedBook) People() int { return len(b.list) }

func (b *NeedBook) people() []person.ID {
	out := make([]person.ID, len(b.list))
	for i, n := range b.list {
		out[i] = n.id
	}
	return out
}

func (b *NeedBook) who(id person.ID) string {
	m := hmac.New(sha256.New, []byte(b.secret))
	_, _ = fmt.Fprintf(m, "need %d", id)
	return hex.EncodeToString(m.Sum(nil))
}

// NeedLine is one line of the list of those who may need much.
type NeedLine struct {
	Place  int // on the whole list, from 1; it stays until the next run
	Name   string
	Points int
	Chance float64 // the share of those with as many points who came to have a high need
	Signs  []*library.Criterion
	State  store.NeedState
}

// NeedPage is a part of the list.
type NeedPage struct {
	Library *library.Library
	AsOf    time.Time
	Lines   []NeedLine
	States  map[store.NeedState]int // people on the whole list by state
	Planned int                     // left out, since they have a care plan
	More    int                     // the next part begins at this place; 0: there is none
}

// needStateLasts is how long the newest note says how far a matter is; after that it
// is open again.
func needStateLasts(now time.Time) time.Time { return now.AddDate(-1, 0, 0) }

func (l *Live) needBook(op string) (*NeedBook, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.named == nil {
		return nil, fault.New(fault.Missing, op, "nobody was named yet").Do("work it out on the page of who needs most")
	}
	return l.named, nil
}

// NeedList reads some lines of the list of those who may need much, from a place on;
// with a state only those in it. Whoever objects is not on it. The names and the signs
// are read on the record.
func (l *Live) NeedList(ctx context.Context, state store.NeedState, officer string, from, most int) (NeedPage, error) {
	b, err := l.needBook("app.NeedList")
	if err != nil {
		return NeedPage{}, err
	}
	objecting, err := l.App.DB.Objecting(ctx, NeedPurpose)
	if err != nil {
		return NeedPage{}, err
	}
	states, err := l.App.DB.NeedStates(ctx, needStateLasts(l.Clock.Now()))
	if err != nil {
		return NeedPage{}, err
	}
	out := NeedPage{Library: b.Library, AsOf: b.AsOf, States: map[store.NeedState]int{}, Planned: b.Planned}
	var ids []person.ID
	fields := map[string]bool{}
	for i, n := range b.list {
		if objecting.Contains(uint32(n.id)) {
			continue
		}
		at := cmp.Or(states[n.id], store.NeedOpen)
		out.States[at]++
		switch {
		case state != "" && at != state || i+1 < from:
		case len(ids) == most:
			out.More = cmp.Or(out.More, i+1)
		default:
			ids = append(ids, n.id)
			out.Lines = append(out.Lines, NeedLine{Place: i + 1, Points: n.points, Chance: b.taught.share(float64(n.points)), Signs: n.signs, State: at})
			for _, x := range n.signs {
				for _, f := range x.Care.Fields() {
					fields[f] = true
				}
			}
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	names, err := l.App.needNames(ctx, officer, "list of who may need much", sorted(fields), ids)
	if err != nil {
		return NeedPage{}, err
	}
	for i := range out.Lines {
		out.Lines[i].Name = names[ids[i]]
	}
	out.Lines = slices.DeleteFunc(out.Lines, func(x NeedLine) bool { return x.Name == "" }) // erased since
	return out, nil
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for x := range set {
		out = append(out, x)
	}
	slices.Sort(out)
	return out
}

// needNames reads what people are called. That somebody looked at them, and by which
// fields they were named, is on the record before.
func (a *App) needNames(ctx context.Context, officer, object string, fields []string, ids []person.ID) (map[person.ID]string, error) {
	purpose, err := needPurpose()
	if err != nil {
		return nil, err
	}
	act, err := audit.Begin(officer, "look at who may need much", purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return nil, err
	}
	e := act.Entry()
	e.Object, e.Fields, e.People = object, fields, bitmap(ids...)
	if err := a.DB.Note(ctx, e); err != nil {
		return nil, err
	}
	return a.called(ctx, purpose, officer, "look at who may need much", object, ids)
}

// NeedSign is a sign that holds of a person, with why.
type NeedSign struct {
	Criterion *library.Criterion
	Trace     criteria.CareTrace
}

// NeedFinding is somebody who was named, with why, as their record is now.
type NeedFinding struct {
	Library *library.Library
	AsOf    time.Time
	Place   int
	Name    string
	Who     string // names the person to the page; see NoteNeed
	Points  int
	Chance  float64
	Planned bool // a care plan was made within the year
	Signs   []NeedSign
	State   store.NeedState
	Notes   []store.NeedNote // newest first
}

// needPlace is who stands at a place of the list.
func (l *Live) needPlace(ctx context.Context, op string, place int) (*NeedBook, inNeed, error) {
	b, err := l.needBook(op)
	if err != nil {
		return nil, inNeed{}, err
	}
	if place < 1 || place > len(b.list) {
		return nil, inNeed{}, fault.New(fault.Missing, op, "nobody stands at this place of the list")
	}
	n := b.list[place-1]
	objecting, err := l.App.DB.Objecting(ctx, NeedPurpose)
	if err == nil && objecting.Contains(uint32(n.id)) {
		err = fault.New(fault.Missing, op, "nobody stands at this place of the list")
	}
	return b, n, err
}

// ExplainNeed tells why somebody is named, out of their own record. The look is on the
// record before anybody sees it.
func (l *Live) ExplainNeed(ctx context.Context, place int, officer string) (NeedFinding, error) {
	b, n, err := l.needPlace(ctx, "app.ExplainNeed", place)
	if err != nil {
		return NeedFinding{}, err
	}
	fields := CareFields(Cares(b.Library))
	names, err := l.App.needNames(ctx, officer, "one who may need much", fields, []person.ID{n.id})
	if err != nil {
		return NeedFinding{}, err
	}
	if names[n.id] == "" {
		return NeedFinding{}, fault.New(fault.Missing, "app.ExplainNeed", "nobody stands at this place of the list")
	}
	purpose, err := needPurpose()
	if err != nil {
		return NeedFinding{}, err
	}
	facts, err := l.App.ownFacts(ctx, purpose, population.Fields(b.Library.Language(), fields), n.id, officer, "one who may need much")
	if err != nil {
		return NeedFinding{}, err
	}
	out := NeedFinding{Library: b.Library, AsOf: b.AsOf, Place: place, Name: names[n.id], Who: b.who(n.id)}
	out.explain(facts)
	out.Chance = b.taught.share(float64(out.Points))
	if out.Notes, err = l.App.DB.NeedNotes(ctx, n.id); err != nil {
		return NeedFinding{}, err
	}
	out.State = store.NeedOpen
	if len(out.Notes) > 0 && !out.Notes[0].At.Before(needStateLasts(l.Clock.Now())) {
		out.State = out.Notes[0].State
	}
	return out, nil
}

// explain finds the signs that hold in a person's own record.
func (f *NeedFinding) explain(facts ownFacts) {
	lang, undone := f.Library.Language(), false
	for _, c := range f.Library.Criteria() {
		if !c.Runs() {
			continue
		}
		t, _ := c.Care.Trace(facts.facts(lang), f.Library.Params(), criteria.Run{AsOf: f.AsOf}) // a fact that cannot be used is in the trace
		switch t.Finding.Verdict {
		case criteria.Gap:
			undone = true
		case criteria.Done:
		default:
			continue
		}
		f.Signs, f.Points = append(f.Signs, NeedSign{c, t}), f.Points+c.Points
	}
	f.Planned = len(f.Signs) > 0 && !undone
	slices.SortStableFunc(f.Signs, func(x, y NeedSign) int { return cmp.Compare(y.Criterion.Points, x.Criterion.Points) })
}

// NeedVisit is what an expert notes of a call or a visit.
type NeedVisit struct {
	Day   time.Time // at midnight
	State store.NeedState
	Words string // 3 to 500 characters
}

// Check holds a note against what can be, as of today. Field is "day", "state" or
// "words" where there is a fault.
func (v NeedVisit) Check(today time.Time) (field string, err error) {
	if v.Day.After(today) || v.Day.Before(today.AddDate(-1, 0, 0)) {
		return "day", errVisitDay
	}
	if !slices.Contains(store.NeedStates(), v.State) {
		return "state", fault.New(fault.Invalid, "app.NeedVisit", "there is no such state")
	}
	if _, err := work.Words(v.Words); err != nil {
		return "words", err
	}
	return "", nil
}

// NoteNeed keeps a note of whoever stands at a place of the list. Who must be what
// ExplainNeed said of the person: if somebody else stands there by now, it is a fault of
// kind Conflict and nothing is kept.
func (l *Live) NoteNeed(ctx context.Context, place int, who string, v NeedVisit, officer string) error {
	const op = "app.NoteNeed"
	if _, err := v.Check(cityDay(l.Clock.Now(), l.App.zone)); err != nil {
		return err
	}
	b, n, err := l.needPlace(ctx, op, place)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(b.who(n.id)), []byte(who)) {
		return fault.New(fault.Conflict, op, "somebody else stands at this place of the list by now").Do("look at the list again; nothing was kept")
	}
	words, err := work.Words(v.Words)
	if err != nil {
		return err
	}
	purpose, err := needPurpose()
	if err != nil {
		return err
	}
	act, err := audit.Begin(officer, "note a call or a visit", purpose.ID(), purpose.LegalBasis(), l.Clock.Now())
	if err != nil {
		return err
	}
	return l.App.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.About("one who may need much", n.id)
		tx.Detail("%s", v.State)
		_, err := tx.AddNeedNote(store.NeedNote{Person: n.id, At: l.Clock.Now(), By: officer, Day: v.Day, State: v.State, Words: words})
		return err
	})
}

// newestNeeds names, beside what was read how far, the year and the day of the newest
// judgement: after a restart it is made again.
const newestNeeds = "needs"

// keepNeeds says on the record who was named, and notes what to make again after a
// restart.
func (a *App) keepNeeds(ctx context.Context, b *NeedBook, year int, officer string) error {
	purpose, err := needPurpose()
	if err != nil {
		return err
	}
	act, err := audit.Begin(officer, "name who may need much", purpose.ID(), purpose.LegalBasis(), a.Now())
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, act, func(tx store.Tx) error {
		tx.About("library "+b.Library.Name()+" "+b.Library.Version(), b.people()...)
		tx.Fields([]permission.Field{register.HealthRead})
		tx.Detail("%d people as of %s, judged by %d", b.People(), b.AsOf.Format(time.DateOnly), year)
		return tx.SetMark(newestNeeds, fmt.Sprintf("%d %s", year, b.AsOf.Format(time.DateOnly)))
	})
}

// Needs is the newest judgement in this process; ok is false when there was none.
func (l *Live) Needs() (n Needs, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.needs == nil {
		return Needs{}, false
	}
	return *l.needs, true
}

// RunNeeds begins to judge the signs by a year, and to name who may need much from now
// on. Ctx must outlive the request that asked for it.
func (l *Live) RunNeeds(ctx context.Context, year int, officer string) error {
	lib, err := l.App.CareLibrary(needsLibrary)
	if err != nil {
		return err
	}
	asOf := cityDay(l.Clock.Now(), l.App.zone)
	return l.start(ctx, func(ctx context.Context) error {
		b, err := l.runNeeds(ctx, lib, year, asOf, officer)
		if err != nil {
			return err
		}
		return l.App.keepNeeds(ctx, b, year, officer)
	})
}

func (l *Live) runNeeds(ctx context.Context, lib *library.Library, year int, asOf time.Time, officer string) (*NeedBook, error) {
	n, b, err := l.App.judgeNeeds(ctx, lib, year, asOf, officer, l.progress)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.needs, l.named = &n, b
	l.mu.Unlock()
	return b, nil
}
