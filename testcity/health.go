package testcity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"ennakko/clinical"
	"ennakko/fault"
	"ennakko/register/parquet"
)

// HealthSummary counts what the health records say.
type HealthSummary struct {
	People  int            `json:"people"`
	Records int            `json:"records"` // rows, one for each coding
	Kinds   map[string]int `json:"kinds"`
}

// healthBlock is how many people one file holds.
const healthBlock = 1 << 16

// recorded reports whether the health register knows the person: who lives in the
// city, and who died there.
func (c *city) recorded(i int32) bool {
	return c.resident(i) || c.all[i].died != 0 && c.all[i].municipality == helsinki
}

// writeHealth writes the health records into the folder health, in the layout of
// docs/registers.md: blocks of people, several at a time.
func (c *city) writeHealth(ctx context.Context, dir string, progress func(done, total int)) (HealthSummary, error) {
	sum := HealthSummary{Kinds: map[string]int{}}
	folder := filepath.Join(dir, "health")
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return sum, fault.Wrap(err, "testcity.Write", "the folder of health records cannot be made")
	}
	var mu sync.Mutex
	var done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for block := 0; block*healthBlock < len(c.all); block++ {
		g.Go(func() error {
			from, to := block*healthBlock, min((block+1)*healthBlock, len(c.all))
			counts, people, err := c.healthOf(ctx, folder, block, from, to, func(n int) { progress(int(done.Add(int64(n))), len(c.all)) })
			mu.Lock()
			defer mu.Unlock()
			sum.People += people
			for k, n := range counts {
				sum.Kinds[k.String()], sum.Records = sum.Kinds[k.String()]+n, sum.Records+n
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		k := fault.Internal
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			k = fault.Later
		}
		return sum, errors.Join(fault.New(k, "testcity.Write", "the health records could not be written").Because(err), os.RemoveAll(folder))
	}
	return sum, nil
}

// healthOf writes one block.
func (c *city) healthOf(ctx context.Context, folder string, block, from, to int, tell func(int)) (map[clinical.Kind]int, int, error) {
	w, err := parquet.NewWriter(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = w.Close() }()
	var tables [16]*parquet.Records
	for _, k := range clinical.Kinds() {
		if tables[k], err = w.Records(ctx, k); err != nil {
			return nil, 0, err
		}
	}
	h := c.newHistory(func(k clinical.Kind, r *parquet.Row) error { return tables[k].AppendRow(r) })
	people := 0
	const step = 2000
	for i := from; i < to; i++ {
		if c.recorded(int32(i)) {
			people++
			if err := h.of(int32(i)); err != nil {
				return nil, 0, err
			}
		}
		if (i-from+1)%step == 0 || i+1 == to {
			tell(min(step, (i-from)%step+1))
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
		}
	}
	counts := map[clinical.Kind]int{}
	for _, k := range clinical.Kinds() {
		n, err := w.Export(ctx, tables[k], filepath.Join(folder, fmt.Sprintf("%s_%03d.parquet", k, block)))
		if err != nil {
			return nil, 0, err
		}
		counts[k] = int(n)
	}
	return counts, people, nil
}

// writeHealthPeople says whose number in the health records is whose.
func (c *city) writeHealthPeople(w *rows) error {
	for i := range c.all {
		if !c.recorded(int32(i)) {
			continue
		}
		w.number(i + 1)
		w.code(&c.all[i].code)
		if err := w.end(); err != nil {
			return err
		}
	}
	return nil
}
