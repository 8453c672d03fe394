// Package api answers other systems in protocols that others have written: who
// used a person's data (Estonia's data-use monitor), a copy and an erasure at the
// person's word (Helsinki Profile's GDPR API), and permissions (GovStack's Consent
// Building Block). What the city's own records say is the truth; where a protocol
// would allow what the law or our life of a permission forbids, it is refused.
//
// Nothing is open: each caller is known by the settings, with a certificate or a
// token, and has the roles that stand there. No identity code that a caller sends
// goes into a log, a trace, a metric or an error: the query of a request is taken
// off it before anything else looks at it.
//
// docs/protocols.md tells how to call it; docs/decisions/039-protocols.md why it
// is as it is.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ennakko/access"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/signin"
	"ennakko/store/tables"
)

// Prefix is where all of it stands.
const Prefix = "/api/"

// The places of the three protocols; their own paths follow.
const (
	UsagePrefix   = "/api/data-use-monitor"
	GDPRPrefix    = "/api/gdpr/v1/"
	ConsentPrefix = "/api/consent"
)

// Config is what the protocols need. A protocol whose part is nil is not there.
type Config struct {
	DB       *tables.DB
	Policies *access.Policies
	Callers  Callers
	City     Organisation
	Now      func() time.Time // the record's clock
	Log      *slog.Logger     // what fails, without names; nil: nothing is told

	Usage   *Usage
	GDPR    *GDPR
	Consent *Consent
}

// Organisation is who uses data, as other systems name it.
type Organisation struct {
	ID   string // business id, as 0201256-6
	Name string
	URL  string
}

// Usage is the data-use monitor.
type Usage struct {
	// MayAsk reports whether somebody acts for somebody else. The question is on the
	// record.
	MayAsk func(ctx context.Context, who, other person.ID) (bool, error)
	// Words puts an entry into words; nil: the record's own.
	Words func(l person.Language, e audit.Entry) string
}

// GDPR is Helsinki Profile's GDPR API.
type GDPR struct {
	Tokens Tokens
	Held   Held
}

// Tokens checks tokens. *signin.Bearer does.
type Tokens interface {
	Check(ctx context.Context, raw string) (signin.Token, error)
}

// Held is all that the city holds of a person.
type Held interface {
	Tree(ctx context.Context, who person.ID) (omadata.Tree, error)
	Erase(ctx context.Context, who person.ID, dry bool) ([]omadata.Reason, error)
}

// Consent is GovStack's Consent Building Block.
type Consent struct {
	Service    *omadata.Service
	Agreements []permission.Agreement // all versions
	// Signed checks the identity token by which a person signs, as one of a caller's
	// clients at the log-in service; nil: nobody can sign here.
	Signed func(client string) (Tokens, error)
	Real   func() time.Time // the machine's clock, by which tokens are fresh
}

// server answers.
type server struct {
	Config
	mux *http.ServeMux
}

// New makes the handler of everything under Prefix.
func New(c Config) (http.Handler, error) {
	if c.DB == nil || c.Policies == nil || c.Now == nil {
		return nil, fault.New(fault.Invalid, "api.New", "there are no records, no policies or no clock")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &server{c, http.NewServeMux()}
	if c.Usage != nil {
		s.usageRoutes()
	}
	if c.GDPR != nil {
		s.gdprRoutes()
	}
	if c.Consent != nil {
		s.consentRoutes()
	}
	return s, nil
}

// Beside serves the protocols beside the city's pages.
func Beside(pages, protocols http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Prefix) {
			protocols.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// hidden is a query that was taken off its request.
type hidden struct{ raw string }

type queryKey struct{}

// mostBody is how long a request may be, in bytes.
const mostBody = 64 << 10

// ServeHTTP takes the query off the request and answers.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	q := hidden{r.URL.RawQuery}
	r = r.WithContext(context.WithValue(r.Context(), queryKey{}, &q))
	u := *r.URL
	u.RawQuery, u.ForceQuery = "", false
	r.URL, r.RequestURI = &u, u.EscapedPath()
	r.Header.Del("Referer")
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	_, pattern := s.mux.Handler(r)
	if pattern == "" {
		answer(w, http.StatusNotFound, trouble{"no-such-operation", "there is no such operation here"})
		return
	}
	s.mux.ServeHTTP(w, r)
}

// query reads the query of a request: names that are known, each once. The words
// of the fault hold nothing of it.
func query(r *http.Request, known ...string) (map[string]string, error) {
	q, ok := r.Context().Value(queryKey{}).(*hidden)
	if !ok {
		return nil, fault.New(fault.Internal, "api.query", "the query of the request is gone")
	}
	return readQuery(q.raw, known...)
}

func readQuery(raw string, known ...string) (map[string]string, error) {
	const op = "api.query"
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the query of the address is not readable")
	}
	out := map[string]string{}
	for name, all := range values {
		at := -1
		for i, k := range known {
			if k == name {
				at = i
			}
		}
		if at < 0 {
			return nil, fault.New(fault.Invalid, op, "the query has a name that is not known")
		}
		if len(all) != 1 {
			return nil, fault.New(fault.Invalid, op, "%s stands more than once", known[at])
		}
		out[known[at]] = all[0]
	}
	return out, nil
}
