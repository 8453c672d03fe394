package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/register/fhir"
)

type addFactFlags struct {
	place
	pack, zone, language, officer string
	asOf                          day
}

// addedFact is what came of an event; its names are a contract. It names nobody.
type addedFact struct {
	Kept      bool          `json:"kept"` // false: the same came in before
	Records   int           `json:"records"`
	Evaluated int           `json:"criteria_evaluated"`
	Changed   []changedFact `json:"changed"`
	Seconds   float64       `json:"wall_seconds"`
}

// changedFact is one criterion that says something else now.
type changedFact struct {
	Criterion string `json:"criterion"`
	Title     string `json:"title"`
	From      string `json:"from"`
	To        string `json:"to"`
	Gap       string `json:"gap,omitempty"` // with gap: what should be done
}

func (p *program) addFactCommand() *cobra.Command {
	f := addFactFlags{}
	c := &cobra.Command{Use: "add-fact", Short: "Take in one event between two snapshots", Args: args(cobra.NoArgs),
		Long: `Read one FHIR R4 resource from the standard input (Condition, Observation,
MedicationRequest, MedicationStatement, Procedure, Encounter, Immunization,
AllergyIntolerance, ServiceRequest or Coverage) and keep it until the next snapshot
of the register of health. When the command says so, it is kept for good. Its
patient is one whom the newest snapshot knows: by subject.reference (Patient/id), or
by subject.identifier of the system urn:oid:1.2.246.21. The same again changes
nothing; another version of the resource takes the place of the one before.

Then the criteria that read such facts are evaluated for that person, and those that
say something else than before are printed. A desk that is running follows by itself.
The next import of health records takes the events in.`,
		Example: `  ennakko register add-fact --data D --json < observation.json`,
		RunE: func(c *cobra.Command, _ []string) error {
			if l := person.Language(f.language); l != person.Finnish && l != person.Swedish && l != person.English {
				return fault.New(fault.Invalid, "cmd.add-fact", "there is no such language").Do("languages: fi, sv, en")
			}
			return p.addFact(c.Context(), f, p.in)
		}}
	f.flags(c)
	c.Flags().StringVar(&f.pack, "pack", "", "the folder of the library (the health criteria that come with the program, if it is left out)")
	c.Flags().StringVar(&f.zone, "zone", "", "the time zone of the calendar, as Europe/Helsinki (days as they are written, if it is left out)")
	c.Flags().StringVar(&f.language, "language", "en", "fi, sv or en")
	c.Flags().StringVar(&f.officer, "officer", "officer:event", "who sends it, for the record")
	c.Flags().Var(&f.asOf, "as-of", "the day as of which to decide (today, if it is left out)")
	return c
}

func (p *program) addFact(ctx context.Context, f addFactFlags, in io.Reader) (err error) {
	start := time.Now()
	var zone *time.Location
	if f.zone != "" {
		if zone, err = time.LoadLocation(f.zone); err != nil {
			return fault.New(fault.Invalid, "cmd.add-fact", "the time zone is not known").Do("write it as Europe/Helsinki")
		}
	}
	l, err := libraryIn(f.pack)
	if err != nil {
		return err
	}
	e, err := fhir.ReadEvent(in, zone)
	if err != nil {
		return err
	}
	a, err := f.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(ctx)) }()
	asOf := f.asOf.Time
	if asOf.IsZero() {
		asOf = a.Now()
	}
	added, err := a.AddEvent(ctx, e, l, asOf, f.officer)
	if err != nil {
		return err
	}
	out := addedFact{Kept: added.Fresh, Records: added.Records, Evaluated: added.Looked, Changed: []changedFact{}}
	lang := person.Language(f.language)
	for _, x := range added.Changed {
		line := changedFact{Criterion: x.Criterion.Name, Title: x.Criterion.Title.In(lang), From: string(x.From), To: string(x.To)}
		if line.To == "gap" {
			line.Gap = x.Criterion.Gap.In(lang)
		}
		out.Changed = append(out.Changed, line)
	}
	out.Seconds = time.Since(start).Seconds()
	if err := p.show(out, func(w io.Writer) { showAdded(w, out) }); err != nil {
		return err
	}
	return a.Sequence(ctx)
}

func showAdded(w io.Writer, x addedFact) {
	if !x.Kept {
		_, _ = fmt.Fprintln(w, "The same came in before; nothing was kept.")
		return
	}
	_, _ = fmt.Fprintf(w, "Kept: %d records. %d criteria read such facts; %d say something else now.\n", x.Records, x.Evaluated, len(x.Changed))
	for _, c := range x.Changed {
		_, _ = fmt.Fprintf(w, "  %s (%s): %s, before %s\n", c.Title, c.Criterion, c.To, c.From)
		if c.Gap != "" {
			_, _ = fmt.Fprintf(w, "    %s\n", c.Gap)
		}
	}
}
