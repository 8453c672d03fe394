package main

import (
	"context"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/packs"
)

// place is where the data and the packs are.
type place struct {
	data  string
	packs string
	seed  uint64

	address string // of the pages, as people write it; "": as the packs say
}

func (pl *place) flags(c *cobra.Command) {
	c.Flags().StringVar(&pl.data, "data", "", "the folder of data (needed)")
	c.Flags().StringVar(&pl.packs, "packs", "", "a folder of packs instead of the built-in ones")
}

func (pl *place) packFS() fs.FS {
	if pl.packs != "" {
		return os.DirFS(pl.packs)
	}
	return packs.FS
}

// open opens a folder that has records.
func (pl *place) open(ctx context.Context, clock app.Clock, families bool) (*app.App, error) {
	return pl.openAs(ctx, app.Config{Clock: clock, Families: families, Database: database()})
}

// openAs opens the folder with what the environment says of the rest.
func (pl *place) openAs(ctx context.Context, c app.Config) (a *app.App, err error) {
	c.Data, c.Packs, c.Seed, c.Address = pl.data, pl.packFS(), pl.seed, pl.address
	if c.Facts, err = storage(os.Getenv(factsVar)); err != nil {
		return nil, err
	}
	return app.Open(ctx, c)
}

// begin opens a folder, and makes it one that has records if it has none.
func (pl *place) begin(ctx context.Context) (*app.App, error) {
	return pl.openAs(ctx, app.Config{Clock: app.RealClock{}, New: true, Database: database()})
}

// day is a flag that holds a day.
type day struct{ time.Time }

func (d *day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

func (d *day) Type() string { return "day" }

func (d *day) Set(s string) (err error) {
	d.Time, err = time.Parse(time.DateOnly, s)
	if err != nil {
		return fault.New(fault.Invalid, "cmd", "not a day").Do("write it as 2021-01-07")
	}
	return nil
}
