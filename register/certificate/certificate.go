// Package certificate keeps the certificates by which both ends of a line know
// each other (mutual TLS). The files are looked at whenever a line is opened, so
// a renewed certificate or another root counts from the next line on, without a
// restart. When new files cannot be read, the old ones stay in use and Err says
// so.
package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"sync"
	"time"

	"ennakko/fault"
)

// Files are PEM files.
type Files struct {
	Certificate string // our own, with those between it and the root; "": we show none
	Key         string // its key
	Roots       string // who the other end may be certified by; "": those of the system
}

// Store holds what the files said last. It is safe for concurrent use.
type Store struct {
	files Files

	mu    sync.Mutex
	seen  [3]stamp
	own   *tls.Certificate
	roots *x509.CertPool
	wrong error
}

// stamp tells one content of a file from another without reading it.
type stamp struct {
	size int64
	at   time.Time
}

// Open reads the files.
func Open(f Files) (*Store, error) {
	s := &Store{files: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s, s.wrong
}

func (s *Store) stamps() (out [3]stamp) {
	for i, name := range []string{s.files.Certificate, s.files.Key, s.files.Roots} {
		if name == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil {
			out[i] = stamp{info.Size(), info.ModTime()}
		}
	}
	return out
}

// look reads the files anew when one has changed. The stamps are taken before
// the reading: a file that changes meanwhile is read again.
func (s *Store) look() {
	now := s.stamps()
	if now == s.seen && (s.own != nil || s.roots != nil) {
		return
	}
	own, roots, err := s.read()
	s.wrong = err
	if err == nil {
		s.seen, s.own, s.roots = now, own, roots
	}
}

func (s *Store) read() (own *tls.Certificate, roots *x509.CertPool, err error) {
	const op = "certificate.Open"
	var l fault.List
	if (s.files.Certificate == "") != (s.files.Key == "") {
		l.Add(fault.New(fault.Invalid, op, "a certificate and its key belong together").Do("name both files, or neither"))
	} else if s.files.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(s.files.Certificate, s.files.Key)
		if err != nil {
			l.Add(fault.New(fault.Invalid, op, "the certificate or its key cannot be read").Because(err).Do("both are PEM files and belong to each other"))
		}
		own = &pair
	}
	if s.files.Roots != "" {
		b, err := os.ReadFile(s.files.Roots)
		roots = x509.NewCertPool()
		if err != nil || !roots.AppendCertsFromPEM(b) {
			l.Add(fault.New(fault.Invalid, op, "the file of roots holds no certificate").Because(err).Do("write the certificates of those who certify the other end into it, as PEM"))
		}
	}
	return own, roots, l.Err()
}

// Err is why the newest files are not in use; nil when they are.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.wrong
}

// End is when our own certificate ends; zero when we show none.
func (s *Store) End() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil || s.own.Leaf == nil {
		return time.Time{}
	}
	return s.own.Leaf.NotAfter
}

func (s *Store) now() (*tls.Certificate, *x509.CertPool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.own, s.roots
}

// Client is how a line to host is opened at this moment.
func (s *Store) Client(host string) *tls.Config {
	own, roots := s.now()
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots}
	if own != nil {
		c.Certificates = []tls.Certificate{*own}
	}
	return c
}

// Dial opens a line for http.Transport.DialTLSContext.
func (s *Store) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fault.New(fault.Invalid, "certificate.Dial", "the address is not one").Because(err)
	}
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: s.Client(host)}
	return d.DialContext(ctx, network, addr)
}

// Server takes lines only from those whom our roots certify. It needs all three
// files.
func (s *Store) Server() (*tls.Config, error) {
	if own, roots := s.now(); own == nil || roots == nil {
		return nil, fault.New(fault.Invalid, "certificate.Server", "a server needs a certificate, its key, and the roots of those who may call").Do("name all three files")
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			own, roots := s.now()
			return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*own}, ClientCAs: roots, ClientAuth: tls.RequireAndVerifyClientCert}, nil
		}}, nil
}
