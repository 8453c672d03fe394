package main

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/conversation"
	"ennakko/packs"
	"ennakko/person"
	"ennakko/store"
	"ennakko/testcity/kannelbox"
	"ennakko/testcity/post"
)

// write writes into the city's records as another process would.
func (c *watchedCity) write(t *testing.T, do func(store.Tx) error) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Data: c.data, Packs: packs.FS, Clock: app.RealClock{}, Database: app.Database{Writer: c.url("w")}})
	if err != nil {
		t.Fatal(err)
	}
	act, err := audit.Begin("officer:test", "test", "p", "law", time.Now())
	if err == nil {
		err = a.DB.Write(t.Context(), act, do)
	}
	if cerr := a.Close(t.Context()); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
}

// Runbook: the operator is there again; Kannel hands over what waited.
func gatewayWaits(t *testing.T, c *watchedCity) story {
	const queued, sent = `ennakko_gateway_queued{gateway="k"}`, `ennakko_gateway_sent_total{gateway="k"}`
	addr := c.operator.Addr()
	own := freeAddr(t)
	k, err := kannelbox.Start(t.Context(), kannelbox.Options{SMPP: addr, Incoming: "http://" + own + "/incoming", Retries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	c.worksWith(t, theMorning, 1, fmt.Sprintf("kind: kannel, name: k, send: %q, status: %q, status_password: %q, listen: %q, own: %q, username: %s, password: %s, secret: 0123456789abcdef",
		k.SendURL, k.StatusURL, kannelbox.StatusPassword, own, "http://"+own, kannelbox.Username, kannelbox.Password))
	var s story
	s.then(c.until(t, "Kannel has its operator", is(`ennakko_gateway_connected{gateway="k"}`, 1)), 15, false)
	c.operator.Close()
	c.until(t, "Kannel has none", is(`ennakko_gateway_connected{gateway="k"}`, 0))
	a, err := http.Get(k.SendURL + "?" + url.Values{"username": {kannelbox.Username}, "password": {kannelbox.Password}, "from": {"358450000000"}, "to": {"358457999999"}, "text": {"x"}}.Encode()) //nolint:noctx // a test
	if err != nil || a.StatusCode != http.StatusAccepted {
		t.Fatal(a, err)
	}
	_ = a.Body.Close()
	s.then(c.until(t, "a message waits", is(queued, 1)), 15, true)
	c.operates(t, addr)
	s.then(c.until(t, "it is sent", func(x samples) bool { return x[queued] == 0 && x[sent] == 1 }), 15, false)
	c.works(t, theMorning, 1, "")
	return s
}

// Runbook: ask the service why; officers see to the families.
func lettersRefused(t *testing.T, c *watchedCity) story {
	const open = "ennakko_letters_refused_open"
	office := post.New()
	defer office.Close()
	c.letters = fmt.Sprintf("letters: {server: %q, username: %s, password: %s, service: pre-primary, sender: {name: City, street: Katu 1, postal_code: \"00100\", post_office: HELSINKI}, posti_username: u, posti_password: p, posti_contact: letters@city.example}\n",
		office.URL, post.Username, post.Password)
	defer func() { c.letters = "" }()
	c.works(t, c.round.Schedule.NoticeAt.Add(2*time.Minute), 1, "")
	s := c.well(t)
	office.Break(post.NotTaken, 2)
	c.command(t, exitOK, "jobs", "letters", "pre-primary", "--data", c.data, "--officer", "officer:anna")
	x := c.until(t, "letters are handed over", is(`ennakko_jobs{kind="letters", state="done"}`, 1))
	if x[open] == 0 || x[`ennakko_letters{state="refused"}`] != 2 || x[`ennakko_letters{state="printed"}`] == 0 {
		t.Errorf("%v", x)
	}
	s.then(x, 15, true)
	c.settle(t, conversation.ItemByHand, "called them", c.round.Schedule.NoticeAt.Add(3*time.Minute))
	s.then(c.until(t, "officers saw to the families", is(open, 0)), 15, false)
	return s
}

// Runbook: whoever runs the other system mends it; what waits is told by itself.
func webhookFails(t *testing.T, c *watchedCity) story {
	const since, taken = `ennakko_webhook_waiting_since_timestamp_seconds{caller="school"}`, `ennakko_webhook_deliveries{caller="school", state="taken"}`
	var mended atomic.Bool
	school := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !mended.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer school.Close()
	roots := filepath.Join(c.dir, "school-roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: school.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c.letters = fmt.Sprintf(`pages: {listen: "127.0.0.1:1", address: "http://127.0.0.1:1", sign_in: {issuer: "http://127.0.0.1:1", client_id: x, client_secret: y}}
api:
  organisation: {business_id: 0201256-6, name: City}
  consent: true
  webhook_networks: [127.0.0.0/8]
  callers: [{name: school, business_id: 2222222-2, organisation: The school, token_sha256: "%s", roles: [consent audit], webhooks: ["%s"]}]
`, strings.Repeat("0", 64), strings.TrimPrefix(school.URL, "https://"))
	defer func() { c.letters = "" }()
	c.works(t, theMorning, 1, "", "SSL_CERT_FILE="+roots)
	s := c.well(t)
	c.write(t, func(tx store.Tx) error {
		if _, err := tx.AddWebhook(store.Webhook{Caller: "school", Address: school.URL, Everyone: true, Since: theMorning}, []byte(strings.Repeat("k", 32))); err != nil {
			return err
		}
		_, err := tx.SavePermit(store.Permit{Purpose: "p", Subject: 1, About: 2, State: "refused", Version: 1},
			store.PermitEvent{N: 1, Kind: "refuse", At: theMorning, By: 1, Version: 1, Hash: "h", Signers: []person.ID{1}})
		return err
	})
	s.then(c.until(t, "an event waits", func(x samples) bool { return x[since] > 0 }), 15, true)
	if told := c.command(t, exitOK, "webhooks", "--data", c.data); !strings.Contains(told, "1 waiting") {
		t.Errorf("the list does not say what waits: %s", told)
	}
	mended.Store(true)
	s.then(c.until(t, "it is told", func(x samples) bool { return x[taken] == 1 && x[since] == 0 }), 15, false)
	c.works(t, theMorning, 1, "")
	return s
}
