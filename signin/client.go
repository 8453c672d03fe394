// Package signin finds out who somebody is: it asks an OpenID Connect provider
// (authorization code flow with PKCE), turns the answer into a person with
// roles, and keeps sessions. It decides nothing about what they may do: that
// is package access.
//
// Sources: OpenID Connect Core 1.0; RFC 7636 (PKCE); OAuth 2.0 Security Best
// Current Practice (RFC 9700); OWASP ASVS 4.0.3, chapters 2 and 3.
package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
)

// CodeClaim is the claim of the Finnish identity code: its object identifier,
// as the Finnish Trust Network's OpenID Connect profile names it.
const CodeClaim = "urn:oid:1.2.246.21"

// Config is one identity provider.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Redirect     string // our own address, to which the provider sends people back
	AfterLogout  string // our own address, shown when the log-in has ended at the provider
	Staff        bool   // its groups give roles
	Residents    bool   // its identity codes name residents
}

// levels are the levels of assurance that providers tell, by the acr claim:
// those of eIDAS and those of the Finnish Trust Network.
var levels = map[string]access.Level{
	"http://eidas.europa.eu/LoA/low": access.Low, "http://eidas.europa.eu/LoA/substantial": access.Substantial, "http://eidas.europa.eu/LoA/high": access.High,
	"http://ftn.ficora.fi/2017/loa2": access.Substantial, "http://ftn.ficora.fi/2017/loa3": access.High,
}

// Client talks to one identity provider.
type Client struct {
	set  Config
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	known *provider
}

// provider is what the provider says of itself.
type provider struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	end      string // where a log-in is ended; "" if nowhere
}

// NewClient makes a client. The provider is asked about itself at the first
// log-in, so it need not be there yet. Now is the machine's clock.
func NewClient(c Config, now func() time.Time) (*Client, error) {
	const op = "signin.NewClient"
	var l fault.List
	for _, x := range []struct{ name, value string }{{"issuer", c.Issuer}, {"redirect address", c.Redirect}, {"address after log-out", c.AfterLogout}} {
		u, err := url.Parse(x.value)
		if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u) {
			l.Add(fault.New(fault.Invalid, op, "the %s is not an https address", x.name).Do("write it as https://host/path; http is for this machine only"))
		}
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		l.Add(fault.New(fault.Invalid, op, "the client's id or secret is missing"))
	}
	if !c.Staff && !c.Residents {
		l.Add(fault.New(fault.Invalid, op, "the provider serves neither staff nor residents"))
	}
	return &Client{set: c, now: now, http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, l.Err()
}

func loopback(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}

// Origin is the provider's origin, which forms of log-out lead to.
func (c *Client) Origin() string {
	u, err := url.Parse(c.set.Issuer)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// provider asks the provider about itself, once.
func (c *Client) provider(ctx context.Context) (*provider, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known != nil {
		return c.known, nil
	}
	// The keys are fetched again when they change, long after this request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), c.http), c.set.Issuer)
	if err != nil {
		return nil, fault.New(fault.Later, "signin.provider", "the log-in service does not answer").Do("try again in a moment").Because(err)
	}
	var more struct {
		End string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, fault.New(fault.Later, "signin.provider", "the log-in service gives an answer that cannot be read").Because(err)
	}
	c.known = &provider{end: more.End,
		verifier: p.Verifier(&oidc.Config{ClientID: c.set.ClientID, Now: c.now}),
		oauth: oauth2.Config{ClientID: c.set.ClientID, ClientSecret: c.set.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: c.set.Redirect,
			Scopes: []string{oidc.ScopeOpenID, "profile"}}}
	return c.known, nil
}

// SeedSize is the length in bytes of the secret that binds a log-in to one
// browser.
const SeedSize = 32

// bound derives one value of a log-in from its seed: the state, the nonce and
// the PKCE verifier all hang on a secret that only this browser holds, so
// nothing is kept until somebody has logged in.
func bound(seed []byte, what string) string {
	m := hmac.New(sha256.New, seed)
	m.Write([]byte("ennakko log-in " + what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Start is the provider's address to which the browser is sent. Hint may name
// who is expected, in words that may stand in an address.
func (c *Client) Start(ctx context.Context, seed []byte, l person.Language, hint string) (string, error) {
	if len(seed) != SeedSize {
		return "", fault.New(fault.Invalid, "signin.Start", "the secret of the log-in has the wrong length")
	}
	p, err := c.provider(ctx)
	if err != nil {
		return "", err
	}
	opt := []oauth2.AuthCodeOption{oidc.Nonce(bound(seed, "nonce")), oauth2.S256ChallengeOption(bound(seed, "verifier")), oauth2.SetAuthURLParam("ui_locales", string(l))}
	if hint != "" {
		opt = append(opt, oauth2.SetAuthURLParam("login_hint", hint))
	}
	return p.oauth.AuthCodeURL(bound(seed, "state"), opt...), nil
}

// Identity is what a provider says of somebody.
type Identity struct {
	Subject string
	Name    string
	Groups  []string
	Level   access.Level
	Code    person.Code // zero: none was told
}

// Finish takes what the browser brought back and asks the provider who it is.
func (c *Client) Finish(ctx context.Context, seed []byte, query url.Values) (Identity, error) {
	const op = "signin.Finish"
	refused := func(format string, args ...any) *fault.Error {
		return fault.New(fault.Refused, op, format, args...).Do("log in again")
	}
	if len(seed) != SeedSize || !hmac.Equal([]byte(query.Get("state")), []byte(bound(seed, "state"))) {
		return Identity{}, refused("this log-in was not begun in this browser, or too long ago")
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		return Identity{}, refused("the log-in was broken off")
	}
	p, err := c.provider(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := p.oauth.Exchange(oidc.ClientContext(ctx, c.http), query.Get("code"), oauth2.VerifierOption(bound(seed, "verifier")))
	if err != nil {
		return Identity{}, exchangeFault(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.verifier.Verify(oidc.ClientContext(ctx, c.http), raw)
	if err != nil {
		return Identity{}, refused("the log-in service's answer is not signed as it must be")
	}
	if !hmac.Equal([]byte(id.Nonce), []byte(bound(seed, "nonce"))) {
		return Identity{}, refused("the log-in service's answer belongs to another log-in")
	}
	return c.identity(id)
}

// exchangeFault tells a provider that refuses from one that is not there. The
// cause is not repeated: it may hold what the provider said of the person.
func exchangeFault(err error) error {
	const op = "signin.Finish"
	if _, answered := errors.AsType[*oauth2.RetrieveError](err); answered {
		return fault.New(fault.Refused, op, "the log-in service does not know this log-in").Do("log in again")
	}
	return fault.New(fault.Later, op, "the log-in service does not answer").Do("try again in a moment")
}

func (c *Client) identity(t *oidc.IDToken) (Identity, error) {
	var said struct {
		Name   string   `json:"name"`
		Groups []string `json:"groups"`
		ACR    string   `json:"acr"`
		Code   string   `json:"urn:oid:1.2.246.21"`
	}
	if err := t.Claims(&said); err != nil {
		return Identity{}, fault.New(fault.Refused, "signin.Finish", "the log-in service's answer cannot be read")
	}
	id := Identity{Subject: t.Subject, Name: said.Name, Level: levels[said.ACR]}
	if c.set.Staff {
		id.Groups = said.Groups
	}
	if c.set.Residents && said.Code != "" {
		code, err := person.ParseCode(said.Code)
		if err != nil {
			return Identity{}, fault.New(fault.Refused, "signin.Finish", "the log-in service told an identity code that is not one")
		}
		id.Code = code
	}
	return id, nil
}

// LogoutURL is where the browser is sent to end the log-in at the provider too;
// "" when the provider has no such place or was never asked. No token stands
// in it: an id token can hold an identity code.
func (c *Client) LogoutURL() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.known.end == "" {
		return ""
	}
	u, err := url.Parse(c.known.end)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", c.set.ClientID)
	q.Set("post_logout_redirect_uri", c.set.AfterLogout)
	u.RawQuery = q.Encode()
	return u.String()
}
