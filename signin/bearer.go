package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/person"
)

// Token is what a checked token says.
type Token struct {
	Subject string
	Nonce   string // of an identity token; "": none
	Scopes  []string
	Level   access.Level
	Code    person.Code // zero: none was told
	Issued  time.Time
}

// Bearer checks tokens that an OpenID Connect provider has signed: signature,
// issuer, audience and end. It decides nothing else.
//
// Sources: OpenID Connect Discovery 1.0; RFC 7515; RFC 7519, section 4.1.
type Bearer struct {
	issuer, audience string
	now              func() time.Time
	http             *http.Client

	mu    sync.Mutex
	known *oidc.IDTokenVerifier
}

// NewBearer makes it. The provider is asked about itself at the first token. Now is
// the machine's clock.
func NewBearer(issuer, audience string, now func() time.Time) (*Bearer, error) {
	const op = "signin.NewBearer"
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u) {
		return nil, fault.New(fault.Invalid, op, "the issuer is not an https address").Do("write it as https://host/path; http is for this machine only")
	}
	if audience == "" {
		return nil, fault.New(fault.Invalid, op, "the audience of the tokens is missing")
	}
	return &Bearer{issuer: issuer, audience: audience, now: now,
		http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func (b *Bearer) verifier(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known != nil {
		return b.known, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), b.http), b.issuer)
	if err != nil {
		return nil, fault.New(fault.Later, "signin.Bearer", "the provider of tokens does not answer").Do("try again in a moment")
	}
	b.known = p.Verifier(&oidc.Config{ClientID: b.audience, Now: b.now})
	return b.known, nil
}

// bearerClaims are the claims of a token beside those that are checked. Scopes come
// as Keycloak writes them.
type bearerClaims struct {
	Authorization struct {
		Permissions []struct {
			Scopes []string `json:"scopes"`
		} `json:"permissions"`
	} `json:"authorization"`
	LoA  string `json:"loa"`
	ACR  string `json:"acr"`
	Code string `json:"urn:oid:1.2.246.21"`
}

// assurance are the levels by the loa claim of Helsinki's tokens.
var assurance = map[string]access.Level{"low": access.Low, "substantial": access.Substantial, "high": access.High}

// Check checks a token. A token that is not good is Refused; no part of it is
// repeated.
func (b *Bearer) Check(ctx context.Context, raw string) (Token, error) {
	const op = "signin.Bearer"
	v, err := b.verifier(ctx)
	if err != nil {
		return Token{}, err
	}
	id, err := v.Verify(oidc.ClientContext(ctx, b.http), raw)
	if err != nil {
		if ctx.Err() != nil {
			return Token{}, fault.New(fault.Later, op, "the token could not be checked in time")
		}
		if _, over := errors.AsType[*oidc.TokenExpiredError](err); over {
			return Token{}, fault.New(fault.Refused, op, "the token has expired")
		}
		return Token{}, fault.New(fault.Refused, op, "the token is not signed, not from the provider or not for us")
	}
	var raws json.RawMessage
	var c bearerClaims
	if id.Claims(&raws) != nil || json.Unmarshal(raws, &c) != nil {
		return Token{}, fault.New(fault.Refused, op, "the token says what cannot be read")
	}
	out := Token{Subject: id.Subject, Nonce: id.Nonce, Issued: id.IssuedAt, Level: levels[c.ACR]}
	if c.LoA != "" {
		out.Level = assurance[c.LoA]
	}
	for _, p := range c.Authorization.Permissions {
		out.Scopes = append(out.Scopes, p.Scopes...)
	}
	if c.Code != "" {
		if out.Code, err = person.ParseCode(c.Code); err != nil {
			return Token{}, fault.New(fault.Refused, op, "the identity code in the token is none")
		}
	}
	return out, nil
}
