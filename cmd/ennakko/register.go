package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/intake"
	"ennakko/store"
)

func (p *program) registerCommand() *cobra.Command {
	c := &cobra.Command{Use: "register", Short: "Bring the city's registers in"}
	c.AddCommand(p.importCommand())
	return c
}

type importResult struct {
	Snapshot    string              `json:"snapshot"`
	Files       []intake.FileResult `json:"files"`
	SetAside    int                 `json:"set_aside"`
	WallSeconds float64             `json:"wall_seconds"`
}

func (p *program) importCommand() *cobra.Command {
	var pl place
	var officer string
	c := &cobra.Command{Use: "import FOLDER", Short: "Import a folder of register files", Args: args(cobra.ExactArgs(1)),
		Long: `Import a folder of register files as docs/registers.md describes them. Rows with
a fault are set aside with their number and reason, all others come in. The same
files again change nothing. A newer snapshot keeps what the older one said.`,
		Example: `  ennakko city --residents 20000 --out files
  ennakko register import --data D files`,
		RunE: func(c *cobra.Command, a []string) error { return p.runImport(c.Context(), pl, a[0], officer) }}
	pl.flags(c)
	c.Flags().StringVar(&officer, "officer", "officer:import", "who imports, for the record")
	return c
}

func (p *program) runImport(ctx context.Context, pl place, folder, officer string) error {
	start := time.Now()
	ap, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	res, err := ap.Import(ctx, folder, officer, b.show)
	b.done()
	if err == nil {
		_, err = ap.Log.Sequence(ctx, ap.DB)
	}
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	out := importResult{res.Snapshot.Format(time.DateOnly), res.Files, len(res.SetAside), time.Since(start).Seconds()}
	return p.show(out, func(w io.Writer) { printImport(w, out, res.SetAside) })
}

// mostShown is how many set-aside rows are printed.
const mostShown = 20

func printImport(w io.Writer, r importResult, aside []store.SetAsideRow) {
	_, _ = fmt.Fprintf(w, "Snapshot of %s, %.1f s\n", r.Snapshot, r.WallSeconds)
	for _, f := range r.Files {
		if f.Unchanged {
			_, _ = fmt.Fprintf(w, "  %-22s unchanged\n", f.File)
			continue
		}
		_, _ = fmt.Fprintf(w, "  %-22s %8d rows in, %d set aside\n", f.File, f.Rows, f.SetAside)
	}
	for i, a := range aside {
		if i == mostShown {
			_, _ = fmt.Fprintf(w, "  ... and %d more set aside; all are kept with their reasons\n", len(aside)-mostShown)
			break
		}
		where := fmt.Sprintf("%s row %d", a.File, a.Row)
		if a.Column != "" {
			where += " column " + a.Column
		}
		_, _ = fmt.Fprintf(w, "  set aside: %s: %s", where, a.Reason)
		if a.Hint != "" {
			_, _ = fmt.Fprintf(w, " (%s)", a.Hint)
		}
		_, _ = fmt.Fprintln(w)
	}
}
