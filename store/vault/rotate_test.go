package vault_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"ennakko/fault"
	"ennakko/store/vault"
)

// TestKeysAreChangedWhileProcessesRun changes the key as a city does: what was
// sealed before, by whom ever, opens at each step, and hashes stay.
func TestKeysAreChangedWhileProcessesRun(t *testing.T) {
	dir := t.TempDir()
	old := open(t, dir)
	before := seal(t, old, "identity.name", 7, "Aino")
	found, err := old.Hash("code", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.UseKey(dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("no key waits: %v", err)
	}
	keys, err := vault.AddKey(dir)
	if err != nil || len(keys) != 2 || !keys[0].Sealing || keys[1].Sealing {
		t.Fatalf("%+v, %v", keys, err)
	}
	if _, err := vault.AddKey(dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a key waits already: %v", err)
	}
	started := open(t, dir) // after the key was added, before it seals
	opens(t, old, seal(t, started, "identity.name", 7, "Aino"), "Aino")
	if keys, err = vault.UseKey(dir); err != nil || keys[0].Sealing || !keys[1].Sealing {
		t.Fatalf("%+v, %v", keys, err)
	}
	now := open(t, dir)
	after := seal(t, now, "identity.name", 7, "Aino")
	for _, v := range []*vault.Vault{started, now} {
		opens(t, v, before, "Aino")
		opens(t, v, after, "Aino")
	}
	if _, err := old.Open("identity.name", 7, after); fault.KindOf(err) != fault.Tampered {
		t.Error("it was not sealed with the new key")
	}
	if again, err := now.Hash("code", "x"); err != nil || string(again) != string(found) {
		t.Errorf("people are not found any more: %v", err)
	}
	if listed, err := vault.Keys(dir); err != nil || len(listed) != 2 || listed[1] != keys[1] {
		t.Errorf("%+v, %v", listed, err)
	}
}

func opens(t *testing.T, v *vault.Vault, sealed []byte, want string) {
	t.Helper()
	if plain, err := v.Open("identity.name", 7, sealed); err != nil || string(plain) != want {
		t.Errorf("%v", err)
	}
}

func TestAChangeOfKeysIsWholeOrNot(t *testing.T) {
	dir := t.TempDir()
	if _, err := vault.AddKey(dir); fault.KindOf(err) != fault.Missing {
		t.Errorf("without keys: %v", err)
	}
	open(t, dir)
	cut := filepath.Join(dir, "seal.json.new")
	if _, err := os.Stat(cut); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a change that failed left something: %v", err)
	}
	if err := os.WriteFile(cut, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.AddKey(dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("beside another change: %v", err)
	}
	if keys, err := vault.Keys(dir); err != nil || len(keys) != 1 {
		t.Errorf("%+v, %v", keys, err)
	}
}
