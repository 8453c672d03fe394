package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
)

// maxBody is the largest form that is read, in bytes.
const maxBody = 8 << 10

// bodyOf is the largest body of a page, in bytes: files come to one only, long forms to two.
func bodyOf(path string) int64 {
	switch path {
	case proofPage:
		return maxProof
	case decidePath, decidePath + "/decision": // texts in three languages
		return 8 * maxBody
	}
	if uploading(path) {
		return mostUpload
	}
	return maxBody
}

// policy lets a page load only what this server sends. A form may lead on to
// the log-in service, which ends the log-in there.
func policy(login string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self' " + login + "; base-uri 'none'; frame-ancestors 'none'"
}

// guard stands before every page: it refuses other hosts (DNS rebinding) and
// forms from other sites, bounds bodies, and sets the headers that keep
// browsers from doing more than the page needs.
func (s *site) guard(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	content := policy(s.door.Origin())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", content)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		// Browsers heed it over TLS only, as a city serves the pages.
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		defer s.recovered(w, r)
		if !s.ours(r.Host) {
			s.warn(r, "another host")
			s.fail(w, r, http.StatusMisdirectedRequest, "error.host")
			return
		}
		if r.Method == http.MethodPost && (cross.Check(r) != nil || !saysOrigin(r)) {
			s.warn(r, "a form from elsewhere")
			s.fail(w, r, http.StatusForbidden, "error.origin")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyOf(r.URL.Path))
		next.ServeHTTP(w, r)
	})
}

// warn tells that something was refused, without saying of whom: who it was
// stands in the record, if it is known.
func (s *site) warn(r *http.Request, what string, more ...any) {
	s.log.WarnContext(r.Context(), "refused", append([]any{"why", what, "method", r.Method, "page", r.Pattern}, more...)...)
}

// recovered shows a panic as a fault inside and tells where it was. What was
// panicked with is not told: it may hold what nobody should read.
func (s *site) recovered(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	s.log.ErrorContext(r.Context(), "a page panicked", "page", r.Pattern, "stack", string(debug.Stack()))
	s.fail(w, r, http.StatusInternalServerError, "error.internal")
}

// saysOrigin reports whether the request says where it comes from; every
// browser of this decade does with a form.
func saysOrigin(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") != "" || r.Header.Get("Origin") != ""
}

// ours reports whether the browser asked for the pages' own name.
func (s *site) ours(host string) bool {
	if s.host == "" {
		return loopback(host)
	}
	return strings.EqualFold(host, s.host)
}

// loopback reports whether the host that the browser asked for is this
// machine: a demonstration is served to nobody else.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
