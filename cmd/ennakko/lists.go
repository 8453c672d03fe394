package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/round"
	"ennakko/service"
	"ennakko/store"
)

type listFlags struct {
	place
	round    int64
	officer  string
	out      string
	day      day
	language string
}

func (f *listFlags) listFlags(c *cobra.Command) {
	f.flags(c)
	c.Flags().Int64Var(&f.round, "round", 0, "the number of the round (the newest, if it is left out)")
	c.Flags().StringVar(&f.officer, "officer", "officer:lists", "who asks for the list, for the record")
}

func (p *program) lettersCommand() *cobra.Command {
	f := listFlags{}
	c := &cobra.Command{Use: "letters SERVICE", Short: "Write the letters to families whom no text message reaches", Args: args(cobra.ExactArgs(1)),
		Long: `Write the letter list of a round: letters.csv, a table, and letters.pdf, one page
for each letter, with the address where the window of the envelope is. Names and
addresses are read anew from the newest registers, and the reading is on the
record. Guardians who live together get one letter.

A family under non-disclosure for personal safety gets a letter without address
and unit, to be forwarded by the population register's authority. A child for
whom no letter can be written is told by number and becomes a matter for an
officer. The files are for their owner only: they are personal data.`,
		Example: `  ennakko round letters pre-primary --data D --out letters
  ennakko round letters pre-primary --data D --out letters --day 2021-01-08`,
		RunE: func(c *cobra.Command, a []string) error {
			if f.out == "" {
				return fault.New(fault.Invalid, "cmd.letters", "--out is missing").Do("name a folder for the letters")
			}
			return p.withRound(c.Context(), f, a[0], func(ap *app.App, pack *service.Pack, r store.Round) error {
				return p.letters(c.Context(), f, ap, pack, r)
			})
		}}
	f.listFlags(c)
	c.Flags().StringVar(&f.out, "out", "", "the folder to write (needed)")
	c.Flags().Var(&f.day, "day", "the day that the letters bear (today, if it is left out)")
	return c
}

func (p *program) failsafeCommand() *cobra.Command {
	f := listFlags{}
	c := &cobra.Command{Use: "failsafe SERVICE", Short: "List the children who were found and have no offer that reached them", Args: args(cobra.ExactArgs(1)),
		Long: `The failsafe list of a round: children whom a criterion left out, whom the
criteria could not judge, who wait for a place, and whose families no text
message reached. Somebody must see to each of them.

Without --out it only counts. With --out it writes a table with names and
telephone numbers, read from the newest registers and on the record; no address,
district or unit is in it. The file is for its owner only: it is personal data.`,
		Example: `  ennakko round failsafe pre-primary --data D
  ennakko round failsafe pre-primary --data D --out failsafe.csv --language sv`,
		RunE: func(c *cobra.Command, a []string) error {
			l, err := person.ParseLanguage(f.language)
			if err != nil {
				return fault.New(fault.Invalid, "cmd.failsafe", "--language is not fi, sv or en")
			}
			return p.withRound(c.Context(), f, a[0], func(ap *app.App, pack *service.Pack, r store.Round) error {
				return p.failsafe(c.Context(), f, l, ap, pack, r)
			})
		}}
	f.listFlags(c)
	c.Flags().StringVar(&f.out, "out", "", "the file to write; without it only counts are printed")
	c.Flags().StringVar(&f.language, "language", "fi", "fi, sv or en: the language of the criteria's reasons")
	return c
}

// withRound opens the folder of data and finds the round that is meant.
func (p *program) withRound(ctx context.Context, f listFlags, name string, do func(*app.App, *service.Pack, store.Round) error) error {
	ap, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	err = func() error {
		pack, err := ap.Pack(name)
		if err != nil {
			return err
		}
		r, err := ap.Round(ctx, name, f.round)
		if err != nil {
			return err
		}
		if err := do(ap, pack, r); err != nil {
			return err
		}
		return ap.Sequence(ctx)
	}()
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	return err
}

// lettersResult is what came of a letter list; its names are a contract.
type lettersResult struct {
	Round     int64          `json:"round"`
	Children  int            `json:"children"`
	Letters   int            `json:"letters"`
	Forwarded int            `json:"forwarded"`
	Without   map[string]int `json:"without"` // children without a letter, by reason
	Files     []string       `json:"files"`
}

func (p *program) letters(ctx context.Context, f listFlags, ap *app.App, pack *service.Pack, r store.Round) error {
	if f.day.IsZero() {
		f.day.Time = time.Now()
	}
	list, err := ap.Letters(ctx, pack, r.ID, f.officer, f.out, f.day.Time)
	if err != nil {
		return err
	}
	out := lettersResult{Round: int64(r.ID), Children: list.Children, Letters: len(list.Rows), Forwarded: list.Forwarded, Without: list.Without,
		Files: []string{filepath.Join(f.out, app.LettersCSV), filepath.Join(f.out, app.LettersPDF)}}
	return p.show(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Round %d: %d letters about %d children, %d of them to be forwarded\n", out.Round, out.Letters, out.Children, out.Forwarded)
		for _, why := range slices.Sorted(maps.Keys(out.Without)) {
			_, _ = fmt.Fprintf(w, "  no letter: %s: %d (now a matter for an officer)\n", why, out.Without[why])
		}
		for _, file := range out.Files {
			_, _ = fmt.Fprintf(w, "  %s\n", file)
		}
	})
}

// failsafeResult is the failsafe list in numbers; its names are a contract.
type failsafeResult struct {
	Round    int64           `json:"round"`
	Children int             `json:"children"`
	Groups   []failsafeCount `json:"groups"`
	File     string          `json:"file,omitempty"`
}

type failsafeCount struct {
	Group    round.Group `json:"group"`
	Reason   string      `json:"reason"`
	Children int         `json:"children"`
}

func (p *program) failsafe(ctx context.Context, f listFlags, l person.Language, ap *app.App, pack *service.Pack, r store.Round) error {
	list, err := ap.Failsafe(ctx, pack, r.ID, l)
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := ap.FailsafeFile(ctx, pack, r.ID, list, f.officer, f.out); err != nil {
			return err
		}
	}
	out := failsafeResult{Round: int64(r.ID), Children: len(list), Groups: counts(list), File: f.out}
	return p.show(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Round %d: %d children on the failsafe list\n", out.Round, out.Children)
		for _, g := range out.Groups {
			_, _ = fmt.Fprintf(w, "  %5d  %s: %s\n", g.Children, g.Group, g.Reason)
		}
		if out.File != "" {
			_, _ = fmt.Fprintf(w, "  %s\n", out.File)
		}
	})
}

// counts groups the list, the largest group first.
func counts(list []round.OnFailsafe) []failsafeCount {
	at := map[failsafeCount]int{}
	out := []failsafeCount{}
	for _, x := range list {
		key := failsafeCount{Group: x.Group, Reason: x.Reason}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key], out = i, append(out, key)
		}
		out[i].Children++
	}
	slices.SortStableFunc(out, func(a, b failsafeCount) int { return b.Children - a.Children })
	return out
}
