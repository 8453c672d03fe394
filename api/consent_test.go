package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"ennakko/api"
	"ennakko/permission"
)

// consents is the consent protocol, asked as one caller after another.
type consents struct {
	*city
	*protocol
	individual string
	agreement  string
}

type object = map[string]any

func newConsents(t *testing.T) *consents {
	t.Helper()
	c := newCity(t)
	a, err := c.service.Agreement()
	c.must(err)
	x := &consents{c, newProtocol(t, "govstack-consent/consent-openapi.yaml", func(path string) string { return strings.TrimPrefix(path, api.ConsentPrefix) }), "", a.Purpose()}
	said := x.right(school, "POST", "/service/individual/", object{"individual": object{"id": "", "externalId": c.code[c.adults[0]], "externalIdType": "urn:oid:1.2.246.21"}})
	x.individual, _ = said["individual"].(object)["id"].(string)
	return x
}

// try asks. A body is sent as JSON, the header names the individual.
func (x *consents) try(token, method, path string, body any) answered {
	x.Helper()
	q := asked{Method: method, Path: api.ConsentPrefix + path, Token: token}
	if x.individual != "" && strings.HasPrefix(path, "/service/individual/record/") {
		q.Header = map[string]string{api.IndividualHeader: x.individual}
	}
	switch b := body.(type) {
	case nil:
	case string:
		q.Body = b
	default:
		raw, err := json.Marshal(b)
		x.must(err)
		q.Body = string(raw)
	}
	return x.hold(x.city, q)
}

// right asks what must be answered.
func (x *consents) right(token, method, path string, body any) object {
	x.Helper()
	a := x.try(token, method, path, body)
	if a.Status != http.StatusOK {
		x.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	if len(a.Body) == 0 {
		return nil
	}
	var out object
	x.must(json.Unmarshal(a.Body, &out))
	return out
}

// wrong asks what must be refused, for a reason.
func (x *consents) wrong(code, token, method, path string, body any) {
	x.Helper()
	if a := x.try(token, method, path, body); a.Status != http.StatusBadRequest || a.code() != code {
		x.Errorf("%s %s: %d %s, not %s", method, path, a.Status, a.Body, code)
	}
}

func (x *consents) state() permission.State {
	x.Helper()
	all, err := x.service.Permissions(x.Context(), x.adults[0])
	x.must(err)
	return all[0].State
}

const ofOne = "/service/individual/record/"

// sign puts the person's own signature under a payload.
func (x *consents) sign(sig object, who string) object {
	out := maps.Clone(sig)
	out["signature"] = x.token(who, "school-app", "", fmt.Sprint(sig["verificationPayloadHash"]))
	return out
}

func TestAPermissionIsGivenAndTakenBackOverTheWire(t *testing.T) {
	x := newConsents(t)
	draft := x.right(school, "POST", ofOne+"consent-record/draft/?individualId="+x.individual+"&dataAgreementId="+x.agreement, nil)
	record, sig := draft["consentRecord"].(object), draft["signature"].(object)
	if record["id"] != "" || sig["id"] != "" || record["state"] != "unsigned" || x.state() != permission.Unasked {
		t.Fatalf("a draft is kept: %v; %v", record, x.state())
	}
	record["optIn"] = true
	pair := func(r, s object) object { return object{"consentRecord": r, "signature": s} }
	for name, forged := range map[string]object{"unsigned": sig, "of another person": x.sign(sig, "father"), "of somebody unknown": x.sign(sig, "stranger"), "weakly identified": x.sign(sig, "weak-mother")} {
		if a := x.try(school, "POST", ofOne+"consent-record/", pair(record, forged)); a.code() != "bad-signature" || x.state() != permission.Unasked {
			t.Fatalf("a signature that is %s: %d %s", name, a.Status, a.Body)
		}
	}
	other := maps.Clone(sig)
	other["verificationPayloadHash"] = strings.Repeat("0", 64)
	x.wrong("other-payload", school, "POST", ofOne+"consent-record/", pair(record, x.sign(other, "mother")))
	stale := maps.Clone(record)
	stale["dataAgreementRevisionHash"] = "x"
	x.wrong("other-revision", school, "POST", ofOne+"consent-record/", pair(stale, x.sign(sig, "mother")))

	signed := x.sign(sig, "mother")
	given := x.right(school, "POST", ofOne+"consent-record/", pair(record, signed))
	got := given["consentRecord"].(object)
	if got["id"] == "" || got["optIn"] != true || got["state"] != "signed" || x.state() != permission.Standing {
		t.Fatalf("%v; %v", got, x.state())
	}
	if strings.Contains(fmt.Sprint(given), x.code[x.adults[0]]) || strings.Contains(fmt.Sprint(given["signature"]), fmt.Sprint(signed["signature"])) {
		t.Error("the answer repeats the identity code or the token")
	}
	// The same signature is good once: after a withdrawal it gives nothing.
	id := fmt.Sprint(got["id"])
	no := object{"id": id, "dataAgreementRevisionHash": got["dataAgreementRevisionHash"], "state": got["state"], "optIn": false}
	gone := x.right(school, "PUT", ofOne+"consent-record/"+id+"/", object{"consentRecord": no})
	if gone["consentRecord"].(object)["optIn"] != false || x.state() != permission.Withdrawn {
		t.Fatalf("%v; %v", gone, x.state())
	}
	x.wrong("other-payload", school, "POST", ofOne+"consent-record/", pair(record, signed))
	if x.state() != permission.Withdrawn {
		t.Fatalf("an old signature gives the permission again: %v", x.state())
	}
	x.chained(t, id)
	x.onRecord(t, "system:school", "bring a person's signature")
	x.onRecord(t, fmt.Sprintf("resident:%d", x.adults[0]), "give a permission")
	x.onRecord(t, fmt.Sprintf("resident:%d", x.adults[0]), "take a permission back")
	for _, code := range x.code {
		if strings.Contains(x.log.String(), code) {
			t.Error("an identity code stands in the log")
		}
	}
}

// chained checks that the revisions of a record follow from one another.
func (x *consents) chained(t *testing.T, id string) {
	t.Helper()
	r := x.right(school, "GET", "/service/verification/consent-record/"+id+"/", nil)["revision"].(object)
	if r["predecessorHash"] == "" || r["predecessorHash"] == r["serializedHash"] || r["objectId"] != id || !strings.Contains(fmt.Sprint(r["serializedSnapshot"]), `"event":"withdraw"`) {
		t.Errorf("%v", r)
	}
}

func (x *consents) onRecord(t *testing.T, actor, verb string) {
	t.Helper()
	all, err := x.app.DB.Uses(t.Context(), x.adults[0], 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Actor == actor && e.Verb == verb {
			return
		}
	}
	t.Errorf("%s: %q is not on the record", actor, verb)
}

// refused are those that are refused whatever is asked: what they would change is
// never changed over the wire.
var refused = []string{"configDataAgreementCreate", "configDataAgreementDelete", "configDataAgreementUpdate", "configPolicyCreate", "configPolicyDelete", "configPolicyUpdate"}

func TestEveryOperationOfTheConsentProtocolAnswersAsItsFileSays(t *testing.T) {
	x := newConsents(t)
	x.config(t)
	x.individuals(t)
	x.records(t)
	x.looks(t)
	x.hooks(t)
	for _, op := range refused {
		if x.good[op] != 0 || x.bad[op] == 0 {
			t.Errorf("%s: %d right, %d wrong", op, x.good[op], x.bad[op])
		}
	}
	x.whole(t, refused...)
	if n := len(x.all()); n != 42 {
		t.Errorf("the file has %d operations", n)
	}
}

func (x *consents) config(t *testing.T) {
	t.Helper()
	policy, agreement := "/config/policy/"+x.agreement+"-policy/", "/config/data-agreement/"+x.agreement+"/"
	aPolicy := object{"policy": object{"id": "", "name": "n", "version": "1", "url": "https://x.example"}}
	anAgreement := object{"dataAgreement": object{"id": "", "version": "1", "purpose": "p", "lawfulBasis": "consent", "dpia": ""}}
	const fixed = "comes-with-the-service"
	x.wrong(fixed, office, "POST", "/config/policy/", aPolicy)
	x.wrong(fixed, office, "PUT", policy, aPolicy)
	x.wrong(fixed, office, "DELETE", policy, nil)
	x.wrong(fixed, office, "POST", "/config/data-agreement/", anAgreement)
	x.wrong(fixed, office, "PUT", agreement, anAgreement)
	x.wrong(fixed, office, "DELETE", agreement, nil)
	for _, body := range []any{`{`, `{"policy":{}}`, `{"policy":{"id":"","name":1,"version":"1","url":""}}`, `{"policy":null}`, `{"x":1}`} {
		for _, at := range [][2]string{{"POST", "/config/policy/"}, {"PUT", policy}} {
			if a := x.try(office, at[0], at[1], body); a.Status != http.StatusBadRequest || a.code() == fixed {
				t.Errorf("%s: %d %s", body, a.Status, a.Body)
			}
		}
	}
	for _, path := range []string{policy, policy + "revisions/", "/config/policies/", agreement, "/config/data-agreements/", "/service/data-agreement/" + x.agreement + "/", "/service/policy/" + x.agreement + "-policy/"} {
		said := x.right(office, "GET", path, nil)
		if !strings.Contains(fmt.Sprint(said), x.agreement) {
			t.Errorf("%s: %v", path, said)
		}
		if a := x.try(office, "GET", path+"?nobody=knows", nil); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	old := x.right(office, "GET", policy+"?revisionId="+x.agreement+"-policy-v1", nil)
	if old["revision"].(object)["id"] != x.agreement+"-policy-v1" {
		t.Errorf("%v", old)
	}
	x.wrong("no-such-revision", office, "GET", policy+"?revisionId=x", nil)
	x.wrong("no-such-policy", office, "GET", "/config/policy/x/", nil)
	x.wrong("no-such-agreement", office, "GET", "/config/data-agreement/x/", nil)
	for _, page := range []string{"?limit=-1", "?offset=x", "?limit=101", "?limit=1&limit=1"} {
		if a := x.try(office, "GET", "/config/policies/"+page, nil); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", page, a.Status)
		}
	}
}

func (x *consents) individuals(t *testing.T) {
	t.Helper()
	code := x.code[x.adults[0]]
	const kind = "urn:oid:1.2.246.21"
	body := func(id, external, kind string) object {
		return object{"individual": object{"id": id, "externalId": external, "externalIdType": kind}}
	}
	numbers := map[string]bool{}
	for _, of := range []struct{ token, path string }{{school, "/service/"}, {office, "/config/"}} {
		said := x.right(of.token, "POST", of.path+"individual/", body("", code, kind))["individual"].(object)
		id := fmt.Sprint(said["id"])
		numbers[id] = true
		if said["externalId"] != nil {
			t.Error("the identity code is sent back")
		}
		one := of.path + "individual/" + id + "/"
		x.right(of.token, "GET", one, nil)
		list := x.right(of.token, "GET", of.path+"individuals/", nil)["individuals"].([]any)
		if len(list) != 1 {
			t.Errorf("%v", list)
		}
		x.wrong("no-such-individual", of.token, "GET", of.path+"individual/x/", nil)
		x.wrong("bad-external-id", of.token, "POST", of.path+"individual/", body("", "x", kind))
		x.wrong("bad-external-id", of.token, "POST", of.path+"individual/", body("", code, "email"))
		x.wrong("no-such-individual", of.token, "POST", of.path+"individual/", body("", "131052-308T", kind))
		x.wrong("id-given", of.token, "POST", of.path+"individual/", body("x", code, kind))
		x.wrong("lacking", of.token, "POST", of.path+"individual/", object{"individual": object{}})
		x.wrong("invalid", of.token, "POST", of.path+"individual/", `{"individual":{"id":1}}`)
		x.wrong("invalid", of.token, "GET", of.path+"individuals/?x=1", nil)
	}
	one := "/service/individual/" + x.individual + "/"
	changed := x.right(school, "PUT", one, object{"individual": object{"id": x.individual, "identityProviderId": "suomi.fi"}})["individual"].(object)
	if changed["identityProviderId"] != "suomi.fi" {
		t.Errorf("%v", changed)
	}
	x.wrong("other-individual", school, "PUT", one, body(x.individual, x.code[x.adults[1]], kind))
	x.wrong("other-individual", school, "PUT", one, object{"individual": object{"id": "x"}})
	if len(numbers) != 2 {
		t.Error("two callers have one number for a person")
	}
	for id := range numbers {
		if id != x.individual {
			x.wrong("no-such-individual", school, "GET", "/service/individual/"+id+"/", nil)
		}
	}
}

func (x *consents) records(t *testing.T) {
	t.Helper()
	byAgreement := ofOne + "data-agreement/" + x.agreement + "/"
	x.wrong("no-such-record", school, "GET", byAgreement, nil)
	x.wrong("no-individual", school, "POST", byAgreement+"?individualId=x", nil)
	x.wrong("no-individual", school, "POST", byAgreement, nil)
	x.wrong("no-such-agreement", school, "POST", ofOne+"data-agreement/x/?individualId="+x.individual, nil)
	x.wrong("other-revision", school, "POST", byAgreement+"?individualId="+x.individual+"&revisionId=x", nil)
	x.wrong("lacking", school, "POST", ofOne+"consent-record/draft/", nil)
	asked := x.right(school, "POST", byAgreement+"?individualId="+x.individual, nil)["consentRecord"].(object)
	if asked["state"] != "unsigned" || asked["optIn"] != nil || x.state() != permission.Asked {
		t.Fatalf("%v; %v", asked, x.state())
	}
	id := fmt.Sprint(asked["id"])
	one := ofOne + "consent-record/" + id + "/"
	x.right(school, "GET", byAgreement, nil)
	x.right(school, "GET", fmt.Sprintf("%sdata-agreement/%s~%d/", ofOne, x.agreement, x.matter), nil)
	x.wrong("no-matter", school, "GET", ofOne+"data-agreement/"+x.agreement+"~999999/", nil)
	for _, list := range []string{byAgreement + "all/", ofOne + "consent-record/"} {
		if all := x.right(school, "GET", list, nil)["consentRecords"].([]any); len(all) != 1 {
			t.Errorf("%v", all)
		}
		x.wrong("bad-number", school, "GET", list+"?limit=x", nil)
	}
	yes := func(change object) object {
		r := object{"id": id, "dataAgreementRevisionHash": asked["dataAgreementRevisionHash"], "state": "unsigned", "optIn": true}
		maps.Copy(r, change)
		return object{"consentRecord": r}
	}
	x.wrong("needs-signature", school, "PUT", one, yes(nil))
	for name, change := range map[string]object{"state": {"state": "signed"}, "hash": {"dataAgreementRevisionHash": "x"}, "id": {"id": "7"}, "individual": {"individual": object{"id": "x"}}} {
		if a := x.try(school, "PUT", one, yes(change)); a.code() != "history-stays" {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	x.wrong("lacking", school, "PUT", one, object{"consentRecord": object{"id": id}})
	x.wrong("no-such-record", school, "PUT", ofOne+"consent-record/999999/", yes(nil))
	empty := object{"id": "", "payload": "", "signature": "", "verificationMethod": "", "verificationPayload": "", "verificationPayloadHash": "", "verificationSignedBy": "", "timestamp": ""}
	sig := x.right(school, "POST", one+"signature/", object{"signature": empty})["signature"].(object)
	x.wrong("lacking", school, "POST", one+"signature/", object{"signature": object{}})
	x.wrong("other-payload", school, "PUT", one+"signature/", object{"signature": empty})
	x.wrong("bad-signature", school, "PUT", one+"signature/", object{"signature": x.sign(sig, "father")})
	x.right(school, "PUT", one+"signature/", object{"signature": x.sign(sig, "mother")})
	if x.state() != permission.Standing {
		t.Fatalf("%v", x.state())
	}
	x.right(school, "PUT", one, yes(object{"state": "signed"})) // as it is
	if a := x.try(school, "DELETE", ofOne, "{}"); a.Status != http.StatusBadRequest || x.state() != permission.Standing {
		t.Errorf("%d %v", a.Status, x.state())
	}
	x.right(school, "DELETE", ofOne, nil)
	if x.state() != permission.Withdrawn {
		t.Errorf("%v", x.state())
	}
	x.wrong("lacking", school, "POST", ofOne+"consent-record/", object{"consentRecord": object{}, "signature": empty})
	x.pairs(t)
}

// pairs refuses with a record and its empty signature, and gives with a full one.
func (x *consents) pairs(t *testing.T) {
	t.Helper()
	draft := x.right(school, "POST", ofOne+"consent-record/draft/?individualId="+x.individual+"&dataAgreementId="+x.agreement, nil)
	record, sig := draft["consentRecord"].(object), draft["signature"].(object)
	record["optIn"] = true
	x.right(school, "POST", ofOne+"consent-record/", object{"consentRecord": record, "signature": x.sign(sig, "mother")})
	record["optIn"] = false
	x.right(school, "POST", ofOne+"consent-record/", object{"consentRecord": record, "signature": sig})
	if x.state() != permission.Withdrawn {
		t.Errorf("a no is not kept: %v", x.state())
	}
}

func (x *consents) looks(t *testing.T) {
	t.Helper()
	for _, of := range []struct{ token, list, one string }{{school, "/service/verification/consent-records/", "/service/verification/consent-record/"}, {auditor, "/audit/consent-records/", "/audit/consent-record/"}} {
		all := x.right(of.token, "GET", of.list, nil)["consentRecords"].([]any)
		if len(all) != 1 {
			t.Fatalf("%s: %v", of.list, all)
		}
		x.right(of.token, "GET", of.one+fmt.Sprint(all[0].(object)["id"])+"/", nil)
		x.wrong("no-such-record", of.token, "GET", of.one+"999999/", nil)
		x.wrong("no-such-record", of.token, "GET", of.one+"x/", nil)
		x.wrong("bad-number", of.token, "GET", of.list+"?limit=x", nil)
	}
	for _, of := range []struct{ token, path string }{{school, "/service/verification/data-agreements/"}, {auditor, "/audit/data-agreements/"}, {auditor, "/audit/data-agreement/" + x.agreement + "/"}} {
		x.right(of.token, "GET", of.path, nil)
		if a := x.try(of.token, "GET", of.path+"?x=1", nil); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", of.path, a.Status)
		}
	}
	x.onRecord(t, "system:auditor", "audit permissions")
	x.onRecord(t, "system:school", "verify permissions")
	// Another's people are not there for who did not name them.
	x.must(x.service.Choose(t.Context(), x.adults[1], x.matter, permission.WayPermit))
	if all := x.right(school, "GET", "/service/verification/consent-records/", nil)["consentRecords"].([]any); len(all) != 1 {
		t.Errorf("a caller sees whom it did not name: %v", all)
	}
	if all := x.right(auditor, "GET", "/audit/consent-records/?limit=1&offset=1", nil)["consentRecords"].([]any); len(all) != 1 {
		t.Errorf("%v", all)
	}
}

func TestARoleOpensItsOwnGroupAlone(t *testing.T) {
	x := newConsents(t)
	for path, may := range map[string][]string{"/audit/consent-records/": {auditor}, "/service/verification/consent-records/": {school}, "/config/individuals/": {school, office}, "/config/policies/": {school, office, auditor},
		ofOne + "consent-record/": {school}} {
		for _, token := range []string{"", portal, school, office, auditor} {
			a := x.try(token, "GET", path, nil)
			if (a.Status == http.StatusOK) != slices.Contains(may, token) {
				t.Errorf("%s with %q: %d", path, token, a.Status)
			}
		}
	}
}
