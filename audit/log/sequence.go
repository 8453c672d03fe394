package log

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"ennakko/fault"
)

const (
	// batch is how many leaves go in at once. All wait for the last one, and a
	// crash repeats at most so many.
	batch = 1 << 16
	// page is how many rows are asked for at once: a row may carry a set of
	// some hundred thousand people.
	page = 256
	// patience is how long a checkpoint may take after its leaves are in.
	patience = 20 * time.Second
)

// Sequenced says what a call of Sequence did.
type Sequenced struct {
	Added     uint64 // entries put into the log by this call
	Size      uint64 // entries that the published checkpoint covers now
	Elsewhere bool   // another process, or another call, is doing it: nothing was done
}

// Sequence puts the leaves of all rows that the log does not hold yet into it,
// in order, and publishes a checkpoint over them: entry n has index n-1. It
// goes on where the log stands, whoever was interrupted there, and may be
// called at any time. The first row that does not match its own leaf stops it
// with fault.Tampered; the rows before it go in, that row and later ones do not.
//
// A batch once begun is finished even if ctx ends.
func (l *Log) Sequence(ctx context.Context, records Records) (Sequenced, error) {
	const op = "log.Sequence"
	var done Sequenced
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	default:
		return l.elsewhere(ctx)
	}
	if l.closed {
		return done, fault.New(fault.Refused, op, "the log is closed")
	}
	unlock, ok, err := lock(l.dir, false)
	if err != nil {
		return done, err
	}
	if !ok {
		return l.elsewhere(ctx)
	}
	defer unlock()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return done, fault.New(fault.Later, op, "stopped before all entries were in the log").Because(err)
		}
		if more, err = l.step(ctx, records, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (l *Log) elsewhere(ctx context.Context) (Sequenced, error) {
	size, err := l.Size(ctx)
	return Sequenced{Size: size, Elsewhere: true}, err
}

// step adds one batch and reports whether there may be more.
func (l *Log) step(ctx context.Context, records Records, done *Sequenced) (more bool, err error) {
	const op = "log.Sequence"
	st, err := readState(l.dir, l.verifier)
	if err != nil {
		return false, err
	}
	done.Size = st.size
	edge, err := sound(ctx, l.dir, st.tree)
	if err != nil {
		return false, err
	}
	if !l.swept {
		if err := sweep(l.dir, st.size); err != nil {
			return false, err
		}
		l.swept = true
	}
	last, err := records.Last(ctx)
	if err != nil {
		return false, unreadable(op, err)
	}
	if last < st.tree.Size {
		return false, tampered(op, "the record ends before it, but the log holds %d entries", st.tree.Size).Where("entry %d", last+1)
	}
	if last == st.tree.Size && st.size == last {
		return false, nil
	}
	leaves, rowErr := takeLeaves(ctx, records, st.tree.Size, min(last, st.tree.Size+batch), edge)
	if len(leaves) == 0 && st.size == st.tree.Size {
		return false, rowErr
	}
	if err := l.add(ctx, st, leaves); err != nil {
		return false, err
	}
	done.Added += uint64(len(leaves))
	done.Size = st.tree.Size + uint64(len(leaves))
	return rowErr == nil, rowErr
}

// takeLeaves reads the leaves of the rows after size up to last, and checks
// each row. With an error it returns the leaves before the fault. The row at
// size must be the one whose leaf ends the log, so that a record does not go
// on with another record's log.
func takeLeaves(ctx context.Context, records Records, size, last uint64, edge []byte) ([][]byte, error) {
	const op = "log.Sequence"
	var leaves [][]byte
	for next := max(size, 1); next <= last; {
		rows, err := records.Range(ctx, next, page)
		if err != nil {
			return leaves, unreadable(op, err)
		}
		if len(rows) == 0 {
			return leaves, tampered(op, "its row is missing").Where("entry %d", next)
		}
		for _, row := range rows {
			if next > last {
				break
			}
			if err := row.check(next, next <= size); err != nil {
				return leaves, err
			}
			switch {
			case next > size:
				leaves = append(leaves, bytes.Clone(row.Leaf))
			case !bytes.Equal(hasher.HashLeaf(row.Leaf), edge):
				return nil, tampered(op, "the row is not the one that stands in the log").Where("entry %d", next).
					Do("check that the records and the log belong together")
			}
			next++
		}
	}
	return leaves, nil
}

// unreadable passes on what the store says of a row that is not whole, since it
// names the entry.
func unreadable(op string, err error) error {
	if fault.KindOf(err) == fault.Tampered {
		return err
	}
	return fault.Wrap(err, op, "the audit record cannot be read")
}

// check holds a row against its place and its own leaf.
func (r Record) check(seq uint64, logged bool) error {
	const op = "log.check"
	at := func(e *fault.Error) error { return e.Where("entry %d", seq) }
	switch {
	case r.Seq > seq:
		return at(tampered(op, "its row is missing: entry %d stands in its place", r.Seq))
	case r.Seq < seq:
		return at(tampered(op, "entry %d stands in its place", r.Seq))
	case len(r.Leaf) != hasher.Size():
		return at(tampered(op, "its leaf is %d bytes, not %d", len(r.Leaf), hasher.Size()))
	case r.Entry == nil && len(r.Salt) != 0:
		return at(tampered(op, "its content is gone, but not its salt"))
	case r.Entry == nil && !logged:
		return at(tampered(op, "its content is gone, but its leaf was never in the log").Do("erase an entry only when it stands in the log"))
	case r.Entry == nil:
		return nil
	case r.Entry.Seq != seq:
		return at(tampered(op, "its content says that it is entry %d", r.Entry.Seq))
	}
	leaf, err := r.Entry.Leaf(r.Salt)
	if err != nil {
		return at(tampered(op, "its leaf cannot be worked out").Because(err))
	}
	if !bytes.Equal(leaf, r.Leaf) {
		return at(tampered(op, "its row does not match its leaf"))
	}
	return nil
}

// add puts leaves into the log after st and publishes a checkpoint over all of
// it; without leaves it only publishes. The lock must be held.
//
// The driver's queue is flushed by size or by age, and two flushes can overtake
// each other. So each batch has an appender of its own whose size is the
// batch's: there is one flush, and the order is that of the calls.
func (l *Log) add(ctx context.Context, st state, leaves [][]byte) error {
	const op = "log.Sequence"
	// The driver gives no answer once its context has ended.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if err := age(filepath.Join(l.dir, checkpointFile)); err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: l.dir})
	if err != nil {
		return broken(op, err, "the log cannot be opened")
	}
	opts := tessera.NewAppendOptions().
		WithCheckpointSigner(l.signer).
		WithBatching(uint(max(len(leaves), 1)), time.Hour).
		WithCheckpointInterval(100 * time.Millisecond). // the least there is
		WithCheckpointRepublishInterval(0).             // never the same size twice
		WithGarbageCollectionInterval(0)                // collect does it, and needs no state
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, opts)
	if err != nil {
		return broken(op, err, "the log cannot be opened")
	}
	if err := addAll(ctx, appender, st.tree.Size, leaves); err != nil {
		return err
	}
	if err := l.published(ctx, st.tree.Size+uint64(len(leaves))); err != nil {
		return err
	}
	if err := shutdown(ctx); err != nil {
		return broken(op, err, "the log did not close")
	}
	return collect(l.dir, st.size, st.tree.Size+uint64(len(leaves)))
}

// addAll hands the leaves over and waits until each is in the tree, at its own
// place.
func addAll(ctx context.Context, appender *tessera.Appender, size uint64, leaves [][]byte) error {
	const op = "log.Sequence"
	places := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		places[i] = appender.Add(ctx, tessera.NewEntry(leaf))
	}
	for i, place := range places {
		got, err := place()
		if err != nil {
			return broken(op, err, "the leaves could not be written").Do("look whether the disk is full; nothing is lost, the next call goes on")
		}
		if want := size + uint64(i); got.Index != want {
			return fault.New(fault.Internal, op, "the log put entry %d in the place of entry %d", want+1, got.Index+1).
				Do("stop, and verify the log")
		}
	}
	return nil
}

// age makes the checkpoint look old: the driver waits with a new one by the
// age of the file, and would wait for ever if its clock had been ahead.
func age(path string) error {
	err := os.Chtimes(path, time.Time{}, time.Unix(0, 0))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return broken("log.Sequence", err, "the checkpoint cannot be replaced")
	}
	return nil
}

// published waits until the checkpoint covers size entries.
func (l *Log) published(ctx context.Context, size uint64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		cp, err := readCheckpoint(l.dir, l.verifier)
		switch {
		case err == nil && cp.size == size:
			return nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Later, "log.Sequence", "the leaves are in the log, but no checkpoint was published in %v", patience).
				Do("look whether the disk is full; the next call publishes it")
		}
	}
}

// Run sequences when woken and every so often, until ctx ends; then it returns
// nil. It tells the outcome of each call that did something or failed, if tell
// is given. A record that does not match its proof ends it with that error;
// after other failures it tries again.
func (l *Log) Run(ctx context.Context, records Records, wake <-chan struct{}, every time.Duration, tell func(Sequenced, error)) error {
	if every <= 0 {
		return fault.New(fault.Invalid, "log.Run", "the time between two runs must be more than nothing")
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, err := l.Sequence(ctx, records)
		if ctx.Err() != nil {
			return nil
		}
		if tell != nil && (err != nil || done.Added > 0) {
			tell(done, err)
		}
		if err != nil && fault.KindOf(err) == fault.Tampered {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case _, open := <-wake:
			if !open {
				wake = nil
			}
		}
	}
}
