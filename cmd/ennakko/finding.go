package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/criteria"
	"ennakko/fault"
	"ennakko/library"
	"ennakko/packs"
	"ennakko/person"
)

type findingFlags struct {
	place
	pack, person, criterion, language, officer string
	asOf                                       day
	period                                     period
}

// explained is one verdict with what made it; its names are a contract.
type explained struct {
	Patient   string          `json:"patient"`
	Criterion string          `json:"criterion"`
	Title     string          `json:"title"`
	Mark      string          `json:"mark,omitempty"`
	AsOf      string          `json:"as_of"`
	Verdict   string          `json:"verdict"`
	Exclusion string          `json:"exclusion,omitempty"`
	Missing   []string        `json:"missing,omitempty"`
	Fault     string          `json:"fault,omitempty"`
	Gap       string          `json:"gap,omitempty"` // with gap: what should be done
	Source    string          `json:"source"`
	Evidence  string          `json:"evidence"`
	Hash      string          `json:"hash"` // of the criterion
	Lines     []explainedLine `json:"lines"`
}

type explainedLine struct {
	Depth int    `json:"depth"`
	Truth string `json:"truth,omitempty"`
	Text  string `json:"text"`
}

func (p *program) findingCommand() *cobra.Command {
	f := findingFlags{}
	c := &cobra.Command{Use: "finding", Short: "Explain one verdict in words and facts", Args: args(cobra.NoArgs),
		Long: `Tell what one criterion says of one person, and why: every sub-condition with its
truth, the facts that decided (day, value, source), and what is missing. The person
is named as the source of the health records names the patient. What is shown is
personal; the reading is on the record.`,
		Example: `  ennakko finding --data D --person 8f2c --criterion hypertension-treated
  ennakko finding --data D --pack measures --person 8f2c --criterion bowel --as-of 2025-12-31 --language fi`,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.person == "" || f.criterion == "" {
				return fault.New(fault.Invalid, "cmd.finding", "--person or --criterion is missing").Do("see ennakko finding --help")
			}
			if l := person.Language(f.language); l != person.Finnish && l != person.Swedish && l != person.English {
				return fault.New(fault.Invalid, "cmd.finding", "there is no such language").Do("languages: fi, sv, en")
			}
			return p.finding(c.Context(), f)
		}}
	c.Flags().StringVar(&f.data, "data", "", "the folder of data (needed)")
	c.Flags().StringVar(&f.pack, "pack", "", "the folder of the library (the health criteria that come with the program, if it is left out)")
	c.Flags().StringVar(&f.person, "person", "", "the patient's id in the source (needed)")
	c.Flags().StringVar(&f.criterion, "criterion", "", "the name of the criterion (needed)")
	c.Flags().StringVar(&f.language, "language", "en", "fi, sv or en")
	c.Flags().StringVar(&f.officer, "officer", "officer:finding", "who asks, for the record")
	c.Flags().Var(&f.asOf, "as-of", "the day as of which to decide (today, if it is left out)")
	c.Flags().Var(&f.period, "period", "the measurement period, both days included (the year up to the day, if it is left out)")
	return c
}

// libraryIn reads the library in a folder, or that of the program.
func libraryIn(folder string) (*library.Library, error) {
	if folder == "" {
		return library.Load(packs.FS, "health", app.Catalog())
	}
	fsys := os.DirFS(folder)
	if !library.Is(fsys, ".") {
		return nil, fault.New(fault.Missing, "cmd.library", "there is no library in the folder").Where("%s", folder).Do("name the folder in which library.yaml is; see docs/criteria.md")
	}
	return library.Load(fsys, ".", app.Catalog())
}

// noCriterion is the fault of a name that the library does not have.
func noCriterion(l *library.Library, name string) error {
	var names []string
	for _, c := range l.Criteria() {
		names = append(names, c.Name)
	}
	hint := "it has: " + strings.Join(names[:min(len(names), mostShown)], ", ")
	if n := len(names) - mostShown; n > 0 {
		hint += fmt.Sprintf(" and %d more; ennakko check FOLDER --json lists them", n)
	}
	return fault.New(fault.Missing, "cmd.library", "the library has no criterion %s", name).Do("%s", hint)
}

func (p *program) finding(ctx context.Context, f findingFlags) (err error) {
	l, err := libraryIn(f.pack)
	if err != nil {
		return err
	}
	x, ok := l.Criterion(f.criterion)
	if !ok {
		return noCriterion(l, f.criterion)
	}
	a, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(ctx)) }()
	id, err := a.DB.PersonByPatient(ctx, f.person)
	if err != nil {
		return err
	}
	run := criteria.Run{AsOf: f.asOf.Time, Period: f.period.Period}
	if run.AsOf.IsZero() {
		run.AsOf = a.Now()
	}
	facts, err := a.FactsFor(ctx, l, x.Care.Fields(), id, f.officer, "criterion "+x.Name+" of "+l.Name()+" "+l.Version())
	if err != nil {
		return err
	}
	trace, failed := x.Care.Trace(facts, l.Params(), run)
	out := explain(l, x, trace, failed, person.Language(f.language))
	out.Patient = f.person
	if trace.Finding.Verdict == criteria.Failed {
		out.Lines = append(unusable(x, facts, run.AsOf, person.Language(f.language)), out.Lines...)
	}
	if err := p.show(out, func(w io.Writer) { showExplained(w, out) }); err != nil {
		return err
	}
	return a.Sequence(ctx)
}

// unusable lists the facts that a criterion reads and that cannot be used, so that
// they can be found in the source.
func unusable(x *library.Criterion, facts criteria.Facts, asOf time.Time, lang person.Language) (out []explainedLine) {
	for _, name := range x.Care.Fields() {
		list, _ := facts.Facts(name)
		for _, f := range list {
			if _, bad := f.Value.(criteria.Bad); !bad || f.From.After(asOf) {
				continue
			}
			text := name + ": " + f.Code.String()
			if !f.From.IsZero() {
				text += ", " + criteria.DayWord(f.From, lang)
			}
			if f.Source != "" {
				text += " [" + f.Source + "]"
			}
			out = append(out, explainedLine{Truth: criteria.TruthWord(criteria.Broken, lang), Text: text})
		}
	}
	return out
}

// explain puts a trace into words.
func explain(l *library.Library, x *library.Criterion, t criteria.CareTrace, failed error, lang person.Language) explained {
	out := explained{Criterion: x.Name, Title: x.Title.In(lang), Mark: l.Mark().In(lang), AsOf: criteria.DayWord(t.AsOf, lang), Verdict: string(t.Finding.Verdict),
		Exclusion: t.Finding.Exclusion, Missing: t.Finding.Missing, Source: x.Source, Evidence: x.Evidence, Hash: x.Hash}
	if t.Finding.Verdict == criteria.Gap {
		out.Gap = x.Gap.In(lang)
	}
	if known, ok := errors.AsType[*fault.Error](failed); ok {
		out.Fault = known.At + ": " + known.Show
	}
	for _, line := range l.Language().FindingWords(t, x.Reasons(), lang) {
		k := explainedLine{Depth: line.Depth, Text: line.Text}
		if line.Truth != "" {
			k.Truth = criteria.TruthWord(line.Truth, lang)
		}
		out.Lines = append(out.Lines, k)
	}
	return out
}

func showExplained(w io.Writer, x explained) {
	_, _ = fmt.Fprintf(w, "%s (%s), %s\n", x.Title, x.Criterion, x.AsOf)
	for _, more := range []string{x.Mark, x.Fault, x.Gap} {
		if more != "" {
			_, _ = fmt.Fprintln(w, more)
		}
	}
	for _, l := range x.Lines {
		truth := l.Truth
		if truth != "" {
			truth = "[" + truth + "] "
		}
		_, _ = fmt.Fprintf(w, "%s%s%s\n", strings.Repeat("  ", l.Depth), truth, l.Text)
	}
	_, _ = fmt.Fprintf(w, "%s; %s\n", x.Source, x.Evidence)
}
