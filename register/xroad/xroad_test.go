package xroad_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/certificate"
	"ennakko/register/xroad"
	"ennakko/testcity/ca"
)

func service(t *testing.T) xroad.ServiceID {
	t.Helper()
	s, err := xroad.ParseService("FI/GOV/0000000-0/register/incomes")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func client(t *testing.T, set xroad.Config) *xroad.Client {
	t.Helper()
	id, err := xroad.ParseClient("FI/MUN/0201256-6/ennakko")
	if err != nil {
		t.Fatal(err)
	}
	set.Client = id
	if set.Server == "" {
		set.Server = "http://127.0.0.1:1"
	}
	c, err := xroad.NewClient(set)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// far is the other end: it answers try after try.
type far struct {
	answers []func(*http.Request) (*http.Response, error)
	asked   []*http.Request
	bodies  []string
}

func (f *far) RoundTrip(q *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	f.asked, f.bodies = append(f.asked, q), append(f.bodies, string(b))
	return f.answers[min(len(f.asked), len(f.answers))-1](q)
}

func says(status int, body string, headers ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		r := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		return r, nil
	}
}

func silent(q *http.Request) (*http.Response, error) {
	<-q.Context().Done()
	return nil, q.Context().Err()
}

func breaks(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }

func TestARequestNamesClientServicePersonAndMatter(t *testing.T) {
	code, err := person.ParseCode("010190-999W")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{answers: []func(*http.Request) (*http.Response, error){says(200, `{}`, xroad.HeaderRequestID, "f92591a3-6bf0-49b1-987b-0dd78c034cc3")}}
	c := client(t, xroad.Config{Base: f})
	a, err := c.Ask(t.Context(), service(t), "v1/incomes", []byte(`{"person":1}`), xroad.Headers{Person: xroad.SignedIn(code), Issue: "42", More: http.Header{"Ennakko-Purpose": {"p"}}})
	if err != nil {
		t.Fatal(err)
	}
	q := f.asked[0]
	if q.Method != "POST" || q.URL.String() != "http://127.0.0.1:1/r1/FI/GOV/0000000-0/register/incomes/v1/incomes" || f.bodies[0] != `{"person":1}` {
		t.Errorf("%s %s %s", q.Method, q.URL, f.bodies[0])
	}
	for name, want := range map[string]string{"X-Road-Client": "FI/MUN/0201256-6/ennakko", "X-Road-UserId": "FI010190-999W", "X-Road-Issue": "42", "X-Road-Id": a.ID, "Ennakko-Purpose": "p", "Accept": "application/json"} {
		if q.Header.Get(name) != want {
			t.Errorf("%s: %q, not %q", name, q.Header.Get(name), want)
		}
	}
	if len(a.ID) != 36 || a.RequestID != "f92591a3-6bf0-49b1-987b-0dd78c034cc3" || a.Tries != 1 {
		t.Errorf("%+v", a)
	}
	if s := fmt.Sprintf("%v %+v", xroad.Headers{Person: xroad.SignedIn(code)}, xroad.SignedIn(code)); strings.Contains(s, "999W") {
		t.Errorf("it prints: %s", s)
	}
	if _, err := c.Ask(t.Context(), service(t), "x", nil, xroad.Headers{}); err != nil || f.asked[1].Header.Get("X-Road-UserId") != "" {
		t.Errorf("nobody signed in, and the header says %q, %v", f.asked[1].Header.Get("X-Road-UserId"), err)
	}
}

func TestAnIdentityCodeNeverStandsInAnAddress(t *testing.T) {
	f := &far{answers: []func(*http.Request) (*http.Response, error){says(200, `{}`)}}
	c := client(t, xroad.Config{Base: f})
	for _, tt := range []struct {
		path  string
		query url.Values
	}{{"people/010190-999W", nil}, {"x", url.Values{"person": {"010190-999W"}}}, {"x", url.Values{"010190-999w": {""}}}, {"x/FI010190-999W.json", nil}, {"x", url.Values{"q": {"a,010190-999W,b"}}}} {
		_, err := c.Get(t.Context(), service(t), tt.path, tt.query, xroad.Headers{})
		if fault.KindOf(err) != fault.Refused || strings.Contains(err.Error(), "999W") {
			t.Errorf("%s %v: %v", tt.path, tt.query, err)
		}
	}
	if len(f.asked) != 0 {
		t.Errorf("%d requests were sent", len(f.asked))
	}
	if _, err := c.Get(t.Context(), service(t), "x", url.Values{"from": {"2026-10"}, "n": {"010190-9990"}}, xroad.Headers{}); err != nil {
		t.Errorf("what is no code was refused: %v", err)
	}
	for _, path := range []string{"../other", "a?b=c", "a#b"} {
		if _, err := c.Get(t.Context(), service(t), path, nil, xroad.Headers{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// With whole seconds of made-up time: it waits 200, 400 ms, and as long as the
// other end asks for.
func TestWhatOnlyReadsIsRepeatedUnderOneNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: []func(*http.Request) (*http.Response, error){breaks, says(503, ``, "Retry-After", "3"), silent, says(200, `{"n":1}`)}}
		c := client(t, xroad.Config{Base: f, Chance: func() float64 { return 0 }})
		began := time.Now()
		a, err := c.Ask(t.Context(), service(t), "x", []byte(`{}`), xroad.Headers{})
		if err != nil || a.Tries != 4 || string(a.Body) != `{"n":1}` {
			t.Fatalf("%+v %v", a, err)
		}
		if took := time.Since(began); took != 200*time.Millisecond+3*time.Second+10*time.Second+800*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		for i, q := range f.asked {
			if q.Header.Get("X-Road-Id") != a.ID || f.bodies[i] != `{}` {
				t.Errorf("try %d: %q %q", i+1, q.Header.Get("X-Road-Id"), f.bodies[i])
			}
		}
	})
}

func TestWhatChangesSomethingIsNeverRepeated(t *testing.T) {
	for _, how := range []func(*http.Request) (*http.Response, error){breaks, says(503, ``)} {
		f := &far{answers: []func(*http.Request) (*http.Response, error){how}}
		if _, err := client(t, xroad.Config{Base: f}).Post(t.Context(), service(t), "x", []byte(`{}`), xroad.Headers{}); fault.KindOf(err) != fault.Later || len(f.asked) != 1 {
			t.Errorf("%d tries, %v", len(f.asked), err)
		}
	}
}

func TestARefusalIsNotAskedAgain(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 302} {
		f := &far{answers: []func(*http.Request) (*http.Response, error){says(status, ``)}}
		if _, err := client(t, xroad.Config{Base: f}).Get(t.Context(), service(t), "x", nil, xroad.Headers{}); err == nil || len(f.asked) != 1 {
			t.Errorf("HTTP %d: %d tries, %v", status, len(f.asked), err)
		}
	}
}

func TestTheWholeTimeIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: []func(*http.Request) (*http.Response, error){silent}}
		c := client(t, xroad.Config{Base: f, Total: 25 * time.Second, Tries: 10})
		began := time.Now()
		_, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{})
		if fault.KindOf(err) != fault.Later || time.Since(began) > 25*time.Second || len(f.asked) != 3 {
			t.Errorf("%s, %d tries, %v", time.Since(began), len(f.asked), err)
		}
	})
}

func TestAServiceThatFailsInARowIsLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{answers: []func(*http.Request) (*http.Response, error){says(500, ``), says(500, ``), says(500, ``), says(200, `{}`)}}
		c := client(t, xroad.Config{Base: f, Tries: 1, Failures: 3})
		for range 3 {
			_, _ = c.Get(t.Context(), service(t), "x", nil, xroad.Headers{})
		}
		_, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{})
		if fault.KindOf(err) != fault.Later || len(f.asked) != 3 || !c.Resting(service(t)) || !strings.Contains(err.Error(), "left alone") {
			t.Fatalf("%d asked, %v", len(f.asked), err)
		}
		other, _ := xroad.ParseService("FI/GOV/0000000-0/other")
		if c.Resting(other) {
			t.Error("another service is left alone, too")
		}
		time.Sleep(31 * time.Second)
		if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); err != nil || c.Resting(service(t)) {
			t.Errorf("after the rest: %v", err)
		}
	})
}

// A request that is wrong in itself says nothing about the service's health.
func TestRefusalsDoNotMakeAServiceRest(t *testing.T) {
	f := &far{answers: []func(*http.Request) (*http.Response, error){says(403, ``)}}
	c := client(t, xroad.Config{Base: f, Failures: 2})
	for range 5 {
		if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); fault.KindOf(err) != fault.Refused {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.answers = []func(*http.Request) (*http.Response, error){silent}
	for range 5 {
		_, _ = c.Get(ctx, service(t), "x", nil, xroad.Headers{})
	}
	if c.Resting(service(t)) {
		t.Error("the service is left alone")
	}
}

func TestAnswersThatAreNoneAreTold(t *testing.T) {
	const secret = "010190-999W"
	id := "fa2e18a5-c2cb-4d09-b994-f57727f7c3fb"
	for _, tt := range []struct {
		how  func(*http.Request) (*http.Response, error)
		kind fault.Kind
		want string
	}{
		{says(400, secret), fault.Invalid, "does not take"},
		{says(401, secret), fault.Refused, "refuses"},
		{says(403, secret), fault.Refused, "refuses"},
		{says(404, secret), fault.Missing, "does not know"},
		{says(302, secret, "Location", "http://elsewhere/"), fault.Invalid, "does not take"},
		{says(429, secret), fault.Later, "now"},
		{says(500, secret), fault.Later, "now"},
		{says(500, secret, "X-Road-Error", "Server.ServerProxy.AccessDenied"), fault.Refused, "exchange layer refuses"},
		{says(400, secret, "X-Road-Error", "Client.BadRequest"), fault.Missing, "does not know the client"},
		{says(500, secret, "X-Road-Error", "Server.ServerProxy.UnknownService"), fault.Missing, "does not know the client"},
		{says(500, secret, "X-Road-Error", "Server.ServerProxy.NetworkError"), fault.Later, "Server.ServerProxy.NetworkError"},
		{says(500, secret, "X-Road-Error", "about "+secret), fault.Later, "without a readable name"},
		{says(200, secret, "X-Road-Error", "Server.ClientProxy.OutdatedGlobalConf"), fault.Later, "OutdatedGlobalConf"},
		{says(200, secret, "Content-Type", "text/html"), fault.Invalid, "not JSON"},
		{says(200, strings.Repeat(secret, 100)), fault.Invalid, "larger than 1000 bytes"},
		{says(200, secret, "X-Road-Id", "00000000-0000-4000-8000-000000000000"), fault.Invalid, "another request"},
		{says(200, secret, "X-Road-Client", "FI/MUN/other"), fault.Invalid, "another request"},
		{says(200, secret, "X-Road-Service", "FI/GOV/other"), fault.Invalid, "another request"},
		{func(*http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: "http://" + secret, Err: errors.New("no route")}
		}, fault.Later, "no route"},
	} {
		f := &far{answers: []func(*http.Request) (*http.Response, error){tt.how}}
		a, err := client(t, xroad.Config{Base: f, Tries: 1, Largest: 1000}).Get(t.Context(), service(t), "x", nil, xroad.Headers{ID: id})
		if a != nil || fault.KindOf(err) != tt.kind || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %s, %v", tt.want, fault.KindOf(err), err)
		}
	}
}

func TestIdentifiersAreChecked(t *testing.T) {
	for _, s := range []string{"", "FI", "FI/MUN", "FI//1/x", "FI/MUN/1/x/y/z", "FI/MUN/a b", "FI/MUN/..", "FI/MUN/a%2Fb", "FI/MUN/ä", "/FI/MUN/1", "FI/MUN/a%zz", "FI/MUN/a:b"} {
		if _, err := xroad.ParseClient(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("client %q: %v", s, err)
		}
		if _, err := xroad.ParseService(s); fault.KindOf(err) != fault.Invalid {
			t.Errorf("service %q: %v", s, err)
		}
	}
	for _, s := range []string{"FI/MUN/0201256-6", "FI/MUN/0201256-6/ennakko"} {
		if c, err := xroad.ParseClient(s); err != nil || c.String() != s {
			t.Errorf("%q: %q %v", s, c, err)
		}
	}
	a, _ := xroad.ParseClient("FI/MUN/1/a")
	b, _ := xroad.ParseClient("FI/MUN/1/a")
	if a != b || (xroad.ClientID{}).String() != "" || (xroad.ServiceID{}).String() != "" {
		t.Error("identifiers cannot be compared")
	}
	if s, err := xroad.ParseService("FI/GOV/1/foo"); err != nil || s.String() != "FI/GOV/1/foo" {
		t.Errorf("%v %v", s, err)
	}
}

func TestAllThatIsWrongWithTheSettingsIsToldAtOnce(t *testing.T) {
	_, err := xroad.NewClient(xroad.Config{Server: "http://ss.city.example", Try: time.Minute})
	for _, want := range []string{"without TLS", "no identifier", "out of range"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing: %v", want, err)
		}
	}
	id, _ := xroad.ParseClient("FI/MUN/1")
	if _, err := xroad.NewClient(xroad.Config{Server: "https://ss.city.example", Client: id}); err == nil || !strings.Contains(err.Error(), "no certificates") {
		t.Error(err)
	}
	c := client(t, xroad.Config{Base: &far{}})
	if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{More: http.Header{"x-road-client": {"FI/MUN/other"}}}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{ID: "a\r\nb"}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	if _, err := c.Get(t.Context(), xroad.ServiceID{}, "x", nil, xroad.Headers{}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// Both ends know each other, and a renewed certificate counts without a restart.
func TestBothEndsKnowEachOther(t *testing.T) {
	dir := t.TempDir()
	root, err := ca.New(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	near, far := certified(t, root, "city"), certified(t, root, "security-server")
	got := make(chan string, 10)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		got <- q.TLS.PeerCertificates[0].Subject.String() + " " + q.TLS.PeerCertificates[0].SerialNumber.String()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	}))
	if s.TLS, err = far.Server(); err != nil {
		t.Fatal(err)
	}
	s.Config.SetKeepAlivesEnabled(false) // each request opens a line
	s.StartTLS()
	defer s.Close()
	c := client(t, xroad.Config{Server: s.URL, Lines: near, Tries: 1})
	if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); err != nil {
		t.Fatal(err)
	}
	first := <-got
	if !strings.HasPrefix(first, "CN=city ") {
		t.Errorf("%s", first)
	}
	if _, err := root.Certify("city"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); err != nil {
		t.Fatal(err)
	}
	if second := <-got; second == first {
		t.Error("the renewed certificate is not in use")
	}
	stranger, err := ca.New(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other := client(t, xroad.Config{Server: s.URL, Lines: certified(t, stranger, "city"), Tries: 1})
	if _, err := other.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("a server that we do not trust: %v", err)
	}
	files, err := stranger.Certify("city")
	if err != nil {
		t.Fatal(err)
	}
	files.Roots = dir + "/roots.pem"
	lines, err := certificate.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	unknown := client(t, xroad.Config{Server: s.URL, Lines: lines, Tries: 1})
	if _, err := unknown.Get(t.Context(), service(t), "x", nil, xroad.Headers{}); fault.KindOf(err) != fault.Refused || !strings.Contains(err.Error(), "does not take our certificate") {
		t.Errorf("a client that the server does not trust: %v", err)
	}
}

func certified(t *testing.T, a *ca.Authority, name string) *certificate.Store {
	t.Helper()
	f, err := a.Certify(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := certificate.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
