package audit_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"ennakko/audit"
	"ennakko/fault"
)

var now = time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC)

func TestAnActNeedsEverything(t *testing.T) {
	for _, tt := range []struct {
		name                        string
		actor, verb, purpose, basis string
		at                          time.Time
	}{
		{"no actor", "", "read", "p", "law", now},
		{"no verb", "officer:a", "", "p", "law", now},
		{"no purpose", "officer:a", "read", "", "law", now},
		{"no basis", "officer:a", "read", "p", "", now},
		{"no time", "officer:a", "read", "p", "law", time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := audit.Begin(tt.actor, tt.verb, tt.purpose, tt.basis, tt.at)
			if fault.KindOf(err) != fault.Refused || !a.IsZero() {
				t.Fatalf("act %v, error %v", a.IsZero(), err)
			}
		})
	}
}

func entry(r *rapid.T, label string) audit.Entry {
	word := rapid.StringN(0, 6, -1)
	e := audit.Entry{Seq: rapid.Uint64Range(1, 9).Draw(r, label+"seq"), At: now.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, label+"at")) * time.Second),
		Actor: word.Draw(r, label+"actor"), Verb: word.Draw(r, label+"verb"), Purpose: word.Draw(r, label+"purpose"), Basis: word.Draw(r, label+"basis"),
		Object: word.Draw(r, label+"object"), Detail: word.Draw(r, label+"detail"), Fields: rapid.SliceOfN(word, 0, 3).Draw(r, label+"fields"), People: roaring.New()}
	for _, p := range rapid.SliceOfN(rapid.Uint32Range(1, 5), 0, 4).Draw(r, label+"people") {
		e.People.Add(p)
	}
	return e
}

func same(a, b audit.Entry) bool {
	if len(a.Fields) != len(b.Fields) {
		return false
	}
	for i := range a.Fields {
		if a.Fields[i] != b.Fields[i] {
			return false
		}
	}
	return a.Seq == b.Seq && a.At.Equal(b.At) && a.Actor == b.Actor && a.Verb == b.Verb && a.Purpose == b.Purpose && a.Basis == b.Basis &&
		a.Object == b.Object && a.Detail == b.Detail && a.People.Equals(b.People)
}

func TestTwoEntriesHaveTheSameLeafOnlyIfTheyAreTheSame(t *testing.T) {
	salt := bytes.Repeat([]byte{7}, audit.SaltSize)
	rapid.Check(t, func(r *rapid.T) {
		a, b := entry(r, "a "), entry(r, "b ")
		la, errA := a.Leaf(salt)
		lb, errB := b.Leaf(salt)
		if errA != nil || errB != nil {
			r.Fatal(errA, errB)
		}
		if bytes.Equal(la, lb) != same(a, b) {
			r.Fatalf("leaves equal: %v, entries equal: %v", bytes.Equal(la, lb), same(a, b))
		}
	})
}

func TestALeafNeedsItsSalt(t *testing.T) {
	e := audit.Entry{Seq: 1, At: now, Actor: "a"}
	one, err := e.Leaf(bytes.Repeat([]byte{1}, audit.SaltSize))
	if err != nil {
		t.Fatal(err)
	}
	two, err := e.Leaf(bytes.Repeat([]byte{2}, audit.SaltSize))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, two) {
		t.Error("another salt gives the same leaf")
	}
	if _, err := e.Leaf(nil); fault.KindOf(err) != fault.Tampered {
		t.Errorf("no salt: error %v", err)
	}
}

func TestASetOfPeopleReadsBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		set := roaring.New()
		for _, p := range rapid.SliceOf(rapid.Uint32()).Draw(r, "people") {
			set.Add(p)
		}
		b, err := audit.PeopleBytes(set)
		if err != nil {
			r.Fatal(err)
		}
		back, err := audit.PeopleOf(b)
		if err != nil || !back.Equals(set) {
			r.Fatalf("read back %v, error %v", back, err)
		}
	})
}

// FuzzPeopleOf: whatever stands in a row, it is a set of people or a fault.
func FuzzPeopleOf(f *testing.F) {
	for _, set := range []*roaring.Bitmap{roaring.BitmapOf(1, 5, 70000), roaring.BitmapOf(1, 2, 3, 4, 5, 6), roaring.New()} {
		b, err := audit.PeopleBytes(set)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		people, err := audit.PeopleOf(b)
		if err != nil {
			if fault.KindOf(err) != fault.Tampered || people != nil {
				t.Fatal(err)
			}
			return
		}
		again, err := audit.PeopleBytes(people)
		if err != nil {
			t.Fatal(err)
		}
		back, err := audit.PeopleOf(again)
		if err != nil || !back.Equals(people) {
			t.Fatalf("%d people became %d, %v", people.GetCardinality(), back.GetCardinality(), err)
		}
	})
}

func TestAChangedSetOfPeopleIsReadWholeOrRefused(t *testing.T) {
	many := roaring.New()
	for i := range uint32(5000) {
		many.Add(i * 7)
	}
	for _, set := range []*roaring.Bitmap{roaring.BitmapOf(1, 5, 70000), roaring.BitmapOf(1, 2, 3, 4, 5, 6), many} {
		b, err := audit.PeopleBytes(set)
		if err != nil {
			t.Fatal(err)
		}
		for i := range b {
			for _, bit := range []byte{1, 0x10, 0x80} {
				changed := bytes.Clone(b)
				changed[i] ^= bit
				people, err := audit.PeopleOf(changed)
				if err == nil {
					_, err = audit.PeopleBytes(people)
				}
				if err != nil && fault.KindOf(err) != fault.Tampered {
					t.Errorf("byte %d: %v", i, err)
				}
			}
		}
	}
}
