package web

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"ennakko/fault"
)

// perMinute is how often one person may use a route that costs much, or that
// looks at people one by one. A person at a desk does not notice it; a program
// does. Other routes are bounded by what the machine can do.
var perMinute = map[string]int{
	"GET /desk/cases/{case}": 120, "POST /desk/cases/{case}/settle": 60, "POST /desk/cases/{case}/answer": 60, "POST /desk/search": 20,
	"POST /desk/services/{service}/try": 20, "POST /desk/services/{service}/find": 10, "POST /desk/rounds/{round}/places": 20, "POST /desk/messages": 5,
	"POST /my/offers/{case}": 20, "POST /my/objections": 20, "POST /my/requests": 10, "GET /my/uses/{entry}/file": 30,
	"POST /desk/privacy/requests": 20, "POST /desk/privacy/requests/{request}/who": 30, "POST /desk/privacy/requests/{request}/settle": 30,
	"POST /desk/privacy/unusual": 30, "POST /desk/privacy/unusual/relatives": 5, "POST /desk/privacy/unusual/famous": 20, "POST /desk/privacy/decide/decision": 10,
	"POST /my/fees/{matter}/way": 20, "POST /my/fees/{matter}/answer": 20, "POST /my/permissions/{permission}/take-back": 20,
	"POST /my/fees/{matter}/documents": 20, "GET /my/fees/{matter}/documents/{document}": 30, "POST /my/fees/{matter}/documents/{document}/delete": 30, "POST /my/fees/{matter}/hours": 20, "POST /my/fees/{matter}/place": 10,
	"GET /desk/fees/{task}/documents/{document}": 120, "POST /desk/fees/{task}/assess": 60,
	"GET /desk/fees/{task}": 120, "POST /desk/fees/{task}": 60,
	"GET /my/copy": 20, "GET /my/copy/file": 20, "GET /my/erase": 20, "POST /my/erase": 5,
}

var errTooOften = fault.New(fault.Later, "web.notTooOften", "this was done too often").Do("wait a minute")

// limits counts what people do. It is kept in memory: a restart begins anew.
type limits struct {
	mu  sync.Mutex
	now func() time.Time
	by  map[limitKey]*rate.Limiter
}

type limitKey struct{ actor, route string }

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, by: map[limitKey]*rate.Limiter{}}
}

// manyLimits is when counters that have run full again are forgotten.
const manyLimits = 10_000

// allow reports whether the person may do it once more now.
func (l *limits) allow(actor, route string) bool {
	n := perMinute[route]
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
	k := limitKey{actor, route}
	if l.by[k] == nil {
		l.by[k] = rate.NewLimiter(rate.Limit(float64(n)/60), n)
	}
	return l.by[k].AllowN(now, 1)
}

// notTooOften refuses what somebody does more often than a person would.
func (s *site) notTooOften(r *http.Request, to route) error {
	if s.limits.allow(whoOf(r).Actor(), to.pattern) {
		return nil
	}
	s.warn(r, "too often")
	return errTooOften
}
