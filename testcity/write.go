package testcity

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"ennakko/fault"
)

const snapshotFile = "snapshot.yaml"

// register is one file to write: its header and its rows.
type register struct {
	name   string
	header string
	rows   int // how many there will be, for progress
	each   func(w *rows) error
}

// emptyFolder makes the folder and refuses one with register files in it:
// files of two cities must not mix.
func emptyFolder(dir string) error {
	const op = "testcity.Write"
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fault.New(fault.Invalid, op, "the folder cannot be made").Because(err)
	}
	for _, pattern := range []string{snapshotFile, "*.csv", "*.csv.gz"} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) > 0 {
			return fault.New(fault.Conflict, op, "the folder holds register files already").Do("name a new folder")
		}
	}
	return nil
}

// writeAll writes all files, several at a time. What was begun is removed
// again if one fails.
func (c *city) writeAll(ctx context.Context, dir string, progress func(done, total int)) error {
	files := c.registers()
	total := 0
	for _, f := range files {
		total += f.rows
	}
	p := &counter{ctx: ctx, tell: progress, total: total}
	var wg sync.WaitGroup
	errs := make([]error, len(files))
	for i, f := range files {
		wg.Go(func() { errs[i] = c.writeFile(dir, f, p) })
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, snapshotFile),
			[]byte("snapshot: "+c.opt.Day.Format(time.DateOnly)+"\nsource: Made-up city\ncharset: utf-8\n"), 0o600)
	}
	if err != nil {
		for _, f := range files {
			if e := os.Remove(filepath.Join(dir, c.fileName(f))); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		k := fault.Internal
		if ctx.Err() != nil {
			k = fault.Later
		}
		return fault.New(k, "testcity.Write", "the register files could not be written").Because(err)
	}
	progress(total, total)
	return nil
}

func (c *city) fileName(f register) string {
	if c.opt.Gzip && !strings.Contains(f.name, "/") {
		return f.name + ".gz"
	}
	return f.name
}

// counter tells the progress of several files as one.
type counter struct {
	mu    sync.Mutex
	ctx   context.Context
	tell  func(done, total int)
	done  int
	total int
}

const tellEvery = 10_000 // rows

func (p *counter) add(n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	p.tell(p.done, p.total)
	return p.ctx.Err()
}

func (c *city) writeFile(dir string, f register, p *counter) (err error) {
	file, err := os.OpenFile(filepath.Join(dir, c.fileName(f)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriterSize(file, 1<<20)
	var out io.Writer = buffered
	var zip *gzip.Writer
	if strings.HasSuffix(file.Name(), ".gz") {
		if zip, err = gzip.NewWriterLevel(buffered, gzip.BestSpeed); err != nil {
			return err
		}
		out = zip
	}
	w := &rows{out: out, progress: p}
	w.line = append(w.line, f.header...)
	w.line = append(w.line, '\n')
	if err := f.each(w); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	if zip != nil {
		if err := zip.Close(); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

// rows builds rows cell by cell. No cell holds a separator, a quote or a line
// break: all are made of our own words.
type rows struct {
	out      io.Writer
	line     []byte
	inRow    bool
	count    int
	progress *counter
}

func (w *rows) separate() {
	if w.inRow {
		w.line = append(w.line, ';')
	}
	w.inRow = true
}

func (w *rows) text(s string) {
	w.separate()
	w.line = append(w.line, s...)
}

func (w *rows) code(b *[11]byte) {
	w.separate()
	w.line = append(w.line, b[:]...)
}

// date writes a day, or nothing for zero.
func (w *rows) date(day int32) {
	if day == 0 {
		w.text("")
		return
	}
	w.birth(day)
}

// birth writes a day that is always known; zero is 1 January 1970.
func (w *rows) birth(day int32) {
	w.separate()
	w.line = dateOf(day).AppendFormat(w.line, time.DateOnly)
}

func (w *rows) yesNo(b bool) {
	if b {
		w.text("1")
	} else {
		w.text("0")
	}
}

func (w *rows) metres(x float64) {
	w.separate()
	w.line = strconv.AppendFloat(w.line, x, 'f', 2, 64)
}

func (w *rows) number(n int) {
	w.separate()
	w.line = strconv.AppendInt(w.line, int64(n), 10)
}

func (w *rows) end() error {
	const chunk = 1 << 16
	w.line = append(w.line, '\n')
	w.inRow = false
	if w.count++; w.count%tellEvery == 0 {
		if err := w.progress.add(tellEvery); err != nil {
			return err
		}
	}
	if len(w.line) > chunk {
		return w.flush()
	}
	return nil
}

func (w *rows) flush() error {
	_, err := w.out.Write(w.line)
	w.line = w.line[:0]
	return err
}
