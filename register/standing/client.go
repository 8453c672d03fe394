package standing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"ennakko/fault"
	"ennakko/register/certificate"
	"ennakko/strictjson"
)

// Client asks the city. It keeps no answer: each question is put anew.
type Client struct {
	url  *url.URL
	ask  *http.Client
	tell *http.Client // of marks: the city writes each of them
}

// How long the city may take for 100 marks, and how long its answers may be, in
// bytes.
const (
	tellTimeout   = 30 * time.Second
	largestAnswer = 256 << 10
)

// NewClient makes a client of the city's side at an address such as
// https://ennakko.city.example:8444, which may be without TLS only on this
// machine. Timeout is how long one question may take.
func NewClient(server string, lines *certificate.Store, timeout time.Duration) (*Client, error) {
	const op = "standing.NewClient"
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return nil, fault.New(fault.Invalid, op, "the address of the permission service is not one").Do("write it as https://ennakko.city.example:8444")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.New(fault.Invalid, op, "the permission service is not on this machine, and its address is without TLS").Do("write https:// before it")
	}
	if u.Scheme == "https" && lines == nil {
		return nil, fault.New(fault.Invalid, op, "there are no certificates for the permission service").Do("name our certificate, its key and the city's root")
	}
	if timeout <= 0 {
		return nil, fault.New(fault.Invalid, op, "the permission service is given no time to answer").Do("2s is usual")
	}
	t := &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
	if lines != nil {
		t.DialTLSContext = lines.Dial
	}
	within := func(d time.Duration) *http.Client {
		return &http.Client{Timeout: d, Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{u, within(timeout), within(max(timeout, tellTimeout))}, nil
}

// Ask asks whether a permission stands. An error means that nobody knows, and
// then nothing may be handed over.
func (c *Client) Ask(ctx context.Context, q Question) (Verdict, error) {
	const op = "standing.Ask"
	var said wireVerdict
	if err := c.post(ctx, op, c.ask, PathStanding, wireQuestion{q.ID, q.Permission, q.Purpose, q.Fields, q.Person, q.At}, &said); err != nil {
		return Verdict{}, err
	}
	bad := func(words string) (Verdict, error) {
		return Verdict{}, fault.New(fault.Later, op, "the permission service answers, and %s", words).Do("tell the city; nothing is handed over until it is mended")
	}
	switch {
	case said.ID != q.ID:
		return bad("to another question")
	case said.Stands == nil:
		return bad("does not say whether the permission stands")
	case *said.Stands && (said.At == nil || said.Until == nil || said.Gap || said.Why != ""):
		return bad("contradicts itself")
	case *said.Stands && !said.Until.After(*said.At):
		return bad("names an end that is past")
	case *said.Stands:
		return Verdict{Stands: true, Until: *said.Until, For: said.Until.Sub(*said.At)}, nil
	case said.At != nil || said.Until != nil || !whyForm.MatchString(string(said.Why)):
		return bad("does not say why the permission does not stand")
	}
	return Verdict{Gap: said.Gap, Why: said.Why}, nil
}

// Send sends marks. Taken says of the first ones, in order, whether they were
// taken or will never be; the rest is to be sent again.
func (c *Client) Send(ctx context.Context, marks []WireMark) (taken []bool, err error) {
	const op = "standing.Send"
	var said wireTaken
	if err := c.post(ctx, op, c.tell, PathMarks, wireMarks{marks}, &said); err != nil {
		return nil, err
	}
	if len(said.Marks) > len(marks) || len(said.Marks) == 0 {
		return nil, fault.New(fault.Later, op, "the city answers to other marks than were sent")
	}
	for i, m := range said.Marks {
		if m.ID != marks[i].ID || m.Taken == nil {
			return nil, fault.New(fault.Later, op, "the city answers to other marks than were sent")
		}
		taken = append(taken, *m.Taken)
	}
	return taken, nil
}

func (c *Client) post(ctx context.Context, op string, by *http.Client, path string, v, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, op, "the question cannot be written")
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.JoinPath(path).String(), bytes.NewReader(b))
	if err != nil {
		return fault.New(fault.Internal, op, "the question cannot be made")
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := by.Do(q)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return fault.New(fault.Later, op, "the permission service does not answer").Because(err)
	}
	defer func() { _ = a.Body.Close() }()
	b, err = io.ReadAll(io.LimitReader(a.Body, largestAnswer+1))
	kind, _, wrong := mime.ParseMediaType(a.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return fault.New(fault.Later, op, "the permission service did not end its answer")
	case a.StatusCode == http.StatusForbidden:
		return fault.New(fault.Later, op, "the permission service does not know this source").Do("let the city put the subject of our certificate among its sources")
	case a.StatusCode != http.StatusOK || wrong != nil || kind != "application/json" || len(b) > largestAnswer:
		return fault.New(fault.Later, op, "the permission service cannot tell (HTTP %d)", a.StatusCode)
	}
	if err := strictjson.Read(b, into); err != nil {
		return fault.New(fault.Later, op, "the answer of the permission service cannot be read").Because(err)
	}
	return nil
}
