package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/population"
	"ennakko/population/rival"
	"ennakko/testcity"
)

// populationResult is what was measured; its names are a contract.
type populationResult struct {
	Residents   int            `json:"residents"`
	Facts       int            `json:"facts"`
	Criteria    int            `json:"criteria"`
	From        string         `json:"criteria_from"`
	Steps       int            `json:"steps"`
	LoadSeconds float64        `json:"load_seconds"`
	Seconds     float64        `json:"seconds"`
	CPUSeconds  float64        `json:"cpu_seconds"` // of all cores, where other programs share them
	WhatIf50    float64        `json:"what_if_ms_p50"`
	WhatIf99    float64        `json:"what_if_ms_p99"`
	OneEvent50  float64        `json:"one_event_us_p50"`
	OneEvent99  float64        `json:"one_event_us_p99"`
	MemoryBytes uint64         `json:"memory_bytes"`
	ColumnBytes int            `json:"column_bytes"`
	Verdicts    map[string]int `json:"verdicts"`
}

func (p *program) benchPopulationCommand() *cobra.Command {
	b := populationBench{p: p, residents: 640000, seed: 7, criteria: 300}
	asOf := day{time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)}
	c := &cobra.Command{Use: "population", Short: "Measure criteria over a whole city", Args: args(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			b.asOf = asOf.Time
			if err := b.measure(c.Context()); err != nil {
				return err
			}
			return p.show(b.out, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "%+v\n", b.out)
			})
		}}
	c.Flags().IntVar(&b.residents, "residents", b.residents, "how many people live in the city")
	c.Flags().Uint64Var(&b.seed, "seed", b.seed, "another seed is another city")
	c.Flags().IntVar(&b.criteria, "criteria", b.criteria, "how many criteria")
	c.Flags().StringVar(&b.dir, "data", filepath.Join("data", "bench-population"), "the folder in which the city is built, or was")
	return c
}

type populationBench struct {
	p         *program
	dir       string
	residents int
	seed      uint64
	criteria  int
	asOf      time.Time
	out       populationResult
}

func (b *populationBench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.p.err, format+"\n", args...)
}

// city builds the city, unless the folder has it.
func (b *populationBench) city(ctx context.Context) (place, error) {
	pl := place{data: filepath.Join(b.dir, "data"), seed: b.seed}
	if _, err := os.Stat(filepath.Join(pl.data, "ennakko.db")); err == nil {
		return pl, nil
	}
	files := filepath.Join(b.dir, "files")
	b.say("making a city of %d people with health records", b.residents)
	if _, err := testcity.Write(ctx, files, testcity.Options{Residents: b.residents, Seed: b.seed, Day: b.asOf, Health: true}, func(int, int) {}); err != nil {
		return pl, err
	}
	b.say("importing it")
	quiet := &program{out: io.Discard, err: io.Discard}
	if err := quiet.runImport(ctx, pl, files, "officer:bench"); err != nil {
		return pl, err
	}
	return pl, os.RemoveAll(files)
}

// chosen is the library of health criteria if it is large enough, or patterns.
func (b *populationBench) chosen() (*criteria.Language, []*criteria.Care, criteria.Params, error) {
	if library.Is(packs.FS, "health") {
		l, err := library.Load(packs.FS, "health", app.Catalog())
		if err != nil {
			return nil, nil, criteria.Params{}, err
		}
		if all := l.Criteria(); len(all) >= b.criteria {
			b.out.From = "packs/health"
			var cares []*criteria.Care
			for _, c := range all {
				cares = append(cares, c.Care)
			}
			return l.Language(), cares, l.Params(), nil
		}
	}
	b.out.From = "patterns over the city's concepts (no clinical criteria)"
	l, cares, err := rival.Template(app.Catalog(), b.criteria)
	return l, cares, criteria.Params{}, err
}

func (b *populationBench) measure(ctx context.Context) (err error) {
	pl, err := b.city(ctx)
	if err != nil {
		return err
	}
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(ctx)) }()
	l, cares, params, err := b.chosen()
	if err != nil {
		return err
	}
	names := append(app.CareFields(cares), "population.birth_date", "population.sex", "population.district")
	start := time.Now()
	whole, err := a.Population(ctx, l, names, "officer:bench", "bench", func(int, int) {})
	if err != nil {
		return err
	}
	defer whole.Close()
	b.out.LoadSeconds = time.Since(start).Seconds()
	runtime.GC()
	b.out.Residents, b.out.Facts, b.out.Criteria = int(whole.Columns.People().GetCardinality()), whole.Columns.Facts(), len(cares) //nolint:gosec // people fit
	b.say("%d facts of %d people loaded in %.1f s", b.out.Facts, b.out.Residents, b.out.LoadSeconds)
	run := criteria.Run{AsOf: b.asOf}
	for range 3 {
		start = time.Now()
		used := cpuSeconds()
		plan, err := population.NewPlan(whole.Columns, l, cares, params, run)
		if err != nil {
			return err
		}
		planned := time.Since(start)
		found, err := plan.Run(ctx)
		if err != nil {
			return err
		}
		b.out.Seconds, b.out.CPUSeconds, b.out.Steps = time.Since(start).Seconds(), cpuSeconds()-used, plan.Steps()
		b.say("%d criteria over everyone: %.3f s, %.3f s of CPU (plan of %d steps %.3f s)", len(cares), b.out.Seconds, b.out.CPUSeconds, plan.Steps(), planned.Seconds())
		b.out.Verdicts = map[string]int{}
		for _, c := range found.Criteria() {
			for v, n := range found.Count(c) {
				b.out.Verdicts[string(v)] += int(n) //nolint:gosec // counts fit
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.out.MemoryBytes, b.out.ColumnBytes = m.Sys, whole.Columns.Bytes()
	if b.out.Facts == 0 {
		return fault.New(fault.Missing, "cmd.bench", "the city has no health records")
	}
	return nil
}

// cpuSeconds is the processor time that this process has used.
func cpuSeconds() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
