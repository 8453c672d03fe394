package fhir

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
	"github.com/valyala/fastjson"

	"ennakko/clinical"
	"ennakko/coding"
)

// parser turns the JSON of resources into records. It is not safe for concurrent
// use: every worker has its own.
type parser struct {
	json  fastjson.Parser
	zone  *time.Location
	codes map[string]coding.Code // by system and code as they are written
	words map[string]string      // texts that come again and again
	num   []byte
	key   []byte
}

func newParser(zone *time.Location) *parser {
	return &parser{zone: zone, codes: map[string]coding.Code{}, words: map[string]string{}}
}

// mostWords bounds the memory of what a parser remembers.
const mostWords = 1 << 16

// word is a text that is likely to have come before.
func (p *parser) word(b []byte) string {
	if s, ok := p.words[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(p.words) < mostWords {
		p.words[s] = s
	}
	return s
}

// longest is how many bytes a code, an address of a system, an id or a reference
// may have.
const longest = 1024

// clean reports whether a text may be kept: valid UTF-8 without control
// characters, and not too long.
func clean(b []byte) bool {
	if len(b) > longest || !utf8.Valid(b) {
		return false
	}
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

// code is one Coding; the zero Code if it has no code that can be kept.
func (p *parser) code(v *fastjson.Value) coding.Code {
	sys, code := v.GetStringBytes("system"), v.GetStringBytes("code")
	if len(code) == 0 || !clean(code) || !clean(sys) || bytes.IndexByte(sys, '|') >= 0 {
		return coding.Code{}
	}
	p.key = append(append(append(p.key[:0], sys...), '|'), code...)
	if c, ok := p.codes[string(p.key)]; ok {
		return c
	}
	c := coding.New(string(sys), string(code))
	if c.Code == "" {
		return coding.Code{}
	}
	if len(p.codes) < mostWords {
		p.codes[string(p.key)] = c
	}
	return c
}

// concept is the codings of a CodeableConcept, each once.
func (p *parser) concept(v *fastjson.Value, into []coding.Code) []coding.Code {
	for _, x := range v.GetArray("coding") {
		c := p.code(x)
		if c.IsZero() || has(into, c) {
			continue
		}
		into = append(into, c)
	}
	return into
}

func has(codes []coding.Code, c coding.Code) bool {
	for _, x := range codes {
		if x == c {
			return true
		}
	}
	return false
}

// first is the code of the first coding of a CodeableConcept, as it is written.
func first(v *fastjson.Value) []byte {
	for _, x := range v.GetArray("coding") {
		if b := x.GetStringBytes("code"); len(b) > 0 {
			return b
		}
	}
	return nil
}

// number reads a JSON number as it is written. fastjson's own reading may miss the
// last bit.
func (p *parser) number(v *fastjson.Value) (float64, bool) {
	if v == nil || v.Type() != fastjson.TypeNumber {
		return 0, false
	}
	p.num = v.MarshalTo(p.num[:0])
	x, err := strconv.ParseFloat(string(p.num), 64)
	return x, err == nil && !math.IsInf(x, 0) && !math.IsNaN(x)
}

// Systems of the codes that stand for values which are no codes in FHIR.
const (
	comparatorSystem = "comparator"
	booleanSystem    = "boolean"
)

// quantity reads a Quantity. A value that is only known to lie beyond a limit ("<
// 5") becomes the nearest number beyond it, and says so in code.
func (p *parser) quantity(v *fastjson.Value, r *clinical.Record) bool {
	x, ok := p.number(v.Get("value"))
	if !ok {
		return false
	}
	switch c := string(v.GetStringBytes("comparator")); c {
	case "":
	case "<":
		x = math.Nextafter(x, math.Inf(-1))
	case ">":
		x = math.Nextafter(x, math.Inf(1))
	case "<=", ">=":
	default:
		return false
	}
	if c := v.GetStringBytes("comparator"); len(c) > 0 {
		r.ValueCode = coding.Code{System: comparatorSystem, Code: p.word(c)}
	}
	unit := v.GetStringBytes("code")
	if sys := v.GetStringBytes("system"); len(unit) == 0 || len(sys) > 0 && coding.SystemName(string(sys)) != "ucum" {
		unit = v.GetStringBytes("unit")
	}
	if !clean(unit) {
		return false
	}
	r.Value, r.Unit = x, p.word(bytes.TrimSpace(unit))
	return true
}

// value reads value[x] of an observation or a component. The first result says
// whether there is a value at all, the second whether it can be read.
func (p *parser) value(v *fastjson.Value, r *clinical.Record) (there, good bool) {
	if q := v.Get("valueQuantity"); q != nil {
		if q.Get("value") == nil {
			return false, true
		}
		return true, p.quantity(q, r)
	}
	if c := v.Get("valueCodeableConcept"); c != nil {
		for _, x := range c.GetArray("coding") {
			if r.ValueCode = p.code(x); !r.ValueCode.IsZero() {
				break
			}
		}
		if r.ValueCode.IsZero() {
			r.ValueCode = clinical.Said()
		}
		return true, true
	}
	if n := v.Get("valueInteger"); n != nil {
		x, ok := p.number(n)
		r.Value = x
		return true, ok
	}
	if b := v.Get("valueBoolean"); b != nil {
		r.ValueCode = coding.Code{System: booleanSystem, Code: p.word(b.MarshalTo(nil))}
		return true, b.Type() == fastjson.TypeTrue || b.Type() == fastjson.TypeFalse
	}
	for _, other := range [...]string{"valueString", "valueDateTime", "valuePeriod", "valueTime", "valueRange", "valueRatio", "valueSampledData"} {
		if v.Exists(other) {
			r.ValueCode = clinical.Said()
			return true, true
		}
	}
	return false, true
}

// ref is a reference made comparable: a hash of "Type/id" or of a urn. 0 is none.
type ref uint64

func hashed(s string) ref { return ref(xxhash.Sum64String(s) | 1) }

// refOf makes a reference comparable: the server's address and the version are
// taken away.
func refOf(b []byte) ref {
	s := string(b)
	if s == "" || len(s) > longest || s[0] == '#' || strings.Contains(s, "?") {
		return 0
	}
	if strings.HasPrefix(s, "urn:") {
		return hashed(s)
	}
	s, _, _ = strings.Cut(s, "/_history/")
	parts := strings.Split(s, "/")
	if len(parts) < 2 {
		return 0
	}
	parts = parts[len(parts)-2:]
	return hashed(parts[0] + "/" + parts[1])
}

// keysOf are the references by which others may name a resource: the address of
// its entry, and its type and id. An address that ends in those is the same.
func keysOf(fullURL []byte, typ string, id []byte) (keys [2]ref) {
	if len(fullURL) > 0 {
		keys[0] = refOf(fullURL)
	}
	if len(id) > 0 {
		keys[1] = hashed(typ + "/" + string(id))
	}
	if keys[0] == keys[1] {
		keys[0] = 0
	}
	return keys
}
