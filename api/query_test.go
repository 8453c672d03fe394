package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"ennakko/fault"
)

// What a log or a trace could see of a request holds nothing of its query.
func TestTheQueryIsGoneBeforeAnythingElseLooksAtARequest(t *testing.T) {
	const code = "131052-308T"
	s := &server{Config{}, http.NewServeMux()}
	seen, got := "", ""
	s.mux.HandleFunc("GET /api/x", func(_ http.ResponseWriter, r *http.Request) {
		q, err := query(r, "userCode")
		got = q["userCode"]
		if err != nil {
			t.Error(err)
		}
		_ = r.ParseForm()
		seen = fmt.Sprint(r.URL, r.RequestURI, r.Header, r.Form, r.Context())
	})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/x?userCode="+code, nil)
	r.Header.Set("Referer", "https://city.example/?userCode="+code)
	s.ServeHTTP(httptest.NewRecorder(), r)
	if got != code {
		t.Errorf("the protocol itself reads %q", got)
	}
	if seen == "" || strings.Contains(seen, code) {
		t.Errorf("it is still there: %s", seen)
	}
}

func FuzzReadQuery(f *testing.F) {
	for _, s := range []string{"", "dry_run=true", "dry_run=true&dry_run=false", "a=%zz", "dry_run=1;x=2", "DRY_RUN=true", "dry%5Frun=true"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := readQuery(raw, "dry_run")
		if err != nil {
			if fault.KindOf(err) != fault.Invalid || len(raw) > 8 && strings.Contains(err.Error(), raw) {
				t.Errorf("%q: %v", raw, err)
			}
			return
		}
		all, err := url.ParseQuery(raw)
		if err != nil || len(all) != len(q) || len(all["dry_run"]) > 1 {
			t.Errorf("%q was read as %v", raw, q)
		}
	})
}

// Whatever a caller writes for dry_run: only true and false in these letters are
// taken, and nothing else lets an erasure through.
func FuzzReadDry(f *testing.F) {
	for _, s := range []string{"", "dry_run=true", "dry_run=false", "dry_run=", "dry_run", "dry_run=True", "dry_run=1", "dry-run=true", "dry_run=false&x=1", "dry_run=%66alse"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s := &server{Config{}, http.NewServeMux()}
		reached := false
		s.mux.HandleFunc("DELETE /api/x", func(_ http.ResponseWriter, r *http.Request) {
			dry, err := readDry(r)
			reached = err == nil && !dry
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "/api/x", nil)
		r.URL.RawQuery = raw
		s.ServeHTTP(httptest.NewRecorder(), r)
		if q, err := url.ParseQuery(raw); reached && (err != nil || len(q) > 1 || len(q) == 1 && (len(q["dry_run"]) != 1 || q["dry_run"][0] != "false")) {
			t.Errorf("%q erases", raw)
		}
	})
}

func FuzzReadUsage(f *testing.F) {
	f.Add("userCode=131052-308T&offset=1&limit=2&periodStart=2021-01-31T10:20:30Z", "FI131052-308T")
	f.Add("userCode=&limit=-0", "")
	f.Fuzz(func(t *testing.T, raw, header string) {
		s := &server{Config{}, http.NewServeMux()}
		s.mux.HandleFunc("GET /api/x", func(_ http.ResponseWriter, r *http.Request) {
			in, err := readUsage(r)
			if err == nil && (in.Who.IsZero() || in.About.IsZero() || in.Offset < 0 || in.Limit < 0 || in.Limit > mostUses) {
				t.Errorf("%+v", in)
			}
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
		})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/x", nil)
		r.URL.RawQuery = raw
		r.Header["X-Road-Userid"] = []string{header}
		s.ServeHTTP(httptest.NewRecorder(), r)
	})
}

// No body makes a program fall: what is read has all that must be there.
func FuzzReadPair(f *testing.F) {
	f.Add(`{"consentRecord":{"id":"","dataAgreementRevisionHash":"x","state":"unsigned","optIn":true},"signature":{"id":"","payload":"","signature":"","verificationMethod":"","verificationPayload":"","verificationPayloadHash":"","verificationSignedBy":"","timestamp":""}}`)
	f.Add(`{"consentRecord":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/x", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var in pairBody
		if err := readBody(r, &in); err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v", err)
			}
			return
		}
		_ = *in.Record.ID + *in.Record.RevisionHash + *in.Record.State + *in.Signature.VPayloadHash + *in.Signature.Method
	})
}
