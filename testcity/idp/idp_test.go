package idp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/signin"
	"ennakko/testcity/idp"
)

// The library tells the machine's log of every request that it refuses.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

const madeUpCode = "010181-900C" // a made-up person's, with a number that is never given

type everyone struct{ all []idp.Person }

func (e everyone) List(context.Context) ([]idp.Person, error) { return e.all[:2], nil }

func (e everyone) Find(_ context.Context, id string) (idp.Person, bool, error) {
	i := slices.IndexFunc(e.all, func(p idp.Person) bool { return p.ID == id })
	if i < 0 {
		return idp.Person{}, false, nil
	}
	return e.all[i], true, nil
}

// lab is a provider and a program that people log in to.
type lab struct {
	t      *testing.T
	url    string
	now    time.Time
	mu     sync.Mutex
	client *signin.Client
	set    signin.Config
	http   *http.Client
	seen   bytes.Buffer // every address and page
}

func (l *lab) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *lab) wait(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{t: t, now: time.Now()}
	var h http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	l.url = s.URL
	l.set = signin.Config{Issuer: s.URL, ClientID: "ennakko", ClientSecret: "s", Redirect: "http://127.0.0.1:1/login/done", AfterLogout: "http://127.0.0.1:1/logged-out", Staff: true, Residents: true}
	about := map[string]string{"fi": "valmistelija", "sv": "beredare", "en": "preparer"}
	people := everyone{[]idp.Person{
		{ID: "liisa", Name: "Liisa <b>", About: about, Groups: []string{"preparer"}, Level: idp.LevelSubstantial, Kind: idp.Staff},
		{ID: "aino", Name: "Aino Virtanen", About: about, Code: madeUpCode, Level: idp.LevelHigh, Kind: idp.Residents},
		{ID: "hidden", Name: "Olga Petrova", About: about, Code: madeUpCode, Level: idp.LevelLow, Kind: idp.Residents}}}
	var err error
	h, err = idp.New(idp.Options{Issuer: s.URL, ClientID: "ennakko", ClientSecret: "s", Redirect: l.set.Redirect, AfterLogout: l.set.AfterLogout, People: people, Now: l.clock})
	if err != nil {
		t.Fatal(err)
	}
	if l.client, err = signin.NewClient(l.set, l.clock); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil)
	l.http = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return l
}

// ask does one request and notes everything that could be seen of it.
func (l *lab) ask(method, address string, form url.Values, headers ...string) (*http.Response, string) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		l.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w, err := l.http.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() { _ = w.Body.Close() }()
	b, err := io.ReadAll(w.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	l.seen.WriteString(address + w.Header.Get("Location"))
	l.seen.Write(b)
	return w, string(b)
}

var seed = bytes.Repeat([]byte{3}, signin.SeedSize)

// begin opens the log-in page and returns it with the number of the request.
func (l *lab) begin(hint string) (page, request string) {
	l.t.Helper()
	to, err := l.client.Start(l.t.Context(), seed, person.English, hint)
	if err != nil {
		l.t.Fatal(err)
	}
	w, _ := l.ask(http.MethodGet, to, nil)
	if w.StatusCode != http.StatusFound {
		l.t.Fatalf("the log-in begins with status %d", w.StatusCode)
	}
	_, page = l.ask(http.MethodGet, l.url+w.Header.Get("Location"), nil)
	m := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		l.t.Fatalf("the log-in page has no form: %s", page)
	}
	return page, m[1]
}

// choose is somebody on the page; what comes back is what the program is told.
func (l *lab) choose(request, who string) url.Values {
	l.t.Helper()
	w, body := l.ask(http.MethodPost, l.url+"/login", url.Values{"request": {request}, "person": {who}})
	if w.StatusCode != http.StatusSeeOther {
		l.t.Fatalf("choosing %s: status %d %s", who, w.StatusCode, body)
	}
	w, body = l.ask(http.MethodGet, w.Header.Get("Location"), nil)
	back := w.Header.Get("Location")
	if w.StatusCode != http.StatusFound || !strings.HasPrefix(back, l.set.Redirect+"?") {
		l.t.Fatalf("status %d, back to %q: %s", w.StatusCode, back, body)
	}
	u, err := url.Parse(back)
	if err != nil {
		l.t.Fatal(err)
	}
	return u.Query()
}

func TestPeopleLogInWithTheirRolesAndTheirLevel(t *testing.T) {
	l := newLab(t)
	page, request := l.begin("")
	if !strings.Contains(page, "Liisa &lt;b&gt;") || !strings.Contains(page, "Nobody needs a password") || strings.Contains(page, "Olga") {
		t.Errorf("the page: %s", page)
	}
	id, err := l.client.Finish(t.Context(), seed, l.choose(request, "liisa"))
	if err != nil {
		t.Fatal(err)
	}
	if id.Subject != "liisa" || id.Name != "Liisa <b>" || !slices.Equal(id.Groups, []string{"preparer"}) || id.Level != access.Substantial || !id.Code.IsZero() {
		t.Errorf("%+v", id)
	}
	page, request = l.begin("hidden")
	if !strings.Contains(page, "Continue as Olga Petrova") {
		t.Error("whoever is expected does not stand on the page")
	}
	if id, err = l.client.Finish(t.Context(), seed, l.choose(request, "hidden")); err != nil {
		t.Fatal(err)
	}
	if id.Code.Reveal() != madeUpCode || id.Level != access.Low || len(id.Groups) != 0 {
		t.Errorf("%+v", id)
	}
	if strings.Contains(l.seen.String(), madeUpCode) {
		t.Error("an identity code stands on a page or in an address")
	}
}

func TestALoginIsRefusedThatIsNotWhole(t *testing.T) {
	l := newLab(t)
	_, request := l.begin("")
	good := l.choose(request, "aino")
	finish := func(name string, c *signin.Client, seed []byte, q url.Values) {
		t.Helper()
		if _, err := c.Finish(t.Context(), seed, q); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
	finish("another browser", l.client, bytes.Repeat([]byte{4}, signin.SeedSize), good)
	finish("no secret at all", l.client, nil, good)
	finish("another state", l.client, seed, url.Values{"state": {"x"}, "code": good["code"]})
	finish("broken off", l.client, seed, url.Values{"state": good["state"], "error": {"access_denied"}})
	finish("an invented code", l.client, seed, url.Values{"state": good["state"], "code": {"invented"}})
	if _, err := l.client.Finish(t.Context(), seed, good); err != nil {
		t.Fatalf("what was refused used the code up: %v", err)
	}
	finish("the code a second time", l.client, seed, good)
	set := l.set
	set.ClientSecret = "wrong"
	other, err := signin.NewClient(set, l.clock)
	if err != nil {
		t.Fatal(err)
	}
	_, request = l.begin("")
	finish("a wrong secret of the client", other, seed, l.choose(request, "aino"))
	_, request = l.begin("")
	late := l.choose(request, "aino")
	l.wait(2 * time.Minute)
	finish("a code that is too old", l.client, seed, late)
}

func TestTheProviderRefusesWhatItDoesNotKnow(t *testing.T) {
	l := newLab(t)
	to, err := l.client.Start(t.Context(), seed, person.Finnish, "")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(to)
	without := func(key, value string) string {
		q := u.Query()
		q.Set(key, value)
		if value == "" {
			q.Del(key)
		}
		return l.url + "/authorize?" + q.Encode()
	}
	for name, address := range map[string]string{"no code challenge": without("code_challenge", ""), "a plain challenge": without("code_challenge_method", "plain"),
		"another client": without("client_id", "other"), "another way back": without("redirect_uri", "http://127.0.0.1:1/elsewhere")} {
		w, _ := l.ask(http.MethodGet, address, nil)
		if strings.Contains(w.Header.Get("Location"), "/login?request") || strings.Contains(w.Header.Get("Location"), "elsewhere") {
			t.Errorf("%s: status %d, to %q", name, w.StatusCode, w.Header.Get("Location"))
		}
	}
	_, request := l.begin("")
	for name, tt := range map[string]struct {
		form    url.Values
		headers []string
		want    int
	}{
		"an unknown person":  {url.Values{"request": {request}, "person": {"nobody"}}, nil, http.StatusNotFound},
		"an unknown request": {url.Values{"request": {"x"}, "person": {"aino"}}, nil, http.StatusNotFound},
		"another site":       {url.Values{"request": {request}, "person": {"aino"}}, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		"another host":       {url.Values{"request": {request}, "person": {"aino"}}, []string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
	} {
		if w, _ := l.ask(http.MethodPost, l.url+"/login", tt.form, tt.headers...); w.StatusCode != tt.want {
			t.Errorf("%s: status %d, not %d", name, w.StatusCode, tt.want)
		}
	}
	for _, path := range []string{"/oauth/introspect", "/device_authorization", "/revoke", "/nothing"} {
		if w, _ := l.ask(http.MethodGet, l.url+path, nil); w.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers with %d", path, w.StatusCode)
		}
	}
	l.wait(11 * time.Minute)
	if w, body := l.ask(http.MethodPost, l.url+"/login", url.Values{"request": {request}, "person": {"aino"}}); w.StatusCode != http.StatusNotFound || !strings.Contains(body, "vanheni") {
		t.Errorf("an old log-in goes on: %d", w.StatusCode)
	}
}

func TestLoggingOutLeadsBack(t *testing.T) {
	l := newLab(t)
	if l.client.LogoutURL() != "" {
		t.Error("a provider that was never asked has a place to log out")
	}
	l.begin("")
	to := l.client.LogoutURL()
	if w, _ := l.ask(http.MethodGet, to, nil); w.Header.Get("Location") != l.set.AfterLogout {
		t.Errorf("%s leads to %q (%d)", to, w.Header.Get("Location"), w.StatusCode)
	}
	u, _ := url.Parse(to)
	q := u.Query()
	q.Set("post_logout_redirect_uri", "http://evil.example/")
	if w, _ := l.ask(http.MethodGet, l.url+"/end_session?"+q.Encode(), nil); strings.Contains(w.Header.Get("Location"), "evil") {
		t.Error("logging out leads to another site")
	}
}

func TestOnlyThisMachineIsServed(t *testing.T) {
	good := idp.Options{Issuer: "http://127.0.0.1:1", ClientID: "c", ClientSecret: "s", Redirect: "http://localhost:2/x", AfterLogout: "http://127.0.0.1:2/", People: everyone{}, Now: time.Now}
	if _, err := idp.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*idp.Options){
		"the issuer": func(o *idp.Options) { o.Issuer = "http://ennakko.example" }, "the way back": func(o *idp.Options) { o.Redirect = "http://10.0.0.1/x" },
		"the way out": func(o *idp.Options) { o.AfterLogout = "https://127.0.0.1/" },
	} {
		o := good
		change(&o)
		if _, err := idp.New(o); fault.KindOf(err) != fault.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheProgramTakesOnlySafeProviders(t *testing.T) {
	good := signin.Config{Issuer: "https://id.example", ClientID: "c", ClientSecret: "s", Redirect: "https://e.example/login/done", AfterLogout: "https://e.example/", Staff: true}
	if _, err := signin.NewClient(good, time.Now); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*signin.Config){
		"http":      func(c *signin.Config) { c.Issuer = "http://id.example" },
		"no secret": func(c *signin.Config) { c.ClientSecret = "" },
		"nobody":    func(c *signin.Config) { c.Staff = false },
	} {
		c := good
		change(&c)
		if _, err := signin.NewClient(c, time.Now); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestAProviderThatIsAwayIsAskedAgainLater(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c, err := signin.NewClient(signin.Config{Issuer: s.URL, ClientID: "c", ClientSecret: "s", Redirect: "http://127.0.0.1:1/login/done", AfterLogout: "http://127.0.0.1:1/", Staff: true}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if to, err := c.Start(t.Context(), make([]byte, signin.SeedSize), person.Finnish, ""); fault.KindOf(err) != fault.Later || to != "" {
			t.Errorf("sent to %q, %v", to, err)
		}
	}
}
