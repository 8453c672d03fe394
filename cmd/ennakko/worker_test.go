package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/testcity/smsc"
)

// said is what a command writes while it runs.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// fetch gets an address as soon as somebody serves it.
func fetch(t *testing.T, address string) (int, string) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); ; {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			if time.Now().After(late) {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond) // it has only begun
			continue
		}
		b, err := io.ReadAll(w.Body)
		if cerr := w.Body.Close(); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		return w.StatusCode, string(b)
	}
}

// TestAWorkerTellsHowItStands runs a worker over the embedded records and an
// operator, takes the operator away, and stops the worker.
func TestAWorkerTellsHowItStands(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, "city", "--residents", "3000", "--seed", "5", "--out", filepath.Join(dir, "files"))
	must(t, "register", "import", "--data", data, filepath.Join(dir, "files"))
	s, err := smsc.Start("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	listen := freeAddr(t)
	var traced atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			traced.Add(1)
		}
	}))
	t.Cleanup(collector.Close)
	file := filepath.Join(dir, "ennakko.yaml")
	settings := fmt.Sprintf("data: %s\ngateways:\n  - {kind: smpp, name: op, address: %q, system_id: city, password: \"${WORKER_TEST_PASSWORD}\"}\nworker: {listen: %q}\ntraces: {endpoint: %q}\n", data, s.Addr(), listen, collector.URL)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, told := run(t, "worker", "--config", file); code != exitInvalid || !strings.Contains(told, "WORKER_TEST_PASSWORD") {
		t.Errorf("without its variable: exit code %d, %s", code, told)
	}
	t.Setenv("WORKER_TEST_PASSWORD", "hunter2")
	must(t, "settings", "--config", file)

	ctx, stop := context.WithCancel(t.Context())
	var log said
	done := make(chan error, 1)
	go func() {
		c := root(strings.NewReader(""), io.Discard, &log)
		c.SetArgs([]string{"worker", "--config", file})
		done <- c.ExecuteContext(ctx)
	}()
	ready := func(want int) {
		t.Helper()
		for late := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			code, body := fetch(t, "http://"+listen+"/readyz")
			if code == want {
				return
			}
			if time.Now().After(late) {
				t.Fatalf("status %d: %s", code, body)
			}
		}
	}
	ready(http.StatusOK)
	if code, body := fetch(t, "http://"+listen+"/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("health: %d %s", code, body)
	}
	if out := must(t, "jobs", "import", "--data", data, filepath.Join(dir, "files")); !strings.Contains(out, "in the queue") {
		t.Error(out)
	}
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if out := must(t, "jobs", "--data", data); strings.Contains(out, "import     done") {
			break
		} else if time.Now().After(late) {
			t.Fatal(out)
		}
	}
	var metrics string
	for late := time.Now().Add(20 * time.Second); !strings.Contains(metrics, `ennakko_jobs{kind="import",state="done"} 1`); time.Sleep(50 * time.Millisecond) {
		if _, metrics = fetch(t, "http://"+listen+"/metrics"); time.Now().After(late) {
			t.Fatal(metrics)
		}
	}
	for _, want := range []string{`ennakko_gateway_connected{gateway="op"} 1`, "ennakko_database_up 1", "ennakko_places_overbooked 0", "ennakko_record_entries", `ennakko_gateway_parts_total{gateway="op",said="taken"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
	if code, _, told := run(t, "worker", "--config", file); code != exitConflict || !strings.Contains(told, "another process") {
		t.Errorf("a second worker on the same file: exit code %d, %s", code, told)
	}
	if s.Deliver("+358457999999", "+358450000000", "who are you") != 1 {
		t.Error("a message was not taken at once")
	}
	s.Close()
	ready(http.StatusServiceUnavailable)
	stop()
	if err := <-done; err != nil {
		t.Errorf("the worker ended with %v", err)
	}
	if traced.Load() == 0 {
		t.Error("no collector was told of the message")
	}
	if strings.Contains(log.String(), "hunter2") || !strings.Contains(log.String(), `"msg":"working"`) || !strings.Contains(log.String(), `"msg":"stopped"`) {
		t.Errorf("the log: %s", log.String())
	}
}

func TestSettingsOfKannelSayWhatBelongsIntoKannel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ennakko.yaml")
	settings := "data: x\ngateways:\n  - {kind: kannel, name: k, send: \"http://127.0.0.1:13013/cgi-bin/sendsms\", username: u, password: p, listen: \"127.0.0.1:9013\", own: \"http://127.0.0.1:9013\", secret: 0123456789abcdef}\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "settings", "--config", file); !strings.Contains(out, `post-url = "http://127.0.0.1:9013/incoming?mark=`) || strings.Contains(out, "0123456789abcdef") {
		t.Errorf("%s", out)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(settings, "0123456789abcdef", "short", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, told := run(t, "settings", "--config", file); code != exitInvalid || !strings.Contains(told, "gateway k") {
		t.Errorf("exit code %d: %s", code, told)
	}
}
