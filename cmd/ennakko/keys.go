package main

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

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

What was sealed before stays sealed with the older key, which stays for it. The
key by which people are found again (find.json) and that of the log are not
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
				return p.show(keys, func(w io.Writer) {
					for _, key := range keys {
						_, _ = fmt.Fprintf(w, "%10d  %s\n", key.ID, map[bool]string{true: "seals", false: "opens"}[key.Sealing])
					}
				})
			}}
		s.Flags().StringVar(&data, "data", "", "the folder of data (needed)")
		c.AddCommand(s)
	}
	return c
}
