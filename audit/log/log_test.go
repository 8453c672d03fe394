package log_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
)

// row is entry seq of a made-up record: a pure function of its number.
func row(seq uint64) log.Record {
	e := &audit.Entry{
		Seq:     seq,
		At:      time.Date(2021, 1, 7, 9, 0, 0, 0, time.UTC).Add(time.Duration(seq) * time.Second),
		Actor:   fmt.Sprintf("officer:%d", seq%7),
		Verb:    "read",
		Purpose: "pre-primary",
		Basis:   "Act on Early Childhood Education and Care (540/2018)",
		Object:  fmt.Sprintf("round %d", seq%3),
		Fields:  []string{"birth_date", "district"},
		People:  roaring.BitmapOf(uint32(seq), uint32(seq)+1),
		Detail:  "2 people",
	}
	salt := sha256.Sum256(fmt.Appendf(nil, "salt %d", seq))
	leaf, err := e.Leaf(salt[:])
	if err != nil {
		panic(err)
	}
	return log.Record{Seq: seq, Entry: e, Salt: salt[:], Leaf: leaf}
}

// endless is a record of that many rows, each made when it is asked for.
type endless uint64

func (e endless) Last(context.Context) (uint64, error) { return uint64(e), nil }

func (e endless) Range(_ context.Context, from uint64, limit int) ([]log.Record, error) {
	var rows []log.Record
	for seq := from; seq <= uint64(e) && len(rows) < limit; seq++ {
		rows = append(rows, row(seq))
	}
	return rows, nil
}

// kept is a record in memory that can be changed behind the log's back.
type kept struct {
	mu   sync.Mutex
	rows []log.Record
}

func keep(n uint64) *kept {
	k := &kept{}
	k.grow(n)
	return k
}

func (k *kept) grow(to uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for seq := uint64(len(k.rows)) + 1; seq <= to; seq++ {
		k.rows = append(k.rows, row(seq))
	}
}

func (k *kept) Last(context.Context) (uint64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.rows) == 0 {
		return 0, nil
	}
	return k.rows[len(k.rows)-1].Seq, nil
}

func (k *kept) Range(_ context.Context, from uint64, limit int) ([]log.Record, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var rows []log.Record
	for _, r := range k.rows {
		if r.Seq >= from && len(rows) < limit {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func open(t testing.TB, dir string) *log.Log {
	t.Helper()
	l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(context.Background()) })
	return l
}

func sequence(t testing.TB, l *log.Log, records log.Records) log.Sequenced {
	t.Helper()
	done, err := l.Sequence(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func verify(t testing.TB, dir string, records log.Records) (log.Report, error) {
	t.Helper()
	return log.Verify(t.Context(), filepath.Join(dir, "log"), records, log.VerifyOptions{Keys: filepath.Join(dir, "keys")})
}

func mustVerify(t testing.TB, dir string, records log.Records) log.Report {
	t.Helper()
	report, err := verify(t, dir, records)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// wantTampered fails unless err is fault.Tampered and says where.
func wantTampered(t testing.TB, err error, where string) {
	t.Helper()
	if fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), where) {
		t.Fatalf("got %v; want a fault of kind tampered that names %q", err, where)
	}
}

func TestEntriesGoIntoTheLogInOrderAndOnlyOnce(t *testing.T) {
	dir, k := t.TempDir(), keep(0)
	l := open(t, dir)
	if r := mustVerify(t, dir, k); r.Entries != 0 || r.Checkpoint == "" {
		t.Errorf("an empty log verifies as %+v; want no entries and a checkpoint", r)
	}
	for _, n := range []uint64{1, 2, 255, 256, 257, 300, 1024, 1500} {
		before, _ := k.Last(t.Context())
		k.grow(n)
		if lag, err := l.Lag(t.Context(), k); err != nil || lag != n-before {
			t.Errorf("before sequencing to %d the lag is %d, %v; want %d", n, lag, err, n-before)
		}
		if done := sequence(t, l, k); done.Added != n-before || done.Size != n || done.Elsewhere {
			t.Errorf("sequencing to %d did %+v", n, done)
		}
		if done := sequence(t, l, k); done.Added != 0 || done.Size != n {
			t.Errorf("sequencing again at %d did %+v; want nothing added", n, done)
		}
		if r := mustVerify(t, dir, k); r.Entries != n || r.Pending != 0 {
			t.Errorf("at %d verify reports %+v", n, r)
		}
	}
}

func TestRowsNotYetInTheLogArePending(t *testing.T) {
	dir, k := t.TempDir(), keep(300)
	sequence(t, open(t, dir), k)
	k.grow(700)
	if r := mustVerify(t, dir, k); r.Entries != 300 || r.Pending != 400 {
		t.Errorf("verify reports %+v; want 300 entries and 400 pending", r)
	}
	k.rows[699].Entry.Detail = "3 people"
	_, err := verify(t, dir, k)
	wantTampered(t, err, "entry 700: its row does not match its leaf")
}

func TestALogIsTheSameHoweverItWasBatched(t *testing.T) {
	one, many, k := t.TempDir(), t.TempDir(), keep(0)
	l := open(t, many)
	for n := uint64(40); n <= 800; n += 40 {
		k.grow(n)
		sequence(t, l, k)
	}
	sequence(t, open(t, one), k)
	if a, b := mustVerify(t, one, k), mustVerify(t, many, k); a.Root != b.Root {
		t.Errorf("roots %s and %s; want the same", a.Root, b.Root)
	}
}

func TestPartialFilesThatAFullOneReplacedAreRemoved(t *testing.T) {
	dir, k := t.TempDir(), keep(0)
	l := open(t, dir)
	for n := uint64(50); n <= 600; n += 50 {
		k.grow(n)
		sequence(t, l, k)
	}
	for _, p := range []string{"entries/000.p", "entries/001.p", "0/000.p", "0/001.p"} {
		if _, err := os.Stat(filepath.Join(dir, "log/tile", p)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("tile/%s is still there (%v)", p, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "log/tile/entries/002.p/88")); err != nil {
		t.Errorf("the right edge is not there: %v", err)
	}
}

func TestASecondSequencerLeavesItToTheFirst(t *testing.T) {
	dir, k := t.TempDir(), keep(10)
	first, second := open(t, dir), open(t, dir)
	slow := &gate{Records: k, in: make(chan struct{}), out: make(chan struct{})}
	ended := make(chan error)
	go func() {
		_, err := first.Sequence(context.Background(), slow)
		ended <- err
	}()
	<-slow.in
	for name, l := range map[string]*log.Log{"another process": second, "another call": first} {
		if done, err := l.Sequence(t.Context(), k); err != nil || !done.Elsewhere || done.Added != 0 {
			t.Errorf("%s got %+v, %v; want Elsewhere", name, done, err)
		}
	}
	close(slow.out)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	mustVerify(t, dir, k)
}

// gate stops the first reading of the rows until it is let through.
type gate struct {
	log.Records
	once    sync.Once
	in, out chan struct{}
}

func (g *gate) Range(ctx context.Context, from uint64, limit int) ([]log.Record, error) {
	g.once.Do(func() { close(g.in); <-g.out })
	return g.Records.Range(ctx, from, limit)
}

func TestARowThatDoesNotMatchItsLeafIsKeptOutOfTheLog(t *testing.T) {
	dir, k := t.TempDir(), keep(400)
	l := open(t, dir)
	k.rows[316].Entry.Actor = "officer:nobody"
	done, err := l.Sequence(t.Context(), k)
	wantTampered(t, err, "entry 317")
	if done.Added != 316 || done.Size != 316 {
		t.Errorf("sequenced %+v; want the 316 entries before it", done)
	}
	k.rows[316] = row(317)
	if done := sequence(t, l, k); done.Added != 84 {
		t.Errorf("once the row is mended %d entries are added; want 84", done.Added)
	}
	mustVerify(t, dir, k)
}

func TestSequenceRefusesToSignOverAChangedLog(t *testing.T) {
	cases := map[string]struct {
		change func(t *testing.T, dir string, k *kept)
		where  string
	}{
		"a leaf at the edge": {func(t *testing.T, dir string, _ *kept) { flip(t, dir, "tile/entries/001.p/44", 36) }, "entry 258"},
		"a hash at the edge": {func(t *testing.T, dir string, _ *kept) { flip(t, dir, "tile/0/001.p/44", 0) }, ".state/treeState"},
		"the checkpoint":     {func(t *testing.T, dir string, _ *kept) { flip(t, dir, "checkpoint", 20) }, "checkpoint"},
		"the state is gone": {func(t *testing.T, dir string, _ *kept) {
			if err := os.Remove(filepath.Join(dir, "log/.state/treeState")); err != nil {
				t.Fatal(err)
			}
		}, ".state/treeState"},
		"rows are gone":              {func(_ *testing.T, _ string, k *kept) { k.rows = k.rows[:299] }, "entry 300"},
		"the rows of another record": {func(_ *testing.T, _ string, k *kept) { other(k, 299) }, "entry 300"},
		"erased before it was logged": {func(_ *testing.T, _ string, k *kept) {
			k.grow(301)
			k.rows[300].Entry, k.rows[300].Salt = nil, nil
		}, "entry 301"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir, k := t.TempDir(), keep(300)
			l := open(t, dir)
			sequence(t, l, k)
			c.change(t, dir, k)
			before, _ := os.ReadFile(filepath.Join(dir, "log/checkpoint"))
			if len(k.rows) == 300 {
				k.grow(310)
			}
			_, err := l.Sequence(t.Context(), k)
			wantTampered(t, err, c.where)
			if after, _ := os.ReadFile(filepath.Join(dir, "log/checkpoint")); string(after) != string(before) {
				t.Error("a new checkpoint was signed")
			}
		})
	}
}

// other makes row i one that was never in the log, true to its own leaf.
func other(k *kept, i int) {
	k.rows[i].Entry.Detail = "never in the log"
	leaf, err := k.rows[i].Entry.Leaf(k.rows[i].Salt)
	if err != nil {
		panic(err)
	}
	k.rows[i].Leaf = leaf
}

// flip changes one byte of a file of the log.
func flip(t *testing.T, dir, name string, at int) {
	t.Helper()
	path := filepath.Join(dir, "log", name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[at] ^= 1
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAnErasedEntryKeepsItsPlaceInTheLog(t *testing.T) {
	dir, k := t.TempDir(), keep(300)
	l := open(t, dir)
	sequence(t, l, k)
	k.rows[17-1].Entry, k.rows[17-1].Salt = nil, nil
	if r := mustVerify(t, dir, k); r.Erased != 1 {
		t.Errorf("%d erased; want 1", r.Erased)
	}
	k.grow(310)
	sequence(t, l, k)
	k.rows[17-1].Leaf[5] ^= 1
	_, err := verify(t, dir, k)
	wantTampered(t, err, "entry 17")
}

func TestAResidentCanCheckThatAnEntryStandsInTheRecord(t *testing.T) {
	dir, k := t.TempDir(), keep(300)
	l := open(t, dir)
	sequence(t, l, k)
	for _, seq := range []uint64{1, 256, 257, 300} {
		p, err := l.Prove(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read log.Proof
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		r := row(seq)
		if err := read.Check(*r.Entry, r.Salt, l.Verifier()); err != nil {
			t.Errorf("the proof of entry %d does not hold: %v", seq, err)
		}
		changed := *r.Entry
		changed.Purpose = "something else"
		wantTampered(t, read.Check(changed, r.Salt, l.Verifier()), fmt.Sprintf("entry %d", seq))
		stranger := open(t, t.TempDir())
		wantTampered(t, read.Check(*r.Entry, r.Salt, stranger.Verifier()), "checkpoint")
	}
	if _, err := l.Prove(t.Context(), 301); fault.KindOf(err) != fault.Later {
		t.Errorf("the proof of an entry that is not in the log yet: %v; want later", err)
	}
	r := row(1)
	if err := (log.Proof{}).Check(*r.Entry, r.Salt, l.Verifier()); fault.KindOf(err) != fault.Tampered {
		t.Errorf("the zero proof: %v; want tampered", err)
	}
}

func TestTheKeyIsMadeOnceAndNeverReplaced(t *testing.T) {
	dir := t.TempDir()
	public := open(t, dir).Verifier()
	path := filepath.Join(dir, "keys/audit-log.key")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the private key has mode %v, %v; want 0600", info.Mode(), err)
	}
	if again := open(t, dir).Verifier(); again != public {
		t.Errorf("opened again the key is %s; want %s", again, public)
	}
	if beside, _ := os.ReadFile(filepath.Join(dir, "log/verifier")); string(beside) != public+"\n" {
		t.Errorf("beside the log stands %q; want %q", beside, public)
	}
	opt := log.Options{Keys: filepath.Join(dir, "keys"), Origin: "ennakko/other"}
	if _, err := log.Open(filepath.Join(dir, "log"), opt); fault.KindOf(err) != fault.Conflict {
		t.Errorf("another name for the log: %v; want conflict", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	opt.Origin = ""
	if _, err := log.Open(filepath.Join(dir, "log"), opt); fault.KindOf(err) != fault.Missing {
		t.Errorf("the key is gone: %v; want missing", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a new key was made for an old log")
	}
	opt.Keys = filepath.Join(dir, "log")
	if _, err := log.Open(filepath.Join(dir, "log"), opt); fault.KindOf(err) != fault.Invalid {
		t.Errorf("the key in the log's directory: %v; want invalid", err)
	}
}

func TestALogWhoseMakingWasInterruptedIsMadeAfterAll(t *testing.T) {
	for _, lost := range [][]string{{"checkpoint"}, {"checkpoint", ".state/treeState"}, {"checkpoint", ".state/treeState", ".state/version"}, {"verifier"}} {
		dir, k := t.TempDir(), keep(3)
		open(t, dir)
		for _, name := range lost {
			if err := os.Remove(filepath.Join(dir, "log", name)); err != nil {
				t.Fatal(err)
			}
		}
		l := open(t, dir)
		mustVerify(t, dir, k)
		sequence(t, l, k)
		mustVerify(t, dir, k)
	}
}

func TestABatchOnceBegunIsFinishedThoughItsContextEnds(t *testing.T) {
	dir, k := t.TempDir(), keep(100)
	ctx, cancel := context.WithCancel(t.Context())
	done, err := open(t, dir).Sequence(ctx, &ending{Records: k, cancel: cancel})
	if fault.KindOf(err) != fault.Later || done.Added != 100 {
		t.Errorf("got %+v, %v; want 100 entries, and later", done, err)
	}
	if r := mustVerify(t, dir, k); r.Entries != 100 {
		t.Errorf("the log has %d entries; want 100", r.Entries)
	}
}

// ending ends the context once it has given its rows.
type ending struct {
	log.Records
	cancel func()
}

func (e *ending) Range(ctx context.Context, from uint64, limit int) ([]log.Record, error) {
	defer e.cancel()
	return e.Records.Range(ctx, from, limit)
}
