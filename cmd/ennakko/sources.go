package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ennakko/app"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/permission/receipt"
	"ennakko/register/certificate"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
)

// sourcesCommand is the city's side of the wire, for registers of others.
func (p *program) sourcesCommand() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "sources", Short: "Ask registers of others under people's permissions, and answer them", Args: args(cobra.NoArgs),
		Long: `Do what waits for the early-education fee: ask the registers of others for what
people permitted, propose fees, end what has expired; and answer those registers,
over mutual TLS, whether a permission stands. It goes by the settings under sources;
docs/sources.md has them. Several may run on one database.

"ennakko worker" does the same work, but does not answer: this command is the door for
the registers' adapters. It may stand where no gateway is reached from.`,
		Example: `  ennakko sources --config /etc/ennakko/ennakko.yaml`,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runSources(c.Context(), file) }}
	c.Flags().StringVar(&file, "config", "/etc/ennakko/ennakko.yaml", "the file of settings")
	return c
}

func (p *program) runSources(ctx context.Context, file string) error {
	set, err := config.Read(file, os.Getenv)
	if err != nil {
		return err
	}
	if set.Sources == nil {
		return fault.New(fault.Invalid, "cmd.sources", "the settings have no sources").Do("see docs/sources.md")
	}
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	a, err := openSettings(ctx, set, settingsClock(set))
	if err != nil {
		return err
	}
	err = p.sources(ctx, a, set, log)
	// Closing must happen although ctx has ended.
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

func (p *program) sources(ctx context.Context, a *app.App, set config.Config, log *slog.Logger) error {
	lines, err := certificate.Open(certificate.Files{Certificate: set.Sources.Certificate, Key: set.Sources.Key, Roots: set.Sources.Roots})
	if err != nil {
		return err
	}
	guarded, err := lines.Server()
	if err != nil {
		return err
	}
	in, err := openRegisters(a, set, log)
	if err != nil {
		return err
	}
	subjects := map[string]string{}
	for _, r := range set.Sources.Registers {
		subjects[r.Subject] = r.ID
	}
	office := standing.Handler(in.Service, standing.BySubject(subjects), a.Now, log)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveLines(gctx, set.Sources.Listen, guarded, office, log) })
	g.Go(func() error { return in.run(gctx, cannotNow(gctx, log)) })
	err = g.Wait()
	log.Info("stopped")
	return errors.Join(err, in.closing())
}

// cannotNow tells what waits for the use of income and fails; it is tried again.
func cannotNow(ctx context.Context, log *slog.Logger) func(error) {
	return func(err error) { log.WarnContext(ctx, "something waits and cannot be done now", "error", err) }
}

// openRegisters is the use of income over the registers of the settings.
func openRegisters(a *app.App, set config.Config, log *slog.Logger) (*income, error) {
	clients, people, err := registers(*set.Sources, a.Clock, log)
	if err != nil {
		return nil, err
	}
	o := app.OmaData{Sources: clients, People: people,
		Contacts: map[string]receipt.Contact{set.Sources.Contact.BusinessID: {Address: set.Sources.Contact.Address, Email: set.Sources.Contact.Email, URL: set.Sources.Contact.URL}}}
	if set.Pages != nil {
		o.Address = set.Pages.Address
	}
	in := &income{}
	in.Service, in.closing, err = a.NewOmaData(a.Clock, o)
	return in, err
}

// How long a register is waited for: longer than its adapter waits for the register
// behind it, and all tries shorter than the use of income waits.
const (
	sourceTry   = 30 * time.Second
	sourceTotal = 100 * time.Second
)

// registers are the clients of the registers, and the keys of their marks of people.
func registers(s config.Sources, clock app.Clock, log *slog.Logger) (map[string]incomes.Incomes, map[string]standing.Key, error) {
	lines, err := certificate.Open(certificate.Files{Certificate: s.Certificate, Key: s.Key, Roots: s.ServerRoots})
	if err != nil {
		return nil, nil, err
	}
	id, err := xroad.ParseClient(s.Client)
	if err != nil {
		return nil, nil, err
	}
	over, err := xroad.NewClient(xroad.Config{Server: s.Server, Client: id, Lines: lines, Try: sourceTry, Total: sourceTotal, Log: log})
	if err != nil {
		return nil, nil, err
	}
	clients, people := map[string]incomes.Incomes{}, map[string]standing.Key{}
	for _, r := range s.Registers {
		service, err := xroad.ParseService(r.Service)
		if err != nil {
			return nil, nil, err
		}
		if clients[r.ID], err = incomes.NewClient(over, service, nil, clock.Now); err != nil {
			return nil, nil, err
		}
		if people[r.ID], err = standing.ParseKey(r.PersonKey); err != nil {
			return nil, nil, err
		}
	}
	return clients, people, nil
}
