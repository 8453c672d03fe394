package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/register/certificate"
	"ennakko/testcity/ca"
)

// guardpost is a made-up register with its adapter, each a process of its own, and a
// city that says of permissions what the test wants.
type guardpost struct {
	dir, tell, at string
	files         string // the adapter's settings
	registerAt    string
	adapter       *exec.Cmd
	client        *http.Client

	mu      sync.Mutex
	silent  bool // the city does not say whether a permission stands
	gone    bool // permissions do not stand
	deaf    bool // the city takes no marks
	unknown bool // the city knows no permission for a mark
	asked   int
}

func (g *guardpost) set(do func(g *guardpost)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	do(g)
}

// ServeHTTP is the city's permission service.
func (g *guardpost) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	var in struct {
		ID    string
		Marks []struct{ ID string }
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	marks := strings.HasSuffix(q.URL.Path, "/marks")
	if json.NewDecoder(q.Body).Decode(&in) != nil || marks && g.deaf || !marks && g.silent {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch now := time.Now().UTC(); {
	case marks:
		var out []string
		for _, m := range in.Marks {
			out = append(out, fmt.Sprintf(`{"id":%q,"taken":%t}`, m.ID, !g.unknown))
		}
		_, _ = fmt.Fprintf(w, `{"marks":[%s]}`, strings.Join(out, ","))
	case g.gone:
		_, _ = fmt.Fprintf(w, `{"id":%q,"stands":false,"why":"withdrawn"}`, in.ID)
	default:
		_, _ = fmt.Fprintf(w, `{"id":%q,"stands":true,"at":%q,"until":%q}`, in.ID, now.Format(time.RFC3339Nano), now.Add(time.Second).Format(time.RFC3339Nano))
	}
}

// guarded starts the register and its adapter, once.
func (c *watchedCity) guarded(t *testing.T, certificates time.Time) *guardpost {
	t.Helper()
	if c.guard != nil {
		return c.guard
	}
	g := &guardpost{dir: c.dir, tell: freeAddr(t), at: freeAddr(t), registerAt: freeAddr(t), files: filepath.Join(c.dir, "adapter.yaml")}
	city := httptest.NewServer(g)
	own := g.certify(t, certificates)
	settings := fmt.Sprintf(`
listen: %s
tell: %s
certificate: %s
key: %s
client_roots: %s
marks: %s
register: {url: "http://%s"}
permissions: {url: "%s", person_key: "${PERSON_KEY}"}
calls:
  - {path: incomes, person: /person, answer_person: /person, request: [/from, /to], fields: {incomes.month: ["/months/*/month"]}}
clients:
  - {name: city, certificate: CN=ennakko, member: FI/MUN/1/ennakko, purposes: {fee: [incomes.month]}}
`, g.at, g.tell, own.Certificate, own.Key, own.Roots, filepath.Join(c.dir, "marks"), g.registerAt, city.URL)
	if err := os.WriteFile(g.files, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	register := g.process(t, c, "incomes", "--listen", g.registerAt)
	g.start(t, c)
	c.guard = g
	c.t.Cleanup(func() {
		city.Close()
		_ = register.Process.Kill()
		_ = register.Wait()
		g.kill()
	})
	c.until(t, "the adapter is there", func(s samples) bool { return s[guardUp] == 1 })
	g.until(t, "the register is there", http.StatusOK)
	return g
}

// certify writes the adapter's certificates, from a moment on, and makes a client
// with the city's.
func (g *guardpost) certify(t *testing.T, from time.Time) certificate.Files {
	t.Helper()
	authority, err := ca.New(g.dir, from)
	if err != nil {
		t.Fatal(err)
	}
	own, err := authority.Certify("adapter")
	if err != nil {
		t.Fatal(err)
	}
	files, err := authority.Certify("ennakko")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := certificate.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	g.client = &http.Client{Transport: &http.Transport{DialTLSContext: lines.Dial, DisableKeepAlives: true}}
	return own
}

func (g *guardpost) process(t *testing.T, c *watchedCity, args ...string) *exec.Cmd {
	t.Helper()
	p := c.program(args...)
	p.Env, p.Stderr = append(p.Env, "PERSON_KEY="+strings.Repeat("6b", 32)), &c.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (g *guardpost) start(t *testing.T, c *watchedCity) {
	t.Helper()
	g.adapter = g.process(t, c, "adapter", "--config", g.files)
}

func (g *guardpost) kill() {
	_ = g.adapter.Process.Kill()
	_ = g.adapter.Wait()
}

// ask asks the adapter for somebody's income as the city does, for a purpose.
func (g *guardpost) ask(t *testing.T, purpose string) (int, error) {
	t.Helper()
	g.asked++
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+g.at+"/incomes", strings.NewReader(`{"person":"010190-999W","from":"2026-01","to":"2026-01"}`))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Content-Type": "application/json", "X-Road-Client": "FI/MUN/1/ennakko", "X-Road-Id": fmt.Sprintf("request-%04d", g.asked), "X-Road-Issue": "1", "Ennakko-Purpose": purpose, "Ennakko-Fields": "incomes.month"} {
		q.Header.Set(k, v)
	}
	a, err := g.client.Do(q)
	if err != nil {
		return 0, err
	}
	return a.StatusCode, a.Body.Close()
}

// until asks until the answer is so.
func (g *guardpost) until(t *testing.T, what string, want int) {
	t.Helper()
	var errs error
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); time.Sleep(50 * time.Millisecond) { // a port can only be tried
		status, err := g.ask(t, "fee")
		if status == want {
			return
		}
		errs = errors.Join(fmt.Errorf("status %d", status), err)
	}
	t.Fatalf("it did not come to be that %s: %v", what, errs)
}

// must asks once.
func (g *guardpost) must(t *testing.T, purpose string, want int) {
	t.Helper()
	if status, err := g.ask(t, purpose); err != nil || status != want {
		t.Fatalf("status %d, not %d: %v", status, want, err)
	}
}

const (
	handed     = `ennakko_adapter_handovers_total{client="city", purpose="fee"}`
	violations = `ennakko_adapter_refusals_total{kind="violation"}`
	waiting    = "ennakko_adapter_marks_waiting"
	unwanted   = "ennakko_adapter_marks_refused"
)

// guardWell is how the adapter stands before.
func (c *watchedCity) guardWell(t *testing.T) (g *guardpost, s story) {
	t.Helper()
	g = c.guarded(t, time.Now())
	g.must(t, "fee", http.StatusOK)
	s.then(c.until(t, "hand-overs are told", func(x samples) bool {
		return x[handed] > 0 && x[waiting] == 0 && x["ennakko_adapter_ready"] == 1
	}), 15, false)
	return g, s
}

// again is how it stands when a hand-over has come through once more.
func (c *watchedCity) again(t *testing.T, g *guardpost) samples {
	t.Helper()
	before := c.scrape()[handed]
	g.until(t, "it hands over again", http.StatusOK)
	return c.until(t, "the hand-over is told", func(x samples) bool { return x[handed] > before && x[waiting] == 0 })
}

// Runbook: start it.
func adapterDown(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.kill()
	s.then(c.until(t, "it is gone", is(guardUp, 0)), 15, true)
	g.start(t, c)
	s.then(c.again(t, g), 15, false)
	return s
}

// Runbook: the keeper of the register mends it.
func registerSilent(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+g.registerAt+"/control/orders", strings.NewReader(`["down","down"]`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil || a.StatusCode != http.StatusNoContent {
		t.Fatal(a, err)
	}
	_ = a.Body.Close()
	for range 2 {
		g.must(t, "fee", http.StatusBadGateway)
	}
	s.then(c.scrape(), 15, true)
	s.then(c.again(t, g), 15, false)
	return s
}

// Runbook: the city's permission service answers again.
func permissionsSilent(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.set(func(g *guardpost) { g.silent = true })
	for range 2 {
		g.must(t, "fee", http.StatusServiceUnavailable)
	}
	s.then(c.scrape(), 15, true)
	g.set(func(g *guardpost) { g.silent = false })
	s.then(c.again(t, g), 15, false)
	return s
}

// Runbook: the log names the client; whoever runs it stops asking.
func adapterViolation(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.set(func(g *guardpost) { g.gone = true })
	g.must(t, "fee", http.StatusForbidden) // a withdrawal may cross a request: one is no alarm
	s.then(c.scrape(), 15, false)
	for range 6 {
		g.must(t, "fee", http.StatusForbidden)
	}
	s.then(c.until(t, "they are told", func(x samples) bool { return x[violations] >= 7 }), 15, true)
	g.set(func(g *guardpost) { g.gone = false })
	s.then(c.again(t, g), 15, false)
	return s
}

// Runbook: set it up on both sides, or tell the client not to ask.
func adapterGap(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.must(t, "care", http.StatusNotFound)
	s.then(c.scrape(), 15, true)
	settings, err := os.ReadFile(g.files)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(g.files, []byte(strings.Replace(string(settings), "purposes: {", "purposes: {care: [incomes.month], ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	g.kill()
	g.start(t, c)
	s.then(c.again(t, g), 15, false)
	g.must(t, "care", http.StatusOK)
	return s
}

// Runbook: the city takes marks again; nothing else is to be done.
func marksWait(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.set(func(g *guardpost) { g.deaf = true })
	g.must(t, "fee", http.StatusOK)
	s.then(c.until(t, "a mark waits", is(waiting, 1)), 15, true)
	g.set(func(g *guardpost) { g.deaf = false })
	s.then(c.until(t, "it has come", is(waiting, 0)), 15, false)
	return s
}

// Runbook: a person looks into it with the city, and moves the file away.
func marksRefused(t *testing.T, c *watchedCity) story {
	g, s := c.guardWell(t)
	g.set(func(g *guardpost) { g.unknown = true })
	g.must(t, "fee", http.StatusOK)
	s.then(c.until(t, "a mark is refused", is(unwanted, 1)), 15, true)
	g.set(func(g *guardpost) { g.unknown = false })
	file := filepath.Join(c.dir, "marks", "refused.jsonl")
	if b, err := os.ReadFile(file); err != nil || strings.Count(string(b), "\n") != 1 {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.Rename(file, filepath.Join(c.dir, "looked-into.jsonl")); err != nil {
		t.Fatal(err)
	}
	s.then(c.until(t, "it was looked into", is(unwanted, 0)), 15, false)
	return s
}

// Runbook: renew it; the files are read anew for the next line.
func adapterCertificateEnds(t *testing.T, c *watchedCity) story {
	const end = "ennakko_adapter_certificate_end_timestamp_seconds"
	g, s := c.guardWell(t)
	tenYears := 10 * 365 * 24 * time.Hour // that made-up certificates last
	g.certify(t, time.Now().Add(7*24*time.Hour-tenYears))
	s.then(c.until(t, "the end is near", func(x samples) bool {
		_, _ = g.ask(t, "fee")
		return x[end] > 0 && x[end] < float64(time.Now().Add(8*24*time.Hour).Unix())
	}), 15, true)
	g.certify(t, time.Now())
	s.then(c.until(t, "the new ones are read", func(x samples) bool {
		_, _ = g.ask(t, "fee")
		return x[end] > float64(time.Now().Add(365*24*time.Hour).Unix())
	}), 15, false)
	return s
}
