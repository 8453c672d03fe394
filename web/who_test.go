package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ennakko/access"
)

// doors lists, for every route that is not for everybody, who may come to it.
// A route that is missing here fails the test.
var doors = map[string]string{
	"GET /desk":                                                "liisa matti sari pekka anna both",
	"GET /desk/messages":                                       "liisa matti sari pekka anna both",
	"GET /desk/services/{service}":                             "liisa matti sari pekka anna both",
	"GET /desk/services/{service}/events":                      "liisa matti sari pekka anna both",
	"POST /desk/services/{service}/find":                       "liisa both",
	"GET /desk/rounds/{round}":                                 "liisa matti sari pekka anna both",
	"GET /desk/rounds/{round}/events":                          "liisa matti sari pekka anna both",
	"GET /desk/rounds/{round}/found":                           "liisa matti sari pekka anna both",
	"POST /desk/rounds/{round}/approve":                        "matti both",
	"GET /desk/record":                                         "pekka",
	"GET /desk/rounds/{round}/districts":                       "liisa matti sari pekka anna both",
	"GET /desk/rounds/{round}/places":                          "liisa matti both",
	"POST /desk/rounds/{round}/places":                         "liisa both",
	"GET /desk/services/{service}/try":                         "liisa matti both",
	"POST /desk/services/{service}/try":                        "liisa matti both",
	"POST /desk/messages":                                      "liisa both",
	"POST /desk/rounds/{round}/pause":                          "liisa matti both",
	"POST /desk/rounds/{round}/resume":                         "liisa matti both",
	"POST /desk/rounds/{round}/stop":                           "liisa matti both",
	"GET /desk/rounds/{round}/queue":                           "sari",
	"GET /desk/cases/{case}":                                   "sari",
	"POST /desk/cases/{case}/settle":                           "sari",
	"POST /desk/cases/{case}/answer":                           "sari",
	"GET /desk/search":                                         "sari",
	"POST /desk/search":                                        "sari",
	"GET /desk/care":                                           "liisa matti sari anna both",
	"GET /desk/care/events":                                    "liisa matti sari anna both",
	"POST /desk/care/run":                                      "liisa both",
	"GET /desk/care/{criterion}/worklist":                      "sari",
	"GET /desk/care/{criterion}/worklist/{place}":              "sari",
	"POST /desk/care/{criterion}/worklist/{place}/visit":       "sari",
	"GET /desk/care/{criterion}/what-if":                       "liisa matti sari both",
	"POST /desk/care/{criterion}/what-if":                      "liisa matti sari both",
	"GET /my/offers/{case}":                                    "aino stranger",
	"POST /my/offers/{case}":                                   "aino stranger",
	"GET /my/requests":                                         "aino stranger",
	"POST /my/requests":                                        "aino stranger",
	"GET /my/uses":                                             "aino stranger",
	"GET /my/uses/{entry}":                                     "aino stranger",
	"POST /my/objections":                                      "aino stranger",
	"GET /my/fees/{matter}":                                    "aino stranger",
	"POST /my/fees/{matter}/way":                               "aino stranger",
	"POST /my/fees/{matter}/answer":                            "aino stranger",
	"GET /my/permissions/{permission}":                         "aino stranger",
	"POST /my/permissions/{permission}/take-back":              "aino stranger",
	"GET /my/permissions/{permission}/receipts/{event}":        "aino stranger",
	"GET /my/permissions/{permission}/receipts/{event}/file":   "aino stranger",
	"GET /my/copy":                                             "aino stranger",
	"GET /my/copy/file":                                        "aino stranger",
	"GET /my/erase":                                            "aino stranger",
	"POST /my/erase":                                           "aino stranger",
	"POST /demo/clock":                                         "liisa matti sari pekka anna both",
	"GET /my/uses/{entry}/file":                                "aino stranger",
	"GET /desk/privacy":                                        "pekka",
	"GET /desk/privacy/requests":                               "pekka",
	"POST /desk/privacy/requests":                              "pekka",
	"POST /desk/privacy/requests/{request}/who":                "pekka",
	"POST /desk/privacy/requests/{request}/settle":             "pekka",
	"GET /desk/privacy/unusual":                                "pekka",
	"POST /desk/privacy/unusual":                               "pekka",
	"POST /desk/privacy/unusual/relatives":                     "pekka",
	"POST /desk/privacy/unusual/famous":                        "pekka",
	"GET /desk/privacy/decide":                                 "pekka",
	"POST /desk/privacy/decide":                                "pekka",
	"POST /desk/privacy/decide/decision":                       "pekka",
	"GET /desk/rounds/{round}/effect":                          "liisa matti sari anna both",
	"GET /my/permissions/{permission}/receipts/{event}/signed": "aino stranger",
	"GET /desk/care-needs":                                     "liisa matti sari anna both",
	"GET /desk/care-needs/events":                              "liisa matti sari anna both",
	"POST /desk/care-needs/run":                                "liisa both",
	"GET /desk/care-needs/worklist":                            "sari",
	"GET /desk/care-needs/worklist/{place}":                    "sari",
	"POST /desk/care-needs/worklist/{place}/note":              "sari",
}

// real fills the blanks of a pattern.
func real(pattern string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{service}", "blood-pressure", "{round}", "3", "{case}", "12", "{party}", "0", "{item}", "5", "{entry}", "43", "{criterion}", "hypertension-treated", "{place}", "3", "{matter}", "5", "{permission}", "9", "{event}", "2", "{task}", "4", "{document}", "21", "{request}", "12", "{day}", "2021-01-06").Replace(path)
}

// TestNobodyComesThroughADoorThatIsNotTheirs is forced browsing: every route,
// asked for by everybody.
func TestNobodyComesThroughADoorThatIsNotTheirs(t *testing.T) {
	c := withBook(t, newCity().running().withCare(true).withOma(feeProposed))
	c.round.Service = c.pack
	h := handlerOf(t, c)
	cookies := map[string]map[string]*http.Cookie{"": nil}
	for who := range everybody {
		if who != "evil" && who != "norole" {
			cookies[who] = logIn(t, h, who)
		}
	}
	for _, to := range (&site{}).routes() {
		if to.action == anyone {
			continue
		}
		may, listed := doors[to.pattern]
		if !listed {
			may, listed = omaDoors[to.pattern]
		}
		if !listed {
			t.Errorf("the test does not say who may come to %s", to.pattern)
			continue
		}
		method, path := real(to.pattern)
		for who, kept := range cookies {
			r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080"+path, nil)
			r.Header.Set("Origin", "http://127.0.0.1:8080")
			for _, c := range kept {
				r.AddCookie(c)
			}
			allowed := who != "" && slices.Contains(strings.Fields(may), who)
			if allowed && (strings.HasSuffix(path, "/events") || method == http.MethodPost) {
				continue // it answers without end, or changes the city for the next
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch {
			case who == "" && method == http.MethodGet && !strings.HasSuffix(path, "/events"):
				if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/login?") {
					t.Errorf("%s is not asked who it is at %s: status %d", "nobody", to.pattern, w.Code)
				}
			case who == "":
				if w.Code != http.StatusUnauthorized {
					t.Errorf("nobody at %s: status %d", to.pattern, w.Code)
				}
			case allowed && who == "stranger" && w.Code == http.StatusNotFound: // nothing is kept of this person
			case allowed && w.Code >= 400, !allowed && w.Code != http.StatusForbidden:
				t.Errorf("%s at %s: status %d", who, to.pattern, w.Code)
			}
			if !allowed && strings.Contains(w.Body.String(), "5,158") {
				t.Errorf("%s is shown the numbers at %s", who, to.pattern)
			}
		}
	}
}

func TestARefusalSaysWhyAndStandsOnTheRecord(t *testing.T) {
	c := newCity().prepared()
	h := handlerOf(t, c)
	w := getAs(t, h, asLeader, "/desk/record?lang=en")
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "The record of uses is read by the data-protection officer") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if got := c.entries(); !slices.Contains(got, "officer:anna be refused "+string(access.SeeRecord)) {
		t.Errorf("the record says %q", got)
	}
}

func TestALoginGivesANewSessionAndEndsTheOld(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	// Somebody plants a session token of their own choice (session fixation).
	planted := &http.Cookie{Name: SessionCookie, Value: strings.Repeat("A", 43)}
	cookies := map[string]*http.Cookie{SessionCookie: planted}
	w := follow(t, h, "/login?as=liisa", cookies)
	follow(t, h, w.Header().Get("Location"), cookies)
	first := cookies[SessionCookie]
	if first == nil || first.Value == planted.Value || len(first.Value) != 43 {
		t.Fatalf("the session is %v", first)
	}
	if !first.Secure || !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.Domain != "" || first.MaxAge != 0 {
		t.Errorf("the cookie: %+v", first)
	}
	if _, there := cookies[loginCookie]; there {
		t.Error("the secret of the log-in stays in the browser")
	}
	w = follow(t, h, "/login?as=matti", cookies)
	follow(t, h, w.Header().Get("Location"), cookies)
	if cookies[SessionCookie].Value == first.Value || len(c.sessions) != 1 {
		t.Errorf("%d sessions are open after a second log-in", len(c.sessions))
	}
	for token := range c.sessions {
		if strings.Contains(token, first.Value) || strings.Contains(token, cookies[SessionCookie].Value) {
			t.Error("the store holds the token itself")
		}
	}
	if got := c.entries(); !slices.Equal(got, []string{"officer:liisa log in", "officer:liisa log out", "officer:matti log in"}) {
		t.Errorf("the record says %q", got)
	}
}

func TestASessionEnds(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	open := func(cookies map[string]*http.Cookie) bool {
		return follow(t, h, "/desk", cookies).Code == http.StatusOK
	}
	later := func(d time.Duration) { c.mu.Lock(); c.later += d; c.mu.Unlock() }
	cookies := logIn(t, h, asLeader)
	for range 20 {
		if later(29 * time.Minute); !open(cookies) {
			t.Fatal("a session in use ends early")
		}
	}
	if later(29 * time.Minute); open(cookies) {
		t.Error("a session goes on for more than a working day")
	}
	cookies = logIn(t, h, asLeader)
	if later(31 * time.Minute); open(cookies) {
		t.Error("a session that nobody uses stays open")
	}
	cookies = logIn(t, h, asLeader)
	kept := map[string]*http.Cookie{SessionCookie: cookies[SessionCookie]}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8080/logout", nil)
	r.Header.Set("Origin", "http://127.0.0.1:8080")
	r.AddCookie(cookies[SessionCookie])
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/logged-out" || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0") || !strings.Contains(w.Header().Get("Clear-Site-Data"), `"storage"`) {
		t.Errorf("the log-out: %d %v", w.Code, w.Header())
	}
	if open(kept) {
		t.Error("after the log-out the token still opens the desk")
	}
	if open(map[string]*http.Cookie{SessionCookie: {Name: SessionCookie, Value: strings.Repeat("x", 43)}}) {
		t.Error("an invented token opens the desk")
	}
}

func TestALoginThatIsNotWholeOpensNothing(t *testing.T) {
	c := newCity()
	h := handlerOf(t, c)
	own := map[string]*http.Cookie{}
	to := follow(t, h, "/login?as=liisa", own).Header().Get("Location")
	for name, try := range map[string]func() int{
		"a log-in that was begun in another browser": func() int { return follow(t, h, to, map[string]*http.Cookie{}).Code },
		"a secret that is not one": func() int {
			return follow(t, h, to, map[string]*http.Cookie{loginCookie: {Name: loginCookie, Value: "%%%"}}).Code
		},
		"a name that cannot stand in the record": func() int {
			x := map[string]*http.Cookie{}
			return follow(t, h, follow(t, h, "/login?as=evil", x).Header().Get("Location"), x).Code
		},
		"groups that give no role, and no identity code": func() int {
			x := map[string]*http.Cookie{}
			return follow(t, h, follow(t, h, "/login?as=unknown", x).Header().Get("Location"), x).Code
		},
	} {
		if code := try(); code != http.StatusForbidden {
			t.Errorf("%s: status %d", name, code)
		}
	}
	if len(c.sessions) != 0 {
		t.Errorf("%d sessions were opened", len(c.sessions))
	}
	if follow(t, h, to, own); len(c.sessions) != 1 {
		t.Error("the log-in itself does not work any more")
	}
	whole := logIn(t, h, asLeader)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:8080/desk", nil)
	r.AddCookie(whole[SessionCookie])
	r.AddCookie(&http.Cookie{Name: SessionCookie, Value: strings.Repeat("A", 43)})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther {
		t.Errorf("a request with two sessions: status %d", w.Code)
	}
}

func TestALoginLeadsBackToThisSiteOnly(t *testing.T) {
	h := handlerOf(t, newCity())
	for back, want := range map[string]string{"/desk/rounds/3?lang=sv#now": "/desk/rounds/3?lang=sv#now", "": "/", "//evil.example/": "/", "https://evil.example/": "/",
		"/\\evil.example": "/", "/\t/evil.example": "/", "javascript:alert(1)": "/", "desk": "/", "/login?as=x": "/", "/a\r\nSet-Cookie: x=y": "/", "/" + strings.Repeat("a", 300): "/"} {
		cookies := map[string]*http.Cookie{}
		w := follow(t, h, "/login?"+url.Values{"as": {"liisa"}, "back": {back}}.Encode(), cookies)
		w = follow(t, h, w.Header().Get("Location"), cookies)
		if got := w.Header().Get("Location"); got != want {
			t.Errorf("back to %q leads to %q", back, got)
		}
		if w.Header().Get("Set-Cookie") == "x=y" {
			t.Error("a header was put in")
		}
	}
}

func TestWhatIsTypedComesBackAsText(t *testing.T) {
	h := handlerOf(t, newCity().running())
	const evil = `"><script>alert(1)</script>{{.}}`
	for _, body := range []string{
		post(t, handlerOf(t, newCity()), asPreparer, "/desk/services/pre-primary/find", url.Values{"as_of": {evil}}).Body.String(),
		get(t, h, "/demo/handset/any?case="+url.QueryEscape(evil)).Body.String(),
		get(t, h, "/open?lang="+url.QueryEscape(evil)).Body.String(),
		getAs(t, h, asPreparer, "/desk/messages?family="+url.QueryEscape(evil)).Body.String(),
		get(t, h, "/"+url.PathEscape(evil)).Body.String(),
	} {
		if regexp.MustCompile(`<script>|alert\(1\)</`).MatchString(body) {
			t.Errorf("what was typed is code on the page: %.300s", body)
		}
	}
}

func TestAHintIsAShortNameOrNothing(t *testing.T) {
	for as, want := range map[string]string{"liisa": "liisa", "case-12-0": "case-12-0", "": "", "<script>": "", "a\r\nSet-Cookie: x=y": "", "https://evil.example": "", strings.Repeat("a", 41): ""} {
		if got := hint(as); got != want {
			t.Errorf("%q became %q", as, got)
		}
	}
}
