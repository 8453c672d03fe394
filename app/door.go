package app

import (
	"context"
	"sync/atomic"

	"ennakko/channel"
	"ennakko/fault"
	"ennakko/work"
)

// Door is the inbox of gateways. It takes nothing before the work has begun: a
// gateway brings it again.
type Door struct {
	clock    Clock
	worker   atomic.Pointer[work.Worker]
	poke     chan struct{}
	messages gather[channel.Incoming]
	reports  gather[channel.Report]
}

// NewDoor makes an inbox by the program's clock.
func NewDoor(c Clock) *Door {
	d := &Door{clock: c, poke: make(chan struct{}, 1)}
	d.messages.keep, d.reports.keep = d.keepMessages, d.keepReports
	return d
}

func (d *Door) open() (*work.Worker, error) {
	if w := d.worker.Load(); w != nil {
		return w, nil
	}
	return nil, fault.New(fault.Later, "app.Door", "the work has not begun yet")
}

func (d *Door) knock() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

// Receive keeps messages from phones; it returns when they are kept.
func (d *Door) Receive(ctx context.Context, in []channel.Incoming) error {
	return d.messages.take(ctx, in)
}

func (d *Door) keepMessages(ctx context.Context, in []channel.Incoming) error {
	w, err := d.open()
	if err != nil {
		return err
	}
	now := d.clock.Now()
	if _, real := d.clock.(RealClock); !real {
		for i := range in {
			in[i].At = now // a made-up time is the same for all
		}
	}
	defer d.knock()
	return w.Receive(ctx, in, now)
}

// Report keeps outcomes of messages; it returns when they are kept.
func (d *Door) Report(ctx context.Context, r []channel.Report) error {
	return d.reports.take(ctx, r)
}

func (d *Door) keepReports(ctx context.Context, r []channel.Report) error {
	w, err := d.open()
	if err != nil {
		return err
	}
	now := d.clock.Now()
	for i := range r {
		r[i].At = now // when it came, by the same clock as all
	}
	return w.Report(ctx, r, now)
}
