package omadata

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"ennakko/audit"
	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
	"ennakko/register/incomes"
	"ennakko/store"
)

// Tree is a part of all that is kept of somebody: a key with a value, or with parts
// of its own.
type Tree struct {
	Key      string `json:"key"`
	Value    string `json:"value,omitempty"`
	Children []Tree `json:"children,omitempty"`
}

func leaf(key, value string) Tree { return Tree{Key: key, Value: value} }

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Copy is a copy of all that is kept of somebody (GDPR 15(3) and 20): what the
// registers say, permissions with all their events, what was fetched, fees, what
// they asked, and how often their data was used. It is on the record.
func (s *Service) Copy(ctx context.Context, who person.ID) (Tree, error) {
	out := Tree{Key: "data"}
	for _, part := range []func(context.Context, person.ID) (Tree, error){s.copyRegisters, s.copyPermissions, s.copyMatters, s.copyRequests} {
		t, err := part(ctx, who)
		if err != nil {
			return Tree{}, err
		}
		if len(t.Children) > 0 {
			out.Children = append(out.Children, t)
		}
	}
	return out, nil
}

// accessPurpose is a person's right to a copy.
func accessPurpose() (permission.Purpose, error) {
	name := permission.Texts{person.Finnish: "Omien tietojen jäljennös", person.Swedish: "Kopia av egna uppgifter", person.English: "Copy of one's own data"}
	var fields []permission.Field
	for _, f := range register.Fields() {
		fields = append(fields, f.Field)
	}
	return permission.NewPurpose(permission.Spec{ID: "right of access", Name: name, Why: name, Basis: "GDPR 15(3)", Law: "GDPR 15 and 20", Controller: "the city", Fields: fields, Until: forever, Retention: "P0D"})
}

func (s *Service) copyRegisters(ctx context.Context, who person.ID) (Tree, error) {
	out := Tree{Key: "registers"}
	purpose, err := accessPurpose()
	if err != nil {
		return out, err
	}
	act, err := audit.Begin(actor(who), "copy own data", purpose.ID(), purpose.LegalBasis(), s.now())
	if err != nil {
		return out, err
	}
	g, err := permission.Check(act, purpose, purpose.Fields(), permission.Just(who), nil)
	if err != nil {
		return out, err
	}
	registers, done, err := s.c.Registers(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	rows, err := registers.Read(ctx, g, nil, "copy of own data")
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		for _, spec := range register.Fields() {
			facts, err := row.Open(g, spec.Field)
			if err != nil {
				return out, err
			}
			if len(facts) == 0 {
				continue
			}
			t := Tree{Key: string(spec.Field)}
			for _, f := range facts {
				t.Children = append(t.Children, factTree(f))
			}
			out.Children = append(out.Children, t)
		}
	}
	return out, nil
}

// factTree is one fact. Other people stand in it as numbers that mean nothing
// outside: they are not the reader's data.
func factTree(f register.Fact) Tree {
	t := Tree{Key: "fact"}
	add := func(key, value string) {
		if value != "" {
			t.Children = append(t.Children, leaf(key, value))
		}
	}
	switch v := f.Value.(type) {
	case time.Time:
		add("value", v.Format(time.DateOnly))
	case clinical.Record:
		for _, c := range v.Codes {
			add("code", c.System+" "+c.Code)
		}
	case person.ID:
		add("value", "another person")
	default:
		add("value", fmt.Sprint(v))
	}
	add("qualifier", f.Qualifier)
	if !f.From.IsZero() {
		add("from", f.From.Format(time.DateOnly))
	}
	if !f.Until.IsZero() {
		add("until", f.Until.Format(time.DateOnly))
	}
	return t
}

func (s *Service) copyPermissions(ctx context.Context, who person.ID) (Tree, error) {
	out := Tree{Key: "permissions"}
	views, err := s.Permissions(ctx, who)
	if err != nil {
		return out, err
	}
	for _, v := range views {
		if v.ID == 0 {
			continue
		}
		p := Tree{Key: "permission", Children: []Tree{leaf("number", strconv.FormatInt(v.ID, 10)), leaf("state", v.State.String()), leaf("purpose", v.Agreement.Purpose()),
			leaf("agreement_version", strconv.Itoa(v.Agreement.Version())), leaf("agreement_hash", v.Agreement.Hash()), leaf("until", day(v.Until))}}
		for _, e := range v.Events {
			p.Children = append(p.Children, Tree{Key: "event", Children: []Tree{leaf("kind", e.Kind.String()), leaf("at", day(e.At)), leaf("way", e.Way), leaf("cause", string(e.Cause))}})
		}
		for _, h := range v.Handovers {
			p.Children = append(p.Children, Tree{Key: "handover", Children: []Tree{leaf("source", h.Source), leaf("request", h.Request), leaf("asked", day(h.Asked)), leaf("state", h.State), leaf("why", h.Why)}})
		}
		for _, m := range v.Marks {
			p.Children = append(p.Children, Tree{Key: "source_mark", Children: []Tree{leaf("source", m.Source), leaf("at", day(m.At)), leaf("outcome", m.Outcome)}})
		}
		out.Children = append(out.Children, p)
	}
	return out, nil
}

func (s *Service) copyMatters(ctx context.Context, who person.ID) (Tree, error) {
	out := Tree{Key: "fees"}
	matters, err := s.Matters(ctx, who)
	if err != nil {
		return out, err
	}
	for _, m := range matters {
		t := Tree{Key: "fee", Children: []Tree{leaf("number", strconv.FormatInt(int64(m.N), 10)), leaf("child", m.Child), leaf("stage", string(m.Stage)), leaf("way", m.Chosen)}}
		if len(m.Income) > 0 {
			t.Children = append(t.Children, incomeTree(m.Income, m.FetchedAt))
		}
		for _, d := range m.Documents {
			t.Children = append(t.Children, Tree{Key: "document", Children: []Tree{leaf("number", strconv.FormatInt(d.ID, 10)), leaf("name", d.Name), leaf("kind", string(d.Kind)), leaf("at", day(d.Came)), leaf("until", day(d.Until)), leaf("gone", day(d.Gone))}})
		}
		for _, p := range []*FeeProposal{m.Fee, m.Was} {
			if p == nil {
				continue
			}
			x := Tree{Key: "proposal", Children: []Tree{leaf("state", p.State), leaf("made", day(p.Made)), leaf("euros", strconv.Itoa(p.Working.Fee.Euros)), leaf("pack", p.Working.Fee.Hash)}}
			for _, l := range p.Working.Fee.Lines {
				x.Children = append(x.Children, lineTree(l))
			}
			t.Children = append(t.Children, x)
		}
		out.Children = append(out.Children, t)
	}
	return out, nil
}

// lineTree is one line of a working. Its words stand in English, and beside it in the
// languages in which the city serves.
func lineTree(l fee.Line) Tree {
	t := Tree{Key: "line", Children: []Tree{leaf("words", l.Words[person.English])}}
	for _, lang := range []person.Language{person.Finnish, person.Swedish} {
		t.Children = append(t.Children, leaf("words_"+string(lang), l.Words[lang]))
	}
	t.Children = append(t.Children, leaf("comes_to", l.Comes.Plain()), leaf("law", l.Law[person.English]))
	for _, lang := range []person.Language{person.Finnish, person.Swedish} {
		t.Children = append(t.Children, leaf("law_"+string(lang), l.Law[lang]))
	}
	return t
}

func incomeTree(all []Income, at time.Time) Tree {
	t := Tree{Key: "income", Children: []Tree{leaf("fetched", day(at))}}
	by := map[incomes.Month][]Tree{}
	var order []incomes.Month
	for _, i := range all {
		if _, ok := by[i.Month]; !ok {
			order = append(order, i.Month)
		}
		by[i.Month] = append(by[i.Month], leaf(string(i.Kind), fmt.Sprintf("%d.%02d", i.Cents/100, i.Cents%100)))
	}
	slices.Sort(order)
	for _, m := range order {
		t.Children = append(t.Children, Tree{Key: string(m), Children: by[m]})
	}
	return t
}

func (s *Service) copyRequests(ctx context.Context, who person.ID) (Tree, error) {
	out := Tree{Key: "requests"}
	act, err := s.ownAct(who, "copy own data")
	if err != nil {
		return out, err
	}
	all, err := s.c.DB.RequestsOf(ctx, act, who)
	for _, r := range all {
		out.Children = append(out.Children, Tree{Key: "request", Children: []Tree{leaf("kind", r.Kind), leaf("at", day(r.At)), leaf("due", day(r.Due)), leaf("words", r.Words), leaf("answer", r.Answer), leaf("settled", day(r.Settled))}})
	}
	return out, err
}

// Reason is why the law does not let somebody be erased, or something of theirs.
type Reason struct {
	Code  string // for programs
	What  permission.Texts
	Why   permission.Texts
	Law   string
	Until time.Time // zero: for as long as it holds
}

// The codes of reasons.
const (
	ReasonDecision = "decision" // a decision is kept by law
	ReasonRound    = "round"    // a round is under way in which they have a part
)

var (
	roundWhat = permission.Texts{person.Finnish: "Kesken oleva tarjous", person.Swedish: "Ett erbjudande som pågår", person.English: "An offer that is under way"}
	roundWhy  = permission.Texts{
		person.Finnish: "Kaupunki hoitaa juuri tehtävää, jossa sinulla on osa. Tiedot voi poistaa, kun se on päättynyt.",
		person.Swedish: "Staden sköter just nu en uppgift där du har en del. Uppgifterna kan raderas när den är slut.",
		person.English: "The city is carrying out a task in which you have a part. The data can be erased when it has ended.",
	}
)

// CanErase says why somebody cannot be erased; without a reason they can. The
// question is on the record.
func (s *Service) CanErase(ctx context.Context, who person.ID) (out []Reason, err error) {
	act, err := audit.Begin(actor(who), "ask what can be erased", "erasure", "GDPR 17", s.now())
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, act, func(tx store.Tx) error {
		tx.About("", who)
		out, err = s.reasons(tx, who)
		return err
	})
	return out, err
}

func (s *Service) reasons(tx store.Tx, who person.ID) (out []Reason, err error) {
	x := s.c.Agreements[len(s.c.Agreements)-1].Spec()
	n, err := tx.Decided(who, keptSince(s.c.Agreements, s.now()))
	if err != nil {
		return nil, err
	}
	if n > 0 && x.KeepLaw != "" {
		out = append(out, Reason{Code: ReasonDecision, What: decisionWords, Why: x.KeepWhy, Law: "GDPR 17(3)(b); " + x.KeepLaw})
	}
	rounds, err := tx.Engaged(who)
	if len(rounds) > 0 {
		out = append(out, Reason{Code: ReasonRound, What: roundWhat, Why: roundWhy, Law: "GDPR 17(3)(b)"})
	}
	return out, err
}

// Erase takes somebody out of all records, at their own word, unless the law forbids
// it: then nothing is erased and the reasons are given. A dry run only says whether
// it could be done.
func (s *Service) Erase(ctx context.Context, who person.ID, dry bool) ([]Reason, error) {
	why, err := s.CanErase(ctx, who)
	if err != nil || len(why) > 0 || dry {
		return why, err
	}
	if s.c.Erase == nil {
		return nil, fault.New(fault.Missing, "omadata.Erase", "nobody can be erased from here").Do("erase with ennakko erase person")
	}
	if err := s.Clear(ctx, who); err != nil {
		return nil, err
	}
	_, err = s.c.Erase(ctx, who, actor(who))
	return nil, err
}

// Clear takes back all of somebody's permissions that stand, so that what was
// fetched under them is deleted, deletes the documents that they sent, and leaves what
// the law keeps.
func (s *Service) Clear(ctx context.Context, who person.ID) error {
	rows, err := s.c.DB.PermitsOf(ctx, who)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Subject != who || row.State != permission.Standing.String() && row.State != permission.Partly.String() {
			continue
		}
		if _, err := s.Withdraw(ctx, who, row.ID); err != nil {
			return err
		}
	}
	ids, err := s.c.DB.MattersOf(ctx, Purpose, who)
	if err != nil {
		return err
	}
	for _, n := range ids {
		if err := s.clearDocuments(ctx, who, n); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) clearDocuments(ctx context.Context, who person.ID, n store.MatterID) error {
	act, err := audit.Begin(actor(who), "delete own documents", "erasure", "GDPR 17(1)", s.now())
	if err != nil {
		return err
	}
	return s.write(ctx, act, func(tx store.Tx) error {
		gone, err := s.deleteUndecided(tx, n, who, store.GoneBySender)
		if err == nil && gone == 0 {
			err = store.ErrNothing
		}
		tx.About(matterName(n), who)
		tx.Detail("%d documents", gone)
		return err
	})
}

// keptSince is the moment since which decisions are kept: the longest time of all
// versions of the agreement.
func keptSince(all []permission.Agreement, now time.Time) time.Time {
	since := now
	for _, a := range all {
		k := a.Spec().Keep
		if t := now.AddDate(-k.Years, -k.Months, -k.Days); t.Before(since) {
			since = t
		}
	}
	return since
}

// KeptByLaw counts the decisions about somebody that the law keeps at a moment, and
// names the law: all is one of the agreements that are kept. It is for those who
// take a person out of all records.
func KeptByLaw(tx store.Tx, all []store.Agreement, who person.ID, now time.Time) (n int, law string, err error) {
	var parsed []permission.Agreement
	for _, k := range all {
		a, err := permission.ParseAgreement([]byte(k.Content))
		if err != nil {
			return 0, "", err
		}
		if x := a.Spec().KeepLaw; x != "" {
			parsed, law = append(parsed, a), x
		}
	}
	if len(parsed) == 0 {
		return 0, "", nil
	}
	n, err = tx.Decided(who, keptSince(parsed, now))
	return n, law, err
}
