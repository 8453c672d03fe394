package vault_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ennakko/fault"
	"ennakko/store/vault"
)

func open(t *testing.T, dir string) *vault.Vault {
	t.Helper()
	v, err := vault.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t *testing.T, v *vault.Vault, what string, id uint64, plain string) []byte {
	t.Helper()
	sealed, err := v.Seal(what, id, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestKeysAreForTheirOwnerOnlyAndStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	sealed := seal(t, open(t, dir), "identity.name", 7, "Aino")
	hash, err := open(t, dir).Hash("phone", "+358457000001")
	if err != nil || len(hash) != vault.HashSize {
		t.Fatalf("a hash of %d bytes, %v", len(hash), err)
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "seal.json": 0o600, "find.json": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	again, err := vault.Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := again.Open("identity.name", 7, sealed); err != nil || string(plain) != "Aino" {
		t.Errorf("opened again: %v", err)
	}
	if h, err := again.Hash("phone", "+358457000001"); err != nil || !bytes.Equal(h, hash) {
		t.Errorf("another hash of the same number: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".new-key-*")); len(left) != 0 {
		t.Errorf("%d half-made keys are left", len(left))
	}
}

func TestASealOpensOnlyWholeAndInItsPlace(t *testing.T) {
	v, other := open(t, t.TempDir()), open(t, t.TempDir())
	sealed := seal(t, v, "identity.name", 7, "Aino")
	if bytes.Contains(sealed, []byte("Aino")) || bytes.Equal(sealed, seal(t, v, "identity.name", 7, "Aino")) {
		t.Error("the seal shows what is in it")
	}
	refuses := func(what string, v *vault.Vault, field string, id uint64, sealed []byte) {
		t.Helper()
		if plain, err := v.Open(field, id, sealed); fault.KindOf(err) != fault.Tampered || plain != nil || strings.Contains(err.Error(), "Aino") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refuses("a changed byte", v, "identity.name", 7, changed)
		refuses("a shorter seal", v, "identity.name", 7, sealed[:i])
	}
	refuses("another row", v, "identity.name", 8, sealed)
	refuses("another column", v, "identity.address", 7, sealed)
	refuses("another key", other, "identity.name", 7, sealed)
}

func TestHashesOfTwoKindsOrKeysDiffer(t *testing.T) {
	v, other := open(t, t.TempDir()), open(t, t.TempDir())
	seen := map[string]bool{}
	for _, x := range []struct {
		v          *vault.Vault
		what, text string
	}{{v, "phone", "1"}, {v, "phone", "2"}, {v, "code", "1"}, {v, "phone\x001", ""}, {other, "phone", "1"}} {
		h, err := x.v.Hash(x.what, x.text)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(h)] = true
	}
	if len(seen) != 5 {
		t.Errorf("%d different hashes of 5", len(seen))
	}
}

func TestKeysThatAreDamagedOrGoneAreToldAndNotReplaced(t *testing.T) {
	for _, name := range []string{"seal.json", "find.json"} {
		dir := t.TempDir()
		open(t, dir)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		secret := regexp.MustCompile(`"value":\s*"([^"]+)"`).FindSubmatch(whole)
		if secret == nil {
			t.Fatal("the key file has another form")
		}
		for _, broken := range [][]byte{{}, whole[:len(whole)/2], []byte("{}"), bytes.Replace(whole, []byte("Key\""), []byte("Kez\""), 1), bytes.Replace(whole, secret[1], secret[1][:8], 1)} {
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := vault.Open(dir)
			if fault.KindOf(err) != fault.Tampered || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), string(secret[1][:8])) {
				t.Errorf("%s damaged: %v", name, err)
			}
			if now, _ := os.ReadFile(path); !bytes.Equal(now, broken) {
				t.Errorf("%s was written over", name)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Reopen(dir); fault.KindOf(err) != fault.Missing || !strings.Contains(err.Error(), name) {
			t.Errorf("%s gone: %v", name, err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s was made anew", name)
		}
	}
}
