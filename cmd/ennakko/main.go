// Command ennakko is the whole program: it makes a city, imports registers,
// runs rounds, serves pages and proves the record.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"ennakko/fault"
)

// Exit codes. Scripts may rely on them.
const (
	exitOK       = 0
	exitInternal = 1 // a defect, or a cause outside the program
	exitInvalid  = 2 // the command line or the input is wrong
	exitRefused  = 3 // not allowed
	exitMissing  = 4 // there is no such thing
	exitConflict = 5 // it exists already, or another process is at it
	exitLater    = 6 // stopped; the same command goes on
	exitTampered = 7 // a record does not match its proof
)

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	switch fault.KindOf(err) {
	case fault.Invalid:
		return exitInvalid
	case fault.Refused:
		return exitRefused
	case fault.Missing:
		return exitMissing
	case fault.Conflict:
		return exitConflict
	case fault.Later:
		return exitLater
	case fault.Tampered:
		return exitTampered
	}
	return exitInternal
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	tracer, err := tracerOfEnvironment(ctx)
	if err == nil {
		err = root(os.Stdin, os.Stdout, os.Stderr).ExecuteContext(tracer.In(ctx))
	}
	stop()
	_ = tracer.Close() // the work is done whether or not a collector knows
	if err != nil {
		tell(os.Stderr, err)
	}
	os.Exit(exitCode(err))
}

// tell prints every fault on a line of its own.
func tell(w io.Writer, err error) {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			tell(w, e)
		}
		return
	}
	_, _ = fmt.Fprintln(w, "ennakko:", err)
}

// wrongUsage is the fault of a command line that cannot be understood.
func wrongUsage(err error) error {
	return fault.New(fault.Invalid, "cmd", "the command line is wrong").Because(err).Do("see --help")
}

const about = `Ennakko finds the people who need a service before they ask, asks them in one
text message, and keeps a record that nobody can quietly change.

Start here:
  ennakko demo                         a made-up city in your browser
  ennakko city --out files             write register files of a made-up city
  ennakko register import --data D files
  ennakko round run pre-primary --data D --as-of 2021-01-07 --answers simulated
  ennakko verify --data D              prove the record

Exit codes: 0 done; 1 something broke; 2 the input or the command line is wrong;
3 refused; 4 missing; 5 in conflict; 6 stopped, run it again to go on; 7 a record
does not match its proof.`

// program is what the commands share.
type program struct {
	in       io.Reader
	out, err io.Writer
	json     bool
}

func root(in io.Reader, out, errw io.Writer) *cobra.Command {
	p := &program{in: in, out: out, err: errw}
	c := &cobra.Command{Use: "ennakko", Short: "Find the people who need a service before they ask", Long: about,
		SilenceUsage: true, SilenceErrors: true, Args: args(cobra.NoArgs), RunE: help}
	c.PersistentFlags().BoolVar(&p.json, "json", false, "print the result as one JSON object, for machines")
	c.SetOut(out)
	c.SetErr(errw)
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongUsage(err) })
	c.CompletionOptions.DisableDefaultCmd = true
	c.AddCommand(p.demoCommand(), p.serveCommand(), p.cityCommand(), p.registerCommand(), p.checkCommand(), p.findCommand(), p.findingCommand(), p.feeCommand(), p.roundCommand(), p.usesCommand(), p.verifyCommand(), p.workerCommand(), p.jobsCommand(), p.webhooksCommand(), p.settingsCommand(), p.migrateCommand(), p.moveCommand(), p.backupCommand(), p.restoreCommand(), p.lostCommand(), p.eraseCommand(), p.keysCommand(), p.benchCommand(), p.permissionCommand(), p.adapterCommand(), p.sourcesCommand(), p.incomesCommand(), p.proofCommand(), p.careCommand(), p.effectCommand(), p.tokenCommand(), p.needsCommand(), p.checkpointCommand())
	return c
}

// help is what a command that only groups others does.
func help(c *cobra.Command, _ []string) error { return c.Help() }

// args wraps cobra's check of the number of arguments into our fault.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, a []string) error {
		if err := check(c, a); err != nil {
			return wrongUsage(err)
		}
		return nil
	}
}

// show prints a result: as JSON for machines or as lines for people.
func (p *program) show(v any, lines func(w io.Writer)) error {
	if !p.json {
		lines(p.out)
		return nil
	}
	e := json.NewEncoder(p.out)
	e.SetEscapeHTML(false)
	return fault.Wrap(e.Encode(v), "cmd.show", "the result cannot be written")
}
