package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/signin"
)

// door is where people are asked who they are. signin.Client is one.
type door interface {
	Start(ctx context.Context, seed []byte, l person.Language, hint string) (string, error)
	Finish(ctx context.Context, seed []byte, query url.Values) (signin.Identity, error)
	LogoutURL() string
	Origin() string
}

// SessionCookie holds the token of a session. The prefix binds it to this host
// and to a safe channel; browsers count loopback as one.
const SessionCookie = "__Host-session"

const loginCookie = "__Host-login" // the secret of a log-in under way

// loginFor is how long somebody may take to log in.
const loginFor = 10 * time.Minute

type whoKey struct{}

// whoOf is who asks for the page: nobody, unless page put somebody there.
func whoOf(r *http.Request) access.Who {
	w, _ := r.Context().Value(whoKey{}).(access.Who)
	return w
}

// identify finds the session of a request.
func (s *site) identify(r *http.Request) (*http.Request, error) {
	named := r.CookiesNamed(SessionCookie)
	if len(named) != 1 {
		return r, nil
	}
	w, ok, err := s.sessions.Find(r.Context(), named[0].Value)
	if err != nil || !ok {
		return r, err
	}
	return r.WithContext(context.WithValue(r.Context(), whoKey{}, w)), nil
}

// may asks the policies and puts a refusal on the record.
func (s *site) may(r *http.Request, a access.Action, on access.On) error {
	w := whoOf(r)
	err := s.policies.Check(w, a, on)
	if err == nil || w.Nobody() {
		return err
	}
	s.warn(r, "no right", "action", string(a))
	act, aerr := audit.Begin(w.Actor(), "be refused", "access control", "GDPR 32", s.clock.Now())
	if aerr != nil {
		return aerr
	}
	e := act.Entry()
	e.Detail = string(a)
	if nerr := s.record.Note(r.Context(), e); nerr != nil {
		return nerr
	}
	return err
}

// can reports whether a button or a link is worth showing.
func (s *site) can(r *http.Request, a access.Action, on access.On) bool {
	return s.policies.Check(whoOf(r), a, on) == nil
}

// login sends the browser to the log-in service.
func (s *site) login(w http.ResponseWriter, r *http.Request) error {
	l, _ := languageOf(r)
	seed := make([]byte, signin.SeedSize)
	if _, err := io.ReadFull(rand.Reader, seed); err != nil {
		return fault.Wrap(err, "web.login", "no random number was to be had")
	}
	to, err := s.door.Start(r.Context(), seed, l, hint(r.URL.Query().Get("as")))
	if err != nil {
		return err
	}
	value := base64.RawURLEncoding.EncodeToString(seed) + "." + base64.RawURLEncoding.EncodeToString([]byte(local(r.URL.Query().Get("back"))))
	setCookie(w, loginCookie, value, loginFor)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// hint is who is expected at the log-in: a short name, or nothing.
func hint(s string) string {
	if len(s) > 40 || strings.ContainsFunc(s, func(c rune) bool { return c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') }) {
		return ""
	}
	return s
}

// local is an address of this site, or its first page.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || len(path) > 200 || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == '\\' || c == 0x7f }) || strings.HasPrefix(path, "/login") {
		return "/"
	}
	return path
}

func setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	switch {
	case value == "":
		c.MaxAge = -1
	case life > 0:
		c.MaxAge = int(life / time.Second)
	}
	http.SetCookie(w, c)
}

// loginDone is where the log-in service sends the browser back to. A session
// that was there before ends: the new one has a token of its own.
func (s *site) loginDone(w http.ResponseWriter, r *http.Request) error {
	setCookie(w, loginCookie, "", 0)
	var seed, back []byte
	if c, err := r.Cookie(loginCookie); err == nil {
		a, b, _ := strings.Cut(c.Value, ".")
		seed, _ = base64.RawURLEncoding.DecodeString(a)
		back, _ = base64.RawURLEncoding.DecodeString(b)
	}
	id, err := s.door.Finish(r.Context(), seed, r.URL.Query())
	if err != nil {
		s.warn(r, "a log-in that is not whole", "error", err)
		return err
	}
	who, err := s.sessions.Who(r.Context(), id)
	if err != nil {
		s.warn(r, "a log-in without a role", "error", err)
		return err
	}
	if err := s.endSession(r); err != nil {
		return err
	}
	token, err := s.sessions.Begin(r.Context(), who, s.clock.Now())
	if err != nil {
		return err
	}
	setCookie(w, SessionCookie, token, 0)
	http.Redirect(w, r, local(string(back)), http.StatusSeeOther)
	return nil
}

func (s *site) endSession(r *http.Request) error {
	for _, c := range r.CookiesNamed(SessionCookie) {
		if err := s.sessions.End(r.Context(), c.Value, s.clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// logout ends the session here, and then at the log-in service.
func (s *site) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(r); err != nil {
		return err
	}
	setCookie(w, SessionCookie, "", 0)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	to := s.door.LogoutURL()
	if to == "" {
		to = "/logged-out"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// loggedOut says that the session has ended.
func (s *site) loggedOut(w http.ResponseWriter, r *http.Request) error {
	t := s.words(r)
	return s.render(w, r, http.StatusOK, "loggedout.html", view{words: t, Title: t.T("loggedout.title"), Path: "/logged-out"})
}
