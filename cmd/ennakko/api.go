package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"ennakko/access"
	"ennakko/api"
	"ennakko/app"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/fee"
	"ennakko/omadata"
	"ennakko/register/certificate"
	"ennakko/signin"
	"ennakko/web"
)

// tokenCommand makes a token for another system.
func (p *program) tokenCommand() *cobra.Command {
	return &cobra.Command{Use: "token", Short: "Make a token for another system that calls the city's protocols", Args: args(cobra.NoArgs),
		Long: `Make a new token, and its SHA-256 for the settings. The token is shown this once: give
it to those who run the other system over a way that is not the one of the settings.`,
		Example: "  ennakko token",
		RunE: func(*cobra.Command, []string) error {
			token := rand.Text() + rand.Text()
			_, err := fmt.Fprintf(p.out, "token: %s\ntoken_sha256: %s\n", token, api.TokenHash(token))
			return fault.Wrap(err, "cmd.token", "the token cannot be written")
		}}
}

// protocols is what the protocols are made of.
type protocols struct {
	app      *app.App
	clock    app.Clock
	live     *app.Live
	oma      *omadata.Service // nil: one is made
	policies *access.Policies
	log      *slog.Logger
	issuer   string // of the log-in service
	address  string // of the city's pages
	set      config.API
}

// open makes the handler of the protocols. Close gives back what it holds.
func (x protocols) open() (h http.Handler, closing func() error, err error) {
	var closers []func() error
	closing = func() error {
		var all error
		for _, f := range closers {
			all = errors.Join(all, f())
		}
		return all
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, closing())
		}
	}()
	c := api.Config{DB: x.app.DB, Policies: x.policies, Now: x.clock.Now, Log: x.log, City: api.Organisation{ID: x.set.Organisation.BusinessID, Name: x.set.Organisation.Name, URL: x.address}}
	if c.Callers, err = callersOf(x.set.Callers); err != nil {
		return nil, closing, err
	}
	if x.set.DataUseMonitor {
		acting := x.app.NewActing()
		closers = append(closers, acting.Close)
		c.Usage = &api.Usage{MayAsk: acting.MayAct}
		if c.Usage.Words, err = web.NewActions(); err != nil {
			return nil, closing, err
		}
	}
	if x.oma == nil && (x.set.GDPR != nil || x.set.Consent) {
		oma, end, err := x.app.NewOmaData(x.clock, app.OmaData{Address: x.address})
		if err != nil {
			return nil, closing, err
		}
		closers, x.oma = append(closers, end), oma
	}
	if x.set.GDPR != nil {
		tokens, err := signin.NewBearer(x.issuer, x.set.GDPR.Audience, time.Now)
		if err != nil {
			return nil, closing, err
		}
		c.GDPR = &api.GDPR{Tokens: tokens, Held: app.Held{App: x.app, Oma: x.oma, Live: x.live}}
	}
	if x.set.Consent {
		if c.Consent, err = x.consent(); err != nil {
			return nil, closing, err
		}
	}
	h, err = api.New(c)
	return h, closing, err
}

// consent is the part of the Consent Building Block. Each caller's client at the
// log-in service has one checker of its signatures.
func (x protocols) consent() (*api.Consent, error) {
	pack, err := fee.Load(x.app.Packs, app.FeeService)
	if err != nil {
		return nil, err
	}
	checkers := map[string]api.Tokens{}
	for _, c := range x.set.Callers {
		if c.ClientID == "" {
			continue
		}
		if checkers[c.ClientID], err = signin.NewBearer(x.issuer, c.ClientID, time.Now); err != nil {
			return nil, err
		}
	}
	signed := func(client string) (api.Tokens, error) {
		t, ok := checkers[client]
		if !ok {
			return nil, fault.New(fault.Internal, "cmd.api", "a caller's client is not known")
		}
		return t, nil
	}
	return &api.Consent{Service: x.oma, Agreements: pack.Agreements(), Signed: signed, Real: time.Now}, nil
}

func callersOf(set []config.APICaller) (api.Callers, error) {
	var all []api.Caller
	for _, c := range set {
		n := api.Caller{Name: c.Name, ID: c.BusinessID, Words: c.Organisation, Subject: c.Subject, Token: c.TokenSHA256, Client: c.ClientID, Hosts: c.Webhooks}
		for _, r := range c.Roles {
			n.Roles = append(n.Roles, access.Role(r))
		}
		all = append(all, n)
	}
	return api.NewCallers(all)
}

// What the demonstration's protocols are called by.
const (
	demoCaller   = "curl"
	demoClient   = "curl-app"
	demoAudience = "ennakko-gdpr"
	demoHook     = "localhost:8443"
)

// demoAPI are the protocols of the demonstration, with a token that is new each time.
func demoAPI() (set config.API, token string) {
	token = rand.Text()
	set = config.API{DataUseMonitor: true, Consent: true, GDPR: &struct {
		Audience string `yaml:"audience"`
	}{demoAudience}}
	set.WebhookNetworks = []string{"127.0.0.0/8", "::1/128"}
	set.Organisation.BusinessID, set.Organisation.Name = "0201256-6", "Helsingin kaupunki"
	c := config.APICaller{Name: demoCaller, BusinessID: "0000000-0", Organisation: "You", TokenSHA256: api.TokenHash(token), ClientID: demoClient, Webhooks: []string{demoHook}}
	for _, r := range access.SystemRoles() {
		c.Roles = append(c.Roles, string(r))
	}
	set.Callers = append(set.Callers, c)
	return set, token
}

// serveCallers serves the protocols on a line of their own, on which callers show
// certificates.
func (p *program) serveCallers(ctx context.Context, set config.API, h http.Handler, log *slog.Logger) error {
	store, err := certificate.Open(certificate.Files{Certificate: set.Certificate, Key: set.Key, Roots: set.Roots})
	if err != nil {
		return err
	}
	lines, err := store.Server()
	if err != nil {
		return err
	}
	return serveLines(ctx, set.Listen, lines, h, log)
}
