package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ennakko/app"
	"ennakko/packs"
	"ennakko/permission"
	"ennakko/register/certificate"
	"ennakko/testcity/ca"
	"ennakko/testcity/idp"
)

// calling calls the city's line for other systems with a certificate.
type calling struct {
	*testing.T
	at   string
	http *http.Client
}

func (b calling) call(method, path, body string) (int, string, error) {
	b.Helper()
	q, err := http.NewRequestWithContext(b.Context(), method, b.at+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := b.http.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	return a.StatusCode, string(text), err
}

// with is a system with a certificate; "": with none.
func with(t *testing.T, authority *ca.Authority, at, name string) calling {
	t.Helper()
	files, err := authority.Certify(cmpName(name))
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		b, err := os.ReadFile(files.Roots)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(b)
		return calling{t, at, &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}}
	}
	lines, err := certificate.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Client{Transport: &http.Transport{DialTLSContext: lines.Dial}}
	t.Cleanup(h.CloseIdleConnections)
	return calling{t, at, h}
}

func cmpName(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

// processes runs commands of the program until the test ends.
func processes(t *testing.T, env []string, commands ...[]string) (log *said) {
	t.Helper()
	log = &said{}
	for _, args := range commands {
		c := exec.Command(os.Args[0], args...) //nolint:gosec,noctx // this test itself
		c.Env, c.Stderr = append(append(os.Environ(), asProgram+"=1"), env...), log
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Signal(syscall.SIGTERM)
			if err := c.Wait(); err != nil {
				t.Errorf("%s: %v: %s", args[0], err, log.String())
			}
		})
	}
	return log
}

// The pages serve other systems on a line of their own, on which each shows its
// certificate, and the worker tells them of what they asked to be told.
func TestOtherSystemsCallOnTheirOwnLineAndAreTold(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, "city", "--residents", "3000", "--seed", "5", "--out", filepath.Join(dir, "files"))
	must(t, "register", "import", "--data", data, filepath.Join(dir, "files"))
	authority, err := ca.New(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	city, err := authority.Certify("ennakko")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 100)
	school := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		told <- r.Header.Get("webhook-id") + " " + r.Header.Get("webhook-signature")[:3] + " " + string(b)
	}))
	t.Cleanup(school.Close)
	roots := filepath.Join(dir, "receiver-roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: school.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	line, pages := freeAddr(t), freeAddr(t)
	var provider http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	provider, err = idp.New(idp.Options{Issuer: s.URL, ClientID: "city", ClientSecret: "hunter2", Redirect: "http://" + pages + "/login/done", AfterLogout: "http://" + pages + "/logged-out", Now: time.Now, People: officers{}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ennakko.yaml")
	settings := fmt.Sprintf(`data: %s
gateways:
  - {kind: smpp, name: op, address: "127.0.0.1:1", system_id: city, password: x}
pages: {listen: %q, address: "http://%s", sign_in: {issuer: %q, client_id: city, client_secret: hunter2}}
api:
  organisation: {business_id: 0201256-6, name: Helsingin kaupunki}
  consent: true
  listen: %q
  certificate: %s
  key: %s
  roots: %s
  webhook_networks: [127.0.0.0/8]
  callers:
    - {name: school, business_id: 2222222-2, organisation: The school, subject: CN=school, roles: [consent audit], webhooks: ["%s"]}
`, data, pages, pages, s.URL, line, city.Certificate, city.Key, city.Roots, strings.TrimPrefix(school.URL, "https://"))
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "settings", "--config", file)
	log := processes(t, []string{"SSL_CERT_FILE=" + roots}, []string{"serve", "--config", file}, []string{"worker", "--config", file})
	for late := time.Now().Add(30 * time.Second); !strings.Contains(log.String(), `"guarding"`) || !strings.Contains(log.String(), `"working"`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal(log.String())
		}
	}
	const list = "/api/consent/audit/consent-records/"
	at := "https://" + line
	if _, _, err := with(t, authority, at, "").call("GET", list, ""); err == nil {
		t.Error("the line is open to who shows no certificate")
	}
	if status, body, err := with(t, authority, at, "stranger").call("GET", list, ""); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a certificate that the settings do not know: %d %s %v", status, body, err)
	}
	known := with(t, authority, at, "school")
	if status, body, err := known.call("GET", list, ""); err != nil || status != http.StatusOK || strings.TrimSpace(body) != `{"consentRecords":[]}` {
		t.Errorf("%d %s %v", status, body, err)
	}
	if status, _, err := (calling{t, "http://" + pages, http.DefaultClient}).call("GET", list, ""); err != nil || status != http.StatusNotFound {
		t.Errorf("the pages serve other systems, too: %d %v", status, err)
	}
	hook := fmt.Sprintf(`{"webhook":{"id":"","payloadUrl":"%s/in","contentType":"application/json","disabled":false,"secretKey":"%s"}}`, school.URL, strings.Repeat("k", 32))
	if status, body, err := known.call("POST", "/api/consent/config/webhook/", hook); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, body, err)
	}
	givesPermission(t, data)
	for _, want := range []string{"consent-record.changed", "consent-record.given"} {
		select {
		case got := <-told:
			if !strings.Contains(got, want) || !strings.Contains(got, " v1,") {
				t.Errorf("told %s, not %s", got, want)
			}
		case <-time.After(60 * time.Second):
			t.Fatalf("nobody tells the school: %s", log.String())
		}
	}
	listsWebhook(t, data)
	if said := log.String(); strings.Contains(said, strings.Repeat("k", 32)) || strings.Contains(said, `"level":"ERROR"`) {
		t.Errorf("the log: %s", said)
	}
}

// givesPermission is a person on the city's pages, in another process.
func givesPermission(t *testing.T, data string) {
	t.Helper()
	a, err := app.Open(t.Context(), app.Config{Data: data, Packs: packs.FS, Clock: app.RealClock{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close(context.WithoutCancel(t.Context())) }()
	s, closing, err := a.NewOmaData(app.RealClock{}, app.OmaData{Contacts: cityContacts()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closing() }()
	if _, err := s.Offer(t.Context(), "officer:test", func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	matters, err := someMatters(t.Context(), a, 1)
	if err != nil || len(matters) == 0 {
		t.Fatalf("%v %v", matters, err)
	}
	if err := s.Choose(t.Context(), matters[0].Adults[0], matters[0].Matter, permission.WayPermit); err != nil {
		t.Fatal(err)
	}
}

// listsWebhook sees what the operator sees.
func listsWebhook(t *testing.T, data string) {
	t.Helper()
	var rows []webhookRow
	for late := time.Now().Add(30 * time.Second); len(rows) != 1 || rows[0].Taken != 2; time.Sleep(50 * time.Millisecond) { // the answer is kept a moment after it came
		if time.Now().After(late) {
			t.Fatalf("%+v", rows)
		}
		if err := json.Unmarshal([]byte(must(t, "webhooks", "--data", data, "--json")), &rows); err != nil {
			t.Fatal(err)
		}
	}
	if r := rows[0]; r.Caller != "school" || !r.Everyone || !strings.HasPrefix(r.Host, "127.0.0.1:") || r.Waiting+r.GivenUp != 0 {
		t.Errorf("%+v", r)
	}
	if text := must(t, "webhooks", "--data", data); !strings.Contains(text, "2 taken, 0 waiting, 0 given up") || strings.Contains(text, "/in") {
		t.Errorf("%s", text)
	}
	if text := must(t, "webhooks", "again", "--data", data, "1"); !strings.Contains(text, "0 events wait again") {
		t.Errorf("%s", text)
	}
	if code, _, told := run(t, "webhooks", "again", "--data", data, "x"); code != exitInvalid || !strings.Contains(told, "not one") {
		t.Errorf("%d %s", code, told)
	}
}

func TestTheSettingsTellOfWrongCallers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ennakko.yaml")
	settings := `data: x
gateways: [{kind: smpp, name: op, address: "127.0.0.1:1", system_id: city}]
pages: {listen: "127.0.0.1:1", address: "http://127.0.0.1:1", sign_in: {issuer: "http://127.0.0.1:1", client_id: x, client_secret: y}}
api: {organisation: {business_id: 0201256-6, name: City}, consent: true, callers: [{name: webhooks, token_sha256: x, roles: [nobody], webhooks: ["https://x.example"]}]}
`
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, told := run(t, "settings", "--config", file)
	for _, want := range []string{"program's own", "SHA-256", "a role that is none", "host of its webhooks"} {
		if code != exitInvalid || !strings.Contains(told, want) {
			t.Errorf("%d: %q is not told: %s", code, want, told)
		}
	}
}
