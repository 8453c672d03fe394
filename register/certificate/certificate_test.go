package certificate_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ennakko/fault"
	"ennakko/register/certificate"
	"ennakko/testcity/ca"
)

func TestANewCertificateCountsAndABrokenOneDoesNot(t *testing.T) {
	dir := t.TempDir()
	root, err := ca.New(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f, err := root.Certify("a")
	if err != nil {
		t.Fatal(err)
	}
	s, err := certificate.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string { return s.Client("x").Certificates[0].Leaf.SerialNumber.String() }
	first := serial()
	if _, err := root.Certify("a"); err != nil {
		t.Fatal(err)
	}
	second := serial()
	if second == first || s.Err() != nil {
		t.Errorf("the new certificate is not in use: %v", s.Err())
	}
	// A key that does not belong to the certificate: written halfway.
	other, err := root.Certify("b")
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(other.Key)
	if err == nil {
		err = os.WriteFile(f.Key, append(key, '\n'), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if serial() != second || s.Err() == nil {
		t.Errorf("a broken pair: %v", s.Err())
	}
	if _, err := root.Certify("a"); err != nil {
		t.Fatal(err)
	}
	if third := serial(); third == second || s.Err() != nil {
		t.Errorf("once it is mended: %v", s.Err())
	}
	if left := time.Until(s.End()); left < 365*24*time.Hour {
		t.Errorf("it ends in %s", left)
	}
}

func TestAllThatIsWrongWithTheFilesIsToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := certificate.Open(certificate.Files{Certificate: empty, Key: empty, Roots: empty})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "cannot be read") || !strings.Contains(err.Error(), "holds no certificate") {
		t.Error(err)
	}
	if _, err := certificate.Open(certificate.Files{Certificate: empty}); err == nil || !strings.Contains(err.Error(), "belong together") {
		t.Error(err)
	}
	if _, err := certificate.Open(certificate.Files{Roots: filepath.Join(dir, "none")}); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

// A server asks everybody for a certificate, whatever was set up around it.
func TestAServerNeedsAllFilesAndAsksForACertificate(t *testing.T) {
	root, err := ca.New(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	f, err := root.Certify("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []certificate.Files{{Roots: f.Roots}, {Certificate: f.Certificate, Key: f.Key}} {
		s, err := certificate.Open(part)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Server(); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v serves: %v", part, err)
		}
	}
	s, err := certificate.Open(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Server()
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.GetConfigForClient(nil)
	if err != nil || now.ClientAuth != tls.RequireAndVerifyClientCert || now.ClientCAs == nil || now.MinVersion != tls.VersionTLS12 || c.ClientAuth != tls.RequireAndVerifyClientCert {
		t.Errorf("%+v %v", now, err)
	}
	if s, err := certificate.Open(certificate.Files{}); err != nil || len(s.Client("x").Certificates) != 0 || !s.End().IsZero() {
		t.Error("no files are no certificates")
	}
}
