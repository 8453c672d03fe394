package register_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

var now = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)

func three(s string) map[person.Language]string {
	return map[person.Language]string{person.Finnish: s, person.Swedish: s, person.English: s}
}

func grant(t *testing.T, who permission.People, need ...permission.Field) permission.Grant {
	t.Helper()
	p, err := permission.NewPurpose(permission.Spec{ID: "p", Name: three("n"), Why: three("w"), Basis: "b", Law: "l", Controller: "c",
		Fields: []permission.Field{register.BirthDate, register.Name, register.Sex}, Until: now.AddDate(1, 0, 0), Retention: "r"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := audit.Begin("officer:a", "read", "p", "b; l", now)
	if err != nil {
		t.Fatal(err)
	}
	g, err := permission.Check(a, p, need, who, nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// greedy hands over more people and more fields than it is asked for.
type greedy struct{ asked int }

func (*greedy) Has() []permission.Field {
	return []permission.Field{register.BirthDate, register.Name, register.Sex}
}

func (*greedy) Find(context.Context, register.Range) (*roaring.Bitmap, error) {
	return roaring.BitmapOf(1, 2, 3), nil
}

func (s *greedy) Select(_ context.Context, _ []permission.Field, _ *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	s.asked++
	for id := person.ID(1); id <= 5; id++ {
		for _, f := range s.Has() {
			if err := each(id, f, register.Fact{Value: fmt.Sprintf("SECRET %s %d", f, id)}); err != nil {
				return err
			}
		}
	}
	return nil
}

type journal struct {
	entries []audit.Entry
	fail    error
}

func (j *journal) Note(_ context.Context, e audit.Entry) error {
	if j.fail != nil {
		return j.fail
	}
	j.entries = append(j.entries, e)
	return nil
}

var six = &register.Range{Field: register.BirthDate, From: now.AddDate(-6, 0, 0), To: now}

func TestASourceThatReturnsMoreIsCutBack(t *testing.T) {
	j := &journal{}
	rd := register.NewReader(j, &greedy{})
	g := grant(t, permission.Just(2, 3, 4), register.BirthDate)
	rows, err := rd.Read(context.Background(), g, six, "test")
	if err != nil || len(rows) != 2 || rows[0].ID != 2 || rows[1].ID != 3 {
		t.Fatalf("%d rows, error %v", len(rows), err)
	}
	if len(rows[0].Facts(register.BirthDate)) != 1 || len(rows[0].Facts(register.Name)) != 0 {
		t.Error("a row has other fields than the granted one")
	}
	if len(j.entries) != 1 || !j.entries[0].People.Equals(roaring.BitmapOf(2, 3)) || strings.Join(j.entries[0].Fields, " ") != string(register.BirthDate) {
		t.Errorf("the reading is on the record as %+v", j.entries)
	}
}

func TestWithoutAnEntryNothingIsRead(t *testing.T) {
	s := &greedy{}
	rows, err := register.NewReader(&journal{fail: errors.New("disk full")}, s).Read(context.Background(), grant(t, permission.Just(1), register.Name), nil, "test")
	if err == nil || rows != nil || s.asked != 0 {
		t.Fatalf("%d rows, asked %d times, error %v", len(rows), s.asked, err)
	}
}

func TestReadingRefusals(t *testing.T) {
	rd := register.NewReader(&journal{}, &greedy{})
	ctx := context.Background()
	for _, tt := range []struct {
		name string
		do   func() error
	}{
		{"no grant", func() error { _, err := rd.Read(ctx, permission.Grant{}, nil, "x"); return err }},
		{"everyone without a condition", func() error {
			_, err := rd.Read(ctx, grant(t, permission.Everyone(), register.Name), nil, "x")
			return err
		}},
		{"a condition on a field without a grant", func() error {
			_, err := rd.Read(ctx, grant(t, permission.Everyone(), register.Name), six, "x")
			return err
		}},
		{"opening another field", func() error {
			_, err := register.Seal(register.Sex, 1, "m").Open(grant(t, permission.Just(1), register.Name))
			return err
		}},
		{"opening another person", func() error {
			_, err := register.Seal(register.Name, 2, "x").Open(grant(t, permission.Just(1), register.Name))
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(); fault.KindOf(err) != fault.Refused {
				t.Fatalf("error %v, want a refusal", err)
			}
		})
	}
}

func TestASealedValueStaysSealed(t *testing.T) {
	s := register.Seal(register.Name, 1, "SECRET")
	type rec struct {
		Name register.Sealed[string] `json:"name"`
		ptr  *register.Sealed[string]
	}
	r := rec{s, &s}
	n, h := register.FullName{Family: "SECRET", Given: "SECRET"}, register.Home{Street: "SECRET"}
	var log bytes.Buffer
	for _, l := range []*slog.Logger{slog.New(slog.NewJSONHandler(&log, nil)), slog.New(slog.NewTextHandler(&log, nil))} {
		l.Info("x", "v", s, "r", r, "any", []any{s})
	}
	j, err := json.Marshal(map[string]any{"a": s, "b": r})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v %+v %#v %v %+v %#v %v %#v", s, s, s, s, s, s, r, r, r, &s, n, n, h, h) + log.String() + string(j)
	if strings.Contains(all, "SECRET") || strings.Contains(all, fmt.Sprintf("%x", "SECRET")) {
		t.Fatalf("it leaks: %s", all)
	}
	if v, err := s.Open(grant(t, permission.Just(1), register.Name)); err != nil || v != "SECRET" {
		t.Errorf("the grant does not open it: %v", err)
	}
}

func TestAGuardianReadsBack(t *testing.T) {
	for _, g := range []person.Guardianship{
		{Guardian: 7, Custody: person.JointCustody, Role: person.Parent, LivesIn: true},
		{Guardian: 8, Custody: person.NoCustody, Role: person.FosterParent},
	} {
		back, err := register.ParseGuardian(register.Fact{Value: g.Guardian, Qualifier: register.GuardianTerms(g.Custody, g.Role, g.LivesIn)})
		if err != nil || back != g {
			t.Errorf("%+v reads back as %+v, error %v", g, back, err)
		}
	}
	if _, err := register.ParseGuardian(register.Fact{Value: "x"}); err == nil {
		t.Error("a damaged guardianship is read")
	}
}
