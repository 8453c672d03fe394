// Package ca makes certificates for tests and the demo: a root of its own, and
// certificates for whoever asks. Nobody outside trusts them.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"ennakko/fault"
	"ennakko/register/certificate"
)

// Authority certifies.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	from time.Time
}

const lasts = 10 * 365 * 24 * time.Hour

// New makes an authority that writes into a folder; its root is roots.pem there.
func New(dir string, now time.Time) (*Authority, error) {
	const op = "ca.New"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap(err, op, "the folder of certificates cannot be made")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Wrap(err, op, "no key can be made")
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Made-up root " + now.UTC().Format(time.RFC3339Nano)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lasts),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return nil, fault.Wrap(err, op, "no root can be made")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fault.Wrap(err, op, "no root can be made")
	}
	a := &Authority{dir: dir, cert: cert, key: key, from: now}
	return a, a.write("roots.pem", "CERTIFICATE", der)
}

func (a *Authority) write(name, kind string, der []byte) error {
	err := os.WriteFile(filepath.Join(a.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	return fault.Wrap(err, "ca.Certify", "a certificate cannot be written")
}

// Certify writes NAME.pem and NAME-key.pem for the subject CN=NAME, who may serve
// on the loopback and call others. The same name again is a renewal.
func (a *Authority) Certify(name string) (certificate.Files, error) {
	const op = "ca.Certify"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return certificate.Files{}, fault.Wrap(err, op, "no key can be made")
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return certificate.Files{}, fault.Wrap(err, op, "no number can be made")
	}
	about := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: a.from.Add(-time.Hour), NotAfter: a.from.Add(lasts),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, about, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return certificate.Files{}, fault.Wrap(err, op, "no certificate can be made")
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return certificate.Files{}, fault.Wrap(err, op, "the key cannot be written")
	}
	if err := a.write(name+"-key.pem", "PRIVATE KEY", secret); err != nil {
		return certificate.Files{}, err
	}
	f := certificate.Files{Certificate: filepath.Join(a.dir, name+".pem"), Key: filepath.Join(a.dir, name+"-key.pem"), Roots: filepath.Join(a.dir, "roots.pem")}
	return f, a.write(name+".pem", "CERTIFICATE", der)
}
