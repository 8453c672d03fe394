package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/store/postgres"
)

// The variables that say where the database is. An address may hold a password,
// so it is not taken from the command line, which others on the machine can see.
const (
	databaseVar = "ENNAKKO_DATABASE"        // of the user who writes
	readerVar   = "ENNAKKO_DATABASE_READER" // of the user who reads; empty: the writer
	factsVar    = "ENNAKKO_FACTS"           // a storage of facts that machines share: s3://key:secret@host/bucket
	ownerVar    = "ENNAKKO_DATABASE_OWNER"  // of the owner of the tables, for migrate
)

func database() app.Database {
	return app.Database{Writer: os.Getenv(databaseVar), Reader: os.Getenv(readerVar)}
}

type migrateStep struct {
	Step int64  `json:"step"`
	Name string `json:"name"`
}

func (p *program) migrateCommand() *cobra.Command {
	return &cobra.Command{Use: "migrate", Short: "Make the tables in PostgreSQL, or bring them up to date", Args: args(cobra.NoArgs),
		Long: `Make the program's tables in a PostgreSQL database, or bring them up to date, as
their owner, whom ` + ownerVar + ` names. Steps only add: programs that run
go on. The roles ` + postgres.WriterRole + `, ` + postgres.ReaderRole + ` and ` + postgres.AuditorRole + ` are made
if they are not there; put the program's own users into them:

  CREATE ROLE w LOGIN PASSWORD '...'; GRANT ` + postgres.WriterRole + ` TO w;`,
		Example: `  ` + ownerVar + `=postgres://owner@localhost/ennakko ennakko migrate`,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runMigrate(c.Context()) }}
}

func (p *program) runMigrate(ctx context.Context) error {
	owner := os.Getenv(ownerVar)
	if owner == "" {
		return fault.New(fault.Invalid, "cmd.migrate", "no database is named").Do("name it and its owner: " + ownerVar + "=postgres://owner@host:5432/database")
	}
	steps, err := postgres.Migrate(ctx, owner)
	if err != nil {
		return err
	}
	out := []migrateStep{}
	for _, s := range steps {
		out = append(out, migrateStep{s.Version, s.Name})
	}
	return p.show(out, func(w io.Writer) {
		for _, s := range out {
			_, _ = fmt.Fprintf(w, "Step %d was taken: %s\n", s.Step, s.Name)
		}
		_, _ = fmt.Fprintln(w, "The tables are up to date.")
	})
}

func (p *program) moveCommand() *cobra.Command {
	var pl place
	c := &cobra.Command{Use: "move", Short: "Move the records from the folder of data to PostgreSQL", Args: args(cobra.NoArgs),
		Long: `Move the city's records from the file in the folder of data to PostgreSQL, whole
or not at all. Stop the server first. ` + databaseVar + ` names the database,
which ` + "`ennakko migrate`" + ` has made ready. Keys, facts and the log of the record stay in the
folder; the file stays there as ennakko.db.moved. After a crash give the command again.`,
		Example: `  ` + databaseVar + `=postgres://w@localhost/ennakko ennakko move --data D`,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runMove(c.Context(), pl) }}
	c.Flags().StringVar(&pl.data, "data", "", "the folder of data (needed)")
	return c
}

func (p *program) runMove(ctx context.Context, pl place) error {
	if pl.data == "" {
		return fault.New(fault.Invalid, "cmd.move", "no folder of data is named").Do("name one with --data")
	}
	b := newBars(p.err)
	moved, err := app.Move(ctx, app.Config{Data: pl.data, Database: database()}, func(table string, done, total int) { b.show("moving "+table, done, total) })
	b.done()
	if err != nil {
		return err
	}
	return p.show(moved, func(w io.Writer) {
		if moved.Before {
			_, _ = fmt.Fprintln(w, "The rows were there already; the old file is put away now.")
			return
		}
		names := make([]string, 0, len(moved.Rows))
		total := 0
		for name, n := range moved.Rows {
			if n > 0 {
				names, total = append(names, name), total+n
			}
		}
		slices.Sort(names)
		for _, name := range names {
			_, _ = fmt.Fprintf(w, "%10d  %s\n", moved.Rows[name], name)
		}
		_, _ = fmt.Fprintf(w, "%10d  rows were moved. Prove the record now: ennakko verify --data %s\n", total, pl.data)
	})
}
