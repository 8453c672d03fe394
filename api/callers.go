package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"ennakko/access"
	"ennakko/fault"
	"ennakko/webhook"
)

// Caller is another system.
type Caller struct {
	Name    string        // in the record, as system:NAME
	ID      string        // business id of who runs it
	Words   string        // the name of who runs it
	Subject string        // of its certificate, as in RFC 4514; "": it has none
	Token   string        // SHA-256 of its token, hex; "": it has none
	Client  string        // its client at the log-in service, by which people sign; "": nobody signs through it
	Roles   []access.Role // what it may do
	Hosts   []string      // on which it may have webhooks; nil: none
}

// Callers are the systems that may call. The zero Callers are none.
type Callers struct{ all []Caller }

var (
	callerName = regexp.MustCompile(`^[a-z][a-z0-9-]{1,30}$`)
	tokenHash  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// NewCallers checks callers; all that is wrong is told at once.
func NewCallers(all []Caller) (Callers, error) {
	const op = "api.NewCallers"
	var l fault.List
	seen := map[string]bool{}
	for i, c := range all {
		bad := func(format string, args ...any) {
			l.Add(fault.New(fault.Invalid, op, format, args...).Where("caller %d", i+1))
		}
		if !callerName.MatchString(c.Name) || seen["name "+c.Name] || slices.Contains(reserved, c.Name) {
			bad("the name is not from 2 to 31 small letters, digits and dashes, or is another's or the program's own")
		}
		if c.Subject == "" && c.Token == "" {
			bad("it has neither the subject of a certificate nor a token")
		}
		if c.Token != "" && !tokenHash.MatchString(c.Token) {
			bad("the token is not the SHA-256 of one, in 64 small hexadecimal digits")
		}
		if c.Token != "" && seen["token "+c.Token] || c.Subject != "" && seen["subject "+c.Subject] {
			bad("the token or the certificate is another caller's")
		}
		if len(c.Roles) == 0 {
			bad("it has no role")
		}
		for _, r := range c.Roles {
			if !slices.Contains(access.SystemRoles(), r) {
				bad("it has a role that is none of another system's")
			}
		}
		for _, h := range c.Hosts {
			if webhook.ParseHost(h) != nil {
				bad("a host of its webhooks is not written as hooks.school.example or hooks.school.example:8443")
			}
		}
		seen["name "+c.Name], seen["token "+c.Token], seen["subject "+c.Subject] = true, true, true
	}
	return Callers{slices.Clone(all)}, l.Err()
}

// All are the callers, in the order of the settings.
func (c Callers) All() []Caller { return slices.Clone(c.all) }

// May reports whether the rules let the caller do something.
func (c Caller) May(p *access.Policies, do access.Action) bool {
	return p.Check(c.who(), do, access.On{}) == nil
}

// reserved are names by which parts of the program itself stand in the record.
var reserved = []string{"omadata", "worker", "adapter", "demo", "jobs", "backup", "erase", "test", "webhooks"}

// TokenHash is what settings hold of a token.
func TokenHash(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// find finds who calls: by the certificate that the line was opened with, or by a
// token. Both together must be of one caller.
func (c Callers) find(r *http.Request) (Caller, bool) {
	by := -1
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		subject := r.TLS.PeerCertificates[0].Subject.String()
		by = slices.IndexFunc(c.all, func(x Caller) bool { return x.Subject != "" && x.Subject == subject })
	}
	if len(r.Header.Values("Authorization")) > 0 {
		token, ok := bearer(r)
		if !ok {
			return Caller{}, false
		}
		h, with := []byte(TokenHash(token)), -1
		for i, x := range c.all {
			if x.Token != "" && subtle.ConstantTimeCompare(h, []byte(x.Token)) == 1 {
				with = i
			}
		}
		if with < 0 || by >= 0 && by != with {
			return Caller{}, false
		}
		by = with
	}
	if by < 0 {
		return Caller{}, false
	}
	return c.all[by], true
}

// bearer is the token of a request (RFC 6750, section 2.1): one header of its form.
func bearer(r *http.Request) (string, bool) {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(all[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", false
	}
	return token, true
}

// who is the caller as the rules know it.
func (c Caller) who() access.Who {
	return access.Who{ID: c.Name, Name: c.Words, Roles: c.Roles, Level: access.High}
}

// actor is the caller in the record.
func (c Caller) actor() string { return c.who().Actor() }

// as answers as a caller who may do it.
func (s *server) as(do access.Action, then func(w http.ResponseWriter, r *http.Request, c Caller) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := s.Callers.find(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, http.StatusUnauthorized, trouble{"unknown-caller", "the city does not know this caller"})
			return
		}
		if err := s.Policies.Check(c.who(), do, access.On{}); err != nil {
			s.Log.WarnContext(r.Context(), "a caller asks for what it may not", "caller", c.Name, "action", string(do))
			answer(w, http.StatusForbidden, trouble{"not-allowed", "the caller has no role for this"})
			return
		}
		if err := then(w, r, c); err != nil {
			s.fail(w, r, err, "caller", c.Name, "action", string(do))
		}
	}
}
