package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ennakko/fault"
	"ennakko/register/adapter"
)

// adapterCommand is run by the keeper of a register, in front of the register's
// own interface.
func (p *program) adapterCommand() *cobra.Command {
	var file string
	var check bool
	c := &cobra.Command{Use: "adapter", Short: "Guard a register: hand over only under a permission that stands", Args: args(cobra.NoArgs),
		Long: `Stand in front of a register's own interface. Of each request: know the client by
its certificate, ask the city whether the person's permission stands, ask the
register, cut the answer to the permitted fields, ask the city again, write a mark
to the disk, and only then hand over. The person sees the mark.

It hands nothing over when the city does not answer. docs/sources.md tells what
stands in the file of settings.`,
		Example: `  ennakko adapter --config /etc/ennakko/adapter.yaml --check
  ennakko adapter --config /etc/ennakko/adapter.yaml`,
		RunE: func(c *cobra.Command, _ []string) error {
			set, err := adapter.Read(file, os.Getenv)
			if err != nil {
				return err
			}
			if check {
				_, err := p.out.Write([]byte("The settings are whole.\n"))
				return fault.Wrap(err, "cmd.adapter", "the result cannot be written")
			}
			return p.runAdapter(c.Context(), set)
		}}
	c.Flags().StringVar(&file, "config", "/etc/ennakko/adapter.yaml", "the file of settings")
	c.Flags().BoolVar(&check, "check", false, "check the file and open nothing")
	return c
}

func (p *program) runAdapter(ctx context.Context, set adapter.Config) error {
	log := slog.New(slog.NewJSONHandler(p.err, nil))
	a, err := adapter.New(set, adapter.Options{Log: log})
	if err != nil {
		return err
	}
	lines, err := a.TLS()
	if err != nil {
		return errors.Join(err, a.Close())
	}
	telling, err := a.Telling()
	if err != nil {
		return errors.Join(err, a.Close())
	}
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Deliver(gctx) })
	g.Go(func() error { return serveLines(gctx, set.Listen, lines, a, log) })
	if set.Tell != "" {
		g.Go(func() error { return serveOn(gctx, set.Tell, telling) })
	}
	err = g.Wait()
	log.Info("stopped", "marks_waiting", a.Waiting())
	return errors.Join(err, a.Close())
}

// serveLines serves over mutual TLS until ctx ends; what is under way is ended
// first. Faults of single lines go to the log.
func serveLines(ctx context.Context, addr string, lines *tls.Config, h http.Handler, log *slog.Logger) error {
	const op = "cmd.adapter"
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fault.New(fault.Conflict, op, "the address %s cannot be served on", addr).Because(err).Do("choose another, or stop what serves there")
	}
	s := &http.Server{Handler: h, TLSConfig: lines, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	log.Info("guarding", "address", l.Addr().String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		_ = s.Shutdown(end)
	}()
	if err := s.Serve(tls.NewListener(l, lines)); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(err, op, "the address cannot be served on any more")
	}
	<-done
	return nil
}
