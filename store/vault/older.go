package vault

import (
	"encoding/binary"
	"slices"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"ennakko/fault"
)

// MarkSize is how many bytes before a sealed value name the key it was sealed
// with: one that is always 1, and the key's number, the highest byte first.
// Source: https://developers.google.com/tink/wire-format, "Tink output prefix".
const MarkSize = 5

// Mark is what every value begins with that this vault seals.
func (v *Vault) Mark() []byte { return binary.BigEndian.AppendUint32([]byte{1}, v.Sealing()) }

// Sealing is the number of the key that new values are sealed with.
func (v *Vault) Sealing() uint32 {
	return v.keys[slices.IndexFunc(v.keys, func(k Key) bool { return k.Sealing })].ID
}

// Older are the numbers of the keys from before the one that seals.
func (v *Vault) Older() []uint32 { return older(v.keys) }

func older(keys []Key) []uint32 {
	var out []uint32
	for _, k := range keys {
		if k.Sealing {
			break
		}
		out = append(out, k.ID)
	}
	return out
}

// RetireKeys takes keys out of the key file. What is still sealed with one of
// them can never be opened again: the caller has seen that nothing is. Only keys
// from before the one that seals can go.
func RetireKeys(dir string, ids []uint32) ([]Key, error) {
	const op = "vault.RetireKeys"
	return change(dir, func(m *keyset.Manager, keys []Key) error {
		for _, id := range ids {
			if !slices.Contains(older(keys), id) {
				return fault.New(fault.Conflict, op, "key %d is not one from before the key that seals", id).Do("look at the keys again: ennakko keys list")
			}
			if err := m.Delete(id); err != nil {
				return fault.Wrap(err, op, "a key cannot be taken out")
			}
		}
		return nil
	})
}
