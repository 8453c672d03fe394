package log_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ennakko/audit"
	"ennakko/audit/log"
	"ennakko/fault"
)

// newer is a record in memory whose leaves are of the second form.
func newer(n uint64) sliced {
	rows := make(sliced, n)
	for i := range rows {
		r := row(uint64(i) + 1)
		salt, err := audit.NewSalt(bytes.NewReader(r.Salt))
		if err != nil {
			panic(err)
		}
		r.Salt = salt
		if r.Leaf, err = r.Entry.Leaf(salt); err != nil {
			panic(err)
		}
		rows[i] = r
	}
	return rows
}

// fileOf is the file of one entry for one of its people, as it is downloaded.
func fileOf(t *testing.T, l *log.Log, rows sliced, seq, since uint64) []byte {
	t.Helper()
	r := rows[seq-1]
	d, err := r.Entry.Disclose(r.Salt, uint32(seq), audit.PartAt, audit.PartKind, audit.PartVerb, audit.PartFields)
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.File(t.Context(), d, since)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parsed(t *testing.T, raw []byte) log.File {
	t.Helper()
	f, err := log.ParseFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFileOfAProofIsCheckedWithNothingButTheKey(t *testing.T) {
	l, rows := open(t, t.TempDir()), newer(700)
	sequence(t, l, rows)
	for _, seq := range []uint64{1, 256, 257, 699, 700} {
		raw := fileOf(t, l, rows, seq, 0)
		if bytes.Contains(raw, fmt.Appendf(nil, "officer:%d", seq%7)) || bytes.Contains(raw, []byte("round ")) || bytes.Contains(raw, []byte("2 people")) {
			t.Errorf("the file shows what it should not: %s", raw)
		}
		if len(raw) > log.MostFile/4 {
			t.Errorf("the file has %d bytes", len(raw))
		}
		c, err := parsed(t, raw).Check(l.Verifier(), "")
		if err != nil {
			t.Fatal(err)
		}
		if c.Seq != seq || c.Person != uint32(seq) || !c.Shown || c.Size != 700 || c.Published || c.Entry.Verb != "read" || c.Entry.Actor != "officer:" || len(c.Entry.Fields) != 2 {
			t.Errorf("%+v", c)
		}
	}
	other := open(t, t.TempDir())
	if _, err := parsed(t, fileOf(t, l, rows, 3, 0)).Check(other.Verifier(), ""); fault.KindOf(err) != fault.Tampered {
		t.Errorf("checked with another log's key: %v", err)
	}
}

func TestAChangedFileOfAProofIsRefused(t *testing.T) {
	l, rows := open(t, t.TempDir()), newer(300)
	sequence(t, l, rows)
	raw := fileOf(t, l, rows, 7, 0)
	for old, changed := range map[string]string{
		`"seq": 7`:               `"seq": 8`,
		`"value": "read"`:        `"value": "seen"`,
		`"number": 7`:            `"number": 9`,
		`"birth_date"`:           `"address"`,
		`"log": "ennakko/audit"`: `"log": "ennakko/other"`,
		`ennakko/audit\n300\n`:   `ennakko/audit\n301\n`,
		`2021-01-07T09:00:07Z`:   `2021-01-07T10:00:07Z`,
		`"hashes": [`:            `"hashes": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",`,
		`"value": "officer:"`:    `"value": "resident:"`,
	} {
		if bytes.Count(raw, []byte(old)) < 1 {
			t.Fatalf("%s is not in the file", old)
		}
		f, err := log.ParseFile(bytes.Replace(raw, []byte(old), []byte(changed), 1))
		if err == nil {
			_, err = f.Check(l.Verifier(), "")
		}
		if fault.KindOf(err) != fault.Tampered && fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("with %s in the place of %s: %v", changed, old, err)
		}
	}
}

func TestWhatIsNoFileOfAProofIsRefusedInSafeWords(t *testing.T) {
	l, rows := open(t, t.TempDir()), newer(3)
	sequence(t, l, rows)
	good := fileOf(t, l, rows, 2, 0)
	for _, raw := range [][]byte{nil, []byte("{"), []byte("hello <b>"), append(bytes.Clone(good), "{}"...), bytes.Replace(good, []byte(`"log"`), []byte(`"lag"`), 1),
		bytes.Replace(good, []byte("proof 1"), []byte("proof 9"), 1), append(bytes.Clone(good), bytes.Repeat([]byte(" "), log.MostFile)...)} {
		if _, err := log.ParseFile(raw); fault.KindOf(err) != fault.Invalid || err == nil || strings.Contains(err.Error(), "hello") {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
	}
}

func TestAFileShowsThatTheLogWentOnFromAPublishedCheckpoint(t *testing.T) {
	l, rows := open(t, t.TempDir()), newer(900)
	var published []string
	for _, size := range []uint64{300, 512, 900} {
		sequence(t, l, rows[:size])
		cp, err := l.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		published = append(published, cp)
	}
	check := func(since uint64, published string) (log.Checked, error) {
		return parsed(t, fileOf(t, l, rows, 17, since)).Check(l.Verifier(), published)
	}
	for i, since := range []uint64{300, 512, 0} {
		if c, err := check(since, published[i]); err != nil || !c.Published {
			t.Errorf("from %d: %+v, %v", since, c, err)
		}
	}
	if _, err := check(0, published[0]); fault.KindOf(err) != fault.Missing {
		t.Errorf("a file that does not lead to the checkpoint: %v", err)
	}
	// Another log of the same key, with one entry changed before the checkpoint.
	dir := t.TempDir()
	forged := open(t, dir)
	if _, err := check(300, published[0]+"x"); fault.KindOf(err) != fault.Tampered {
		t.Errorf("a changed checkpoint: %v", err)
	}
	if _, err := parsed(t, fileOf(t, l, rows, 17, 300)).Check(forged.Verifier(), published[0]); fault.KindOf(err) != fault.Tampered {
		t.Errorf("another key: %v", err)
	}
	f := parsed(t, fileOf(t, l, rows, 17, 300))
	f.Since.Hashes[0][0] ^= 1
	if _, err := f.Check(l.Verifier(), published[0]); fault.KindOf(err) != fault.Tampered {
		t.Errorf("a changed way from the checkpoint: %v", err)
	}
	if _, err := l.File(t.Context(), audit.Disclosure{Seq: 1}, 901); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a checkpoint ahead of the log: %v", err)
	}
	if _, err := l.File(t.Context(), audit.Disclosure{Seq: 901}, 0); fault.KindOf(err) != fault.Later {
		t.Errorf("an entry ahead of the log: %v", err)
	}
}

// Two histories under one key: the file of the one does not go on from the
// checkpoint of the other.
func TestAFileOfAnotherHistoryIsNoticedByThePublishedCheckpoint(t *testing.T) {
	dir, rows := t.TempDir(), newer(600)
	l := open(t, dir)
	sequence(t, l, rows[:300])
	published, err := l.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := newer(600)
	other[5] = newer(7)[5]
	other[5].Entry.Detail = "nothing"
	if other[5].Leaf, err = other[5].Entry.Leaf(other[5].Salt); err != nil {
		t.Fatal(err)
	}
	again := openWithKeyOf(t, dir)
	sequence(t, again, other)
	for since, want := range map[uint64]fault.Kind{300: fault.Tampered, 0: fault.Missing} {
		if _, err := parsed(t, fileOf(t, again, other, 17, since)).Check(l.Verifier(), published); fault.KindOf(err) != want {
			t.Errorf("since %d: %v", since, err)
		}
	}
	short := openWithKeyOf(t, dir)
	sequence(t, short, other[:300])
	if _, err := parsed(t, fileOf(t, short, other, 17, 0)).Check(l.Verifier(), published); fault.KindOf(err) != fault.Tampered {
		t.Errorf("the same size and another root: %v", err)
	}
}

// openWithKeyOf begins another log with the key of the one in dir.
func openWithKeyOf(t *testing.T, dir string) *log.Log {
	t.Helper()
	l, err := log.Open(filepath.Join(t.TempDir(), "log"), log.Options{Keys: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
