package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ennakko/app"
)

func (p *program) checkpointCommand() *cobra.Command {
	c := &cobra.Command{Use: "checkpoint", Short: "Publish the signed state of the record day by day", Args: args(cobra.NoArgs), RunE: help}
	var pl place
	var to []string
	publish := &cobra.Command{Use: "publish", Short: "Write the newest checkpoint as a file of the day", Args: args(cobra.NoArgs),
		Long: `Write the newest checkpoint of the record as a file of the day, such as
2026-10-05.txt, into the folder checkpoints in the folder of data, which /open/checkpoints
shows, and into each folder named with --to. Put the second on a machine that the city's
administrators cannot write to, or let others copy it.

A file that is there is never changed, so the command can run twice on one day. It
refuses, with exit code 7, when the record did not grow out of what was published
before, and with exit code 5 on a day before the newest that was published. Run it
once a day by cron.`,
		Example: `  ennakko checkpoint publish --data D
  ennakko checkpoint publish --data D --to /srv/published`,
		RunE: func(c *cobra.Command, _ []string) error { return p.runPublish(c.Context(), pl, to) }}
	pl.flags(publish)
	publish.Flags().StringArrayVar(&to, "to", nil, "a further folder to write to; may be given several times")
	c.AddCommand(publish)
	return c
}

// publishedResult is what was published, for machines.
type publishedResult struct {
	Day        string `json:"day"`
	Added      bool   `json:"added"` // false: the day had its file already
	Checkpoint string `json:"checkpoint"`
}

func (p *program) runPublish(ctx context.Context, pl place, to []string) error {
	ap, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	out, added, err := ap.PublishCheckpoint(ctx, to...)
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return p.show(publishedResult{out.Day, added, out.Text}, func(w io.Writer) {
		if !added {
			_, _ = fmt.Fprintf(w, "The checkpoint of %s is published already; nothing was written.\n", out.Day)
			return
		}
		_, _ = fmt.Fprintf(w, "Published the checkpoint of %s:\n%s", out.Day, out.Text)
	})
}
