package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// Reading is an entry that stands alone.
func Reading(object string, people ...uint32) audit.Entry {
	return audit.Entry{At: Start, Actor: "officer:test", Verb: "read", Purpose: "p", Basis: "law", Object: object, Fields: []string{"population.name"}, People: roaring.BitmapOf(people...)}
}

// all reads the whole record, and fails if a number is left out or an entry does
// not match its leaf.
func (s *suite) all() (out []log.Record) {
	s.Helper()
	for {
		some, err := s.s.Range(s.ctx, uint64(len(out))+1, 500)
		s.must(err)
		if len(some) == 0 {
			return out
		}
		for _, r := range some {
			out = append(out, r)
			leaf, err := r.Entry.Leaf(r.Salt)
			s.must(err)
			if r.Seq != uint64(len(out)) || r.Entry.Seq != r.Seq || string(leaf) != string(r.Leaf) {
				s.Fatalf("entry %d in place %d does not match its leaf or its place", r.Seq, len(out))
			}
		}
	}
}

// manyWriters notes readings and does other writes, all at once: every one is kept
// once, those of one writer in order.
func manyWriters(s *suite) {
	const writers, each = 32, 40
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				if i%10 == 9 { // what has rows of its own stands between
					if err := s.s.Write(s.ctx, s.act(), func(tx store.Tx) error { tx.About(fmt.Sprintf("%d/%d", w, i), 5); return nil }); err != nil {
						s.Error(err)
					}
					continue
				}
				people := []uint32{uint32(w + 1)}
				if i == 3 {
					people = nil
					for p := range uint32(100) {
						people = append(people, p+1)
					}
				}
				if err := s.s.Note(s.ctx, Reading(fmt.Sprintf("%d/%d", w, i), people...)); err != nil {
					s.Error(err)
				}
			}
		})
	}
	wait.Wait()
	next := [writers]int{}
	all := s.all()
	for _, r := range all {
		var w, i int
		if _, err := fmt.Sscanf(r.Entry.Object, "%d/%d", &w, &i); err != nil {
			s.Fatal(err)
		}
		if i != next[w] {
			s.Fatalf("writer %d: entry %d stands where %d should", w, i, next[w])
		}
		next[w]++
	}
	if len(all) != writers*each {
		s.Errorf("%d entries of %d", len(all), writers*each)
	}
	s.must(s.s.Covered(s.ctx))
	if uses, err := s.s.Uses(s.ctx, 7, 1000); err != nil || len(uses) != each-each/10-1+writers {
		s.Errorf("%d entries cover one person: %v", len(uses), err)
	}
}

// asked is a context that says when somebody waits for its end.
type asked struct {
	context.Context
	once    *sync.Once
	waiting chan struct{}
}

func ask(ctx context.Context) asked { return asked{ctx, &sync.Once{}, make(chan struct{})} }

func (a asked) Done() <-chan struct{} {
	a.once.Do(func() { close(a.waiting) })
	return a.Context.Done()
}

// Together notes entries while the writer's turn is taken, so that all wait, and
// gives each one's outcome. Cut, unless nil, leaves while it waits.
func Together(t *testing.T, d Store, entries []audit.Entry, cut func(i int) bool) []error {
	t.Helper()
	act, err := audit.Begin("officer:test", "hold the turn", "p", "law", Start)
	if err != nil {
		t.Fatal(err)
	}
	held, release, written := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		written <- d.Write(context.Background(), act, func(store.Tx) error { close(held); <-release; return nil })
	}()
	<-held
	outcomes, ends := make([]error, len(entries)), make([]chan struct{}, len(entries))
	for i, e := range entries {
		ctx, leave := context.WithCancel(context.Background())
		defer leave()
		a := ask(ctx)
		ends[i] = make(chan struct{})
		go func() { defer close(ends[i]); outcomes[i] = d.Note(a, e) }()
		select { // it waits for its turn, or was refused at once
		case <-a.waiting:
		case <-ends[i]:
		}
		if cut != nil && cut(i) {
			leave()
			<-ends[i]
		}
	}
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for _, end := range ends {
		<-end
	}
	return outcomes
}

// leaving lets callers leave while they wait: their entries are not kept, those of
// the others are.
func leaving(s *suite) {
	var entries []audit.Entry
	for i := range 20 {
		entries = append(entries, Reading(fmt.Sprintf("thing %d", i), 7))
	}
	outcomes := Together(s.T, s.s, entries, func(i int) bool { return i%3 == 0 })
	kept := map[string]bool{}
	for _, r := range s.all() {
		kept[r.Entry.Object] = true
	}
	for i, err := range outcomes {
		left := i%3 == 0
		if left != (fault.KindOf(err) == fault.Later && errors.Is(err, context.Canceled)) || left == kept[entries[i].Object] {
			s.Errorf("entry %d, left %v: kept %v, %v", i, left, kept[entries[i].Object], err)
		}
	}
	gone, leave := context.WithCancel(s.ctx)
	leave()
	if err := s.s.Note(gone, Reading("late", 7)); fault.KindOf(err) != fault.Later || s.entryCount() != uint64(len(kept)) {
		s.Errorf("who had left before was kept: %v", err)
	}
}

// faulty notes entries that cannot be kept among others: each fails alone.
func faulty(s *suite) {
	entries := []audit.Entry{Reading("a", 1), Reading("b\x00", 1), Reading("c", 1), Reading("d\xff", 1), Reading("e", 1), {}}
	entries[0].Fields = []string{"x\xff"}
	outcomes := Together(s.T, s.s, entries, nil)
	for i, err := range outcomes {
		want := []fault.Kind{fault.Invalid, fault.Invalid, 0, fault.Invalid, 0, fault.Refused}[i]
		if want == 0 && err != nil || want != 0 && fault.KindOf(err) != want {
			s.Errorf("entry %d: %v", i, err)
		}
	}
	if n := len(s.all()); n != 3 { // and that of the turn's holder
		s.Errorf("%d entries", n)
	}
}

// RefusedAlone notes entries of which the database itself refuses the one whose
// object is "bad": it fails alone, and no number is left out.
func RefusedAlone(t *testing.T, d Store) {
	t.Helper()
	var entries []audit.Entry
	for i := range 100 {
		entries = append(entries, Reading(fmt.Sprintf("thing %d", i), uint32(i)))
	}
	entries[50].Object = "bad"
	for i, err := range Together(t, d, entries, nil) {
		if (err != nil) != (i == 50) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	s := newSuite(t, d)
	if n := len(s.all()); n != 100 {
		t.Errorf("%d entries", n)
	}
	s.must(d.Covered(s.ctx))
}

// NoteForEver has many writers note readings, and says each that is kept, a line
// for one, until the process is killed.
func NoteForEver(d Store, out io.Writer) {
	var mu sync.Mutex
	var next atomic.Int64
	for range 16 {
		go func() {
			for {
				object := fmt.Sprintf("thing %d", next.Add(1))
				if err := d.Note(context.Background(), Reading(object, 7, 8)); err != nil {
					panic(err)
				}
				mu.Lock()
				_, _ = fmt.Fprintln(out, object) // the reader may have gone
				mu.Unlock()
			}
		}()
	}
	select {}
}

// ExerciseKill kills processes that run NoteForEver, at any moment: whatever they
// said was kept is there, once, and the record goes on without a gap.
func ExerciseKill(t *testing.T, child func() *exec.Cmd, open func(t *testing.T) Store) {
	random := rand.New(rand.NewPCG(1, 2))
	for kill := range 6 {
		c := child()
		said, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		s := newSuite(t, open(t))
		before := s.entryCount()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		kept := map[string]int{}
		lines := bufio.NewScanner(said)
		for n := random.IntN(400); n >= 0 && lines.Scan(); n-- {
			kept[lines.Text()]++
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had said still; the last line may be torn
			if strings.HasPrefix(lines.Text(), "thing ") {
				kept[lines.Text()] += 0
			}
		}
		if err := c.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		s.must(s.s.Note(s.ctx, Reading("after the kill", 7)))
		there := map[string]int{}
		for _, r := range s.all()[before:] {
			there[r.Entry.Object]++
		}
		for object, n := range there {
			if n != 1 {
				t.Errorf("kill %d: %q is there %d times", kill, object, n)
			}
		}
		for object, n := range kept {
			if n > 0 && there[object] != 1 {
				t.Errorf("kill %d: %q was kept and is gone", kill, object)
			}
		}
		s.must(s.s.Covered(s.ctx))
		t.Logf("kill %d: %d said, %d there", kill, len(kept), len(there))
	}
}

// BenchNotes has many writers note readings at once.
func BenchNotes(b *testing.B, d Store) {
	var next atomic.Uint32
	b.SetParallelism(128)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			n := next.Add(1)
			if err := d.Note(context.Background(), Reading(fmt.Sprintf("case %d", n), n*2654435761%640_000)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// usesFound asks for the uses of people in small and large sets, page by page, and
// holds the answer against the whole record.
func usesFound(s *suite) {
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 200 {
		e := Reading(fmt.Sprintf("thing %d", i))
		switch e.People = roaring.New(); random.IntN(4) {
		case 0:
		case 1:
			for range 1 + random.IntN(3) {
				e.People.Add(random.Uint32N(40))
			}
		default: // more large sets than are fetched at once
			from := random.Uint64N(40)
			e.People.AddRange(from, from+70)
		}
		s.must(s.s.Note(s.ctx, e))
	}
	all := s.all()
	for _, id := range []uint32{0, 3, 20, 39, 80, 109, 500} {
		for _, limit := range []int{1, 21, 1000} {
			for _, before := range []uint64{0, 1, 2, 100, 200, 201, 9999} {
				var want []uint64
				for i := len(all) - 1; i >= 0 && len(want) < limit; i-- {
					if e := all[i].Entry; e.People.Contains(id) && (before == 0 || e.Seq < before) {
						want = append(want, e.Seq)
					}
				}
				got, err := s.s.UsesBefore(s.ctx, person.ID(id), before, limit)
				s.must(err)
				var seqs []uint64
				for _, e := range got {
					seqs = append(seqs, e.Seq)
				}
				if !slices.Equal(seqs, want) {
					s.Fatalf("uses of person %d before %d, at most %d: %d of %d are right", id, before, limit, len(seqs), len(want))
				}
			}
		}
	}
}
