package adapter_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

// A line that cannot be given an end may be read from long after the permission was
// taken back: nothing leaves over it.
func TestNothingLeavesOverALineThatHasNoEnd(t *testing.T) {
	s := open(t, nil)
	body := `{"person":"` + s.who.Reveal() + `","from":"2026-01","to":"2026-10"}`
	q := httptest.NewRequest(http.MethodPost, "/"+xroad.Version+"/"+standin.ServiceID+"/"+incomes.Path, strings.NewReader(body))
	cert := &x509.Certificate{Subject: pkix.Name{CommonName: "ennakko"}}
	q.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}
	for name, value := range map[string]string{"Content-Type": "application/json", xroad.HeaderClient: standin.Member, xroad.HeaderID: "request-1", xroad.HeaderIssue: "42", standing.HeaderPurpose: feePurpose,
		standing.HeaderFields: "incomes.month,incomes.kind,incomes.cents"} {
		q.Header.Set(name, value)
	}
	w := httptest.NewRecorder() // it has no deadlines
	s.Adapter.ServeHTTP(w, q)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get(standing.HeaderRefusal) != string(standing.Unavailable) || strings.Contains(w.Body.String(), "months") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
