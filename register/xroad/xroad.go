// Package xroad asks services of an exchange layer such as the Finnish Data
// Exchange Layer (Act 571/2016, chapter 2), in the style of the X-Road Message
// Protocol for REST: a request goes to the city's own security server, whose
// address names the service, and whose headers name the client, the request, the
// person whose deed it is, and the matter.
//
// A request is repeated only when it only reads, always under the same number.
// An identity code never stands in an address: such a request is refused before
// anything is sent.
//
// Source: X-Road: Message Protocol for REST, PR-REST 1.0.4, chapters 4.1-4.7,
// https://docs.x-road.global/Protocols/pr-rest_x-road_message_protocol_for_rest.html.
// No code of X-Road is used.
package xroad

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/certificate"
)

// The headers of the protocol.
const (
	HeaderClient    = "X-Road-Client"
	HeaderService   = "X-Road-Service"
	HeaderID        = "X-Road-Id"
	HeaderUserID    = "X-Road-UserId"
	HeaderIssue     = "X-Road-Issue"
	HeaderRequestID = "X-Road-Request-Id"
	HeaderHash      = "X-Road-Request-Hash"
	HeaderError     = "X-Road-Error"
)

// Version stands first in the path of each request.
const Version = "r1"

// Config is how services are asked.
type Config struct {
	Server string             // the city's own security server: https://ss.city.example
	Client ClientID           // who we are
	Lines  *certificate.Store // mutual TLS; nil only for a server on the loopback

	Try     time.Duration // how long one try may take, the whole answer read (10s)
	Total   time.Duration // how long all tries may take together (30s)
	Tries   int           // of a request that only reads (4)
	First   time.Duration // the wait before the second try; it doubles, less up to half by chance (200ms)
	Largest int64         // of an answer, in bytes (1 MiB)

	Failures int           // in a row, until the service is left alone (5)
	Rest     time.Duration // how long it is left alone (30s); then one request tries

	Log    *slog.Logger
	Random io.Reader                                  // for numbers of requests (crypto/rand)
	Chance func() float64                             // from 0 to below 1, for the waits
	Wait   func(context.Context, time.Duration) error // waits (a timer)
	Base   http.RoundTripper                          // nil: lines of its own
}

// Client asks services. It is safe for concurrent use.
type Client struct {
	set  Config
	url  *url.URL
	http *http.Client

	mu       sync.Mutex
	breakers map[ServiceID]*gobreaker.CircuitBreaker[*Answer]
}

// NewClient checks the settings, all at once. Nothing is connected yet.
func NewClient(c Config) (*Client, error) {
	const op = "xroad.NewClient"
	var l fault.List
	u, err := url.Parse(c.Server)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.User != nil || u.Fragment != "":
		l.Add(fault.New(fault.Invalid, op, "the security server's address is not one").Do("write it as https://ss.city.example"))
	case u.Scheme == "http" && !loopback(u.Hostname()):
		l.Add(fault.New(fault.Invalid, op, "the security server is not on this machine, and its address is without TLS").Do("write https:// before it"))
	case u.Scheme == "https" && c.Lines == nil && c.Base == nil:
		l.Add(fault.New(fault.Invalid, op, "there are no certificates for the security server").Do("name our certificate, its key and the server's root"))
	}
	if c.Client == (ClientID{}) {
		l.Add(fault.New(fault.Invalid, op, "the client has no identifier").Do("the keeper of the exchange layer gave it: FI/MUN/0201256-6/ennakko"))
	}
	or(&c.Try, 10*time.Second)
	or(&c.Total, 30*time.Second)
	or(&c.Tries, 4)
	or(&c.First, 200*time.Millisecond)
	or(&c.Largest, 1<<20)
	or(&c.Failures, 5)
	or(&c.Rest, 30*time.Second)
	if c.Try < 0 || c.Total < c.Try || c.Tries < 1 || c.First < 0 || c.Largest < 1 || c.Failures < 1 || c.Rest < 0 {
		l.Add(fault.New(fault.Invalid, op, "a time or a number of the security server's settings is out of range").Do("times are above 0, and all tries together may take at least as long as one"))
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Chance == nil {
		c.Chance = mathrand.Float64
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	return &Client{set: c, url: u, breakers: map[ServiceID]*gobreaker.CircuitBreaker[*Answer]{},
		http: &http.Client{Transport: lines(c), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func or[T comparable](v *T, usual T) {
	var zero T
	if *v == zero {
		*v = usual
	}
}

func lines(c Config) http.RoundTripper {
	if c.Base != nil {
		return c.Base
	}
	t := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		DisableCompression: true, MaxResponseHeaderBytes: 64 << 10}
	if c.Lines != nil {
		t.DialTLSContext = c.Lines.Dial
	}
	return t
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Headers are what goes with a request.
type Headers struct {
	ID     string      // the request's number, from NewID; "": one is made
	Person Person      // whose deed it is
	Issue  string      // the matter: here the number of the permission
	More   http.Header // others, which the exchange layer hands on; none of X-Road's own
}

// Answer is what a service answered with a status of 2xx.
type Answer struct {
	ID        string // the request's number
	RequestID string // the exchange layer's own number of the try that was answered; ""
	Hash      string // the exchange layer's SHA-512 over the request, which binds the answer to it; "". Only a security server can check it
	Status    int
	Header    http.Header
	Body      []byte // JSON
	Tries     int
}

// Get reads from a service; it may be repeated.
func (c *Client) Get(ctx context.Context, s ServiceID, path string, q url.Values, h Headers) (*Answer, error) {
	return c.do(ctx, call{service: s, method: http.MethodGet, path: path, query: q, reads: true, headers: h})
}

// Ask reads from a service by POST, because what it asks for may not stand in an
// address; it may be repeated.
func (c *Client) Ask(ctx context.Context, s ServiceID, path string, body []byte, h Headers) (*Answer, error) {
	return c.do(ctx, call{service: s, method: http.MethodPost, path: path, body: body, reads: true, headers: h})
}

// Post changes something at a service; it is never repeated. After a fault of
// kind Later nobody knows whether it was done.
func (c *Client) Post(ctx context.Context, s ServiceID, path string, body []byte, h Headers) (*Answer, error) {
	return c.do(ctx, call{service: s, method: http.MethodPost, path: path, body: body, headers: h})
}

// Resting reports whether a service failed so often that it is left alone.
func (c *Client) Resting(s ServiceID) bool { return c.breaker(s).State() == gobreaker.StateOpen }

type call struct {
	service ServiceID
	method  string
	path    string // below the service
	query   url.Values
	body    []byte
	reads   bool
	headers Headers
}

var (
	codeLike  = regexp.MustCompile(`[0-9]{6}[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Ya-y]`)
	idForm    = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)
	issueForm = regexp.MustCompile(`^[A-Za-z0-9._:/-]{0,100}$`)
)

// address is where the request goes. An identity code in it is refused.
func (c *Client) address(k call) (string, error) {
	const op = "xroad.Do"
	u := *c.url.JoinPath(Version, k.service.String(), k.path)
	u.RawQuery = k.query.Encode()
	for _, part := range append([]string{u.Path}, flat(k.query)...) {
		for _, m := range codeLike.FindAllString(part, -1) {
			if _, err := person.ParseCode(m); err == nil {
				return "", fault.New(fault.Refused, op, "an identity code stands in the address of a request: nothing was sent").Do("put it into the body")
			}
		}
	}
	if strings.Contains(k.path, "..") || strings.Contains(k.path, "?") || strings.Contains(k.path, "#") {
		return "", fault.New(fault.Invalid, op, "the path below the service is not one").Do("write parts between strokes")
	}
	return u.String(), nil
}

func flat(v url.Values) (out []string) {
	for name, values := range v {
		out = append(append(out, name), values...)
	}
	return out
}

func (c *Client) check(k *call) error {
	const op = "xroad.Do"
	if k.service == (ServiceID{}) {
		return fault.New(fault.Invalid, op, "no service was named").Do("name it as FI/GOV/0000000-0/register/incomes")
	}
	if k.headers.ID == "" {
		id, err := NewID(c.set.Random)
		if err != nil {
			return err
		}
		k.headers.ID = id
	}
	if !idForm.MatchString(k.headers.ID) || !issueForm.MatchString(k.headers.Issue) {
		return fault.New(fault.Invalid, op, "the number of the request or of the matter is not one").Do("make it with NewID")
	}
	for name := range k.headers.More {
		if strings.HasPrefix(http.CanonicalHeaderKey(name), "X-Road-") {
			return fault.New(fault.Invalid, op, "a header of the exchange layer was given as another").Do("use the fields of Headers")
		}
	}
	return nil
}
