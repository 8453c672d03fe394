package audit_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"pgregory.net/rapid"

	"ennakko/audit"
	"ennakko/fault"
)

// newSalt is a salt of the second form.
func newSalt(b byte) []byte {
	s, err := audit.NewSalt(bytes.NewReader(bytes.Repeat([]byte{b}, audit.SaltSize)))
	if err != nil {
		panic(err)
	}
	return s
}

func TestTwoEntriesHaveTheSameLeafOfTheSecondFormOnlyIfTheyAreTheSame(t *testing.T) {
	salt := newSalt(7)
	rapid.Check(t, func(r *rapid.T) {
		a, b := entry(r, "a "), entry(r, "b ")
		if rapid.Bool().Draw(r, "with a colon") {
			a.Actor, b.Actor = a.Actor+":"+a.Verb, b.Actor+":"+b.Verb
		}
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

func TestALeafOfTheSecondFormNeedsItsSalt(t *testing.T) {
	e := audit.Entry{Seq: 1, At: now, Actor: "a"}
	one, errOne := e.Leaf(newSalt(1))
	two, errTwo := e.Leaf(newSalt(2))
	if errOne != nil || errTwo != nil || bytes.Equal(one, two) {
		t.Error("another salt gives the same leaf", errOne, errTwo)
	}
	for _, bad := range [][]byte{newSalt(1)[:32:32], append(newSalt(1), 0), append([]byte{3}, newSalt(1)[1:]...), {2}} {
		if leaf, err := e.Leaf(bad); err == nil && bytes.Equal(leaf, one) || len(bad) != audit.SaltSize && fault.KindOf(err) != fault.Tampered {
			t.Errorf("a salt of %d bytes: %v", len(bad), err)
		}
	}
	if _, err := audit.NewSalt(strings.NewReader("short")); err == nil {
		t.Error("a salt without randomness")
	}
}

// covering has people on every edge of the tree: few, many, a power of two, one more.
func covering(n uint32) audit.Entry {
	e := audit.Entry{Seq: 9, At: now, Actor: "officer:jane", Verb: "look at a case", Purpose: "p", Basis: "law", Object: "case 77", Fields: []string{"population.name", "x"}, Detail: "by hand", People: roaring.New()}
	for i := range n {
		e.People.Add(3 + 5*i)
	}
	return e
}

func TestWhatIsShownToEachPersonLeadsToTheLeafAndShowsNothingElse(t *testing.T) {
	for _, n := range []uint32{1, 2, 8, 9, 64, 65, 4095, 4096, 4097, 10_000} {
		e, salt := covering(n), newSalt(byte(n))
		leaf, err := e.Leaf(salt)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []uint32{0, n / 3, n - 1} {
			who := 3 + 5*i
			d, err := e.Disclose(salt, who, audit.PartAt, audit.PartKind, audit.PartFields)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"jane", "look at", "case 77", "by hand", "law"} {
				if bytes.Contains(raw, []byte(secret)) {
					t.Errorf("%q is shown", secret)
				}
			}
			var back audit.Disclosure
			if err := json.Unmarshal(raw, &back); err != nil {
				t.Fatal(err)
			}
			got, err := back.Leaf()
			if err != nil || !bytes.Equal(got, leaf) {
				t.Fatalf("of %d people, person %d: the way does not lead to the leaf: %v", n, i, err)
			}
			if o := back.Open(); !o.At.Equal(now) || o.Actor != "officer:" || len(o.Fields) != 2 || o.Object+o.Verb != "" || o.Seq != 9 {
				t.Errorf("it opens as %+v", o)
			}
		}
		if _, err := e.Disclose(salt, 4); fault.KindOf(err) != fault.Missing {
			t.Errorf("somebody else is shown the entry: %v", err)
		}
	}
}

// Whoever sees one person's way must not learn how many others there are: sets
// that need the same tree look the same, and the place is not the person's rank.
func TestTheWayOfOnePersonDoesNotTellHowManyOthersThereAre(t *testing.T) {
	lengths, places := map[int]bool{}, map[uint64]bool{}
	for n := uint32(1); n <= 8; n++ {
		for s := range byte(60) {
			d, err := covering(n).Disclose(newSalt(s), 3)
			if err != nil {
				t.Fatal(err)
			}
			lengths[len(d.Person.Path)] = true
			places[d.Person.Place] = true
		}
	}
	if len(lengths) != 1 || len(places) != 8 {
		t.Errorf("lengths %v, places %v", lengths, places)
	}
}

func TestAChangedDisclosureDoesNotLeadToTheLeaf(t *testing.T) {
	e, salt := covering(20), newSalt(1)
	leaf, err := e.Leaf(salt)
	if err != nil {
		t.Fatal(err)
	}
	other, text := "x", "2021-01-07T09:00:00.0Z"
	for name, change := range map[string]func(d *audit.Disclosure){
		"number":                     func(d *audit.Disclosure) { d.Seq++ },
		"value":                      func(d *audit.Disclosure) { d.Parts[audit.PartVerb].Value = &other },
		"a time spelt otherwise":     func(d *audit.Disclosure) { d.Parts[audit.PartAt].Value = &text },
		"nonce":                      func(d *audit.Disclosure) { d.Parts[audit.PartVerb].Nonce[0] ^= 1 },
		"fields":                     func(d *audit.Disclosure) { d.Parts[audit.PartFields].List = d.Parts[audit.PartFields].List[:1] },
		"hidden":                     func(d *audit.Disclosure) { d.Parts[audit.PartObject].Hidden[0] ^= 1 },
		"hidden and shown":           func(d *audit.Disclosure) { d.Parts[audit.PartObject].Value = &other },
		"shown and hidden":           func(d *audit.Disclosure) { d.Parts[audit.PartVerb].Hidden = []byte{} },
		"a value without a nonce":    func(d *audit.Disclosure) { d.Parts[audit.PartVerb].Nonce = nil },
		"a list where a word is":     func(d *audit.Disclosure) { d.Parts[audit.PartVerb].List = []string{"x"} },
		"parts in another order":     func(d *audit.Disclosure) { d.Parts[3], d.Parts[4] = d.Parts[4], d.Parts[3] },
		"a part less":                func(d *audit.Disclosure) { d.Parts = d.Parts[:8] },
		"somebody else":              func(d *audit.Disclosure) { d.Person.Number = 8 },
		"another place":              func(d *audit.Disclosure) { d.Person.Place ^= 1 },
		"a place beyond the tree":    func(d *audit.Disclosure) { d.Person.Place += 32 },
		"another way":                func(d *audit.Disclosure) { d.Person.Path[2][5] ^= 1 },
		"a shorter way":              func(d *audit.Disclosure) { d.Person.Path = d.Person.Path[:4] },
		"a torn hash on the way":     func(d *audit.Disclosure) { d.Person.Path[0] = d.Person.Path[0][:31] },
		"a way that does not end":    func(d *audit.Disclosure) { d.Person.Path = make([][]byte, 70) },
		"nobody":                     func(d *audit.Disclosure) { d.Person = nil },
		"a bare leaf beside content": func(d *audit.Disclosure) { d.Bare = leaf },
		"a torn bare leaf":           func(d *audit.Disclosure) { *d = audit.Disclosure{Seq: 9, Bare: leaf[:31]} },
	} {
		d, err := e.Disclose(salt, 13, audit.PartAt, audit.PartVerb, audit.PartFields)
		if err != nil {
			t.Fatal(err)
		}
		change(&d)
		if got, err := d.Leaf(); err == nil && bytes.Equal(got, leaf) {
			t.Errorf("%s: it still leads to the leaf", name)
		}
	}
}

func TestOfAnEntryOfTheFirstFormOnlyTheLeafIsShown(t *testing.T) {
	e, salt := covering(3), bytes.Repeat([]byte{7}, audit.SaltSize)
	leaf, err := e.Leaf(salt)
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Disclose(salt, 3, audit.PartAt)
	if err != nil || len(d.Parts) > 0 || d.Person != nil {
		t.Fatalf("%+v, %v", d, err)
	}
	if got, err := d.Leaf(); err != nil || !bytes.Equal(got, leaf) {
		t.Errorf("the leaf is %x, %v", got, err)
	}
}

func BenchmarkWork(b *testing.B) {
	for name, n := range map[string]uint32{"one person": 1, "a city": 640_000} {
		b.Run(name, func(b *testing.B) {
			e, salt := covering(n), newSalt(1)
			for b.Loop() {
				if _, err := e.Work(salt); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
