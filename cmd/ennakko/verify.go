package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/audit/log"
	"ennakko/fault"
)

func (p *program) verifyCommand() *cobra.Command {
	var pl place
	var remembered, metrics string
	c := &cobra.Command{Use: "verify", Short: "Prove that the record is whole", Args: args(cobra.NoArgs),
		Long: `Hold every row of the audit record, every file of its log and every file of
facts against each other. If anything was changed, the first entry that does not
match is named and the exit code is 7. Works beside a running server.

Keep the checkpoint that is printed somewhere else. Given back with --remembered
it also shows whether the whole record was put back to an older state.`,
		Example: `  ennakko verify --data D
  ennakko verify --data D --remembered checkpoint.txt`,
		RunE: func(c *cobra.Command, _ []string) error { return p.runVerify(c.Context(), pl, remembered, metrics) }}
	pl.flags(c)
	c.Flags().StringVar(&metrics, "metrics", "", "a file to write for Prometheus: when it was checked, and whether it is whole")
	c.Flags().StringVar(&remembered, "remembered", "", "a file with a checkpoint that was kept elsewhere")
	return c
}

func (p *program) runVerify(ctx context.Context, pl place, remembered, metrics string) error {
	var opt log.VerifyOptions
	if remembered != "" {
		b, err := os.ReadFile(remembered)
		if err != nil {
			return fault.New(fault.Missing, "cmd.verify", "the remembered checkpoint cannot be read").Because(err)
		}
		opt.Remembered = string(b)
	}
	ap, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	opt.Progress = func(done, total uint64) { b.show("checking entries", int(done), int(total)) }
	rep, err := ap.Verify(ctx, opt)
	b.done()
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if whole := err == nil; whole || fault.KindOf(err) == fault.Tampered { // else nobody knows
		err = errors.Join(err, tellVerified(metrics, whole, time.Now()))
	}
	if err != nil {
		return err
	}
	return p.show(rep, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "The record is whole: %d entries in the log, %d not yet in it, %d files of the log and %d files of facts match.\n",
			rep.Entries, rep.Pending, rep.Files, rep.FactFiles)
		_, _ = fmt.Fprintf(w, "Keep this checkpoint elsewhere:\n%s", rep.Checkpoint)
	})
}
