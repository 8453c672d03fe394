package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"ennakko/fault"
)

// The headers of a request. Source: Standard Webhooks 1.0.
const (
	HeaderID        = "webhook-id"        // the event's number, the same each time it is told
	HeaderTime      = "webhook-timestamp" // when this request was made, in Unix seconds
	HeaderSignature = "webhook-signature"
)

// The least and most bytes of a key. Source: Standard Webhooks 1.0.
const (
	leastKey = 24
	mostKey  = 64
)

// ParseKey reads the key of a webhook's signatures: its letters are the key, or, after
// whsec_, base64 of it. A fault never repeats it.
func ParseKey(s string) ([]byte, error) {
	const op = "webhook.ParseKey"
	key := []byte(s)
	if rest, coded := strings.CutPrefix(s, "whsec_"); coded {
		var err error
		if key, err = base64.StdEncoding.DecodeString(rest); err != nil {
			return nil, fault.New(fault.Invalid, op, "after whsec_ the key is not base64")
		}
	}
	if len(key) < leastKey || len(key) > mostKey {
		return nil, fault.New(fault.Invalid, op, "the key does not have from %d to %d bytes", leastKey, mostKey)
	}
	return key, nil
}

// Sign signs a request: HMAC-SHA-256 of the event's number, the moment and the body.
func Sign(key []byte, event string, at time.Time, body []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(event + "." + strconv.FormatInt(at.Unix(), 10) + "."))
	m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}
