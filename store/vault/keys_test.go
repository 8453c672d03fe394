package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"ennakko/fault"
	"ennakko/store/vault"
)

// keyFile reads a key file and the key that stands in it, as raw bytes.
func keyFile(t *testing.T, path string) (whole, secret []byte) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Key []struct{ KeyData struct{ Value []byte } }
	}
	if err := json.Unmarshal(whole, &set); err != nil || len(set.Key) != 1 || len(set.Key[0].KeyData.Value) < 16 {
		t.Fatalf("the key file has another form: %v", err)
	}
	return whole, set.Key[0].KeyData.Value
}

// tells fails if s shows a stretch of the key in any way of writing bytes.
func tells(t *testing.T, s string, secret []byte) {
	t.Helper()
	b64 := base64.StdEncoding.EncodeToString(secret)
	numbers := func(b []byte) string { s := fmt.Sprintf("%d", b); return s[1 : len(s)-1] }
	for i := 0; i+8 <= len(secret); i++ {
		for _, form := range []string{string(secret[i : i+8]), fmt.Sprintf("%x", secret[i:i+8]), fmt.Sprintf("%X", secret[i:i+8]), numbers(secret[i : i+8]), b64[i : i+8]} {
			if strings.Contains(s, form) {
				t.Fatalf("byte %d of the key is shown", i)
			}
		}
	}
}

// Whatever byte of a key file is changed or cut away: the file opens with what
// it held, or the fault names the file, says what to do and shows no key.
func TestADamagedKeyFileIsNamedAndNotShown(t *testing.T) {
	for _, name := range []string{"seal.json", "find.json"} {
		dir := t.TempDir()
		sealed := seal(t, open(t, dir), "identity.name", 7, "Aino")
		path := filepath.Join(dir, name)
		whole, secret := keyFile(t, path)
		try := func(what string, broken []byte) (refused bool) {
			t.Helper()
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			v, err := vault.Reopen(dir)
			if err == nil {
				// The key may have become another one: then nothing opens.
				if plain, err := v.Open("identity.name", 7, sealed); err == nil && string(plain) != "Aino" {
					t.Errorf("%s, %s: another value was opened", name, what)
				}
				return false
			}
			tells(t, fmt.Sprintf("%v %+v", err, err), secret)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != fault.Tampered || !strings.Contains(f.Show, "key file "+name) || !strings.Contains(f.Hint, "backup") || f.Err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			return true
		}
		refused := 0
		for i := range whole {
			for _, b := range []byte{whole[i] ^ 1, '"', 0} {
				changed := bytes.Clone(whole)
				changed[i] = b
				if try(fmt.Sprintf("byte %d is %d", i, b), changed) {
					refused++
				}
			}
			if !try(fmt.Sprintf("cut at %d", i), whole[:i]) {
				t.Errorf("%s, cut at %d, is a key file", name, i)
			}
		}
		if refused < len(whole) {
			t.Errorf("%s: %d of %d changes were seen", name, refused, 3*len(whole))
		}
		b64 := []byte(base64.StdEncoding.EncodeToString(secret))
		for n := range len(secret) {
			short := []byte(base64.StdEncoding.EncodeToString(secret[:n]))
			if !try(fmt.Sprintf("a key of %d bytes", n), bytes.Replace(whole, b64, short, 1)) {
				t.Errorf("%s: a key of %d bytes of %d is taken", name, n, len(secret))
			}
		}
	}
}

// A seal that is opened with a key that is not its own is refused, and the
// refusal tells the kind of value and nothing of it.
func TestNoSealOpensInAnotherContext(t *testing.T) {
	v := open(t, t.TempDir())
	type place struct {
		what string
		id   uint64
	}
	places := []place{{"identity.name", 7}, {"identity.name", 8}, {"identity.name", 7 << 56}, {"identity.name", 7 + 1<<32}, {"identity.name", 0}, {"identity.address", 7}, {"identity.nam", 7},
		{"identity.name\x00", 7}, {"", 7}, {"", 0}, {"identity.name\x00\x00\x00\x00\x00\x00\x00\x00\x07", 7}}
	for i, from := range places {
		sealed := seal(t, v, from.what, from.id, "Aino")
		for j, to := range places {
			plain, err := v.Open(to.what, to.id, sealed)
			if i == j && (err != nil || string(plain) != "Aino") {
				t.Errorf("%q: %v", from.what, err)
			}
			if i != j && (fault.KindOf(err) != fault.Tampered || plain != nil || !strings.Contains(err.Error(), to.what) || strings.Contains(err.Error(), "Aino")) {
				t.Errorf("sealed for %q %d, opened for %q %d: %v", from.what, from.id, to.what, to.id, err)
			}
		}
	}
}

func TestEveryLengthOfValueIsSealed(t *testing.T) {
	v := open(t, t.TempDir())
	for _, n := range []int{0, 1, 15, 16, 17, 1 << 20} {
		value := strings.Repeat("\x00", n)
		plain, err := v.Open("x", 1, seal(t, v, "x", 1, value))
		if err != nil || string(plain) != value {
			t.Errorf("%d bytes: %d came back, %v", n, len(plain), err)
		}
	}
}

// Programs that start at once on an empty folder agree on one key.
func TestTheFirstKeyIsTheKeyOfAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	vaults, errs := make([]*vault.Vault, 8), make([]error, 8)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range vaults {
		wg.Go(func() {
			<-start
			vaults[i], errs[i] = vault.Open(dir)
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, vaults[0], "x", 1, "Aino")
	hash, err := vaults[0].Hash("phone", "1")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vaults {
		if plain, err := v.Open("x", 1, sealed); err != nil || string(plain) != "Aino" {
			t.Errorf("vault %d does not open what vault 0 sealed: %v", i, err)
		}
		if h, err := v.Hash("phone", "1"); err != nil || !bytes.Equal(h, hash) {
			t.Errorf("vault %d finds another hash: %v", i, err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 2 {
		t.Errorf("%d files, not 2", len(names))
	}
}

func TestAFolderThatCannotBeIsAFault(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(dir); err == nil || !strings.Contains(err.Error(), "folder of keys") {
		t.Errorf("a file in place of the folder: %v", err)
	}
	dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "seal.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(dir); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a folder in place of a key: %v", err)
	}
}
