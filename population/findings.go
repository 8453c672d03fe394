package population

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"golang.org/x/sync/errgroup"

	"ennakko/criteria"
	"ennakko/person"
)

// Findings is what criteria say of everyone: for each criterion the people of
// each verdict. Every person of the columns has one verdict of each criterion.
type Findings struct {
	mu    sync.RWMutex
	names []string
	sets  [][]*roaring.Bitmap // by criterion and by the place of the verdict in verdicts()
}

// verdicts lists the verdicts in their order: that of criteria.CareVerdicts.
func verdicts() []criteria.CareVerdict { return criteria.CareVerdicts() }

// The places of the verdicts.
const (
	notApplicable = iota
	excluded
	done
	gap
	unknown
	failed
	nVerdicts
)

// Criteria lists the names of the criteria in their order.
func (f *Findings) Criteria() []string { return slices.Clone(f.names) }

// Of is the people of whom a criterion says v: a copy; empty for a criterion
// that was not run.
func (f *Findings) Of(criterion string, v criteria.CareVerdict) *roaring.Bitmap {
	f.mu.RLock()
	defer f.mu.RUnlock()
	i, j := slices.Index(f.names, criterion), slices.Index(verdicts(), v)
	if i < 0 || j < 0 {
		return roaring.New()
	}
	return f.sets[i][j].Clone()
}

// Count is how many people have each verdict of a criterion.
func (f *Findings) Count(criterion string) map[criteria.CareVerdict]uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := map[criteria.CareVerdict]uint64{}
	if i := slices.Index(f.names, criterion); i >= 0 {
		for j, v := range verdicts() {
			out[v] = f.sets[i][j].GetCardinality()
		}
	}
	return out
}

// Verdict is what a criterion says of one person; "" of somebody of whom
// nothing is held.
func (f *Findings) Verdict(criterion string, id person.ID) criteria.CareVerdict {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if i := slices.Index(f.names, criterion); i >= 0 {
		for j, v := range verdicts() {
			if f.sets[i][j].Contains(uint32(id)) {
				return v
			}
		}
	}
	return ""
}

// change moves a person to another verdict and reports the one before.
func (f *Findings) change(criterion int, id uint32, to int) (from int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for from = range f.sets[criterion] {
		if f.sets[criterion][from].Contains(id) {
			break
		}
	}
	if from != to {
		f.sets[criterion][from].Remove(id)
		f.sets[criterion][to].Add(id)
	}
	return from
}

// Run runs all criteria of the plan over everyone, on all cores. A person with
// a fact that cannot be used is in error where the fact is read; nothing that a
// record holds stops the run.
func (p *Plan) Run(ctx context.Context) (*Findings, error) {
	all := p.columns.city()
	out := make([][nVerdicts]people, len(p.cares))
	for i := range out {
		for v := range out[i] {
			out[i][v] = make(people, len(all.people))
		}
	}
	var next atomic.Int64
	const stride = 4 // blocks that a worker takes at a time
	blocks := len(all.people) / blockWords
	g, ctx := errgroup.WithContext(ctx)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error {
			w := newSharing(p, all)
			for {
				from := int(next.Add(stride)) - stride
				if from >= blocks {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				for b := from; b < min(from+stride, blocks); b++ {
					w.decide(b, all.people.block(b), out)
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return p.findings(out), nil
}

// decide runs the plan for a block and notes the verdicts of the people who are
// in it.
func (w *worker) decide(block int, who flags, out [][nVerdicts]people) {
	if who.none() {
		return
	}
	w.run(block, &who)
	for c := range w.plan.parts {
		f := w.verdicts(c, &who)
		for v := range f {
			if !f[v].none() { // most verdicts of most criteria are nobody's: their bits stay untouched
				copy(out[c][v][block*blockWords:], f[v][:])
			}
		}
	}
}

// verdicts is who has which verdict of a criterion, as criteria.Care decides:
// part by part in order, and what cannot be evaluated ends it there.
func (w *worker) verdicts(c int, who *flags) (out [nVerdicts]flags) {
	s := &w.plan.parts[c]
	population, last := &w.out[s.population], &w.out[s.done]
	for i := range who {
		in := who[i] & population.yes[i]
		out[unknown][i] = who[i] & population.unknown[i]
		out[failed][i] = who[i] & population.failed[i]
		out[notApplicable][i] = who[i] &^ (population.yes[i] | population.unknown[i] | population.failed[i])
		unsure := uint64(0)
		for _, x := range s.exclusions {
			v := &w.out[x]
			out[failed][i] |= in & v.failed[i]
			out[excluded][i] |= in & v.yes[i]
			in &^= v.failed[i] | v.yes[i]
			unsure |= v.unknown[i]
		}
		out[failed][i] |= in & last.failed[i]
		out[done][i] = in & last.yes[i]
		in &^= last.failed[i] | last.yes[i]
		unsure |= last.unknown[i]
		out[unknown][i] |= in & unsure
		out[gap][i] = in &^ unsure
	}
	return out
}

// findings makes bitmaps of bits, on all cores.
func (p *Plan) findings(out [][nVerdicts]people) *Findings {
	f := &Findings{sets: make([][]*roaring.Bitmap, len(out))}
	for _, c := range p.cares {
		f.names = append(f.names, c.Name)
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range out {
		g.Go(func() error {
			f.sets[i] = make([]*roaring.Bitmap, nVerdicts)
			for v := range out[i] {
				f.sets[i][v] = roaring.FromDense(out[i][v], true)
				f.sets[i][v].RunOptimize()
				out[i][v] = nil
			}
			return nil
		})
	}
	_ = g.Wait()
	return f
}
