package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"ennakko/api"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/person"
	"ennakko/store"
)

const theirs = "/service_specific_path/"

func gdprProtocol(t *testing.T) *protocol {
	t.Helper()
	return newProtocol(t, "helsinki-gdpr-api/gdpr-api-openapi.yaml", func(path string) string { return theirs + strings.TrimPrefix(path, api.GDPRPrefix) })
}

type nodeSaid struct {
	Key, Value, Error string
	Children          []nodeSaid
}

func (n nodeSaid) each(do func(nodeSaid)) {
	do(n)
	for _, c := range n.Children {
		c.each(do)
	}
}

func (c *city) gdpr(method, profile, query, token string) asked {
	return asked{Method: method, Path: api.GDPRPrefix + profile + query, Token: token}
}

func TestAPersonGetsATreeOfAllThatTheCityHolds(t *testing.T) {
	c := newCity(t)
	p := gdprProtocol(t)
	good := c.token("mother", gdprAudience, "x gdprquery", "")
	a := p.hold(c, c.gdpr("GET", mother, "", good))
	var tree nodeSaid
	if err := json.Unmarshal(a.Body, &tree); err != nil || a.Status != http.StatusOK {
		t.Fatalf("%d %v", a.Status, err)
	}
	key := regexp.MustCompile(`^[A-Z0-9]+(_[A-Z0-9]+)*$`)
	parts := map[string]bool{}
	tree.each(func(n nodeSaid) {
		if !key.MatchString(n.Key) || n.Value != "" && n.Children != nil {
			t.Errorf("a node has the key %q", n.Key)
		}
		parts[n.Key] = true
	})
	for _, part := range []string{"ENNAKKO", "REGISTERS", "USES", "POPULATION_NAME", "FEES"} {
		if !parts[part] {
			t.Errorf("there is no %s", part)
		}
	}
	if !strings.Contains(string(a.Body), c.code[c.adults[0]]) || strings.Contains(string(a.Body), c.code[c.adults[1]]) {
		t.Error("the own code is not there, or another's is")
	}
	uses, err := c.app.DB.Uses(t.Context(), c.adults[0], 10)
	if err != nil {
		t.Fatal(err)
	}
	verbs := ""
	for _, u := range uses {
		verbs += u.Verb + ","
	}
	if !strings.Contains(verbs, "copy own data") {
		t.Errorf("the copy is not on the record: %s", verbs)
	}
	// An identification that is too weak shows nothing but that there is something.
	a = p.hold(c, c.gdpr("GET", mother, "", c.token("weak-mother", gdprAudience, "gdprquery", "")))
	if a.Status != http.StatusOK || !strings.Contains(string(a.Body), "Insufficient authentication level") || strings.Contains(string(a.Body), "REGISTERS") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := p.hold(c, c.gdpr("GET", stranger, "", c.token("stranger", gdprAudience, "gdprquery", ""))); a.Status != http.StatusNoContent {
		t.Errorf("somebody unknown: %d", a.Status)
	}
	for _, q := range []asked{c.gdpr("GET", "x", "", good), c.gdpr("GET", mother, "?a=1", good), c.gdpr("GET", mother+"0", "", good)} {
		if a := p.hold(c, q); a.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", q.Path, a.Status)
		}
	}
}

func TestATokenThatIsNotWholeOpensNothing(t *testing.T) {
	c := newCity(t)
	p := gdprProtocol(t)
	good := c.token("mother", gdprAudience, "gdprquery", "")
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{"none": "", "no token": "x", "another audience": c.token("mother", "https://other.example", "gdprquery", ""), "another scope": c.token("mother", gdprAudience, "gdprdelete", ""),
		"no scope": c.token("mother", gdprAudience, "", ""), "another person": c.token("father", gdprAudience, "gdprquery", ""), "another signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", len(parts[2])),
		"no signature": "eyJhbGciOiJub25lIn0." + parts[1] + "."} {
		a := p.hold(c, c.gdpr("GET", mother, "", token))
		if a.Status != http.StatusUnauthorized || strings.Contains(string(a.Body), "REGISTERS") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	if a := p.hold(c, c.gdpr("DELETE", mother, "", good)); a.Status != http.StatusUnauthorized {
		t.Errorf("a token to read erases: %d", a.Status)
	}
	if a := p.hold(c, c.gdpr("DELETE", mother, "", c.token("weak-mother", gdprAudience, "gdprdelete", ""))); a.Status != http.StatusUnauthorized {
		t.Errorf("a weak identification erases: %d", a.Status)
	}
	if who, err := c.app.DB.PersonByProfile(t.Context(), mother); err != nil || who != c.adults[0] {
		t.Error("somebody was erased")
	}
}

func TestNothingButACleanRequestErases(t *testing.T) {
	c := newCity(t)
	p := gdprProtocol(t)
	token := func() string { return c.token("mother", gdprAudience, "gdprdelete", "") }
	there := func() bool {
		_, err := c.app.DB.PersonByProfile(t.Context(), mother)
		if err != nil && fault.KindOf(err) != fault.Missing {
			t.Fatal(err)
		}
		return err == nil
	}
	for _, q := range []string{"?dry_run=", "?dry_run", "?dry_run=True", "?dry_run=TRUE", "?dry_run=1", "?dry_run=0", "?dry_run=yes", "?dry_run=truex", "?dry_run=null", "?dry_run=%22true%22", "?dry_run=true&dry_run=false",
		"?dry_run=false&dry_run=false", "?dryrun=true", "?dry-run=true", "?DRY_RUN=true", "?dry_run=true;x", "?dry_run=%zz", "?dry_run=false&x=1", "?dry_run[]=true", "?dry_run=%20true", "?x"} {
		if a := p.hold(c, c.gdpr("DELETE", mother, q, token())); a.Status != http.StatusBadRequest || !there() {
			t.Fatalf("%s: %d; still there: %v", q, a.Status, there())
		}
	}
	body := c.gdpr("DELETE", mother, "", token())
	body.Body = `{"dry_run":true}`
	if a := c.ask(body); a.Status != http.StatusBadRequest || !there() {
		t.Fatalf("dry_run in the body: %d; still there: %v", a.Status, there())
	}
	if a := p.hold(c, c.gdpr("DELETE", mother, "?dry_run=true", token())); a.Status != http.StatusNoContent || !there() {
		t.Fatalf("a dry run: %d %s; still there: %v", a.Status, a.Body, there())
	}
	if a := p.hold(c, c.gdpr("DELETE", mother, "?dry_run=false", token())); a.Status != http.StatusNoContent || there() {
		t.Fatalf("%d %s; still there: %v", a.Status, a.Body, there())
	}
	code, err := person.ParseCode(c.code[c.adults[0]])
	c.must(err)
	if _, err := c.app.DB.PersonByCode(t.Context(), code); fault.KindOf(err) != fault.Missing {
		t.Errorf("the identity code is still known: %v", err)
	}
	// Again, and to read: there is nothing any more.
	if a := p.hold(c, c.gdpr("DELETE", mother, "", token())); a.Status != http.StatusNoContent {
		t.Errorf("%d", a.Status)
	}
	if a := p.hold(c, c.gdpr("GET", mother, "", c.token("mother", gdprAudience, "gdprquery", ""))); a.Status != http.StatusNoContent {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := p.hold(c, c.gdpr("GET", mother, "?x=1", c.token("mother", gdprAudience, "gdprquery", ""))); a.Status != http.StatusBadRequest {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	p.whole(t)
}

// A profile that was linked to somebody else erases and shows nobody: the identity code
// in the token says who it is.
func TestAProfileLinkedToAnotherPersonErasesNobody(t *testing.T) {
	c := newCity(t)
	p := gdprProtocol(t)
	act, err := audit.Begin("officer:test", "test", "test", "law", day)
	c.must(err)
	c.must(c.app.DB.Write(t.Context(), act, func(tx store.Tx) error {
		_, err := tx.LinkProfile(mother, c.adults[1], c.clock.Now())
		return err
	}))
	for method, scope := range map[string]string{"DELETE": "gdprdelete", "GET": "gdprquery"} {
		a := p.hold(c, c.gdpr(method, mother, "", c.token("mother", gdprAudience, scope, "says who it is")))
		if a.Status != http.StatusUnauthorized || strings.Contains(string(a.Body), "REGISTERS") {
			t.Errorf("%s: %d %s", method, a.Status, a.Body)
		}
	}
	for _, who := range c.adults {
		code, err := person.ParseCode(c.code[who])
		c.must(err)
		if _, err := c.app.DB.PersonByCode(t.Context(), code); err != nil {
			t.Errorf("somebody was erased: %v", err)
		}
	}
}

func TestWhatTheLawKeepsIsNotErasedAndTheReasonIsInThreeLanguages(t *testing.T) {
	c := newCity(t)
	p := gdprProtocol(t)
	c.decide()
	token := c.token("mother", gdprAudience, "gdprdelete", "")
	for _, q := range []string{"?dry_run=true", "", "?dry_run=false"} {
		a := p.hold(c, c.gdpr("DELETE", mother, q, token))
		var said struct {
			Errors []struct {
				Code    string
				Message map[string]string
			}
		}
		if err := json.Unmarshal(a.Body, &said); err != nil || a.Status != http.StatusForbidden || len(said.Errors) != 1 || said.Errors[0].Code != "DECISION" {
			t.Fatalf("%q: %d %s", q, a.Status, a.Body)
		}
		m := said.Errors[0].Message
		if len(m) != 3 || m["fi"] == m["sv"] || m["sv"] == m["en"] || !strings.Contains(m["fi"], "GDPR 17(3)(b)") {
			t.Errorf("%v", m)
		}
	}
	if _, err := c.app.DB.PersonByProfile(t.Context(), mother); err != nil {
		t.Error("erased against the law")
	}
}

// decide takes the family through to a decided fee.
func (c *city) decide() {
	c.Helper()
	for _, who := range c.adults {
		c.must(c.service.Choose(c.Context(), who, c.matter, "permit"))
	}
	for {
		did, err := c.service.Step(c.Context())
		c.must(err)
		if !did {
			break
		}
	}
	m, err := c.service.Matter(c.Context(), c.adults[0], c.matter)
	c.must(err)
	if m.Stage != omadata.Proposed {
		c.Fatalf("the fee is %s", m.Stage)
	}
	c.must(c.service.Answer(c.Context(), c.adults[0], c.matter, true, ""))
}
