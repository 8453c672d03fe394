package app

import (
	"math"
	"sync"
	"time"
)

// Clock tells the time. The embedded network and the work go by the same one.
type Clock interface {
	Now() time.Time
}

// RealClock is the machine's clock.
type RealClock struct{}

// Now is the machine's time, UTC.
func (RealClock) Now() time.Time { return time.Now().UTC() }

// SteppedClock stands still until it is moved. It never goes back.
type SteppedClock struct {
	mu  sync.Mutex
	now time.Time
}

// NewSteppedClock makes a clock that stands at t.
func NewSteppedClock(t time.Time) *SteppedClock { return &SteppedClock{now: t.UTC()} }

// Now is where the clock stands.
func (c *SteppedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// To moves the clock forward to t; an earlier t changes nothing.
func (c *SteppedClock) To(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t.UTC()
	}
}

// PacedClock is a stepped clock with a pace: Now stands where the work stands,
// Target runs on with the machine's clock at a speed. The work goes from moment
// to moment and never past the target, so what happens in a round does not
// depend on the speed. When the work cannot keep up, the target waits for it.
type PacedClock struct {
	mu    sync.Mutex
	real  func() time.Time
	now   time.Time // where the work stands
	base  time.Time // where the target was at since
	since time.Time
	speed float64
}

// NewPacedClock makes a clock that stands at start and whose target runs at
// speed made-up seconds for each real one. Speed 0 stops it.
func NewPacedClock(start time.Time, speed float64, real func() time.Time) *PacedClock {
	return &PacedClock{real: real, now: start.UTC(), base: start.UTC(), since: real(), speed: speed}
}

// Now is the made-up time up to which everything has happened.
func (c *PacedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// mostBehind is how far the target runs ahead of the work, in real time.
const mostBehind = time.Second

// Target is the made-up time to which the work may go.
func (c *PacedClock) Target() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.target()
}

func (c *PacedClock) target() time.Time {
	t := c.base.Add(time.Duration(float64(c.real().Sub(c.since)) * c.speed)).Truncate(time.Microsecond)
	most := c.now.Add(time.Duration(float64(mostBehind) * c.speed))
	if t.After(most) {
		c.base, c.since, t = most, c.real(), most
	}
	return t
}

// Until is the real time after which the target reaches t; at least 0. A clock
// that stands still never gets there.
func (c *PacedClock) Until(t time.Time) (wait time.Duration, ever bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := t.Sub(c.target())
	switch {
	case left <= 0:
		return 0, true
	case c.speed <= 0:
		return 0, false
	}
	return time.Duration(math.Min(float64(left)/c.speed, float64(time.Hour))), true
}

// SetSpeed changes the speed from now on.
func (c *PacedClock) SetSpeed(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.since, c.speed = c.target(), c.real(), speed
}

// Speed is the made-up seconds in a real one.
func (c *PacedClock) Speed() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speed
}

// To moves the clock forward to t, and the target with it if it is behind; an
// earlier t changes nothing.
func (c *PacedClock) To(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !t.After(c.now) {
		return
	}
	c.now = t.UTC()
	if c.target().Before(c.now) {
		c.base, c.since = c.now, c.real()
	}
}
