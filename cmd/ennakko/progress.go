package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bars shows how far long work is: bars on a terminal, a line every few
// seconds elsewhere.
type bars struct {
	mu    sync.Mutex
	w     io.Writer
	live  bool
	what  string
	bar   *progressbar.ProgressBar
	last  time.Time
	since time.Time
}

func newBars(w io.Writer) *bars {
	f, ok := w.(*os.File)
	return &bars{w: w, live: ok && term.IsTerminal(int(f.Fd())), since: time.Now()}
}

// show is told what is done and how much of it.
func (b *bars) show(what string, done, total int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live {
		b.draw(what, done, total)
		return
	}
	if what == b.what && time.Since(b.last) < 3*time.Second {
		return
	}
	b.what, b.last = what, time.Now()
	if total > 1 && done > 0 {
		_, _ = fmt.Fprintf(b.w, "%5.1f s  %s: %d of %d\n", time.Since(b.since).Seconds(), what, done, total)
	} else {
		_, _ = fmt.Fprintf(b.w, "%5.1f s  %s\n", time.Since(b.since).Seconds(), what)
	}
}

func (b *bars) draw(what string, done, total int) {
	if what != b.what {
		b.finish()
		b.what = what
		b.bar = progressbar.NewOptions(max(total, 1), progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish())
	}
	_ = b.bar.Set(min(done, max(total, 1)))
}

func (b *bars) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
		b.bar = nil
	}
}

// done takes the bar away.
func (b *bars) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.finish()
}
