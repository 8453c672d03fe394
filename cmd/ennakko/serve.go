package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ennakko/access"
	"ennakko/api"
	"ennakko/app"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/service"
	"ennakko/testcity"
	"ennakko/web"
)

type serveFlags struct {
	place
	config    string // a file of settings: a city's own pages
	addr      string
	speed     float64
	residents int
	service   string
}

func (p *program) serveCommand() *cobra.Command {
	f := serveFlags{}
	c := &cobra.Command{Use: "serve", Short: "Serve the pages of a city", Args: args(cobra.NoArgs),
		Long: `With --config: the pages of a city, behind a proxy that ends TLS. People log in at
the provider that the settings name, and rounds run in "ennakko worker".

With --data: a look at a folder of data, on loopback. Rounds run here, the
embedded telephone network carries the messages, and made-up people log in without
passwords. It is for looking, not for real residents.`,
		Example: `  ennakko serve --config /etc/ennakko/ennakko.yaml
  ennakko serve --data D --addr 127.0.0.1:8080`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.config != "" {
				return p.runPages(c.Context(), f.config)
			}
			return p.runServe(c.Context(), f)
		}}
	f.flags(c)
	c.Flags().StringVar(&f.service, "service", firstService, "the service to serve: a folder of the packs")
	c.Flags().StringVar(&f.config, "config", "", "the file of settings of a city")
	c.MarkFlagsMutuallyExclusive("config", "data")
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8080", "the loopback address to serve on")
	c.Flags().Float64Var(&f.speed, "speed", 60, "how many made-up seconds pass in a real one")
	return c
}

func (p *program) demoCommand() *cobra.Command {
	f := serveFlags{}
	c := &cobra.Command{Use: "demo", Short: "A made-up city in your browser", Args: args(cobra.NoArgs),
		Long: `Make a city of 640,000 made-up people, import its registers, and serve the desk,
the handset and the record on loopback. The second time the city is there already.

With --service blood-pressure: an appointment for those whose raised blood pressure
is not treated. Its city has health records, too, and is smaller, unless --residents
says otherwise: the records of 640,000 people take some minutes to make.

With --service early-education-fee: families let the city fetch their income, and get
a fee. A made-up register of incomes runs beside, behind its own adapter. The made-up
time runs as the real one does, unless --speed says otherwise.`,
		Example: `  ennakko demo --data data/demo
  ennakko demo --data /tmp/small --residents 20000
  ennakko demo --service blood-pressure
  ennakko demo --service early-education-fee --addr 127.0.0.1:8082`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.service != firstService && !c.Flags().Changed("residents") {
				f.residents = healthResidents
			}
			if f.service == feeService && !c.Flags().Changed("speed") {
				f.speed = 1
			}
			return p.runDemo(c.Context(), f)
		}}
	f.flags(c)
	c.Flags().StringVar(&f.addr, "addr", "127.0.0.1:8080", "the loopback address to serve on")
	c.Flags().Float64Var(&f.speed, "speed", 60, "how many made-up seconds pass in a real one")
	c.Flags().StringVar(&f.service, "service", firstService, "pre-primary, blood-pressure or early-education-fee")
	c.Flags().IntVar(&f.residents, "residents", 640000, "how many people live in the city")
	c.Flags().Uint64Var(&f.seed, "seed", 7, "another seed is another city")
	return c
}

// The services of the demonstration. The second one's people are found in their
// health records; the fee is worked out of income that is fetched with permission.
const (
	firstService  = "pre-primary"
	secondService = "blood-pressure"
	thirdService  = "exercise-group" // for those who came to the second
	feeService    = app.FeeService
)

// healthResidents is how many people the second service's city has: few enough
// that it is made in well under a minute.
const healthResidents = 30000

// demoDay is the day on which the pilot's first messages went out.
var demoDay = time.Date(2021, 1, 7, 6, 0, 0, 0, time.UTC)

// feeDay is the day on which the fee's demonstration begins: the first agreement is
// in force then.
var feeDay = time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)

// begins is when the demonstration of a service begins.
func begins(service string) time.Time {
	if service == feeService {
		return feeDay
	}
	return demoDay
}

func (p *program) runDemo(ctx context.Context, f serveFlags) error {
	suffix, ok := map[string]string{firstService: "", secondService: "-health", feeService: "-fee"}[f.service]
	if !ok {
		return fault.New(fault.Invalid, "cmd.demo", "--service is none of %s, %s and %s", firstService, secondService, feeService)
	}
	if f.data == "" {
		f.data = filepath.Join("data", "demo") + suffix
	}
	ap, err := f.begin(ctx)
	if err != nil {
		return err
	}
	snapshots, err := ap.DB.Snapshots(ctx)
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if len(snapshots) == 0 {
		if err := p.makeDemo(ctx, f); err != nil {
			return err
		}
	}
	return p.runServe(ctx, f)
}

func (p *program) makeDemo(ctx context.Context, f serveFlags) error {
	files := filepath.Join(f.data, "files")
	b := newBars(p.err)
	_, err := testcity.Write(ctx, files, testcity.Options{Residents: f.residents, Seed: f.seed, Day: begins(f.service).Truncate(24*time.Hour).AddDate(0, 0, -3), Health: f.service == secondService},
		func(done, total int) { b.show("making the city", done, total) })
	b.done()
	if err != nil {
		return err
	}
	if err := p.runImport(ctx, f.place, files, "officer:demo"); err != nil {
		return err
	}
	return fault.Wrap(os.RemoveAll(files), "cmd.demo", "the register files cannot be removed")
}

func (p *program) runServe(ctx context.Context, f serveFlags) error {
	if err := loopback(f.addr); err != nil {
		return err
	}
	if f.speed < 0 || f.speed > 1e6 {
		return fault.New(fault.Invalid, "cmd.serve", "--speed is not from 0 to 1000000")
	}
	clock := app.NewPacedClock(begins(f.service), f.speed, time.Now)
	f.address = f.addr // messages say where to log in
	ap, err := f.open(ctx, clock, true)
	if err != nil {
		return err
	}
	err = p.serve(ctx, ap, clock, f)
	// Closing must happen although ctx has ended.
	return errors.Join(err, ap.Close(context.WithoutCancel(ctx)))
}

func (p *program) serve(ctx context.Context, ap *app.App, clock *app.PacedClock, f serveFlags) error {
	unlock, err := ap.Lock()
	if err != nil {
		return err
	}
	defer unlock()
	_, last, err := ap.DB.LastRoundEntry(ctx)
	if err != nil {
		return err
	}
	clock.To(last)
	if f.service == feeService {
		return p.serveFee(ctx, ap, clock, f)
	}
	return p.serveService(ctx, ap, clock, f, nil)
}

// serveService serves the pages of a service, and of the use of income if there is
// one, with what runs beside them.
func (p *program) serveService(ctx context.Context, ap *app.App, clock *app.PacedClock, f serveFlags, in *income) error {
	name, families := f.service, []person.ID(nil)
	if in != nil {
		name, families = app.FeeOffer, in.families
	}
	pack, err := ap.Pack(name)
	if err != nil {
		return err
	}
	var more []*service.Pack
	if f.service == secondService { // the way goes on to the next service
		next, err := ap.Pack(thirdService)
		if err != nil {
			return err
		}
		more = append(more, next)
	}
	lives, err := ap.NewLives(ctx, clock, pack, more...)
	if err != nil {
		return err
	}
	live := lives[0]
	if err := live.Recall(ctx); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", f.addr)
	if err != nil {
		return fault.New(fault.Conflict, "cmd.serve", "the address cannot be served on").Because(err).Do("choose another with --addr")
	}
	door, err := openDoor(ctx, ln.Addr(), app.NewMadeUp(live, families...))
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer door.close()
	policies, err := access.Load(access.Embedded())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	set := web.Config{Live: live, More: lives[1:], Context: ctx, Door: door.client, Policies: policies, Pace: clock, Log: slog.New(slog.NewTextHandler(p.err, nil))}
	beside := live.Run
	if in != nil {
		set.OmaData = in.Service
		beside = in.besides(live, func(err error) { tell(p.err, err) })
	}
	handler, err := web.New(set)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	others, token := demoAPI()
	callers, closing, err := protocols{app: ap, clock: clock, live: live, oma: set.OmaData, policies: policies, log: set.Log, issuer: door.issuer, address: "http://" + ln.Addr().String(), set: others}.open()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { _ = closing() }()
	handler = api.Beside(handler, callers)
	tells, err := teller(ap, &others, workerName(), set.Log)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	beside = both(beside, tells.Run)
	stop := ap.Sequencing(ctx, func(err error) { tell(p.err, err) })
	_, _ = fmt.Fprintf(p.err, "Other systems call http://%s%s (docs/protocols.md); this run's token: %s\n", ln.Addr(), api.Prefix, token)
	_, _ = fmt.Fprintf(p.err, "Serving on http://%s/ (stop with Ctrl-C)\n", ln.Addr())
	err = serveUntil(ctx, ln, handler, beside)
	stop()
	return errors.Join(err, ap.Sequence(context.WithoutCancel(ctx))) // ctx has ended
}

// serveUntil serves, and lets something run beside it, until ctx ends or one of
// them fails; then open requests get a moment to finish.
func serveUntil(ctx context.Context, ln net.Listener, h http.Handler, beside func(context.Context) error) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return beside(ctx) })
	g.Go(func() error {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		return srv.Shutdown(end)
	})
	return g.Wait()
}

// both runs two things until one fails or both end.
func both(one, other func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return one(ctx) })
		g.Go(func() error { return other(ctx) })
		return g.Wait()
	}
}

// loopback refuses addresses that others could reach: the families are made up,
// and so is the log-in.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	if err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fault.New(fault.Refused, "cmd.serve", "only a loopback address may be served on").Do("use 127.0.0.1:8080: the log-in is a demonstration")
	}
	return nil
}
