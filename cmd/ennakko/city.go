package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ennakko/fault"
	"ennakko/testcity"
)

func (p *program) cityCommand() *cobra.Command {
	opt := testcity.Options{}
	var out string
	var sample int
	snapshot := day{time.Date(2021, 1, 4, 0, 0, 0, 0, time.UTC)}
	c := &cobra.Command{Use: "city", Short: "Write register files of a made-up city", Args: args(cobra.NoArgs),
		Long: `Write the register files of a made-up Helsinki of any size. Ages, districts and
languages follow the city's own statistics; names, codes and numbers are made up.
The same seed gives the same files.`,
		Example: `  ennakko city --residents 640000 --seed 7 --out files
  ennakko city --residents 640000 --seed 7 --out later --next     # the same city a week later
  ennakko city --residents 640000 --out files --health --fhir-sample 1000`,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" || opt.Residents < testcity.Fewest || opt.Residents > testcity.Most {
				return fault.New(fault.Invalid, "cmd.city", "--out is missing, or --residents is not from %d to %d", testcity.Fewest, testcity.Most)
			}
			opt.Day = snapshot.Time
			start := time.Now()
			b := newBars(p.err)
			sum, err := testcity.Write(c.Context(), out, opt, func(done, total int) { b.show("writing people", done, total) })
			b.done()
			if err != nil {
				return err
			}
			if sample > 0 {
				n, err := testcity.WriteFHIR(c.Context(), out+"-fhir", opt, testcity.Sample{People: sample})
				if err != nil {
					return err
				}
				_, _ = fmt.Fprintf(p.err, "%d FHIR resources of %d people written to %s-fhir\n", n, sample, out)
			}
			return p.show(sum, func(w io.Writer) {
				if h := sum.Health; h != nil {
					_, _ = fmt.Fprintf(w, "Health records of %d people: %d rows, %.1f for each\n", h.People, h.Records, float64(h.Records)/float64(max(h.People, 1)))
				}
				_, _ = fmt.Fprintf(w, "%d residents written to %s in %.1f s. Next: ennakko register import --data D %s\n", opt.Residents, out, time.Since(start).Seconds(), out)
			})
		}}
	c.Flags().IntVar(&opt.Residents, "residents", 640000, "how many people live in the city")
	c.Flags().Uint64Var(&opt.Seed, "seed", 7, "another seed is another city")
	c.Flags().StringVar(&out, "out", "", "the folder to write (needed)")
	c.Flags().BoolVar(&opt.Gzip, "gzip", false, "gzip the files")
	c.Flags().BoolVar(&opt.Health, "health", false, "write health records, too: some 80 rows for each person, as files of facts")
	c.Flags().IntVar(&sample, "fhir-sample", 0, "write the health records of so many people as FHIR NDJSON, too, into a folder beside --out")
	c.Flags().BoolVar(&opt.Next, "next", false, "write the snapshot of a week later")
	c.Flags().Var(&snapshot, "day", "the day of the snapshot")
	return c
}
