package log

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"ennakko/fault"
)

// Copy copies the log into the new directory to, and calls hold while nothing
// can be added to it. What hold takes hold of is then no older than the copy:
// rows may be ahead of their log, never behind it. It returns the copied
// checkpoint and how many entries that covers.
func (l *Log) Copy(ctx context.Context, to string, hold func() error) (checkpoint string, size uint64, err error) {
	const op = "log.Copy"
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", 0, fault.New(fault.Later, op, "leaves are still being added to the log").Because(ctx.Err())
	}
	unlock, _, err := lock(l.dir, true)
	if err != nil {
		return "", 0, err
	}
	defer unlock()
	st, err := readState(l.dir, l.verifier)
	if err != nil {
		return "", 0, err
	}
	if st.size < st.tree.Size {
		return "", 0, fault.New(fault.Later, op, "the log waits for its checkpoint").Do("try again: the next sequencing publishes it")
	}
	if err := sweep(l.dir, st.size); err != nil {
		return "", 0, err
	}
	files, unknown, err := list(l.dir)
	if err != nil {
		return "", 0, err
	}
	if len(unknown) > 0 {
		return "", 0, tampered(op, "%d files that are no part of a log stand in it", len(unknown)).Do("run verify, which names them")
	}
	for _, f := range files {
		if err := copyFile(filepath.Join(l.dir, filepath.FromSlash(f.path)), filepath.Join(to, filepath.FromSlash(f.path))); err != nil {
			return "", 0, err
		}
	}
	return string(st.raw), st.size, hold()
}

// copyFile copies a file of a log; they are small.
func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return broken("log.Copy", err, "a directory of the copy cannot be made")
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return broken("log.Copy", err, "a file of the log cannot be read")
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return broken("log.Copy", err, "a file of the copy cannot be written").Do("look whether the disk is full")
	}
	return nil
}
