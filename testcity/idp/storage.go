package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// codeClaim is the claim of the Finnish identity code.
const codeClaim = "urn:oid:1.2.246.21"

// How long things live, and how many log-ins may be open.
const (
	requestLife = 10 * time.Minute
	codeLife    = time.Minute
	tokenLife   = 5 * time.Minute
	mostOpen    = 10000
)

// storage keeps what is under way, in memory.
type storage struct {
	o   Options
	key *ecdsa.PrivateKey

	mu       sync.Mutex
	requests map[string]*request
	codes    map[string]string // code -> request
	tokens   map[string]token
}

// request is a log-in under way.
type request struct {
	id     string
	asked  oidc.AuthRequest
	begun  time.Time
	coded  time.Time
	who    Person
	chosen time.Time
	issued bool // the code was used
	logged bool
}

type token struct {
	who   string
	until time.Time
}

var errUnknown = errors.New("there is no such log-in")

func (s *storage) random() (string, error) {
	b := make([]byte, 24)
	_, err := io.ReadFull(s.o.Rand, b)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// sweep forgets what is too old, and the oldest when there is too much.
func (s *storage) sweep(now time.Time) {
	var oldest *request
	for id, r := range s.requests {
		if now.Sub(r.begun) > requestLife {
			delete(s.requests, id)
		} else if oldest == nil || r.begun.Before(oldest.begun) {
			oldest = r
		}
	}
	if len(s.requests) >= mostOpen {
		delete(s.requests, oldest.id)
	}
	for c, id := range s.codes {
		if s.requests[id] == nil {
			delete(s.codes, c)
		}
	}
	for t, x := range s.tokens {
		if now.After(x.until) {
			delete(s.tokens, t)
		}
	}
}

// CreateAuthRequest begins a log-in. One without PKCE is refused.
func (s *storage) CreateAuthRequest(_ context.Context, a *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if a.CodeChallenge == "" || a.CodeChallengeMethod != oidc.CodeChallengeMethodS256 {
		return nil, oidc.ErrInvalidRequest().WithDescription("a code challenge (S256) is needed")
	}
	id, err := s.random()
	if err != nil {
		return nil, oidc.ErrServerError()
	}
	now := s.o.Now()
	r := &request{id: id, asked: *a, begun: now}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	s.requests[id] = r
	return *r, nil
}

func (s *storage) find(id string) (request, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || s.o.Now().Sub(r.begun) > requestLife {
		return request{}, errUnknown
	}
	return *r, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	r, err := s.find(id)
	return r, err
}

// choose notes who logged in.
func (s *storage) choose(id string, p Person) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || r.logged || s.o.Now().Sub(r.begun) > requestLife {
		return errUnknown
	}
	r.who, r.chosen, r.logged = p, s.o.Now(), true
	return nil
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || !r.coded.IsZero() {
		return errUnknown
	}
	r.coded = s.o.Now()
	s.codes[code] = id
	return nil
}

// AuthRequestByCode gives the log-in of a code, once.
func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.codes[code]
	r := s.requests[id]
	delete(s.codes, code)
	if !ok || r == nil || r.issued || s.o.Now().Sub(r.coded) > codeLife {
		return nil, oidc.ErrInvalidGrant()
	}
	r.issued = true
	return *r, nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, err := s.random()
	if err != nil {
		return "", time.Time{}, oidc.ErrServerError()
	}
	until := s.o.Now().Add(tokenLife)
	s.mu.Lock()
	defer s.mu.Unlock()
	who := r.GetSubject()
	if x, ok := r.(request); ok {
		who = x.who.ID
	}
	s.tokens[id] = token{who, until}
	return id, until, nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.o.ClientID {
		return nil, errors.New("unknown client")
	}
	return client{s.o}, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.o.ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(s.o.ClientSecret)) != 1 {
		return errors.New("unknown client")
	}
	return nil
}

// claims puts what is known of a person into an answer.
func claims(u *oidc.UserInfo, p Person) {
	u.Subject, u.Name = p.Subject(), p.Name
	u.AppendClaims("groups", p.Groups)
	if p.Code != "" {
		u.AppendClaims(codeClaim, p.Code)
	}
}

// SetUserinfoFromRequest implements op.CanSetUserinfoFromRequest.
func (s *storage) SetUserinfoFromRequest(_ context.Context, u *oidc.UserInfo, r op.IDTokenRequest, _ []string) error {
	if x, ok := r.(request); ok {
		claims(u, x.who)
	}
	return nil
}

func (s *storage) SetUserinfoFromToken(ctx context.Context, u *oidc.UserInfo, id, _, _ string) error {
	s.mu.Lock()
	t, ok := s.tokens[id]
	s.mu.Unlock()
	if !ok || s.o.Now().After(t.until) {
		return errUnknown
	}
	p, ok, err := s.o.People.Find(ctx, t.who)
	if err != nil || !ok {
		return errUnknown
	}
	claims(u, p)
	return nil
}

// GetID and those below implement op.AuthRequest.
func (r request) GetID() string                      { return r.id }
func (r request) GetACR() string                     { return r.who.Level }
func (r request) GetAMR() []string                   { return nil }
func (r request) GetAudience() []string              { return []string{r.asked.ClientID} }
func (r request) GetAuthTime() time.Time             { return r.chosen }
func (r request) GetClientID() string                { return r.asked.ClientID }
func (r request) GetNonce() string                   { return r.asked.Nonce }
func (r request) GetRedirectURI() string             { return r.asked.RedirectURI }
func (r request) GetScopes() []string                { return r.asked.Scopes }
func (r request) GetState() string                   { return r.asked.State }
func (r request) GetSubject() string                 { return r.who.Subject() }
func (r request) Done() bool                         { return r.logged }
func (r request) GetResponseType() oidc.ResponseType { return r.asked.ResponseType }
func (r request) GetResponseMode() oidc.ResponseMode { return r.asked.ResponseMode }
func (r request) GetCodeChallenge() *oidc.CodeChallenge {
	return &oidc.CodeChallenge{Challenge: r.asked.CodeChallenge, Method: r.asked.CodeChallengeMethod}
}

// client is the one program that people log in to.
type client struct{ o Options }

func (c client) GetID() string                      { return c.o.ClientID }
func (c client) RedirectURIs() []string             { return []string{c.o.Redirect} }
func (c client) PostLogoutRedirectURIs() []string   { return []string{c.o.AfterLogout} }
func (client) ApplicationType() op.ApplicationType  { return op.ApplicationTypeWeb }
func (client) AuthMethod() oidc.AuthMethod          { return oidc.AuthMethodBasic }
func (client) ResponseTypes() []oidc.ResponseType   { return []oidc.ResponseType{oidc.ResponseTypeCode} }
func (client) GrantTypes() []oidc.GrantType         { return []oidc.GrantType{oidc.GrantTypeCode} }
func (client) LoginURL(id string) string            { return "/login?" + url.Values{"request": {id}}.Encode() }
func (client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (client) IDTokenLifetime() time.Duration       { return tokenLife }
func (client) DevMode() bool                        { return true } // http on loopback
func (client) IsScopeAllowed(scope string) bool     { return scope == "openid" || scope == "profile" }
func (client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (client) ClockSkew() time.Duration             { return 0 }
func (client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}
func (client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(s []string) []string { return s }
}

// signing is the provider's key: made at the start, gone at the end.
type signing struct{ key *ecdsa.PrivateKey }

const keyID = "demonstration"

func (signing) ID() string                                  { return keyID }
func (signing) Algorithm() jose.SignatureAlgorithm          { return jose.ES256 }
func (signing) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (signing) Use() string                                 { return "sig" }

type private struct{ signing }

func (k private) Key() any { return k.key }

type public struct{ signing }

func (k public) Key() any { return &k.key.PublicKey }

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) {
	return private{signing{s.key}}, nil
}

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (s *storage) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{public{signing{s.key}}}, nil
}
