package register_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register"
)

// ledger is whose permission stands, in memory.
type ledger struct {
	stand *roaring.Bitmap
	asked int
	fail  error
}

func (l *ledger) Standing(_ context.Context, _ string, _ []permission.Field, who *roaring.Bitmap, _ time.Time) (*roaring.Bitmap, error) {
	l.asked++
	if l.fail != nil {
		return nil, l.fail
	}
	return roaring.And(l.stand, who), nil
}

// crowd holds one fact of each of n people and tells whom it was asked for.
type crowd struct {
	n      uint32
	during func(nth int) // called when block or chunk nth is asked for, from 1
	asked  []*roaring.Bitmap
	chunk  int // rows of a chunk
}

func (*crowd) Has() []permission.Field { return []permission.Field{register.BirthDate} }

func (c *crowd) Find(context.Context, register.Range) (*roaring.Bitmap, error) { return c.all(), nil }

func (c *crowd) all() *roaring.Bitmap {
	out := roaring.New()
	out.AddRange(1, uint64(c.n)+1)
	return out
}

func (c *crowd) Everyone(context.Context, []permission.Field) (*roaring.Bitmap, error) {
	return c.all(), nil
}

func (c *crowd) Select(_ context.Context, _ []permission.Field, people *roaring.Bitmap, each func(person.ID, permission.Field, register.Fact) error) error {
	c.asked = append(c.asked, people.Clone())
	if c.during != nil {
		c.during(len(c.asked))
	}
	for id := person.ID(1); id <= person.ID(c.n); id++ { // of everybody, whatever was asked
		if err := each(id, register.BirthDate, register.Fact{Value: now}); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) Scan(_ context.Context, _ permission.Field, _ func(string) bool, each func(int, *register.Chunk) error) error {
	nth := 0
	for ids := range slices.Chunk(c.all().ToArray(), c.chunk) {
		nth++
		if c.during != nil {
			c.during(nth)
		}
		if err := each(0, &register.Chunk{Person: ids, Day: make([]int32, len(ids))}); err != nil {
			return err
		}
	}
	return nil
}

func ownGrant(tb testing.TB, l permission.Ledger, who permission.People) permission.Grant {
	tb.Helper()
	p, err := permission.NewPurpose(permission.Spec{ID: "p", Name: three("n"), Why: three("w"), Basis: "b", Law: "l", Controller: "c",
		Fields: []permission.Field{register.BirthDate}, Until: now.AddDate(1, 0, 0), Retention: "r",
		Conditions: []permission.Condition{{Kind: permission.OwnPermission, Source: "s"}}})
	if err != nil {
		tb.Fatal(err)
	}
	a, err := audit.Begin("officer:a", "read", "p", "b; l", now)
	if err != nil {
		tb.Fatal(err)
	}
	g, err := permission.CheckStanding(context.Background(), a, p, []permission.Field{register.BirthDate}, who, nil, l, func() time.Time { return now })
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func TestAWithdrawalWhileABatchRunsLeavesThePersonOutOfTheNextBlock(t *testing.T) {
	l, j := &ledger{stand: roaring.New()}, &journal{}
	l.stand.AddRange(1, 5001)
	c := &crowd{n: 5000}
	c.during = func(nth int) {
		if nth == 2 { // while the second block is read: one of the first, one of the second, one of the last
			for _, id := range []uint32{7, 1500, 4999} {
				l.stand.Remove(id)
			}
		}
	}
	g := ownGrant(t, l, permission.Only(c.all()))
	rows, err := register.NewReader(j, c).Read(context.Background(), g, nil, "batch")
	if err != nil || len(rows) != 4997 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		if r.ID == 7 || r.ID == 1500 || r.ID == 4999 || len(r.Facts(register.BirthDate)) != 1 {
			t.Errorf("person %d is handed over with %d facts", r.ID, len(r.Facts(register.BirthDate)))
		}
	}
	if len(c.asked) != 5 || c.asked[4].Contains(4999) || !c.asked[1].Contains(1500) {
		t.Errorf("the register was asked %d times, and for the one who had withdrawn: %v", len(c.asked), c.asked[4].Contains(4999))
	}
	if g.Allows(register.BirthDate, 7) || !g.Allows(register.BirthDate, 8) {
		t.Error("the grant still opens what is withdrawn")
	}
	if len(j.entries) != 2 || j.entries[0].People.GetCardinality() != 5000 || !j.entries[1].People.Equals(roaring.BitmapOf(7, 1500, 4999)) || j.entries[1].Verb != register.VerbLeftOut {
		t.Errorf("on the record: %+v", j.entries)
	}
}

func TestAScanLeavesOutWhoWithdrewAndNeverTakesThemBack(t *testing.T) {
	l, j := &ledger{stand: roaring.New()}, &journal{}
	l.stand.AddRange(1, 1001)
	c := &crowd{n: 1000, chunk: 100}
	c.during = func(nth int) {
		switch nth {
		case 3:
			l.stand.Remove(250)
			l.stand.Remove(150) // handed over already in this scan
		case 9:
			l.stand.Add(250) // given anew: another reading may read it
		}
	}
	g := ownGrant(t, l, permission.Everyone())
	r, err := register.NewReader(j, c).Bulk(context.Background(), g, "columns")
	if err != nil {
		t.Fatal(err)
	}
	scan := func() *roaring.Bitmap {
		got := roaring.New()
		err := r.Scan(context.Background(), register.BirthDate, nil, func(_ int, c *register.Chunk) error {
			if len(c.Day) != len(c.Person) {
				t.Errorf("%d days of %d people", len(c.Day), len(c.Person))
			}
			got.AddMany(c.Person)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := scan(); got.Contains(250) || !got.Contains(150) || got.GetCardinality() != 999 {
		t.Errorf("handed over: %d people", got.GetCardinality())
	}
	c.during = nil
	if got := scan(); got.Contains(250) || got.Contains(150) || got.GetCardinality() != 998 || r.People().GetCardinality() != 998 {
		t.Errorf("in the second scan: %d people, the reading covers %d", got.GetCardinality(), r.People().GetCardinality())
	}
	if len(j.entries) != 3 || !j.entries[1].People.Equals(roaring.BitmapOf(250)) || !j.entries[2].People.Equals(roaring.BitmapOf(150)) {
		t.Errorf("on the record: %+v", j.entries)
	}
}

func TestWhenNobodyCanTellWhosePermissionStandsNothingIsReadAnyMore(t *testing.T) {
	for _, at := range []int{1, 2} {
		l := &ledger{stand: roaring.New()}
		l.stand.AddRange(1, 5001)
		c := &crowd{n: 5000, chunk: 100}
		c.during = func(nth int) {
			if nth == at {
				l.fail = errors.New("down")
			}
		}
		rd := register.NewReader(&journal{}, c)
		if rows, err := rd.Read(context.Background(), ownGrant(t, l, permission.Only(c.all())), nil, "x"); err == nil || rows != nil {
			t.Errorf("%d rows are handed over, %v", len(rows), err)
		}
		l.fail, c.asked = nil, nil
		r, err := rd.Bulk(context.Background(), ownGrant(t, l, permission.Everyone()), "x")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := r.Scan(context.Background(), register.BirthDate, nil, func(int, *register.Chunk) error { n++; return nil }); err == nil || n != at-1 {
			t.Errorf("%d chunks are handed over, %v", n, err)
		}
	}
	c := &crowd{n: 5}
	l := &ledger{stand: roaring.BitmapOf(1, 2)}
	g := ownGrant(t, l, permission.Only(c.all()))
	calls := 0
	j := noter(func(e audit.Entry) error {
		if calls++; calls == 1 {
			l.stand.Remove(2)
			return nil
		}
		return errors.New("disk full")
	})
	if rows, err := register.NewReader(j, c).Read(context.Background(), g, nil, "x"); err == nil || rows != nil {
		t.Errorf("who was left out is not on the record, and %d rows are handed over", len(rows))
	}
}

// noter is a journal.
type noter func(audit.Entry) error

func (n noter) Note(_ context.Context, e audit.Entry) error { return n(e) }

// What a purpose pays for the look at people's own permission: "nobody's" must
// stay what it was before there was such a look.
func BenchmarkScan(b *testing.B) {
	c := &crowd{n: 200_000, chunk: 8192}
	l := &ledger{stand: c.all()}
	plain := func() permission.Grant {
		p, err := permission.NewPurpose(permission.Spec{ID: "p", Name: three("n"), Why: three("w"), Basis: "b", Law: "l", Controller: "c",
			Fields: []permission.Field{register.BirthDate}, Until: now.AddDate(1, 0, 0), Retention: "r"})
		if err != nil {
			b.Fatal(err)
		}
		a, err := audit.Begin("officer:a", "read", "p", "b; l", now)
		if err != nil {
			b.Fatal(err)
		}
		g, err := permission.Check(a, p, []permission.Field{register.BirthDate}, permission.Everyone(), nil)
		if err != nil {
			b.Fatal(err)
		}
		return g
	}
	for _, tt := range []struct {
		name  string
		grant permission.Grant
	}{{"nobody's", plain()}, {"own", ownGrant(b, l, permission.Everyone())}} {
		b.Run(tt.name, func(b *testing.B) {
			r, err := register.NewReader(&journal{}, c).Bulk(context.Background(), tt.grant, "bench")
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := r.Scan(context.Background(), register.BirthDate, nil, func(int, *register.Chunk) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
