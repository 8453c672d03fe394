package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"ennakko/fault"
)

// Entry is an act as it stands on the record. It names fields and people by
// number, never values.
type Entry struct {
	Seq     uint64          // place in the record, from 1, without gaps; set by the store
	At      time.Time       // when, UTC
	Actor   string          // who
	Verb    string          // did what
	Purpose string          // what for
	Basis   string          // by which provision
	Object  string          // to what: "round 3", "snapshot population/2021-01-04"
	Fields  []string        // the register fields that were read or written
	People  *roaring.Bitmap // whose data; nil means nobody's
	Detail  string          // counts and settings; no personal data
}

// SaltSize is how many secret bytes an entry's salt has. A salt of the first
// form is these; NewSalt makes one of the second form, with a byte before them.
const SaltSize = 32

// Leaf returns the entry's leaf for the log, a hash over the whole entry with the
// entry's own salt, whose form tells that of the leaf: of the first form it is
// HMAC-SHA-256 over the whole, of the second see Work. When the entry and its
// salt are erased the leaf says nothing about anyone.
func (e Entry) Leaf(salt []byte) ([]byte, error) {
	if second(salt) {
		w, err := e.Work(salt)
		return w.Leaf(e.Seq), err
	}
	if len(salt) != SaltSize {
		return nil, fault.New(fault.Tampered, "audit.Leaf", "the salt is %d bytes, not %d", len(salt), SaltSize)
	}
	body, err := e.canonical()
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, salt)
	mac.Write(body)
	return mac.Sum(nil), nil
}

// canonical writes every part with its length before it, so that two different
// entries never have the same bytes.
func (e Entry) canonical() ([]byte, error) {
	people, err := PeopleBytes(e.People)
	if err != nil {
		return nil, err
	}
	b := []byte("ennakko entry 1\n")
	b = binary.BigEndian.AppendUint64(b, e.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	part := func(p []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
		b = append(b, p...)
	}
	for _, s := range []string{e.Actor, e.Verb, e.Purpose, e.Basis, e.Object, e.Detail} {
		part([]byte(s))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Fields)))
	for _, f := range e.Fields {
		part([]byte(f))
	}
	part(people)
	return b, nil
}

// PeopleBytes is the stored form of a set of people; nil and empty are both
// nothing.
func PeopleBytes(people *roaring.Bitmap) ([]byte, error) {
	if people == nil || people.IsEmpty() {
		return nil, nil
	}
	c := people.Clone()
	c.RunOptimize()
	b, err := c.ToBytes()
	if err != nil {
		return nil, fault.Wrap(err, "audit.PeopleBytes", "the set of people cannot be written")
	}
	return b, nil
}

// PeopleOf reads the stored form of a set of people back.
func PeopleOf(b []byte) (*roaring.Bitmap, error) {
	people := roaring.New()
	if len(b) == 0 {
		return people, nil
	}
	err := people.UnmarshalBinary(b)
	if err == nil {
		err = people.Validate() // a set out of order would break later, in its own methods
	}
	if err != nil {
		return nil, fault.New(fault.Tampered, "audit.PeopleOf", "the set of people is not readable").Because(err)
	}
	return people, nil
}
