// Package receipt writes receipts of what a person decided about a permission:
// given, given in part, changed, refused, taken back, ended. A receipt is
// JSON-LD with the fields of ISO/IEC TS 27560:2023 in the terms of the W3C Data
// Privacy Vocabulary (DPV), by the DPV's guide for that specification and its
// profile receipt-eu-gdpr. It is signed as a JWS with Ed25519 (RFC 7515, RFC
// 8037), and anyone can check it with the published keys.
//
// A receipt names people only by the opaque names that the caller hands in:
// they should be different for each receiver (pairwise), and mean nothing
// outside.
package receipt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
)

// Profiles of the schema to which a receipt and the record in it conform.
const (
	ReceiptProfile = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
	RecordProfile  = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
)

// Contact is where an organisation can be reached.
type Contact struct {
	Address string // postal, in one line
	Email   string
	URL     string
}

// Effect is what a withdrawal or an end did to the data.
type Effect struct {
	What    permission.Texts // which data
	Deleted bool
	Law     string // by which it is kept, if it was not deleted
}

// Record is what a receipt is made of.
type Record struct {
	ID         string    // of this receipt, opaque: a UUID
	RecordID   string    // of the permission, opaque, the same in all of its receipts
	Made       time.Time // when the receipt is written
	Permission permission.Permission
	Event      int // which of the permission's events the receipt is about, from 0
	Agreement  func(version int) (permission.Agreement, error)
	Name       func(person.ID) string // the opaque name of a person
	Contacts   map[string]Contact     // by business id; the user of the data must be there
	Countries  []string               // where the data is kept: ISO 3166, "FI"
	Notice     string                 // address of the agreement's text
	Withdraw   string                 // address where the permission is given and taken back
	Rights     string                 // address where the rights are used
	Effects    []Effect
}

// Receipt is a receipt that is written and not signed yet. Make makes one.
type Receipt struct {
	body []byte
}

// JSON is the receipt's text: the same record gives the same bytes.
func (r Receipt) JSON() []byte { return bytes.Clone(r.body) }

// Make writes the receipt of one event. The life up to that event is told
// again, so that a receipt never says more than was so at that time.
func Make(r Record) (Receipt, error) {
	const op = "receipt.Make"
	if err := r.check(op); err != nil {
		return Receipt{}, err
	}
	events := r.Permission.Events()[:r.Event+1]
	var steps []any
	for i := range events {
		before, err := r.until(i)
		if err != nil {
			return Receipt{}, err
		}
		after, err := r.until(i + 1)
		if err != nil {
			return Receipt{}, err
		}
		step, err := r.step(events[i], before, after)
		if err != nil {
			return Receipt{}, err
		}
		steps = append(steps, step)
	}
	a, err := r.Agreement(events[r.Event].Version)
	if err != nil {
		return Receipt{}, fault.Wrap(err, op, "the agreement is not there")
	}
	user := a.Spec().User.ID
	if c := r.Contacts[user]; c.Address == "" || c.Email == "" && c.URL == "" {
		return Receipt{}, fault.New(fault.Invalid, op, "the receipt does not say how to reach who uses the data").Do("give the address and contact of %s", user)
	}
	body, err := write(r.document(a, steps))
	if err != nil {
		return Receipt{}, fault.Wrap(err, op, "the receipt cannot be written")
	}
	return Receipt{body}, nil
}

func write(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // keys of maps come out sorted
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func (r Record) check(op string) error {
	var l fault.List
	need := func(ok bool, what string) {
		if !ok {
			l.Add(fault.New(fault.Invalid, op, "the receipt has no %s", what))
		}
	}
	need(r.ID != "", "id")
	need(r.RecordID != "", "id of the permission (record id)")
	need(!r.Made.IsZero(), "time")
	need(r.Event >= 0 && r.Event < len(r.Permission.Events()), "such event of the permission")
	need(r.Agreement != nil, "agreements")
	need(r.Name != nil && r.Name(r.Permission.Subject()) != "", "opaque name of the person")
	need(len(r.Countries) > 0, "country where the data is kept")
	need(r.Notice != "", "address of the agreement (notice)")
	need(r.Withdraw != "", "address to take it back (withdraw)")
	need(r.Rights != "", "address to use one's rights (rights)")
	for _, e := range r.Effects {
		need(e.Deleted != (e.Law != ""), "law for data that is kept, and none for data that is deleted")
		for _, lang := range person.Languages() {
			need(e.What[lang] != "", "word on what was deleted or kept in "+string(lang))
		}
	}
	return l.Err()
}

// until is the permission as it was before event n.
func (r Record) until(n int) (permission.Permission, error) {
	p := r.Permission
	return permission.Restore(p.ID(), p.Subject(), p.About(), p.Purpose(), p.Events()[:n], r.Agreement)
}

// object is one node of JSON-LD.
type object = map[string]any

// prefixes is the context: nothing of it is fetched when the receipt is read.
func prefixes() object {
	return object{
		"dct": "http://purl.org/dc/terms/", "dpv": "https://w3id.org/dpv#", "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
		"loc": "https://w3id.org/dpv/loc#", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "schema": "https://schema.org/", "xsd": "http://www.w3.org/2001/XMLSchema#",
		"ennakko":     "urn:ennakko:terms:", // what DPV has no word for
		"dct:created": object{"@type": "xsd:dateTime"}, "dct:issued": object{"@type": "xsd:dateTime"}, "dpv:isIndicatedAtTime": object{"@type": "xsd:dateTime"},
	}
}

func ref(id string) object { return object{"@id": id} }

func refs(prefix string, ids ...string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = ref(prefix + id)
	}
	return out
}

// said is a text in the languages of service.
func said(t permission.Texts) []any {
	var out []any
	for _, l := range person.Languages() {
		if t[l] != "" {
			out = append(out, object{"@language": string(l), "@value": t[l]})
		}
	}
	return out
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r Record) document(a permission.Agreement, steps []any) object {
	s := a.Spec()
	return object{
		"@context": prefixes(), "@id": urn(r.ID), "@type": "dpv:ConsentReceipt",
		"dpv:hasIdentifier": r.ID, "dct:conformsTo": ref(ReceiptProfile), "dct:created": moment(r.Made),
		"dct:publisher": ref(party(s.User.ID)), "schema:recipient": ref(r.Name(r.Permission.Subject())),
		"dpv:hasRecordOfActivity": object{
			"@id": urn(r.RecordID), "@type": "dpv:ConsentRecord", "dpv:hasIdentifier": r.RecordID, "dct:conformsTo": ref(RecordProfile),
			"dpv:hasDataSubject":    object{"@id": r.Name(r.Permission.Subject()), "@type": "dpv:DataSubject"},
			"dpv:hasDataController": ref(party(s.User.ID)),
			"dpv:hasJurisdiction":   []any{ref("loc:FI"), ref("loc:EU")},
			"dpv:hasApplicableLaw":  ref("eu-gdpr:GDPR"),
			"dpv:hasAuthority": object{"@type": "dpv:DataProtectionAuthority", "schema:url": "https://tietosuoja.fi",
				"dpv:hasName": said(permission.Texts{person.Finnish: "Tietosuojavaltuutetun toimisto", person.Swedish: "Dataombudsmannens byrå", person.English: "Office of the Data Protection Ombudsman"})},
			"dpv:hasProcess":       r.process(s),
			"dpv:hasEntity":        r.parties(s),
			"dpv:hasNotice":        object{"@id": r.Notice, "@type": "dpv:ConsentNotice", "dct:issued": moment(s.From), "dct:language": []any{"fi", "sv", "en"}, "dct:title": said(s.Title), "ennakko:version": s.Version, "ennakko:sha256": a.Hash()},
			"dpv:hasConsentStatus": steps,
			"dpv:hasConsentControl": object{"@type": []any{"dpv:ProvideConsent", "dpv:WithdrawConsent"}, "dpv:isExercisedAt": r.Withdraw,
				"ennakko:without": said(s.Without)},
			"dpv:hasRight":      r.rights(s),
			"ennakko:condition": conditions(s.Conditions),
			"ennakko:effect":    effects(r.Effects),
		},
	}
}

func urn(id string) string {
	if strings.Contains(id, ":") {
		return id
	}
	return "urn:ennakko:" + id
}

func party(id string) string { return "urn:ennakko:party:" + id }

func (r Record) process(s permission.AgreementSpec) object {
	var data []any
	for _, src := range s.Sources {
		for _, f := range src.Fields {
			data = append(data, object{"@type": "dpv:PersonalData", "dct:identifier": string(f.Field), "dct:title": said(f.What),
				"dpv:hasDataSource": ref(party(src.Controller.ID)), "ennakko:register": src.ID, "dpv:hasNecessity": ref("dpv:Optional")})
		}
	}
	recipients := []any{ref(party(s.User.ID))}
	for _, t := range s.Recipients {
		recipients = append(recipients, object{"@type": "dpv:Recipient", "dpv:hasName": said(t)})
	}
	deletion := object{"@type": "dpv:StorageDeletion"}
	if s.KeepLaw == "" {
		deletion["dpv:hasDuration"] = object{"@type": "dpv:UntilEventDuration", "rdf:value": "withdrawal"}
	} else {
		deletion["dpv:hasDuration"], deletion["dct:description"], deletion["ennakko:law"] = duration(s.Keep), said(s.KeepWhy), s.KeepLaw
	}
	return object{
		"@type":               "dpv:Process",
		"dct:title":           said(s.Title),
		"dpv:hasPurpose":      object{"@type": "dpv:Purpose", "dct:identifier": s.Purpose, "dct:description": said(s.Why)},
		"dpv:hasLegalBasis":   basis(s),
		"dpv:hasPersonalData": data,
		"dpv:hasProcessing":   refs("dpv:", "Collect", "Store", "Use"),
		"dpv:hasRecipient":    recipients,
		"dpv:hasStorageCondition": []any{
			object{"@type": "dpv:StorageLocation", "dpv:hasLocation": refs("loc:", r.Countries...)},
			object{"@type": "dpv:StorageDuration", "dpv:hasDuration": duration(s.Keep)},
			deletion,
		},
	}
}

func duration(p permission.Period) object {
	return object{"@type": "dpv:TemporalDuration", "rdf:value": p.String()}
}

var (
	gdpr6 = regexp.MustCompile(`\b6\(1\)\(([a-f])\)`)
	gdpr9 = regexp.MustCompile(`\b9\(2\)\(([a-j])\)`)
)

// basis names the provisions of articles 6(1) and 9(2) that the agreement
// names, and its statutory task.
func basis(s permission.AgreementSpec) object {
	types := []any{"dpv:LegalBasis"}
	for _, m := range gdpr6.FindAllStringSubmatch(s.Basis, -1) {
		types = append(types, "eu-gdpr:A6-1-"+m[1])
	}
	for _, m := range gdpr9.FindAllStringSubmatch(s.Basis, -1) {
		types = append(types, "eu-gdpr:A9-2-"+m[1])
	}
	return object{"@type": types, "dct:description": s.Basis, "ennakko:law": s.Law}
}

func (r Record) parties(s permission.AgreementSpec) []any {
	seen := map[string]bool{}
	var out []any
	add := func(p permission.Party, kind string) {
		if seen[p.ID] {
			return
		}
		seen[p.ID] = true
		o := object{"@id": party(p.ID), "@type": []any{"dpv:PublicSectorBody", kind}, "dct:identifier": p.ID, "dpv:hasName": said(p.Name)}
		c := r.Contacts[p.ID]
		for k, v := range map[string]string{"dpv:hasAddress": c.Address, "dpv:hasContact": c.Email, "schema:url": c.URL} {
			if v != "" {
				o[k] = v
			}
		}
		out = append(out, o)
	}
	add(s.User, "dpv:DataController")
	for _, src := range s.Sources {
		add(src.Controller, "dpv:DataSource")
	}
	return out
}

// rights are those that go with the basis: one can object where the task is one
// of public interest (GDPR 21), and take one's data along only where the basis
// is consent or a contract (GDPR 20).
func (r Record) rights(s permission.AgreementSpec) []any {
	all := []string{"A7-3", "A15", "A16", "A17", "A18"}
	letters := ""
	for _, m := range gdpr6.FindAllStringSubmatch(s.Basis, -1) {
		letters += m[1]
	}
	if strings.ContainsAny(letters, "ab") {
		all = append(all, "A20")
	}
	if strings.ContainsAny(letters, "ef") {
		all = append(all, "A21")
	}
	all = append(all, "A77")
	var out []any
	for _, id := range all {
		out = append(out, object{"@type": []any{"dpv:DataSubjectRight", "eu-gdpr:" + id}, "dpv:isExercisedAt": r.Rights})
	}
	return out
}

func conditions(all []permission.Condition) []any {
	out := []any{}
	for _, c := range all {
		text := permission.Texts{}
		for _, l := range person.Languages() {
			text[l] = c.Text(l)
		}
		out = append(out, object{"dct:identifier": string(c.Kind), "dct:source": c.Source, "dct:description": said(text)})
	}
	return out
}

func effects(all []Effect) []any {
	out := []any{}
	for _, e := range all {
		o := object{"dct:description": said(maps.Clone(e.What)), "ennakko:deleted": e.Deleted}
		if !e.Deleted {
			o["ennakko:law"] = e.Law
		}
		out = append(out, o)
	}
	return out
}

func (r Record) by(id person.ID, user permission.Party) (object, error) {
	if id == 0 {
		return ref(party(user.ID)), nil
	}
	name := r.Name(id)
	if name == "" {
		return nil, fault.New(fault.Invalid, "receipt.Make", "somebody who decided has no opaque name")
	}
	kind := "dpv:GuardianOfDataSubject"
	if id == r.Permission.Subject() {
		kind = "dpv:DataSubject"
	}
	return object{"@id": name, "@type": kind}, nil
}

// step is one event with the status that it led to.
func (r Record) step(e permission.Event, before, after permission.Permission) (object, error) {
	a, err := r.Agreement(e.Version)
	if err != nil {
		return nil, fault.Wrap(err, "receipt.Make", "the agreement is not there")
	}
	by, err := r.by(e.By, a.Spec().User)
	if err != nil {
		return nil, err
	}
	types := []any{"dpv:" + string(statusOf(e, before, after))}
	yes := e.Kind == permission.Give || e.Kind == permission.Renew
	if yes {
		types = append(types, "dpv:ExplicitlyExpressedConsent")
	}
	o := object{"@type": types, "dpv:isIndicatedAtTime": moment(e.At), "dpv:isIndicatedBy": by,
		"ennakko:event": e.Kind.String(), "ennakko:version": e.Version, "ennakko:sha256": e.Hash}
	if e.Way != "" {
		if way, ok := a.Way(e.Way); ok {
			o["dpv:hasIndicationMethod"] = said(way.Title)
			o["ennakko:way"] = e.Way
		}
	}
	switch now := answer(after, e.Version); {
	case yes && whole(now):
		o["dpv:hasDuration"] = until(now)
	case yes:
		o["dct:description"], o["dpv:hasDuration"] = said(reason(permission.WhyPartly)), until(now)
	case e.Kind == permission.Decline:
		o["dct:description"], o["dpv:hasDuration"] = said(declined), until(now)
	default:
		o["dpv:hasDuration"] = object{"@type": "dpv:UntilEventDuration", "rdf:value": "next decision"}
	}
	if e.Cause != "" {
		o["ennakko:cause"] = string(e.Cause)
		o["dct:description"] = said(reason(permission.Why(e.Cause)))
	}
	return o, nil
}

// declined says what somebody decides who does not give a permission anew.
var declined = permission.Texts{
	person.Finnish: "Lupaa ei jatketa. Se on voimassa määräaikansa loppuun.",
	person.Swedish: "Tillståndet förlängs inte. Det gäller till slutet av sin giltighetstid.",
	person.English: "The permission will not be given anew. It stands until its time is over.",
}

func until(w permission.Answer) object {
	return object{"@type": "dpv:UntilTimeDuration", "rdf:value": moment(w.Until)}
}

// whole reports whether all who must sign have signed what was last given.
func whole(w permission.Answer) bool { return w.State == permission.Standing && len(w.Again) == 0 }

func answer(p permission.Permission, version int) permission.Answer {
	for _, w := range p.Answers() {
		if w.Version == version {
			return w
		}
	}
	return permission.Answer{}
}

func reason(w permission.Why) permission.Texts {
	out := permission.Texts{}
	for _, l := range person.Languages() {
		out[l] = w.Words(l)
	}
	return out
}

// Status is a status of consent in DPV.
type Status string

// The statuses that a receipt has. Revoked is an end by another than the
// person.
const (
	Requested Status = "ConsentRequested"
	Given     Status = "ConsentGiven"
	Renewed   Status = "RenewedConsentGiven"
	Refused   Status = "ConsentRefused"
	Withdrawn Status = "ConsentWithdrawn"
	Expired   Status = "ConsentExpired"
	Revoked   Status = "ConsentRevoked"
)

// statusOf is the status that an event led to. What only some of those who must
// sign have given is still asked for.
func statusOf(e permission.Event, before, after permission.Permission) Status {
	switch e.Kind {
	case permission.Ask, permission.Remind:
	case permission.Renew:
		if whole(answer(after, e.Version)) {
			return Renewed
		}
	case permission.Decline:
		return Refused
	case permission.Give:
		if after.Of(e.Version) != permission.Standing {
			return Requested
		}
		for _, w := range before.Answers() {
			if w.State == permission.Standing || w.State == permission.Expired {
				return Renewed
			}
		}
		return Given
	case permission.Refuse:
		return Refused
	case permission.Withdraw:
		return Withdrawn
	case permission.Expire:
		return Expired
	case permission.End:
		return Revoked
	}
	return Requested
}

// String tells a receipt from another without its content.
func (r Receipt) String() string { return fmt.Sprintf("[receipt, %d bytes]", len(r.body)) }
