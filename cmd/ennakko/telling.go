package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"

	"ennakko/app"
	"ennakko/store"
)

// telling serves /healthz (the process is there), /readyz (it can work) and
// /metrics. Nothing in them names a person.
func telling(ctx context.Context, a *app.App, gates []gateway, worker string) (http.Handler, error) {
	r := prometheus.NewRegistry()
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &watch{ctx: ctx, app: a, gates: gates}} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	m.HandleFunc("GET /readyz", func(w http.ResponseWriter, q *http.Request) {
		if err := ready(q.Context(), a, gates); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintln(w, "ready", worker)
	})
	m.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	return m, nil
}

// ready says what keeps the process from working.
func ready(ctx context.Context, a *app.App, gates []gateway) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := a.DB.Last(ctx); err != nil {
		return fmt.Errorf("the database does not answer")
	}
	for _, g := range gates {
		if g.smpp == nil || g.smpp.Connected() {
			return nil
		}
	}
	return fmt.Errorf("no gateway is connected")
}

// watch tells how things stand. What is counted in the database is counted at
// most every second, however often it is asked for.
type watch struct {
	ctx   context.Context
	app   *app.App
	gates []gateway

	mu  sync.Mutex
	at  time.Time
	now map[*prometheus.Desc]map[string]float64

	jobs  []store.JobCount
	hooks []hookCount
}

// hookCount is how many events of a system are in a state.
type hookCount struct {
	caller, state string
	n             int
}

const watchEvery = time.Second

var (
	descMessages = prometheus.NewDesc("ennakko_messages", "Messages of running rounds by state.", []string{"state"}, nil)
	descItems    = prometheus.NewDesc("ennakko_matters_open", "Matters of families that wait for an officer, by kind.", []string{"kind"}, nil)
	descPlaces   = prometheus.NewDesc("ennakko_places_overbooked", "Places that were given twice. Anything but 0 is an alarm.", nil, nil)
	descEntries  = prometheus.NewDesc("ennakko_record_entries", "Entries of the record.", nil, nil)
	descLogged   = prometheus.NewDesc("ennakko_record_logged", "Entries that are in the log of the record.", nil, nil)
	descDue      = prometheus.NewDesc("ennakko_due_seconds", "How long what is due has been waiting.", nil, nil)
	descJobs     = prometheus.NewDesc("ennakko_jobs", "Background jobs of the last weeks, by kind and state.", []string{"kind", "state"}, nil)
	descUp       = prometheus.NewDesc("ennakko_database_up", "Whether the database answers.", nil, nil)
	descAnswers  = prometheus.NewDesc("ennakko_answers_waiting_seconds", "How long the oldest answer has been waiting to be read.", nil, nil)
	descBackup   = prometheus.NewDesc("ennakko_backup_timestamp_seconds", "When the newest backup was made.", nil, nil)
	descFree     = prometheus.NewDesc("ennakko_disk_free_bytes", "Room that is left where the folder of data is.", nil, nil)
	descDisk     = prometheus.NewDesc("ennakko_disk_size_bytes", "Room that there is where the folder of data is.", nil, nil)
	descCert     = prometheus.NewDesc("ennakko_gateway_certificate_end_timestamp_seconds", "When the certificate that the operator showed last ends.", []string{"gateway"}, nil)
	descGate     = prometheus.NewDesc("ennakko_gateway_connected", "Whether a gateway takes messages.", []string{"gateway"}, nil)
	descQueued   = prometheus.NewDesc("ennakko_gateway_queued", "Messages that a gateway has and no operator has taken yet (Kannel).", []string{"gateway"}, nil)
	descSent     = prometheus.NewDesc("ennakko_gateway_sent_total", "Messages that a gateway's operators have taken since it started (Kannel).", []string{"gateway"}, nil)
	descLetters  = prometheus.NewDesc("ennakko_letters", "Letters of running rounds at the national service, by state.", []string{"state"}, nil)
	descRefused  = prometheus.NewDesc("ennakko_letters_refused_open", "Letters that the national service refused and whose families wait for an officer.", nil, nil)
	descHooks    = prometheus.NewDesc("ennakko_webhook_deliveries", "What other systems are told of permissions, by system and state.", []string{"caller", "state"}, nil)
	descHookWait = prometheus.NewDesc("ennakko_webhook_waiting_since_timestamp_seconds", "Since when the oldest event waits that a system did not take.", []string{"caller"}, nil)
	descParts    = prometheus.NewDesc("ennakko_gateway_parts_total", "Parts of messages by what the gateway said.", []string{"gateway", "said"}, nil)
)

// Describe implements prometheus.Collector.
func (w *watch) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descMessages, descItems, descPlaces, descEntries, descLogged, descDue, descJobs, descAnswers, descBackup, descFree, descDisk, descUp, descCert, descGate, descParts, descQueued, descSent, descLetters, descRefused, descHooks, descHookWait} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (w *watch) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	up := 1.0
	if time.Since(w.at) > watchEvery {
		if now, err := w.count(); err != nil {
			up = 0
		} else {
			w.now, w.at = now, time.Now()
		}
	}
	for d, values := range w.now {
		for label, v := range values {
			if label == "" {
				ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
			} else {
				ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
			}
		}
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, j := range w.jobs {
		gauge(descJobs, float64(j.N), j.Kind, string(j.State))
	}
	gauge(descUp, up)
	if w.app.Log != nil { // told where the log is
		if logged, err := w.app.Log.Size(w.ctx); err == nil {
			gauge(descLogged, float64(logged))
		}
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(w.app.Data, &disk); err == nil {
		gauge(descFree, float64(disk.Bavail)*float64(disk.Bsize))
		gauge(descDisk, float64(disk.Blocks)*float64(disk.Bsize))
	}
	for _, c := range w.hooks {
		gauge(descHooks, float64(c.n), c.caller, c.state)
	}
	for _, g := range w.gates {
		w.gate(ch, g)
	}
}

// gate tells how one gateway stands.
func (w *watch) gate(ch chan<- prometheus.Metric, g gateway) {
	gauge := func(d *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, g.name)
	}
	yes := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	parts := map[string]int{}
	switch {
	case g.smpp != nil:
		n := g.smpp.Counters()
		parts = map[string]int{"taken": n.Submitted, "refused": n.Refused, "too much": n.Throttled, "no answer": n.Doubtful, "not readable": n.Malformed}
		gauge(descGate, yes(g.smpp.Connected()))
		if end := g.smpp.CertificateEnd(); !end.IsZero() {
			gauge(descCert, float64(end.Unix()))
		}
	case g.kannel != nil:
		n := g.kannel.Counters()
		parts = map[string]int{"taken": n.Taken, "refused": n.Refused, "too much": n.TooMuch, "no answer": n.Doubtful}
		ctx, cancel := context.WithTimeout(w.ctx, 2*time.Second)
		defer cancel()
		if s, asked, err := g.kannel.Status(ctx); asked {
			gauge(descGate, yes(err == nil && s.Online))
			if err == nil {
				gauge(descQueued, float64(s.Queued))
				ch <- prometheus.MustNewConstMetric(descSent, prometheus.CounterValue, float64(s.Sent), g.name)
			}
		}
	}
	for said, v := range parts {
		ch <- prometheus.MustNewConstMetric(descParts, prometheus.CounterValue, float64(v), g.name, said)
	}
}

func (w *watch) count() (map[*prometheus.Desc]map[string]float64, error) {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	messages, items := map[string]float64{}, map[string]float64{}
	overbooked := 0
	rounds, err := w.app.DB.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range rounds {
		if r.State != store.Running && r.State != store.Paused {
			continue
		}
		f, err := w.app.DB.Funnel(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for k, n := range f.Messages {
			messages[k] += float64(n)
		}
		for k, n := range f.Items {
			items[k] += float64(n)
		}
		overbooked += f.Overbooked
	}
	last, err := w.app.DB.Last(ctx)
	if err != nil {
		return nil, err
	}
	answers := 0.0
	if since, waits, err := w.app.DB.Unread(ctx); err != nil {
		return nil, err
	} else if waits {
		answers = max(0, w.app.Now().Sub(since).Seconds())
	}
	due := 0.0
	if at, ok, err := w.app.DB.Next(ctx); err != nil {
		return nil, err
	} else if ok {
		due = max(0, w.app.Now().Sub(at).Seconds())
		if at.Unix() == 0 { // answers that nobody has read yet have no moment
			due = 0
		}
	}
	if w.jobs, err = w.app.DB.JobCounts(ctx); err != nil {
		return nil, err
	}
	backup := map[string]float64{}
	if at, err := w.app.NewestBackup(ctx); err != nil {
		return nil, err
	} else if !at.IsZero() {
		backup[""] = float64(at.Unix())
	}
	one := func(v float64) map[string]float64 { return map[string]float64{"": v} }
	out := map[*prometheus.Desc]map[string]float64{descMessages: messages, descItems: items, descPlaces: one(float64(overbooked)), descEntries: one(float64(last)),
		descDue: one(due), descAnswers: one(answers), descBackup: backup}
	return out, w.countOutside(ctx, out)
}

// countOutside counts what the national service of letters and other systems took.
func (w *watch) countOutside(ctx context.Context, to map[*prometheus.Desc]map[string]float64) error {
	letters, refused, err := w.app.DB.LetterCounts(ctx)
	if err != nil {
		return err
	}
	byState := map[string]float64{}
	for k, n := range letters {
		byState[k] = float64(n)
	}
	to[descLetters], to[descRefused] = byState, map[string]float64{"": float64(refused)}
	to[descHookWait], err = w.countHooks(ctx)
	return err
}

// countHooks counts what other systems are told, and gives since when the oldest event
// of each waits.
func (w *watch) countHooks(ctx context.Context) (waiting map[string]float64, err error) {
	all, err := w.app.DB.Webhooks(ctx, "", 0, mostWebhooks)
	if err != nil {
		return nil, err
	}
	counts, err := w.app.DB.DeliveryCounts(ctx)
	if err != nil {
		return nil, err
	}
	callers := map[store.WebhookID]string{}
	for _, h := range all {
		callers[h.ID] = h.Caller
	}
	sums := map[hookCount]int{}
	waiting = map[string]float64{}
	for _, c := range counts {
		caller := callers[c.Webhook]
		sums[hookCount{caller: caller, state: c.State}] += c.N
		if since := float64(c.Since.UnixMicro()) / 1e6; c.State == store.DeliveryWaiting && (waiting[caller] == 0 || since < waiting[caller]) {
			waiting[caller] = since
		}
	}
	w.hooks = nil
	for c, n := range sums {
		c.n = n
		w.hooks = append(w.hooks, c)
	}
	return waiting, nil
}
