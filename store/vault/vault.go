// Package vault keeps the keys with which personal values are sealed at rest,
// and seals and opens them. It uses Tink: AES-256-GCM for values and an
// HMAC-SHA-256 pseudo-random function for the keyed hashes by which a code or
// a telephone number is found again.
//
// The keys of the embedded default stand in files that only the owner can
// read. Whoever holds both the data and the keys can read the values.
package vault

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"

	"ennakko/fault"
)

// HashSize is the length of a keyed hash in bytes.
const HashSize = 16

// Vault seals and opens values. It is safe for concurrent use.
type Vault struct {
	aead tink.AEAD
	prf  *prf.Set
	keys []Key // that values are sealed with, the oldest first
}

// Open reads the keys in dir and makes those that are missing.
func Open(dir string) (*Vault, error) {
	const op = "vault.Open"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, op, "the folder of keys cannot be made")
	}
	return open(dir)
}

// Reopen reads the keys in dir. It is for a folder that has sealed values
// already: a new key would open none of them, and find nobody, so a missing
// key file is a fault of kind Missing.
func Reopen(dir string) (*Vault, error) {
	for _, name := range []string{sealFile, findFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.Missing, "vault.Reopen", "the key file %s is not there", name).
				Do("bring it back from the backup of the keys: a new key opens nothing that was sealed with the old one")
		}
	}
	return open(dir)
}

const (
	sealFile = "seal.json"
	findFile = "find.json"
)

func open(dir string) (*Vault, error) {
	seal, err := keys(filepath.Join(dir, sealFile), aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	find, err := keys(filepath.Join(dir, findFile), prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	v := &Vault{keys: listKeys(seal)}
	if v.aead, err = aead.New(seal); err != nil {
		return nil, damaged(sealFile)
	}
	if v.prf, err = prf.NewPRFSet(find); err != nil {
		return nil, damaged(findFile)
	}
	return v, nil
}

func keys(path string, template *tinkpb.KeyTemplate) (*keyset.Handle, error) {
	const op = "vault.Open"
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path, template)
	}
	if err != nil {
		return nil, fault.Wrap(err, op, "a key file cannot be read")
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, damaged(filepath.Base(path))
	}
	return h, nil
}

// damaged does not give the library's reason: it may repeat what stands in the
// file.
func damaged(name string) error {
	return fault.New(fault.Tampered, "vault.Open", "the key file %s is damaged", name).Do("restore it from the backup of the keys")
}

// makeKeys writes a new key whole or not at all and never over another.
func makeKeys(path string, template *tinkpb.KeyTemplate) (*keyset.Handle, error) {
	const op = "vault.Open"
	h, err := keyset.NewHandle(template)
	if err != nil {
		return nil, fault.Wrap(err, op, "a key cannot be made")
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b)); err != nil {
		return nil, fault.Wrap(err, op, "a key cannot be written")
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-key-*")
	if err != nil {
		return nil, fault.Wrap(err, op, "a key file cannot be made")
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(b.Bytes())
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fault.Wrap(err, op, "a key file cannot be written")
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return keys(path, template) // another process was first
	} else if err != nil {
		return nil, fault.Wrap(err, op, "a key file cannot be put in its place")
	}
	return h, nil
}

// Seal encrypts a value. What and id (a field and a person, a table and a row)
// are bound to it: a value moved elsewhere does not open.
func (v *Vault) Seal(what string, id uint64, plain []byte) ([]byte, error) {
	out, err := v.aead.Encrypt(plain, context(what, id))
	return out, fault.Wrap(err, "vault.Seal", "a value cannot be sealed")
}

// Open decrypts a value that Seal made for the same what and id.
func (v *Vault) Open(what string, id uint64, sealed []byte) ([]byte, error) {
	out, err := v.aead.Decrypt(sealed, context(what, id))
	if err != nil {
		return nil, fault.New(fault.Tampered, "vault.Open", "a sealed value of %s does not open: it was changed, moved or sealed with another key", what)
	}
	return out, nil
}

func context(what string, id uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte(what+"\x00"), id)
}

// Hash is the keyed hash of a text, by which it can be found and not read.
func (v *Vault) Hash(what, text string) ([]byte, error) {
	out, err := v.prf.ComputePrimaryPRF([]byte(what+"\x00"+text), HashSize)
	return out, fault.Wrap(err, "vault.Hash", "a keyed hash cannot be made")
}
