package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/person"
	"ennakko/population"
)

// period is a flag that holds a span of days.
type period struct{ criteria.Period }

func (p *period) String() string {
	if p.First.IsZero() {
		return ""
	}
	return p.First.Format(time.DateOnly) + ".." + p.Last.Format(time.DateOnly)
}

func (p *period) Type() string { return "from..to" }

func (p *period) Set(s string) error {
	first, last, ok := strings.Cut(s, "..")
	var a, b day
	if !ok || a.Set(first) != nil || b.Set(last) != nil || b.Before(a.Time) {
		return fault.New(fault.Invalid, "cmd", "not a period").Do("write it as 2020-01-01..2020-12-31, both days included")
	}
	p.First, p.Last = a.Time, b.Time
	return nil
}

type findFlags struct {
	place
	pack     string
	asOf     day
	period   period
	officer  string
	verdicts []string
	only     []string
	drafts   bool
}

// foundLine is one person and criterion; its names are a contract.
type foundLine struct {
	Patient   string   `json:"patient"` // as the source calls the person
	Criterion string   `json:"criterion"`
	Verdict   string   `json:"verdict"`
	Exclusion string   `json:"exclusion,omitempty"` // with excluded: which
	Missing   []string `json:"missing,omitempty"`   // with unknown: whose facts would decide
	Fault     string   `json:"fault,omitempty"`     // with error: what cannot be used
}

func (p *program) findCommand() *cobra.Command {
	f := findFlags{}
	c := &cobra.Command{Use: "find", Short: "Run a library of criteria over everyone in the data", Args: args(cobra.NoArgs),
		Long: `Run the approved criteria of a library, from any folder, over everyone in the data,
and print one line for each person and criterion: how the source calls the person,
the verdict (not applicable, excluded, met, gap, unknown, error), and why: the
exclusion that holds, the facts that are missing, or what could not be used. With
--json each line is a JSON object. The readings are on the record.`,
		Example: `  ennakko find --pack measures --data D --as-of 2020-12-31 --period 2020-01-01..2020-12-31 --json
  ennakko find --pack measures --data D --as-of 2020-12-31 --verdict gap --criterion blood_pressure`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.pack == "" || f.asOf.IsZero() {
				return fault.New(fault.Invalid, "cmd.find", "--pack or --as-of is missing").Do("see ennakko find --help")
			}
			return p.find(c.Context(), f)
		}}
	c.Flags().StringVar(&f.data, "data", "", "the folder of data (needed)")
	c.Flags().StringVar(&f.pack, "pack", "", "the folder of the library (needed)")
	c.Flags().Var(&f.asOf, "as-of", "the day as of which to decide (needed)")
	c.Flags().Var(&f.period, "period", "the measurement period, both days included (the year up to the day, if it is left out)")
	c.Flags().StringVar(&f.officer, "officer", "officer:find", "who asks, for the record")
	c.Flags().StringArrayVar(&f.verdicts, "verdict", nil, "print only this verdict (may be given more than once)")
	c.Flags().StringArrayVar(&f.only, "criterion", nil, "run only this criterion (may be given more than once)")
	c.Flags().BoolVar(&f.drafts, "drafts", false, "run criteria that nobody has approved, too: for made-up people")
	return c
}

// chosenCriteria are those of the library that are asked for and may run, and how
// many are left out because nobody has approved them.
func (f *findFlags) chosenCriteria(l *library.Library) ([]*criteria.Care, int, error) {
	var cares []*criteria.Care
	left := 0
	for _, name := range f.only {
		if !slices.ContainsFunc(l.Criteria(), func(c *library.Criterion) bool { return c.Name == name }) {
			return nil, 0, noCriterion(l, name)
		}
	}
	for _, c := range l.Criteria() {
		switch {
		case len(f.only) > 0 && !slices.Contains(f.only, c.Name):
		case c.Runs() || f.drafts:
			cares = append(cares, c.Care)
		default:
			left++
		}
	}
	if len(cares) == 0 {
		return nil, 0, fault.New(fault.Refused, "cmd.find", "no criterion that was asked for is approved").
			Do("write the approval into the library (approval: {state: approved, by: ..., on: ..., evidence: ...}; docs/criteria.md, States), or say --drafts if the people are made up")
	}
	return cares, left, nil
}

func (p *program) find(ctx context.Context, f findFlags) (err error) {
	l, err := libraryIn(f.pack)
	if err != nil {
		return err
	}
	cares, left, err := f.chosenCriteria(l)
	if err != nil {
		return err
	}
	if left > 0 {
		_, _ = fmt.Fprintf(p.err, "Left out: %d criteria that nobody has approved (--drafts runs them over made-up people)\n", left)
	}
	for _, v := range f.verdicts {
		if !slices.Contains(criteria.CareVerdicts(), criteria.CareVerdict(v)) {
			return fault.New(fault.Invalid, "cmd.find", "there is no verdict %q", v).Do("verdicts: not applicable, excluded, met, gap, unknown, error")
		}
	}
	a, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(ctx)) }()
	bars := newBars(p.err)
	defer bars.done()
	whole, err := a.PopulationFor(ctx, l, app.CareFields(cares), f.officer, "criteria of "+l.Name()+" "+l.Version(), func(done, total int) { bars.show("reading", done, total) })
	if err != nil {
		return err
	}
	defer whole.Close()
	run := criteria.Run{AsOf: f.asOf.Time, Period: f.period.Period}
	plan, err := population.NewPlan(whole.Columns, l.Language(), cares, l.Params(), run)
	if err != nil {
		return err
	}
	found, err := plan.Run(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(p.out, 1<<16)
	if err := f.lines(ctx, found, whole, cares, l.Params(), run, a, p.printer(out)); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fault.Wrap(err, "cmd.find", "the result cannot be written")
	}
	return a.Sequence(ctx)
}

// printer writes lines for machines or for people.
func (p *program) printer(w io.Writer) func(foundLine) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return func(l foundLine) error {
		if p.json {
			return e.Encode(l)
		}
		why := l.Exclusion + strings.Join(l.Missing, ", ") + l.Fault
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", l.Patient, l.Criterion, l.Verdict, why)
		return err
	}
}

// findBatch is how many people's names are in memory at a time.
const findBatch = 100_000

// lines hands over the lines that are asked for, person by person.
func (f *findFlags) lines(ctx context.Context, found *population.Findings, whole *app.Whole, cares []*criteria.Care, params criteria.Params, run criteria.Run, a *app.App, print func(foundLine) error) error {
	asked := roaring.New()
	for _, care := range cares {
		for _, v := range criteria.CareVerdicts() {
			if f.wants(v) {
				asked.Or(found.Of(care.Name, v))
			}
		}
	}
	people := asked.ToArray()
	for len(people) > 0 {
		n := min(len(people), findBatch)
		codes, err := a.Codes(ctx, whole, roaring.BitmapOf(people[:n]...), f.officer)
		if err != nil {
			return err
		}
		for _, id := range people[:n] {
			for _, care := range cares {
				line, ok, err := f.line(found, whole.Columns, care, params, run, person.ID(id))
				if err != nil {
					return err
				}
				line.Patient = codes[person.ID(id)]
				if !ok {
					continue
				}
				if err := print(line); err != nil {
					return fault.Wrap(err, "cmd.find", "the result cannot be written")
				}
			}
		}
		people = people[n:]
	}
	return nil
}

func (f *findFlags) wants(v criteria.CareVerdict) bool {
	return len(f.verdicts) == 0 || slices.Contains(f.verdicts, string(v))
}

// line is what one criterion says of one person, with why: that is asked of the
// evaluator of one person, which must say the same.
func (f *findFlags) line(found *population.Findings, columns *population.Columns, care *criteria.Care, params criteria.Params, run criteria.Run, id person.ID) (foundLine, bool, error) {
	v := found.Verdict(care.Name, id)
	l := foundLine{Criterion: care.Name, Verdict: string(v)}
	if !f.wants(v) {
		return l, false, nil
	}
	if v != criteria.Excluded && v != criteria.CareUnknown && v != criteria.Failed {
		return l, true, nil
	}
	one, err := care.Verdict(columns.Person(id), params, run)
	if one.Verdict != v {
		return l, false, fault.New(fault.Internal, "cmd.find", "the two evaluators do not agree on the criterion %s", care.Name).Do("report this as a defect")
	}
	l.Exclusion, l.Missing = one.Exclusion, one.Missing
	if known, ok := errors.AsType[*fault.Error](err); ok {
		l.Fault = strings.TrimPrefix(known.At, "criterion "+care.Name+", ") + ": " + known.Show
	}
	return l, true, nil
}
