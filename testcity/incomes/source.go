package incomes

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"ennakko/fault"
	"ennakko/permission"
	"ennakko/register/adapter"
	"ennakko/register/certificate"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	"ennakko/testcity/ca"
)

// SourceOptions are for a whole made-up data source.
type SourceOptions struct {
	Dir      string // for certificates and marks
	Office   standing.Office
	Key      standing.Key                        // of people, between the source and the city
	Purposes map[string][]permission.Field       // for what the city may ask, and which fields
	Register Options                             // of the made-up register
	City     func(http.Handler) http.Handler     // around the city's permission service, to spoil it; nil: not
	Timeout  time.Duration                       // of the permission service (2s)
	Over     func(xroad.Config) xroad.Config     // changes how the city asks; nil: not
	Guard    func(adapter.Config) adapter.Config // changes the adapter's settings; nil: not
	Log      *slog.Logger
	Now      func() time.Time // the clock of both ends (time.Now)
}

// Source is a whole data source on the loopback, with certificates of its own:
// the made-up register, the adapter in front of it, the city's permission service
// that the adapter asks, and the city's client. For the demo and for tests.
type Source struct {
	Register *Register
	Adapter  *adapter.Adapter
	Incomes  *incomes.Client // as the city asks
	URL      string          // of the adapter
	Lines    *certificate.Store
	Service  xroad.ServiceID
	Root     *ca.Authority

	stop    context.CancelFunc
	servers []*http.Server
	running sync.WaitGroup
}

// The names of both ends.
const (
	SourceID    = "incomes-register" // the source, for the city
	Member      = "FI/MUN/0201256-6/ennakko"
	ServiceID   = "FI/GOV/0000000-0/register/incomes"
	citySubject = "CN=ennakko"
	ownSubject  = "CN=incomes-adapter"
)

// Open starts a data source. Close ends it.
func Open(ctx context.Context, o SourceOptions) (s *Source, err error) {
	if o.Office == nil || o.Key.IsZero() || o.Dir == "" {
		return nil, fault.New(fault.Invalid, "incomes.Open", "a data source needs a folder, a permission service and a key of people")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Register.Key) == 0 {
		o.Register.Key = []byte("made-up")
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s = &Source{stop: stop}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.Register, err = New(o.Register); err != nil {
		return s, err
	}
	if s.Root, err = ca.New(filepath.Join(o.Dir, "certificates"), time.Now()); err != nil {
		return s, err
	}
	own, err := s.Root.Certify("incomes-adapter")
	if err != nil {
		return s, err
	}
	city, err := s.Root.Certify("ennakko")
	if err != nil {
		return s, err
	}
	if s.Lines, err = certificate.Open(city); err != nil {
		return s, err
	}
	if s.Service, err = xroad.ParseService(ServiceID); err != nil {
		return s, err
	}
	if err := s.guard(ctx, o, own); err != nil {
		return s, err
	}
	return s, s.client(o)
}

// guard starts the register, the permission service and the adapter between.
func (s *Source) guard(ctx context.Context, o SourceOptions, own certificate.Files) error {
	register, err := s.serve(ctx, s.Register.Handler(), nil)
	if err != nil {
		return err
	}
	office := standing.Handler(o.Office, standing.BySubject(map[string]string{ownSubject: SourceID}), o.Now, o.Log)
	if o.City != nil {
		office = o.City(office)
	}
	tlsCity, err := s.Lines.Server()
	if err != nil {
		return err
	}
	permissions, err := s.serve(ctx, office, tlsCity)
	if err != nil {
		return err
	}
	set, err := s.settings(o, own, "http://"+register, "https://"+permissions)
	if err != nil {
		return err
	}
	if s.Adapter, err = adapter.New(set, adapter.Options{Log: o.Log, Now: o.Now}); err != nil {
		return err
	}
	tlsOwn, err := s.Adapter.TLS()
	if err != nil {
		return err
	}
	addr, err := s.serve(ctx, s.Adapter, tlsOwn)
	s.URL = "https://" + addr
	s.running.Go(func() { _ = s.Adapter.Deliver(ctx) })
	return err
}

func (s *Source) settings(o SourceOptions, own certificate.Files, register, permissions string) (adapter.Config, error) {
	member, err := xroad.ParseClient(Member)
	caller := adapter.Caller{Name: "city", Certificate: citySubject, Member: member}
	for id, fields := range o.Purposes {
		caller.Purposes = append(caller.Purposes, adapter.Purpose{ID: id, Fields: fields})
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	c := adapter.Config{Lines: own, Marks: filepath.Join(o.Dir, "marks"), AtOnce: 64, Within: time.Second, Service: s.Service,
		Register:    adapter.Register{URL: register, Timeout: 20 * time.Second, Largest: 1 << 20},
		Permissions: adapter.Permissions{URL: permissions, Lines: own, Timeout: o.Timeout, Key: o.Key},
		Calls:       []adapter.Call{GuardedCall()}, Clients: []adapter.Caller{caller}}
	if o.Guard != nil {
		c = o.Guard(c)
	}
	return c, err
}

// GuardedCall is the made-up register's one call, as an adapter is set up for it.
func GuardedCall() adapter.Call {
	return adapter.Call{Path: incomes.Path, Person: "/person", About: "/person", Request: []string{"/from", "/to", "/kinds/*"},
		Always: []string{"/from", "/to", "/currency", "/months/*/whole", "/months/*/rows/*/row", "/months/*/rows/*/corrects"},
		Fields: []adapter.Field{{Name: incomes.FieldMonth, Places: []string{"/months/*/month"}}, {Name: incomes.FieldKind, Places: []string{"/months/*/rows/*/kind"}},
			{Name: incomes.FieldCents, Places: []string{"/months/*/rows/*/cents"}}, {Name: incomes.FieldPayer, Places: []string{"/months/*/rows/*/payer"}}}}
}

func (s *Source) client(o SourceOptions) error {
	member, err := xroad.ParseClient(Member)
	if err != nil {
		return err
	}
	set := xroad.Config{Server: s.URL, Client: member, Lines: s.Lines, Log: o.Log}
	if o.Over != nil {
		set = o.Over(set)
	}
	over, err := xroad.NewClient(set)
	if err != nil {
		return err
	}
	s.Incomes, err = incomes.NewClient(over, s.Service, nil, o.Now)
	return err
}

// serve serves on a free port of the loopback.
func (s *Source) serve(ctx context.Context, h http.Handler, lines *tls.Config) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fault.Wrap(err, "incomes.Open", "no port is free")
	}
	addr := l.Addr().String()
	if lines != nil {
		l = tls.NewListener(l, lines)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		BaseContext: func(net.Listener) context.Context { return ctx }}
	s.servers = append(s.servers, server)
	s.running.Go(func() { _ = server.Serve(l) })
	return addr, nil
}

// Close ends the data source.
func (s *Source) Close() error {
	var errs []error
	s.stop()
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.running.Wait()
	if s.Adapter != nil {
		errs = append(errs, s.Adapter.Close())
	}
	return errors.Join(errs...)
}

// Certified are the city's certificates of a source that another process opened
// in a folder.
func Certified(dir string) (*certificate.Store, error) {
	in := func(name string) string { return filepath.Join(dir, "certificates", name) }
	return certificate.Open(certificate.Files{Certificate: in("ennakko.pem"), Key: in("ennakko-key.pem"), Roots: in("roots.pem")})
}
