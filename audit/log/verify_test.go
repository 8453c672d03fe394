package log_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/audit/log"
	"ennakko/fault"
)

// grownLog makes a log of n entries that was added to in steps, with partial
// files left at its right edge.
func grownLog(t testing.TB, n uint64) (dir string, k *kept) {
	t.Helper()
	dir, k = t.TempDir(), keep(0)
	l := open(t, dir)
	for to := min(n, 70); ; to = min(n, to+70) {
		k.grow(to)
		sequence(t, l, k)
		if to == n {
			return dir, k
		}
	}
}

// everyFile lists the files of the log with their contents.
func everyFile(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	root, files := filepath.Join(dir, "log"), map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func put(t testing.TB, dir, name string, raw []byte) {
	t.Helper()
	path := filepath.Join(dir, "log", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// namedAt is where a changed byte of a file must be found, worked out from the
// form of the files alone: 34 bytes to a leaf, 32 to a hash, 256 to a file.
func namedAt(t testing.TB, name string, at int) string {
	t.Helper()
	var index, level int
	switch tile, _, _ := strings.Cut(name, ".p/"); {
	case strings.HasPrefix(name, "tile/entries/"):
		if _, err := fmt.Sscanf(tile, "tile/entries/%d", &index); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("entry %d: ", index*256+at/34+1)
	case strings.HasPrefix(name, "tile/"):
		if _, err := fmt.Sscanf(tile, "tile/%d/%d", &level, &index); err != nil {
			t.Fatal(err)
		}
		span := 1 << (8 * level)
		return fmt.Sprintf("entry %d: ", (index*256+at/32)*span+1)
	}
	return name + ": "
}

func TestVerifyNamesTheEntryOrFileOfAnyChangedByte(t *testing.T) {
	dir, k := grownLog(t, 600)
	random := rand.New(rand.NewPCG(7, 7))
	for name, raw := range everyFile(t, dir) {
		// One bit, the case of a letter, and anything.
		places, masks := random.Perm(len(raw)), []byte{1, 0x20, byte(1 + random.IntN(255))}
		if len(raw) > 400 {
			places, masks = places[:40], masks[2:]
		}
		for _, at := range places {
			for _, mask := range masks {
				changed := slices.Clone(raw)
				changed[at] ^= mask
				put(t, dir, name, changed)
				_, err := verify(t, dir, k)
				wantTampered(t, err, namedAt(t, name, at))
			}
		}
		put(t, dir, name, raw)
	}
	mustVerify(t, dir, k)
}

func TestVerifyNamesTheEntryOfAnyChangedByteOfARow(t *testing.T) {
	dir, k := grownLog(t, 600)
	for _, seq := range []uint64{1, 17, 256, 257, 599, 600} {
		at := fmt.Sprintf("entry %d: ", seq)
		r := &k.rows[seq-1]
		try := func(what string, change func()) {
			change()
			if _, err := verify(t, dir, k); fault.KindOf(err) != fault.Tampered || !strings.HasPrefix(err.Error(), at) {
				t.Errorf("%s of entry %d changed: %v", what, seq, err)
			}
			*r = row(seq)
		}
		for i := range r.Salt {
			try("the salt", func() { r.Salt[i] ^= 4 })
		}
		for i := range r.Leaf {
			try("the leaf", func() { r.Leaf[i] ^= 4 })
		}
		for _, field := range []string{"actor", "verb", "purpose", "basis", "object", "detail", "fields"} {
			text := func() *string {
				return map[string]*string{"actor": &r.Entry.Actor, "verb": &r.Entry.Verb, "purpose": &r.Entry.Purpose, "basis": &r.Entry.Basis,
					"object": &r.Entry.Object, "detail": &r.Entry.Detail, "fields": &r.Entry.Fields[1]}[field]
			}
			for i := range *text() {
				try("the "+field, func() {
					b := []byte(*text())
					b[i] ^= 1
					*text() = string(b)
				})
			}
		}
		try("the number", func() { r.Entry.Seq++ })
		try("the time", func() { r.Entry.At = r.Entry.At.Add(1000) })
		try("the people", func() { r.Entry.People = roaring.BitmapOf(9999) })
		try("the people taken out", func() { r.Entry.People = nil })
		try("the content taken out", func() { r.Entry = nil })
		try("the salt taken out", func() { r.Salt = nil })
		try("the row written anew", func() { other(k, int(seq-1)) })
	}
	mustVerify(t, dir, k)
}

func TestVerifyNoticesRowsThatAreGoneAddedOrSwapped(t *testing.T) {
	cases := []struct {
		name   string
		change func(k *kept)
		where  string
	}{
		{"one is gone", func(k *kept) { k.rows = slices.Delete(k.rows, 299, 300) }, "entry 300"},
		{"the first is gone", func(k *kept) { k.rows = k.rows[1:] }, "entry 1:"},
		{"the last is gone", func(k *kept) { k.rows = k.rows[:599] }, "entry 600"},
		{"all are gone", func(k *kept) { k.rows = nil }, "entry 1"},
		{"one stands twice", func(k *kept) { k.rows = slices.Insert(k.rows, 300, k.rows[299]) }, "entry 301"},
		{"one is put between", func(k *kept) {
			k.rows = slices.Insert(k.rows, 300, row(301))
			for i := 300; i < len(k.rows); i++ { // numbered anew, each true to its own leaf
				k.rows[i] = row(uint64(i + 1))
				if i == 300 {
					other(k, i)
				}
			}
		}, "entry 301"},
		{"two are swapped", func(k *kept) { k.rows[40], k.rows[50] = k.rows[50], k.rows[40] }, "entry 41"},
		{"two are swapped and numbered anew", func(k *kept) {
			for _, i := range []int{40, 50} {
				k.rows[i] = row(uint64(91 - i))
				k.rows[i].Seq, k.rows[i].Entry.Seq = uint64(i+1), uint64(i+1)
				leaf, err := k.rows[i].Entry.Leaf(k.rows[i].Salt)
				if err != nil {
					panic(err)
				}
				k.rows[i].Leaf = leaf
			}
		}, "entry 41"},
		{"two rows are changed", func(k *kept) { other(k, 99); k.rows[49].Salt[0] ^= 1 }, "entry 50:"},
		{"a later row is changed plainly, an earlier one with its leaf", func(k *kept) { other(k, 49); k.rows[99].Salt[0] ^= 1 }, "entry 50:"},
	}
	dir, _ := grownLog(t, 600)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := keep(600)
			c.change(k)
			_, err := verify(t, dir, k)
			wantTampered(t, err, c.where)
		})
	}
}

func TestVerifyNoticesFilesThatAreGoneCutOrStrange(t *testing.T) {
	dir, k := grownLog(t, 600)
	files := everyFile(t, dir)
	gone := map[string]string{
		"tile/entries/000": "entry 1:", "tile/0/001": "entry 257:", "tile/entries/002.p/88": "entry 513:", "tile/1/000.p/2": "entry 1:",
		"checkpoint": "checkpoint:", "verifier": "verifier:", ".state/treeState": ".state/treeState:", ".state/version": ".state/version:",
	}
	for name, where := range gone {
		if err := os.Remove(filepath.Join(dir, "log", name)); err != nil {
			t.Fatal(err)
		}
		_, err := verify(t, dir, k)
		wantTampered(t, err, where)
		put(t, dir, name, files[name][:len(files[name])-1])
		_, err = verify(t, dir, k)
		wantTampered(t, err, strings.TrimRight(where, "0123456789:"))
		put(t, dir, name, append(slices.Clone(files[name]), 'x'))
		_, err = verify(t, dir, k)
		wantTampered(t, err, strings.TrimRight(where, "0123456789:"))
		put(t, dir, name, files[name])
	}
	leaves, hashes := files["tile/entries/000"], files["tile/0/000"]
	strange := map[string]struct {
		raw   []byte
		where string
	}{
		"notes.txt":             {nil, "notes.txt"},
		"tile/entries/00":       {leaves, "tile/entries/00"},
		"tile/entries/000.p/0":  {leaves, "tile/entries/000.p/0"},
		"tile/9/000":            {hashes, "tile/9/000"},
		"tile/entries/003":      {leaves, "entry 769:"},
		"tile/0/002.p/200":      {hashes[:200*32], "entry 513:"},
		"tile/2/000.p/1":        {hashes[:32], "entry 1:"},
		".state/gcState":        {[]byte(`{"fromSize":512}`), ".state/gcState"},
		".state/publish.lock":   {[]byte("x"), ".state/publish.lock"},
		"sequencing.lock":       {[]byte("x"), "sequencing.lock"},
		".state/treeState1234":  {files[".state/treeState"][:9], ".state/treeState1234"},
		"checkpoint1234":        {files["checkpoint"][:99], "checkpoint1234"},
		"tile/entries/00012345": {leaves[34:68], "entry 1:"},
	}
	for name, c := range strange {
		put(t, dir, name, c.raw)
		_, err := verify(t, dir, k)
		wantTampered(t, err, c.where)
		if old, ok := files[name]; ok {
			put(t, dir, name, old)
		} else if err := os.Remove(filepath.Join(dir, "log", name)); err != nil {
			t.Fatal(err)
		}
	}
	mustVerify(t, dir, k)
}

func TestLeftoversOfAnInterruptedWritingPassAndAreSwept(t *testing.T) {
	dir, k := grownLog(t, 600)
	files := everyFile(t, dir)
	left := map[string][]byte{
		"tile/entries/0001804289383":   files["tile/entries/000"][:4096],
		"tile/0/002.p/881804289383":    files["tile/0/002.p/88"][:1000],
		"tile/entries/000.p/70":        files["tile/entries/000"][:70*34], // replaced, not yet removed
		".state/treeState99":           files[".state/treeState"],
		".state/treeState100":          nil,
		"checkpoint123":                files["checkpoint"],
		"verifier5":                    nil,
		"tile/entries/002.p/891234567": nil,
	}
	for name, raw := range left {
		put(t, dir, name, raw)
	}
	mustVerify(t, dir, k)
	sequence(t, open(t, dir), k)
	mustVerify(t, dir, k)
	for name := range left {
		if _, err := os.Stat(filepath.Join(dir, "log", name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if got := everyFile(t, dir); len(got) != len(files) {
		t.Errorf("%d files after sweeping; want %d", len(got), len(files))
	}
}

func TestALogPutBackWithItsRowsIsNoticedByARememberedCheckpoint(t *testing.T) {
	now, k := grownLog(t, 600)
	remembered := mustVerify(t, now, k).Checkpoint
	check := func(dir string, k *kept) error {
		_, err := log.Verify(t.Context(), filepath.Join(dir, "log"), k, log.VerifyOptions{Keys: filepath.Join(now, "keys"), Remembered: remembered})
		return err
	}
	if err := check(now, k); err != nil {
		t.Fatal(err)
	}
	// withKey makes a new log of k's rows with the same key.
	withKey := func(k *kept) string {
		dir := t.TempDir()
		l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(now, "keys")})
		if err != nil {
			t.Fatal(err)
		}
		sequence(t, l, k)
		return dir
	}
	back := keep(500)
	wantTampered(t, check(withKey(back), back), "entry 501: the log was put back")
	anew := keep(700)
	other(anew, 3)
	wantTampered(t, check(withKey(anew), anew), "remembered checkpoint")
	k.grow(700)
	sequence(t, open(t, now), k)
	if err := check(now, k); err != nil {
		t.Errorf("a log that went on: %v", err)
	}
}

func TestVerifyBelievesTheKeyItIsGiven(t *testing.T) {
	dir, k := grownLog(t, 100)
	stranger := open(t, t.TempDir()).Verifier()
	_, err := log.Verify(t.Context(), filepath.Join(dir, "log"), k, log.VerifyOptions{Verifier: stranger})
	wantTampered(t, err, "checkpoint:")
	if _, err := log.Verify(t.Context(), filepath.Join(dir, "log"), k, log.VerifyOptions{}); err != nil {
		t.Errorf("with the key beside the log: %v", err)
	}
}

func TestAKeyAndASignatureHaveOneSpelling(t *testing.T) {
	dir, k := grownLog(t, 1)
	files := everyFile(t, dir)
	try := func(name string, at int, b byte) {
		changed := slices.Clone(files[name])
		if changed[at] == b {
			return
		}
		changed[at] = b
		put(t, dir, name, changed)
		if _, err := log.Verify(t.Context(), filepath.Join(dir, "log"), k, log.VerifyOptions{}); fault.KindOf(err) != fault.Tampered {
			t.Errorf("%s passes as %q: %v", name, changed, err)
		}
		put(t, dir, name, files[name])
	}
	for at, b := range files["verifier"] {
		try("verifier", at, b^0x20)
	}
	// The last letters of base64 hold bits that mean nothing.
	for n := len(files["checkpoint"]); n > len(files["checkpoint"])-4; n-- {
		for b := range 256 {
			try("checkpoint", n-1, byte(b))
		}
	}
}

// atLast does something when it is asked for the last entry.
type atLast struct {
	log.Records
	do func()
}

func (a atLast) Last(ctx context.Context) (uint64, error) { a.do(); return a.Records.Last(ctx) }

func TestFilesThatAreReplacedWhileVerifyReadsAreNoFault(t *testing.T) {
	dir, k := grownLog(t, 200)
	l := open(t, dir)
	grow := func() {
		k.grow(600)
		sequence(t, l, k)
	}
	if r := mustVerify(t, dir, atLast{k, grow}); r.Entries != 200 || r.Pending != 400 {
		t.Errorf("verify reports %+v; want what stood there when it began", r)
	}
	dir, k = grownLog(t, 200)
	l = open(t, dir)
	changed := sync.OnceFunc(func() { grow(); flip(t, dir, "tile/entries/000", 40) })
	_, err := verify(t, dir, atLast{k, changed})
	wantTampered(t, err, "entry 2:")
}

func TestVerifyWorksWhileTheLogGrows(t *testing.T) {
	dir, k := t.TempDir(), keep(0)
	l := open(t, dir)
	ended := make(chan error, 1)
	go func() {
		for n := uint64(37); n < 2600; n += 37 {
			k.grow(n)
			if _, err := l.Sequence(context.Background(), k); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		mustVerify(t, dir, k)
	}
}

func TestVerifyTellsHowFarItIs(t *testing.T) {
	dir, k := grownLog(t, 600)
	var at, of uint64
	opt := log.VerifyOptions{Progress: func(done, total uint64) { at, of = done, total }}
	if _, err := log.Verify(t.Context(), filepath.Join(dir, "log"), k, opt); err != nil || at != 600 || of != 600 {
		t.Errorf("at the end %d of %d, %v", at, of, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := log.Verify(ctx, filepath.Join(dir, "log"), k, log.VerifyOptions{}); fault.KindOf(err) != fault.Later {
		t.Errorf("stopped: %v; want later", err)
	}
}
