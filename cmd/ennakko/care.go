package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/effect"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

type careFlags struct {
	place
	asOf    day
	officer string
	library string
	madeUp  bool
	round   int64
}

func (p *program) careCommand() *cobra.Command {
	c := &cobra.Command{Use: "care", Short: "Find who lacks care, for the services that invite", Args: args(cobra.NoArgs), RunE: help}
	c.AddCommand(p.careRunCommand())
	return c
}

func (p *program) careRunCommand() *cobra.Command {
	f := careFlags{}
	c := &cobra.Command{Use: "run", Short: "Run the care library over everyone and keep who has a gap", Args: args(cobra.NoArgs),
		Long: `Run the care library over everyone as of a day, and keep who has a gap, so that the
services that invite find them. With --made-up a made-up city first goes on up to
that day: people come to their appointments, treatment begins, pressure is measured.`,
		Example: `  ennakko care run --data D --as-of 2021-01-07
  ennakko round run blood-pressure --data D --as-of 2021-01-07 --answers simulated
  ennakko care run --data D --as-of 2021-03-25 --made-up
  ennakko effect --data D --round 1`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.asOf.IsZero() {
				return fault.New(fault.Invalid, "cmd.care", "--as-of is missing").Do("give a day, as --as-of 2021-01-07")
			}
			return p.careRun(c.Context(), f)
		}}
	f.flags(c)
	c.Flags().Var(&f.asOf, "as-of", "the day as of which to decide (needed)")
	c.Flags().StringVar(&f.library, "library", "health", "the care library: a folder of the packs")
	c.Flags().BoolVar(&f.madeUp, "made-up", false, "let a made-up city go on up to the day")
	c.Flags().StringVar(&f.officer, "officer", "officer:preparer", "who asks, for the record")
	c.Flags().Uint64Var(&f.seed, "seed", 7, "seed of the made-up people")
	return c
}

// careResult is the outcome of a run; its names are a contract.
type careResult struct {
	Library string `json:"library"`
	Version string `json:"version"`
	AsOf    string `json:"as_of"`
	People  count  `json:"people"`           // to the nearest five; null: fewer than five
	Gaps    count  `json:"people_with_gaps"` // the same
	MadeUp  int    `json:"made_up_records"`  // that came to be in a made-up city
	Before  bool   `json:"kept_before"`      // an earlier run as of the day is kept, of other facts: this one is not
}

func (p *program) careRun(ctx context.Context, f careFlags) error {
	return p.withCare(ctx, f, func(ctx context.Context, ap *app.App, b *app.CareBook, madeUp int) error {
		out := careResult{b.Library.Name(), b.Library.Version(), b.AsOf.Format(time.DateOnly), counted(b.People), counted(b.Gaps), madeUp, b.Before}
		return p.show(out, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%s %s as of %s: %s people, %s with a gap\n", out.Library, out.Version, out.AsOf, out.People, out.Gaps)
			if out.Before {
				_, _ = fmt.Fprintf(w, "An earlier run as of %s is kept, and services go by it. What came in since counts from a run as of a later day on.\n", out.AsOf)
			}
		})
	})
}

// withCare opens the data, runs the library and does something with the run.
func (p *program) withCare(ctx context.Context, f careFlags, do func(context.Context, *app.App, *app.CareBook, int) error) (err error) {
	clock := app.NewSteppedClock(f.asOf.Add(6 * time.Hour))
	ap, err := f.open(ctx, clock, true)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	err = func() error {
		asOf := f.asOf.Time
		if asOf.IsZero() {
			if asOf, err = ap.Known(ctx); err != nil {
				return err
			}
		}
		madeUp := 0
		if f.madeUp {
			if madeUp, err = ap.Happen(ctx, asOf, f.officer); err != nil {
				return err
			}
		}
		l, err := ap.CareLibrary(f.library)
		if err != nil {
			return err
		}
		book, err := ap.RunCare(ctx, l, asOf, f.officer, b.show)
		b.done()
		if err != nil {
			return err
		}
		return do(ctx, ap, book, madeUp)
	}()
	if err == nil {
		err = ap.Sequence(ctx)
	}
	if cerr := ap.Close(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	return err
}

func (p *program) effectCommand() *cobra.Command {
	f := careFlags{}
	c := &cobra.Command{Use: "effect", Short: "What a round brought about, beside those whom a fair lot let wait", Args: args(cobra.NoArgs),
		Long: `Hold a round against the newest run of the care library: of those who were invited
and of those whom the round's lot let wait, how many reached each outcome, the
difference, and between what it lies (95 %). Everybody counts in the group into
which the lot put them, whether they came or not.`,
		Example: `  ennakko effect --data D --round 1 --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.round < 1 {
				return fault.New(fault.Invalid, "cmd.effect", "--round is missing").Do("give the number of a round")
			}
			return p.effect(c.Context(), f)
		}}
	f.flags(c)
	c.Flags().Int64Var(&f.round, "round", 0, "the round (needed)")
	c.Flags().Var(&f.asOf, "as-of", "the day of the run (the newest day of the registers, if it is left out)")
	c.Flags().StringVar(&f.library, "library", "health", "the care library: a folder of the packs")
	c.Flags().StringVar(&f.officer, "officer", "officer:preparer", "who asks, for the record")
	c.Flags().Uint64Var(&f.seed, "seed", 7, "seed of the made-up people")
	return c
}

// effectResult is what a round brought about; its names are a contract. Counts are
// to the nearest five, those under five are null; a group in which one is so is
// left out, and with it the comparison.
type effectResult struct {
	Round    int64           `json:"round"`
	Service  string          `json:"service"`
	AsOf     string          `json:"as_of"`
	Invited  count           `json:"invited"`
	Accepted count           `json:"accepted"`
	Lot      *lotResult      `json:"lot,omitempty"`
	Outcomes []outcomeResult `json:"outcomes"`
}

type lotResult struct {
	Seed     string `json:"seed"`
	Share    int    `json:"share_percent"`
	Weeks    int    `json:"weeks"`
	Eligible count  `json:"in_the_lot"`
	Later    count  `json:"invited_later"`
	Harmed   count  `json:"not_in_the_lot_for_harm"`
	Until    string `json:"until"`
	Ended    count  `json:"invited_since"`
}

type groupCounts struct {
	People  count `json:"people"`
	Reached count `json:"reached"`
}

type outcomeResult struct {
	Name       string        `json:"name"`
	Title      string        `json:"title"`
	All        *groupCounts  `json:"all_invited,omitempty"`
	Invited    *groupCounts  `json:"lot_invited,omitempty"`
	Later      *groupCounts  `json:"lot_later,omitempty"`
	Difference *float64      `json:"difference,omitempty"` // of shares, in hundredths
	Range      *effect.Range `json:"between,omitempty"`
	Sure       *bool         `json:"sure,omitempty"` // the difference is told from none
	Needed     int           `json:"needed_in_each_group,omitempty"`
	Words      string        `json:"words"`
	Withheld   bool          `json:"withheld"`
}

func (p *program) effect(ctx context.Context, f careFlags) error {
	return p.withCare(ctx, f, func(ctx context.Context, ap *app.App, b *app.CareBook, _ int) error {
		rd, err := ap.DB.Round(ctx, store.RoundID(f.round))
		if err != nil {
			return err
		}
		pack, err := ap.Pack(rd.Service)
		if err != nil {
			return err
		}
		e, err := ap.EffectOf(ctx, pack, rd.ID, b, f.officer)
		if err != nil {
			return err
		}
		out := effectOf(e)
		return p.show(out, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "Round %d of %s as of %s: %s invited, %s said yes\n", out.Round, out.Service, out.AsOf, out.Invited, out.Accepted)
			for _, o := range out.Outcomes {
				_, _ = fmt.Fprintf(w, "  %s: %s\n", o.Title, o.Words)
			}
		})
	})
}

func countsOf(g effect.Group) *groupCounts {
	return &groupCounts{counted(g.People), counted(g.Reached)}
}

func effectOf(e app.Effect) effectResult {
	out := effectResult{Round: int64(e.Round.ID), Service: e.Round.Service, AsOf: e.AsOf.Format(time.DateOnly), Invited: counted(e.Invited), Accepted: counted(e.Accepted)}
	if l := e.Lot; l != nil {
		out.Lot = &lotResult{l.Seed, l.Share, l.Weeks, counted(len(l.Eligible)), counted(len(l.Later)), counted(l.Harmed), l.Until.Format(time.DateOnly), counted(e.Ended)}
	}
	for _, o := range e.Outcomes {
		x := outcomeResult{Name: o.Name, Title: o.Title.In(person.English), Words: app.EffectWords(o)}
		if !app.Few(o.All) {
			x.All = countsOf(o.All)
		}
		if x.Withheld = o.Withheld(); !x.Withheld && o.Compared != nil {
			d := o.Compared
			sure := d.Sure()
			by, needed := hundredth(d.By), counted(o.Needed)
			x.Invited, x.Later, x.Difference, x.Sure, x.Needed = countsOf(d.Invited), countsOf(d.Later), &by, &sure, needed.n
			x.Range = &effect.Range{Low: hundredth(d.Range.Low), High: hundredth(d.Range.High)}
		}
		out.Outcomes = append(out.Outcomes, x)
	}
	return out
}
