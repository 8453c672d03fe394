package permission_test

import (
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

var now = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)

func three(s string) map[person.Language]string {
	return map[person.Language]string{person.Finnish: s, person.Swedish: s, person.English: s}
}

func spec() permission.Spec {
	return permission.Spec{ID: "pre-primary", Name: three("n"), Why: three("w"), Basis: "GDPR 6(1)(e)", Law: "Act 628/1998, section 26 a", Controller: "City",
		Fields: []permission.Field{"population.birth_date", "population.name"}, Until: now.AddDate(1, 0, 0), Retention: "2 years"}
}

func purpose(t *testing.T) permission.Purpose {
	t.Helper()
	p, err := permission.NewPurpose(spec())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func act(t *testing.T, purpose string, at time.Time) audit.Act {
	t.Helper()
	a, err := audit.Begin("officer:a", "read", purpose, "law", at)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAPurposeTellsAllThatIsMissingAtOnce(t *testing.T) {
	_, err := permission.NewPurpose(permission.Spec{Name: map[person.Language]string{person.Finnish: "n"}})
	for _, want := range []string{"no id", "name in sv", "name in en", "reason (why) in fi", "legal basis", "no law", "controller", "fields", "end (until)", "retention"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	p := purpose(t)
	birth := []permission.Field{"population.birth_date"}
	for _, tt := range []struct {
		name string
		act  audit.Act
		p    permission.Purpose
		need []permission.Field
		who  permission.People
	}{
		{"no act", audit.Act{}, p, birth, permission.Everyone()},
		{"no purpose", act(t, "x", now), permission.Purpose{}, birth, permission.Everyone()},
		{"an act for another purpose", act(t, "other", now), p, birth, permission.Everyone()},
		{"a purpose that has ended", act(t, p.ID(), now.AddDate(1, 0, 0)), p, birth, permission.Everyone()},
		{"no field", act(t, p.ID(), now), p, nil, permission.Everyone()},
		{"a field outside the purpose", act(t, p.ID(), now), p, []permission.Field{"income.total"}, permission.Everyone()},
		{"nobody named", act(t, p.ID(), now), p, birth, permission.People{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, err := permission.Check(tt.act, tt.p, tt.need, tt.who, nil)
			if fault.KindOf(err) != fault.Refused || !g.IsZero() || g.Allows("population.birth_date", 1) {
				t.Fatalf("grant %v, error %v", !g.IsZero(), err)
			}
		})
	}
}

func TestAGrantOpensItsFieldsOfItsPeopleAndNoMore(t *testing.T) {
	p := purpose(t)
	g, err := permission.Check(act(t, p.ID(), now), p, []permission.Field{"population.name"}, permission.Just(1, 2, 3), roaring.BitmapOf(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		f    permission.Field
		id   person.ID
		want bool
	}{
		{"population.name", 1, true}, {"population.name", 3, true},
		{"population.name", 2, false},       // objects
		{"population.name", 4, false},       // not named
		{"population.birth_date", 1, false}, // in the purpose, not asked for
	} {
		if got := g.Allows(tt.f, tt.id); got != tt.want {
			t.Errorf("Allows(%s, %d) = %v", tt.f, tt.id, got)
		}
	}
	if cut := g.Cut(roaring.BitmapOf(1, 2, 9)); !cut.Equals(roaring.BitmapOf(1)) {
		t.Errorf("cut to %v", cut)
	}
	if named, ok := g.Named(); !ok || !named.Equals(roaring.BitmapOf(1, 3)) {
		t.Errorf("named %v %v", named, ok)
	}
	everyone, err := permission.Check(act(t, p.ID(), now), p, []permission.Field{"population.name"}, permission.Everyone(), roaring.BitmapOf(2))
	if err != nil || !everyone.Allows("population.name", 77) || everyone.Allows("population.name", 2) {
		t.Errorf("a grant for everyone: %v", err)
	}
	if _, ok := everyone.Named(); ok {
		t.Error("a grant for everyone names somebody")
	}
}

func TestAGrantCannotBeWidenedFromOutside(t *testing.T) {
	s := spec()
	p, err := permission.NewPurpose(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Fields[0] = "income.total"
	p.Fields()[0] = "income.total"
	who := roaring.BitmapOf(1)
	only := permission.Only(who)
	who.Add(2)
	g, err := permission.Check(act(t, p.ID(), now), p, []permission.Field{"population.name"}, only, nil)
	if err != nil {
		t.Fatal(err)
	}
	g.Fields()[0] = "population.birth_date"
	if g.Allows("population.name", 2) || g.Allows("population.birth_date", 1) || p.Fields()[0] != "population.birth_date" {
		t.Error("a caller's slice or set reaches into the grant")
	}
}
