package audit

import (
	"crypto/sha256"
	"slices"
	"time"

	"ennakko/fault"
)

// Disclosure is an entry as it is shown to one person whom it covers: some parts
// open, the others as commitments that say nothing, and the way that shows that
// the person is one of those covered. It leads to the entry's leaf. It goes to and
// from JSON.
//
// Of an entry whose leaf has the first form nothing can be shown by itself: it
// holds the bare leaf.
type Disclosure struct {
	Seq    uint64   `json:"seq"`
	Parts  []Shown  `json:"parts,omitempty"`  // all parts, in order
	Person *Covered `json:"person,omitempty"` // who is covered
	Bare   []byte   `json:"leaf,omitempty"`   // of the first form: the leaf alone
}

// Shown is one part of an entry: its value with its nonce, or its commitment.
type Shown struct {
	Part   string   `json:"part"`
	Value  *string  `json:"value,omitempty"` // a time as in RFC 3339, in UTC
	List   []string `json:"list,omitempty"`  // of the fields
	Nonce  []byte   `json:"nonce,omitempty"`
	Hidden []byte   `json:"hidden,omitempty"` // the commitment of a part that is not shown
}

// Covered is one person whom the entry covers, by the person's number in the
// city's records.
type Covered struct {
	Number uint32   `json:"number"`
	Nonce  []byte   `json:"nonce"`
	Place  uint64   `json:"place"`
	Path   [][]byte `json:"path"` // from the person's place to the root
}

// longestPath bounds a way to the root: there are no more people than numbers.
const longestPath = 33

// Disclose shows the parts asked for, and that the entry covers a person. For one
// whom it does not cover the error is fault.Missing.
func (e Entry) Disclose(salt []byte, who uint32, show ...Part) (Disclosure, error) {
	d := Disclosure{Seq: e.Seq}
	if e.People == nil || !e.People.Contains(who) {
		return d, fault.New(fault.Missing, "audit.Disclose", "the entry does not cover the person").Where("entry %d", e.Seq)
	}
	if !second(salt) {
		leaf, err := e.Leaf(salt)
		d.Bare = leaf
		return d, err
	}
	s, err := open(salt)
	if err != nil {
		return d, err
	}
	for p := range parts {
		x := Shown{Part: p.String()}
		if slices.Contains(show, p) {
			x.Nonce = slices.Clone(s.nonce(p))
			x.Value, x.List = e.value(p)
		} else {
			h := commit(p, s.nonce(p), e.part(p))
			x.Hidden = h[:]
		}
		d.Parts = append(d.Parts, x)
	}
	t := s.tree(e.People)
	at, _ := t.place(who)
	_, w := t.root(at)
	d.Person = &Covered{Number: who, Nonce: w.nonce, Place: at}
	for i := range w.siblings {
		d.Person.Path = append(d.Person.Path, w.siblings[i][:])
	}
	return d, nil
}

// value is a part as it is written in a file.
func (e Entry) value(p Part) (*string, []string) {
	var text string
	switch p {
	case PartFields:
		return nil, append([]string{}, e.Fields...)
	case PartAt:
		text = e.At.UTC().Format(time.RFC3339Nano)
	default:
		text = string(e.part(p))
	}
	return &text, nil
}

// Leaf is the leaf to which all that is shown leads. Whoever finds that leaf in
// the log knows that what is shown is what was written then.
func (d Disclosure) Leaf() ([]byte, error) {
	wrong := func(what string) error {
		return fault.New(fault.Invalid, "audit.Disclosure", "%s is not as a file of a proof has it", what)
	}
	if d.Bare != nil {
		if len(d.Bare) != sha256.Size || len(d.Parts) > 0 || d.Person != nil {
			return nil, wrong("the leaf")
		}
		return d.Bare, nil
	}
	var w Worked
	if len(d.Parts) != int(parts) {
		return nil, wrong("the list of parts")
	}
	for p := range parts {
		var ok bool
		if w.parts[p], ok = d.Parts[p].commitment(p); !ok {
			return nil, wrong("the part " + p.String())
		}
	}
	c := d.Person
	if c == nil || len(c.Nonce) != nonceSize || len(c.Path) > longestPath || c.Place>>len(c.Path) != 0 {
		return nil, wrong("who is covered")
	}
	siblings := make([]hash, len(c.Path))
	for i, h := range c.Path {
		if len(h) != sha256.Size {
			return nil, wrong("who is covered")
		}
		siblings[i] = hash(h)
	}
	w.root = climb(c.Nonce, c.Number, c.Place, siblings)
	return w.Leaf(d.Seq), nil
}

// commitment is that of the part p, shown or hidden.
func (x Shown) commitment(p Part) (hash, bool) {
	if x.Part != p.String() {
		return hash{}, false
	}
	if x.Hidden != nil {
		if len(x.Hidden) != sha256.Size || x.Value != nil || x.List != nil || x.Nonce != nil {
			return hash{}, false
		}
		return hash(x.Hidden), true
	}
	if len(x.Nonce) != nonceSize || (p == PartFields) == (x.Value != nil) || p != PartFields && x.List != nil {
		return hash{}, false
	}
	var value []byte
	switch p {
	case PartFields:
		value = fieldBytes(x.List)
	case PartAt:
		t, err := time.Parse(time.RFC3339Nano, *x.Value)
		if err != nil || t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano) != *x.Value {
			return hash{}, false
		}
		value = timeBytes(t)
	default:
		value = []byte(*x.Value)
	}
	return commit(p, x.Nonce, value), true
}

// Open is the entry as far as it is shown: parts that are hidden are empty.
func (d Disclosure) Open() Entry {
	e := Entry{Seq: d.Seq}
	text := map[string]string{}
	for _, x := range d.Parts {
		if x.Value != nil {
			text[x.Part] = *x.Value
		}
		if x.Part == PartFields.String() {
			e.Fields = x.List
		}
	}
	e.At, _ = time.Parse(time.RFC3339Nano, text[PartAt.String()]) // zero when it is hidden
	e.Actor = text[PartKind.String()] + text[PartName.String()]
	e.Verb, e.Purpose, e.Basis = text[PartVerb.String()], text[PartPurpose.String()], text[PartBasis.String()]
	e.Object, e.Detail = text[PartObject.String()], text[PartDetail.String()]
	return e
}
