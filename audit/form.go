package audit

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
)

// A leaf of the second form is a hash over one commitment for each part of the
// entry and the root of a tree over the people. Each commitment has secret bytes
// of its own, so any part, and any one person, can be shown and proved without
// the others. The salt tells the form: one of the second form begins with the
// byte 2 and is one byte longer.

const (
	secondForm = 2
	nonceSize  = 32
)

// Part is a part of an entry that can be shown by itself.
type Part uint8

// The parts of an entry, in the order in which the leaf holds them. An actor is
// its kind and its name together: "officer:" and "jane".
const (
	PartAt Part = iota
	PartKind
	PartName
	PartVerb
	PartPurpose
	PartBasis
	PartObject
	PartFields
	PartDetail
	parts
)

// partNames are the parts as a file of a proof names them.
var partNames = [parts]string{"at", "actor_kind", "actor_name", "verb", "purpose", "basis", "object", "fields", "detail"}

// String is the name of the part.
func (p Part) String() string {
	if p >= parts {
		return "unknown"
	}
	return partNames[p]
}

// What a hash is of, in its first byte.
const (
	ofPerson = 0x00
	ofNode   = 0x01
	ofPart   = 0x10 // and the number of the part
	ofEntry  = 0x20
)

type hash = [sha256.Size]byte

// NewSalt draws a salt of the newest form.
func NewSalt(random io.Reader) ([]byte, error) {
	salt := make([]byte, 1+SaltSize)
	salt[0] = secondForm
	if _, err := io.ReadFull(random, salt[1:]); err != nil {
		return nil, fault.Wrap(err, "audit.NewSalt", "there is no randomness for a salt")
	}
	return salt, nil
}

// second reports whether the salt is one of the second form.
func second(salt []byte) bool { return len(salt) == 1+SaltSize && salt[0] == secondForm }

// Worked is an entry whose leaf is worked out but for its number, which it gets
// when its turn comes.
type Worked struct {
	parts [parts]hash
	root  hash
}

// Work works out all of an entry's leaf that does not depend on its number. The
// salt must be one of NewSalt. It costs some microseconds, and about 0.2 s for a
// set of a million people.
func (e Entry) Work(salt []byte) (Worked, error) {
	var w Worked
	s, err := open(salt)
	if err != nil {
		return w, err
	}
	for p := range parts {
		w.parts[p] = commit(p, s.nonce(p), e.part(p))
	}
	w.root, _ = s.tree(e.People).root(none)
	return w, nil
}

// Leaf is the entry's leaf when it has the number seq.
func (w Worked) Leaf(seq uint64) []byte {
	b := make([]byte, 0, 1+16+8+(int(parts)+1)*sha256.Size)
	b = append(b, ofEntry)
	b = append(b, "ennakko entry 2\n"...)
	b = binary.BigEndian.AppendUint64(b, seq)
	for i := range w.parts {
		b = append(b, w.parts[i][:]...)
	}
	b = append(b, w.root[:]...)
	leaf := sha256.Sum256(b)
	return leaf[:]
}

// commit commits to a part: with the nonce it can be checked, without it it says
// nothing.
func commit(p Part, nonce []byte, value []byte) hash {
	b := make([]byte, 0, 1+nonceSize+len(value))
	b = append(b, ofPart+byte(p))
	b = append(b, nonce...)
	return sha256.Sum256(append(b, value...))
}

// part is a part of the entry as bytes.
func (e Entry) part(p Part) []byte {
	kind, name := splitActor(e.Actor)
	switch p {
	case PartAt:
		return timeBytes(e.At)
	case PartKind:
		return []byte(kind)
	case PartName:
		return []byte(name)
	case PartVerb:
		return []byte(e.Verb)
	case PartPurpose:
		return []byte(e.Purpose)
	case PartBasis:
		return []byte(e.Basis)
	case PartObject:
		return []byte(e.Object)
	case PartFields:
		return fieldBytes(e.Fields)
	}
	return []byte(e.Detail)
}

// splitActor cuts behind the first colon, so that the two together are the actor
// and nothing else is cut to the same two.
func splitActor(actor string) (kind, name string) {
	if i := strings.IndexByte(actor, ':'); i >= 0 {
		return actor[:i+1], actor[i+1:]
	}
	return actor, ""
}

func timeBytes(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro())) //nolint:gosec // as it is in the first form
}

func fieldBytes(fields []string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(fields))) //nolint:gosec // a few
	for _, f := range fields {
		b = binary.BigEndian.AppendUint32(b, uint32(len(f))) //nolint:gosec // short
		b = append(b, f...)
	}
	return b
}

// secrets are what a salt of the second form unfolds to: the nonces of the parts,
// where the first person stands, and the nonces of the people's places. They are
// the key stream of AES-256 in counter mode under the salt, so that some of them
// can be shown and the others stay secret.
type secrets struct {
	head   [headSize]byte
	stream cipher.Stream // goes on with the places
}

// headSize is the stream before the places: a nonce for each part, 8 bytes for
// where the first person stands, and what fills up a block.
const headSize = int(parts)*nonceSize + 32

func open(salt []byte) (*secrets, error) {
	if !second(salt) {
		return nil, fault.New(fault.Tampered, "audit.Leaf", "the salt is not one of the second form")
	}
	block, err := aes.NewCipher(salt[1:])
	if err != nil {
		return nil, fault.Wrap(err, "audit.Leaf", "the salt cannot be used")
	}
	s := &secrets{stream: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
	s.stream.XORKeyStream(s.head[:], s.head[:])
	return s, nil
}

func (s *secrets) nonce(p Part) []byte { return s.head[int(p)*nonceSize:][:nonceSize] }

// tree is the tree over people. It can be grown once.
func (s *secrets) tree(people *roaring.Bitmap) *peopleTree {
	t := &peopleTree{stream: s.stream, size: leastPlaces}
	if people != nil {
		t.people = people.ToArray()
	}
	for t.size < uint64(len(t.people)) {
		t.size *= 2
	}
	t.first = binary.BigEndian.Uint64(s.head[int(parts)*nonceSize:]) & (t.size - 1)
	return t
}

// ByProgram reports whether an actor is a part of the program and no person.
func ByProgram(actor string) bool {
	kind, _ := splitActor(actor)
	return kind == "system:"
}
