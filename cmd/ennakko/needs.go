package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

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

// needsResult is what was found; its names are a contract. Counts are to the nearest
// five, those under five null; shares are to the tenth of a percent; where one of the
// counts behind it is too small, a row says withheld and nothing else.
type needsResult struct {
	Year      int           `json:"year"`
	Library   string        `json:"library"`
	Version   string        `json:"version"`
	Curve     curveResult   `json:"curve"`
	Threshold float64       `json:"least_cost_of_the_tenth"` // euros, to the nearest hundred
	Ways      []foundResult `json:"ways"`
	Signs     []signResult  `json:"signs"`
	Groups    []groupResult `json:"groups"` // without those that are withheld
	Steps     []stepResult  `json:"calibration"`
	NotFor    []string      `json:"not_for"`
}

type curveResult struct {
	People count         `json:"people"`
	Total  float64       `json:"total"`  // euros, to the nearest hundred thousand
	Points []needs.Point `json:"points"` // none if a step would be of fewer than five people
	Gini   float64       `json:"gini"`
	Tenth  float64       `json:"tenth"`
	For80  float64       `json:"for80"`
	Free   float64       `json:"free"`
}

type foundResult struct {
	Name        string  `json:"name"`
	Named       count   `json:"named"`
	High        count   `json:"high"`
	Both        count   `json:"both"`
	Sensitivity float64 `json:"sensitivity"`
	Predictive  float64 `json:"predictive"`
	Cost        float64 `json:"cost"`
	Withheld    bool    `json:"withheld"`
}

type groupResult struct {
	By       string  `json:"by"`
	Expected float64 `json:"expected"`
	Seen     float64 `json:"seen"`
	People   count   `json:"people"`
	foundResult
}

type stepResult struct {
	People   count   `json:"people"`
	Expected float64 `json:"expected"`
	Seen     float64 `json:"seen"`
	Withheld bool    `json:"withheld"`
}

type signResult struct {
	Name     string  `json:"name"`
	Points   int     `json:"points"`
	People   count   `json:"people"`
	High     float64 `json:"share_high"`
	Withheld bool    `json:"withheld"` // too few people to be told of
}

// few reports whether one of several counts may not be told.
func few(counts ...int) bool {
	return slices.ContainsFunc(counts, func(n int) bool { return counted(n).few })
}

func foundOf(name string, f needs.Found) foundResult {
	if few(f.Both, f.Named-f.Both, f.High-f.Both) {
		return foundResult{Name: name, Named: count{few: true}, High: count{few: true}, Both: count{few: true}, Withheld: true}
	}
	return foundResult{name, counted(f.Named), counted(f.High), counted(f.Both), share(f.Sensitivity), share(f.Predictive), share(f.Cost), false}
}

func curveOf(c needs.Curve) curveResult {
	out := curveResult{People: counted(c.People), Total: math.Round(c.Total/1e5) * 1e5, Points: []needs.Point{}, Gini: hundredth(c.Gini),
		Tenth: share(c.Tenth), For80: share(c.For80), Free: share(c.Free)}
	if few(c.People / max(len(c.Points)-1, 1)) {
		return out
	}
	for _, p := range c.Points {
		out.Points = append(out.Points, needs.Point{People: p.People, Cost: share(p.Cost)})
	}
	return out
}

func stepsOf(steps []needs.Step) []stepResult {
	out := []stepResult{}
	for _, s := range steps {
		high := int(math.Round(s.Seen * float64(s.People)))
		if few(high, s.People-high) {
			out = append(out, stepResult{People: counted(s.People), Withheld: true})
			continue
		}
		out = append(out, stepResult{counted(s.People), share(s.Expected), share(s.Seen), false})
	}
	return out
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
	out := needsResult{Year: n.Year, Library: n.Library.Name(), Version: n.Library.Version(), Curve: curveOf(n.Curve), Threshold: math.Round(n.Threshold/100) * 100,
		Groups: []groupResult{}, Steps: stepsOf(n.Steps)}
	for _, w := range n.Ways {
		out.Ways = append(out.Ways, foundOf(w.Name, w.Found))
	}
	for _, g := range n.Told() {
		if f := foundOf(g.Name, g.Found); !f.Withheld {
			out.Groups = append(out.Groups, groupResult{g.By, share(g.Expected), share(g.Seen), counted(g.People), f})
		}
	}
	for _, x := range n.Signs {
		s := signResult{Name: x.Criterion.Name, Points: x.Criterion.Points, People: count{few: true}, Withheld: x.Few()}
		if !s.Withheld {
			s.People, s.High = counted(x.People), share(float64(x.High)/float64(x.People))
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
	_, _ = fmt.Fprintf(w, "%d: %s people, %.1f million euros. A tenth of the people has %.1f %% of the costs, %.1f %% of the people 80 %%. Gini %.2f.\n",
		n.Year, n.Curve.People, n.Curve.Total/1e6, percent(n.Curve.Tenth), percent(n.Curve.For80), n.Curve.Gini)
	for _, x := range n.Ways {
		if x.Withheld {
			_, _ = fmt.Fprintf(w, "  named by %-10s too few people to be told of\n", x.Name)
			continue
		}
		_, _ = fmt.Fprintf(w, "  named by %-10s %5s people: of those with a high need %.1f %% were named, of those named %.1f %% came to have one; they had %.1f %% of the costs\n",
			x.Name, x.Named, percent(x.Sensitivity), percent(x.Predictive), percent(x.Cost))
	}
	for _, g := range n.Groups {
		_, _ = fmt.Fprintf(w, "  %s %-6s %6s people: expected %.1f %%, seen %.1f %%; found %.1f %%\n", g.By, g.Name, g.People, percent(g.Expected), percent(g.Seen), percent(g.Sensitivity))
	}
	for _, t := range n.NotFor {
		_, _ = fmt.Fprintf(w, "Not to be used: %s\n", t)
	}
}
