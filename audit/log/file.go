package log

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"

	"ennakko/audit"
	"ennakko/fault"
)

// fileFormat is what every file of a proof begins with.
const fileFormat = "ennakko proof 1"

// MostFile is how large a file of a proof is at most, in bytes.
const MostFile = 32 << 10

// File is a proof that a person can take along: the entry as it is shown to them,
// what shows that it covers them, and what shows that it stands in the log. It
// needs nothing else to be checked but the log's public key. It goes to and from
// JSON and holds no more than concerns the person.
type File struct {
	Format     string           `json:"format"`
	Log        string           `json:"log"` // the name of the log, and of its public key
	Entry      audit.Disclosure `json:"entry"`
	Hashes     [][]byte         `json:"hashes"`     // the audit path, leaf upwards
	Checkpoint string           `json:"checkpoint"` // the signed size and root
	Since      *Since           `json:"since,omitempty"`
}

// Since shows that the log only grew since an older checkpoint.
//
// Source: RFC 6962, section 2.1.2 (consistency proofs).
type Since struct {
	Size   uint64   `json:"size"` // how many entries the older checkpoint covers
	Hashes [][]byte `json:"hashes"`
}

// File makes the file of an entry as it is shown to a person. Since, unless 0, is
// the size of an older checkpoint, kept elsewhere, from which it shows that the log
// went on. For an entry that no checkpoint covers yet the fault is Later.
func (l *Log) File(ctx context.Context, d audit.Disclosure, since uint64) (File, error) {
	const op = "log.File"
	p, err := l.Prove(ctx, d.Seq)
	if err != nil {
		return File{}, err
	}
	f := File{Format: fileFormat, Log: l.verifier.Name(), Entry: d, Hashes: p.Hashes, Checkpoint: p.Checkpoint}
	if since == 0 {
		return f, nil
	}
	cp, err := openCheckpoint([]byte(p.Checkpoint), l.verifier)
	if err != nil {
		return File{}, err
	}
	if since > cp.size {
		return File{}, fault.New(fault.Invalid, op, "the log holds %d entries so far, fewer than the older checkpoint", cp.size).Do("look at the second line of the checkpoint")
	}
	f.Since = &Since{Size: since, Hashes: [][]byte{}}
	builder, err := client.NewProofBuilder(ctx, cp.size, client.FileFetcher{Root: l.dir}.ReadTile)
	if err != nil {
		return File{}, broken(op, err, "the proof cannot be made")
	}
	f.Since.Hashes, err = builder.ConsistencyProof(ctx, since, cp.size)
	return f, fault.Wrap(err, op, "the proof cannot be made")
}

// ParseFile reads a file of a proof. Its fault is Invalid and repeats nothing of
// the file.
func ParseFile(raw []byte) (File, error) {
	var f File
	unreadable := func(what string) error {
		return fault.New(fault.Invalid, "log.ParseFile", "%s", what).Do("take the file as it came from the page, unchanged")
	}
	if len(raw) > MostFile {
		return f, unreadable("the file is larger than any proof")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return File{}, unreadable("the file is no proof")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return File{}, unreadable("the file goes on behind the proof")
	}
	if f.Format != fileFormat {
		return File{}, unreadable("the file is a proof of a form that is not known here")
	}
	return f, nil
}

// Checked says what a file of a proof proves.
type Checked struct {
	Entry     audit.Entry `json:"-"`         // what is shown of it; parts that are not are empty
	Seq       uint64      `json:"seq"`       // its number
	Person    uint32      `json:"person"`    // the number of the person whom it covers; 0: that is not shown
	Shown     bool        `json:"shown"`     // the content is proved, not only that there is an entry
	Size      uint64      `json:"entries"`   // how many entries the log had
	Published bool        `json:"published"` // the log went on from the checkpoint that was given
}

// Check proves a file against the log's public key, which must come from elsewhere
// than the file, and against a published checkpoint if one is given. What the file
// shows is then what stands in the log; otherwise the fault is Tampered. A published
// checkpoint from which the file shows no way is a fault of kind Missing.
func (f File) Check(verifier, published string) (Checked, error) {
	const op = "log.Check"
	v, err := ParseVerifier(verifier)
	if err != nil {
		return Checked{}, err
	}
	cp, err := openCheckpoint([]byte(f.Checkpoint), v)
	if err != nil {
		return Checked{}, err
	}
	leaf, err := f.Entry.Leaf()
	if err != nil {
		return Checked{}, err
	}
	seq := f.Entry.Seq
	fails := tampered(op, "what the file shows is not what stands in the log").Where("entry %d", seq)
	if f.Log != v.Name() || seq == 0 || seq > cp.size {
		return Checked{}, fails
	}
	if err := proof.VerifyInclusion(hasher, seq-1, cp.size, hasher.HashLeaf(leaf), f.Hashes, cp.root); err != nil {
		return Checked{}, fails.Because(err)
	}
	c := Checked{Entry: f.Entry.Open(), Seq: seq, Shown: f.Entry.Bare == nil, Size: cp.size}
	if f.Entry.Person != nil {
		c.Person = f.Entry.Person.Number
	}
	if published == "" {
		return c, nil
	}
	c.Published = true
	return c, f.goesOn(published, cp, v)
}

// goesOn shows that the file's checkpoint is that of a log that grew from a
// published one.
func (f File) goesOn(published string, cp checkpoint, v note.Verifier) error {
	const op = "log.Check"
	old, err := openCheckpoint([]byte(published), v)
	if err != nil {
		return err
	}
	parted := tampered(op, "the log of the file is not the one of the published checkpoint").Do("keep both, and ask the city")
	switch {
	case old.size == cp.size && bytes.Equal(old.root, cp.root):
		return nil
	case old.size == cp.size:
		return parted
	case old.size > cp.size:
		return fault.New(fault.Missing, op, "the published checkpoint is newer than the file").Do("take the file from the page again, and name the %d entries of the checkpoint", old.size)
	case f.Since == nil || f.Since.Size != old.size:
		return fault.New(fault.Missing, op, "the file does not lead to the published checkpoint").Do("take the file from the page again, and name the %d entries of the checkpoint", old.size)
	}
	if old.size == 0 {
		return nil
	}
	if err := proof.VerifyConsistency(hasher, old.size, cp.size, f.Since.Hashes, old.root, cp.root); err != nil {
		return parted.Because(err)
	}
	return nil
}

// GoesOn shows that the log grew out of a checkpoint that was published before: nothing
// that it covered was changed or taken away. Otherwise the fault is Tampered.
func (l *Log) GoesOn(ctx context.Context, published string) error {
	const op = "log.GoesOn"
	old, err := openCheckpoint([]byte(published), l.verifier)
	if err != nil {
		return err
	}
	cp, err := readCheckpoint(l.dir, l.verifier)
	if err != nil {
		return err
	}
	if old.size > cp.size {
		return tampered(op, "the log has %d entries, fewer than the %d of a published checkpoint", cp.size, old.size).Do("bring the record back from the newest backup, and tell who answers for it")
	}
	f := File{Since: &Since{Size: old.size}}
	if old.size > 0 && old.size < cp.size {
		builder, err := client.NewProofBuilder(ctx, cp.size, client.FileFetcher{Root: l.dir}.ReadTile)
		if err != nil {
			return broken(op, err, "the proof cannot be made")
		}
		if f.Since.Hashes, err = builder.ConsistencyProof(ctx, old.size, cp.size); err != nil {
			return fault.Wrap(err, op, "the proof cannot be made")
		}
	}
	return f.goesOn(published, cp, l.verifier)
}
