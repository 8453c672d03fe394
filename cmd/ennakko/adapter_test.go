package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/register/certificate"
	"ennakko/testcity/ca"
)

func TestTheAdapterChecksItsSettingsAndOpensNothing(t *testing.T) {
	page, err := os.ReadFile("../../docs/sources.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	text, _, _ := strings.Cut(rest, "```")
	file := filepath.Join(t.TempDir(), "adapter.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PERSON_KEY", strings.Repeat("6b", 32))
	var out bytes.Buffer
	c := root(strings.NewReader(""), &out, io.Discard)
	c.SetArgs([]string{"adapter", "--config", file, "--check"})
	if err := c.ExecuteContext(t.Context()); err != nil || out.String() != "The settings are whole.\n" {
		t.Errorf("%q %v", out.String(), err)
	}
	t.Setenv("PERSON_KEY", "")
	if err := c.ExecuteContext(t.Context()); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "PERSON_KEY") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat("/var/lib/ennakko-adapter"); err == nil {
		t.Error("the check made a folder")
	}
}

func TestTheMadeUpRegisterServesOnTheLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:80", "x"} {
		c := root(strings.NewReader(""), io.Discard, io.Discard)
		c.SetArgs([]string{"incomes", "--listen", addr})
		if err := c.ExecuteContext(t.Context()); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// The two commands as processes would run them: the adapter guards the made-up
// register, and ends when it is told to.
func TestTheAdapterCommandGuardsTheIncomesCommand(t *testing.T) {
	dir := t.TempDir()
	authority, err := ca.New(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	own, err := authority.Certify("adapter")
	if err != nil {
		t.Fatal(err)
	}
	city, err := authority.Certify("ennakko")
	if err != nil {
		t.Fatal(err)
	}
	register, guard, tell := freeAddr(t), freeAddr(t), freeAddr(t)
	settings := `
listen: ` + guard + `
tell: ` + tell + `
certificate: ` + own.Certificate + `
key: ` + own.Key + `
client_roots: ` + own.Roots + `
marks: ` + filepath.Join(dir, "marks") + `
register: {url: "http://` + register + `"}
permissions: {url: "http://127.0.0.1:1", person_key: "${PERSON_KEY}"}
calls:
  - {path: incomes, person: /person, answer_person: /person, request: [/from, /to], fields: {incomes.month: ["/months/*/month"]}}
clients:
  - {name: city, certificate: CN=ennakko, member: FI/MUN/1/ennakko, purposes: {fee: [incomes.month]}}
`
	file := filepath.Join(dir, "adapter.yaml")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PERSON_KEY", strings.Repeat("6b", 32))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	for _, args := range [][]string{{"incomes", "--listen", register}, {"adapter", "--config", file}} {
		c := root(strings.NewReader(""), io.Discard, io.Discard)
		c.SetArgs(args)
		go func() { ended <- c.ExecuteContext(ctx) }()
	}
	lines, err := certificate.Open(city)
	if err != nil {
		t.Fatal(err)
	}
	h := &http.Client{Transport: &http.Transport{DialTLSContext: lines.Dial}}
	post := func(url string) (int, string) {
		for late := time.Now().Add(20 * time.Second); ; {
			q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"person":"010190-999W","from":"2026-01","to":"2026-01"}`))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range map[string]string{"Content-Type": "application/json", "X-Road-Client": "FI/MUN/1/ennakko", "X-Road-Issue": "1", "Ennakko-Purpose": "fee", "Ennakko-Fields": "incomes.month"} {
				q.Header.Set(k, v)
			}
			a, err := h.Do(q)
			if err == nil {
				b, err := io.ReadAll(a.Body)
				_ = a.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				return a.StatusCode, string(b)
			}
			if time.Now().After(late) {
				t.Fatal(err)
			}
		}
	}
	if status, body := post("http://" + register + "/incomes"); status != 200 || !strings.Contains(body, `"month":"2026-01"`) {
		t.Errorf("the register: %d %s", status, body)
	}
	if status, body := post("https://" + guard + "/incomes"); status != 503 || !strings.Contains(body, `"refusal":"unavailable"`) {
		t.Errorf("without a city: %d %s", status, body)
	}
	if status, _ := post("http://" + register + "/control/release"); status != 204 {
		t.Errorf("the control: %d", status)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tell+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := h.Do(q); err != nil || a.StatusCode != 200 {
		t.Errorf("ready: %v", err)
	} else {
		_ = a.Body.Close()
	}
	h.CloseIdleConnections()
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
