package main

import (
	"context"
	"log/slog"
	"os"
	"strconv"

	"ennakko/config"
	"ennakko/fault"
	"ennakko/trace"
)

// The variables that say where traces of commands without a file of settings go.
const (
	tracesVar      = "ENNAKKO_TRACES"
	tracesRatioVar = "ENNAKKO_TRACES_RATIO"
)

// tracerOf makes the tracer of the settings; nil without the setting.
func tracerOf(ctx context.Context, t *config.Traces, name string, log *slog.Logger) (*trace.Tracer, error) {
	if t == nil {
		return nil, nil
	}
	return trace.New(ctx, trace.Options{Endpoint: t.Endpoint, Ratio: t.Part(), Instance: name,
		Failed: func(err error) { log.Warn("no traces", "error", err) }})
}

// tracerOfEnvironment makes the tracer that the environment names; nil if it
// names none.
func tracerOfEnvironment(ctx context.Context) (*trace.Tracer, error) {
	t := &config.Traces{Endpoint: os.Getenv(tracesVar)}
	if t.Endpoint == "" {
		return nil, nil
	}
	if s := os.Getenv(tracesRatioVar); s != "" {
		r, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, "cmd.traces", "%s is no number", tracesRatioVar)
		}
		t.Ratio = &r
	}
	return tracerOf(ctx, t, workerName(), slog.New(slog.NewTextHandler(os.Stderr, nil)))
}
