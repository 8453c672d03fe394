package adapter_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/register/adapter"
	"ennakko/register/certificate"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

const feePurpose = "early-education-fee"

func TestIncomeIsHandedOverAndThePersonSeesTheMark(t *testing.T) {
	s := open(t, nil)
	a, err := s.Incomes.Fetch(t.Context(), s.request())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Income, s.Register.Income(s.who, "2026-01", "2026-10")) {
		t.Errorf("%d sums came, and not those of the register", len(a.Income))
	}
	m := s.office.has(t, 1)[0]
	if m.ID != a.Handover || m.Request != a.Request || m.Source != standin.SourceID || m.Client != "city" || m.Permission != 42 || m.Purpose != feePurpose ||
		!slices.Equal(m.Fields, s.request().Fields) || !m.Person.Is(s.key.Person(s.who)) || time.Since(m.At) > time.Minute {
		t.Errorf("%+v", m)
	}
	if said := s.log.with(t, "handed over"); !strings.Contains(said, m.ID) || strings.Contains(said, s.who.Reveal()) || strings.Contains(said, string(m.Person)) || strings.Contains(said, "Employer") {
		t.Errorf("the log says: %s", said)
	}
	for _, asked := range s.Register.Asked() {
		if asked.Header.Get(standing.HeaderPurpose) != "" || asked.Header.Get(xroad.HeaderID) != a.Request || asked.Path != "/incomes" {
			t.Errorf("the register was asked: %s %v", asked.Path, asked.Header)
		}
	}
}

// Before the register is asked and again after it answered, each time anew.
func TestTheCityIsAskedTwiceForEachHandoverAndNeverFromMemory(t *testing.T) {
	s := open(t, nil)
	for range 3 {
		if _, err := s.Incomes.Fetch(t.Context(), s.request()); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[string]bool{}
	for _, q := range s.office.questions {
		ids[q.ID] = true
		if q.Source != standin.SourceID || q.Permission != 42 || q.Purpose != feePurpose || !slices.Equal(q.Fields, s.request().Fields) || !q.Person.Is(s.key.Person(s.who)) {
			t.Errorf("%+v", q)
		}
	}
	if len(ids) != 6 || len(s.office.questions) != 6 || len(s.office.has(t, 3)) != 3 {
		t.Errorf("%d questions for three hand-overs", len(ids))
	}
}

func TestAWithdrawalWhileTheRegisterIsAskedStopsTheHandover(t *testing.T) {
	s := open(t, nil)
	s.Register.Order(standin.Hold)
	type result struct {
		a   incomes.Answer
		err error
	}
	done := make(chan result)
	go func() {
		a, err := s.Incomes.Fetch(t.Context(), s.request())
		done <- result{a, err}
	}()
	<-s.Register.Held()
	s.office.set(func(int, standing.Question) (standing.Verdict, error) {
		return standing.Verdict{Why: standing.WhyWithdrawn}, nil
	})
	s.Register.Release()
	r := <-done
	s.nothing(t, "withdrawn", r.a, r.err, fault.Refused)
	if !strings.Contains(s.log.String(), `"refusal":"violation"`) || !strings.Contains(s.log.String(), `"why":"withdrawn"`) {
		t.Errorf("the log says: %s", s.log.String())
	}
}

func TestAPermissionThatDoesNotStandReachesNoRegister(t *testing.T) {
	for _, tt := range []struct {
		verdict standing.Verdict
		err     error
		kind    fault.Kind
	}{
		{standing.Verdict{Why: standing.WhyExpired}, nil, fault.Refused},
		{standing.Verdict{}, nil, fault.Refused},
		{standing.Verdict{Gap: true, Why: standing.WhyAgreement}, nil, fault.Missing},
		{standing.Verdict{Stands: true}, nil, fault.Later},                                     // it stands, and has no end
		{standing.Verdict{Stands: true, Until: time.Now().Add(-time.Hour)}, nil, fault.Later},  // it ended before it was asked about
		{standing.Verdict{Stands: true, Until: time.Now()}, errors.New("broken"), fault.Later}, // nobody knows
	} {
		s := open(t, nil)
		s.office.set(func(int, standing.Question) (standing.Verdict, error) { return tt.verdict, tt.err })
		a, err := s.Incomes.Fetch(t.Context(), s.request())
		s.nothing(t, string(tt.verdict.Why), a, err, tt.kind)
		if len(s.Register.Asked()) != 0 {
			t.Errorf("%+v: the register was asked", tt.verdict)
		}
	}
}

// At the first question and at the second, whatever the permission service does:
// nothing leaves.
func TestWhenTheCityDoesNotAnswerClearlyNothingLeaves(t *testing.T) {
	id := func(b []byte) string {
		_, rest, _ := strings.Cut(string(b), `"id":"`)
		s, _, _ := strings.Cut(rest, `"`)
		return s
	}
	until := `"at":"2026-01-01T00:00:00Z","until":"2099-01-01T00:00:00Z"`
	lies := map[string]func(w http.ResponseWriter, b []byte){
		"500":      func(w http.ResponseWriter, _ []byte) { w.WriteHeader(500) },
		"403":      func(w http.ResponseWriter, _ []byte) { w.WriteHeader(403) },
		"redirect": func(w http.ResponseWriter, _ []byte) { w.Header().Set("Location", "/v1/other"); w.WriteHeader(307) },
		"500 and yes": func(w http.ResponseWriter, b []byte) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,`+until+`}`)
		},
		"201 and yes": func(w http.ResponseWriter, b []byte) {
			w.WriteHeader(201)
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,`+until+`}`)
		},
		"empty":   func(http.ResponseWriter, []byte) {},
		"no JSON": func(w http.ResponseWriter, _ []byte) { _, _ = io.WriteString(w, "yes") },
		"another question": func(w http.ResponseWriter, _ []byte) {
			_, _ = io.WriteString(w, `{"id":"00000000-0000","stands":true,`+until+`}`)
		},
		"no verdict": func(w http.ResponseWriter, b []byte) { _, _ = io.WriteString(w, `{"id":"`+id(b)+`",`+until+`}`) },
		"null": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":null,`+until+`}`)
		},
		"text": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":"true",`+until+`}`)
		},
		"twice": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":false,"stands":true,`+until+`}`)
		},
		"more": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"test":true,`+until+`}`)
		},
		"other letters": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","Stands":true,`+until+`}`)
		},
		"no end": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"at":"2026-01-01T00:00:00Z"}`)
		},
		"no moment": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"until":"2099-01-01T00:00:00Z"}`)
		},
		"ended": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"at":"2026-01-01T00:00:00Z","until":"2020-01-01T00:00:00Z"}`)
		},
		"stands and gap": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"gap":true,`+until+`}`)
		},
		"stands and why": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,"why":"withdrawn",`+until+`}`)
		},
		"half": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,`+until)
		},
		"something after": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,`+until+`}{}`)
		},
		"another kind": func(w http.ResponseWriter, b []byte) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":true,`+until+`}`)
		},
		"the line is cut": func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) },
		"much": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, strings.Repeat(" ", 1<<20)+`{"id":"`+id(b)+`","stands":true,`+until+`}`)
		},
		"a why with a name": func(w http.ResponseWriter, b []byte) {
			_, _ = io.WriteString(w, `{"id":"`+id(b)+`","stands":false,"why":"Matti Meikäläinen"}`)
		},
	}
	var mu sync.Mutex
	var lie func(http.ResponseWriter, []byte)
	honest := 0 // questions that are answered honestly before the lie
	s := open(t, func(o *standin.SourceOptions) {
		o.City = func(city http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				mu.Lock()
				honest--
				spoil := honest < 0
				how := lie
				mu.Unlock()
				if !spoil {
					city.ServeHTTP(w, q)
					return
				}
				b, _ := io.ReadAll(q.Body)
				w.Header().Set("Content-Type", "application/json")
				how(w, b)
			})
		}
	})
	for before := range 2 {
		for name, how := range lies {
			asked := len(s.Register.Asked())
			mu.Lock()
			honest, lie = before, how
			mu.Unlock()
			a, err := s.Incomes.Fetch(t.Context(), s.request())
			s.nothing(t, name, a, err, fault.Later)
			if n := len(s.Register.Asked()) - asked; n != before {
				t.Errorf("%s: the register was asked %d times", name, n)
			}
		}
	}
	mu.Lock()
	honest = 1 << 30
	mu.Unlock()
	if _, err := s.Incomes.Fetch(t.Context(), s.request()); err != nil {
		t.Errorf("once it answers: %v", err)
	}
}

func TestASlowOrAbsentCityStopsTheHandover(t *testing.T) {
	gone := make(chan struct{})
	s := open(t, func(o *standin.SourceOptions) {
		o.Timeout = 50 * time.Millisecond
		o.City = func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
				_, _ = io.Copy(io.Discard, q.Body)
				select {
				case <-gone:
				case <-q.Context().Done():
				}
			})
		}
	})
	a, err := s.Incomes.Fetch(t.Context(), s.request())
	s.nothing(t, "slow", a, err, fault.Later)
	close(gone)
	absent := open(t, func(o *standin.SourceOptions) {
		o.Guard = func(c adapter.Config) adapter.Config { c.Permissions.URL = "https://127.0.0.1:1"; return c }
	})
	a, err = absent.Incomes.Fetch(t.Context(), absent.request())
	absent.nothing(t, "absent", a, err, fault.Later)
}

// raw asks the adapter as a client that can do everything wrong.
func (s *stage) raw(t *testing.T, lines *certificate.Store, path, body string, change func(*http.Request)) (*http.Response, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/json", xroad.HeaderClient: standin.Member, xroad.HeaderIssue: "42", standing.HeaderPurpose: feePurpose, standing.HeaderFields: "incomes.month,incomes.kind,incomes.cents"} {
		q.Header.Set(name, value)
	}
	if change != nil {
		change(q)
	}
	h := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialTLSContext: lines.Dial}}
	r, err := h.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(b)
}

func (s *stage) lines(t *testing.T, name string) *certificate.Store {
	t.Helper()
	f, err := s.Root.Certify(name)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := certificate.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestAGapIsToldFromAViolationAndNeitherGetsAnything(t *testing.T) {
	s := open(t, nil)
	stranger := s.lines(t, "stranger")
	body := `{"person":"` + s.who.Reveal() + `","from":"2026-01","to":"2026-10"}`
	for _, tt := range []struct {
		what    string
		lines   *certificate.Store
		path    string
		body    string
		change  func(*http.Request)
		refusal standing.Refusal
		status  int
	}{
		{what: "a client that is not known", lines: stranger, refusal: standing.Gap, status: 404},
		{what: "another member's name", change: header(xroad.HeaderClient, "FI/MUN/0201256-6/other"), refusal: standing.Violation, status: 403},
		{what: "no member", change: func(q *http.Request) { q.Header.Del(xroad.HeaderClient) }, refusal: standing.Unclear, status: 400},
		{what: "two members", change: func(q *http.Request) { q.Header.Add(xroad.HeaderClient, "FI/MUN/0201256-6/other") }, refusal: standing.Unclear, status: 400},
		{what: "another call", path: "/people", refusal: standing.Gap, status: 404},
		{what: "another service", path: "/r1/FI/GOV/0000000-0/register/other/incomes", refusal: standing.Gap, status: 404},
		{what: "a question in the address", path: "/incomes?all=1", refusal: standing.Gap, status: 404},
		{what: "a GET", change: func(q *http.Request) { q.Method = http.MethodGet }, refusal: standing.Unclear, status: 400},
		{what: "a purpose that is not set up", change: header(standing.HeaderPurpose, "marketing"), refusal: standing.Gap, status: 404},
		{what: "no purpose", change: func(q *http.Request) { q.Header.Del(standing.HeaderPurpose) }, refusal: standing.Unclear, status: 400},
		{what: "two purposes", change: func(q *http.Request) { q.Header.Add(standing.HeaderPurpose, "other-purpose") }, refusal: standing.Unclear, status: 400},
		{what: "a field that is not set up", change: header(standing.HeaderFields, "incomes.month,incomes.account"), refusal: standing.Gap, status: 404},
		{what: "a field that is not permitted", change: header(standing.HeaderFields, "incomes.month,incomes.payer"), refusal: standing.Violation, status: 403},
		{what: "a field twice", change: header(standing.HeaderFields, "incomes.month,incomes.month"), refusal: standing.Unclear, status: 400},
		{what: "no field", change: header(standing.HeaderFields, ""), refusal: standing.Gap, status: 404},
		{what: "no permission", change: header(xroad.HeaderIssue, "0"), refusal: standing.Unclear, status: 400},
		{what: "words for a permission", change: header(xroad.HeaderIssue, "MT-42"), refusal: standing.Unclear, status: 400},
		{what: "a number of a request that is none", change: header(xroad.HeaderID, "a b"), refusal: standing.Unclear, status: 400},
		{what: "no body", body: " ", refusal: standing.Unclear, status: 400},
		{what: "nobody", body: `{"from":"2026-01"}`, refusal: standing.Unclear, status: 400},
		{what: "a number for a person", body: `{"person":5}`, refusal: standing.Unclear, status: 400},
		{what: "two people", body: `{"person":"` + s.who.Reveal() + `","people":["010190-999W"]}`, refusal: standing.Unclear, status: 400},
		{what: "a person twice", body: `{"person":"` + s.who.Reveal() + `","person":"010190-999W"}`, refusal: standing.Unclear, status: 400},
		{what: "a code that is none", body: `{"person":"010190-999X"}`, refusal: standing.Unclear, status: 400},
		{what: "a code in small letters", body: `{"person":"010190-999w"}`, refusal: standing.Unclear, status: 400},
		{what: "a large body", body: body + strings.Repeat(" ", 70_000), refusal: standing.Unclear, status: 400},
		{what: "no JSON", change: header("Content-Type", "text/plain"), refusal: standing.Unclear, status: 400},
	} {
		if tt.lines == nil {
			tt.lines = s.Lines
		}
		if tt.path == "" {
			tt.path = "/incomes"
		}
		if tt.body == "" {
			tt.body = body
		}
		r, said := s.raw(t, tt.lines, tt.path, tt.body, tt.change)
		if r.StatusCode != tt.status || r.Header.Get(standing.HeaderRefusal) != string(tt.refusal) || !strings.Contains(said, `"refusal":"`+string(tt.refusal)+`"`) {
			t.Errorf("%s: %d %q %s", tt.what, r.StatusCode, r.Header.Get(standing.HeaderRefusal), said)
		}
		if strings.Contains(said, "rows") || strings.Contains(said, s.who.Reveal()) || r.Header.Get(standing.HeaderHandover) != "" {
			t.Errorf("%s: something was handed over: %s", tt.what, said)
		}
	}
	if len(s.office.questions) != 0 || len(s.Register.Asked()) != 0 || s.Adapter.Waiting() != 0 || len(s.office.marks) != 0 {
		t.Errorf("%d questions, %d requests, %d marks", len(s.office.questions), len(s.Register.Asked()), s.Adapter.Waiting())
	}
	if r, said := s.raw(t, s.Lines, "/incomes", body, nil); r.StatusCode != 200 || !strings.Contains(said, `"cents":`) {
		t.Errorf("what is right gets %d", r.StatusCode)
	}
}

func TestWhoShowsNoCertificateGetsNoLine(t *testing.T) {
	s := open(t, nil)
	h := &http.Client{Transport: &http.Transport{DialTLSContext: s.Lines.Dial, DisableKeepAlives: true}}
	bare := s.Lines.Client("127.0.0.1")
	bare.Certificates = nil
	h.Transport = &http.Transport{TLSClientConfig: bare, DisableKeepAlives: true}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/incomes", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := h.Do(q); err == nil {
		_ = r.Body.Close()
		t.Errorf("HTTP %d without a certificate", r.StatusCode)
	}
}

// A line that was opened without a certificate being checked gets nothing, even if
// somebody serves the adapter wrongly.
func TestAnUncheckedCertificateIsNone(t *testing.T) {
	s := open(t, nil)
	for _, state := range []*tls.ConnectionState{nil, {PeerCertificates: []*x509.Certificate{s.Lines.Client("x").Certificates[0].Leaf}}} {
		w := httptest.NewRecorder()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/incomes", strings.NewReader(`{"person":"`+s.who.Reveal()+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		q.TLS = state
		q.Header.Set(xroad.HeaderClient, standin.Member)
		s.Adapter.ServeHTTP(w, q)
		if w.Code != 403 || len(s.office.questions) != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
