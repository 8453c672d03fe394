package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"ennakko/trace"
)

// TestATraceOfAPageNamesItsPatternAndNoAddress asks for every page and looks at
// what its span says.
func TestATraceOfAPageNamesItsPatternAndNoAddress(t *testing.T) {
	kept := tracetest.NewInMemoryExporter()
	tracer := trace.To(kept)
	patterns := map[string]bool{}
	for _, p := range everyPage {
		c := p.city()
		h := handlerOf(t, c)
		for _, r := range loggingSite(t, c, nil).routes() {
			patterns[r.pattern] = true
		}
		kept.Reset()
		r := httptest.NewRequestWithContext(tracer.In(t.Context()), http.MethodGet, "http://127.0.0.1:8080"+p.path, nil)
		carry(t, h, r, p.who)
		h.ServeHTTP(httptest.NewRecorder(), r)
		spans := kept.GetSpans()
		if len(spans) != 1 || !patterns[spans[0].Name] || len(spans[0].Attributes)+len(spans[0].Events) > 0 || strings.Contains(spans[0].Status.Description, " ") {
			t.Errorf("%s: %+v", p.name, spans)
		}
	}
}
