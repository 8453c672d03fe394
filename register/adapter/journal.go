package adapter

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"ennakko/fault"
	"ennakko/register/standing"
	"ennakko/strictjson"
)

// Journal is the source's own record of hand-overs: one mark a line, on the disk
// before the first byte of the hand-over leaves, and the queue of what the city
// has not been told yet. It survives a crash at any moment. One process has it.
type Journal struct {
	dir  string
	lock *os.File
	file *os.File
	sync func() error // of the file

	mu      sync.Mutex
	broken  error // since the disk failed; nothing more is handed over
	pending []adding
	writing bool
	size    int64         // of the file, of what is durable
	sent    int64         // up to here the city knows all
	waiting int           // marks after sent
	changed chan struct{} // closed when there is something new to send
}

type adding struct {
	line []byte
	done chan error
}

// The files in the folder.
const (
	marksFile   = "marks.jsonl"
	sentFile    = "sent"
	refusedFile = "refused.jsonl" // marks that the city will never take: a person must look
	lockFile    = "lock"
)

// OpenJournal opens the journal in a folder, which it makes if need be. What was
// half written when the machine stopped is taken away: nothing was handed over
// for it.
func OpenJournal(dir string) (*Journal, error) {
	const op = "adapter.OpenJournal"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Invalid, op, "the folder of marks cannot be made").Because(err).Do("look at marks in the settings")
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator's own folder
	if err != nil {
		return nil, fault.Wrap(err, op, "the folder of marks cannot be written to")
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fault.New(fault.Conflict, op, "another adapter has the folder of marks").Because(err).Do("give each adapter a folder of its own")
	}
	j := &Journal{dir: dir, lock: lock, changed: make(chan struct{})}
	if err := j.open(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

func (j *Journal) open() (err error) {
	const op = "adapter.OpenJournal"
	if j.file, err = os.OpenFile(filepath.Join(j.dir, marksFile), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return fault.Wrap(err, op, "the file of marks cannot be opened")
	}
	j.sync = j.file.Sync
	if err := syncDir(j.dir); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(j.dir, sentFile))
	if err == nil {
		j.sent, err = strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	info, wrong := j.file.Stat()
	if err != nil || wrong != nil || j.sent < 0 || j.sent > info.Size() {
		return fault.New(fault.Tampered, op, "the file of marks is shorter than what was sent of it").Because(errors.Join(err, wrong)).Do("bring the folder of marks back from a backup, whole")
	}
	return j.scan()
}

// scan counts what waits and takes a torn last line away.
func (j *Journal) scan() error {
	const op = "adapter.OpenJournal"
	r := bufio.NewReader(io.NewSectionReader(j.file, j.sent, 1<<62))
	j.size = j.sent
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault.Wrap(err, op, "the file of marks cannot be read")
		}
		if _, err := parse(line); err != nil {
			return fault.New(fault.Tampered, op, "a mark cannot be read").Because(err).Where("%s, byte %d", marksFile, j.size).Do("bring the folder of marks back from a backup, whole")
		}
		j.size += int64(len(line))
		j.waiting++
	}
	if err := j.file.Truncate(j.size); err != nil {
		return fault.Wrap(err, op, "a torn mark cannot be taken away")
	}
	return fault.Wrap(j.file.Sync(), op, "the file of marks cannot be kept")
}

func parse(line []byte) (standing.WireMark, error) {
	var m standing.WireMark
	if err := strictjson.Read(line, &m); err != nil {
		return m, err
	}
	return m, m.Check()
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own folder
	if err != nil {
		return fault.Wrap(err, "adapter.Journal", "the folder of marks cannot be opened")
	}
	defer func() { _ = d.Close() }()
	return fault.Wrap(d.Sync(), "adapter.Journal", "the folder of marks cannot be kept")
}

// Close ends the journal. What is being written is written first.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken == nil {
		j.broken = errors.New("closed")
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Close())
}

// Append keeps a mark and returns when it is on the disk. Marks that come at once
// share one waiting for the disk. After the disk failed once nothing is kept any
// more, until a restart has looked at what is there.
func (j *Journal) Append(m standing.Mark) error {
	const op = "adapter.Journal"
	line, err := json.Marshal(m.Wire())
	if err != nil {
		return fault.Wrap(err, op, "the mark cannot be written")
	}
	if err := m.Wire().Check(); err != nil {
		return err
	}
	a := adding{append(line, '\n'), make(chan error, 1)}
	j.mu.Lock()
	j.pending = append(j.pending, a)
	if !j.writing {
		j.writing = true
		go j.write()
	}
	j.mu.Unlock()
	return <-a.done
}

// write writes what is pending until nothing is.
func (j *Journal) write() {
	for {
		j.mu.Lock()
		batch, err := j.pending, j.broken
		j.pending = nil
		if len(batch) == 0 {
			j.writing = false
			j.mu.Unlock()
			return
		}
		file := j.file
		j.mu.Unlock()
		var b []byte
		for _, a := range batch {
			b = append(b, a.line...)
		}
		if err == nil {
			_, err = file.Write(b)
		}
		if err == nil {
			err = j.sync()
		}
		j.mu.Lock()
		if err == nil {
			j.size, j.waiting = j.size+int64(len(b)), j.waiting+len(batch)
			close(j.changed)
			j.changed = make(chan struct{})
		} else if j.broken == nil {
			j.broken = err
		}
		j.mu.Unlock()
		for _, a := range batch {
			a.done <- fault.Wrap(err, "adapter.Journal", "the mark cannot be kept")
		}
	}
}

// Err is why no mark can be kept any more; nil while they can.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.broken
}

// Waiting is how many marks the city has not been told yet.
func (j *Journal) Waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting
}

// Refused is how many marks stand in the file of those that the city will never take.
// Whoever has looked into them moves the file away.
func (j *Journal) Refused() int {
	b, err := os.ReadFile(filepath.Join(j.dir, refusedFile))
	if err != nil {
		return 0
	}
	return bytes.Count(b, []byte("\n"))
}

// Next are the oldest marks that the city has not been told, at most so many.
// When there are none, new is closed as soon as there is one.
func (j *Journal) Next(most int) (marks []standing.WireMark, ends []int64, fresh <-chan struct{}, err error) {
	j.mu.Lock()
	from, to, fresh := j.sent, j.size, j.changed
	file := j.file
	j.mu.Unlock()
	r := bufio.NewReader(io.NewSectionReader(file, from, to-from))
	for at := from; at < to && len(marks) < most; {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return nil, nil, nil, fault.Wrap(err, "adapter.Journal", "the file of marks cannot be read")
		}
		m, err := parse(line)
		if err != nil {
			return nil, nil, nil, fault.New(fault.Tampered, "adapter.Journal", "a mark cannot be read").Because(err).Where("%s, byte %d", marksFile, at)
		}
		at += int64(len(line))
		marks, ends = append(marks, m), append(ends, at)
	}
	return marks, ends, fresh, nil
}

// Told keeps that the city knows all marks up to an end that Next gave, n of them.
// Those that it will never take are kept apart, for a person.
func (j *Journal) Told(end int64, n int, refused []standing.WireMark) error {
	const op = "adapter.Journal"
	if len(refused) > 0 {
		var b bytes.Buffer
		for _, m := range refused {
			line, err := json.Marshal(m)
			if err != nil {
				return fault.Wrap(err, op, "a refused mark cannot be written")
			}
			b.Write(append(line, '\n'))
		}
		if err := appendTo(filepath.Join(j.dir, refusedFile), b.Bytes()); err != nil {
			return err
		}
	}
	if err := replace(j.dir, sentFile, []byte(strconv.FormatInt(end, 10)+"\n")); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sent, j.waiting = end, j.waiting-n
	return nil
}

func appendTo(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the operator's own folder
	if err != nil {
		return fault.Wrap(err, "adapter.Journal", "refused marks cannot be kept")
	}
	_, err = f.Write(b)
	return fault.Wrap(errors.Join(err, f.Sync(), f.Close()), "adapter.Journal", "refused marks cannot be kept")
}

// replace writes a file so that after a crash either the old or the new one is
// there, whole.
func replace(dir, name string, b []byte) error {
	const op = "adapter.Journal"
	f, err := os.CreateTemp(dir, name+"-*")
	if err != nil {
		return fault.Wrap(err, op, "what was sent cannot be kept")
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fault.Wrap(err, op, "what was sent cannot be kept")
	}
	return syncDir(dir)
}
