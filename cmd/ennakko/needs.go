package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/needs"
	"ennakko/person"
)

type needsFlags struct {
	place
	year    int
	library string
	officer string
}

func (p *program) needsCommand() *cobra.Command {
	f := needsFlags{}
	c := &cobra.Command{Use: "needs", Short: "How costs lie among people, and how well those with most can be told ahead", Args: args(cobra.NoArgs),
		Long: `Read what the use of services cost everyone in a year: the concentration curve, and
the tenth of people with most. Then hold the signs of a library, as of the last day
of the year before, against what came, beside two ways that need no library: last
year's tenth, and the oldest tenth. Who has the signs is told by ennakko find.`,
		Example: `  ennakko needs --data D --year 2020 --json
  ennakko find --pack packs/high-need --data D --as-of 2020-12-31 --verdict gap`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.year < 1900 || f.year > 2100 {
				return fault.New(fault.Invalid, "cmd.needs", "--year is missing").Do("give a whole year of which there are facts, as --year 2020")
			}
			return p.needs(c.Context(), f)
		}}
	c.Flags().StringVar(&f.data, "data", "", "the folder of data (needed)")
	c.Flags().IntVar(&f.year, "year", 0, "the year whose costs are looked at (needed)")
	c.Flags().StringVar(&f.library, "library", "high-need", "the library of signs: a folder of the packs")
	c.Flags().StringVar(&f.officer, "officer", "officer:needs", "who asks, for the record")
	return c
}

// needsResult is what was found; its names are a contract. Counts under five are 0 and
// named in withheld.
type needsResult struct {
	Year      int             `json:"year"`
	Library   string          `json:"library"`
	Version   string          `json:"version"`
	Curve     needs.Curve     `json:"curve"`
	Threshold float64         `json:"least_cost_of_the_tenth"`
	Ways      []app.Way       `json:"ways"`
	Signs     []signResult    `json:"signs"`
	Groups    []app.NeedGroup `json:"groups"`
	Steps     []needs.Step    `json:"calibration"`
	NotFor    []string        `json:"not_for"`
}

type signResult struct {
	Name     string  `json:"name"`
	Points   int     `json:"points"`
	People   int     `json:"people"`
	High     float64 `json:"share_high"`
	Withheld bool    `json:"withheld"` // too few people to be told of
}

func (p *program) needs(ctx context.Context, f needsFlags) error {
	ap, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	n, err := func() (app.Needs, error) {
		l, err := ap.CareLibrary(f.library)
		if err != nil {
			return app.Needs{}, err
		}
		return ap.NeedsOf(ctx, l, f.year, f.officer, b.show)
	}()
	b.done()
	if err == nil {
		err = ap.Sequence(ctx)
	}
	if cerr := ap.Close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	out := needsOf(n)
	return p.show(out, func(w io.Writer) { printNeeds(w, out) })
}

func needsOf(n app.Needs) needsResult {
	out := needsResult{Year: n.Year, Library: n.Library.Name(), Version: n.Library.Version(), Curve: n.Curve, Threshold: n.Threshold, Ways: n.Ways, Groups: n.Told(), Steps: n.Steps}
	for _, x := range n.Signs {
		s := signResult{Name: x.Criterion.Name, Points: x.Criterion.Points, Withheld: x.Few()}
		if !s.Withheld {
			s.People, s.High = x.People, float64(x.High)/float64(x.People)
		}
		out.Signs = append(out.Signs, s)
	}
	for _, t := range n.Library.NotFor() {
		out.NotFor = append(out.NotFor, t.In(person.English))
	}
	return out
}

func printNeeds(w io.Writer, n needsResult) {
	percent := func(x float64) float64 { return math.Round(1000*x) / 10 }
	_, _ = fmt.Fprintf(w, "%d: %d people, %.1f million euros. A tenth of the people has %.1f %% of the costs, %.1f %% of the people 80 %%. Gini %.2f.\n",
		n.Year, n.Curve.People, n.Curve.Total/1e6, percent(n.Curve.Tenth), percent(n.Curve.For80), n.Curve.Gini)
	for _, x := range n.Ways {
		_, _ = fmt.Fprintf(w, "  named by %-10s %5d people: of those with a high need %.1f %% were named, of those named %.1f %% came to have one; they had %.1f %% of the costs\n",
			x.Name, x.Named, percent(x.Sensitivity), percent(x.Predictive), percent(x.Cost))
	}
	for _, g := range n.Groups {
		_, _ = fmt.Fprintf(w, "  %s %-6s %6d people: expected %.1f %%, seen %.1f %%; found %.1f %%\n", g.By, g.Name, g.People, percent(g.Expected), percent(g.Seen), percent(g.Sensitivity))
	}
	for _, t := range n.NotFor {
		_, _ = fmt.Fprintf(w, "Not to be used: %s\n", t)
	}
}
