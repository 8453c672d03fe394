// Package adapter stands in front of a register's own interface and lets nothing
// about a person out without a permission that stands at that very moment. The
// keeper of the register runs it: it needs no trust in whoever asks.
//
// For each hand-over it knows the client by its certificate, looks whether
// purpose, fields and call are set up for it, asks the city whether the person's
// permission stands, asks the register, cuts the answer to the permitted fields,
// asks the city again, writes its own mark durably, and only then hands over. The
// mark goes to the city, where the person sees it.
//
// A gap (nothing is set up) and a violation (the permission does not stand, or not
// for this) are told apart, and nothing is handed over in either; nor when the
// city does not answer, or not clearly, or the mark cannot be kept.
package adapter

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/certificate"
	"ennakko/register/standing"
)

// City answers whether a permission stands, and takes marks.
type City interface {
	// Ask asks anew each time. An error means that nobody knows.
	Ask(ctx context.Context, q standing.Question) (standing.Verdict, error)
	// Send sends marks; see standing.Client.
	Send(ctx context.Context, marks []standing.WireMark) (taken []bool, err error)
}

// Options are what an adapter works with beside its settings.
type Options struct {
	City     City              // nil: by the settings
	Register http.RoundTripper // nil: by the settings
	Log      *slog.Logger
	Now      func() time.Time // the moment, as in questions and marks (time.Now)
	Real     func() time.Time // for how long something takes (time.Now); another only in trials
	Random   io.Reader
	Wait     func(context.Context, time.Duration) error // before marks are sent again (a timer)
}

// Adapter is a running adapter. It is safe for concurrent use.
type Adapter struct {
	set     Config
	opt     Options
	url     *url.URL
	http    *http.Client
	journal *Journal
	calls   map[string]*call
	slots   chan struct{}
	tell    *figures
	stores  []*certificate.Store
	server  *certificate.Store

	marked func() // for tests: after the mark, before the first byte
}

// call is a call, ready to be made.
type call struct {
	Call
	request shape
	places  map[permission.Field][]string
}

// New makes an adapter and opens its journal. Close closes it.
func New(c Config, o Options) (*Adapter, error) {
	const op = "adapter.New"
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Real == nil {
		o.Real = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	u, err := url.Parse(c.Register.URL)
	if err != nil || c.AtOnce < 1 || c.Within <= 0 || c.Permissions.Key.IsZero() {
		return nil, fault.New(fault.Invalid, op, "the adapter's settings are not whole").Do("make them with Read")
	}
	a := &Adapter{set: c, opt: o, url: u, calls: map[string]*call{}, slots: make(chan struct{}, c.AtOnce), tell: newFigures(c.Clients)}
	if err := a.lines(); err != nil {
		return nil, err
	}
	for _, x := range c.Calls {
		ready := &call{Call: x, places: map[permission.Field][]string{}}
		for _, p := range append([]string{x.Person}, x.Request...) {
			if err := ready.request.add(p); err != nil {
				return nil, err
			}
		}
		for _, f := range x.Fields {
			ready.places[f.Name] = f.Places
		}
		a.calls[x.Path] = ready
	}
	if a.journal, err = OpenJournal(c.Marks); err != nil {
		return nil, err
	}
	return a, nil
}

// lines opens the certificates and makes what calls out.
func (a *Adapter) lines() error {
	store := func(f certificate.Files) (*certificate.Store, error) {
		if f == (certificate.Files{}) {
			return nil, nil //nolint:nilnil // no certificates are set up
		}
		s, err := certificate.Open(f)
		if err == nil {
			a.stores = append(a.stores, s)
		}
		return s, err
	}
	var l fault.List
	keep := func(s *certificate.Store, err error) *certificate.Store {
		if err != nil {
			l.Add(fault.New(fault.Invalid, "adapter.New", "certificates cannot be opened").Because(err))
		}
		return s
	}
	a.server = keep(store(a.set.Lines))
	register, city := keep(store(a.set.Register.Lines)), keep(store(a.set.Permissions.Lines))
	if err := l.Err(); err != nil {
		return err
	}
	if a.opt.Register == nil {
		t := &http.Transport{MaxIdleConnsPerHost: a.set.AtOnce, IdleConnTimeout: 30 * time.Second}
		if register != nil {
			t.DialTLSContext = register.Dial
		}
		a.opt.Register = t
	}
	a.http = &http.Client{Transport: a.opt.Register, Timeout: a.set.Register.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if a.opt.City == nil {
		c, err := standing.NewClient(a.set.Permissions.URL, city, a.set.Permissions.Timeout)
		if err != nil {
			return err
		}
		a.opt.City = c
	}
	return nil
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

// TLS is how lines are taken: only from those whom the roots of clients certify.
func (a *Adapter) TLS() (*tls.Config, error) {
	if a.server == nil {
		return nil, fault.New(fault.Invalid, "adapter.TLS", "the adapter has no certificate").Do("name certificate, key and client_roots")
	}
	return a.server.Server()
}

// Close ends the adapter. What waits to be told to the city is told after the
// next start.
func (a *Adapter) Close() error { return a.journal.Close() }

// Waiting is how many marks the city has not been told yet.
func (a *Adapter) Waiting() int { return a.journal.Waiting() }

// How long the sending of marks waits after a failure: the first time, and at
// most.
const (
	firstWait = time.Second
	mostWait  = time.Minute
)

// Deliver tells the city of hand-overs until ctx ends: at once, in order, and
// again until it answers. Nothing is lost by a crash; what was sent twice counts
// once, by its id.
func (a *Adapter) Deliver(ctx context.Context) error {
	pause := firstWait
	for {
		marks, ends, fresh, err := a.journal.Next(standing.MostMarks)
		if err != nil {
			return err
		}
		if len(marks) == 0 {
			select {
			case <-fresh:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		if err = a.send(ctx, marks, ends); err == nil {
			pause = firstWait
			continue
		}
		a.opt.Log.WarnContext(ctx, "marks wait for the city", "waiting", a.journal.Waiting(), "again_in", pause, "error", err)
		if a.opt.Wait(ctx, pause) != nil {
			return nil //nolint:nilerr // it was told to end
		}
		pause = min(2*pause, mostWait)
	}
}

func (a *Adapter) send(ctx context.Context, marks []standing.WireMark, ends []int64) error {
	taken, err := a.opt.City.Send(ctx, marks)
	if err != nil {
		return err
	}
	if len(taken) == 0 || len(taken) > len(marks) {
		return fault.New(fault.Later, "adapter.Deliver", "the city answers to other marks than were sent")
	}
	var refused []standing.WireMark
	for i, ok := range taken {
		if !ok {
			a.opt.Log.ErrorContext(ctx, "the city will not take a mark: a person must look", "mark", marks[i].ID, "file", refusedFile)
			refused = append(refused, marks[i])
		}
	}
	a.tell.refusedMarks.Add(float64(len(refused)))
	return a.journal.Told(ends[len(taken)-1], len(taken), refused)
}
