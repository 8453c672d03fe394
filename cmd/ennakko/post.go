package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/channel/suomifi"
	"ennakko/config"
	"ennakko/fault"
	"ennakko/register/objects"
	"ennakko/register/parquet"
)

func (p *program) postCommand() *cobra.Command {
	var file, officer string
	var number int64
	c := &cobra.Command{Use: "post SERVICE", Short: "Hand letters over to Suomi.fi Messages, and read what became of them", Args: args(cobra.ExactArgs(1)),
		Long: `Hand the letters of a round over to Suomi.fi Messages: one to each guardian who
decides. Who has a mailbox there reads it in it; for all others the service
prints it and Posti carries it. Names, addresses and identity codes are read
anew from the newest registers, and the reading is on the record.

No letter goes twice: each has a name under which the service takes it once, so
the command may be stopped at any moment and given again. It also reads what
became of letters; one that came back becomes a matter for an officer. Let it
run once a day.

Families under non-disclosure for personal safety get no such letter. They stay
on the list of "ennakko round letters", which leaves out what went this way.`,
		Example: `  ennakko round post pre-primary --config /etc/ennakko/ennakko.yaml`,
		RunE: func(c *cobra.Command, a []string) error {
			set, err := config.Read(file, os.Getenv)
			if err != nil {
				return err
			}
			return p.post(c.Context(), set, a[0], number, officer)
		}}
	c.Flags().StringVar(&file, "config", "/etc/ennakko/ennakko.yaml", "the file of settings")
	c.Flags().Int64Var(&number, "round", 0, "the number of the round (the newest, if it is left out)")
	c.Flags().StringVar(&officer, "officer", "officer:lists", "who sends the letters, for the record")
	return c
}

// postResult is what came of posting letters; its names are a contract.
type postResult struct {
	Round     int64                `json:"round"`
	Children  int                  `json:"children"`
	Sent      int                  `json:"sent"`
	Refused   int                  `json:"refused"`
	Forwarded int                  `json:"forwarded"`
	Without   map[string]int       `json:"without"`
	Became    map[suomifi.Fate]int `json:"became"`
}

func (p *program) post(ctx context.Context, set config.Config, service string, number int64, officer string) error {
	office, err := postOffice(set.Letters)
	if err != nil {
		return err
	}
	a, err := openSettings(ctx, set, app.RealClock{})
	if err != nil {
		return err
	}
	err = func() error {
		pack, err := a.Pack(service)
		if err != nil {
			return err
		}
		r, err := a.Round(ctx, service, number)
		if err != nil {
			return err
		}
		sent, fates, err := a.Post(ctx, pack, r.ID, officer, office, newBars(p.err).show)
		if err = errors.Join(err, a.Sequence(context.WithoutCancel(ctx))); err != nil {
			return err
		}
		out := postResult{int64(r.ID), sent.Children, sent.Sent, sent.Refused, sent.Forwarded, sent.Without, fates}
		return p.show(out, func(w io.Writer) { out.print(w) })
	}()
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

func (r postResult) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "Round %d: %d letters handed over, %d children on the list\n", r.Round, r.Sent, r.Children)
	for _, why := range slices.Sorted(maps.Keys(r.Without)) {
		_, _ = fmt.Fprintf(w, "  no letter: %s: %d (now a matter for an officer)\n", why, r.Without[why])
	}
	if r.Refused > 0 {
		_, _ = fmt.Fprintf(w, "  not taken: %d (now a matter for an officer)\n", r.Refused)
	}
	if r.Forwarded > 0 {
		_, _ = fmt.Fprintf(w, "  under non-disclosure: %d children, see ennakko round letters\n", r.Forwarded)
	}
	for _, fate := range slices.Sorted(maps.Keys(r.Became)) {
		_, _ = fmt.Fprintf(w, "  news of letters: %s: %d\n", fate, r.Became[fate])
	}
}

func postOffice(l *config.Letters) (*suomifi.Client, error) {
	if l == nil {
		return nil, fault.New(fault.Invalid, "cmd.post", "the settings have no letters").Do("see letters in docs/operations.md")
	}
	return suomifi.New(suomifi.Options{Server: l.Server, Username: l.Username, Password: l.Password, Service: l.Service,
		Sender:        suomifi.Address{Name: l.Sender.Name, Street: l.Sender.Street, PostalCode: l.Sender.PostalCode, PostOffice: l.Sender.PostOffice},
		PostiUsername: l.PostiUsername, PostiPassword: l.PostiPassword, PostiContact: l.PostiContact})
}

// storage is the shared storage of facts; nil: there is none.
func storage(address string) (parquet.Remote, error) {
	if address == "" {
		return nil, nil
	}
	b, err := objects.Open(address)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// openSettings opens the city of the settings.
func openSettings(ctx context.Context, set config.Config, clock app.Clock) (*app.App, error) {
	pl := place{packs: set.Packs}
	facts, err := storage(set.Facts)
	if err != nil {
		return nil, err
	}
	rules := set.Oversight.Rules()
	address := ""
	if set.Pages != nil {
		address = strings.TrimPrefix(set.Pages.Address, "https://")
	}
	return app.Open(ctx, app.Config{Data: set.Data, Oversight: &rules, Packs: pl.packFS(), Clock: clock, Address: address, Facts: facts, Elsewhere: set.Record == "elsewhere", Database: app.Database{Writer: set.Database.Writer, Reader: set.Database.Reader}})
}
