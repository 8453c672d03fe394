package trace_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"ennakko/fault"
	"ennakko/trace"
)

// standIn takes spans as a collector of OpenTelemetry does, over loopback.
type standIn struct {
	*httptest.Server
	mu   sync.Mutex
	came []*spans.Span
	said map[string]string // of the process
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	c := &standIn{said: map[string]string{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q collector.ExportTraceServiceRequest
		b, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(b, &q)
		}
		if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, rs := range q.ResourceSpans {
			for _, a := range rs.Resource.Attributes {
				c.said[a.Key] = a.Value.GetStringValue()
			}
			for _, s := range rs.ScopeSpans {
				c.came = append(c.came, s.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func TestACollectorIsToldWhatBelongsTogether(t *testing.T) {
	c := newStandIn(t)
	tr, err := trace.New(t.Context(), trace.Options{Endpoint: c.URL, Ratio: 1, Instance: "w1", Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, outer := trace.Start(tr.In(t.Context()), "batch")
	_, inner := trace.StartAgo(ctx, "answer", time.Minute)
	_, idle := trace.Start(ctx, "timers")
	idle.EndIf(false, nil)
	inner.Count("messages", 7)
	inner.Say("act", "read answers")
	inner.Event("turn")
	inner.End(fault.New(fault.Later, "x", "Aino cannot be reached").Because(errors.New("+358401234567")))
	outer.End(nil)
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.came) != 2 || c.said["service.name"] != "ennakko" || c.said["service.instance.id"] != "w1" || len(c.said) != 2 {
		t.Fatalf("%d spans came, of %v", len(c.came), c.said)
	}
	in, out := c.came[0], c.came[1]
	if in.Name != "answer" || out.Name != "batch" || string(in.ParentSpanId) != string(out.SpanId) || string(in.TraceId) != string(out.TraceId) {
		t.Errorf("%s is not a part of %s", in.Name, out.Name)
	}
	if took := time.Duration(in.EndTimeUnixNano - in.StartTimeUnixNano); took < time.Minute || took > 2*time.Minute {
		t.Errorf("the answer took %s", took)
	}
	if in.Attributes[0].Key != "messages" || in.Attributes[0].Value.GetIntValue() != 7 || in.Attributes[1].Value.GetStringValue() != "read answers" || in.Events[0].Name != "turn" {
		t.Errorf("%v", in)
	}
	if in.Status.Code != spans.Status_STATUS_CODE_ERROR || in.Status.Message != "later" || len(in.Events) != 1 {
		t.Errorf("of the fault more is told than its kind: %v", in.Status)
	}
}

// A collector that answers nothing, or is not there, costs nothing but the
// spans.
func TestACollectorThatIsDownHoldsNothingUp(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // it takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	gone, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, addr := range map[string]string{"silent": silent.Addr().String(), "gone": gone.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			told := 0
			tr, err := trace.New(t.Context(), trace.Options{Endpoint: "http://" + addr, Ratio: 1, Failed: func(error) { mu.Lock(); defer mu.Unlock(); told++ }})
			if err != nil {
				t.Fatal(err)
			}
			ctx := tr.In(t.Context())
			begun := time.Now()
			for range 20_000 {
				_, s := trace.Start(ctx, "write")
				s.Count("rows", 1)
				s.End(nil)
			}
			if d := time.Since(begun); d > 3*time.Second {
				t.Errorf("20,000 spans held the work up for %s", d)
			}
			begun = time.Now()
			_ = tr.Close() // it may say that they are lost
			if d := time.Since(begun); d > 5*time.Second {
				t.Errorf("the end took %s", d)
			}
			mu.Lock()
			defer mu.Unlock()
			if told != 1 {
				t.Errorf("it was told %d times that nothing is taken", told)
			}
		})
	}
}

func TestWithoutATracerNothingIsMade(t *testing.T) {
	var none *trace.Tracer
	ctx := none.In(t.Context())
	made := testing.AllocsPerRun(1000, func() {
		in, s := trace.Start(ctx, "write")
		s.Count("rows", 1)
		s.Event("turn")
		s.EndIf(true, nil)
		if in != ctx || s != nil {
			t.Error("a span was made")
		}
	})
	if made != 0 || none.Close() != nil {
		t.Errorf("%g things are made", made)
	}
}

func TestTheRatioOfTracesIsKept(t *testing.T) {
	c := newStandIn(t)
	tr, err := trace.New(t.Context(), trace.Options{Endpoint: c.URL + "/", Ratio: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		ctx, s := trace.Start(tr.In(context.Background()), "batch")
		_, part := trace.Start(ctx, "claim")
		part.End(nil)
		s.End(nil)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(c.came); n < 80 || n > 350 || n%2 != 0 {
		t.Errorf("%d spans of 2000 were told: whole traces, every tenth", n)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, o := range []trace.Options{{Ratio: 1}, {Endpoint: "127.0.0.1:4318", Ratio: 1}, {Endpoint: "http://u:hunter2@h:1", Ratio: 1}, {Endpoint: "http://h:1"}, {Endpoint: "http://h:1", Ratio: 2}, {Endpoint: "grpc://h:1", Ratio: 1}} {
		if _, err := trace.New(t.Context(), o); fault.KindOf(err) != fault.Invalid || err.Error() == "" || fmt.Sprint(err) != err.Error() {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for name, tr := range map[string]*trace.Tracer{"off": nil, "on": trace.To(tracetest.NewNoopExporter())} {
		b.Run(name, func(b *testing.B) {
			ctx := tr.In(b.Context())
			for b.Loop() {
				_, s := trace.Start(ctx, "write")
				s.End(nil)
			}
		})
	}
}
