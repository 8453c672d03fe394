package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"ennakko/access"
	"ennakko/api"
	"ennakko/app"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/signin"
	"ennakko/web"
)

// runPages serves the pages of the city of the settings.
func (p *program) runPages(ctx context.Context, file string) error {
	set, err := config.Read(file, os.Getenv)
	if err != nil {
		return err
	}
	if set.Pages == nil {
		return fault.New(fault.Invalid, "cmd.serve", "the settings have no pages").Do("see pages in docs/operations.md")
	}
	if set.Record == "elsewhere" {
		return fault.New(fault.Invalid, "cmd.serve", "the pages show what is proved of the record, and its log is on another machine").Do("serve the pages there")
	}
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	tracer, err := tracerOf(ctx, set.Traces, workerName(), log)
	if err != nil {
		return err
	}
	defer func() { _ = tracer.Close() }()
	ctx = tracer.In(ctx)
	a, err := openSettings(ctx, set, settingsClock(set))
	if err != nil {
		return err
	}
	err = p.pages(ctx, a, set, log)
	// Closing must happen although ctx has ended.
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

// settingsClock is the time that all processes of a city go by.
func settingsClock(set config.Config) app.Clock {
	if t := set.Trial; t != nil {
		return app.TrialClock{From: t.From, At: t.At, Speed: t.Speed}
	}
	return app.RealClock{}
}

func (p *program) pages(ctx context.Context, a *app.App, set config.Config, log *slog.Logger) error {
	pack, err := a.Pack(set.Service)
	if err != nil {
		return err
	}
	policies, err := access.Load(access.Embedded())
	if err != nil {
		return err
	}
	door, host, err := pagesDoor(*set.Pages)
	if err != nil {
		return err
	}
	live := a.NewDesk(pack, a.Clock)
	if err := live.Recall(ctx); err != nil {
		return err
	}
	site := web.Config{Live: live, Context: ctx, Door: door, Policies: policies, Host: host, Log: log}
	if set.Sources != nil {
		in, err := openRegisters(a, set, log)
		if err != nil {
			return err
		}
		defer func() { _ = in.closing() }()
		site.OmaData = in.Service
	}
	handler, err := web.New(site)
	if err != nil {
		return err
	}
	beside := live.Follow
	if set.API != nil {
		callers, closing, err := protocols{app: a, clock: a.Clock, live: live, oma: site.OmaData, policies: policies, log: log, issuer: set.Pages.SignIn.Issuer, address: set.Pages.Address, set: *set.API}.open()
		if err != nil {
			return err
		}
		defer func() { _ = closing() }()
		if set.API.Listen == "" {
			handler = api.Beside(handler, callers)
		} else {
			beside = both(live.Follow, func(ctx context.Context) error { return p.serveCallers(ctx, *set.API, callers, log) })
		}
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", set.Pages.Listen)
	if err != nil {
		return fault.New(fault.Conflict, "cmd.serve", "the address cannot be served on").Because(err).Do("choose another for pages.listen")
	}
	log.Info("serving", "service", pack.Name(), "version", pack.Version(), "database", a.DB.Engine(), "address", ln.Addr().String())
	err = serveUntil(ctx, ln, handler, beside)
	log.Info("stopped")
	return err
}

// pagesDoor is the client of the city's provider, and the name by which browsers
// ask for the pages.
func pagesDoor(set config.Pages) (*signin.Client, string, error) {
	u, err := url.Parse(set.Address)
	if err != nil {
		return nil, "", fault.New(fault.Invalid, "cmd.serve", "pages.address is not the https address of a site")
	}
	c, err := signin.NewClient(signin.Config{Issuer: set.SignIn.Issuer, ClientID: set.SignIn.ClientID, ClientSecret: set.SignIn.ClientSecret, Redirect: set.Address + "/login/done",
		AfterLogout: set.Address + "/logged-out", Staff: true, Residents: true}, time.Now)
	return c, u.Host, err
}
