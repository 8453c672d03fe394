package permission_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

func agreementSpec(version int, signers permission.Signers) permission.AgreementSpec {
	return permission.AgreementSpec{Purpose: "fee", Version: version, From: now, User: permission.Party{ID: "0000000-0", Name: three("City")},
		Sources: []permission.SourceSpec{{ID: "incomes", Name: three("Incomes"), Controller: permission.Party{ID: "1111111-1", Name: three("Unit")},
			Fields: []permission.SourceField{{Field: "income.wages", What: three("wages")}, {Field: "income.pension", What: three("pensions")}}}},
		Basis: "GDPR 6(1)(c)", Law: "Act 1503/2016", Lasts: permission.Period{Years: 1}, Renew: permission.Period{Months: 6}, Keep: permission.Period{Years: 10}, KeepLaw: "Archives", KeepWhy: three("k"),
		Conditions: []permission.Condition{{Kind: permission.OwnPermission, Source: "s"}, {Kind: permission.Guardian, Source: "s"}, {Kind: permission.Residence, Source: "s"}},
		Signers:    signers, Title: three("t"), Why: three("w"), Without: three("o"),
		Ways: []permission.Way{{ID: "permit", Title: three("a"), Then: three("b")}, {ID: "documents", Title: three("a"), Then: three("b")}, {ID: "highest-fee", Title: three("a"), Then: three("b")}}}
}

func agreement(t testing.TB, version int, signers permission.Signers) permission.Agreement {
	t.Helper()
	a, err := permission.NewAgreement(agreementSpec(version, signers))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// town is what the registers say.
type town struct {
	dead, gone map[person.ID]bool
	signers    []person.ID
}

func (w town) Alive(id person.ID) bool                  { return !w.dead[id] }
func (w town) Lives(id person.ID) bool                  { return !w.gone[id] }
func (w town) Signers(person.ID, person.ID) []person.ID { return w.signers }

const (
	mother person.ID = 1
	father person.ID = 2
	aunt   person.ID = 3
	child  person.ID = 9
)

// story tells a life step by step and stops the test at a fault.
type story struct {
	t       *testing.T
	p       permission.Permission
	a       permission.Agreement
	at      time.Time
	signers []person.ID
}

func begin(t *testing.T, s permission.Signers, signers ...person.ID) *story {
	t.Helper()
	p, err := permission.New(7, mother, child, "fee")
	if err != nil {
		t.Fatal(err)
	}
	return &story{t: t, p: p, a: agreement(t, 1, s), at: now, signers: signers}
}

func (s *story) try(k permission.EventKind, by person.ID, more ...string) error {
	e := permission.Step(k, s.a, by, s.at)
	if len(more) > 0 && k == permission.End {
		e = e.For(permission.Cause(more[0]))
	} else if len(more) > 0 {
		e = e.With(more[0])
	}
	p, err := s.p.Apply(e, s.a, s.signers)
	if err == nil {
		s.p = p
	}
	return err
}

func (s *story) do(k permission.EventKind, by person.ID, more ...string) *story {
	s.t.Helper()
	if err := s.try(k, by, more...); err != nil {
		s.t.Fatalf("%v by %d: %v", k, by, err)
	}
	return s
}

func (s *story) later(d time.Duration) *story { s.at = s.at.Add(d); return s }

func (s *story) refused(kind fault.Kind, k permission.EventKind, by person.ID, more ...string) *story {
	s.t.Helper()
	before := s.p.State()
	if err := s.try(k, by, more...); err == nil || fault.KindOf(err) != kind || s.p.State() != before {
		s.t.Fatalf("%v by %d in state %v: %v, want a fault of kind %v", k, by, before, err, kind)
	}
	return s
}

func (s *story) stands(want permission.Why) *story {
	s.t.Helper()
	ok, why := s.p.Stands(s.at, s.a, town{signers: s.signers})
	if why != want || ok != (want == "") {
		s.t.Fatalf("in state %v it stands: %v %q, want %q", s.p.State(), ok, why, want)
	}
	return s
}

func TestALifeFromTheFirstQuestionToTheEnd(t *testing.T) {
	s := begin(t, permission.Self, mother).stands(permission.WhyUnasked)
	s.refused(fault.Conflict, permission.Give, mother)
	s.do(permission.Ask, 0).stands(permission.WhyUnanswered)
	s.later(time.Hour).do(permission.Give, mother).stands("")
	s.later(time.Hour).do(permission.Withdraw, mother).stands(permission.WhyWithdrawn)
	s.refused(fault.Conflict, permission.Ask, 0)
	s.later(time.Hour).do(permission.Give, mother, "permit").stands("")
	s.refused(fault.Conflict, permission.Expire, 0).later(367 * 24 * time.Hour).stands(permission.WhyExpired)
	s.do(permission.Expire, 0).stands(permission.WhyExpired).do(permission.Ask, 0).do(permission.Give, mother).stands("")
	s.do(permission.End, 0, "moved").stands(permission.WhyMoved).refused(fault.Conflict, permission.Give, mother)
	s.do(permission.Ask, 0).do(permission.Give, mother).stands("")
	s.do(permission.End, 0, "death").stands(permission.WhyDeath).refused(fault.Conflict, permission.Ask, 0)
}

func TestWhatIsSaidTwiceIsSaidOnce(t *testing.T) {
	s := begin(t, permission.Self, mother)
	for _, step := range []struct {
		k   permission.EventKind
		by  person.ID
		way string
	}{{permission.Ask, 0, ""}, {permission.Refuse, mother, "documents"}, {permission.Give, mother, ""}, {permission.Withdraw, mother, ""}} {
		s.later(time.Minute).do(step.k, step.by, step.way)
		n := len(s.p.Events())
		if step.k == permission.Refuse {
			s.refused(fault.Conflict, permission.Ask, 0)
		}
		s.later(time.Minute).do(step.k, step.by, step.way)
		if len(s.p.Events()) != n {
			t.Errorf("%v twice makes %d events of %d", step.k, len(s.p.Events()), n)
		}
	}
}

func TestARefusalIsRememberedWithItsWay(t *testing.T) {
	s := begin(t, permission.Self, mother).do(permission.Ask, 0).do(permission.Refuse, mother, "highest-fee")
	if w := s.p.Current(); w.State != permission.Refused || w.Way != "highest-fee" {
		t.Errorf("remembered as %+v", w)
	}
	s.stands(permission.WhyRefused).refused(fault.Conflict, permission.Ask, 0).refused(fault.Invalid, permission.Refuse, mother, "permit").refused(fault.Invalid, permission.Refuse, mother, "by-owl")
	s.do(permission.Refuse, mother, "documents").do(permission.Give, mother).stands("")
	s.refused(fault.Conflict, permission.Refuse, mother)
}

func TestBothGuardiansSignWhereTheLawWantsBoth(t *testing.T) {
	s := begin(t, permission.AllGuardians, mother, father).do(permission.Ask, 0).do(permission.Give, mother).stands(permission.WhyPartly)
	s.refused(fault.Refused, permission.Give, aunt).do(permission.Give, father).stands("")
	s.signers = []person.ID{mother, aunt} // the father's say ends, an appointed guardian comes
	s.stands(permission.WhyPartly).do(permission.Give, aunt).stands("")
	if got := s.p.Current().Gave; len(got) != 2 || got[0].By != mother || got[1].By != aunt {
		t.Errorf("signed by %v", got)
	}
	s.signers = []person.ID{father}
	s.stands(permission.WhyGuardianship)
	s.signers = nil
	s.stands(permission.WhyGuardianship)

	s = begin(t, permission.AllGuardians, mother, father).do(permission.Ask, 0).do(permission.Give, mother)
	s.signers = []person.ID{mother} // alone now: her yes is enough once she says so again
	s.stands(permission.WhyPartly).do(permission.Give, mother).stands("")
}

func TestOneGuardianIsEnoughAndAnyMayTakeItBack(t *testing.T) {
	s := begin(t, permission.OneGuardian, mother, father).do(permission.Ask, 0).do(permission.Give, mother).stands("")
	s.do(permission.Withdraw, father).stands(permission.WhyWithdrawn).refused(fault.Refused, permission.Withdraw, aunt)
	s.do(permission.Give, father)
	s.signers = []person.ID{mother}
	s.stands(permission.WhyGuardianship).do(permission.Give, mother).stands("")
	s.signers = []person.ID{father}
	s.do(permission.Withdraw, mother) // who gave it may take it back, also without a say
}

func TestAChangedAgreementAsksAgainAndTheOldTextStandsMeanwhile(t *testing.T) {
	s := begin(t, permission.Self, mother).do(permission.Ask, 0).do(permission.Give, mother)
	old, changed := s.a, agreement(t, 2, permission.Self)
	s.a = changed
	s.later(time.Hour).refused(fault.Conflict, permission.Give, mother).do(permission.Ask, 0).stands(permission.WhyOtherText)
	s.a = old
	s.stands("").refused(fault.Conflict, permission.Ask, 0)
	s.a = changed
	s.do(permission.Refuse, mother, "documents").refused(fault.Conflict, permission.Ask, 0)
	s.a = old
	s.stands("")
	s.a = changed
	s.do(permission.Give, mother).stands("")
	if s.p.Of(1) != permission.Ended || s.p.Of(2) != permission.Standing {
		t.Errorf("version 1 is %v, version 2 is %v", s.p.Of(1), s.p.Of(2))
	}
	s = begin(t, permission.Self, mother).do(permission.Ask, 0).do(permission.Give, mother)
	s.a = changed
	s.do(permission.Ask, 0).do(permission.Withdraw, mother).stands(permission.WhyWithdrawn)
	s.refused(fault.Conflict, permission.Ask, 0) // taken back is taken back, also under what was just asked
}

func TestClocks(t *testing.T) {
	s := begin(t, permission.Self, mother).do(permission.Ask, 0).later(time.Hour).do(permission.Give, mother)
	newest := s.at
	s.later(-permission.Skew).do(permission.Withdraw, mother).do(permission.Give, mother)
	if got := s.p.Events()[3].At; !got.Equal(newest) {
		t.Errorf("a clock that is a little behind counts as of %v, want %v", got, newest)
	}
	s.stands("").later(-time.Second).stands(permission.WhyClock).refused(fault.Conflict, permission.Refuse, mother)
	s.later(-time.Hour).do(permission.Withdraw, mother).stands(permission.WhyWithdrawn) // never lost for its clock
}

func TestEachConditionIsLookedAtAtEachUse(t *testing.T) {
	s := begin(t, permission.Self, mother).do(permission.Ask, 0).do(permission.Give, mother)
	for _, tt := range []struct {
		want permission.Why
		w    permission.Relations
	}{
		{"", town{signers: s.signers}},
		{permission.WhyDeath, town{signers: s.signers, dead: map[person.ID]bool{child: true}}},
		{permission.WhyDeath, town{signers: s.signers, dead: map[person.ID]bool{mother: true}}},
		{permission.WhyMoved, town{signers: s.signers, gone: map[person.ID]bool{child: true}}},
		{permission.WhyGuardianship, town{signers: []person.ID{father}}},
		{permission.WhyGap, nil},
	} {
		if _, why := s.p.Stands(s.at, s.a, tt.w); why != tt.want {
			t.Errorf("%+v: %q, want %q", tt.w, why, tt.want)
		}
		e, due := s.p.Due(s.at, s.a, tt.w)
		if due != (tt.want != "" && !tt.want.Gap()) || due && string(e.Cause) != string(tt.want) {
			t.Errorf("%q: due %v %+v", tt.want, due, e)
		}
	}
	if _, why := s.p.Stands(s.at, permission.Agreement{}, town{signers: s.signers}); why != permission.WhyGap {
		t.Errorf("without an agreement: %q", why)
	}
	e, due := s.p.Due(s.at.AddDate(1, 0, 0), s.a, town{signers: s.signers})
	if !due || e.Kind != permission.Expire {
		t.Errorf("after a year %+v is due", e)
	}
}

func TestEveryReasonIsSaidInThreeLanguages(t *testing.T) {
	seen := map[string]permission.Why{}
	for _, w := range permission.Whys() {
		for _, l := range person.Languages() {
			text := w.Words(l)
			if text == "" || seen[text] != "" {
				t.Errorf("%q in %s: %q (also %q)", w, l, text, seen[text])
			}
			seen[text] = w
		}
	}
}

func TestALifeIsToldAgainFromItsEvents(t *testing.T) {
	s := begin(t, permission.OneGuardian, mother, father).do(permission.Ask, 0).later(time.Hour).do(permission.Give, mother).do(permission.Give, father).later(time.Hour).do(permission.Withdraw, father)
	find := func(int) (permission.Agreement, error) { return s.a, nil }
	b, err := json.Marshal(s.p.Events())
	if err != nil {
		t.Fatal(err)
	}
	var events []permission.Event
	if err := json.Unmarshal(b, &events); err != nil {
		t.Fatal(err)
	}
	back, err := permission.Restore(7, mother, child, "fee", events, find)
	if err != nil || back.State() != permission.Withdrawn || len(back.Events()) != 4 || !slices.Equal(back.Current().Gave, s.p.Current().Gave) {
		t.Fatalf("%v %v", back.State(), err)
	}
	for name, damage := range map[string]func([]permission.Event) []permission.Event{
		"an event is missing":       func(e []permission.Event) []permission.Event { return e[1:] },
		"an event stands twice":     func(e []permission.Event) []permission.Event { return slices.Insert(e, 1, e[0]) },
		"somebody else signed":      func(e []permission.Event) []permission.Event { e[1].By = aunt; return e },
		"the text is another":       func(e []permission.Event) []permission.Event { e[1].Hash = "x"; return e },
		"the withdrawal came first": func(e []permission.Event) []permission.Event { e[1], e[3] = e[3], e[1]; return e },
	} {
		if _, err := permission.Restore(7, mother, child, "fee", damage(slices.Clone(events)), find); fault.KindOf(err) != fault.Tampered {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := permission.Restore(7, mother, child, "fee", events, func(int) (permission.Agreement, error) {
		return permission.Agreement{}, fault.New(fault.Missing, "test", "none")
	}); !permission.IsGap(err) {
		t.Errorf("without an agreement: %v", err)
	}
}

func TestAnAgreementTellsAllThatIsMissingAtOnce(t *testing.T) {
	_, err := permission.NewAgreement(permission.AgreementSpec{KeepWhy: three("x"), Sources: []permission.SourceSpec{{}}, Signers: permission.AllGuardians,
		Conditions: []permission.Condition{{Kind: "moon"}}, Ways: []permission.Way{{ID: "x"}, {ID: "x"}}})
	for _, want := range []string{"purpose", "version", "from", "business id of the user", "name of the user in sv", "legal basis", "no law", "own-permission", `"moon" is not known`, "no source",
		"(keep)", "(lasts)", "keep_law", "guardians sign", "title in en", "reason (why) in fi", "without it", "id of a source", "field of source", "first way named permit", "single way x", "title of way x"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
}

func TestAnAgreementsHashIsThatOfItsTextAndNothingReachesIn(t *testing.T) {
	s := agreementSpec(1, permission.Self)
	a, err := permission.NewAgreement(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Title[person.Finnish], s.Sources[0].Fields[0].Field = "changed", "income.all"
	a.Spec().Ways[0].ID = "changed"
	if a.Spec().Title[person.Finnish] != "t" || a.Covers([]permission.Field{"income.all"}) || a.Covers(nil) || a.Spec().Ways[0].ID != "permit" {
		t.Error("a caller's map reaches into the agreement")
	}
	back, err := permission.ParseAgreement(a.JSON())
	if err != nil || back.Hash() != a.Hash() || len(a.Hash()) != 64 {
		t.Errorf("reads back as %s, was %s: %v", back.Hash(), a.Hash(), err)
	}
	other, err := permission.NewAgreement(func() permission.AgreementSpec {
		o := agreementSpec(1, permission.Self)
		o.Why[person.Swedish] = "x"
		return o
	}())
	if err != nil || other.Hash() == a.Hash() {
		t.Errorf("another text has the same hash: %v", err)
	}
	for _, bad := range []string{"{}", `{"purpose":"x","moon":1}`, string(a.JSON()) + "{}", "nonsense", `{"purpose":"x",` + string(a.JSON())[1:], strings.Replace(string(a.JSON()), `"purpose"`, `"Purpose"`, 1)} {
		if _, err := permission.ParseAgreement([]byte(bad)); err == nil {
			t.Errorf("%.20q is read", bad)
		}
	}
}

// book is a ledger in memory.
type book struct {
	stand *roaring.Bitmap
	err   error
	asked int
	at    time.Time
}

func (b *book) Standing(_ context.Context, _ string, _ []permission.Field, _ *roaring.Bitmap, at time.Time) (*roaring.Bitmap, error) {
	b.asked++
	b.at = at
	return b.stand, b.err
}

func ownPurpose(t testing.TB) permission.Purpose {
	t.Helper()
	s := spec()
	s.Conditions = []permission.Condition{{Kind: permission.OwnPermission, Source: "s"}}
	p, err := permission.NewPurpose(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAGrantThatHangsOnPermissionsIsLookedAtAgain(t *testing.T) {
	ctx, p := context.Background(), ownPurpose(t)
	need := []permission.Field{"population.name"}
	if _, err := permission.Check(act(t, p.ID(), now), p, need, permission.Just(1), nil); !permission.IsViolation(err) {
		t.Errorf("Check alone grants it: %v", err)
	}
	at := now
	b := &book{stand: roaring.BitmapOf(1, 2, 77)}
	g, err := permission.CheckStanding(ctx, act(t, p.ID(), now), p, need, permission.Just(1, 2, 3), roaring.BitmapOf(2), b, func() time.Time { return at })
	if err != nil || !g.Standing() || !g.Allows("population.name", 1) || g.Allows("population.name", 2) || g.Allows("population.name", 3) || g.Allows("population.name", 77) {
		t.Fatalf("a grant for others than those whose permission stands: %v", err)
	}
	b.stand, at = roaring.BitmapOf(2), at.Add(time.Hour)
	if left, err := g.Still(ctx, roaring.BitmapOf(1, 2, 3)); err != nil || !left.IsEmpty() || g.Allows("population.name", 1) || !b.at.Equal(at) {
		t.Errorf("after the withdrawal %v is left, %v", left, err)
	}
	b.stand = roaring.BitmapOf(1)
	if left, err := g.Still(ctx, roaring.BitmapOf(1, 9)); err != nil || !left.Equals(roaring.BitmapOf(1)) || !g.Allows("population.name", 1) {
		t.Errorf("%v is left, %v", left, err)
	}
	b.err = errors.New("down")
	if left, err := g.Still(ctx, roaring.BitmapOf(1)); err == nil || left != nil || g.Allows("population.name", 1) {
		t.Errorf("with the ledger down %v is left, %v", left, err)
	}
	b.err, at = nil, p.Until()
	if left, err := g.Still(ctx, roaring.BitmapOf(1)); !permission.IsViolation(err) || left != nil {
		t.Errorf("after the end of the purpose %v is left, %v", left, err)
	}
}

func TestAGapIsToldApartFromAViolation(t *testing.T) {
	ctx, p, need, clock := context.Background(), ownPurpose(t), []permission.Field{"population.name"}, func() time.Time { return now }
	for _, tt := range []struct {
		name   string
		gap    bool
		ledger permission.Ledger
		clock  func() time.Time
	}{
		{"no ledger", true, nil, clock},
		{"no clock", true, &book{}, nil},
		{"no agreement", true, &book{err: fault.New(fault.Missing, "test", "no agreement")}, clock},
		{"nobody's permission stands", false, &book{}, clock},
	} {
		g, err := permission.CheckStanding(ctx, act(t, p.ID(), now), p, need, permission.Just(1), nil, tt.ledger, tt.clock)
		if permission.IsGap(err) != tt.gap || permission.IsViolation(err) == tt.gap || !g.IsZero() {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	g, err := permission.CheckStanding(ctx, act(t, "pre-primary", now), purpose(t), need, permission.Just(1), nil, nil, nil)
	if err != nil || g.Standing() || !g.Allows("population.name", 1) {
		t.Errorf("a purpose without own permission: %v", err)
	}
	b := &book{stand: roaring.BitmapOf(4)}
	g, err = permission.CheckStanding(ctx, act(t, p.ID(), now), p, need, permission.Everyone(), nil, b, clock)
	if err != nil || g.Allows("population.name", 4) {
		t.Errorf("a grant for everyone opens somebody nobody looked at: %v", err)
	}
	s := spec()
	s.Conditions = []permission.Condition{{Kind: permission.Residence, Source: "s"}}
	if _, err := permission.NewPurpose(s); err == nil {
		t.Error("a condition that nobody looks at is taken")
	}
}

func TestPeriods(t *testing.T) {
	for text, want := range map[string]string{"P10Y": "10 vuotta", "P1Y6M": "1 vuosi ja 6 kuukautta", "P1D": "1 päivä", "P1Y1M2D": "1 vuosi, 1 kuukausi ja 2 päivää"} {
		p, err := permission.ParsePeriod(text)
		if err != nil || p.String() != text || p.Words(person.Finnish) != want {
			t.Errorf("%s: %v %q %v", text, p, p.Words(person.Finnish), err)
		}
	}
	for _, bad := range []string{"", "P", "10Y", "PY", "P1W", "P-1Y", "PT5H", "P1Y "} {
		if _, err := permission.ParsePeriod(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	if got := (permission.Period{Months: 1}).After(now); !got.Equal(now.AddDate(0, 1, 0)) {
		t.Errorf("a month later is %v", got)
	}
}
