package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
)

func (p *program) usesCommand() *cobra.Command {
	var pl place
	var officer string
	c := &cobra.Command{Use: "uses", Short: "Answer one person's question who used their data, and why", Args: args(cobra.NoArgs),
		Long: `Tell who read or changed what is known of one person, when, for which purpose
and by which law, from the record. The identity code is read from the standard
input, so that it stands in no list of commands. The answer is on the record, too.`,
		Example: `  ennakko uses --data D            # then write the identity code and press Enter
  ennakko uses --data D --json <code.txt`,
		RunE: func(c *cobra.Command, _ []string) error { return p.runUses(c.Context(), pl, officer) }}
	pl.flags(c)
	c.Flags().StringVar(&officer, "officer", "officer:access", "who answers, for the record")
	return c
}

// use is one entry about a person; its names are a contract.
type use struct {
	Entry   uint64    `json:"entry"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Verb    string    `json:"verb"`
	Purpose string    `json:"purpose"`
	Law     string    `json:"law"`
	Object  string    `json:"object,omitempty"`
	Fields  []string  `json:"fields"`
}

// mostCode is the longest line in which a code is looked for, in bytes.
const mostCode = 100

// readCode reads an identity code from the standard input.
func (p *program) readCode() (person.Code, error) {
	line, err := p.readLine("identity code")
	if err != nil {
		return person.Code{}, err
	}
	return person.ParseCode(line)
}

// readLine reads a line of the standard input; what says of what it is.
func (p *program) readLine(what string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(p.in, mostCode)).ReadString('\n')
	if err != nil && line == "" {
		return "", fault.New(fault.Invalid, "cmd.readLine", "there is no %s on the standard input", what).Do("write it and press Enter")
	}
	return strings.TrimSpace(line), nil
}

func (p *program) runUses(ctx context.Context, pl place, officer string) error {
	code, err := p.readCode()
	if err != nil {
		return err
	}
	ap, err := pl.open(ctx, app.RealClock{}, false)
	if err != nil {
		return err
	}
	entries, err := ap.Uses(ctx, code, officer)
	if err == nil {
		err = ap.Sequence(ctx)
	}
	if cerr := ap.Close(ctx); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	out := struct {
		Uses []use `json:"uses"`
	}{usesOf(entries)}
	return p.show(out, func(w io.Writer) {
		for _, u := range out.Uses {
			_, _ = fmt.Fprintf(w, "%s  entry %d  %s: %s\n", u.At.Format("2006-01-02 15:04"), u.Entry, u.Actor, u.Verb)
			if len(u.Fields) > 0 {
				_, _ = fmt.Fprintf(w, "    data: %s\n", strings.Join(u.Fields, ", "))
			}
			_, _ = fmt.Fprintf(w, "    why: %s (%s)\n", u.Purpose, u.Law)
		}
	})
}

func usesOf(entries []audit.Entry) []use {
	out := make([]use, 0, len(entries))
	for _, e := range entries {
		u := use{e.Seq, e.At, e.Actor, e.Verb, e.Purpose, e.Basis, e.Object, e.Fields}
		if u.Fields == nil {
			u.Fields = []string{}
		}
		if strings.HasPrefix(u.Actor, "resident:") {
			u.Actor = "resident"
		}
		out = append(out, u)
	}
	return out
}
