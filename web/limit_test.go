package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWhatIsDoneTooOftenHasToWait(t *testing.T) {
	c := newCity().running()
	p := partsOf(t, c, slog.New(slog.DiscardHandler))
	p.real = c.machine
	h, err := newSite(p)
	if err != nil {
		t.Fatal(err)
	}
	n := perMinute["POST /desk/search"]
	for i := range n {
		if w := post(t, h, asExpert, "/desk/search", url.Values{"q": {"0457 000017"}}); w.Code >= 400 {
			t.Fatalf("search %d of %d: status %d", i+1, n, w.Code)
		}
	}
	w := post(t, h, asExpert, "/desk/search", url.Values{"q": {"0457 000017"}})
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("search %d has status %d", n+1, w.Code)
	}
	if w := getAs(t, h, asExpert, "/desk/cases/12"); w.Code != http.StatusOK {
		t.Errorf("another action has status %d", w.Code)
	}
	c.mu.Lock()
	c.later += time.Minute
	c.mu.Unlock()
	if w := post(t, h, asExpert, "/desk/search", url.Values{"q": {"0457 000017"}}); w.Code >= 400 {
		t.Errorf("a minute later the search has status %d", w.Code)
	}
}

func TestEveryLimitIsOfARoute(t *testing.T) {
	there := map[string]bool{}
	for _, r := range (&site{}).routes() {
		there[r.pattern] = r.action != anyone
	}
	for pattern := range perMinute {
		if !there[pattern] {
			t.Errorf("%q is no route for which one logs in", pattern)
		}
	}
}

func TestCountersThatAreFullAgainAreForgotten(t *testing.T) {
	now := begin
	l := newLimits(func() time.Time { return now })
	for i := range manyLimits {
		l.allow("resident:"+strings.Repeat("x", i%7)+string(rune(i)), "POST /my/objections")
	}
	now = now.Add(time.Hour)
	l.allow("resident:new", "POST /my/objections")
	if len(l.by) != 1 {
		t.Errorf("%d counters are kept", len(l.by))
	}
}

// TestWhatIsRefusedIsToldWithoutNames takes the guard's ways of refusing one by
// one; the log says which it was and names nobody.
func TestWhatIsRefusedIsToldWithoutNames(t *testing.T) {
	var log bytes.Buffer
	h := loggingHandlerOf(t, newCity().running(), slog.New(slog.NewTextHandler(&log, nil)))
	told := func(what string) {
		t.Helper()
		if !strings.Contains(log.String(), what) {
			t.Errorf("the log does not tell of %q: %s", what, log.String())
		}
		for _, name := range []string{"anna", "Anna", "sari", "liisa", aNumber, "case 12", "cases/12", "secret"} {
			if strings.Contains(log.String(), name) {
				t.Errorf("the log says %q: %s", name, log.String())
			}
		}
		log.Reset()
	}
	getAs(t, h, asLeader, "/desk/cases/12")
	told("why=\"no right\"")
	get(t, h, "/login/done?code=secret&state=secret")
	told("why=\"a log-in that is not whole\"")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080/desk/search", nil)
	r.Header.Set("Origin", "http://evil.example")
	h.ServeHTTP(httptest.NewRecorder(), r)
	told("why=\"a form from elsewhere\"")
	r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://evil.example/", nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	told("why=\"another host\"")
}

func TestAPanicIsAFaultInside(t *testing.T) {
	var log bytes.Buffer
	s := loggingSite(t, newCity().running(), slog.New(slog.NewTextHandler(&log, nil)))
	h := s.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret of a family") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String()+log.String(), "the secret") {
		t.Errorf("status %d, %s; log: %s", w.Code, w.Body, log.String())
	}
	if !strings.Contains(log.String(), "limit_test.go") {
		t.Errorf("the log does not say where: %s", log.String())
	}
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // a panic's value
			t.Errorf("an abort became %v", p)
		}
	}()
	s.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://127.0.0.1:8080/", nil))
}
