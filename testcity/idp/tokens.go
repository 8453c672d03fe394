package idp

import (
	"encoding/json"
	"net/http"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// permitted are the scopes of a token as Keycloak writes them.
type permitted struct {
	Permissions []scopes `json:"permissions"`
}

type scopes struct {
	Scopes []string `json:"scopes"`
}

// token gives a token of a made-up person to a made-up program: what the provider of
// a city gives to programs that ask at the person's word. The form names the person,
// the audience, the scopes and, if the person signs something, the nonce.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	who, ok, err := p.o.People.Find(r.Context(), r.PostFormValue("person"))
	if err != nil {
		http.Error(w, "the people cannot be listed now", http.StatusServiceUnavailable)
		return
	}
	if audience := r.PostFormValue("audience"); !ok || audience == "" {
		http.Error(w, "a person and an audience are needed", http.StatusBadRequest)
		return
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.store.key, KeyID: keyID}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		http.Error(w, "no token can be signed", http.StatusInternalServerError)
		return
	}
	now := p.o.Now()
	c := jwt.Claims{Issuer: p.o.Issuer, Subject: who.Subject(), Audience: jwt.Audience{r.PostFormValue("audience")}, IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(tokenLife))}
	more := map[string]any{"acr": who.Level, "loa": who.Level[strings.LastIndexByte(who.Level, '/')+1:], "authorization": permitted{[]scopes{{strings.Fields(r.PostFormValue("scope"))}}}}
	if nonce := r.PostFormValue("nonce"); nonce != "" {
		more["nonce"] = nonce
		if who.Code != "" {
			more[codeClaim] = who.Code
		}
	}
	signed, err := jwt.Signed(signer).Claims(c).Claims(more).Serialize()
	if err != nil {
		http.Error(w, "no token can be signed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"access_token": signed}) // a program that went away is no fault
}
