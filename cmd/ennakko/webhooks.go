package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"ennakko/access"
	"ennakko/app"
	"ennakko/audit"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/store"
	"ennakko/webhook"
)

// teller is what tells other systems of permissions; nil when the settings let nobody
// be told.
func teller(a *app.App, set *config.API, name string, log *slog.Logger) (*webhook.Sender, error) {
	if set == nil || !set.Consent {
		return nil, nil //nolint:nilnil // nobody is told
	}
	callers, err := callersOf(set.Callers)
	if err != nil {
		return nil, err
	}
	inside, err := set.Networks()
	if err != nil {
		return nil, err
	}
	policies, err := access.Load(access.Embedded())
	if err != nil {
		return nil, err
	}
	known := map[string]webhook.Caller{}
	for _, c := range callers.All() {
		if len(c.Hosts) > 0 {
			known[c.Name] = webhook.Caller{Hosts: c.Hosts, All: c.May(policies, access.AuditPermissions), Own: c.May(policies, access.KeepPermissions)}
		}
	}
	if len(known) == 0 {
		return nil, nil //nolint:nilnil // nobody is told
	}
	return webhook.New(webhook.Options{DB: a.DB, Callers: known, Inside: inside, Holder: name, Record: a.Now, Now: time.Now, Log: log})
}

// mostWebhooks and mostDeliveries are how many are listed.
const (
	mostWebhooks   = 1000
	mostDeliveries = 100
)

// webhookRow is a webhook as it is listed; its names are a contract.
type webhookRow struct {
	ID       int64         `json:"id"`
	Caller   string        `json:"caller"`
	Host     string        `json:"host"` // the whole address may hold a secret
	Disabled bool          `json:"disabled"`
	Everyone bool          `json:"everyone"`
	Waiting  int           `json:"waiting"`
	Taken    int           `json:"taken"`
	GivenUp  int           `json:"given_up"`
	Fails    int           `json:"fails"` // in a row
	Next     *time.Time    `json:"next,omitempty"`
	Open     []deliveryRow `json:"open"` // what waits or was given up, the newest first
}

// deliveryRow is a delivery as it is listed; its names are a contract.
type deliveryRow struct {
	Event string     `json:"event"`
	Name  string     `json:"name"`
	State string     `json:"state"`
	Since time.Time  `json:"since"`
	Tries int        `json:"tries"`
	Said  string     `json:"said,omitempty"`
	Next  *time.Time `json:"next,omitempty"`
	Ended *time.Time `json:"ended,omitempty"`
}

func (p *program) webhooksCommand() *cobra.Command {
	var pl place
	c := &cobra.Command{Use: "webhooks", Short: "List where other systems are told of permissions, and what waits", Args: args(cobra.NoArgs),
		Long: `List the addresses at which other systems are told that a permission changed, how
often each took what it was told, and what waits or was given up, with how the newest
try ended. ` + "`ennakko worker`" + ` tells them; docs/protocols.md says how.`,
		Example: `  ennakko webhooks --data D
  ennakko webhooks again --data D 3`,
		RunE: func(c *cobra.Command, _ []string) error { return p.listWebhooks(c.Context(), pl) }}
	pl.flags(c)
	c.AddCommand(p.webhooksAgainCommand())
	return c
}

func (p *program) listWebhooks(ctx context.Context, pl place) error {
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	rows, err := webhookRows(ctx, a)
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return p.show(rows, func(w io.Writer) {
		if len(rows) == 0 {
			_, _ = fmt.Fprintln(w, "There are no webhooks.")
		}
		for _, r := range rows {
			r.print(w)
		}
	})
}

func webhookRows(ctx context.Context, a *app.App) ([]webhookRow, error) {
	all, err := a.DB.Webhooks(ctx, "", 0, mostWebhooks)
	if err != nil {
		return nil, err
	}
	counts, err := a.DB.DeliveryCounts(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]webhookRow, len(all))
	for i, h := range all {
		rows[i] = webhookRow{ID: int64(h.ID), Caller: h.Caller, Disabled: h.Disabled, Everyone: h.Everyone, Fails: h.Fails, Next: reached(h.Due), Open: []deliveryRow{}}
		if u, err := url.Parse(h.Address); err == nil {
			rows[i].Host = u.Host
		}
		for _, c := range counts {
			if c.Webhook == h.ID {
				*map[string]*int{store.DeliveryWaiting: &rows[i].Waiting, store.DeliveryTaken: &rows[i].Taken, store.DeliveryGivenUp: &rows[i].GivenUp}[c.State] = c.N
			}
		}
		for _, state := range []string{store.DeliveryWaiting, store.DeliveryGivenUp} {
			open, err := a.DB.Deliveries(ctx, h.ID, state, mostDeliveries)
			if err != nil {
				return nil, err
			}
			for _, d := range open {
				rows[i].Open = append(rows[i].Open, deliveryRow{d.Event(), d.Name, d.State, d.Since, d.Tries, d.Said, reached(d.Due), reached(d.Ended)})
			}
		}
	}
	return rows, nil
}

func (r webhookRow) print(w io.Writer) {
	whom := "its own individuals"
	if r.Everyone {
		whom = "everyone"
	}
	if r.Disabled {
		whom += ", disabled"
	}
	_, _ = fmt.Fprintf(w, "%6d  %s at %s (%s): %d taken, %d waiting, %d given up\n", r.ID, r.Caller, r.Host, whom, r.Taken, r.Waiting, r.GivenUp)
	for _, d := range r.Open {
		_, _ = fmt.Fprintf(w, "        %s %s, %s since %s, tried %d times", d.Event, d.Name, d.State, d.Since.Format("2006-01-02 15:04:05"), d.Tries)
		if d.Said != "" {
			_, _ = fmt.Fprintf(w, ": %s", d.Said)
		}
		_, _ = fmt.Fprintln(w)
	}
}

// againResult is what waits again; its names are a contract.
type againResult struct {
	Waiting int `json:"waiting"`
}

func (p *program) webhooksAgainCommand() *cobra.Command {
	var pl place
	var officer string
	c := &cobra.Command{Use: "again ID", Short: "Tell a webhook once more what was given up", Args: args(cobra.ExactArgs(1)),
		Long: `Let what was given up wait again, after the other system was mended. What it took
already is not told again.`,
		Example: `  ennakko webhooks again --data D 3`,
		RunE: func(c *cobra.Command, a []string) error {
			id, err := strconv.ParseInt(a[0], 10, 64)
			if err != nil || id < 1 {
				return fault.New(fault.Invalid, "cmd.webhooks", "the number of the webhook is not one").Do("see ennakko webhooks")
			}
			return p.againWebhook(c.Context(), pl, store.WebhookID(id), officer)
		}}
	pl.flags(c)
	c.Flags().StringVar(&officer, "officer", "officer:webhooks", "who asks for it, for the record")
	return c
}

func (p *program) againWebhook(ctx context.Context, pl place, id store.WebhookID, officer string) error {
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	n := 0
	act, err := audit.Begin(officer, "tell a webhook again", "permissions over the wire", "GDPR 24(1)", a.Now())
	if err == nil {
		err = a.DB.Write(ctx, act, func(tx store.Tx) error {
			if n, err = tx.AgainDeliveries(id); err == nil && n == 0 {
				return store.ErrNothing
			}
			tx.About("webhooks")
			tx.Detail("webhook %d, %d events", id, n)
			return err
		})
	}
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return p.show(againResult{n}, func(w io.Writer) { _, _ = fmt.Fprintf(w, "%d events wait again.\n", n) })
}

// hostsOf checks the callers of the settings, with the hosts of their webhooks.
func hostsOf(set *config.API) error {
	if set == nil {
		return nil
	}
	_, err := callersOf(set.Callers)
	return err
}
