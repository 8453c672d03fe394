// Package wire is a network cable, for trials of what happens when one is
// pulled: a server runs behind it in a network of its own (a Linux network
// namespace), and nothing else can reach it. It needs root and the command ip of
// Debian's package iproute2.
package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"

	"ennakko/fault"
)

// Wire is a cable between this machine and what runs behind it.
type Wire struct {
	name  string // of the network behind it
	here  string // of the cable's end on this machine
	There string // the address behind it
	Net   string // both addresses, as in 10.77.1.0/30
}

// Lay lays a cable. Close takes it up again.
func Lay(ctx context.Context) (*Wire, error) {
	id := os.Getpid()
	base := fmt.Sprintf("10.77.%d", id%254+1)
	w := &Wire{name: fmt.Sprintf("ennakko-%d", id), here: fmt.Sprintf("enk%d", id%1_000_000), There: base + ".2", Net: base + ".0/30"}
	for _, args := range [][]string{
		{"netns", "add", w.name},
		{"link", "add", w.here, "type", "veth", "peer", "name", "far", "netns", w.name},
		{"addr", "add", base + ".1/30", "dev", w.here},
		{"link", "set", w.here, "up"},
		{"-n", w.name, "addr", "add", w.There + "/30", "dev", "far"},
		{"-n", w.name, "link", "set", "far", "up"},
		{"-n", w.name, "link", "set", "lo", "up"},
	} {
		if err := ip(ctx, args...); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

func ip(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "ip", args...).CombinedOutput() //nolint:gosec // our own words
	if err != nil {
		return fault.New(fault.Missing, "wire.Lay", "no network of its own can be made: %s", bytes.TrimSpace(out)).Because(err).Do("be root, and have the package iproute2")
	}
	return nil
}

// Pull cuts the cable: what is under way is never answered, as opposed to
// refused. Plug mends it.
func (w *Wire) Pull(ctx context.Context) error { return ip(ctx, "link", "set", w.here, "down") }

// Plug mends the cable.
func (w *Wire) Plug(ctx context.Context) error { return ip(ctx, "link", "set", w.here, "up") }

// Behind starts a process behind the cable.
func (w *Wire) Behind(start func() error) error {
	const op = "wire.Behind"
	runtime.LockOSThread() // a network belongs to a thread, and a new process is in that of the thread that starts it
	own, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		runtime.UnlockOSThread()
		return fault.Wrap(err, op, "the network cannot be found")
	}
	defer func() { _ = own.Close() }()
	far, err := os.Open("/var/run/netns/" + w.name)
	if err != nil {
		runtime.UnlockOSThread()
		return fault.Wrap(err, op, "the network behind the cable is gone")
	}
	defer func() { _ = far.Close() }()
	if err := unix.Setns(int(far.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fault.Wrap(err, op, "the network behind the cable cannot be entered")
	}
	err = start()
	if back := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); back != nil {
		return fault.Wrap(back, op, "the way back is shut") // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// Close takes the cable up.
func (w *Wire) Close() error {
	ctx := context.Background()
	_ = ip(ctx, "link", "del", w.here)
	return ip(ctx, "netns", "del", w.name)
}
