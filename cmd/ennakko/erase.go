package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/store"
)

func (p *program) eraseCommand() *cobra.Command {
	c := &cobra.Command{Use: "erase", Short: "Take people out of the records, by request or when their time has come", Args: args(cobra.NoArgs), RunE: help}
	c.AddCommand(p.erasePersonCommand(), p.eraseDueCommand())
	return c
}

type eraseFlags struct {
	place
	officer string
}

// open opens the city as one who may erase: in PostgreSQL the owner of the tables.
func (f eraseFlags) open(ctx context.Context) (*app.App, error) {
	db := database()
	if db.Writer != "" {
		owner := os.Getenv(ownerVar)
		if owner == "" {
			return nil, fault.New(fault.Invalid, "cmd.erase", "only the owner of the tables may erase").Do("set %s", ownerVar)
		}
		db = app.Database{Writer: owner}
	}
	return f.openAs(ctx, app.Config{Clock: app.RealClock{}, Database: db})
}

func (p *program) erasePersonCommand() *cobra.Command {
	f, patient := eraseFlags{}, false
	c := &cobra.Command{Use: "person", Short: "Erase one person, by request", Args: args(cobra.NoArgs),
		Long: `Erase what is known of one person: the facts, the offers, the messages and the
answers (GDPR, article 17). The identity code is read from the standard input, so
that it stands in no list of commands. Counts stay, with a number that is
nobody's. Entries of the record that are about nobody else lose their content;
their leaves stay in the log, and an entry says which they were.

It is refused while a round that is not closed has a part for the person. An
objection stays, with what is needed to know the person again: without it they
would be written to again. The next register that names the person brings its
facts in anew. Backups hold what they held: remove those from before.

In PostgreSQL it needs the owner of the tables: ENNAKKO_DATABASE_OWNER.`,
		Example: `  ennakko erase person --data D --officer officer:dpo      # then write the identity code and press Enter`,
		RunE: func(c *cobra.Command, _ []string) error {
			erase, err := p.readWhom(patient)
			if err != nil {
				return err
			}
			a, err := f.open(c.Context())
			if err != nil {
				return err
			}
			b := newBars(p.err)
			out, err := erase(c.Context(), a, f.officer, b.show)
			b.done()
			if err = errors.Join(err, a.Close(context.WithoutCancel(c.Context()))); err != nil {
				return err
			}
			return p.show(out, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "Erased: %d cases, %d messages, %d entries of the record, %d files of facts written anew\n", out.Cases, out.Messages, out.Entries, out.Files)
			})
		}}
	f.flags(c)
	c.Flags().StringVar(&f.officer, "officer", "officer:dpo", "who erases, for the record")
	c.Flags().BoolVar(&patient, "patient", false, "the standard input holds a patient's id of health records, not an identity code")
	return c
}

// readWhom reads of the standard input who is to be erased.
func (p *program) readWhom(patient bool) (func(ctx context.Context, a *app.App, officer string, progress func(string, int, int)) (store.Erased, error), error) {
	if !patient {
		code, err := p.readCode()
		return func(ctx context.Context, a *app.App, officer string, progress func(string, int, int)) (store.Erased, error) {
			return a.Erase(ctx, code, officer, progress)
		}, err
	}
	line, err := p.readLine("patient's id")
	return func(ctx context.Context, a *app.App, officer string, progress func(string, int, int)) (store.Erased, error) {
		return a.ErasePatient(ctx, line, officer, progress)
	}, err
}

func (p *program) eraseDueCommand() *cobra.Command {
	f := eraseFlags{}
	c := &cobra.Command{Use: "due SERVICE", Short: "Erase what a service may no longer keep", Args: args(cobra.ExactArgs(1)),
		Long: `Erase what has been kept long enough. The pack says how long (purpose, keep):

  - from the day people_until on, closed rounds keep their counts and no people;
  - entries of the record older than record_years keep their leaves in the log;
  - registers that are neither the newest nor needed by a round go.

Run it once a month. When nothing is due it does nothing. In PostgreSQL it needs
the owner of the tables: ENNAKKO_DATABASE_OWNER.`,
		Example: `  ennakko erase due pre-primary --data D`,
		RunE: func(c *cobra.Command, name []string) error {
			a, err := f.open(c.Context())
			if err != nil {
				return err
			}
			pack, err := a.Pack(name[0])
			if err == nil {
				var out app.Due
				b := newBars(p.err)
				out, err = a.EraseDue(c.Context(), pack, f.officer, b.show)
				b.done()
				if err == nil {
					err = p.show(out, func(w io.Writer) {
						_, _ = fmt.Fprintf(w, "Erased: %d people in %d rounds with %d cases and %d messages, %d entries of the record, %d registers of a day\n",
							out.People, len(out.Rounds), out.Cases, out.Messages, out.Entries, out.Snapshots)
					})
				}
			}
			return errors.Join(err, a.Close(context.WithoutCancel(c.Context())))
		}}
	f.flags(c)
	c.Flags().StringVar(&f.officer, "officer", "system:retention", "who erases, for the record")
	return c
}
