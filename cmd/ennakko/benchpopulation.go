package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/person"
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
	Cores       int            `json:"cores"`
	LoadSeconds float64        `json:"load_seconds"`
	LoadCPU     float64        `json:"load_cpu_seconds"`
	Seconds     float64        `json:"seconds"`     // the middle of the runs
	CPUSeconds  float64        `json:"cpu_seconds"` // of all cores together, as other programs may share them
	SQLSeconds  float64        `json:"sql_seconds"`
	SQLLoad     float64        `json:"sql_load_seconds"`
	SQLCPU      float64        `json:"sql_cpu_seconds"`
	SQLLeft     int            `json:"sql_left_out"` // criteria that are not put into SQL
	Ratio       float64        `json:"ratio"`        // sql_seconds by seconds of the criteria that SQL was made of
	CPURatio    float64        `json:"cpu_ratio"`
	CELSeconds  float64        `json:"cel_go_seconds"` // of everyone, on all cores, reckoned from a sample
	CELSample   int            `json:"cel_go_sample"`  // people
	WhatIf50    float64        `json:"what_if_ms_p50"`
	WhatIf99    float64        `json:"what_if_ms_p99"`
	OneEvent50  float64        `json:"one_event_us_p50"`
	OneEvent99  float64        `json:"one_event_us_p99"`
	MemoryBytes uint64         `json:"memory_bytes"` // the most that the process had before SQL
	ColumnBytes int            `json:"column_bytes"`
	EqualSQL    int            `json:"equal_with_sql"`    // counts of a verdict of a criterion that were compared and are equal
	EqualCEL    int            `json:"equal_with_cel_go"` // pairs of a person and a criterion that were compared and are equal
	Verdicts    map[string]int `json:"verdicts"`
}

func (p *program) benchPopulationCommand() *cobra.Command {
	b := populationBench{p: p, residents: 640000, seed: 7, criteria: 300}
	asOf := day{time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)}
	c := &cobra.Command{Use: "population", Short: "Measure criteria over a whole city", Args: args(cobra.NoArgs),
		Long: `Build a made-up city with health records, or use the one that is in the folder,
and measure in one run: how long its facts take to load into columns; how long all
criteria take over everyone, in this engine, as SQL in DuckDB with the same facts in
memory, and in cel-go person by person (reckoned from a sample); a change of one
criterion; and a new fact of one person. The verdicts of the three must be equal.

The criteria are those of packs/health if it has as many; else patterns over what
the city's records hold, which are no clinical criteria.`,
		Example: `  ennakko bench population --residents 64000 --json`,
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
	start, cpu := time.Now(), cpuSeconds()
	whole, err := a.Population(ctx, l, names, "officer:bench", "bench", func(int, int) {})
	if err != nil {
		return err
	}
	defer whole.Close()
	b.out.LoadSeconds, b.out.LoadCPU = time.Since(start).Seconds(), cpuSeconds()-cpu
	runtime.GC()
	b.out.Residents, b.out.Facts, b.out.Criteria = int(whole.Columns.People().GetCardinality()), whole.Columns.Facts(), len(cares) //nolint:gosec // people fit
	b.say("%d facts of %d people loaded in %.1f s, %.1f s of CPU", b.out.Facts, b.out.Residents, b.out.LoadSeconds, b.out.LoadCPU)
	if b.out.Facts == 0 {
		return fault.New(fault.Missing, "cmd.bench", "the city has no health records")
	}
	m := measured{b: b, a: a, columns: whole.Columns, l: l, cares: cares, params: params, run: criteria.Run{AsOf: b.asOf}}
	for _, do := range []func(context.Context) error{m.everyone, m.oneByOne, m.whatIf, m.events, m.sql} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measured is one city in memory with what is measured on it.
type measured struct {
	b       *populationBench
	a       *app.App
	columns *population.Columns
	l       *criteria.Language
	cares   []*criteria.Care
	params  criteria.Params
	run     criteria.Run
	plan    *population.Plan
	found   *population.Findings
}

// timed runs criteria over everyone, several times.
func (m *measured) timed(ctx context.Context, cares []*criteria.Care) (plan *population.Plan, found *population.Findings, took, used []float64, err error) {
	for range 7 {
		start, cpu := time.Now(), cpuSeconds()
		if plan, err = population.NewPlan(m.columns, m.l, cares, m.params, m.run); err != nil {
			return nil, nil, nil, nil, err
		}
		if found, err = plan.Run(ctx); err != nil {
			return nil, nil, nil, nil, err
		}
		took, used = append(took, time.Since(start).Seconds()), append(used, cpuSeconds()-cpu)
	}
	return plan, found, took, used, nil
}

// everyone runs all criteria over everyone.
func (m *measured) everyone(ctx context.Context) error {
	plan, found, took, used, err := m.timed(ctx, m.cares)
	if err != nil {
		return err
	}
	m.plan, m.found = plan, found
	out := &m.b.out
	out.Seconds, out.CPUSeconds, out.Steps, out.Cores = at(took, 50), at(used, 50), m.plan.Steps(), runtime.GOMAXPROCS(0)
	out.Verdicts = map[string]int{}
	for _, c := range m.found.Criteria() {
		for v, n := range m.found.Count(c) {
			out.Verdicts[string(v)] += int(n) //nolint:gosec // counts fit
		}
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	out.MemoryBytes, out.ColumnBytes = mem.Sys, m.columns.Bytes()
	m.b.say("%d criteria, %d steps, over everyone: %.3f s (%.3f to %.3f), %.3f s of CPU", len(m.cares), out.Steps, out.Seconds, at(took, 0), at(took, 100), out.CPUSeconds)
	return nil
}

// at is a percentile.
func at(list []float64, percent int) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[(len(list)-1)*percent/100]
}

// oneByOne lets cel-go decide for a sample, compares, and reckons how long it
// would take for everyone.
func (m *measured) oneByOne(context.Context) error {
	people := m.columns.People().ToArray()
	const sample = 400
	start, cpu := time.Now(), cpuSeconds()
	out := &m.b.out
	for i := range sample {
		id := person.ID(people[i*len(people)/sample])
		facts := m.columns.Person(id)
		for _, c := range m.cares {
			one, _ := c.Verdict(facts, m.params, m.run)
			if got := m.found.Verdict(c.Name, id); got != one.Verdict {
				return fault.New(fault.Internal, "cmd.bench", "the evaluators do not agree on the criterion %s: %q and %q", c.Name, one.Verdict, got)
			}
			out.EqualCEL++
		}
	}
	out.CELSample = sample
	out.CELSeconds = min(time.Since(start).Seconds(), cpuSeconds()-cpu) * float64(len(people)) / sample / float64(runtime.GOMAXPROCS(0))
	m.b.say("cel-go, %d people one by one: %.2f s, so about %.0f s for everyone", sample, time.Since(start).Seconds(), out.CELSeconds)
	return nil
}

// whatIf changes one criterion at a time.
func (m *measured) whatIf(ctx context.Context) error {
	groups := m.columns.Groups(criteria.DayNumber(m.run.AsOf))
	var took []float64
	for i := range 200 {
		changed := *m.cares[i*7%len(m.cares)]
		changed.Done = m.cares[(i*7+10)%len(m.cares)].Done
		start := time.Now()
		if _, err := m.plan.WhatIf(ctx, m.found, &changed, m.params, criteria.Gap, groups); err != nil {
			return err
		}
		took = append(took, 1000*time.Since(start).Seconds())
	}
	m.b.out.WhatIf50, m.b.out.WhatIf99 = at(took, 50), at(took, 99)
	m.b.say("what if, %d changes of one criterion: %.1f ms in the middle, %.1f ms at 99 %%", len(took), m.b.out.WhatIf50, m.b.out.WhatIf99)
	return nil
}

// events are new facts of one person each.
func (m *measured) events(context.Context) error {
	live := population.NewLive(m.plan, m.found)
	people := m.columns.People().ToArray()
	var names []criteria.Concept
	for _, name := range app.CareFields(m.cares) {
		if c, ok := m.l.Concept(name); ok && c.Value != criteria.Coded && name == c.Name {
			names = append(names, c)
		}
	}
	var took []float64
	for i := range 5000 {
		c := names[i%len(names)]
		f := criteria.Fact{From: m.run.AsOf, Until: m.run.AsOf, Minute: 600}
		if c.Value == criteria.Number {
			f.Value = float64(50 + i%150)
		}
		start := time.Now()
		if _, err := live.Fact(person.ID(people[i*2654435761%len(people)]), c.Name, f); err != nil {
			return err
		}
		took = append(took, 1e6*time.Since(start).Seconds())
	}
	m.b.out.OneEvent50, m.b.out.OneEvent99 = at(took, 50), at(took, 99)
	m.b.say("%d new facts: %.0f µs in the middle, %.0f µs at 99 %%", len(took), m.b.out.OneEvent50, m.b.out.OneEvent99)
	return nil
}

// sql lets DuckDB decide, and compares the counts.
func (m *measured) sql(ctx context.Context) error {
	files, err := m.a.FactFiles(ctx)
	if err != nil {
		return err
	}
	// The findings as they were before the new facts.
	found, err := m.plan.Run(ctx)
	if err != nil {
		return err
	}
	answer, err := rival.SQL(ctx, m.l, m.cares, m.params, m.run, files, cpuSeconds, m.b.say)
	if err != nil {
		return err
	}
	out := &m.b.out
	for name, counts := range answer.Counts {
		mine := found.Count(name)
		for i, v := range criteria.CareVerdicts()[:5] {
			if int64(mine[v]) != counts[i] { //nolint:gosec // counts fit
				return fault.New(fault.Internal, "cmd.bench", "SQL does not agree on the criterion %s: %q of %d people, and of %d", name, v, counts[i], mine[v])
			}
			out.EqualSQL++
		}
	}
	out.SQLSeconds, out.SQLCPU, out.SQLLoad, out.SQLLeft = answer.Seconds, answer.CPUSeconds, answer.LoadSeconds, len(answer.Left)
	// The ratio is of the same criteria on both sides.
	both, cpu := out.Seconds, out.CPUSeconds
	if len(answer.Left) > 0 {
		cares := slices.DeleteFunc(slices.Clone(m.cares), func(c *criteria.Care) bool { return slices.Contains(answer.Left, c.Name) })
		_, _, took, used, err := m.timed(ctx, cares)
		if err != nil {
			return err
		}
		both, cpu = at(took, 50), at(used, 50)
	}
	out.Ratio, out.CPURatio = out.SQLSeconds/both, out.SQLCPU/cpu
	m.b.say("SQL: %.2f s, %.2f s of CPU; %.1f times as long; %d counts are equal, %d criteria left out", out.SQLSeconds, out.SQLCPU, out.Ratio, out.EqualSQL, out.SQLLeft)
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
