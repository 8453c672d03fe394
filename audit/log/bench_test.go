package log_test

import (
	"context"
	"path/filepath"
	"testing"

	"ennakko/audit/log"
)

const benchEntries = 40_000

func BenchmarkSequence(b *testing.B) {
	k := keep(benchEntries)
	indexed := sliced(k.rows)
	for b.Loop() {
		b.StopTimer()
		l := open(b, b.TempDir())
		b.StartTimer()
		sequence(b, l, indexed)
	}
	b.ReportMetric(benchEntries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkOneEntry is the time from a row to a checkpoint over it.
func BenchmarkOneEntry(b *testing.B) {
	k := keep(1000)
	l := open(b, b.TempDir())
	sequence(b, l, k)
	for b.Loop() {
		k.grow(uint64(len(k.rows)) + 1)
		sequence(b, l, k)
	}
}

func BenchmarkNothingToSequence(b *testing.B) {
	rows := sliced(keep(1000).rows)
	l := open(b, b.TempDir())
	for b.Loop() {
		sequence(b, l, rows)
	}
}

func BenchmarkVerify(b *testing.B) {
	dir, rows := b.TempDir(), sliced(keep(benchEntries).rows)
	sequence(b, open(b, dir), rows)
	for b.Loop() {
		if _, err := log.Verify(context.Background(), filepath.Join(dir, "log"), rows, log.VerifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(benchEntries*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkOpen opens a log, finds that it lacks nothing and closes it, as a
// command does.
func BenchmarkOpen(b *testing.B) {
	dir, k := b.TempDir(), keep(benchEntries)
	sequence(b, open(b, dir), sliced(k.rows))
	for b.Loop() {
		l, err := log.Open(filepath.Join(dir, "log"), log.Options{Keys: filepath.Join(dir, "keys")})
		if err != nil {
			b.Fatal(err)
		}
		sequence(b, l, sliced(k.rows))
		if err := l.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// sliced is a record in memory found by number.
type sliced []log.Record

func (s sliced) Last(context.Context) (uint64, error) { return uint64(len(s)), nil }

func (s sliced) Range(_ context.Context, from uint64, limit int) ([]log.Record, error) {
	return s[from-1 : min(len(s), int(from)-1+limit)], nil
}
