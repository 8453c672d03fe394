package omadata_test

import (
	"context"
	"crypto/sha256"
	"flag"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ennakko/omadata"
	"ennakko/permission"
	"ennakko/register/incomes"
	"ennakko/register/standing"
	"ennakko/register/xroad"
	standin "ennakko/testcity/incomes"
)

var measured = flag.Int("omadata.withdrawals", 3, "how many withdrawals are measured")

// wired is a city whose source is a whole one: a made-up register behind its
// adapter, over mutual TLS, which asks the city back.
func wired(t *testing.T) (*city, *standin.Source) {
	begun := time.Now()
	now := func() time.Time { return start.Add(time.Since(begun)) }
	sum := sha256.Sum256([]byte("people"))
	key, err := standing.NewKey(sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]incomes.Incomes{}
	c := newCity(t, func(o *omadata.Config) {
		o.Now, o.Sources, o.People = now, sources, map[string]standing.Key{standin.SourceID: key}
	})
	a, err := c.Agreement()
	c.must(err)
	src, err := standin.Open(t.Context(), standin.SourceOptions{Dir: t.TempDir(), Office: c.Service, Key: key, Now: now, Purposes: map[string][]permission.Field{a.Purpose(): a.Fields()},
		Over: func(o xroad.Config) xroad.Config { o.Failures = 1 << 20; return o }})
	c.must(err)
	t.Cleanup(func() { _ = src.Close() })
	sources[standin.SourceID] = src.Incomes
	return c, src
}

// TestIncomeComesOverTheWireAndAWithdrawalStopsBothSides measures how long after a
// withdrawal the last reading was, at the source and in the city, while both are
// asked without a pause. More of them, told:
//
//	go test ./omadata -run BothSides -omadata.withdrawals 50 -v
func TestIncomeComesOverTheWireAndAWithdrawalStopsBothSides(t *testing.T) {
	c, src := wired(t)
	var atSource, inCity []time.Duration
	for range *measured {
		c.must(c.Choose(c.ctx, anna, c.matter, permission.WayPermit))
		c.must(c.Choose(c.ctx, antti, c.matter, permission.WayPermit))
		c.work()
		if m := c.see(anna); len(m.Income) == 0 {
			hs, err := c.db.Handovers(c.ctx, c.permit(anna).ID)
			t.Fatalf("nothing was fetched: %s, %+v, %v", m.Stage, hs[0], err)
		}
		a, b := c.takenBackUnderFire(src)
		atSource, inCity = append(atSource, a), append(inCity, b)
	}
	slices.Sort(atSource)
	slices.Sort(inCity)
	t.Logf("%d withdrawals; the last reading after Withdraw returned: at the source at most %v (half of them %v), in the city at most %v (half of them %v); below zero: before it returned",
		len(atSource), atSource[len(atSource)-1], atSource[len(atSource)/2], inCity[len(inCity)-1], inCity[len(inCity)/2])
}

// takenBackUnderFire takes Anna's permission back while the source and the city are
// asked for her income without a pause, and gives the time from when Withdraw
// returned until the end of the last reading on each side.
func (c *city) takenBackUnderFire(src *standin.Source) (atSource, inCity time.Duration) {
	c.Helper()
	permit := c.permit(anna)
	code := c.world.code(c, anna)
	a, err := c.Agreement()
	c.must(err)
	var mu sync.Mutex
	var lastSource, lastCity time.Time
	var under sync.WaitGroup
	var over atomic.Bool
	warm := make(chan struct{}, 64)
	hammer := func(last *time.Time, read func() bool) {
		under.Go(func() {
			for left := 5; left > 0; {
				if read() {
					mu.Lock()
					*last = time.Now()
					mu.Unlock()
				}
				select {
				case warm <- struct{}{}:
				default:
				}
				if over.Load() {
					left-- // some more tries, all in vain
				}
			}
		})
	}
	month := incomes.MonthOf(start).Add(-1)
	for range 4 {
		hammer(&lastSource, func() bool { // as a city that does not look itself
			_, err := src.Incomes.Fetch(context.WithoutCancel(c.ctx), incomes.Request{Purpose: a.Purpose(), Permission: permit.ID, Person: code, SignedIn: code, From: month, To: month, Fields: a.Fields()})
			return err == nil
		})
	}
	hammer(&lastCity, func() bool {
		m, err := c.Matter(c.ctx, anna, c.matter)
		return err == nil && len(m.Income) > 0
	})
	for range 12 {
		<-warm
	}
	_, err = c.Withdraw(c.ctx, anna, permit.ID)
	returned := time.Now()
	over.Store(true)
	c.must(err)
	under.Wait()
	if lastSource.IsZero() || lastCity.IsZero() {
		c.Error("nothing was read before: nothing is measured")
	}
	return lastSource.Sub(returned), lastCity.Sub(returned)
}
