package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/permission/receipt"
	"ennakko/person"
)

var update = flag.Bool("update", false, "write the golden receipt anew")

var now = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

const (
	mother person.ID = 123456781
	father person.ID = 123456782
	child  person.ID = 123456789
)

func three(s string) permission.Texts {
	return permission.Texts{person.Finnish: s + " fi", person.Swedish: s + " sv", person.English: s + " en"}
}

func agreement(t testing.TB, version int, signers permission.Signers) permission.Agreement {
	t.Helper()
	a, err := permission.NewAgreement(permission.AgreementSpec{Purpose: "early-education-fee-incomes", Version: version, From: now, User: permission.Party{ID: "0000000-0", Name: three("City")},
		Sources: []permission.SourceSpec{{ID: "incomes-register", Name: three("Incomes"), Controller: permission.Party{ID: "1111111-1", Name: three("Unit")},
			Fields: []permission.SourceField{{Field: "income.wages", What: three("wages")}, {Field: "income.benefits", What: three("benefits")}}}},
		Basis: "GDPR 6(1)(c)", Law: "Act 1503/2016", Lasts: permission.Period{Years: 1}, Keep: permission.Period{Years: 10}, KeepLaw: "Act 1", KeepWhy: three("kept"),
		Conditions: []permission.Condition{{Kind: permission.OwnPermission, Source: "source"}, {Kind: permission.Guardian, Source: "source"}}, Recipients: []permission.Texts{three("nobody else")},
		Signers: signers, Title: three("title"), Why: three("why"), Without: three("without"),
		Ways: []permission.Way{{ID: "permit", Title: three("permit"), Then: three("then")}, {ID: "documents", Title: three("documents"), Then: three("then")}}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// life is a permission with some events, and the record of a receipt for it.
func life(t testing.TB, signers permission.Signers, say []person.ID, steps ...func(permission.Agreement) permission.Event) receipt.Record {
	t.Helper()
	p, err := permission.New(42, mother, child, "early-education-fee-incomes")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[int]permission.Agreement{1: agreement(t, 1, signers), 2: agreement(t, 2, signers)}
	for i, s := range steps {
		e := s(texts[1])
		if e.Hash == "2" {
			e = s(texts[2])
			e.Version, e.Hash = 2, texts[2].Hash()
		}
		e.At = now.Add(time.Duration(i) * time.Hour)
		switch e.Kind {
		case permission.Expire:
			e.At = now.AddDate(2, 0, 0)
		case permission.Remind, permission.Renew, permission.Decline: // near its end
			e.At = e.At.AddDate(1, 0, -10)
		}
		if p, err = p.Apply(e, texts[e.Version], say); err != nil {
			t.Fatal(err)
		}
	}
	return receipt.Record{ID: "5d2f0a80-receipt", RecordID: "77ab-record", Made: now.AddDate(2, 0, 1), Permission: p, Event: len(steps) - 1,
		Agreement: func(v int) (permission.Agreement, error) { return texts[v], nil },
		Name:      func(id person.ID) string { return fmt.Sprintf("urn:pairwise:%c", 'a'+id-mother) },
		Contacts:  map[string]receipt.Contact{"0000000-0": {Address: "PL 1, 00099 City", Email: "kirjaamo@example.org"}},
		Countries: []string{"FI"}, Notice: "https://example.org/n", Withdraw: "https://example.org/w", Rights: "https://example.org/r"}
}

func step(k permission.EventKind, by person.ID, more ...string) func(permission.Agreement) permission.Event {
	return func(a permission.Agreement) permission.Event {
		e := permission.Step(k, a, by, now)
		for _, m := range more {
			switch {
			case m == "2":
				e.Hash = "2"
			case k == permission.End:
				e = e.For(permission.Cause(m))
			default:
				e = e.With(m)
			}
		}
		return e
	}
}

func key(n byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)) }

func keys(t testing.TB, all ...ed25519.PrivateKey) receipt.Keys {
	t.Helper()
	var public []ed25519.PublicKey
	for _, k := range all {
		public = append(public, k.Public().(ed25519.PublicKey))
	}
	out, err := receipt.NewKeys(public...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sign(t testing.TB, r receipt.Record, k ed25519.PrivateKey) string {
	t.Helper()
	made, err := receipt.Make(r)
	if err != nil {
		t.Fatal(err)
	}
	s, err := made.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachDecisionHasItsReceipt(t *testing.T) {
	ask, give := step(permission.Ask, 0), step(permission.Give, mother, "permit")
	one, both := []person.ID{mother}, []person.ID{mother, father}
	for _, tt := range []struct {
		name   string
		want   receipt.Status
		record receipt.Record
	}{
		{"asked", receipt.Requested, life(t, permission.Self, one, ask)},
		{"given", receipt.Given, life(t, permission.Self, one, ask, give)},
		{"given by one of two", receipt.Requested, life(t, permission.AllGuardians, both, ask, give)},
		{"given by both", receipt.Given, life(t, permission.AllGuardians, both, ask, give, step(permission.Give, father))},
		{"changed", receipt.Renewed, life(t, permission.Self, one, ask, give, step(permission.Ask, 0, "2"), step(permission.Give, mother, "2"))},
		{"refused", receipt.Refused, life(t, permission.Self, one, ask, step(permission.Refuse, mother, "documents"))},
		{"taken back", receipt.Withdrawn, life(t, permission.Self, one, ask, give, step(permission.Withdraw, mother))},
		{"expired", receipt.Expired, life(t, permission.Self, one, ask, give, step(permission.Expire, 0))},
		{"given anew before its end", receipt.Renewed, life(t, permission.Self, one, ask, give, step(permission.Remind, 0), step(permission.Renew, mother))},
		{"given anew by one of two", receipt.Requested, life(t, permission.AllGuardians, both, ask, give, step(permission.Give, father), step(permission.Renew, mother))},
		{"not given anew", receipt.Refused, life(t, permission.Self, one, ask, give, step(permission.Decline, mother))},
		{"ended", receipt.Revoked, life(t, permission.Self, one, ask, give, step(permission.End, 0, "moved"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := receipt.Verify([]byte(sign(t, tt.record, key(1))), keys(t, key(1)))
			if err != nil || got.Status != tt.want || got.ID != tt.record.ID || got.RecordID != tt.record.RecordID || got.Person != "urn:pairwise:a" {
				t.Fatalf("%+v, %v", got, err)
			}
			if strings.Contains(string(got.JSON), "12345678") {
				t.Error("a person's number is in the receipt")
			}
			if until := strings.Count(string(got.JSON), "dpv:UntilTimeDuration"); strings.HasPrefix(tt.name, "not given anew") && (until != 2 || !strings.Contains(string(got.JSON), "Lupaa ei jatketa")) {
				t.Errorf("what is let end has its last day %d times, want with the yes and with the no", until)
			}
			if a, _ := tt.record.Agreement(got.Version); a.Hash() != got.Hash {
				t.Error("the receipt names another text")
			}
		})
	}
}

// Every field that ISO/IEC TS 27560 calls mandatory is there, as the guide of
// the DPV names it.
func TestAReceiptHasEveryMandatoryField(t *testing.T) {
	r := life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0), step(permission.Give, mother, "permit"), step(permission.Withdraw, mother))
	r.Effects = []receipt.Effect{{What: three("incomes"), Deleted: true}, {What: three("decision"), Law: "Act 1"}}
	made, err := receipt.Make(r)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(made.JSON(), &doc); err != nil {
		t.Fatal(err)
	}
	for field, path := range map[string]string{
		"schema version": "dct:conformsTo", "receipt id": "dpv:hasIdentifier", "created": "dct:created",
		"record schema version": "dpv:hasRecordOfActivity/dct:conformsTo", "record id": "dpv:hasRecordOfActivity/dpv:hasIdentifier",
		"principal id": "dpv:hasRecordOfActivity/dpv:hasDataSubject/@id", "privacy notice": "dpv:hasRecordOfActivity/dpv:hasNotice/@id", "language": "dpv:hasRecordOfActivity/dpv:hasNotice/dct:language",
		"purpose": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasPurpose", "lawful basis": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasLegalBasis/@type/1",
		"pii": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasPersonalData/0/dct:identifier", "collection method": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasPersonalData/0/dpv:hasDataSource",
		"storage location": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasStorageCondition/0/dpv:hasLocation/0", "retention": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasStorageCondition/1/dpv:hasDuration",
		"recipients": "dpv:hasRecordOfActivity/dpv:hasProcess/dpv:hasRecipient/1", "controller": "dpv:hasRecordOfActivity/dpv:hasDataController", "jurisdiction": "dpv:hasRecordOfActivity/dpv:hasJurisdiction/0",
		"withdrawal": "dpv:hasRecordOfActivity/dpv:hasConsentControl/dpv:isExercisedAt", "rights": "dpv:hasRecordOfActivity/dpv:hasRight/0", "authority": "dpv:hasRecordOfActivity/dpv:hasAuthority",
		"party id": "dpv:hasRecordOfActivity/dpv:hasEntity/0/@id", "party name": "dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasName/2", "party address": "dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasAddress",
		"party contact": "dpv:hasRecordOfActivity/dpv:hasEntity/0/dpv:hasContact", "party type": "dpv:hasRecordOfActivity/dpv:hasEntity/1/@type/1",
		"event state": "dpv:hasRecordOfActivity/dpv:hasConsentStatus/2/@type/0", "event type": "dpv:hasRecordOfActivity/dpv:hasConsentStatus/1/@type/1", "event time": "dpv:hasRecordOfActivity/dpv:hasConsentStatus/0/dpv:isIndicatedAtTime",
		"validity": "dpv:hasRecordOfActivity/dpv:hasConsentStatus/1/dpv:hasDuration", "entity": "dpv:hasRecordOfActivity/dpv:hasConsentStatus/1/dpv:isIndicatedBy/@id",
		"what was deleted": "dpv:hasRecordOfActivity/ennakko:effect/0/ennakko:deleted", "the law of what is kept": "dpv:hasRecordOfActivity/ennakko:effect/1/ennakko:law",
	} {
		var at any = doc
		for _, part := range strings.Split(path, "/") {
			switch v := at.(type) {
			case map[string]any:
				at = v[part]
			case []any:
				i := int(part[0] - '0')
				if at = nil; i < len(v) {
					at = v[i]
				}
			default:
				at = nil
			}
		}
		if at == nil {
			t.Errorf("%s is not at %s", field, path)
		}
	}
	context, _ := doc["@context"].(map[string]any)
	words(t, context, doc)
	golden(t, made.JSON())
}

// words finds keys and types that the context does not name: a reader of
// JSON-LD would drop them without a word.
func words(t *testing.T, context map[string]any, at any) {
	t.Helper()
	known := func(term string) {
		prefix, _, ok := strings.Cut(term, ":")
		if iri, _ := context[prefix].(string); !ok || iri == "" {
			t.Errorf("%q has no meaning in the context", term)
		}
	}
	switch v := at.(type) {
	case []any:
		for _, x := range v {
			words(t, context, x)
		}
	case map[string]any:
		for k, x := range v {
			switch k {
			case "@context", "@id", "@value", "@language":
				continue
			case "@type":
				if one, ok := x.(string); ok {
					known(one)
					continue
				}
				for _, one := range x.([]any) {
					known(one.(string))
				}
				continue
			}
			known(k)
			words(t, context, x)
		}
	}
}

// golden holds the bytes fast: a receipt of today must come out the same in
// ten years.
func golden(t *testing.T, got []byte) {
	t.Helper()
	const file = "testdata/withdrawn.jsonld"
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("the receipt came out otherwise than in %s (%v); run with -update and look at the difference", file, err)
	}
}

func TestTheSameReceiptHasTheSameBytes(t *testing.T) {
	r := life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0), step(permission.Give, mother))
	first := sign(t, r, key(1))
	for range 20 {
		if sign(t, r, key(1)) != first {
			t.Fatal("two receipts of one event differ")
		}
	}
}

func TestAReceiptSaysNoMoreThanWasSoThen(t *testing.T) {
	r := life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0), step(permission.Give, mother), step(permission.Withdraw, mother))
	r.Event = 1
	got, err := receipt.Verify([]byte(sign(t, r, key(1))), keys(t, key(1)))
	if err != nil || got.Status != receipt.Given || strings.Contains(string(got.JSON), "Withdrawn") {
		t.Errorf("%v %v", got.Status, err)
	}
}

func TestAChangedReceiptIsFoundOut(t *testing.T) {
	signed := sign(t, life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0), step(permission.Give, mother)), key(1))
	all := keys(t, key(2), key(1)) // the new key first: keys change, receipts stay good
	if _, err := receipt.Verify([]byte(signed+"\n"), all); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed, ".")
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || !strings.Contains(string(header), `"kid"`) || !strings.Contains(string(header), `"EdDSA"`) {
		t.Errorf("the header is %s, %v", header, err)
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !ed25519.Verify(key(1).Public().(ed25519.PublicKey), []byte(parts[0]+"."+parts[1]), sig) {
		t.Error("the plain check of RFC 8037 does not find the signature good")
	}
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	changed := base64.RawURLEncoding.EncodeToString(bytes.Replace(body, []byte("ConsentGiven"), []byte("ConsentFaked"), 1))
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	other := sign(t, life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0)), key(1))
	for name, tt := range map[string]struct {
		text string
		keys receipt.Keys
		want fault.Kind
	}{
		"a changed text":         {parts[0] + "." + changed + "." + parts[2], all, fault.Tampered},
		"another's signature":    {parts[0] + "." + parts[1] + "." + strings.Split(other, ".")[2], all, fault.Tampered},
		"no signature":           {none + "." + parts[1] + ".", all, fault.Invalid},
		"a key that is not ours": {signed, keys(t, key(3)), fault.Missing},
		"no keys":                {signed, receipt.Keys{}, fault.Missing},
		"nonsense":               {"nonsense", all, fault.Invalid},
		"nothing":                {"", all, fault.Invalid},
		"too much":               {strings.Repeat("x", 2<<20), all, fault.Invalid},
	} {
		if _, err := receipt.Verify([]byte(tt.text), tt.keys); fault.KindOf(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysArePublishedAndReadBack(t *testing.T) {
	b, err := keys(t, key(1), key(2)).JSON()
	if err != nil || strings.Contains(string(b), `"d"`) {
		t.Fatalf("%s %v", b, err)
	}
	back, err := receipt.ParseKeys(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Verify([]byte(sign(t, life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0)), key(2))), back); err != nil {
		t.Error(err)
	}
	id, err := receipt.KeyID(key(1).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"x", `{"keys":[{"kty":"oct","k":"AAAA","kid":"x"}]}`, strings.Replace(string(b), id, "another", 1)} {
		if _, err := receipt.ParseKeys([]byte(bad)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	// RFC 8037, appendix A.3: the thumbprint of the key of appendix A.2.
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if id, _ := receipt.KeyID(public); err != nil || id != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("the thumbprint is %s", id)
	}
}

func TestAReceiptTellsAllThatIsMissingAtOnce(t *testing.T) {
	_, err := receipt.Make(receipt.Record{Effects: []receipt.Effect{{Deleted: true, Law: "x"}}})
	for _, want := range []string{"no id", "record id", "time", "such event", "agreements", "opaque name", "country", "notice", "withdraw", "rights", "law for data", "in sv"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %q in: %v", want, err)
		}
	}
	r := life(t, permission.Self, []person.ID{mother}, step(permission.Ask, 0))
	r.Contacts = nil
	if _, err := receipt.Make(r); fault.KindOf(err) != fault.Invalid {
		t.Errorf("without a contact: %v", err)
	}
	if _, err := (receipt.Receipt{}).Sign(key(1)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty receipt: %v", err)
	}
}

// Whatever text comes, Verify says no and does not break; what it takes is
// signed by the key.
func FuzzVerify(f *testing.F) {
	signed := sign(f, life(f, permission.Self, []person.ID{mother}, step(permission.Ask, 0), step(permission.Give, mother)), key(1))
	for _, s := range []string{signed, signed[1:], signed[:len(signed)-4], "..", "a.b.c", "{}", ""} {
		f.Add([]byte(s))
	}
	public, err := receipt.NewKeys(key(1).Public().(ed25519.PublicKey))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := receipt.Verify(b, public); err == nil && !strings.Contains(signed, base64.RawURLEncoding.EncodeToString(got.JSON)) {
			t.Errorf("a receipt that nobody signed is taken: %s", got.JSON)
		}
	})
}
