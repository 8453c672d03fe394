package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) registerCommand() *cobra.Command {
	c := &cobra.Command{Use: "register", Short: "Bring the city's registers in", Args: args(cobra.NoArgs), RunE: help}
	c.AddCommand(p.importCommand())
	return c
}

// importResult is what came of an import; its names are a contract.
type importResult struct {
	Snapshot     string       `json:"snapshot"`
	Files        []importFile `json:"files"`
	SetAside     int          `json:"set_aside"`
	SetAsideRows []asideRow   `json:"set_aside_rows"`
	WallSeconds  float64      `json:"wall_seconds"`
}

type importFile struct {
	File      string `json:"file"`
	Rows      int    `json:"rows"`
	SetAside  int    `json:"set_aside"`
	Unchanged bool   `json:"unchanged"`
}

// asideRow is a row that did not come in. It bears nothing of the row's content.
type asideRow struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column string `json:"column,omitempty"`
	Reason string `json:"reason"`
	Hint   string `json:"hint,omitempty"`
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
	ap, err := pl.begin(ctx)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	res, err := ap.Import(ctx, folder, officer, b.show)
	b.done()
	if err == nil {
		err = ap.Sequence(ctx)
	}
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	out := importResult{Snapshot: res.Snapshot.Format(time.DateOnly), Files: []importFile{}, SetAside: len(res.SetAside), SetAsideRows: []asideRow{},
		WallSeconds: math.Round(time.Since(start).Seconds()*100) / 100}
	for _, f := range res.Files {
		out.Files = append(out.Files, importFile(f))
	}
	for _, a := range res.SetAside {
		out.SetAsideRows = append(out.SetAsideRows, asideRow(a))
	}
	return p.show(out, func(w io.Writer) { printImport(w, out) })
}

// mostShown is how many rows with the same fault are printed.
const mostShown = 8

func printImport(w io.Writer, r importResult) {
	_, _ = fmt.Fprintf(w, "Snapshot of %s, %.1f s\n", r.Snapshot, r.WallSeconds)
	for _, f := range r.Files {
		if f.Unchanged {
			_, _ = fmt.Fprintf(w, "  %-22s unchanged\n", f.File)
			continue
		}
		_, _ = fmt.Fprintf(w, "  %-22s %8d rows in, %d set aside\n", f.File, f.Rows, f.SetAside)
	}
	for _, g := range alike(r.SetAsideRows) {
		_, _ = fmt.Fprintf(w, "Set aside: %s", g[0].File)
		if g[0].Column != "" {
			_, _ = fmt.Fprintf(w, " column %s", g[0].Column)
		}
		_, _ = fmt.Fprintf(w, ": %s.\n", g[0].Reason)
		if g[0].Hint != "" {
			_, _ = fmt.Fprintf(w, "  What to do: %s.\n", g[0].Hint)
		}
		rows := make([]string, 0, mostShown)
		for _, a := range g[:min(len(g), mostShown)] {
			rows = append(rows, strconv.Itoa(a.Row))
		}
		more := ""
		if n := len(g) - len(rows); n > 0 {
			more = fmt.Sprintf(" and %d more (--json lists them)", n)
		}
		_, _ = fmt.Fprintf(w, "  Row %s%s\n", strings.Join(rows, ", "), more)
	}
}

// alike groups rows that have the same fault, in the order of the first of each.
func alike(rows []asideRow) (groups [][]asideRow) {
	at := map[asideRow]int{}
	for _, r := range rows {
		key := r
		key.Row = 0
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}
