package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ennakko/fault"
)

// tellVerified writes, for the textfile collector of Prometheus's node exporter, when
// the record was checked last and whether it was whole. Without a path it does
// nothing.
func tellVerified(path string, whole bool, at time.Time) error {
	v := 0.0
	if whole {
		v = 1
	}
	return tellFile(path, told{"ennakko_record_verified", "Whether the record was whole when it was checked last.", v},
		told{"ennakko_record_verified_timestamp_seconds", "When the record was checked last.", float64(at.Unix())})
}

// told is a metric that a command leaves behind.
type told struct {
	name, help string
	value      float64
}

// tellFile writes metrics into a file, whole or not at all.
func tellFile(path string, values ...told) error {
	if path == "" {
		return nil
	}
	r := prometheus.NewRegistry()
	for _, v := range values {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: v.name, Help: v.help})
		g.Set(v.value)
		if err := r.Register(g); err != nil {
			return fault.Wrap(err, "cmd.metrics", "the metrics cannot be told")
		}
	}
	return fault.Wrap(prometheus.WriteToTextfile(path, r), "cmd.metrics", "the file of metrics cannot be written")
}
