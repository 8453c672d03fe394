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

	"ennakko/intake"
)

func (p *program) registerCommand() *cobra.Command {
	c := &cobra.Command{Use: "register", Short: "Bring the city's registers in", Args: args(cobra.NoArgs), RunE: help}
	c.AddCommand(p.importCommand(), p.addFactCommand())
	return c
}

// importResult is what came of an import; its names are a contract.
type importResult struct {
	Snapshot     string        `json:"snapshot"`
	Files        []importFile  `json:"files"`
	SetAside     int           `json:"set_aside"`
	SetAsideRows []asideRow    `json:"set_aside_rows"`
	Health       *importHealth `json:"health,omitempty"`
	WallSeconds  float64       `json:"wall_seconds"`
}

// importHealth is what came in of health records.
type importHealth struct {
	Form      string       `json:"form"` // FHIR or facts
	Files     int          `json:"files"`
	Unchanged bool         `json:"unchanged"` // nothing new: the same files came in before
	People    int          `json:"people"`
	Resources int          `json:"resources"` // kept, set aside and passed over
	Records   int          `json:"records"`   // rows of facts
	Events    int          `json:"events"`    // rows of them that came in since the snapshot before, and that the files do not have
	Types     []importType `json:"types"`
	PerSecond int          `json:"resources_per_second"`
}

// importType is what came of one type of resource; the three add up to all there
// are.
type importType struct {
	Type       string `json:"type"`
	Kept       int    `json:"kept"`
	SetAside   int    `json:"set_aside"`
	PassedOver int    `json:"passed_over"`
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
	var of day
	c := &cobra.Command{Use: "import FOLDER", Short: "Import a folder of register files or health records", Args: args(cobra.ExactArgs(1)),
		Long: `Import a folder of register files as docs/registers.md describes them. Rows with
a fault are set aside with their number and reason, all others come in. The same
files again change nothing. A newer snapshot keeps what the older one said.

Health records come as FHIR R4: bundles (*.json) and NDJSON (*.ndjson) in the folder
and those below it, plain or gzipped. Their patients are the people of the city,
unless a population register is there: then the personal identity code tells who is
who. Files of facts in a folder named health come in with the register files.`,
		Example: `  ennakko city --residents 20000 --out files
  ennakko register import --data D files
  ennakko register import --data D2 bundles --day 2021-04-01     # a folder of FHIR`,
		RunE: func(c *cobra.Command, a []string) error {
			return p.runImportOf(c.Context(), pl, a[0], officer, of.Time)
		}}
	pl.flags(c)
	c.Flags().Var(&of, "day", "the day of which health records are, if snapshot.yaml does not say it (default today)")
	c.Flags().StringVar(&officer, "officer", "officer:import", "who imports, for the record")
	return c
}

func (p *program) runImport(ctx context.Context, pl place, folder, officer string) error {
	return p.runImportOf(ctx, pl, folder, officer, time.Time{})
}

func (p *program) runImportOf(ctx context.Context, pl place, folder, officer string, of time.Time) error {
	start := time.Now()
	ap, err := pl.begin(ctx)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	res, err := ap.ImportOf(ctx, folder, officer, of, b.show)
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
	out.Health = healthOf(res.Health, time.Since(start))
	return p.show(out, func(w io.Writer) { printImport(w, out) })
}

func healthOf(r *intake.HealthResult, took time.Duration) *importHealth {
	if r == nil {
		return nil
	}
	h := &importHealth{Form: r.Form, Files: r.Files, Unchanged: r.Unchanged, People: r.People, Resources: r.Resources, Records: r.Records, Events: r.Events,
		Types: []importType{}, PerSecond: int(float64(r.Resources) / took.Seconds())}
	for _, t := range r.Types {
		h.Types = append(h.Types, importType(t))
	}
	return h
}

func printHealth(w io.Writer, h *importHealth) {
	if h.Unchanged {
		_, _ = fmt.Fprintf(w, "  Health records (%s, %d files): nothing new, the same files came in before\n", h.Form, h.Files)
		return
	}
	_, _ = fmt.Fprintf(w, "  Health records (%s, %d files): %d people, %d resources, %d rows of facts, %d resources/s\n", h.Form, h.Files, h.People, h.Resources, h.Records, h.PerSecond)
	_, _ = fmt.Fprintf(w, "  %-22s %10s %10s %12s\n", "type", "kept", "set aside", "passed over")
	var sum importType
	for _, t := range h.Types {
		name := t.Type
		if name == "" {
			name = "(cannot be told)"
		}
		_, _ = fmt.Fprintf(w, "  %-22s %10d %10d %12d\n", name, t.Kept, t.SetAside, t.PassedOver)
		sum.Kept, sum.SetAside, sum.PassedOver = sum.Kept+t.Kept, sum.SetAside+t.SetAside, sum.PassedOver+t.PassedOver
	}
	_, _ = fmt.Fprintf(w, "  %-22s %10d %10d %12d   = %d\n", "all", sum.Kept, sum.SetAside, sum.PassedOver, h.Resources)
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
	if r.Health != nil {
		printHealth(w, r.Health)
	}
	for _, g := range alike(r.SetAsideRows) {
		printAlike(w, g)
	}
}

func printAlike(w io.Writer, g []asideRow) {
	fhir := isFHIR(g[0].File)
	switch {
	case fhir && g[0].Column != "":
		_, _ = fmt.Fprintf(w, "Set aside: %d %s: %s.\n", len(g), g[0].Column, g[0].Reason)
	case fhir || g[0].File == "":
		_, _ = fmt.Fprintf(w, "Set aside: %s.\n", g[0].Reason)
	case g[0].Column != "":
		_, _ = fmt.Fprintf(w, "Set aside: %s column %s: %s.\n", g[0].File, g[0].Column, g[0].Reason)
	default:
		_, _ = fmt.Fprintf(w, "Set aside: %s: %s.\n", g[0].File, g[0].Reason)
	}
	if g[0].Hint != "" {
		_, _ = fmt.Fprintf(w, "  What to do: %s.\n", g[0].Hint)
	}
	places := make([]string, 0, mostShown)
	for _, a := range g[:min(len(g), mostShown)] {
		switch {
		case fhir:
			places = append(places, a.File+":"+strconv.Itoa(a.Row))
		case a.Row > 0:
			places = append(places, strconv.Itoa(a.Row))
		}
	}
	if len(places) == 0 {
		return
	}
	more := ""
	if n := len(g) - len(places); n > 0 {
		more = fmt.Sprintf(" and %d more (--json lists them)", n)
	}
	what := "Row"
	if fhir {
		what = "File and line or entry:"
	}
	_, _ = fmt.Fprintf(w, "  %s %s%s\n", what, strings.Join(places, ", "), more)
}

// isFHIR reports whether a file is one of FHIR: there may be thousands of them.
func isFHIR(file string) bool { return strings.HasSuffix(strings.TrimSuffix(file, ".gz"), "json") }

// alike groups rows that have the same fault, in the order of the first of each.
func alike(rows []asideRow) (groups [][]asideRow) {
	at := map[asideRow]int{}
	for _, r := range rows {
		key := r
		if key.Row = 0; isFHIR(r.File) {
			key.File = ".json" // one reason is told once for all files
		}
		i, ok := at[key]
		if !ok {
			i = len(groups)
			at[key], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}
