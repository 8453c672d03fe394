package log

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"ennakko/fault"
)

// VerifyOptions say what Verify may trust.
type VerifyOptions struct {
	// Verifier is the public key, from a place that whoever can change the log
	// cannot change. When empty, Keys is asked.
	Verifier string
	// Keys is the directory of the private key. When both are empty, the public
	// key beside the log is believed; then a log that was replaced together
	// with its key goes unnoticed.
	Keys string
	// Remembered is a checkpoint that was kept elsewhere, as Report.Checkpoint
	// gave it. With it, a log and a record that were both put back to an older
	// state, or written anew, are noticed. May be empty.
	Remembered string
	// Kept is the checkpoint that the record keeps with its rows. With it, a log
	// that was removed or put back while the rows stayed is noticed. May be empty.
	Kept string
	// Progress is told how many of all rows are done. May be nil.
	Progress func(done, total uint64)
}

// Report says what was verified.
type Report struct {
	Entries    uint64 `json:"entries"`    // entries that the published checkpoint covers
	Pending    uint64 `json:"pending"`    // rows that it does not cover yet; only their own leaves vouch for them
	Erased     uint64 `json:"erased"`     // entries of which only the leaf is left
	Files      int    `json:"files"`      // files of the log that were compared
	Root       string `json:"root"`       // root of the published checkpoint, base64
	Checkpoint string `json:"checkpoint"` // the whole checkpoint; keep it elsewhere
	Verifier   string `json:"verifier"`   // the public key it was checked with
}

// want is a root that the tree must have at some size.
type want struct {
	where string
	size  uint64
	root  []byte
}

// Verify holds all rows and all files of the log in dir against each other. It
// changes nothing and takes no lock, and works while the log grows.
//
// Every row must match its own leaf; from the leaves the whole tree is grown
// anew, and every file must be byte for byte what the tree says. On the first
// that is not, the error is fault.Tampered and its At names the entry ("entry
// 17"), or the file where none can be named. For a changed hash over several
// entries it is the first of them.
func Verify(ctx context.Context, dir string, records Records, opt VerifyOptions) (Report, error) {
	public, err := trusted(dir, opt)
	if err != nil {
		return Report{}, err
	}
	for try := 1; ; try++ {
		before := look(dir)
		report, err := verify(ctx, dir, public, records, opt)
		// A file may vanish between being listed and being read while the log
		// grows, so what was found in a moving log is looked at again.
		if err == nil || fault.KindOf(err) != fault.Tampered || try == 3 || bytes.Equal(before, look(dir)) {
			return report, err
		}
	}
}

// look tells whether the log has moved: it returns its checkpoint and state.
func look(dir string) []byte {
	a, _ := os.ReadFile(filepath.Join(dir, checkpointFile))
	b, _ := os.ReadFile(filepath.Join(dir, treeFile))
	return append(a, b...)
}

// trusted finds the public key to check with.
func trusted(dir string, opt VerifyOptions) (string, error) {
	switch {
	case opt.Verifier != "":
		return opt.Verifier, nil
	case opt.Keys != "":
		return VerifierOf(opt.Keys)
	}
	raw, err := readFile(dir, verifierFile)
	return strings.TrimSuffix(string(raw), "\n"), err
}

// ParseVerifier reads a public key in its one exact form.
func ParseVerifier(public string) (note.Verifier, error) {
	fails := tampered("log.ParseVerifier", "the log's public key is not whole").Where("%s", verifierFile)
	v, err := note.NewVerifier(public)
	if err != nil {
		return nil, fails.Because(err)
	}
	// The library takes other spellings of the same key.
	parts := strings.SplitN(public, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || public != fmt.Sprintf("%s+%08x+%s", v.Name(), v.KeyHash(), base64.StdEncoding.EncodeToString(key)) {
		return nil, fails
	}
	return v, nil
}

// verify looks once. Its order matters while the log grows: checkpoint, tree,
// files, rows; each holds no more than the one after it.
func verify(ctx context.Context, dir, public string, records Records, opt VerifyOptions) (Report, error) {
	const op = "log.Verify"
	v, err := ParseVerifier(public)
	if err != nil {
		return Report{}, err
	}
	st, err := readState(dir, v)
	if err != nil {
		return Report{}, err
	}
	wants := []want{{treeFile, st.tree.Size, st.tree.Root}, {checkpointFile, st.size, st.root}}
	if opt.Remembered != "" {
		old, err := remembered(opt.Remembered, v, st)
		if err != nil {
			return Report{}, err
		}
		wants = append(wants, want{"remembered checkpoint", old.size, old.root})
	}
	if opt.Kept != "" {
		old, err := remembered(opt.Kept, v, st)
		if fault.KindOf(err) == fault.Invalid {
			err = tampered(op, "the checkpoint beside the rows is not one of this log's").Because(err)
		}
		if err != nil {
			return Report{}, err
		}
		wants = append(wants, want{"checkpoint beside the rows", old.size, old.root})
	}
	files, unknown, err := list(dir)
	if err != nil {
		return Report{}, err
	}
	if len(unknown) > 0 {
		return Report{}, tampered(op, "the file is none of the log's").Where("%s", unknown[0]).Do("find out how it came there, then move it away")
	}
	found := map[spot][]file{}
	for _, f := range files {
		if strings.HasPrefix(f.path, "tile/") {
			found[f.spot] = append(found[f.spot], f)
			continue
		}
		more, err := checkSmall(dir, public, v, f)
		if err != nil {
			return Report{}, err
		}
		wants = append(wants, more...)
	}
	if err := present(files); err != nil {
		return Report{}, err
	}
	p := pass{grown: regrow(dir, found, st.size, st.tree.Size), wants: wants, logged: st.tree.Size, report: Report{
		Entries: st.size, Files: len(files), Verifier: public,
		Root: base64.StdEncoding.EncodeToString(st.root), Checkpoint: string(st.raw),
	}}
	err = p.rows(ctx, records, opt.Progress)
	return p.report, err
}

// pass is one way through all rows.
type pass struct {
	grown  *regrown
	wants  []want
	logged uint64 // entries that are in the tree on disk
	report Report
}

// rows goes through all rows and grows the tree from them.
func (p *pass) rows(ctx context.Context, records Records, progress func(done, total uint64)) error {
	const op = "log.Verify"
	last, err := records.Last(ctx)
	if err != nil {
		return unreadable(op, err)
	}
	for _, w := range p.wants {
		if w.size > last {
			return tampered(op, "it covers %d entries, but the record ends before entry %d", w.size, last+1).Where("%s", w.where)
		}
	}
	p.report.Pending = last - p.report.Entries
	if err := p.roots(0); err != nil {
		return err
	}
	for done := uint64(0); done < last; {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Later, op, "stopped before all entries were verified").Because(err)
		}
		got, err := records.Range(ctx, done+1, page)
		if err != nil {
			return p.sooner(unreadable(op, err))
		}
		if len(got) == 0 {
			return p.sooner(tampered(op, "its row is missing").Where("entry %d", done+1))
		}
		for _, r := range got[:min(uint64(len(got)), last-done)] {
			done++
			if err := p.row(r, done); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(done, last)
		}
	}
	return p.grown.end()
}

// row checks one row and puts its leaf into the tree.
func (p *pass) row(r Record, seq uint64) error {
	if err := r.check(seq, seq <= p.logged); err != nil {
		return p.sooner(err)
	}
	if r.Entry == nil {
		p.report.Erased++
	}
	if err := p.grown.add(r.Leaf); err != nil {
		return err
	}
	return p.roots(seq)
}

// roots checks the roots that are wanted at a size that the tree has now.
func (p *pass) roots(size uint64) error {
	for _, w := range p.wants {
		if w.size != size {
			continue
		}
		root, err := rootOf(p.grown.edge)
		if err != nil {
			return err
		}
		if !bytes.Equal(root, w.root) {
			return p.sooner(tampered("log.Verify", "its root is not that of the %d entries that it covers", size).Where("%s", w.where))
		}
	}
	return nil
}

// sooner returns the fault of a file over earlier entries, if there is one.
func (p *pass) sooner(err error) error {
	if earlier := p.grown.glance(); earlier != nil {
		return earlier
	}
	return err
}

// remembered reads a checkpoint that was kept elsewhere; the log must have gone
// on from it.
func remembered(text string, v note.Verifier, st state) (checkpoint, error) {
	old, err := openCheckpoint([]byte(text), v)
	if err != nil {
		return checkpoint{}, fault.New(fault.Invalid, "log.Verify", "the remembered checkpoint is not one of this log's").Because(err)
	}
	if old.size > st.size {
		return checkpoint{}, tampered("log.Verify", "the log was put back: it held %d entries, now %d", old.size, st.size).Where("entry %d", st.size+1)
	}
	return old, nil
}

// checkSmall compares a file that is neither leaves nor hashes. What an
// interrupted writing left of one may be empty or whole, since such files are
// written at one stroke.
func checkSmall(dir, public string, v note.Verifier, f file) ([]want, error) {
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.path)))
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.temp != "":
		return nil, nil
	case err != nil:
		return nil, broken("log.Verify", err, "%s cannot be read", f.path)
	case f.temp != "" && len(raw) == 0:
		return nil, nil
	}
	expect := "" // of a lock
	switch cmp.Or(f.temp, f.path) {
	case verifierFile:
		expect = public + "\n"
	case versionFile:
		expect = version
	case checkpointFile, treeFile:
		return leftoverState(raw, v, f)
	}
	if string(raw) != expect {
		return nil, tampered("log.Verify", "it is not as it was written").Where("%s", f.path)
	}
	return nil, nil
}

// leftoverState reads a checkpoint or state that never got its name; those that
// have it are read with the log's state.
func leftoverState(raw []byte, v note.Verifier, f file) ([]want, error) {
	if f.temp == "" {
		return nil, nil
	}
	w := want{where: f.path}
	if f.temp == treeFile {
		t, err := openTree(raw)
		w.size, w.root = t.Size, t.Root
		if err == nil {
			return []want{w}, nil
		}
	} else {
		cp, err := openCheckpoint(raw, v)
		w.size, w.root = cp.size, cp.root
		if err == nil {
			return []want{w}, nil
		}
	}
	return nil, tampered("log.Verify", "what an interrupted writing left is not whole").Where("%s", f.path)
}

// present asks for the files that every log has.
func present(files []file) error {
	for _, name := range []string{verifierFile, versionFile} {
		if !slices.ContainsFunc(files, func(f file) bool { return f.path == name }) {
			return tampered("log.Verify", "the file is gone").Where("%s", name)
		}
	}
	return nil
}
