package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/round"
	"ennakko/testcity"
)

func (p *program) benchCommand() *cobra.Command {
	residents, seed := 640000, uint64(7)
	c := &cobra.Command{Use: "bench", Short: "Measure the main job on this machine", Args: args(cobra.NoArgs),
		Long: `Make a city, import it, prepare a round, run it to its end with simulated
answers and verify the record, each step timed, in a folder that is removed.`,
		Example: `  ennakko bench --residents 64000 --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := os.MkdirTemp("", "ennakko-bench-")
			if err != nil {
				return fault.Wrap(err, "cmd.bench", "no folder can be made")
			}
			defer func() { _ = os.RemoveAll(dir) }()
			m := &measuring{p: p, c: c, dir: dir, residents: residents, seed: seed}
			if err := m.run(); err != nil {
				return err
			}
			return p.show(m.result, func(w io.Writer) {
				for _, s := range m.result.Steps {
					_, _ = fmt.Fprintf(w, "%-28s %8.2f s\n", s.What, s.Seconds)
				}
			})
		}}
	c.AddCommand(p.benchWebCommand(), p.benchPopulationCommand(), p.benchAuditCommand())
	c.Flags().IntVar(&residents, "residents", residents, "how many people live in the city")
	c.Flags().Uint64Var(&seed, "seed", seed, "another seed is another city")
	return c
}

// benchResult is what was measured.
type benchResult struct {
	Residents int         `json:"residents"`
	Steps     []benchStep `json:"steps"`
}

type benchStep struct {
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"`
}

type measuring struct {
	p         *program
	c         *cobra.Command
	dir       string
	residents int
	seed      uint64
	result    benchResult
}

func (m *measuring) step(what string, do func() error) error {
	_, _ = fmt.Fprintln(m.p.err, what)
	start := time.Now()
	err := do()
	m.result.Steps = append(m.result.Steps, benchStep{what, time.Since(start).Seconds()})
	return err
}

func (m *measuring) run() error {
	m.result.Residents = m.residents
	files, data := filepath.Join(m.dir, "files"), place{data: filepath.Join(m.dir, "data"), seed: m.seed}
	quiet := &program{out: io.Discard, err: io.Discard}
	ctx := m.c.Context()
	if err := m.step("make the city", func() error {
		_, err := testcity.Write(ctx, files, testcity.Options{Residents: m.residents, Seed: m.seed, Day: demoDay.Truncate(24*time.Hour).AddDate(0, 0, -3)}, func(int, int) {})
		return err
	}); err != nil {
		return err
	}
	if err := m.step("import the registers", func() error { return quiet.runImport(ctx, data, files, "officer:bench") }); err != nil {
		return err
	}
	if err := m.step("import them again", func() error { return quiet.runImport(ctx, data, files, "officer:bench") }); err != nil {
		return err
	}
	if err := m.step("find and assign", func() error { return m.prepare(data) }); err != nil {
		return err
	}
	f := roundFlags{place: data, asOf: day{demoDay.Truncate(24 * time.Hour)}, answers: "simulated", preparer: "officer:bench", officer: "officer:approver"}
	if err := m.step("run the round", func() error { return quiet.runRound(ctx, f, "pre-primary") }); err != nil {
		return err
	}
	return m.step("verify the record", func() error { return quiet.runVerify(ctx, data, "", "") })
}

func (m *measuring) prepare(pl place) error {
	ctx := m.c.Context()
	ap, err := pl.open(ctx, app.NewSteppedClock(demoDay), true)
	if err != nil {
		return err
	}
	defer func() { _ = ap.Close(ctx) }()
	pack, err := ap.Pack("pre-primary")
	if err != nil {
		return err
	}
	_, err = ap.Prepare(ctx, pack, round.Order{AsOf: demoDay.Truncate(24 * time.Hour), Officer: "officer:bench", Now: demoDay}, nil)
	return err
}
