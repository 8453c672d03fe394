package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"ennakko/app"
	"ennakko/channel"
	"ennakko/channel/email"
	"ennakko/channel/kannel"
	"ennakko/channel/smpp"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/round"
)

func (p *program) workerCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "worker", Short: "Let rounds run through real gateways", Args: args(cobra.NoArgs),
		Long: `Let the rounds of a service run: hand messages over to the gateways, take answers
and reports, keep to the schedule. Start as many as you like on one PostgreSQL, on
one machine with one folder of data: they share the work, and when one ends the
others take over within seconds. It stops at Ctrl-C or SIGTERM when what is under
way is handed over.

With sources in the settings it also does what waits for the early-education fee: it
asks the registers of others for what people permitted, proposes fees, ends what has
expired or lost its cause, and makes receipts that are owed. Each piece is done by one
of the workers.

docs/operations.md tells what stands in the file of settings.`,
		Example: `  ennakko worker --config /etc/ennakko/ennakko.yaml`,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runWorker(c.Context(), file) }}
	c.Flags().StringVar(&file, "config", "/etc/ennakko/ennakko.yaml", "the file of settings")
	return c
}

// gateway is one way to telephones, as it runs.
type gateway struct {
	channel.Channel
	name   string
	window int
	run    func(context.Context) error
	smpp   *smpp.Client   // nil of another kind
	kannel *kannel.Client // nil of another kind
}

func (p *program) runWorker(ctx context.Context, file string) error {
	set, err := config.Read(file, os.Getenv)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	clock := settingsClock(set)
	name := workerName()
	tracer, err := tracerOf(ctx, set.Traces, name, log)
	if err != nil {
		return err
	}
	defer func() {
		if err := tracer.Close(); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}()
	ctx = tracer.In(ctx)
	a, err := openSettings(ctx, set, clock)
	if err != nil {
		return err
	}
	err = p.work(ctx, a, set, clock, name, log)
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

func (p *program) work(ctx context.Context, a *app.App, set config.Config, clock app.Clock, name string, log *slog.Logger) error {
	if set.Database.Writer == "" { // the file in the folder has room for one
		unlock, err := a.Lock()
		if err != nil {
			return err
		}
		defer unlock()
	}
	pack, err := a.Pack(set.Service)
	if err != nil {
		return err
	}
	door := app.NewDoor(clock)
	o, err := outside(set, door, log)
	if err != nil {
		return err
	}
	tells, err := teller(a, set.API, name, log)
	if err != nil {
		return err
	}
	var in *income
	if set.Sources != nil {
		if in, err = openRegisters(a, set, log); err != nil {
			return err
		}
	}
	gates := o.gates
	g, gctx := errgroup.WithContext(ctx)
	var several channel.Several
	var run []func(context.Context) error
	window := 0
	for _, x := range gates {
		several, run, window = append(several, x.Channel), append(run, x.run), window+x.window
	}
	if set.Worker.Listen != "" {
		h, err := telling(gctx, a, gates, name)
		if err != nil {
			return err
		}
		g.Go(func() error { return serveOn(gctx, set.Worker.Listen, h) })
	}
	log.Info("working", "worker", name, "service", pack.Name(), "version", pack.Version(), "database", a.DB.Engine(), "gateways", len(gates))
	g.Go(func() error {
		return a.Work(gctx, app.WorkOptions{Pack: pack, Channel: several, Run: run, Door: door, Name: name, Lease: set.Worker.Lease, Doubt: set.Worker.Doubt, Window: window, Log: log, Tell: o.tell, TellEvery: o.every})
	})
	g.Go(func() error {
		return a.WorkJobs(gctx, app.JobOptions{Name: name, Machine: machine(), Lease: set.Worker.Lease, Slots: set.Worker.Jobs, Log: log, Backups: set.Backup.Folder, BackupEvery: set.Backup.Every,
			Pack: pack, Office: o.office, Erase: set.Erase.Daily, Owner: set.Erase.Owner})
	})
	if tells != nil {
		g.Go(func() error { return tells.Run(gctx) })
	}
	if in != nil {
		g.Go(func() error { return in.run(gctx, cannotNow(gctx, log)) })
	}
	err = g.Wait()
	log.Info("stopped", "worker", name)
	if in != nil {
		err = errors.Join(err, in.closing())
	}
	return err
}

// outsiders are all that the settings name outside of the city's own records.
type outsiders struct {
	gates []gateway
	tell  func(context.Context, map[string]int, time.Time) error // nil: officers are not told by e-mail
	every time.Duration

	office round.PostOffice // nil: letters are printed
}

// outside makes them, or tells all that is wrong at once. Nothing is connected.
func outside(set config.Config, door *app.Door, log *slog.Logger) (o outsiders, err error) {
	var wrong, more, letters error
	o.gates, wrong = gateways(set, door, log)
	o.tell, o.every, more = notices(set.Mail)
	if set.Letters != nil {
		o.office, letters = postOffice(set.Letters)
	}
	var pages error
	if set.Pages != nil {
		_, _, pages = pagesDoor(*set.Pages)
	}
	return o, errors.Join(wrong, more, letters, pages, hostsOf(set.API))
}

// notices is how officers are told by e-mail what waits; nil without the setting.
func notices(m *config.Mail) (func(context.Context, map[string]int, time.Time) error, time.Duration, error) {
	if m == nil {
		return nil, 0, nil
	}
	s, err := email.New(email.Options{Server: m.Server, Username: m.Username, Password: m.Password, Plain: m.Plain, From: m.From, To: m.To, Desk: m.Desk})
	if err != nil {
		return nil, 0, err
	}
	return s.Notice, m.Every, nil
}

// workerName tells this process from all others, also from one of the same number
// on another day.
func workerName() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // it never fails
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	return host + "-" + hex.EncodeToString(b)
}

func gateways(set config.Config, door *app.Door, log *slog.Logger) ([]gateway, error) {
	var out []gateway
	var wrong []error
	for _, g := range set.Gateways {
		x, err := newGateway(g, door, log)
		if err != nil {
			wrong = append(wrong, of(err, g.Name))
		}
		out = append(out, x)
	}
	return out, errors.Join(wrong...)
}

// of says of each fault which gateway's it is.
func of(err error, gateway string) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []error
		for _, e := range joined.Unwrap() {
			out = append(out, of(e, gateway))
		}
		return errors.Join(out...)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Where("gateway %s", gateway)
	}
	return err
}

// settingsCommand checks a file of settings and opens nothing.
func (p *program) settingsCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "settings", Short: "Check the file of settings", Args: args(cobra.NoArgs),
		Long: `Check the file of settings and tell all that is wrong with it at once. Nothing is
opened. For a Kannel gateway it prints the line that belongs into Kannel's own
settings; there is a secret in it.`,
		Example: `  ennakko settings --config /etc/ennakko/ennakko.yaml`,
		RunE: func(*cobra.Command, []string) error {
			set, err := config.Read(file, os.Getenv)
			if err != nil {
				return err
			}
			o, err := outside(set, app.NewDoor(app.RealClock{}), slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			for _, g := range o.gates {
				if k, ok := g.Channel.(*kannel.Client); ok {
					_, _ = fmt.Fprintf(p.out, "In Kannel, group = sms-service, for the gateway %s:\n  post-url = \"%s\"\n  max-messages = 0\n  catch-all = true\n", g.name, k.IncomingURL())
				}
			}
			_, _ = fmt.Fprintln(p.out, "The settings are whole.")
			return nil
		}}
	c.Flags().StringVar(&file, "config", "/etc/ennakko/ennakko.yaml", "the file of settings")
	return c
}

func newGateway(g config.Gateway, door *app.Door, log *slog.Logger) (gateway, error) {
	window := g.Window
	if window == 0 {
		window = 10
	}
	if g.Kind == "kannel" {
		c, err := kannel.New(kannel.Options{Name: g.Name, SendURL: g.Send, Username: g.Username, Password: g.Password, OwnURL: g.Own, Secret: g.Secret, StatusURL: g.Status, StatusPassword: g.StatusPassword, Window: window, Timeout: g.Answer, Inbox: door, Log: log})
		if err != nil {
			return gateway{}, err
		}
		return gateway{Channel: c, name: g.Name, window: window, run: func(ctx context.Context) error { return serveOn(ctx, g.Listen, c.Handler()) }, kannel: c}, nil
	}
	o := smpp.Options{Name: g.Name, Addr: g.Address, SystemID: g.SystemID, Password: g.Password, System: g.SystemType, TwoBinds: g.TwoBinds, HexIDs: g.HexIDs, RefTag: g.RefTag,
		Window: window, Answer: g.Answer, Inbox: door, Log: log}
	if g.TLS {
		host, _, _ := net.SplitHostPort(g.Address) // smpp.New refuses another form
		o.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	}
	c, err := smpp.New(o)
	return gateway{Channel: c, name: g.Name, window: window, run: c.Run, smpp: c}, err
}

// together lets several workers of one user serve on one address: each request
// goes to one of them (SO_REUSEPORT of socket(7)).
func together(_, _ string, c syscall.RawConn) error {
	var serr error
	err := c.Control(func(fd uintptr) { serr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
	return errors.Join(err, serr)
}

// serveOn serves until ctx ends.
func serveOn(ctx context.Context, addr string, h http.Handler) error {
	l, err := (&net.ListenConfig{Control: together}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fault.New(fault.Conflict, "cmd.worker", "the address %s cannot be served on", addr).Because(err).Do("choose another, or stop what serves there")
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		_ = s.Shutdown(end)
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(err, "cmd.worker", "the address cannot be served on any more")
	}
	return nil
}
