package adapter

import "time"

// OnMarked lets a test stand between the mark and the hand-over.
func (a *Adapter) OnMarked(f func()) { a.marked = f }

// SetNow gives the adapter a clock.
func (a *Adapter) SetNow(now func() time.Time) { a.opt.Now = now }

// SetReal gives the adapter a clock for how long things take.
func (a *Adapter) SetReal(now func() time.Time) { a.opt.Real = now }

// Journal is the adapter's.
func (a *Adapter) Journal() *Journal { return a.journal }

// OnSync stands in for the disk.
func (j *Journal) OnSync(f func() error) { j.sync = f }
