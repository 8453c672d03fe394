// Package log keeps the verifiable log of the audit record. The rows of the
// record live in the store; this package puts their leaves, in order, into a
// Merkle tree on disk with a signed checkpoint, hands out proofs that an entry
// stands in it, and holds rows and files against each other.
//
// A log is a directory in the form of tlog-tiles, which anybody may copy,
// publish and check:
//
//	checkpoint              the signed size and root of the tree
//	tile/entries/...        the leaves, 256 to a file
//	tile/0/... tile/1/...   the hashes, 256 to a file
//	verifier                the public key of the checkpoints
//	sequencing.lock         empty; held while leaves are added
//	.state/                 version, size and root of the tree, empty lock files
//
// Nothing else may stand there: every byte of every file follows from the rows
// and the key, so Verify writes each file anew in memory and compares. Files
// with ".p" in their name are the right edge of the tree while it grows; those
// that a full file has replaced are removed.
//
// What the log cannot see: rows that were not yet in the log when they were
// taken away, and a log that was put back to an older state together with its
// rows. Against the second, keep a checkpoint elsewhere and give it to Verify.
//
// Sources: RFC 6962 (the tree), https://c2sp.org/tlog-tiles (the files),
// https://c2sp.org/tlog-checkpoint and https://c2sp.org/signed-note (the
// checkpoint). The driver is Tessera's, github.com/transparency-dev/tessera.
package log

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/go-logr/logr"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"

	"ennakko/audit"
	"ennakko/fault"
)

// Record is one row of the audit record as the store keeps it.
type Record struct {
	Seq   uint64       // from 1, without gaps
	Entry *audit.Entry // nil: erased by law; then Salt is empty too and only the leaf stands
	Salt  []byte       // audit.SaltSize bytes
	Leaf  []byte       // audit.Entry.Leaf of the entry with the salt
}

// Records is the audit record, implemented by the store. The rows it gives
// must be committed for good: a row that the log holds may never be rolled
// back. An implementation must itself refuse, as fault.Tampered, a row whose
// stored bytes are not exactly those it would write for the entry it gives,
// since the leaf covers the entry and not its stored form.
type Records interface {
	// Last returns the number of the last entry, 0 when there is none.
	Last(ctx context.Context) (uint64, error)
	// Range returns entries in order, beginning with entry from, at most limit
	// of them, and none only when there are none.
	Range(ctx context.Context, from uint64, limit int) ([]Record, error)
}

// Options are the settings of a log.
type Options struct {
	// Keys is the directory of the private key, made with mode 0700 on first
	// use. It must not be the log's own directory.
	Keys string
	// Origin is the log's name in its checkpoints, such as "ennakko/helsinki".
	// Empty: the name that the key has, or "ennakko/audit" for a new key.
	Origin string
	// Random gives the bytes of a new key; nil is the system's secure source.
	Random io.Reader
}

// Log is a log that can be added to. Its methods may be called at the same
// time. It has nothing running between calls.
type Log struct {
	dir      string
	signer   note.Signer
	verifier note.Verifier
	public   string        // the verifier key as text
	turn     chan struct{} // holds one token; whoever has it may sequence
	closed   bool          // guarded by turn
	swept    bool          // guarded by turn
}

// quiet sends the log lines of Tessera's driver nowhere: what matters comes
// back as an error.
var quiet = sync.OnceFunc(func() { klog.SetLogger(logr.Discard()) })

// Open opens the log in dir. On first use it makes the directory, an empty log
// and a key; it never overwrites one. A log whose key is gone is refused.
func Open(dir string, opt Options) (*Log, error) {
	const op = "log.Open"
	quiet()
	if dir == "" || opt.Keys == "" {
		return nil, fault.New(fault.Invalid, op, "the log needs a directory and a directory for its key")
	}
	if within(opt.Keys, dir) {
		return nil, fault.New(fault.Invalid, op, "the key may not stand in the log's own directory").Do("give another directory for keys")
	}
	for d, mode := range map[string]os.FileMode{dir: 0o755, opt.Keys: 0o700} {
		if err := os.MkdirAll(d, mode); err != nil {
			return nil, broken(op, err, "a directory cannot be made")
		}
	}
	fresh, err := isFresh(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	if l.signer, l.public, err = loadKey(opt, fresh); err != nil {
		return nil, err
	}
	if l.verifier, err = note.NewVerifier(l.public); err != nil {
		return nil, fault.New(fault.Internal, op, "the log's public key cannot be used").Because(err)
	}
	if err := l.settle(); err != nil {
		return nil, err
	}
	return l, nil
}

// settle brings a directory to the form of an existing log.
func (l *Log) settle() error {
	if err := placeVerifier(l.dir, l.public); err != nil {
		return err
	}
	fresh, err := isFresh(l.dir)
	if err != nil || !fresh {
		return err
	}
	unlock, _, err := lock(l.dir, true)
	if err != nil {
		return err
	}
	defer unlock()
	// Somebody else may have made it while we waited.
	if fresh, err = isFresh(l.dir); err != nil || !fresh {
		return err
	}
	return l.add(context.Background(), state{}, nil)
}

// Verifier returns the public key of the checkpoints in the form of a note
// verifier key. It is no secret; whoever checks proofs needs it.
func (l *Log) Verifier() string { return l.public }

// Size returns how many entries the published checkpoint covers.
func (l *Log) Size(context.Context) (uint64, error) {
	cp, err := readCheckpoint(l.dir, l.verifier)
	return cp.size, err
}

// Checkpoint returns the published checkpoint. Keep it outside the city's
// machine: given to Verify later, it shows whether the log was put back.
func (l *Log) Checkpoint(context.Context) (string, error) {
	cp, err := readCheckpoint(l.dir, l.verifier)
	return string(cp.raw), err
}

// Lag returns how many entries of the record the published checkpoint does not
// cover yet.
func (l *Log) Lag(ctx context.Context, records Records) (uint64, error) {
	size, err := l.Size(ctx)
	if err != nil {
		return 0, err
	}
	last, err := records.Last(ctx)
	if err != nil {
		return 0, fault.Wrap(err, "log.Lag", "the audit record cannot be read")
	}
	return last - min(size, last), nil
}

// Close waits until a Sequence under way has ended and refuses later ones. The
// error is that of ctx.
func (l *Log) Close(ctx context.Context) error {
	select {
	case <-l.turn:
		l.closed = true
		l.turn <- struct{}{}
		return nil
	case <-ctx.Done():
		return fault.New(fault.Later, "log.Close", "leaves are still being added to the log").Because(ctx.Err())
	}
}

// within reports whether path is dir.
func within(path, dir string) bool {
	a, errA := filepath.Abs(path)
	b, errB := filepath.Abs(dir)
	return errA == nil && errB == nil && a == b
}

// broken is a failure of the file system.
func broken(op string, err error, format string, args ...any) *fault.Error {
	return fault.New(fault.Internal, op, format, args...).Because(err)
}

// tampered is a place where the record and its proof do not agree.
func tampered(op, format string, args ...any) *fault.Error {
	return fault.New(fault.Tampered, op, format, args...)
}
