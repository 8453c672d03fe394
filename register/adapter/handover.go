package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/person"
	"ennakko/register/standing"
	"ennakko/register/xroad"
)

// refusal is why nothing is handed over. What and Do are safe to show to a client
// and to log.
type refusal struct {
	Kind standing.Refusal `json:"refusal"`
	What string           `json:"what"`
	Why  standing.Why     `json:"why,omitempty"` // of a permission that does not stand
	Do   string           `json:"do,omitempty"`

	status int
	cause  error // for the log
}

func no(kind standing.Refusal, status int, what, do string) *refusal {
	return &refusal{Kind: kind, What: what, Do: do, status: status}
}

func gap(what, do string) *refusal { return no(standing.Gap, http.StatusNotFound, what, do) }

func violation(what, do string) *refusal {
	return no(standing.Violation, http.StatusForbidden, what, do)
}

func unclear(what string) *refusal {
	return no(standing.Unclear, http.StatusBadRequest, what, "see "+page)
}

func unavailable(what string, cause error) *refusal {
	r := no(standing.Unavailable, http.StatusServiceUnavailable, what, "ask again later")
	r.cause = cause
	return r
}

func trouble(what string, cause error) *refusal {
	r := no(standing.Trouble, http.StatusBadGateway, what, "")
	r.cause = cause
	return r
}

// handover is one request on its way.
type handover struct {
	caller     *Caller
	call       *call
	purpose    string
	fields     []permission.Field
	permission int64
	request    string // X-Road-Id
	code       person.Code
	mark       standing.PersonMark
	body       []byte
}

// ServeHTTP serves clients. It must be served with the certificates of
// TLS: whoever shows none is refused.
func (a *Adapter) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	default:
		a.refuse(w, q, &handover{}, unavailable("too many requests are under way", nil))
		return
	}
	h, no := a.understand(w, q)
	if no == nil {
		no = a.handOver(w, q, h)
	}
	if no != nil {
		a.refuse(w, q, h, no)
	}
}

func (a *Adapter) refuse(w http.ResponseWriter, q *http.Request, h *handover, r *refusal) {
	name := ""
	if h.caller != nil {
		name = h.caller.Name
	}
	attrs := []any{"refusal", r.Kind, "what", r.What, "client", name, "purpose", h.purpose, "request", h.request}
	if r.Why != "" {
		attrs = append(attrs, "why", r.Why)
	}
	if r.cause != nil {
		attrs = append(attrs, "error", r.cause)
	}
	a.tell.refused.WithLabelValues(string(r.Kind)).Inc()
	a.opt.Log.WarnContext(q.Context(), "nothing is handed over", attrs...)
	b, err := json.Marshal(r)
	if err != nil {
		b = []byte(`{"refusal":"unavailable"}`)
	}
	a.head(w, q, h, len(b))
	w.Header().Set(standing.HeaderRefusal, string(r.Kind))
	if r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(b)
}

func (a *Adapter) head(w http.ResponseWriter, q *http.Request, h *handover, length int) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.Header().Set("Cache-Control", "no-store")
	if h.request != "" {
		w.Header().Set(xroad.HeaderID, h.request)
	}
	if h.caller != nil && strings.HasPrefix(q.URL.Path, "/"+xroad.Version+"/") {
		w.Header().Set(xroad.HeaderClient, h.caller.Member.String())
		w.Header().Set(xroad.HeaderService, a.set.Service.String())
	}
}

var (
	requestForm = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)
	numberForm  = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
)

// understand finds out who asks for what about whom; h is what is known so far.
func (a *Adapter) understand(w http.ResponseWriter, q *http.Request) (h *handover, no *refusal) {
	h = &handover{}
	if id := q.Header.Get(xroad.HeaderID); requestForm.MatchString(id) {
		h.request = id
	} else if id != "" {
		return h, unclear("the header X-Road-Id is not a number of a request")
	}
	if h.caller, no = a.client(q); no != nil {
		return h, no
	}
	if h.call, no = a.which(q); no != nil {
		return h, no
	}
	if no = a.what(q, h); no != nil {
		return h, no
	}
	return h, a.whom(w, q, h)
}

// client is who calls: the subject of the certificate that the line was opened
// with, speaking for a member that is set up for it.
func (a *Adapter) client(q *http.Request) (*Caller, *refusal) {
	if q.TLS == nil || len(q.TLS.VerifiedChains) == 0 {
		return nil, violation("the client shows no certificate", "open the line with one that the register's keeper trusts")
	}
	subject := q.TLS.PeerCertificates[0].Subject.String()
	member, err := xroad.ParseClient(q.Header.Get(xroad.HeaderClient))
	if err != nil || len(q.Header.Values(xroad.HeaderClient)) != 1 {
		return nil, unclear("the header X-Road-Client is not one")
	}
	known := false
	for i, c := range a.set.Clients {
		if c.Certificate != subject {
			continue
		}
		known = true
		if c.Member == member {
			return &a.set.Clients[i], nil
		}
	}
	if known {
		return nil, violation("the client speaks for a member that is not set up for its certificate", "speak for your own")
	}
	return nil, gap("this client is not set up", "let the register's keeper add it under clients")
}

// which is the call. An address without, or with, an exchange layer's beginning
// is the same.
func (a *Adapter) which(q *http.Request) (*call, *refusal) {
	p := strings.TrimPrefix(q.URL.Path, "/")
	if rest, ok := strings.CutPrefix(p, xroad.Version+"/"); ok {
		service := a.set.Service.String()
		below, ok := strings.CutPrefix(rest, service+"/")
		if service == "" || !ok {
			return nil, gap("this service is not set up", "let the register's keeper look at service")
		}
		p = below
	}
	c, ok := a.calls[p]
	if !ok || q.URL.RawQuery != "" || q.URL.RawPath != "" {
		return nil, gap("this call is not set up", "let the register's keeper add it under calls")
	}
	if q.Method != http.MethodPost {
		return nil, unclear("a call is a POST: an identity code never stands in an address")
	}
	return c, nil
}

// what is the purpose, the permission's number and the fields.
func (a *Adapter) what(q *http.Request, h *handover) *refusal {
	for _, name := range []string{standing.HeaderPurpose, standing.HeaderFields, xroad.HeaderIssue} {
		if len(q.Header.Values(name)) != 1 {
			return unclear("the header " + name + " does not stand there once")
		}
	}
	id := q.Header.Get(standing.HeaderPurpose)
	i := slices.IndexFunc(h.caller.Purposes, func(p Purpose) bool { return p.ID == id })
	if i < 0 {
		return gap("this purpose is not set up for this client", "let the register's keeper add it under the client's purposes")
	}
	purpose := h.caller.Purposes[i]
	h.purpose = purpose.ID
	issue := q.Header.Get(xroad.HeaderIssue)
	if !numberForm.MatchString(issue) {
		return unclear("the header X-Road-Issue does not hold the number of a permission")
	}
	n, err := strconv.ParseInt(issue, 10, 64)
	if err != nil {
		return unclear("the header X-Road-Issue does not hold the number of a permission")
	}
	h.permission = n
	for name := range strings.SplitSeq(q.Header.Get(standing.HeaderFields), ",") {
		f := permission.Field(strings.TrimSpace(name))
		if _, ok := h.call.places[f]; !ok {
			return gap("a field is not set up for this call", "let the register's keeper add it under fields")
		}
		if !slices.Contains(purpose.Fields, f) {
			return violation("a field is not permitted for this purpose", "ask for the fields of the agreement only")
		}
		if slices.Contains(h.fields, f) {
			return unclear("a field stands twice in the header " + standing.HeaderFields)
		}
		h.fields = append(h.fields, f)
	}
	return nil
}

const mostRequest = 64 << 10

// whom is the body of the request with the person whom it is about.
func (a *Adapter) whom(w http.ResponseWriter, q *http.Request, h *handover) *refusal {
	kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	b, wrong := io.ReadAll(http.MaxBytesReader(w, q.Body, mostRequest))
	if err != nil || kind != "application/json" || wrong != nil {
		return unclear("the body of the request is not JSON of at most 64 KiB")
	}
	if h.body, err = h.call.request.cut(b, true); err != nil {
		return unclear("the body of the request is not as it is set up")
	}
	text, ok, err := textAt(h.body, h.call.Person)
	if err != nil || !ok {
		return unclear("the request names nobody")
	}
	if h.code, err = person.ParseCode(text); err != nil || h.code.Reveal() != text {
		return unclear("the identity code in the request is not one, or not in capitals")
	}
	h.mark = a.set.Permissions.Key.Person(h.code)
	return nil
}

// handOver does it, once everything is understood.
func (a *Adapter) handOver(w http.ResponseWriter, q *http.Request, h *handover) *refusal {
	ctx := q.Context()
	if _, _, no := a.stands(ctx, h); no != nil {
		return no
	}
	answer, no := a.register(ctx, q, h)
	if no != nil {
		return no
	}
	// The register may have been slow: what counts is that the permission stands now.
	asked, good, no := a.stands(ctx, h)
	if no != nil {
		return no
	}
	id, err := xroad.NewID(a.opt.Random)
	if err != nil {
		return unavailable("no mark can be made", err)
	}
	mark := standing.Mark{ID: id, Request: h.request, Client: h.caller.Name, Permission: h.permission, Purpose: h.purpose, Fields: h.fields, Person: h.mark, At: a.opt.Now().UTC()}
	if err := a.journal.Append(mark); err != nil {
		return unavailable("the mark of the hand-over cannot be kept", err)
	}
	if a.marked != nil {
		a.marked()
	}
	left := min(a.set.Within, good) - a.opt.Real().Sub(asked)
	if left <= 0 || ctx.Err() != nil { // the verdict is too old to act on
		return unavailable("the hand-over took too long, and was given up", nil)
	}
	line := http.NewResponseController(w)
	if err := line.SetWriteDeadline(time.Now().Add(left)); err != nil { // it could be read from long after
		return unavailable("the line cannot be given an end", err)
	}
	a.head(w, q, h, len(answer))
	w.Header().Set(standing.HeaderHandover, id)
	_, err = w.Write(answer)
	if err == nil {
		err = line.Flush()
	}
	if err != nil {
		a.opt.Log.WarnContext(ctx, "a hand-over broke off", "mark", id, "client", h.caller.Name, "purpose", h.purpose, "request", h.request)
		return nil
	}
	a.tell.handed.WithLabelValues(h.caller.Name, h.purpose).Inc()
	a.opt.Log.InfoContext(ctx, "handed over", "mark", id, "client", h.caller.Name, "purpose", h.purpose, "request", h.request, "fields", h.fields)
	return nil
}

// stands asks the city, anew each time. Asked is the real moment before the
// question: the verdict may be true of no later one. It is good for so long, from
// then on.
func (a *Adapter) stands(ctx context.Context, h *handover) (asked time.Time, good time.Duration, no *refusal) {
	id, err := xroad.NewID(a.opt.Random)
	if err != nil {
		return asked, 0, unavailable("no question can be made", err)
	}
	asked = a.opt.Real()
	v, err := a.opt.City.Ask(ctx, standing.Question{ID: id, Permission: h.permission, Purpose: h.purpose, Fields: h.fields, Person: h.mark, At: a.opt.Now().UTC()})
	switch {
	case err != nil:
		return asked, 0, unavailable("nobody can say whether the permission stands", err)
	case v.Stands && a.opt.Real().Sub(asked) >= v.For:
		return asked, 0, unavailable("the city's word has run out on the way", nil)
	case v.Stands:
		return asked, v.For, nil
	case v.Gap:
		no = gap("the city has nothing set up for this", "let the city look at the purpose and its agreement with this source")
	default:
		no = violation("the permission does not stand", "ask the person, and nobody else")
	}
	no.Why = v.Why
	return asked, 0, no
}

// register asks the register and cuts what it answers.
func (a *Adapter) register(ctx context.Context, q *http.Request, h *handover) ([]byte, *refusal) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url.JoinPath(h.call.Path).String(), bytes.NewReader(h.body))
	if err != nil {
		return nil, trouble("the register cannot be asked", nil)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for _, name := range []string{xroad.HeaderClient, xroad.HeaderID, xroad.HeaderUserID, xroad.HeaderIssue} {
		if v := q.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	said, err := a.http.Do(r)
	if err != nil {
		return nil, trouble("the register does not answer", plain(err))
	}
	defer func() { _ = said.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(said.Body, int64(a.set.Register.Largest)+1))
	kind, _, wrong := mime.ParseMediaType(said.Header.Get("Content-Type"))
	switch s := said.StatusCode; { // no answer of it is handed on uncut, and that of a failure cannot be cut
	case err != nil:
		return nil, trouble("the register did not end its answer", plain(err))
	case s == http.StatusTooManyRequests || s >= 500:
		return nil, trouble(fmt.Sprintf("the register cannot answer now (HTTP %d)", s), nil)
	case s != http.StatusOK:
		no := trouble(fmt.Sprintf("the register does not take the request (HTTP %d)", s), nil)
		no.status = http.StatusUnprocessableEntity
		return nil, no
	case len(b) > a.set.Register.Largest:
		return nil, wrongAnswer("the register's answer is too large", nil)
	case wrong != nil || kind != "application/json":
		return nil, wrongAnswer("the register's answer is not JSON", nil)
	}
	return a.permitted(b, h)
}

// wrongAnswer will be the same the next time: a person must look.
func wrongAnswer(what string, cause error) *refusal {
	no := trouble(what, cause)
	no.status, no.Do = http.StatusUnprocessableEntity, "let the register's keeper compare the answer with the settings"
	return no
}

// permitted is the answer, cut to the fields that were asked for and are
// permitted. It must be about the person who was asked about.
func (a *Adapter) permitted(b []byte, h *handover) ([]byte, *refusal) {
	if h.call.About != "" {
		text, ok, err := textAt(b, h.call.About)
		if err != nil {
			return nil, wrongAnswer("the register's answer cannot be read", err)
		}
		if !ok || text != h.code.Reveal() {
			return nil, wrongAnswer("the register's answer is about another person: it is thrown away", nil)
		}
	}
	var keep shape
	places := slices.Clone(h.call.Always)
	if h.call.About != "" {
		places = append(places, h.call.About)
	}
	for _, f := range h.fields {
		places = append(places, h.call.places[f]...)
	}
	for _, p := range places {
		if err := keep.add(p); err != nil {
			return nil, wrongAnswer("the settings contradict each other", err)
		}
	}
	out, err := keep.cut(b, false)
	if err != nil {
		return nil, wrongAnswer("the register's answer is of another shape than is set up", err)
	}
	return out, nil
}

// plain is a failure of a line without the address.
func plain(err error) error {
	if e, ok := err.(*url.Error); ok { //nolint:errorlint // the outermost only
		return e.Err
	}
	return fault.New(fault.Later, "adapter.register", "the line broke")
}
