package receipt

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ennakko/fault"
)

// Media is the media type of what is signed.
const Media = "application/ld+json"

// longest is how many bytes a signed receipt has at most; a longer one is not
// looked at.
const longest = 1 << 20

// KeyID names a key: its thumbprint (RFC 7638).
func KeyID(k ed25519.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: k}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fault.New(fault.Invalid, "receipt.KeyID", "the key is not one of Ed25519")
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// Sign signs the receipt as a compact JWS, with the id of the key in its
// header. The same receipt and key give the same text.
func (r Receipt) Sign(key ed25519.PrivateKey) (string, error) {
	const op = "receipt.Sign"
	if len(r.body) == 0 {
		return "", fault.New(fault.Invalid, op, "there is no receipt")
	}
	if len(key) != ed25519.PrivateKeySize {
		return "", fault.New(fault.Invalid, op, "there is no key of Ed25519 to sign with")
	}
	id, err := KeyID(key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: key, KeyID: id}}, (&jose.SignerOptions{}).WithContentType(Media))
	if err != nil {
		return "", fault.New(fault.Internal, op, "the receipt cannot be signed").Because(err)
	}
	signed, err := s.Sign(r.body)
	if err != nil {
		return "", fault.New(fault.Internal, op, "the receipt cannot be signed").Because(err)
	}
	out, err := signed.CompactSerialize()
	return out, fault.Wrap(err, op, "the receipt cannot be written")
}

// Keys are the public keys by which receipts are checked: the one in use, and
// those in use before. A key that was lost to somebody is taken out, and with
// it all that it signed.
type Keys struct {
	all []jose.JSONWebKey
}

// NewKeys is a set of keys, the one in use first.
func NewKeys(public ...ed25519.PublicKey) (Keys, error) {
	var out Keys
	for _, k := range public {
		if len(k) != ed25519.PublicKeySize {
			return Keys{}, fault.New(fault.Invalid, "receipt.NewKeys", "a key is not one of Ed25519")
		}
		id, err := KeyID(k)
		if err != nil {
			return Keys{}, err
		}
		out.all = append(out.all, jose.JSONWebKey{Key: slices.Clone(k), KeyID: id, Algorithm: string(jose.EdDSA), Use: "sig"})
	}
	return out, nil
}

// JSON is the set as a JWK Set (RFC 7517), to be published.
func (k Keys) JSON() ([]byte, error) {
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: append([]jose.JSONWebKey{}, k.all...)})
	return b, fault.Wrap(err, "receipt.Keys", "the keys cannot be written")
}

// ParseKeys reads a published set. A key that is not one of Ed25519, a private
// key, and an id that is not the key's own are faults.
func ParseKeys(b []byte) (Keys, error) {
	const op = "receipt.ParseKeys"
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(b, &set); err != nil {
		return Keys{}, fault.New(fault.Invalid, op, "the keys are not readable").Do("give the published set of keys (JWK Set)")
	}
	var public []ed25519.PublicKey
	for _, k := range set.Keys {
		p, ok := k.Key.(ed25519.PublicKey)
		if !ok {
			return Keys{}, fault.New(fault.Invalid, op, "a key is not a public one of Ed25519")
		}
		if id, err := KeyID(p); err != nil || k.KeyID != id {
			return Keys{}, fault.New(fault.Invalid, op, "a key has another id than its own")
		}
		public = append(public, p)
	}
	return NewKeys(public...)
}

// Checked is what a signed receipt says, once its signature was found good.
type Checked struct {
	ID, RecordID string
	Person       string // opaque
	Made         time.Time
	Status       Status // that the receipt is about: the last one
	At           time.Time
	Version      int    // of the agreement
	Hash         string // of the agreement, SHA-256 in hex
	KeyID        string
	JSON         []byte // all of it
}

// Verify checks a signed receipt with a set of keys. A receipt that was changed
// is a fault of kind Tampered; one that is signed with a key that is not in the
// set, Missing; what is no receipt, Invalid.
func Verify(signed []byte, keys Keys) (Checked, error) {
	const op = "receipt.Verify"
	if len(signed) > longest {
		return Checked{}, fault.New(fault.Invalid, op, "this is too long for a receipt")
	}
	s, err := jose.ParseSignedCompact(strings.TrimSpace(string(signed)), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil || len(s.Signatures) != 1 {
		return Checked{}, fault.New(fault.Invalid, op, "this is no signed receipt").Do("give the whole file as it was downloaded")
	}
	id := s.Signatures[0].Header.KeyID
	i := slices.IndexFunc(keys.all, func(k jose.JSONWebKey) bool { return k.KeyID == id })
	if id == "" || i < 0 {
		return Checked{}, fault.New(fault.Missing, op, "the receipt is signed with a key that is not among the published ones").Do("get the published keys anew")
	}
	body, err := s.Verify(keys.all[i])
	if err != nil {
		return Checked{}, fault.New(fault.Tampered, op, "the signature does not fit: the receipt was changed, or is not from here")
	}
	c, err := read(body)
	if err != nil {
		return Checked{}, err
	}
	c.KeyID = id
	return c, nil
}

// read takes out of a receipt what Checked names.
func read(body []byte) (Checked, error) {
	const op = "receipt.Verify"
	var d struct {
		Type     string    `json:"@type"`
		ID       string    `json:"dpv:hasIdentifier"`
		Made     time.Time `json:"dct:created"`
		Conforms struct {
			ID string `json:"@id"`
		} `json:"dct:conformsTo"`
		Record struct {
			ID     string `json:"dpv:hasIdentifier"`
			Person struct {
				ID string `json:"@id"`
			} `json:"dpv:hasDataSubject"`
			Steps []struct {
				Type    []string  `json:"@type"`
				At      time.Time `json:"dpv:isIndicatedAtTime"`
				Version int       `json:"ennakko:version"`
				Hash    string    `json:"ennakko:sha256"`
			} `json:"dpv:hasConsentStatus"`
		} `json:"dpv:hasRecordOfActivity"`
	}
	if err := json.Unmarshal(body, &d); err != nil || d.Type != "dpv:ConsentReceipt" || d.Conforms.ID != ReceiptProfile || len(d.Record.Steps) == 0 {
		return Checked{}, fault.New(fault.Invalid, op, "what is signed is no receipt")
	}
	last := d.Record.Steps[len(d.Record.Steps)-1]
	out := Checked{ID: d.ID, RecordID: d.Record.ID, Person: d.Record.Person.ID, Made: d.Made, At: last.At, Version: last.Version, Hash: last.Hash, JSON: body}
	if len(last.Type) > 0 {
		out.Status = Status(strings.TrimPrefix(last.Type[0], "dpv:"))
	}
	return out, nil
}
