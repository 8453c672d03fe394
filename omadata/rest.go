package omadata

import (
	"sync"
	"time"
)

// How long a piece of work that could not be done is left alone: the first time, and
// at most. It is looked for several times a second, and each try reads the family.
const (
	firstRest = time.Minute
	mostRest  = 10 * time.Minute
)

// rests are the pieces of work that could not be done and are left alone for a while,
// by name. A new register ends all rests. The zero value has none; it is for use by
// several at once.
type rests struct {
	mu        sync.Mutex
	registers int64
	by        map[string]rest
}

type rest struct {
	until time.Time
	wait  time.Duration // the last
}

// came ends all rests when another register is the newest one.
func (r *rests) came(registers int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.registers != registers {
		r.registers, r.by = registers, nil
	}
}

// has reports whether a piece of work is left alone at a moment.
func (r *rests) has(name string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return now.Before(r.by[name].until)
}

// begin lets a piece of work rest from now on, longer each time.
func (r *rests) begin(name string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for k, x := range r.by {
		if k != name && now.Sub(x.until) > mostRest { // it was done, or is gone
			delete(r.by, k)
		}
	}
	if r.by == nil {
		r.by = map[string]rest{}
	}
	wait := min(max(firstRest, 2*r.by[name].wait), mostRest)
	r.by[name] = rest{now.Add(wait), wait}
}

// count is how many rest, or did lately: so much more is to be looked for.
func (r *rests) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.by)
}
