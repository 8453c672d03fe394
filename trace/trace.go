// Package trace tells a collector of OpenTelemetry how long the parts of the work
// take and which one waited for which. It is off unless a context was given a
// tracer, and costs next to nothing then.
//
// No personal data is in it, by its form: names are constants of the program,
// everything else is a count. An error is told by its kind alone.
package trace

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"

	"ennakko/fault"
)

// Name is a name of the program's own: of a piece of work, of what is counted, of
// an act, of a route. A constant text is one; anything else must be made one in
// so many words, and never from what is known of a person.
type Name string

// Tracer makes spans. Nil makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   otel.Tracer
}

// Options say where spans go.
type Options struct {
	Endpoint string      // the collector's address for OTLP over HTTP: http://127.0.0.1:4318
	Ratio    float64     // which part of all traces is told, from above 0 to 1
	Instance string      // tells this process from others
	Failed   func(error) // is told, at most once a minute, that the collector takes nothing; may be nil
}

// New makes a tracer that sends to a collector in the background. What a
// collector does not take in time is thrown away: it never holds work up.
func New(ctx context.Context, o Options) (*Tracer, error) {
	e, err := exporter(ctx, o)
	if err != nil {
		return nil, err
	}
	b := sdk.NewBatchSpanProcessor(e, sdk.WithBatchTimeout(batchEvery), sdk.WithExportTimeout(exportTime))
	return over(b, o.Ratio, o.Instance), nil
}

// To makes a tracer that hands every span at once to an exporter of the caller's.
func To(e sdk.SpanExporter) *Tracer { return over(sdk.NewSimpleSpanProcessor(e), 1, "") }

func over(p sdk.SpanProcessor, ratio float64, instance string) *Tracer {
	about := resource.NewSchemaless(attribute.String("service.name", "ennakko"), attribute.String("service.instance.id", instance))
	pr := sdk.NewTracerProvider(sdk.WithSpanProcessor(p), sdk.WithResource(about), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(ratio))))
	return &Tracer{pr, pr.Tracer("ennakko")}
}

// parting is how long a collector has to take what is left.
const parting = 3 * time.Second

// Close sends what is left, for three seconds at most.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), parting)
	defer cancel()
	return fault.Wrap(t.provider.Shutdown(ctx), "trace.Close", "the last traces did not reach the collector")
}

type key struct{}

// In gives a context a tracer: all that is done under it is told.
func (t *Tracer) In(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, t)
}

// Span is a piece of work under way. Nil is one that is not told.
type Span struct{ span otel.Span }

// Start begins a piece of work. What is done under the context that it returns is
// a part of it.
func Start(ctx context.Context, n Name) (context.Context, *Span) { return StartAgo(ctx, n, 0) }

// StartAgo begins a piece of work that has been going on for a time, such as since
// a message came.
func StartAgo(ctx context.Context, n Name, ago time.Duration) (context.Context, *Span) {
	t, on := ctx.Value(key{}).(*Tracer)
	if !on {
		return ctx, nil
	}
	var opts []otel.SpanStartOption
	if ago > 0 {
		opts = append(opts, otel.WithTimestamp(time.Now().Add(-ago)))
	}
	ctx, s := t.tracer.Start(ctx, string(n), opts...)
	return ctx, &Span{s}
}

// Count says how many there were.
func (s *Span) Count(what Name, n int) {
	if s != nil {
		s.span.SetAttributes(attribute.Int(string(what), n))
	}
}

// Say says one of the program's own words.
func (s *Span) Say(what, word Name) {
	if s != nil {
		s.span.SetAttributes(attribute.String(string(what), string(word)))
	}
}

// Event says that a step was reached.
func (s *Span) Event(n Name) {
	if s != nil {
		s.span.AddEvent(string(n))
	}
}

// End ends a piece of work. A span that is not ended is not told: so is left out
// what found nothing to do.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if err != nil {
		s.span.SetStatus(codes.Error, fault.KindOf(err).String())
	}
	s.span.End()
}

// EndIf ends a piece of work if something was done or went wrong.
func (s *Span) EndIf(done bool, err error) {
	if done || err != nil {
		s.End(err)
	}
}
