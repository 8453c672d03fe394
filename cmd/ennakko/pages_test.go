package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ennakko/testcity/idp"
	"ennakko/testcity/smsc"
)

// officers are those who can log in at the provider of the test.
type officers []idp.Person

func (o officers) List(context.Context) ([]idp.Person, error) { return o, nil }

func (o officers) Find(_ context.Context, id string) (idp.Person, bool, error) {
	for _, p := range o {
		if p.ID == id {
			return p, true, nil
		}
	}
	return idp.Person{}, false, nil
}

// browser keeps cookies as a browser behind a proxy does that ends TLS: Go's own
// jar would not send them without.
type browser struct {
	*testing.T
	site    string
	cookies map[string]string
}

// do asks once, and gives where it leads.
func (b *browser) do(method, address string, form url.Values) (status int, body, to string) {
	b.Helper()
	var in io.Reader
	if form != nil {
		in = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.Context(), method, address, in)
	if err != nil {
		b.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", r.URL.Scheme+"://"+r.URL.Host)
	}
	if strings.HasPrefix(address, b.site) {
		for name, value := range b.cookies {
			r.Header.Add("Cookie", name+"="+value)
		}
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := c.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(w.Body)
	if cerr := w.Body.Close(); err != nil || cerr != nil {
		b.Fatal(err, cerr)
	}
	if strings.HasPrefix(address, b.site) {
		for _, k := range w.Cookies() {
			b.cookies[k.Name] = k.Value
		}
	}
	if l := w.Header.Get("Location"); l != "" {
		u, err := r.URL.Parse(l)
		if err != nil {
			b.Fatal(err)
		}
		to = u.String()
	}
	return w.StatusCode, string(text), to
}

// asAnotherHost asks for the first page by a name that is not its own.
func (b *browser) asAnotherHost(name string) int {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, b.site+"/", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Host = name
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Body.Close(); err != nil {
		b.Fatal(err)
	}
	return w.StatusCode
}

// follow asks and goes where it leads.
func (b *browser) follow(method, address string, form url.Values) (int, string) {
	b.Helper()
	status, body, to := b.do(method, address, form)
	for n := 0; to != "" && n < 10; n++ {
		status, body, to = b.do(http.MethodGet, to, nil)
	}
	return status, body
}

var loginRequest = regexp.MustCompile(`name="request" value="([^"]+)"`)

// logIn logs somebody in at the provider.
func (b *browser) logIn(provider, who string) {
	b.Helper()
	b.cookies = map[string]string{}
	_, body := b.follow(http.MethodGet, b.site+"/login?back=/desk", nil)
	m := loginRequest.FindStringSubmatch(body)
	if m == nil {
		b.Fatal("the provider does not ask who it is")
	}
	if status, body := b.follow(http.MethodPost, provider+"/login", url.Values{"request": {m[1]}, "person": {who}}); status != http.StatusOK || !strings.Contains(body, "/logout") {
		b.Fatalf("%s is not logged in: status %d", who, status)
	}
}

// awhile looks again until it is so.
func (b *browser) awhile(what string, so func() bool) {
	b.Helper()
	for late := time.Now().Add(60 * time.Second); !so(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			b.Fatalf("it never came: %s", what)
		}
	}
}

// TestACityRunsARoundFromItsOwnPages starts the pages and a worker of one file of
// settings. Two officers log in at the city's provider, find, and approve; the
// worker sends, and the pages show it.
func TestACityRunsARoundFromItsOwnPages(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	must(t, "city", "--residents", "3000", "--seed", "5", "--out", filepath.Join(dir, "files"))
	must(t, "register", "import", "--data", data, filepath.Join(dir, "files"))
	operator, err := smsc.Start("127.0.0.1:0", func(int, smsc.Part) smsc.Order { return smsc.Order{Reports: []string{"DELIVRD"}} }, &smsc.Families{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Close)

	var provider http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	listen := freeAddr(t)
	site := "http://" + listen
	about := map[string]string{"fi": "x", "sv": "x", "en": "x"}
	provider, err = idp.New(idp.Options{Issuer: s.URL, ClientID: "city", ClientSecret: "hunter2", Redirect: site + "/login/done", AfterLogout: site + "/logged-out", Now: time.Now,
		People: officers{{ID: "finds", Name: "Finds", Groups: []string{"preparer"}, Level: idp.LevelSubstantial, Kind: idp.Staff, About: about},
			{ID: "approves", Name: "Approves", Groups: []string{"approver"}, Level: idp.LevelSubstantial, Kind: idp.Staff, About: about}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ennakko.yaml")
	settings := fmt.Sprintf(`data: %s
gateways:
  - {kind: smpp, name: op, address: %q, system_id: city, password: x}
pages: {listen: %q, address: %q, sign_in: {issuer: %q, client_id: city, client_secret: "${PAGES_TEST_SECRET}"}}
trial: {from: 2021-01-07T07:00:00Z, at: %s, speed: 3600}
`, data, operator.Addr(), listen, site, s.URL, time.Now().Format(time.RFC3339Nano))
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PAGES_TEST_SECRET", "hunter2")
	must(t, "settings", "--config", file)

	ctx, stop := context.WithCancel(t.Context())
	var log said
	done := make(chan error, 2)
	for _, command := range []string{"serve", "worker"} {
		go func() {
			c := root(strings.NewReader(""), io.Discard, &log)
			c.SetArgs([]string{command, "--config", file})
			done <- c.ExecuteContext(ctx)
		}()
	}
	if code, _ := fetch(t, site+"/healthz"); code != http.StatusOK {
		t.Fatalf("health: %d", code)
	}
	b := &browser{T: t, site: site, cookies: map[string]string{}}
	for _, address := range []string{"/demo", "/demo/handset"} {
		if status, _ := b.follow(http.MethodGet, site+address, nil); status != http.StatusNotFound {
			t.Errorf("%s is a page of a real city: status %d", address, status)
		}
	}
	if status := b.asAnotherHost("city.example"); status != http.StatusMisdirectedRequest {
		t.Errorf("asked by another name: status %d", status)
	}
	b.logIn(s.URL, "finds")
	b.follow(http.MethodPost, site+"/desk/services/pre-primary/find", url.Values{"as_of": {"2021-01-07"}})
	prepared := regexp.MustCompile(`/desk/rounds/1\b`)
	b.awhile("a prepared round", func() bool {
		_, body := b.follow(http.MethodGet, site+"/desk", nil)
		return prepared.MatchString(body)
	})
	b.logIn(s.URL, "approves")
	b.awhile("the approval", func() bool { // the round is there a moment before the job that made it has ended
		status, _ := b.follow(http.MethodPost, site+"/desk/rounds/1/approve", url.Values{})
		return status == http.StatusOK
	})
	b.awhile("a message at the operator", func() bool { return len(operator.Parts()) > 0 })
	sent := regexp.MustCompile(`The inquiry was sent about [1-9]\d* children`)
	b.awhile("inquiries on the page", func() bool {
		_, body := b.follow(http.MethodGet, site+"/desk/rounds/1?lang=en", nil)
		return sent.MatchString(body)
	})
	stop()
	for range 2 {
		if err := <-done; err != nil {
			t.Errorf("it ended with %v", err)
		}
	}
	if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("the log: %s", log.String())
	}
}
