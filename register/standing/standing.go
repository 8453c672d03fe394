// Package standing is what a source of data and the city say to each other about
// permissions: before each hand-over the source asks whether the permission
// stands at this very moment, and of each hand-over it sends a mark that the
// person can see. The city implements Office; Handler serves it; Client asks it
// over the wire. Whatever cannot be understood counts as "does not stand".
package standing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Office is the city's side: who may have what at this moment, and what was
// handed over.
type Office interface {
	// Standing looks at the records, never at a cache, and answers for the moment at
	// which it is asked. A permission that is not there, or is of another person or
	// purpose, or does not cover a field, does not stand. An error means that nobody
	// knows: the source hands nothing over.
	Standing(ctx context.Context, q Question) (Verdict, error)
	// Mark keeps what a source says of a hand-over, once for each id however often it
	// comes. A fault of kind Invalid, Refused or Missing means that the mark will
	// never be taken; any other, that it is to be sent again.
	Mark(ctx context.Context, m Mark) error
}

// Question is what a source asks before it hands over. It holds no identity code
// and no value of the person.
type Question struct {
	ID         string             // of the question, new each time; the verdict repeats it
	Source     string             // who asks, by its client certificate; set by Handler, not sent
	Permission int64              // the permission's number
	Purpose    string             // what it is for
	Fields     []permission.Field // what is to be handed over
	Person     PersonMark         // whose data it is
	At         time.Time          // by the source's clock; the city decides by its own
}

// Verdict is the city's answer.
type Verdict struct {
	Stands bool
	Gap    bool      // it does not stand because nothing is set up: no such purpose, no agreement for this source
	Until  time.Time // when the permission, or only the city's word on it, ends by itself; needed when it stands
	Why    Why       // why it does not stand

	For time.Duration // of Client: how long the word is good, from before it was asked for. The clocks of both ends need not agree
}

// Why is why a permission does not stand: a word for machines.
type Why string

// Why a permission does not stand.
const (
	WhyUnknown   Why = "unknown"   // there is no such permission for this person and purpose
	WhyNotGiven  Why = "not-given" // asked for, not given, or not by all who must
	WhyRefused   Why = "refused"
	WhyWithdrawn Why = "withdrawn"
	WhyExpired   Why = "expired"
	WhyEnded     Why = "ended"  // its cause is gone: guardianship, residence, life
	WhyFields    Why = "fields" // it does not cover all of the fields
	WhyPurpose   Why = "purpose"
	WhyAgreement Why = "agreement" // a gap: there is none for this source
	WhySource    Why = "source"    // a gap: the source is not known
)

// Mark is what a source says of one hand-over. It is written down at the source
// before the first byte leaves: after a crash there may be a mark without a
// hand-over, and never a hand-over without a mark.
type Mark struct {
	ID         string             // of the hand-over, for good
	Source     string             // by its client certificate; set by Handler, not sent
	Request    string             // the client's number of the request (X-Road-Id)
	Client     string             // to whom, as the source calls it
	Permission int64              // the permission's number
	Purpose    string             // what for
	Fields     []permission.Field // which were handed over
	Person     PersonMark         // whose data
	At         time.Time          // by the source's clock
}

// PersonMark stands for a person between a source and the city: a keyed hash of
// the identity code, in hex. Who has no key learns nothing from it.
type PersonMark string

// Key makes the marks of people. Source and city have the same key, of 32 bytes
// or more; each pair has its own.
//
// The secret stands behind a pointer, so that fmt prints none of it.
type Key struct{ boxed *[]byte }

// Format hides the key from every verb of fmt.
func (Key) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[key]") }

// NewKey takes a secret of at least 32 bytes.
func NewKey(secret []byte) (Key, error) {
	if len(secret) < sha256.Size {
		return Key{}, fault.New(fault.Invalid, "standing.NewKey", "the key of people is shorter than 32 bytes").Do("make one: openssl rand -hex 32")
	}
	secret = bytes.Clone(secret)
	return Key{&secret}, nil
}

// ParseKey reads a key in hex.
func ParseKey(s string) (Key, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return Key{}, fault.New(fault.Invalid, "standing.ParseKey", "the key of people is not written in hex").Do("make one: openssl rand -hex 32")
	}
	return NewKey(b)
}

// IsZero reports whether it is no key.
func (k Key) IsZero() bool { return k.boxed == nil }

// Person is the mark of a person: HMAC-SHA-256 of the identity code.
func (k Key) Person(c person.Code) PersonMark {
	if k.IsZero() || c.IsZero() {
		return ""
	}
	h := hmac.New(sha256.New, *k.boxed)
	h.Write([]byte("ennakko standing person\n" + c.Reveal()))
	return PersonMark(hex.EncodeToString(h.Sum(nil)))
}

// Is compares two marks without telling by its time where they differ.
func (m PersonMark) Is(other PersonMark) bool {
	return m != "" && hmac.Equal([]byte(m), []byte(other))
}

// Headers that a client sends to a source, and a source to a client, beside those
// of X-Road. The permission's number stands in X-Road-Issue.
const (
	HeaderPurpose  = "Ennakko-Purpose"  // the purpose's id
	HeaderFields   = "Ennakko-Fields"   // the fields that are asked for, with commas
	HeaderRefusal  = "Ennakko-Refusal"  // why nothing is handed over: one of the refusals below
	HeaderHandover = "Ennakko-Handover" // the id of the hand-over's mark
)

// Refusal is what kind of trouble keeps a source from handing over.
type Refusal string

// The refusals of a source.
const (
	Gap         Refusal = "gap"         // nothing is set up for this client, purpose or field
	Violation   Refusal = "violation"   // the permission does not stand, or not for this
	Unclear     Refusal = "unclear"     // the request is not whole
	Unavailable Refusal = "unavailable" // nobody knows whether the permission stands, or the mark cannot be kept
	Trouble     Refusal = "trouble"     // the register behind the source fails
)
