// Package idp is the demonstration's identity provider: it lets the made-up
// city's people log in by OpenID Connect, without passwords. It is not for
// real people and serves nothing but this machine (loopback).
//
// Sources: OpenID Connect Core 1.0; RP-Initiated Logout 1.0; RFC 7636 (PKCE).
package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"

	"ennakko/fault"
)

// Levels of assurance, as the acr claim carries them.
// Source: Regulation (EU) 910/2014, article 8.
const (
	LevelLow         = "http://eidas.europa.eu/LoA/low"
	LevelSubstantial = "http://eidas.europa.eu/LoA/substantial"
	LevelHigh        = "http://eidas.europa.eu/LoA/high"
)

// The two groups under which the log-in page lists people.
const (
	Staff     = "staff"
	Residents = "residents"
)

// Person is somebody who can log in.
type Person struct {
	ID      string            // may stand in an address; the subject, if there is no Profile
	Profile string            // UUID by which the provider's programs know the person; "": the ID
	Name    string            //
	About   map[string]string // what the person is, in fi, sv and en
	Groups  []string          // of staff: the roles
	Code    string            // identity code of a resident; on no page and in no address
	Level   string            // acr
	Kind    string            // Staff or Residents
}

// Subject is the person's name in tokens.
func (p Person) Subject() string {
	if p.Profile != "" {
		return p.Profile
	}
	return p.ID
}

// People are those who can log in.
type People interface {
	// List gives those whom the log-in page shows.
	List(ctx context.Context) ([]Person, error)
	// Find finds one, also one that List does not give.
	Find(ctx context.Context, id string) (Person, bool, error)
}

// Options are what a provider needs.
type Options struct {
	Issuer       string // http, loopback
	ClientID     string
	ClientSecret string
	Redirect     string // where people are sent back to
	AfterLogout  string
	People       People
	Now          func() time.Time
	Rand         io.Reader // nil: the system's
}

// provider serves the log-in page and, through the library, the protocol.
type provider struct {
	o     Options
	store *storage
	op    *op.Provider
	to    string // origin of the redirect
}

// New makes the handler of a provider. Anything but loopback is refused.
func New(o Options) (http.Handler, error) {
	const op = "idp.New"
	for _, a := range []string{o.Issuer, o.Redirect, o.AfterLogout} {
		u, err := url.Parse(a)
		if err != nil || u.Scheme != "http" || !loopback(u.Host) {
			return nil, fault.New(fault.Refused, op, "the demonstration's log-in serves this machine only").Do("use addresses that begin with http://127.0.0.1")
		}
	}
	if o.ClientID == "" || o.ClientSecret == "" || o.People == nil || o.Now == nil {
		return nil, fault.New(fault.Invalid, op, "the client, the people or the clock is missing")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	return start(o)
}

func start(o Options) (http.Handler, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), o.Rand)
	if err != nil {
		return nil, fault.Wrap(err, "idp.New", "no key can be made")
	}
	u, err := url.Parse(o.Redirect)
	if err != nil {
		return nil, fault.Wrap(err, "idp.New", "the redirect address cannot be read")
	}
	p := &provider{o: o, to: u.Scheme + "://" + u.Host, store: &storage{o: o, key: key, requests: map[string]*request{}, codes: map[string]string{}, tokens: map[string]token{}}}
	c := &op.Config{CodeMethodS256: true, SupportedUILocales: []language.Tag{language.Finnish, language.Swedish, language.English},
		SupportedScopes: []string{"openid", "profile"}, SupportedClaims: []string{"sub", "name", "groups", "acr", "auth_time", codeClaim}, DefaultLogoutRedirectURI: o.AfterLogout}
	if _, err := io.ReadFull(o.Rand, c.CryptoKey[:]); err != nil {
		return nil, fault.Wrap(err, "idp.New", "no key can be made")
	}
	if p.op, err = op.NewProvider(c, p.store, op.StaticIssuer(o.Issuer), op.WithAllowInsecure()); err != nil {
		return nil, fault.Wrap(err, "idp.New", "the provider does not start")
	}
	return p.guard(p.routes()), nil
}

// routes serves the parts of the protocol that the demonstration uses, and no
// others.
func (p *provider) routes() http.Handler {
	m := http.NewServeMux()
	for _, path := range []string{"GET /.well-known/openid-configuration", "GET /authorize", "GET /authorize/callback", "POST /oauth/token", "GET /userinfo", "GET /keys", "GET /end_session"} {
		m.Handle(path, p.op)
	}
	m.HandleFunc("POST /tokens", p.token)
	m.HandleFunc("GET /login", p.page)
	m.HandleFunc("POST /login", p.choose)
	m.HandleFunc("GET /style.css", style)
	return m
}

// guard refuses other hosts and other sites' forms, and sets headers.
func (p *provider) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self' "+p.to+"; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case !loopback(r.Host):
			http.Error(w, "this log-in serves this machine only", http.StatusMisdirectedRequest)
		case r.Method == http.MethodPost && cross.Check(r) != nil:
			http.Error(w, "this form came from another site", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
			next.ServeHTTP(w, r)
		}
	})
}

func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
