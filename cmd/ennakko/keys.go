package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/fault"
	"ennakko/store/vault"
)

// keysCommand changes the key that personal values are sealed with.
func (p *program) keysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Change the key that personal values are sealed with", Args: args(cobra.NoArgs), RunE: help,
		Long: `Change the key that identity codes, names, numbers and messages are sealed with.

  1. ennakko keys add    a new key is made; it only opens
  2. start all processes again, so that they know it
  3. ennakko keys use    new values are sealed with it
  4. copy the folder keys anew to where its copy is kept

What was sealed before stays sealed with the older key, which stays for it. To be
rid of the older key:

  5. start all processes again, so that none seals with the older key
  6. ennakko keys reseal   what is sealed with older keys is sealed anew
  7. ennakko keys retire   the older keys are taken away
  8. copy the folder keys anew. Older backups still need the older copy of it.

The key by which people are found again (find.json) and that of the log are not
changed by this.`}
	for _, k := range []struct {
		name, short, long string
		do                func(string) ([]vault.Key, error)
	}{
		{"list", "List the keys by their numbers", "List the keys by their numbers, the oldest first, and tell which one seals. The keys\nthemselves are not shown.", vault.Keys},
		{"add", "Make a new key that does not seal yet", "Make a new key that opens and does not seal yet. Then start all processes again.", vault.AddKey},
		{"use", "Let the newest key seal", "Let the newest key seal new values. A process that was not started again since the key\nwas added could not open them.", vault.UseKey},
	} {
		var data string
		s := &cobra.Command{Use: k.name, Short: k.short, Long: k.long, Args: args(cobra.NoArgs), Example: "  ennakko keys " + k.name + " --data D",
			RunE: func(*cobra.Command, []string) error {
				if data == "" {
					return fault.New(fault.Invalid, "cmd.keys", "no folder of data is named").Do("name one with --data")
				}
				keys, err := k.do(filepath.Join(data, "keys"))
				if err != nil {
					return err
				}
				return p.showKeys(keys)
			}}
		s.Flags().StringVar(&data, "data", "", "the folder of data (needed)")
		c.AddCommand(s)
	}
	c.AddCommand(p.resealCommand(), p.retireCommand())
	return c
}

type resealResult struct {
	Rows map[string]int `json:"rows"` // by table
}

func (p *program) resealCommand() *cobra.Command {
	var f eraseFlags
	c := &cobra.Command{Use: "reseal", Short: "Seal anew what is sealed with older keys", Args: args(cobra.NoArgs),
		Long: `Seal anew, with the key that seals now, all that is sealed with older keys. It may
run beside workers and servers, in steps that each stand on the record, and it may
be cut off at any moment: the same command goes on.

From its beginning on, a process that was not started again since the newest key
began to seal is refused when it wants to seal something. It is told to start
again; nothing is lost.`,
		Example: "  ennakko keys reseal --data D",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := f.place.open(c.Context(), app.RealClock{}, false)
			if err != nil {
				return err
			}
			b := newBars(p.err)
			rows, err := a.Reseal(c.Context(), f.officer, b.show)
			b.done()
			err = errors.Join(err, a.Sequence(context.WithoutCancel(c.Context())), a.Close(context.WithoutCancel(c.Context())))
			if err != nil {
				return err
			}
			return p.show(resealResult{rows}, func(w io.Writer) {
				for _, table := range slices.Sorted(maps.Keys(rows)) {
					_, _ = fmt.Fprintf(w, "%10d  %s\n", rows[table], table)
				}
				_, _ = fmt.Fprintln(w, "Nothing is sealed with older keys any more: ennakko keys retire takes them away.")
			})
		}}
	f.flags(c)
	c.Flags().StringVar(&f.officer, "officer", "system:keys", "who does it, for the record")
	return c
}

func (p *program) retireCommand() *cobra.Command {
	var f eraseFlags
	c := &cobra.Command{Use: "retire", Short: "Take away the keys that nothing is sealed with any more", Args: args(cobra.NoArgs),
		Long: `Take away the keys from before the one that seals. It is refused while anything is
sealed with one of them: seal it anew first. Backups from before stay sealed with
the older keys: keep the older copy of the folder keys for as long as you keep
them, and remove both together.`,
		Example: "  ennakko keys retire --data D",
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := f.place.open(c.Context(), app.RealClock{}, false)
			if err != nil {
				return err
			}
			keys, err := a.RetireKeys(c.Context(), f.officer)
			err = errors.Join(err, a.Sequence(context.WithoutCancel(c.Context())), a.Close(context.WithoutCancel(c.Context())))
			if err != nil {
				return err
			}
			return p.showKeys(keys)
		}}
	f.flags(c)
	c.Flags().StringVar(&f.officer, "officer", "system:keys", "who does it, for the record")
	return c
}

func (p *program) showKeys(keys []vault.Key) error {
	return p.show(keys, func(w io.Writer) {
		for _, key := range keys {
			_, _ = fmt.Fprintf(w, "%10d  %s\n", key.ID, map[bool]string{true: "seals", false: "opens"}[key.Sealing])
		}
	})
}
