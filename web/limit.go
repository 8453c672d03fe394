package web

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ennakko/access"
	"ennakko/fault"
)

// perMinute is how often one person may do what costs much, or looks at people
// one by one. A person at a desk does not notice it; a program does. Other
// actions are bounded by what the machine can do.
var perMinute = map[access.Action]int{
	access.SeeCase: 120, access.Search: 20, access.Settle: 60, access.TryCriteria: 20, access.Prepare: 10, access.ChangeCapacity: 20,
	access.TestSend: 5, access.Answer: 20, access.Object: 20,
}

var errTooOften = fault.New(fault.Later, "web.notTooOften", "this was done too often").Do("wait a minute")

// limits counts what people do. It is kept in memory: a restart begins anew.
type limits struct {
	mu  sync.Mutex
	now func() time.Time
	by  map[limitKey]*rate.Limiter
}

type limitKey struct {
	actor  string
	action access.Action
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, by: map[limitKey]*rate.Limiter{}}
}

// manyLimits is when counters that have run full again are forgotten.
const manyLimits = 10_000

// allow reports whether the person may do it once more now.
func (l *limits) allow(actor string, a access.Action) bool {
	n := perMinute[a]
	if n == 0 {
		return true
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.by) >= manyLimits {
		for k, x := range l.by {
			if x.TokensAt(now) >= float64(x.Burst()) {
				delete(l.by, k)
			}
		}
	}
	k := limitKey{actor, a}
	if l.by[k] == nil {
		l.by[k] = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	return l.by[k].AllowN(now, 1)
}

// notTooOften refuses what somebody does more often than a person would.
func (s *site) notTooOften(r *http.Request, a access.Action) error {
	if s.limits.allow(whoOf(r).Actor(), a) {
		return nil
	}
	s.warn(r, "too often", "action", string(a))
	return errTooOften
}
