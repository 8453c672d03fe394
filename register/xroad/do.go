package xroad

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/sony/gobreaker/v2"

	"ennakko/fault"
)

// Refusal is the cause of a fault when somebody answered, and not with 2xx. The
// body of such an answer is not kept: nobody checked what stands in it.
type Refusal struct {
	Status int
	Type   string      // what the exchange layer says when the trouble is in it ("Server.ServerProxy.NetworkError"); "" when the service itself answered
	Header http.Header // of the service's answer

	after time.Duration // how long the other end wants to be left alone
}

// Error tells the status.
func (r *Refusal) Error() string {
	if r.Type != "" {
		return fmt.Sprintf("HTTP %d, %s", r.Status, r.Type)
	}
	return fmt.Sprintf("HTTP %d", r.Status)
}

// do asks, and repeats what may be repeated under the same number.
func (c *Client) do(ctx context.Context, k call) (*Answer, error) {
	if err := c.check(&k); err != nil {
		return nil, err
	}
	where, err := c.address(k)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.set.Total)
	defer cancel()
	for try := 1; ; try++ {
		a, err := c.guarded(ctx, k, where)
		if err == nil {
			a.Tries = try
			return a, nil
		}
		if !k.reads || try == c.set.Tries || fault.KindOf(err) != fault.Later || errors.Is(err, gobreaker.ErrOpenState) || ctx.Err() != nil {
			return nil, err
		}
		pause := c.pause(try, err)
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= pause {
			return nil, err // there would be no time left to ask in
		}
		c.set.Log.InfoContext(ctx, "a service is asked again", "service", k.service.String(), "request", k.headers.ID, "try", try+1, "wait", pause, "error", err)
		if c.set.Wait(ctx, pause) != nil {
			return nil, err
		}
	}
}

// pause doubles with each try, less up to half by chance, so that many clients do
// not come back all at once; and is as long as the other end asks for.
func (c *Client) pause(try int, err error) time.Duration {
	d := c.set.First << min(try-1, 16)
	d -= time.Duration(float64(d) / 2 * c.set.Chance())
	if r, ok := errors.AsType[*Refusal](err); ok {
		d = max(d, r.after)
	}
	return d
}

func (c *Client) breaker(s ServiceID) *gobreaker.CircuitBreaker[*Answer] {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.breakers[s]
	if !ok {
		b = gobreaker.NewCircuitBreaker[*Answer](gobreaker.Settings{Name: s.String(), Timeout: c.set.Rest,
			ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= uint32(c.set.Failures) }, //nolint:gosec // checked to be small and above 0
			IsSuccessful: func(err error) bool { return err == nil || fault.KindOf(err) != fault.Later },
			IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
			OnStateChange: func(name string, from, to gobreaker.State) {
				c.set.Log.Warn("a service that failed is watched", "service", name, "was", from.String(), "is", to.String())
			}})
		c.breakers[s] = b
	}
	return b
}

// guarded is one try, unless the service is left alone for now.
func (c *Client) guarded(ctx context.Context, k call, where string) (*Answer, error) {
	a, err := c.breaker(k.service).Execute(func() (*Answer, error) { return c.once(ctx, k, where) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return nil, fault.New(fault.Later, "xroad.Do", "the service failed too often and is left alone for now").Because(gobreaker.ErrOpenState).Do("it is tried again by itself after %s", c.set.Rest)
	}
	return a, err
}

func (c *Client) once(ctx context.Context, k call, where string) (*Answer, error) {
	const op = "xroad.Do"
	ctx, cancel := context.WithTimeout(ctx, c.set.Try)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, k.method, where, bytes.NewReader(k.body))
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the request cannot be made")
	}
	for name, values := range k.headers.More {
		q.Header[http.CanonicalHeaderKey(name)] = values
	}
	q.Header.Set("Accept", "application/json")
	q.Header.Set(HeaderClient, c.set.Client.String())
	q.Header.Set(HeaderID, k.headers.ID)
	if k.headers.Issue != "" {
		q.Header.Set(HeaderIssue, k.headers.Issue)
	}
	if p := k.headers.Person.boxed; p != nil {
		q.Header.Set(HeaderUserID, *p)
	}
	if k.body != nil {
		q.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	r, err := c.http.Do(q)
	if err != nil {
		return nil, unanswered(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode < 200 || r.StatusCode > 299 || r.Header.Get(HeaderError) != "" {
		return nil, refused(r)
	}
	return c.read(r, k)
}

// unanswered is the fault of a request that nobody answered. The address is
// taken out of the cause.
func unanswered(err error) error {
	const op = "xroad.Do"
	for e, ok := errors.AsType[*url.Error](err); ok; e, ok = errors.AsType[*url.Error](err) {
		err = e.Err
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fault.New(fault.Refused, op, "the other end's certificate is not trusted").Because(e.Err).Do("look at the file of roots, and whether the other end renewed its certificate")
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" { // an alert of TLS
		return fault.New(fault.Refused, op, "the other end does not take our certificate").Because(err).Do("look whether it has ended, and whether the other end knows it")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Later, op, "the service did not answer in time").Because(context.DeadlineExceeded)
	}
	return fault.New(fault.Later, op, "the service does not answer").Because(err)
}

var errorType = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._]{0,99}$`)

// refused is the fault of an answer that is none. A 5xx, and whatever is wrong in
// the exchange layer itself, may pass.
func refused(r *http.Response) error {
	const op = "xroad.Do"
	why := &Refusal{Status: r.StatusCode, Header: r.Header, after: retryAfter(r.Header)}
	if t := r.Header.Get(HeaderError); t != "" {
		if why.Type = t; !errorType.MatchString(t) {
			why.Type = "an error without a readable name"
		}
		return layer(why)
	}
	switch s := r.StatusCode; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		return fault.New(fault.Refused, op, "the service refuses").Because(why).Do("ask its keeper whether we may use it")
	case s == http.StatusNotFound:
		return fault.New(fault.Missing, op, "the service does not know what was asked for").Because(why).Do("look at the path and the service's identifier")
	case s == http.StatusRequestTimeout || s == http.StatusTooEarly || s == http.StatusTooManyRequests || s >= 500:
		return fault.New(fault.Later, op, "the service cannot answer now").Because(why)
	}
	return fault.New(fault.Invalid, op, "the service does not take the request").Because(why).Do("look at the service's description")
}

var (
	noAccess = regexp.MustCompile(`AccessDenied|SslAuthenticationFailed`)
	notKnown = regexp.MustCompile(`^Client\.|UnknownMember|UnknownService|InvalidService`)
)

// layer is the fault of the exchange layer itself.
func layer(why *Refusal) error {
	const op = "xroad.Do"
	switch {
	case noAccess.MatchString(why.Type):
		return fault.New(fault.Refused, op, "the exchange layer refuses").Because(why).Do("ask the service's keeper for access, and look at our certificate in the security server")
	case notKnown.MatchString(why.Type):
		return fault.New(fault.Missing, op, "the exchange layer does not know the client, the service or the request").Because(why).Do("look at both identifiers in the settings")
	}
	return fault.New(fault.Later, op, "the exchange layer cannot carry the request now").Because(why)
}

// retryAfter is how long the other end wants to be left alone: seconds only.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600)) * time.Second
}

// read takes an answer of at most the largest size, which is JSON and is that to
// our request.
func (c *Client) read(r *http.Response, k call) (*Answer, error) {
	const op = "xroad.Do"
	b, err := io.ReadAll(io.LimitReader(r.Body, c.set.Largest+1))
	switch kind, _, wrong := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err != nil:
		return nil, fault.New(fault.Later, op, "the service did not end its answer").Because(plain(err))
	case int64(len(b)) > c.set.Largest:
		return nil, fault.New(fault.Invalid, op, "the answer is larger than %d bytes", c.set.Largest).Do("ask for less, or allow more")
	case wrong != nil || kind != "application/json":
		return nil, fault.New(fault.Invalid, op, "the answer is not JSON").Do("look at what answers at that address")
	}
	for name, want := range map[string]string{HeaderID: k.headers.ID, HeaderClient: c.set.Client.String(), HeaderService: k.service.String()} {
		if got := r.Header.Get(name); got != "" && got != want {
			return nil, fault.New(fault.Invalid, op, "the answer belongs to another request (%s): it is thrown away", name).Do("tell the keeper of the security server")
		}
	}
	return &Answer{ID: k.headers.ID, RequestID: only(idForm, r.Header.Get(HeaderRequestID)), Hash: only(hashForm, r.Header.Get(HeaderHash)), Status: r.StatusCode, Header: r.Header, Body: b}, nil
}

var hashForm = regexp.MustCompile(`^[A-Za-z0-9+/]{86}==$`)

// only is s if it has the form, or "".
func only(form *regexp.Regexp, s string) string {
	if !form.MatchString(s) {
		return ""
	}
	return s
}

func plain(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	return err
}
