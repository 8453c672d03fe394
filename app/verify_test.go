package app_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
)

func TestVerifyNamesTheEntryWhoseBytesWereChanged(t *testing.T) {
	data := city(t)
	a, r := ran(t, data)
	whole(t, a, r)
	last, err := a.DB.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leaves := map[uint64][]byte{}
	for seq := uint64(1); seq <= last; seq += last / 9 {
		_, leaf, err := a.DB.Entry(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		leaves[seq] = leaf
	}
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "ennakko.db")
	clean, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for seq, leaf := range leaves {
		at := strings.Index(string(clean), string(leaf))
		if at < 0 {
			t.Fatalf("the leaf of entry %d is not in the file", seq)
		}
		for _, back := range []int{-5, 3, 20, 34, 60} { // in the leaf, the salt, the detail and what stands before
			broken := append([]byte(nil), clean...)
			broken[at-back] ^= 0x10
			err := verifyWith(t, data, file, broken)
			if fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), fmt.Sprintf("entry %d", seq)) {
				t.Errorf("entry %d, byte %d before the leaf: %v", seq, back, err)
			}
		}
	}
	everyPart(t, data, file, clean, leaves)
	if err := verifyWith(t, data, file, clean); err != nil {
		t.Errorf("put back, it still fails: %v", err)
	}
	changedFile(t, data, "record", "entry ")
	changedFile(t, data, "facts", "snapshot file")
}

// everyPart changes bytes all over one row, also those that say how SQLite keeps
// its columns.
func everyPart(t *testing.T, data, file string, clean []byte, leaves map[uint64][]byte) {
	t.Helper()
	seqs := slices.Sorted(maps.Keys(leaves))
	at := strings.Index(string(clean), string(leaves[seqs[len(seqs)/2]]))
	for back := -31; back < 260; back += 3 {
		broken := append([]byte(nil), clean...)
		broken[at-back] ^= 1
		if err := verifyWith(t, data, file, broken); fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), "entry ") {
			t.Errorf("byte %d before the leaf of entry %d: %v", back, seqs[len(seqs)/2], err)
		}
	}
}

func verifyWith(t *testing.T, data, file string, content []byte) error {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return verified(t, data)
}

func verified(t *testing.T, data string) error {
	t.Helper()
	a, err := open(t.Context(), data, app.RealClock{})
	if err != nil {
		return err
	}
	defer func() { _ = a.Close(context.Background()) }()
	_, err = a.Verify(t.Context(), log.VerifyOptions{})
	return err
}

// changedFile changes one byte of the largest files of a folder, each in turn,
// and wants verify to fail and to name what.
func changedFile(t *testing.T, data, folder, name string) {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(data, folder), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && (strings.Contains(path, "tile") || strings.HasSuffix(path, ".parquet")) {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in %s, %v", len(files), folder, err)
	}
	for i := 0; i < len(files); i += max(1, len(files)/6) {
		clean, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		broken := append([]byte(nil), clean...)
		broken[len(broken)/2] ^= 1
		err = verifyWith(t, data, files[i], broken)
		if fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), name) {
			t.Errorf("a changed byte in %s: %v", strings.TrimPrefix(files[i], data), err)
		}
		if err := os.WriteFile(files[i], clean, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALogThatIsRemovedOrPutBackAloneIsNoticed(t *testing.T) {
	data := city(t)
	record, old := filepath.Join(data, "record"), filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(record)); err != nil {
		t.Fatal(err)
	}
	a, r := ran(t, data)
	whole(t, a, r)
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := filepath.Join(t.TempDir(), "now")
	for _, c := range []struct {
		name string
		log  string // what is put in the log's place
		told string
	}{{"removed", "", "its log is not there"}, {"put back", old, "put back"}, {"whole", now, ""}} {
		if c.log == "" {
			if err := os.Rename(record, now); err != nil {
				t.Fatal(err)
			}
		} else {
			_ = os.RemoveAll(record)
			if err := os.CopyFS(record, os.DirFS(c.log)); err != nil {
				t.Fatal(err)
			}
		}
		err := verified(t, data)
		if c.told == "" && err != nil || c.told != "" && (fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), c.told)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
