package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ennakko/app"
	"ennakko/audit"
	"ennakko/fault"
	"ennakko/person"
	"ennakko/store"
)

// auditResult is what was measured; its names are a contract.
type auditResult struct {
	Entries       uint64  `json:"entries"`            // in the record at the end
	Written       uint64  `json:"written"`            // in this run
	Writers       int     `json:"writers"`            // at once
	PerSecond     float64 `json:"entries_per_second"` // of this run, until all are in the log
	KeptPerSecond float64 `json:"kept_per_second"`    // until all are durable
	Wait50        float64 `json:"wait_ms_p50"`        // from asking to durable
	Wait99        float64 `json:"wait_ms_p99"`
	CPUPerEntry   float64 `json:"cpu_us_per_entry"` // of all cores together, as other programs may share them
	Lag           uint64  `json:"lag"`              // entries that were not in the log yet when the last was durable
	Proof50       float64 `json:"proof_ms_p50"`
	Proof99       float64 `json:"proof_ms_p99"`
	File50        float64 `json:"file_ms_p50"` // of a file to take along, made and checked
	File99        float64 `json:"file_ms_p99"`
	Uses50        float64 `json:"uses_ms_p50"` // of the first page of a person's uses
	Uses99        float64 `json:"uses_ms_p99"`
	UsesNone      float64 `json:"uses_none_ms_p50"` // of one whom no entry covers: every large set is looked into
	BytesPerEntry float64 `json:"bytes_per_entry"`  // rows, their indexes and the log, on the disk
	LogBytes      float64 `json:"log_bytes_per_entry"`
	EraseSeconds  float64 `json:"erase_seconds"` // of one person
	ErasedEntries int     `json:"erased_entries"`
	VerifySeconds float64 `json:"verify_seconds"`
	Verified      bool    `json:"verified"` // the record verifies with the person erased
	Cores         int     `json:"cores"`
}

// auditBench builds a record and measures it.
type auditBench struct {
	p       *program
	dir     string
	entries uint64
	writers int
	bars    *bars
	out     auditResult
}

func (p *program) benchAuditCommand() *cobra.Command {
	b := &auditBench{p: p, entries: 1_000_000, writers: 256}
	c := &cobra.Command{Use: "audit", Short: "Measure the record of uses", Args: args(cobra.NoArgs),
		Long: `Fill a record in a folder, or go on with the one that is there, with entries as
readings leave them: many about one person, some about a family or a list, a few
about thousands, now and then the whole city. Many writers write at once while the
entries go into the log, each kept for good before its writer goes on. Then measure
proofs of entries by chance and the first page of a person's uses, erase a person,
and verify the whole record.

When the folder has the entries already, a tenth of them (100,000 at most) is
written on top to measure the speed at that size.`,
		Example: `  ennakko bench audit --entries 1000000 --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			b.bars = newBars(p.err)
			err := b.measure(c.Context())
			b.bars.done()
			if err != nil {
				return err
			}
			return p.show(b.out, b.print)
		}}
	c.Flags().Uint64Var(&b.entries, "entries", b.entries, "how many entries the record is to have")
	c.Flags().IntVar(&b.writers, "writers", b.writers, "how many write at once")
	c.Flags().StringVar(&b.dir, "data", filepath.Join("data", "bench-audit"), "the folder of the record")
	return c
}

func (b *auditBench) print(w io.Writer) {
	o := b.out
	_, _ = fmt.Fprintf(w, "%d entries, %d written by %d writers at once: %.0f a second durable, %.0f a second in the log too\n", o.Entries, o.Written, o.Writers, o.KeptPerSecond, o.PerSecond)
	_, _ = fmt.Fprintf(w, "a writer waits    %8.2f ms, 99 %% at most %8.2f ms\n", o.Wait50, o.Wait99)
	_, _ = fmt.Fprintf(w, "a proof           %8.2f ms, 99 %% at most %8.2f ms\n", o.Proof50, o.Proof99)
	_, _ = fmt.Fprintf(w, "a file of a proof %8.2f ms, 99 %% at most %8.2f ms\n", o.File50, o.File99)
	_, _ = fmt.Fprintf(w, "a page of uses    %8.2f ms, 99 %% at most %8.2f ms\n", o.Uses50, o.Uses99)
	_, _ = fmt.Fprintf(w, "%.0f bytes an entry, %.0f of them the log's\n", o.BytesPerEntry, o.LogBytes)
	_, _ = fmt.Fprintf(w, "a person with %d entries erased in %.2f s; the record verified in %.1f s\n", o.ErasedEntries, o.EraseSeconds, o.VerifySeconds)
}

// benchPeople is how many people the entries are about; the first benchKnown of
// them have an identity code and can be erased.
const (
	benchPeople = 640_000
	benchKnown  = 1000
)

func (b *auditBench) measure(ctx context.Context) (err error) {
	if b.entries == 0 || b.writers < 1 {
		return fault.New(fault.Invalid, "cmd.bench", "there must be entries and writers")
	}
	pl := place{data: b.dir}
	a, err := pl.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	if err := b.people(ctx, a); err != nil {
		return err
	}
	b.out.Writers, b.out.Cores = b.writers, runtime.GOMAXPROCS(0)
	for _, do := range []func(context.Context, *app.App) error{b.fill, b.size, b.proofs, b.files, b.uses, b.erase, b.verify} {
		if err := do(ctx, a); err != nil {
			return err
		}
	}
	b.out.Entries, err = a.DB.Last(ctx)
	return err
}

// codeOf is the identity code of one of the people who have one. Its number is one
// that real people do not have.
func codeOf(i int) (person.Code, error) {
	return person.MakeCode(time.Date(1930+i/100, time.January, 1+i%28, 0, 0, 0, 0, time.UTC), 0, 900+i%100)
}

// people gives the first people their codes, once.
func (b *auditBench) people(ctx context.Context, a *app.App) error {
	last, err := a.DB.Last(ctx)
	if err != nil || last > 0 {
		return err
	}
	act, err := audit.Begin("system:bench", "import register", "bench", "none", a.Now())
	if err != nil {
		return err
	}
	return a.DB.Write(ctx, act, func(tx store.Tx) error {
		hashes := make([][]byte, benchKnown)
		for i := range hashes {
			c, err := codeOf(i)
			if err != nil {
				return err
			}
			h, err := a.DB.CodeHash(c)
			if err != nil {
				return err
			}
			hashes[i] = h[:]
		}
		return tx.AddPeople(1, hashes)
	})
}

// fill writes until the record has its entries, and takes the time.
func (b *auditBench) fill(ctx context.Context, a *app.App) error {
	last, err := a.DB.Last(ctx)
	if err != nil {
		return err
	}
	total := b.entries - min(b.entries, last)
	if total == 0 {
		total = min(max(b.entries/10, 1), 100_000)
	}
	var failed error
	stop := a.Sequencing(ctx, func(err error) { failed = errors.Join(failed, err) })
	var done atomic.Uint64
	waits := make([][]float64, b.writers)
	start, cpu := time.Now(), cpuSeconds()
	g, gctx := errgroup.WithContext(ctx)
	for w := range b.writers {
		g.Go(func() error {
			r := rand.New(rand.NewPCG(last+1, uint64(w))) //nolint:gosec // made-up entries
			for {
				n := done.Add(1)
				if n > total {
					return nil
				}
				began := time.Now()
				if err := a.DB.Note(gctx, reading(r, began)); err != nil {
					return err
				}
				if n%64 == 0 { // the millionth needs no more
					waits[w] = append(waits[w], 1000*time.Since(began).Seconds())
					b.bars.show("writing entries", int(n), int(total)) //nolint:gosec // counts fit
				}
			}
		})
	}
	err = g.Wait()
	kept := time.Since(start)
	if err == nil {
		b.out.Lag, err = a.Log.Lag(ctx, a.DB)
	}
	stop()
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if err := a.Sequence(ctx); err != nil {
		return err
	}
	b.out.CPUPerEntry = 1e6 * (cpuSeconds() - cpu) / float64(total)
	b.out.Written, b.out.KeptPerSecond, b.out.PerSecond = total, float64(total)/kept.Seconds(), float64(total)/time.Since(start).Seconds()
	var all []float64
	for _, w := range waits {
		all = append(all, w...)
	}
	b.out.Wait50, b.out.Wait99 = quantile(all, 0.5), quantile(all, 0.99)
	return nil
}

// reading is an entry as a reading leaves one.
func reading(r *rand.Rand, at time.Time) audit.Entry {
	e := audit.Entry{At: at, Actor: fmt.Sprintf("officer:%d", r.IntN(400)), Verb: "look at a case", Purpose: "pre-primary", Basis: "GDPR 6(1)(c); Basic Education Act 628/1998, 26a",
		Fields: []string{"population.name", "population.birth_date", "contacts.mobile"}, People: roaring.New()}
	one := func() uint32 { // a tenth of the people are half of the cases
		if r.IntN(2) == 0 {
			return 1 + r.Uint32N(benchPeople/10)
		}
		return 1 + r.Uint32N(benchPeople)
	}
	switch n := r.IntN(100_000); {
	case n < 1: // the whole city
		e.Actor, e.Verb, e.Fields = "system:round", "read for criteria", []string{"population.birth_date"}
		e.People.AddRange(1, benchPeople+1)
	case n < 10: // an age group, or what a list of a criterion holds
		e.Actor, e.Verb, e.Fields = "system:round", "read for criteria", []string{"population.birth_date", "population.address"}
		for range 65 + r.IntN(6000) {
			e.People.Add(1 + r.Uint32N(benchPeople))
		}
	case n < 1000: // a page of a list
		e.Verb = "look at a list"
		for range 20 + r.IntN(45) {
			e.People.Add(one())
		}
	case n < 6000: // a family
		first := one()
		e.Object = fmt.Sprintf("case %d", first)
		e.People.AddRange(uint64(first), uint64(first)+3)
	default:
		p := one()
		e.Object = fmt.Sprintf("case %d", p)
		e.People.Add(p)
	}
	return e
}

// size is what rows and log take on the disk.
func (b *auditBench) size(ctx context.Context, a *app.App) error {
	last, err := a.DB.Last(ctx)
	if err != nil {
		return err
	}
	if err := a.DB.Scrub(ctx); err != nil { // what waits in the journal goes to its place
		return err
	}
	logBytes, err := diskBytes(filepath.Join(b.dir, "record"))
	if err != nil {
		return err
	}
	rows := uint64(0)
	for _, name := range []string{"ennakko.db", "ennakko.db-wal"} {
		n, err := diskBytes(filepath.Join(b.dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		rows += n
	}
	b.out.LogBytes, b.out.BytesPerEntry = float64(logBytes)/float64(last), float64(logBytes+rows)/float64(last)
	return nil
}

// diskBytes is what a file, or a folder with all that is in it, takes on the disk.
func diskBytes(path string) (total uint64, err error) {
	err = filepath.WalkDir(path, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		if s, ok := i.Sys().(*syscall.Stat_t); ok {
			total += uint64(s.Blocks) * 512 //nolint:gosec // no file has fewer than no blocks
		}
		return nil
	})
	return total, fault.Wrap(err, "cmd.bench", "the size cannot be found")
}

// sampled times something many times; what gives what is to be timed.
func (b *auditBench) sampled(what string, n int, do func(r *rand.Rand) (func() error, error)) (p50, p99 float64, err error) {
	r := rand.New(rand.NewPCG(7, uint64(n))) //nolint:gosec // a sample
	took := make([]float64, 0, n)
	for i := range n {
		b.bars.show(what, i, n)
		timed, err := do(r)
		if err != nil {
			return 0, 0, err
		}
		start := time.Now()
		if err := timed(); err != nil {
			return 0, 0, err
		}
		took = append(took, 1000*time.Since(start).Seconds())
	}
	return quantile(took, 0.5), quantile(took, 0.99), nil
}
