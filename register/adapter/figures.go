package adapter

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"ennakko/fault"
	"ennakko/register/standing"
)

// figures are counts for the operator. Nothing in them names a person, nor a
// permission.
type figures struct {
	handed       *prometheus.CounterVec // by client and purpose
	refused      *prometheus.CounterVec // by kind
	refusedMarks prometheus.Counter
}

// newFigures makes the counts that can be there, all 0: what rises from nothing at all
// rises unseen.
func newFigures(clients []Caller) *figures {
	f := &figures{
		handed:       prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ennakko_adapter_handovers_total", Help: "Hand-overs by client and purpose."}, []string{"client", "purpose"}),
		refused:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ennakko_adapter_refusals_total", Help: "Requests for which nothing was handed over, by kind."}, []string{"kind"}),
		refusedMarks: prometheus.NewCounter(prometheus.CounterOpts{Name: "ennakko_adapter_marks_refused_total", Help: "Marks that the city will never take."}),
	}
	for _, k := range []standing.Refusal{standing.Gap, standing.Violation, standing.Unclear, standing.Unavailable, standing.Trouble} {
		f.refused.WithLabelValues(string(k))
	}
	for _, c := range clients {
		for _, p := range c.Purposes {
			f.handed.WithLabelValues(c.Name, p.ID)
		}
	}
	return f
}

// Telling serves /healthz (the process is there), /readyz (it can hand over) and
// /metrics.
func (a *Adapter) Telling() (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{a.tell.handed, a.tell.refused, a.tell.refusedMarks,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ennakko_adapter_marks_waiting", Help: "Marks that the city has not been told yet."}, func() float64 { return float64(a.journal.Waiting()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ennakko_adapter_marks_waiting_since_timestamp_seconds", Help: "Of when the oldest mark is that the city has not been told yet; 0: none waits."}, a.oldest),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ennakko_adapter_marks_refused", Help: "Marks that the city will never take and that nobody has looked into yet. Anything but 0 is an alarm."}, func() float64 { return float64(a.journal.Refused()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ennakko_adapter_ready", Help: "Whether the adapter can hand over."}, a.canHandOver),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "ennakko_adapter_certificate_end_timestamp_seconds", Help: "When the first of our certificates ends."}, a.firstEnd)} {
		if err := r.Register(c); err != nil {
			return nil, fault.Wrap(err, "adapter.Telling", "the figures cannot be told")
		}
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready")
	})
	m.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return m, nil
}

// Ready says what keeps the adapter from handing over: a journal that cannot be
// written, certificates that cannot be read or have ended. Whether the city
// answers shows with each hand-over.
func (a *Adapter) Ready() error {
	const op = "adapter.Ready"
	if a.journal.Err() != nil {
		return fault.New(fault.Later, op, "the journal cannot be written").Do("look at the disk, then start the adapter again")
	}
	for _, s := range a.stores {
		if s.Err() != nil {
			return fault.New(fault.Invalid, op, "the newest certificates cannot be read; the old ones are in use").Do("write certificate and key anew")
		}
		if end := s.End(); !end.IsZero() && !end.After(a.opt.Now()) {
			return fault.New(fault.Invalid, op, "a certificate has ended").Do("renew it")
		}
	}
	return nil
}

func (a *Adapter) canHandOver() float64 {
	if a.Ready() != nil {
		return 0
	}
	return 1
}

func (a *Adapter) oldest() float64 {
	marks, _, _, err := a.journal.Next(1)
	if err != nil || len(marks) == 0 {
		return 0
	}
	return float64(marks[0].At.Unix())
}

func (a *Adapter) firstEnd() float64 {
	first := 0.0
	for _, s := range a.stores {
		if end := s.End(); !end.IsZero() && (first == 0 || float64(end.Unix()) < first) {
			first = float64(end.Unix())
		}
	}
	return first
}
