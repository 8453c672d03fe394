package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ennakko/audit/log"
	"ennakko/fault"
)

func (p *program) proofCommand() *cobra.Command {
	c := &cobra.Command{Use: "proof", Short: "Check what a person took along from the record of uses", Args: args(cobra.NoArgs), RunE: help}
	var verifier, published string
	check := &cobra.Command{Use: "check FILE", Short: "Check a proof without the city", Args: args(cobra.ExactArgs(1)),
		Long: `Check a file that was downloaded from the page of an entry in the record of uses.
It needs no network, no folder of data and nothing of the city's but the public key
of its record, which is shown at /open/proof; take it from somewhere else than the
file. With --checkpoint, a checkpoint that was saved earlier from /open or was
published, it also shows that the record was only added to since.`,
		Example: `  ennakko proof check ennakko-proof-43.json --verifier ennakko/record+0a1b2c3d+AbC... --checkpoint ennakko-checkpoint.txt`,
		RunE:    func(_ *cobra.Command, a []string) error { return p.runProofCheck(a[0], verifier, published) }}
	check.Flags().StringVar(&verifier, "verifier", "", "the public key of the record, or a file that holds it (needed)")
	check.Flags().StringVar(&published, "checkpoint", "", "a file with a checkpoint that was kept elsewhere")
	c.AddCommand(check)
	return c
}

// proofResult is what a proof shows, for machines.
type proofResult struct {
	log.Checked
	Kind    string    `json:"actor,omitempty"`
	Verb    string    `json:"verb,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Purpose string    `json:"purpose,omitempty"`
	Basis   string    `json:"basis,omitempty"`
	Fields  []string  `json:"fields,omitempty"`
}

func (p *program) runProofCheck(file, verifier, published string) error {
	raw, err := readSmall(file)
	if err != nil {
		return err
	}
	f, err := log.ParseFile(raw)
	if err != nil {
		return err
	}
	if verifier == "" {
		return fault.New(fault.Invalid, "cmd.proof", "the public key of the record is needed").Do("give it with --verifier; it is shown at /open/proof")
	}
	if _, err := os.Stat(verifier); err == nil {
		b, err := readSmall(verifier)
		if err != nil {
			return err
		}
		verifier = string(b)
	}
	var older []byte
	if published != "" {
		if older, err = readSmall(published); err != nil {
			return err
		}
		if len(older) == 0 {
			return fault.New(fault.Invalid, "cmd.proof", "the file of the checkpoint is empty")
		}
	}
	c, err := f.Check(strings.TrimSpace(verifier), string(older))
	if err != nil {
		return err
	}
	e := c.Entry
	return p.show(proofResult{c, e.Actor, e.Verb, e.At, e.Purpose, e.Basis, e.Fields}, func(w io.Writer) { printProof(w, c) })
}

func printProof(w io.Writer, c log.Checked) {
	_, _ = fmt.Fprintf(w, "The proof holds: entry %d stands in the record, which had %d entries then.\n", c.Seq, c.Size)
	if c.Published {
		_, _ = fmt.Fprintln(w, "The record went on unchanged from the checkpoint that was given.")
	}
	if !c.Shown {
		_, _ = fmt.Fprintln(w, "It has an older form, whose content cannot be shown to one person alone: only that it is there is proved.")
		return
	}
	_, _ = fmt.Fprintf(w, "It covers the person with the number %d in the city's records:\n", c.Person)
	for _, x := range [][2]string{{"who", c.Entry.Actor}, {"did", c.Entry.Verb}, {"when", c.Entry.At.Format(time.RFC3339)}, {"what for", c.Entry.Purpose}, {"by which law", c.Entry.Basis}, {"data", strings.Join(c.Entry.Fields, ", ")}} {
		if x[1] != "" {
			_, _ = fmt.Fprintf(w, "  %-12s %q\n", x[0], x[1]) // quoted: a file may hold anything
		}
	}
}

// readSmall reads a file that is no longer than a proof may be, and a byte more.
func readSmall(path string) ([]byte, error) {
	const op = "cmd.proof"
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Missing, op, "a file cannot be read").Because(err)
	}
	b, err := io.ReadAll(io.LimitReader(f, log.MostFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fault.New(fault.Missing, op, "a file cannot be read").Because(err)
	}
	return b, nil
}
