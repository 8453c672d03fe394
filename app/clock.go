package app

import (
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

// FastClock runs faster than the machine's, from a start, at a speed that can
// be changed. Speed 0 stops it.
type FastClock struct {
	mu    sync.Mutex
	real  func() time.Time
	base  time.Time
	since time.Time
	speed float64
}

// NewFastClock makes a clock that stands at start now and runs at speed
// made-up seconds for each real one.
func NewFastClock(start time.Time, speed float64, real func() time.Time) *FastClock {
	return &FastClock{real: real, base: start.UTC(), since: real(), speed: speed}
}

// Now is the made-up time.
func (c *FastClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at()
}

func (c *FastClock) at() time.Time {
	return c.base.Add(time.Duration(float64(c.real().Sub(c.since)) * c.speed)).Truncate(time.Microsecond)
}

// SetSpeed changes the speed from now on.
func (c *FastClock) SetSpeed(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.since, c.speed = c.at(), c.real(), speed
}

// Speed is the made-up seconds in a real one.
func (c *FastClock) Speed() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.speed
}

// To moves the clock forward to t; an earlier t changes nothing.
func (c *FastClock) To(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at()) {
		c.base, c.since = t.UTC(), c.real()
	}
}
