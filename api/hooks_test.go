package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"crypto/x509"
	"net/netip"

	"ennakko/api"
	"ennakko/permission"
	"ennakko/webhook"
)

const hookKey = "a key of thirty-two bytes, or so"

// aHook is a right webhook, with changes.
func aHook(change object) object {
	h := object{"id": "", "payloadUrl": "https://hooks.school.example/in", "contentType": "application/json", "disabled": false, "secretKey": hookKey}
	maps.Copy(h, change)
	return object{"webhook": h}
}

// hooks asks all operations on webhooks, rightly and wrongly.
func (x *consents) hooks(t *testing.T) {
	t.Helper()
	const all = "/config/webhooks/"
	made := x.right(school, "POST", "/config/webhook/", aHook(nil))["webhook"].(object)
	id := fmt.Sprint(made["id"])
	one := "/config/webhook/" + id + "/"
	if made["secretKey"] != "" || made["payloadUrl"] != "https://hooks.school.example/in" || made["disabled"] != false || id == "" {
		t.Errorf("%v", made)
	}
	if got := x.right(school, "GET", one, nil)["webhook"].(object); !maps.Equal(got, made) {
		t.Errorf("%v", got)
	}
	changed := x.right(school, "PUT", one, aHook(object{"id": id, "payloadUrl": "https://hooks.school.example/other", "disabled": true, "secretKey": ""}))["webhook"].(object)
	if changed["payloadUrl"] != "https://hooks.school.example/other" || changed["disabled"] != true || changed["secretKey"] != "" {
		t.Errorf("%v", changed)
	}
	x.right(auditor, "POST", "/config/webhook/", aHook(object{"payloadUrl": "https://auditor.example/"}))
	for _, of := range []string{school, auditor} {
		if list := x.right(of, "GET", all, nil)["webhooks"].([]any); len(list) != 1 || strings.Contains(fmt.Sprint(list), hookKey) {
			t.Errorf("%v", list)
		}
	}
	x.wrongHooks(t, id)
	x.right(school, "DELETE", one, nil)
	x.wrong("no-such-webhook", school, "DELETE", one, nil)
	x.wrong("no-such-webhook", school, "GET", one, nil)
	if list := x.right(school, "GET", all, nil)["webhooks"].([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
	for range 20 {
		x.right(school, "POST", "/config/webhook/", aHook(nil))
	}
	x.wrong("too-many", school, "POST", "/config/webhook/", aHook(nil))
	if page := x.right(school, "GET", all+"?offset=19&limit=5", nil)["webhooks"].([]any); len(page) != 1 {
		t.Errorf("%v", page)
	}
	if strings.Contains(x.log.String(), hookKey) {
		t.Error("a key stands in the log")
	}
}

func (x *consents) wrongHooks(t *testing.T, id string) {
	t.Helper()
	one := "/config/webhook/" + id + "/"
	for name, tt := range map[string]struct {
		code   string
		change object
	}{
		"another form":   {"bad-content-type", object{"contentType": "application/xml"}},
		"no TLS":         {"bad-address", object{"payloadUrl": "http://hooks.school.example/"}},
		"no address":     {"bad-address", object{"payloadUrl": ""}},
		"a password":     {"bad-address", object{"payloadUrl": "https://a:b@hooks.school.example/"}},
		"another's host": {"host-not-permitted", object{"payloadUrl": "https://auditor.example/"}},
		"the machine":    {"host-not-permitted", object{"payloadUrl": "https://127.0.0.1/"}},
		"a short key":    {"bad-key", object{"secretKey": "short"}},
		"no form":        {"invalid", object{"disabled": "no"}},
		"unknown name":   {"invalid", object{"events": []string{"x"}}},
	} {
		for _, at := range []struct{ method, path, id string }{{"POST", "/config/webhook/", ""}, {"PUT", one, id}} {
			change := maps.Clone(tt.change)
			change["id"] = at.id
			a := x.try(school, at.method, at.path, aHook(change))
			if a.Status != http.StatusBadRequest || a.code() != tt.code || strings.Contains(string(a.Body), "short\"") {
				t.Errorf("%s, %s: %d %s", name, at.method, a.Status, a.Body)
			}
		}
	}
	x.wrong("id-given", school, "POST", "/config/webhook/", aHook(object{"id": "7"}))
	x.wrong("bad-key", school, "POST", "/config/webhook/", aHook(object{"secretKey": ""}))
	x.wrong("lacking", school, "POST", "/config/webhook/", object{"webhook": object{"id": ""}})
	x.wrong("lacking", school, "POST", "/config/webhook/", object{})
	x.wrong("not-json", school, "POST", "/config/webhook/", nil)
	x.wrong("other-webhook", school, "PUT", one, aHook(object{"id": "999"}))
	x.wrong("invalid", school, "POST", "/config/webhook/?x=1", aHook(nil))
	x.wrong("no-such-webhook", auditor, "GET", one, nil) // another's
	x.wrong("no-such-webhook", auditor, "DELETE", one, nil)
	x.wrong("no-such-webhook", auditor, "PUT", one, aHook(object{"id": id, "payloadUrl": "https://auditor.example/"}))
	x.wrong("no-such-webhook", school, "PUT", "/config/webhook/999/", aHook(object{"id": "999"}))
	x.wrong("no-such-webhook", school, "GET", "/config/webhook/x/", nil)
	x.wrong("no-such-revision", school, "GET", one+"?revisionId=x", nil)
	x.wrong("no-such-revision", school, "GET", "/config/webhooks/?revisionId=x", nil)
	x.wrong("bad-number", school, "GET", "/config/webhooks/?limit=x", nil)
	x.wrong("body", school, "DELETE", one, "{}")
	for _, token := range []string{office, portal} {
		if a := x.try(token, "GET", "/config/webhooks/", nil); a.Status != http.StatusForbidden {
			t.Errorf("who may see no permission may be told of them: %d", a.Status)
		}
	}
}

// hooked is another system at which the school is told.
func (x *consents) hooked(t *testing.T, h http.HandlerFunc) (*httptest.Server, *webhook.Sender) {
	t.Helper()
	r := httptest.NewTLSServer(h)
	t.Cleanup(r.Close)
	host := strings.TrimPrefix(r.URL, "https://")
	callers := x.known()
	all := callers.All()
	for i := range all {
		if all[i].Name == "school" {
			all[i].Hosts = []string{host}
		}
	}
	callers, err := api.NewCallers(all)
	x.must(err)
	x.serve(callers)
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	s, err := webhook.New(webhook.Options{DB: x.app.DB, Callers: map[string]webhook.Caller{"school": {Hosts: []string{host}, Own: true}}, Inside: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Roots: roots, Holder: "test", Record: x.clock.Now, Now: time.Now})
	x.must(err)
	return r, s
}

// A system is told of the permissions of its own individuals, in a form that the
// protocol knows, and asks for what it may see.
func TestASystemIsToldOfTheLifeOfAPermission(t *testing.T) {
	x := newConsents(t)
	var got [][]byte
	var heads []http.Header
	r, sender := x.hooked(t, func(_ http.ResponseWriter, q *http.Request) {
		b := make([]byte, 4096)
		n, _ := q.Body.Read(b)
		got, heads = append(got, b[:n]), append(heads, q.Header)
	})
	made := x.right(school, "POST", "/config/webhook/", aHook(object{"payloadUrl": r.URL + "/in"}))["webhook"].(object)
	step := func(want ...string) {
		t.Helper()
		got = nil
		if _, err := sender.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		var names []string
		for i, b := range got {
			var n struct {
				Webhook string         `json:"webhookId"`
				Event   map[string]any `json:"webhookEvent"`
				Record  string         `json:"consentRecordId"`
			}
			x.must(json.Unmarshal(b, &n))
			if err := x.doc.Components.Schemas["WebhookEvent"].Value.VisitJSON(n.Event); err != nil {
				t.Errorf("%s: %v", b, err)
			}
			if h := heads[len(heads)-len(got)+i]; n.Webhook != made["id"] || h.Get(webhook.HeaderID) != n.Event["id"] {
				t.Errorf("%s: %v", b, h)
			}
			record := x.right(school, "GET", "/service/verification/consent-record/"+n.Record+"/", nil)
			if rev := record["revision"].(object); i == len(got)-1 && rev["id"] != n.Event["id"] {
				t.Errorf("the event %v is not the revision %v", n.Event["id"], rev["id"])
			}
			names = append(names, fmt.Sprint(n.Event["name"]))
			for _, code := range x.code {
				if strings.Contains(string(b), code) {
					t.Error("an identity code is told")
				}
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("told %v, not %v", names, want)
		}
	}
	step()
	x.must(x.service.Choose(t.Context(), x.adults[0], x.matter, permission.WayPermit))
	step("consent-record.changed", "consent-record.given")                             // it was shown, and then given
	x.must(x.service.Choose(t.Context(), x.adults[1], x.matter, permission.WayPermit)) // of whom the school never heard
	step()
	x.right(school, "DELETE", ofOne, nil)
	step("consent-record.withdrawn")
	x.must(x.service.Choose(t.Context(), x.adults[0], x.matter, permission.WayPermit))
	step("consent-record.given")
	x.clock.To(day.AddDate(3, 0, 0))
	for did := true; did; {
		var err error
		did, err = x.service.Step(t.Context())
		x.must(err)
	}
	step("consent-record.ended")
	x.onRecord(t, "system:webhooks", "tell school of a permission")
	x.right(school, "DELETE", "/config/webhook/"+fmt.Sprint(made["id"])+"/", nil)
	x.must(x.service.Choose(t.Context(), x.adults[0], x.matter, permission.WayPermit))
	step()
}

// A system that does not answer holds up nobody who takes a permission back.
func TestAWithdrawalWaitsForNoWebhook(t *testing.T) {
	x := newConsents(t)
	asked, answer := make(chan struct{}, 9), make(chan struct{})
	r, sender := x.hooked(t, func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	})
	x.right(school, "POST", "/config/webhook/", aHook(object{"payloadUrl": r.URL}))
	x.must(x.service.Choose(t.Context(), x.adults[0], x.matter, permission.WayPermit))
	ended := make(chan error, 1)
	go func() { _, err := sender.Step(t.Context()); ended <- err }()
	<-asked // the other system has the request and says nothing
	x.right(school, "DELETE", ofOne, nil)
	if x.state() != permission.Withdrawn {
		t.Errorf("%v", x.state())
	}
	select {
	case err := <-ended:
		t.Errorf("the webhook had answered: %v", err)
	default:
	}
	close(answer)
	x.must(<-ended)
}
