package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/signin"
	"ennakko/store"
)

// madeUpCode is nobody's: numbers from 900 are never given.
const madeUpCode = "010181-900C"

// everybody whom the fake door knows.
var everybody = map[string]signin.Identity{
	asPreparer: {Name: "Liisa Korhonen", Groups: []string{"preparer"}, Level: access.Substantial},
	asApprover: {Name: "Matti Nieminen", Groups: []string{"approver"}, Level: access.Substantial},
	asExpert:   {Name: "Sari Mäkelä", Groups: []string{"expert"}, Level: access.Substantial},
	asDPO:      {Name: "Pekka Lindholm", Groups: []string{"dpo"}, Level: access.Substantial},
	asLeader:   {Name: "Anna Salo", Groups: []string{"leader"}, Level: access.Substantial},
	"both":     {Name: "Liisa Matti", Groups: []string{"preparer", "approver"}, Level: access.Substantial},
	"aino":     {Name: aGuardian, Level: access.Substantial},
	"weak":     {Name: aGuardian, Level: access.Low},
	"stranger": {Name: "Nobody Inparticular", Level: access.Substantial},
	"evil":     {Name: "x", Groups: []string{"dpo"}},
	"norole":   {Name: "x", Groups: []string{"gardener"}},
}

// fakeDoor lets anybody in whom it knows, without a page of its own.
type fakeDoor struct{}

func (fakeDoor) Start(_ context.Context, seed []byte, _ person.Language, hint string) (string, error) {
	if hint == "" {
		return "/login/done?code=" + asPreparer + "&state=" + stateOf(seed), nil
	}
	return "/login/done?" + url.Values{"code": {hint}, "state": {stateOf(seed)}}.Encode(), nil
}

func stateOf(seed []byte) string { return fmt.Sprintf("%x", seed) }

func (fakeDoor) Finish(_ context.Context, seed []byte, q url.Values) (signin.Identity, error) {
	id, ok := everybody[q.Get("code")]
	if !ok || len(seed) == 0 || q.Get("state") != stateOf(seed) {
		return id, fault.New(fault.Refused, "test", "this log-in was not begun in this browser")
	}
	id.Subject = q.Get("code")
	if id.Subject == "evil" {
		id.Subject = "a\nb"
	}
	if len(id.Groups) == 0 {
		id.Code, _ = person.ParseCode(madeUpCode)
		if id.Subject == "stranger" {
			id.Code, _ = person.ParseCode("020282-9014")
		}
	}
	return id, nil
}

func (fakeDoor) LogoutURL() string { return "" }
func (fakeDoor) Origin() string    { return "http://127.0.0.1:8081" }

// machine is the machine's clock, which a test can set on.
func (c *city) machine() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return begin.AddDate(5, 0, 0).Add(c.later)
}

// fakeTx keeps sessions.
type fakeTx struct {
	store.Tx
	c *city
}

func (t fakeTx) About(string, ...person.ID) {}

func (t fakeTx) AddSession(s store.Session, _ time.Time) error {
	t.c.sessions[string(s.Hash)] = s
	return nil
}

func (t fakeTx) SeeStaff(store.Staff) error { return nil }

func (t fakeTx) EndSession(hash []byte) error {
	delete(t.c.sessions, string(hash))
	return nil
}

func (c *city) Write(_ context.Context, act audit.Act, do func(store.Tx) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := do(fakeTx{c: c}); err != nil {
		return err
	}
	c.noted = append(c.noted, act.Actor()+" "+act.Verb())
	return nil
}

func (c *city) Note(_ context.Context, e audit.Entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noted = append(c.noted, strings.TrimSpace(e.Actor+" "+e.Verb+" "+e.Detail))
	return nil
}

func (c *city) Session(_ context.Context, hash []byte) (store.Session, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.sessions[string(hash)]
	return s, ok, nil
}

func (c *city) TouchSession(_ context.Context, hash []byte, seen time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sessions[string(hash)]
	s.Seen = seen
	c.sessions[string(hash)] = s
	return nil
}

// ainos is the number of the guardian who logs in.
const ainos = person.ID(17)

func (c *city) PersonByCode(_ context.Context, code person.Code) (person.ID, error) {
	if code.Reveal() != madeUpCode {
		return 0, fault.New(fault.Missing, "test", "not there")
	}
	return ainos, nil
}

func (c *city) entries() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.noted...)
}

// follow does one request with cookies and takes those that come back.
func follow(t *testing.T, h http.Handler, address string, cookies map[string]*http.Cookie) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080"+address, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(cookies, c.Name)
		} else {
			cookies[c.Name] = c
		}
	}
	return w
}

// logIn goes through the door and returns the cookies.
func logIn(t *testing.T, h http.Handler, who string) map[string]*http.Cookie {
	t.Helper()
	cookies := map[string]*http.Cookie{}
	if r, ok := h.(realSite); ok {
		return r.logIn(t, who)
	}
	w := follow(t, h, "/login?"+url.Values{"as": {who}}.Encode(), cookies)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("the log-in of %s begins with status %d", who, w.Code)
	}
	if w = follow(t, h, w.Header().Get("Location"), cookies); w.Code != http.StatusSeeOther {
		t.Fatalf("the log-in of %s ends with status %d: %s", who, w.Code, w.Body)
	}
	return cookies
}

// carry puts the session of somebody on a request; "" is nobody.
func carry(t *testing.T, h http.Handler, r *http.Request, who string) {
	t.Helper()
	if who == "" {
		return
	}
	for _, c := range logIn(t, h, who) {
		r.AddCookie(c)
	}
}
