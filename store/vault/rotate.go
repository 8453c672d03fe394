package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"ennakko/fault"
)

// Key is one of the keys that values are sealed with. It says nothing of the key
// itself.
type Key struct {
	ID      uint32 `json:"id"`
	Sealing bool   `json:"sealing"` // new values are sealed with it; the others only open old ones
}

// Keys lists the keys that values are sealed with, the oldest first.
func Keys(dir string) ([]Key, error) {
	h, err := sealing(dir)
	if err != nil {
		return nil, err
	}
	return listKeys(h), nil
}

func listKeys(h *keyset.Handle) []Key {
	var out []Key
	info := h.KeysetInfo()
	for _, k := range info.GetKeyInfo() {
		out = append(out, Key{k.GetKeyId(), k.GetKeyId() == info.GetPrimaryKeyId()})
	}
	return out
}

// AddKey makes a new key that does not seal yet, so that all processes can be
// started again and know it before the first value is sealed with it. One that
// waits already is a conflict.
func AddKey(dir string) ([]Key, error) {
	return change(dir, func(m *keyset.Manager, keys []Key) error {
		if waits(keys) {
			return fault.New(fault.Conflict, "vault.AddKey", "a new key waits already").Do("start all processes again, and then let it seal")
		}
		_, err := m.Add(aead.AES256GCMKeyTemplate())
		return fault.Wrap(err, "vault.AddKey", "a key cannot be made")
	})
}

// UseKey lets the newest key seal. All processes must know it.
func UseKey(dir string) ([]Key, error) {
	return change(dir, func(m *keyset.Manager, keys []Key) error {
		if !waits(keys) {
			return fault.New(fault.Conflict, "vault.UseKey", "the newest key seals already").Do("add one first")
		}
		return fault.Wrap(m.SetPrimary(keys[len(keys)-1].ID), "vault.UseKey", "the key cannot be used")
	})
}

// waits reports whether the newest key does not seal yet.
func waits(keys []Key) bool { return !keys[len(keys)-1].Sealing }

// sealing reads the key file that is there.
func sealing(dir string) (*keyset.Handle, error) {
	if _, err := Reopen(dir); err != nil {
		return nil, err
	}
	var never *tinkpb.KeyTemplate // it is there: none is made
	return keys(filepath.Join(dir, sealFile), never)
}

// change writes the key file anew, whole or not at all, one process at a time.
func change(dir string, do func(*keyset.Manager, []Key) error) (now []Key, err error) {
	const op = "vault.change"
	path := filepath.Join(dir, sealFile)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fault.New(fault.Conflict, op, "the keys are being changed, or a change was cut off").Do("look whether a process does so; if not, remove %s.new: nothing was changed", sealFile)
	}
	if err != nil {
		return nil, fault.Wrap(err, op, "the key file cannot be written")
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path + ".new")
		}
	}()
	defer func() { _ = f.Close() }()
	h, err := sealing(dir)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManagerFromHandle(h)
	if err := do(m, listKeys(h)); err != nil {
		return nil, err
	}
	if h, err = m.Handle(); err != nil {
		return nil, fault.Wrap(err, op, "the keys do not go together")
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return nil, fault.Wrap(err, op, "the keys cannot be written")
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Sync()); err == nil {
		err = os.Rename(path+".new", path)
	}
	return listKeys(h), fault.Wrap(err, op, "the key file cannot be written")
}
