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
	"ennakko/service"
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

func (p *program) checkCommand() *cobra.Command {
	return &cobra.Command{Use: "check FOLDER", Short: "Check packs: all faults at once, with file and line", Args: args(cobra.ExactArgs(1)),
		Long: `Check every pack in a folder: its five conditions, criteria, messages in three
languages, and the made-up people who each must get the finding they are written
with. All faults come at once, each with its file and line.`,
		Example: `  ennakko check packs`,
		RunE: func(_ *cobra.Command, a []string) error {
			if _, err := os.Stat(a[0]); err != nil {
				return fault.New(fault.Missing, "cmd.check", "there is no folder of packs of that name")
			}
			list, err := service.CheckAll(os.DirFS(a[0]), app.Catalog())
			if err != nil {
				return err
			}
			type checked struct {
				Name     string `json:"name"`
				Version  string `json:"version"`
				Hash     string `json:"hash"`
				Criteria int    `json:"criteria"`
			}
			out := []checked{}
			for _, k := range list {
				out = append(out, checked{k.Name(), k.Version(), k.Hash(), len(k.Criteria())})
			}
			return p.show(out, func(w io.Writer) {
				for _, k := range out {
					_, _ = fmt.Fprintf(w, "%s %s: good (%d criteria, hash %.12s)\n", k.Name, k.Version, k.Criteria, k.Hash)
				}
			})
		}}
}
