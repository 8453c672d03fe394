package trace

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"ennakko/fault"
)

const (
	batchEvery = 2 * time.Second
	exportTime = 2 * time.Second
	toldEvery  = time.Minute
)

// Check says what is wrong with the options.
func (o Options) Check() error {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fault.New(fault.Invalid, "trace.New", "the address of the collector of traces cannot be read").Do("write it as http://127.0.0.1:4318")
	}
	if o.Ratio <= 0 || o.Ratio > 1 {
		return fault.New(fault.Invalid, "trace.New", "the ratio of traces is not from above 0 to 1").Do("1 tells all, 0.1 every tenth; leave the traces out to have none")
	}
	return nil
}

func exporter(ctx context.Context, o Options) (sdk.SpanExporter, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	e, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(o.Endpoint, "/")+"/v1/traces"), otlptracehttp.WithTimeout(exportTime),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fault.Wrap(err, "trace.New", "the collector of traces cannot be used")
	}
	return &quiet{SpanExporter: e, failed: o.Failed}, nil
}

// quiet keeps the library from writing to the standard error.
type quiet struct {
	sdk.SpanExporter
	failed func(error)

	mu   sync.Mutex
	told time.Time
}

// ExportSpans sends spans, or tells that they were not taken.
func (q *quiet) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil && q.failed != nil && time.Since(q.told) > toldEvery {
		q.told = time.Now()
		q.failed(fault.New(fault.Later, "trace.Export", "the collector of traces takes nothing; the work goes on without").Because(err))
	}
	return nil
}
