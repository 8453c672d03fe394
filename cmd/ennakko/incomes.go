package main

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/spf13/cobra"

	"ennakko/fault"
	"ennakko/testcity/incomes"
)

// incomesCommand serves a made-up register, for the demo and for trials of an
// adapter.
func (p *program) incomesCommand() *cobra.Command {
	var addr, key string
	var seed uint64
	c := &cobra.Command{Use: "incomes", Short: "Serve a made-up register of incomes on this machine", Args: args(cobra.NoArgs),
		Long: `Serve a made-up register of incomes, for the demo and for trials. Everybody's income
follows from the seed and a keyed hash of the identity code. It serves on the
loopback only, without TLS: an adapter stands in front of it.

POST /incomes asks; POST /control/orders, /control/raises and /control/release let
it misbehave and let pay rise.`,
		Example: `  ennakko incomes --listen 127.0.0.1:9443
  curl -H 'Content-Type: application/json' -d '["down","wrong person"]' http://127.0.0.1:9443/control/orders`,
		RunE: func(c *cobra.Command, _ []string) error {
			host, _, err := net.SplitHostPort(addr)
			if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
				return fault.New(fault.Refused, "cmd.incomes", "the made-up register serves on the loopback only").Do("--listen 127.0.0.1:9443")
			}
			r, err := incomes.New(incomes.Options{Seed: seed, Key: []byte(key)})
			if err != nil {
				return err
			}
			return p.serveIncomes(c.Context(), addr, r)
		}}
	c.Flags().StringVar(&addr, "listen", "127.0.0.1:9443", "the address on the loopback")
	c.Flags().Uint64Var(&seed, "seed", 1, "another seed gives other incomes")
	c.Flags().StringVar(&key, "key", "made-up", "of the hash of identity codes")
	return c
}

func (p *program) serveIncomes(ctx context.Context, addr string, r *incomes.Register) error {
	m := http.NewServeMux()
	m.Handle("/", r.Handler())
	m.Handle("/control/", http.StripPrefix("/control", r.Control()))
	_, _ = fmt.Fprintln(p.out, "A made-up register of incomes serves at http://"+addr)
	return serveOn(ctx, addr, m)
}
