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
)

// moment is a flag that holds a moment.
type moment struct{ time.Time }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

func (m *moment) Type() string { return "moment" }

func (m *moment) Set(s string) (err error) {
	m.Time, err = time.Parse(time.RFC3339, s)
	if err != nil {
		return fault.New(fault.Invalid, "cmd", "not a moment").Do("write it as 2021-01-07T09:30:00+02:00")
	}
	return nil
}

func (p *program) backupCommand() *cobra.Command {
	var pl place
	var to string
	c := &cobra.Command{Use: "backup", Short: "Copy everything but the keys, while rounds run", Args: args(cobra.NoArgs),
		Long: `Copy the records as they are at one moment, their log and the files of facts into a
new folder, while rounds and imports go on. The records in it are one file,
whatever database the city has. The keys are not in it: keep a copy of the folder
keys elsewhere, once. Who has both can read everything.`,
		Example: `  ennakko backup --data D --to /backup/2021-01-07`,
		RunE:    func(c *cobra.Command, _ []string) error { return p.runBackup(c.Context(), pl, to) }}
	c.Flags().StringVar(&pl.data, "data", "", "the folder of data (needed)")
	c.Flags().StringVar(&to, "to", "", "the new folder (needed)")
	return c
}

func (p *program) runBackup(ctx context.Context, pl place, to string) error {
	if to == "" {
		return fault.New(fault.Invalid, "cmd.backup", "no folder for the backup is named").Do("name one with --to")
	}
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	b := newBars(p.err)
	made, err := a.Backup(ctx, to, b.show)
	b.done()
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	type result struct {
		At         time.Time `json:"at"`
		Entries    uint64    `json:"entries"`
		Files      int       `json:"files"`
		Bytes      int64     `json:"bytes"`
		Checkpoint string    `json:"checkpoint"`
	}
	r := result{At: made.At, Entries: made.Entries, Files: len(made.Files), Checkpoint: made.Checkpoint}
	for _, f := range made.Files {
		r.Bytes += f.Size
	}
	return p.show(r, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "The backup of %s is whole: %d entries, %d files, %.1f MB.\n", r.At.Format(time.RFC3339), r.Entries, r.Files, float64(r.Bytes)/1e6)
		_, _ = fmt.Fprintln(w, "Carry it elsewhere. The keys are not in it.")
	})
}

func (p *program) restoreCommand() *cobra.Command {
	var pl place
	var from, keys string
	until := moment{}
	c := &cobra.Command{Use: "restore", Short: "Bring a backup back", Args: args(cobra.NoArgs),
		Long: `Bring a backup back into a new folder of data, with the keys from another folder.

What happened between the backup and the moment at which the city stopped (--until)
is lost. A message that was to go out in that time may have been sent: it is not
sent again but put before a person. Rounds are paused until an officer resumes
them at the desk; what is still to come, deadlines included, is then put off. The record says
all this. Then, for PostgreSQL: ennakko move.`,
		Example: `  ennakko restore --from /backup/2021-01-07 --keys /safe/keys --data D --until 2021-01-07T11:40:00+02:00`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.runRestore(c.Context(), pl, from, keys, until.Time)
		}}
	pl.flags(c)
	c.Flags().StringVar(&from, "from", "", "the folder of the backup (needed)")
	c.Flags().StringVar(&keys, "keys", "", "the folder with the copy of the keys (needed)")
	c.Flags().Var(&until, "until", "when the last message can have gone out (usual: now)")
	return c
}

func (p *program) runRestore(ctx context.Context, pl place, from, keys string, until time.Time) error {
	if pl.data == "" || from == "" || keys == "" {
		return fault.New(fault.Invalid, "cmd.restore", "a folder is not named").Do("name all three: --from, --keys and --data")
	}
	clock := app.RealClock{}
	if until.IsZero() {
		until = clock.Now()
	}
	b := newBars(p.err)
	done, err := app.Restore(ctx, app.Config{Data: pl.data, Packs: pl.packFS(), Clock: clock}, from, keys, until, b.show)
	b.done()
	if err != nil {
		return err
	}
	return p.showRestored(done)
}

func (p *program) showRestored(done app.Restored) error {
	return p.show(done, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Lost: what happened from %s until %s.\n", done.Since.Format(time.RFC3339), done.Until.Format(time.RFC3339))
		_, _ = fmt.Fprintf(w, "%d sends are uncertain: officers find them in their queue.\n", done.Uncertain)
		_, _ = fmt.Fprintf(w, "%d rounds are paused: an officer resumes them at the desk.\n", done.Paused)
		_, _ = fmt.Fprintln(w, "Answers and objections of that time are gone: ask the operator what it delivered, and tell the families.")
	})
}

func (p *program) lostCommand() *cobra.Command {
	var pl place
	var since, until moment
	c := &cobra.Command{Use: "lost", Short: "Go through a time of which the records are lost", Args: args(cobra.NoArgs),
		Long: `For records that were brought back by other means than ` + "`ennakko restore`" + `, such as
PostgreSQL's own: do what that command does about the time that is lost. The log of
the record must be no newer than the records. Nothing else may run.`,
		Example: `  ` + databaseVar + `=postgres://w@db/ennakko ennakko lost --data D --since 2021-01-07T11:39:00+02:00 --until 2021-01-07T11:40:00+02:00`,
		RunE: func(c *cobra.Command, _ []string) error {
			return p.runLost(c.Context(), pl, app.Lost{Since: since.Time, Until: until.Time})
		}}
	pl.flags(c)
	c.Flags().Var(&since, "since", "the moment of which the records are (needed)")
	c.Flags().Var(&until, "until", "when the last message can have gone out (needed)")
	return c
}

func (p *program) runLost(ctx context.Context, pl place, l app.Lost) error {
	if l.Since.IsZero() || !l.Since.Before(l.Until) {
		return fault.New(fault.Invalid, "cmd.lost", "the time is not whole").Do("name its beginning and its later end: --since and --until")
	}
	a, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	done, err := a.Lost(ctx, l)
	if err == nil {
		err = a.Sequence(ctx)
	}
	if err = errors.Join(err, a.Close(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return p.showRestored(done)
}
