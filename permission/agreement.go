package permission

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/strictjson"
)

// Party is an organisation.
type Party struct {
	ID   string `json:"id"` // business id, as 0201256-6
	Name Texts  `json:"name"`
}

// SourceField is one field that is fetched, and what it is in plain words.
type SourceField struct {
	Field Field `json:"field"`
	What  Texts `json:"what"`
}

// SourceSpec is a register from which data is fetched.
type SourceSpec struct {
	ID         string        `json:"id"` // "incomes-register"
	Name       Texts         `json:"name"`
	Controller Party         `json:"controller"`
	Fields     []SourceField `json:"fields"`
}

// Signers says who gives a permission.
type Signers string

// Who gives a permission.
const (
	Self         Signers = "self"          // the person whose data it is
	OneGuardian  Signers = "one-guardian"  // any one guardian who decides
	AllGuardians Signers = "all-guardians" // all guardians who decide
)

// WayPermit is the id of the way that gives the permission; an agreement's
// first way has it.
const WayPermit = "permit"

// Way is one of the alternatives that a person has, all of equal weight.
type Way struct {
	ID    string `json:"id"`
	Title Texts  `json:"title"`
	Then  Texts  `json:"then"` // what happens then
}

// AgreementSpec is what an agreement is made of: the whole text that a person
// says yes or no to. A change of any of it is a new version.
type AgreementSpec struct {
	Purpose    string       `json:"purpose"`
	Version    int          `json:"version"` // from 1
	From       time.Time    `json:"from"`    // in force from this moment
	User       Party        `json:"user"`    // who uses the data
	Sources    []SourceSpec `json:"sources"`
	Basis      string       `json:"basis"` // the provision of the GDPR
	Law        string       `json:"law"`   // the statutory task
	Conditions []Condition  `json:"conditions"`
	Keep       Period       `json:"keep"`               // how long what was fetched is kept, from the decision it was used for
	KeepLaw    string       `json:"keep_law,omitempty"` // the law by which it outlives a withdrawal; "": it is deleted when the permission is withdrawn
	KeepWhy    Texts        `json:"keep_why,omitempty"` // the same for a resident; goes with KeepLaw
	Lasts      Period       `json:"lasts"`              // a permission expires so long after it was given
	Renew      Period       `json:"renew,omitzero"`     // so long before that it is asked for anew; none: RenewDays, and at most half of its time
	Recipients []Texts      `json:"recipients"`         // who else gets the data; none: nobody
	Signers    Signers      `json:"signers"`
	Title      Texts        `json:"title"`
	Why        Texts        `json:"why"`
	Without    Texts        `json:"without"` // what happens without the permission
	Ways       []Way        `json:"ways"`    // WayPermit first, and at least one other
}

// Agreement is a text that a person says yes or no to. Only NewAgreement and
// ParseAgreement make one; it cannot be changed.
type Agreement struct {
	_    [0]func()
	spec AgreementSpec
	body []byte // canonical JSON
	hash string
}

// NewAgreement checks that the agreement is whole and tells all that is wrong
// at once.
func NewAgreement(s AgreementSpec) (Agreement, error) {
	if err := checkAgreement(s); err != nil {
		return Agreement{}, err
	}
	s.From = s.From.UTC()
	body, err := canonical(s)
	if err != nil {
		return Agreement{}, fault.Wrap(err, "permission.NewAgreement", "the agreement cannot be written")
	}
	a := Agreement{body: body}
	if err := json.Unmarshal(body, &a.spec); err != nil { // a deep copy, of just what is hashed
		return Agreement{}, fault.New(fault.Internal, "permission.NewAgreement", "the agreement cannot be read back").Because(err)
	}
	sum := sha256.Sum256(body)
	a.hash = hex.EncodeToString(sum[:])
	return a, nil
}

// ParseAgreement reads the JSON of an agreement, as Agreement.JSON writes it.
// Unknown keys, and keys that stand twice, are faults.
func ParseAgreement(b []byte) (Agreement, error) {
	var s AgreementSpec
	if err := strictjson.Read(b, &s); err != nil {
		return Agreement{}, fault.Wrap(err, "permission.ParseAgreement", "the agreement is not readable")
	}
	return NewAgreement(s)
}

// canonical writes v as JSON with sorted keys and no spaces, so that the same
// content has the same bytes.
func canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func checkAgreement(s AgreementSpec) error {
	const op = "permission.NewAgreement"
	var l fault.List
	need := func(ok bool, what string) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, "the agreement has no %s", what))
		}
	}
	texts := func(t Texts, what string) {
		for _, lang := range person.Languages() {
			need(t[lang] != "", what+" in "+string(lang))
		}
		need(len(t) <= len(person.Languages()), what+" in fi, sv and en alone")
	}
	party := func(p Party, what string) {
		need(p.ID != "", "business id of "+what)
		texts(p.Name, "name of "+what)
	}
	need(s.Purpose != "", "purpose")
	need(s.Version > 0, "version (from 1)")
	need(!s.From.IsZero(), "moment from which it is in force (from)")
	party(s.User, "the user")
	need(s.Basis != "", "legal basis")
	need(s.Law != "", "law")
	need(has(s.Conditions, OwnPermission), "condition "+string(OwnPermission))
	checkConditions(&l, op, s.Conditions)
	checkKeep(s, need, texts)
	switch s.Signers {
	case Self:
	case OneGuardian, AllGuardians:
		need(has(s.Conditions, Guardian), "condition "+string(Guardian)+", though guardians sign")
	default:
		need(false, "signers (self, one-guardian or all-guardians)")
	}
	texts(s.Title, "title")
	texts(s.Why, "reason (why)")
	texts(s.Without, "word on what happens without it")
	for _, r := range s.Recipients {
		texts(r, "recipient")
	}
	checkSources(s, need, texts, party)
	checkWays(s.Ways, need, texts)
	return l.Err()
}

func checkKeep(s AgreementSpec, need func(bool, string), texts func(Texts, string)) {
	for _, p := range []struct {
		p    Period
		what string
	}{{s.Keep, "time for which the data is kept (keep)"}, {s.Lasts, "time for which a permission lasts (lasts)"}} {
		need(!p.p.IsZero() && p.p.Years >= 0 && p.p.Months >= 0 && p.p.Days >= 0, p.what)
	}
	need(s.Renew.Years >= 0 && s.Renew.Months >= 0 && s.Renew.Days >= 0 && (s.Renew.IsZero() || s.Renew.After(s.From).Before(s.Lasts.After(s.From))),
		"time before its end (renew) that is shorter than the permission lasts")
	if s.KeepLaw != "" {
		texts(s.KeepWhy, "reason why the data outlives a withdrawal (keep_why)")
		return
	}
	need(len(s.KeepWhy) == 0, "law (keep_law) for keeping the data after a withdrawal")
}

func checkSources(s AgreementSpec, need func(bool, string), texts func(Texts, string), party func(Party, string)) {
	need(len(s.Sources) > 0, "source")
	ids, fields := map[string]bool{}, map[Field]bool{}
	for _, src := range s.Sources {
		need(src.ID != "", "id of a source")
		need(!ids[src.ID], "single source "+src.ID)
		ids[src.ID] = true
		texts(src.Name, "name of source "+src.ID)
		party(src.Controller, "the controller of source "+src.ID)
		need(len(src.Fields) > 0, "field of source "+src.ID)
		for _, f := range src.Fields {
			need(f.Field != "", "name of a field of source "+src.ID)
			need(!fields[f.Field], "single source for field "+string(f.Field))
			fields[f.Field] = true
			texts(f.What, "word on what "+string(f.Field)+" is")
		}
	}
}

func checkWays(ways []Way, need func(bool, string), texts func(Texts, string)) {
	need(len(ways) > 1, "other way beside the permission")
	need(len(ways) > 0 && ways[0].ID == WayPermit, "first way named "+WayPermit)
	ids := map[string]bool{}
	for _, w := range ways {
		need(w.ID != "", "id of a way")
		need(!ids[w.ID], "single way "+w.ID)
		ids[w.ID] = true
		texts(w.Title, "title of way "+w.ID)
		texts(w.Then, "word on what happens after way "+w.ID)
	}
}

// IsZero reports whether the agreement did not come from NewAgreement.
func (a Agreement) IsZero() bool { return a.hash == "" }

// Hash is the SHA-256 of JSON, in hex: the name of exactly this text.
func (a Agreement) Hash() string { return a.hash }

// JSON is the agreement's canonical form: keys sorted, no spaces.
func (a Agreement) JSON() []byte { return bytes.Clone(a.body) }

// Purpose is the id of the purpose.
func (a Agreement) Purpose() string { return a.spec.Purpose }

// Version counts from 1 within a purpose.
func (a Agreement) Version() int { return a.spec.Version }

// From is the moment from which the agreement is in force.
func (a Agreement) From() time.Time { return a.spec.From }

// Lasts is how long a permission stands after it was given.
func (a Agreement) Lasts() Period { return a.spec.Lasts }

// Signers says who gives the permission.
func (a Agreement) Signers() Signers { return a.spec.Signers }

// Needs reports whether the condition is part of the agreement.
func (a Agreement) Needs(k ConditionKind) bool { return has(a.spec.Conditions, k) }

// Fields lists what may be fetched, from all sources, in the order of the text.
func (a Agreement) Fields() []Field {
	var out []Field
	for _, s := range a.spec.Sources {
		for _, f := range s.Fields {
			out = append(out, f.Field)
		}
	}
	return out
}

// Covers reports whether all of the fields are in the agreement; no field at
// all is not covered.
func (a Agreement) Covers(fields []Field) bool {
	mine := a.Fields()
	for _, f := range fields {
		if !slices.Contains(mine, f) {
			return false
		}
	}
	return len(fields) > 0
}

// Way finds one of the alternatives.
func (a Agreement) Way(id string) (Way, bool) {
	i := slices.IndexFunc(a.spec.Ways, func(w Way) bool { return w.ID == id })
	if i < 0 {
		return Way{}, false
	}
	return a.Spec().Ways[i], true
}

// Spec is a copy of all that the agreement says.
func (a Agreement) Spec() AgreementSpec {
	var s AgreementSpec
	if a.IsZero() {
		return s
	}
	_ = json.Unmarshal(a.body, &s) // NewAgreement read these bytes already
	return s
}
