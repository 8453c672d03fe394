package objects_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"ennakko/fault"
	"ennakko/register/objects"
	"ennakko/register/parquet"
)

// storage is a small server of objects with one bucket.
func storage(t *testing.T) string {
	t.Helper()
	b := s3mem.New()
	if err := b.CreateBucket("facts"); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(gofakes3.New(b).Server())
	t.Cleanup(s.Close)
	return "s3://key:secret@" + strings.TrimPrefix(s.URL, "http://") + "/facts/city?plain=yes&region=eu"
}

func open(t *testing.T, address string) *objects.Bucket {
	t.Helper()
	b, err := objects.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatIsPutIsGot(t *testing.T) {
	b := open(t, storage(t))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("facts"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.Put(t.Context(), "population/2021-01-04/x/0000.parquet", filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
	}
	err := b.Get(t.Context(), "population/2021-01-04/x/0000.parquet", filepath.Join(dir, "b"))
	got, rerr := os.ReadFile(filepath.Join(dir, "b"))
	if err != nil || rerr != nil || string(got) != "facts" {
		t.Errorf("%q, %v, %v", got, err, rerr)
	}
	for range 2 {
		if err := b.Remove(t.Context(), "population/2021-01-04/x/0000.parquet"); err != nil {
			t.Error(err)
		}
	}
	if err := b.Get(t.Context(), "population/2021-01-04/x/0000.parquet", filepath.Join(dir, "c")); fault.KindOf(err) != fault.Missing {
		t.Errorf("%v", err)
	}
	if err := open(t, strings.Replace(storage(t), "/facts/", "/other/", 1)).Put(t.Context(), "x", filepath.Join(dir, "a")); fault.KindOf(err) != fault.Missing {
		t.Errorf("another bucket: %v", err)
	}
}

func TestAStorageThatIsNotThereIsToldAsSuch(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	b := open(t, "s3://key:secret@"+strings.TrimPrefix(s.URL, "http://")+"/facts?plain=yes&region=eu")
	err := b.Get(t.Context(), "x", filepath.Join(t.TempDir(), "x"))
	if fault.KindOf(err) != fault.Later || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "https://x/y", "s3://host/bucket", "s3://k:s@host", "s3://k:s@host/b?plain=yes"} {
		if _, err := objects.Open(bad); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "k:s") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestAMachineBringsWhatAnotherKept(t *testing.T) {
	b := open(t, storage(t))
	here, there := parquet.Shelf{Root: t.TempDir(), Remote: b}, parquet.Shelf{Root: t.TempDir(), Remote: b}
	path := "population/2021-01-04/x/0000.parquet"
	file := filepath.Join(here.Root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("facts"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := parquet.File{Path: path, SHA256: strings.Repeat("0", 64)}
	if err := here.Keep(t.Context(), []parquet.File{f}); err != nil {
		t.Fatal(err)
	}
	if err := there.Bring(t.Context(), []parquet.File{f}); fault.KindOf(err) != fault.Tampered {
		t.Errorf("with another hash: %v", err)
	}
	sum := sha256.Sum256([]byte("facts"))
	f.SHA256 = hex.EncodeToString(sum[:])
	for range 2 {
		if err := there.Bring(t.Context(), []parquet.File{f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := parquet.Check(there.Root, f); err != nil {
		t.Error(err)
	}
	if err := here.Remove(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	strays, err := there.Strays([]string{"population/2021-01-04"}, nil)
	if err != nil || len(strays) != 1 || strays[0].Path != path {
		t.Errorf("%v, %v", strays, err)
	}
	for _, s := range strays {
		if err := there.Remove(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
	if err := there.Bring(t.Context(), []parquet.File{f}); fault.KindOf(err) != fault.Missing {
		t.Errorf("after it was removed: %v", err)
	}
}
